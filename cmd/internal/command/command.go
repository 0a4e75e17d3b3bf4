// Package command has what the programs share that measure and try Handrail: how they end,
// what they report while they work, and how they write their reports.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// Context ends with the first interruption; a second one ends the program at once.
func Context() context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)

	return ctx
}

// Exit ends the program when there is an error, and says it.
func Exit(name string, err error) {
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}

	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// SaveJSON writes a report to a file, and makes its folder. Without a file it does nothing.
func SaveJSON(file string, report any) error {
	if file == "" {
		return nil
	}

	raw, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}

	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}

	if err := os.WriteFile(file, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}

	return nil
}

// Progress writes what a long run does, and when.
type Progress struct {
	out   io.Writer
	began time.Time
}

// NewProgress starts counting the seconds.
func NewProgress(out io.Writer) *Progress { return &Progress{out: out, began: time.Now()} }

// Printf writes a line, with the seconds since the beginning.
func (p *Progress) Printf(format string, args ...any) {
	fmt.Fprintf(p.out, "%5.0f s  %s\n", time.Since(p.began).Seconds(), fmt.Sprintf(format, args...))
}
