package api

import (
	"net/url"
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

// pathParameter documents one id in a path; it is a UUID, a text, or else a 64-bit integer.
type pathParameter struct {
	uuid    bool
	text    bool
	doc     string
	example any
}

var pathParameters = map[string]pathParameter{
	"workspace_uuid": {
		uuid:    true,
		doc:     "The workspace that the key belongs to.",
		example: "11111111-1111-4111-8111-111111111111",
	},
	"chat_id":         {doc: "The chat.", example: 7},
	"participant_id":  {doc: "One member's place in the chat.", example: 12},
	"message_uuid":    {uuid: true, doc: "The message's uuid.", example: exampleMessage},
	"member_id":       {doc: "The member.", example: 42},
	"label_id":        {doc: "The label.", example: 3},
	"phone_number_id": {doc: "The phone number.", example: 1},
	"inbox_id":        {doc: "The inbox.", example: 1},
	"delivery_id":     {uuid: true, doc: "The delivery.", example: exampleDelivery},
	"action_id":       {uuid: true, doc: "The action.", example: exampleAction},
	"bulk_retry_id":   {uuid: true, doc: "The bulk retry.", example: exampleBulk},
	"summary_id":      {uuid: true, doc: "The version of the summary.", example: exampleSummary},
	"tool_id":         {doc: "The tool or the MCP server.", example: 4},
	"suppression_id":  {doc: "The suppression.", example: 9},
	"call_id":         {text: true, doc: "The tool call's id within its message.", example: "call_1"},
	"request_id":      {uuid: true, doc: "The contributor request.", example: exampleContributorRequest},
	"api_key_id":      {doc: "The API key's id, which is not the key.", example: 5},
}

// namesIn lists the parameters of a path pattern, in their order.
func namesIn(pattern string) []string {
	var names []string

	for part := range strings.SplitSeq(pattern, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			names = append(names, strings.TrimSuffix(name, "}"))
		}
	}

	return names
}

func documentPath(pattern string) []*huma.Param {
	var documented []*huma.Param

	for _, name := range namesIn(pattern) {
		p := pathParameters[name]
		schema := &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: new(float64)}

		*schema.Minimum = 1
		if p.uuid {
			schema = &huma.Schema{Type: huma.TypeString, Format: "uuid"}
		}

		if p.text {
			schema = &huma.Schema{Type: huma.TypeString, MaxLength: new(maxText)}
		}

		documented = append(documented, &huma.Param{
			Name:        name,
			In:          "path",
			Required:    true,
			Description: p.doc,
			Schema:      schema,
			Example:     p.example,
		})
	}

	return documented
}

// readPath reads the ids in the path, all but the workspace's.
func readPath(pattern string) check {
	names := namesIn(pattern)

	return func(ctx huma.Context, c *requestInfo) error {
		c.numbers = map[string]int64{}
		c.uuids = map[string]string{}
		c.texts = map[string]string{}

		for _, name := range names[1:] {
			var err error

			switch p := pathParameters[name]; {
			case p.uuid:
				c.uuids[name], err = parseUUID("path."+name, ctx.Param(name))
			case p.text:
				c.texts[name], err = parseText("path."+name, ctx.Param(name))
			default:
				c.numbers[name], err = parseNumber("path."+name, ctx.Param(name))
			}

			if err != nil {
				return err
			}
		}

		return nil
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

// checkQuery refuses a query that can be read in two ways. What huma does with the rest
// is in parameters.go.
func checkQuery(ctx huma.Context, _ *requestInfo) error {
	request := humafiber.Unwrap(ctx).Request()
	values, err := url.ParseQuery(string(request.URI().QueryString()))

	_, unreadable := url.Parse(string(request.RequestURI()))
	if err != nil || unreadable != nil {
		return chat.Invalid("query", "must be name=value pairs, joined by & and percent-encoded")
	}

	for name, given := range values {
		field := "query." + name
		switch {
		case aliases[name] != "" && values.Has(aliases[name]):
			return chat.Invalid(field, "and query.%s are the same parameter; give one of them", aliases[name])
		case len(given) > 1:
			return chat.Invalid(field, "must be given once")
		case !utf8.ValidString(name + given[0]):
			return chat.Invalid(strings.ToValidUTF8(field, "\uFFFD"), "must be valid UTF-8")
		case strings.ContainsRune(name+given[0], 0):
			return chat.Invalid(strings.ReplaceAll(field, "\x00", ""), "must not contain NUL")
		}
	}

	return nil
}
