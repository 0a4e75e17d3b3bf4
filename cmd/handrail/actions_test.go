package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const endedAction = `{"action_id": "01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e", "kind": "send_assistant_message",
	"state": "failed", "status": "failed", "chat_id": 7, "workflow_id": "action:w:a",
	"timeline": [{"at": "2026-11-22T10:00:00Z", "what": "Asked for."}],
	"next": ["resume"],
	"problem": {"code": "action_ended", "detail": "the action was terminated in Temporal"},
	"created_at": "2026-11-22T10:00:00Z"}`

func TestShowAnAction(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"GET actions/01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e": {okReply(endedAction)},
	})

	status, out, errs := s.do("actions", "show", "01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e")
	require.Equal(t, 0, status, errs)

	for _, want := range []string{
		"send_assistant_message",
		"action_ended: the action was terminated in Temporal",
		"Asked for.",
		"handrail actions resume 01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e --reason",
	} {
		assert.Contains(t, out, want)
	}
}

func TestResumeAnAction(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"POST actions/01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e/resume": {
			{status: http.StatusAccepted, body: `{"action_id": "01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e", "state": "running"}`},
		},
	})

	resume := []string{"actions", "resume", "01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e"}

	status, _, errs := s.do(resume...)
	require.Equal(t, 2, status, "it asks for the reason")
	assert.Contains(t, errs, "--reason")

	status, out, errs := s.do(append(resume, "--reason", "by mistake")...)
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "running")
	assert.Equal(t, "by mistake", s.all()[0].body["reason"])
}

func TestCancelAnAction(t *testing.T) {
	t.Parallel()

	const id = "01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e"

	s := newStub(t, map[string][]reply{
		"GET actions/" + id: {
			okReply(`{"action_id": "` + id + `", "state": "parked", "waiting_for": "attempt", "next": ["cancel"]}`),
		},
		"POST actions/" + id + "/cancel": {
			okReply(`{"action_id": "` + id + `", "state": "failed", "status": "canceled", "next": []}`),
		},
	})

	status, out, errs := s.do("actions", "show", id)
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "handrail actions cancel "+id+" --reason")

	status, _, errs = s.do("actions", "cancel", id)
	require.Equal(t, 2, status, "it asks for the reason")
	assert.Contains(t, errs, "--reason")

	status, out, errs = s.do("actions", "cancel", id, "--reason", "she has called")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "canceled")
	assert.NotContains(t, out, "actions cancel", "it is offered only where it would be accepted")
	assert.Equal(t, "she has called", s.all()[1].body["reason"])
}

func TestToolCallsAreListedAndShown(t *testing.T) {
	t.Parallel()

	const action = `{"action_id":"0193","kind":"send_assistant_message","state":"parked","status":"tool_call_unknown",
		"waiting_for":"tool_decision","next":["resolve_tool_call"],"created_at":"2026-11-22T10:00:00Z","message":{"tool_calls":[
			{"id":"call_0","name":"add_label","status":"succeeded","arguments":{}},
			{"id":"call_1","name":"book\u001b[2J","status":"unknown","risk":"write","attempts":1,"arguments":{"guests":4},
				"where":"POST https://desk.example.com/bookings","idempotency_key":"m1-1",
				"error_code":"timeout","error":"the tool has not answered in time"}]}}`

	const listed = `{"action_id":"0193","chat_id":7,"id":"undo_call_1","undoes":"call_1","name":"book\u001b[2J",
		"status":"unknown","attempts":1,"error":"the tool has not answered in time"}`

	s := newStub(t, map[string][]reply{
		"GET tool-calls":   {aPage("", listed), aPage("")},
		"GET actions/0193": {okReply(action), okReply(action), okReply(action), okReply(action)},
	})

	status, out, errs := s.do("tool-calls", "list")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "undo_call_1")
	assert.Contains(t, out, "the tool has not answered in time")
	assert.NotContains(t, out, "\x1b")
	assert.Equal(t, "limit=20&status=unknown", s.sent("tool-calls").query)
	assert.Len(t, s.all(), 1, "a list is one request, however many actions there are")

	_, out, _ = s.do("tool-calls", "list", "--status", "all", "--chat", "7", "--action", "0193")
	assert.Equal(t, "no tool calls yet\n", out)
	assert.Equal(t, "action_id=0193&chat_id=7&limit=20", s.sent("tool-calls").query)

	status, out, errs = s.do("tool-calls", "show", "0193", "call_1")
	require.Equal(t, 0, status, errs)

	for _, want := range []string{
		`{"guests":4}`, "POST https://desk.example.com/bookings", "m1-1", "timeout the tool has not", "tool-calls resolve 0193 call_1 --outcome",
	} {
		assert.Contains(t, out, want)
	}

	_, out, _ = s.do("actions", "show", "0193")
	assert.Contains(t, out, "  call_1  POST https://desk.example.com/bookings  m1-1\n")
	assert.NotContains(t, out, "  call_0  ", "a built-in tool is called nowhere")

	status, _, errs = s.do("tool-calls", "show", "0193", "call_7")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "it has: call_0, call_1")
}

// TestAnUndoIsResolvedByItsID: an undo whose outcome is unknown is named, so that the command can be given.
func TestAnUndoIsResolvedByItsID(t *testing.T) {
	t.Parallel()

	const action = `{"action_id":"0193","kind":"send_assistant_message","state":"failed","waiting_for":"tool_decision","next":["resolve_tool_call"],
		"created_at":"2026-11-22T10:00:00Z","message":{"tool_calls":[{"id":"call_1","name":"book","status":"succeeded",
			"arguments":{},"undo":{"id":"undo_call_1","tool":"unbook","status":"unknown"}}]}}`

	s := newStub(t, map[string][]reply{"GET actions/0193": {okReply(action), okReply(action)}})

	_, out, _ := s.do("actions", "show", "0193")
	assert.Contains(t, out, "tool-calls resolve 0193 undo_call_1 --outcome succeeded")

	status, out, errs := s.do("tool-calls", "show", "0193", "undo_call_1")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "undo_call_1 unbook unknown")
}
