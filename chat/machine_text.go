package chat

import (
	"regexp"
	"slices"
	"strings"
)

// Reaction is a sign that somebody has put on a message, as phones send it to those who cannot show it.
type Reaction struct {
	// Answer is "yes" or "no", "" for a sign that says neither or was taken back.
	Answer string
	// Quote is the message that it is on, or its beginning; "" for a picture.
	Quote string
}

// reactionWords are what stands around the quote, folded as [foldWords] does, and what it says. No list
// is published; these are what iOS and Google Messages send in these languages, as far as known. In
// others, a reaction is still known by its sign, or by its quoting the question.
var reactionWords = map[string]string{
	// English
	"liked": "yes", "loved": "yes", "disliked": "no", "laughed at": "", "emphasized": "", "emphasised": "", "questioned": "",
	// German
	"gefallt": "yes", "gefallt mir": "yes", "gefiel": "yes", "liebt": "yes", "mag": "yes", "gefallt nicht": "no",
	"gefallt mir nicht": "no", "mag nicht": "no", "lachte uber": "", "betonte": "", "hinterfragte": "",
	// French
	"a aime": "yes", "a adore": "yes", "na pas aime": "no", "a ri de": "", "a mis laccent sur": "", "a remis en question": "",
	// Spanish
	"le gusto": "yes", "le gusta": "yes", "le encanto": "yes", "me gusta": "yes", "no le gusto": "no", "no le gusta": "no",
	"se rio de": "", "enfatizo": "", "destaco": "", "cuestiono": "",
	// Italian
	"ha messo mi piace a": "yes", "ha amato": "yes", "ha messo non mi piace a": "no", "ha riso di": "", "ha evidenziato": "",
	// Portuguese
	"gostou de": "yes", "curtiu": "yes", "amou": "yes", "adorou": "yes", "nao gostou de": "no", "riu de": "", "enfatizou": "",
	// Dutch, Swedish, Danish, Norwegian
	"vond leuk": "yes", "vindt leuk": "yes", "vond niet leuk": "no", "gillade": "yes", "alskade": "yes", "ogillade": "no",
	"syntes godt om": "yes", "elskede": "yes", "likte": "yes", "elsket": "yes", "likte ikke": "no",
	// Polish, Turkish
	"polubiono": "yes", "lubi": "yes", "nie lubi": "no", "begendi": "yes", "begenmedi": "no",
}

// takenBack are words with which a reaction is taken away again, of whatever kind.
var takenBack = wordSet("removed entfernt entfernte supprime retire elimino quito rimosso removeu retirou verwijderde " +
	"verwijderd tog tagit fjernede fjernet usunieto kaldirdi")

// reactionSigns are the signs that say yes or no.
var reactionSigns = map[string]string{"👍": "yes", "❤": "yes", "✅": "yes", "👌": "yes", "💯": "yes", "👎": "no", "❌": "no"}

// betweenSigns are the words beside a sign: "Reacted 👍 to", "Reagierte mit 👍 auf".
var betweenSigns = wordSet(`
	reacted with to a an reagierte mit auf hat reagiert reagi avec reacciono con ha reagito reagiu com reageerde met op
	reagerade med pa till reagerede reagerte zareagowano na ile tepki verdi
`)

// onPicture is a reaction on what cannot be quoted.
var onPicture = regexp.MustCompile(`^(liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|removed (a|an) [a-z ]+ from|` +
	`reacted to|reacted with to) (an?|your) (image|photo|picture|video|movie|audio message|voice message|attachment|sticker|` +
	`link|location|contact|file|gif)$`)

// quoteMarks are those that phones put around a message.
const quoteMarks = "\"“”„‟«»"

// maxAroundQuote is the most bytes that stand around the quote of a reaction.
const maxAroundQuote = 80

// maxAroundUnknown is the most of them where the words are not known.
const maxAroundUnknown = 40

// ReadReaction reads a text that a phone sends for a reaction: Liked "See you at six".
func ReadReaction(text string) (Reaction, bool) {
	text = strings.TrimSpace(text)

	from := strings.IndexAny(text, quoteMarks)
	to := strings.LastIndexAny(text, quoteMarks)

	if from < 0 || from == to {
		return Reaction{}, len(text) <= maxAroundQuote && onPicture.MatchString(strings.Join(foldWords(text), " "))
	}

	quote := strings.Trim(text[from:to], quoteMarks+" \u00a0\u200a\u200b")
	around := text[:from] + " " + strings.TrimLeft(text[to:], quoteMarks)

	if len(around) > maxAroundQuote || strings.ContainsAny(around, "\n?.") {
		return Reaction{}, false
	}

	answer, known := readAroundQuote(around)

	return Reaction{Answer: answer, Quote: quote}, known
}

// readAroundQuote reads what a reaction says of the message that it quotes.
func readAroundQuote(around string) (answer string, known bool) {
	words := foldWords(around)

	if slices.ContainsFunc(words, func(word string) bool { return takenBack[word] }) {
		return "", true
	}

	if answer, ok := reactionWords[strings.Join(words, " ")]; ok {
		return answer, true
	}

	if slices.ContainsFunc(words, func(word string) bool { return !betweenSigns[word] }) {
		return "", false
	}

	for sign, answer := range reactionSigns {
		if strings.Contains(around, sign) {
			return answer, true
		}
	}

	return "", hasSign(around)
}

