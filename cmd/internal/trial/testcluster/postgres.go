package testcluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"handrail/db"
	"handrail/freeport"
)

// oldestPostgres is the oldest major version of PostgreSQL that Handrail runs on.
const oldestPostgres = 15

// postgres is a cluster of its own: made from the installed binaries, and thrown away
// with its folder.
type postgres struct {
	name     string // of its process
	programs string // folder of initdb and postgres
	data     string
	user     *syscall.Credential // nil for the caller
	environ  []string
	port     int
	password string
	settings []string
}

// newPostgres makes the cluster in folder/postgres. It is durable as by default: whatever
// it reported as stored must be there after a kill.
func newPostgres(ctx context.Context, folder string, port int) (*postgres, error) {
	programs, err := findPostgres(ctx)
	if err != nil {
		return nil, err
	}

	home := filepath.Join(folder, "postgres")
	p := &postgres{
		name:     kindPostgres,
		programs: programs,
		data:     filepath.Join(home, "data"),
		port:     port,
		password: rand.Text(),
		environ:  []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LC_ALL=C"},
	}

	if err := os.Mkdir(home, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of PostgreSQL: %w", err)
	}

	if os.Geteuid() == 0 {
		if err := p.dropPrivileges(home); err != nil {
			return nil, err
		}
	}

	if err := p.initialize(ctx, home); err != nil {
		return nil, err
	}

	return p, nil
}

// dropPrivileges chooses who runs the server, because PostgreSQL refuses to run as root,
// and gives the folder to that user.
func (p *postgres) dropPrivileges(home string) error {
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}

		uid, errUser := strconv.ParseUint(found.Uid, 10, 32)

		gid, errGroup := strconv.ParseUint(found.Gid, 10, 32)
		if err := errors.Join(errUser, errGroup); err != nil {
			return fmt.Errorf("read the ids of the user %s: %w", name, err)
		}

		p.user = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}

		if err := os.Chown(home, int(uid), int(gid)); err != nil {
			return fmt.Errorf("give the folder of PostgreSQL to the user %s: %w", name, err)
		}

		// The user must be able to pass, and needs to see nothing.
		if err := os.Chmod(filepath.Dir(home), 0o711); err != nil { //nolint:gosec // see above
			return fmt.Errorf("let the user %s reach its folder: %w", name, err)
		}

		return nil
	}

	return errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody")
}

func (p *postgres) initialize(ctx context.Context, home string) error {
	secret := filepath.Join(home, "password")
	if err := os.WriteFile(secret, []byte(p.password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the password of PostgreSQL: %w", err)
	}

	if p.user != nil {
		if err := os.Chown(secret, int(p.user.Uid), int(p.user.Gid)); err != nil {
			return fmt.Errorf("give the password of PostgreSQL to its user: %w", err)
		}
	}

	command := exec.CommandContext( //nolint:gosec // found among the installed ones
		ctx,
		filepath.Join(p.programs, "initdb"),
		"--pgdata="+p.data,
		"--username=handrail",
		"--pwfile="+secret,
		"--auth=scram-sha-256",
		"--encoding=UTF8",
		"--locale=C",
		"--no-sync",
	)

	command.Dir = home
	command.Env = p.environ
	command.SysProcAttr = &syscall.SysProcAttr{Credential: p.user}

	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}

	return nil
}

// address is where the server listens.
func (p *postgres) address() string { return freeport.Loopback(p.port) }

// url is where a database of the server is found.
func (p *postgres) url(database string) string { return p.urlAt(p.address(), database) }

// urlAt is where a database of the server is found behind another address.
func (p *postgres) urlAt(address, database string) string {
	return fmt.Sprintf("postgres://handrail:%s@%s/%s?sslmode=disable", p.password, address, database)
}

// The kinds of PostgreSQL's processes.
const (
	kindPostgres = "postgres"
	kindStandby  = "standby"
)

func (p *postgres) program() Program {
	args := []string{filepath.Join(p.programs, "postgres"), "-D", p.data, "-p", strconv.Itoa(p.port)}
	settings := append(
		slices.Clone(p.settings),
		"listen_addresses=127.0.0.1",
		"unix_socket_directories=",
		"max_connections=200",
	)

	for _, setting := range settings {
		args = append(args, "-c", setting)
	}

	return Program{
		Name:    p.name,
		Kind:    p.name,
		Environ: p.environ,
		User:    p.user,
		Args:    args,
		Ready: func(ctx context.Context) error {
			store, err := db.Open(ctx, p.url("postgres"), db.WithMaxConns(1))
			if err != nil {
				return err
			}

			return store.Close()
		},
	}
}

// findPostgres returns the folder of the newest server binaries that are installed.
func findPostgres(ctx context.Context) (string, error) {
	for _, folder := range postgresFolders(ctx) {
		if _, err := os.Stat(filepath.Join(folder, "initdb")); err != nil {
			continue
		}

		program := filepath.Join(folder, "postgres")

		version, err := exec.CommandContext(ctx, program, "--version").Output() //nolint:gosec // an installed one
		if err == nil && majorOf(string(version)) >= oldestPostgres {
			return folder, nil
		}
	}

	return "", fmt.Errorf("found no PostgreSQL %d or newer (initdb, postgres); "+
		"`make test` says how to install it, and installs it if that needs no password", oldestPostgres)
}

// postgresFolders are where server binaries may be, the preferred first.
func postgresFolders(ctx context.Context) []string {
	var all []string

	if initdb, err := exec.LookPath("initdb"); err == nil {
		// A link may stand alone, where the other programs are not.
		if target, err := filepath.EvalSymlinks(initdb); err == nil {
			all = append(all, filepath.Dir(target))
		}

		all = append(all, filepath.Dir(initdb))
	}

	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/usr/libexec/postgresql*",
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/local/opt/postgresql*/bin",
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/latest/bin",
	} {
		found, _ := filepath.Glob(pattern) // fails only on a bad pattern
		slices.SortFunc(found, func(a, b string) int { return majorOf(b) - majorOf(a) })
		all = append(all, found...)
	}

	if folder, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		all = append(all, strings.TrimSpace(string(folder)))
	}

	return all
}

var firstNumber = regexp.MustCompile(`[0-9]+`)

// majorOf is the first number in a version or a folder's name, 0 when there is none.
func majorOf(s string) int {
	number, err := strconv.Atoi(firstNumber.FindString(s))
	if err != nil {
		return 0
	}

	return number
}
