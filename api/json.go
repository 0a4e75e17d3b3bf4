package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"handrail/budget"
	"handrail/chat"
)

// parseBody decodes JSON whose strings can be stored and whose numbers can be computed, of no more
// levels, values and letters in a name than [budget.Document] allows.
func parseBody(body []byte) (any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, chat.Invalid("body", "must be a JSON object")
	}

	if exceeded, ok := errors.AsType[*budget.ExceededError](budget.Document.Check(body)); ok {
		return nil, chat.Invalid(orBody(exceeded.Path), "%s", exceeded.Message)
	}

	// What is not Unicode becomes NUL, so that the search for NUL finds its field.
	wrong := "must not contain NUL"
	if whole := bytes.ToValidUTF8(wholeSurrogates(body), []byte(`\u0000`)); !bytes.Equal(whole, body) {
		wrong = "must be valid UTF-8, with surrogates in pairs"
		body = whole
	}

	var whole json.RawMessage
	if err := json.Unmarshal(body, &whole); err != nil {
		return nil, syntaxError(body, err)
	}

	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return nil, syntaxError(body, err)
	}

	if field, message, ok := findUnfit(value, wrong); ok {
		return nil, chat.Invalid(orBody(field), "%s", message)
	}

	if field, repeated := findRepeated(json.NewDecoder(bytes.NewReader(body))); repeated {
		return nil, chat.Invalid(orBody(field), "must be given once")
	}

	return value, nil
}

// escape is one escape in JSON: a surrogate pair, half of one, or any other.
var escape = regexp.MustCompile(`(?is)\\(ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|ud[89a-f][0-9a-f]{2}|.)`)

// wholeSurrogates replaces halves of surrogate pairs by NUL. The decoder would make U+FFFD of
// them, and a person would get that as a message.
func wholeSurrogates(body []byte) []byte {
	return escape.ReplaceAllFunc(body, func(found []byte) []byte {
		if len(found) == len(`\ud800`) {
			return []byte(`\u0000`)
		}

		return found
	})
}

// findRepeated looks for the first field that stands twice in an object, since nobody
// knows which of the two is meant. It reads one value, known to be valid JSON. A path is put
// together on the way back from what was found: for every value it would cost more than the body.
func findRepeated(decoder *json.Decoder) (field string, found bool) {
	opening, _ := decoder.Token()
	if _, nested := opening.(json.Delim); !nested {
		return "", false
	}

	seen := map[string]bool{}

	for i := 0; decoder.More(); i++ {
		var name string

		if opening == json.Delim('{') {
			token, _ := decoder.Token()

			name, _ = token.(string)
			if seen[name] {
				return name, true
			}

			seen[name] = true
		}

		if below, repeated := findRepeated(decoder); repeated {
			if opening == json.Delim('[') {
				name = budget.IndexPath(i)
			}

			return budget.JoinPath(name, below), true
		}
	}

	_, _ = decoder.Token() // the closing one

	return "", false
}

func syntaxError(body []byte, err error) error {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return chat.Invalid("body", "must be valid JSON").Because(err)
	}

	before := body[:min(max(syntax.Offset-1, 0), int64(len(body)))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')

	return chat.Invalid("body", "must be valid JSON: line %d, column %d: %s", line, column, syntax.Error())
}

// findUnfit looks for the first string with a NUL, and says where it is and what is wrong. The path is put
// together on the way back.
func findUnfit(value any, wrong string) (where, message string, found bool) {
	switch v := value.(type) {
	case string:
		return "", wrong, strings.ContainsRune(v, 0)
	case []any:
		for i, item := range v {
			if where, message, found = findUnfit(item, wrong); found {
				return budget.JoinPath(budget.IndexPath(i), where), message, true
			}
		}

	case map[string]any:
		for name, item := range v {
			if strings.ContainsRune(name, 0) {
				return "", "must have field names without NUL, in UTF-8", true
			}

			if where, message, found = findUnfit(item, wrong); found {
				return budget.JoinPath(name, where), message, true
			}
		}
	}

	return "", "", false
}

func orBody(field string) string {
	if field == "" {
		return "body"
	}

	return budget.ClipPath(field)
}
