package site

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"handrail/db"
)

// Options say what an installation is made of.
type Options struct {
	// Folder is where everything is kept.
	Folder string
	// Programs is the folder of handrail and handrail-dev.
	Programs string
	// APIs and Workers are how many processes there are of each.
	APIs, Workers int
	// Environ configures Handrail's processes beyond what tells them about each other; what
	// comes later wins.
	Environ []string
	// TemporalShards keeps Temporal's data on PostgreSQL too, in so many shards; 0 keeps it
	// in a file.
	TemporalShards int
	// PostgresSettings are given to PostgreSQL, "name=value" each.
	PostgresSettings []string
}

// Site is an installation. It is not safe for concurrent use.
type Site struct {
	Options
	ports     ports
	postgres  *postgres
	public    *http.Server
	publicURL string
	// signingKey verifies the sandbox's events; the sandbox keeps it over its restarts.
	signingKey string
	running    []*Process
}

type ports struct {
	postgres, temporal, sandbox int
	apis, workers               []int
}

// New makes the folders of an installation, and starts nothing. The caller must Close it.
func New(ctx context.Context, o Options) (*Site, error) {
	free, err := FreePorts(3 + o.APIs + o.Workers)
	if err != nil {
		return nil, err
	}

	s := &Site{Options: o, ports: ports{
		postgres: free[0],
		temporal: free[1],
		sandbox:  free[2],
		apis:     free[3 : 3+o.APIs],
		workers:  free[3+o.APIs:],
	}}

	if s.postgres, err = newPostgres(ctx, o.Folder, s.ports.postgres); err != nil {
		return nil, err
	}

	s.postgres.settings = o.PostgresSettings

	return s, s.openPublic(ctx)
}

// openPublic serves the one address that providers know.
func (s *Site) openPublic(ctx context.Context) error {
	handler, err := newProxy(s.APIs()...)
	if err != nil {
		return err
	}

	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", loopback(0))
	if err != nil {
		return fmt.Errorf("listen for callbacks: %w", err)
	}

	s.publicURL = "http://" + l.Addr().String()

	s.public = &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.public.Serve(l) }() // ends when it is closed

	return nil
}

// APIs are the addresses of the APIs.
func (s *Site) APIs() []string {
	all := make([]string, len(s.ports.apis))
	for i, port := range s.ports.apis {
		all[i] = "http://" + loopback(port)
	}

	return all
}

// Sandbox is the address of the providers' stand-in.
func (s *Site) Sandbox() string { return "http://" + loopback(s.ports.sandbox) }

// Temporal is the address of Temporal's frontend.
func (s *Site) Temporal() string { return loopback(s.ports.temporal) }

// HandrailURL is the address of Handrail's database.
func (s *Site) HandrailURL() string { return s.DatabaseURL("postgres") }

// DatabaseURL is the address of a database on the installation's server.
func (s *Site) DatabaseURL(database string) string { return s.postgres.url(database) }

// Store opens Handrail's database, to seed it. The caller must Close it.
func (s *Site) Store(ctx context.Context) (*db.Store, error) { return db.Open(ctx, s.HandrailURL()) }

// Running are the processes, in the order of their starts.
func (s *Site) Running() []*Process { return s.running }

// StartParts starts what Handrail stands on, and brings the database up to date.
func (s *Site) StartParts(ctx context.Context) error {
	if err := s.Start(ctx, s.postgres.program(), s.sandboxProgram(), s.temporalProgram()); err != nil {
		return err
	}

	migrate := exec.CommandContext(
		ctx,
		filepath.Join(s.Programs, "handrail"),
		"migrate",
		"up",
	) //nolint:gosec // one of ours

	migrate.Dir, migrate.Env = s.Folder, s.Environment()
	if said, err := migrate.CombinedOutput(); err != nil {
		return fmt.Errorf("handrail migrate up: %w\n%s", err, said)
	}

	return nil
}

// StartHandrail starts the APIs and the workers.
func (s *Site) StartHandrail(ctx context.Context) error {
	var all []Program
	for n := range s.Options.APIs {
		all = append(all, s.apiProgram(n))
	}

	for n := range s.Workers {
		all = append(all, s.workerProgram(n))
	}

	return s.Start(ctx, all...)
}

// Start starts programs one after the other and returns when all are ready.
func (s *Site) Start(ctx context.Context, all ...Program) error {
	for _, p := range all {
		running, err := p.run(s.Folder)
		if err != nil {
			return err
		}

		s.running = append(s.running, running)
		if err := running.awaitReady(ctx); err != nil {
			return err
		}
	}

	return nil
}

// Close ends everything, the last started first.
func (s *Site) Close() error {
	var all []error

	for _, p := range slices.Backward(s.running) {
		signal := os.Kill
		if p.Kind == "postgres" {
			signal = syscall.SIGINT // killed, it would leave its shared memory behind
		}

		all = append(all, p.Stop(signal))
	}

	if s.public != nil {
		all = append(all, s.public.Close())
	}

	return errors.Join(all...)
}
