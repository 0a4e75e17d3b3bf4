package service

import (
	"fmt"

	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
)

// temporalBuckets are the buckets for the times that Temporal's SDK measures, in seconds: from a call within a machine
// to a step that waits for a provider.
var temporalBuckets = []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 3600}

// newTemporalMetrics returns a handler that puts what Temporal's SDK measures into the registry, under the SDK's own
// names.
func newTemporalMetrics(watched *monitor) (client.MetricsHandler, error) {
	exporter, err := otelprometheus.New(
		otelprometheus.WithRegisterer(watched.registry),
		otelprometheus.WithoutScopeInfo(),
		otelprometheus.WithoutTargetInfo(),
	)
	if err != nil {
		return nil, fmt.Errorf("measure what Temporal's SDK does: %w", err)
	}

	inSeconds := metric.NewView(
		metric.Instrument{Kind: metric.InstrumentKindHistogram},
		metric.Stream{Aggregation: metric.AggregationExplicitBucketHistogram{Boundaries: temporalBuckets}},
	)
	provider := metric.NewMeterProvider(metric.WithReader(exporter), metric.WithView(inSeconds))

	return opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{
		Meter:                provider.Meter("temporal-sdk-go"),
		UseMonotonicCounters: true,
		// The SDK goes on without what it could not measure.
		OnError: func(err error) { watched.logger.Error("Temporal's SDK cannot measure something", "error", err) },
	}), nil
}
