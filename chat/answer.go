package chat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// AnswerKind is what a person is to answer with.
type AnswerKind int

// The kinds of answer.
const (
	AnswerText AnswerKind = iota
	AnswerYesNo
	AnswerNumber
	// AnswerChoice is one of [Expected.Choices].
	AnswerChoice
	// AnswerProperty is an object's only property.
	AnswerProperty
	// AnswerAny fits one of [Expected.Parts].
	AnswerAny
	AnswerObject
	AnswerList
)

// Expected is what a JSON Schema asks a person for.
type Expected struct {
	Kind    AnswerKind
	Choices []any
	// Property is the name of an object's only property, whose schema is the first of Parts.
	Property string
	Parts    []any
}

// ExpectedAnswer reads what a JSON Schema, as it is decoded, asks a person for. That something may be
// null changes nothing: nobody says null.
func ExpectedAnswer(document any) Expected {
	object, ok := document.(map[string]any)
	if !ok {
		return Expected{Kind: AnswerText}
	}

	if only, ok := object["const"]; ok {
		return Expected{Kind: AnswerChoice, Choices: []any{only}}
	}

	if choices, ok := object["enum"].([]any); ok {
		return Expected{Kind: AnswerChoice, Choices: choices}
	}

	for _, keyword := range []string{"anyOf", "oneOf"} {
		if parts, ok := object[keyword].([]any); ok && object["type"] == nil {
			return expectAny(parts)
		}
	}

	if types, ok := object["type"].([]any); ok {
		return expectTypes(object, types)
	}

	switch object["type"] {
	case "boolean":
		return Expected{Kind: AnswerYesNo}
	case "integer", "number":
		return Expected{Kind: AnswerNumber}
	case "object":
		return expectObject(object)
	case "string", nil:
		return Expected{Kind: AnswerText}
	}

	return Expected{Kind: AnswerList}
}

// expectTypes reads a list of types as if each stood alone.
func expectTypes(object map[string]any, types []any) Expected {
	parts := make([]any, 0, len(types))

	for _, name := range types {
		part := maps.Clone(object)
		part["type"] = name
		parts = append(parts, part)
	}

	return expectAny(parts)
}

// expectAny reads what fits one of several schemas.
func expectAny(parts []any) Expected {
	parts = slices.DeleteFunc(slices.Clone(parts), func(part any) bool {
		object, ok := part.(map[string]any)
		return ok && object["type"] == "null"
	})

	if len(parts) == 1 {
		return ExpectedAnswer(parts[0])
	}

	all := Expected{Kind: AnswerChoice}

	for _, part := range parts {
		expected := ExpectedAnswer(part)
		if expected.Kind != AnswerChoice {
			return Expected{Kind: AnswerAny, Parts: parts}
		}

		all.Choices = append(all.Choices, expected.Choices...)
	}

	return all
}

func expectObject(object map[string]any) Expected {
	properties, ok := object["properties"].(map[string]any)
	if ok && len(properties) == 1 {
		for name, property := range properties {
			return Expected{Kind: AnswerProperty, Property: name, Parts: []any{property}}
		}
	}

	return Expected{Kind: AnswerObject}
}

// AsksYesNo reports whether a JSON Schema, as it is decoded, asks for yes or no.
func AsksYesNo(document any) bool {
	expected := ExpectedAnswer(document)

	switch expected.Kind {
	case AnswerYesNo:
		return true
	case AnswerProperty:
		return AsksYesNo(expected.Parts[0])
	default:
		return false
	}
}

// AnswerHint says in words of a language what an answer must be, in English for a language that has no
// words here; "" when any text will do.
func AnswerHint(document any, language string) string {
	words := askWordsIn(language)
	expected := ExpectedAnswer(document)

	switch expected.Kind {
	case AnswerChoice:
		return fmt.Sprintf(words.choice, listAlternatives(expected.Choices, words.or))
	case AnswerYesNo:
		return words.yesNo
	case AnswerNumber:
		return words.number
	case AnswerProperty:
		return AnswerHint(expected.Parts[0], language)
	case AnswerAny:
		return hintOfAny(expected.Parts, language)
	case AnswerObject:
		return words.object
	case AnswerList:
		return words.list
	case AnswerText:
	}

	return ""
}

// hintOfAny is the hint of all parts if they have the same one.
func hintOfAny(parts []any, language string) string {
	var hints []string
	for _, part := range parts {
		hints = append(hints, AnswerHint(part, language))
	}

	if hints = slices.Compact(hints); len(hints) != 1 {
		return ""
	}

	return hints[0]
}

// listAlternatives lists choices: "a, b or c".
func listAlternatives(choices []any, or string) string {
	var names []string

	for _, choice := range choices {
		if choice != nil {
			names = append(names, fmt.Sprint(choice))
		}
	}

	if len(names) < 2 {
		return strings.Join(names, "")
	}

	return strings.Join(names[:len(names)-1], ", ") + " " + or + " " + names[len(names)-1]
}

// DecodeExpected is a JSON Schema as [ExpectedAnswer] reads it, nil for none.
func DecodeExpected(expects json.RawMessage) any {
	decoder := json.NewDecoder(bytes.NewReader(expects))
	decoder.UseNumber() // 1000000 is not to be told as 1e+06

	var document any
	if decoder.Decode(&document) != nil {
		return nil
	}

	return document
}
