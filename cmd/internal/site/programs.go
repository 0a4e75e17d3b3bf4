package site

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// The sandbox's credentials, as handrail-dev sandbox shows them.
const (
	SandboxAccount     = "ACdeadbeefdeadbeefdeadbeefdeadbeef"
	SandboxToken       = "sandboxtoken00000000000000000000"
	sandboxSendGridKey = "SG.sandbox.0000000000000000000000000"
)

func (s *Site) apiProgram(n int) Program {
	origin := s.APIs()[n]

	return Program{
		Name:    fmt.Sprintf("api-%d", n+1),
		Kind:    "api",
		Args:    []string{filepath.Join(s.Programs, "handrail"), "api"},
		Environ: append(s.Environment(), "HANDRAIL_ADDR="+loopback(s.ports.apis[n])),
		Ready:   func(ctx context.Context) error { return Answers(ctx, origin+"/readyz") },
	}
}

func (s *Site) workerProgram(n int) Program {
	addr := loopback(s.ports.workers[n])

	return Program{
		Name:    fmt.Sprintf("worker-%d", n+1),
		Kind:    "worker",
		Args:    []string{filepath.Join(s.Programs, "handrail"), "worker"},
		Environ: append(s.Environment(), "HANDRAIL_WORKER_ADDR="+addr),
		Ready:   func(ctx context.Context) error { return Answers(ctx, "http://"+addr+"/readyz") },
	}
}

func (s *Site) sandboxProgram() Program {
	return Program{
		Name:    "sandbox",
		Kind:    "sandbox",
		Environ: s.bare("HANDRAIL_DATA_DIR=" + filepath.Join(s.Folder, "sandbox")),
		Args: []string{
			filepath.Join(
				s.Programs,
				"handrail-dev",
			), "sandbox", "--port", strconv.Itoa(s.ports.sandbox), "--callbacks-to", s.publicURL,
		},
		Ready: func(ctx context.Context) error {
			return errors.Join(Answers(ctx, s.Sandbox()+"/healthz"), s.readSigningKey())
		},
	}
}

var signingKeyLine = regexp.MustCompile(`HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY=(\S+)`)

// readSigningKey reads the key that verifies the sandbox's events from what it has
// written at its start.
func (s *Site) readSigningKey() error {
	said, err := os.ReadFile(filepath.Join(s.Folder, "logs", "sandbox.log"))
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

func (s *Site) temporalProgram() Program {
	p := Program{
		Name:    "temporal",
		Kind:    "temporal",
		Environ: s.bare("HANDRAIL_DATA_DIR=" + filepath.Join(s.Folder, "temporal")),
		Args: []string{
			filepath.Join(s.Programs, "handrail-dev"),
			"temporal",
			"--port",
			strconv.Itoa(s.ports.temporal),
		},
		Ready: func(ctx context.Context) error {
			c, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Temporal())
			if err != nil {
				return err
			}

			return c.Close()
		},
	}

	if s.TemporalShards > 0 {
		p.Args = append(p.Args, "--shards", strconv.Itoa(s.TemporalShards))
		p.Environ = append(p.Environ, "HANDRAIL_DEV_TEMPORAL_POSTGRES="+s.DatabaseURL("temporal"))
	}

	return p
}

// Environment is what Handrail's processes are configured with.
func (s *Site) Environment() []string {
	return append(s.bare(
		"DATABASE_URL="+s.HandrailURL(),
		"TEMPORAL_ADDRESS="+s.Temporal(),
		"HANDRAIL_PUBLIC_URL="+s.publicURL,
		"TWILIO_ACCOUNT_SID="+SandboxAccount,
		"TWILIO_AUTH_TOKEN="+SandboxToken,
		"HANDRAIL_TWILIO_BASE_URL="+s.Sandbox(),
		"SENDGRID_API_KEY="+sandboxSendGridKey,
		"HANDRAIL_SENDGRID_BASE_URL="+s.Sandbox(),
		"HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY="+s.signingKey,
		"HANDRAIL_LOG_FORMAT=json",
	), s.Environ...)
}

// bare is an environment with nothing of the caller's but where programs are.
func (s *Site) bare(more ...string) []string {
	environ := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.Folder, "TMPDIR=" + s.Folder}
	if percent := os.Getenv("GOGC"); percent != "" { // to try what it does
		environ = append(environ, "GOGC="+percent)
	}

	return append(environ, more...)
}

// Metrics are the addresses where the APIs and the workers tell of themselves, by name.
func (s *Site) Metrics() map[string]string {
	all := map[string]string{}
	for n, origin := range s.APIs() {
		all[fmt.Sprintf("api-%d", n+1)] = origin + "/metrics"
	}

	for n, port := range s.ports.workers {
		all[fmt.Sprintf("worker-%d", n+1)] = "http://" + loopback(port) + "/metrics"
	}

	return all
}

// Answers returns nil when the address answers 200.
func Answers(ctx context.Context, url string) error {
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
