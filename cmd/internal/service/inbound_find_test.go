package service_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/sandbox"
)

// answers has the sandbox post what a customer writes.
func (w *env) answers(a sandbox.Answer) {
	w.Helper()
	require.NoError(w, w.box.Answer(w.Context(), a))
}

// emailChat opens another chat of Ana's with the inbox, which is her newest then.
func (w *env) emailChat(title string) chat.ChatID {
	w.Helper()
	c, err := w.store.CreateChat(w.Context(), w.ws, chat.Actor{MemberID: w.people.manager.ID}, chat.NewChat{
		Channel:  chat.ChannelEmail,
		MemberID: w.people.ana.ID,
		InboxID:  w.people.email.InboxID,
		Title:    title,
	})
	require.NoError(w, err)

	return c.ID
}

func TestAMailFindsItsChatByThreadRootAndSubject(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	newest := w.emailChat("Invoice 9")

	w.answers(sandbox.Answer{
		From:    "ana@customers.example",
		To:      "support@handrail.example",
		Subject: "Something else",
		Text:    "It still drips.",
		Headers: map[string]string{
			"References": fmt.Sprintf("<chat-%d@handrail.example> <DB7PR01@prod.example>", w.people.email.ID),
		},
	})

	assert.Equal(t, "It still drips.", w.messages(w.people.email.ID)[0].Content)

	w.answers(sandbox.Answer{
		From:    "ana@customers.example",
		To:      "support@handrail.example",
		Subject: "AW: Invoice 9",
		Text:    "This invoice is wrong.",
	})

	assert.Equal(t, "This invoice is wrong.", w.messages(newest)[0].Content)

	w.answers(sandbox.Answer{
		From:    "ana@customers.example",
		To:      "support@handrail.example",
		Subject: "Re: Invoice 1184",
		Text:    "And this one too.",
	})

	assert.Equal(t, "And this one too.", w.messages(w.people.email.ID)[0].Content)
}

func TestAnAutomaticMailIsInAChatAndMarked(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	before := len(w.chats())

	w.answers(sandbox.Answer{
		From:    "robot@customers.example",
		To:      "support@handrail.example",
		Subject: "Out of office",
		Text:    "I am away.",
		Headers: map[string]string{"Auto-Submitted": "auto-replied"},
	})

	all := w.chats()
	require.Len(t, all, before+1)
	assert.False(t, all[0].NeedsResponse)

	said := w.call("GET", fmt.Sprintf("/chats/%d/messages", all[0].ID), nil)
	assert.Equal(t, "auto_submitted", said.at("items", 0, "automatic", "reason"), said.raw)

	listed := w.call("GET", "/inbound?status=automatic", nil)
	assert.Equal(t, "auto_submitted", listed.at("items", 0, "automatic", "reason"), listed.raw)
	assert.InDelta(t, float64(all[0].ID), listed.at("items", 0, "chat_id"), 0)
}

func TestAnOrphanIsTakenOnTheWire(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		const number = "+14155550199"
		w.answers(sandbox.Answer{From: "+14155550101", To: number, Text: "Is this the new number?"})
		w.answers(sandbox.Answer{From: "+14155550777", To: number, Text: "STOP"})

		listed := w.call("GET", "/inbound?status=orphaned", nil)
		require.Len(t, listed.at("items"), 2, listed.raw)
		id := listed.at("items", 1, "id").(string)

		still := w.call("POST", "/inbound/"+id+"/replay", nil)
		assert.Equal(t, "orphaned", still.at("status"), still.raw)

		entered := w.call("POST", "/phone-numbers", map[string]any{"number": number})
		require.Equal(t, http.StatusCreated, entered.status, entered.raw)

		taken := w.call("GET", "/inbound/"+id, nil)
		assert.Equal(t, "taken", taken.at("status"), taken.raw)

		c := chat.ChatID(taken.at("chat_id").(float64))
		assert.True(t, w.chat(c).NeedsResponse)
		assert.Equal(t, "Is this the new number?", w.messages(c)[0].Content)

		stopped := w.call("GET", "/inbound?status=taken&limit=2", nil)
		require.Equal(t, "stop", stopped.at("items", 0, "keyword"), stopped.raw)

		leaver := chat.ChatID(stopped.at("items", 0, "chat_id").(float64))
		refused := w.call("POST", sendPath(leaver), sendBody("An offer"))
		assert.Equal(t, "recipient_opted_out", refused.at("code"), refused.raw)
	})
}

