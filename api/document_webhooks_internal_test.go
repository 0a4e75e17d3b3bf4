package api

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// TestTheWebhooksAreTheTableOfEvents: the section has each type of chat's table and the test, each with its sentence
// and its own example. The concise document has them as values of EventType.
func TestTheWebhooksAreTheTableOfEvents(t *testing.T) {
	t.Parallel()

	s := newDocumented(t)

	var whole, concise map[string]any
	require.NoError(t, json.Unmarshal(s.document, &whole))
	require.NoError(t, json.Unmarshal(s.concise, &concise))

	names := []string{string(chat.EventTestPing)}

	for _, text := range chat.EventTypes() {
		names = append(names, string(text.Type))

		operation := objectIn(objectIn(objectIn(whole, "webhooks"), string(text.Type)), "post")
		assert.Equal(t, strings.TrimSuffix(text.Meaning, "."), operation["summary"])
		assert.Contains(t, operation["description"], text.When)
		assert.Equal(t, []any{}, operation["security"], "a receiver has no key of Handrail's")
		assert.Len(t, operation["parameters"], 3, text.Type)

		media := objectIn(objectIn(objectIn(operation, "requestBody"), "content"), "application/json")
		assert.Equal(t, sharedSchemas+"WebhookEvent", objectIn(media, "schema")["$ref"])
		assert.Equal(t, string(text.Type), objectIn(media, "example")["type"])

		data, err := json.Marshal(text.Example)
		require.NoError(t, err)

		shown, err := json.Marshal(objectIn(media, "example")["data"])
		require.NoError(t, err)
		assert.JSONEq(t, string(data), string(shown))
	}

	slices.Sort(names)
	assert.Equal(t, names, slices.Sorted(maps.Keys(objectIn(whole, "webhooks"))))

	types := []string{string(chat.EventTestPing)}
	for _, value := range listIn(objectIn(objectIn(objectIn(concise, "components"), "schemas"), "EventType"), "enum") {
		types = append(types, value.(string))
	}

	assert.ElementsMatch(t, names, types)
}

// TestWhatIsPostedFitsItsSchema holds the bodies of all types, thin and full, to the schema in the document, which has
// no field that is never posted.
func TestWhatIsPostedFitsItsSchema(t *testing.T) {
	t.Parallel()

	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(string(newDocumented(t).document)))
	require.NoError(t, err)

	schemas := objectIn(objectIn(parsed.(map[string]any), "components"), "schemas")
	event := objectIn(schemas, "WebhookEvent")
	fields := objectIn(event, "properties")
	assert.NotContains(t, event, "additionalProperties", "an event may get new fields")

	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource("openapi.json", parsed))

	schema, err := compiler.Compile("openapi.json" + sharedSchemas + "WebhookEvent")
	require.NoError(t, err)

	posted := map[string]bool{}
	texts := chat.WebhookTexts{
		Message: &chat.WebhookMessage{ID: exampleMessage, Role: "user", Text: "Hello"},
		Summary: &chat.WebhookSummary{Title: "Late delivery", Text: "It is late."},
	}

	for _, text := range listWebhookTexts() {
		full, err := chat.WebhookBody(
			&chat.WebhookEndpoint{Payload: chat.PayloadFull},
			&chat.WebhookTry{Event: *exampleEvent(), Texts: texts},
			"https://handrail.example/",
		)
		require.NoError(t, err)

		for _, body := range [][]byte{exampleWebhook(&text).(json.RawMessage), full} {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(body)))
			require.NoError(t, err)
			require.NoError(t, schema.Validate(value), text.Type)

			for field := range value.(map[string]any) {
				assert.Contains(t, fields, field)
				posted[field] = true
			}
		}
	}

	assert.Len(t, posted, len(fields), "each field is posted")
}
