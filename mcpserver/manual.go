package mcpserver

import (
	"fmt"
	"strings"
)

// ToolScope says what a tool requests from the API and which scopes that needs.
type ToolScope struct {
	// Route is the operation id of the tool's first request.
	Route string
	// Scopes are the scopes that an API key needs for the tool.
	Scopes []string
}

// ToolScopes returns the scopes of all tools by their names.
func ToolScopes() map[string]ToolScope {
	scopes := map[string]ToolScope{}
	for _, t := range allTools() {
		scopes[t.definition.Name] = ToolScope{Route: t.route, Scopes: t.scopes}
	}

	return scopes
}

// DescribeTools returns the table of all tools for the manual, in Markdown.
func DescribeTools() string {
	var b strings.Builder

	b.WriteString("| Tool | What it does | Changes | Scopes of the key |\n|---|---|---|---|\n")

	for _, t := range allTools() {
		fmt.Fprintf(
			&b,
			"| `%s` | %s | %s | %s |\n",
			t.definition.Name,
			t.definition.Description,
			describeEffect(t),
			strings.Join(quoteScopes(t.scopes), ", "),
		)
	}

	return b.String()
}

// describeEffect says in words what the annotations of a tool say about its changes.
func describeEffect(t *tool) string {
	a := t.definition.Annotations

	switch {
	case a.ReadOnlyHint:
		return "nothing"
	case *a.DestructiveHint:
		return "yes, for good"
	default:
		return "yes"
	}
}

func quoteScopes(scopes []string) []string {
	quoted := make([]string, len(scopes))
	for i, scope := range scopes {
		quoted[i] = scope

		if strings.Contains(scope, ":") {
			quoted[i] = "`" + scope + "`"
		}
	}

	return quoted
}
