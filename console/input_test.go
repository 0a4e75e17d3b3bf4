package console_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestANumberThatIsNoneIsNotTakenForZero: whoever types 2.5 is told that it must be whole, and not that 0 is too little.
func TestANumberThatIsNoneIsNotTakenForZero(t *testing.T) {
	t.Parallel()

	const bulk = "/failures/bulk/01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e"

	for typed, said := range map[string]string{
		"2.5": "The field rate_per_second must be a whole number.",
		"":    "The field rate_per_second must be given.",
	} {
		e := newEnv(t, map[string]reply{"GET /settings": ok("{}")})
		e.pagesOf = func(string) reply { return listOf() }

		answer := e.post("/settings", bulk+"/rate", url.Values{"rate_per_second": {typed}})
		assert.Equal(t, http.StatusBadRequest, answer.Code)
		assert.Contains(t, answer.Body.String(), said)
		assert.Zero(t, e.count("PATCH /deliveries/bulk-retries/01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e"))
	}
}

// TestAFieldThatNobodyHasChangedIsNotSent, whichever way the browser ends its lines.
func TestAFieldThatNobodyHasChangedIsNotSent(t *testing.T) {
	t.Parallel()

	e := newEnv(t, map[string]reply{
		"PATCH /phone-numbers/3": ok("{}"),
		"GET /phone-numbers":     listOf(),
		"GET /inboxes":           listOf(),
	})

	answer := e.post("/settings", "/settings/senders/phone-numbers/3", url.Values{
		"name":                  {" Front\r\ndesk "},
		"name_before":           {"Front\ndesk"},
		"number":                {"+15550112"},
		"number_before":         {"+15550111"},
		"messaging_service_sid": {""},
	})
	e.requireRedirect(answer, "/settings/senders")
	assert.JSONEq(t, `{"number":"+15550112","messaging_service_sid":""}`, e.sent("PATCH /phone-numbers/3").body)
}