func TestAShortCodeIsFoundAgain(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	before := len(w.chats())

	for i := range 2 {
		w.answers(sandbox.Answer{From: "SUPPORT", To: "+14155550100", Text: fmt.Sprintf("Your code is %d", i)})
	}

	all := w.chats()
	require.Len(t, all, before+1)

	member := w.call("PATCH", fmt.Sprintf("/members/%d", all[0].MemberID), map[string]any{"name": "Bank"})
	assert.Equal(t, http.StatusOK, member.status, member.raw)
	assert.Equal(t, "SUPPORT", member.at("sender_name"))
	assert.Empty(t, member.at("phone"))
}

func TestAMessagingServicesChatGetsItsAnswers(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	by := chat.Actor{MemberID: w.people.manager.ID}
	const sid = "MG0123456789abcdef0123456789abcdef"

	service, err := w.store.CreatePhoneNumber(t.Context(), w.ws, by, chat.PhoneNumber{MessagingServiceSID: sid})
	require.NoError(t, err)

	c, err := w.store.CreateChat(t.Context(), w.ws, by, chat.NewChat{
		Channel:           chat.ChannelSMS,
		MemberID:          w.people.ana.ID,
		AssistantMemberID: &w.people.assistant.ID,
		PhoneNumberID:     &service.ID,
	})
	require.NoError(t, err)

	sent := w.call("POST", sendPath(c.ID), sendBody("Shall we come on Monday?"))
	require.Equal(t, http.StatusOK, sent.status, sent.raw)

	w.answers(sandbox.Answer{From: w.people.ana.Phone, Text: "Yes, please."})
	assert.Equal(t, "Yes, please.", w.messages(c.ID)[0].Content)

	w.answers(sandbox.Answer{From: w.people.ana.Phone, Text: "STOP"})
	refused := w.call("POST", sendPath(c.ID), sendBody("One more"))
	assert.Equal(t, "recipient_opted_out", refused.at("code"), refused.raw)
}

// What asks others for silence, and a copy to oneself, leave an answer an answer.
func TestAnAnswerWithWeakSignsOfAMachineNeedsAResponse(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	r := w.call("POST", sendPath(w.people.email.ID), sendBody("The invoice is corrected."))
	require.Equal(t, http.StatusOK, r.status, r.raw)

	w.answers(sandbox.Answer{
		From:      "ana@customers.example",
		InReplyTo: w.box.Mails()[0].Headers["Message-ID"],
		Text:      "It is still wrong.",
		Headers: map[string]string{
			"Cc":                       "ana@customers.example",
			"X-Auto-Response-Suppress": "DR, OOF, AutoReply",
		},
	})

	assert.Equal(t, "It is still wrong.", w.messages(w.people.email.ID)[0].Content)
	assert.True(t, w.chat(w.people.email.ID).NeedsResponse)
}

func TestWhoFilledInAFormIsAnswered(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	made := w.call("POST", "/inboxes", map[string]any{"address": "sales@handrail.example"})
	require.Equal(t, http.StatusCreated, made.status, made.raw)

	before := len(w.chats())
	writers := map[string]string{
		"rosa@customers.example": "noreply@shop.example",
		"olga@customers.example": "noreply@shop.example",
		"ines@customers.example": "sales@handrail.example",
	}

	for person, form := range writers {
		w.answers(sandbox.Answer{
			From:    form,
			To:      "support@handrail.example",
			Subject: "Contact form",
			Text:    "I am " + person,
			Headers: map[string]string{"Reply-To": person},
		})
	}

	all := w.chats()
	require.Len(t, all, before+len(writers))

	for _, c := range all[:len(all)-before] {
		r := w.call("POST", sendPath(c.ID), sendBody("Hello!"))
		require.Equal(t, http.StatusOK, r.status, r.raw)
	}

	var answered []string
	for _, m := range w.box.Mails() {
		answered = append(answered, m.To[0].Email)
	}

	assert.ElementsMatch(t, slices.Collect(maps.Keys(writers)), answered)
}
