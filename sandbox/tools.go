package sandbox

import "net/http"

// toolLimit is for everything that is posted to the tools but answers.
const toolLimit = 1 << 20

// refuseTool tells a program, or whoever filled in a form, what is wrong.
func refuseTool(w http.ResponseWriter, err error) {
	writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
}

// routeTools serves the same as the page, for programs.
func (s *Sandbox) routeTools(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})

	for _, path := range []string{"/sandbox/messages", "/sandbox/messages.json"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			filter := MessageFilter{To: query.Get("to"), From: query.Get("from"), Direction: query.Get("direction")}
			writeJSON(w, http.StatusOK, map[string][]Message{"messages": orEmpty(s.Messages(filter))})
		})
	}

	for _, path := range []string{"/sandbox/mails", "/sandbox/mails.json"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, http.StatusOK, map[string]any{
				"mails": orEmpty(s.Mails()), "answers": orEmpty(s.MailAnswers()),
			})
		})
	}

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
