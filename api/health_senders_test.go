package api_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/api"
	"handrail/chat"
)

// fixedWorkers is what is known of the workers.
type fixedWorkers chat.Workers

func (f fixedWorkers) Workers(context.Context) chat.Workers { return chat.Workers(f) }

// TestHealthSaysWhatASenderWaitsFor: the sentence, the delivery that a retry would probe with, and the workers.
func TestHealthSaysWhatASenderWaitsFor(t *testing.T) {
	t.Parallel()

	w := newWorld(t, func(c *api.Config) { c.Workers = fixedWorkers{Reachable: true, CheckedAt: noon} })
	w.store.health = chat.Health{
		Senders: []chat.SenderHealth{
			{
				Scope:    "phone:12",
				Name:     "Support",
				Address:  "+14155550123",
				Channel:  chat.ChannelSMS,
				Provider: chat.ProviderTwilio,
				Waiting:  3,
				Since:    noon,
				Breaker: &chat.Breaker{
					ErrorCode:    "twilio_20003",
					ErrorMessage: "the account is suspended",
					OpenedAt:     noon,
					ProbeAt:      time.Now().Add(time.Minute),
					Probe:        deliveryID,
				},
				Minutes: []chat.SenderMinute{{At: noon, Throttled: 4}},
			},
			{Scope: "inbox:3", Channel: chat.ChannelEmail, Provider: chat.ProviderSendGrid},
		},
		IsPartial: true,
	}

	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/health")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, true, a.json["partial"])

	senders, _ := a.json["senders"].([]any)
	require.Len(t, senders, 2)

	blocked, _ := senders[0].(map[string]any)
	assert.Equal(t, "blocked", blocked["state"])
	assert.Equal(t, string(deliveryID), blocked["probe_delivery_id"])
	assert.EqualValues(t, 3, blocked["waiting"])
	assert.Contains(t, blocked["explanation"], "Twilio refuses every message of this sender")
	assert.Contains(t, a.raw, `"throttled":4`)

	ready, _ := senders[1].(map[string]any)
	assert.Equal(t, "ready", ready["state"])
	assert.NotContains(t, ready, "probe_delivery_id")
	assert.Nil(t, ready["last_success"])

	workers, _ := a.json["workers"].(map[string]any)
	assert.Equal(t, true, workers["needs_person"])
	assert.Contains(t, workers["explanation"], "No worker polls Temporal")
}

// TestHealthWithoutAWatchSaysNothingOfWorkers: it is not known.
func TestHealthWithoutAWatchSaysNothingOfWorkers(t *testing.T) {
	t.Parallel()

	a := newWorld(t).do(t, request{method: http.MethodGet, path: workspaceURL("/health")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.NotContains(t, a.json, "workers")
	assert.Equal(t, []any{}, a.json["senders"])
}
