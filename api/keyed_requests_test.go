package api_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

var (
	labelRequest = request{
		method: http.MethodPost,
		path:   workspaceURL("/chat-labels"),
		body:   `{"name":"vip"}`,
	}
	newKeyRequest = request{
		method: http.MethodPost,
		path:   workspaceURL("/api-keys"),
		body:   `{"name":"Shop","scopes":["chats:read"]}`,
	}
)

func TestARepeatedRequestGetsTheFirstAnswer(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	keyed := labelRequest.with("Idempotency-Key", "k-1")

	first := w.do(t, keyed)
	require.Equal(t, http.StatusCreated, first.StatusCode, first.raw)
	assert.Empty(t, first.Header.Get("Idempotency-Replayed"))

	again := w.do(t, keyed)
	assert.Equal(t, http.StatusCreated, again.StatusCode)
	assert.Equal(t, first.raw, again.raw)
	assert.Equal(t, first.Header.Get("Location"), again.Header.Get("Location"))
	assert.Equal(t, first.Header.Get("Content-Type"), again.Header.Get("Content-Type"))
	assert.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	assert.NotEqual(t, first.Header.Get("X-Request-Id"), again.Header.Get("X-Request-Id"))
	assert.Equal(t, []string{"CreateLabel"}, w.store.changed())

	w.do(t, labelRequest)
	assert.Len(t, w.store.changed(), 2, "without a key it is a request of its own")
}

func TestAKeyOfAnotherRequestIsRefused(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	require.Equal(t, http.StatusCreated, w.do(t, labelRequest.with("Idempotency-Key", "k-1")).StatusCode)

	other := labelRequest
	other.body = `{"name":"lost","color":"#ff0000"}`
	a := w.do(t, other.with("Idempotency-Key", "k-1"))
	requireProblem(t, a, http.StatusConflict, "idempotency_key_reused", "")
	assert.Equal(t, []string{"color", "name"}, fieldsOf(a))

	a = w.do(t, newKeyRequest.with("Idempotency-Key", "k-1"))
	requireProblem(t, a, http.StatusConflict, "idempotency_key_reused", "")
	assert.Equal(t, []string{"path"}, fieldsOf(a), "another route has nothing in common with it")

	a = w.do(t, addRequest.with("Idempotency-Key", "k-1"))
	if assert.Equal(t, http.StatusConflict, a.StatusCode, a.raw) {
		assert.Equal(t, "idempotency_key_reused", a.json["code"], "an action neither")
	}

	assert.Equal(t, []string{"CreateLabel"}, w.store.changed())
	assert.Empty(t, w.engine.all())
}

func TestARefusedOrFailedRequestFreesItsKey(t *testing.T) {
	t.Parallel()

	for name, fail := range map[string]error{
		"refused":     chat.Errorf(chat.CodeAlreadyExists, "there is one"),
		"failed":      errors.New("disk full"),
		"unavailable": chat.Unavailable("the database is away"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w := newWorld(t)
			keyed := labelRequest.with("Idempotency-Key", "k-1")

			w.store.fail = fail
			a := w.do(t, keyed)
			require.GreaterOrEqual(t, a.StatusCode, 400, a.raw)
			assert.Empty(t, w.store.keptRequests())

			w.store.fail = nil
			a = w.do(t, keyed)
			require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
			assert.Empty(t, a.Header.Get("Idempotency-Replayed"))
		})
	}
}

func TestTwoRequestsWithOneKeyAtOnce(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	keyed := labelRequest.with("Idempotency-Key", "k-1")
	require.Equal(t, http.StatusCreated, w.do(t, keyed).StatusCode)

	// The first one is still at it.
	r := w.store.requests[actionOne]
	r.State = chat.KeyBegun
	r.LeaseUntil = time.Now().Add(time.Minute)
	w.store.requests[actionOne] = r

	a := w.do(t, keyed)
	requireProblem(t, a, http.StatusConflict, "request_in_progress", "")
	assert.NotEmpty(t, a.Header.Get("Retry-After"))
	assert.Equal(t, true, a.json["retryable"])

	// Or has not come back.
	r.LeaseUntil = time.Now().Add(-time.Second)
	w.store.requests[actionOne] = r
	require.Equal(t, http.StatusCreated, w.do(t, keyed).StatusCode)
	assert.Len(t, w.store.changed(), 2)
}

func TestALostAnswerIsToldAndNotMadeUp(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.store.keepFails = errors.New("the connection is gone")
	keyed := labelRequest.with("Idempotency-Key", "k-1")

	first := w.do(t, keyed)
	require.Equal(t, http.StatusCreated, first.StatusCode, "it was carried out, which is what counts")

	r := w.store.requests[actionOne]
	r.LeaseUntil = time.Now().Add(-time.Second)
	w.store.requests[actionOne] = r

	a := w.do(t, keyed)
	requireProblem(t, a, http.StatusConflict, "answer_lost", "")
	assert.Contains(t, a.json["detail"], first.Header.Get("X-Request-Id"), "the audit log has it")
	assert.Len(t, w.store.changed(), 1)
}

