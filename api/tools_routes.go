package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
	"handrail/schema"
)

var exampleTool = chat.ToolDefinition{
	ID:          4,
	Kind:        chat.ToolHTTP,
	Name:        "book_table",
	Description: "Books a table at the restaurant.",
	Enabled:     true,
	Risk:        chat.RiskWrite,
	Idempotent:  true,
	Timeout:     chat.DefaultToolTimeout,
	Undo:        exampleNewTool.Undo.domain(),
	HTTP:        exampleNewTool.HTTP.domain(),
	SecretNames: []string{"DESK_KEY"},
	CreatedAt:   exampleTime,
	UpdatedAt:   exampleTime,
}

var exampleNewTool = newToolJSON{
	Kind:           chat.ToolHTTP,
	Name:           "book_table",
	Description:    "Books a table at the restaurant.",
	Risk:           chat.RiskWrite,
	Idempotent:     true,
	TimeoutSeconds: 10,
	Undo:           &undoJSON{Tool: chat.ToolAddLabel, Arguments: json.RawMessage(`{"label":"vip"}`)},
	HTTP: &httpToolJSON{
		Method:  http.MethodPost,
		URL:     "https://desk.example.com/restaurants/{restaurant}/tables",
		Headers: map[string]string{"Authorization": "Bearer {secret.DESK_KEY}"},
		Schema: json.RawMessage(
			`{"type":"object","properties":{"restaurant":{"type":"string"},"guests":{"type":"integer","minimum":1}},` +
				`"required":["restaurant","guests"],"additionalProperties":false}`,
		),
		ResponseSchema:    json.RawMessage(`{"type":"object","required":["booking_id"]}`),
		IdempotencyHeader: "Idempotency-Key",
	},
	Secrets: secretsJSON{"DESK_KEY": new("the key that the restaurant's API wants")},
}

// aboutTools is all that an integrator needs to define one.
const aboutTools = "An HTTP tool is one call of an API; an MCP server brings the tools that it shows, called " +
	"`server.tool`. `GET /chats/{chat_id}/tools` lists what a chat can use.\n\n" +
	"Arguments are checked against the schema before any tool of the message runs. In `http.url`, `{argument}` " +
	"stands for an argument in the path or the query, escaped; the schema must require it. The others are the JSON " +
	"body, or the query of GET and DELETE. Headers refer to secrets as `{secret.NAME}`; secrets are encrypted and " +
	"never shown.\n\n" +
	"Requests are signed by Standard Webhooks (HMAC-SHA256 over `id.timestamp.body` with the `signing_secret`). " +
	"`Handrail-Workspace`, `Handrail-Chat` and `Handrail-Message` say for whom the call is made.\n\n" +
	"The answer must be JSON (an empty one is `{}`, plain text a string) of at most 256 KiB, and fit " +
	"`response_schema`. 2xx is success; 4xx a refusal for good: the send ends. No connection and 429 are tried " +
	"again for a quarter of an hour. After a timeout, 5xx, 408 or a broken connection nobody knows whether it had " +
	"its effect: a tool that is idempotent or of the risk `read` runs again with the same key, in " +
	"`idempotency_header` and `webhook-id`; any other call is `unknown` until a person resolves it.\n\n" +
	"Addresses must be public, by `https` on port 443, unless the operator has opened others " +
	"(`HANDRAIL_TOOL_HOSTS`); `mcp.command` names a program of `HANDRAIL_MCP_COMMANDS`.\n\n" + aboutWaiting

// aboutWaiting is what becomes of a tool that takes a second member.
const aboutWaiting = "What takes a second member is done with the decision, and no new address is sent anything " +
	"before. Afterwards `refresh` gets the tools of an MCP server, and `signing-secret` a new secret."

func (s *service) toolRoutes() {
	s.toolDefinitionRoutes()
	s.toolCommandRoutes()
}

