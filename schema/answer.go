package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"handrail/chat"
)

// Read makes a value that fits the schema out of what a person wrote: yes and no in several
// languages, a number among words, one of the choices in any case, and else the text itself.
// An object with one property is that property; other objects and lists must be JSON. What
// cannot be read, or does not fit, is CodeInvalidAnswer.
func (s *Schema) Read(text string) (json.RawMessage, error) {
	text = strings.TrimSpace(strings.ToValidUTF8(text, ""))
	for _, candidate := range readValues(s.document, text) {
		if s.check(chat.CodeInvalidAnswer, "answer", candidate) != nil {
			continue
		}

		encoded, err := json.Marshal(candidate)
		if err != nil {
			return nil, fmt.Errorf("write an answer: %w", err)
		}

		return encoded, nil
	}

	return nil, chat.InvalidAs(chat.CodeInvalidAnswer, "answer", "%s", s.wanted())
}

// wanted says what would be an answer.
func (s *Schema) wanted() string {
	if hint := hintOf(s.document); hint != "" {
		return "is not what was asked for. " + hint
	}

	return "is not what was asked for"
}

// readValues are the values that a text may stand for, the likeliest first.
func readValues(document any, text string) []any {
	object, ok := document.(map[string]any)
	if !ok {
		return []any{text}
	}

	if choices, ok := choicesOf(object); ok {
		return chooseValue(choices, text)
	}

	switch object["type"] {
	case "string", nil:
		return append(readJSON(text), text)
	case "boolean":
		return readBool(text)
	case "integer", "number":
		return readNumber(text)
	case "object":
		return readObject(object, text)
	}

	return readJSON(text)
}

// choicesOf are the values that alone are possible.
func choicesOf(object map[string]any) ([]any, bool) {
	if only, ok := object["const"]; ok {
		return []any{only}, true
	}

	choices, ok := object["enum"].([]any)

	return choices, ok
}

// chooseValue finds the choice that the text names, in any case, with or without a full stop.
func chooseValue(choices []any, text string) []any {
	said := plainText(text)
	for _, choice := range choices {
		if said == plainText(fmt.Sprint(choice)) {
			return []any{choice}
		}

		if yes, ok := choice.(bool); ok && slices.Contains(readBool(text), any(yes)) {
			return []any{choice}
		}
	}

	// One choice among other words, if no other one stands there too.
	var named []any

	words := " " + strings.Join(
		strings.FieldsFunc(said, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }),
		" ",
	) + " "

	for _, choice := range choices {
		if strings.Contains(words, " "+plainText(fmt.Sprint(choice))+" ") {
			named = append(named, choice)
		}
	}

	doubtful := slices.ContainsFunc(
		wordsOf(text),
		func(word string) bool { return slices.Contains(doubts, word) || slices.Contains(no, word) },
	)
	if len(named) == 1 && !doubtful {
		return named
	}

	return nil
}

// plainText is a text without case, and without the signs around it.
func plainText(text string) string {
	return strings.ToLower(
		strings.TrimFunc(
			text,
			func(r rune) bool { return unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r) },
		),
	)
}

// The words for yes and no, in English, German, Spanish, French, Italian and Portuguese.
var (
	yes = []string{
		"yes",
		"y",
		"yep",
		"yeah",
		"yup",
		"sure",
		"ok",
		"okay",
		"true",
		"1",
		"ja",
		"jawohl",
		"klar",
		"sí",
		"si",
		"oui",
		"sì",
		"sim",
	}
	no = []string{"no", "n", "nope", "false", "0", "nein", "nicht", "ne", "non", "não", "nao"}
)

// doubts are words that take back, or limit, what stands beside them.
var doubts = []string{
	"but", "not", "never", "except", "unless", "if", "only", "problem", "problems", "worries", "idea", "maybe", "perhaps", "can't", "cannot", "don't", "won't",
	"aber", "nicht", "kein", "keine", "nur", "wenn", "vielleicht", "pero", "solo", "quizás", "mais", "pas", "peut", "ma", "non", "mas",
}

