// Command handrail-dev is all of Handrail in one process, for development and for trying
// it out: an embedded Temporal server and its UI, SQLite, a sandbox that plays Twilio and
// SendGrid, the API and a worker. It needs nothing but this machine and keeps its data in
// one folder.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/alecthomas/kong"

	"handrail/cmd/internal/config"
	"handrail/cmd/internal/service"
)

type cli struct {
	Up       upCommand       `cmd:"" default:"1" help:"Start everything (the default)."`
	Sandbox  sandboxCommand  `cmd:"" help:"Start the sandbox alone: a stand-in for Twilio's and SendGrid's APIs with an inbox page."`
	Temporal temporalCommand `cmd:"" help:"Start the embedded Temporal server alone, without its UI."`
}

func main() {
	// Before anything else, so that a second Ctrl-C ends the program at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	var c cli
	parsed := kong.Parse(&c, kong.Name("handrail-dev"), kong.Description(service.DevHelp), kong.UsageOnError())

	cfg, err := config.Load(os.Environ())
	if err == nil {
		err = parsed.Run(&process{
			ctx:     ctx,
			config:  cfg,
			environ: os.Environ(),
			out:     os.Stdout,
			logger:  service.NewLogger(os.Stderr, cfg),
			service: new(atomic.Pointer[service.Service]),
		})
	}

	if err != nil {
		fmt.Fprintln(os.Stderr, "handrail-dev:", err)
		os.Exit(1)
	}
}
