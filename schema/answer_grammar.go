package schema

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Asked is what is known of a question that was asked, beside what may be answered. It makes answers
// plainer and is never needed.
type Asked struct {
	// Question is its text. The language that it is in decides how words are read that differ from one
	// language to another, and "how many forks" lets an answer name forks.
	Question string
	// Name is whose answer it is.
	Name string
}

// answerText is an answer taken apart.
type answerText struct {
	tokens []token
	// units are words that may stand behind a number, for the question asks how many of them: each is what follows
	// "how many".
	units [][]string
	// measured are the units that the question names.
	measured []unit
	// language is the question's, "" if it is not known.
	language string
}

func newAnswerText(asked Asked, text string) *answerText {
	if len(text) > maxAnswer {
		return &answerText{tokens: []token{{kind: tokenUnknown}}}
	}

	tokens := splitUnits(splitTokens(letterBody(text, asked.Name)))
	for i, t := range tokens {
		if t.kind == tokenWord {
			tokens[i].text = repairWord(t.text)
		}
	}

	return &answerText{
		tokens:   dropName(tokens, asked.Name),
		units:    unitsOf(asked.Question),
		measured: measuresOf(asked.Question),
		language: LanguageOf(asked.Question),
	}
}

// dropName takes the name of who answers off the end.
func dropName(tokens []token, name string) []token {
	names := wordsIn(name)

	end := len(tokens)
	for end > 1 && tokens[end-1].kind == tokenWord && languagesOf[tokens[end-1].text] == 0 &&
		slices.Contains(names, tokens[end-1].text) {
		end--
	}

	for end > 1 && end < len(tokens) && tokens[end-1].kind == tokenDash {
		end--
	}

	return tokens[:end]
}

// unitsOf are the words that a question asks the number of, with those that follow.
func unitsOf(question string) [][]string {
	if len(question) > maxAnswer {
		return nil
	}

	var units [][]string

	words := wordsIn(question)
	for i := range words {
		n := shared.howMany.measurePrefix(words[i:])
		if n > 0 && i+n < len(words) {
			units = append(units, words[i+n:min(len(words), i+n+maxUnit)])
		}
	}

	return units
}

// maxUnit is the most words of what a question asks the number of.
const maxUnit = 3

// words are the words from one token on, as far as they stand side by side.
func (a *answerText) words(from int) []string {
	var words []string

	for _, t := range a.tokens[from:min(len(a.tokens), from+longestPhrase)] {
		if t.kind != tokenWord {
			break
		}

		words = append(words, t.text)
	}

	return words
}

// longestPhrase is the most words of any phrase of any language.
var longestPhrase = func() int {
	longest := shared.longest
	for _, l := range lexicons {
		longest = max(longest, l.longest)
	}

	return longest
}()

// reading is what an answer is in one language. Unread and yet understood, it has no reading there.
type reading[V comparable] struct {
	value V
	read  bool
	// understood reports that all words are known in the language.
	understood bool
}

// readIn reads an answer in every language. Where the question's language knows all its words, that one
// decides; else all languages that can read it must read the same.
func readIn[V comparable](a *answerText, read func(l *lexicon) reading[V]) (V, bool) {
	var (
		none, found V
		readings    int
		disputed    bool
	)

	for _, l := range lexicons {
		got := read(l)
		if l.name == a.language && got.understood {
			return got.value, got.read
		}

		if !got.read {
			continue
		}

		disputed = disputed || readings > 0 && got.value != found
		found = got.value
		readings++
	}

	if readings == 0 || disputed {
		return none, false
	}

	return found, true
}

// readYesNo reads an answer that is nothing but yes or no.
func (a *answerText) readYesNo() (yes, ok bool) {
	if len(a.tokens) == 1 && a.tokens[0].kind == tokenNumeral {
		return a.tokens[0].text == "1", a.tokens[0].text == "1" || a.tokens[0].text == "0"
	}

	return readIn(a, a.readYesNoIn)
}

func (a *answerText) readYesNoIn(l *lexicon) reading[bool] {
	var said sense

	readable, isIf := true, false

	for i := 0; i < len(a.tokens); {
		if a.tokens[i].kind == tokenDash {
			i++
			continue
		}

		m, n := l.find(a.words(i))
		if n == 0 {
			return reading[bool]{}
		}

		senses := m.senses & (senseYes | senseNo | senseWithYes | senseWithNo | senseCourtesy)

		// A letter is an answer by itself only.
		letter := n == 1 && len(a.tokens[i].text) == 1 && len(a.tokens) > 1
		const clauses = senseWithYes | senseWithNo | senseClause

		if senses == 0 || letter || isIf && !a.tokens[i].parted && m.senses&clauses != 0 {
			readable = false
		}

		isIf = m.senses&senseOrIf != 0

		if senses&senseCourtesy == 0 || senses&(senseYes|senseNo) != 0 {
			said |= senses &^ senseCourtesy
		}

		i += n
	}

	yes := said&senseYes != 0
	contradicts := yes && said&(senseNo|senseWithNo) != 0 || said&senseNo != 0 && said&(senseYes|senseWithYes) != 0

	return reading[bool]{
		value:      yes,
		read:       readable && !contradicts && said&(senseYes|senseNo) != 0,
		understood: true,
	}
}

