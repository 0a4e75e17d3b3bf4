package api

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

const (
	eventsPage = "../docs/events.md"
	// typesHead is where the part of the page begins that is written from the table.
	typesHead = "## Types\n"
)

// TestThePageOfEventsIsTheTable holds the second part of docs/events.md to the table. UPDATE_GOLDEN=1 writes it.
func TestThePageOfEventsIsTheTable(t *testing.T) {
	t.Parallel()

	page, err := os.ReadFile(eventsPage)
	require.NoError(t, err)

	before, _, found := strings.Cut(string(page), typesHead)
	require.True(t, found, "the page has the types")

	want := before + typesHead + eventTypesPage(t)

	if os.Getenv("UPDATE_GOLDEN") == "1" { //nolint:forbidigo // the environment configures tests
		require.NoError(t, os.WriteFile(eventsPage, []byte(want), 0o600))
		return
	}

	assert.Equal(t, want, string(page), "UPDATE_GOLDEN=1 writes the page anew")
}

func eventTypesPage(t *testing.T) string {
	t.Helper()

	var page strings.Builder

	page.WriteString("\nThis part is written from the table in `chat/event_types.go`, by " +
		"`UPDATE_GOLDEN=1 go test ./api -run TestThePageOfEventsIsTheTable`.\nA field that does not apply is not there.\n")

	for _, text := range chat.EventTypes() {
		example, err := json.Marshal(text.Example)
		require.NoError(t, err)

		page.WriteString("\n### " + string(text.Type) + "\n\n" + text.Meaning + " " + text.When + "\n\n")
		page.WriteString("- **Fields of `data`:** `" + strings.Join(text.Fields, "`, `") + "`\n")
		page.WriteString("- **Example:** `" + string(example) + "`\n")
	}

	return page.String()
}
