package console_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheDoctorHasAPage(t *testing.T) {
	t.Parallel()

	const found = `{"checked_at":"2026-11-30T10:02:00Z","checks":[` +
		`{"name":"database","status":"ok","message":"answers"},` +
		`{"name":"calls by Twilio","status":"warn","message":"last report 2026-11-20T10:02:00Z","do":"see the webhooks"}`

	e := newEnv(t, settingsReplies())
	e.replies["GET /doctor"] = ok(found + `]}`)

	page := e.get("/settings/doctor")
	assert.Contains(t, page, "Nothing fails")
	assert.Contains(t, page, `<span class="badge tone-good">ok</span>`)
	assert.Contains(t, page, `<span class="badge tone-warn">warn</span>`)
	assert.Contains(t, page, `<time datetime="2026-11-20T10:02:00Z"`)
	assert.Contains(t, page, "see the webhooks")

	e.replies["GET /doctor"] = ok(found + `,{"name":"clock","status":"fail","message":"<b>late</b>","do":"set it"}]}`)
	page = e.get("/settings/doctor")
	assert.Contains(t, page, "Something fails")
	assert.Contains(t, page, "&lt;b&gt;late")

	e.scopes = readOnlyScopes
	assert.NotContains(t, e.get("/settings"), "/settings/doctor")
}
