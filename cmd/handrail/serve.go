package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"handrail/cmd/internal/service"
)

type (
	apiCommand    struct{}
	workerCommand struct{}
	allCommand    struct{}
)

// Run serves the API until the process has to stop.
func (apiCommand) Run(p *process) error { return p.serve(true, false) }

// Run works until the process has to stop.
func (workerCommand) Run(p *process) error { return p.serve(false, true) }

// Run does both.
func (allCommand) Run(p *process) error { return p.serve(true, true) }

func (p *process) serve(api, work bool) error {
	if api {
		if err := service.CheckWebhooks(p.config); err != nil {
			return err
		}
	}

	// Before anything is waited for, so that a port in use is reported at once.
	l, err := p.listen(api)
	if err != nil {
		return err
	}

	defer l.close()

	s, err := service.Connect(p.ctx, p.config, p.environ, p.logger)
	if err != nil {
		return err
	}

	if err := s.RequireMigrations(p.ctx); err != nil {
		return errors.Join(err, s.Close())
	}

	running, ctx := errgroup.WithContext(p.ctx)

	running.Go(func() error { return s.Watch(ctx) })
	running.Go(func() error { return s.Sequence(ctx) })

	if work {
		running.Go(func() error { return s.Work(ctx) })

		p.logger.InfoContext(
			ctx,
			"working",
			"task_queue", p.config.TaskQueue,
			"model", p.config.Model(),
			"version", service.Version,
		)
	}

	if l.api != nil {
		running.Go(func() error { return s.ServeAPI(ctx, l.api) })
		p.logger.InfoContext(ctx, "serving the API", "address", l.api.Addr().String(), "version", service.Version)
	}

	if l.metrics != nil {
		running.Go(func() error { return s.ServeMetrics(ctx, l.metrics) })
		p.logger.InfoContext(ctx, "serving metrics", "address", l.metrics.Addr().String())
	}

	return errors.Join(running.Wait(), s.Close())
}

// listeners are what a process listens on; nil is nothing.
type listeners struct{ api, metrics net.Listener }

func (l *listeners) close() {
	for _, one := range []net.Listener{l.api, l.metrics} {
		if one != nil {
			_ = one.Close() // a served listener is closed already
		}
	}
}

// listen takes the port of the API, if it is to be served, and that of the metrics, if there is one.
func (p *process) listen(api bool) (*listeners, error) {
	var (
		l   listeners
		err error
	)

	if api {
		if l.api, err = listenOn("HANDRAIL_ADDR", p.config.Addr); err != nil {
			return nil, err
		}
	}

	if p.config.MetricsAddr != "" {
		if l.metrics, err = listenOn("HANDRAIL_METRICS_ADDR", p.config.MetricsAddr); err != nil {
			l.close()
			return nil, err
		}
	}

	return &l, nil
}

// listenOn takes the address that a variable names.
func listenOn(name, addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr) //nolint:noctx // nothing to cancel: it answers at once
	if err != nil {
		return nil, fmt.Errorf("%s: cannot listen on %s: %w", name, addr, err)
	}

	return l, nil
}

type healthCommand struct {
	URL string `from:"HANDRAIL_URL" placeholder:"URL" help:"Where the API is ($HANDRAIL_URL); by default on this machine, at the port of HANDRAIL_ADDR."`
}

// address is where the API is asked.
func (h *healthCommand) address(p *process) (string, error) {
	if h.URL != "" {
		return strings.TrimSuffix(h.URL, "/") + "/readyz", nil
	}

	_, port, err := net.SplitHostPort(p.config.Addr)
	if err != nil {
		return "", fmt.Errorf("HANDRAIL_ADDR: %w", err)
	}

	return "http://" + net.JoinHostPort("127.0.0.1", port) + "/readyz", nil
}

// Run asks /readyz.
func (h *healthCommand) Run(p *process) error {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()

	address, err := h.address(p)
	if err != nil {
		return err
	}

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("ask whether the API is ready: %w", err)
	}

	answer, err := (&http.Client{}).Do(request)
	if err != nil {
		return fmt.Errorf("the API does not answer: %w", err)
	}

	if err := answer.Body.Close(); err != nil {
		return fmt.Errorf("ask whether the API is ready: %w", err)
	}

	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the API is not ready: it answers %s", answer.Status)
	}

	fmt.Fprintln(p.out, "ready")

	return nil
}

type configCommand struct{}

// Run shows the settings.
func (configCommand) Run(p *process) error { return p.config.Show(p.out) }

type versionCommand struct{}

// Run shows the version.
func (versionCommand) Run(p *process) error {
	if _, err := fmt.Fprintln(p.out, "handrail", service.Version); err != nil {
		return fmt.Errorf("show the version: %w", err)
	}

	return nil
}