// hasSign reports whether a text has any sign that is no mark of writing.
func hasSign(text string) bool {
	const firstSign = '\u2190' // where arrows, symbols and, above them, emoji begin

	return strings.ContainsFunc(text, func(r rune) bool {
		return r >= firstSign && !strings.ContainsRune(quoteMarks, r)
	})
}

// absences are first sentences that phones answer by themselves with, or offer to, folded as
// [foldWords] does: iOS' Focus while driving, Android Auto, and the short answers to a call.
var absences = phraseSetOf(`
	im driving with focus turned on
	im driving with do not disturb while driving turned on
	im driving right now
	im driving
	im driving now
	im driving at the moment
	im currently driving
	im busy right now
	im busy
	sorry im busy right now
	sorry im busy
	im in a meeting
	im in a meeting right now
	cant talk right now
	i cant talk right now
	sorry i cant talk right now
	ill call you later
	ill call you back
	ill call you right back
	im on my way
	im not receiving notifications
	im currently unavailable
	im away from my phone
	ich fahre gerade
	ich fahre gerade auto
	ich bin gerade beschaftigt
	ich kann gerade nicht sprechen
	ich kann jetzt nicht sprechen
	je conduis
	je conduis actuellement
	je suis occupe
	je suis occupee
	je suis au volant
	estoy conduciendo
	estoy manejando
	estoy ocupado
	estoy ocupada
	sto guidando
	sono al volante
	sono occupato
	sono occupata
	estou dirigindo
	estou a conduzir
	estou ocupado
	estou ocupada
	ik ben aan het rijden
	ik zit in de auto
	ik ben bezig
	prowadze samochod
	prowadze
	jestem zajety
	jestem zajeta
	araba kullaniyorum
	su anda araba kullaniyorum
	mesgulum
	jag kor bil
	jag kor
	jag ar upptagen
	jeg korer
	jeg kjorer
`)

// automaticTitles are words that a machine's text begins with.
var automaticTitles = []string{
	"auto reply ", "autoreply ", "auto response ", "automatic reply ", "automated reply ", "automated response ",
	"automatic response ", "this is an automated ", "this is an automatic ", "out of office ", "im out of the office ",
	"automatische antwort ", "abwesenheitsnotiz ", "reponse automatique ", "respuesta automatica ", "risposta automatica ",
	"resposta automatica ", "automatisch antwoord ", "automatyczna odpowiedz ", "otomatik yanit ", "autosvar ",
}

func phraseSetOf(text string) map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(text) {
		set[strings.TrimSpace(line)] = true
	}

	delete(set, "")

	return set
}

// IsMachineText reports whether a text is one that a phone sends by itself: that its owner drives, is
// busy or away. A person who says it in these words has answered nothing either.
func IsMachineText(text string) bool {
	if len(text) > maxOptOutBytes {
		text = text[:maxOptOutBytes]
	}

	first, _, _ := strings.Cut(strings.Trim(text, " ([\t\r\n"), "\n")
	if at := strings.IndexAny(first, ".!"); at >= 0 {
		first = first[:at]
	}

	if absences[strings.Join(foldWords(first), " ")] {
		return true
	}

	words := strings.Join(foldWords(text), " ") + " "

	return slices.ContainsFunc(automaticTitles, func(title string) bool { return strings.HasPrefix(words, title) })
}

// ReactionAnswer is "yes" or "no" for a reaction to this question that says so; found reports that the
// text is a reaction at all, to whatever message.
func (r *ContributorRequest) ReactionAnswer(text string) (answer string, found bool) {
	reaction, found := ReadReaction(text)
	if !found {
		return "", r.isQuoted(text)
	}

	if !AsksYesNo(DecodeExpected(r.Expects)) || !r.isText(reaction.Quote) {
		return "", true
	}

	return reaction.Answer, true
}

// MayAnswer reports whether what a contributor has sent may be the answer. What a machine has written
// for them is none, save for a reaction that says yes or no to this very question.
func (r *ContributorRequest) MayAnswer(text string) bool {
	if answer, reacts := r.ReactionAnswer(text); reacts {
		return answer != ""
	}

	return !IsMachineText(text)
}

// isQuoted reports whether the text is a quote of the question with a few words around it: a reaction in
// words that are not known here.
func (r *ContributorRequest) isQuoted(text string) bool {
	from := strings.IndexAny(text, quoteMarks)
	to := strings.LastIndexAny(text, quoteMarks)

	return from >= 0 && from < to && from+len(text)-to <= maxAroundUnknown &&
		r.isText(strings.Trim(text[from:to], quoteMarks+" \u00a0\u200a\u200b"))
}

// isText reports whether the quote is what a contributor was asked, or its beginning.
func (r *ContributorRequest) isText(quote string) bool {
	whole := EvidenceText(quote)
	begun := strings.TrimSpace(strings.TrimSuffix(whole, "..."))

	if begun == "" {
		return false
	}

	const enough = 10 // bytes that no other message is likely to begin with

	texts := []string{r.Question}
	for i := range r.Questions {
		for _, turn := range []QuestionTurn{TurnQuestion, TurnReminder, TurnAgain} {
			texts = append(texts, r.Text(turn, &r.Questions[i]))
		}
	}

	return slices.ContainsFunc(texts, func(text string) bool {
		sent := EvidenceText(text)
		return sent == whole || len(begun) >= enough && strings.HasPrefix(sent, begun)
	})
}
