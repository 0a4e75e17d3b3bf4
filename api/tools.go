package api

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// toolJSON is something that may stand in tool_calls.
type toolJSON struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"schema"`
	Kind        chat.ToolKind   `json:"kind" enum:"builtin,http,mcp"`
	Risk        chat.ToolRisk   `json:"risk" enum:"read,write,approval"`
	Idempotent  bool            `json:"idempotent" doc:"It is run again when the outcome of a try is not known."`
	ToolID      chat.ToolID     `json:"tool_id,omitempty" doc:"The definition behind it, at /tools; a built-in tool has none."`
	Undo        *undoJSON       `json:"undo,omitempty"`
}

func presentTool(t chat.Tool) toolJSON {
	return toolJSON{
		Name:        t.Name,
		Description: t.Description,
		Schema:      t.Schema,
		Kind:        t.Kind,
		Risk:        t.Risk,
		Idempotent:  t.Idempotent,
		ToolID:      t.ID,
		Undo:        presentUndo(t.Undo),
	}
}

func (s *service) listChatTools(ctx context.Context, in *pagedInput) (*listOutput[toolJSON], error) {
	c := callFrom(ctx)

	all, err := s.store.ChatTools(ctx, c.workspace(), c.chat.ID)
	if err != nil {
		return nil, err
	}

	return pageOf(all, in.Paging, func(t chat.Tool) string { return t.Name }, presentTool)
}

// ToolDefinitionJSON is an HTTP tool or an MCP server. The type is exported because huma
// finds the fields of what is embedded in exported types only.
type ToolDefinitionJSON struct {
	ID             chat.ToolID     `json:"id"`
	Kind           chat.ToolKind   `json:"kind" enum:"http,mcp"`
	Name           string          `json:"name"`
	Description    string          `json:"description"`
	Enabled        bool            `json:"enabled"`
	Assistants     []chat.MemberID `json:"assistants" doc:"Who may use it; everybody when empty."`
	Risk           chat.ToolRisk   `json:"risk" enum:"read,write,approval"`
	Idempotent     bool            `json:"idempotent"`
	TimeoutSeconds int             `json:"timeout_seconds" doc:"How long one try may take."`
	Undo           *undoJSON       `json:"undo,omitempty"`
	HTTP           *httpToolJSON   `json:"http,omitempty"`
	MCP            *mcpServerJSON  `json:"mcp,omitempty"`
	Secrets        []string        `json:"secrets" doc:"The names; values never come back."`
	CreatedAt      time.Time       `json:"created_at"`
	UpdatedAt      time.Time       `json:"updated_at"`
}

// createdToolJSON is a definition with what is shown once.
type createdToolJSON struct {
	ToolDefinitionJSON
	SigningSecret string `json:"signing_secret,omitempty" doc:"With an HTTP tool: what it verifies requests with. Never shown again."`
}

// undoJSON is what takes the effect of a call back.
type undoJSON struct {
	Tool      string          `json:"tool" maxLength:"97" doc:"A built-in tool, or one of this workspace." example:"cancel_table"`
	Arguments json.RawMessage `json:"arguments,omitempty" doc:"A string $arguments.name or $result.name stands for that value of the call; without arguments the tool gets those of the call."`
}

// TransformSchema is asked by huma.
func (undoJSON) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	s.Properties["arguments"].Type = huma.TypeObject
	return s
}

// httpToolJSON is how an HTTP API is called.
type httpToolJSON struct {
	Method            string            `json:"method" enum:"GET,POST,PUT,PATCH,DELETE"`
	URL               string            `json:"url" minLength:"1" maxLength:"2000" doc:"{argument} in the path and the query is replaced by the escaped value; the schema must require it." example:"https://desk.example.com/restaurants/{restaurant}/tables"`
	Headers           map[string]string `json:"headers,omitempty"`
	Schema            json.RawMessage   `json:"schema,omitempty" doc:"The JSON Schema (2020-12) of the arguments: an object, at most 64 KiB, references into itself only."`
	ResponseSchema    json.RawMessage   `json:"response_schema,omitempty" doc:"The JSON Schema that a good answer fits; anything does when left out."`
	IdempotencyHeader string            `json:"idempotency_header,omitempty" maxLength:"100" doc:"Carries a key for all tries of one call; Idempotency-Key when left out."`
}

// mcpServerJSON is a server of tools.
type mcpServerJSON struct {
	NewMCPServerJSON
	Discovered   []mcpToolJSON    `json:"discovered" doc:"The tools that it has shown."`
	LeftOut      []mcpLeftOutJSON `json:"left_out" doc:"Tools that it has shown and that cannot be used, and why: at most 100."`
	DiscoveredAt *time.Time       `json:"discovered_at,omitempty"`
}

type mcpLeftOutJSON struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// NewMCPServerJSON is how a server of tools is reached. The type is exported because huma
// finds the fields of what is embedded in exported types only.
type NewMCPServerJSON struct {
	URL     string                     `json:"url,omitempty" maxLength:"2000" doc:"Of streamable HTTP; the addresses are those of http.url. Either url or command." example:"https://mcp.example.com/mcp"`
	Headers map[string]string          `json:"headers,omitempty"`
	OAuth   *mcpOAuthJSON              `json:"oauth,omitempty" doc:"How a token is got, by the client credentials grant."`
	Command string                     `json:"command,omitempty" maxLength:"100" doc:"A program that the operator has configured."`
	Tools   map[string]mcpOverrideJSON `json:"tools,omitempty" doc:"What holds for single tools, by their name at the server, instead of risk and idempotent of all."`
}

type mcpOAuthJSON struct {
	Issuer       string `json:"issuer" minLength:"1" maxLength:"2000" doc:"The authorization server. The secret goes to no other." example:"https://auth.example.com"`
	ClientID     string `json:"client_id" minLength:"1" maxLength:"500"`
	ClientSecret string `json:"client_secret" minLength:"1" maxLength:"100" doc:"A reference to a secret: {secret.NAME}." example:"{secret.CLIENT_SECRET}"`
}

type mcpOverrideJSON struct {
	Risk       *chat.ToolRisk `json:"risk,omitempty" enum:"read,write,approval"`
	Idempotent *bool          `json:"idempotent,omitempty"`
	Undo       *undoJSON      `json:"undo,omitempty"`
}

type mcpToolJSON struct {
	Name        string          `json:"name" doc:"The server's, with _ for what no name may have."`
	ServerName  string          `json:"server_name,omitempty" doc:"The server's own name, if it is another."`
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"schema"`
	ReadOnly    bool            `json:"read_only,omitempty" doc:"What the server says of itself; it is not relied on."`
	Unchecked   []string        `json:"unchecked,omitempty" doc:"Patterns that the server checks and Handrail cannot."`
}

