package chat

import (
	"encoding/json"
	"strings"
	"time"
)

// ToolDefinition is an HTTP tool, or an MCP server with the tools that it has shown.
type ToolDefinition struct {
	ID          ToolID
	WorkspaceID WorkspaceID
	// Kind is ToolHTTP or ToolMCP.
	Kind ToolKind
	// Name is unique in the workspace, whatever its case. The tools of an MCP server are
	// called "name.tool".
	Name        string
	Description string
	Enabled     bool
	// Assistants may use it; none: every assistant of the workspace.
	Assistants []MemberID
	// Risk and Idempotent are an HTTP tool's, and hold for those tools of an MCP server
	// about which Overrides say nothing.
	Risk       ToolRisk
	Idempotent bool
	Timeout    time.Duration
	Undo       *Undo
	// HTTP or MCP is set, as Kind says.
	HTTP *HTTPTool
	MCP  *MCPServer
	// SecretNames may be referred to in headers as {secret.NAME}.
	SecretNames []string
	// Sealed are the secrets and the signing keys, encrypted.
	Sealed []byte
	// Version rises with every change.
	Version int64
	// Approval is the one that allows a change that takes a second member's word; it is not stored.
	Approval  ApprovalID `json:"-"`
	CreatedAt time.Time
	UpdatedAt time.Time
}

// How long one try of a tool may take.
const (
	DefaultToolTimeout = 10 * time.Second
	MaxToolTimeout     = 2 * time.Minute
)

// HTTPTool is how an HTTP API is called.
type HTTPTool struct {
	Method string `json:"method"`
	// URL may hold {argument} in its path and query; the value is escaped. A property of Schema that is
	// required has the argument's name.
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	// Schema is the JSON Schema of the arguments. Those that the URL does not hold are the
	// JSON body, or the query when the method has no body.
	Schema json.RawMessage `json:"schema"`
	// ResponseSchema is what a good answer fits, nil for anything.
	ResponseSchema json.RawMessage `json:"response_schema,omitempty"`
	// IdempotencyHeader carries a key that is the same for every try of one call.
	IdempotencyHeader string `json:"idempotency_header,omitempty"`
}

// MCPServer is how a server of tools is reached: over streamable HTTP, or as a command.
type MCPServer struct {
	URL     string            `json:"url,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	// OAuth is how a token is got for it, nil for a server that wants none.
	OAuth *MCPOAuth `json:"oauth,omitempty"`
	// Command is the name of a command that the operator has configured.
	Command string `json:"command,omitempty"`
	// Overrides say of single tools what the definition says of all.
	Overrides map[string]MCPOverride `json:"tools,omitempty"`
	// MCPListing is what it has shown, DiscoveredAt when.
	MCPListing
	DiscoveredAt *time.Time `json:"discovered_at,omitempty"`
}

// MCPOAuth is how Handrail proves to a server of tools who it is: by the client credentials grant (RFC 6749,
// 4.4), at the authorization server that the server names (RFC 9728).
type MCPOAuth struct {
	// Issuer is the only authorization server that is given the secret.
	Issuer   string `json:"issuer"`
	ClientID string `json:"client_id"`
	// ClientSecret refers to a secret: {secret.NAME}.
	ClientSecret string `json:"client_secret"`
}

// MCPListing is what a server has shown of its tools.
type MCPListing struct {
	Discovered []MCPTool `json:"discovered,omitempty"`
	// LeftOut are tools that cannot be used here, and why.
	LeftOut []MCPLeftOut `json:"left_out,omitempty"`
}

// MCPLeftOut is a tool of a server that cannot be used here.
type MCPLeftOut struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// MCPOverride is what holds for one tool of a server; nil fields change nothing.
type MCPOverride struct {
	Risk       *ToolRisk `json:"risk,omitempty"`
	Idempotent *bool     `json:"idempotent,omitempty"`
	Undo       *Undo     `json:"undo,omitempty"`
}

// MCPTool is a tool as its server shows it.
type MCPTool struct {
	// Name is the server's, with _ for what no name may have.
	Name string `json:"name"`
	// ServerName is the server's own name for it if that is another one.
	ServerName  string          `json:"server_name,omitempty"`
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"schema"`
	// ReadOnly is the server's hint that the tool changes nothing.
	ReadOnly bool `json:"read_only,omitempty"`
	// Unchecked are the patterns of Schema that only the server checks, because they are in another
	// language of regular expressions: properties.code.pattern.
	Unchecked []string `json:"unchecked,omitempty"`
}

