package chat

import (
	"fmt"
	"time"
)

// Brakes limit how much the assistant may say before a person must decide. A nil field sets no limit.
type Brakes struct {
	// MaxUnanswered is how many of its messages may leave in a chat after the customer's last one: 1 to 100.
	MaxUnanswered *int
	// MaxPerHour is how many of its messages may leave in a chat in an hour: 1 to 1000.
	MaxPerHour *int
	// MaxSegmentsPerMonth is how many segments of SMS may leave in all chats of the workspace in a calendar month of
	// UTC: 1 to 10,000,000. A provider charges by the segment.
	MaxSegmentsPerMonth *int
}

// BrakeHour is the period that [Brakes.MaxPerHour] limits.
const BrakeHour = time.Hour

// BrakeMonth returns the beginning of the month that [Brakes.MaxSegmentsPerMonth] limits, in UTC.
func BrakeMonth(now time.Time) time.Time {
	year, month, _ := now.UTC().Date()

	return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
}

// Pace is how much the assistant has said, as the store counts it in the transaction of a claim. A message counts if
// it has left or may have left, and counts once, however often it was tried. The message that is being claimed, what a
// person has said and questions to contributors do not count.
type Pace struct {
	// Brakes are the limits that apply to the claimed message. All are nil if a person says it, or has let it leave
	// despite the brakes.
	Brakes
	// Unanswered counts the messages since LastWrote, when the customer wrote last: nil if they never have.
	Unanswered int
	LastWrote  *time.Time
	// InHour counts the messages since HourBegan.
	InHour    int
	HourBegan time.Time
	// Segments are those of the claimed message, SegmentsInMonth those that left in all chats since MonthBegan. A
	// message that is tried twice counts twice where both may have left.
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
			CountOf(p.Unanswered, "message"),
			*p.MaxUnanswered,
		)
	case p.MaxUnanswered != nil && p.Unanswered >= *p.MaxUnanswered:
		return fmt.Sprintf(
			"%s of the assistant left since the customer has written last, at %s; the workspace allows %d in a row",
			CountOf(p.Unanswered, "message"),
			formatTime(*p.LastWrote),
			*p.MaxUnanswered,
		)
	case p.MaxPerHour != nil && p.InHour >= *p.MaxPerHour:
		return fmt.Sprintf(
			"%s of the assistant left in this chat since %s; the workspace allows %d in an hour",
			CountOf(p.InHour, "message"),
			formatTime(p.HourBegan),
			*p.MaxPerHour,
		)
	case p.exceedsMonth():
		return fmt.Sprintf(
			"%s of the assistant left in all chats since %s, and this message has %d; the workspace allows %d "+
				"in a month",
			CountOf(p.SegmentsInMonth, "segment"),
			formatTime(p.MonthBegan),
			p.Segments,
			*p.MaxSegmentsPerMonth,
		)
	}

	return ""
}

// exceedsMonth reports whether the claimed message would exceed the month's limit.
func (p *Pace) exceedsMonth() bool {
	return p.MaxSegmentsPerMonth != nil && p.Segments > 0 && p.SegmentsInMonth+p.Segments > *p.MaxSegmentsPerMonth
}

// CheckRetrier returns an error of CodeForbidden if an assistant retries a delivery that a brake has stopped, because
// only a person may decide that it leaves.
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

// DefiesBrakes reports whether the new delivery of a retry leaves despite the brakes. It does if a person retries this
// one message. A bulk retry decides about no single message, and an assistant may not decide.
func (r *RetryDelivery) DefiesBrakes() bool {
	return r.BulkRetryID == "" && !r.ByAssistant
}
