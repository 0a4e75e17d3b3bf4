package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"handrail/budget"
	"handrail/chat"
)

// Read is [Schema.ReadAnswer] without anything known of the question.
func (s *Schema) Read(text string) (json.RawMessage, error) { return s.ReadAnswer(Asked{}, text) }

// ReadAnswer makes a value that fits the schema out of what a person wrote. Yes, no, a number and a
// choice are read only where nothing else is said: with a condition, a doubt, a question, or any word
// left over, a person is asked again rather than misunderstood. Any other text is the text itself. An
// object with one property is that property; other objects and lists must be JSON. What cannot be read,
// or does not fit, is CodeInvalidAnswer.
func (s *Schema) ReadAnswer(asked Asked, text string) (json.RawMessage, error) {
	text = strings.TrimSpace(strings.ToValidUTF8(text, ""))

	reader := answerReader{asked: asked, text: text}
	for _, candidate := range reader.readValues(s.document) {
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
	if hint := chat.AnswerHint(s.document, ""); hint != "" {
		return "is not what was asked for. " + hint
	}

	return "is not what was asked for"
}

// answerReader reads one text. What the text says is taken apart once, when it is needed.
type answerReader struct {
	asked Asked
	text  string
	said  *answerText
}

func (r *answerReader) answer() *answerText {
	if r.said == nil {
		r.said = newAnswerText(r.asked, r.text)
	}

	return r.said
}

// readValues are the values that the text may stand for, the likeliest first.
func (r *answerReader) readValues(document any) []any {
	expected := chat.ExpectedAnswer(document)

	switch expected.Kind {
	case chat.AnswerChoice:
		return r.chooseValue(expected.Choices)
	case chat.AnswerYesNo:
		if yes, ok := r.answer().readYesNo(); ok {
			return []any{yes}
		}

		return nil

	case chat.AnswerNumber:
		if number, ok := r.answer().readNumber(); ok {
			return []any{number}
		}

		return nil

	case chat.AnswerText:
		return append(readJSON(r.text), r.text)
	case chat.AnswerProperty:
		candidates := readJSON(r.text)
		for _, value := range r.readValues(expected.Parts[0]) {
			candidates = append(candidates, map[string]any{expected.Property: value})
		}

		return candidates

	case chat.AnswerAny:
		return r.readAny(expected.Parts)
	case chat.AnswerObject, chat.AnswerList:
	}

	return readJSON(r.text)
}

// readAny reads what fits one of several documents. A text goes for anything, so it is the last; the
// others must read the same.
func (r *answerReader) readAny(documents []any) []any {
	var read, texts []any

	for _, document := range documents {
		values := r.readValues(document)

		switch {
		case chat.ExpectedAnswer(document).Kind == chat.AnswerText:
			texts = append(texts, values...)
		case len(values) > 0 && len(read) > 0 && keyOf(values[0]) != keyOf(read[0]):
			return nil
		default:
			read = append(read, values...)
		}
	}

	return append(read, texts...)
}

// chooseValue finds the choice that the text is, in any case, or names with nothing but courtesy.
func (r *answerReader) chooseValue(choices []any) []any {
	// Nobody chooses in so many words.
	if len(r.text) > maxAnswer {
		return nil
	}

	said := foldChoice(r.text)
	for _, choice := range choices {
		if choice != nil && said == foldChoice(fmt.Sprint(choice)) {
			return []any{choice}
		}
	}

	if value, ok := r.chooseByMeaning(choices); ok {
		return []any{value}
	}

	names, longest := nameChoices(choices)
	if i, ok := r.answer().readChoice(names, longest); ok {
		return []any{choices[i]}
	}

	return nil
}

// nameChoices are the numbers of the choices by their words, and how many words the longest one has.
func nameChoices(choices []any) (names map[string]int, longest int) {
	names = map[string]int{}

	for i, choice := range choices {
		tokens := splitTokens(fmt.Sprint(choice))
		if name := joinTokens(tokens); name != "" && choice != nil {
			names[name] = i
			longest = max(longest, len(tokens))

			// "e-mail" is written as one word as well.
			if joined := strings.ReplaceAll(name, " ", ""); strings.Contains(fmt.Sprint(choice), "-") {
				names[joined] = i
			}
		}
	}

	return names, min(longest, maxChoiceWords)
}

// maxChoiceWords is the most words of a choice that is found among others.
const maxChoiceWords = 20

// chooseByMeaning finds the one choice that means yes, or the one that means no, or the number, that
// the text says in other words.
func (r *answerReader) chooseByMeaning(choices []any) (any, bool) {
	yes, saysYesNo := r.answer().readYesNo()
	number, saysNumber := r.answer().readNumber()

	if !saysYesNo && !saysNumber {
		return nil, false
	}

	var found []any

	for _, choice := range choices {
		matches := false

		switch choice := choice.(type) {
		case bool:
			matches = saysYesNo && yes == choice
		case json.Number:
			matches = saysNumber && keyOf(number) == keyOf(choice)
		case string:
			matches = saysYesNo && len(choice) <= longestYesNo && meansYesNo(choice, yes)
		}

		if matches {
			found = append(found, choice)
		}
	}

	if len(found) != 1 {
		return nil, false
	}

	return found[0], true
}

// longestYesNo is the most bytes of a choice that may mean yes or no.
const longestYesNo = 30

func meansYesNo(choice string, yes bool) bool {
	meant, means := newAnswerText(Asked{}, choice).readYesNo()
	return means && meant == yes
}

// foldChoice is a text without case and accents, and without the marks around it that change nothing.
func foldChoice(text string) string {
	return strings.Trim(foldAnswer(text), neutral+" \t\r\n")
}

func readJSON(text string) []any {
	if budget.Document.Check([]byte(text)) != nil {
		return nil
	}

	value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
	if err != nil {
		return nil
	}

	return []any{value}
}
