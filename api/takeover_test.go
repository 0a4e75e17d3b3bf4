package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestAChatIsTakenOverAndReleased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	taken := w.do(t, request{method: http.MethodPost, path: workspaceURL("/chats/7/takeover")})
	require.Equal(t, http.StatusOK, taken.StatusCode, taken.raw)
	assert.InDelta(t, 1, taken.json["taken_over_by"], 0)
	assert.Equal(t, "2026-11-22T12:00:00Z", taken.json["taken_over_at"])

	released := w.do(t, request{method: http.MethodPost, path: workspaceURL("/chats/7/release")})
	require.Equal(t, http.StatusOK, released.StatusCode, released.raw)
	assert.NotContains(t, released.json, "taken_over_by")
	assert.Equal(t, []string{"TakeOverChat", "ReleaseChat"}, w.store.changed())
}

// becomeAssistant makes the manager's key an assistant's.
func becomeAssistant(w *world) {
	principal := w.store.principals[chat.HashKey(managerKey)]
	principal.Kind = chat.KindAssistant
	w.store.principals[chat.HashKey(managerKey)] = principal
}

func TestAnAssistantTakesNoChatOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	becomeAssistant(w)

	for _, command := range []string{"takeover", "release"} {
		a := w.do(t, request{method: http.MethodPost, path: workspaceURL("/chats/7/" + command)})
		requireProblem(t, a, http.StatusForbidden, "forbidden", "")
	}

	person := sendRequest
	person.body = `{"message":"On its way.","author_kind":"person"}`
	requireProblem(t, w.do(t, person), http.StatusBadRequest, "invalid_request", "author_kind")
	assert.Empty(t, w.store.changed())
	assert.Empty(t, w.engine.all())
}

func TestASendNamesItsAuthorAndWhatWasSeen(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	require.Equal(t, http.StatusOK, w.do(t, sendRequest).StatusCode)

	both := sendRequest
	both.body = `{"message":"On its way.","author_kind":"person","if_last_message":"` + string(messageOne) + `"}`
	require.Equal(t, http.StatusOK, w.do(t, both).StatusCode)

	plain := w.engine.all()[0].(chat.SendAssistantMessage)
	assert.Equal(t, chat.AuthorAssistant, plain.Author)
	assert.Empty(t, plain.IfLastMessage)

	named := w.engine.all()[1].(chat.SendAssistantMessage)
	assert.Equal(t, chat.AuthorPerson, named.Author)
	assert.Equal(t, messageOne, named.IfLastMessage)
	assert.Len(t, named.Fingerprint, len(plain.Fingerprint)+2, "another author or message is another request")

	bad := sendRequest
	bad.body = `{"message":"On its way.","if_last_message":"yesterday"}`
	requireProblem(t, w.do(t, bad), http.StatusBadRequest, "invalid_request", "if_last_message")
}

// What has moved a chat on is told to those who may read it, shortened, and without what is no customer's message.
func TestARefusedSendTellsWhatCame(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.engine.send = func(context.Context, chat.SendAssistantMessage) (chat.Answer[chat.AssistantMessageSent], error) {
		return chat.Answer[chat.AssistantMessageSent]{}, chat.Errorf(chat.CodeChatMovedOn, "the customer has written since")
	}

	long := inboundMessage()
	long.Content = strings.Repeat("ä", 300)
	w.store.messages = []chat.Message{outboundMessage(), long}

	r := sendRequest
	r.body = `{"message":"On its way.","if_last_message":"0199aaaa-0000-7000-8000-0000000000aa"}`
	a := w.do(t, r)
	requireProblem(t, a, http.StatusConflict, "chat_moved_on", "")

	came := a.json["messages"].([]any)
	require.Len(t, came, 1)
	assert.Equal(t, string(long.ID), came[0].(map[string]any)["uuid"])
	assert.Equal(t, strings.Repeat("ä", 199)+"…", came[0].(map[string]any)["text"])

	w.store.fail = chat.Unavailable("the database does not answer")
	assert.NotContains(t, w.do(t, sendRequest).json, "messages", "the refusal is told all the same")
}
