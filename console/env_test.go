package console_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/console"
)

// theWorkspace is the workspace of the tests.
const theWorkspace = "11111111-1111-4111-8111-111111111111"

// theTime is when the tests happen.
var theTime = time.Date(2026, time.November, 30, 10, 2, 3, 0, time.UTC)

// The scopes of whoever may everything, and of whoever may only look.
var (
	allScopes      = scopesOf("admin")
	readOnlyScopes = scopesOf("read")
)

func scopesOf(level string) []string {
	var scopes []string
	for area := range strings.FieldsSeq("chats members labels tools deliveries webhooks keys workspace") {
		scopes = append(scopes, area+":"+level)
	}

	return scopes
}

// reply is an answer of the API.
type reply struct {
	status int
	body   string
}

func ok(body string) reply { return reply{http.StatusOK, body} }

// listOf is the answer of a list with one page.
func listOf(items ...string) reply {
	return ok(`{"items":[` + strings.Join(items, ",") + `],"next_cursor":null}`)
}

// refuse is a refusal of the API.
func refuse(status int, code, detail string) reply {
	body, _ := json.Marshal(map[string]any{"status": status, "code": code, "detail": detail, "title": "No", "type": "/x"})

	return reply{status, string(body)}
}

// apiCall is a request that the API has got.
type apiCall struct {
	query url.Values
	body  string
	key   string
}

// env is a console before an API that the test plays.
type env struct {
	t       *testing.T
	pages   *console.Handler
	scopes  []string
	replies map[string]reply
	// pagesOf answers lists that replies does not have, by their cursor.
	pagesOf func(cursor string) reply

	mu    sync.Mutex
	calls map[string][]apiCall
}

// newEnv returns a console. The replies are by method and path below the workspace, such as "GET /deliveries".
func newEnv(t *testing.T, replies map[string]reply, with ...func(*console.Config)) *env {
	t.Helper()

	e := &env{
		t:       t,
		scopes:  allScopes,
		replies: replies,
		calls:   map[string][]apiCall{},
	}

	api := httptest.NewServer(http.HandlerFunc(e.answer))
	t.Cleanup(api.Close)

	config := console.Config{
		API:     api.URL,
		Doer:    api.Client(),
		Logger:  slog.New(slog.DiscardHandler),
		Version: "test",
		Now:     func() time.Time { return theTime },
	}

	for _, change := range with {
		change(&config)
	}

	pages, err := console.New(config)
	require.NoError(t, err)

	e.pages = pages

	return e
}

// answer plays the API.
func (e *env) answer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	name := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v2/w/"+theWorkspace)

	e.mu.Lock()
	e.calls[name] = append(e.calls[name], apiCall{r.URL.Query(), string(body), r.Header.Get("Idempotency-Key")})
	e.mu.Unlock()

	found, known := e.replies[name]

	switch {
	case known:
	case name == "GET /session":
		scopes, _ := json.Marshal(e.scopes)

		found = ok(`{"id":1,"kind":"session","member_id":7,"member_name":"Ana","role":"manager","scopes":` +
			string(scopes) + `,"workspace_id":"` + theWorkspace + `","workspace_name":"Tables","expires_at":null}`)
	case e.pagesOf != nil:
		found = e.pagesOf(r.URL.Query().Get("cursor"))
	default:
		e.t.Errorf("the console has called %s, which the test does not answer", name)

		found = refuse(http.StatusNotFound, "not_found", "there is nothing here")
	}

	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Handrail-Version", "2026-11-29")

	if found.status >= http.StatusBadRequest {
		w.Header().Set("Content-Type", "application/problem+json")
	}

	w.WriteHeader(found.status)
	_, _ = io.WriteString(w, found.body)
}

// sent returns the last call of the API by method and path.
func (e *env) sent(name string) apiCall {
	e.t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()

	calls := e.calls[name]
	require.NotEmpty(e.t, calls, "%s was not called", name)

	return calls[len(calls)-1]
}

// count returns how often the API was called.
func (e *env) count(name string) int {
	e.mu.Lock()
	defer e.mu.Unlock()

	return len(e.calls[name])
}

// do makes a request of a browser that is logged in.
func (e *env) do(method, path string, fields url.Values) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, console.Root+"/w/"+theWorkspace+path, strings.NewReader(fields.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.AddCookie(&http.Cookie{Name: "__Secure-handrail_session_" + theWorkspace, Value: "hr_session"})

	answer := httptest.NewRecorder()
	e.pages.ServeHTTP(answer, request)

	return answer
}

// get returns a page, which must be shown.
func (e *env) get(path string) string {
	e.t.Helper()

	answer := e.do(http.MethodGet, path, nil)
	require.Equal(e.t, http.StatusOK, answer.Code, answer.Body.String())

	return answer.Body.String()
}

// tokenIn finds the token of the forms of a page.
var tokenIn = regexp.MustCompile(`data-csrf="([0-9a-f]+)"`)

// post fills in a form of a page, with its token.
func (e *env) post(page, action string, fields url.Values) *httptest.ResponseRecorder {
	e.t.Helper()

	token := tokenIn.FindStringSubmatch(e.get(page))
	require.Len(e.t, token, 2)

	given := url.Values{"csrf": {token[1]}, "once": {"once-1"}}
	maps.Copy(given, fields)

	return e.do(http.MethodPost, action, given)
}

// requireRedirect checks that a form was taken, and where it leads.
func (e *env) requireRedirect(answer *httptest.ResponseRecorder, path string) {
	e.t.Helper()
	require.Equal(e.t, http.StatusSeeOther, answer.Code, answer.Body.String())
	assert.Equal(e.t, console.Root+"/w/"+theWorkspace+path, answer.Header().Get("Location"))
}
