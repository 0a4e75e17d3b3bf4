package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// formatAge returns how long ago a time is, in its largest unit: 45 s, 12 min, 3 h, 5 d.
func formatAge(now, since time.Time) string {
	age := max(0, now.Sub(since))

	switch {
	case age < time.Minute:
		return fmt.Sprintf("%d s", int(age.Seconds()))
	case age < time.Hour:
		return fmt.Sprintf("%d min", int(age.Minutes()))
	case age < 48*time.Hour:
		return fmt.Sprintf("%d h", int(age.Hours()))
	}

	return fmt.Sprintf("%d d", int(age.Hours()/24))
}

// formatInstant returns a time for programs (RFC 3339).
func formatInstant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// formatTime returns a time for people, in UTC. Scripts show it in the viewer's zone.
func formatTime(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05") }

func formatCount(n int64) string { return strconv.FormatInt(n, 10) }

// formatDuration returns how long something took, in milliseconds or seconds.
func formatDuration(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}

	return fmt.Sprintf("%.1f s", d.Seconds())
}

// formatMillis is [formatDuration] of milliseconds, as the API has them.
func formatMillis(millis int64) string {
	return formatDuration(time.Duration(millis) * time.Millisecond)
}

// namesOf returns words of any kind as texts.
func namesOf[T ~string](words []T) []string {
	names := make([]string, len(words))
	for i, word := range words {
		names[i] = string(word)
	}

	return names
}

// joinWords returns words of any kind with commas, and what no words mean.
func joinWords[T ~string](words []T, none string) string {
	if len(words) == 0 {
		return none
	}

	return strings.Join(namesOf(words), ", ")
}

// formatJSON returns JSON on lines, and a text as it is.
func formatJSON(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}

	var indented bytes.Buffer
	if json.Indent(&indented, raw, "", "  ") != nil {
		return string(raw)
	}

	return indented.String()
}

// valueOrNone returns a text, and a dash where there is none.
func valueOrNone(text string) string {
	if text == "" {
		return "–"
	}

	return text
}

// shownCharacters is how many characters of a text a page shows that anybody may have written: mails are as long as
// their authors like, and pages are made anew whenever something happens.
const shownCharacters = 2000

// shortenText returns the beginning of a long text, and whether something is left out.
func shortenText(text string) (string, bool) {
	if len(text) <= shownCharacters {
		return text, false
	}

	seen := 0

	for i := range text {
		if seen == shownCharacters {
			return text[:i] + " …", true
		}

		seen++
	}

	return text, false
}
