package service_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

const kettle = "The kettle leaks. Please send a new one."

// eachMail runs a part of the test for each mail, all in one world.
func eachMail[T any](t *testing.T, mails map[string]T, test func(w *env, mail T, person string)) {
	t.Helper()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	for i, name := range slices.Sorted(maps.Keys(mails)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(w.within(t), mails[name], fmt.Sprintf("selma%d@customers.example", i))
		})
	}
}

// Whatever a weak sign of a machine says, what a person writes opens a chat that asks for a response.
func TestAPersonsMailOpensAChat(t *testing.T) {
	t.Parallel()

	type mail struct {
		change func(p mailPost, person string)
		from   string
	}

	header := func(lines ...string) mail {
		return mail{change: func(p mailPost, _ string) { p["headers"] += strings.Join(lines, "\n") + "\n" }}
	}

	from := func(from string) mail {
		return mail{from: from, change: func(p mailPost, _ string) { p["from"] = from }}
	}

	eachMail(t, map[string]mail{
		"herself in Cc": {change: func(p mailPost, person string) {
			p["cc"] = person
			p["headers"] += "Cc: Selma Berg <" + person + ">\n"
		}},
		"herself in To":          {change: func(p mailPost, person string) { p["to"] += ", " + person }},
		"a Google Group":         header("Precedence: list", "List-ID: <support.handrail.example>"),
		"a newsletter's headers": header("Precedence: bulk", "List-Unsubscribe: <mailto:leave@lists.example>"),
		"asks for silence":       header("X-Auto-Response-Suppress: DR, OOF, AutoReply"),
		"asks for no silence":    header("X-Auto-Response-Suppress: None"),
		"says it is a person's":  header("Auto-Submitted: no"),
		"a null sender": {change: func(p mailPost, _ string) {
			p["envelope"] = `{"to":["support@handrail.example"],"from":""}`
		}},
		"two dots":         from("ken..ji@docomo.example"),
		"a dot at the end": from("ken.ji.@docomo.example"),
		"a blank":          from(`"john smith"@example.com`),
	}, func(w *env, m mail, person string) {
		p := newMailPost(person, kettle)
		m.change(p, person)
		w.postMail(p)

		if m.from != "" {
			person = m.from
		}

		w.assertHeard(person, kettle)
	})
}

// What is certainly a machine's is kept and marked, and asks for no response.
func TestAMachinesMailIsKeptAndMarked(t *testing.T) {
	t.Parallel()

	const report = "Content-Type: multipart/report; report-type=delivery-status; boundary=b"

	eachMail(t, map[string]struct {
		headers, reason string
		noSender        bool
	}{
		"an answer":               {"Auto-Submitted: auto-replied", "auto_submitted", false},
		"generated":               {"Auto-Submitted: auto-generated", "auto_submitted", false},
		"notified":                {"Auto-Submitted: auto-notified; owner=x", "auto_submitted", false},
		"a report":                {report, "report", false},
		"a report of nobody":      {report, "report", true},
		"X-Autorespond":           {"X-Autorespond: yes", "autoresponder", false},
		"X-Autoresponse":          {"X-Autoresponse: yes", "autoresponder", false},
		"Precedence: auto_reply":  {"Precedence: auto_reply", "autoresponder", false},
		"Precedence: autoreply":   {"Precedence: autoreply", "autoresponder", false},
		"bulk and Auto-Submitted": {"Precedence: bulk\nAuto-Submitted: auto-generated", "auto_submitted", false},
	}, func(w *env, m struct {
		headers, reason string
		noSender        bool
	}, person string,
	) {
		p := newMailPost(person, "I am away.", m.headers)
		if m.noSender {
			p["envelope"] = `{"to":["support@handrail.example"],"from":""}`
		}

		w.postMail(p)

		h := w.hears(person)
		if assert.NotNil(w, h.message) {
			mark, _ := h.message["automatic"].(map[string]any)
			assert.Equal(w, m.reason, mark["reason"])
			assert.False(w, h.chat.NeedsResponse)
		}
	})
}

// Loops are ended by counting: all mails are kept, and those past the limit are marked.
func TestALoopIsMarkedAndKept(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	for i := range 7 {
		w.postMail(newMailPost("loop@customers.example", fmt.Sprintf("Ping %d", i), "Precedence: list"))
	}

	h := w.hears("loop@customers.example")
	require.NotNil(t, h.message)
	said := w.call("GET", fmt.Sprintf("/chats/%d/messages", h.chat.ID), nil)

	for i := range 7 {
		want := any("loop")
		if i >= 2 {
			want = nil
		}

		assert.Equal(t, want, said.at("items", i, "automatic", "reason"), "%d: %s", i, said.raw)
	}
}

// Groups and forms write in a person's place: the chat is the person's.
func TestTheChatIsOfWhoWroteByAGroupOrAForm(t *testing.T) {
	t.Parallel()

	eachMail(t, map[string]struct {
		from    string
		headers string
	}{
		"a group that rewrites From": {
			"'Selma Berg' via Support <support@handrail.example>",
			"Reply-To: Selma Berg <PERSON>\nX-Original-Sender: PERSON\nPrecedence: list\nList-ID: <support.handrail.example>",
		},
		"a group that takes the answers": {
			"Selma Berg via Team <team@group.example>",
			"Reply-To: team@group.example\nX-Original-Sender: PERSON\nList-ID: <team.group.example>",
		},
		"a contact form": {"noreply@shop.example", "Reply-To: Rosa <PERSON>"},
		"a form in German": {
			"Kontaktformular <keine-antwort@laden.example>",
			"Reply-To: PERSON",
		},
	}, func(w *env, m struct{ from, headers string }, person string) {
		w.postMail(newMailPost(m.from, kettle, strings.ReplaceAll(m.headers, "PERSON", person)))
		w.assertHeard(person, kettle)
		assert.Nil(w, w.hears("noreply@shop.example").message, "the form is no customer")
	})
}

