package offline

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// factKind is what a detail of a sentence is about: details of different kinds never contradict.
type factKind int

// The kinds of details.
const (
	ofCount factKind = iota
	ofCode
	ofAmount
	ofTime
	ofDate
	ofWeekday
	ofRelativeDay
)

// fact is a detail that a later message can replace.
type fact struct {
	kind  factKind
	value string
	// noun is the stem of what is counted or numbered, empty where the sentence does not say.
	noun string
	// denied is a detail that the sentence says is not so: "not Friday", "instead of Friday".
	denied bool
}

const (
	// shortCode is the least number of digits of what is a number of an order rather than a count.
	shortCode = 4
	// ofPeople is the noun of "people", "guests" and "for four", in any language.
	ofPeople = "people"
	// maxReplacer is the most words of "instead of" in any language.
	maxReplacer = 3
	// maxMonth is how many letters tell a month from others.
	maxMonth = 3
	// maxTo is the most letters of what stands between the days of "3 to 6 May".
	maxTo = 4
)

var (
	clockTime   = regexp.MustCompile(`^\d{1,2}([:h]\d{2}|h|am|pm|a\.m|p\.m)(am|pm|h|uhr)?$`)
	ordinal     = regexp.MustCompile(`^\d{1,2}(st|nd|rd|th|er)$`)
	numericDate = regexp.MustCompile(`^\d{1,2}(/\d{1,2}(/\d{2,4})?|\.\d{1,2}\.(\d{2,4})?)$`)
	plainNumber = regexp.MustCompile(`^\d+([.,]\d+)?$`)
)

// maxFacts is how many details of one sentence are looked at.
const maxFacts = 40

// factsIn are the details of a text, in order.
func factsIn(text string) []fact {
	tokens := tokensOf(text)
	var facts []fact

	for i := range tokens {
		// They are compared with each other: a text of numbers alone would cost with the square of its length.
		if len(facts) == maxFacts {
			break
		}

		if f, found := factAt(tokens, i); found {
			f.denied = isDenied(tokens[:i])
			facts = append(facts, f)
		}
	}

	return facts
}

// details are those of the sentence. They are read once, for each claim is compared with all sentences.
func (s *sentence) details() []fact {
	if !s.detailed {
		s.facts = factsIn(s.text)
		s.detailed = true
	}

	return s.facts
}

// isDenied reports whether what stands before a detail takes it back.
func isDenied(before []token) bool {
	for n := 1; n <= min(2, len(before)); n++ {
		t := &before[len(before)-n]
		if strings.HasSuffix(t.field, ",") {
			return false
		}

		if negations[t.word] {
			return true
		}
	}

	var words []string
	for _, t := range before[max(0, len(before)-maxReplacer):] {
		words = append(words, t.word)
	}

	return replacers.endIn(words)
}

// token is a word as it stands in a text, in small letters.
type token struct {
	field string // with its signs
	plain string // without those at its ends
	word  string // without accents
}

func tokensOf(text string) []token {
	fields := strings.Fields(strings.ToLower(text))
	tokens := make([]token, len(fields))

	for i, field := range fields {
		plain := strings.TrimFunc(field, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
		})
		tokens[i] = token{
			field: field,
			plain: plain,
			word:  foldWord(plain),
		}
	}

	return tokens
}

// factAt reads the detail that a token is, if it is one.
func factAt(tokens []token, i int) (fact, bool) {
	t := &tokens[i]
	if day, found := weekdays[t.word]; found {
		return fact{kind: ofWeekday, value: day}, true
	}

	if day, found := relativeDays[t.word]; found && (i == 0 || !ofMorning[tokens[i-1].word]) {
		return fact{kind: ofRelativeDay, value: day}, true
	}

	value, worded := numberWords[t.plain]
	if !worded {
		value = t.plain
	}

	if !startsWithDigit(value) && !isReference(value) {
		return fact{}, false
	}

	return numberFact(tokens, i, value), true
}

