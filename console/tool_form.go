package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The kinds of fields of a tool's form.
const (
	fieldText    = "text"
	fieldLine    = "line"
	fieldNumber  = "number"
	fieldBoolean = "boolean"
	fieldChoice  = "choice"
	// fieldTime is for instants, which are typed in UTC, and fieldDate for days.
	fieldTime = "time"
	fieldDate = "date"
	// fieldJSON is for values that have parts of their own.
	fieldJSON = "json"
)

// toolField is an argument of a tool in its form.
type toolField struct {
	name        string
	description string
	kind        string
	// choices are the values of a choice.
	choices    []string
	isRequired bool
	// value is what was typed.
	value string
}

// listToolFields returns the fields for the properties of a tool's JSON Schema, the required ones first. It returns
// none for a schema that does not list properties: its arguments are given as JSON.
func listToolFields(schema any) []toolField {
	object, _ := schema.(map[string]any)
	properties, _ := object["properties"].(map[string]any)
	required, _ := object["required"].([]any)

	var fields []toolField

	for name, raw := range properties {
		property, _ := raw.(map[string]any)
		field := toolField{
			name:       name,
			isRequired: slices.Contains(required, any(name)),
		}

		field.description, _ = property["description"].(string)
		field.kind, field.choices = kindOfField(name, property)
		fields = append(fields, field)
	}

	slices.SortFunc(fields, func(a, b toolField) int {
		if a.isRequired != b.isRequired {
			if a.isRequired {
				return -1
			}

			return 1
		}

		return strings.Compare(a.name, b.name)
	})

	return fields
}

// longTexts are the names that tools give to texts of more than a line.
var longTexts = []string{"message", "text", "body", "content", "note", "notes", "comment", "description"}

// kindOfText returns the kind of field for a property of text.
func kindOfText(name string, property map[string]any) string {
	switch property["format"] {
	case "date-time":
		return fieldTime
	case "date":
		return fieldDate
	}

	longest, isLimited := property["maxLength"].(float64)
	isLong := isLimited && longest > longestLine
	isNamedLong := !isLimited && slices.Contains(longTexts, strings.ToLower(name))

	if (isLong || isNamedLong) && property["format"] == nil && property["pattern"] == nil {
		return fieldText
	}

	return fieldLine
}

// longestLine is how long a text may be at most that is typed in a single line.
const longestLine = 200

// kindOfField returns the kind of field for a property of a JSON Schema, and the values of a choice.
func kindOfField(name string, property map[string]any) (kind string, choices []string) {
	if values, has := property["enum"].([]any); has {
		for _, value := range values {
			text, isText := value.(string)
			if !isText || text == "" {
				return fieldJSON, nil
			}

			choices = append(choices, text)
		}

		return fieldChoice, choices
	}

	switch property["type"] {
	case "string":
		return kindOfText(name, property), nil
	case "integer", "number":
		return fieldNumber, nil
	case "boolean":
		return fieldBoolean, nil
	}

	return fieldJSON, nil
}

// toolForm is the form of a tool's arguments: a field for each, or one for all as JSON.
type toolForm struct {
	// prefix begins the names of its fields.
	prefix string
	// fields are empty if the arguments can only be given as JSON.
	fields []toolField
	// raw are the arguments as JSON, without fields.
	raw string
}

// newToolForm returns the form for a tool's JSON Schema, with what was posted into it.
func newToolForm(prefix string, schema any, posted url.Values) toolForm {
	form := toolForm{
		prefix: prefix,
		fields: listToolFields(schema),
	}

	form.raw = posted.Get(form.nameJSON())

	for i := range form.fields {
		form.fields[i].value = posted.Get(form.nameField(i))
	}

	return form
}

// nameJSON returns the name of the field for all arguments as JSON.
func (t *toolForm) nameJSON() string { return t.prefix + "json" }

// nameField returns the name of the field of one argument.
func (t *toolForm) nameField(i int) string { return t.prefix + "arg." + t.fields[i].name }

// arguments returns the arguments as the form has them. Errors: what is no number, or no JSON, where one has to be. All
// else is checked by the API.
func (t *toolForm) arguments() (map[string]any, error) {
	if len(t.fields) == 0 {
		return parseArguments(t.raw)
	}

	arguments := map[string]any{}

	for i := range t.fields {
		field := &t.fields[i]
		if field.value == "" {
			continue
		}

		value, err := field.parse()
		if err != nil {
			return nil, err
		}

		arguments[field.name] = value
	}

	return arguments, nil
}

// parseArguments returns arguments that are written as JSON; none for an empty text.
func parseArguments(text string) (map[string]any, error) {
	arguments := map[string]any{}

	if strings.TrimSpace(text) == "" {
		return arguments, nil
	}

	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // no number loses digits

	if err := decoder.Decode(&arguments); err != nil || decoder.More() || arguments == nil {
		return nil, errors.New("they must be a JSON object, such as {\"name\": \"value\"}")
	}

	return arguments, nil
}

// parse returns the value of a field.
func (f *toolField) parse() (any, error) {
	switch f.kind {
	case fieldNumber:
		number := strings.TrimSpace(f.value)

		var parsed json.Number
		if err := json.Unmarshal([]byte(number), &parsed); err != nil || parsed == "" || number[0] == '"' {
			return nil, fmt.Errorf("%s must be a number", f.name)
		}

		return parsed, nil
	case fieldBoolean:
		return f.value == "true", nil
	case fieldTime:
		return formatTyped(strings.TrimSpace(f.value)), nil
	case fieldJSON:
		if !json.Valid([]byte(f.value)) {
			return nil, fmt.Errorf("%s must be JSON", f.name)
		}

		return json.RawMessage(f.value), nil
	}

	return f.value, nil
}

// formatTyped returns a time of a browser's field, which is meant in UTC, as programs write it. Other texts stay as
// they are: the API says what is wrong with them.
func formatTyped(text string) string {
	for _, layout := range []string{minuteLayout, secondLayout} {
		if t, err := time.Parse(layout, text); err == nil {
			return formatInstant(t)
		}
	}

	return text
}

// formatAny returns a value as JSON for people.
func formatAny(value any) string {
	written, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Sprint(value)
	}

	return string(written)
}
