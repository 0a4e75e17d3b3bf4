package service

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/protobuf/proto"

	"handrail/chat"
)

// newCollectorServer is an OpenTelemetry collector that takes metrics by HTTP, and hands on what it has taken.
func newCollectorServer(t *testing.T) (string, <-chan *collectorpb.ExportMetricsServiceRequest) {
	t.Helper()

	taken := make(chan *collectorpb.ExportMetricsServiceRequest, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body := io.Reader(r.Body)

		if r.Header.Get("Content-Encoding") == "gzip" {
			unzipped, err := gzip.NewReader(body)
			if !assert.NoError(t, err) {
				return
			}

			body = unzipped
		}

		raw, err := io.ReadAll(body)
		assert.NoError(t, err)
		assert.Equal(t, "/v1/metrics", r.URL.Path)

		var request collectorpb.ExportMetricsServiceRequest
		assert.NoError(t, proto.Unmarshal(raw, &request))

		taken <- &request
	}))
	t.Cleanup(server.Close)

	return server.URL, taken
}

// TestMetricsGoToACollectorAsWell holds that what /metrics shows is sent by OTLP: counters that begin at 0, figures of
// the database, and the Go runtime, by one process that says who it is.
func TestMetricsGoToACollectorAsWell(t *testing.T) {
	t.Parallel()

	address, taken := newCollectorServer(t)
	watched := newMonitor(slog.New(slog.DiscardHandler), false)
	watched.registry.MustRegister(newCollector(
		&countedFigures{figures: []chat.Figure{{Matter: chat.FigureBulkRetry, Count: 3}}},
		watched.logger,
		false,
	))
	watched.meter.CountSummary(true)

	export, err := startOTLP(t.Context(), address+"/", watched.registry, watched.logger)
	require.NoError(t, err)
	export.close()

	sent := (<-taken).GetResourceMetrics()
	require.Len(t, sent, 1)

	attributes := map[string]string{}
	for _, a := range sent[0].GetResource().GetAttributes() {
		attributes[a.GetKey()] = a.GetValue().GetStringValue()
	}

	assert.Equal(t, "handrail", attributes["service.name"])
	assert.Equal(t, Version, attributes["service.version"])
	assert.NotEmpty(t, attributes["service.instance.id"])

	values := map[string]float64{}

	for _, scope := range sent[0].GetScopeMetrics() {
		for _, m := range scope.GetMetrics() {
			for _, point := range append(m.GetGauge().GetDataPoints(), m.GetSum().GetDataPoints()...) {
				values[m.GetName()] += point.GetAsDouble()
			}
		}
	}

	assert.InDelta(t, 1, values["handrail_summaries_total"], 0)
	assert.InDelta(t, 3, values["handrail_bulk_retries_paused"], 0)
	assert.Contains(t, values, "handrail_events_total", "it begins at 0")
	assert.Positive(t, values["go_goroutines"])
}

// TestNothingIsSentWithoutACollector holds that it is off unless it is configured.
func TestNothingIsSentWithoutACollector(t *testing.T) {
	t.Parallel()

	watched := newMonitor(slog.New(slog.DiscardHandler), false)
	export, err := startOTLP(t.Context(), "", watched.registry, watched.logger)
	require.NoError(t, err)
	assert.Nil(t, export)
	export.close()
}

// TestACollectorThatIsAwayStopsNothing holds that the end of a process is not held up, and that the log says why.
func TestACollectorThatIsAwayStopsNothing(t *testing.T) {
	t.Parallel()

	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()

	var said bytes.Buffer

	watched := newMonitor(slog.New(slog.NewTextHandler(&said, nil)), false)
	export, err := startOTLP(t.Context(), away.URL, watched.registry, watched.logger)
	require.NoError(t, err)

	began := time.Now()

	export.close()
	assert.Less(t, time.Since(began), 2*otlpEndWithin)
	assert.Contains(t, said.String(), notExported)
}
