package chat

import (
	"fmt"
	"strings"
	"time"
)

// WebhookLane is how far an endpoint has come in the log, and what it waits for.
type WebhookLane struct {
	// Position is the sequence of the last event that has left the lane: it has arrived, has stepped aside, or is of a
	// type that the endpoint does not want.
	Position int64
	// Tries is how often the first event in the lane was tried, and RetryAt is when it is tried again.
	Tries   int
	RetryAt *time.Time
	// QuietUntil is the time until which the receiver wants no posts.
	QuietUntil *time.Time
	// FailingSince is when the first post failed after the last one that arrived.
	FailingSince *time.Time
	Last         *WebhookLast
	// Missed counts the events that were deleted, because they were old, before they could be posted.
	Missed int64
	// Behind counts the events in the lane, up to [MaxWebhookBehind].
	Behind int
	// Aside counts the events on their own schedules, and AsideAt is when the next of them is tried.
	Aside   int
	AsideAt *time.Time
}

// MaxWebhookBehind is how far the events in a lane are counted.
const MaxWebhookBehind = 10_000

// WebhookLast is the outcome of the newest post.
type WebhookLast struct {
	Status int
	Fault  WebhookFault
	At     time.Time
}

// resetTries lets the lane go on at once, as if nothing had failed.
func (l *WebhookLane) resetTries() {
	l.Tries = 0
	l.RetryAt = nil
	l.QuietUntil = nil
	l.FailingSince = nil
}

// Rewind sets the lane back to a position, so that the events after it are posted again. It never goes forward.
func (l *WebhookLane) Rewind(position int64) {
	if position >= l.Position {
		return
	}

	l.Position = position
	l.Tries = 0
	l.RetryAt = nil
}

// maxClockAhead is how far the clock of somebody who asks may be ahead.
const maxClockAhead = time.Minute

// CheckReplaySince refuses to have events told again that have not happened yet: CodeInvalidRequest naming the field.
func CheckReplaySince(since, now time.Time) error {
	if since.After(now.Add(maxClockAhead)) {
		return Invalid("since", "must not be in the future: it is %s now", now.UTC().Format(time.RFC3339))
	}

	return nil
}

// LaneWaits reports whether the first event in the lane must wait, because its last try has failed or the receiver
// wants no posts.
func (l *WebhookLane) LaneWaits(now time.Time) bool {
	return isAfter(l.RetryAt, now) || isAfter(l.QuietUntil, now)
}

// IsQuiet reports whether the receiver wants no posts now.
func (l *WebhookLane) IsQuiet(now time.Time) bool { return isAfter(l.QuietUntil, now) }

func isAfter(t *time.Time, now time.Time) bool { return t != nil && t.After(now) }

// NextTry returns when the next post is due, in the lane or outside of it; nil if nothing waits.
func (l *WebhookLane) NextTry(now time.Time) *time.Time {
	var next *time.Time

	if l.Behind > 0 {
		next = &now
		if isAfter(l.RetryAt, now) {
			next = l.RetryAt
		}
	}

	if l.Aside > 0 && l.AsideAt != nil && (next == nil || l.AsideAt.Before(*next)) {
		next = l.AsideAt
	}

	if next != nil && isAfter(l.QuietUntil, *next) {
		next = l.QuietUntil
	}

	return next
}

// Explain returns in a sentence how the endpoint stands, with times in UTC, like "12 behind; last answer 503 at 10:02
// UTC; next try 10:07 UTC."
func (e *WebhookEndpoint) Explain(now time.Time) string {
	l := &e.Lane

	var parts []string

	switch {
	case e.Enabled:
	case e.DisabledReason == WebhookGone:
		parts = append(parts, "disabled: the receiver has answered 410, which asks for no more")
	case e.DisabledReason == WebhookFailing:
		parts = append(parts, "disabled: nothing has arrived for five days")
	default:
		parts = append(parts, "disabled by a member")
	}

	parts = append(parts, explainBehind(l.Behind))

	if l.Aside > 0 {
		parts = append(parts, fmt.Sprintf("%d aside, on their own schedules", l.Aside))
	}

	if l.Missed > 0 {
		parts = append(parts, fmt.Sprintf("up to %d were too old and are not told", l.Missed))
	}

	if l.Last != nil {
		parts = append(parts, l.Last.explain(now))
	}

	if next := l.NextTry(now); e.Enabled && next != nil && next.After(now) {
		parts = append(parts, "next try "+formatClock(*next, now))
	}

	text := strings.Join(parts, "; ") + "."

	return strings.ToUpper(text[:1]) + text[1:]
}

