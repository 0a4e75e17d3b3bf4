package service

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// countedFigures is a store that has counted these, or fails.
type countedFigures struct {
	figures    []chat.Figure
	duplicates map[chat.Provider]int64
	err        error
	asked      int
}

func (c *countedFigures) Figures(context.Context, bool) ([]chat.Figure, error) {
	c.asked++
	return c.figures, c.err
}

func (c *countedFigures) CountDuplicates(context.Context) (map[chat.Provider]int64, error) {
	return c.duplicates, c.err
}

func (c *countedFigures) PoolStats() sql.DBStats {
	return sql.DBStats{InUse: 3, MaxOpenConnections: 16}
}

func (c *countedFigures) Transactions() int64 { return 7 }

// gatherCollected are the series of a collector, by name and labels: "name{carrier=twilio}".
func gatherCollected(t *testing.T, c *collector) map[string]float64 {
	t.Helper()

	registry := prometheus.NewRegistry()
	registry.MustRegister(c)

	families, err := registry.Gather()
	require.NoError(t, err)

	series := map[string]float64{}

	for _, family := range families {
		for _, metric := range family.GetMetric() {
			series[family.GetName()+labelsOf(metric)] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
		}
	}

	return series
}

func labelsOf(metric *dto.Metric) string {
	var labels []string
	for _, label := range metric.GetLabel() {
		labels = append(labels, label.GetName()+"="+label.GetValue())
	}

	return "{" + strings.Join(labels, ",") + "}"
}

// TestFiguresExistAtZero holds that each series is there before there is anything to count: an alert on its
// increase would miss the first one otherwise.
func TestFiguresExistAtZero(t *testing.T) {
	t.Parallel()

	store := &countedFigures{
		figures: []chat.Figure{{
			Matter:   chat.FigureDelivery,
			Provider: chat.ProviderTwilio,
			Channel:  chat.ChannelSMS,
			State:    string(chat.SubmissionNeedsReview),
			Count:    4,
			Oldest:   time.Now().Add(-time.Hour),
		}},
		duplicates: map[chat.Provider]int64{chat.ProviderTwilio: 2},
	}

	series := gatherCollected(t, newCollector(store, slog.New(slog.DiscardHandler), false))

	for name, want := range map[string]float64{
		"handrail_duplicates_confirmed_total{carrier=twilio}":   2,
		"handrail_duplicates_confirmed_total{carrier=sendgrid}": 0,
		"handrail_duplicates_confirmed_total{carrier=handrail}": 0,

		"handrail_deliveries{carrier=twilio,channel=phone-sms,status=needs_review}": 4,
		"handrail_deliveries{carrier=twilio,channel=phone-sms,status=unknown}":      0,
		"handrail_deliveries{carrier=sendgrid,channel=email,status=blocked}":        0,

		"handrail_delivery_oldest_age_seconds{carrier=twilio,channel=phone-sms,status=unknown}": 0,

		"handrail_approvals_open{kind=send}":           0,
		"handrail_tool_calls_open{state=unknown}":      0,
		"handrail_contributor_requests_open{}":         0,
		"handrail_breakers_open{carrier=twilio}":       0,
		"handrail_duplicates_possible{carrier=twilio}": 0,
		"handrail_bulk_retries_paused{}":               0,
		"handrail_database_connections{state=in_use}":  3,
		"handrail_database_transactions_total{}":       7,
		"handrail_collection_up{}":                     1,
	} {
		assert.Contains(t, series, name)
		assert.InDelta(t, want, series[name], 0, name)
	}

	const age = "handrail_delivery_oldest_age_seconds{carrier=twilio,channel=phone-sms,status=needs_review}"

	assert.InDelta(t, 3600, series[age], 5)
}

// TestAScrapeWithoutTheDatabaseSaysSo holds that a scrape has what it can have, says that the rest is missing, and
// that the log says it once.
func TestAScrapeWithoutTheDatabaseSaysSo(t *testing.T) {
	t.Parallel()

	var said bytes.Buffer

	store := &countedFigures{err: errors.New("connection refused")}
	c := newCollector(store, slog.New(slog.NewTextHandler(&said, nil)), false)

	series := gatherCollected(t, c)
	assert.InDelta(t, 0, series["handrail_collection_up{}"], 0)
	assert.Contains(t, series, "handrail_database_connections_max{}")
	assert.NotContains(t, series, "handrail_approvals_open{kind=send}")

	c.last.at = time.Time{}
	gatherCollected(t, c)
	assert.Equal(t, 1, strings.Count(said.String(), "figures of the database could not be read"))
	assert.Contains(t, said.String(), "level=WARN")

	store.err = nil
	c.last.at = time.Time{}
	assert.InDelta(t, 1, gatherCollected(t, c)["handrail_collection_up{}"], 0)
}

// TestScrapesShareACount holds that several who scrape do not each ask the database.
func TestScrapesShareACount(t *testing.T) {
	t.Parallel()

	store := &countedFigures{}
	c := newCollector(store, slog.New(slog.DiscardHandler), false)

	gatherCollected(t, c)
	gatherCollected(t, c)
	assert.Equal(t, 1, store.asked)
}

// TestWorkspacesAreALabelOnlyIfAskedFor holds that the figures of each workspace are series of their own where
// that is configured, and nowhere else.
func TestWorkspacesAreALabelOnlyIfAskedFor(t *testing.T) {
	t.Parallel()

	store := &countedFigures{figures: []chat.Figure{{
		Matter:      chat.FigureApproval,
		WorkspaceID: "acme",
		State:       string(chat.ApprovalSend),
		Count:       1,
		Oldest:      time.Now(),
	}}}

	series := gatherCollected(t, newCollector(store, slog.New(slog.DiscardHandler), true))
	assert.InDelta(t, 1, series["handrail_approvals_open{kind=send,workspace=acme}"], 0)

	store.figures[0].WorkspaceID = ""
	series = gatherCollected(t, newCollector(store, slog.New(slog.DiscardHandler), false))
	assert.InDelta(t, 1, series["handrail_approvals_open{kind=send}"], 0)
}
