package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// newToolJSON defines an HTTP tool or an MCP server.
type newToolJSON struct {
	Kind           chat.ToolKind     `json:"kind" enum:"http,mcp" doc:"It cannot be changed later."`
	Name           string            `json:"name" minLength:"1" maxLength:"64" doc:"Letters, digits, _ and -, up to 64, for an MCP server 32; unique in the workspace whatever its case, and none of a built-in tool."`
	Description    string            `json:"description,omitempty" maxLength:"2000" doc:"What it is for: models read it."`
	Enabled        *bool             `json:"enabled,omitempty" default:"true"`
	Assistants     []chat.MemberID   `json:"assistants,omitempty" maxItems:"100" uniqueItems:"true" doc:"Who may use it; every assistant of the workspace when empty."`
	Risk           chat.ToolRisk     `json:"risk,omitempty" enum:"read,write,approval" default:"write" doc:"read changes nothing outside, write does, approval runs only when a second person has agreed. Of an MCP server: of all its tools that mcp.tools does not name."`
	Idempotent     bool              `json:"idempotent,omitempty" doc:"Whether running it twice does what once does, or it honours the idempotency key. If not, a call whose outcome is not known waits for a person."`
	TimeoutSeconds int               `json:"timeout_seconds,omitempty" minimum:"1" maximum:"120" default:"10" doc:"How long one try may take."`
	Undo           *undoJSON         `json:"undo,omitempty" doc:"What takes a call back when its message is not delivered. Those of a server's tools stand in mcp.tools."`
	HTTP           *httpToolJSON     `json:"http,omitempty" doc:"With the kind http."`
	MCP            *NewMCPServerJSON `json:"mcp,omitempty" doc:"With the kind mcp."`
	Secrets        secretsJSON       `json:"secrets,omitempty"`
}

// toolPatchJSON changes a definition.
type toolPatchJSON struct {
	Kind           *chat.ToolKind    `json:"kind,omitempty" enum:"http,mcp" doc:"May be repeated, and not changed."`
	Name           *string           `json:"name,omitempty" minLength:"1" maxLength:"64"`
	Description    *string           `json:"description,omitempty" nullable:"true" maxLength:"2000"`
	Enabled        *bool             `json:"enabled,omitempty"`
	Assistants     *[]chat.MemberID  `json:"assistants,omitempty" maxItems:"100" uniqueItems:"true"`
	Risk           *chat.ToolRisk    `json:"risk,omitempty" enum:"read,write,approval"`
	Idempotent     *bool             `json:"idempotent,omitempty"`
	TimeoutSeconds *int              `json:"timeout_seconds,omitempty" minimum:"1" maximum:"120"`
	Undo           *undoJSON         `json:"undo,omitempty" doc:"An empty tool takes the undo away."`
	HTTP           *httpToolJSON     `json:"http,omitempty" doc:"Replaces all of it."`
	MCP            *NewMCPServerJSON `json:"mcp,omitempty" doc:"Replaces all of it."`
	Secrets        secretsJSON       `json:"secrets,omitempty"`
}

// secretsJSON are secrets by name: a value replaces, null removes.
type secretsJSON map[string]*string

// Schema is asked by huma.
func (secretsJSON) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeString, Nullable: true},
		Description: "Names like API_KEY, and values, which are never shown. null removes one, what is not named stays.",
	}
}

func (in *newToolJSON) domain() (chat.ToolDefinition, error) {
	d := chat.ToolDefinition{
		Kind:        in.Kind,
		Name:        in.Name,
		Description: in.Description,
		Enabled:     valueOr(in.Enabled, true),
		Assistants:  in.Assistants,
		Risk:        in.Risk,
		Idempotent:  in.Idempotent,
		Timeout:     time.Duration(in.TimeoutSeconds) * time.Second,
		Undo:        in.Undo.domain(),
		HTTP:        in.HTTP.domain(),
		MCP:         in.MCP.domain(nil),
	}

	return d, checkKind(&d)
}

