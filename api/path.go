package api

import (
	"cmp"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/google/uuid"

	"handrail/chat"
)

// basePath is followed by the workspace's id and what is in the workspace.
const basePath = "/api/v2/w/"

// workspacePath begins the path of every route of a workspace.
const workspacePath = basePath + "{workspace_uuid}"

// pathParameter is one id in the paths of routes, of the type that handlers take it as.
type pathParameter[ID any] struct {
	name    string
	doc     string
	example any
	schema  huma.Schema
	// parse reads the text in the path. Its error names field.
	parse func(field, text string) (ID, error)
}

// numberParameter returns a parameter that is a 64-bit integer from 1.
func numberParameter[ID ~int64](name, doc string, example int) pathParameter[ID] {
	return pathParameter[ID]{
		name:    name,
		doc:     doc,
		example: example,
		schema:  huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: new(1.0)},
		parse: func(field, text string) (ID, error) {
			n, err := parseNumber(field, text)
			return ID(n), err
		},
	}
}

// uuidParameter returns a parameter that is a UUID.
func uuidParameter[ID ~string](name, doc, example string) pathParameter[ID] {
	return pathParameter[ID]{
		name:    name,
		doc:     doc,
		example: example,
		schema:  huma.Schema{Type: huma.TypeString, Format: "uuid"},
		parse: func(field, text string) (ID, error) {
			id, err := parseUUID(field, text)
			return ID(id), err
		},
	}
}

// textParameter returns a parameter that is a short text.
func textParameter(name, doc, example string) pathParameter[string] {
	return pathParameter[string]{
		name:    name,
		doc:     doc,
		example: example,
		schema:  huma.Schema{Type: huma.TypeString, MaxLength: new(maxText)},
		parse:   parseText,
	}
}

// read returns the id in the path of a request.
func (p pathParameter[ID]) read(ctx huma.Context) (ID, error) {
	return p.parse("path."+p.name, ctx.Param(p.name))
}

// readValue is read for callers that do not know the type of the id.
func (p pathParameter[ID]) readValue(ctx huma.Context) (reflect.Value, error) {
	id, err := p.read(ctx)
	return reflect.ValueOf(id), err
}

func (p pathParameter[ID]) idType() reflect.Type { return reflect.TypeFor[ID]() }

func (p pathParameter[ID]) document() *huma.Param {
	return &huma.Param{
		Name:        p.name,
		In:          "path",
		Required:    true,
		Description: p.doc,
		Schema:      &p.schema,
		Example:     p.example,
	}
}

// anyPathParameter is a pathParameter of any type.
type anyPathParameter interface {
	idType() reflect.Type
	readValue(ctx huma.Context) (reflect.Value, error)
	document() *huma.Param
}

// The parameters that checks read before a handler runs.
var (
	chatParameter     = numberParameter[chat.ChatID]("chat_id", "The chat.", 7)
	deliveryParameter = uuidParameter[chat.DeliveryID]("delivery_id", "The delivery.", exampleDelivery)
	actionParameter   = uuidParameter[chat.ActionID]("action_id", "The action.", exampleAction)
	requestParameter  = uuidParameter[chat.ContributorRequestID](
		"request_id",
		"The contributor request.",
		exampleContributorRequest,
	)
	workspaceParameter = uuidParameter[chat.WorkspaceID](
		"workspace_uuid",
		"The workspace that the key belongs to.",
		exampleWorkspace,
	)
)

