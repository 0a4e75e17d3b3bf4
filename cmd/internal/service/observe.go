package service

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"handrail/chat"
	"handrail/loopback"
)

// readyWithin is how long the parts of a worker may take to answer.
const readyWithin = 2 * time.Second

// ServeMetrics serves /healthz, /readyz and /metrics of this process, until ctx ends.
func (s *Service) ServeMetrics(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.monitor.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /readyz", s.ready)

	if s.config.LoopbackOnly {
		return ServeHTTP(ctx, l, loopback.Guard(mux))
	}

	return ServeHTTP(ctx, l, mux)
}

// ready reports whether a worker can do its work: the database takes writes, the clocks agree,
// Temporal answers, and no encryption key is missing. The answer is for people.
func (s *Service) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()

	checks := []func(context.Context) error{
		s.Store.CheckWritable,
		s.clocksAgree,
		s.monitor.keysComplete,
		s.engine().Ping,
	}

	for _, check := range checks {
		err := check(ctx)
		if err == nil {
			continue
		}

		s.logger.WarnContext(ctx, "not ready", "error", err)

		reason := "not ready"
		if e, ok := errors.AsType[*chat.Error](err); ok {
			reason += ": " + e.Message
		}

		http.Error(w, reason, http.StatusServiceUnavailable)

		return
	}
}

func (s *Service) clocksAgree(ctx context.Context) error {
	offset, err := s.Store.ClockOffset(ctx)
	if err != nil {
		return err
	}

	return chat.CheckClock(offset)
}