// readNumber reads an answer that is nothing but one number, as JSON writes it.
func (a *answerText) readNumber() (json.Number, bool) {
	number, ok := readIn(a, a.readNumberIn)
	return json.Number(number), ok
}

func (a *answerText) readNumberIn(l *lexicon) reading[string] {
	got := reading[string]{understood: true}
	numbers, minus := 0, false

	for i := 0; i < len(a.tokens); {
		value, n := a.numberAt(l, i)
		if n > 0 {
			numbers++
			got.value = value
			i += n
			i += a.unitAfter(i)

			continue
		}

		if n := a.unitAt(i); n > 0 && numbers == 0 && a.isNumberNext(l, i+n) {
			i += n // "€ 20"
			continue
		}

		m, n := l.find(a.words(i))

		switch {
		case n == 0:
			return reading[string]{}
		case m.senses&senseMinus != 0 && numbers == 0 && !minus && a.isNumberNext(l, i+n):
			minus = true
		case m.senses&(senseCourtesy|senseCounting) == 0:
			numbers = 2 // which no answer is
		}

		i += n
	}

	if minus {
		got.value = "-" + got.value
	}

	got.read = numbers == 1 && got.value != "" && !strings.HasPrefix(got.value, "--")

	return got
}

func (a *answerText) isNumberNext(l *lexicon, at int) bool {
	_, n := a.numberAt(l, at)
	return n > 0
}

// numberAt is the number that begins at a token, and how many tokens it takes. One that cannot be read
// is "".
func (a *answerText) numberAt(l *lexicon, at int) (value string, n int) {
	if at >= len(a.tokens) {
		return "", 0
	}

	if a.tokens[at].kind == tokenNumeral {
		return readNumeral(a.tokens[at].text), 1
	}

	first, n := l.find(a.words(at))
	if n == 0 || first.senses&senseNumber == 0 {
		return "", 0
	}

	const tens = 10
	if first.number < 2*tens || first.number%tens != 0 {
		return strconv.Itoa(first.number), n
	}

	// "twenty six", "treinta y seis"
	next := n
	if m, words := l.find(a.words(at + n)); words > 0 && m.senses&senseJoined != 0 {
		next += words
	}

	if at+next < len(a.tokens) {
		m, words := l.find(a.words(at + next))
		if words > 0 && m.senses&senseNumber != 0 && m.number > 0 && m.number < tens {
			return strconv.Itoa(first.number + m.number), next + words
		}
	}

	return strconv.Itoa(first.number), n
}

// readChoice reads an answer that is nothing but one of the choices, by its number among them.
func (a *answerText) readChoice(choices map[string]int, longest int) (int, bool) {
	return readIn(a, func(l *lexicon) reading[int] {
		got := reading[int]{understood: true}
		named := map[int]bool{}
		readable := true

		for i := 0; i < len(a.tokens); {
			if choice, n := a.choiceAt(choices, longest, i); n > 0 {
				named[choice] = true
				got.value = choice
				i += n

				continue
			}

			if a.tokens[i].kind == tokenDash {
				i++
				continue
			}

			m, n := l.find(a.words(i))
			if n == 0 {
				return reading[int]{}
			}

			readable = readable && m.senses&(senseCourtesy|senseChoosing) != 0
			i += n
		}

		got.read = readable && len(named) == 1

		return got
	})
}

// choiceAt is the choice with the most words that begins at a token.
func (a *answerText) choiceAt(choices map[string]int, longest, at int) (choice, n int) {
	for n := min(longest, len(a.tokens)-at); n > 0; n-- {
		name := joinTokens(a.tokens[at : at+n])
		if choice, ok := choices[name]; ok {
			return choice, n
		}

		// "Tuesdays"
		singular, isPlural := strings.CutSuffix(name, "s")
		if choice, ok := choices[singular]; ok && isPlural && len(singular) >= len("item") {
			return choice, n
		}
	}

	return 0, 0
}

// joinTokens is the text of words and numerals side by side, "" if there is anything else.
func joinTokens(tokens []token) string {
	texts := make([]string, len(tokens))

	for i, t := range tokens {
		if t.kind != tokenWord && t.kind != tokenNumeral {
			return ""
		}

		texts[i] = t.text
	}

	return strings.Join(texts, " ")
}
