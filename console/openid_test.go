package console_test

import (
	"context"
	"errors"
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

// openIDEnv is the console beside a provider that is a library of its own, with one user.
type openIDEnv struct {
	*testing.T

	console *httptest.Server
	browser *http.Client
	// users are the users of the provider.
	users storage.UserStore
	// log is what the console has logged.
	log *lockedLog
	// opened are the addresses for which sessions were opened.
	opened []string
	// refuses is what the opening of a session answers with, nil for a session.
	refuses error
	// breaksAt is the path at which the provider breaks the connection off, "" for none.
	breaksAt string
}

func newOpenIDEnv(t *testing.T) *openIDEnv {
	t.Helper()

	e := &openIDEnv{
		T:   t,
		log: new(lockedLog),
	}

	var provider http.Handler

	issuer := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == e.breaksAt {
			panic(http.ErrAbortHandler)
		}

		provider.ServeHTTP(rw, r)
	}))
	t.Cleanup(issuer.Close)

	var pages http.Handler

	e.console = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		pages.ServeHTTP(rw, r)
	}))
	t.Cleanup(e.console.Close)

	client := storage.WebClient("handrail-"+t.Name(), "secret", e.console.URL+"/console/login/openid/callback")
	storage.RegisterClients(client)

	e.users = storage.NewUserStore(issuer.URL)
	provider = exampleop.SetupServer(
		issuer.URL, storage.NewStorage(e.users), slog.New(slog.DiscardHandler), false,
	)

	handler, err := console.New(console.Config{
		API:     "http://127.0.0.1:1",
		Doer:    issuer.Client(),
		Logger:  slog.New(slog.NewTextHandler(e.log, nil)),
		Version: "test",
		OpenID: &console.OpenID{
			Issuer:       issuer.URL,
			ClientID:     client.GetID(),
			ClientSecret: "secret",
			PublicURL:    e.console.URL,
			OpenSession:  e.openSession,
		},
	})
	require.NoError(t, err)

	pages = handler
	e.browser = e.console.Client()
	e.browser.Jar, err = cookiejar.New(nil)
	require.NoError(t, err)

	return e
}

func (e *openIDEnv) openSession(_ context.Context, _, email string) (string, error) {
	e.opened = append(e.opened, email)
	return "hr_session_test", e.refuses
}

var continueLink = regexp.MustCompile(`<a class="button" href="([^"]+)"`)

// begin asks the console to begin, and returns the provider's address.
func (e *openIDEnv) begin() string {
	e.Helper()

	status, page := e.post(e.console.URL+"/console/login/openid", url.Values{"workspace": {theWorkspace}})
	require.Equal(e, http.StatusOK, status, page)

	found := continueLink.FindStringSubmatch(page)
	require.NotNil(e, found, page)

	return strings.ReplaceAll(found[1], "&amp;", "&")
}

// logInAt logs in at the provider, as its user, and returns what the console answers at last.
func (e *openIDEnv) logInAt(address string) (int, string) {
	e.Helper()

	form, err := e.browser.Get(address)
	require.NoError(e, err)
	require.NoError(e, form.Body.Close())

	host := form.Request.URL.Hostname()

	return e.post(form.Request.URL.String(), url.Values{
		"id":       {form.Request.URL.Query().Get("authRequestID")},
		"username": {"test-user@" + host},
		"password": {"verysecure"},
	})
}

func (e *openIDEnv) post(address string, values url.Values) (int, string) {
	e.Helper()

	answer, err := e.browser.PostForm(address, values)
	require.NoError(e, err)

	body, err := io.ReadAll(answer.Body)
	require.NoError(e, err)
	require.NoError(e, answer.Body.Close())

	return answer.StatusCode, string(body)
}

// session returns the session that the browser keeps, "" for none.
func (e *openIDEnv) session() string {
	e.Helper()

	address, err := url.Parse(e.console.URL + "/console/")
	require.NoError(e, err)

	for _, cookie := range e.browser.Jar.Cookies(address) {
		if strings.HasPrefix(cookie.Name, "__Secure-handrail_session_") {
			return cookie.Value
		}
	}

	return ""
}

// TestAMemberLogsInByOpenID goes the whole way: to the provider, and back with a session.
func TestAMemberLogsInByOpenID(t *testing.T) {
	e := newOpenIDEnv(t)

	address := e.begin()
	parsed, err := url.Parse(address)
	require.NoError(t, err)
	assert.Equal(t, "S256", parsed.Query().Get("code_challenge_method"))
	assert.Equal(t, "code", parsed.Query().Get("response_type"))

	status, page := e.logInAt(address)
	require.Equal(t, http.StatusOK, status, page)
	assert.Contains(t, page, "/console/w/"+theWorkspace+"/")
	assert.Equal(t, []string{"test-user@zitadel.ch"}, e.opened)
	assert.Equal(t, "hr_session_test", e.session())
}

