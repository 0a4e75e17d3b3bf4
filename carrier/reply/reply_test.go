package reply_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/carrier/reply"
	"handrail/internal/growth"
)

var trims = map[string]struct{ text, want string }{
	"nothing to trim":      {"Hello\n\nBye", "Hello\n\nBye"},
	"nothing at all":       {"", ""},
	"spaces only":          {" \n\n", " \n\n"},
	"trailing lines stay":  {"Hello\n\n", "Hello\n\n"},
	"our marker":           {"Yes\n\n## Reply above this line ##\nWe asked", "Yes"},
	"our marker, quoted":   {"Yes\n> ## reply above this line ##\n> We asked", "Yes"},
	"English":              {"Yes\n\nOn Mon, 3 Nov 2025 at 10:00, Shop <a@b.example> wrote:\n> Really?", "Yes"},
	"English, three lines": {"Yes\n\nOn Mon, 3 Nov 2025 at 10:00,\nShop\n<a@b.example> wrote:\n\n> Really?\n", "Yes"},
	"English, bare quote": {
		"Yes\r\n\r\nOn 3 Nov 2025 at 10:00, Shop <a@b.example> wrote:\r\n\r\nReally?\r\n",
		"Yes\r",
	},
	"a bare quote needs a time and an address": {
		"Yes, please\n\nOn 3 Nov 2025, Shop wrote:\n\nReally?",
		"Yes, please\n\nOn 3 Nov 2025, Shop wrote:\n\nReally?",
	},
	"German": {"Ja\n\nAm 03.11.2025 um 10:00 schrieb Shop <a@b.example>:\n> Wirklich?", "Ja"},
	"French": {"Oui\n\nLe lun. 3 nov. 2025 à 10:00, Shop <a@b.example> a écrit :\n> Vraiment ?", "Oui"},
	"Spanish": {
		"Sí\n\nEl lun, 3 nov 2025 a las 10:00, Shop (<a@b.example>) escribió:\n> ¿De verdad?",
		"Sí",
	},
	"Dutch": {"Ja\n\nOp ma 3 nov 2025 om 10:00 schreef Shop <a@b.example>:\n> Echt?", "Ja"},
	"Portuguese": {
		"Sim\n\nEm seg., 3 de nov. de 2025 às 10:00, Shop <a@b.example> escreveu:\n> Mesmo?",
		"Sim",
	},
	"Outlook": {
		"Yes\n\n________________________________\nFrom: Shop <a@b.example>\nSent: Monday\nTo: Ana\nSubject: " +
			"Order\n\nReally?",
		"Yes",
	},
	"Outlook in German":  {"Ja\n\nVon: Shop\nGesendet: Montag\nAn: Ana\nBetreff: Bestellung\n\nWirklich?", "Ja"},
	"Outlook in bold":    {"Yes\n\n*From:* Shop <a@b.example>\n*Sent:* Monday\n*To:* Ana\n\nReally?", "Yes"},
	"original message":   {"Yes\n\n-----Original Message-----\nFrom: Shop\nReally?", "Yes"},
	"original, in Dutch": {"Ja\n\n----- Oorspronkelijk bericht -----\nVan: Winkel\nEcht?", "Ja"},
	"original, with an introduction": {
		"Yes\n\n------- Original Message -------\nOn Monday, 3 November 2025 at 10:00, Shop <a@b.example> wrote:\n\nReally?",
		"Yes",
	},
	"their own line that is a title": {
		"It says\n\n-----Original Message-----\n\nand nothing else. Why?",
		"It says\n\n-----Original Message-----\n\nand nothing else. Why?",
	},
	"a quote that nothing introduces may be their own": {
		"Yes\n\n> Really?\n>\n>> Sure?\n",
		"Yes\n\n> Really?\n>\n>> Sure?\n",
	},
	"a quote that shows inside that it is a mail": {
		"Yes\n\n> Really?\n>\n> On 3 Nov 2025 at 10:00, A <a@b.example> wrote:\n>> Sure?\n",
		"Yes",
	},
	"own lines, then a quote": {
		"It says:\n> error\n\n> On 3 Nov 2025, at 10:00, Shop <a@b.example> wrote:\n>\n> Really?",
		"It says:\n> error",
	},
	"an introduction without date and address": {
		"Yes\n\nShop wrote:\n> Really?",
		"Yes\n\nShop wrote:\n> Really?",
	},
	"own words in the place of an introduction": {
		"See:\n\nOn 3 Nov 2025 you wrote:\n> Free shipping",
		"See:\n\nOn 3 Nov 2025 you wrote:\n> Free shipping",
	},
	"an introduction below own words, without a blank line": {
		"Yes, on 3 May.\nShop <a@b.example> ezt írta\n(időpont: 2025. nov. 3., H, 10:00):\n> Really?",
		"Yes, on 3 May.",
	},
	"no-break spaces": {
		"Oui\n\nDe\u00a0: Shop <a@b.example>\nEnvoyé\u202f: lundi\nÀ\u00a0: Ana\nObjet\u00a0: Suite\n\nVraiment\u00a0?",
		"Oui",
	},
	"headers that their own words lead to": {
		"You never answered this:\n\nFrom: Ana <a@b.example>\nSent: Monday\nTo: Shop\nSubject: Lamp\n\nIt is broken.",
		"You never answered this:\n\nFrom: Ana <a@b.example>\nSent: Monday\nTo: Shop\nSubject: Lamp\n\nIt is broken.",
	},
	"a greeting is no answer": {
		"Hi,\n\nFrom: Shop <a@b.example>\nSent: Monday\nTo: Ana\nSubject: Lamp\n\nIs it broken? Yes.",
		"Hi,\n\nFrom: Shop <a@b.example>\nSent: Monday\nTo: Ana\nSubject: Lamp\n\nIs it broken? Yes.",
	},
	"a list with a time and a subject": {
		"I want to book\n\nFrom: Hamburg\nTo: Lyon\nDate: 12.05.2025 10:14\nSubject: two seats\n\nThanks",
		"I want to book\n\nFrom: Hamburg\nTo: Lyon\nDate: 12.05.2025 10:14\nSubject: two seats\n\nThanks",
	},
	"two dashes without a space":   {"Yes\n--\nAna", "Yes\n--\nAna"},
	"a signature mark in a list":   {"One\n-- \nTwo\n-- \nThree", "One\n-- \nTwo\n-- \nThree"},
	"sentences are no signature":   {"Yes\n-- \nPlease call me at noon.", "Yes\n-- \nPlease call me at noon."},
	"a no-break space in the mark": {"Yes\n--\u00a0\nAna", "Yes"},
	"signature":                    {"Yes\n-- \nAna\n+1 555", "Yes"},
	"signature below quote":        {"Yes\n\nOn 3 Nov 2025, Shop wrote:\n> Really?\n\n-- \nAna", "Yes"},
	"answers between": {
		"On 3 Nov 2025, Shop wrote:\n> Really?\nYes\n> When?\nToday",
		"On 3 Nov 2025, Shop wrote:\n> Really?\nYes\n> When?\nToday",
	},
	"only a quote":           {"> Really?\n> Sure?", "> Really?\n> Sure?"},
	"only an introduction":   {"On 3 Nov 2025, Shop wrote:\n> Really?", "On 3 Nov 2025, Shop wrote:\n> Really?"},
	"only a signature":       {"-- \nAna", "-- \nAna"},
	"a rule is no signature": {"a\n--\n" + strings.Repeat("b\n", 20), "a\n--\n" + strings.Repeat("b\n", 20)},
	"a sentence": {
		"On Monday my friend wrote to you and I did too.\nBye",
		"On Monday my friend wrote to you and I did too.\nBye",
	},
	"a sentence with colon": {"On Monday I ordered these:\n- a\n- b", "On Monday I ordered these:\n- a\n- b"},
	"from in a sentence": {
		"From: the shop around the corner\nI bought it",
		"From: the shop around the corner\nI bought it",
	},
}

