package service_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/client"
	"handrail/db/dbtest"
	"handrail/sandbox"
)

// contributor is a member of the SMS chat who can be asked.
func (w *env) contributor(name, phone, email string) chat.MemberID {
	w.Helper()

	made, err := w.store.CreateMember(w.Context(), w.ws, chat.Actor{}, dbtest.NewPerson(name, phone, email))
	require.NoError(w, err)

	added, err := w.api().AddParticipantWithResponse(
		w.Context(),
		string(w.ws),
		int64(w.people.sms.ID),
		&client.AddParticipantParams{},
		client.NewParticipant{MemberID: int64(made.ID)},
	)
	require.NoError(w, err)
	require.NotNil(w, added.JSON200, "%s", added.Body)

	return made.ID
}

var yesOrNo = map[string]any{"type": "boolean"}

const (
	cook   = "+14155550601"
	waiter = "+14155550602"
)

// texts are those that have arrived at a number.
func (w *env) texts(to string) []string {
	w.Helper()

	var all []string
	for _, m := range w.box.Messages(sandbox.MessageFilter{To: to}) {
		all = append(all, m.Body)
	}

	return all
}

func (w *env) replies(from, text string) {
	w.Helper()
	require.NoError(w, w.box.Answer(w.Context(), sandbox.Answer{From: from, To: "+14155550100", Text: text}))
}

func TestAContributorsAnswerCompletesTheSend(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		id := w.contributor("Cem", cook, "")

		r := w.call("POST", sendPath(w.people.sms.ID), sendBody(
			"Yes, we cook it without nuts.",
			newToolCall(
				"contributor_input_request",
				map[string]any{"question": "Can you cook it without nuts?", "expects": yesOrNo},
			),
		))

		require.Equal(t, http.StatusAccepted, r.status, r.raw)
		assert.Contains(t, r.at("explanation"), "Cem", r.raw)
		action := r.at("action_id").(string)

		w.eventually(func() bool { return len(w.texts(cook)) == 1 })
		assert.Contains(t, w.texts(cook)[0], "Can you cook it without nuts?")
		assert.Contains(t, w.texts(cook)[0], "yes or no")
		assert.Empty(t, w.texts("+14155550101"))
		before := w.chat(w.people.sms.ID)

		w.replies(cook, "perhaps")
		w.eventually(func() bool { return len(w.texts(cook)) == 2 })
		w.replies(cook, "Yes!")
		w.awaitSettled(action)
		assert.Len(t, w.texts("+14155550101"), 1)
		shown := w.call("GET", "/actions/"+action, nil)
		assert.Equal(t, true, shown.at("message", "tool_calls", 0, "result", "answer"), shown.raw)
		assert.EqualValues(t, id, shown.at("message", "tool_calls", 0, "result", "answers", 0, "contributor_id"))

		after := w.chat(w.people.sms.ID)
		assert.Equal(t, before.Attention, after.Attention, "an answer that is waited for asks for no response")
		var texts []string

		for _, m := range w.messages(w.people.sms.ID) {
			if m.MemberID != nil && *m.MemberID == id {
				texts = append(texts, m.Content)
			}
		}

		assert.Equal(t, []string{"Yes!", "perhaps"}, texts, "what was answered is in the chat")
		assert.Len(t, w.chats(), 2, "and opens no other")
	})
}

