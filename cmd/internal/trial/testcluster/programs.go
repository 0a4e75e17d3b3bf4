package testcluster

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

	"handrail/freeport"
)

// The sandbox's credentials, as handrail-dev sandbox shows them.
const (
	SandboxAccount     = "ACdeadbeefdeadbeefdeadbeefdeadbeef"
	SandboxToken       = "sandboxtoken00000000000000000000"
	sandboxSendGridKey = "SG.sandbox.0000000000000000000000000"
)

func (c *Cluster) apiProgram(n int) Program {
	origin := c.APIs()[n]

	return Program{
		Name: fmt.Sprintf("api-%d", n+1),
		Kind: "api",
		Args: []string{filepath.Join(c.Programs, "handrail"), "api"},
		Environ: append(
			c.Environment(),
			"HANDRAIL_ADDR="+freeport.Loopback(c.ports.apis[n]),
			"HANDRAIL_METRICS_ADDR="+freeport.Loopback(c.ports.metrics[n]),
		),
		Ready: func(ctx context.Context) error { return Answers(ctx, origin+"/readyz") },
	}
}

func (c *Cluster) workerProgram(n int) Program {
	addr := freeport.Loopback(c.ports.workers[n])

	return Program{
		Name:    fmt.Sprintf("worker-%d", n+1),
		Kind:    "worker",
		Args:    []string{filepath.Join(c.Programs, "handrail"), "worker"},
		Environ: append(c.Environment(), "HANDRAIL_METRICS_ADDR="+addr),
		Ready:   func(ctx context.Context) error { return Answers(ctx, "http://"+addr+"/readyz") },
	}
}

func (c *Cluster) sandboxProgram() Program {
	return Program{
		Name:    "sandbox",
		Kind:    "sandbox",
		Environ: c.bare("HANDRAIL_DATA_DIR=" + filepath.Join(c.Folder, "sandbox")),
		Args: []string{
			filepath.Join(c.Programs, "handrail-dev"),
			"sandbox",
			"--port",
			strconv.Itoa(c.ports.sandbox),
			"--callbacks-to",
			c.publicURL,
		},
		Ready: func(ctx context.Context) error {
			return errors.Join(Answers(ctx, c.Sandbox()+"/healthz"), c.readSigningKey())
		},
	}
}

var signingKeyLine = regexp.MustCompile(`HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY=(\S+)`)

// readSigningKey reads the key that verifies the sandbox's events from what it has
// written at its start.
func (c *Cluster) readSigningKey() error {
	log, err := os.ReadFile(filepath.Join(c.Folder, "logs", "sandbox.log"))
	if err != nil {
		return fmt.Errorf("read the log of the sandbox: %w", err)
	}

	found := signingKeyLine.FindSubmatch(log)
	if found == nil {
		return errors.New("the sandbox has not written its key yet")
	}

	c.signingKey = string(found[1])

	return nil
}

func (c *Cluster) temporalProgram() Program {
	p := Program{
		Name:    "temporal",
		Kind:    "temporal",
		Environ: c.bare("HANDRAIL_DATA_DIR=" + filepath.Join(c.Folder, "temporal")),
		Args: []string{
			filepath.Join(c.Programs, "handrail-dev"),
			"temporal",
			"--port",
			strconv.Itoa(c.ports.temporal),
		},
		Ready: func(ctx context.Context) error {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.Temporal())
			if err != nil {
				return err
			}

			return conn.Close()
		},
	}

	if c.TemporalShards > 0 {
		p.Args = append(p.Args, "--shards", strconv.Itoa(c.TemporalShards))
		p.Environ = append(p.Environ, "HANDRAIL_DEV_TEMPORAL_POSTGRES="+c.DatabaseURL("temporal"))
	}

	return p
}

// Environment returns what Handrail's processes are configured with.
func (c *Cluster) Environment() []string {
	environ := c.bare(
		"DATABASE_URL="+c.proxiedURL(),
		"TEMPORAL_ADDRESS="+c.Temporal(),
		"HANDRAIL_PUBLIC_URL="+c.publicURL,
		"TWILIO_ACCOUNT_SID="+SandboxAccount,
		"TWILIO_AUTH_TOKEN="+SandboxToken,
		"HANDRAIL_TWILIO_BASE_URL="+c.Sandbox(),
		"SENDGRID_API_KEY="+sandboxSendGridKey,
		"HANDRAIL_SENDGRID_BASE_URL="+c.Sandbox(),
		"HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY="+c.signingKey,
		"HANDRAIL_LOG_FORMAT=json",
		// All callers of a trial are one workspace's, at one address.
		"HANDRAIL_RATE_PER_ADDRESS=100000",
		"HANDRAIL_RATE_PER_WORKSPACE=100000",
	)

	return append(environ, c.Environ...)
}

// proxiedURL is the address of Handrail's database as Handrail's processes have it.
func (c *Cluster) proxiedURL() string {
	c.mu.Lock()
	defer c.mu.Unlock()

	if c.proxy == nil {
		return c.postgres.url("postgres")
	}

	return c.postgres.urlAt(c.proxy.Address(), "postgres")
}

// bare returns an environment with nothing of the caller's but where programs are.
func (c *Cluster) bare(more ...string) []string {
	environ := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.Folder, "TMPDIR=" + c.Folder}
	if percent := os.Getenv("GOGC"); percent != "" { // to try what it does
		environ = append(environ, "GOGC="+percent)
	}

	return append(environ, more...)
}

// Metrics returns the addresses of the metrics of the APIs and the workers, by name.
func (c *Cluster) Metrics() map[string]string {
	all := map[string]string{}
	for n, port := range c.ports.metrics {
		all[fmt.Sprintf("api-%d", n+1)] = "http://" + freeport.Loopback(port) + "/metrics"
	}

	for n, port := range c.ports.workers {
		all[fmt.Sprintf("worker-%d", n+1)] = "http://" + freeport.Loopback(port) + "/metrics"
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