func TestTrim(t *testing.T) {
	t.Parallel()

	for name, c := range trims {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, reply.Trim(c.text))
		})
	}
}

// trimSubjects are subjects, and whether a mail with it is a forward.
var trimSubjects = map[string]bool{
	"":                          false,
	"Order":                     false,
	"Re: Order":                 false,
	"Re: Fwd: Order":            false,
	"AW: WG: Rechnung":          false,
	"Forward planning: a plan":  false,
	"[unfinished tag FW: Order": false,
	"Fwd: Order":                true,
	"FW: RE: Order":             true,
	"fwd : Order":               true,
	"[External] FW: Order":      true,
	"[EXT] [Ticket 7] Fwd: Or":  true,
	"WG: Rechnung":              true,
	"TR\u00a0: Facture":         true,
	"RV: Pedido":                true,
	"I: Ordine":                 true,
	"ENC: Pedido":               true,
	"Doorst: Bestelling":        true,
	"VB: Faktura":               true,
	"VS: Rykker":                true,
	"VL: Lasku":                 true,
	"PD: Faktura":               true,
	"转发：订单":                     true,
	"轉寄: 訂單":                    true,
	"転送: 注文":                    true,
	"إعادة توجيه: طلب":          true,
	"הועבר: הזמנה":              true,
}

