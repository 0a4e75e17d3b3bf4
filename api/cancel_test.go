package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// waitingDelivery certainly was not handed to its provider.
func waitingDelivery(submission chat.SubmissionState) chat.Delivery {
	d := unknownDelivery()
	d.Submission = submission
	d.Evidence = chat.EvidenceNone
	d.UnknownSince = nil
	d.Attempts = nil
	d.Events = nil
	d.ErrorCode = ""

	return d
}

// sendOf gives the world a send with this delivery.
func (w *world) sendOf(state chat.ActionState, d chat.Delivery) {
	w.store.action = func(chat.ActionID) (chat.Action, error) {
		a := sendAction(state)
		if state == chat.ActionFailed {
			a.Problem = chat.Errorf(chat.CodeDeliveryFailed, "it was not delivered")
		}

		return a, nil
	}
	w.store.sent = func(chat.ActionID) (chat.AssistantMessageSent, error) {
		sent := acceptedSend()
		sent.DeliverySnapshot = d.Snapshot()

		return sent, nil
	}
	w.store.delivery = func(chat.DeliveryID) (chat.Delivery, error) { return d, nil }
}

var cancelRequest = request{
	method: http.MethodPost,
	path:   location + "/cancel",
	body:   `{"reason":" The customer called. "}`,
}

func TestCancelAnAction(t *testing.T) {
	t.Parallel()

	for _, submission := range []chat.SubmissionState{chat.SubmissionPending, chat.SubmissionBlocked} {
		w := newWorld(t)
		w.sendOf(chat.ActionParked, waitingDelivery(submission))

		shown := w.do(t, request{method: http.MethodGet, path: location})
		require.Equal(t, http.StatusOK, shown.StatusCode, shown.raw)
		assert.Equal(t, []any{"change", "cancel"}, shown.json["next"])

		var decided chat.Decision

		w.store.decide = func(d chat.Decision) (chat.Delivery, string, error) {
			decided = d
			after := waitingDelivery(chat.SubmissionCanceled)
			w.sendOf(chat.ActionFailed, after)

			return after, "action:x", nil
		}

		a := w.do(t, cancelRequest)
		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
		assert.Equal(t, "canceled", a.json["status"])
		assert.Empty(t, a.json["next"])
		assert.Equal(t, chat.VerdictCancel, decided.Verdict)
		assert.Equal(t, actionOne, decided.ActionID, "so that an attempt that may have left refuses it")
		assert.Equal(t, "The customer called.", decided.Reason)
	}
}

func TestWhatMayHaveLeftIsNotCanceled(t *testing.T) {
	t.Parallel()

	taken := waitingDelivery(chat.SubmissionPending)
	taken.Evidence = chat.EvidenceOpen

	for name, test := range map[string]struct {
		state    chat.ActionState
		delivery chat.Delivery
		code     string
	}{
		"being sent":           {chat.ActionRunning, waitingDelivery(chat.SubmissionSending), "already_sending"},
		"unknown":              {chat.ActionParked, waitingDelivery(chat.SubmissionUnknown), "already_sending"},
		"for a person":         {chat.ActionParked, waitingDelivery(chat.SubmissionNeedsReview), "already_sending"},
		"taken":                {chat.ActionSucceeded, waitingDelivery(chat.SubmissionAccepted), "already_sending"},
		"an earlier attempt":   {chat.ActionParked, taken, "already_sending"},
		"canceled":             {chat.ActionFailed, waitingDelivery(chat.SubmissionCanceled), "conflict"},
		"another's":            {chat.ActionFailed, waitingDelivery(chat.SubmissionPending), "conflict"},
		"refused by a carrier": {chat.ActionFailed, waitingDelivery(chat.SubmissionRejected), "conflict"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w := newWorld(t)
			w.sendOf(test.state, test.delivery)
			a := w.do(t, cancelRequest)
			requireProblem(t, a, http.StatusConflict, test.code, "")
			assert.Equal(t, string(actionOne), a.json["action_id"])
			w.requireUntouched(t)
		})
	}
}

