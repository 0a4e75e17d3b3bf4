package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// newToolJSON defines an HTTP tool or an MCP server.
type newToolJSON struct {
	Kind           chat.ToolKind      `json:"kind" enum:"http,mcp" doc:"It can not be changed."`
	Name           string             `json:"name" minLength:"1" maxLength:"64" doc:"Letters, digits, _ and -; unique in the workspace, whatever the case. An MCP server's has at most 32 characters."`
	Description    string             `json:"description,omitempty" maxLength:"2000" doc:"What it does and when to use it; the model is told."`
	Enabled        *bool              `json:"enabled,omitempty" default:"true" doc:"One that is not enabled can be tested, and not called."`
	Assistants     []chat.MemberID    `json:"assistants,omitempty" minimum:"1" maxItems:"100" uniqueItems:"true" doc:"The assistants that may use it; none: all."`
	Risk           chat.ToolRisk      `json:"risk,omitempty" enum:"read,write,approval" default:"write" doc:"read changes nothing outside, and may be repeated. approval holds the whole send until a second person agrees."`
	Idempotent     bool               `json:"idempotent,omitempty" doc:"Running it twice does what once does, for instance because it honours the idempotency key. Only then is a call whose outcome is not known repeated; any other waits for a person."`
	TimeoutSeconds int                `json:"timeout_seconds,omitempty" minimum:"1" maximum:"120" default:"10" doc:"How long one try may take."`
	Undo           *undoJSON          `json:"undo,omitempty" doc:"What takes a call back when its message is not delivered. An MCP server names it in mcp.tools."`
	HTTP           *newHTTPToolJSON   `json:"http,omitempty" doc:"With the kind http."`
	MCP            *newMCPServerJSON  `json:"mcp,omitempty" doc:"With the kind mcp."`
	Secrets        map[string]*string `json:"secrets,omitempty" doc:"Values by names like API_KEY, to stand in headers as {secret.API_KEY}. They are stored encrypted and never shown."`
}

type newHTTPToolJSON struct {
	Method            string            `json:"method" enum:"GET,POST,PUT,PATCH,DELETE"`
	URL               string            `json:"url" minLength:"1" maxLength:"2000" doc:"https, with arguments as {name} in its path and query; the schema must require those. Addresses that are not public are refused unless the operator has allowed them." example:"https://desk.example.com/restaurants/{restaurant}/tables"`
	Headers           map[string]string `json:"headers,omitempty" doc:"At most 30. {secret.NAME} stands for a secret."`
	Schema            json.RawMessage   `json:"schema,omitempty" doc:"The JSON Schema of the arguments: an object, 2020-12, at most 64 KiB, without references to other documents. What the URL does not hold is the JSON body, or the query of GET and DELETE."`
	ResponseSchema    json.RawMessage   `json:"response_schema,omitempty" doc:"The JSON Schema of a good answer; {} takes any. An answer is JSON of at most 256 KiB."`
	IdempotencyHeader string            `json:"idempotency_header,omitempty" maxLength:"100" doc:"The header that carries the key of a call, the same at every try; Idempotency-Key when left out."`
}

type newMCPServerJSON struct {
	URL     string                     `json:"url,omitempty" maxLength:"2000" doc:"Where it speaks streamable HTTP: https, at a public address unless the operator has allowed another." example:"https://mcp.example.com/mcp"`
	Headers map[string]string          `json:"headers,omitempty" doc:"At most 30. {secret.NAME} stands for a secret."`
	Command string                     `json:"command,omitempty" maxLength:"100" doc:"Instead of the URL: the name of a command that the operator has configured, which is started and spoken to over its standard input and output."`
	Tools   map[string]mcpOverrideJSON `json:"tools,omitempty" doc:"What holds for single tools, by their names without the server's."`
}

// toolPatchJSON changes a definition.
type toolPatchJSON struct {
	Name           *string             `json:"name,omitempty" minLength:"1" maxLength:"64"`
	Description    *string             `json:"description,omitempty" maxLength:"2000"`
	Enabled        *bool               `json:"enabled,omitempty"`
	Assistants     *[]chat.MemberID    `json:"assistants,omitempty" minimum:"1" maxItems:"100" uniqueItems:"true" doc:"Replaces the list; empty: all assistants."`
	Risk           *chat.ToolRisk      `json:"risk,omitempty" enum:"read,write,approval"`
	Idempotent     *bool               `json:"idempotent,omitempty"`
	TimeoutSeconds *int                `json:"timeout_seconds,omitempty" minimum:"1" maximum:"120"`
	Undo           *undoPatchJSON      `json:"undo,omitempty" doc:"Replaces what takes a call back; with an empty tool nothing does."`
	HTTP           *httpToolPatchJSON  `json:"http,omitempty"`
	MCP            *mcpServerPatchJSON `json:"mcp,omitempty"`
	Secrets        map[string]*string  `json:"secrets,omitempty" doc:"A value replaces, null removes, and what is not named stays."`
}

