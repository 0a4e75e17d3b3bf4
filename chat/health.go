package chat

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The bounds of a [Health], so that it is found quickly however much was sent.
const (
	// HealthWindow is how far back the attempts of each minute are counted.
	HealthWindow = time.Hour
	// MaxHealthSenders is the most senders that are listed.
	MaxHealthSenders = 50
	// MaxHealthAttempts is the most attempts of one sender that are counted, the newest.
	MaxHealthAttempts = 2000
	// HealthSuccesses is how many of a sender's newest attempts are searched for one that was accepted.
	HealthSuccesses = 1000
	// HealthCallbacks is how many of a sender's newest attempts are searched for what the provider has reported.
	HealthCallbacks = 100
	// healthRecent is how far back a sender's sentence speaks of attempts that have failed.
	healthRecent = 10 * time.Minute
)

// SenderState says whether the provider takes messages of a sender.
type SenderState string

// The states of a sender.
const (
	SenderReady   SenderState = "ready"
	SenderBlocked SenderState = "blocked"
)

// SenderStates lists the states of a sender.
func SenderStates() []SenderState { return []SenderState{SenderReady, SenderBlocked} }

// Breaker is the mark of a sender whose account refuses everything.
type Breaker struct {
	ErrorCode    string
	ErrorMessage string
	OpenedAt     time.Time
	// ProbeAt is when one message is tried next.
	ProbeAt time.Time
	// Probe is the delivery that is tried when somebody asks for it now: the oldest that is blocked; "" if none is.
	Probe DeliveryID
}

// SenderMinute counts the attempts that began in one minute.
type SenderMinute struct {
	// At is when the minute began.
	At time.Time
	// Accepted were taken, Throttled were answered that there are too many (429), and Failed had an answer of 5xx,
	// none, or no connection.
	Accepted  int
	Throttled int
	Failed    int
}

// SenderHealth says how a sender fares at its provider.
type SenderHealth struct {
	// Scope is as in [Sender].
	Scope    string
	Name     string
	Address  string
	Channel  Channel
	Provider Provider
	// Breaker is nil unless the account refuses everything.
	Breaker *Breaker
	// Waiting are the deliveries that are blocked.
	Waiting int
	// LastSuccess is when the newest attempt began that was accepted, nil if none of [HealthSuccesses] was.
	LastSuccess *time.Time
	// LastCallback is when the provider has last reported about the newest [HealthCallbacks], nil if it has not.
	LastCallback *time.Time
	// Minutes are those of the [HealthWindow] in which something was tried, oldest first.
	Minutes []SenderMinute
	// Since is from when on Minutes has all attempts.
	Since time.Time
}

// AttemptCount counts attempts of one minute with the same end.
type AttemptCount struct {
	Minute     time.Time
	Outcome    SubmissionOutcome
	HTTPStatus int
	Count      int
}

// AddAttempts counts attempts in their minute. They come by minute, oldest first.
func (h *SenderHealth) AddAttempts(c AttemptCount) {
	if len(h.Minutes) == 0 || !h.Minutes[len(h.Minutes)-1].At.Equal(c.Minute) {
		h.Minutes = append(h.Minutes, SenderMinute{At: c.Minute})
	}

	minute := &h.Minutes[len(h.Minutes)-1]

	switch {
	case c.Outcome == OutcomeAccepted:
		minute.Accepted += c.Count
	case c.HTTPStatus == statusTooMany:
		minute.Throttled += c.Count
	case c.HTTPStatus >= statusOfServers, c.Outcome == OutcomeUnknown, c.Outcome == OutcomeNotProcessed:
		minute.Failed += c.Count
	}
}

// DropFirstMinute leaves out the oldest minute, of which not all attempts were counted, and what was before it. The
// only minute stays: its counts are the least that they can be.
func (h *SenderHealth) DropFirstMinute() {
	switch len(h.Minutes) {
	case 0:
		return
	case 1:
		h.Since = h.Minutes[0].At
		return
	}

	h.Since = h.Minutes[0].At.Add(time.Minute)
	h.Minutes = h.Minutes[1:]
}