// Where is the address that the definition's calls go to, or the command that takes them.
func (d *ToolDefinition) Where() string {
	switch {
	case d.HTTP != nil:
		return d.HTTP.Method + " " + d.HTTP.URL
	case d.MCP != nil && d.MCP.Command != "":
		return "command " + d.MCP.Command
	case d.MCP != nil:
		return d.MCP.URL
	}

	return ""
}

// Endpoint is Where without a query or whatever else of the address may be a secret. It stands beside a call, for
// people who look for the call at its tool.
func (d *ToolDefinition) Endpoint() string {
	method := ""
	if d.HTTP != nil {
		method = d.HTTP.Method + " "
	}

	base, rest := d.address()
	if base == "" {
		return d.Where()
	}

	if _, host, hasUser := strings.Cut(base, "@"); hasUser {
		scheme, _, _ := strings.Cut(base, "://")
		base = scheme + "://" + host
	}

	if rest != "" {
		rest = "/" + rest
	}

	return method + base + rest
}

// NameAtServer is what the server calls one of its tools, by the name that it is known under here.
func (m *MCPServer) NameAtServer(name string) string {
	for _, tool := range m.Discovered {
		if tool.Name == name && tool.ServerName != "" {
			return tool.ServerName
		}
	}

	return name
}

// RiskOf is the risk of one of the definition's tools, by the name that chats know it under. A
// server need not show the tool any more.
func (d *ToolDefinition) RiskOf(name string) ToolRisk {
	if d.MCP == nil {
		return d.Risk
	}

	_, own, _ := strings.Cut(name, ".")
	if override := d.MCP.Overrides[own]; override.Risk != nil {
		return *override.Risk
	}

	return d.Risk
}

// ToolSecrets are what a definition's secrets are to become: a nil value removes one.
type ToolSecrets map[string]*string

// Tools are what the definition offers to chats.
func (d *ToolDefinition) Tools() []Tool {
	switch {
	case d.HTTP != nil:
		return []Tool{{
			ID:          d.ID,
			Name:        d.Name,
			Description: d.Description,
			Schema:      d.HTTP.Schema,
			Kind:        ToolHTTP,
			Risk:        d.Risk,
			Idempotent:  d.Idempotent || d.Risk == RiskRead,
			Undo:        d.Undo,
			Version:     d.Version,
			Where:       d.Where(),

			URLArguments: URLArguments(d.HTTP.URL),
		}}

	case d.MCP != nil:
		tools := make([]Tool, len(d.MCP.Discovered))
		for i, shown := range d.MCP.Discovered {
			tools[i] = d.mcpTool(shown)
		}

		return tools
	}

	return nil
}

func (d *ToolDefinition) mcpTool(shown MCPTool) Tool {
	t := Tool{
		ID:          d.ID,
		Name:        d.Name + "." + shown.Name,
		Description: shown.Description,
		Schema:      shown.Schema,
		Kind:        ToolMCP,
		Risk:        d.Risk,
		Idempotent:  d.Idempotent,
		Version:     d.Version,
		Where:       d.Where(),
	}

	override := d.MCP.Overrides[shown.Name]
	if override.Risk != nil {
		t.Risk = *override.Risk
	}

	if override.Idempotent != nil {
		t.Idempotent = *override.Idempotent
	}

	t.Idempotent = t.Idempotent || t.Risk == RiskRead
	t.Undo = override.Undo

	return t
}

// ToolFilter narrows a list of definitions; zero fields do not.
type ToolFilter struct {
	Kind ToolKind
	Page
}

// Discovery is what an MCP server has shown that is reached as this version of its tool says.
type Discovery struct {
	ToolID  ToolID
	Version int64
	Listing MCPListing
	At      time.Time
}
