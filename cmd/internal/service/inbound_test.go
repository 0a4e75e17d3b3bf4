package service_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/sandbox"
)

// messages are those of a chat, the newest first.
func (w *env) messages(id chat.ChatID) []chat.Message {
	w.Helper()
	list, err := w.store.Messages(w.Context(), w.ws, id, chat.MessagePage{Page: chat.Page{Limit: 50}})
	require.NoError(w, err)

	return list.Items
}

func (w *env) chats() []chat.Chat {
	w.Helper()
	list, err := w.store.Chats(w.Context(), w.ws, chat.ChatFilter{Page: chat.Page{Limit: 50}})
	require.NoError(w, err)

	return list.Items
}

func TestAnSMSFindsItsChatOrOpensOne(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		before := w.chat(w.people.sms.ID)

		require.NoError(
			t,
			w.box.Answer(t.Context(), sandbox.Answer{From: "+14155550101", To: "+14155550100", Text: "And when?"}),
		)

		after := w.chat(w.people.sms.ID)
		assert.True(t, after.NeedsResponse)
		assert.Equal(t, before.Attention+1, after.Attention)
		assert.Equal(t, "And when?", w.messages(w.people.sms.ID)[0].Content)

		require.NoError(
			t,
			w.box.Answer(
				t.Context(),
				sandbox.Answer{From: "+14155550777", To: "+14155550100", Text: "Is anybody there?"},
			),
		)

		all := w.chats()
		require.Len(t, all, 3)
		assert.True(t, all[0].NeedsResponse)
		require.NotNil(t, all[0].AssistantMemberID)
		r := w.call("POST", sendPath(all[0].ID), sendBody("Yes."))
		assert.Equal(t, http.StatusOK, r.status, "a new chat can be answered: %s", r.raw)
	})
}

func TestStopStopsEverythingToThatAddress(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		w.setFaults(sandbox.Fault{Kind: "rate_limit", Delay: time.Hour})
		r := w.call("POST", sendPath(w.people.sms.ID), sendBody("An offer"), "Prefer", "wait=1")
		require.Equal(t, http.StatusAccepted, r.status, r.raw)
		id := r.at("delivery", "id").(string)

		w.eventually(func() bool { return w.delivery(id).at("retry_at") != nil })
		attention := w.chat(w.people.sms.ID).Attention

		require.NoError(
			t,
			w.box.Answer(t.Context(), sandbox.Answer{From: "+14155550101", To: "+14155550100", Text: " Stop. "}),
		)

		w.awaitSettled(r.at("action_id"))
		assert.Equal(t, "suppressed", w.delivery(id).at("status"))
		assert.Equal(t, attention, w.chat(w.people.sms.ID).Attention, "STOP is no question")
		w.setFaults()
		refused := w.call("POST", sendPath(w.people.sms.ID), sendBody("One more"))
		assert.Equal(t, "recipient_opted_out", refused.at("code"), refused.raw)
		assert.Empty(t, w.box.Messages(sandbox.MessageFilter{To: "+14155550101"}))

		require.NoError(
			t,
			w.box.Answer(t.Context(), sandbox.Answer{From: "+14155550101", To: "+14155550100", Text: "START"}),
		)

		again := w.call("POST", sendPath(w.people.sms.ID), sendBody("Welcome back"))
		assert.Equal(t, http.StatusOK, again.status, again.raw)
	})
}

func TestAnAnswerByMailFindsItsChat(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		r := w.call("POST", sendPath(w.people.email.ID), sendBody("The invoice is corrected."))
		require.Equal(t, http.StatusOK, r.status, r.raw)

		mail := w.box.Mails()[0]
		require.NoError(t, w.box.Answer(t.Context(), sandbox.Answer{
			From:      "ana@customers.example",
			Subject:   "Re: " + mail.Subject,
			InReplyTo: mail.Headers["Message-ID"],
			Text:      "Thank you!\n\nOn Sun, 22 Nov 2026 at 10:00, Support wrote:\n> The invoice is corrected.\n",
		}))

		newest := w.messages(w.people.email.ID)[0]
		assert.Equal(t, "Thank you!", strings.TrimSpace(newest.Content))
		assert.Contains(t, newest.Original, "The invoice is corrected.")
		assert.True(t, w.chat(w.people.email.ID).NeedsResponse)

		// From another address the answer still finds its chat, by its token.
		require.NoError(t, w.box.Answer(t.Context(), sandbox.Answer{
			From:      "ana@home.example",
			InReplyTo: mail.Headers["Message-ID"],
			Subject:   "Re: " + mail.Subject,
			Text:      "From home",
		}))

		assert.Equal(t, "From home", strings.TrimSpace(w.messages(w.people.email.ID)[0].Content))
		before := len(w.chats())

		require.NoError(t, w.box.Answer(t.Context(), sandbox.Answer{
			From:    "new@customers.example",
			To:      "support@handrail.example",
			Subject: "A question",
			Text:    "Do you ship to Norway?",
		}))

		all := w.chats()
		require.Len(t, all, before+1)
		assert.Equal(t, "A question", all[0].Title)
		assert.True(t, all[0].NeedsResponse)
	})
}

func TestABounceSuppressesTheAddress(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	w.setFaults(sandbox.Fault{Kind: "bounce"})
	r := w.call("POST", sendPath(w.people.email.ID), sendBody("Hello"))
	require.Equal(t, http.StatusOK, r.status, r.raw)
	w.awaitSettled(r.at("action_id"))
	assert.Equal(t, "bounced", w.delivery(r.at("delivery", "id")).at("status"))
	assert.True(t, w.chat(w.people.email.ID).NeedsResponse)
	refused := w.call("POST", sendPath(w.people.email.ID), sendBody("Hello?"))
	assert.Equal(t, "recipient_opted_out", refused.at("code"), refused.raw)

	list := w.call("GET", "/suppressions", nil)
	require.Equal(t, "bounce", list.at("items", 0, "reason"), list.raw)
}
