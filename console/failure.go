package console

import (
	"errors"
	"net/http"
	"runtime/debug"

	"handrail/client"
)

// The errors that are of the console itself.
var (
	errLoggedOut = errors.New("you are not logged in to this workspace")
	errForged    = errors.New("this form was not made by this page, or you have logged in again since: go back, " +
		"reload the page, and try again")
)

// refusal is what the API has refused.
type refusal struct {
	status    int
	code      string
	detail    string
	requestID string
	fields    []client.FieldError
	// pieces are the detail as a sentence of a page; nil where it was not split.
	pieces []piece
}

// refusalOf returns the refusal of an error that the API has given; nil if the error is of another kind.
func refusalOf(err error) *refusal {
	refused, ok := errors.AsType[*client.Error](err)
	if !ok {
		return nil
	}

	return &refusal{
		status:    int(refused.Status),
		code:      string(refused.Code),
		detail:    refused.Detail,
		requestID: refused.RequestID,
		fields:    refused.Errors,
	}
}

// showFailure answers with the page of an error: the login page if the session is over. v is nil when it is not known
// who looks.
func (h *Handler) showFailure(w http.ResponseWriter, r *http.Request, v *viewer, err error) {
	if isLoggedOut(err) {
		removeSession(w, r.PathValue("workspace"))

		view := h.newLoginView(r.PathValue("workspace"), "Log in to see this page.")
		view.isWrong = false

		if r.Method == http.MethodGet {
			view.back = r.URL.RequestURI()
		}

		h.render(w, r, http.StatusUnauthorized, loginPage(view))

		return
	}

	if refused := refusalOf(err); refused != nil {
		h.render(w, r, refused.status, failurePage(v, refused))
		return
	}

	h.render(w, r, h.statusOf(r, err), failurePage(v, h.explain(r, err)))
}

// recoverPage answers instead of a page that has panicked, which is a mistake of ours: the log has it, who looks does not.
func (h *Handler) recoverPage(w http.ResponseWriter, r *http.Request) {
	fault := recover()
	if fault == nil {
		return
	}

	h.config.Logger.ErrorContext(
		r.Context(),
		"a page of the console has panicked",
		"request_id", r.Header.Get(headerRequestID),
		"panic", fault,
		"stack", string(debug.Stack()),
	)
	h.render(w, r, http.StatusInternalServerError, failurePage(nil, &refusal{
		code:      "internal_error",
		detail:    "something in the console is broken; the log says what, under the id below",
		requestID: r.Header.Get(headerRequestID),
	}))
}

// statusOf returns the HTTP status of an error that the API has not given. What nobody has caused who looks at the
// page is logged here, once.
func (h *Handler) statusOf(r *http.Request, err error) int {
	switch {
	case errors.Is(err, errNoPage):
		return http.StatusNotFound
	case errors.Is(err, errForged):
		return http.StatusForbidden
	}

	h.config.Logger.ErrorContext(
		r.Context(),
		"the console cannot reach the API",
		"request_id", r.Header.Get(headerRequestID),
		"error", err,
	)

	return http.StatusBadGateway
}

// explain returns what a page says of an error that the API has not given.
func (h *Handler) explain(r *http.Request, err error) *refusal {
	if errors.Is(err, errNoPage) || errors.Is(err, errForged) {
		return &refusal{detail: err.Error()}
	}

	return &refusal{
		code:      "api_unreachable",
		detail:    "the API does not answer at the moment; nothing is lost, and this page may be tried again",
		requestID: r.Header.Get(headerRequestID),
	}
}

// isLoggedOut reports whether an error says that there is no session, or that it is over.
func isLoggedOut(err error) bool {
	return errors.Is(err, errLoggedOut) || client.HasCode(err, client.ProblemCodeUnauthenticated)
}
