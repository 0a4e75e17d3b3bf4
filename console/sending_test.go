package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// healthOf is how the chat's sender and another one fare.
func healthOf(state string) string {
	const sender = `{"sender":"phone:3","name":"Support","address":"+15550100","channel":"phone-sms","state":"`

	return `{"senders":[` + sender + state + `","explanation":"Twilio refuses every message since 09:12 UTC."},` +
		strings.NewReplacer("phone:3", "phone:4", "+15550100", "+15550101").Replace(sender) + `ready"}],` +
		`"workers":{"reachable":true,"polling":true,"needs_person":false,"explanation":"Workers poll."}}`
}

// pagesToWrite are the pages on which one writes, by what they are called.
func pagesToWrite(t *testing.T, health reply) map[string]string {
	t.Helper()

	chat, person := newEnv(t, composeReplies()), newEnv(t, personReplies())
	chat.replies["GET /health"] = health
	person.replies["GET /health"] = health

	preview := chat.post("/chats/5", "/chats/5/preview", url.Values{"message": {"Hi"}, "seen": {secondMessage}})
	assert.Equal(t, http.StatusOK, preview.Code)

	return map[string]string{
		"chat":    chat.get("/chats/5"),
		"preview": preview.Body.String(),
		"person":  person.get("/people/42"),
	}
}

func TestWhoWritesIsToldFirstThatItWouldWait(t *testing.T) {
	t.Parallel()

	for name, page := range pagesToWrite(t, ok(healthOf("ready"))) {
		assert.NotContains(t, page, " waits.</strong>", name)
	}

	for name, page := range pagesToWrite(t, ok(healthOf("blocked"))) {
		before, _, _ := strings.Cut(page, `name="message"`)
		assert.Contains(t, before, "What is sent from Support (+15550100) waits.</strong>", name)
		assert.Contains(t, before, "Twilio refuses every message since 09:12 UTC.", name)
		assert.NotContains(t, page, "+15550101 waits", name)
	}

	gone := strings.Replace(healthOf("ready"), `"needs_person":false`, `"needs_person":true`, 1)
	for name, page := range pagesToWrite(t, ok(gone)) {
		assert.Contains(t, page, "Nothing is sent now.", name)
	}

	for name, page := range pagesToWrite(t, refuse(http.StatusServiceUnavailable, "unavailable", "later")) {
		assert.Contains(t, page, `name="message"`, "one may write all the same: "+name)
	}
}

func TestWhoWritesToAMemberIsToldWhatDoesNotReachThem(t *testing.T) {
	t.Parallel()

	e := newEnv(t, personReplies())
	_, form, _ := strings.Cut(e.get("/people/42"), `/people/42/write"`)
	form, _, _ = strings.Cut(form, "</form>")
	assert.Contains(t, form, "Bo has opted out of SMS.")

	e.replies["GET /members/42"] = ok(strings.Replace(theMember, "revoked", "granted", 1))
	_, form, _ = strings.Cut(e.get("/people/42"), `/people/42/write"`)
	form, _, _ = strings.Cut(form, "</form>")
	assert.Contains(t, form, "No SMS from +15550100 reaches Bo.")
	assert.NotContains(t, form, "opted out of email")

	e.scopes = readOnlyScopes
	before := e.count("GET /health")
	e.get("/people/42")
	assert.Equal(t, before, e.count("GET /health"), "who may not write need not know")
}
