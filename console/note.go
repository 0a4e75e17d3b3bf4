package console

import (
	"fmt"
	"strings"
	"time"

	"handrail/client"
)

// writeNote returns what the page Now shows as a text for whoever comes next. It has counts, codes, times and names of
// senders: no text that somebody has typed, no address, and nothing of a customer.
func (n *nowView) writeNote(workspace string) string {
	var note strings.Builder

	write := func(format string, args ...any) { fmt.Fprintf(&note, format+"\n", args...) }

	write("Handrail, workspace %s, as of %s UTC", workspace, formatTime(n.at))

	if w := n.health.Workers; w != nil {
		write("Workers: %s", w.Explanation)
	}

	if len(n.people) == 0 {
		write("Nothing waits for a person.")
	} else {
		write("")
		write("Needs a person:")
	}

	for _, t := range n.people {
		write("- %s", t.sentence(n.at))
	}

	n.noteSenders(write)

	if len(n.waits) > 0 {
		write("")
		write("Continues by itself:")
	}

	for _, t := range n.waits {
		write("- %s", t.sentence(n.at))
	}

	for _, retry := range n.retries {
		write("Bulk retry %s is %s: %d of %d begun.", retry.ID, retry.State, retry.Begun, retry.Selected)
	}

	for _, endpoint := range n.endpoints {
		write("Webhook endpoint %d fails since %s UTC.", endpoint.ID, formatTime(*endpoint.FailingSince))
	}

	return strings.TrimSuffix(note.String(), "\n")
}

// noteSenders writes how the senders fare that are blocked or were used in the last hour.
func (n *nowView) noteSenders(write func(format string, args ...any)) {
	isFirst := true

	for _, sender := range n.health.Senders {
		if sender.State != client.SenderHealthStateBlocked && len(sender.Minutes) == 0 {
			continue
		}

		if isFirst {
			write("")
			write("Senders:")
		}

		isFirst = false

		write("- %s (%s), %s: %s", sender.Sender, sender.Provider, sender.State, sender.Explanation)

		if code := client.ValueOf(sender.ErrorCode); code != "" {
			write("  Code %s.", code)
		}

		for _, p := range plotSender(n.at, sender.Minutes) {
			write("  %s.", p.label())
		}

		write("  Last success %s, last callback %s.", noteTime(sender.LastSuccess), noteTime(sender.LastCallback))
	}
}

// noteTime returns a time for the note, in UTC.
func noteTime(at *time.Time) string {
	if at == nil {
		return "none lately"
	}

	return formatTime(*at) + " UTC"
}

// sentence returns what a tile shows, in words.
func (t tile) sentence(now time.Time) string {
	parts := []string{fmt.Sprintf("%d %s", t.count, t.explanation)}

	if !t.oldest.IsZero() {
		oldest := fmt.Sprintf("the oldest for %s, since %s UTC", formatAge(now, t.oldest), formatTime(t.oldest))
		parts = append(parts, oldest)
	}

	if t.hasTrend {
		parts = append(parts, t.trend())
	}

	if t.late > 0 {
		parts = append(parts, fmt.Sprintf("%d for more than 10 minutes", t.late))
	}

	if t.deadline != nil {
		parts = append(parts, fmt.Sprintf("the first ends %s UTC", formatTime(*t.deadline)))
	}

	return strings.Join(parts, "; ") + "."
}

// trend returns how many began to wait in the last hour, in words.
func (t tile) trend() string {
	if t.lately == 0 {
		return "none new in the last hour"
	}

	return fmt.Sprintf("%d new in the last hour", t.lately)
}
