package service_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/sandbox"
)

// toolScenarios are the paths of the workflows with tools outside, approvals and questions.
var toolScenarios = map[string]func(w *env) (workflowID string){
	"tool-outside": func(w *env) string {
		w.deskTools()
		return w.sent(sendBody("Booked.", newToolCall("book", map[string]any{"what": "a"})), http.StatusOK)
	},
	"tool-failed-undone": func(w *env) string {
		w.deskTools()

		return w.sent(
			sendBody(
				"Booked.",
				newToolCall("book", map[string]any{"what": "a"}),
				newToolCall("refuse", map[string]any{"what": "b"}),
			),
			http.StatusInternalServerError,
		)
	},
	"tool-undelivered-undone": func(w *env) string {
		w.deskTools()
		w.setFaults(sandbox.Fault{Kind: sandbox.FaultRefuse})

		return w.sent(
			sendBody("Booked.", newToolCall("book", map[string]any{"what": "a"})),
			http.StatusInternalServerError,
		)
	},
	"tool-unknown-resolved":  toolUnknown,
	"tool-approved":          func(w *env) string { return w.approved("approve") },
	"tool-approval-refused":  func(w *env) string { return w.approved("refuse") },
	"send-asked":             func(w *env) string { return w.askedAndAnswered("") },
	"contributors-answered":  func(w *env) string { return w.askedAndAnswered("contributors:") },
	"contributors-question":  func(w *env) string { return w.askedAndAnswered("action:") },
	"send-not-asked-through": contributorStops,
}

// deskOf is a tool server for the scenarios that need one: it fails where its path says so.
func deskOf(t *testing.T, scenario string) option {
	t.Helper()

	if !strings.HasPrefix(scenario, "tool-") {
		return func(*config.Config) {}
	}

	d := newDesk(t)
	d.answers(func(call deskCall, w http.ResponseWriter) {
		switch call.path {
		case "/lose":
			w.WriteHeader(http.StatusBadGateway)
		case "/refuse":
			w.WriteHeader(http.StatusConflict)
		default:
			_, _ = w.Write([]byte(`{"booking_id":"b-1"}`))
		}
	})

	return allowHost(d.Server)
}

// deskTools defines the tools of the scenario's desk.
func (w *env) deskTools() {
	w.Helper()
	d := &desk{Server: &httptest.Server{URL: "http://" + strings.TrimSpace(w.config.ToolHosts)}}
	undo := map[string]any{"undo": map[string]any{"tool": "cancel"}}

	w.defineTool(httpTool(d, "cancel", map[string]any{"idempotent": true}))
	w.defineTool(httpTool(d, "book", undo))
	w.defineTool(httpTool(d, "lose"))
	w.defineTool(httpTool(d, "refuse"))
	w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"}))
}

func toolUnknown(w *env) string {
	w.deskTools()
	r := w.call(
		"POST",
		sendPath(w.people.sms.ID),
		sendBody("Booked.", newToolCall("lose", map[string]any{"what": "a"})),
	)
	require.Equal(w, http.StatusAccepted, r.status, r.raw)
	action := r.at("action_id").(string)
	r = w.call(
		"POST",
		"/actions/"+action+"/tool-calls/call_1/resolve",
		map[string]any{"outcome": "succeeded", "reason": "seen"},
	)

	require.Equal(w, http.StatusOK, r.status, r.raw)
	w.awaitSettled(action)

	return chat.ActionWorkflowID(w.ws, chat.ActionID(action))
}

func (w *env) approved(decision string) string {
	w.Helper()
	w.deskTools()
	r := w.call(
		"POST",
		sendPath(w.people.sms.ID),
		sendBody("Refunded.", newToolCall("refund", map[string]any{"what": "50"})),
	)
	require.Equal(w, http.StatusAccepted, r.status, r.raw)
	action := r.at("action_id").(string)
	r = w.call(
		"POST",
		"/actions/"+action+"/approvals",
		map[string]any{"decision": decision, "reason": "looked"},
		"Authorization",
		"Bearer "+w.secondManager(),
	)

	require.Equal(w, http.StatusOK, r.status, r.raw)
	w.awaitSettled(action)

	return chat.ActionWorkflowID(w.ws, chat.ActionID(action))
}

// askedAndAnswered is the workflow of a send that waits for an answer, or, by the beginning of
// its id, the one that asks or the one that puts the question.
func (w *env) askedAndAnswered(which string) string {
	w.Helper()
	w.contributor("Cem", cook, "")

	r := w.call(
		"POST",
		sendPath(w.people.sms.ID),
		sendBody(
			"Yes.",
			newToolCall("contributor_input_request", map[string]any{"question": "Really?", "expects": yesOrNo}),
		),
	)

	require.Equal(w, http.StatusAccepted, r.status, r.raw)
	action := r.at("action_id").(string)

	w.eventually(func() bool { return len(w.texts(cook)) == 1 })
	w.replies(cook, "yes")
	w.awaitSettled(action)
	request := w.call("GET", "/contributor-requests", nil).at("items", 0, "id").(string)

	switch which {
	case "contributors:":
		id := chat.ContributorWorkflowID(w.ws, chat.ContributorRequestID(request))
		w.awaitClosed(id)

		return id

	case "action:":
		for _, d := range w.call("GET", "/deliveries?limit=10", nil).body["items"].([]any) {
			if asks := d.(map[string]any)["action_id"].(string); asks != action {
				w.awaitSettled(asks)
				return chat.ActionWorkflowID(w.ws, chat.ActionID(asks))
			}
		}
	}

	return chat.ActionWorkflowID(w.ws, chat.ActionID(action))
}

func contributorStops(w *env) string {
	w.contributor("Cem", cook, "")

	r := w.call(
		"POST",
		sendPath(w.people.sms.ID),
		sendBody("Yes.", newToolCall("contributor_input_request", map[string]any{"question": "Really?"})),
	)

	require.Equal(w, http.StatusAccepted, r.status, r.raw)
	w.eventually(func() bool { return len(w.texts(cook)) == 1 })
	w.replies(cook, "STOP")
	w.awaitSettled(r.at("action_id"))

	return chat.ActionWorkflowID(w.ws, chat.ActionID(r.at("action_id").(string)))
}
