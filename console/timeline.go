package console

import (
	"encoding/json"
	"net/url"
	"slices"
	"time"

	"handrail/chat"
	"handrail/client"
)

// moment is something that has happened, with what is known of it.
type moment struct {
	at   time.Time
	what string
	// attempt, event and call are what the moment is about; nil for none.
	attempt *client.Attempt
	event   *client.Event
	call    *client.ToolCall
	// isAttempt reports whether an attempt is told of, also one that the session may not see.
	isAttempt bool
	// callID is the tool call that the moment is about; "" for none.
	callID string
	// isToCome reports whether the moment lies ahead.
	isToCome bool
}

// How many attempts a timeline shows before and after those that it folds.
const (
	attemptsBefore = 1
	attemptsAfter  = 5
)

// stretch is a part of a timeline: moments that are shown, or that are folded.
type stretch struct {
	moments []moment
	// isFolded reports whether they are attempts between the first one and the last ones.
	isFolded bool
}

// splitTimeline returns what is still to come, and the parts of what has happened: of many attempts the first one and
// the last ones are shown.
func splitTimeline(moments []moment) (toCome []moment, happened []stretch) {
	attempts := 0

	for i := range moments {
		if !moments[i].isToCome && moments[i].isAttempt {
			attempts++
		}
	}

	// One attempt alone takes no more room than the line that says that it is folded.
	folds := attempts > attemptsBefore+attemptsAfter+1
	seen := 0

	for i := range moments {
		m := moments[i]
		if m.isToCome {
			toCome = append(toCome, m)
			continue
		}

		isFolded := false

		if m.isAttempt {
			seen++
			isFolded = folds && seen > attemptsBefore && seen <= attempts-attemptsAfter
		}

		if last := len(happened) - 1; last < 0 || happened[last].isFolded != isFolded {
			happened = append(happened, stretch{isFolded: isFolded})
		}

		last := &happened[len(happened)-1]
		last.moments = append(last.moments, m)
	}

	return toCome, happened
}

// describeFold returns how many attempts are folded, in words.
func (s *stretch) describeFold() string {
	return chat.CountOf(len(s.moments), "more attempt")
}

// isSame reports whether two moments have the same time and the same sentence.
func (m *moment) isSame(other *moment) bool { return m.at.Equal(other.at) && m.what == other.what }

// newMoment returns what the API tells of a moment.
func newMoment(told *client.Moment) moment {
	return moment{
		at:        told.At,
		what:      told.What,
		isAttempt: told.Attempt != nil,
		callID:    client.ValueOf(told.ToolCallID),
	}
}

// momentsOf returns what is told of a delivery, with its attempts and the provider's reports.
func momentsOf(d *client.WholeDelivery) []moment {
	moments := make([]moment, len(d.Timeline))

	for i := range d.Timeline {
		told := &d.Timeline[i]
		moments[i] = newMoment(told)

		for at := range d.Attempts {
			if d.Attempts[at].Number == client.ValueOf(told.Attempt) {
				moments[i].attempt = &d.Attempts[at]
			}
		}

		if n := client.ValueOf(told.Report); n > 0 && n <= int64(len(d.Events)) {
			moments[i].event = &d.Events[n-1]
		}
	}

	return moments
}

// makeTimeline returns what has happened to an action and its delivery, the oldest first. Either may be nil, and so may
// other: the delivery that the action shows, if that is another one, whose attempts are not told.
func makeTimeline(a *client.WholeAction, d, other *client.WholeDelivery) []moment {
	var moments []moment

	if d != nil {
		moments = momentsOf(d)
	}

	own := len(moments)

	var foreign []moment
	if other != nil {
		foreign = momentsOf(other)
	}

	if a != nil {
		for i := range a.Timeline {
			m := newMoment(&a.Timeline[i])
			isKnown := slices.ContainsFunc(moments[:own], func(k moment) bool { return k.isSame(&m) }) ||
				slices.ContainsFunc(foreign, func(k moment) bool { return k.isSame(&m) })

			if !isKnown {
				moments = append(moments, m)
			}
		}
	}

	slices.SortStableFunc(moments, func(x, y moment) int { return x.at.Compare(y.at) })

	if a != nil && a.Message != nil {
		moments = addCalls(moments, a.Message.ToolCalls)
	}

	return moments
}

// addCalls adds the arguments and results of tool calls to the newest moment of each. A call of which nothing is told
// yet is still to come.
func addCalls(moments []moment, calls []client.ToolCall) []moment {
	for i := range calls {
		call := &calls[i]
		found := -1

		for at := range moments {
			if moments[at].callID == call.ID {
				found = at
			}
		}

		if found >= 0 {
			moments[found].call = call
			continue
		}

		moments = append(moments, moment{
			what:     "Tool call " + call.ID + " (" + call.Name + "): " + nameStatus(string(call.Status)) + ".",
			call:     call,
			isToCome: call.Status == client.ToolCallStatusPending,
		})
	}

	return moments
}

// tellMoments returns the sentences of moments.
func tellMoments(moments []moment) []string {
	told := make([]string, 0, len(moments))
	for i := range moments {
		told = append(told, moments[i].what)
	}

	return told
}

// waitMoments returns what is still to come, as far as it is known.
func waitMoments(retryAt, until *time.Time, waitingFor *client.Waiting) []moment {
	var moments []moment

	if retryAt != nil {
		moments = append(moments, moment{
			at:       *retryAt,
			what:     "It is tried again.",
			isToCome: true,
		})
	}

	if until != nil && (retryAt == nil || !until.Equal(*retryAt)) {
		what := "The wait ends by itself."
		if waitingFor != nil {
			what = "The wait for " + nameWaiting(*waitingFor) + " ends by itself."
		}

		moments = append(moments, moment{
			at:       *until,
			what:     what,
			isToCome: true,
		})
	}

	return moments
}

// nameWaiting returns what something waits for, in words.
func nameWaiting(w client.Waiting) string { return chat.Waiting(w).Name() }

// reasonFields are the fields in which providers say why a message did not arrive.
var reasonFields = []string{"reason", "response", "ErrorMessage", "ErrorCode"}

// findCarrierReason returns the carrier's own reason from what a provider has sent; "" for none.
func findCarrierReason(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return findFormReason(text)
	}

	var fields map[string]any
	if json.Unmarshal(raw, &fields) != nil {
		return ""
	}

	for _, name := range reasonFields {
		if reason, ok := fields[name].(string); ok && reason != "" {
			return reason
		}
	}

	return ""
}

// findFormReason returns the reason from a form.
func findFormReason(text string) string {
	form, err := url.ParseQuery(text)
	if err != nil {
		return ""
	}

	for _, name := range reasonFields {
		if reason := form.Get(name); reason != "" {
			return reason
		}
	}

	return ""
}
