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

	"handrail/metrics"
)

// requestMetrics count requests by the route's pattern; a raw path would make a series for
// every chat, and show ids.
type requestMetrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	// webhooks are the calls of providers, orphans those about nothing of ours.
	webhooks, orphans *prometheus.CounterVec
	// callbackAge is how old reports of providers are when they come.
	callbackAge *prometheus.HistogramVec
	// dropped are the notifications of workflows that were not given.
	dropped *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer) requestMetrics {
	m := requestMetrics{
		requests:    metrics.Requests.NewCounter(registry),
		duration:    metrics.RequestTime.NewHistogram(registry),
		webhooks:    metrics.WebhookCalls.NewCounter(registry),
		orphans:     metrics.WebhookOrphans.NewCounter(registry),
		callbackAge: metrics.CallbackAge.NewHistogram(registry),
		dropped:     metrics.DroppedNotifications.NewCounter(registry),
	}

	m.dropped.WithLabelValues(droppedFull)
	m.dropped.WithLabelValues(droppedFailed)

	return m
}

// startWebhook makes the series of a webhook: an alert on their increase would miss the first call otherwise.
func (m *requestMetrics) startWebhook(w webhook) {
	for _, result := range callResults {
		m.webhooks.WithLabelValues(string(w.carrier), w.kind, result)
	}

	m.orphans.WithLabelValues(string(w.carrier))
	m.callbackAge.WithLabelValues(string(w.carrier))
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
		if err := s.answerError(c, err); err != nil {
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
			err = newPanicError(reason)

			c.Response().ResetBody()
		}
	}()

	return c.Next()
}

// newPanicError returns the error of a panic, with the stack of where it is called.
func newPanicError(reason any) error { return fmt.Errorf("panic: %v\n%s", reason, debug.Stack()) }

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
