package toolbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"

	"handrail/chat"
)

// unreachedError is why there is no session with a server.
type unreachedError struct {
	outcome chat.ToolOutcome
	cause   error
}

// Error is what people are told.
func (e *unreachedError) Error() string { return e.outcome.Message }

// Unwrap is the cause, which may hold a URL.
func (e *unreachedError) Unwrap() error { return e.cause }

// unreachedOutcome is what it means that there is no session: nothing was asked for.
func unreachedOutcome(err error) chat.ToolOutcome {
	if unreached, ok := errors.AsType[*unreachedError](err); ok {
		return unreached.outcome
	}

	if e, ok := errors.AsType[*chat.Error](err); ok {
		return failedOutcome(codeMisconfigured, e.Message)
	}

	return notRun(codeUnavailable, "the server could not be reached")
}

// judgeConnect says why no session could be made with a server: whether it is away, or answers something else
// than MCP. Nothing was asked for.
func judgeConnect(d *chat.ToolDefinition, seen *traffic, err error) chat.ToolOutcome {
	status := seen.status

	var (
		untrusted  *tls.CertificateVerificationError
		said, isOf = errors.AsType[*jsonrpc.Error](err)
	)

	switch {
	case isRefused(err):
		return failedOutcome(codeRefused, "the server's address is not public, and the operator has not allowed it")
	case d.MCP.Command != "" && !isOf:
		return notRun(codeUnavailable, "the program could not be started, or has ended, or is no MCP server")
	case errors.As(err, &untrusted):
		return notRun(codeUnavailable, "the server's certificate is not trusted: "+tidyLine(untrusted.Err.Error()))
	case status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout:
		outcome := notRun(codeUnavailable, fmt.Sprintf("the server cannot answer now (%d)%s", status, seen.words()))
		outcome.RetryAfter = seen.retryAfter

		return outcome

	case status >= 300:
		refused := refusedBy(seen)
		if status == http.StatusNotFound {
			refused = failedOutcome(codeToolError, "there is no MCP server at this URL (404)"+seen.words())
		}

		return refused

	case seen.isPage():
		return failedOutcome(codeToolError, "the server answers with a web page, as of a login")
	case seen.isUnread():
		return failedOutcome(codeToolError, "the server answers, and not in MCP"+seen.words())
	case isOf:
		return failedOutcome(codeToolError, "the server refuses a session: "+tidyLine(said.Message))
	case err != nil && strings.Contains(err.Error(), "protocol version"):
		return failedOutcome(codeToolError, "the server speaks no version of MCP that Handrail speaks")
	case seen.connected && errors.Is(err, context.DeadlineExceeded):
		return notRun(codeUnavailable, "the server takes connections, and has not answered in time")
	}

	return notRun(codeUnavailable, "the server could not be reached")
}

// explainOldTransport says so if a server that has refused to be asked speaks the transport of 2024-11-05, which
// the SDK does not try: a GET is then answered with a stream that names where to send messages.
func (b *Toolbox) explainOldTransport(
	ctx context.Context,
	d *chat.ToolDefinition,
	o chat.ToolOutcome,
) chat.ToolOutcome {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.MCP.URL, http.NoBody)
	if err != nil {
		return o
	}

	request.Header.Set("Accept", "text/event-stream")

	answer, err := b.calls.Do(request)
	if err != nil {
		return o
	}

	defer answer.Body.Close()

	if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		return o
	}

	head := make([]byte, len("event: endpoint"))
	if n, _ := io.ReadFull(answer.Body, head); !strings.Contains(string(head[:n]), "endpoint") {
		return o
	}

	return failedOutcome(codeToolError, "the server speaks the old transport of MCP only (HTTP with SSE, 2024-11-05); "+
		"Handrail speaks streamable HTTP")
}
