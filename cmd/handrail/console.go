package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"handrail/cmd/internal/config"
	"handrail/cmd/internal/service"
)

// console is the person at the command line, as commands of the API see them.
type console struct {
	ctx       context.Context //nolint:containedctx // the life of the process
	environ   []string
	in        io.Reader
	out, errs io.Writer
	// asks reports whether in is a terminal, where a question finds an answer. draws reports
	// whether out is one, where a line can be written over.
	asks, draws bool
	// width is that of the terminal that out is, 0 when it is none.
	width int
	// colours reports whether errs is painted.
	colours bool
	// every is how often something that is under way is looked at again.
	every time.Duration
	// words are the names of the command that was run.
	words commandWords
}

func newConsole(ctx context.Context, environ []string, in io.Reader, out, errs io.Writer) *console {
	return &console{
		ctx:     ctx,
		environ: environ,
		in:      in,
		out:     out,
		errs:    errs,
		asks:    isTerminal(in),
		draws:   isTerminal(out),
		width:   readWidth(out),
		every:   500 * time.Millisecond,
	}
}

// process reads the settings of the server's own commands; the others need none.
func (c *console) process() (*process, error) {
	cfg, err := config.Load(c.environ)
	if err != nil {
		return nil, err
	}

	return &process{
		ctx:     c.ctx,
		config:  cfg,
		environ: c.environ,
		out:     c.out,
		logger:  service.NewLogger(c.errs, cfg),
	}, nil
}

// variable returns a variable of the environment, "" when it is not set.
func (c *console) variable(name string) string {
	for _, entry := range c.environ {
		if key, value, ok := strings.Cut(entry, "="); ok && key == name {
			return value
		}
	}

	return ""
}

// pause waits until it is time to look again. It reports false when the process has to
// stop, or when late has come.
func (c *console) pause(late <-chan time.Time) bool {
	again := time.NewTimer(c.every)
	defer again.Stop()

	select {
	case <-again.C:
		return true

	case <-late:
	case <-c.ctx.Done():
	}

	return false
}

// confirm asks a question on the terminal, and reports whether the answer is yes.
func (c *console) confirm(question string) bool {
	fmt.Fprint(c.errs, question+" [y/N] ")

	line, err := bufio.NewReader(c.in).ReadString('\n')
	reply := strings.ToLower(strings.TrimSpace(line))

	return err == nil && (reply == "y" || reply == "yes")
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)

	return ok && term.IsTerminal(int(f.Fd()))
}

// The exit statuses, beside 0.
const (
	exitFailed    = 1
	exitUsage     = 2
	exitUnsettled = 3
)

const exitHelp = `Exit status: 0 done, 1 failed or refused, 2 wrong use, 3 no outcome yet: the work continues in the
background.`

// exitError ends the program with a status of its own.
type exitError struct {
	error
	status int
}
