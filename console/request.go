package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// How long the answer to a request may take: a page is read; a form may wait for what it has asked for, and a file has
// many pages of a list.
const (
	pageWithin = 15 * time.Second
	formWithin = 75 * time.Second
)

// headerRequestID is the header that names a request in logs. The API gives the console's own requests one too.
const headerRequestID = "X-Request-Id"

// requestMark is the context key of the request's id.
type requestMark struct{}

// saneRequestID matches the ids that the API of the same process, or a proxy, gives to requests.
var saneRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// withRequestID returns the request with an id, by which the log names it.
func withRequestID(r *http.Request) *http.Request {
	id := r.Header.Get(headerRequestID)
	if !saneRequestID.MatchString(id) {
		id = uuid.Must(uuid.NewV7()).String()
	}

	return r.WithContext(context.WithValue(r.Context(), requestMark{}, id))
}

// requestIDOf returns the id of a request.
func requestIDOf(r *http.Request) string {
	id, _ := r.Context().Value(requestMark{}).(string)

	return id
}

// withinTime returns the request with the time that its answer may take.
func (h *Handler) withinTime(r *http.Request) (*http.Request, context.CancelFunc) {
	within := h.formWithin
	if isRead := r.Method == http.MethodGet || r.Method == http.MethodHead; isRead && path.Ext(r.URL.Path) != ".csv" {
		within = h.pageWithin
	}

	ctx, cancel := context.WithTimeout(r.Context(), within)

	return r.WithContext(ctx), cancel
}

// readForm reads the form of a request, and answers if it is longer than forms may be. It reports whether to go on.
func (h *Handler) readForm(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodPost {
		return true
	}

	// What cannot be read for another reason has no token, and is refused for that.
	if _, tooLong := errors.AsType[*http.MaxBytesError](r.ParseForm()); tooLong {
		h.showFailure(w, r, nil, errTooLong)
		return false
	}

	return true
}

// recoverPanic logs a panic, and answers that the page cannot be made.
func (h *Handler) recoverPanic(w http.ResponseWriter, r *http.Request) {
	reason := recover()
	if reason == nil {
		return
	}

	h.showFailure(w, r, nil, fmt.Errorf("panic: %v\n%s", reason, debug.Stack()))
}

// ServeRefusal answers a request with why it was refused before it came to a page.
func (h *Handler) ServeRefusal(w http.ResponseWriter, r *http.Request, status int, detail string) {
	setHeaders(w)

	r = withRequestID(r)

	if status == http.StatusRequestEntityTooLarge {
		detail = errTooLong.Error()
	}

	h.render(w, r, status, failurePage(nil, &refusal{
		detail:    detail,
		code:      strconv.Itoa(status),
		requestID: requestIDOf(r),
	}))
}
