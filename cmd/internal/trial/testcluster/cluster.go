package testcluster

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
	"sync"
	"syscall"
	"time"

	"handrail/cmd/internal/trial/pgproxy"
	"handrail/db"
	"handrail/freeport"
)

// Options say what an installation is made of.
type Options struct {
	// Folder is where everything is kept.
	Folder string
	// Programs is the folder of handrail and handrail-dev.
	Programs string
	// APIs and Workers are how many processes there are of each.
	APIs, Workers int
	// Environ configures Handrail's processes beyond the addresses of each other; what
	// comes later wins.
	Environ []string
	// TemporalShards keeps Temporal's data on PostgreSQL too, in so many shards; 0 keeps it
	// in a file.
	TemporalShards int
	// PostgresSettings are given to PostgreSQL, "name=value" each.
	PostgresSettings []string
	// Proxied puts a proxy between Handrail's processes and PostgreSQL.
	Proxied bool
	// Standby keeps a synchronous standby of PostgreSQL. It needs Proxied.
	Standby bool
}

// Cluster is an installation. Once it is started, its methods may be called concurrently, but
// for Start and Close.
type Cluster struct {
	Options
	ports     ports
	public    *http.Server
	publicURL string
	proxy     *pgproxy.Proxy // nil unless Proxied
	// signingKey verifies the sandbox's events; the sandbox keeps it over its restarts.
	signingKey string

	mu       sync.Mutex
	postgres *postgres // the primary
	standby  *postgres // nil without one
	running  []*Process
}

type ports struct {
	postgres, standby, temporal, sandbox int
	apis, workers                        []int
	// metrics are those of the APIs, whose own ports serve none.
	metrics []int
}

// New makes the folders of an installation, and starts nothing. The caller must Close it.
func New(ctx context.Context, o Options) (*Cluster, error) {
	free, err := freeport.Find(4 + 2*o.APIs + o.Workers)
	if err != nil {
		return nil, err
	}

	s := &Cluster{Options: o, ports: ports{
		postgres: free[0],
		temporal: free[1],
		sandbox:  free[2],
		standby:  free[3],
		apis:     free[4 : 4+o.APIs],
		metrics:  free[4+o.APIs : 4+2*o.APIs],
		workers:  free[4+2*o.APIs:],
	}}

	if s.postgres, err = newPostgres(ctx, o.Folder, s.ports.postgres); err != nil {
		return nil, err
	}

	s.postgres.settings = o.PostgresSettings

	if o.Proxied {
		s.proxy, err = pgproxy.Listen(ctx, freeport.Loopback(0), s.postgres.address())
		if err != nil {
			return nil, err
		}
	}

	return s, s.openPublic(ctx)
}

// openPublic serves the one address that providers know.
func (c *Cluster) openPublic(ctx context.Context) error {
	handler, err := newProxy(c.APIs()...)
	if err != nil {
		return err
	}

	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", freeport.Loopback(0))
	if err != nil {
		return fmt.Errorf("listen for callbacks: %w", err)
	}

	c.publicURL = "http://" + l.Addr().String()

	c.public = &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = c.public.Serve(l) }() // ends when it is closed

	return nil
}

// APIs are the addresses of the APIs.
func (c *Cluster) APIs() []string {
	all := make([]string, len(c.ports.apis))
	for i, port := range c.ports.apis {
		all[i] = "http://" + freeport.Loopback(port)
	}

	return all
}

// Public is the one address that providers know.
func (c *Cluster) Public() string { return c.publicURL }

// Sandbox is the address of the providers' stand-in.
func (c *Cluster) Sandbox() string { return "http://" + freeport.Loopback(c.ports.sandbox) }

// Temporal is the address of Temporal's frontend.
func (c *Cluster) Temporal() string { return freeport.Loopback(c.ports.temporal) }

// HandrailURL is the address of Handrail's database, past the proxy.
func (c *Cluster) HandrailURL() string { return c.DatabaseURL("postgres") }

// DatabaseURL is the address of a database on the installation's server, past the proxy.
func (c *Cluster) DatabaseURL(database string) string {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.postgres.url(database)
}

// Proxy is what stands between Handrail's processes and PostgreSQL, nil for nothing.
func (c *Cluster) Proxy() *pgproxy.Proxy { return c.proxy }

// Store opens Handrail's database, to seed it. The caller must Close it.
func (c *Cluster) Store(ctx context.Context) (*db.Store, error) { return db.Open(ctx, c.HandrailURL()) }

// Running are the processes, in the order of their starts.
func (c *Cluster) Running() []*Process {
	c.mu.Lock()
	defer c.mu.Unlock()

	return slices.Clone(c.running)
}

// StartParts starts what Handrail stands on, and brings the database up to date.
func (c *Cluster) StartParts(ctx context.Context) error {
	if err := c.Start(ctx, c.postgres.program(), c.sandboxProgram(), c.temporalProgram()); err != nil {
		return err
	}

	if c.Standby {
		if err := c.startStandby(ctx); err != nil {
			return err
		}
	}

	program := filepath.Join(c.Programs, "handrail")

	migrate := exec.CommandContext(ctx, program, "migrate", "up") //nolint:gosec // one of ours
	migrate.Dir = c.Folder
	migrate.Env = c.Environment()

	if output, err := migrate.CombinedOutput(); err != nil {
		return fmt.Errorf("handrail migrate up: %w\n%s", err, output)
	}

	return nil
}

// StartHandrail starts the APIs and the workers.
func (c *Cluster) StartHandrail(ctx context.Context) error {
	var all []Program
	for n := range c.Options.APIs {
		all = append(all, c.apiProgram(n))
	}

	for n := range c.Workers {
		all = append(all, c.workerProgram(n))
	}

	return c.Start(ctx, all...)
}

// Start starts programs one after the other and returns when all are ready.
func (c *Cluster) Start(ctx context.Context, all ...Program) error {
	for _, p := range all {
		running, err := p.run(c.Folder)
		if err != nil {
			return err
		}

		c.mu.Lock()
		c.running = append(c.running, running)
		c.mu.Unlock()

		if err := running.awaitReady(ctx); err != nil {
			return err
		}
	}

	return nil
}

// Close ends everything, the last started first.
func (c *Cluster) Close() error {
	var all []error

	for _, p := range slices.Backward(c.Running()) {
		signal := os.Kill
		if p.Kind == kindPostgres || p.Kind == kindStandby {
			signal = syscall.SIGINT // killed, it would leave its shared memory behind
		}

		all = append(all, p.Stop(signal))
	}

	if c.proxy != nil {
		all = append(all, c.proxy.Close())
	}

	if c.public != nil {
		all = append(all, c.public.Close())
	}

	return errors.Join(all...)
}