func presentUndo(u *chat.Undo) *undoJSON {
	if u == nil {
		return nil
	}

	return &undoJSON{Tool: u.Tool, Arguments: u.Arguments}
}

func presentDefinition(d chat.ToolDefinition) ToolDefinitionJSON {
	shown := ToolDefinitionJSON{
		ID:             d.ID,
		Kind:           d.Kind,
		Name:           d.Name,
		Description:    d.Description,
		Enabled:        d.Enabled,
		Assistants:     orEmpty(d.Assistants),
		Risk:           d.Risk,
		Idempotent:     d.Idempotent,
		TimeoutSeconds: int(d.Timeout / time.Second),
		Undo:           presentUndo(d.Undo),
		Secrets:        orEmpty(d.SecretNames),
		CreatedAt:      d.CreatedAt.UTC(),
		UpdatedAt:      d.UpdatedAt.UTC(),
	}

	if d.HTTP != nil {
		shown.HTTP = new(httpToolJSON(*d.HTTP))
	}

	if d.MCP != nil {
		shown.MCP = presentServer(d.MCP)
	}

	return shown
}

func orEmpty[T any](list []T) []T { return append([]T{}, list...) }

func presentServer(m *chat.MCPServer) *mcpServerJSON {
	shown := &mcpServerJSON{
		NewMCPServerJSON: NewMCPServerJSON{URL: m.URL, Headers: m.Headers, Command: m.Command},
		Discovered:       make([]mcpToolJSON, len(m.Discovered)),
		LeftOut:          make([]mcpLeftOutJSON, len(m.LeftOut)),
		DiscoveredAt:     chat.UTC(m.DiscoveredAt),
	}

	if m.OAuth != nil {
		shown.OAuth = new(mcpOAuthJSON(*m.OAuth))
	}

	for i, t := range m.LeftOut {
		shown.LeftOut[i] = mcpLeftOutJSON(t)
	}

	for i, t := range m.Discovered {
		shown.Discovered[i] = mcpToolJSON(t)
	}

	for _, name := range slices.Sorted(maps.Keys(m.Overrides)) {
		if shown.Tools == nil {
			shown.Tools = map[string]mcpOverrideJSON{}
		}

		o := m.Overrides[name]
		shown.Tools[name] = mcpOverrideJSON{Risk: o.Risk, Idempotent: o.Idempotent, Undo: presentUndo(o.Undo)}
	}

	return shown
}
