// Package toolbox owns how tools outside are run: HTTP APIs and servers that speak the Model
// Context Protocol, with their secrets and signatures, and the guard that keeps them from
// addresses that are nobody's business. It says what one try has come to and never tries
// again by itself: whether a call may be repeated is the caller's to know.
package toolbox

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"handrail/chat"
)

// Sealer encrypts what is stored, for a place where alone it opens.
type Sealer interface {
	Seal(place string, plain []byte) ([]byte, error)
	// Open fails for what another key has sealed, or somebody has changed or moved.
	Open(place string, sealed []byte) ([]byte, error)
}

// SecretsPlace is where the secrets of a workspace's tools open.
func SecretsPlace(ws chat.WorkspaceID) string { return "tools of " + string(ws) }

// Config is what a Toolbox is made of.
type Config struct {
	// Sealer keeps secrets and signing keys; nil: no tool can have any.
	Sealer Sealer
	// Allowed are the hosts, host:port pairs and networks that may be reached although they
	// are not public, also without TLS.
	Allowed []string
	// Commands are the programs that MCP servers may be, by name, with their arguments.
	Commands map[string][]string
	// Environ is all that these programs see of the environment, in the form of os.Environ;
	// nil: nothing.
	Environ []string
	// Resolver looks names up; nil: the system's.
	Resolver *net.Resolver
	// Discovered is told when a server says that its tools have changed.
	Discovered func(ctx context.Context, d *chat.ToolDefinition, listing chat.MCPListing) error
	Logger     *slog.Logger
}

// Toolbox runs tools. It is safe for concurrent use.
type Toolbox struct {
	config Config
	guard  *guard
	// calls makes every HTTP tool's request on a connection of its own.
	calls *http.Client
	// posts makes the posts to webhook endpoints, which may be repeated.
	posts  *http.Client
	pool   *pool
	tokens loginTokens
}

// New makes a Toolbox. It fails when an entry of Allowed is none.
func New(c Config) (*Toolbox, error) {
	g, err := newGuard(c.Allowed, c.Resolver)
	if err != nil {
		return nil, err
	}

	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}

	b := &Toolbox{config: c, guard: g}
	b.calls = &http.Client{Transport: g.transport(alone), CheckRedirect: sameHost}
	b.posts = &http.Client{Transport: g.transport(shared), CheckRedirect: noRedirect}
	b.pool = newPool(b)

	return b, nil
}

// Close ends the sessions with MCP servers.
func (b *Toolbox) Close() error {
	b.pool.close()
	return nil
}

// Call runs a tool once, within its time limit. It never fails: what is not clearly known
// is ToolUnknown.
func (b *Toolbox) Call(ctx context.Context, d chat.ToolDefinition, in chat.ToolInvocation) chat.ToolOutcome {
	ctx, cancel := context.WithTimeout(ctx, timeoutOf(&d))
	defer cancel()
	var outcome chat.ToolOutcome

	switch {
	case d.HTTP != nil:
		outcome = b.callHTTP(ctx, &d, &in)
	case d.MCP != nil:
		outcome = b.callMCP(ctx, &d, &in)
	default:
		outcome = failedOutcome(codeMisconfigured, "the tool is neither an HTTP tool nor an MCP server")
	}

	b.mask(&d, &outcome)

	return outcome
}

// Codes of outcomes, beside those of the API.
const (
	codeUnavailable   = string(chat.CodeToolUnavailable)
	codeRefused       = string(chat.CodeAddressRefused)
	codeTimeout       = "timeout"
	codeConnection    = "connection_lost"
	codeRateLimited   = "rate_limited"
	codeTooLarge      = "response_too_large"
	codeInvalid       = "invalid_response"
	codeRedirect      = "redirect_refused"
	codeMisconfigured = "tool_misconfigured"
	codeToolError     = "tool_error"
)

func failedOutcome(code, message string) chat.ToolOutcome {
	return chat.ToolOutcome{Kind: chat.ToolFailed, Code: code, Message: message}
}

// lateFailure is a failure of a call that has had its effect.
func lateFailure(code, message string) chat.ToolOutcome {
	outcome := failedOutcome(code, message)
	outcome.TookEffect = true

	return outcome
}

func notRun(code, message string) chat.ToolOutcome {
	return chat.ToolOutcome{Kind: chat.ToolNotRun, Code: code, Message: message}
}

func unknownOutcome(code, message string) chat.ToolOutcome {
	return chat.ToolOutcome{Kind: chat.ToolUnknown, Code: code, Message: message}
}

func timeoutOf(d *chat.ToolDefinition) time.Duration {
	if d.Timeout <= 0 {
		return chat.DefaultToolTimeout
	}

	return min(d.Timeout, chat.MaxToolTimeout)
}
