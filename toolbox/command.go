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

// endWithin is how long a command may take to end once its input is closed, and once more after
// it has been asked to.
const endWithin = time.Second

// commandTransport runs a command and speaks MCP with it over its input and output. It does what the
// SDK's own does, which takes lines of 16 MiB and has no way to be told otherwise.
type commandTransport struct {
	command *exec.Cmd
}

var _ mcp.Transport = (*commandTransport)(nil)

// Connect starts the command.
func (t *commandTransport) Connect(ctx context.Context) (mcp.Connection, error) {
	output, err := t.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("take the output of a command: %w", err)
	}

	input, err := t.command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("take the input of a command: %w", err)
	}

	if err := t.command.Start(); err != nil {
		return nil, fmt.Errorf("start a command: %w", err)
	}

	lines := &mcp.IOTransport{
		// It is the end of its input that ends a command.
		Reader:        io.NopCloser(output),
		Writer:        &commandInput{WriteCloser: input, command: t.command},
		MaxLineLength: budget.MaxMCPMessage,
	}

	return lines.Connect(ctx)
}

// commandInput is what a command reads. Closing it ends the command.
type commandInput struct {
	io.WriteCloser

	command *exec.Cmd
}

// Close closes the input, and waits for the command to end. One that does not is asked to, then killed.
func (c *commandInput) Close() error {
	if err := c.WriteCloser.Close(); err != nil {
		return fmt.Errorf("close the input of a command: %w", err)
	}

	ended := make(chan error, 1)

	go func() { ended <- c.command.Wait() }()

	for _, end := range []func() error{
		func() error { return c.command.Process.Signal(syscall.SIGTERM) },
		c.command.Process.Kill,
	} {
		select {
		case err := <-ended:
			return err
		case <-time.After(endWithin):
			_ = end() // it may have ended meanwhile
		}
	}

	select {
	case err := <-ended:
		return err
	case <-time.After(endWithin):
		return errors.New("a command does not end")
	}
}
