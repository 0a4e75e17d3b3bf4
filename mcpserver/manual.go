package mcpserver

import (
	"fmt"
	"strings"
)

// ToolScope is what a tool asks of the API, and what that takes.
type ToolScope struct {
	// Route is the first operation that it asks for, as the OpenAPI document names it.
	Route string
	// Scopes are those that a key needs for it.
	Scopes []string
}

// ToolScopes returns what each tool asks of the API, by its name.
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

// describeEffect says what the annotations of a tool say.
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
