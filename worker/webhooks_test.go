package worker_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
	"handrail/worker"
)

// hooks are webhook endpoints that are behind, by workspace, and those that were told.
type hooks struct {
	mutex   sync.Mutex
	waiting []chat.WebhookStep
	asked   [][]chat.WorkspaceID
	told    []chat.WebhookStep
	before  time.Time
	fail    error
}

func (h *hooks) WaitingWebhooks(
	_ context.Context,
	workspaces []chat.WorkspaceID,
	_ time.Time,
) ([]chat.WebhookStep, error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()

	h.asked = append(h.asked, workspaces)

	return h.waiting, h.fail
}

func (h *hooks) ForgetWebhookAttempts(_ context.Context, before time.Time, _ int) (int, error) {
	h.before = before

	return 0, h.fail
}

func (h *hooks) WebhooksChanged(_ context.Context, step chat.WebhookStep) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()

	h.told = append(h.told, step)

	return h.fail
}

func (h *hooks) tellings() int {
	h.mutex.Lock()
	defer h.mutex.Unlock()

	return len(h.told)
}

// TestWebhooksAreToldOfNewEvents tells the endpoints of the workspaces that have new events, soon, and never lets the
// one wait that numbers them.
func TestWebhooksAreToldOfNewEvents(t *testing.T) {
	t.Parallel()

	step := chat.WebhookStep{WorkspaceID: "w", EndpointID: 3}
	h := &hooks{waiting: []chat.WebhookStep{step}}
	caller := &worker.WebhookCaller{
		Store:  h,
		Engine: h,
		Logger: slog.New(slog.DiscardHandler),
	}

	// Before it runs, and many times.
	for range 10 {
		caller.Numbered(t.Context(), []chat.NumberedEvents{{WorkspaceID: "w", Latest: 1}})
	}

	ctx, stop := context.WithCancel(t.Context())

	var running sync.WaitGroup
	running.Go(func() { caller.Run(ctx) })
	assert.Eventually(t, func() bool { return h.tellings() == 1 }, 10*time.Second, time.Millisecond)
	stop()
	running.Wait()

	assert.Equal(t, [][]chat.WorkspaceID{{"w"}}, h.asked)
	assert.Equal(t, []chat.WebhookStep{step}, h.told)
}

// TestASweepFindsWebhooksThatNobodyHasTold also deletes old attempts, and goes on when something fails.
func TestASweepFindsWebhooksThatNobodyHasTold(t *testing.T) {
	t.Parallel()

	var log bytes.Buffer

	h := &hooks{waiting: []chat.WebhookStep{{WorkspaceID: "w", EndpointID: 3}, {WorkspaceID: "v", EndpointID: 4}}}
	caller := &worker.WebhookCaller{
		Store:        h,
		Engine:       h,
		Logger:       slog.New(slog.NewTextHandler(&log, nil)),
		AttemptsKept: time.Hour,
	}

	now := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	caller.Sweep(t.Context(), now)
	assert.Equal(t, h.waiting, h.told)
	assert.Equal(t, now.Add(-time.Hour), h.before)
	assert.Empty(t, log.String())

	h.fail = errors.New("away")

	caller.Sweep(t.Context(), now)
	assert.Contains(t, log.String(), "webhooks that are behind could not be looked for")
	assert.Contains(t, log.String(), "old attempts of webhooks could not be deleted")
}
