package schema

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// wordFiles are what people say, one file for each language and one for signs. A line is a sense and
// the phrases that have it; case, accents, apostrophes and hyphens do not matter.
//
//go:embed words/*.txt
var wordFiles embed.FS

// sense is what a phrase contributes to an answer. A phrase may have several.
type sense uint16

const (
	senseYes sense = 1 << iota
	senseNo
	// senseWithYes and senseWithNo go with an answer, and are none.
	senseWithYes
	senseWithNo
	// senseCourtesy changes nothing.
	senseCourtesy
	senseMinus
	senseNumber
	// senseCounting stands around a number, senseChoosing around a choice, and senseJoined between
	// the words of a number.
	senseCounting
	senseChoosing
	senseJoined
	// senseNot denies, or leaves out, what stands beside it.
	senseNot
	// senseOrIf is a yes that means "if" before a clause: "si" in three languages.
	senseOrIf
	senseClause
)

// senseNames are the senses as the files call them. Names that stand for 0 say only that a phrase
// belongs to the language: no answer has it.
var senseNames = map[string]sense{
	"yes":      senseYes,
	"no":       senseNo,
	"with yes": senseWithYes,
	"with no":  senseWithNo,
	"courtesy": senseCourtesy,
	"minus":    senseMinus,
	"number":   senseNumber,
	"counting": senseCounting,
	"choosing": senseChoosing,
	"joined":   senseJoined,
	"not":      senseNot,
	"or if":    senseOrIf,
	"clause":   senseClause,
	"unsure":   0,
	"limit":    0,
	"common":   0,
}

// meaning is what a phrase of a language means.
type meaning struct {
	senses sense
	number int
}

// lexicon is what is known of a language.
type lexicon struct {
	// name is the language's, as BCP 47 has it; "" for what all share.
	name    string
	phrases map[string]meaning
	// longest is the most words of a phrase.
	longest int
	// greetings, signOffs, sentFrom and howMany are phrases that are looked for by themselves.
	greetings, signOffs, sentFrom, howMany phraseSet
	// units are what numbers may have, by their phrases.
	units phraseSet
}

// phraseSet are phrases, each as its words with a space between them.
type phraseSet struct {
	phrases map[string]bool
	longest int
}

func (s *phraseSet) add(words []string) {
	if s.phrases == nil {
		s.phrases = map[string]bool{}
	}

	s.phrases[strings.Join(words, " ")] = true
	s.longest = max(s.longest, len(words))
}

// measurePrefix is how many of the first words are a phrase of the set, the longest one.
func (s *phraseSet) measurePrefix(words []string) int {
	for n := min(len(words), s.longest); n > 0; n-- {
		if s.phrases[strings.Join(words[:n], " ")] {
			return n
		}
	}

	return 0
}

// lexicons are the languages in the order of their names; shared are signs, and the courtesies,
// greetings and signatures of all of them, for people mix those.
var lexicons, shared, units = loadLexicons()

// languagesOf counts the languages that have a word.
var languagesOf = countLanguages(lexicons)

func loadLexicons() (all []*lexicon, common *lexicon, units map[string]unit) {
	files, err := wordFiles.ReadDir("words")
	if err != nil {
		panic("schema: read the lists of words: " + err.Error())
	}

	common = &lexicon{phrases: map[string]meaning{}}

	for _, file := range files {
		text, err := wordFiles.ReadFile(path.Join("words", file.Name()))
		if err != nil {
			panic("schema: read a list of words: " + err.Error())
		}

		name := strings.TrimSuffix(file.Name(), ".txt")
		if name == "units" {
			units = loadUnits(string(text), common)
			continue
		}

		if name == "signs" {
			common.load(name, string(text), common)
			continue
		}

		l := &lexicon{name: name, phrases: map[string]meaning{}}
		l.load(name, string(text), common)
		all = append(all, l)
	}

	return all, common, units
}