// pathParameters are all parameters by their names in paths.
var pathParameters = indexParameters(
	workspaceParameter,
	chatParameter,
	deliveryParameter,
	actionParameter,
	requestParameter,
	numberParameter[chat.ParticipantID]("participant_id", "One member's place in the chat.", 12),
	uuidParameter[chat.MessageID]("message_uuid", "The message's uuid.", exampleMessage),
	numberParameter[chat.MemberID]("member_id", "The member.", 42),
	externalIDParameter,
	numberParameter[chat.LabelID]("label_id", "The label.", 3),
	numberParameter[chat.PhoneNumberID]("phone_number_id", "The phone number.", 1),
	numberParameter[chat.InboxID]("inbox_id", "The inbox.", 1),
	uuidParameter[chat.ActionID]("bulk_retry_id", "The bulk retry.", exampleBulk),
	uuidParameter[chat.SummaryID]("summary_id", "The version of the summary.", exampleSummary),
	numberParameter[chat.NotificationRuleID]("notification_rule_id", "The notification rule.", 3),
	numberParameter[chat.WebhookEndpointID]("webhook_endpoint_id", "The webhook endpoint.", 3),
	uuidParameter[chat.EventID]("event_id", "The event.", exampleEventID),
	numberParameter[chat.ToolID]("tool_id", "The tool or the MCP server.", 4),
	inboundParameter,
	uuidParameter[chat.ApprovalID]("approval_id", "The approval: of a send, its action's id.", exampleApprovalID),
	numberParameter[chat.SuppressionID]("suppression_id", "The suppression.", 9),
	textParameter("call_id", "The tool call's id within its message.", "call_1"),
	numberParameter[chat.KeyID]("api_key_id", "The API key's id, which is not the key.", 5),
)

// externalIDParameter is another system's id of a member.
var externalIDParameter = pathParameter[string]{
	name:    "external_id",
	doc:     "Your own id of the member, percent-encoded.",
	example: "crm-8117",
	schema:  huma.Schema{Type: huma.TypeString, MinLength: new(1), MaxLength: new(chat.MaxExternalID)},
	parse: func(field, given string) (string, error) {
		id, err := url.PathUnescape(given)
		if err != nil || id == "" || !utf8.ValidString(id) {
			return "", chat.Invalid(field, "must be 1 to %d visible characters, percent-encoded", chat.MaxExternalID)
		}

		return id, chat.CheckExternalID(field, id)
	},
}

func indexParameters(all ...anyPathParameter) map[string]anyPathParameter {
	byName := make(map[string]anyPathParameter, len(all))
	for _, p := range all {
		byName[p.document().Name] = p
	}

	return byName
}

// pathReader reads the ids in the paths of one route, and fills the handler's input with them.
type pathReader struct {
	// names and parameters are those of the path, in its order.
	names      []string
	parameters []anyPathParameter
	// fields are the input's fields with the tag inPath, by the parameter's name.
	fields map[string][]int
}

// newPathReader returns the reader of a path pattern for a handler's input. Errors: a
// parameter without an entry in pathParameters, and a field of the input that nothing would
// fill, because it has no tag, a parameter that is not in the path, or another type.
func newPathReader(pattern string, input reflect.Type) (*pathReader, error) {
	r := &pathReader{
		names:  listPathNames(pattern),
		fields: map[string][]int{},
	}

	for _, name := range r.names {
		p, known := pathParameters[name]
		if !known {
			return nil, fmt.Errorf("the path parameter {%s} is not in pathParameters", name)
		}

		r.parameters = append(r.parameters, p)
	}

	for _, field := range reflect.VisibleFields(input) {
		if field.Anonymous || field.Name == "Body" || hasHumaTag(field) {
			continue
		}

		name := field.Tag.Get("inPath")

		switch {
		case name == "" || !field.IsExported():
			return nil, fmt.Errorf("nothing fills the field %s of %s", field.Name, input)
		case name == workspaceParameter.name:
			return nil, fmt.Errorf("the field %s of %s is for the workspace, which requests hold", field.Name, input)
		case !slices.Contains(r.names, name):
			return nil, fmt.Errorf("the field %s of %s is for {%s}, which the path has not", field.Name, input, name)
		case field.Type != pathParameters[name].idType():
			return nil, fmt.Errorf("the field %s of %s must be a %s", field.Name, input, pathParameters[name].idType())
		}

		r.fields[name] = field.Index
	}

	return r, nil
}

// hasHumaTag reports whether huma fills a field of a handler's input.
func hasHumaTag(field reflect.StructField) bool {
	_, query := field.Tag.Lookup("query")
	_, header := field.Tag.Lookup("header")

	return query || header
}

// listPathNames returns the names of a path pattern's parameters, in their order.
func listPathNames(pattern string) []string {
	var names []string

	for part := range strings.SplitSeq(pattern, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			names = append(names, strings.TrimSuffix(name, "}"))
		}
	}

	return names
}

func (r *pathReader) document() []*huma.Param {
	var documented []*huma.Param
	for _, p := range r.parameters {
		documented = append(documented, p.document())
	}

	return documented
}