// wordsOf are the words of a text in lower case. An apostrophe belongs to its word.
func wordsOf(text string) []string {
	text = strings.ReplaceAll(strings.ToLower(text), "’", "'")

	return strings.FieldsFunc(
		text,
		func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' },
	)
}

// readBool reads yes or no from the first word. Words that limit it leave it unread: a person
// is asked again rather than misunderstood.
func readBool(text string) []any {
	words := wordsOf(text)
	if len(words) == 0 {
		switch strings.TrimSpace(text) {
		case "👍":
			return []any{true}
		case "👎":
			return []any{false}
		}

		return nil
	}

	affirms, denies := slices.Contains(yes, words[0]), slices.Contains(no, words[0])

	if len([]rune(words[0])) == 1 && len(words) > 1 {
		return nil
	}

	for _, word := range words[1:] {
		if slices.Contains(doubts, word) || affirms && slices.Contains(no, word) ||
			denies && slices.Contains(yes, word) {
			return nil
		}
	}

	switch {
	case affirms:
		return []any{true}
	case denies:
		return []any{false}
	}

	return nil
}

// number is one in decimal notation that is no part of a word or of another number.
var number = regexp.MustCompile(`(?:^|[^\p{L}\p{N}.,+-])([-+]?\d+(?:[.,]\d+)*)(?:$|[^\p{L}\p{N}])`)

// readNumber reads a text that holds exactly one number.
func readNumber(text string) []any {
	found := number.FindAllStringSubmatch(text, -1)
	if len(found) != 1 || len(digits.FindAllString(text, -1)) != len(digits.FindAllString(found[0][1], -1)) {
		return nil
	}

	said := strings.TrimPrefix(found[0][1], "+")
	marks := strings.Count(said, ",") + strings.Count(said, ".")
	at := strings.IndexAny(said, ",.")
	// Whether a lone mark before three digits is one of thousands, nobody knows.
	if marks > 1 || marks == 1 && len(said)-at == len(",000") {
		return nil
	}

	return readJSON(trimZeros(strings.Replace(said, ",", ".", 1)))
}

// digits are the groups of digits in a text.
var digits = regexp.MustCompile(`\d+`)

// trimZeros makes 007 a number that JSON has.
func trimZeros(digits string) string {
	sign := ""
	if rest, negative := strings.CutPrefix(digits, "-"); negative {
		sign, digits = "-", rest
	}

	for len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
		digits = digits[1:]
	}

	return sign + digits
}

// readObject reads JSON, or the one property that the object has.
func readObject(object map[string]any, text string) []any {
	candidates := readJSON(text)

	properties, ok := object["properties"].(map[string]any)
	if !ok || len(properties) != 1 {
		return candidates
	}

	for name, property := range properties {
		for _, value := range readValues(property, text) {
			candidates = append(candidates, map[string]any{name: value})
		}
	}

	return candidates
}

func readJSON(text string) []any {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
	if err != nil {
		return nil
	}

	return []any{value}
}

// Hint says in words what an answer must be, "" when any text will do.
func Hint(expects json.RawMessage) string {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(expects))
	if err != nil {
		return ""
	}

	return hintOf(document)
}

func hintOf(document any) string {
	object, ok := document.(map[string]any)
	if !ok {
		return ""
	}

	if choices, ok := choicesOf(object); ok {
		return "Please answer with " + listAlternatives(choices) + "."
	}

	switch object["type"] {
	case "boolean":
		return "Please answer yes or no."
	case "integer", "number":
		return "Please answer with a number."
	case "object":
		if properties, ok := object["properties"].(map[string]any); ok && len(properties) == 1 {
			for _, property := range properties {
				return hintOf(property)
			}
		}

		return "Please answer with a JSON object."

	case "array":
		return "Please answer with a JSON list."
	}

	return ""
}

// listAlternatives lists choices: "a, b or c".
func listAlternatives(choices []any) string {
	names := make([]string, len(choices))
	for i, choice := range choices {
		names[i] = fmt.Sprint(choice)
	}

	if len(names) < 2 {
		return strings.Join(names, "")
	}

	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}