// The sender is the address in the last <…>, and never one in the name.
func TestADisplayNameIsNobody(t *testing.T) {
	t.Parallel()

	eachMail(t, map[string]string{
		"via":           "PERSON via Shop <MALLORY>",
		"bare":          "PERSON <MALLORY>",
		"quoted":        `"PERSON" <MALLORY>`,
		"in brackets":   "<PERSON> <MALLORY>",
		"a whole other": "Ben <PERSON>, Mallory <MALLORY>",
		"encoded":       "=?utf-8?Q?PERSON?= <MALLORY>",
	}, func(w *env, from, person string) {
		mallory := "mallory." + person
		w.postMail(newMailPost(person, "It is me."))
		w.postMail(newMailPost(strings.NewReplacer("PERSON", person, "MALLORY", mallory).Replace(from), kettle))

		w.assertHeard(mallory, kettle)
		w.assertHeard(person, "It is me.")
	})
}

// An address in a name answers no question: what waits for the answer goes on waiting.
func TestADisplayNameAnswersNoQuestion(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	w.contributor("Pia", "", "pia@team.example")

	r := w.call("POST", sendPath(w.people.sms.ID), sendBody(
		"Yes, we cook it without nuts.",
		newToolCall("contributor_input_request", map[string]any{"question": "Without nuts?"}),
	))
	require.Equal(t, 202, r.status, r.raw)
	w.eventually(func() bool { return len(w.box.Mails()) == 1 })

	for _, from := range []string{"pia@team.example <mallory@evil.example>", "pia@team.example via Shop <mallory@evil.example>"} {
		w.postMail(newMailPost(from, "yes").with("subject", "Re: "+w.box.Mails()[0].Subject))
	}

	w.assertHeard("mallory@evil.example", "yes")
	assert.Equal(t, "pending", w.delivery(r.at("delivery", "id")).at("status"))
	assert.Empty(t, w.texts("+14155550101"))
}

// A thread is found by its root, and an answer's chat by its subject.
func TestAMailFindsItsChat(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	boiler := w.emailChat("Leaking boiler")
	newest := w.emailChat("Invoice 9")
	root := fmt.Sprintf("<chat-%d@handrail.example>", boiler)
	var others strings.Builder

	for i := range 40 {
		fmt.Fprintf(&others, " <%d@prod.example>", i)
	}

	for name, m := range map[string]struct {
		headers, subject string
		want             chat.ChatID
	}{
		"our root":        {"References: " + root + " <DB7PR01@prod.example>", "Something else", boiler},
		"without <>":      {"References: " + strings.Trim(root, "<>") + " DB7PR01@prod.example", "Something else", boiler},
		"behind many":     {"References: " + root + others.String(), "Something else", boiler},
		"by its subject":  {"X-Mailer: y", "Re: Leaking boiler", boiler},
		"in German":       {"X-Mailer: y", "AW: Leaking boiler", boiler},
		"of another chat": {"X-Mailer: y", "Re: Invoice 9", newest},
	} {
		w.postMail(newMailPost("ana@customers.example", name, m.headers).with("subject", m.subject))
		assert.Equal(t, name, w.newest(m.want), name)
	}
}

func TestWhatMakesAMailAnother(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	made := w.call("POST", "/inboxes", map[string]any{"address": "sales@handrail.example"})
	require.Equal(t, 201, made.status, made.raw)

	before := len(w.chats())

	// One post for two inboxes is a chat in each.
	w.postMail(newMailPost("selma@customers.example", kettle).
		with("to", "support@handrail.example, sales@handrail.example").
		with("envelope", `{"to":["support@handrail.example","sales@handrail.example"],"from":"selma@customers.example"}`))
	assert.Len(t, w.chats(), before+2)

	// The same Message-ID and date from another sender is another mail.
	const shared = "Message-ID: <same@customers.example>\nDate: Sun, 22 Nov 2026 10:00:00 +0000\n"
	w.postMail(newMailPost("ida@customers.example", "from Ida").with("headers", shared))
	w.postMail(newMailPost("ole@customers.example", "from Ole").with("headers", shared))
	w.assertHeard("ida@customers.example", "from Ida")
	w.assertHeard("ole@customers.example", "from Ole")

	// Without a Message-ID it is known by what it says, whatever divides its parts.
	for _, boundary := range []string{"first", "second"} {
		p := newRawPost("uwe@customers.example", "Content-Type: multipart/mixed; boundary="+boundary+"\n\n--"+boundary+
			"\nContent-Type: text/plain\n\n"+kettle+"\n--"+boundary+"--\n")
		head, body, _ := strings.Cut(p["email"], "Message-ID: ")
		_, body, _ = strings.Cut(body, "\n")
		w.postMail(p.with("email", head+body))
	}

	assert.Len(t, w.messages(w.assertHeard("uwe@customers.example", kettle).chat.ID), 1)
}
