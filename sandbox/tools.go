package sandbox

import "net/http"

// routeTools serves the same as the page, for programs.
func (s *Sandbox) routeTools(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /sandbox/messages.json", func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		filter := MessageFilter{To: query.Get("to"), From: query.Get("from")}
		writeJSON(w, http.StatusOK, map[string][]Message{"messages": orEmpty(s.Messages(filter))})
	})
	mux.HandleFunc("GET /sandbox/mails.json", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string][]Mail{"mails": orEmpty(s.Mails())})
	})
	mux.HandleFunc("DELETE /sandbox", func(w http.ResponseWriter, r *http.Request) {
		if s.forgetOrFail(w, r) {
			w.WriteHeader(http.StatusNoContent)
		}
	})
}

func (s *Sandbox) forgetOrFail(w http.ResponseWriter, r *http.Request) bool {
	if err := s.Forget(); err != nil {
		s.logger.ErrorContext(r.Context(), "the sandbox could not be emptied", "error", err)
		http.Error(w, "The sandbox could not be emptied; its log says why.", http.StatusInternalServerError)
		return false
	}
	return true
}

// orEmpty makes an empty list an empty JSON array, not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
