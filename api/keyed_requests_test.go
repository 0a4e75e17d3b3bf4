package api_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
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

// TestEveryPostTakesAnIdempotencyKey: a route that ignores one would make two of what was asked for once.
func TestEveryPostTakesAnIdempotencyKey(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	a := w.do(t, request{method: http.MethodGet, path: "/openapi.json"})

	var document struct {
		Paths map[string]map[string]struct {
			ID         string `json:"operationId"`
			Parameters []struct {
				Name string `json:"name"`
				In   string `json:"in"`
			} `json:"parameters"`
			Responses map[string]struct {
				Headers map[string]any `json:"headers"`
			} `json:"responses"`
		} `json:"paths"`
	}

	require.NoError(t, json.Unmarshal([]byte(a.raw), &document))

	posts := 0

	for path, item := range document.Paths {
		post, ok := item["post"]
		if !ok || !strings.HasPrefix(path, "/api/v2/w/") {
			continue
		}

		posts++
		takes := false

		for _, p := range post.Parameters {
			takes = takes || p.Name == "Idempotency-Key" && p.In == "header"
		}

		assert.True(t, takes, "%s does not list the header", post.ID)

		replayed := false
		for _, response := range post.Responses {
			replayed = replayed || response.Headers["Idempotency-Replayed"] != nil
		}

		assert.True(t, replayed, "%s does not list Idempotency-Replayed", post.ID)

		filled := strings.NewReplacer(
			"{workspace_uuid}", string(home), "{chat_id}", "7", "{delivery_id}", string(deliveryID),
			"{action_id}", string(actionOne), "{bulk_retry_id}", string(actionOne), "{approval_id}", string(actionOne),
			"{request_id}", string(requestOne), "{inbound_id}", string(inboundOne), "{summary_id}", string(versionOne),
			"{message_uuid}", string(messageOne), "{call_id}", "call_1", "{member_id}", "42", "{tool_id}", "4",
		).Replace(path)
		require.NotContains(t, filled, "{")

		// The rules of the key come before the body's: whoever counts on it must not be left without.
		refused := w.do(t, request{
			method:  http.MethodPost,
			path:    filled,
			headers: map[string]string{"Idempotency-Key": "a b"},
		})
		requireProblem(t, refused, http.StatusBadRequest, "invalid_request", "header.Idempotency-Key")
	}

	assert.Greater(t, posts, 30)
}
