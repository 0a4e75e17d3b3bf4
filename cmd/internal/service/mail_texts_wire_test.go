package service_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/htmlindex"

	"handrail/sandbox"
)

// Trimming keeps what may be a person's own words.
func TestAPersonsWordsStayInContent(t *testing.T) {
	t.Parallel()

	const forwarded = "Can you do this for me?\n\n"

	eachMail(t, map[string]string{
		"a list like a header": "Hello,\n\nplease book for me:\nFrom: Hamburg\nTo: Lyon\nDate: 12 May\nSeats: 2, one wheelchair\n" +
			"My daughter travels alone, please call me.\n\nThanks, Ida",
		"an introduction without a quote": "Guten Tag,\n\nam Montag schrieb ich Ihnen bereits:\nDie Heizung ist kaputt.\n\n" +
			"Seitdem kam niemand. Bitte rufen Sie heute an: 030 555.\nInes",
		"words of ours": "Hi,\n\nOn your own website you wrote:\n\"Free shipping above 50 EUR.\"\n\n" +
			"I was charged 4.90 anyway. Please refund it.\nOle",
		"dashes in a list": "Two things:\n\n1. The lamp is broken.\n--\n2. The second lamp never came.\nPlease answer both.",
		"Gmail's forward": forwarded + "---------- Forwarded message ---------\nFrom: Shop <care@shop.example>\n" +
			"Date: Mon, Nov 3, 2025 at 10:14 AM\nSubject: Offer 7\nTo: <ida@customers.example>\n\n20 percent off until Friday.",
		"Apple Mail's forward": forwarded + "Begin forwarded message:\n\nFrom: Shop <care@shop.example>\nSubject: Offer 7\n" +
			"Date: 3 November 2025 at 10:14:00 CET\nTo: Ida <ida@customers.example>\n\n20 percent off until Friday.",
		"Outlook's forward": forwarded + "________________________________\nFrom: Shop <care@shop.example>\n" +
			"Sent: Monday, November 3, 2025 10:14 AM\nTo: Ida <ida@customers.example>\nSubject: Offer 7\n\n20 percent off until Friday.",
		"their own > at the end": "My log says:\n\n> error 5\n> pump stopped\n> error 6",
		"a line of their own":    "I got this from you:\n\n-----Original Message-----\nis what it said, and nothing else. Why?",
		"their own form": "Please change it:\n\nName: Ida Roth\nSubject: the lamp\nTo: the new address\n" +
			"Date: next week\n\nThank you",
	}, func(w *env, text, person string) {
		p := newMailPost(person, text)
		if strings.HasPrefix(text, forwarded) {
			p["subject"] = "Fwd: Offer 7"
		}

		w.postMail(p)
		w.assertHeard(person, text)
	})
}

// quotes are mails whose first line is new, by who wrote them.
var quotes = map[string]string{
	"French Outlook": "Oui\n\nDe\u00a0: Shop <care@shop.example>\nEnvoyé\u00a0: lundi 3 novembre 2025 10:14\n" +
		"À\u00a0: Ida <ida@customers.example>\nObjet\u00a0: Devis 118\n\nMonsieur,\noui ou non\u00a0?",
	"Italian":            "Sì\n\nIl giorno lun 3 nov 2025 alle ore 10:14 Shop <care@shop.example> ha scritto:\n> Davvero?",
	"Swedish":            "Ja\n\nDen mån 3 nov. 2025 kl 10:14 skrev Shop <care@shop.example>:\n> Verkligen?",
	"Danish":             "Ja\n\nDen man. 3. nov. 2025 kl. 10.14 skrev Shop <care@shop.example>:\n> Virkelig?",
	"Norwegian":          "Ja\n\nman. 3. nov. 2025 kl. 10:14 skrev Shop <care@shop.example>:\n> Virkelig?",
	"Finnish":            "Kyllä\n\nma 3. marrask. 2025 klo 10.14 Shop (care@shop.example) kirjoitti:\n> Niinkö?",
	"Polish":             "Tak\n\npon., 3 lis 2025 o 10:14 Shop <care@shop.example> napisał(a):\n> Naprawdę?",
	"Czech":              "Ano\n\npo 3. 11. 2025 v 10:14 odesílatel Shop <care@shop.example> napsal:\n> Opravdu?",
	"Russian":            "Да\n\nпн, 3 нояб. 2025 г. в 10:14, Shop <care@shop.example>:\n> Правда?",
	"Turkish":            "Evet\n\nShop <care@shop.example>, 3 Kas 2025 Pzt, 10:14 tarihinde şunu yazdı:\n> Gerçekten mi?",
	"Japanese":           "はい\n\n2025年11月3日(月) 10:14 Shop <care@shop.example>:\n> 本当ですか？",
	"Chinese":            "是\n\nShop <care@shop.example> 于2025年11月3日周一 10:14写道：\n> 真的吗？",
	"Korean":             "네\n\n2025년 11월 3일 (월) 오전 10:14, Shop <care@shop.example>님이 작성:\n> 정말요?",
	"Arabic":             "نعم\n\nفي الاثنين، 3 نوفمبر 2025 في 10:14 ص تمت كتابة ما يلي بواسطة Shop <care@shop.example>:\n> حقا؟",
	"Hebrew":             "כן\n\nבתאריך יום ב׳, 3 בנוב׳ 2025 ב-10:14 מאת Shop <care@shop.example>:\n> באמת?",
	"German, of the web": "Ja\n\nShop <care@shop.example> schrieb am Mo., 3. Nov. 2025, 10:14:\n> Wirklich?",
	"Lotus Notes": "Yes\n\nFrom:   Shop <care@shop.example>\nTo:     ida@customers.example\nDate:   03.11.2025 10:14\n" +
		"Subject:        Offer 118\n\nReally?",
}

