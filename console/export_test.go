package console

// Patterns returns what the console serves, as [http.ServeMux] takes it.
func (h *Handler) Patterns() []string { return h.mux.patterns }
