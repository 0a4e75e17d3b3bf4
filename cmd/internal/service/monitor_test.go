package service

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/codec"
	"handrail/db"
	"handrail/db/dbtest"
)

// newTestMonitor returns a monitor and what it says.
func newTestMonitor() (*monitor, *bytes.Buffer) {
	var said bytes.Buffer
	return newMonitor(slog.New(slog.NewTextHandler(&said, nil)), false), &said
}

// metricOf reads a metric that has one value.
func metricOf(t *testing.T, m *monitor, name string) float64 {
	t.Helper()

	families, err := m.registry.Gather()
	require.NoError(t, err)

	for _, family := range families {
		if family.GetName() == name {
			require.Len(t, family.GetMetric(), 1)
			one := family.GetMetric()[0]

			return one.GetGauge().GetValue() + one.GetCounter().GetValue()
		}
	}

	t.Fatalf("there is no metric %s", name)

	return 0
}

func TestTheMonitorSaysWhenClocksDiffer(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		ahead time.Duration
		says  string
	}{
		"right":   {0, ""},
		"warning": {20 * time.Second, "level=WARN"},
		"wrong":   {-90 * time.Second, "level=ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			m, said := newTestMonitor()
			store := dbtest.NewPostgres(t, db.WithClock(func() time.Time { return time.Now().Add(tt.ahead) }))

			m.look(t.Context(), store)
			assert.InDelta(t, tt.ahead.Seconds(), metricOf(t, m, "handrail_clock_offset_seconds"), 5)
			assert.WithinDuration(t, time.Now().Add(-tt.ahead-chat.ClockDrift), m.databaseTime(), 5*time.Second)

			if tt.says == "" {
				assert.Empty(t, said.String())
				return
			}

			assert.Contains(t, said.String(), tt.says)
			assert.Contains(t, said.String(), "the clock of this process is ")
		})
	}
}

func TestTheDatabasesTimeIsNeverAheadOfIt(t *testing.T) {
	t.Parallel()

	m, _ := newTestMonitor()
	unmeasured := m.databaseTime()
	assert.False(t, unmeasured.After(time.Now().Add(-chat.ClockWarning)))

	m.recordOffset(3 * time.Second)

	measured := m.databaseTime()
	assert.False(t, measured.After(time.Now().Add(-3*time.Second-chat.ClockDrift)))
	assert.True(t, measured.After(unmeasured))
}

func TestTheMonitorNoticesAFailover(t *testing.T) {
	t.Parallel()

	m, said := newTestMonitor()
	store := dbtest.NewPostgres(t, db.WithFailoverReport(m.reportFailover))
	w := dbtest.Seed(t, store)
	sent := w.Prepare(t, store, w.SMS.ID, "hi")

	m.look(t.Context(), store)
	assert.Zero(t, metricOf(t, m, "handrail_database_failovers_total"))

	_, err := store.HoldUnsent(t.Context(), chat.ErrorDatabaseRestored)
	require.NoError(t, err)
	assert.Zero(t, metricOf(t, m, "handrail_database_failovers_total"), "a restore is none")

	m.reportFailover(t.Context(), db.Failover{Known: "00000001", Current: "00000002"})
	assert.InDelta(t, 1, metricOf(t, m, "handrail_database_failovers_total"), 0)
	assert.Contains(t, said.String(), "handrail migrate after-failover")
	assert.NotContains(t, said.String(), string(sent.DeliveryID))
}

func TestTheMonitorCountsEndedActions(t *testing.T) {
	t.Parallel()

	m, said := newTestMonitor()
	m.reportEnded(t.Context(), chat.Action{ID: "a", Problem: chat.EndedInTemporal("a", "terminated")})
	assert.InDelta(t, 1, metricOf(t, m, "handrail_actions_ended_in_temporal_total"), 0)
	assert.Contains(t, said.String(), "action_ended")
}

func TestTheMonitorNamesAMissingKeyOnce(t *testing.T) {
	t.Parallel()

	m, said := newTestMonitor()
	require.NoError(t, m.keysComplete(t.Context()))

	key := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	other, err := codec.Parse("k2:" + key)
	require.NoError(t, err)

	sealed, err := other.Encode([]*commonpb.Payload{{Data: []byte("text")}})
	require.NoError(t, err)

	// One codec is for Temporal, one for the secrets of tools.
	for _, list := range []string{"", "k1:" + key} {
		keys, err := m.parseKeys(list)
		require.NoError(t, err)
		_, err = keys.Decode(sealed)
		require.ErrorIs(t, err, codec.ErrSealed)
	}

	assert.Equal(t, 1, strings.Count(said.String(), "key_id=k2"))
	assert.InDelta(t, 1, metricOf(t, m, "handrail_missing_encryption_key"), 0)
	require.ErrorContains(t, m.keysComplete(t.Context()), "HANDRAIL_ENCRYPTION_KEYS lacks k2")
	assert.NotContains(t, said.String(), key)
}

func TestAWorkerThatCannotWorkSaysWhy(t *testing.T) {
	t.Parallel()

	readiness := func(t *testing.T, m *monitor, ahead time.Duration) string {
		t.Helper()
		store := dbtest.NewPostgres(t, db.WithClock(func() time.Time { return time.Now().Add(ahead) }))
		s := &Service{Store: store, config: &config.Config{}, monitor: m, logger: m.logger}
		answer := httptest.NewRecorder()
		s.ready(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
		assert.Equal(t, http.StatusServiceUnavailable, answer.Code)

		return answer.Body.String()
	}

	m, _ := newTestMonitor()
	assert.Contains(t, readiness(t, m, 2*time.Minute), "ahead of the database's, more than the 1m0s that is allowed")
	m.reportMissingKey("k2")
	assert.Contains(t, readiness(t, m, 0), "not ready: HANDRAIL_ENCRYPTION_KEYS lacks k2")
}