// apply changes a definition that was stored.
func (in *toolPatchJSON) apply(d *chat.ToolDefinition) error {
	if valueOr(in.Kind, d.Kind) != d.Kind {
		return chat.Invalid("kind", "cannot be changed; delete the tool and define another one")
	}

	d.Name = valueOr(in.Name, d.Name)
	d.Description = valueOr(in.Description, d.Description)
	d.Enabled = valueOr(in.Enabled, d.Enabled)
	d.Assistants = valueOr(in.Assistants, d.Assistants)
	d.Risk = valueOr(in.Risk, d.Risk)

	d.Idempotent = valueOr(in.Idempotent, d.Idempotent)
	if in.TimeoutSeconds != nil {
		d.Timeout = time.Duration(*in.TimeoutSeconds) * time.Second
	}

	if in.Undo != nil {
		d.Undo = in.Undo.domain()
		if d.Undo.Tool == "" {
			d.Undo = nil
		}
	}

	if in.HTTP != nil {
		d.HTTP = in.HTTP.domain()
	}

	if in.MCP != nil {
		d.MCP = in.MCP.domain(d.MCP)
	}

	return checkKind(d)
}

// needsPreparing reports whether the toolbox must look at the change, and so at the server:
// one that is away can still be disabled, or be made to need approval.
func (in *toolPatchJSON) needsPreparing() bool {
	return in.Name != nil || in.Undo != nil || in.HTTP != nil || in.MCP != nil || len(in.Secrets) > 0
}

func (u *undoJSON) domain() *chat.Undo {
	if u == nil {
		return nil
	}

	return &chat.Undo{Tool: u.Tool, Arguments: u.Arguments}
}

func (h *httpToolJSON) domain() *chat.HTTPTool {
	if h == nil {
		return nil
	}

	return new(chat.HTTPTool(*h))
}

// domain keeps what the server has shown before.
func (m *NewMCPServerJSON) domain(before *chat.MCPServer) *chat.MCPServer {
	if m == nil {
		return nil
	}

	server := &chat.MCPServer{URL: m.URL, Headers: m.Headers, Command: m.Command}
	if m.OAuth != nil {
		server.OAuth = new(chat.MCPOAuth(*m.OAuth))
	}

	if before != nil {
		server.MCPListing = before.MCPListing
		server.DiscoveredAt = before.DiscoveredAt
	}

	for name, o := range m.Tools {
		if server.Overrides == nil {
			server.Overrides = map[string]chat.MCPOverride{}
		}

		server.Overrides[name] = chat.MCPOverride{Risk: o.Risk, Idempotent: o.Idempotent, Undo: o.Undo.domain()}
	}

	return server
}

// checkKind wants of http and mcp the one that the kind names.
func checkKind(d *chat.ToolDefinition) error {
	http := d.Kind == chat.ToolHTTP
	switch {
	case http && d.MCP != nil:
		return chat.Invalid("mcp", "must not be given with the kind http")
	case !http && d.HTTP != nil:
		return chat.Invalid("http", "must not be given with the kind mcp")
	case http && d.HTTP == nil:
		return chat.Invalid("http", "is required with the kind http")
	case !http && d.MCP == nil:
		return chat.Invalid("mcp", "is required with the kind mcp")
	case !http && d.Undo != nil:
		return chat.Invalid("undo", "must not be given with the kind mcp: each tool has its own, in mcp.tools")
	}

	return nil
}

