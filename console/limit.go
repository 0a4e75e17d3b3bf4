package console

import (
	"net/http"
	"strconv"

	"handrail/budget"
)

// loginRate is how many logins one address may try, by every way of logging in.
var loginRate = budget.Rate{PerSecond: 5, Burst: 200}

// limitLogins returns a handler that refuses addresses which have tried too many logins.
func (h *Handler) limitLogins(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		wait := h.logins.Spend(budget.NetworkOf(r.RemoteAddr)).Wait
		if wait == 0 {
			next(w, r)
			return
		}

		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
		h.render(w, r, http.StatusTooManyRequests, loginPage(
			h.newLoginView("", "Too many logins were tried from this address: try again in a moment."),
		))
	}
}
