package toolbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"handrail/chat"
)

// keyMeta carries the idempotency key of a call; MCP itself has none.
const keyMeta = "handrail.dev/idempotency-key"

// callMCP calls a tool of a server and says what it has come to. A server that does not know the session
// any more has not looked at the call: it is made once more, in a new one.
func (b *Toolbox) callMCP(ctx context.Context, d *chat.ToolDefinition, in *chat.ToolInvocation) chat.ToolOutcome {
	outcome, isForgotten := b.callInSession(ctx, d, in)
	if isForgotten {
		outcome, _ = b.callInSession(ctx, d, in)
	}

	return outcome
}

// callInSession makes the call once. It also reports whether the server has forgotten the session.
func (b *Toolbox) callInSession(
	ctx context.Context,
	d *chat.ToolDefinition,
	in *chat.ToolInvocation,
) (chat.ToolOutcome, bool) {
	session, err := b.pool.get(ctx, d)
	if err != nil {
		return unreachedOutcome(err), false
	}

	wire := &exchange{}

	params := &mcp.CallToolParams{Name: d.MCP.NameAtServer(in.Tool), Arguments: in.Arguments}
	if in.Key != "" {
		params.Meta = mcp.Meta{keyMeta: in.Key}
	}

	result, err := session.CallTool(withExchange(ctx, wire), params)
	if err != nil {
		seen := wire.look()
		return b.fault(ctx, d, seen, err), seen.isSessionForgotten()
	}

	return takeResult(result), false
}

// fault is what an error in mid-call means. The SDK tells errors of the connection and those
// of the server by the same type, so it is seen on the wire which they are.
func (b *Toolbox) fault(ctx context.Context, d *chat.ToolDefinition, seen *traffic, err error) chat.ToolOutcome {
	refusal, answered := errors.AsType[*jsonrpc.Error](err)

	if seen.broken != nil || seen.status >= 300 || ctx.Err() != nil && d.MCP.Command != "" || !answered {
		// The SDK does not use such a session again, and a program may hang for good: the next
		// call makes another.
		b.pool.drop(d)
	}

	switch {
	case d.MCP.URL != "" && !seen.connected:
		return judgeConnect(d, seen, seen.broken)
	case ctx.Err() != nil:
		return unknownOutcome(codeTimeout, "the server has not answered in time")
	case seen.status >= 300:
		return refusedBy(seen)
	case seen.isUnread():
		said := "the server has taken the call, and its answer is no message of MCP" + seen.words()
		return lateFailure(codeInvalid, said)
	case answered && seen.broken == nil:
		return failedOutcome(codeToolError, "the server says: "+tidyLine(refusal.Message))
	}

	return unknownOutcome(codeConnection, "the connection broke before the server had answered")
}

// refusedBy is what the status of an answer means that is no answer of MCP.
func refusedBy(seen *traffic) chat.ToolOutcome {
	status := seen.status
	words := fmt.Sprintf(" (%d)%s", status, seen.words())

	var outcome chat.ToolOutcome

	switch {
	case status < 400:
		return failedOutcome(codeRedirect, "the server sends its callers to another place, and is not followed there")
	case status == http.StatusTooManyRequests:
		outcome = notRun(codeRateLimited, "the server has too many requests now"+words)
	case status == http.StatusNotFound:
		// The session is over; the call was not looked at (MCP 2025-11-25, Transports, "Session Management").
		outcome = notRun(codeUnavailable, "the server has forgotten the session"+words)
	case status >= 500 || status == http.StatusRequestTimeout:
		outcome = unknownOutcome(codeConnection, "the server has failed before it had answered"+words)
	case seen.loginFailure != "":
		outcome = failedOutcome(codeToolError, seen.loginFailure)
	case seen.wantsLogin:
		outcome = failedOutcome(codeToolError, "the server wants an OAuth token; give it mcp.oauth"+words)
	default:
		outcome = failedOutcome(codeToolError, "the server has refused the request"+words)
	}

	outcome.RetryAfter = seen.retryAfter

	return outcome
}

// takeResult is the result of a call.
func takeResult(result *mcp.CallToolResult) chat.ToolOutcome {
	text := textOf(result.Content)
	if result.IsError {
		if strings.TrimSpace(text) == "" {
			return failedOutcome(codeToolError, "the tool reports an error, and does not say which")
		}

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

// textOf are the texts of a result: also those of resources that it holds, and the addresses of those that it
// names.
func textOf(contents []mcp.Content) string {
	var texts []string

	for _, content := range contents {
		switch content := content.(type) {
		case *mcp.TextContent:
			texts = append(texts, content.Text)
		case *mcp.EmbeddedResource:
			if content.Resource != nil && content.Resource.Text != "" {
				texts = append(texts, content.Resource.Text)
			}
		case *mcp.ResourceLink:
			texts = append(texts, strings.TrimSpace(content.Name+" "+content.URI))
		}
	}

	return strings.Join(texts, "\n")
}

// structuredResult is the result as JSON: the structured one, else JSON in the text, else the text.
func structuredResult(result *mcp.CallToolResult, text string) (json.RawMessage, error) {
	if exact, ok := result.Meta[exactMeta].(string); ok {
		return json.RawMessage(exact), nil
	}

	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "{") && json.Valid([]byte(trimmed)) {
		return json.RawMessage(trimmed), nil
	}

	return json.Marshal(map[string]string{"content": text})
}
