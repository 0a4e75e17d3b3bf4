package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"handrail/activities"
	"handrail/api"
	"handrail/cmd/internal/config"
	"handrail/console"
	"handrail/loopback"
)

// stopWithin is how long running requests may take to answer once the program is told to
// stop; their actions go on in any case.
const stopWithin = 10 * time.Second

// innerTimeout exceeds the longest that the API lets a request of the console wait, a minute.
const innerTimeout = 90 * time.Second

// ServeAPI answers requests on l until ctx ends, then lets running ones answer: with
// their outcome, or with 202 and where to find it.
func (s *Service) ServeAPI(ctx context.Context, l net.Listener) error {
	hooks, err := newWebhooks(s.config)
	if err != nil {
		return err
	}

	hooks.warn(ctx, s.config, s.logger)

	app, err := api.New(api.Config{
		Store:          s.Store,
		Engine:         s.engine(),
		Workers:        s.newWorkerWatch(),
		Doctor:         s.newDoctor(),
		Logger:         s.logger,
		Version:        Version,
		Wait:           s.config.Wait,
		Twilio:         hooks.twilio,
		SendGrid:       hooks.sendgrid,
		Tools:          s.tools,
		Posts:          s.tools,
		EventBase:      api.EventBase(s.config.PublicURL),
		CheckCalls:     activities.CheckCalls,
		Models:         s.models,
		Renderer:       s.renderer(),
		Registry:       s.monitor.registry,
		Meter:          s.monitor.meter,
		WorkspaceLimit: perSecond(s.config.WorkspaceRate),
		AddressLimit:   perSecond(s.config.AddressRate),
		AllowsHost:     allowedHosts(s.config),
	})
	if err != nil {
		return fmt.Errorf("assemble the API: %w", err)
	}

	inner := newInnerListener()

	pages, err := s.newConsole(inner)
	if err != nil {
		return err
	}

	app.Mount(console.Root, pages)
	app.RedirectRoot(console.Root)

	go s.serveInner(ctx, app, inner)

	stopped := make(chan error, 1)

	stop := context.AfterFunc(ctx, func() {
		finishing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()

		stopped <- app.Shutdown(finishing)
	})
	if err := app.Serve(l); err != nil && stop() {
		return fmt.Errorf("serve the API on %s: %w", l.Addr(), err)
	}

	return <-stopped
}

// serveInner answers the console within the process until the API is shut down.
func (s *Service) serveInner(ctx context.Context, app *api.App, inner net.Listener) {
	if err := app.ServeInner(inner); err != nil && ctx.Err() == nil {
		s.logger.ErrorContext(ctx, "the console cannot reach the API", "error", err)
	}
}

// perSecond is a rate in bursts of twice as many.
func perSecond(rate float64) api.RateLimit {
	return api.RateLimit{
		PerSecond: rate,
		Burst:     int(2 * rate),
	}
}

// allowedHosts reports which hosts the API answers for; nil for all of them.
func allowedHosts(c *config.Config) func(host string) bool {
	if !c.LoopbackOnly {
		return nil
	}

	public, err := url.Parse(c.PublicURL)

	return func(host string) bool {
		// A tunnel brings the providers' webhooks to a name that is not this machine's.
		return loopback.IsHost(host) || err == nil && public.Host != "" && strings.EqualFold(host, public.Host)
	}
}

// How long a plain handler's server waits for a request to arrive, and for the next one. An answer may take as long as
// it does: streams have no end.
const (
	plainHeadWithin = 10 * time.Second
	plainReadWithin = 30 * time.Second
	plainIdleWithin = 75 * time.Second
)

// ServeHTTP serves a plain handler on l until ctx ends. A handler whose answer takes longer than requests may take to
// arrive must lift the deadline for reading, see [http.ResponseController].
func ServeHTTP(ctx context.Context, l net.Listener, handler http.Handler) error {
	return servePlain(ctx, l, &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: plainHeadWithin,
		ReadTimeout:       plainReadWithin,
		IdleTimeout:       plainIdleWithin,
	})
}

func servePlain(ctx context.Context, l net.Listener, server *http.Server) error {
	stop := context.AfterFunc(ctx, func() {
		finishing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()

		_ = server.Shutdown(finishing) // what does not finish in time is closed with the process
	})
	defer stop()

	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}

	return nil
}
