package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"handrail/chat"
)

// parseBody decodes JSON whose strings can be stored and whose numbers can be computed.
func parseBody(body []byte) (any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, chat.Invalid("body", "must be a JSON object")
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

	if field, message, ok := findUnfit("", value, wrong); ok {
		return nil, chat.Invalid(field, "%s", message)
	}

	if field := findRepeated("", json.NewDecoder(bytes.NewReader(body))); field != "" {
		return nil, chat.Invalid(field, "must be given once")
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
// knows which of the two is meant. It reads one value, known to be valid JSON.
func findRepeated(field string, decoder *json.Decoder) string {
	opening, _ := decoder.Token()
	if _, nested := opening.(json.Delim); !nested {
		return ""
	}

	seen := map[string]bool{}

	for i := 0; decoder.More(); i++ {
		at := fmt.Sprintf("%s[%d]", field, i)

		if opening == json.Delim('{') {
			token, _ := decoder.Token()

			name, _ := token.(string)
			if at = joinField(field, name); seen[name] {
				return at
			}

			seen[name] = true
		}

		if repeated := findRepeated(at, decoder); repeated != "" {
			return repeated
		}
	}

	_, _ = decoder.Token() // the closing one

	return ""
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

// findUnfit looks for the first string with a NUL and the first number too long to be
// computed with, and says where it is and what is wrong.
func findUnfit(field string, value any, wrong string) (where, message string, found bool) {
	switch v := value.(type) {
	case string:
		return orBody(field), wrong, strings.ContainsRune(v, 0)
	case json.Number:
		return orBody(field), "must be a number of usual size", !usualSize(string(v))
	case []any:
		for i, item := range v {
			if where, message, found = findUnfit(fmt.Sprintf("%s[%d]", field, i), item, wrong); found {
				return where, message, true
			}
		}

	case map[string]any:
		for name, item := range v {
			if strings.ContainsRune(name, 0) {
				return orBody(field), "must have field names without NUL, in UTF-8", true
			}

			if where, message, found = findUnfit(joinField(field, name), item, wrong); found {
				return where, message, true
			}
		}
	}

	return "", "", false
}

// usualSize keeps numbers away that take long to compute: 1e999999 is nine characters
// and a million digits.
func usualSize(number string) bool {
	_, exponent, has := strings.Cut(strings.ToLower(number), "e")
	if !has {
		return len(number) <= 64
	}

	n, err := strconv.Atoi(exponent)

	return err == nil && n >= -300 && n <= 300 && len(number) <= 64
}

func joinField(field, name string) string {
	if field == "" {
		return name
	}

	return field + "." + name
}

func orBody(field string) string {
	if field == "" {
		return "body"
	}

	return field
}
