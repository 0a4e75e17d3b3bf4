package api

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// metrics count requests by the route's pattern; a raw path would make a series for
// every chat, and show ids.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	// webhooks are the calls of providers, orphans those about nothing of ours.
	webhooks, orphans *prometheus.CounterVec
	// dropped are the notifications of workflows that were not given.
	dropped *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer) metrics {
	m := metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "handrail_http_requests_total",
			Help: "Requests answered, by route and status.",
		}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "handrail_http_request_duration_seconds",
			Help:    "Time to the answer, by route.",
			Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25, 60},
		}, []string{"method", "route"}),
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "handrail_webhook_calls_total",
			Help: "Calls by providers, by what became of them.",
		}, []string{"carrier", "kind", "result"}),
		orphans: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "handrail_webhook_orphans_total",
			Help: "What providers told about messages and to addresses that are none of ours.",
		}, []string{"carrier"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "handrail_notifications_dropped_total",
			Help: "Workflows that were not told of a change; they look for themselves.",
		}, []string{"why"}),
	}

	registry.MustRegister(m.requests, m.duration, m.webhooks, m.orphans, m.dropped)

	return m
}

// unmatched stands for the route of requests that no route took.
const unmatched = "unmatched"

// observe surrounds every request: it gives it an id, a context that outlives no forced
// stop, a span that continues the caller's trace, and it counts and logs the answer. A
// panic below it is logged with its stack, and answered as an internal error.
func (s *service) observe(c *fiber.Ctx) error {
	started := time.Now()
	incoming := propagation.TraceContext{}.Extract(s.alive, headerCarrier{c})

	ctx, span := otel.Tracer("handrail/api").Start(incoming, c.Method(), trace.WithSpanKind(trace.SpanKindServer))
	defer span.End()

	c.SetUserContext(ctx)
	ctx = requestContext(c)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(headerVersion, APIVersion)

	if err := recoverPanic(c); err != nil {
		if err := s.fiberError(c, err); err != nil {
			return err
		}
	}

	s.record(ctx, span, c, time.Since(started))

	return nil
}

// recoverPanic runs what is below, and turns a panic into an error that carries its stack.
func recoverPanic(c *fiber.Ctx) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v\n%s", reason, debug.Stack())

			c.Response().ResetBody()
		}
	}()

	return c.Next()
}

func (s *service) record(ctx context.Context, span trace.Span, c *fiber.Ctx, took time.Duration) {
	pattern := s.pattern(c)
	status := c.Response().StatusCode()

	span.SetName(c.Method() + " " + pattern)

	span.SetAttributes(
		attribute.String("http.request.method", c.Method()),
		attribute.String("http.route", pattern),
		attribute.Int("http.response.status_code", status),
	)

	if status >= fiber.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}

	s.metrics.requests.WithLabelValues(c.Method(), pattern, strconv.Itoa(status)).Inc()
	s.metrics.duration.WithLabelValues(c.Method(), pattern).Observe(took.Seconds())

	known := callFrom(ctx)

	level := slog.LevelInfo
	if !strings.HasPrefix(pattern, basePath) {
		// Probes and scrapes come every few seconds, and say nothing.
		level = slog.LevelDebug
	}

	fields := []any{
		"request_id", known.requestID,
		"method", c.Method(),
		"route", pattern,
		"status", status,
		"duration", took,
		"key_id", int64(known.principal.KeyID),
	}

	if id := known.actionID(); id != "" {
		fields = append(fields, "action_id", id)
	}

	s.logger.Log(ctx, level, "request answered", fields...)
}

// pattern is the path as it was registered. A request that no route took still carries
// the middleware's, "/".
func (s *service) pattern(c *fiber.Ctx) string {
	if path := c.Route().Path; path != "/" {
		return path
	}

	return unmatched
}

// headerCarrier lets OpenTelemetry read a request's headers.
type headerCarrier struct{ c *fiber.Ctx }

// Get returns a header of the request.
func (h headerCarrier) Get(key string) string { return h.c.Get(key) }

// Set does nothing: requests are only read.
func (h headerCarrier) Set(string, string) {}

// Keys is not needed to extract a trace context.
func (h headerCarrier) Keys() []string { return nil }
