package remote

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Format is the strictest form of an answer that a server is known to take: 0 is the strictest. What was learned
// holds for an hour: servers are upgraded, and routers change what is behind them.
type Format struct {
	mutex sync.Mutex
	level int
	until time.Time
}

// remembered is how long a lesser format is asked for.
const remembered = time.Hour

// Level returns the format to ask for now.
func (f *Format) Level() int {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	if time.Now().After(f.until) {
		f.level = 0
	}

	return f.level
}

// Lower notes that the server takes this format, and none that is stricter.
func (f *Format) Lower(level int) {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	f.level = max(f.level, level)
	f.until = time.Now().Add(remembered)
}

// noFormat are reasons that have nothing to do with the form of the answer.
var noFormat = []string{"model_not_found", "not_found_error", "invalid_api_key", "insufficient_quota", "billing_error"}

// MayRefuseFormat reports whether a failure may be about the form of the answer, though no word of it says so:
// servers compile a grammar of the schema, and fail in the words of whatever does that for them. It is not if
// the request is too long.
func (c *Complaint) MayRefuseFormat() bool {
	switch c.status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusInternalServerError:
		return !c.TooLong() && !c.mentions("credit balance") && !slices.Contains(noFormat, c.reason())
	}

	return false
}
