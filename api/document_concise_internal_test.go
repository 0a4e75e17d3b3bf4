package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheConciseDocumentDiffersInExplanationsOnly compares it with the whole document, without what is left out.
func TestTheConciseDocumentDiffersInExplanationsOnly(t *testing.T) {
	t.Parallel()

	s := newDocumented(t)

	var whole, concise map[string]any
	require.NoError(t, json.Unmarshal(s.document, &whole))
	require.NoError(t, json.Unmarshal(s.concise, &concise))

	assert.Contains(t, objectIn(concise, "info")["description"], pathWholeDocument)

	shared := objectIn(objectIn(concise, "components"), "responses")
	uses := map[string]int{}

	eachAnswer(objectIn(concise, "paths"), func(answers map[string]any, status string) {
		reference, _ := objectIn(answers, status)["$ref"].(string)
		if name, isShared := strings.CutPrefix(reference, sharedResponses); isShared && status != "default" {
			answers[status] = shared[name]
			uses[name]++
		}
	})

	assert.Greater(t, len(uses), 10)

	for name, count := range uses {
		assert.Greater(t, count, 1, name)
	}

	for _, document := range []map[string]any{whole, concise} {
		delete(objectIn(document, "info"), "description")
		delete(objectIn(document, "components"), "responses")
		removeDescriptions(objectIn(document, "components")["schemas"])

		for path := range objectIn(document, "paths") {
			item := objectIn(objectIn(document, "paths"), path)
			for method := range item {
				operation := objectIn(item, method)

				if method != "parameters" {
					assert.NotEmpty(t, operation["description"], path)
				}

				delete(operation, "description")
				delete(operation, extensionProblems)

				for _, status := range []string{"4XX", "5XX", "default"} {
					delete(objectIn(operation, "responses"), status)
				}
			}
		}
	}

	assert.Equal(t, whole, concise)
}

// TestFirstSentence holds what counts as one.
func TestFirstSentence(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]string{
		"":                                "",
		"By id.":                          "By id.",
		"The newest first. With `sort`.":  "The newest first.",
		"At most 1.5 KB. More is refused": "At most 1.5 KB.",
		"It.\n\nScope: x. More.":          "It.",
		"No end":                          "No end",
	} {
		assert.Equal(t, want, firstSentence(text), text)
	}
}

// TestAFieldNamedDescriptionStays: what a schema says of itself goes, and what it describes does not.
func TestAFieldNamedDescriptionStays(t *testing.T) {
	t.Parallel()

	schema := map[string]any{
		"description": "A tool.",
		"properties":  map[string]any{"description": map[string]any{"type": "string", "description": "For people."}},
		"examples":    []any{map[string]any{"description": "Books a table."}},
	}
	removeDescriptions(schema)

	assert.Equal(t, map[string]any{
		"properties": map[string]any{"description": map[string]any{"type": "string"}},
		"examples":   []any{map[string]any{"description": "Books a table."}},
	}, schema)
}
