package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// endedAction is a send that was terminated in Temporal before it had done anything.
func endedAction() chat.Action {
	a := sendAction(chat.ActionFailed)
	a.Problem = chat.EndedInTemporal(a.ID, "terminated")

	return a
}

// endAction gives the world an action that can be resumed.
func (w *world) endAction() {
	w.store.sent = noSuchSend
	w.store.action = func(chat.ActionID) (chat.Action, error) { return endedAction(), nil }
	w.engine.action = func(chat.ActionID) (chat.Action, error) { return endedAction(), nil }
	w.engine.resume = func(chat.Action) error { return nil }
}

func noSuchSend(chat.ActionID) (chat.AssistantMessageSent, error) {
	return chat.AssistantMessageSent{}, chat.Errorf(chat.CodeActionNotFound, "there is no such send")
}

func TestResumeAction(t *testing.T) {
	t.Parallel()

	resume := request{
		method: http.MethodPost,
		path:   location + "/resume",
		body:   `{"reason": "Terminated by mistake."}`,
	}

	t.Run("ended in Temporal", func(t *testing.T) {
		t.Parallel()

		w := newWorld(t)
		w.store.sent = noSuchSend
		w.store.action = func(chat.ActionID) (chat.Action, error) { return endedAction(), nil }
		w.engine.action = func(chat.ActionID) (chat.Action, error) { return endedAction(), nil }

		var resumed []chat.ActionID

		w.engine.resume = func(a chat.Action) error {
			resumed = append(resumed, a.ID)
			return nil
		}

		got := w.do(t, request{method: http.MethodGet, path: location})
		require.Equal(t, http.StatusOK, got.StatusCode, got.raw)
		assert.Equal(t, "failed", got.json["state"])
		assert.Equal(t, "action_ended", got.json["problem"].(map[string]any)["code"])
		assert.Contains(t, got.json["problem"].(map[string]any)["detail"], "nothing was sent")

		got = w.do(t, resume)
		require.Equal(t, http.StatusAccepted, got.StatusCode, got.raw)
		assert.Equal(t, "running", got.json["state"])
		assert.NotContains(t, got.json, "problem")
		assert.Equal(t, []chat.ActionID{actionOne}, resumed)
		assert.Equal(t, []string{"Terminated by mistake."}, w.store.resumed)
	})

	t.Run("running again", func(t *testing.T) {
		t.Parallel()

		w := newWorld(t)
		w.store.sent = noSuchSend
		w.store.action = func(chat.ActionID) (chat.Action, error) { return endedAction(), nil }
		w.engine.action = func(chat.ActionID) (chat.Action, error) { return sendAction(chat.ActionRunning), nil }

		got := w.do(t, resume)
		require.Equal(t, http.StatusAccepted, got.StatusCode, "asked twice, it is started once")
		assert.Equal(t, "running", got.json["state"])
	})

	t.Run("failed by itself", func(t *testing.T) {
		t.Parallel()

		w := newWorld(t)
		w.store.action = func(chat.ActionID) (chat.Action, error) {
			a := sendAction(chat.ActionFailed)
			a.Problem = chat.RecordLost(a.ID)

			return a, nil
		}

		requireProblem(t, w.do(t, resume), http.StatusConflict, "conflict", "")
	})

	t.Run("without a reason", func(t *testing.T) {
		t.Parallel()

		w := newWorld(t)
		w.store.action = func(chat.ActionID) (chat.Action, error) { return endedAction(), nil }
		w.engine.action = func(chat.ActionID) (chat.Action, error) { return endedAction(), nil }

		without := resume
		without.body = `{"reason": " "}`
		requireProblem(t, w.do(t, without), http.StatusBadRequest, "invalid_request", "reason")
	})
}
