package service

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	prometheusbridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"

	"handrail/uuidv7"
)

const (
	// otlpPath is where metrics go at an endpoint, as OpenTelemetry has it.
	otlpPath = "/v1/metrics"
	// otlpEndWithin is how long the last figures may take to be sent when the process ends.
	otlpEndWithin = 5 * time.Second
)

// otlpExport sends all that /metrics shows to a collector now and then.
type otlpExport struct{ provider *metric.MeterProvider }

// startOTLP begins to send what the registry has, once a minute unless OTEL_METRIC_EXPORT_INTERVAL says otherwise.
// Without an endpoint nothing is sent. The SDK's other variables, such as OTEL_EXPORTER_OTLP_HEADERS and
// OTEL_RESOURCE_ATTRIBUTES, are read by the SDK itself.
func startOTLP(
	ctx context.Context,
	endpoint string,
	registry prometheus.Gatherer,
	logger *slog.Logger,
) (*otlpExport, error) {
	if endpoint == "" {
		return nil, nil //nolint:nilnil // nothing is sent, and that is no error
	}

	exporter, err := otlpmetrichttp.New(
		ctx,
		otlpmetrichttp.WithEndpointURL(strings.TrimSuffix(endpoint, "/")+otlpPath),
	)
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}

	// Counters are of the process: its instance sets them apart from those of the others.
	sender, err := resource.New(
		ctx,
		resource.WithAttributes(
			attribute.String("service.name", "handrail"),
			attribute.String("service.version", Version),
			attribute.String("service.instance.id", uuidv7.New[string]()),
		),
		resource.WithFromEnv(),
		resource.WithTelemetrySDK(),
	)
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}

	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		logger.Warn("metrics could not be sent to the OpenTelemetry collector", "error", err)
	}))

	reader := metric.NewPeriodicReader(
		exporter,
		metric.WithProducer(prometheusbridge.NewMetricProducer(prometheusbridge.WithGatherer(registry))),
	)

	return &otlpExport{metric.NewMeterProvider(metric.WithReader(reader), metric.WithResource(sender))}, nil
}

// close sends the last figures.
func (o *otlpExport) close() error {
	if o == nil {
		return nil
	}

	ctx, cancel := context.WithTimeout(context.Background(), otlpEndWithin)
	defer cancel()

	if err := o.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("send the last metrics: %w", err)
	}

	return nil
}
