package budget

import "time"

// Work counts the steps of one piece of work. It is not for several at once.
type Work struct {
	steps int
	until time.Time
	asked int
}

// clockEvery is after how many steps Work looks at the clock.
const clockEvery = 1024

// NewWork allows so many steps, and no more time than that; 0 is any time.
func NewWork(steps int, within time.Duration) *Work {
	w := &Work{steps: steps}
	if within > 0 {
		w.until = time.Now().Add(within)
	}

	return w
}

// Spend takes steps, and reports whether there were enough.
func (w *Work) Spend(steps int) bool {
	if steps > w.steps {
		w.steps = 0
		return false
	}

	w.steps -= steps
	w.asked += steps

	if w.asked >= clockEvery && !w.until.IsZero() {
		w.asked = 0
		if time.Now().After(w.until) {
			w.steps = 0
			return false
		}
	}

	return true
}

// Tokens is how many tokens a request is believed to have taken of which a server says a number:
// what it says, unless that is less than nothing or more than the request can have taken.
func Tokens(said, most int64) int64 { return min(max(said, 0), most) }