func TestAForwardIsKeptWhole(t *testing.T) {
	t.Parallel()

	const text = "Yes\n\nFrom: Shop <a@b.example>\nSent: Monday\nTo: Ana\nSubject: Order\n\nReally?"

	for subject, forward := range trimSubjects {
		want := "Yes"
		if forward {
			want = text
		}

		assert.Equal(t, want, reply.TrimMail(subject, text), subject)
	}
}

// "VS:" is a forward in Danish and Norwegian, and an answer in Finnish.
func TestAnAmbiguousSubjectIsReadByTheHeaders(t *testing.T) {
	t.Parallel()

	danish := "Ja\n\nFra: Shop <a@b.example>\nSendt: mandag\nTil: Ana\nEmne: Lampe\n\nVirkelig?"
	finnish := "Kyllä\n\nLähettäjä: Shop <a@b.example>\nLähetetty: maanantai\nVastaanottaja: Ana\nAihe: Lamppu\n\nNiinkö?"

	assert.Equal(t, danish, reply.TrimMail("VS: Lampe", danish))
	assert.Equal(t, "Kyllä", reply.TrimMail("VS: Lamppu", finnish))
}

// requireKept checks what holds for every text: what is left is its beginning, whole lines
// of it, and never nothing.
func requireKept(t require.TestingT, text string) {
	trimmed := reply.Trim(text)
	require.Equal(t, strings.TrimSpace(text) == "", strings.TrimSpace(trimmed) == "")
	require.True(t, trimmed == text || strings.HasPrefix(text, trimmed+"\n"), "not the beginning of it: %q", trimmed)
}

func TestTrimKeepsTheBeginning(t *testing.T) {
	t.Parallel()

	line := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"", "> a", "> ", "-- ", "On 3 Nov 2025 at 10:00, A <a@b.example> wrote:", "On 3 Nov 2025,", "A wrote:",
		"From: a <a@b.example>", "Sent: 3 Nov 2025", "To: c", "Subject: d", "-----Original Message-----", reply.Marker,
		"> On 3 Nov 2025 at 10:00, A <a@b.example> wrote:", "a", "a:", "see below", "\r", "_____", "Sent from my iPhone",
		"---------- Forwarded message ----------",
	}))

	rapid.Check(t, func(t *rapid.T) {
		requireKept(t, strings.Join(rapid.SliceOf(line).Draw(t, "lines"), "\n"))
	})
}

func FuzzTrim(f *testing.F) {
	for _, c := range trims {
		f.Add(c.text)
	}

	f.Fuzz(func(t *testing.T, text string) {
		growth.Check(t, len(text), func() { requireKept(t, text) })
	})
}
