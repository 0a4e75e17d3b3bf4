package chat

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// stopWords end all messages when they are the whole message, folded as [foldWords] does and
// without spaces. The first line is what United States law names as enough
// (47 CFR 64.1200(a)(10)), the second what Twilio and the carriers take besides
// (https://help.twilio.com/articles/223134027), the third what Canada's short codes must take in
// French (https://www.txt.ca), with the spellings that people use. The others are ours: how people
// who use these languages say the same in one word.
var stopWords = wordSet(`
	stop quit end revoke optout cancel unsubscribe
	stopall unsub stopp stoptext stopsms stopmessages smsstop optmeout
	arret arrete arreter arrett arretez desabonner desabonnement desinscrire
	abmelden abbestellen austragen
	alto baja cancelar parar detener desuscribir desuscribirse
	sair descadastrar remover
	disiscriviti disiscrivimi cancellami disdici annullaiscrizione
	afmelden uitschrijven
	avsluta avregistrera avprenumerera
	afmeld frameld
	avmeld stans
	rezygnuje wypisz wypiszmnie
	dur iptal iptalet
	стоп отписка отписаться отпишите стопсмс
	στοπ
	退订 退訂 取消订阅 取消訂閱 停止 配信停止 購読解除 수신거부 중지 إيقاف توقف הסר
`)

// startWords take an opt-out back, helpWords ask who writes
// (https://help.twilio.com/articles/223134027).
var (
	startWords = wordSet("start yes unstop")
	helpWords  = wordSet("help info")
)

// openStopWords are stop words that also stand for the end of something else, an order or an
// appointment: with "it" or "this" beside them they say nothing of messages.
var openStopWords = wordSet("end cancel cancelar remover sair parar iptal detener annullaiscrizione")

// courtesies are words that change nothing about a stop word beside them.
var courtesies = wordSet(`
	please pls plz kindly thank thanks thx you ty now immediately ok okay hi hello hey dear sir madam team all already
	just right away sms text texts message messages msg forever today
	bitte danke sofort jetzt hallo alle endlich
	svp merci sil vous plait bonjour maintenant
	por favor gracias ya ahora hola obrigado obrigada agora ola
	per favore grazie subito ciao
	aub graag bedankt nu alsjeblieft alstublieft
	tack nu snalla tak takk venligst
	prosze dziekuje natychmiast
	lutfen tesekkurler artik
	пожалуйста спасибо
`)

// pointers are words that stand for what is to end.
var pointers = wordSet("it this that these them everything")

// ReadKeyword reads what the whole text stands for, whatever its case, spaces, hyphens,
// punctuation, emoji and accents; "" if it is no keyword. Said several times, it is the same.
func ReadKeyword(text string) Keyword {
	if len(text) > maxOptOutBytes {
		return ""
	}

	return readKeyword(foldWords(text))
}

func readKeyword(words []string) Keyword {
	if len(words) == 0 || len(words) > maxKeywordWords {
		return ""
	}

	whole := strings.Join(words, "")

	switch {
	case stopWords[whole], !slices.ContainsFunc(words, func(word string) bool { return !stopWords[word] }):
		return KeywordStop
	case startWords[whole]:
		return KeywordStart
	case helpWords[whole]:
		return KeywordHelp
	}

	return ""
}

// maxKeywordWords is how many words a keyword may be written as: "o p t - o u t" are six.
const maxKeywordWords = 12

// IsPossibleOptOut reports whether the text may ask for no more messages though it is no keyword:
// "please stop texting me". United States law takes any reasonable words
// (47 CFR 64.1200(a)(10)), so a person must decide. It errs towards people: "please stop the
// delivery" is none, and "stop. thank you" is one.
func IsPossibleOptOut(text string) bool {
	if len(text) > maxOptOutBytes {
		text = text[:maxOptOutBytes]
	}

	words := foldWords(text)
	if len(words) == 0 || readKeyword(words) != "" {
		return false
	}

	if isCourteousStop(words) || hasStopSentence(text) {
		return true
	}

	folded := " " + strings.Join(words, " ") + " "

	return slices.ContainsFunc(optOutPhrases, func(phrase *regexp.Regexp) bool {
		return matchesAffirmed(phrase, folded)
	})
}

// maxOptOutBytes bounds the work on one text: what an SMS may hold, several times over.
const maxOptOutBytes = 10_000

// hasStopSentence reports whether the first or the last sentence of the text is a stop word alone:
// "Who is this? Stop", "STOP! I never signed up".
func hasStopSentence(text string) bool {
	sentences := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(".!?…;\r\n。！？", r) })
	sentences = slices.DeleteFunc(sentences, func(sentence string) bool { return len(foldWords(sentence)) == 0 })

	if len(sentences) == 0 {
		return false
	}

	for _, sentence := range []string{sentences[0], sentences[len(sentences)-1]} {
		words := foldWords(sentence)
		if readKeyword(words) == KeywordStop && !openStopWords[strings.Join(words, "")] {
			return true
		}
	}

	return false
}

