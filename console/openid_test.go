package console_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"

	"handrail/console"
)

const testWorkspace = "11111111-1111-4111-8111-111111111111"

// openIDWorld is the console beside a provider that is a library of its own, with one user.
type openIDWorld struct {
	*testing.T

	console *httptest.Server
	browser *http.Client
	// opened are the addresses for which sessions were opened.
	opened []string
	// refuses is what the opening of a session answers with, nil for a session.
	refuses error
}

func newOpenIDWorld(t *testing.T) *openIDWorld {
	t.Helper()

	w := &openIDWorld{T: t}

	var provider http.Handler

	issuer := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		provider.ServeHTTP(rw, r)
	}))
	t.Cleanup(issuer.Close)

	var pages http.Handler

	w.console = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		pages.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.console.Close)

	client := storage.WebClient("handrail-"+t.Name(), "secret", w.console.URL+"/console/login/openid/callback")
	storage.RegisterClients(client)

	provider = exampleop.SetupServer(
		issuer.URL, storage.NewStorage(storage.NewUserStore(issuer.URL)), slog.New(slog.DiscardHandler), false,
	)

	handler, err := console.New(console.Config{
		API:     "http://127.0.0.1:1",
		Doer:    issuer.Client(),
		Logger:  slog.New(slog.DiscardHandler),
		Version: "test",
		OpenID: &console.OpenID{
			Issuer:       issuer.URL,
			ClientID:     client.GetID(),
			ClientSecret: "secret",
			PublicURL:    w.console.URL,
			OpenSession:  w.openSession,
		},
	})
	require.NoError(t, err)

	pages = handler
	w.browser = w.console.Client()
	w.browser.Jar, err = cookiejar.New(nil)
	require.NoError(t, err)

	return w
}

func (w *openIDWorld) openSession(_ context.Context, _, email string) (string, error) {
	w.opened = append(w.opened, email)
	return "hr_session_test", w.refuses
}

var continueLink = regexp.MustCompile(`<a class="button" href="([^"]+)"`)

// begin asks the console to begin, and returns the provider's address.
func (w *openIDWorld) begin() string {
	w.Helper()

	status, page := w.post(w.console.URL+"/console/login/openid", url.Values{"workspace": {testWorkspace}})
	require.Equal(w, http.StatusOK, status, page)

	found := continueLink.FindStringSubmatch(page)
	require.NotNil(w, found, page)

	return strings.ReplaceAll(found[1], "&amp;", "&")
}

// logInAt logs in at the provider, as its user, and returns what the console answers at last.
func (w *openIDWorld) logInAt(address string) (int, string) {
	w.Helper()

	form, err := w.browser.Get(address)
	require.NoError(w, err)
	require.NoError(w, form.Body.Close())

	host := form.Request.URL.Hostname()

	return w.post(form.Request.URL.String(), url.Values{
		"id":       {form.Request.URL.Query().Get("authRequestID")},
		"username": {"test-user@" + host},
		"password": {"verysecure"},
	})
}

func (w *openIDWorld) post(address string, values url.Values) (int, string) {
	w.Helper()

	answer, err := w.browser.PostForm(address, values)
	require.NoError(w, err)

	body, err := io.ReadAll(answer.Body)
	require.NoError(w, err)
	require.NoError(w, answer.Body.Close())

	return answer.StatusCode, string(body)
}

// session returns the session that the browser keeps, "" for none.
func (w *openIDWorld) session() string {
	w.Helper()

	address, err := url.Parse(w.console.URL + "/console/")
	require.NoError(w, err)

	for _, cookie := range w.browser.Jar.Cookies(address) {
		if strings.HasPrefix(cookie.Name, "__Secure-handrail_session_") {
			return cookie.Value
		}
	}

	return ""
}

// TestAMemberLogsInByOpenID goes the whole way: to the provider, and back with a session.
func TestAMemberLogsInByOpenID(t *testing.T) {
	w := newOpenIDWorld(t)

	address := w.begin()
	parsed, err := url.Parse(address)
	require.NoError(t, err)
	assert.Equal(t, "S256", parsed.Query().Get("code_challenge_method"))
	assert.Equal(t, "code", parsed.Query().Get("response_type"))

	status, page := w.logInAt(address)
	require.Equal(t, http.StatusOK, status, page)
	assert.Contains(t, page, "/console/w/"+testWorkspace+"/")
	assert.Equal(t, []string{"test-user@zitadel.ch"}, w.opened)
	assert.Equal(t, "hr_session_test", w.session())
}

// TestALoginOfAnotherBrowserIsRefused plays who has somebody else end a login that they have begun.
func TestALoginOfAnotherBrowserIsRefused(t *testing.T) {
	w := newOpenIDWorld(t)

	address := w.begin()

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)

	w.browser.Jar = jar

	status, page := w.logInAt(address)
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, page, "begin it again")
	assert.Empty(t, w.opened)
	assert.Empty(t, w.session())
}

// TestWhoIsNoMemberIsToldSo shows the API's sentence, and makes no session.
func TestWhoIsNoMemberIsToldSo(t *testing.T) {
	w := newOpenIDWorld(t)
	w.refuses = console.RefusalError("nobody logs in to this workspace with this address")

	status, page := w.logInAt(w.begin())
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, page, "Nobody logs in to this workspace with this address.")
	assert.Empty(t, w.session())
}

// TestASilentProviderHoldsNobody has the OpenID provider accept connections and say nothing.
func TestASilentProviderHoldsNobody(t *testing.T) {
	t.Parallel()

	silent := make(chan struct{})
	issuer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-silent }))

	t.Cleanup(issuer.Close)
	t.Cleanup(func() { close(silent) })

	pages, err := console.New(console.Config{
		API:    "http://127.0.0.1:1",
		Doer:   issuer.Client(),
		Logger: slog.New(slog.DiscardHandler),
		OpenID: &console.OpenID{Issuer: issuer.URL, ClientID: "c", ClientSecret: "s", PublicURL: "https://h.example"},
	})
	require.NoError(t, err)

	answered := make(chan struct{})

	go func() {
		defer close(answered)

		// The browser has left before the provider answers.
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()

		form := url.Values{"workspace": {theWorkspace}}.Encode()
		body := strings.NewReader(form)
		request := httptest.NewRequestWithContext(ctx, http.MethodPost, console.Root+"/login/openid", body)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		pages.ServeHTTP(httptest.NewRecorder(), request)
	}()

	select {
	case <-answered:
	case <-time.After(2 * time.Second):
		t.Error("a login waits for ever, and all others wait for it")
	}
}
