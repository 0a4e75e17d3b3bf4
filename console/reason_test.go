package console_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// reasonsIn finds the fields of a page that ask for a reason: what their labels say, and the rest of their tags.
var reasonsIn = regexp.MustCompile(`(?s)<label>\s*Reason([^/]*?)</small>\s*<input name="reason"([^>]*)>`)

// TestEveryReasonSaysWhetherItIsNeeded looks at the pages with commands that take a reason.
func TestEveryReasonSaysWhetherItIsNeeded(t *testing.T) {
	t.Parallel()

	decisions := newEnv(t, decisionReplies())
	decisions.replies["GET /members/3"] = ok(`{"id":3,"name":"Cem"}`)

	bulk := newEnv(t, map[string]reply{
		"GET /bulk-retries/b1": ok(bulkIn("running", "")),
		"GET /deliveries":      listOf(),
		"GET /members/7":       ok(`{"id":7,"name":"Ana"}`),
	})

	pages := []string{
		decisions.get("/decisions"),
		decisions.get("/deliveries/" + theDelivery),
		decisions.get("/actions/" + theAction),
		bulk.get("/failures/bulk/b1"),
	}

	for _, page := range pages {
		found := reasonsIn.FindAllStringSubmatch(page, -1)
		assert.Len(t, found, strings.Count(page, `name="reason"`), "each has a label that says it")

		for _, field := range found {
			isNeeded := strings.Contains(field[2], " required")
			assert.Equal(t, isNeeded, strings.Contains(field[1], "(required)"), field[0])
			assert.Equal(t, !isNeeded, strings.Contains(field[1], "(if you like)"), field[0])
		}
	}

	for command, isNeeded := range map[string]bool{"pause": true, "cancel": true, "rate": false} {
		_, form, _ := strings.Cut(pages[3], `/failures/bulk/b1/`+command+`"`)
		form, _, _ = strings.Cut(form, "</form>")
		assert.Equal(t, isNeeded, strings.Contains(form, "(required)"), "as the API takes it: "+command)
	}
}
