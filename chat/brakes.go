package chat

import (
	"fmt"
	"time"
)

// Brakes are how much the assistant may say before a person is asked. Nil is no limit.
type Brakes struct {
	// MaxUnanswered is how many of its messages may leave since the customer has written last: 1 to 100.
	MaxUnanswered *int
	// MaxPerHour is how many of its messages may leave in an hour: 1 to 1000.
	MaxPerHour *int
	// MaxSegmentsPerMonth is how many segments of SMS may leave in all chats of the workspace in a month of UTC: 1 to
	// 10,000,000. A provider charges by the segment.
	MaxSegmentsPerMonth *int
}

// BrakeHour is the time of which [Brakes.MaxPerHour] speaks.
const BrakeHour = time.Hour

// BrakeMonth is the beginning of the month of which [Brakes.MaxSegmentsPerMonth] speaks.
func BrakeMonth(now time.Time) time.Time {
	year, month, _ := now.UTC().Date()

	return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
}

// Pace is how much the assistant has said, as the store counts it in the transaction of a claim. What has
// left counts, and what may have. A message counts once, however often it was tried, and the one that is claimed does
// not count. What a person has said does not count either, nor does a question to a contributor.
type Pace struct {
	// Brakes are the limits that stand against the claimed message. All are nil for what a person says, and for what a
	// person lets leave all the same.
	Brakes
	// Unanswered counts the messages since the customer has written last, at LastWrote; nil if they never have.
	Unanswered int
	LastWrote  *time.Time
	// InHour counts the messages since HourBegan.
	InHour    int
	HourBegan time.Time
	// Segments are those of the claimed message, SegmentsInMonth those that left in all chats since MonthBegan. A message
	// that is tried twice counts twice where both may have left.
	Segments        int
	SegmentsInMonth int
	MonthBegan      time.Time
}

// Brake says why one more message of the assistant must not leave, or "" if it may.
func (p *Pace) Brake() string {
	switch {
	case p.MaxUnanswered != nil && p.Unanswered >= *p.MaxUnanswered && p.LastWrote == nil:
		return fmt.Sprintf(
			"%s of the assistant left, and the customer has not written yet; the workspace allows %d in a row",
			countMessages(p.Unanswered),
			*p.MaxUnanswered,
		)
	case p.MaxUnanswered != nil && p.Unanswered >= *p.MaxUnanswered:
		return fmt.Sprintf(
			"%s of the assistant left since the customer has written last, at %s; the workspace allows %d in a row",
			countMessages(p.Unanswered),
			formatTime(*p.LastWrote),
			*p.MaxUnanswered,
		)
	case p.MaxPerHour != nil && p.InHour >= *p.MaxPerHour:
		return fmt.Sprintf(
			"%s of the assistant left in this chat since %s; the workspace allows %d in an hour",
			countMessages(p.InHour),
			formatTime(p.HourBegan),
			*p.MaxPerHour,
		)
	case p.exceedsMonth():
		return fmt.Sprintf(
			"%s of the assistant left in all chats since %s, and this message has %d; the workspace allows %d in a month",
			countSegments(p.SegmentsInMonth),
			formatTime(p.MonthBegan),
			p.Segments,
			*p.MaxSegmentsPerMonth,
		)
	}

	return ""
}

func (p *Pace) exceedsMonth() bool {
	return p.MaxSegmentsPerMonth != nil && p.Segments > 0 && p.SegmentsInMonth+p.Segments > *p.MaxSegmentsPerMonth
}

func countSegments(n int) string {
	if n == 1 {
		return "1 segment"
	}

	return fmt.Sprintf("%d segments", n)
}

func countMessages(n int) string {
	if n == 1 {
		return "1 message"
	}

	return fmt.Sprintf("%d messages", n)
}

// CheckRetrier reports whether whoever asks may retry the delivery: forbidden for an assistant if a brake has stopped
// it, since the brake asks a person.
func (d *Delivery) CheckRetrier(byAssistant bool) error {
	if byAssistant && d.ErrorCode == ErrorBraked {
		return Errorf(
			CodeForbidden,
			"a brake has stopped the assistant, and only a person may let the message leave; the API key is an "+
				"assistant's",
		)
	}

	return nil
}

// DefiesBrakes reports whether the new delivery that a retry makes leaves though a brake stands against it: a person
// who retries one message has decided about it. A bulk retry has decided about none, and an assistant may not.
func (r *RetryDelivery) DefiesBrakes() bool {
	return r.BulkRetryID == "" && !r.ByAssistant
}
