package service_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/engine"
)

// summaryScenarios are the paths of summaries, whose histories are kept.
var summaryScenarios = map[string]func(w *env) (workflowID string){
	"summary-written":    func(w *env) string { return w.summarized(w.people.sms.ID, http.StatusOK) },
	"summary-of-no-chat": func(w *env) string { return w.summarized(w.people.email.ID, http.StatusBadRequest) },
	"summary-model-failed": func(w *env) string {
		return w.summarized(w.people.sms.ID, http.StatusInternalServerError)
	},
	// Too long at first, then read in parts, which are merged.
	"summary-in-parts": func(w *env) string {
		for i := range 200 {
			w.inbound(w.people.sms.ID, fmt.Sprintf("Message %d %s", i, strings.Repeat("word ", 40)))
		}

		return w.summarized(w.people.sms.ID, http.StatusOK)
	},
	"summary-by-itself": summarizedByItself,
	// Refused for its rate once, and read after that.
	"summary-waited": func(w *env) string { return w.summarized(w.people.sms.ID, http.StatusOK) },
}

func (w *env) summarized(id chat.ChatID, status int) string {
	w.Helper()
	r := w.call("POST", fmt.Sprintf("/chats/%d/summarize?update_labels=true", id), nil, "Prefer", "wait=60")
	require.Equal(w, status, r.status, r.raw)

	return fmt.Sprintf("summary:%s:%d", w.ws, id)
}

func summarizedByItself(w *env) string {
	w.Helper()

	_, err := w.store.UpdateSummarySettings(
		w.Context(),
		w.ws,
		chat.Actor{MemberID: w.people.manager.ID},
		chat.SummarySettings{EveryMessages: 1},
	)

	require.NoError(w, err)
	engine := engine.NewClient(w.raw(), w.config.TaskQueue, nil)
	require.NoError(w, engine.ChatChanged(w.Context(), w.ws, w.people.sms.ID))
	id := fmt.Sprintf("autosummary:%s:%d", w.ws, w.people.sms.ID)
	w.awaitClosed(id)
	require.NotEmpty(w, w.chat(w.people.sms.ID).Summary)

	return id
}
