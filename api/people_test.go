package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestApprovals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	told := w.notified()
	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/approvals?state=waiting,void")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, []chat.ApprovalState{chat.ApprovalWaiting, chat.ApprovalVoid}, w.store.approvalStates)

	shown := a.json["items"].([]any)[0].(map[string]any)
	assert.Equal(
		t,
		[]any{string(actionOne), "waiting", []any{"call_1"}, 3.0},
		[]any{shown["action_id"], shown["state"], shown["tool_call_ids"], shown["requested_by"]},
	)

	assert.Equal(
		t,
		[]any{"Mona Manager", "I have refunded you 50 euros.", "2026-11-23T12:00:00Z"},
		[]any{shown["requester_name"], shown["message"], shown["deadline"]},
	)

	call := shown["request"].(map[string]any)["calls"].([]any)[0].(map[string]any)
	assert.Equal(t, map[string]any{"amount": 50.0}, call["arguments"])
	assert.Equal(
		t,
		[]any{"refund", 2.0},
		[]any{call["tool"].(map[string]any)["name"], call["tool"].(map[string]any)["version"]},
	)

	decide := request{method: http.MethodPost, path: workspaceURL("/actions/" + string(actionOne) + "/approvals")}
	for _, wrong := range []struct{ body, field string }{
		{`{"decision":"approve"}`, "reason"},
		{`{"decision":"approve","reason":" "}`, "reason"},
		{`{"decision":"maybe","reason":"x"}`, "decision"},
		{`{"decision":"refuse","reason":"` + strings.Repeat("ü", 501) + `"}`, "reason"},
	} {
		decide.body = wrong.body
		requireProblem(t, w.do(t, decide), http.StatusBadRequest, "invalid_request", wrong.field)
	}

	w.requireUntouched(t)

	decide.body = `{"decision":"refuse","reason":" too much "}`
	a = w.do(t, decide)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, []any{false, "too much", "refused"}, []any{w.store.approve, w.store.reason, a.json["state"]})
	assert.Equal(t, "action:one ", <-told, "the workflow hears of it at once")

	decide.body = `{"decision":"approve","reason":"fine"}`
	require.Equal(t, http.StatusOK, w.do(t, decide).StatusCode)
	assert.True(t, w.store.approve)

	for code, status := range map[chat.Code]int{chat.CodeOwnRequest: 403, chat.CodeDecided: 409, chat.CodeApprovalNotFound: 404} {
		w.store.fail = chat.Errorf(code, "not so")
		requireProblem(t, w.do(t, decide), status, string(code), "")
	}
}

// TestADecisionOfWhichNothingWouldComeIsRefused: the workflow of its send was ended in Temporal.
func TestADecisionOfWhichNothingWouldComeIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	for _, path := range []string{"/actions/" + string(actionOne) + "/approvals", "/approvals/" + string(actionOne)} {
		decide := request{
			method: http.MethodPost,
			path:   workspaceURL(path),
			body:   `{"decision":"approve","reason":"fine"}`,
		}

		var asked string

		w.engine.open = func(workflowID string) (bool, error) {
			asked = workflowID
			return false, nil
		}

		a := w.do(t, decide)
		requireProblem(t, a, http.StatusConflict, "action_gone", "")
		assert.Equal(t, string(actionOne), a.json["action_id"])
		assert.Equal(t, chat.ActionWorkflowID(home, actionOne), asked)
		w.requireUntouched(t)
	}

	// What Temporal does not say holds up no decision: the workflow finds it.
	w.engine.open = func(string) (bool, error) { return false, errors.New("temporal is gone") }
	a := w.do(t, request{
		method: http.MethodPost,
		path:   workspaceURL("/approvals/" + string(actionOne)),
		body:   `{"decision":"approve","reason":"fine"}`,
	})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
}

func TestResolvingToolCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	told := w.notified()

	resolve := func(body string) answer {
		return w.do(
			t,
			request{
				method: http.MethodPost,
				path:   workspaceURL("/actions/" + string(actionOne) + "/tool-calls/undo_call_1/resolve"),
				body:   body,
			},
		)
	}

	for _, wrong := range []struct{ body, field string }{
		{`{"outcome":"succeeded"}`, "reason"},
		{`{"outcome":"unknown","reason":"x"}`, "outcome"},
		{`{"outcome":"retry","result":{},"reason":"x"}`, "result"},
		{`{"outcome":"succeeded","result":"` + strings.Repeat("x", 256<<10) + `","reason":"x"}`, "result"},
	} {
		requireProblem(t, resolve(wrong.body), http.StatusBadRequest, "invalid_request", wrong.field)
	}

	w.requireUntouched(t)

	a := resolve(`{"outcome":"succeeded","result":{"id":9},"reason":" in their book "}`)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	d := w.store.resolution
	assert.Equal(t, []any{chat.VerdictToolSucceeded, `{"id":9}`, "in their book", chat.MemberID(1), "undo_call_1"},
		[]any{d.Verdict, string(d.Result), d.Reason, d.By, w.store.callID})

	assert.Equal(t, "succeeded", a.json["decision"].(map[string]any)["outcome"])
	assert.Equal(t, "action:one ", <-told)
	require.Equal(t, http.StatusOK, resolve(`{"outcome":"succeeded","reason":"seen"}`).StatusCode)
	assert.Equal(t, `{}`, string(w.store.resolution.Result))
	require.Equal(t, http.StatusOK, resolve(`{"outcome":"failed","reason":"not there"}`).StatusCode)
	assert.Nil(t, w.store.resolution.Result)
	w.store.fail = chat.Errorf(chat.CodeConflict, "it has succeeded")

	requireProblem(t, resolve(`{"outcome":"retry","reason":"x"}`), http.StatusConflict, "conflict", "")
}

func TestContributorRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	told := w.notified()
	path := workspaceURL("/contributor-requests/" + string(requestOne))
	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/contributor-requests?state=open&chat_id=7")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	assert.Equal(
		t,
		chat.ContributorFilter{
			States: []chat.ContributorRequestState{chat.RequestOpen},
			ChatID: 7,
			Page:   chat.Page{Limit: 10},
		},
		w.store.askedFilter,
	)

	a = w.do(t, request{method: http.MethodGet, path: path})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, "Priya Raman", a.json["asks"].([]any)[0].(map[string]any)["member_name"])

	a = w.do(t, request{method: http.MethodPost, path: path + "/answer", body: `{"memberId":42,"answer":true}`})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	given := w.store.given
	assert.Equal(t, []any{chat.MemberID(42), "true", "true"}, []any{given.MemberID, string(given.Answer), given.Text})
	assert.NotEmpty(t, given.MessageID)
	assert.Equal(t, "answered", a.json["state"])
	assert.Equal(t, chat.ContributorWorkflowID(home, requestOne)+" ", <-told)

	later := openRequest().Deadline.Add(time.Hour)
	extension := fmt.Sprintf(`{"deadline":%q,"reason":" she travels "}`, later.Format(time.RFC3339Nano))
	a = w.do(t, request{method: http.MethodPost, path: path + "/extend", body: extension})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, []any{"open", later.UTC().Format(time.RFC3339Nano)}, []any{a.json["state"], a.json["deadline"]})
	assert.Equal(t, "she travels", w.store.extension.Reason)
	assert.Equal(t, chat.ContributorWorkflowID(home, requestOne)+" ", <-told)

	a = w.do(t, request{method: http.MethodPost, path: path + "/cancel", body: `{"reason":"not needed"}`})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, []any{chat.RequestCanceled, "not needed"}, []any{w.store.ended, w.store.note})
	assert.Equal(t, chat.ContributorWorkflowID(home, requestOne)+" ", <-told)
}

func TestAnswersThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	answer := func(body string) answer {
		return w.do(
			t,
			request{
				method: http.MethodPost,
				path:   workspaceURL("/contributor-requests/" + string(requestOne) + "/answer"),
				body:   body,
			},
		)
	}

	requireProblem(t, answer(`{"member_id":42,"answer":"maybe"}`), http.StatusBadRequest, "invalid_answer", "answer")
	requireProblem(t, answer(`{"member_id":42}`), http.StatusBadRequest, "invalid_request", "answer")
	requireProblem(t, answer(`{"answer":true}`), http.StatusBadRequest, "invalid_request", "member_id")

	w.store.asked = func(chat.ContributorRequestID) (chat.ContributorRequest, error) {
		r := openRequest()
		r.Expects = nil

		return r, nil
	}

	for _, wrong := range []string{`true`, `null`, `""`, `"  "`, `"` + strings.Repeat("ü", 1601) + `"`, `{"a":1}`} {
		requireProblem(
			t,
			answer(`{"member_id":42,"answer":`+wrong+`}`),
			http.StatusBadRequest,
			"invalid_answer",
			"answer",
		)
	}

	w.requireUntouched(t)
	require.Equal(t, http.StatusOK, answer(`{"member_id":42,"answer":"the red one"}`).StatusCode)
	assert.Equal(t, "the red one", w.store.given.Text)

	for code, status := range map[chat.Code]int{chat.CodeDecided: 409, chat.CodeMemberNotFound: 404} {
		w.store.fail = chat.Errorf(code, "not so")
		requireProblem(t, answer(`{"member_id":42,"answer":"x"}`), status, string(code), "")
	}
}

func TestContributorRequestsAreForWhoWasAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := workspaceURL("/contributor-requests/" + string(requestOne))
	get, give := request{
		method: http.MethodGet,
		path:   path,
		key:    userKey,
	}, request{
		method: http.MethodPost,
		path:   path + "/answer",
		key:    userKey,
	}

	require.Equal(t, http.StatusOK, w.do(t, get).StatusCode, "any key of who was asked will do")

	give.body = `{"answer":true,"member_id":9}`
	requireProblem(t, w.do(t, give), http.StatusForbidden, "forbidden", "")
	give.body = `{"answer":true}`
	require.Equal(t, http.StatusOK, w.do(t, give).StatusCode)
	assert.Equal(t, chat.MemberID(42), w.store.given.MemberID)

	w.store.asked = func(chat.ContributorRequestID) (chat.ContributorRequest, error) {
		return chat.ContributorRequest{}, chat.Errorf(chat.CodeRequestNotFound, "there is no such contributor request")
	}

	for _, key := range []string{userKey, noScopeKey} {
		get.key = key
		requireProblem(t, w.do(t, get), http.StatusForbidden, "forbidden", "")
	}

	get.key = managerKey
	requireProblem(t, w.do(t, get), http.StatusNotFound, "contributor_request_not_found", "")
}

func TestWhatIsOverIsNotCanceled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.end = func() (chat.ContributorRequest, error) {
		r := openRequest()
		r.State = chat.RequestAnswered

		return r, nil
	}

	a := w.do(
		t,
		request{
			method: http.MethodPost,
			path:   workspaceURL("/contributor-requests/" + string(requestOne) + "/cancel"),
			body:   `{"reason":"late"}`,
		},
	)

	requireProblem(t, a, http.StatusConflict, "already_decided", "")
}

func TestAnswersOfContributorsAreNotified(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	told := w.notified()

	w.store.receive = func(context.Context, chat.Inbound) (chat.Arrival, error) {
		return chat.Arrival{Known: true, Awaited: "contributors:one"}, nil
	}

	require.Equal(t, http.StatusOK, w.do(t, signedCall(twilioInbound, "Yes")).StatusCode)
	assert.Equal(t, "contributors:one ", <-told)
}