// load reads a file. A mistake in one is a mistake in the program.
func (l *lexicon) load(name, text string, common *lexicon) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}

		kind, list, found := strings.Cut(line, ":")
		if !found {
			panic(fmt.Sprintf("schema: words/%s.txt: no sense before %q", name, line))
		}

		for phrase := range strings.SplitSeq(list, ",") {
			l.addPhrase(kind, strings.TrimSpace(phrase), common)
		}
	}
}

func (l *lexicon) addPhrase(kind, phrase string, common *lexicon) {
	number := 0

	if kind == "number" {
		digits, rest, _ := strings.Cut(phrase, " ")

		value, err := strconv.Atoi(digits)
		if err != nil {
			panic("schema: a number without its value: " + phrase)
		}

		number, phrase = value, rest
	}

	words := wordsIn(phrase)
	if len(words) == 0 {
		panic("schema: a phrase without words: " + phrase)
	}

	switch kind {
	case "greeting":
		common.greetings.add(words)
		l.learn(words, senseCourtesy, 0)
		common.learn(words, senseCourtesy, 0)

		return
	case "sign-off":
		common.signOffs.add(words)
		l.learn(words, senseCourtesy, 0)

		return
	case "sent from":
		common.sentFrom.add(words)
		return
	case "how many":
		common.howMany.add(words)
		l.learn(words, 0, 0)

		return
	}

	senses, known := senseNames[kind]
	if !known {
		panic("schema: no sense is called " + kind)
	}

	l.learn(words, senses, number)

	if senses == senseCourtesy {
		common.learn(words, senses, 0)
	}
}

// learn adds a phrase to what it has meant before.
func (l *lexicon) learn(words []string, senses sense, number int) {
	phrase := strings.Join(words, " ")
	known := l.phrases[phrase]
	known.senses |= senses

	if senses == senseNumber {
		known.number = number
	}

	l.phrases[phrase] = known
	l.longest = max(l.longest, len(words))
}

// find is the longest phrase that the words begin with. What the language says itself goes before
// what all share.
func (l *lexicon) find(words []string) (m meaning, n int) {
	for n := min(len(words), max(l.longest, shared.longest)); n > 0; n-- {
		phrase := strings.Join(words[:n], " ")
		if m, ok := l.phrases[phrase]; ok {
			return m, n
		}

		if m, ok := shared.phrases[phrase]; ok {
			return m, n
		}
	}

	return meaning{}, 0
}

// isWord reports whether a word, or a sign, is one that all languages share.
func (l *lexicon) isWord(word string) bool {
	_, ok := l.phrases[word]
	return ok
}

func countLanguages(all []*lexicon) map[string]int {
	counts := map[string]int{}

	for _, l := range all {
		for word := range l.ownWords() {
			counts[word]++
		}
	}

	return counts
}

// ownWords are the words of the language's phrases.
func (l *lexicon) ownWords() map[string]bool {
	words := map[string]bool{}

	for phrase := range l.phrases {
		for word := range strings.FieldsSeq(phrase) {
			words[word] = true
		}
	}

	return words
}

// vocabularies are the words of each language.
var vocabularies = func() map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for _, l := range lexicons {
		all[l.name] = l.ownWords()
	}

	return all
}()

// LanguageOf guesses in which language a text is written, by the words in it that only some
// languages have. It returns "" when no language is likelier than all others.
func LanguageOf(text string) string {
	if len(text) > maxAnswer {
		text = strings.ToValidUTF8(text[:maxAnswer], "")
	}

	scores := make([]float64, len(lexicons))

	for _, word := range wordsIn(text) {
		count := languagesOf[word]
		if count == 0 {
			continue
		}

		for i, l := range lexicons {
			if vocabularies[l.name][word] {
				scores[i] += 1 / float64(count)
			}
		}
	}

	best := slices.Max(scores)
	first := slices.Index(scores, best)

	const sure = 1.25 // how many times as likely as any other one it must be
	for i, score := range scores {
		if i != first && score*sure > best {
			return ""
		}
	}

	if best == 0 {
		return ""
	}

	return lexicons[first].name
}
