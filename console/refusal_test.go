package console_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/console"
)

// TestAnAnswerWithoutABodyIsNoPanic has the API, or what is before it, answer 204.
func TestAnAnswerWithoutABodyIsNoPanic(t *testing.T) {
	t.Parallel()

	e := newEnv(t, map[string]reply{"GET /session": {http.StatusNoContent, ""}})

	require.NotPanics(t, func() {
		answer := e.do(http.MethodGet, "/settings", nil)
		assert.Equal(t, http.StatusBadGateway, answer.Code)
	})
}

// TestWhatIsNoAPIOfHandrailShowsNothing: a page of zeros would say that nothing waits.
func TestWhatIsNoAPIOfHandrailShowsNothing(t *testing.T) {
	t.Parallel()

	e := newEnv(t, map[string]reply{
		"GET /session": ok(`{"id":1,"kind":"session","workspace_id":"22222222-2222-4222-8222-222222222222"}`),
	})

	ofAnother := e.do(http.MethodGet, "/", nil)
	assert.Equal(t, http.StatusBadGateway, ofAnother.Code)
	assert.Contains(t, ofAnother.Body.String(), "no API of Handrail of this version")

	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"a":1}`))
	}))
	t.Cleanup(other.Close)

	for _, request := range []*http.Request{
		httptest.NewRequest(http.MethodGet, console.Root+"/w/"+theWorkspace+"/", nil),
		httptest.NewRequest(http.MethodPost, console.Root+"/login", strings.NewReader(url.Values{
			"workspace": {theWorkspace},
			"key":       {"hr_key"},
		}.Encode())),
	} {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Cookie", theCookie("hr_session"))

		answer := httptest.NewRecorder()
		pages, log := newLogged(t, other.URL, other.Client())
		pages.ServeHTTP(answer, request)

		assert.Equal(t, http.StatusBadGateway, answer.Code)
		assert.Empty(t, answer.Header().Values("Set-Cookie"))
		assert.Contains(t, answer.Body.String(), "no API of Handrail of this version")

		id := requestIn.FindStringSubmatch(answer.Body.String())
		require.Len(t, id, 2)
		assert.Contains(t, log.text(), "request_id="+id[1], "the log names the request by what the page shows")
	}
}

// TestAnAnswerOfAnotherFormIsOfAnotherVersion: the API answers, and nothing of the console has failed.
func TestAnAnswerOfAnotherFormIsOfAnotherVersion(t *testing.T) {
	t.Parallel()

	for _, body := range []string{`{"items":[`, `{"items":7}`, `{"items":[{"created_at":"yesterday"}]}`} {
		e := newEnv(t, map[string]reply{"GET /webhook-endpoints": ok(body)})

		answer := e.do(http.MethodGet, "/settings/webhooks", nil)
		assert.Equal(t, http.StatusBadGateway, answer.Code, body)
		assert.Contains(t, answer.Body.String(), "no API of Handrail of this version", body)
		assert.Contains(t, answer.Body.String(), "<code>not_handrail</code>", body)
	}
}

// TestABrowserThatHasLeftIsNoError of ours.
func TestABrowserThatHasLeftIsNoError(t *testing.T) {
	t.Parallel()

	pages, log := newLogged(t, "http://127.0.0.1:1", new(http.Client))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	request := httptest.NewRequestWithContext(ctx, http.MethodGet, console.Root+"/w/"+theWorkspace+"/", nil)
	request.Header.Set("Cookie", theCookie("hr_session"))
	pages.ServeHTTP(httptest.NewRecorder(), request)

	assert.Empty(t, log.text())
}

// TestAFormThatIsTooLongSaysHowLongItMayBe, whatever it is for.
func TestAFormThatIsTooLongSaysHowLongItMayBe(t *testing.T) {
	t.Parallel()

	e := newEnv(t, nil)

	for _, path := range []string{"/login", "/w/" + theWorkspace + "/find"} {
		answer := e.request(http.MethodPost, path, url.Values{"text": {strings.Repeat("x", 1<<20)}})
		assert.Equal(t, http.StatusRequestEntityTooLarge, answer.Code, path)
		assert.Contains(t, answer.Body.String(), "A form may be at most 1 MiB long", path)
	}

	refused := httptest.NewRecorder()
	e.pages.ServeRefusal(
		refused,
		httptest.NewRequest(http.MethodPost, console.Root+"/login", nil),
		http.StatusRequestEntityTooLarge,
		"the body must be at most 1048576 bytes",
	)
	assert.Equal(t, http.StatusRequestEntityTooLarge, refused.Code)
	assert.Contains(t, refused.Body.String(), "A form may be at most 1 MiB long", "where the API beside has refused it")
	assert.NotEmpty(t, refused.Header().Get("Content-Security-Policy"))
}

// TestWhatIsUnderWayIsNotCalledUndone: it is being done at this moment, and pressing again does nothing better.
func TestWhatIsUnderWayIsNotCalledUndone(t *testing.T) {
	t.Parallel()

	e := newEnv(t, map[string]reply{
		"POST /webhook-endpoints": refuse(http.StatusConflict, "request_in_progress", "the same request is under way"),
		"GET /webhook-endpoints":  listOf(),
	})

	page := e.post("/settings/webhooks", "/settings/webhooks", url.Values{"url": {"https://a.example"}}).Body.String()
	assert.Contains(t, page, "It is being done.")
	assert.NotContains(t, page, "This was not done.")
}

// TestWhoMaySeeNoDeliveriesHasAFirstPage that says what there is instead.
func TestWhoMaySeeNoDeliveriesHasAFirstPage(t *testing.T) {
	t.Parallel()

	e := newEnv(t, nil)
	e.scopes = []string{"members:write"}

	page := e.get("/")
	assert.Contains(t, page, "members:write")
	assert.Contains(t, page, `<li><a href="`+console.Root+`/w/`+theWorkspace+`/people">`)
	assert.NotContains(t, page, `<li><a href="`+console.Root+`/w/`+theWorkspace+`/chats">`)
	assert.Zero(t, e.count("GET /status"))
}

// requestIn finds the id that a page shows of its request.
var requestIn = regexp.MustCompile(`request <code>([^<]+)</code>`)

// lockedLog is a log that is read while it is written.
type lockedLog struct {
	mutex   sync.Mutex
	written bytes.Buffer
}

// Write appends to the log.
func (l *lockedLog) Write(line []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	return l.written.Write(line)
}

func (l *lockedLog) text() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	return l.written.String()
}

// newLogged returns a console before what is at an address, and its log.
func newLogged(t *testing.T, address string, doer *http.Client) (*console.Handler, *lockedLog) {
	t.Helper()

	log := new(lockedLog)

	pages, err := console.New(console.Config{
		API:    address,
		Doer:   doer,
		Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	require.NoError(t, err)

	return pages, log
}
