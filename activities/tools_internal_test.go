package activities

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// TestAnIDIsExactInItsUndo has an id that no float64 can hold: the undo must not hit another record.
func TestAnIDIsExactInItsUndo(t *testing.T) {
	t.Parallel()

	call := chat.ToolCall{
		Arguments: json.RawMessage(`{"table":9007199254740995}`),
		Result:    json.RawMessage(`{"booking":{"id":9007199254740993}}`),
	}

	filled, err := fillPlaceholders(json.RawMessage(`{"id":"$result.booking.id","all":["$arguments.table"]}`), call)
	require.NoError(t, err)
	assert.Equal(t, `{"all":[9007199254740995],"id":9007199254740993}`, string(filled)) //nolint:testifylint // to the digit
}

// TestAnArgumentOfAURLIsCheckedBeforeAnyToolRuns has values that fit the schema and no URL.
func TestAnArgumentOfAURLIsCheckedBeforeAnyToolRuns(t *testing.T) {
	t.Parallel()

	c, err := newChecks()
	require.NoError(t, err)

	tool := chat.ToolDefinition{Name: "book", HTTP: &chat.HTTPTool{
		URL:    "https://tools.example/files/{id}?at={at}",
		Schema: json.RawMessage(`{"type":"object","required":["id","at"],"properties":{"at":{"type":"string","format":"date"}}}`),
	}}
	facts := &chat.SendFacts{Tools: tool.Tools()}

	for arguments, field := range map[string]string{
		`{"id":"","at":"2026-12-01"}`:     "tool_calls[0].arguments.id",
		`{"id":"..","at":"2026-12-01"}`:   "tool_calls[0].arguments.id",
		`{"id":null,"at":"2026-12-01"}`:   "tool_calls[0].arguments.id",
		`{"id":[1],"at":"2026-12-01"}`:    "tool_calls[0].arguments.id",
		`{"id":"a","at":"tomorrow"}`:      "tool_calls[0].arguments.at",
		`{"id":"a","at":"2026-02-30"}`:    "tool_calls[0].arguments.at",
		`{"id":"a/b..","at":"2026-12-1"}`: "tool_calls[0].arguments.at",
	} {
		_, err := c.check([]chat.ToolCall{{Name: "book", Arguments: json.RawMessage(arguments)}}, facts)
		require.Error(t, err, arguments)
		assert.Equal(t, chat.CodeInvalidToolArguments, chat.CodeOf(err))
		assert.Equal(t, field, chat.AsError(err).Fields[0].Field, arguments)
	}

	_, err = c.check([]chat.ToolCall{{Name: "book", Arguments: json.RawMessage(`{"id":7,"at":"2026-12-01"}`)}}, facts)
	require.NoError(t, err)
}
