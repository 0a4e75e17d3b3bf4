package console

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"handrail/client"
)

// The errors that are of the console itself.
var (
	errLoggedOut = errors.New("you are not logged in to this workspace")
	// errNoSession is the error of a cookie that has another key than that of a session.
	errNoSession = errors.New("this browser's cookie has no session")
	errForged    = errors.New("this form was not made by this page, or you have logged in again since: go back, " +
		"reload the page, and try again")
	errTooLong     = errors.New("a form may be at most 1 MiB long: go back, and send less at once")
	errNotHandrail = errors.New("this is no API of Handrail of this version")
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

// isUnderWay reports whether what was asked for is being done already.
func (r *refusal) isUnderWay() bool { return r.code == string(client.ProblemCodeRequestInProgress) }

// heading returns in a few words what became of what was asked for.
func (r *refusal) heading() string {
	if r.isUnderWay() {
		return "It is being done."
	}

	return "This was not done."
}

// furtherFields returns what is wrong with fields, where the sentence does not say it already.
func (r *refusal) furtherFields() []client.FieldError {
	if len(r.fields) == 1 && strings.Contains(r.detail, r.fields[0].Message) {
		return nil
	}

	return r.fields
}

// tone is that of the banner.
func (r *refusal) tone() string {
	if r.isUnderWay() {
		return toneWait
	}

	return toneBad
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
		h.askToLogIn(w, r, err)
		return
	}

	if refused := refusalOf(err); refused != nil {
		h.render(w, r, refused.status, failurePage(v, refused))
		return
	}

	h.render(w, r, h.statusOf(r, err), failurePage(v, h.explain(r, err)))
}

// askToLogIn answers with the login page. On a link from another site the browser sends no cookie, although it may have
// one: then the answer is a page that comes again by itself, with the cookie, and nothing is removed.
func (h *Handler) askToLogIn(w http.ResponseWriter, r *http.Request, err error) {
	isMissing := errors.Is(err, errLoggedOut)

	if isMissing && isFromElsewhere(r) {
		h.render(w, r, http.StatusOK, continuePage(templ.SafeURL(r.URL.RequestURI()), "Continue"))
		return
	}

	if !isMissing {
		removeSession(w, r.PathValue("workspace"))
	}

	view := h.newLoginView(r.PathValue("workspace"), "Log in to see this page.")
	view.isWrong = false

	if r.Method == http.MethodGet {
		view.back = r.URL.RequestURI()
	}

	h.render(w, r, http.StatusUnauthorized, loginPage(view))
}

// isFromElsewhere reports whether the browser follows a link of another site, and so has sent no cookie of ours.
func isFromElsewhere(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Site") == "cross-site"
}

// statusOf returns the HTTP status of an error that the API has not given. It logs the errors that the viewer has not
// caused.
func (h *Handler) statusOf(r *http.Request, err error) int {
	switch {
	case errors.Is(err, errNoPage):
		return http.StatusNotFound
	case errors.Is(err, errForged):
		return http.StatusForbidden
	case errors.Is(err, errTooLong):
		return http.StatusRequestEntityTooLarge
	case errors.Is(r.Context().Err(), context.Canceled):
		return http.StatusBadGateway // nobody reads it: the browser has left
	}

	h.config.Logger.ErrorContext(
		r.Context(),
		"the console cannot reach the API",
		"request_id", requestIDOf(r),
		"error", err,
	)

	return http.StatusBadGateway
}

// explain returns what a page says of an error that the API has not given.
func (h *Handler) explain(r *http.Request, err error) *refusal {
	for _, ours := range []error{errNoPage, errForged, errTooLong} {
		if errors.Is(err, ours) {
			return &refusal{detail: ours.Error()}
		}
	}

	told := &refusal{
		code:      "unavailable",
		detail:    "the API does not answer at the moment; nothing is lost, and this page may be tried again",
		requestID: requestIDOf(r),
	}

	if errors.Is(err, errNotHandrail) {
		told.code = "not_handrail"
		told.detail = "what answers is no API of Handrail of this version; whoever runs the console gives its " +
			"address by --url"
	}

	return told
}

// isLoggedOut reports whether an error says that there is no session, or that it is over.
func isLoggedOut(err error) bool {
	return errors.Is(err, errLoggedOut) || errors.Is(err, errNoSession) ||
		client.HasCode(err, client.ProblemCodeUnauthenticated)
}
