package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/cenkalti/backoff/v5"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"

	"handrail/cmd/internal/config"
	"handrail/codec"
	"handrail/worker"
)

// dialTemporal connects to Temporal, waiting for it if it does not answer yet, and makes sure that the
// search attributes exist.
func dialTemporal(
	ctx context.Context,
	options client.Options,
	logger *slog.Logger,
) (client.Client, error) {
	what := fmt.Sprintf("Temporal at %s (TEMPORAL_ADDRESS)", options.HostPort)

	return awaitConnection(ctx, logger, what, func() (client.Client, error) {
		dialed, err := client.DialContext(ctx, options)
		if err != nil {
			return nil, fmt.Errorf("connect: %w", err)
		}

		if err := worker.RegisterSearchAttributes(ctx, dialed, options.Namespace); err != nil {
			dialed.Close()
			return nil, err
		}

		return dialed, nil
	})
}

// temporalOptions are how to connect to Temporal, as the environment says (TEMPORAL_ADDRESS,
// TEMPORAL_NAMESPACE, TEMPORAL_TLS… as in every Temporal program). Its payloads keys seal and open.
func temporalOptions(
	c *config.Config,
	environ []string,
	keys *codec.Codec,
	watched *monitor,
) (client.Options, error) {
	options, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{EnvLookup: lookup(environ)})
	if err != nil {
		return options, backoff.Permanent(fmt.Errorf("read Temporal's client configuration: %w", err))
	}

	if options.HostPort == "" {
		options.HostPort = c.TemporalAddress
	}

	if options.Namespace == "" {
		options.Namespace = c.TemporalNamespace
	}

	options.Logger = log.NewStructuredLogger(slog.New(quiet{watched.logger.Handler()}).With("component", "temporal"))

	options.DataConverter = keys.Converter()
	options.FailureConverter = keys.FailureConverter()

	options.MetricsHandler, err = newTemporalMetrics(watched)
	if err != nil {
		return options, err
	}

	tracing, err := opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{})
	if err != nil {
		return options, fmt.Errorf("trace Temporal's calls: %w", err)
	}

	options.Interceptors = append(options.Interceptors, tracing.(interceptor.ClientInterceptor))

	return options, nil
}

// lookup serves Temporal's own reader of the environment from environ, so that a program
// can be given another environment than its process has.
type lookup []string

// LookupEnv finds a variable.
func (l lookup) LookupEnv(name string) (string, bool) {
	for _, entry := range l {
		if key, value, ok := strings.Cut(entry, "="); ok && key == name {
			return value, true
		}
	}

	return "", false
}

// Environ lists all variables.
func (l lookup) Environ() []string { return l }

// quiet leaves out what the SDK says of every activity that returns an error: a refusal is
// a caller's, a try that is repeated shows in Temporal, and a fault is logged where it is
// translated, in worker. It also leaves out that a heartbeat came for an activity of which nobody
// wants to hear any more, because its time is over or its workflow has ended: its context ends by that.
type quiet struct{ slog.Handler }

// Handle passes on all other records.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	switch r.Message {
	case "Activity error.":
		return nil
	case "RecordActivityHeartbeat with error":
		if isLateHeartbeat(&r) {
			return nil
		}
	}

	return q.Handler.Handle(ctx, r)
}

// isLateHeartbeat reports whether a heartbeat was refused because its activity is over.
func isLateHeartbeat(r *slog.Record) bool {
	isLate := false

	r.Attrs(func(a slog.Attr) bool {
		err, isError := a.Value.Any().(error)
		if !isError {
			return true
		}

		_, isGone := errors.AsType[*serviceerror.NotFound](err)
		isLate = isGone || temporal.IsCanceledError(err) || errors.Is(err, context.Canceled)

		return !isLate
	})

	return isLate
}

// WithAttrs keeps the handler quiet.
func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }

// WithGroup keeps the handler quiet.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
