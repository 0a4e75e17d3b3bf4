package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	aWebhook = `{"id":3,"url":"https://example.com/handrail","description":"Our help desk","types":["delivery.settled"],` +
		`"payload":"thin","enabled":true,"disabled_reason":null,"explanation":"12 behind; last answer 503 at 10:02 UTC; ` +
		`next try 10:07 UTC.","behind":12,"aside":2,"missed":0,"failing_since":"2026-11-29T10:00:00Z",` +
		`"next_try_at":"2026-11-29T10:07:00Z","last_status":503,"last_attempt_at":"2026-11-29T10:02:00Z",` +
		`"created_at":"2026-11-22T10:00:00Z","updated_at":"2026-11-22T10:00:00Z"}`
	anAttempt = `{"id":"a1","event_id":"e1","event_type":"delivery.settled","sequence":8,"number":2,"succeeded":false,` +
		`"fault":"status_not_accepted","status":503,"answer":"try later","duration_ms":183,` +
		`"attempted_at":"2026-11-29T10:02:00Z"}`
)

func TestWebhooksAreListedAndShown(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"GET webhook-endpoints":            {aPage("", aWebhook), aPage("")},
		"GET webhook-endpoints/3":          {okReply(aWebhook)},
		"GET webhook-endpoints/3/attempts": {aPage("", anAttempt)},
	})

	status, out, errs := s.do("webhooks", "list")
	require.Equal(t, 0, status, errs)

	for _, want := range []string{"https://example.com/handrail", "delivery.settled", "12 behind; last answer 503"} {
		assert.Contains(t, out, want)
	}

	_, out, _ = s.do("webhooks", "list")
	assert.Contains(t, out, "no webhook endpoints yet")

	_, out, _ = s.do("webhooks", "show", "3")
	for _, want := range []string{"Our help desk", "12 behind", "12, and 2 aside", "failing since"} {
		assert.Contains(t, out, want)
	}

	status, out, errs = s.do("webhooks", "attempts", "3", "--failed", "--event", "01983c5e-8b10-7c2d-9e3f-1a2b3c4d5e6f")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "503")
	assert.Contains(t, out, "try later")
	assert.Contains(t, s.sent("webhook-endpoints/3/attempts").query, "failed=true")
}

func TestAWebhookIsCreatedTestedAndRotated(t *testing.T) {
	t.Parallel()

	created := strings.TrimSuffix(aWebhook, "}") + `,"secret":"whsec_abc"}`
	s := newStub(t, map[string][]reply{
		"POST webhook-endpoints": {{status: http.StatusCreated, body: created}},
		"POST webhook-endpoints/3/test": {
			okReply(anAttempt),
			okReply(strings.NewReplacer(
				`"succeeded":false`, `"succeeded":true`,
				`"fault":"status_not_accepted"`, `"fault":null`,
				"503", "204",
			).Replace(anAttempt)),
		},
		"POST webhook-endpoints/3/secret": {okReply(`{"secret":"whsec_new"}`)},
		"PATCH webhook-endpoints/3":       {okReply(aWebhook), okReply(aWebhook)},
		"DELETE webhook-endpoints/3":      {{status: http.StatusNoContent}},
	})

	status, out, errs := s.do(
		"webhooks", "create", "https://example.com/handrail", "--types", "delivery.settled", "--payload", "full",
	)
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "whsec_abc")
	assert.Equal(t, map[string]any{
		"url":     "https://example.com/handrail",
		"types":   []any{"delivery.settled"},
		"payload": "full",
	}, s.sent("webhook-endpoints").body)

	status, out, _ = s.do("webhooks", "test", "3")
	assert.Equal(t, 1, status)
	assert.Contains(t, out, "answer: 503 after 183ms")
	assert.Contains(t, out, "try later")

	status, out, _ = s.do("webhooks", "test", "3")
	assert.Equal(t, 0, status)
	assert.Contains(t, out, "answer: 204")

	_, out, _ = s.do("webhooks", "rotate", "3")
	assert.Contains(t, out, "whsec_new")

	_, _, errs = s.do("webhooks", "disable", "3")
	assert.Empty(t, errs)
	assert.Equal(t, map[string]any{"enabled": false}, s.sent("webhook-endpoints/3").body)

	_, out, _ = s.do("webhooks", "delete", "3")
	assert.Contains(t, out, "webhook endpoint 3 deleted")
}

func TestAWebhookIsToldAgain(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"POST webhook-endpoints/3/replay":           {okReply(aWebhook)},
		"POST webhook-endpoints/3/events/e1/replay": {okReply(aWebhook)},
	})

	status, out, errs := s.do("webhooks", "replay", "3", "--since", "2026-11-28T00:00:00Z")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "12 behind")
	assert.Equal(t, map[string]any{"since": "2026-11-28T00:00:00Z"}, s.sent("webhook-endpoints/3/replay").body)

	status, _, errs = s.do("webhooks", "replay", "3", "--event", "e1")
	require.Equal(t, 0, status, errs)

	status, _, errs = s.do("webhooks", "replay", "3")
	assert.Equal(t, exitUsage, status)
	assert.Contains(t, errs, "--since")
}
