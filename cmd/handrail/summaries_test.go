package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const stubVersion = "01a204a0-0000-7000-8000-00000000000d"

// aVersion is a version as the API shows it, with fields in place of others.
func aVersion(t *testing.T, with map[string]any) string {
	t.Helper()

	v := map[string]any{
		"id":      stubVersion,
		"kind":    "model",
		"state":   "succeeded",
		"mode":    "incremental",
		"title":   "Late\u001b[2J parcel",
		"summary": "Ana: It is late.\nSupport: It comes.",
		"key_points": []any{
			map[string]any{"text": "It is late.", "messages": []any{"m1", "m2"}},
		},
		"open_questions": []any{},
		"next_steps":     []any{},
		"labels": []any{
			map[string]any{
				"name":       "late",
				"confidence": 0.9,
				"outcome":    "set",
				"evidence":   []any{map[string]any{"text": "where is it"}},
			},
		},
		"model":        "gpt",
		"applied":      true,
		"current":      true,
		"covered":      31,
		"automatic":    true,
		"requested_by": 3,
		"usage":        map[string]any{"requests": 1, "input_tokens": 1740, "output_tokens": 310, "duration_ms": 1900},
		"created_at":   "2026-11-23T10:00:00Z",
	}

	maps.Copy(v, with)
	raw, err := json.Marshal(v)
	require.NoError(t, err)

	return string(raw)
}

const aSummarizedChat = `{"id":7,"title":"Late parcel","summary":"Ana waits.","summary_id":"` + stubVersion + `","stale_by":2,
	"labels":[{"name":"late"},{"name":"vip"}],"suggested_labels":[{"name":"refund"}]}`

func TestSummariesAreListedAndShown(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"GET chats/7/summaries": {
			aPage("", aVersion(t, nil), aVersion(t, map[string]any{"state": "failed", "current": false})),
		},
		"GET chats/8/summaries": {aPage("")},
		"GET chats/7/summaries/" + stubVersion: {okReply(aVersion(t, map[string]any{
			"problem": map[string]any{"code": "summarization_failed", "detail": "the model refuses"},
		}))},
	})

	status, out, errs := s.do("summaries", "list", "7")
	require.Equal(t, 0, status, errs)

	for _, want := range []string{stubVersion, "current", "failed", "incremental", "2050", "Late [2J parcel"} {
		assert.Contains(t, out, want)
	}

	_, out, _ = s.do("summaries", "list", "8")
	assert.Equal(t, "this chat has no summary yet: handrail summaries run 8\n", out)

	status, out, errs = s.do("summaries", "show", "7", stubVersion)
	require.Equal(t, 0, status, errs)

	for _, want := range []string{
		"  Ana: It is late.\n  Support: It comes.", "Key points\n  - It is late.\n    m1, m2", "late: set, sure to 90 %", "“where is it”",
		"1740 tokens in, 310 out, 1.9s", "31 messages", "member 3, through the workspace's settings", "the model refuses (summarization_failed)",
	} {
		assert.Contains(t, out, want)
	}

	assert.NotContains(t, out, "\x1b")
	assert.NotContains(t, out, "Open questions")
}

func TestSummariesAreRunAndChanged(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"POST chats/7/summarize":                                 {okReply(aSummarizedChat)},
		"POST chats/7/summaries/" + stubVersion + "/restore":     {okReply(aSummarizedChat)},
		"POST chats/7/summaries/" + stubVersion + "/undo-labels": {okReply(aSummarizedChat)},
		"POST chats/8/summarize": {
			refusalReply(http.StatusConflict, "summary_edited", "a person wrote this summary"),
		},
		"POST chats/9/summarize": {
			acceptedReply(`{"action_id":"` + stubAction + `","state":"running"}`),
		},
	})

	status, out, errs := s.do("summaries", "run", "7", "--labels", "--full", "--overwrite")
	require.Equal(t, 0, status, errs)

	for _, want := range []string{
		"Late parcel", "  Ana waits.", "late, vip", "refund", "2 messages",
		"handrail summaries show 7 " + stubVersion,
	} {
		assert.Contains(t, out, want)
	}

	sent := s.sent("chats/7/summarize")
	assert.Equal(t, "full=true&overwrite=true&update_labels=true", sent.query)
	assert.NotEmpty(t, sent.idempotency)

	for _, command := range []string{"restore", "undo-labels"} {
		status, out, errs = s.do("summaries", command, "7", stubVersion)
		require.Equal(t, 0, status, errs)
		assert.Contains(t, out, "Late parcel")
	}

	status, _, errs = s.do("summaries", "run", "8")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, errs, "handrail summaries run 8 --overwrite")
	status, _, errs = s.do("summaries", "run", "9")
	assert.Equal(t, exitUnsettled, status)
	assert.Contains(t, errs, stubAction)
}

func TestSummarySettingsAreShownAndSet(t *testing.T) {
	t.Parallel()

	const settings = `{"model":"","language":"de","instructions":"","token_budget":1000,"tokens_used":250,"label_threshold":0.7,
		"quiet_seconds":1800,"every_messages":20,"automatic_labels":true,"updated_by":3,"updated_at":"2026-11-23T10:00:00Z"}`

	s := newStub(
		t,
		map[string][]reply{"GET summary-settings": {okReply(settings)}, "PATCH summary-settings": {okReply(settings)}},
	)
	status, out, errs := s.do("summary-settings", "show")
	require.Equal(t, 0, status, errs)

	for _, want := range []string{
		"the service's default", "250 used this month, of 1000",
		"after 30m0s of quiet or after 20 new messages, with labels", "member 3",
	} {
		assert.Contains(t, out, want)
	}

	status, _, errs = s.do("summary-settings", "set", "--model=", "--quiet", "30m", "--no-automatic-labels")
	require.Equal(t, 0, status, errs)

	assert.Equal(
		t,
		map[string]any{"model": "", "quiet_seconds": 1800.0, "automatic_labels": false},
		s.sent("summary-settings").body,
	)

	status, _, errs = s.do("summary-settings", "set")
	assert.Equal(t, exitUsage, status)
	assert.Contains(t, errs, "nothing to change")
}
