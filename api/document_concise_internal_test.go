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

	require.Len(t, objectIn(concise, "webhooks"), 1)

	for name := range objectIn(whole, "webhooks") {
		item := objectIn(objectIn(whole, "webhooks"), name)
		shortenWebhook(objectIn(item, "post"))
		require.Equal(t, item, objectIn(concise, "webhooks")[webhookEvent], name)
	}

	delete(whole, "webhooks")
	delete(concise, "webhooks")

	shortenParameterNames(
		objectIn(whole, "paths"),
		objectIn(objectIn(whole, "components"), "parameters"),
	)

	for _, document := range []map[string]any{whole, concise} {
		delete(objectIn(document, "info"), "description")
		delete(objectIn(document, "components"), "headers")
		eachAnswer(objectIn(document, "paths"), func(answers map[string]any, status string) {
			delete(objectIn(answers, status), "headers")
		})

		for _, tag := range listIn(document, "tags") {
			removeExplanations(tag)
		}

		delete(objectIn(document, "components"), "responses")

		for _, kind := range []string{"schemas", "parameters"} {
			removeEachExplanation(objectIn(objectIn(document, "components"), kind))
		}

		eachParameterList(objectIn(document, "paths"), func(list []any) { removeExplanations(list) })

		for path := range objectIn(document, "paths") {
			item := objectIn(objectIn(document, "paths"), path)
			for method := range item {
				operation := objectIn(item, method)

				if method != "parameters" {
					assert.NotEmpty(t, operation["summary"], path)
				}

				delete(operation, "description")
				delete(operation, extensionProblems)
				removeExamples(operation)

				for _, status := range []string{"4XX", "5XX", "default"} {
					delete(objectIn(operation, "responses"), status)
				}
			}
		}
	}

	require.Equal(
		t,
		map[string]any{"type": "integer", "format": "int64", "minimum": 1.0},
		objectIn(objectIn(concise, "components"), "schemas")[schemaID],
	)

	removeIntegerFormats(whole)
	shareIDs(whole, objectIn(objectIn(whole, "components"), "schemas"))
	objectIn(objectIn(whole, "components"), "schemas")[schemaID].(map[string]any)["minimum"] = 1.0

	assert.Equal(t, whole, concise)
}

// TestFirstSentences holds what counts as one.
func TestFirstSentences(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]string{
		"":                                "",
		"By id.":                          "By id.",
		"The newest first. With `sort`.":  "The newest first.",
		"At most 1.5 KB. More is refused": "At most 1.5 KB.",
		"It. Or he.\n\nScope: x. More.":   "It.\n\nScope: x.",
		"No end":                          "No end",
	} {
		assert.Equal(t, want, firstSentences(text), text)
	}
}

// TestFieldsAreNoExplanations: what a schema says of itself goes, and what it describes does not.
func TestFieldsAreNoExplanations(t *testing.T) {
	t.Parallel()

	fields := func() map[string]any {
		return map[string]any{
			"description": map[string]any{"type": "string"},
			"examples":    map[string]any{"type": "array", "items": map[string]any{"type": "string"}},
			"default":     map[string]any{"enum": []any{"in", "description"}},
			"in":          map[string]any{"type": "object", "default": map[string]any{"description": "none"}},
		}
	}

	explained := fields()
	for _, field := range explained {
		field.(map[string]any)["description"] = "For people."
	}

	schema := map[string]any{
		"description": "A tool.",
		"properties":  explained,
		"examples":    []any{map[string]any{"description": "Books a table."}},
	}
	removeExplanations(schema)
	assert.Equal(t, map[string]any{"properties": fields()}, schema)

	parameter := map[string]any{"in": "path", "name": "id", "example": 7, "schema": map[string]any{"type": "integer"}}
	removeExplanations(parameter)
	assert.Equal(t, map[string]any{"in": "path", "name": "id", "schema": map[string]any{"type": "integer"}}, parameter)
}
