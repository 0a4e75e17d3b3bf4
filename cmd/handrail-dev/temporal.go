package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"

	"handrail/temporaldev"
	"handrail/workflows"
)

type temporalCommand struct {
	Port     int    `help:"Its port on this machine; HANDRAIL_DEV_TEMPORAL_PORT otherwise." placeholder:"PORT"`
	Postgres string `env:"HANDRAIL_DEV_TEMPORAL_POSTGRES" help:"A PostgreSQL database to use in place of a file, with a second one named like it with _visibility at its end; made when missing." placeholder:"URL"`
	Shards   int32  `default:"1" help:"How many history shards a new store has, for ever."`
}

// garbage is how much the embedded server may allocate before it collects, in per cent of
// what is in use, unless GOGC says otherwise. It allocates much and keeps little: Go's own
// 100 costs it a fifth more processor time for a send (make bench).
const garbage = 300

// Run serves the embedded Temporal server alone until the context ends.
func (t *temporalCommand) Run(p *process) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}

	port := t.Port
	if port == 0 {
		port = p.config.Dev.TemporalPort
	}

	l, err := listenOn(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), "HANDRAIL_DEV_TEMPORAL_PORT")
	if err != nil {
		return err
	}

	_ = l.Close() // taken a moment ago, by us; Temporal opens it itself

	server, err := temporaldev.Start(p.ctx, temporaldev.Options{
		File:             filepath.Join(p.config.Dev.DataDir, "temporal.db"),
		Port:             port,
		Postgres:         t.Postgres,
		Shards:           t.Shards,
		Namespace:        p.config.TemporalNamespace,
		SearchAttributes: workflows.SearchAttributes(),
	})
	if err != nil {
		return err
	}

	fmt.Fprintf(
		p.out,
		"\n  TEMPORAL_ADDRESS=%s TEMPORAL_NAMESPACE=%s\n\n",
		server.Address(),
		p.config.TemporalNamespace,
	)

	<-p.ctx.Done()

	return server.Stop()
}
