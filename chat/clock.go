package chat

import "time"

// How far the clock of a process may be from the database's. A search for evidence looks two
// minutes beyond an attempt. Two processes may be on different sides of the database, so half of
// that is the limit.
const (
	// ClockWarning is what a clock that is kept by NTP never reaches.
	ClockWarning = 10 * time.Second
	// ClockDrift is what a clock that was set right by a measurement is off at most when the next
	// measurement is made, a minute later.
	ClockDrift = time.Second
	// ClockLimit is where a process must not work any more.
	ClockLimit = time.Minute
)

// CheckClock returns an error if the clock of this process is too far from the database's:
// CodeUnavailable. offset is by how much it is ahead.
func CheckClock(offset time.Duration) error {
	if offset.Abs() <= ClockLimit {
		return nil
	}

	return Errorf(
		CodeUnavailable,
		"%s, more than the %s that is allowed; set both by NTP",
		ExplainClock(offset),
		ClockLimit,
	)
}

// ExplainClock says in words by how much the clock of this process is ahead.
func ExplainClock(offset time.Duration) string {
	apart := offset.Abs().Round(time.Millisecond)
	if apart == 0 {
		return "the clocks of this process and of the database agree"
	}

	direction := "ahead of"
	if offset < 0 {
		direction = "behind"
	}

	return "the clock of this process is " + apart.String() + " " + direction + " the database's"
}