// parkedSend makes the one action a send that waits, with these calls.
func (w *world) parkedSend(state chat.ActionState, approval *chat.Approval, calls ...chat.ToolCall) {
	w.store.action = func(chat.ActionID) (chat.Action, error) {
		a := chat.Action{
			ID:          actionOne,
			WorkspaceID: home,
			Kind:        chat.ActionSendAssistantMessage,
			ChatID:      chatOne,
			State:       state,
			CreatedAt:   noon,
			UpdatedAt:   noon,
		}

		if state == chat.ActionFailed {
			a.Problem = chat.Errorf(chat.CodeDeliveryFailed, "refused")
		}

		return a, nil
	}

	w.store.sent = func(chat.ActionID) (chat.AssistantMessageSent, error) {
		s := acceptedSend()
		s.ToolCalls, s.Approval = calls, approval

		return s, nil
	}

	w.store.delivery = func(chat.DeliveryID) (chat.Delivery, error) {
		d := unknownDelivery()
		d.Submission = chat.SubmissionPending
		d.ErrorCode = ""
		d.Attempts = nil
		d.Events = nil
		d.UnknownSince = nil

		return d, nil
	}

	w.store.approval = func(chat.ApprovalID) (chat.Approval, error) {
		return chat.Approval{}, chat.Errorf(chat.CodeApprovalNotFound, "there is none")
	}
}

func TestWhatASendWaitsFor(t *testing.T) {
	t.Parallel()

	call := func(state chat.ToolCallState, change ...func(*chat.ToolCall)) chat.ToolCall {
		c := chat.ToolCall{
			ID:        "call_1",
			Name:      "refund",
			Arguments: []byte(`{}`),
			State:     state,
			Kind:      chat.ToolHTTP,
			Risk:      chat.RiskApproval,
		}

		for _, f := range change {
			f(&c)
		}

		return c
	}

	waiting := waitingApproval()
	approved := waiting
	approved.State = chat.ApprovalApproved
	approved.DecidedBy = 5
	approved.DecidedAt = new(noon.Add(time.Hour))
	approved.Reason = "fine"

	unknown := call(chat.ToolCallUnknown, func(c *chat.ToolCall) {
		c.Error = "no answer in time"
		c.ErrorCode = "timeout"
		c.Attempts = 1
	})

	asks := call(chat.ToolCallWaiting, func(c *chat.ToolCall) { c.Request = requestOne })
	for name, test := range map[string]struct {
		state    chat.ActionState
		approval *chat.Approval
		calls    []chat.ToolCall
		status   string
		says     string
	}{
		"approval": {
			chat.ActionParked, &waiting,
			[]chat.ToolCall{call(chat.ToolCallPending)},
			"waiting_for_approval",
			"Waits for approval of call_1 (refund) by a member with chats:admin other than member 3, until " +
				"2026-11-23T12:00:00Z.",
		},
		"unknown": {
			chat.ActionParked, &approved,
			[]chat.ToolCall{asks, unknown},
			"tool_call_unknown",
			"Tool call call_1 (refund) may have had its effect (no answer in time); it is not run again by itself. " +
				"A person must decide: resolve it as succeeded, failed or retry.",
		},
		"contributors": {
			chat.ActionParked, nil,
			[]chat.ToolCall{asks},
			"waiting_for_contributor",
			"Waits for an answer of Priya Raman to contributor request " + string(requestOne) + ", until 2026-11-23T12:00:00Z.",
		},
		"tried again": {
			chat.ActionRunning, nil,
			[]chat.ToolCall{call(chat.ToolCallPending, func(c *chat.ToolCall) { c.Attempts, c.Error = 2, "no connection." })},
			"pending",
			"Tool call call_1 (refund) is tried again after attempt 2: no connection.",
		},
		"undo not known": {chat.ActionFailed, nil, []chat.ToolCall{call(chat.ToolCallSucceeded, func(c *chat.ToolCall) {
			c.Undo = &chat.ToolCall{ID: "undo_call_1", Name: "unrefund", State: chat.ToolCallUnknown}
		})}, "pending", "Tool call undo_call_1 (unrefund) may have had its effect; it is not run again by itself. " +
			"A person must decide: resolve it as succeeded, failed or retry."},
		"delivery": {chat.ActionRunning, nil, []chat.ToolCall{call(chat.ToolCallSucceeded)}, "pending", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.parkedSend(test.state, test.approval, test.calls...)
			a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/actions/" + string(actionOne))})
			require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
			assert.Equal(t, test.status, a.json["status"])

			if test.says == "" {
				assert.NotContains(t, a.json["explanation"], "Tool call")
			} else {
				assert.Equal(t, test.says, a.json["explanation"])
			}

			assert.Equal(t, test.approval != nil, a.json["approval"] != nil)
		})
	}
}

func TestTimelineOfToolsAndPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := func(minutes int) *time.Time { return new(noon.Add(time.Duration(minutes) * time.Minute)) }
	approval := waitingApproval()
	approval.State = chat.ApprovalApproved
	approval.DecidedBy = 5
	approval.DecidedAt = at(1)
	approval.Reason = "fine"
	w.parkedSend(chat.ActionParked, &approval,
		chat.ToolCall{
			ID:         "call_1",
			Name:       "refund",
			Arguments:  []byte(`{}`),
			State:      chat.ToolCallSucceeded,
			Attempts:   2,
			StartedAt:  at(2),
			FinishedAt: at(3),
			Undo: &chat.ToolCall{
				ID:         "undo_call_1",
				Name:       "unrefund",
				State:      chat.ToolCallFailed,
				StartedAt:  at(6),
				FinishedAt: at(7),
				ErrorCode:  "http_404",
				Error:      "gone",
			},
			UndoTool: "unrefund",
		},
		chat.ToolCall{
			ID:        "call_2",
			Name:      "contributor_input_request",
			Arguments: []byte(`{}`),
			State:     chat.ToolCallSucceeded,
			Request:   requestOne,
			StartedAt: at(4),
		},
	)

	w.store.asked = func(chat.ContributorRequestID) (chat.ContributorRequest, error) {
		r := openRequest()
		r.CreatedAt = *at(4)
		r.Questions[0].State = chat.QuestionAnswered
		r.Questions[0].Answer = []byte(`true`)
		r.Questions[0].AnsweredAt = at(5)
		r.Settle(*at(5))

		return r, nil
	}

	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/actions/" + string(actionOne))})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	var told []string
	for _, m := range a.json["timeline"].([]any) {
		told = append(told, m.(map[string]any)["what"].(string))
	}

	assert.Equal(t, []string{
		"Asked for.", "Approval of call_1 (refund) was asked for, until 2026-11-23T12:00:00Z.", "Member 5 approved it: fine",
		"Tool call call_1 (refund) began.", "Tool call call_1 (refund): succeeded after 2 attempts.",
		"Contributor request " + string(
			requestOne,
		) + " was opened for Priya Raman, until 2026-11-23T12:00:00Z.", "Priya Raman answered.",
		"Contributor request " + string(
			requestOne,
		) + ": answered.", "Undo undo_call_1 (unrefund) began.", "Undo undo_call_1 (unrefund): failed, http_404.",
	}, told)

	shown := a.json["message"].(map[string]any)["tool_calls"].([]any)
	first := shown[0].(map[string]any)
	assert.Equal(t, []any{2.0, 60000.0, map[string]any{
		"id":     "undo_call_1",
		"tool":   "unrefund",
		"status": "failed",
		"error":  "gone",
	}},
		[]any{first["attempts"], first["duration_ms"], first["undo"]})

	assert.Equal(t, string(requestOne), shown[1].(map[string]any)["contributor_request_id"])
}

// A 202 says what the send waits for.
func TestASendThatWaitsIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	approval := waitingApproval()
	w.engine.send = func(context.Context, chat.SendAssistantMessage) (chat.Answer[chat.AssistantMessageSent], error) {
		s := acceptedSend()
		s.Submission = chat.SubmissionPending
		s.Status = "pending"
		s.Approval = &approval

		return chat.Answer[chat.AssistantMessageSent]{Value: s}, nil
	}

	w.parkedSend(chat.ActionParked, &approval, chat.ToolCall{
		ID:        "call_1",
		Name:      "refund",
		Arguments: []byte(`{}`),
		State:     chat.ToolCallPending,
		Risk:      chat.RiskApproval,
	})

	a := w.do(t, sendRequest)
	require.Equal(t, http.StatusAccepted, a.StatusCode, a.raw)

	assert.Equal(
		t,
		[]any{"parked", "waiting_for_approval", "waiting"},
		[]any{a.json["state"], a.json["status"], a.json["approval"].(map[string]any)["state"]},
	)

	assert.Contains(t, a.json["explanation"], "approval of call_1 (refund)")
}
