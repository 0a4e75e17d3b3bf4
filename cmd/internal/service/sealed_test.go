package service_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"handrail/chat"
)

// marked stands in all that a person or a tool writes in [TestNoHistoryHoldsText].
const marked = "xqzmarked"

// TestNoHistoryHoldsText has every kind of action succeed and be refused, with texts, names and answers
// that hold a mark, and looks for the mark in the whole history of every workflow.
func TestNoHistoryHoldsText(t *testing.T) {
	t.Parallel()

	d := newDesk(t)
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", withEncryption, allowHost(d.Server))
	w.sayMarkedTexts(d)

	histories := w.allHistories()
	require.GreaterOrEqual(t, len(histories), 7)

	for id, history := range histories {
		assert.NotContains(t, strings.ToLower(history), marked, id)
		assert.NotContains(t, history, base64.StdEncoding.EncodeToString([]byte(marked)), id)
		assert.NotContains(t, history, cook, id)
	}
}

// sayMarkedTexts has every kind of action succeed and be refused, with the mark in all texts and names.
func (w *env) sayMarkedTexts(d *desk) {
	w.Helper()

	d.answers(func(c deskCall, answer http.ResponseWriter) {
		if strings.Contains(c.body, "refuse") {
			http.Error(answer, `{"detail":"`+marked+` is full"}`, http.StatusConflict)
			return
		}

		_, _ = io.WriteString(answer, `{"booking_id":"`+marked+`"}`)
	})
	w.defineTool(httpTool(d, "book"))
	w.addMarkedMember(marked + " Raman")
	w.contributor(marked+" Cem", cook, "")

	send := func(id chat.ChatID, text string, calls ...map[string]any) response {
		return w.call("POST", sendPath(id), sendBody(text, calls...))
	}

	// What succeeds.
	chats := w.people
	require.Equal(w, http.StatusOK, send(chats.email.ID, marked).status)
	booked := send(chats.sms.ID, marked, newToolCall("book", map[string]any{"what": marked}))
	require.Equal(w, http.StatusOK, booked.status, booked.raw)
	require.Equal(w, http.StatusOK, w.summarize("?update_labels=true").status)

	// What is refused, by the rules, by the tool, and by the carrier.
	refusals := []response{
		send(chats.sms.ID, marked, newToolCall("book", map[string]any{"what": "", marked: marked})),
		send(chats.sms.ID, marked, newToolCall(marked, map[string]any{})),
		send(chats.sms.ID, marked, newToolCall("book", map[string]any{"what": "refuse " + marked})),
		send(chats.sms.ID, strings.Repeat(marked+" ", 5000)),
		w.call("POST", fmt.Sprintf("/chats/%d/participants", chats.sms.ID), map[string]any{"member_id": 1 << 40}),
		w.call("POST", "/chats/4711/summarize", nil),
	}
	for _, r := range refusals {
		assert.GreaterOrEqual(w, r.status, http.StatusBadRequest, r.raw)
	}

	asked := send(chats.sms.ID, marked, newToolCall("contributor_input_request", map[string]any{
		"question": marked + "?",
		"expects":  yesOrNo,
	}))
	require.Equal(w, http.StatusAccepted, asked.status, asked.raw)
	w.eventually(func() bool { return len(w.texts(cook)) == 1 })
	w.replies(cook, marked)
	w.eventually(func() bool { return len(w.texts(cook)) == 2 })
	w.replies(cook, "yes")
	w.awaitSettled(asked.at("action_id"))
}

// addMarkedMember adds a person to the SMS chat, and refuses to add the same person again.
func (w *env) addMarkedMember(name string) {
	w.Helper()

	made := w.call("POST", "/members", map[string]any{"name": name})
	require.Equal(w, http.StatusCreated, made.status, made.raw)

	path := fmt.Sprintf("/chats/%d/participants", w.people.sms.ID)
	for _, want := range []int{http.StatusOK, http.StatusBadRequest} {
		added := w.call("POST", path, map[string]any{"member_id": made.at("id")})
		require.Equal(w, want, added.status, added.raw)
	}
}

// allHistories are all workflows of the workspace, by id, each with all that stands in its history.
func (w *env) allHistories() map[string]string {
	w.Helper()

	all := map[string]string{}

	listed, err := w.raw().ListWorkflow(w.Context(), &workflowservice.ListWorkflowExecutionsRequest{
		Query: fmt.Sprintf("HandrailWorkspace = '%s'", w.ws),
	})
	require.NoError(w, err)

	for _, execution := range listed.GetExecutions() {
		id := execution.GetExecution().GetWorkflowId()
		all[id] = historyText(w.recorded(id))
	}

	return all
}
