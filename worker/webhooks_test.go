package worker_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
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
	// away is the error of looking for them, deaf that of signaling.
	away error
	deaf error
}

func (h *hooks) WaitingWebhooks(
	_ context.Context,
	workspaces []chat.WorkspaceID,
	_ time.Time,
) ([]chat.WebhookStep, error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()

	h.asked = append(h.asked, workspaces)

	return h.waiting, h.away
}

func (h *hooks) WebhooksChanged(_ context.Context, step chat.WebhookStep) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()

	h.told = append(h.told, step)

	return h.deaf
}

func (h *hooks) countSignals() int {
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
	assert.Eventually(t, func() bool { return h.countSignals() == 1 }, 10*time.Second, time.Millisecond)
	stop()
	running.Wait()

	assert.Equal(t, [][]chat.WorkspaceID{{"w"}}, h.asked)
	assert.Equal(t, []chat.WebhookStep{step}, h.told)
}

// TestASweepFindsWebhooksThatNobodyHasTold signals all that are behind. While Temporal or the database is away, one
// line of the log says so, however many endpoints wait.
func TestASweepFindsWebhooksThatNobodyHasTold(t *testing.T) {
	t.Parallel()

	var log bytes.Buffer

	h := &hooks{waiting: []chat.WebhookStep{{WorkspaceID: "w", EndpointID: 3}, {WorkspaceID: "v", EndpointID: 4}}}
	caller := &worker.WebhookCaller{
		Store:  h,
		Engine: h,
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	}

	now := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	caller.Sweep(t.Context(), now)
	assert.Equal(t, h.waiting, h.told)
	assert.Empty(t, log.String())

	h.deaf = errors.New("no connection")

	caller.Sweep(t.Context(), now)
	assert.Len(t, h.told, 4, "one that fails does not stop the others")
	assert.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
	assert.Contains(t, log.String(), "workflows could not be signaled")
	assert.Contains(t, log.String(), "count=2")

	h.away = errors.New("away")

	caller.Sweep(t.Context(), now)
	assert.Contains(t, log.String(), "webhook endpoints that are behind could not be looked for")
}
