package sandbox

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"
)

// acceptLate cuts the connection now and accepts later. It does not return.
func (s *Sandbox) acceptLate(fault Fault, accept func() error) {
	s.background.run(func(ctx context.Context) {
		if !pause(ctx, fault.delay()) {
			return
		}
		if err := accept(); err != nil {
			s.logger.ErrorContext(ctx, "the sandbox could not keep what came late", "error", err)
		}
	})
	panic(http.ErrAbortHandler)
}

// mangle spoils the answer to an accepted post as the fault says. It returns when the
// answer may be given as ever.
func (s *Sandbox) mangle(w http.ResponseWriter, r *http.Request, fault Fault, status int) {
	switch fault.Kind {
	case FaultCut:
		panic(http.ErrAbortHandler)
	case FaultTruncate:
		const cut = `{"sid": "S`
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(100*len(cut)))
		w.WriteHeader(status)
		_, _ = w.Write([]byte(cut))
		_ = http.NewResponseController(w).Flush() // else nothing of it would be seen
		panic(http.ErrAbortHandler)
	case FaultSlow:
		s.keepWaiting(r.Context(), fault.delay())
	}
}

// keepWaiting ends early when the sandbox is closed.
func (s *Sandbox) keepWaiting(ctx context.Context, how time.Duration) {
	timer := time.NewTimer(how)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.background.ctx.Done():
	case <-ctx.Done():
		panic(http.ErrAbortHandler)
	}
}

// notNow sets the headers of an answer that asks to come again, or elsewhere.
func notNow(w http.ResponseWriter, fault Fault) {
	if fault.Kind == FaultRedirect {
		w.Header().Set("Location", "/elsewhere")
		return
	}
	seconds := strconv.Itoa(int(math.Ceil(fault.delay().Seconds())))
	w.Header().Set("Retry-After", seconds)
	w.Header().Set("X-RateLimit-Remaining", "0")
	w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(fault.delay()).Unix(), 10))
}

// twilioRefusal is how Twilio says no.
func twilioRefusal(kind FaultKind, to string) *twilioProblem {
	switch kind {
	case FaultRateLimit:
		return newProblem(http.StatusTooManyRequests, 20429, "Too Many Requests")
	case FaultRedirect:
		return newProblem(http.StatusFound, 20003, "Found")
	case FaultSuspended:
		return newProblem(http.StatusUnauthorized, 20003, "Authenticate")
	case FaultOptedOut:
		return optedOut()
	default:
		return notMobile(to)
	}
}
