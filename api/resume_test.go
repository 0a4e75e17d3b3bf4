package api_test

import (
	"context"
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
	a.EndedRun = chat.Run{ID: "run-1", StartedAt: a.CreatedAt}

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

// TestTheSameRequestResumesAnEndedAction: its problem says that it may be made again. Another one
// under its key may not.
func TestTheSameRequestResumesAnEndedAction(t *testing.T) {
	t.Parallel()

	asked := fingerprintOf(t, sendRequest)

	for name, tt := range map[string]struct {
		stored chat.Fingerprint
		status int
	}{
		"the same":        {asked, http.StatusOK},
		"not known":       {chat.Fingerprint{}, http.StatusOK},
		"another request": {chat.Fingerprint{"message": "other"}, http.StatusConflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w := newWorld(t)
			w.store.action = func(chat.ActionID) (chat.Action, error) {
				a := endedAction()
				a.Fingerprint = tt.stored

				return a, nil
			}

			got := w.do(t, sendRequest.with("Idempotency-Key", "k-1"))
			require.Equal(t, tt.status, got.StatusCode, got.raw)
			assert.Len(t, w.engine.all(), map[bool]int{true: 1}[tt.status == http.StatusOK])
		})
	}
}

// TestNothingSentIsToldWhenItIsCertain: the send's run was terminated, and a step of it may still be about
// to store the send. The answer is what is stored after the end of the run is.
func TestNothingSentIsToldWhenItIsCertain(t *testing.T) {
	t.Parallel()

	show := request{method: http.MethodGet, path: location}

	unwritten := func(t *testing.T) *world {
		t.Helper()

		w := newWorld(t)
		w.store.sent = noSuchSend
		w.engine.action = func(chat.ActionID) (chat.Action, error) { return endedAction(), nil }

		return w
	}

	t.Run("nothing was stored", func(t *testing.T) {
		t.Parallel()

		w := unwritten(t)
		recorded := 0
		w.store.recordEnded = func(_ context.Context, a chat.Action) (bool, error) {
			recorded++
			w.store.action = func(chat.ActionID) (chat.Action, error) { return a, nil }

			return true, nil
		}

		for range 2 {
			got := w.do(t, show)
			require.Equal(t, http.StatusOK, got.StatusCode, got.raw)
			assert.Equal(t, "action_ended", got.json["problem"].(map[string]any)["code"])
		}

		assert.Equal(t, 1, recorded)
	})

	t.Run("the step was quicker", func(t *testing.T) {
		t.Parallel()

		w := unwritten(t)
		w.store.recordEnded = func(context.Context, chat.Action) (bool, error) {
			w.store.action = func(chat.ActionID) (chat.Action, error) { return sendAction(chat.ActionRunning), nil }

			return false, nil
		}

		got := w.do(t, show)
		require.Equal(t, http.StatusOK, got.StatusCode, got.raw)
		assert.Equal(t, "running", got.json["state"])
		assert.NotContains(t, got.raw, "nothing was sent")
	})

	t.Run("the step goes on", func(t *testing.T) {
		t.Parallel()

		w := unwritten(t)
		w.store.recordEnded = func(context.Context, chat.Action) (bool, error) {
			return false, context.DeadlineExceeded
		}

		got := w.do(t, show)
		requireProblem(t, got, http.StatusServiceUnavailable, "unavailable", "")
		assert.NotContains(t, got.raw, "nothing was sent")
	})

	t.Run("its chat is gone", func(t *testing.T) {
		t.Parallel()

		w := unwritten(t)
		w.store.recordEnded = func(context.Context, chat.Action) (bool, error) {
			return false, chat.Errorf(chat.CodeChatNotFound, "there is no such chat")
		}

		got := w.do(t, show)
		require.Equal(t, http.StatusOK, got.StatusCode, got.raw)
		assert.Equal(t, "action_ended", got.json["problem"].(map[string]any)["code"])
	})
}

// TestAnEndedActionIsToldByItsNewestRun: it was taken up again after its row had told of its end.
func TestAnEndedActionIsToldByItsNewestRun(t *testing.T) {
	t.Parallel()

	show := request{method: http.MethodGet, path: location}

	refused := endedAction()
	refused.Problem = chat.Errorf(chat.CodeNoPhone, "Ada has no phone number")
	refused.EndedRun.ID = "run-2"

	canceled := endedAction()
	canceled.Problem = chat.EndedInTemporal(canceled.ID, "canceled")
	canceled.EndedRun.ID = "run-2"

	gone := chat.Errorf(chat.CodeActionNotFound, "it was refused")

	for name, tt := range map[string]struct {
		// rows are what the store answers, one after the other.
		rows      []chat.Action
		newest    chat.Action
		engineErr error
		status    int
		detail    string
	}{
		"refused since": {
			rows:      []chat.Action{endedAction(), refused},
			engineErr: gone,
			status:    http.StatusOK,
			detail:    "Ada has no phone number",
		},
		"refused before": {
			rows:      []chat.Action{refused, refused},
			engineErr: gone,
			status:    http.StatusOK,
			detail:    "Ada has no phone number",
		},
		"ended again": {
			rows:   []chat.Action{endedAction(), canceled},
			newest: canceled,
			status: http.StatusOK,
			detail: "was canceled in Temporal",
		},
		"Temporal is away": {
			rows:      []chat.Action{endedAction()},
			engineErr: chat.Unavailable("the state of the action cannot be told now"),
			status:    http.StatusServiceUnavailable,
			detail:    "cannot be told",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w := newWorld(t)
			w.store.sent = noSuchSend
			w.store.action = func(chat.ActionID) (chat.Action, error) {
				row := tt.rows[0]
				if len(tt.rows) > 1 {
					tt.rows = tt.rows[1:]
				}

				return row, nil
			}
			w.store.recordEnded = func(_ context.Context, a chat.Action) (bool, error) {
				assert.Equal(t, canceled.EndedRun, a.EndedRun)
				return true, nil
			}
			w.engine.action = func(chat.ActionID) (chat.Action, error) { return tt.newest, tt.engineErr }

			got := w.do(t, show)
			require.Equal(t, tt.status, got.StatusCode, got.raw)
			assert.Contains(t, got.raw, tt.detail)
		})
	}

	t.Run("a refused one is resumed", func(t *testing.T) {
		t.Parallel()

		w := newWorld(t)
		w.store.sent = noSuchSend
		w.store.action = func(chat.ActionID) (chat.Action, error) { return refused, nil }
		w.engine.action = func(chat.ActionID) (chat.Action, error) { return chat.Action{}, gone }
		w.engine.resume = func(chat.Action) error { return nil }

		got := w.do(t, request{
			method: http.MethodPost,
			path:   location + "/resume",
			body:   `{"reason": "She has a phone again."}`,
		})
		require.Equal(t, http.StatusAccepted, got.StatusCode, got.raw)
		assert.NotContains(t, got.json, "problem")
	})
}
