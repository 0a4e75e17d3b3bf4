package schema

import (
	"encoding/json"
	"slices"
	"strings"

	"handrail/chat"
)

// SaysYes reports whether a text is nothing but a yes.
func SaysYes(asked Asked, text string) bool {
	yes, ok := newAnswerText(asked, text).readYesNo()
	return ok && yes
}

// Guess is the number or the choice that a text which cannot be read may mean, for its writer to
// confirm: the only one that it names, with nothing that denies it. It is nil when there is none.
func (s *Schema) Guess(asked Asked, text string) json.RawMessage {
	answer := newAnswerText(asked, text)
	if answer.denies() {
		return nil
	}

	var guesses []any

	expected := chat.ExpectedAnswer(s.document)

	switch expected.Kind {
	case chat.AnswerNumber:
		for _, t := range answer.tokens {
			if t.kind == tokenNumeral || t.kind == tokenUnknown && strings.ContainsAny(t.text, "0123456789") {
				guesses = append(guesses, json.Number(readNumeral(t.text)))
			}
		}

	case chat.AnswerChoice:
		guesses = answer.namedChoices(expected.Choices)
	default:
	}

	if len(guesses) != 1 || guesses[0] == json.Number("") {
		return nil
	}

	if s.check(chat.CodeInvalidAnswer, "answer", guesses[0]) != nil {
		return nil
	}

	encoded, err := json.Marshal(guesses[0])
	if err != nil {
		return nil
	}

	return encoded
}

// denies reports whether a word of the text denies something in a language.
func (a *answerText) denies() bool {
	return slices.ContainsFunc(a.tokens, func(t token) bool {
		return slices.ContainsFunc(lexicons, func(l *lexicon) bool { return l.phrases[t.text].senses&senseNot != 0 })
	})
}

// namedChoices are the choices that stand anywhere in the text.
func (a *answerText) namedChoices(choices []any) []any {
	names, longest := nameChoices(choices)
	named := map[int]bool{}

	var found []any

	for i := 0; i < len(a.tokens); {
		choice, n := a.choiceAt(names, longest, i)
		if n > 0 && !named[choice] {
			named[choice] = true

			found = append(found, choices[choice])
		}

		i += max(n, 1)
	}

	return found
}
