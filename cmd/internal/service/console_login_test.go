package service_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hiddenFields finds the hidden fields of a form.
var hiddenFields = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// TestALoginLinkIsUsedOnce opens a link as a browser does: looking at it uses it up for nobody, its button logs in, and
// nobody logs in with it again.
func TestALoginLinkIsUsedOnce(t *testing.T) {
	t.Parallel()

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	made := w.call("POST", "/login-links", map[string]any{})
	require.Equal(t, http.StatusCreated, made.status, made.raw)

	link, isText := made.at("url").(string)
	require.True(t, isText, made.raw)

	// The link leads to where browsers reach the API; here it is reached without a proxy.
	_, path, found := strings.Cut(link, "/console/")
	require.True(t, found, link)

	status, page, _ := w.browse(http.MethodGet, "/console/"+path, nil)
	require.Equal(t, http.StatusOK, status, page)
	assert.Contains(t, page, "It works once.")

	status, _, _ = w.browse(http.MethodGet, "/console/"+path, nil)
	require.Equal(t, http.StatusOK, status, "a program that looks at links has not used it up")

	form := url.Values{}
	for _, field := range hiddenFields.FindAllStringSubmatch(page, -1) {
		form.Set(field[1], field[2])
	}

	status, page, cookies := w.browse(http.MethodPost, "/console/login", form)
	require.Equal(t, http.StatusSeeOther, status, page)
	require.Len(t, cookies, 1)

	first := "/console/w/" + string(w.ws) + "/"

	status, page, _ = w.browse(http.MethodGet, first, nil, cookies...)
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, w.people.manager.Name)
	assert.Contains(t, page, "Decisions")

	status, page, again := w.browse(http.MethodPost, "/console/login", form)
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Contains(t, page, "used already")
	assert.Empty(t, again)

	status, _, _ = w.browse(http.MethodGet, first, nil, cookies...)
	assert.Equal(t, http.StatusOK, status, "the session goes on")
}

// browse makes a request as a browser does, without following a redirect. It returns the answer's status, page and
// cookies.
func (w *env) browse(method, path string, form url.Values, cookies ...*http.Cookie) (int, string, []*http.Cookie) {
	w.Helper()

	request, err := http.NewRequestWithContext(w.Context(), method, w.url+path, strings.NewReader(form.Encode()))
	require.NoError(w, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")

	for _, cookie := range cookies {
		request.AddCookie(cookie)
	}

	answer, err := (&http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}).Do(request)
	require.NoError(w, err)

	defer answer.Body.Close()

	page, err := io.ReadAll(answer.Body)
	require.NoError(w, err)

	return answer.StatusCode, string(page), answer.Cookies()
}
