package console_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/console"
)

// request makes a request to a path of the console, without a session.
func (e *env) request(method, path string, fields url.Values, headers ...string) *httptest.ResponseRecorder {
	e.t.Helper()

	request := httptest.NewRequest(method, console.Root+path, strings.NewReader(fields.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")

	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}

	answer := httptest.NewRecorder()
	e.pages.ServeHTTP(answer, request)

	return answer
}

// theCookie is the cookie of a session with a key, as a browser sends it.
func theCookie(key string) string { return "__Secure-handrail_session_" + theWorkspace + "=" + key }

// TestALinkFromElsewhereLogsNobodyOut follows a link in a mail or a chat: the browser sends no strict cookie on it,
// which says nothing of the session that it has.
func TestALinkFromElsewhereLogsNobodyOut(t *testing.T) {
	t.Parallel()

	e := newEnv(t, nil)

	for _, path := range []string{"/w/" + theWorkspace + "/decisions?x=1&y=2", "/"} {
		answer := e.request(http.MethodGet, path, nil, "Sec-Fetch-Site", "cross-site")
		assert.Equal(t, http.StatusOK, answer.Code)
		assert.Empty(t, answer.Header().Values("Set-Cookie"), "a cookie that was not sent is not removed")

		escaped := strings.ReplaceAll(console.Root+path, "&", "&amp;")
		assert.Contains(t, answer.Body.String(), `content="0;url=`+escaped+`"`, "it comes again from our own page")
	}

	ours := e.request(http.MethodGet, "/w/"+theWorkspace+"/decisions", nil, "Sec-Fetch-Site", "same-origin")
	assert.Equal(t, http.StatusUnauthorized, ours.Code, "there is no second time")
	assert.Empty(t, ours.Header().Values("Set-Cookie"))
}

// TestASessionThatHasEndedIsRemoved, and so is a cookie with a key that is no session's.
func TestASessionThatHasEndedIsRemoved(t *testing.T) {
	t.Parallel()

	const ofKey = `{"id":1,"kind":"key","workspace_id":"` + theWorkspace + `"}`

	for name, session := range map[string]reply{
		"ended":      refuse(http.StatusUnauthorized, "unauthenticated", "this session has ended"),
		"an API key": ok(ofKey),
	} {
		e := newEnv(t, map[string]reply{"GET /session": session})

		answer := e.do(http.MethodGet, "/settings", nil)
		assert.Equal(t, http.StatusUnauthorized, answer.Code, name)
		assert.Contains(t, answer.Header().Get("Set-Cookie"), "Max-Age=0", name)
	}
}

// TestNoOtherSiteLogsABrowserIn plays a page elsewhere that posts a key of its own, so that somebody works as another
// member without knowing it.
func TestNoOtherSiteLogsABrowserIn(t *testing.T) {
	t.Parallel()

	for name, header := range map[string][2]string{
		"by Sec-Fetch-Site": {"Sec-Fetch-Site", "cross-site"},
		"by Origin":         {"Origin", "https://evil.example"},
	} {
		e := newEnv(t, map[string]reply{"POST /sessions": newSession("hr_session_evil")})

		answer := e.request(http.MethodPost, "/login", url.Values{
			"workspace": {theWorkspace},
			"key":       {"hr_of_somebody_else"},
			"back":      {console.Root + "/w/none"},
		}, header[0], header[1])

		assert.Equal(t, http.StatusForbidden, answer.Code, name)
		assert.Empty(t, answer.Header().Values("Set-Cookie"), name)
		assert.Zero(t, e.count("POST /sessions"), name)
	}
}

// newSession is the answer to who logs in.
func newSession(key string) reply {
	return reply{
		status: http.StatusCreated,
		body:   `{"id":2,"kind":"session","key":"` + key + `","workspace_id":"` + theWorkspace + `"}`,
	}
}

// TestALoginLinkTakesNoAPIKey: "it works once" is not so of a key, which somebody else may have put in the link.
func TestALoginLinkTakesNoAPIKey(t *testing.T) {
	t.Parallel()

	e := newEnv(t, map[string]reply{"POST /sessions": newSession("hr_session_new")})
	link := "/login?workspace=" + theWorkspace + "&token="

	page := e.request(http.MethodGet, link+"hr_key_of_somebody_else", nil).Body.String()
	assert.NotContains(t, page, "hr_key_of_somebody_else", "the key is not offered")
	assert.Contains(t, page, "This link is no login link.")

	page = e.request(http.MethodGet, link+"hr_login_abc", nil).Body.String()
	assert.Contains(t, page, `name="token" value="hr_login_abc"`)

	for token, status := range map[string]int{
		"hr_key_of_somebody_else": http.StatusBadRequest,
		"hr_login_abc":            http.StatusSeeOther,
	} {
		answer := e.request(http.MethodPost, "/login", url.Values{"workspace": {theWorkspace}, "token": {token}})
		assert.Equal(t, status, answer.Code, token)
	}

	assert.Equal(t, 1, e.count("POST /sessions"))
}

// TestLoggingInAgainEndsTheOldSession: nobody has it any more, so nobody could end it.
func TestLoggingInAgainEndsTheOldSession(t *testing.T) {
	t.Parallel()

	e := newEnv(t, map[string]reply{
		"POST /sessions":  newSession("hr_session_new"),
		"DELETE /session": {http.StatusNoContent, ""},
	})
	form := url.Values{"workspace": {theWorkspace}, "key": {"hr_key"}}

	answer := e.request(http.MethodPost, "/login", form)
	require.Equal(t, http.StatusSeeOther, answer.Code)
	assert.Zero(t, e.count("DELETE /session"))

	answer = e.request(http.MethodPost, "/login", form, "Cookie", theCookie("hr_session_old"))
	require.Equal(t, http.StatusSeeOther, answer.Code)
	assert.Contains(t, answer.Header().Get("Set-Cookie"), "hr_session_new")
	assert.Equal(t, 1, e.count("DELETE /session"))
}

// TestLoginsOfAnAddressAreLimited: who asks a provider, or makes the API look keys up, does so at a rate.
func TestLoginsOfAnAddressAreLimited(t *testing.T) {
	t.Parallel()

	e := newEnv(t, nil)
	statuses := map[int]int{}

	for range 250 {
		answer := e.request(http.MethodPost, "/login", url.Values{})
		statuses[answer.Code]++

		if answer.Code == http.StatusTooManyRequests {
			assert.NotEmpty(t, answer.Header().Get("Retry-After"))
		}
	}

	assert.GreaterOrEqual(t, statuses[http.StatusBadRequest], 200)
	assert.NotZero(t, statuses[http.StatusTooManyRequests])
}

// TestLoginsOfANetworkAreLimited: whoever has one address of IPv6 has all of its /64.
func TestLoginsOfANetworkAreLimited(t *testing.T) {
	t.Parallel()

	e := newEnv(t, nil)

	logIn := func(address string) int {
		request := httptest.NewRequest(http.MethodPost, console.Root+"/login", nil)
		request.RemoteAddr = address

		answer := httptest.NewRecorder()
		e.pages.ServeHTTP(answer, request)

		return answer.Code
	}

	last := 0
	for i := range 250 {
		last = logIn(fmt.Sprintf("[2001:db8:1:2::%x]:1234", i))
	}

	assert.Equal(t, http.StatusTooManyRequests, last)
	assert.Equal(t, http.StatusBadRequest, logIn("[2001:db8:1:3::1]:1234"), "the network beside it has its own rate")
}