// The statuses of HTTP by which attempts are counted.
const (
	statusTooMany   = 429
	statusOfServers = 500
)

// State says whether the provider takes messages of the sender.
func (h *SenderHealth) State() SenderState {
	if h.Breaker != nil {
		return SenderBlocked
	}

	return SenderReady
}

// sum adds up the minutes that have begun at a time or later.
func (h *SenderHealth) sum(since time.Time) SenderMinute {
	sum := SenderMinute{At: since}

	for _, minute := range h.Minutes {
		if !minute.At.Before(since) {
			sum.Accepted += minute.Accepted
			sum.Throttled += minute.Throttled
			sum.Failed += minute.Failed
		}
	}

	return sum
}

// Explain says in sentences how the sender fares, and what happens next.
func (h *SenderHealth) Explain(now time.Time) string {
	if h.Breaker != nil {
		return h.explainBreaker(now)
	}

	lately := h.sum(now.Add(-healthRecent))
	if lately.Throttled+lately.Failed > 0 {
		return fmt.Sprintf(
			"In the last 10 minutes %s has accepted %s, answered that there are too many at %d, and failed at %d. "+
				"Those are tried again by themselves, or waited for.",
			h.Provider.Name(),
			CountOf(lately.Accepted, "attempt"),
			lately.Throttled,
			lately.Failed,
		)
	}

	since := now.Add(-HealthWindow)
	hour := h.sum(since)

	switch {
	case !slices.ContainsFunc(h.Minutes, func(m SenderMinute) bool { return !m.At.Before(since) }):
		return "Nothing was tried in the last hour."
	case hour.Accepted+hour.Throttled+hour.Failed == 0:
		return h.Provider.Name() + " has refused all that was tried in the last hour."
	}

	return fmt.Sprintf("%s has accepted %s in the last hour.", h.Provider.Name(), CountOf(hour.Accepted, "attempt"))
}

func (h *SenderHealth) explainBreaker(now time.Time) string {
	said := strings.TrimSuffix(h.Breaker.ErrorMessage, ".")
	if said == "" {
		said = h.Breaker.ErrorCode
	}

	begin := fmt.Sprintf(
		"%s refuses every message of this sender since %s: %s. ",
		h.Provider.Name(),
		formatClock(h.Breaker.OpenedAt, now),
		said,
	)

	if h.Waiting == 0 {
		return begin + "None waits; the next one is a trial."
	}

	begin += "Waiting: " + CountOf(h.Waiting, "message") + ". "

	if !h.Breaker.ProbeAt.After(now) {
		return begin + "One is tried now; when it gets through, the others follow."
	}

	return fmt.Sprintf(
		"%sOne is tried at %s; when it gets through, the others follow.",
		begin,
		formatClock(h.Breaker.ProbeAt, now),
	)
}

// Workers says whether Temporal answers, and whether workers ask it for work.
type Workers struct {
	Reachable bool
	Polling   bool
	// CheckedAt is when Temporal was asked.
	CheckedAt time.Time
}

// NeedPerson reports whether nothing goes on until somebody sees to it.
func (w *Workers) NeedPerson() bool { return !w.Reachable || !w.Polling }

// Explain says in a sentence whether work goes on.
func (w *Workers) Explain() string {
	switch {
	case !w.Reachable:
		return "Temporal does not answer: nothing is sent, and nothing new is taken, until it does. What was " +
			"accepted is kept."
	case !w.Polling:
		return "No worker polls Temporal: what was accepted is kept, and waits until a worker runs."
	}

	return "Temporal answers, and workers poll it."
}

// Health says how the senders of a workspace fare.
type Health struct {
	// Senders are those that are blocked, and then those that were used last.
	Senders []SenderHealth
	// IsPartial reports that there are more than [MaxHealthSenders].
	IsPartial bool
}