// checkNames wants the assistants and tools that a prepared definition names to exist.
func (s *service) checkNames(ctx context.Context, d *chat.ToolDefinition) error {
	if err := s.checkAssistants(ctx, d.Assistants); err != nil {
		return err
	}

	undos, err := undosByField(d)
	if err != nil {
		return err
	}

	var known map[string]chat.Tool

	for _, field := range slices.Sorted(maps.Keys(undos)) {
		u := undos[field]
		if u == nil {
			continue
		}

		if len(u.Arguments) > 0 && !isObject(u.Arguments) {
			return chat.Invalid(field+".arguments", `must be an object, like {"id":"$result.id"}`)
		}

		if known == nil {
			if known, err = s.toolsByName(ctx, d); err != nil {
				return err
			}
		}

		undo, isKnown := known[u.Tool]
		if !isKnown {
			return chat.Invalid(field+".tool", "must be a built-in tool or one of this workspace; define it first")
		}

		if err := chat.CheckUndoRisk(field+".tool", undoneRisk(d, field), undo.Risk); err != nil {
			return err
		}
	}

	return nil
}

// undosByField are what takes back the calls of a definition's tools, by the field that it stands in. An
// override must be of a tool that the server has.
func undosByField(d *chat.ToolDefinition) (map[string]*chat.Undo, error) {
	undos := map[string]*chat.Undo{"undo": d.Undo}
	if d.MCP == nil {
		return undos, nil
	}

	// A server that waits for a second member was not asked yet.
	isAsked := d.MCP.DiscoveredAt != nil

	for _, name := range slices.Sorted(maps.Keys(d.MCP.Overrides)) {
		if isAsked && !slices.ContainsFunc(d.MCP.Discovered, func(t chat.MCPTool) bool { return t.Name == name }) {
			return nil, chat.Invalid("mcp.tools."+name, "must be a tool of the server, which has %s", shownNames(d))
		}

		undos["mcp.tools."+name+".undo"] = d.MCP.Overrides[name].Undo
	}

	return undos, nil
}

// undoneRisk is the risk of the calls that the undo of a field takes back.
func undoneRisk(d *chat.ToolDefinition, field string) chat.ToolRisk {
	name := strings.TrimSuffix(strings.TrimPrefix(field, "mcp.tools."), ".undo")
	return d.RiskOf(d.Name + "." + name)
}

func isObject(document json.RawMessage) bool {
	var object map[string]json.RawMessage
	return json.Unmarshal(document, &object) == nil && object != nil
}

func (s *service) checkAssistants(ctx context.Context, ids []chat.MemberID) error {
	for i, id := range ids {
		member, err := s.store.Member(ctx, callFrom(ctx).workspace(), id)
		if err != nil && chat.CodeOf(err) != chat.CodeMemberNotFound {
			return err
		}

		if err != nil || member.Kind != chat.KindAssistant {
			return chat.Invalid(fmt.Sprintf("assistants[%d]", i), "must be the id of an assistant of this workspace")
		}
	}

	return nil
}

// toolsByName are all tools that there will be once d is stored.
func (s *service) toolsByName(ctx context.Context, d *chat.ToolDefinition) (map[string]chat.Tool, error) {
	tools := chat.Builtins()

	filter := chat.ToolFilter{Page: chat.Page{Limit: maxToolPage}}
	for {
		part, err := s.store.Tools(ctx, callFrom(ctx).workspace(), filter)
		if err != nil {
			return nil, err
		}

		for _, other := range part.Items {
			if other.ID != d.ID {
				tools = append(tools, other.Tools()...)
			}
		}

		if filter.Cursor = part.NextCursor; filter.Cursor == "" {
			break
		}
	}

	byName := make(map[string]chat.Tool, len(tools))
	for _, t := range append(tools, d.Tools()...) {
		byName[t.Name] = t
	}

	return byName, nil
}

// maxToolPage is the most definitions that are read at once.
const maxToolPage = 100

// shownNames are the names of a server's tools at the server.
func shownNames(d *chat.ToolDefinition) string {
	names := make([]string, len(d.MCP.Discovered))
	for i, t := range d.MCP.Discovered {
		names[i] = t.Name
	}

	if len(names) == 0 {
		return "none"
	}

	return strings.Join(names, ", ")
}
