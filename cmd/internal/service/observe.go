package service

import (
	"context"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// ServeWorker serves /healthz, /readyz and /metrics of a process that works and serves no
// API, until ctx ends.
func (s *Service) ServeWorker(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.newRegistry(), promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /readyz", s.ready)

	return ServeHTTP(ctx, l, mux)
}

// ready reports whether the database and Temporal answer.
func (s *Service) ready(w http.ResponseWriter, r *http.Request) {
	err := s.engine().Ping(r.Context())
	if err == nil {
		err = s.Store.Ping(r.Context())
	}

	if err != nil {
		s.logger.WarnContext(r.Context(), "not ready", "error", err)
		http.Error(w, "not ready", http.StatusServiceUnavailable)
	}
}
