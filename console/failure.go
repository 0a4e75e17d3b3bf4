package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"handrail/client"
)

// The errors that are of the console itself. Pages show their sentences, but for the first two, on which the login page
// is shown.
var (
	errLoggedOut = errors.New("you are not logged in to this workspace")
	// errNoSession is the error of a cookie that has another key than that of a session.
	errNoSession = errors.New("this browser's cookie has no session")
	errNoPage    = errors.New("there is no such page")
	errForged    = errors.New("this form was not made by this page, or you have logged in again since: go back, " +
		"reload the page, and try again")
	errTooLong     = errors.New("a form may be at most 1 MiB long: go back, and send less at once")
	errNotHandrail = errors.New("what answers is no API of Handrail of this version; whoever runs the console gives " +
		"its address by --url")
	errNoAnswer = errors.New("the API does not answer at the moment; nothing is lost, and this page may be tried " +
		"again")
	errNoProvider = errors.New("the OpenID provider does not answer at the moment: try again, or log in with an API " +
		"key")
	errNotOpened = errors.New("a session cannot be made at the moment; nothing is lost, and you may try again")
	errInternal  = errors.New("the page could not be made; the log says why")
)

// ownFailure is how an error of the console itself is answered.
type ownFailure struct {
	err    error
	status int
	// code is shown beside the id of the request.
	code string
	// log is the line of the log; "" for what the viewer has caused, which has none, and for which no id is shown.
	log string
}

// ownFailures are the errors of the console that have a page of their own. All others are [errInternal].
var ownFailures = []ownFailure{
	{err: errNoPage, status: http.StatusNotFound},
	{err: errForged, status: http.StatusForbidden},
	{err: errTooLong, status: http.StatusRequestEntityTooLarge},
	{
		err:    errNotHandrail,
		status: http.StatusBadGateway,
		code:   "not_handrail",
		log:    "the console is before no API of Handrail",
	},
	{
		err:    errNoAnswer,
		status: http.StatusBadGateway,
		code:   "unavailable",
		log:    "the console cannot reach the API",
	},
	{
		err:    errNoProvider,
		status: http.StatusBadGateway,
		code:   "unavailable",
		log:    "the OpenID provider cannot be asked",
	},
	{
		err:    errNotOpened,
		status: http.StatusServiceUnavailable,
		code:   "unavailable",
		log:    "a session cannot be made",
	},
	{
		err:    errInternal,
		status: http.StatusInternalServerError,
		code:   "internal",
		log:    "a page of the console could not be made",
	},
}

// findOwnFailure returns how an error is answered that the API has not given.
func findOwnFailure(err error) ownFailure {
	for _, failure := range ownFailures {
		if errors.Is(err, failure.err) {
			return failure
		}
	}

	switch {
	case isSilence(err):
		return findOwnFailure(errNoAnswer)
	case isUnreadable(err):
		return findOwnFailure(errNotHandrail)
	}

	return findOwnFailure(errInternal)
}

// isSilence reports whether an error says that the API has not answered in time, or something else in its place.
func isSilence(err error) bool {
	_, isUnreachable := errors.AsType[*client.UnreachableError](err)
	_, isUnexpected := errors.AsType[*client.UnexpectedAnswerError](err)

	return isUnreachable || isUnexpected ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// isUnreadable reports whether an error says that an answer of the API has another form than the client knows.
func isUnreadable(err error) bool {
	_, isNoJSON := errors.AsType[*json.SyntaxError](err)
	_, isOfOtherType := errors.AsType[*json.UnmarshalTypeError](err)
	_, isNoTime := errors.AsType[*time.ParseError](err)

	return isNoJSON || isOfOtherType || isNoTime
}

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

	h.logFailure(r, err)

	failure := findOwnFailure(err)
	shown := &refusal{
		detail: failure.err.Error(),
		code:   failure.code,
	}

	if failure.log != "" {
		shown.requestID = requestIDOf(r)
	}

	h.render(w, r, failure.status, failurePage(v, shown))
}

// logFailure logs an error that the API has not given, unless the viewer has caused it.
func (h *Handler) logFailure(r *http.Request, err error) {
	if failure := findOwnFailure(err); failure.log != "" {
		h.logError(r, failure.log, err)
	}
}

// logError logs an error with the id of the request, unless it comes of a browser that has left.
func (h *Handler) logError(r *http.Request, line string, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return
	}

	h.config.Logger.ErrorContext(
		r.Context(),
		line, //nolint:sloglint // each is a constant, of the table or of its caller
		"request_id", requestIDOf(r),
		"error", err,
	)
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

// isLoggedOut reports whether an error says that there is no session, or that it is over.
func isLoggedOut(err error) bool {
	return errors.Is(err, errLoggedOut) || errors.Is(err, errNoSession) ||
		client.HasCode(err, client.ProblemCodeUnauthenticated)
}

// isAbsent reports whether the API says that there is no such object, or none that the session may read.
func isAbsent(err error) bool {
	refused := refusalOf(err)

	return refused != nil && (refused.status == http.StatusNotFound || refused.status == http.StatusForbidden)
}
