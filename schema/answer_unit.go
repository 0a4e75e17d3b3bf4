package schema

import (
	"slices"
	"strings"
)

// unit is what a number is measured in.
type unit struct {
	// measures is what the unit is of, such as money.
	measures string
	name     string
}

// loadUnits reads the list of units. A mistake in it is a mistake in the program.
func loadUnits(text string, common *lexicon) map[string]unit {
	all := map[string]unit{}

	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}

		kind, list, _ := strings.Cut(line, ":")
		measures, name, _ := strings.Cut(kind, " ")

		for phrase := range strings.SplitSeq(list, ",") {
			words := wordsIn(phrase)
			if len(words) == 0 {
				panic("schema: a unit without words: " + phrase)
			}

			common.units.add(words)
			all[strings.Join(words, " ")] = unit{measures, name}
		}
	}

	return all
}

// splitUnits parts numbers from the units that are written beside them: "12kg".
func splitUnits(tokens []token) []token {
	parted := make([]token, 0, len(tokens))

	for _, t := range tokens {
		at := strings.LastIndexFunc(t.text, isDigit) + 1

		if _, ok := units[t.text[at:]]; t.kind != tokenUnknown || at == 0 || !ok {
			parted = append(parted, t)
			continue
		}

		parted = append(
			parted,
			token{tokenNumeral, t.text[:at], t.parted},
			token{tokenWord, t.text[at:], false},
		)
	}

	return parted
}

// measuresOf are the units that a question names.
func measuresOf(question string) []unit {
	if len(question) > maxAnswer {
		return nil
	}

	var named []unit

	words := wordsIn(question)
	for i := range words {
		if n := shared.units.measurePrefix(words[i:]); n > 0 {
			named = append(named, units[strings.Join(words[i:i+n], " ")])
		}
	}

	return named
}

// unitAt is how many tokens the unit takes that begins at one, 0 for none, or for one in which nobody has asked.
func (a *answerText) unitAt(at int) int {
	words := a.words(min(at, len(a.tokens)))

	n := shared.units.measurePrefix(words)
	if n == 0 || !a.fits(units[strings.Join(words[:n], " ")]) {
		return 0
	}

	return n
}

// unitAfter is how many tokens the unit takes, or what is counted, that follows a number.
func (a *answerText) unitAfter(at int) int {
	if n := a.unitAt(at); n > 0 {
		return n
	}

	words := a.words(min(at, len(a.tokens)))
	longest := 0

	for _, counted := range a.units {
		n := 0
		for n < min(len(words), len(counted)) && words[n] == counted[n] {
			n++
		}

		longest = max(longest, n)
	}

	return longest
}

// fits reports whether the question asks in the unit. Of money and degrees it may also say nothing: then the number is
// what was asked for, in whatever it was given.
func (a *answerText) fits(u unit) bool {
	measures := func(asked unit) bool { return asked.measures == u.measures }

	if slices.ContainsFunc(a.measured, measures) {
		return slices.ContainsFunc(a.measured, func(asked unit) bool {
			return asked == u || measures(asked) && (asked.name == "degree" || u.name == "degree")
		})
	}

	isPlain := u.measures == "money" || u.measures == "temperature"

	return isPlain && len(a.units) == 0 && len(a.measured) == 0
}