// toolDefinitionRoutes registers the routes that list, create, get, update and delete tools.
func (s *service) toolDefinitionRoutes() {
	read, write := withScope(chat.ScopeToolsRead), withScope(chat.ScopeToolsWrite)

	shown := presentDefinition(exampleTool)

	registerRoute(s, s.listDefinitions, route{
		method:      http.MethodGet,
		path:        "/tools",
		access:      read,
		id:          "listTools",
		tag:         tagTools,
		summary:     "List tools",
		description: "By id. Built-in tools have no definition.",
		answer:      listOf(shown),
	})

	registerRoute(s, s.createTool, route{
		method:      http.MethodPost,
		path:        "/tools",
		access:      write,
		id:          "createTool",
		secrets:     []string{"signing_secret"},
		tag:         tagTools,
		summary:     "Create a tool",
		status:      http.StatusCreated,
		second:      "a tool that reaches with a lower risk what another one reaches, or has reached.",
		description: aboutTools,
		request:     exampleNewTool,
		answer:      createdToolJSON{shown, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
		problems:    toolRefusals(),
	})

	registerRoute(s, s.getTool, route{
		method:   http.MethodGet,
		path:     "/tools/{tool_id}",
		access:   read,
		id:       "getTool",
		tag:      tagTools,
		summary:  "Get a tool",
		answer:   shown,
		problems: []chat.Code{chat.CodeToolNotFound},
	})

	s.toolChangeRoutes()
}

// toolChangeRoutes registers the routes that update and delete a tool.
func (s *service) toolChangeRoutes() {
	write := withScope(chat.ScopeToolsWrite)

	registerRoute(s, s.updateTool, route{
		method:   http.MethodPatch,
		path:     "/tools/{tool_id}",
		access:   write,
		id:       "updateTool",
		tag:      tagTools,
		summary:  "Update a tool",
		answer:   presentDefinition(exampleTool),
		problems: append([]chat.Code{chat.CodeToolNotFound, chat.CodeConflict}, toolRefusals()...),
		second: "lowering a tool's risk, and any change of a tool, or of a server with a tool, of the risk " +
			"`approval`, but switching it off; and letting it reach with a lower risk what another one reaches, or " +
			"has reached.",
		description: "Fields that are left out stay as they are; `http` and `mcp` are replaced whole. 409 " +
			"`conflict` when another change came between: read it and try again. Sends under way run with what the " +
			"tool is when its turn comes. " + aboutWaiting,
		request: toolPatchJSON{
			Risk:           new(chat.RiskApproval),
			TimeoutSeconds: new(20),
			Secrets:        secretsJSON{"OLD_KEY": nil},
		},
	})

	registerRoute(s, s.deleteTool, route{
		method:      http.MethodDelete,
		path:        "/tools/{tool_id}",
		access:      write,
		id:          "deleteTool",
		tag:         tagTools,
		summary:     "Delete a tool",
		description: "Calls whose turn comes later fail with `tool_not_found`.",
		problems:    []chat.Code{chat.CodeToolNotFound},
	})
}

// toolRefusals are the codes that a tool's definition may be refused with.
func toolRefusals() []chat.Code {
	return []chat.Code{
		chat.CodeAddressRefused,
		chat.CodeToolUnavailable,
		chat.CodeEncryptionOff,
		chat.CodeAlreadyExists,
	}
}

// toolCommandRoutes registers the routes that do something with a tool.
func (s *service) toolCommandRoutes() {
	write := withScope(chat.ScopeToolsWrite)

	registerRoute(s, s.testTool, route{
		method:  http.MethodPost,
		path:    "/tools/{tool_id}/test",
		access:  write,
		id:      "testTool",
		tag:     tagTools,
		summary: "Test a tool",
		request: testToolJSON{Arguments: json.RawMessage(`{"guests":4}`)},
		description: "There is no undo. Whatever comes of it is 200 with `outcome`; arguments that break the schema " +
			"are 400. An approved test is run by repeating the request with `approval_id`.",
		second: "a tool of the risk `approval`.",
		answer: testedToolJSON{
			Outcome:    chat.ToolSucceeded,
			Result:     json.RawMessage(`{"booking_id":"b-1"}`),
			HTTPStatus: http.StatusOK,
			DurationMS: 183,
		},
		problems: append(
			[]chat.Code{chat.CodeToolNotFound, chat.CodeInvalidToolArguments, chat.CodeConflict},
			useProblems()...),
	})

	registerRoute(s, s.refreshTool, route{
		method:     http.MethodPost,
		path:       "/tools/{tool_id}/refresh",
		access:     write,
		id:         "refreshTool",
		tag:        tagTools,
		summary:    "Refresh an MCP server's tools",
		answer:     presentDefinition(exampleTool),
		repeatable: true,
		problems:   []chat.Code{chat.CodeToolNotFound, chat.CodeToolUnavailable, chat.CodeAddressRefused},
	})

	registerRoute(s, s.rotateSigning, route{
		method:  http.MethodPost,
		path:    "/tools/{tool_id}/signing-secret",
		access:  write,
		id:      "rotateSigningSecret",
		secrets: []string{"signing_secret"},
		tag:     tagTools,
		summary: "Rotate a tool's signing secret",
		description: "It is shown here and never again. For 24 hours requests carry the signatures of both. An " +
			"approved request is repeated with `?approval_id=`.",
		second: "a tool of the risk `approval`.",
		answer: signingSecretJSON{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
		problems: append(
			[]chat.Code{chat.CodeToolNotFound, chat.CodeConflict, chat.CodeEncryptionOff},
			useProblems()...),
	})
}

type listToolsInput struct {
	Paging
	Kind chat.ToolKind `query:"kind" enum:"http,mcp"`
}

func (s *service) listDefinitions(ctx context.Context, in *listToolsInput) (*listOutput[ToolDefinitionJSON], error) {
	part, err := s.store.Tools(ctx, callFrom(ctx).workspace(), chat.ToolFilter{Kind: in.Kind, Page: in.page()})
	return presentList(part, err, presentDefinition)
}

type toolOutput struct{ Body ToolDefinitionJSON }

type toolPath struct {
	ToolID chat.ToolID `inPath:"tool_id"`
}

func (s *service) getTool(ctx context.Context, in *toolPath) (*toolOutput, error) {
	d, err := s.store.Tool(ctx, callFrom(ctx).workspace(), in.ToolID)
	if err != nil {
		return nil, err
	}

	return &toolOutput{Body: presentDefinition(d)}, nil
}

func (s *service) deleteTool(ctx context.Context, in *toolPath) (*struct{}, error) {
	c := callFrom(ctx)
	return nil, s.store.DeleteTool(ctx, c.workspace(), c.actor(), in.ToolID)
}

func (s *service) refreshTool(ctx context.Context, in *toolPath) (*toolOutput, error) {
	c := callFrom(ctx)

	d, err := s.store.Tool(ctx, c.workspace(), in.ToolID)
	if err != nil {
		return nil, err
	}

	if err := s.tools.Discover(ctx, &d); err != nil {
		return nil, err
	}

	err = s.store.SaveDiscovered(ctx, c.workspace(), c.actor(), chat.Discovery{
		ToolID:  d.ID,
		Version: d.Version,
		Listing: d.MCP.MCPListing,
		At:      valueOr(d.MCP.DiscoveredAt, time.Now()),
	})
	if err != nil {
		return nil, err
	}

	return &toolOutput{Body: presentDefinition(d)}, nil
}

type signingSecretJSON struct {
	SigningSecret string `json:"signing_secret,omitempty" doc:"Left out of the answer to a repeated request."`
}

type rotateSigningInput struct {
	toolPath

	ApprovalID chat.ApprovalID `query:"approval_id" format:"uuid" doc:"With the same request again, once it is approved: the approval that it got."`
}

func (s *service) rotateSigning(ctx context.Context, in *rotateSigningInput) (*agreedOutput, error) {
	c := callFrom(ctx)

	d, err := s.store.Tool(ctx, c.workspace(), in.ToolID)
	if err != nil {
		return nil, err
	}

	if d.Kind != chat.ToolHTTP {
		return nil, chat.Invalid("path.tool_id", "must be an HTTP tool: MCP requests are not signed")
	}

	secret, err := s.tools.RotateSigning(&d, time.Now())
	if err != nil {
		return nil, err
	}

	d.Approval = in.ApprovalID

	if _, err := s.store.UpdateTool(ctx, c.workspace(), c.actor(), d); err != nil {
		return s.orAsk(ctx, err, func() (chat.NewApproval, error) {
			return chat.NewApproval{Kind: chat.ApprovalToolSecret, Request: chat.ApprovalRequest{Tool: d.Pin()}}, nil
		})
	}

	return &agreedOutput{Status: http.StatusOK, Body: signingSecretJSON{secret}}, nil
}

// testToolJSON asks for one run of a tool.
type testToolJSON struct {
	Tool      string          `json:"tool,omitempty" maxLength:"64" doc:"With an MCP server: which of its tools, by its name there."`
	Arguments json.RawMessage `json:"arguments,omitempty" doc:"An object that fits the tool's schema."`
	// ApprovalID belongs to the request that was approved, repeated.
	ApprovalID chat.ApprovalID `json:"approval_id,omitempty" format:"uuid" doc:"With the same request again, once it is approved: the approval that it got."`
}

// TransformSchema is asked by huma.
func (testToolJSON) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	s.Properties["arguments"].Type = huma.TypeObject
	return s
}

// testedToolJSON is what came of a run.
type testedToolJSON struct {
	Outcome    chat.ToolOutcomeKind `json:"outcome" enum:"succeeded,failed,not_run,unknown" doc:"not_run certainly had no effect; unknown may have had one."`
	Result     json.RawMessage      `json:"result,omitempty"`
	ErrorCode  string               `json:"error_code,omitempty"`
	Error      string               `json:"error,omitempty"`
	HTTPStatus int                  `json:"http_status,omitempty"`
	DurationMS int64                `json:"duration_ms"`
}

type testToolInput struct {
	toolPath

	Body testToolJSON
}

func (s *service) testTool(ctx context.Context, in *testToolInput) (*agreedOutput, error) {
	c := callFrom(ctx)

	d, err := s.store.Tool(ctx, c.workspace(), in.ToolID)
	if err != nil {
		return nil, err
	}

	tool, name, err := toolToTest(&d, in.Body.Tool)
	if err != nil {
		return nil, err
	}

	arguments := in.Body.Arguments
	if len(arguments) == 0 {
		arguments = json.RawMessage(`{}`)
	}

	compiled, err := schema.Compile("schema", tool.Schema)
	if err != nil {
		return nil, err
	}

	if err := compiled.Check(chat.CodeInvalidToolArguments, "arguments", arguments); err != nil {
		return nil, err
	}

	test := chat.ToolTest{Tool: chat.PinTool(&tool), Arguments: arguments, Approval: in.Body.ApprovalID}
	if err := s.store.BeginToolTest(ctx, c.workspace(), c.actor(), test); err != nil {
		return s.orAsk(ctx, err, func() (chat.NewApproval, error) {
			return chat.NewApproval{Kind: chat.ApprovalToolTest, Request: test.Request()}, nil
		})
	}

	began := time.Now()
	o := s.tools.Call(ctx, d, chat.ToolInvocation{Tool: name, Arguments: arguments, WorkspaceID: c.workspace()})

	s.logger.InfoContext(
		ctx,
		"a tool was tested",
		"request_id", c.requestID,
		"tool_id", d.ID,
		"member_id", c.principal.MemberID,
		"outcome", o.Kind,
	)

	return &agreedOutput{Status: http.StatusOK, Body: testedToolJSON{
		Outcome:    o.Kind,
		Result:     o.Result,
		ErrorCode:  o.Code,
		Error:      o.Message,
		HTTPStatus: o.HTTPStatus,
		DurationMS: time.Since(began).Milliseconds(),
	}}, nil
}

// toolToTest finds the tool, and its own name.
func toolToTest(d *chat.ToolDefinition, asked string) (chat.Tool, string, error) {
	tools := d.Tools()
	if d.MCP == nil {
		if cmp.Or(asked, d.Name) != d.Name {
			return chat.Tool{}, "", chat.Invalid("tool", "must be left out: an HTTP tool is one tool")
		}

		return tools[0], d.Name, nil
	}

	i := slices.IndexFunc(d.MCP.Discovered, func(t chat.MCPTool) bool { return t.Name == asked })
	if i < 0 {
		return chat.Tool{}, "", chat.Invalid("tool", "must be a tool of the server, which has %s", shownNames(d))
	}

	return tools[i], asked, nil
}
