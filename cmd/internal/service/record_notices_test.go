package service_test

import (
	"net/http"

	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// noticeScenarios are the paths of the workflow that tells people of events.
var noticeScenarios = map[string]func(w *env) (workflowID string){
	// One notice, and then no rule is in force any more.
	"notices-told": func(w *env) string {
		w.giveBossAddress()

		rule := w.ruleFor(map[string]any{"types": []string{"chat.escalated"}, "quiet_seconds": 0})

		call := newToolCall("talk_to_human", map[string]any{"reason": "wants a call"})
		sent := w.call("POST", sendPath(w.people.sms.ID), sendBody("A colleague will call you.", call))
		require.Equal(w, http.StatusOK, sent.status, sent.raw)

		w.eventually(func() bool {
			items := w.call("GET", "/notices", nil).at("items").([]any)
			return len(items) == 1 && items[0].(map[string]any)["status"] == "delivered"
		})
		require.Equal(w, http.StatusNoContent, w.call("DELETE", rule, nil).status)

		id := chat.NoticeWorkflowID(chat.NoticeStep{WorkspaceID: w.ws})
		w.awaitClosed(id)

		return id
	},
}
