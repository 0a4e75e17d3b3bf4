package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/clipperhouse/displaywidth"
)

// makePrintable replaces the control characters of a text from elsewhere, which would steer a
// terminal.
func makePrintable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}

		return r
	}, s)
}

// shortenText returns s in at most n characters.
func shortenText(s string, n int) string {
	s = makePrintable(s)
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}

	return s
}

// formatAge returns how long ago t was, in one unit.
func formatAge(t time.Time) string {
	switch d := max(time.Since(t), 0); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// factsColumn is where the values of facts begin.
const factsColumn = 17

// facts are lines of a name and a value; empty values are left out. A long value goes on below, within the width of
// the terminal.
type facts struct{ c *console }

func (f facts) say(name, format string, args ...any) {
	value := makePrintable(fmt.Sprintf(format, args...))
	if strings.TrimSpace(value) == "" {
		return
	}

	out := displayOf(f.c.out)
	lines := []string{value}

	switch room := out.width - factsColumn; {
	case statusColumns[strings.ToUpper(name)]:
		lines[0] = out.paintStatus(value)
	case room >= narrowestFold && displaywidth.String(value) > room:
		lines = foldText(value, room)
	}

	fmt.Fprintf(f.c.out, "  %-14s %s\n", name, strings.Join(lines, "\n"+strings.Repeat(" ", factsColumn)))
}

func (f facts) sayTime(name string, t *time.Time) {
	if t != nil {
		f.say(name, "%s", formatTime(*t))
	}
}

// formatID writes an id, "" where there is none.
func formatID(id int64) string {
	if id == 0 {
		return ""
	}

	return strconv.FormatInt(id, 10)
}

// nameWithID writes who a member is, with the id that flags take.
func nameWithID(name string, id int64) string {
	if name == "" {
		return strconv.FormatInt(id, 10)
	}

	return fmt.Sprintf("%s (%d)", makePrintable(name), id)
}

// joinIDs writes ids with commas.
func joinIDs(ids []int64) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = strconv.FormatInt(id, 10)
	}

	return strings.Join(words, ", ")
}
