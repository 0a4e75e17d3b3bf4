package console

import (
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How many logins one address may try: loginBurst at once, loginsPerSecond over time.
const (
	loginsPerSecond = 5
	loginBurst      = 200
)

// maxLoginAddresses is how many addresses are remembered before those that have tried nothing of late are dropped.
const maxLoginAddresses = 10_000

// loginLimit counts the logins that each address tries, by every way of logging in.
type loginLimit struct {
	mutex   sync.Mutex
	buckets map[string]*rate.Limiter
}

// isSpent reports whether an address has tried too much, and counts the present try.
func (l *loginLimit) isSpent(address string) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	if len(l.buckets) >= maxLoginAddresses {
		for other, bucket := range l.buckets {
			if bucket.Tokens() >= loginBurst {
				delete(l.buckets, other)
			}
		}
	}

	bucket, ok := l.buckets[address]
	if !ok {
		bucket = rate.NewLimiter(loginsPerSecond, loginBurst)
		l.buckets[address] = bucket
	}

	return !bucket.Allow()
}

// limitLogins returns a handler that refuses addresses which have tried too many logins.
func (h *Handler) limitLogins(next http.HandlerFunc) http.HandlerFunc {
	const wait = time.Second

	return func(w http.ResponseWriter, r *http.Request) {
		address, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			address = r.RemoteAddr
		}

		if !h.logins.isSpent(address) {
			next(w, r)
			return
		}

		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
		h.render(w, r, http.StatusTooManyRequests, loginPage(
			h.newLoginView("", "Too many logins were tried from this address: try again in a moment."),
		))
	}
}