// TestALoginOfAnotherBrowserIsRefused plays who has somebody else end a login that they have begun.
func TestALoginOfAnotherBrowserIsRefused(t *testing.T) {
	e := newOpenIDEnv(t)

	address := e.begin()

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)

	e.browser.Jar = jar

	status, page := e.logInAt(address)
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, page, "begin it again")
	assert.Empty(t, e.opened)
	assert.Empty(t, e.session())
}

// TestWhoIsNoMemberIsToldSo shows the API's sentence, and makes no session.
func TestWhoIsNoMemberIsToldSo(t *testing.T) {
	e := newOpenIDEnv(t)
	e.refuses = console.RefusalError("nobody logs in to this workspace with this address")

	status, page := e.logInAt(e.begin())
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, page, "Nobody logs in to this workspace with this address.")
	assert.Empty(t, e.session())
}

// TestAnUnverifiedAddressOpensNothing: anybody may have typed it at the provider.
func TestAnUnverifiedAddressOpensNothing(t *testing.T) {
	e := newOpenIDEnv(t)
	e.users.GetUserByID("id1").EmailVerified = false

	status, page := e.logInAt(e.begin())
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, page, "The login did not succeed")
	assert.Empty(t, e.opened)
	assert.Empty(t, e.session())
	assert.Contains(t, e.log.text(), "the provider has not verified the email address")
	assert.Regexp(t, `level=WARN .*request_id=\S+`, e.log.text())
}

// TestASessionThatCannotBeMadeIsNoFaultOfTheAPI: the log and the page say where to look.
func TestASessionThatCannotBeMadeIsNoFaultOfTheAPI(t *testing.T) {
	e := newOpenIDEnv(t)
	e.refuses = errors.New("the disk of 127.0.0.1 is full")

	status, page := e.logInAt(e.begin())
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, page, "A session cannot be made at the moment")
	assert.NotContains(t, page, "disk")
	assert.Empty(t, e.session())
	e.requireLogged("a session cannot be made", page)
	assert.Contains(t, e.log.text(), "the disk of 127.0.0.1 is full")
}

// requireLogged holds that the log has a line, by the id of the request that the page shows, and nothing of the API.
func (e *openIDEnv) requireLogged(line, page string) {
	e.Helper()

	id := requestIn.FindStringSubmatch(page)
	require.Len(e, id, 2, page)
	assert.Regexp(e, `msg="`+line+`" request_id=`+id[1], e.log.text())
	assert.NotContains(e, e.log.text(), "reach the API")
}

// TestAProviderThatBreaksOffIsNamed, at the beginning of a login and at its end.
func TestAProviderThatBreaksOffIsNamed(t *testing.T) {
	for _, path := range []string{"/.well-known/openid-configuration", "/oauth/token", "/userinfo"} {
		t.Run(path, func(t *testing.T) {
			e := newOpenIDEnv(t)
			e.breaksAt = path

			address := e.console.URL + "/console/login/openid"
			status, page := e.post(address, url.Values{"workspace": {theWorkspace}})

			if status == http.StatusOK {
				status, page = e.logInAt(e.begin())
			}

			assert.Equal(t, http.StatusBadGateway, status)
			assert.Contains(t, page, "The OpenID provider does not answer at the moment")
			assert.Empty(t, e.session())
			e.requireLogged("the OpenID provider cannot be asked", page)
		})
	}
}

// TestASilentProviderHoldsNobody has the OpenID provider accept connections and say nothing.
func TestASilentProviderHoldsNobody(t *testing.T) {
	t.Parallel()

	silent := make(chan struct{})
	issuer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-silent }))

	t.Cleanup(issuer.Close)
	t.Cleanup(func() { close(silent) })

	log := new(lockedLog)

	pages, err := console.New(console.Config{
		API:    "http://127.0.0.1:1",
		Doer:   issuer.Client(),
		Logger: slog.New(slog.NewTextHandler(log, nil)),
		OpenID: &console.OpenID{Issuer: issuer.URL, ClientID: "c", ClientSecret: "s", PublicURL: "https://h.example"},
	})
	require.NoError(t, err)

	answered := make(chan struct{})
	answer := httptest.NewRecorder()

	go func() {
		defer close(answered)

		// The browser has left before the provider answers.
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()

		form := url.Values{"workspace": {theWorkspace}}.Encode()
		body := strings.NewReader(form)
		request := httptest.NewRequestWithContext(ctx, http.MethodPost, console.Root+"/login/openid", body)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		pages.ServeHTTP(answer, request)
	}()

	select {
	case <-answered:
		assert.Equal(t, http.StatusBadGateway, answer.Code)
		assert.Contains(t, answer.Body.String(), "The OpenID provider does not answer at the moment: try again")
		assert.Contains(t, log.text(), "the OpenID provider cannot be asked")
		assert.NotContains(t, log.text(), "reach the API")
	case <-time.After(2 * time.Second):
		t.Error("a login waits for ever, and all others wait for it")
	}
}
