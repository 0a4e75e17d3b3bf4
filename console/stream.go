package console

import (
	"encoding/json"
	"net/http"

	"handrail/client"
)

func (h *Handler) streamRoutes() {
	h.mux.HandleFunc("POST "+Root+"/w/{workspace}/stream", h.openStream)
}

// streamTicket is what a page needs to follow the events.
type streamTicket struct {
	URL string `json:"url"`
}

// openStream answers with where the events of the workspace can be read once, within a minute. The browser reads them
// at the API itself, whose stream it is.
func (h *Handler) openStream(w http.ResponseWriter, r *http.Request) {
	v, err := h.view(r)

	switch {
	case isLoggedOut(err):
		http.Error(w, "the session is over", http.StatusUnauthorized)
		return
	case err != nil:
		h.refuseStream(w, r, err)
		return
	case !v.session.hasToken(r):
		http.Error(w, errForged.Error(), http.StatusForbidden)
		return
	}

	made, err := v.CreateEventTokenWithResponse( //nolint:contextcheck // it is that of the request
		v.ctx(),
		v.ws(),
		&client.CreateEventTokenParams{},
	)
	if err != nil {
		h.refuseStream(w, r, err)
		return
	}

	w.Header().Set("Content-Type", "application/json")

	_ = json.NewEncoder(w).Encode(streamTicket{ // who has gone reads no answer
		URL: "/api/v2/w/" + v.ws() + "/events?token=" + client.ValueOf(made.JSON200.Token),
	})
}

// refuseStream answers that there is no stream, and logs why: the page asks again by itself, and shows nothing of it.
func (h *Handler) refuseStream(w http.ResponseWriter, r *http.Request, err error) {
	h.config.Logger.WarnContext(
		r.Context(),
		"a page of the console has no stream of events",
		"request_id", requestIDOf(r),
		"error", err,
	)
	http.Error(w, "there is no stream at present", http.StatusServiceUnavailable)
}
