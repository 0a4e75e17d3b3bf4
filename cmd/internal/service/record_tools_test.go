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
var toolScenarios = map[string]func(w *world) (workflowID string){
	"tool-outside": func(w *world) string {
		w.deskTools()
		return w.sent(says("Booked.", tool("book", map[string]any{"what": "a"})), http.StatusOK)
	},
	"tool-failed-undone": func(w *world) string {
		w.deskTools()

		return w.sent(
			says("Booked.", tool("book", map[string]any{"what": "a"}), tool("refuse", map[string]any{"what": "b"})),
			http.StatusInternalServerError,
		)
	},
	"tool-undelivered-undone": func(w *world) string {
		w.deskTools()
		w.faults(sandbox.Fault{Kind: sandbox.FaultRefuse})

		return w.sent(says("Booked.", tool("book", map[string]any{"what": "a"})), http.StatusInternalServerError)
	},
	"tool-unknown-resolved":  toolUnknown,
	"tool-approved":          func(w *world) string { return w.approved("approve") },
	"tool-approval-refused":  func(w *world) string { return w.approved("refuse") },
	"send-asked":             func(w *world) string { return w.askedAndAnswered("") },
	"contributors-answered":  func(w *world) string { return w.askedAndAnswered("contributors:") },
	"contributors-question":  func(w *world) string { return w.askedAndAnswered("action:") },
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

	return allows(d.Server)
}

// deskTools defines the tools of the scenario's desk.
func (w *world) deskTools() {
	w.Helper()
	d := &desk{Server: &httptest.Server{URL: "http://" + strings.TrimSpace(w.config.ToolHosts)}}
	undo := map[string]any{"undo": map[string]any{"tool": "cancel"}}

	w.defines(httpTool(d, "cancel", map[string]any{"idempotent": true}))
	w.defines(httpTool(d, "book", undo))
	w.defines(httpTool(d, "lose"))
	w.defines(httpTool(d, "refuse"))
	w.defines(httpTool(d, "refund", map[string]any{"risk": "approval"}))
}

func toolUnknown(w *world) string {
	w.deskTools()
	r := w.call("POST", sendPath(w.people.sms.ID), says("Booked.", tool("lose", map[string]any{"what": "a"})))
	require.Equal(w, http.StatusAccepted, r.status, r.raw)
	action := r.at("action_id").(string)
	r = w.call(
		"POST",
		"/actions/"+action+"/tool-calls/call_1/resolve",
		map[string]any{"outcome": "succeeded", "reason": "seen"},
	)

	require.Equal(w, http.StatusOK, r.status, r.raw)
	w.settled(action)

	return chat.ActionWorkflowID(w.ws, chat.ActionID(action))
}

func (w *world) approved(decision string) string {
	w.Helper()
	w.deskTools()
	r := w.call("POST", sendPath(w.people.sms.ID), says("Refunded.", tool("refund", map[string]any{"what": "50"})))
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
	w.settled(action)

	return chat.ActionWorkflowID(w.ws, chat.ActionID(action))
}

// askedAndAnswered is the workflow of a send that waits for an answer, or, by the beginning of
// its id, the one that asks or the one that puts the question.
func (w *world) askedAndAnswered(which string) string {
	w.Helper()
	w.contributor("Cem", cook, "")

	r := w.call(
		"POST",
		sendPath(w.people.sms.ID),
		says("Yes.", tool("contributor_input_request", map[string]any{"question": "Really?", "expects": yesOrNo})),
	)

	require.Equal(w, http.StatusAccepted, r.status, r.raw)
	action := r.at("action_id").(string)

	w.eventually(func() bool { return len(w.texts(cook)) == 1 })
	w.replies(cook, "yes")
	w.settled(action)
	request := w.call("GET", "/contributor-requests", nil).at("items", 0, "id").(string)

	switch which {
	case "contributors:":
		id := chat.ContributorWorkflowID(w.ws, chat.ContributorRequestID(request))
		w.closed(id)

		return id

	case "action:":
		for _, d := range w.call("GET", "/deliveries?limit=10", nil).body["items"].([]any) {
			if asks := d.(map[string]any)["action_id"].(string); asks != action {
				w.settled(asks)
				return chat.ActionWorkflowID(w.ws, chat.ActionID(asks))
			}
		}
	}

	return chat.ActionWorkflowID(w.ws, chat.ActionID(action))
}

func contributorStops(w *world) string {
	w.contributor("Cem", cook, "")

	r := w.call(
		"POST",
		sendPath(w.people.sms.ID),
		says("Yes.", tool("contributor_input_request", map[string]any{"question": "Really?"})),
	)

	require.Equal(w, http.StatusAccepted, r.status, r.raw)
	w.eventually(func() bool { return len(w.texts(cook)) == 1 })
	w.replies(cook, "STOP")
	w.settled(r.at("action_id"))

	return chat.ActionWorkflowID(w.ws, chat.ActionID(r.at("action_id").(string)))
}
