package sandbox

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"
)

// acceptLate cuts the connection now and accepts later. It does not return.
func (s *Sandbox) acceptLate(fault Fault, accept func() (goOn func(), err error)) {
	s.background.run(func(ctx context.Context) {
		if !pauseFor(ctx, fault.delay()) {
			return
		}

		goOn, err := accept()
		if err != nil {
			s.logger.ErrorContext(ctx, "the sandbox could not keep what came late", "error", err)
			return
		}

		goOn()
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
	default:
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

// twilioRefusal is how Twilio says no to what the fault lets it not accept; nil is yes.
func twilioRefusal(w http.ResponseWriter, fault Fault, to string) *twilioProblem {
	switch fault.Kind {
	case FaultRateLimit:
		notNow(w, fault)
		return newProblem(http.StatusTooManyRequests, 20429, "Too Many Requests")
	case FaultRedirect:
		notNow(w, fault)
		return newProblem(http.StatusFound, 20003, "Found")
	case FaultUnavailable:
		notNow(w, fault)
		return newProblem(http.StatusServiceUnavailable, 20503, "Service is unavailable. Please try again")
	case FaultDown:
		panic(http.ErrAbortHandler)
	case FaultSuspended:
		return newProblem(http.StatusUnauthorized, 20003, "Authenticate")
	case FaultOptedOut:
		return optedOut()
	case FaultRefuse:
		return notMobile(to)
	default:
		return nil
	}
}

// refusedMail is the same for SendGrid; it reports whether it has answered.
func (s *Sandbox) refusedMail(w http.ResponseWriter, r *http.Request, fault Fault) bool {
	switch fault.Kind {
	case FaultRateLimit:
		notNow(w, fault)
		s.refuseMail(w, r, http.StatusTooManyRequests, mailProblem{Message: "too many requests"})
	case FaultRedirect:
		notNow(w, fault)
		w.WriteHeader(http.StatusFound)
	case FaultUnavailable:
		notNow(w, fault)
		s.refuseMail(w, r, http.StatusServiceUnavailable, mailProblem{Message: "service unavailable"})
	case FaultDown:
		panic(http.ErrAbortHandler)
	case FaultRefuse:
		s.refuseMail(
			w,
			r,
			http.StatusBadRequest,
			fieldProblem("personalizations.0.to.0.email", "Does not contain a valid address."),
		)

	case FaultSuspended:
		s.refuseMail(w, r, http.StatusUnauthorized, badGrant)
	default:
		return false
	}

	return true
}
