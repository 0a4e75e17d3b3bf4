package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// The sandbox's credentials, as handrail-dev sandbox shows them.
const (
	sandboxAccount     = "ACdeadbeefdeadbeefdeadbeefdeadbeef"
	sandboxToken       = "sandboxtoken00000000000000000000"
	sandboxSendGridKey = "SG.sandbox.0000000000000000000000000"
)

// site is a whole installation: PostgreSQL, Temporal, the sandbox, and two of Handrail's
// processes of each kind, in a folder of its own.
type site struct {
	folder    string
	programs  string // folder of handrail and handrail-dev
	ports     ports
	postgres  *postgres
	public    *http.Server
	publicURL string
	// signingKey verifies the sandbox's events; the sandbox keeps it over its restarts.
	signingKey string
	running    []*process
}

type ports struct {
	postgres, temporal, sandbox int
	apis                        [2]int
}

func newSite(ctx context.Context, folder, programs string) (*site, error) {
	free, err := freePorts(5)
	if err != nil {
		return nil, err
	}
	s := &site{folder: folder, programs: programs, ports: ports{
		postgres: free[0], temporal: free[1], sandbox: free[2], apis: [2]int{free[3], free[4]},
	}}
	if s.postgres, err = newPostgres(ctx, folder, s.ports.postgres); err != nil {
		return nil, err
	}
	return s, s.openPublic(ctx)
}

// openPublic serves the one address that carriers know.
func (s *site) openPublic(ctx context.Context) error {
	handler, err := newProxy(s.apis()...)
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

func (s *site) apis() []string {
	return []string{"http://" + loopback(s.ports.apis[0]), "http://" + loopback(s.ports.apis[1])}
}

func (s *site) sandbox() string { return "http://" + loopback(s.ports.sandbox) }

// startParts starts what Handrail stands on, and brings the database up to date.
func (s *site) startParts(ctx context.Context) error {
	if err := s.start(ctx, s.postgres.program(), s.sandboxProgram(), s.temporalProgram()); err != nil {
		return err
	}
	migrate := exec.CommandContext(ctx, filepath.Join(s.programs, "handrail"), "migrate", "up") //nolint:gosec // one of ours
	migrate.Dir, migrate.Env = s.folder, s.environ()
	if said, err := migrate.CombinedOutput(); err != nil {
		return fmt.Errorf("handrail migrate up: %w\n%s", err, said)
	}
	return nil
}

// startHandrail starts the processes that are on trial.
func (s *site) startHandrail(ctx context.Context) error {
	all := make([]program, 0, 4)
	for i, port := range s.ports.apis {
		origin := s.apis()[i]
		all = append(all, program{
			name: fmt.Sprintf("api-%d", i+1), kind: "api", args: []string{filepath.Join(s.programs, "handrail"), "api"},
			environ: append(s.environ(), "HANDRAIL_ADDR="+loopback(port)),
			ready:   func(ctx context.Context) error { return answers(ctx, origin+"/readyz") },
		}, program{
			name: fmt.Sprintf("worker-%d", i+1), kind: "worker", args: []string{filepath.Join(s.programs, "handrail"), "worker"},
			environ: s.environ(),
			ready:   func(context.Context) error { return nil }, // it serves nothing; sends wait for it
		})
	}
	return s.start(ctx, all...)
}

func (s *site) start(ctx context.Context, all ...program) error {
	for _, p := range all {
		running, err := p.run(s.folder)
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

func (s *site) sandboxProgram() program {
	return program{
		name: "sandbox", kind: "sandbox", environ: s.bare("HANDRAIL_DATA_DIR=" + filepath.Join(s.folder, "sandbox")),
		args: []string{
			filepath.Join(s.programs, "handrail-dev"), "sandbox", "--port", strconv.Itoa(s.ports.sandbox), "--callbacks-to", s.publicURL,
		},
		ready: func(ctx context.Context) error {
			return errors.Join(answers(ctx, s.sandbox()+"/healthz"), s.readSigningKey())
		},
	}
}

var signingKeyLine = regexp.MustCompile(`HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY=(\S+)`)

// readSigningKey reads the key that verifies the sandbox's events from what it has
// written at its start.
func (s *site) readSigningKey() error {
	said, err := os.ReadFile(filepath.Join(s.folder, "logs", "sandbox.log"))
	if err != nil {
		return fmt.Errorf("read what the sandbox says: %w", err)
	}
	found := signingKeyLine.FindSubmatch(said)
	if found == nil {
		return errors.New("the sandbox has not told its key yet")
	}
	s.signingKey = string(found[1])
	return nil
}

func (s *site) temporalProgram() program {
	return program{
		name: "temporal", kind: "temporal", environ: s.bare("HANDRAIL_DATA_DIR=" + filepath.Join(s.folder, "temporal")),
		args: []string{filepath.Join(s.programs, "handrail-dev"), "temporal", "--port", strconv.Itoa(s.ports.temporal)},
		ready: func(ctx context.Context) error {
			c, err := (&net.Dialer{}).DialContext(ctx, "tcp", loopback(s.ports.temporal))
			if err != nil {
				return err
			}
			return c.Close()
		},
	}
}

// environ is what Handrail's processes are configured with. The waits are short, so that
// what is not known settles within a run; the carriers' time limits are those of
// production.
func (s *site) environ() []string {
	return s.bare(
		"DATABASE_URL="+s.postgres.url(), "TEMPORAL_ADDRESS="+loopback(s.ports.temporal), "HANDRAIL_PUBLIC_URL="+s.publicURL,
		"TWILIO_ACCOUNT_SID="+sandboxAccount, "TWILIO_AUTH_TOKEN="+sandboxToken, "HANDRAIL_TWILIO_BASE_URL="+s.sandbox(),
		"SENDGRID_API_KEY="+sandboxSendGridKey, "HANDRAIL_SENDGRID_BASE_URL="+s.sandbox(),
		"HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY="+s.signingKey,
		"HANDRAIL_WAIT=5s", "HANDRAIL_SETTLE=5s", "HANDRAIL_RECEIPT_SMS=30s", "HANDRAIL_RECEIPT_EMAIL=30s", "HANDRAIL_LOG_FORMAT=json",
	)
}

// bare is an environment with nothing of the caller's but where programs are.
func (s *site) bare(more ...string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.folder, "TMPDIR=" + s.folder}, more...)
}

// answers returns nil when the address answers 200.
func answers(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := (&http.Client{Timeout: 5 * time.Second}).Do(request)
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", answer.Status)
	}
	return nil
}

// close ends everything, the last started first.
func (s *site) close() error {
	var all []error
	for _, p := range slices.Backward(s.running) {
		signal := os.Kill
		if p.kind == "postgres" {
			signal = syscall.SIGINT // killed, it would leave its shared memory behind
		}
		all = append(all, p.stop(signal))
	}
	if s.public != nil {
		all = append(all, s.public.Close())
	}
	return errors.Join(all...)
}
