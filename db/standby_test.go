package db_test

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
	"handrail/freeport"
)

// replicas are a PostgreSQL server and its asynchronous standby, which go with the test.
type replicas struct {
	programs string
	home     string
	user     *syscall.Credential
	primary  *replica
	standby  *replica
}

// replica is one of the servers, while it runs.
type replica struct {
	url     string
	data    string
	port    string
	process *exec.Cmd
}

// newReplicas starts a server, and a standby that has all that it had.
func newReplicas(t *testing.T) *replicas {
	t.Helper()
	dbtest.NewPostgresURL(t) // skips where PostgreSQL is left out

	home, err := os.MkdirTemp("", "handrail-standby-") //nolint:usetesting // another user must reach it
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(home)) })

	ports, err := freeport.Find(2)
	require.NoError(t, err)

	r := &replicas{programs: findPrograms(t), home: home}
	r.dropPrivileges(t)
	r.primary = newReplica(home, "primary", ports[0])
	r.standby = newReplica(home, "standby", ports[1])

	r.run(t, "initdb", "--pgdata="+r.primary.data, "--username=handrail", "--auth=trust", "--no-sync",
		"--locale=C", "--encoding=UTF8")
	r.start(t, r.primary)
	r.run(t, "pg_basebackup", "--pgdata="+r.standby.data, "--host=127.0.0.1", "--port="+r.primary.port,
		"--username=handrail", "--write-recovery-conf", "--checkpoint=fast", "--no-sync")
	r.start(t, r.standby)

	return r
}

// open opens both, with the schema in place.
func (r *replicas) open(t *testing.T) (primary, standby *db.Store) {
	t.Helper()
	primary, standby = r.primary.open(t), r.standby.open(t)

	_, err := db.NewMigrator(primary).Up(t.Context())
	require.NoError(t, err)

	return primary, standby
}

func newReplica(home, name string, port int) *replica {
	return &replica{
		url:  "postgres://handrail@" + freeport.Loopback(port) + "/postgres?sslmode=disable",
		data: filepath.Join(home, name),
		port: strconv.Itoa(port),
	}
}

// findPrograms returns the folder of the newest server that is installed with pg_basebackup.
func findPrograms(t *testing.T) string {
	t.Helper()

	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pg_basebackup")
	require.NoError(t, err)

	if path, err := exec.LookPath("pg_basebackup"); len(found) == 0 && err == nil {
		found = append(found, path)
	}

	if len(found) == 0 {
		t.Skip("there is no pg_basebackup, which makes a standby")
	}

	return filepath.Dir(slices.Max(found))
}

// dropPrivileges chooses who runs the servers, because PostgreSQL refuses to run as root.
func (r *replicas) dropPrivileges(t *testing.T) {
	t.Helper()

	if os.Geteuid() != 0 {
		return
	}

	who, err := user.Lookup("postgres")
	if err != nil {
		who, err = user.Lookup("nobody")
	}

	require.NoError(t, err)

	uid, err := strconv.Atoi(who.Uid)
	require.NoError(t, err)
	gid, err := strconv.Atoi(who.Gid)
	require.NoError(t, err)
	require.NoError(t, os.Chown(r.home, uid, gid))

	r.user = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func (r *replicas) command(name string, args ...string) *exec.Cmd {
	// No context: a server must outlive the test's to be stopped after it.
	c := exec.Command(filepath.Join(r.programs, name), args...)
	c.Dir = r.home
	c.Env = []string{"PATH=" + r.programs, "LC_ALL=C"}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: r.user}

	return c
}

func (r *replicas) run(t *testing.T, name string, args ...string) {
	t.Helper()

	output, err := r.command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s: %s", name, output)
}

// start starts a server and waits until it answers.
func (r *replicas) start(t *testing.T, s *replica) {
	t.Helper()

	s.process = r.command("postgres", "-D", s.data, "-p", s.port, "-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories=", "-c", "fsync=off")
	s.process.Stderr = t.Output()
	require.NoError(t, s.process.Start())
	t.Cleanup(func() { s.stop() })

	require.Eventually(t, func() bool {
		store, err := db.Open(t.Context(), s.url)
		if err == nil {
			err = store.Close()
		}

		return err == nil
	}, time.Minute, 20*time.Millisecond)
}

// stop ends a server as a crash does.
func (s *replica) stop() {
	_ = s.process.Process.Signal(syscall.SIGQUIT) // it may have ended
	_ = s.process.Wait()
}

// open returns a store on a server.
func (s *replica) open(t *testing.T) *db.Store {
	t.Helper()
	store, err := db.Open(t.Context(), s.url)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })

	return store
}

// waitFor waits until a query of a store answers true.
func waitFor(t *testing.T, s *db.Store, query string) {
	t.Helper()

	require.Eventually(t, func() bool {
		var yes bool
		err := s.Bun().NewRaw(query).Scan(context.WithoutCancel(t.Context()), &yes)

		return err == nil && yes
	}, time.Minute, 20*time.Millisecond, query)
}

const (
	caughtUp = `SELECT count(*) > 0 AND bool_and(replay_lsn = pg_current_wal_lsn()) FROM pg_stat_replication`
	alone    = `SELECT count(*) = 0 FROM pg_stat_replication`
)

// stopShipping cuts the standby off: what the primary commits from here on, it does not get.
func stopShipping(t *testing.T, primary, standby *db.Store) {
	t.Helper()
	waitFor(t, primary, caughtUp)

	for _, statement := range []string{"ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()"} {
		_, err := standby.Bun().ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}

	waitFor(t, primary, alone)
}

// TestAClaimThatTheStandbyLacksIsNotGrantedAgain fails over to an asynchronous standby that lacks
// the claim of one message, and another message altogether. Both were posted.
func TestAClaimThatTheStandbyLacksIsNotGrantedAgain(t *testing.T) {
	t.Parallel()
	r := newReplicas(t)
	primary, standby := r.open(t)

	w := dbtest.Seed(t, primary)
	claimed := w.Prepare(t, primary, w.SMS.ID, "claimed before the failover")
	stopShipping(t, primary, standby)

	w.Claim(t, primary, claimed.DeliveryID, time.Now())

	whole := w.Send(w.Email.ID, "prepared and claimed before the failover")
	whole.AcceptedAt = time.Now()
	_, claim := prepareAndClaim(t, primary, whole, time.Now())
	require.True(t, claim.Granted)

	r.primary.stop()

	var promoted bool
	require.NoError(t, standby.Bun().NewRaw("SELECT pg_promote()").Scan(t.Context(), &promoted))
	require.True(t, promoted)

	later := time.Now().Add(time.Hour)
	claim, err := standby.Claim(t.Context(), w.Workspace, claimed.DeliveryID, later, time.Minute)
	require.NoError(t, err)
	assert.False(t, claim.Granted, "the message was posted")
	assert.Equal(t, chat.SubmissionNeedsReview, claim.Delivery.Submission)
	assert.Equal(t, chat.ErrorDatabaseFailedOver, claim.Delivery.ErrorCode)

	again, claim := prepareAndClaim(t, standby, whole, later)
	assert.False(t, claim.Granted, "its workflow began before the failover")
	assert.Equal(t, chat.SubmissionNeedsReview, again.Submission)

	fresh := w.Send(w.SMS.ID, "asked for after the failover")
	fresh.AcceptedAt = later
	_, claim = prepareAndClaim(t, standby, fresh, later)
	assert.True(t, claim.Granted)

	timeline, err := standby.Timeline(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "00000002", cmp.Or(timeline.Current, timeline.Known))
	assert.False(t, timeline.Detected())
}
