package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// fingerprintOf is what the engine was asked with for a request.
func fingerprintOf(t *testing.T, r request) chat.Fingerprint {
	t.Helper()
	w := newWorld(t)
	a := w.do(t, r)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	switch asked := w.engine.all()[0].(type) {
	case chat.AddParticipant:
		return asked.Fingerprint
	case chat.SendAssistantMessage:
		return asked.Fingerprint
	case chat.SummarizeChat:
		return asked.Fingerprint
	}

	require.Fail(t, "the engine was not asked")

	return nil
}

func TestFingerprints(t *testing.T) {
	t.Parallel()

	send := func(body string) request { r := sendRequest; r.body = body; return r }
	add := func(body string) request { r := addRequest; r.body = body; return r }
	labels := summarizeRequest
	labels.path += "?update_labels=true"
	no := summarizeRequest

	no.path += "?update_labels=false"
	for name, test := range map[string]struct {
		one, other request
		differ     []string
	}{
		"spelling":     {add(`{"memberId":42}`), add(`{"member_id":42,"role":"contributor"}`), nil},
		"member":       {add(`{"memberId":42}`), add(`{"memberId":43}`), []string{"member_id"}},
		"both":         {add(`{"memberId":42}`), add(`{"memberId":43,"role":"owner"}`), []string{"member_id", "role"}},
		"another kind": {addRequest, summarizeRequest, []string{"action", "member_id", "role", "update_labels"}},
		"labels":       {summarizeRequest, labels, []string{"update_labels"}},
		"default":      {summarizeRequest, no, nil},
		"message":      {send(`{"message":"a"}`), send(`{"message":"b"}`), []string{"message"}},
		"both shapes": {
			send(`{"message":"a","tool_calls":[{"name":"t","arguments":{"a":"<&>","b":[1,2.50]}}]}`),
			send(`{"message":"a","toolCalls":[{"type":"function","function":{"name":"t","arguments":"{\"b\": [1, ` +
				`2.50], \"a\": \"<&>\"}"}}]}`), nil,
		},
		"arguments": {
			send(`{"message":"a","tool_calls":[{"name":"t","arguments":{"a":1}}]}`), send(`{"message":"a","tool_calls":[{"name":"t","arguments":{"a":2}}]}`),
			[]string{"tool_calls"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.ElementsMatch(t, test.differ, fingerprintOf(t, test.one).Differs(fingerprintOf(t, test.other)))
		})
	}

	for field, digest := range fingerprintOf(t, sendRequest) {
		assert.Regexp(t, `^[0-9a-f]{32}$`, digest, field)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		request
		kind chat.ActionKind
		body string
	}{
		"add":       {addRequest, chat.ActionAddParticipant, `"participant_id":12`},
		"send":      {sendRequest, chat.ActionSendAssistantMessage, `"provider_message_id":"SM1"`},
		"summarize": {summarizeRequest, chat.ActionSummarizeChat, `"summary":"Ana asks."`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)

			action := chat.Action{
				ID:            actionOne,
				WorkspaceID:   home,
				Kind:          test.kind,
				ChatID:        chatOne,
				State:         chat.ActionSucceeded,
				ParticipantID: 12,
				Fingerprint:   fingerprintOf(t, test.request),
			}

			w.store.action = func(chat.ActionID) (chat.Action, error) { return action, nil }
			w.store.sent = func(chat.ActionID) (chat.AssistantMessageSent, error) { return acceptedSend(), nil }
			keyed := test.with("Idempotency-Key", "k-1")
			a := w.do(t, keyed)
			require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
			assert.Equal(t, "true", a.Header.Get("Idempotency-Replayed"))
			assert.Contains(t, a.raw, test.body)
			w.requireUntouched(t)

			action.State, action.Problem = chat.ActionFailed, chat.Errorf(chat.CodeDeliveryFailed, "refused")
			a = w.do(t, keyed)
			requireProblem(t, a, http.StatusInternalServerError, "delivery_failed", "")
			assert.Equal(t, "true", a.Header.Get("Idempotency-Replayed"))
			assert.Equal(t, string(actionOne), a.json["action_id"])

			action.State = chat.ActionParked
			a = w.do(t, keyed)
			assert.Equal(t, http.StatusAccepted, a.StatusCode, a.raw)
			assert.Equal(t, "true", a.Header.Get("Idempotency-Replayed"))
			w.requireUntouched(t)
		})
	}
}

func TestReplayOfARunningActionWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	action := chat.Action{
		ID:            actionOne,
		WorkspaceID:   home,
		Kind:          chat.ActionAddParticipant,
		ChatID:        chatOne,
		State:         chat.ActionRunning,
		ParticipantID: 12,
		Fingerprint:   fingerprintOf(t, addRequest),
	}

	w.store.action = func(chat.ActionID) (chat.Action, error) { return action, nil }
	keyed := addRequest.with("Idempotency-Key", "k-1")
	assert.Equal(t, http.StatusAccepted, w.do(t, keyed).StatusCode)

	w.engine.await = func(context.Context, chat.Action) error {
		action.State = chat.ActionSucceeded
		return nil
	}

	assert.Equal(t, http.StatusOK, w.do(t, keyed).StatusCode)
	assert.Equal(t, []any{actionOne, actionOne}, w.engine.all(), "it is waited for, never started")
}

func TestReplayAfterTheParticipantIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.action = func(chat.ActionID) (chat.Action, error) {
		return chat.Action{
			Kind:          chat.ActionAddParticipant,
			State:         chat.ActionSucceeded,
			ParticipantID: 99,
			Fingerprint:   fingerprintOf(t, addRequest),
		}, nil
	}

	a := w.do(t, addRequest.with("Idempotency-Key", "k-1"))
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Contains(t, a.json["message"], "removed since")
}

func TestAKeyForAnotherRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := addRequest
	first.body = `{"memberId":43,"role":"owner"}`
	w.store.action = func(chat.ActionID) (chat.Action, error) {
		return chat.Action{
			Kind:        chat.ActionAddParticipant,
			State:       chat.ActionSucceeded,
			Fingerprint: fingerprintOf(t, first),
		}, nil
	}

	a := w.do(t, addRequest.with("Idempotency-Key", "k-1"))
	requireProblem(t, a, http.StatusConflict, "idempotency_key_reused", "memberId")
	assert.Equal(t, []string{"memberId", "role"}, fieldsOf(a))
	assert.NotContains(t, fmt.Sprint(a.json["detail"], a.json["errors"]), "43")
	w.requireUntouched(t)
}

func TestJoinedActionsAreMarked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.engine.add = func(context.Context, chat.AddParticipant) (chat.Answer[chat.ParticipantAdded], error) {
		return chat.Answer[chat.ParticipantAdded]{Replayed: true}, nil
	}

	assert.Equal(t, "true", w.do(t, addRequest.with("Idempotency-Key", "k-1")).Header.Get("Idempotency-Replayed"))
	assert.Empty(t, w.do(t, addRequest).Header.Get("Idempotency-Replayed"))
}

func TestIdempotencyKeysAreVisibleASCII(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	for _, r := range []request{addRequest, sendRequest, summarizeRequest, retryRequest, bulkRequest} {
		for _, key := range []string{"", "a b", "ü", strings.Repeat("x", 256), "a\tb"} {
			a := w.do(t, r.with("Idempotency-Key", key))
			requireProblem(t, a, http.StatusBadRequest, "invalid_request", "header.Idempotency-Key")
		}
	}

	twice := addRequest
	twice.repeated = http.Header{"Idempotency-Key": {"k-1", "k-2"}}
	requireProblem(t, w.do(t, twice), http.StatusBadRequest, "invalid_request", "header.Idempotency-Key")
	w.requireUntouched(t)

	for _, key := range []string{"x", strings.Repeat("x", 255), "!~"} {
		require.Equal(t, http.StatusOK, w.do(t, addRequest.with("Idempotency-Key", key)).StatusCode)
	}
}