// readIDs is the check that reads the ids in the path, all but the workspace's.
func (r *pathReader) readIDs(ctx huma.Context, c *requestInfo) error {
	c.pathIDs = map[string]reflect.Value{}

	for i, p := range r.parameters {
		name := r.names[i]
		if name == workspaceParameter.name {
			continue
		}

		id, err := p.readValue(ctx)
		if err != nil {
			return err
		}

		c.pathIDs[name] = id
	}

	return nil
}

// fillInput sets the fields of a handler's input, which is a pointer, to what readIDs has read.
func (r *pathReader) fillInput(input any, c *requestInfo) {
	into := reflect.ValueOf(input).Elem()
	for name, index := range r.fields {
		into.FieldByIndex(index).Set(c.pathIDs[name])
	}
}

func parseNumber(field, text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || text[0] == '+' {
		return 0, chat.Invalid(field, "must be a whole number from 1 to 9223372036854775807")
	}

	return n, nil
}

func parseUUID(field, text string) (string, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 {
		return "", chat.Invalid(field, "must be a UUID like %s", exampleMessage)
	}

	return id.String(), nil
}

// maxText is the most characters of a text in a path.
const maxText = 64

// parseText decodes what is percent-encoded.
func parseText(field, given string) (string, error) {
	text, err := url.PathUnescape(given)
	if err != nil || !utf8.ValidString(text) || strings.ContainsRune(text, 0) ||
		utf8.RuneCountInString(text) > maxText {
		return "", chat.Invalid(field, "must be 1 to %d characters, percent-encoded", maxText)
	}

	return text, nil
}

// isValueOf reports whether a value is one that the operation's parameter of this name may have, as far as huma does
// not look at it. It takes no text for a parameter that was not given, and a filter without a value would find
// everything; 0 and T for false and true; and times that no database has.
func isValueOf(op *huma.Operation, name, value string) bool {
	name = cmp.Or(aliases[name], name)

	return !slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool {
		if p.In != "query" || p.Name != name || takesAnyText(p.Schema) {
			return false
		}

		return value == "" ||
			p.Schema.Type == huma.TypeBoolean && value != "true" && value != "false" ||
			p.Schema.Format == "date-time" && checkTime(value) != nil
	})
}

// isListParameter reports whether a parameter of an operation's query takes several values.
func isListParameter(op *huma.Operation, name string) bool {
	return slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool {
		return p.In == "query" && p.Name == name && p.Schema.Type == huma.TypeArray
	})
}

// takesAnyText reports whether a schema is that of free text.
func takesAnyText(s *huma.Schema) bool {
	return s.Type == huma.TypeString && len(s.Enum) == 0 && s.Format == "" && s.Pattern == "" && s.MinLength == nil
}

// checkQuery refuses a query that can be read in two ways. What huma finds
// wrong with the rest is answered by parameterError, in schema.go.
func checkQuery(ctx huma.Context, _ *requestInfo) error {
	request := humafiber.Unwrap(ctx).Request()
	values, err := url.ParseQuery(string(request.URI().QueryString()))

	_, unreadable := url.Parse(string(request.RequestURI()))
	if err != nil || unreadable != nil {
		return chat.Invalid("query", "must be name=value pairs, joined by & and percent-encoded")
	}

	for name, given := range values {
		all := strings.Join(given, ",")
		field := "query." + name

		switch {
		case aliases[name] != "" && values.Has(aliases[name]):
			return chat.Invalid(field, "and query.%s are the same parameter; give one of them", aliases[name])
		case len(given) > 1 && !isListParameter(ctx.Operation(), name):
			return chat.Invalid(field, "must be given once")
		case !isValueOf(ctx.Operation(), name, given[0]):
			return chat.Invalid(field, "%s", describeField(ctx.Operation(), field))
		case !utf8.ValidString(name + all):
			return chat.Invalid(strings.ToValidUTF8(field, "\uFFFD"), "must be valid UTF-8")
		case strings.ContainsRune(name+all, 0):
			return chat.Invalid(strings.ReplaceAll(field, "\x00", ""), "must not contain NUL")
		}

		if len(given) > 1 {
			// One list, as if it had been written with commas.
			request.URI().QueryArgs().Del(name)
			request.URI().QueryArgs().Set(name, all)
		}
	}

	return nil
}