// What was quoted is no part of content, and stays in original.
func TestQuotesAreTrimmedFromContent(t *testing.T) {
	t.Parallel()

	eachMail(t, quotes, func(w *env, text, person string) {
		w.postMail(newMailPost(person, text).with("subject", "Re: Devis 118"))

		first, _, _ := strings.Cut(text, "\n")
		assert.Equal(w, text, w.assertHeard(person, first).message["original"])
	})
}

// A quoted question answers nothing: only the new line does.
func TestAQuotedQuestionIsNoAnswer(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	w.contributor("Pia", "", "pia@team.example")

	r := w.call("POST", sendPath(w.people.sms.ID), sendBody(
		"Yes, we start on Monday.",
		newToolCall("contributor_input_request", map[string]any{"question": "Start on Monday?", "expects": yesOrNo}),
	))
	require.Equal(t, 202, r.status, r.raw)
	w.eventually(func() bool { return len(w.box.Mails()) == 1 })

	asked := w.box.Mails()[0]
	w.answers(sandbox.Answer{
		From:      "pia@team.example",
		InReplyTo: asked.Headers["Message-ID"],
		Subject:   "RE: " + asked.Subject,
		Text:      quotes["French Outlook"],
	})

	w.eventually(func() bool { return slices.Equal(w.texts("+14155550101"), []string{"Yes, we start on Monday."}) })
}

// SendGrid posts text in the sender's character set and names it.
func TestEveryCharacterSetIsRead(t *testing.T) {
	t.Parallel()

	type mail struct{ text, encoding string }

	western := mail{"Grüße, señor, où ça", "iso-8859-1"}
	russian := mail{"Верните деньги, пожалуйста", "windows-1251"}
	japanese := mail{"返金してください", "shift_jis"}
	korean := mail{"환불해 주세요", "euc-kr"}

	eachMail(t, map[string]mail{
		"windows-1250":      {"Proszę oddać pieniądze", "windows-1250"},
		"windows-1251":      russian,
		"windows-1252":      {"Gruß für 5 € “ja”", "windows-1252"},
		"windows-1254":      {"Lütfen parayı geri gönderin", "windows-1254"},
		"windows-1256":      {"أعيدوا المال من فضلكم", "windows-1256"},
		"iso-8859-1":        western,
		"iso-8859-2":        {"Vraťte mi peníze, řeka", "iso-8859-2"},
		"iso-8859-5":        {"Верните деньги", "iso-8859-5"},
		"iso-8859-7":        {"Παρακαλώ", "iso-8859-7"},
		"iso-8859-9":        {"Lütfen ışığı", "windows-1254"},
		"iso-8859-15":       {"Œuvre à 5 €", "iso-8859-15"},
		"koi8-r":            {"Верните деньги", "koi8-r"},
		"koi8-u":            {"Поверніть гроші, їжак", "koi8-u"},
		"iso-2022-jp":       {"返金してください", "iso-2022-jp"},
		"shift_jis":         japanese,
		"euc-jp":            {"返金してください", "euc-jp"},
		"gb2312":            {"请退款，谢谢", "gbk"},
		"gbk":               {"请退款，谢谢", "gbk"},
		"gb18030":           {"请退款，謝謝", "gb18030"},
		"big5":              {"請退款，謝謝", "big5"},
		"euc-kr":            korean,
		"utf-7":             {"Gr+APwA3w-e, 1 +- 1", ""},
		"unicode-1-1-utf-7": {"Gr+APwA3w-e, 1 +- 1", ""},
		"iso8859-1":         western,
		"iso_8859-1":        western,
		"latin-1":           western,
		"cp1252":            western,
		"CP-1251":           russian,
		"x-sjis":            japanese,
		"ks_c_5601-1987":    korean,
	}, func(w *env, m mail, person string) {
		_, label, _ := strings.Cut(w.Name(), "/")
		raw, want := m.text, m.text

		if m.encoding == "" {
			want = "Grüße, 1 + 1"
		} else {
			set, err := htmlindex.Get(m.encoding)
			require.NoError(w, err)
			raw, err = set.NewEncoder().String(m.text)
			require.NoError(w, err)
		}

		p := newMailPost(person, raw).with("charsets", `{"from":"UTF-8","subject":"UTF-8","text":"`+label+`"}`)
		w.postMail(p)
		assert.Nil(w, w.assertHeard(person, want).message["undecoded"])

		word := "=?" + label + "?Q?" + quoteBytes(raw) + "?="
		w.postMail(newMailPost(word+" <named."+person+">", kettle))

		member, err := w.store.Member(w.Context(), w.ws, w.assertHeard("named."+person, kettle).chat.MemberID)
		require.NoError(w, err)
		assert.Equal(w, want, member.Name)
	})
}

