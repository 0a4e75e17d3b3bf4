package mcpserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// TestWhatIsStuckIsWhatWaitsForPeople holds the list of waits that list_stuck asks for to the rule, which this package
// cannot import.
func TestWhatIsStuckIsWhatWaitsForPeople(t *testing.T) {
	t.Parallel()

	api := newStub(t)
	api.on("GET /status", http.StatusOK, `{"need_person":0,"matters":[]}`)
	api.on("GET /actions", http.StatusOK, `{"items":[],"next_cursor":null}`)

	answer := newAssistant(t, api.URL).do("list_stuck", map[string]any{})
	require.False(t, answer.failed, answer.words)

	calls := api.all("GET /actions")
	require.Len(t, calls, 1)

	query, err := url.ParseQuery(calls[0].query)
	require.NoError(t, err)

	want := make([]string, 0, len(chat.WaitingsForPeople()))
	for _, waiting := range chat.WaitingsForPeople() {
		want = append(want, string(waiting))
	}

	assert.ElementsMatch(t, want, strings.Split(strings.Join(query["waiting_for"], ","), ","))
}
