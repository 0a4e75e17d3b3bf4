package fuzzapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"handrail/chat"
)

// finding is something that is wrong with an answer: its kind, and the details of this answer.
type finding struct{ what, detail string }

type findings []finding

// hasNoPlace are the operations that make what has no address of its own: a session is the one of its key, and a link
// to log in is shown once.
var hasNoPlace = map[string]bool{"createSession": true, "createLoginLink": true}

func (f *findings) add(what, format string, args ...any) {
	*f = append(*f, finding{what: what, detail: fmt.Sprintf(format, args...)})
}

// checker compares answers with the document.
type checker struct {
	*document
	client *http.Client
	origin string
	mu     sync.Mutex
	// links says of the links of problems that were followed whether there is a page.
	links map[string]bool
}

// sharedCodes returns the codes that every operation of a workspace may answer with, which the document describes only
// in words.
func sharedCodes(q *request) []chat.Code {
	codes := []chat.Code{
		chat.CodeInvalidRequest,
		chat.CodeUnauthenticated,
		chat.CodeForbidden,
		chat.CodeWorkspaceNotFound,
		chat.CodeRateLimited,
	}

	if q.op.media != "" {
		codes = append(codes, chat.CodeBodyTooLarge, chat.CodeUnsupportedMediaType)
	}

	if q.op.method == http.MethodPost {
		codes = append(codes, chat.CodeIdempotencyKeyReused, chat.CodeRequestInProgress, chat.CodeAnswerLost)
	}

	if q.stray {
		codes = append(codes, chat.CodeNotFound, chat.CodeMethodNotAllowed)
	}

	return codes
}

// check returns what is wrong with an answer, and its body if it is JSON.
func (c *checker) check(ctx context.Context, q *request, a *http.Response, raw []byte) (any, []finding) {
	var found findings

	if a.Header.Get("X-Request-Id") == "" {
		found.add("no X-Request-Id", "")
	}

	described, written, documented := q.op.findAnswer(a.StatusCode)

	switch {
	case q.stray && a.StatusCode < http.StatusBadRequest:
		return nil, found // it was another operation's after all

	case q.stray:
		described = answer{media: []string{"application/problem+json"}}
		written = ""

	case !documented:
		found.add("undocumented status", "%d %s", a.StatusCode, clipText(raw))
		return nil, found
	}

	body, more := c.checkBody(q, a, raw, described)
	found = append(found, more...)

	if body == nil {
		return nil, found
	}

	if schema := c.answers[q.op.id+" "+written]; schema != nil {
		if err := schema.Validate(body); err != nil {
			found.add("schema break", "%d %s: %s", a.StatusCode, describeMismatch(err), clipText(raw))
		}
	}

	if a.StatusCode >= http.StatusBadRequest {
		return body, append(found, c.checkProblem(ctx, q, a, asObject(body))...)
	}

	if q.mustFail != "" {
		found.add("accepted", "%d although %s", a.StatusCode, q.mustFail)
	}

	if a.StatusCode == http.StatusCreated && a.Header.Get("Location") == "" && !hasNoPlace[q.op.id] {
		found.add("no Location", "")
	}

	return body, found
}

// checkBody returns the body of an answer, nil if there is none or it is not JSON, and what is wrong with its form.
func (c *checker) checkBody(q *request, a *http.Response, raw []byte, described answer) (any, findings) {
	var found findings

	if len(described.media) == 0 {
		if len(raw) > 0 {
			found.add("a body where the document has none", "%s", clipText(raw))
		}

		if q.mustFail != "" && a.StatusCode < http.StatusBadRequest {
			found.add("accepted", "%d although %s", a.StatusCode, q.mustFail)
		}

		return nil, found
	}

	media, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type")) // none is none that is described
	if !slices.Contains(described.media, media) {
		found.add("undocumented content type", "%d %s", a.StatusCode, a.Header.Get("Content-Type"))
	}

	if !strings.HasSuffix(media, "json") {
		return nil, found
	}

	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		found.add("no JSON", "%v: %s", err, clipText(raw))
		return nil, found
	}

	return body, found
}

// requiredHeaders are the headers that answers with a status must have.
var requiredHeaders = map[int]string{
	http.StatusUnauthorized:       "WWW-Authenticate",
	http.StatusMethodNotAllowed:   "Allow",
	http.StatusTooManyRequests:    "Retry-After",
	http.StatusServiceUnavailable: "Retry-After",
}

// checkProblem returns what is wrong with a problem: its code, its fields and its headers.
func (c *checker) checkProblem(ctx context.Context, q *request, a *http.Response, body object) findings {
	var found findings

	code := getText(body, "code")
	status := strconv.Itoa(a.StatusCode)
	own := slices.Contains(q.op.codes[status], code)

	// The sandbox's providers fail on purpose, also while one is asked.
	unanswered := q.op.id == "lookUpDelivery" && code == string(chat.CodeUnavailable)

	failed := own && code != string(chat.CodeUnavailable)

	if a.StatusCode >= http.StatusInternalServerError && !failed && !unanswered {
		found.add("5xx", "%s %s: %s", status, code, getText(body, "detail"))
		return found
	}

	if !own && !unanswered && !slices.Contains(sharedCodes(q), chat.Code(code)) {
		found.add("undocumented code", "%s %s: %s", status, code, getText(body, "detail"))
	}

	if fmt.Sprint(body["status"]) != status {
		found.add("another status in the body", "%v", body["status"])
	}

	if header := requiredHeaders[a.StatusCode]; header != "" && a.Header.Get(header) == "" {
		found.add("no "+header, "%s %s", status, code)
	}

	if a.StatusCode == http.StatusBadRequest && !namesField(body) {
		found.add("a 400 without a field", "%s: %s", code, getText(body, "detail"))
	}

	if link := getText(body, "type"); !c.hasPage(ctx, link) {
		found.add("type leads nowhere", "%s", link)
	}

	return found
}

// namesField reports whether a problem says which field is wrong, and what is wrong with it.
func namesField(body object) bool {
	list := getList(body, "errors")

	return len(list) > 0 && !slices.ContainsFunc(list, func(entry any) bool {
		return getText(asObject(entry), "field") == "" || getText(asObject(entry), "message") == ""
	})
}

// hasPage reports whether there is a page at the link. Each link is followed once.
func (c *checker) hasPage(ctx context.Context, link string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()

	there, known := c.links[link]
	if known {
		return there
	}

	asked, err := http.NewRequestWithContext(ctx, http.MethodGet, c.origin+link, http.NoBody)
	if err != nil {
		return false
	}

	a, err := c.client.Do(asked)
	if err != nil {
		return false
	}

	_, _ = io.Copy(io.Discard, a.Body) // only its status counts
	_ = a.Body.Close()

	c.links[link] = a.StatusCode == http.StatusOK

	return c.links[link]
}

// describeMismatch says in one line why a value does not fit its schema.
func describeMismatch(err error) string {
	lines := strings.Split(err.Error(), "\n")
	return strings.Join(lines[min(1, len(lines)-1):], ";")
}

// clipText shortens a body for a report.
func clipText(raw []byte) string {
	const most = 600
	if len(raw) > most {
		return string(raw[:most]) + "…"
	}

	return string(raw)
}