func quoteBytes(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "=%02X", c)
	}

	return b.String()
}

func TestWhatCannotBeDecodedIsMarked(t *testing.T) {
	t.Parallel()

	eachMail(t, map[string]string{"an unknown set": "x-klingon"}, func(w *env, label, person string) {
		w.postMail(newMailPost(person, "Qapla\xb4").with("charsets", `{"text":"`+label+`"}`))
		assert.Equal(w, label, w.hears(person).message["undecoded"])
	})
}

// Of a head, only the line that is none is lost.
func TestAHeadGoesOnBehindALineThatIsNone(t *testing.T) {
	t.Parallel()

	eachMail(t, map[string]string{
		"no colon":            "This is no header",
		"not ASCII":           "Übersicht: x",
		"a control character": "X-\x01Mailer: y",
	}, func(w *env, line, person string) {
		away := newMailPost(person, "I am away.")
		away["headers"] = line + "\nAuto-Submitted: auto-replied\n" + away["headers"]
		w.postMail(away)
		w.postMail(away)

		h := w.hears(person)
		require.NotNil(w, h.message)
		assert.NotNil(w, h.message["automatic"])
		assert.False(w, h.chat.NeedsResponse)
		assert.Len(w, w.messages(h.chat.ID), 1, "a mail that is posted twice is one")
	})
}

// A mail as it went over the wire is read whole.
func TestARawMailIsReadWhole(t *testing.T) {
	t.Parallel()

	type mail struct {
		email, want string
		files       int
	}

	const (
		plain = "--b\nContent-Type: text/plain; charset=utf-8\n\n"
		image = "--b\nContent-Type: image/jpeg; name=a.jpg\nContent-Disposition: inline; filename=a.jpg\n" +
			"Content-Transfer-Encoding: base64\n\n/9j/4AAQ\n"
		inBase64 = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
	)

	eachMail(t, map[string]mail{
		"text, image, text": {
			email: "Content-Type: multipart/mixed; boundary=b\n\n" + plain + "See here:\n" + image + plain + "It leaks.\n--b--\n",
			want:  "See here:\n\nIt leaks.",
			files: 1,
		},
		"base64 with blanks behind":  {email: inBase64 + "R3LDvMOfZSBhdXMgS8O2bG4gdW5k   \nIEJvbm4u  \n", want: "Grüße aus Köln und Bonn."},
		"base64 without its padding": {email: inBase64 + "R3LDvMOfZSBhdXMgS8O2bG4u\nT2shIQ", want: "Grüße aus Köln.Ok!!"},
		"two charsets": {
			email: "Content-Type: text/html; charset=utf-8; charset=us-ascii\n\n<p>It <b>leaks</b>.</p>\n",
			want:  "It leaks.",
		},
	}, func(w *env, m mail, person string) {
		w.postMail(newRawPost(person, m.email))

		files, _ := w.assertHeard(person, m.want).message["files"].([]any)
		assert.Len(w, files, m.files)
	})
}

func TestHTMLIsReadAsItLooks(t *testing.T) {
	t.Parallel()

	eachMail(t, map[string][2]string{
		"cells":        {"<table><tr><td>Order</td><td>7214</td><td>2</td><td>19.90</td></tr></table>", "Order 7214 2 19.90"},
		"link targets": {`See <a href="https://shop.example/r/7">the guide</a>.`, "See the guide <https://shop.example/r/7>."},
		"list numbers": {"<ol start=3><li>Lamp</li><li value=7>Chair</li></ol>", "3. Lamp\n7. Chair"},
	}, func(w *env, m [2]string, person string) {
		p := newMailPost(person, "").with("html", m[0])
		delete(p, "text")
		w.postMail(p)
		w.assertHeard(person, m[1])
	})
}

func TestFilesOfAMailAreToldAtOnce(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	w.postMail(
		newMailPost("selma@customers.example", kettle).with("attachments", "2"),
		mailFile{"kettle.jpg", "image/jpeg", "12345"},
		mailFile{"bill.pdf", "application/pdf", "123"},
	)

	assert.Equal(t, []any{
		map[string]any{"name": "kettle.jpg", "type": "image/jpeg", "size": 5.0},
		map[string]any{"name": "bill.pdf", "type": "application/pdf", "size": 3.0},
	}, w.assertHeard("selma@customers.example", kettle).message["files"])
}
