package reply

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// form is where an introduction has its known words.
type form int

const (
	noForm form = iota
	// anchoredForm begins with known words, as "On … wrote".
	anchoredForm
	// midForm has them between others, as "… schrieb am …".
	midForm
	// endForm ends with them, as "… ha scritto". Customers' sentences do so too.
	endForm
)

// pattern is a line with known words in their order; … stands for any others.
type pattern struct{ parts []string }

func newPattern(s string) pattern {
	return pattern{strings.Split(strings.ToLower(s), "…")}
}

// matches reports whether a line in lower case has that pattern.
func (p pattern) matches(text string) bool {
	first := p.parts[0]
	if !strings.HasPrefix(text, first) {
		return false
	}

	text = text[len(first):]
	if len(p.parts) == 1 {
		return text == ""
	}

	last := p.parts[len(p.parts)-1]
	if !strings.HasSuffix(text, last) {
		return false
	}

	text = text[:len(text)-len(last)]

	for _, part := range p.parts[1 : len(p.parts)-1] {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}

		text = after
	}

	return true
}

func (p pattern) form() form {
	switch {
	case p.parts[0] != "":
		return anchoredForm
	case p.parts[len(p.parts)-1] == "":
		return midForm
	default:
		return endForm
	}
}

// vocabulary is the table of languages, made ready to look things up.
type vocabulary struct {
	introductions []pattern
	sentFrom      []pattern
	own           []phrase
	below         []phrase
	originals     map[string]bool
	forwards      map[string]bool
	labels        map[string]role
	// subjectForwards are the prefixes of a forward's subject. subjectAnswers are those
	// that are an answer in another language, by that language's label of the sender.
	subjectForwards map[string]bool
	subjectAnswers  map[string]string
}

var words = newVocabulary(languages)

func newVocabulary(table []language) *vocabulary {
	v := &vocabulary{
		originals:       map[string]bool{},
		forwards:        map[string]bool{},
		labels:          map[string]role{},
		subjectForwards: map[string]bool{},
		subjectAnswers:  map[string]string{},
	}

	for i := range table {
		l := &table[i]
		v.introductions = append(v.introductions, newPatterns(l.introductions)...)
		v.sentFrom = append(v.sentFrom, newPatterns(l.sentFrom)...)
		v.own = append(v.own, newPhrases(l.own)...)
		v.below = append(v.below, newPhrases(l.below)...)

		addAll(v.originals, l.originals)
		addAll(v.forwards, l.forwards)
		addAll(v.subjectForwards, l.subjectForwards)

		for _, s := range l.subjectAnswers {
			v.subjectAnswers[strings.ToLower(s)] = strings.ToLower(l.labels[roleFrom][0])
		}

		for r, labels := range l.labels {
			for _, s := range labels {
				v.labels[strings.ToLower(s)] = r
			}
		}
	}

	return v
}

func newPatterns(lines []string) []pattern {
	patterns := make([]pattern, len(lines))
	for i, s := range lines {
		patterns[i] = newPattern(s)
	}

	return patterns
}

func addAll(set map[string]bool, lines []string) {
	for _, s := range lines {
		set[strings.ToLower(s)] = true
	}
}

// phrase is words that are looked for in a text.
type phrase struct {
	text string
	// bounded reports whether they are whole words: in scripts with spaces between words.
	bounded bool
}

func newPhrases(lines []string) []phrase {
	phrases := make([]phrase, len(lines))

	for i, s := range lines {
		first, _ := utf8.DecodeRuneInString(s)
		phrases[i] = phrase{
			text:    strings.ToLower(s),
			bounded: unicode.In(first, unicode.Latin, unicode.Cyrillic, unicode.Greek),
		}
	}

	return phrases
}

// isIn reports whether a text in lower case has the phrase.
func (p phrase) isIn(text string) bool {
	for {
		before, after, found := strings.Cut(text, p.text)
		if !found {
			return false
		}

		last, _ := utf8.DecodeLastRuneInString(before)
		next, _ := utf8.DecodeRuneInString(after)

		if !p.bounded || !unicode.IsLetter(last) && !unicode.IsLetter(next) {
			return true
		}

		text = after
	}
}

func hasAny(text string, phrases []phrase) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(phrases, func(p phrase) bool { return p.isIn(text) })
}

// formOf returns the form of an introduction, without the colon at its end: of those that
// it has, the one that needs the least evidence.
func formOf(text string) form {
	text = strings.ToLower(text)
	found := noForm

	for _, p := range words.introductions {
		if f := p.form(); (found == noForm || f < found) && p.matches(text) {
			found = f
		}
	}

	return found
}

// isSentFrom reports whether a line is one that a program puts below a mail of its own.
func isSentFrom(text string) bool {
	text = strings.ToLower(text)

	for _, p := range words.sentFrom {
		if p.matches(text) {
			return true
		}
	}

	return false
}

// isOwnSentence reports whether a line is a sentence of the customer's about who wrote what.
func isOwnSentence(text string) bool { return hasAny(text, words.own) }

// saysBelow reports whether a line says that more is said below.
func saysBelow(text string) bool { return hasAny(text, words.below) }
