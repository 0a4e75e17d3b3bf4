package toolbox

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"handrail/budget"
	"handrail/chat"
	"handrail/schema"
)

// Discover asks an MCP server for its tools: tool_unavailable when it does not answer within
// the definition's time limit.
func (b *Toolbox) Discover(ctx context.Context, d *chat.ToolDefinition) error {
	field := "mcp.url"

	if d.MCP == nil {
		return chat.Invalid("path.tool_id", "must be an MCP server: an HTTP tool has nothing to discover")
	}

	if d.MCP.Command != "" {
		field = "mcp.command"
	}

	ctx, cancel := context.WithTimeout(ctx, timeoutOf(d))
	defer cancel()

	listing, err := b.pool.list(ctx, d)
	if err != nil {
		outcome := unreachedOutcome(err)
		b.mask(d, &outcome)

		return chat.InvalidAs(
			chat.CodeToolUnavailable,
			field,
			"must be an MCP server that answers: %s",
			outcome.Message,
		) // without its cause, which has the server's words as they came
	}

	b.maskListing(d, &listing)

	now := time.Now()
	d.MCP.MCPListing = listing
	d.MCP.DiscoveredAt = &now

	return nil
}

// maxLeftOut is how many tools are told of that cannot be used.
const maxLeftOut = 100

// listTools asks a session for its tools. Those that cannot be used here are left out, with the reason.
func (b *Toolbox) listTools(ctx context.Context, session *mcp.ClientSession) (chat.MCPListing, error) {
	var listing chat.MCPListing

	leaveOut := func(name, reason string) {
		if len(listing.LeftOut) < maxLeftOut {
			listing.LeftOut = append(listing.LeftOut, chat.MCPLeftOut{Name: tidyLine(name), Reason: tidyLine(reason)})
		}
	}

	names := map[string]bool{}
	seen := 0

	for shown, err := range session.Tools(ctx, nil) {
		if err != nil {
			return chat.MCPListing{}, err
		}

		// A server may list without end what cannot be used.
		if seen++; seen > budget.MaxMCPToolsSeen {
			reason := fmt.Sprintf("it, and all after it: more than %d tools are listed", budget.MaxMCPToolsSeen)
			leaveOut(shown.Name, reason)

			break
		}

		tool, err := usableTool(shown)

		switch {
		case err != nil:
			leaveOut(shown.Name, chat.AsError(err).Message)
		case names[tool.Name]:
			leaveOut(shown.Name, "another tool of the server has this name")
		case len(listing.Discovered) == budget.MaxMCPTools:
			leaveOut(shown.Name, fmt.Sprintf("at most %d tools of one server are used", budget.MaxMCPTools))
		default:
			names[tool.Name] = true
			listing.Discovered = append(listing.Discovered, tool)
		}
	}

	slices.SortFunc(listing.Discovered, func(a, b chat.MCPTool) int { return strings.Compare(a.Name, b.Name) })

	return listing, nil
}

// mcpToolName is what a tool of a server may be called (MCP 2025-11-25, Tools, "Tool Names").
var (
	mcpToolName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,128}$`)
	notInNames  = regexp.MustCompile(`[^a-zA-Z0-9_.-]+`)
)

// mapName returns the name of a tool with _ for what it may not have: "greet (structured)" is greet_structured.
func mapName(name string) string {
	return strings.Trim(notInNames.ReplaceAllString(name, "_"), "_")
}

func usableTool(shown *mcp.Tool) (chat.MCPTool, error) {
	name, serverName := shown.Name, ""
	if !mcpToolName.MatchString(name) {
		name = mapName(shown.Name)
		serverName = shown.Name
	}

	if !mcpToolName.MatchString(name) {
		return chat.MCPTool{}, chat.Invalid("name", "must have 1 to 128 characters, and a letter or digit")
	}

	document, err := json.Marshal(shown.InputSchema)
	if err != nil {
		return chat.MCPTool{}, fmt.Errorf("write the schema of an MCP tool: %w", err)
	}

	document, unchecked := dropUnreadPatterns(document)

	if _, err := schema.Compile("schema", document); err != nil {
		return chat.MCPTool{}, err
	}

	tool := chat.MCPTool{
		Name:        name,
		ServerName:  serverName,
		Description: shown.Description,
		Schema:      document,
		Unchecked:   unchecked,
	}
	if runes := []rune(tool.Description); len(runes) > maxDescription {
		tool.Description = string(runes[:maxDescription])
	}

	tool.ReadOnly = shown.Annotations != nil && shown.Annotations.ReadOnlyHint

	return tool, nil
}

// dropUnreadPatterns takes out of a schema the patterns that are no regular expressions of RE2, like those that
// look ahead (ECMA-262, which JSON Schema recommends, has them). The server checks its arguments itself. It
// returns where they were.
func dropUnreadPatterns(raw json.RawMessage) (json.RawMessage, []string) {
	var document any
	if len(raw) > schema.MaxSize || budget.Document.Check(raw) != nil || decodeExact(raw, &document) != nil {
		return raw, nil // it is refused for that
	}

	var dropped patternsDropped

	dropped.dropIn(document, nil)

	if len(dropped.places) == 0 {
		return raw, nil
	}

	encoded, err := json.Marshal(document)
	if err != nil {
		return raw, nil
	}

	return encoded, dropped.places
}

// patternsDropped are the places of patterns that were taken out: as many as are told.
type patternsDropped struct{ places []string }

// dropIn walks through a schema. A place is put together only when it is told: a hostile schema is deep.
func (d *patternsDropped) dropIn(value any, path []string) {
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			d.dropIn(item, append(path, strconv.Itoa(i)))
		}

	case map[string]any:
		isWithin := len(path) > 0 && path[len(path)-1] == "patternProperties"

		for _, name := range slices.Sorted(maps.Keys(value)) {
			pattern, isText := value[name].(string)
			below := append(path, name) //nolint:gocritic // it is used before the next one is made

			if isText && name == "pattern" && !isPattern(pattern) || isWithin && !isPattern(name) {
				delete(value, name)
				d.add(below)

				continue
			}

			d.dropIn(value[name], below)
		}
	}
}

func (d *patternsDropped) add(path []string) {
	if len(d.places) < budget.MaxViolations {
		d.places = append(d.places, budget.ClipPath(strings.Join(path, ".")))
	}
}

// isPattern reports whether a pattern can be read. It is not compiled, which would take memory for each repetition:
// the schema's own check measures it first.
func isPattern(text string) bool {
	_, err := syntax.Parse(text, syntax.Perl)
	return err == nil
}
