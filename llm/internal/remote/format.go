package remote

import (
	"context"
	"net/http"
	"sync"
	"time"

	"handrail/llm"
)

// Format is the strictest form of an answer that a server is known to take, from 0, the strictest, to Last, which
// every server takes. What was learned holds for an hour: servers are upgraded, and routers change what is behind
// them.
type Format struct {
	Last int

	mutex sync.Mutex
	level int
	until time.Time
}

// remembered is how long a lesser format is asked for.
const remembered = time.Hour

// Post makes one request for an answer in a format, and returns what the server makes of that.
type Post func(format int) (llm.Completion, Verdict, error)

// Ask makes the requests that an answer takes: in the strictest format that the server is known to take; in the next
// one for each that it refuses; and once in the last one after a failure that may be about the format. What fails
// then is the answer to the first request. The usage is that of all of them.
func (f *Format) Ask(post Post) (llm.Completion, error) {
	format := f.current()
	completion, verdict, err := post(format)
	spent := completion.Usage

	for verdict == Refused && format < f.Last {
		format++
		f.lower(format)

		completion, verdict, err = post(format)
		spent = spent.Plus(completion.Usage)
	}

	if verdict == InDoubt && format < f.Last {
		second, _, secondErr := post(f.Last)
		spent = spent.Plus(second.Usage)

		if secondErr == nil {
			f.lower(f.Last)

			completion = second
			err = nil
		}
	}

	completion.Usage = spent

	return completion, err
}

// current is the format to ask for now.
func (f *Format) current() int {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	if time.Now().After(f.until) {
		f.level = 0
	}

	return f.level
}

// lower notes that the server takes this format, and none that is stricter.
func (f *Format) lower(level int) {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	f.level = max(f.level, level)
	f.until = time.Now().Add(remembered)
}

// Verdict is what a server makes of the format that it was asked for.
type Verdict int

// The verdicts.
const (
	Accepted Verdict = iota
	Refused
	// InDoubt is a failure that may be about the format.
	InDoubt
)

// Judge returns what a failure says of the format: that it is refused, if it has one of the words that only the
// format has in a request.
func Judge(ctx context.Context, response *http.Response, words ...string) Verdict {
	if ctx.Err() != nil || response == nil || response.StatusCode < http.StatusBadRequest {
		return Accepted
	}

	complaint := Read(response)

	switch {
	case complaint.RefusesFormat(words...):
		return Refused
	case complaint.MayRefuseFormat():
		return InDoubt
	}

	return Accepted
}
