package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/console"
)

// follow gets the page that a form leads to, with the cookies that its answer has set.
func follow(e *env, answer *httptest.ResponseRecorder, header http.Header) *httptest.ResponseRecorder {
	e.t.Helper()

	request := httptest.NewRequest(http.MethodGet, answer.Header().Get("Location"), http.NoBody)
	request.Header = header
	request.AddCookie(&http.Cookie{Name: "__Secure-handrail_session_" + theWorkspace, Value: "hr_session"})

	for _, cookie := range answer.Result().Cookies() {
		request.AddCookie(cookie)
	}

	shown := httptest.NewRecorder()
	e.pages.ServeHTTP(shown, request)

	return shown
}

func TestThePageAfterAFormSaysOnceThatItWasDone(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())
	e.replies["PATCH /notification-rules/4"] = ok(aRule)

	answer := e.post("/settings/notifications", "/settings/notifications/4/enabled", url.Values{
		"enabled": {"false"},
		"command": {"Disable <b>"},
	})
	require.Equal(t, http.StatusSeeOther, answer.Code)

	cookie := answer.Result().Cookies()[0]
	assert.True(t, cookie.HttpOnly)
	assert.Equal(t, console.Root+"/w/"+theWorkspace, cookie.Path)
	assert.Equal(t, 60, cookie.MaxAge)
	assert.NotContains(t, answer.Header().Get("Location"), "?", "nothing of it stands in the address")

	part := follow(e, answer, http.Header{"Hx-Request": {"true"}})
	assert.NotContains(t, part.Body.String(), "Done:", "a part that is fetched anew leaves it to the page")
	assert.Empty(t, part.Result().Cookies())

	page := follow(e, answer, http.Header{})
	assert.Contains(t, page.Body.String(), `role="status">Done: Disable &lt;b&gt;.</p>`)
	assert.Equal(t, -1, page.Result().Cookies()[0].MaxAge, "it is shown once")

	answer = e.post("/settings/notifications", "/settings/notifications/4/enabled", nil)
	assert.Contains(t, follow(e, answer, http.Header{}).Body.String(), `role="status">Done.</p>`)
}

func TestARefusedCommandComesBackOpenWithWhatWasTyped(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())
	e.replies["PATCH /notification-rules/4"] = refuse(http.StatusBadRequest, "invalid_request",
		"member 99 is no manager since 2026-11-30T10:01:00Z")
	e.replies["GET /members/99"] = refuse(http.StatusNotFound, "member_not_found", "there is no such member")

	page := e.post("/settings/notifications", "/settings/notifications/4", url.Values{
		"command":       {"Change"},
		"channel":       {"phone-sms"},
		"member_ids":    {"12"},
		"quiet_seconds": {"61"},
		"types":         {"sender.blocked"},
	}).Body.String()

	assert.Contains(t, page, `Member 99</a> is no manager since <time datetime="2026-11-30T10:01:00Z"`)
	assert.Contains(t, page, `<details class="command" open><summary class="button tone-plain">Change</summary>`)
	assert.NotContains(t, page, `<details class="command" open><summary class="button tone-plain">Create a rule`)

	for _, typed := range []string{
		`name="member_ids" value="12" checked`,
		`max="86400" required="" value="61"`,
		`<option selected="">phone-sms</option>`,
		`value="sender.blocked" checked`,
	} {
		assert.Contains(t, page, typed)
	}
}
