package service

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/codec"
	"handrail/db"
	"handrail/metrics"
)

// lookEvery is how often a process looks at its clock and at the timeline of its database.
const lookEvery = time.Minute

// clocksDiffer is what the log says of a clock that is off.
const clocksDiffer = "the clocks of this process and of the database differ; set both by NTP"

// monitor keeps what a person must see to, in the log and in the metrics: a failover, a clock
// that is off, a key that is missing.
type monitor struct {
	logger   *slog.Logger
	registry *prometheus.Registry

	// meter counts what the process does.
	meter *metrics.Meter

	failovers prometheus.Counter
	// endedActions counts the actions that were found to have been ended in Temporal.
	endedActions prometheus.Counter
	clockOffset  prometheus.Gauge
	missingKey   *prometheus.GaugeVec

	mutex   sync.Mutex
	missing []string
	// measured is the last offset of the clock, nil before the first.
	measured *time.Duration
}

func newMonitor(logger *slog.Logger, workspaces bool) *monitor {
	registry := newRegistry()
	m := &monitor{
		logger:       logger,
		registry:     registry,
		meter:        metrics.NewMeter(registry, workspaces),
		failovers:    metrics.Failovers.NewCounter(registry).WithLabelValues(),
		endedActions: metrics.EndedActions.NewCounter(registry).WithLabelValues(),
		clockOffset:  metrics.ClockOffset.NewGauge(registry).WithLabelValues(),
		missingKey:   metrics.MissingKey.NewGauge(registry),
	}

	metrics.BuildInfo.NewGauge(registry).WithLabelValues(Version).Set(1)

	return m
}

// reportEnded is told by the store of an action that was ended in Temporal before it had done anything.
func (m *monitor) reportEnded(ctx context.Context, a chat.Action) {
	m.endedActions.Inc()

	m.logger.WarnContext(
		ctx,
		"an action was ended in Temporal before it had done anything",
		"action_id", a.ID,
		"workflow_id", a.WorkflowID,
		"code", a.Problem.Code,
	)
}

// reportEvents is called by the store with new events. It counts them, and warns of those that a person should look at.
func (m *monitor) reportEvents(ctx context.Context, events []chat.Event) {
	for i := range events {
		e := &events[i]
		m.meter.CountEvent(e.Type)

		if e.NeedsAttention() {
			m.logger.WarnContext(ctx, "a person should look at this", describeEvent(e)...)
		}
	}
}

// describeEvent returns the fields of an event in the process's log: ids, states and codes, and no texts.
func describeEvent(e *chat.Event) []any {
	fields := []any{
		"event", string(e.Type),
		"what", e.Explanation(),
		"workspace_id", e.WorkspaceID,
		"subject_id", e.SubjectID,
	}

	if e.ChatID != 0 {
		fields = append(fields, "chat_id", int64(e.ChatID))
	}

	for _, field := range []struct {
		name  string
		value string
	}{
		{"action_id", string(e.Data.ActionID)},
		{"carrier", string(e.Data.Provider)},
		{"status", e.Data.Status},
		{"code", e.Data.ErrorCode},
		{"reason", e.Data.Reason},
		{"tool", e.Data.Name},
	} {
		if field.value != "" {
			fields = append(fields, field.name, field.value)
		}
	}

	return fields
}

// reportFailover is told by the store that the database has failed over.
func (m *monitor) reportFailover(ctx context.Context, f db.Failover) {
	m.failovers.Inc()

	m.logger.ErrorContext(
		ctx,
		"the database has failed over; what may have been sent is held for a person: run handrail migrate "+
			"after-failover",
		"timeline_before", f.Known,
		"timeline", f.Current,
		"held", len(f.Held),
	)
}

// reportMissingKey is told by a codec that it lacks a key.
func (m *monitor) reportMissingKey(id string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()

	if slices.Contains(m.missing, id) {
		return
	}

	m.missing = append(m.missing, id)
	m.missingKey.WithLabelValues(id).Set(1)

	m.logger.Error(
		"something was encrypted with a key that this process does not have, and waits; add the key to "+
			"HANDRAIL_ENCRYPTION_KEYS and restart",
		"key_id", id,
	)
}

// keysComplete reports whether no key has been found missing.
func (m *monitor) keysComplete(context.Context) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()

	if len(m.missing) == 0 {
		return nil
	}

	return chat.Errorf(
		chat.CodeUnavailable,
		"HANDRAIL_ENCRYPTION_KEYS lacks %s, which something was encrypted with",
		strings.Join(m.missing, ", "),
	)
}

// parseKeys makes a codec that reports the keys that it lacks. Without a list it seals nothing.
func (m *monitor) parseKeys(list string) (*codec.Codec, error) {
	keys := codec.Plain()

	if list != "" {
		var err error
		if keys, err = codec.Parse(list); err != nil {
			return nil, fmt.Errorf("HANDRAIL_ENCRYPTION_KEYS: %w", err)
		}
	}

	keys.OnMissingKey(m.reportMissingKey)

	return keys, nil
}

// payloadKeys makes the codec of what Temporal keeps.
func (m *monitor) payloadKeys(c *config.Config) (*codec.Codec, error) {
	keys, err := m.parseKeys(c.EncryptionKeys)
	if err == nil && c.EncryptionOptional {
		keys.TakeUnsealed()
	}

	return keys, err
}

// databaseTime returns the time by the database's clock, as it was last measured, less what it may
// be off: it is never ahead of that clock.
func (m *monitor) databaseTime() time.Time {
	m.mutex.Lock()
	defer m.mutex.Unlock()

	if m.measured == nil {
		return time.Now().Add(-chat.ClockWarning)
	}

	return time.Now().Add(-*m.measured - chat.ClockDrift)
}

// recordOffset keeps by how much the clock of this process is ahead.
func (m *monitor) recordOffset(offset time.Duration) {
	m.mutex.Lock()
	m.measured = &offset
	m.mutex.Unlock()

	m.clockOffset.Set(offset.Seconds())
}

// watch looks at the clock and at the database's timeline now, and each minute until ctx ends.
func (m *monitor) watch(ctx context.Context, store *db.Store) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()

	for {
		m.look(ctx, store)

		select {
		case <-ctx.Done():
			return

		case <-tick.C:
		}
	}
}

// look is one look. A database that is away is told of by others.
func (m *monitor) look(ctx context.Context, store *db.Store) {
	ctx, cancel := context.WithTimeout(ctx, lookEvery/2)
	defer cancel()

	if _, err := store.HoldAfterFailover(ctx); err != nil && ctx.Err() == nil {
		m.logger.WarnContext(ctx, "the database's timeline could not be looked at", "error", err)
	}

	offset, err := store.ClockOffset(ctx)
	if err != nil {
		return
	}

	m.recordOffset(offset)

	switch {
	case chat.CheckClock(offset) != nil:
		m.logger.ErrorContext(ctx, clocksDiffer, "found", chat.ExplainClock(offset), "limit", chat.ClockLimit)
	case offset.Abs() > chat.ClockWarning:
		m.logger.WarnContext(ctx, clocksDiffer, "found", chat.ExplainClock(offset), "limit", chat.ClockLimit)
	}
}