// isCourteousStop reports whether the words are a stop word with nothing but courtesy around it.
func isCourteousStop(words []string) bool {
	var stop []string

	points := false

	for _, word := range words {
		switch {
		case stopWords[word]:
			stop = append(stop, word)
		case pointers[word]:
			points = true
		case !courtesies[word]:
			return false
		}
	}

	open := slices.ContainsFunc(stop, func(word string) bool { return openStopWords[word] })

	return len(stop) > 0 && (!points || !open)
}

// matchesAffirmed reports whether the phrase is in the text and not denied by the word before it:
// "I can't stop texting her" asks for nothing.
func matchesAffirmed(phrase *regexp.Regexp, folded string) bool {
	for _, at := range phrase.FindAllStringIndex(folded, -1) {
		before := strings.Fields(folded[:at[0]])
		if len(before) == 0 || !denials[before[len(before)-1]] {
			return true
		}
	}

	return false
}

// denials are words after which a request to stop is none.
var denials = wordSet(`
	not cant cannot couldnt wont wouldnt didnt doesnt dont never havent hasnt isnt if unless
	nicht nie niemals ohne
`)

// wordSet is the set of the words of a text.
func wordSet(text string) map[string]bool {
	set := make(map[string]bool)
	for word := range strings.FieldsSeq(text) {
		set[word] = true
	}

	return set
}

// foldWords are the words of a text in lower case, without accents. Apostrophes join, like "don't";
// everything else that is neither letter nor digit parts.
func foldWords(text string) []string {
	folded := strings.Map(foldLetter, unfoldLetters.Replace(strings.ToLower(text)))

	return strings.FieldsFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// unfoldLetters writes letters as two that are two of the same.
var unfoldLetters = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ﬁ", "fi", "ﬂ", "fl")

// plainLetters are the letters with accents, after those without: Latin with Western, Central
// European and Turkish accents, and Greek.
var plainLetters = func() map[rune]rune {
	plain := make(map[rune]rune)

	for base, accented := range map[rune]string{
		'a': "àáâãäåāăą",
		'c': "çćĉċč",
		'd': "ďđð",
		'e': "èéêëēĕėęě",
		'g': "ĝğġģ",
		'h': "ĥħ",
		'i': "ìíîïĩīĭįı",
		'j': "ĵ",
		'k': "ķ",
		'l': "ĺļľŀł",
		'n': "ñńņňŉ",
		'o': "òóôõöøōŏő",
		'r': "ŕŗř",
		's': "śŝşšș",
		't': "ţťŧț",
		'u': "ùúûüũūŭůűų",
		'w': "ŵ",
		'y': "ýÿŷ",
		'z': "źżž",
		'α': "ά",
		'ε': "έ",
		'η': "ή",
		'ι': "ίϊΐ",
		'ο': "ό",
		'υ': "ύϋΰ",
		'ω': "ώ",
		'е': "ё",
	} {
		for _, letter := range accented {
			plain[letter] = base
		}
	}

	return plain
}()

// foldLetter takes the accent off a letter, and drops accents that stand alone, apostrophes, and
// what is not seen.
func foldLetter(r rune) rune {
	if r >= firstFullWidth && r <= lastFullWidth {
		r = unicode.ToLower(r - fullWidthBy)
	}

	switch {
	case plainLetters[r] != 0:
		return plainLetters[r]
	case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r), strings.ContainsRune("'’‘ʼ`´", r):
		return -1
	}

	return r
}

// StopOption finds an answer that a JSON Schema offers by name and that is a stop word, "" if there
// is none: who gives it by SMS has opted out, and the provider lets nothing through to them any more.
func StopOption(expects json.RawMessage) string {
	var document any
	if json.Unmarshal(expects, &document) != nil {
		return ""
	}

	return stopOptionIn(document)
}

func stopOptionIn(document any) string {
	switch part := document.(type) {
	case map[string]any:
		choices, _ := part["enum"].([]any)

		for _, choice := range append(slices.Clone(choices), part["const"]) {
			if word, ok := choice.(string); ok && ReadKeyword(word) == KeywordStop {
				return word
			}
		}

		for _, name := range slices.Sorted(maps.Keys(part)) {
			if word := stopOptionIn(part[name]); word != "" {
				return word
			}
		}

	case []any:
		for _, each := range part {
			if word := stopOptionIn(each); word != "" {
				return word
			}
		}
	}

	return ""
}
