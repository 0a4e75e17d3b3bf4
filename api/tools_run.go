package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
	"handrail/schema"
)

// testToolJSON asks for one run of a tool.
type testToolJSON struct {
	Tool      string          `json:"tool,omitempty" maxLength:"128" doc:"With an MCP server: which of its tools, without the server's name." example:"order_taxi"`
	Arguments json.RawMessage `json:"arguments,omitempty" doc:"An object that fits the tool's schema."`
}

// TransformSchema is asked by huma.
func (testToolJSON) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	s.Properties["arguments"].Type = huma.TypeObject
	return s
}

// toolTestJSON is what a run came to.
type toolTestJSON struct {
	Outcome    chat.ToolOutcomeKind `json:"outcome" enum:"succeeded,failed,not_run,unknown" doc:"failed is for good. not_run certainly had no effect, and a send would try it again. unknown may have had its effect."`
	Result     json.RawMessage      `json:"result,omitempty" doc:"What the tool has answered."`
	ErrorCode  string               `json:"error_code,omitempty" example:"timeout"`
	Error      string               `json:"error,omitempty" doc:"What went wrong."`
	HTTPStatus int                  `json:"http_status,omitempty" doc:"The status of the tool's answer, when there was one." example:"200"`
	DurationMS int64                `json:"duration_ms"`
}

type signingSecretJSON struct {
	SigningSecret string `json:"signing_secret" doc:"What the tool verifies calls with. It is shown this once."`
}

func (s *service) toolRunRoutes() {
	write := scope(chat.ScopeToolsWrite)
	register(s, http.MethodPost, "/tools/{tool_id}/test", write, s.testTool, about{
		id: "testTool", tag: tagTools, summary: "Run a tool once",
		description: "For real: what it does outside is done, nobody is asked for approval and nothing is undone. There is no chat, and no idempotency key. " +
			"200 with the outcome, whatever that is; 400 for arguments that do not fit the schema, before anything ran. One that is not enabled can be tested too.",
		request:  testToolJSON{Arguments: json.RawMessage(`{"restaurant":"luigi","guests":4,"at":"2026-11-27T19:00:00Z"}`)},
		answer:   toolTestJSON{Outcome: chat.ToolSucceeded, Result: json.RawMessage(`{"booking_id":"b-1"}`), HTTPStatus: http.StatusOK, DurationMS: 231},
		problems: []chat.Code{chat.CodeToolNotFound, chat.CodeInvalidToolArguments},
	})
	register(s, http.MethodPost, "/tools/{tool_id}/refresh", write, s.refreshTool, about{
		id: "refreshTool", tag: tagTools, summary: "Ask an MCP server for its tools", answer: presentDefinition(exampleServer()),
		description: "It is asked by itself when it is defined or changed, and when it says that its tools have changed.",
		problems:    []chat.Code{chat.CodeToolNotFound, chat.CodeToolUnavailable},
	})
	register(s, http.MethodPost, "/tools/{tool_id}/signing-secret", write, s.rotateSigningSecret, about{
		id: "rotateSigningSecret", tag: tagTools, summary: "Make a new signing secret", answer: signingSecretJSON{SigningSecret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
		description: "For an HTTP tool. Calls carry signatures by the new secret and the old one for 24 hours.",
		problems:    []chat.Code{chat.CodeToolNotFound, chat.CodeEncryptionOff, chat.CodeConflict},
	})
}

type testToolInput struct{ Body testToolJSON }

type toolTestOutput struct{ Body toolTestJSON }

func (s *service) testTool(ctx context.Context, in *testToolInput) (*toolTestOutput, error) {
	c := callFrom(ctx)
	d, err := s.pathTool(ctx)
	if err != nil {
		return nil, err
	}
	arguments := in.Body.Arguments
	if arguments == nil {
		arguments = json.RawMessage(`{}`)
	}
	tool, err := tested(&d, in.Body.Tool)
	if err != nil {
		return nil, err
	}
	compiled, err := schema.Compile("schema", tool.Schema)
	if err != nil {
		return nil, err
	}
	if err := compiled.Check(chat.CodeInvalidToolArguments, "arguments", arguments); err != nil {
		return nil, err
	}
	began := time.Now()
	outcome := s.tools.Call(ctx, d, chat.ToolInvocation{
		Tool: strings.TrimPrefix(tool.Name, d.Name+"."), Arguments: arguments, WorkspaceID: c.workspace(),
	})
	took := time.Since(began)
	s.logger.InfoContext(ctx, "a tool was tested", "request_id", c.requestID, "tool_id", d.ID, "member_id", c.principal.MemberID, "outcome", outcome.Kind)
	return &toolTestOutput{Body: toolTestJSON{
		Outcome: outcome.Kind, Result: outcome.Result, ErrorCode: outcome.Code, Error: outcome.Message, HTTPStatus: outcome.HTTPStatus,
		DurationMS: took.Milliseconds(),
	}}, nil
}

// tested finds the tool of a definition that is to be tested.
func tested(d *chat.ToolDefinition, name string) (chat.Tool, error) {
	tools := d.Tools()
	if d.HTTP != nil {
		if name != "" {
			return chat.Tool{}, chat.Invalid("tool", "belongs to an MCP server; leave it out")
		}
		return tools[0], nil
	}
	names := make([]string, len(tools))
	for i, t := range tools {
		names[i] = strings.TrimPrefix(t.Name, d.Name+".")
		if names[i] == name {
			return t, nil
		}
	}
	if len(names) == 0 {
		return chat.Tool{}, chat.Invalid("tool", "must be one that the server has shown, and it has shown none; refresh it")
	}
	return chat.Tool{}, chat.Invalid("tool", "must be one of %s", strings.Join(names, ", "))
}

func (s *service) refreshTool(ctx context.Context, _ *struct{}) (*toolOutput, error) {
	c := callFrom(ctx)
	d, err := s.pathTool(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.tools.Discover(ctx, &d); err != nil {
		return nil, err
	}
	if err := s.store.SaveDiscovered(ctx, c.workspace(), d.ID, d.MCP.Discovered, time.Now()); err != nil {
		return nil, err
	}
	if d, err = s.pathTool(ctx); err != nil {
		return nil, err
	}
	return &toolOutput{Body: presentDefinition(d)}, nil
}

type signingSecretOutput struct{ Body signingSecretJSON }

func (s *service) rotateSigningSecret(ctx context.Context, _ *struct{}) (*signingSecretOutput, error) {
	c := callFrom(ctx)
	d, err := s.pathTool(ctx)
	if err != nil {
		return nil, err
	}
	secret, err := s.tools.RotateSigning(&d, time.Now())
	if err != nil {
		return nil, err
	}
	if _, err := s.store.UpdateTool(ctx, c.workspace(), c.actor(), d); err != nil {
		return nil, err
	}
	return &signingSecretOutput{Body: signingSecretJSON{SigningSecret: secret}}, nil
}