func TestASecretThatIsShownOnceIsNotKept(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	keyed := newKeyRequest.with("Idempotency-Key", "k-1")

	first := w.do(t, keyed)
	require.Equal(t, http.StatusCreated, first.StatusCode, first.raw)

	secret, _ := first.json["key"].(string)
	require.NotEmpty(t, secret)
	assert.NotContains(t, string(w.store.keptRequests()[actionOne].Answer.Body), secret)

	again := w.do(t, keyed)
	require.Equal(t, http.StatusCreated, again.StatusCode, again.raw)
	assert.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	assert.NotContains(t, again.json, "key")
	assert.Equal(t, first.json["id"], again.json["id"])
}

func TestARepeatedKeyIsAnsweredThoughTheChatIsGone(t *testing.T) {
	t.Parallel()

	gone := func(chat.ChatID) (chat.Chat, error) {
		return chat.Chat{}, chat.Errorf(chat.CodeChatNotFound, "there is no such chat")
	}

	t.Run("an action", func(t *testing.T) {
		t.Parallel()

		w := newWorld(t)
		w.store.chat = gone
		a := w.do(t, addRequest.with("Idempotency-Key", "k-1"))
		requireProblem(t, a, http.StatusNotFound, "chat_not_found", "")

		w.store.action = func(chat.ActionID) (chat.Action, error) {
			return chat.Action{
				ID:          actionOne,
				Kind:        chat.ActionAddParticipant,
				State:       chat.ActionFailed,
				Fingerprint: fingerprintOf(t, addRequest),
				Problem:     chat.Errorf(chat.CodeDeliveryFailed, "the chat was deleted"),
			}, nil
		}
		a = w.do(t, addRequest.with("Idempotency-Key", "k-1"))
		requireProblem(t, a, http.StatusInternalServerError, "delivery_failed", "")
		assert.Equal(t, "true", a.Header.Get("Idempotency-Replayed"))
		assert.Empty(t, w.engine.all())
	})

	t.Run("an added participant", func(t *testing.T) {
		t.Parallel()

		w := newWorld(t)
		w.store.chat = gone
		w.store.fail = chat.Errorf(chat.CodeChatNotFound, "there is no such chat")
		w.store.action = func(chat.ActionID) (chat.Action, error) {
			return chat.Action{
				ID:            actionOne,
				Kind:          chat.ActionAddParticipant,
				State:         chat.ActionSucceeded,
				Fingerprint:   fingerprintOf(t, addRequest),
				ParticipantID: 7,
			}, nil
		}

		a := w.do(t, addRequest.with("Idempotency-Key", "k-1"))
		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
		assert.Equal(t, "true", a.Header.Get("Idempotency-Replayed"))
		assert.InDelta(t, 7, a.json["participant_id"], 0)
		assert.Equal(t, "Participant 7 was added, and has been removed since", a.json["message"])
	})

	t.Run("a message", func(t *testing.T) {
		t.Parallel()

		w := newWorld(t)
		message := request{
			method: http.MethodPost,
			path:   workspaceURL("/chats/7/messages"),
			body:   `{"content":"Hello?"}`,
		}.with("Idempotency-Key", "k-1")

		first := w.do(t, message)
		require.Equal(t, http.StatusCreated, first.StatusCode, first.raw)

		w.store.chat = gone
		again := w.do(t, message)
		assert.Equal(t, http.StatusCreated, again.StatusCode, again.raw)
		assert.Equal(t, first.raw, again.raw)

		requireProblem(t, w.do(t, request{
			method: http.MethodPost,
			path:   workspaceURL("/chats/7/messages"),
			body:   `{"content":"Hello?"}`,
		}), http.StatusNotFound, "chat_not_found", "")
	})
}

// durable are the routes whose key is the identity of a workflow: see TestReplay and the tests of retries.
var durable = []string{
	"addParticipant", "sendAssistantMessage", "sendMessage", "summarizeChat", "retryDelivery", "retryDeliveries",
}

// TestEveryPostTakesAnIdempotencyKey: a route that ignores one would make two of what was asked for once.
func TestEveryPostTakesAnIdempotencyKey(t *testing.T) {
	t.Parallel()

	posts := 0

	for _, o := range newWorld(t).workspaceRoutes(t) {
		if o.method != http.MethodPost {
			continue
		}

		posts++

		t.Run(o.id, func(t *testing.T) {
			t.Parallel()

			w := newWorld(t)
			w.store.server = o.id == "refreshTool"

			switch o.id {
			case "resumeAction":
				w.endAction()
			case "cancelAction":
				w.sendOf(chat.ActionParked, waitingDelivery(chat.SubmissionPending))
			}

			refused := o.exampleRequest(t).with("Idempotency-Key", "a b")
			requireProblem(t, w.do(t, refused), http.StatusBadRequest, "invalid_request", "header.Idempotency-Key")

			parameters, err := json.Marshal(o.parameters)
			require.NoError(t, err)
			assert.Contains(t, string(parameters), `"Idempotency-Key"`, "the document lists it")

			if slices.Contains(durable, o.id) {
				return
			}

			keyed := o.exampleRequest(t).with("Idempotency-Key", "k-1")
			first := w.do(t, keyed)
			require.Less(t, first.StatusCode, 300, first.raw)
			require.Empty(t, first.Header.Get("Idempotency-Replayed"))

			changes := len(w.store.changed())
			again := w.do(t, keyed)
			assert.Equal(t, first.StatusCode, again.StatusCode, again.raw)
			assert.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
			assert.Len(t, w.store.changed(), changes, "nothing is done twice")
		})
	}

	assert.Greater(t, posts, 30)
}
