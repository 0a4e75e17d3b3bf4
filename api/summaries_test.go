package api_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestSummarizeSaysWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(
		t,
		request{method: http.MethodPost, path: workspaceURL("/chats/7/summarize?update_labels=true&full=true&overwrite=true")},
	)

	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	asked := w.engine.all()[0].(chat.SummarizeChat)
	assert.Equal(
		t,
		[]bool{true, true, true, false},
		[]bool{asked.UpdateLabels, asked.Full, asked.Overwrite, asked.Automatic},
	)

	assert.NotEmpty(t, asked.Fingerprint["full"], "another request under the same key is told from it")

	requireProblem(
		t,
		w.do(t, request{method: http.MethodPost, path: workspaceURL("/chats/7/summarize?full=maybe")}),
		http.StatusBadRequest,
		"invalid_request",
		"query.full",
	)

	for code, status := range map[chat.Code]int{chat.CodeSummaryEdited: 409, chat.CodeTokenBudget: 400} {
		w.engine.summarize = func(context.Context, chat.SummarizeChat) (chat.Answer[chat.ChatSummarized], error) {
			return chat.Answer[chat.ChatSummarized]{}, chat.Errorf(code, "not so")
		}

		requireProblem(
			t,
			w.do(t, request{method: http.MethodPost, path: workspaceURL("/chats/7/summarize")}),
			status,
			string(code),
			"",
		)
	}
}

func TestAChatShowsWhereItsSummaryComesFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.chat = func(id chat.ChatID) (chat.Chat, error) {
		return chat.Chat{
			ID:            id,
			WorkspaceID:   home,
			SummaryID:     versionOne,
			SummaryEdited: true,
			StaleBy:       4,
			Points: chat.Points{
				NextSteps: []chat.Point{{Text: "Call back.", Messages: []chat.MessageID{messageOne}}},
			},
			Labels: []chat.ChatLabel{
				{Label: chat.Label{ID: 3, Name: "vip"}, Source: chat.LabelByModel, Confidence: 0.8},
			},
			Suggested: []chat.SuggestedLabel{
				{
					Label:      chat.Label{ID: 5, Name: "late"},
					Confidence: 0.4,
					Evidence:   []chat.Quote{{Message: messageOne, Text: "I wait"}},
				},
			},
		}, nil
	}

	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats/7")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	assert.Equal(
		t,
		[]any{string(versionOne), true, false, 4.0, []any{}},
		[]any{
			a.json["summary_id"],
			a.json["summary_edited"],
			a.json["title_edited"],
			a.json["stale_by"],
			a.json["key_points"],
		},
	)

	assert.Equal(
		t,
		[]any{map[string]any{"text": "Call back.", "messages": []any{string(messageOne)}}},
		a.json["next_steps"],
	)

	assert.Equal(
		t,
		[]any{map[string]any{"id": 3.0, "name": "vip", "color": "", "source": "model", "confidence": 0.8}},
		a.json["labels"],
	)

	suggested := a.json["suggested_labels"].([]any)[0].(map[string]any)
	assert.Equal(t, []any{map[string]any{"message": string(messageOne), "text": "I wait"}}, suggested["evidence"])
}

func TestSummaryVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := workspaceURL("/chats/7/summaries")
	one := list + "/" + string(versionOne)
	a := w.do(t, request{method: http.MethodGet, path: list})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, "older", a.json["next_cursor"])
	a = w.do(t, request{method: http.MethodGet, path: one})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	assert.Equal(
		t,
		map[string]any{"requests": 1.0, "input_tokens": 100.0, "output_tokens": 20.0, "duration_ms": 1500.0},
		a.json["usage"],
	)

	assert.Equal(t, "set", a.json["labels"].([]any)[0].(map[string]any)["outcome"])

	assert.Equal(
		t,
		[]any{1040.0, 7.0, 1.0, true},
		[]any{a.json["watermark"], a.json["covered"], a.json["requested_by"], a.json["current"]},
	)

	a = w.do(t, request{method: http.MethodPost, path: one + "/restore"})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, []any{versionOne, true}, []any{w.store.restored, a.json["summary_edited"]})
	a = w.do(t, request{method: http.MethodPost, path: one + "/undo-labels"})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, versionOne, w.store.undone)

	requireProblem(
		t,
		w.do(t, request{method: http.MethodGet, path: list + "/7"}),
		http.StatusBadRequest,
		"invalid_request",
		"path.summary_id",
	)

	w.store.onVersion = chat.Errorf(chat.CodeSummaryNotFound, "there is no such summary")
	requireProblem(t, w.do(t, request{method: http.MethodGet, path: one}), http.StatusNotFound, "summary_not_found", "")
	w.store.fail = chat.Errorf(chat.CodeConflict, "this run has not chosen labels")
	requireProblem(
		t,
		w.do(t, request{method: http.MethodPost, path: one + "/undo-labels"}),
		http.StatusConflict,
		"conflict",
		"",
	)
}

func TestSummarySettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.settings = chat.SummarySettings{Language: "de", LabelThreshold: 0.7, QuietAfter: time.Hour}
	put := func(body string) answer {
		return w.do(t, request{method: http.MethodPatch, path: workspaceURL("/summary-settings"), body: body})
	}

	a := put(`{"model":"openai/gpt-4.1-mini","token_budget":1000,"every_messages":20,"automatic_labels":true}`)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	assert.Equal(t, chat.SummarySettings{
		Model:           "openai/gpt-4.1-mini",
		Language:        "de",
		TokenBudget:     1000,
		LabelThreshold:  0.7,
		QuietAfter:      time.Hour,
		EveryMessages:   20,
		AutomaticLabels: true,
	}, w.store.settings, "what is left out stays")

	a = w.do(t, request{method: http.MethodGet, path: workspaceURL("/summary-settings")})
	assert.Equal(t, []any{3600.0, "de"}, []any{a.json["quiet_seconds"], a.json["language"]})

	for body, field := range map[string]string{
		`{"model":"gpt"}`:              "model",
		`{"model":"anthropic/claude"}`: "model",
		`{"quiet_seconds":5}`:          "quiet_seconds",
		`{"language":"be nice"}`:       "language",
		`{"token_budget":-1}`:          "token_budget",
		`{"label_threshold":2}`:        "label_threshold",
		`{"every_messages":2000}`:      "every_messages",
		`{"mood":1}`:                   "mood",
	} {
		requireProblem(t, put(body), http.StatusBadRequest, "invalid_request", field)
	}
}

func TestMessagesWakeTheAutomaticSummary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	changed := make(chan chat.ChatID, 10)
	w.engine.changed = func(id chat.ChatID) { changed <- id }
	say := func() {
		a := w.do(t, request{method: http.MethodPost, path: workspaceURL("/chats/7/messages"), body: `{"content":"Hello?"}`})
		require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
	}

	a := w.do(t, request{method: http.MethodPatch, path: workspaceURL("/summary-settings"), body: `{"every_messages":5}`})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	say()
	assert.Equal(t, chat.ChatID(7), <-changed)
	say()
	<-changed

	a = w.do(
		t,
		request{
			method: http.MethodPost,
			path:   workspaceURL("/chats/7/send-assistant-message"),
			body:   `{"message":"On its way."}`,
		},
	)

	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	<-changed
	require.Equal(t, http.StatusOK, w.do(t, signedCall(twilioInbound, "one")).StatusCode)
	assert.Equal(t, chatOne, <-changed, "a message that came in")
	w.store.mutex.Lock()
	assert.Equal(t, 2, w.store.settingsRead, "once for the change, once for all messages")
	w.store.mutex.Unlock()
}

// TestAPlaceInAChatOverwritesNoSummary is from H8: a contributor has a summary by a model replace a manager's,
// writes one, or puts an older one back.
func TestAPlaceInAChatOverwritesNoSummary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	for _, r := range []request{
		{method: http.MethodPost, path: workspaceURL("/chats/7/summarize?overwrite=true")},
		{method: http.MethodPatch, path: workspaceURL("/chats/7"), body: `{"summary":"mine"}`},
		{method: http.MethodPatch, path: workspaceURL("/chats/7"), body: `{"title":"mine"}`},
		{method: http.MethodPost, path: workspaceURL("/chats/7/summaries/" + string(versionOne) + "/restore")},
		{method: http.MethodPost, path: workspaceURL("/chats/7/summaries/" + string(versionOne) + "/undo-labels")},
	} {
		r.key = userKey
		requireProblem(t, w.do(t, r), http.StatusForbidden, "forbidden", "")
	}

	w.requireUntouched(t)

	a := w.do(t, request{method: http.MethodPost, path: workspaceURL("/chats/7/summarize"), key: userKey})
	assert.Equal(t, http.StatusOK, a.StatusCode, a.raw)
}