// numberFact reads a number by itself and by what stands beside it.
func numberFact(tokens []token, i int, value string) fact {
	var before, after token
	if i > 0 {
		before = tokens[i-1]
	}

	if i+1 < len(tokens) {
		after = tokens[i+1]
	}

	field := tokens[i].field
	switch {
	case strings.ContainsAny(field, "€$£₽¥₺"), currencies[after.word], currencies[before.word],
		before.plain == "" && strings.ContainsAny(before.field, "€$£₽¥₺"),
		after.plain == "" && strings.ContainsAny(after.field, "€$£₽¥₺"):
		return fact{kind: ofAmount, value: value}
	case clockTime.MatchString(value), clockWords[after.word], canBeHour(value) && hourWords[before.plain]:
		return fact{kind: ofTime, value: value}
	case ordinal.MatchString(value), numericDate.MatchString(strings.Trim(field, ",;!?()")):
		return fact{kind: ofDate, value: strings.TrimRight(value, "strndhe")}
	}

	if month := monthBeside(tokens, i); month != "" {
		return fact{kind: ofDate, value: value + " " + month}
	}

	if isReference(value) {
		return fact{kind: ofCode, value: value, noun: nounOf(before.word)}
	}

	f := fact{kind: ofCount, value: value}
	if strings.HasSuffix(field, tokens[i].plain) {
		f.noun = nounOf(after.word)
	}

	if people[after.word] || f.noun == "" && forWhom[before.word] {
		f.noun = ofPeople
	}

	return f
}

// isReference reports whether a number is that of an order, a room or an account, rather than a count.
func isReference(value string) bool {
	digits := 0

	for _, r := range value {
		if unicode.IsDigit(r) {
			digits++
		}
	}

	return digits >= shortCode && !strings.ContainsAny(value, "/:") || digits > 0 && !plainNumber.MatchString(value)
}

// canBeHour reports whether a number can be an hour.
func canBeHour(value string) bool {
	return utf8.RuneCountInString(value) <= 2 || strings.ContainsAny(value, ".:")
}

// monthBeside is the beginning of the month that a number is a day of, empty without any.
func monthBeside(tokens []token, i int) string {
	if month := monthAfter(tokens, i); month != "" {
		return month
	}

	if i > 0 && months[tokens[i-1].word] {
		return monthAt(tokens, i-1)
	}

	// "3 to 6 May": the number after the next word has the month.
	if i+2 < len(tokens) && startsWithDigit(tokens[i+2].plain) && !startsWithDigit(tokens[i+1].plain) &&
		utf8.RuneCountInString(tokens[i+1].word) <= maxTo {
		return monthAfter(tokens, i+2)
	}

	return ""
}

// monthAfter is the month of "3 May", "3 de mayo" and "3rd of May", empty without any.
func monthAfter(tokens []token, i int) string {
	if month := monthAt(tokens, i+1); month != "" {
		return month
	}

	if i+1 < len(tokens) && (tokens[i+1].word == "de" || tokens[i+1].word == "of") {
		return monthAt(tokens, i+2)
	}

	return ""
}

// monthAt is the beginning of a month: enough to tell it from others.
func monthAt(tokens []token, i int) string {
	if i >= len(tokens) || !months[tokens[i].word] {
		return ""
	}

	return string([]rune(tokens[i].word)[:min(maxMonth, utf8.RuneCountInString(tokens[i].word))])
}

func startsWithDigit(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return unicode.IsDigit(first)
}

// nounOf is the stem of a word that can name what a number is of, empty for other words.
func nounOf(word string) string {
	alone := []string{word}

	switch {
	case !isMeaningful(word), beforeNumber[word], strings.ContainsFunc(word, unicode.IsDigit),
		corrections.areIn(alone), slips.areIn(alone), weekdays[word] != "", relativeDays[word] != "":
		return ""
	}

	return stemOf(word)
}
