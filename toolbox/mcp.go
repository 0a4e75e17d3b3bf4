package toolbox

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"handrail/budget"
	"handrail/chat"
	"handrail/schema"
)

// keyMeta carries the idempotency key of a call; MCP itself has none.
const keyMeta = "handrail.dev/idempotency-key"

// callMCP calls a tool of a server and says what it has come to.
func (b *Toolbox) callMCP(ctx context.Context, d *chat.ToolDefinition, in *chat.ToolInvocation) chat.ToolOutcome {
	session, err := b.pool.get(ctx, d)
	if err != nil {
		return unreachedOutcome(err)
	}

	seen := &exchange{}

	params := &mcp.CallToolParams{Name: in.Tool, Arguments: in.Arguments}
	if in.Key != "" {
		params.Meta = mcp.Meta{keyMeta: in.Key}
	}

	result, err := session.CallTool(withExchange(ctx, seen), params)
	if err != nil {
		return b.fault(ctx, d, seen, err)
	}

	return takeResult(result)
}

// unreachedOutcome is what it means that there is no session: nothing was asked for.
func unreachedOutcome(err error) chat.ToolOutcome {
	if isRefused(err) {
		return failedOutcome(codeRefused, "the server's address is not public, and the operator has not allowed it")
	}

	if e, ok := errors.AsType[*chat.Error](err); ok {
		return failedOutcome(codeMisconfigured, e.Message)
	}

	return notRun(codeUnavailable, "the server could not be reached")
}

// fault is what an error in mid-call means. The SDK tells errors of the connection and those
// of the server by the same type, so it is seen on the wire which they are.
func (b *Toolbox) fault(ctx context.Context, d *chat.ToolDefinition, seen *exchange, err error) chat.ToolOutcome {
	said, answered := errors.AsType[*jsonrpc.Error](err)

	status, transport := seen.status(), seen.broken()
	if transport != nil || status >= 300 || ctx.Err() != nil && d.MCP.Command != "" || !answered {
		// The SDK does not use such a session again, and a program may hang for good: the next
		// call makes another.
		b.pool.drop(d)
	}

	switch {
	case d.MCP.URL != "" && !seen.connected():
		return unreachedOutcome(transport)
	case ctx.Err() != nil:
		return unknownOutcome(codeTimeout, "the server has not answered in time")
	case status >= 300:
		return refusedBy(status, seen)
	case answered && transport == nil:
		return failedOutcome(codeToolError, "the server says: "+tidyLine(said.Message))
	}

	return unknownOutcome(codeConnection, "the connection broke before the server had answered")
}

// refusedBy is what the status of an answer means that is no answer of MCP.
func refusedBy(status int, seen *exchange) chat.ToolOutcome {
	switch {
	case status < 400:
		return failedOutcome(codeRedirect, "the server sends its callers to another place, and is not followed there")
	case status == http.StatusTooManyRequests:
		outcome := notRun(codeRateLimited, "the server has too many requests now")
		outcome.RetryAfter = seen.retryAfter()

		return outcome

	case status == http.StatusNotFound:
		// The session is over; the call was not looked at (MCP 2025-06-18, Transports).
		return notRun(codeUnavailable, "the server has forgotten the session")
	case status >= 500 || status == http.StatusRequestTimeout:
		return unknownOutcome(codeConnection, "the server has failed before it had answered")
	}

	return failedOutcome(codeToolError, "the server has refused the request")
}

// takeResult is the result of a call.
func takeResult(result *mcp.CallToolResult) chat.ToolOutcome {
	text := textOf(result.Content)
	if result.IsError {
		return failedOutcome(codeToolError, "the tool says: "+tidyLine(text))
	}

	value, err := structuredResult(result, text)

	switch {
	case len(result.InputRequests) > 0:
		return failedOutcome(codeInvalid, "the tool asks questions of its own, which nobody here can answer")
	case err != nil:
		return lateFailure(codeInvalid, "the tool has carried out the call, and its answer is no JSON")
	case len(value) > chat.MaxToolResult:
		return lateFailure(codeTooLarge, "the tool has carried out the call, and answered with more than 256 KiB")
	}

	if wrong := unfitResult(value); wrong != "" {
		return lateFailure(codeInvalid, "the tool has carried out the call, and in its answer "+wrong)
	}

	return chat.ToolOutcome{Kind: chat.ToolSucceeded, Result: value}
}

func textOf(contents []mcp.Content) string {
	var texts []string

	for _, content := range contents {
		if text, ok := content.(*mcp.TextContent); ok {
			texts = append(texts, text.Text)
		}
	}

	return strings.Join(texts, "\n")
}

// structuredResult is the result as JSON: the structured one, else JSON in the text, else the text.
func structuredResult(result *mcp.CallToolResult, text string) (json.RawMessage, error) {
	if result.StructuredContent != nil {
		return json.Marshal(result.StructuredContent)
	}

	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "{") && json.Valid([]byte(trimmed)) {
		return json.RawMessage(trimmed), nil
	}

	return json.Marshal(map[string]string{"content": text})
}

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

	tools, err := b.pool.list(ctx, d)
	if err != nil {
		return chat.InvalidAs(
			chat.CodeToolUnavailable,
			field,
			"must be an MCP server that answers: %s",
			unreachedOutcome(err).Message,
		).
			Because(
				err,
			)
	}

	now := time.Now()
	d.MCP.Discovered, d.MCP.DiscoveredAt = tools, &now

	return nil
}

// listTools asks a session for its tools. Those that cannot be used here are left out.
func (b *Toolbox) listTools(
	ctx context.Context,
	d *chat.ToolDefinition,
	session *mcp.ClientSession,
) ([]chat.MCPTool, error) {
	var tools []chat.MCPTool

	seen := 0

	for shown, err := range session.Tools(ctx, nil) {
		if err != nil {
			return nil, err
		}

		// A server may list without end what cannot be used.
		if seen++; seen > budget.MaxMCPToolsSeen {
			break
		}

		tool, err := usableTool(shown)
		if err != nil {
			b.config.Logger.WarnContext(
				ctx,
				"a tool of an MCP server is left out",
				"tool_id",
				d.ID,
				"tool",
				tidyLine(shown.Name),
				"error",
				err,
			)

			continue
		}

		if tools = append(tools, tool); len(tools) == budget.MaxMCPTools {
			break
		}
	}

	slices.SortFunc(tools, func(a, b chat.MCPTool) int { return strings.Compare(a.Name, b.Name) })

	return slices.CompactFunc(tools, func(a, b chat.MCPTool) bool { return a.Name == b.Name }), nil
}

func usableTool(shown *mcp.Tool) (chat.MCPTool, error) {
	document, err := json.Marshal(shown.InputSchema)
	if err != nil {
		return chat.MCPTool{}, err
	}

	if !toolName.MatchString(shown.Name) {
		return chat.MCPTool{}, chat.Invalid("name", "must be letters, digits, _ and -")
	}

	if _, err := schema.Compile("schema", document); err != nil {
		return chat.MCPTool{}, err
	}

	tool := chat.MCPTool{Name: shown.Name, Description: shown.Description, Schema: document}
	if runes := []rune(tool.Description); len(runes) > maxDescription {
		tool.Description = string(runes[:maxDescription])
	}

	tool.ReadOnly = shown.Annotations != nil && shown.Annotations.ReadOnlyHint

	return tool, nil
}
