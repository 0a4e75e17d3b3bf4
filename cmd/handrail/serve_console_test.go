package main

import (
	"bufio"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/trial/programtest"
)

// consoleAlone is `handrail console` in front of an API, and a browser.
type consoleAlone struct {
	*testing.T
	process *programtest.Process
	url     string
	browser *http.Client
}

// newConsoleAlone starts `handrail console` with more arguments, in front of an API at an address.
func newConsoleAlone(t *testing.T, api string, args ...string) *consoleAlone {
	t.Helper()

	args = append([]string{"console", "--url", api, "--http", "127.0.0.1:0"}, args...)
	process := programtest.Start(t, t.TempDir(), nil, args...)
	origin := regexp.MustCompile(`http://\S+/console`).FindString(process.Await("/console"))
	require.NotEmpty(t, origin)

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)

	return &consoleAlone{
		T:       t,
		process: process,
		url:     origin,
		browser: &http.Client{
			Jar:           tlsJar{jar},
			Timeout:       time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// tlsJar is a jar of a browser that takes its own machine for as safe as TLS, as browsers do and Go's jar does not.
type tlsJar struct{ *cookiejar.Jar }

// Cookies returns the cookies of an address.
func (j tlsJar) Cookies(address *url.URL) []*http.Cookie {
	safe := *address
	safe.Scheme = "https"

	return j.Jar.Cookies(&safe)
}

// do makes a request of the browser.
func (c *consoleAlone) do(request *http.Request) (*http.Response, string) {
	c.Helper()

	answer, err := c.browser.Do(request)
	require.NoError(c, err)

	defer answer.Body.Close()

	body, err := io.ReadAll(answer.Body)
	require.NoError(c, err)

	return answer, string(body)
}

// get fetches what is at a path below the console.
func (c *consoleAlone) get(path string) (*http.Response, string) {
	c.Helper()
	return c.do(c.newRequest(http.MethodGet, c.url+path, nil))
}

// post sends a form to a path below the console.
func (c *consoleAlone) post(path string, form url.Values) (*http.Response, string) {
	c.Helper()
	return c.do(c.newRequest(http.MethodPost, c.url+path, form))
}

func (c *consoleAlone) newRequest(method, address string, form url.Values) *http.Request {
	c.Helper()

	request, err := http.NewRequestWithContext(c.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(c, err)

	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}

	return request
}

// TestTheConsoleAloneIsUsedBesideAnAPI logs in by a key, looks at Now, and follows the events, all at its own address.
func TestTheConsoleAloneIsUsedBesideAnAPI(t *testing.T) {
	t.Parallel()

	s := newTestCluster(t)
	_, api := s.api()
	c := newConsoleAlone(t, api)
	now := "/w/" + s.ws + "/"

	answer, page := c.get(now)
	assert.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	assert.Contains(t, page, "Log in to see this page.")
	assert.NotContains(t, page, "Log in with", "there is no provider that vouches for addresses")

	answer, page = c.post("/login", url.Values{"workspace": {s.ws}, "key": {s.secret}})
	require.Equal(t, http.StatusSeeOther, answer.StatusCode, page)
	assert.Equal(t, "/console"+now, answer.Header.Get("Location"))

	answer, page = c.get(now)
	require.Equal(t, http.StatusOK, answer.StatusCode, page)
	assert.Contains(t, page, "Mona Manager")

	token := regexp.MustCompile(`data-csrf="([0-9a-f]+)"`).FindStringSubmatch(page)
	require.Len(t, token, 2)

	answer, ticket := c.post(now+"stream", url.Values{"csrf": {token[1]}})
	require.Equal(t, http.StatusOK, answer.StatusCode, ticket)

	path := regexp.MustCompile(`"url":"([^"]+)"`).FindStringSubmatch(ticket)
	require.Len(t, path, 2, ticket)

	origin := strings.TrimSuffix(c.url, "/console")
	c.followEvents(origin + path[1])

	answer, _ = c.do(c.newRequest(http.MethodGet, origin+"/docs/guide", nil))
	assert.Less(t, answer.StatusCode, http.StatusBadRequest, "the documentation is that of the API")

	answer, _ = c.do(c.newRequest(http.MethodGet, origin+"/api/v2/w/"+s.ws+"/chats", nil))
	assert.Equal(t, http.StatusNotFound, answer.StatusCode, "nothing else of the API is passed on")

	answer, page = c.get("/components")
	assert.Equal(t, http.StatusNotFound, answer.StatusCode, page)

	foreign := c.newRequest(http.MethodGet, c.url+"/login", nil)
	foreign.Host = "evil.example"
	answer, _ = c.do(foreign)
	assert.Equal(t, http.StatusMisdirectedRequest, answer.StatusCode)

	answer, page = c.post(now+"logout", url.Values{"csrf": {token[1]}})
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	assert.Contains(t, page, "You are logged out.")

	assert.Zero(t, c.process.Stop())
	assert.NotContains(t, c.process.Output(), s.secret)
}

// followEvents opens a stream of events, and reads its beginning.
func (c *consoleAlone) followEvents(address string) {
	c.Helper()

	request := c.newRequest(http.MethodGet, address, nil)
	request.Header.Set("Accept", "text/event-stream")

	answer, err := c.browser.Do(request)
	require.NoError(c, err)

	defer answer.Body.Close()

	require.Equal(c, http.StatusOK, answer.StatusCode)
	assert.Equal(c, "text/event-stream", answer.Header.Get("Content-Type"))

	line, err := bufio.NewReader(answer.Body).ReadString('\n')
	require.NoError(c, err, "it is passed on as it comes")
	assert.NotEmpty(c, line)
}

// TestTheConsoleAloneSaysThatTheAPIIsAway, and the log names the request.
func TestTheConsoleAloneSaysThatTheAPIIsAway(t *testing.T) {
	t.Parallel()

	c := newConsoleAlone(t, "http://127.0.0.1:1", "--host", "console.example")

	named := c.newRequest(http.MethodPost, c.url+"/login", url.Values{"workspace": {stubWorkspace}, "key": {stubKey}})
	named.Host = "console.example"

	answer, page := c.do(named)
	assert.Equal(t, http.StatusBadGateway, answer.StatusCode)
	assert.Contains(t, page, "The API does not answer at the moment")
	assert.Contains(t, c.process.Await("the console cannot reach the API"), "request_id="+answer.Header.Get("X-Request-Id"))
}

// TestTheConsoleAloneIsNotServedToOthersByMistake: without --host every name would do, which a page elsewhere can make
// point here.
func TestTheConsoleAloneIsNotServedToOthersByMistake(t *testing.T) {
	t.Parallel()

	c := newTerminal(t)

	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"all addresses": {[]string{"--http", "0.0.0.0:1"}, "needs --host"},
		"an address":    {[]string{"--http", "192.0.2.7:8088"}, "needs --host"},
		"no host":       {[]string{"--http", ":8088"}, "needs --host"},
		"no URL":        {[]string{"--url", "handrail.example.com"}, "must be like https://"},
	} {
		status, out, errs := c.do(append([]string{"console"}, test.args...)...)
		assert.Equal(t, exitUsage, status, name)
		assert.Contains(t, errs, test.says, name)
		assert.Empty(t, out, name)
	}
}
