package toolbox

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"

	"handrail/chat"
	"handrail/schema"
)

// toolName is that of OpenAI's functions.
var (
	toolName   = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
	serverName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,32}$`)
)

const maxDescription = 2000

// Prepare is [Toolbox.Check], and then [Toolbox.DiscoverAnew] of an MCP server.
func (b *Toolbox) Prepare(ctx context.Context, d *chat.ToolDefinition, secrets chat.ToolSecrets) error {
	if err := b.Check(ctx, d, secrets); err != nil || d.MCP == nil {
		return err
	}

	return b.DiscoverAnew(ctx, d)
}

// Check checks a definition that is to be stored, and completes it: new secrets are sealed beside
// those it has, and an HTTP tool gets a signing key. It sends nothing to the tool's address. The
// errors name the field: invalid_request, address_refused, encryption_not_configured.
func (b *Toolbox) Check(ctx context.Context, d *chat.ToolDefinition, secrets chat.ToolSecrets) error {
	if err := checkCommon(d); err != nil {
		return err
	}

	s, err := b.change(d, secrets)
	if err != nil {
		return err
	}

	if d.HTTP != nil {
		err = b.prepareHTTP(ctx, d.HTTP, &s)
	} else {
		err = b.prepareMCP(ctx, d.MCP, &s)
	}

	if err != nil {
		return err
	}

	return b.seal(d, &s)
}

// DiscoverAnew is [Toolbox.Discover] in a session of its own: the one that there may be is with the server as it
// was.
func (b *Toolbox) DiscoverAnew(ctx context.Context, d *chat.ToolDefinition) error {
	changed := *d
	changed.ID = 0

	return b.Discover(ctx, &changed)
}

func checkCommon(d *chat.ToolDefinition) error {
	if d.Timeout == 0 {
		d.Timeout = chat.DefaultToolTimeout
	}

	names := toolName
	if d.Kind == chat.ToolMCP {
		names = serverName
	}

	builtin := func(t chat.Tool) bool { return strings.EqualFold(t.Name, d.Name) }
	switch {
	case (d.Kind == chat.ToolHTTP) != (d.HTTP != nil),
		(d.Kind == chat.ToolMCP) != (d.MCP != nil),
		(d.HTTP == nil) == (d.MCP == nil):
		return chat.Invalid("kind", "must be http with the field http, or mcp with the field mcp")
	case !names.MatchString(d.Name):
		return chat.Invalid("name", "must be letters, digits, _ and -: up to 64 for a tool, up to 32 for an MCP server")
	case slices.ContainsFunc(chat.Builtins(), builtin):
		return chat.Invalid("name", "must not be that of a built-in tool")
	case utf8.RuneCountInString(d.Description) > maxDescription:
		return chat.Invalid("description", "must be at most %d characters", maxDescription)
	case d.Timeout < time.Second || d.Timeout > chat.MaxToolTimeout:
		return chat.Invalid("timeout_seconds", "must be 1 to %d", int(chat.MaxToolTimeout.Seconds()))
	case !slices.Contains([]chat.ToolRisk{chat.RiskRead, chat.RiskWrite, chat.RiskApproval}, d.Risk):
		return chat.Invalid("risk", "must be read, write or approval")
	}

	return checkUndo("undo", d.Undo)
}

func checkUndo(field string, u *chat.Undo) error {
	switch {
	case u == nil:
		return nil
	case u.Tool == "":
		return chat.Invalid(field+".tool", "must be the name of a tool")
	case len(u.Arguments) > 0 && !isObject(u.Arguments):
		return chat.Invalid(field+".arguments", "must be an object, like {\"id\":\"$result.id\"}")
	}

	return nil
}

func isObject(document json.RawMessage) bool {
	var object map[string]any
	return json.Unmarshal(document, &object) == nil && object != nil
}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

func (b *Toolbox) prepareHTTP(ctx context.Context, t *chat.HTTPTool, s *sealed) error {
	if !slices.Contains(methods, t.Method) {
		return chat.Invalid("http.method", "must be one of %s", strings.Join(methods, ", "))
	}

	if err := checkHeaders("http.headers", t.Headers, s); err != nil {
		return err
	}

	if name := t.IdempotencyHeader; name != "" &&
		(!httpguts.ValidHeaderFieldName(name) || slices.Contains(ours, strings.ToLower(name))) {
		return chat.Invalid("http.idempotency_header", "must be the name of a header, and none that Handrail sets")
	}

	if len(t.Schema) == 0 {
		t.Schema = json.RawMessage(`{"type":"object"}`)
	}

	if _, err := schema.Compile("http.schema", t.Schema); err != nil {
		return err
	}

	if t.ResponseSchema != nil {
		if _, err := schema.Compile("http.response_schema", t.ResponseSchema); err != nil {
			return err
		}
	}

	if err := checkPlaceholders(t); err != nil {
		return err
	}

	return b.guard.checkURL(ctx, "http.url", chat.FillURL(t.URL, func(string) string { return "x" }))
}

// checkPlaceholders wants every argument in the URL to be one that is always there.
func checkPlaceholders(t *chat.HTTPTool) error {
	var arguments struct {
		Type     string   `json:"type"`
		Required []string `json:"required"`
	}
	if json.Unmarshal(t.Schema, &arguments) != nil || arguments.Type != "object" {
		return chat.Invalid("http.schema", `must describe an object: {"type":"object","properties":{…}}`)
	}

	place := strings.Index(t.URL, "://")
	if end := strings.IndexAny(t.URL[max(place+3, 0):], "/?"); place >= 0 {
		host := t.URL[place+3:]
		if end >= 0 {
			host = host[:end]
		}

		if strings.ContainsAny(host, "{}") {
			return chat.Invalid("http.url", "must have arguments in its path and query only")
		}
	}

	for _, name := range chat.URLArguments(t.URL) {
		if !slices.Contains(arguments.Required, name) {
			return chat.Invalid("http.url", "must name arguments that http.schema requires; {%s} is none", name)
		}
	}

	if strings.ContainsAny(chat.FillURL(t.URL, func(string) string { return "" }), "{}") {
		return chat.Invalid("http.url", "must have an end } for each {; a brace that is no argument is %%7B or %%7D")
	}

	return nil
}

// ours are the headers that a definition cannot set.
var ours = []string{
	"host", "content-length", "content-type", "transfer-encoding", "connection", "te", "trailer", "upgrade",
	"user-agent",
	"webhook-id", "webhook-timestamp", "webhook-signature", "handrail-workspace", "handrail-chat", "handrail-message",
}

// repeated are the headers with which net/http sends a request again by itself, over a
// connection that has broken.
var repeated = []string{"idempotency-key", "x-idempotency-key"}

const maxHeaders = 30

func checkHeaders(field string, headers map[string]string, s *sealed) error {
	if len(headers) > maxHeaders {
		return chat.Invalid(field, "must be at most %d", maxHeaders)
	}

	for name, value := range headers {
		at := field + "." + name
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			return chat.Invalid(at, "must be the name of a header")
		case slices.Contains(ours, strings.ToLower(name)):
			return chat.Invalid(at, "is set by Handrail; leave it out")
		case !httpguts.ValidHeaderFieldValue(value):
			return chat.Invalid(at, "must be one line")
		}
	}

	filled, err := fillHeaders(headers, s.Values)
	if err != nil {
		e := chat.AsError(err)
		name := strings.TrimPrefix(e.Fields[0].Field, "headers.")

		return chat.Invalid(field+"."+name, "%s; add it to secrets", e.Fields[0].Message)
	}

	for name, value := range filled {
		if !httpguts.ValidHeaderFieldValue(value) {
			return chat.Invalid(field+"."+name, "must be one line with its secrets too")
		}
	}

	return nil
}

// prepareMCP checks how a server is reached.
func (b *Toolbox) prepareMCP(ctx context.Context, m *chat.MCPServer, s *sealed) error {
	if (m.URL == "") == (m.Command == "") {
		return chat.Invalid("mcp.url", "must be given, or else mcp.command, and not both")
	}

	for name, override := range m.Overrides {
		if override.Risk != nil &&
			!slices.Contains([]chat.ToolRisk{chat.RiskRead, chat.RiskWrite, chat.RiskApproval}, *override.Risk) {
			return chat.Invalid("mcp.tools."+name+".risk", "must be read, write or approval")
		}

		if err := checkUndo("mcp.tools."+name+".undo", override.Undo); err != nil {
			return err
		}
	}

	if m.Command != "" {
		if _, ok := b.config.Commands[m.Command]; !ok {
			return chat.Invalid(
				"mcp.command",
				"must be the name of a command that the operator has configured in HANDRAIL_MCP_COMMANDS",
			)
		}

		if len(m.Headers) > 0 {
			return chat.Invalid("mcp.headers", "must not stand beside mcp.command, which has no headers")
		}

		if m.OAuth != nil {
			return chat.Invalid("mcp.oauth", "must not stand beside mcp.command, which needs no token")
		}

		return nil
	}

	if err := checkHeaders("mcp.headers", m.Headers, s); err != nil {
		return err
	}

	for name := range m.Headers {
		if slices.Contains(repeated, strings.ToLower(name)) {
			return chat.Invalid(
				"mcp.headers."+name,
				"must be left out: it is for single calls, and would have requests repeated",
			)
		}
	}

	if err := b.checkOAuth(ctx, m, s); err != nil {
		return err
	}

	return b.guard.checkURL(ctx, "mcp.url", m.URL)
}