func explainBehind(behind int) string {
	switch {
	case behind == 0:
		return "nothing behind"
	case behind >= MaxWebhookBehind:
		return fmt.Sprintf("%d or more behind", MaxWebhookBehind)
	}

	return fmt.Sprintf("%d behind", behind)
}

func (l *WebhookLast) explain(now time.Time) string {
	at := formatClock(l.At, now)

	switch {
	case l.Status != 0:
		return fmt.Sprintf("last answer %d at %s", l.Status, at)
	case l.Fault == WebhookTimedOut:
		return fmt.Sprintf("no answer within %s at %s", WebhookTimeout, at)
	case l.Fault == WebhookAddressRefused:
		return "the address is not public, and was not reached at " + at
	case l.Fault == WebhookSecretUnreadable:
		return "the signing secret could not be decrypted at " + at
	}

	return "no connection at " + at
}

// secondsWithin is how soon a time must come to be told with its seconds.
const secondsWithin = 2 * time.Minute

// formatClock returns a time of day in UTC, with the date if that is not the date of now, and with the seconds if it
// comes soon.
func formatClock(at, now time.Time) string {
	at = at.UTC()
	if at.After(now) && at.Sub(now) < secondsWithin {
		return at.Format("15:04:05 UTC")
	}

	if at.Format(time.DateOnly) == now.UTC().Format(time.DateOnly) {
		return at.Format("15:04 UTC")
	}

	return at.Format("2006-01-02 15:04 UTC")
}

// webhookWords explain the values of webhook endpoints.
var webhookWords = []WordTable{
	{
		Title:  "Reason of a disabled webhook endpoint",
		Fields: "`disabled_reason` of a webhook endpoint, `reason` of `webhook_endpoint.disabled`",
		Words: []WordText{
			{
				Word:    string(WebhookDisabledByMember),
				Meaning: "Somebody has switched it off.",
				Remedy:  "Enable it. It goes on where it has stopped.",
			},
			{
				Word:    string(WebhookGone),
				Meaning: "The receiver has answered 410, which asks for no more.",
				Remedy:  "Delete it, or give it another URL and enable it.",
			},
			{
				Word:    string(WebhookFailing),
				Meaning: "Nothing has arrived for five days.",
				Remedy:  "See its attempts, mend the receiver, and enable it. It goes on where it has stopped.",
			},
		},
	},
	{
		Title:  "Fault of a post to a webhook endpoint",
		Fields: "`fault` of an attempt",
		Words: []WordText{
			{
				Word:     string(WebhookTimedOut),
				Meaning:  "The receiver has not answered within 10 seconds. It may have got the event.",
				ByItself: "It is tried again.",
				Remedy:   "Have the receiver answer first, and work afterwards.",
			},
			{
				Word:     string(WebhookConnectionFailed),
				Meaning:  "There was no connection, or it broke before the answer.",
				ByItself: "It is tried again.",
			},
			{
				Word:     string(WebhookAddressRefused),
				Meaning:  "The host's address is not public. Nothing was sent.",
				ByItself: "It is tried again.",
				Remedy:   "Change the URL, or have the operator allow the host with `HANDRAIL_TOOL_HOSTS`.",
			},
			{
				Word:     string(WebhookSecretUnreadable),
				Meaning:  "The signing secret could not be decrypted. Nothing was sent.",
				ByItself: "It is tried again.",
				Remedy:   "Have the operator restore the key in `HANDRAIL_ENCRYPTION_KEYS`.",
			},
			{
				Word:     string(WebhookRedirectNotTaken),
				Meaning:  "The receiver has answered with a redirect, which is not followed.",
				ByItself: "It is tried again.",
				Remedy:   "Give the endpoint the URL that it leads to.",
			},
			{
				Word:     string(WebhookStatusNotAccepted),
				Meaning:  "The receiver has answered with a status other than 2xx.",
				ByItself: "It is tried again, unless it was 410.",
				Remedy:   "See the attempt's answer.",
			},
		},
	},
}
