package testcluster

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"
)

// startStandby copies the primary, starts a standby of it, and has the primary wait for the
// standby with each commit.
func (c *Cluster) startStandby(ctx context.Context) error {
	primary := c.postgres
	standby := *primary
	standby.name = kindStandby
	standby.data = filepath.Join(filepath.Dir(primary.data), "standby")
	standby.port = c.ports.standby

	if err := standby.copyFrom(ctx, primary); err != nil {
		return err
	}

	program := standby.program()
	program.Ready = func(ctx context.Context) error { return standby.query(ctx, "SELECT 1", new(int)) }
	// What follows a primary that was killed is to find it again at once.
	program.Args = append(program.Args, "-c", "wal_retrieve_retry_interval=200ms")

	if err := c.Start(ctx, program); err != nil {
		return err
	}

	for _, statement := range []string{
		"ALTER SYSTEM SET synchronous_standby_names = 'standby'",
		"SELECT pg_reload_conf()",
	} {
		if err := primary.execute(ctx, statement); err != nil {
			return err
		}
	}

	c.standby = &standby

	return c.awaitSynchronous(ctx)
}

// copyFrom makes the server's data a copy of a primary that it will follow.
func (p *postgres) copyFrom(ctx context.Context, primary *postgres) error {
	source := fmt.Sprintf(
		"host=127.0.0.1 port=%d user=handrail password=%s sslmode=disable application_name=standby",
		primary.port,
		primary.password,
	)

	command := exec.CommandContext( //nolint:gosec // found among the installed ones
		ctx,
		filepath.Join(p.programs, "pg_basebackup"),
		"--pgdata="+p.data,
		"--dbname="+source,
		"--write-recovery-conf",
		"--wal-method=stream",
		"--checkpoint=fast",
		"--no-sync",
	)

	command.Dir = filepath.Dir(p.data)
	command.Env = p.environ
	command.SysProcAttr = &syscall.SysProcAttr{Credential: p.user}

	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w\n%s", err, output)
	}

	return nil
}

// Failover ends the primary for good and has the standby take its place, behind the same
// address of the proxy. The standby has all that was committed when it is called, and all that
// is answered as committed later, so nothing is lost. It reports false if there is no standby.
func (c *Cluster) Failover(ctx context.Context) (bool, error) {
	c.mu.Lock()
	standby := c.standby
	c.mu.Unlock()

	if standby == nil || c.proxy == nil {
		return false, nil
	}

	if err := c.awaitSynchronous(ctx); err != nil {
		return false, err
	}

	// An immediate shutdown is a crash that leaves no shared memory behind.
	if err := c.Primary().Stop(syscall.SIGQUIT); err != nil {
		return false, err
	}

	var promoted bool
	if err := standby.query(ctx, "SELECT pg_promote(true, 60)", &promoted); err != nil {
		return false, err
	}

	if !promoted {
		return false, errors.New("the standby was not promoted within a minute")
	}

	c.mu.Lock()
	c.postgres = standby
	c.standby = nil
	c.mu.Unlock()

	c.proxy.SetTarget(standby.address())
	c.proxy.CutAll()

	return true, nil
}

// Primary returns the process of the server that Handrail uses now.
func (c *Cluster) Primary() *Process {
	c.mu.Lock()
	defer c.mu.Unlock()

	i := slices.IndexFunc(c.running, func(p *Process) bool { return p.Name == c.postgres.name })
	if i < 0 {
		return nil
	}

	return c.running[i]
}

// caughtUp asks the primary whether the standby has stored all that was written until a
// place in its log.
const caughtUp = `SELECT EXISTS (SELECT 1 FROM pg_stat_replication
	WHERE application_name = 'standby' AND state = 'streaming' AND sync_state = 'sync' AND flush_lsn >= $1::pg_lsn)`

// awaitSynchronous waits until each commit waits for the standby, and until it has stored all
// that was committed without waiting: a primary that was killed may have such commits.
func (c *Cluster) awaitSynchronous(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()

	var written string

	for {
		var (
			done bool
			err  error
		)

		if written == "" {
			err = c.postgres.query(ctx, "SELECT pg_current_wal_flush_lsn()::text", &written)
		}

		if err == nil {
			err = c.postgres.query(ctx, caughtUp, &done, written)
		}

		if err == nil && done {
			return nil
		}

		select {
		case <-ctx.Done():
			return fmt.Errorf("the standby does not follow: %w", errors.Join(ctx.Err(), err))

		case <-time.After(lookEvery):
		}
	}
}

// query reads the one value that a statement returns.
func (p *postgres) query(ctx context.Context, statement string, into any, args ...any) error {
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(p.url("postgres"))))
	defer func() { _ = db.Close() }() // the answer is read

	if err := db.QueryRowContext(ctx, statement, args...).Scan(into); err != nil {
		return fmt.Errorf("ask the server on port %s: %w", strconv.Itoa(p.port), err)
	}

	return nil
}

// execute carries out a statement.
func (p *postgres) execute(ctx context.Context, statement string) error {
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(p.url("postgres"))))
	defer func() { _ = db.Close() }() // it is carried out

	if _, err := db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("carry out %q: %w", statement, err)
	}

	return nil
}