func TestOnlySendsAndRetriesAreCanceled(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.store.action = func(chat.ActionID) (chat.Action, error) {
		a := sendAction(chat.ActionRunning)
		a.Kind = chat.ActionSummarizeChat

		return a, nil
	}
	requireProblem(t, w.do(t, cancelRequest), http.StatusConflict, "conflict", "")

	w.store.action = func(chat.ActionID) (chat.Action, error) {
		a := sendAction(chat.ActionRunning)
		a.DeliveryID = ""

		return a, nil
	}
	w.store.sent = noSuchSend
	a := w.do(t, cancelRequest)
	requireProblem(t, a, http.StatusConflict, "conflict", "")
	assert.Equal(t, true, a.json["retryable"], "it is being stored")

	without := cancelRequest
	without.body = `{"reason":" "}`
	requireProblem(t, w.do(t, without), http.StatusBadRequest, "invalid_request", "reason")
	w.requireUntouched(t)
}

func TestABulkRetryIsCanceledAsAnAction(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.store.action = func(chat.ActionID) (chat.Action, error) {
		return chat.Action{
			ID:          actionOne,
			WorkspaceID: home,
			Kind:        chat.ActionRetryDeliveries,
			State:       chat.ActionRunning,
		}, nil
	}

	a := w.do(t, cancelRequest)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, chat.BulkCanceled, w.store.bulkState)
	assert.Equal(t, "The customer called.", w.store.bulkNote)
}

func TestAChatWithOpenActionsIsNotDeleted(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.store.openActions = []chat.OpenAction{
		{ID: actionOne, Kind: chat.ActionSendAssistantMessage, Status: "pending"},
		{ID: "01934f6e-7f5b-7e22-9b3d-3f4a5b6c7d8f", Kind: chat.ActionRetryDelivery, Status: "unknown"},
	}

	remove := request{method: http.MethodDelete, path: workspaceURL("/chats/7")}
	a := w.do(t, remove)
	requireProblem(t, a, http.StatusConflict, "open_actions", "action:"+string(actionOne))
	assert.Len(t, fieldsOf(a), 2)
	assert.Empty(t, w.store.changed())

	remove.path += "?cancel=true"
	a = w.do(t, remove)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, map[string]any{
		"canceled": []any{map[string]any{
			"action_id": string(actionOne),
			"kind":      "send_assistant_message",
			"status":    "pending",
		}},
		"may_have_left": []any{map[string]any{
			"action_id": "01934f6e-7f5b-7e22-9b3d-3f4a5b6c7d8f",
			"kind":      "retry_delivery",
			"status":    "unknown",
		}},
	}, a.json)
}

// fakeRenderer renders nothing.
type fakeRenderer struct{}

func (fakeRenderer) Render(_ chat.Channel, _ *chat.SendFacts, message string, _ chat.MessageID) (chat.Payload, error) {
	return chat.Payload{Text: message, Segments: 1}, nil
}

func TestChangeASend(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.sendOf(chat.ActionParked, waitingDelivery(chat.SubmissionPending))

	change := request{
		method: http.MethodPatch,
		path:   location,
		body:   `{"message":"Six are booked.","to":"+14155550177","reason":" They are six. "}`,
	}

	a := w.do(t, change)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	require.Len(t, w.store.changedSends, 1)
	assert.Equal(t, chat.Change{Body: "Six are booked.", To: "+14155550177"}, w.store.changedSends[0].Change)
	assert.Equal(t, "They are six.", w.store.changedSends[0].Reason)

	change.body = `{"reason":"nothing"}`
	requireProblem(t, w.do(t, change), http.StatusBadRequest, "invalid_request", "message")

	change.body = `{"to":"nobody","reason":"x"}`
	requireProblem(t, w.do(t, change), http.StatusBadRequest, "invalid_request", "to")

	w.sendOf(chat.ActionRunning, waitingDelivery(chat.SubmissionSending))

	change.body = `{"message":"Six are booked.","reason":"They are six."}`
	requireProblem(t, w.do(t, change), http.StatusConflict, "already_sending", "")
}
