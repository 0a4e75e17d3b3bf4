package mcpserver_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/mcpserver"
)

// listed are the tools as a client sees them.
func listed(t *testing.T) []*mcp.Tool {
	t.Helper()

	list, err := newAssistant(t, "http://127.0.0.1:1").ListTools(t.Context(), nil)
	require.NoError(t, err)

	return list.Tools
}

// argumentSchemas are the schemas of all tools' arguments, as clients get them.
func argumentSchemas(t *testing.T) map[string]*jsonschema.Resolved {
	t.Helper()

	schemas := map[string]*jsonschema.Resolved{}

	for _, tool := range listed(t) {
		raw, err := json.Marshal(tool.InputSchema)
		require.NoError(t, err)

		var s jsonschema.Schema

		require.NoError(t, json.Unmarshal(raw, &s))

		schemas[tool.Name], err = s.Resolve(nil)
		require.NoError(t, err)
	}

	return schemas
}

// TestEveryToolSaysWhatItDoes holds the annotations, by which programs decide whether to ask a person first.
func TestEveryToolSaysWhatItDoes(t *testing.T) {
	t.Parallel()

	want := map[string]string{
		"list_chats":      "reads, idempotent",
		"read_chat":       "reads, idempotent",
		"find_people":     "reads, idempotent",
		"list_stuck":      "reads, idempotent",
		"get_delivery":    "reads, idempotent",
		"list_approvals":  "reads, idempotent",
		"show_approval":   "reads, idempotent",
		"get_action":      "reads, idempotent",
		"add_participant": "changes, idempotent",
		"summarize_chat":  "changes",
		"send_message":    "destroys, open world",
		"message_person":  "destroys, open world",
		"retry_delivery":  "destroys, open world",
		"decide_approval": "destroys, idempotent, open world",
		"cancel_action":   "destroys, idempotent, open world",
	}

	got := map[string]string{}

	for _, tool := range listed(t) {
		a := tool.Annotations
		require.NotNil(t, a, tool.Name)
		require.NotNil(t, a.DestructiveHint, tool.Name)
		require.NotNil(t, a.OpenWorldHint, tool.Name)
		assert.Equal(t, tool.Title, a.Title)

		words := "changes"

		switch {
		case a.ReadOnlyHint:
			words = "reads"

			assert.False(t, *a.DestructiveHint, tool.Name)
		case *a.DestructiveHint:
			words = "destroys"
		}

		if a.IdempotentHint {
			words += ", idempotent"
		}

		if *a.OpenWorldHint {
			words += ", open world"
		}

		got[tool.Name] = words
	}

	assert.Equal(t, want, got)
}

func TestEveryToolIsDescribedAndClosed(t *testing.T) {
	t.Parallel()

	for _, tool := range listed(t) {
		assert.Regexp(t, `^[A-Z].*\.$`, tool.Description, tool.Name)
		assert.NotEmpty(t, tool.Title, tool.Name)

		for _, document := range []any{tool.InputSchema, tool.OutputSchema} {
			raw, err := json.Marshal(document)
			require.NoError(t, err)

			var s jsonschema.Schema

			require.NoError(t, json.Unmarshal(raw, &s))
			assert.Equal(t, "object", s.Type, tool.Name)
			assert.NotNil(t, s.AdditionalProperties, "%s is closed", tool.Name)

			_, err = s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
			require.NoError(t, err, tool.Name)
		}

		assertBounded(t, tool)
	}
}

// assertBounded wants every argument to say what it is and what it may be.
func assertBounded(t *testing.T, tool *mcp.Tool) {
	t.Helper()

	raw, err := json.Marshal(tool.InputSchema)
	require.NoError(t, err)

	var s jsonschema.Schema

	require.NoError(t, json.Unmarshal(raw, &s))

	for name, p := range s.Properties {
		where := tool.Name + "." + name
		assert.True(t, p.Description != "" || len(p.Enum) > 0, "%s is not described", where)

		switch p.Type {
		case "string":
			assert.True(t, p.MaxLength != nil || len(p.Enum) > 0, "%s has no bound", where)
		case "integer":
			assert.NotNil(t, p.Minimum, "%s has no bound", where)
		case "array":
			assert.NotNil(t, p.MaxItems, "%s has no bound", where)
		default:
			assert.Equal(t, "boolean", p.Type, where)
		}
	}
}

// TestTheListOfTools holds what a client is given to a file. With UPDATE_GOLDEN=1 it writes it.
func TestTheListOfTools(t *testing.T) {
	t.Parallel()

	raw, err := json.MarshalIndent(listed(t), "", "  ")
	require.NoError(t, err)

	raw = append(raw, '\n')

	const golden = "testdata/tools.json"

	if os.Getenv("UPDATE_GOLDEN") == "1" { //nolint:forbidigo // the environment configures tests
		require.NoError(t, os.WriteFile(golden, raw, 0o600))
	}

	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want, raw), "the tools have changed: UPDATE_GOLDEN=1 writes them")
}

// TestTheManualHasTheTools holds the table of docs/mcp.md to the tools. With UPDATE_GOLDEN=1 it writes it.
func TestTheManualHasTheTools(t *testing.T) {
	t.Parallel()

	const (
		manual = "../docs/mcp.md"
		begin  = "<!-- tools: written by UPDATE_GOLDEN=1 go test ./mcpserver -run TestTheManualHasTheTools -->\n"
		end    = "<!-- end of tools -->\n"
	)

	raw, err := os.ReadFile(manual)
	require.NoError(t, err)

	before, rest, found := strings.Cut(string(raw), begin)
	require.True(t, found)

	table, after, found := strings.Cut(rest, end)
	require.True(t, found)

	want := mcpserver.DescribeTools()

	if os.Getenv("UPDATE_GOLDEN") == "1" { //nolint:forbidigo // the environment configures tests
		require.NoError(t, os.WriteFile(manual, []byte(before+begin+want+end+after), 0o600))
		return
	}

	assert.Equal(t, want, table, "UPDATE_GOLDEN=1 writes the table anew")
}

// TestEveryToolNamesItsScope compares the scopes in the manual with those in the OpenAPI document.
func TestEveryToolNamesItsScope(t *testing.T) {
	t.Parallel()

	raw, err := os.ReadFile("../client/openapi.json")
	require.NoError(t, err)

	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}

	require.NoError(t, json.Unmarshal(raw, &document))

	needs := map[string]string{}

	for _, path := range document.Paths {
		for method, raw := range path {
			if !slices.Contains([]string{"get", "post", "put", "patch", "delete"}, method) {
				continue
			}

			var operation struct {
				ID          string `json:"operationId"`
				Description string `json:"description"`
			}

			require.NoError(t, json.Unmarshal(raw, &operation))
			needs[operation.ID] = operation.Description
		}
	}

	scope := regexp.MustCompile("scope `([a-z:]+)`")

	for name, tool := range mcpserver.ToolScopes() {
		said, known := needs[tool.Route]
		require.True(t, known, "%s asks for the operation %s", name, tool.Route)

		if found := scope.FindStringSubmatch(said); found != nil {
			assert.Contains(t, tool.Scopes, found[1], "%s needs %s", name, found[1])
		}
	}
}
