package toolbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"handrail/budget"
)

// endsWithin is how long a program has to end by itself, and then again after it was asked to.
const endsWithin = time.Second

// stdioTransport runs a program as a server. Unlike the SDK's, it does not take a line of a log for the end.
type stdioTransport struct {
	words   []string
	environ []string
}

// Connect is [mcp.Transport]. It starts the program.
func (t *stdioTransport) Connect(ctx context.Context) (mcp.Connection, error) {
	command := exec.Command(t.words[0], t.words[1:]...) //nolint:gosec,noctx // the operator's own; it lives as long as the session
	// Not nil, which would be all of our own environment.
	command.Env = append([]string{}, t.environ...)

	output, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("read from an MCP server: %w", err)
	}

	input, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("write to an MCP server: %w", err)
	}

	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start an MCP server: %w", err)
	}

	spoken := &mcp.IOTransport{
		Reader:        io.NopCloser(tidyLines(output)),
		Writer:        &program{WriteCloser: input, command: command},
		MaxLineLength: budget.MaxMCPMessage,
	}

	return spoken.Connect(ctx) //nolint:wrapcheck // it is the SDK's own
}

// program is the standard input of a program, which ends with it.
type program struct {
	io.WriteCloser
	command *exec.Cmd
}

// Close ends the program: by closing its input, then by SIGTERM, then by SIGKILL (MCP 2025-11-25, Lifecycle,
// "Shutdown").
func (p *program) Close() error {
	_ = p.WriteCloser.Close() // who has ended does not read

	ended := make(chan error, 1)

	go func() { ended <- p.command.Wait() }()

	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		select {
		case err := <-ended:
			return err

		case <-time.After(endsWithin):
			_ = p.command.Process.Signal(signal) // it may have ended just now
		}
	}

	select {
	case err := <-ended:
		return err

	case <-time.After(endsWithin):
		return errors.New("an MCP server does not end")
	}
}
