package service_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

// What became of a mail does not depend on the order in which SendGrid tells of it.
func TestFinalEventsCompeteTheSameInEveryOrder(t *testing.T) {
	t.Parallel()

	begin := time.Now().Add(-time.Minute)
	event := func(m *sandbox.Mail, kind string, second int, more map[string]any) map[string]any {
		e := map[string]any{
			"event":         kind,
			"timestamp":     begin.Unix() + int64(second),
			"email":         m.To[0].Email,
			"sg_message_id": m.SGMessageID,
			"smtp-id":       m.Headers["Message-ID"],
		}

		for name, value := range m.CustomArgs {
			e[name] = value
		}

		maps.Copy(e, more)

		return e
	}

	hard := map[string]any{"type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 unknown"}

	for name, c := range map[string]struct {
		kinds      []string
		want       string
		needs      bool
		suppressed bool
	}{
		"delivered, then bounce":    {[]string{"delivered", "bounce"}, "bounced", true, true},
		"bounce, then delivered":    {[]string{"bounce", "delivered"}, "bounced", true, true},
		"delivered, then dropped":   {[]string{"delivered", "dropped"}, "failed", true, false},
		"dropped, then delivered":   {[]string{"dropped", "delivered"}, "failed", true, false},
		"delivered, then complaint": {[]string{"delivered", "spamreport"}, "delivered", false, true},
		"complaint, then delivered": {[]string{"spamreport", "delivered"}, "delivered", false, true},
		"delivered, then leaves":    {[]string{"delivered", "unsubscribe"}, "delivered", false, true},
		"leaves the group, returns": {[]string{"delivered", "group_unsubscribe", "group_resubscribe"}, "delivered", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
			w.setFaults(sandbox.Fault{Kind: sandbox.CallbackNever})
			r := w.call("POST", sendPath(w.people.email.ID), sendBody("Hello"))
			require.Equal(t, 200, r.status, r.raw)

			mail := w.box.Mails()[0]

			for i, kind := range c.kinds {
				var more map[string]any
				if kind == "bounce" {
					more = hard
				}

				w.postEvent(event(&mail, kind, i, more))
			}

			d := w.delivery(r.at("delivery", "id"))
			assert.Equal(t, c.want, d.at("status"), d.raw)
			assert.Equal(t, c.needs, w.chat(w.people.email.ID).NeedsResponse)

			again := w.call("POST", sendPath(w.people.email.ID), sendBody("Hello again"))
			assert.Equal(t, c.suppressed, again.at("code") == "recipient_opted_out", again.raw)
		})
	}

	t.Run("a bounce with our Message-ID only", func(t *testing.T) {
		t.Parallel()

		w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
		w.setFaults(sandbox.Fault{Kind: sandbox.CallbackNever})
		r := w.call("POST", sendPath(w.people.email.ID), sendBody("Hello"))
		require.Equal(t, 200, r.status, r.raw)

		mail := w.box.Mails()[0]
		bounce := event(&mail, "bounce", 0, hard)

		for _, id := range []string{"sg_message_id", "delivery_id", "fence"} {
			delete(bounce, id)
		}

		w.postEvent(bounce)
		assert.Equal(t, "bounced", w.delivery(r.at("delivery", "id")).at("status"))
	})
}

// What a message says is in the mail that leaves: in its text as it was written, and in its HTML.
func TestAMailLeavesAsItWasWritten(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	for name, m := range map[string]struct {
		message, text string
		html          []string
		never         []string
	}{
		"definitions nobody refers to": {
			message: "Hello Olga,\n\n[Status]: shipped\n[Order]: 7214",
			text:    "Hello Olga,\n\n[Status]: shipped\n[Order]: 7214",
			html:    []string{"[Status]: shipped", "[Order]: 7214"},
		},
		"signs":        {message: "- 3 EUR\n+ 5 EUR", text: "- 3 EUR\n+ 5 EUR", html: []string{"- 3 EUR", "+ 5 EUR"}},
		"a signature":  {message: "Thanks\n-- \nRobin", text: "Thanks\n-- \nRobin", html: []string{"Thanks"}, never: []string{"<h1", "<h2"}},
		"escapes":      {message: `5 \* 3`, text: "5 * 3", html: []string{"5 * 3"}},
		"entities":     {message: "&copy; 2026", text: "© 2026", html: []string{"© 2026"}},
		"a reference":  {message: "See [the guide][1].\n\n[1]: https://shop.example/g", text: "See the guide (https://shop.example/g).", html: []string{`href="https://shop.example/g"`}},
		"list numbers": {message: "3. Dezember\n5. Dezember\n12. Januar", text: "3. Dezember\n5. Dezember\n12. Januar", html: []string{`<ol start="3">`, `value="5"`, `value="12"`}},
	} {
		before := len(w.box.Mails())
		r := w.call("POST", sendPath(w.people.email.ID), sendBody(m.message))
		require.Equal(t, 200, r.status, "%s: %s", name, r.raw)

		mails := w.box.Mails()
		require.Len(t, mails, before+1, name)

		mail := mails[0]
		for _, other := range mails {
			if other.CustomArgs["delivery_id"] == r.at("delivery", "id") {
				mail = other
			}
		}

		assert.Contains(t, mail.Text, m.text, name)

		for _, part := range m.html {
			assert.Contains(t, mail.HTML, part, name)
		}

		for _, part := range m.never {
			assert.NotContains(t, mail.HTML, part, name)
		}
	}
}

// Who asks by mail for no more mails gets none until a person has decided.
func TestAMailThatMayEndItHoldsWhatWaits(t *testing.T) {
	t.Parallel()

	const footer = "\n\n> You get this because you asked for it. Please stop our emails here: unsubscribe me"

	eachMail(t, map[string]struct {
		text string
		held bool
	}{
		"asks":           {"Please stop emailing me.", true},
		"in German":      {"Bitte keine weiteren Nachrichten.", true},
		"one word":       {"Unsubscribe", true},
		"above a quote":  {"Please remove me from your list" + footer, true},
		"in the quote":   {"What is this?" + footer, false},
		"of an order":    {"Please stop the delivery, I am away.", false},
		"in a forward":   {"Is this yours?\n\n---------- Forwarded message ---------\nFrom: Shop <a@b.example>\nSubject: Offer\n\nUnsubscribe me", false},
		"of a newspaper": {"Can I cancel my order?", false},
	}, func(w *env, m struct {
		text string
		held bool
	}, person string,
	) {
		w.postMail(newMailPost(person, kettle))
		h := w.assertHeard(person, kettle)
		w.postMail(newMailPost(person, m.text))

		r := w.call("POST", sendPath(h.chat.ID), sendBody("An offer"), "Prefer", "wait=1")
		assert.Equal(w, m.held, r.at("delivery", "error_code") == "possible_opt_out", r.raw)

		shown := w.call("GET", fmt.Sprintf("/chats/%d", h.chat.ID), nil)
		assert.Equal(w, m.held, shown.at("needs_response_reason") == "possible_opt_out", shown.raw)

		if !m.held {
			return
		}

		decided := w.call("POST", fmt.Sprintf("/members/%d/opt-out", h.chat.MemberID), map[string]any{"channel": "email"})
		assert.Equal(w, 200, decided.status, decided.raw)
		again := w.call("POST", sendPath(h.chat.ID), sendBody("Another"))
		assert.Equal(w, "recipient_opted_out", again.at("code"), again.raw)
	})
}
