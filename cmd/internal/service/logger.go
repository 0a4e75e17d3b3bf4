package service

import (
	"io"
	"log/slog"
	"os"

	"github.com/lmittmann/tint"

	"handrail/cmd/internal/config"
)

// NewLogger writes to w in the form that is configured. Text is coloured when w is a
// terminal.
func NewLogger(w io.Writer, c *config.Config) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelInfo // config has checked it
	}

	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: writeDuration}))
	}

	return slog.New(
		tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: textTime, NoColor: !isTerminal(w)}),
	)
}

// textTime is the format of times. It has the date and the zone, because logs are read later and beside others.
const textTime = "2006-01-02T15:04:05.000Z07:00"

// writeDuration writes a duration with its unit. Otherwise JSON would have a number of nanoseconds.
func writeDuration(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}

	return a
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}

	info, err := f.Stat()

	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