type undoPatchJSON struct {
	Tool      string          `json:"tool" maxLength:"129"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
}

// TransformSchema is asked by huma.
func (undoPatchJSON) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	s.Properties["arguments"].Type = huma.TypeObject
	return s
}

type httpToolPatchJSON struct {
	Method            *string            `json:"method,omitempty" enum:"GET,POST,PUT,PATCH,DELETE"`
	URL               *string            `json:"url,omitempty" minLength:"1" maxLength:"2000"`
	Headers           *map[string]string `json:"headers,omitempty" doc:"Replaces all of them."`
	Schema            json.RawMessage    `json:"schema,omitempty"`
	ResponseSchema    json.RawMessage    `json:"response_schema,omitempty" doc:"{} takes any answer."`
	IdempotencyHeader *string            `json:"idempotency_header,omitempty" maxLength:"100" doc:"Empty: Idempotency-Key."`
}

type mcpServerPatchJSON struct {
	URL     *string                     `json:"url,omitempty" maxLength:"2000" doc:"Empty takes it away, for a command instead."`
	Headers *map[string]string          `json:"headers,omitempty" doc:"Replaces all of them."`
	Command *string                     `json:"command,omitempty" maxLength:"100" doc:"Empty takes it away, for a URL instead."`
	Tools   *map[string]mcpOverrideJSON `json:"tools,omitempty" doc:"Replaces what holds for single tools."`
}

// define makes the definition that was asked for.
func (b *newToolJSON) define(ws chat.WorkspaceID) chat.ToolDefinition {
	d := chat.ToolDefinition{
		WorkspaceID: ws, Kind: b.Kind, Name: b.Name, Description: b.Description, Enabled: b.Enabled == nil || *b.Enabled,
		Assistants: b.Assistants, Risk: b.Risk, Idempotent: b.Idempotent, Timeout: time.Duration(b.TimeoutSeconds) * time.Second,
		Undo: readUndo(b.Undo),
	}
	if h := b.HTTP; h != nil {
		d.HTTP = &chat.HTTPTool{
			Method: h.Method, URL: h.URL, Headers: h.Headers, Schema: h.Schema, ResponseSchema: h.ResponseSchema, IdempotencyHeader: h.IdempotencyHeader,
		}
	}
	if m := b.MCP; m != nil {
		d.MCP = &chat.MCPServer{URL: m.URL, Headers: m.Headers, Command: m.Command, Overrides: readOverrides(m.Tools)}
	}
	return d
}

func readUndo(u *undoJSON) *chat.Undo {
	if u == nil {
		return nil
	}
	return &chat.Undo{Tool: u.Tool, Arguments: u.Arguments}
}

func readOverrides(given map[string]mcpOverrideJSON) map[string]chat.MCPOverride {
	overrides := make(map[string]chat.MCPOverride, len(given))
	for name, o := range given {
		overrides[name] = chat.MCPOverride{Risk: o.Risk, Idempotent: o.Idempotent, Undo: readUndo(o.Undo)}
	}
	return overrides
}

// apply changes d: CodeInvalidRequest for what its kind does not have.
func (p *toolPatchJSON) apply(d *chat.ToolDefinition) error {
	set(&d.Name, p.Name)
	set(&d.Description, p.Description)
	set(&d.Enabled, p.Enabled)
	set(&d.Assistants, p.Assistants)
	set(&d.Risk, p.Risk)
	set(&d.Idempotent, p.Idempotent)
	if p.TimeoutSeconds != nil {
		d.Timeout = time.Duration(*p.TimeoutSeconds) * time.Second
	}
	if u := p.Undo; u != nil {
		d.Undo = nil
		if u.Tool != "" {
			d.Undo = &chat.Undo{Tool: u.Tool, Arguments: u.Arguments}
		}
	}
	switch {
	case p.HTTP != nil && d.HTTP == nil:
		return chat.Invalid("http", "belongs to an HTTP tool, and the kind of a definition can not be changed")
	case p.MCP != nil && d.MCP == nil:
		return chat.Invalid("mcp", "belongs to an MCP server, and the kind of a definition can not be changed")
	case p.HTTP != nil:
		p.HTTP.apply(d.HTTP)
	case p.MCP != nil:
		p.MCP.apply(d.MCP)
	}
	return nil
}

func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

func (p *httpToolPatchJSON) apply(h *chat.HTTPTool) {
	set(&h.Method, p.Method)
	set(&h.URL, p.URL)
	set(&h.Headers, p.Headers)
	set(&h.IdempotencyHeader, p.IdempotencyHeader)
	if p.Schema != nil {
		h.Schema = p.Schema
	}
	if p.ResponseSchema != nil {
		h.ResponseSchema = p.ResponseSchema
	}
}

func (p *mcpServerPatchJSON) apply(m *chat.MCPServer) {
	set(&m.URL, p.URL)
	set(&m.Headers, p.Headers)
	set(&m.Command, p.Command)
	if p.Tools != nil {
		m.Overrides = readOverrides(*p.Tools)
	}
}

// prepares tells whether the toolbox must look at the change. What it need not look at can
// be changed while an MCP server is away: above all, the server can be disabled.
func (p *toolPatchJSON) prepares() bool {
	return p.Name != nil || p.Undo != nil || p.HTTP != nil || p.MCP != nil || len(p.Secrets) > 0
}

type createToolInput struct{ Body newToolJSON }

func (s *service) createTool(ctx context.Context, in *createToolInput) (*created[createdToolJSON], error) {
	c := callFrom(ctx)
	d := in.Body.define(c.workspace())
	if err := s.checkAssistants(ctx, d.Assistants); err != nil {
		return nil, err
	}
	if err := s.prepareTool(ctx, &d, in.Body.Secrets); err != nil {
		return nil, err
	}
	secret := ""
	if d.HTTP != nil {
		var err error
		if secret, err = s.tools.SigningSecret(d); err != nil {
			return nil, err
		}
	}
	made, err := s.store.CreateTool(ctx, c.workspace(), c.actor(), d)
	if err != nil {
		return nil, err
	}
	return &created[createdToolJSON]{
		Location: c.path(fmt.Sprintf("/tools/%d", made.ID)),
		Body:     createdToolJSON{ToolDefinitionJSON: presentDefinition(made), SigningSecret: secret},
	}, nil
}

type updateToolInput struct{ Body toolPatchJSON }

func (s *service) updateTool(ctx context.Context, in *updateToolInput) (*toolOutput, error) {
	c := callFrom(ctx)
	d, err := s.pathTool(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.Body.apply(&d); err != nil {
		return nil, err
	}
	if in.Body.Assistants != nil {
		if err := s.checkAssistants(ctx, d.Assistants); err != nil {
			return nil, err
		}
	}
	if in.Body.prepares() {
		if err := s.prepareTool(ctx, &d, in.Body.Secrets); err != nil {
			return nil, err
		}
	}
	changed, err := s.store.UpdateTool(ctx, c.workspace(), c.actor(), d)
	if err != nil {
		return nil, err
	}
	return &toolOutput{Body: presentDefinition(changed)}, nil
}

// prepareTool checks and completes a definition.
func (s *service) prepareTool(ctx context.Context, d *chat.ToolDefinition, secrets chat.ToolSecrets) error {
	if d.Kind == chat.ToolMCP && d.Undo != nil {
		return chat.Invalid("undo", "belongs to an HTTP tool; an MCP server names the undo of each tool in mcp.tools")
	}
	if err := s.tools.Prepare(ctx, d, secrets); err != nil {
		return err
	}
	return s.checkUndos(ctx, d)
}

func (s *service) checkAssistants(ctx context.Context, ids []chat.MemberID) error {
	for i, id := range ids {
		member, err := s.store.Member(ctx, callFrom(ctx).workspace(), id)
		if chat.CodeOf(err) == chat.CodeMemberNotFound || err == nil && member.Kind != chat.KindAssistant {
			return chat.Invalid(fmt.Sprintf("assistants[%d]", i), "must be the id of an assistant of the workspace")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkUndos wants the tools that take calls back to exist. A typo found here costs a
// second, one found when a message could not be delivered costs a booking that stays.
func (s *service) checkUndos(ctx context.Context, d *chat.ToolDefinition) error {
	wanted := map[string]string{}
	if d.Undo != nil {
		wanted["undo.tool"] = d.Undo.Tool
	}
	if d.MCP != nil {
		for name, override := range d.MCP.Overrides {
			if override.Undo != nil {
				wanted["mcp.tools."+name+".undo.tool"] = override.Undo.Tool
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	names, err := s.toolNames(ctx, d)
	if err != nil {
		return err
	}
	for field, name := range wanted {
		if !slices.Contains(names, name) {
			return chat.Invalid(field, "must be the name of a tool of the workspace or a built-in one; define that one first")
		}
	}
	return nil
}

// toolNames are the names of all tools of the workspace, with d as it is to be.
func (s *service) toolNames(ctx context.Context, d *chat.ToolDefinition) ([]string, error) {
	var names []string
	add := func(tools []chat.Tool) {
		for _, t := range tools {
			names = append(names, t.Name)
		}
	}
	add(chat.Builtins())
	add(d.Tools())
	page := chat.Page{Limit: maxToolsPage}
	for {
		part, err := s.store.Tools(ctx, callFrom(ctx).workspace(), chat.ToolFilter{Page: page})
		if err != nil {
			return nil, err
		}
		for i := range part.Items {
			if part.Items[i].ID != d.ID {
				add(part.Items[i].Tools())
			}
		}
		if page.Cursor = part.NextCursor; page.Cursor == "" {
			return names, nil
		}
	}
}

const maxToolsPage = 100
