package chat

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// urlArgument is an argument in the URL of an HTTP tool. Its name is any name that a property can have,
// but for braces.
var urlArgument = regexp.MustCompile(`\{([^{}]*)\}`)

// URLArguments are the names of the arguments in a tool's URL, each once.
func URLArguments(url string) []string {
	var names []string

	for _, found := range urlArgument.FindAllStringSubmatch(url, -1) {
		if !slices.Contains(names, found[1]) {
			names = append(names, found[1])
		}
	}

	return names
}

// FillURL replaces each argument in a part of a URL by what value returns for its name.
func FillURL(part string, value func(name string) string) string {
	return urlArgument.ReplaceAllStringFunc(part, func(found string) string { return value(found[1 : len(found)-1]) })
}

// URLValue returns the text of an argument that stands in a tool's URL. Errors: invalid_tool_arguments
// naming field if the value is no text, number or boolean, or one that would change the path: an empty text
// and dots.
func URLValue(field string, value json.RawMessage) (string, error) {
	text, ok := ScalarText(value)
	if !ok || text == "" || text == "." || text == ".." {
		return "", InvalidAs(
			CodeInvalidToolArguments,
			field,
			"must be a text, a number or a boolean that can stand in the tool's URL: not empty, and not dots alone",
		)
	}

	return text, nil
}

// ScalarText returns a text, number or boolean as text, and reports whether the value is one.
func ScalarText(value json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text, len(value) > 0 && value[0] == '"'
	}

	trimmed := strings.TrimSpace(string(value))
	if trimmed == "" || trimmed == "null" || trimmed[0] == '{' || trimmed[0] == '[' {
		return "", false
	}

	return trimmed, true
}

// CheckURLArguments returns what is wrong with the arguments of a call that stand in its tool's URL.
func (t *Tool) CheckURLArguments(field string, arguments json.RawMessage) error {
	if len(t.URLArguments) == 0 {
		return nil
	}

	var values map[string]json.RawMessage
	if err := json.Unmarshal(arguments, &values); err != nil {
		return InvalidAs(CodeInvalidToolArguments, field, "must be a JSON object")
	}

	for _, name := range t.URLArguments {
		if _, err := URLValue(field+"."+name, values[name]); err != nil {
			return err
		}
	}

	return nil
}
