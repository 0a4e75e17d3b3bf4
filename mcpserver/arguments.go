package mcpserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"

	"handrail/budget"
)

// argumentError says what is wrong with the arguments of a call, with one line for each field.
type argumentError struct{ lines []string }

// Error returns all lines.
func (e *argumentError) Error() string { return strings.Join(e.lines, "; ") }

// checkArguments returns the arguments of a call with the defaults of the schema, and without those that are null,
// because models write null for what they leave out.
// Errors: *argumentError, which names each wrong field but no value, since values may be long or secret.
func checkArguments(s *jsonschema.Schema, raw json.RawMessage) (json.RawMessage, error) {
	if given := bytes.TrimSpace(raw); len(given) == 0 || string(given) == "null" {
		raw = json.RawMessage("{}")
	}

	if err := budget.Document.Check(raw); err != nil {
		return nil, &argumentError{lines: []string{"arguments: must be JSON of usual size: " + err.Error()}}
	}

	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()

	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		return nil, &argumentError{lines: []string{"arguments: must be JSON"}}
	}

	if _, err := decoder.Token(); err != io.EOF {
		return nil, &argumentError{lines: []string{"arguments: must be one JSON object"}}
	}

	var c argumentCheck

	checked := c.checkValue("", s, decoded)
	if len(c.lines) > 0 {
		return nil, &argumentError{lines: c.lines}
	}

	encoded, err := json.Marshal(checked)
	if err != nil {
		return nil, fmt.Errorf("encode arguments: %w", err)
	}

	return encoded, nil
}

// argumentCheck collects the errors of arguments.
type argumentCheck struct{ lines []string }

func (c *argumentCheck) report(path, format string, args ...any) {
	if path == "" {
		path = "arguments"
	}

	c.lines = append(c.lines, path+": "+fmt.Sprintf(format, args...))
}

// checkValue checks a value, and returns it as it is to be decoded.
func (c *argumentCheck) checkValue(path string, s *jsonschema.Schema, value any) any {
	switch s.Type {
	case "object":
		return c.checkObject(path, s, value)

	case "array":
		return c.checkArray(path, s, value)

	case "string":
		c.checkString(path, s, value)

	case "integer":
		return c.checkInteger(path, s, value)

	case "boolean":
		if _, ok := value.(bool); !ok {
			c.report(path, "must be true or false")
		}
	}

	return value
}

func (c *argumentCheck) checkObject(path string, s *jsonschema.Schema, value any) any {
	fields, ok := value.(map[string]any)
	if !ok {
		c.report(path, "must be an object")
		return value
	}

	if s.Properties == nil && s.AdditionalProperties == nil { // the API checks objects of unknown form
		return value
	}

	for _, name := range slices.Sorted(maps.Keys(fields)) {
		property := s.Properties[name]

		switch {
		case fields[name] == nil:
			delete(fields, name)
		case property == nil:
			c.report(joinPath(path, shortenText(name, 100)), "is not known here; %s", listNames(s))
		default:
			fields[name] = c.checkValue(joinPath(path, name), property, fields[name])
		}
	}

	for _, name := range s.Required {
		if _, given := fields[name]; !given {
			c.report(joinPath(path, name), "is missing")
		}
	}

	for name, property := range s.Properties {
		if _, given := fields[name]; !given && property.Default != nil {
			fields[name] = property.Default
		}
	}

	return fields
}

func (c *argumentCheck) checkArray(path string, s *jsonschema.Schema, value any) any {
	items, ok := value.([]any)
	if !ok {
		c.report(path, "must be a list")
		return value
	}

	if s.MaxItems != nil && len(items) > *s.MaxItems {
		c.report(path, "must have at most %d entries", *s.MaxItems)
		return value
	}

	for i := range items {
		items[i] = c.checkValue(path+"["+strconv.Itoa(i)+"]", s.Items, items[i])
	}

	return items
}

func (c *argumentCheck) checkString(path string, s *jsonschema.Schema, value any) {
	text, ok := value.(string)
	if !ok {
		c.report(path, "must be a text")
		return
	}

	length := utf8.RuneCountInString(text)

	switch {
	case s.MinLength != nil && *s.MinLength == 1 && length == 0:
		c.report(path, "must not be empty")
	case s.MinLength != nil && length < *s.MinLength:
		c.report(path, "must have at least %d characters", *s.MinLength)
	case s.MaxLength != nil && length > *s.MaxLength:
		c.report(path, "must have at most %d characters", *s.MaxLength)
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, any(text)):
		c.report(path, "must be one of %s", joinWords(s.Enum))
	case s.Pattern != "" && !matchesPattern(s.Pattern, text):
		c.report(path, "must fit the pattern %s", s.Pattern)
	}
}

// checkInteger returns a whole number; 7.0 counts as 7.
func (c *argumentCheck) checkInteger(path string, s *jsonschema.Schema, value any) any {
	number, ok := value.(json.Number)
	if !ok {
		c.report(path, "must be a number")
		return value
	}

	n, err := strconv.ParseInt(strings.TrimSuffix(number.String(), ".0"), 10, 64)

	switch {
	case err != nil:
		c.report(path, "must be a whole number")
	case s.Minimum != nil && n < int64(*s.Minimum):
		c.report(path, "must be at least %d", int64(*s.Minimum))
	case s.Maximum != nil && n > int64(*s.Maximum):
		c.report(path, "must be at most %d", int64(*s.Maximum))
	}

	return n
}

// matchesPattern reports whether a text fits a pattern of our own schemas.
func matchesPattern(pattern, text string) bool { return regexp.MustCompile(pattern).MatchString(text) }

func joinPath(path, name string) string {
	if path == "" {
		return name
	}

	return path + "." + name
}

// listNames says which fields an object may have.
func listNames(s *jsonschema.Schema) string {
	if len(s.Properties) == 0 {
		return "there are no arguments"
	}

	return "known are " + strings.Join(slices.Sorted(maps.Keys(s.Properties)), ", ")
}

func joinWords(words []any) string {
	texts := make([]string, len(words))
	for i, word := range words {
		texts[i] = fmt.Sprint(word)
	}

	return strings.Join(texts, ", ")
}
