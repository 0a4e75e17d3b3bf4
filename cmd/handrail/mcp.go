package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"handrail/cmd/internal/service"
	"handrail/loopback"
	"handrail/mcpserver"
)

type mcpCommand struct {
	URL       string        `from:"HANDRAIL_URL" default:"http://127.0.0.1:8080" help:"Where the API is ($HANDRAIL_URL)."`
	Key       string        `from:"HANDRAIL_API_KEY" placeholder:"hr_…" help:"An API key ($HANDRAIL_API_KEY). Other users of this machine can see the flag, but not the variable. Not used with --http."`
	Workspace string        `from:"HANDRAIL_WORKSPACE" placeholder:"UUID" help:"The workspace's id ($HANDRAIL_WORKSPACE)."`
	HTTP      string        `placeholder:"HOST:PORT" help:"Serve over HTTP at this address, like 127.0.0.1:8090, instead of standard input and output. Each request brings its own key: Authorization: Bearer hr_…"`
	Host      []string      `placeholder:"NAME" help:"With --http: a name that requests may be sent to, beside localhost. May be given again."`
	Wait      time.Duration `default:"20s" help:"How long a call waits for the outcome of what it began, up to 45s. After that the assistant asks again."`
}

// Help is shown by kong.
func (mcpCommand) Help() string {
	return `An assistant's program starts this command and speaks with it over standard input and output. docs/mcp.md
has the settings to paste, and all tools. A tool can do only what its key may do. Approvals work as with the API.

With --http, many assistants use one server. It listens without TLS: put a proxy with TLS before it.`
}

// Run serves until the client goes or the process has to stop.
func (m *mcpCommand) Run(c *console) error {
	if err := m.check(); err != nil {
		return &exitError{err, exitUsage}
	}

	settings := mcpserver.Settings{
		URL:       m.URL,
		Workspace: m.Workspace,
		Version:   service.Version,
		Wait:      m.Wait,
		Logger:    slog.New(slog.NewTextHandler(c.errs, nil)),
	}

	if m.HTTP == "" {
		settings.Key = m.Key
	}

	server, err := mcpserver.New(settings)
	if err != nil {
		return &exitError{err, exitUsage}
	}

	if m.HTTP != "" {
		return m.serveHTTP(c, server, settings.Logger)
	}

	return server.Run(c.ctx, &mcp.IOTransport{
		Reader:        openInput(c),
		Writer:        writer{c.out},
		MaxLineLength: mcpserver.MaxLine,
	})
}

// check returns an error for settings that are missing or do not fit together.
func (m *mcpCommand) check() error {
	switch {
	case m.Workspace == "":
		return errors.New("a workspace is needed: set HANDRAIL_WORKSPACE, or give --workspace")
	case m.HTTP == "" && m.Key == "":
		return errors.New("an API key is needed: set HANDRAIL_API_KEY or give --key")
	case m.HTTP == "" && len(m.Host) > 0:
		return errors.New("--host is for --http")
	case m.HTTP != "" && !loopback.IsHost(m.HTTP) && len(m.Host) == 0:
		return errors.New("--http at an address of other machines needs --host: the name that they send requests to")
	}

	return nil
}

// serveHTTP serves over HTTP until the process has to stop.
func (m *mcpCommand) serveHTTP(c *console, server *mcpserver.Server, logger *slog.Logger) error {
	l, err := net.Listen("tcp", m.HTTP) //nolint:noctx // nothing to cancel: it answers at once
	if err != nil {
		return fmt.Errorf("--http: cannot listen on %s: %w", m.HTTP, err)
	}

	logger.InfoContext(
		c.ctx,
		"serving MCP",
		"address", "http://"+l.Addr().String()+mcpserver.Path,
		"version", service.Version,
	)

	return server.Serve(c.ctx, l, m.Host...)
}

// openInput returns the console's input. Closing it when the server stops ends a pending read.
func openInput(c *console) io.ReadCloser {
	if in, ok := c.in.(io.ReadCloser); ok {
		return in
	}

	return io.NopCloser(c.in)
}

// writer is the console's output. It is never closed.
type writer struct{ io.Writer }

// Close does nothing.
func (writer) Close() error { return nil }
