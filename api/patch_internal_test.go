package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// replacing are the routes with PUT, and what they do with a field that is left out.
var replacing = map[string]string{
	"updateWorkspaceDefaults": "it has no value afterwards",
	"upsertMember":            "it stays: the path is another system's id, and that system does not know all fields",
}

// keptFields are fields that PATCH cannot clear, by why.
var keptFields = map[string][]string{
	"it always has a value": {
		"name", "role", "address", "kind", "state", "notifications_enabled", "needs_response", "enabled", "risk",
		"idempotent", "timeout_seconds", "token_budget", "label_threshold", "quiet_seconds", "every_messages",
		"automatic_labels", "rate_per_second", "http", "mcp", "url", "payload", "channel",
	},
	"the empty list clears it":         {"label_ids", "tools", "assistants", "types", "member_ids"},
	"its own fields are set or null":   {"metadata", "secrets", "consent"},
	"a send always has them":           {"message", "to", "reason"},
	"an undo without a tool clears it": {"undo"},
}

// TestPutReplacesAndPatchChanges walks all routes that change something that is there: PATCH takes any of its fields
// alone, and null clears what can be without a value.
func TestPutReplacesAndPatchChanges(t *testing.T) {
	t.Parallel()

	s := newDocumented(t)

	var document struct {
		Components struct {
			Schemas map[string]map[string]any `json:"schemas"`
		} `json:"components"`
	}

	require.NoError(t, json.Unmarshal(s.document, &document))

	var kept []string
	for _, names := range keptFields {
		kept = append(kept, names...)
	}

	patches := 0

	for _, r := range s.registered {
		if r.method == http.MethodPut {
			assert.Contains(t, replacing, r.id)
		}

		if r.method != http.MethodPatch {
			continue
		}

		patches++

		schema := document.Components.Schemas[s.bodyTypes[r.id][len(sharedSchemas):]]
		properties := objectIn(schema, "properties")

		if len(properties) > 1 {
			assert.Empty(t, schema["required"], "%s changes what is given", r.id)
		}

		for name := range properties {
			types, _ := objectIn(properties, name)["type"].([]any)
			clears := slices.Contains(types, any("null"))
			isName := name == "name" && r.id == "updatePhoneNumber"

			assert.NotEqual(t, clears, slices.Contains(kept, name) && !isName, "%s: %s", r.id, name)
		}
	}

	assert.GreaterOrEqual(t, patches, 8)
}
