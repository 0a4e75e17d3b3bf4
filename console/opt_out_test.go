package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAPossibleOptOutIsDecidedInPlace(t *testing.T) {
	t.Parallel()

	e := newEnv(t, decisionReplies())
	e.replies["GET /chats"] = listOf()
	held := strings.NewReplacer(
		`"status":"needs_review","submission":"needs_review"`, `"status":"pending","submission":"pending"`,
		`"error_code":"timeout"`, `"error_code":"possible_opt_out"`,
		`"no answer"`, `"member 42 may have asked not to be written to"`,
	).Replace(deliveryOf(`"cancel"`, ``))

	assert.NotContains(t, e.get("/decisions"), "opted out")

	e.replies["GET /deliveries/"+theDelivery] = ok(held)
	page := e.get("/decisions")
	assert.Contains(t, page, `<span class="badge tone-bad">possible opt-out</span>`, "pending says nothing")
	assert.Contains(t, page, "They have opted out")
	assert.Contains(t, page, "They have not opted out")
	assert.Equal(t, 2, strings.Count(page, `name="member" value="42"`))

	for verdict, path := range map[string]string{"yes": "opt-out", "no": "not-opt-out"} {
		call := "POST /members/42/" + path
		e.replies[call] = ok(`{}`)
		e.requireRedirect(e.post("/decisions", "/decisions/opt-out", url.Values{
			"member":    {"42"},
			"channel":   {"phone-sms"},
			"opted_out": {verdict},
			"reason":    {"she called"},
		}), "/decisions#person")
		assert.JSONEq(t, `{"channel":"phone-sms","reason":"she called"}`, e.sent(call).body)
		assert.Equal(t, "once-1", e.sent(call).key)
	}

	answer := e.post("/decisions", "/decisions/opt-out", url.Values{"member": {"42"}, "channel": {"phone-sms"}})
	assert.Equal(t, http.StatusBadRequest, answer.Code, "what says neither releases nothing")
	assert.Equal(t, 1, e.count("POST /members/42/not-opt-out"))

	e.scopes = readOnlyScopes
	assert.NotContains(t, e.get("/decisions"), "They have opted out")
}

// TestAPossibleOptOutIsDecidedAlthoughNothingIsHeld: it was on the chat and the person's page alone.
func TestAPossibleOptOutIsDecidedAlthoughNothingIsHeld(t *testing.T) {
	t.Parallel()

	e := newEnv(t, decisionReplies())
	page := e.get("/decisions")
	assert.Equal(t, "possible_opt_out", e.sent("GET /chats").query.Get("needs"))
	assert.Equal(t, "last_activity_at", e.sent("GET /chats").query.Get("sort"), "the oldest first")

	_, card, _ := strings.Cut(page, `id="opt-out-13"`)
	card, _, _ = strings.Cut(card, "</article>")
	assert.Contains(t, card, `/chats/13">Late &lt;b&gt;</a>`)
	assert.Contains(t, card, `/people/43">Cy &lt;i&gt;</a>`)
	assert.Equal(t, 2, strings.Count(card, `name="member" value="43"`))
	assert.Contains(t, card, "They have opted out")
	assert.Contains(t, card, "They have not opted out")

	answer := e.post("/decisions", "/decisions/opt-out", url.Values{"member": {"43"}, "channel": {"phone-sms"}})
	assert.Equal(t, http.StatusBadRequest, answer.Code, "what says neither is no answer: it was taken for no")
	assert.Contains(t, answer.Body.String(), "must be yes or no")
}