func TestAnAnswerComesByTheAPIOrByMail(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		byMail := w.contributor("Mila", "", "mila@kitchen.example")

		ask := func(arguments map[string]any) string {
			r := w.call(
				"POST",
				sendPath(w.people.sms.ID),
				sendBody("It is so.", newToolCall("contributor_input_request", arguments)),
			)

			require.Equal(t, http.StatusAccepted, r.status, r.raw)

			return r.at("action_id").(string)
		}

		action := ask(
			map[string]any{
				"question":       "How many?",
				"contributor_id": byMail,
				"expects":        map[string]any{"type": "integer"},
			},
		)

		w.eventually(func() bool { return len(w.box.Mails()) == 1 })
		open := w.call("GET", "/contributor-requests?state=open", nil)
		request := open.at("items", 0, "id").(string)
		wrong := w.call(
			"POST",
			"/contributor-requests/"+request+"/answer",
			map[string]any{"member_id": byMail, "answer": "many"},
		)

		assert.Equal(t, http.StatusBadRequest, wrong.status, wrong.raw)
		assert.Equal(t, "invalid_answer", wrong.at("code"), wrong.raw)

		right := w.call(
			"POST",
			"/contributor-requests/"+request+"/answer",
			map[string]any{"member_id": byMail, "answer": 12},
		)

		require.Equal(t, http.StatusOK, right.status, right.raw)
		w.awaitSettled(action)

		late := w.call(
			"POST",
			"/contributor-requests/"+request+"/answer",
			map[string]any{"member_id": byMail, "answer": 13},
		)

		assert.Equal(t, http.StatusConflict, late.status, late.raw)

		action = ask(
			map[string]any{
				"question":       "And how many forks?",
				"contributor_id": byMail,
				"expects":        map[string]any{"type": "integer"},
			},
		)

		w.eventually(func() bool { return len(w.box.Mails()) == 2 })
		mail := w.box.Mails()[1]
		require.NoError(t, w.box.Answer(t.Context(), sandbox.Answer{
			From:      "mila@kitchen.example",
			Subject:   "Re: " + mail.Subject,
			InReplyTo: mail.Headers["Message-ID"],
			Text:      "7 forks\n\nOn Sun, 22 Nov 2026 at 10:00, Support wrote:\n> And how many forks?\n",
		}))

		w.awaitSettled(action)
		shown := w.call("GET", "/actions/"+action, nil)
		assert.EqualValues(t, 7, shown.at("message", "tool_calls", 0, "result", "answer"), shown.raw)
	})
}

func TestAQuestionThatDoesNotHoldTheMessage(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		w.contributor("Cem", cook, "")
		w.contributor("Will", waiter, "")

		r := w.call("POST", sendPath(w.people.sms.ID), sendBody("I have asked.", newToolCall("contributor_input_request",
			map[string]any{"question": "Which wine?", "wait": false, "require": "all"})))

		require.Equal(t, http.StatusOK, r.status, r.raw)
		w.eventually(func() bool { return len(w.texts(cook))+len(w.texts(waiter)) == 2 })
		assert.False(t, w.chat(w.people.sms.ID).NeedsResponse)
		w.replies(cook, "The red one")
		w.replies(waiter, "The white one")

		w.eventually(
			func() bool { return w.call("GET", "/contributor-requests?state=answered", nil).at("items", 0) != nil },
		)

		list := w.call("GET", "/contributor-requests?state=answered", nil)
		assert.Len(t, list.at("items", 0, "asks"), 2, list.raw)
		assert.True(t, w.chat(w.people.sms.ID).NeedsResponse)
		shown := w.call("GET", "/actions/"+r.at("action_id").(string), nil)
		assert.Contains(t, shown.raw, "The white one", "the answers are the tool's result")
	})
}

func TestAContributorWhoOptsOutEndsTheQuestion(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		w.contributor("Cem", cook, "")

		r := w.call(
			"POST",
			sendPath(w.people.sms.ID),
			sendBody("Yes.", newToolCall("contributor_input_request", map[string]any{"question": "Really?"})),
		)

		require.Equal(t, http.StatusAccepted, r.status, r.raw)
		w.eventually(func() bool { return len(w.texts(cook)) == 1 })
		w.replies(cook, "STOP")
		w.awaitSettled(r.at("action_id"))
		shown := w.call("GET", "/actions/"+r.at("action_id").(string), nil)
		assert.Equal(t, "failed", shown.at("state"), shown.raw)
		assert.Empty(t, w.texts("+14155550101"))

		refused := w.call(
			"POST",
			sendPath(w.people.sms.ID),
			sendBody("Yes.", newToolCall("contributor_input_request", map[string]any{"question": "Really?"})),
		)

		assert.Equal(t, "invalid_tool_arguments", refused.at("code"), refused.raw)
	})
}

func TestAPersonIsAskedOneThingAtATime(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	w.contributor("Cem", cook, "")
	var actions []any

	for _, question := range []string{"First?", "Second?"} {
		r := w.call(
			"POST",
			sendPath(w.people.sms.ID),
			sendBody("So it is.", newToolCall("contributor_input_request", map[string]any{"question": question})),
		)

		require.Equal(t, http.StatusAccepted, r.status, r.raw)
		actions = append(actions, r.at("action_id"))
	}

	w.eventually(func() bool { return len(w.texts(cook)) == 1 })
	w.replies(cook, "one")
	w.eventually(func() bool { return len(w.texts(cook)) == 2 })
	assert.ElementsMatch(t, []string{"First?", "Second?"}, w.texts(cook))
	w.replies(cook, "two")

	for _, action := range actions {
		w.awaitSettled(action)
	}

	assert.Len(t, w.texts("+14155550101"), 2)
}
