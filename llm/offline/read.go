package offline

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"

	"handrail/chat"
)

const (
	// maxRead is how many bytes of a message are read: people say what they want before
	// that, and what follows in longer emails is mostly what they answer to.
	maxRead = 16 << 10
	// maxAddress is the most bytes of a web address that is kept in one piece.
	maxAddress = 2 << 10
	// wrapped is the length from which a line is taken to have been broken by a mail
	// program rather than by its author.
	wrapped = 50
)

// sentence is one sentence of a chat, as it was written.
type sentence struct {
	text     string
	speaker  string
	customer bool
	// message counts the messages.
	message int
	// words are folded and in order; terms are the stems of those that carry meaning,
	// each once.
	words, terms []string
}

// read takes a transcript apart into the sentences that say something. When none does
// it is every sentence there is, and nothing only for a chat without text.
func read(ctx context.Context, t *chat.Transcript) ([]sentence, error) {
	names := map[string]bool{}
	for i := range t.Messages {
		for _, word := range words(t.Messages[i].Speaker) {
			names[word] = true
		}
	}
	for _, lines := range []func(string) []string{ownLines, allLines} {
		var all []sentence
		for i := range t.Messages {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			all = append(all, sentencesOf(&t.Messages[i], i, lines, names)...)
		}
		said := slices.DeleteFunc(slices.Clone(all), func(s sentence) bool { return len(s.terms) == 0 })
		if len(said) > 0 {
			return said, nil
		}
		if len(all) > 0 {
			return all, nil
		}
	}
	return nil, nil
}

// sentencesOf reads one message.
func sentencesOf(line *chat.Line, number int, lines func(string) []string, names map[string]bool) []sentence {
	text := line.Text
	if len(text) > maxRead {
		text = text[:maxRead]
	}
	text = clean(strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), ""))
	written := lines(text)
	if line.Role == chat.RoleAssistantMessage {
		written = plainLines(strings.Join(written, "\n"))
	}
	var out []sentence
	for _, paragraph := range unwrap(written) {
		for _, s := range split(paragraph) {
			if !visible(s) {
				continue
			}
			one := sentence{text: s, speaker: speaker(line), customer: line.Role != chat.RoleAssistantMessage, message: number}
			if rest := withoutGreeting(s, names); visible(rest) {
				one.text, one.words = rest, words(rest)
				one.terms = terms(one.words, names)
			}
			out = append(out, one)
		}
	}
	return out
}

func allLines(text string) []string { return strings.Split(text, "\n") }

// ownLines are the lines its author wrote for this message: without quotes of earlier
// ones, sign-off and signature.
func ownLines(text string) []string {
	lines := strings.Split(text, "\n")
	var own []string
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		if n := attribution(lines[i:]); n > 0 {
			if !quoteFollows(lines[i+n:]) {
				return own
			}
			i += n - 1
			continue
		}
		switch {
		case strings.HasPrefix(line, ">"), deviceLine.MatchString(line):
		case line == "--", originalMessage.MatchString(line), signsOff(line, lines[i+1:]):
			return own
		default:
			own = append(own, line)
		}
	}
	return own
}

var (
	deviceLine = regexp.MustCompile(`(?i)^(sent from my |sent from (mail|outlook|yahoo)|get outlook for |gesendet (von|mit) |` +
		`von meinem .{1,30} gesendet|enviado desde |enviado do meu |envoyé (de|depuis) mon |inviato da |verstuurd vanaf )`)
	originalMessage = regexp.MustCompile(`(?i)^(-{2,} ?(original message|forwarded message|ursprüngliche nachricht|` +
		`mensaje original|message d'origine|messaggio originale|oorspronkelijk bericht|mensagem original)|_{10,}$)`)
	// wrote is the line a mail program puts above a quote: it has a date or an address.
	wrote = regexp.MustCompile(`(?i)^(on|am|le|el|il|em|op|den|w dniu)\s.*[\d@].*` +
		`(wrote|schrieb|a écrit|escribió|ha scritto|escreveu|schreef|skrev|napisał).{0,80}:$`)
)

// attribution tells how many of the lines introduce a quote: mail programs break that
// line in two when it is long.
func attribution(lines []string) int {
	line := strings.TrimSpace(lines[0])
	if wrote.MatchString(line) {
		return 1
	}
	if len(lines) > 1 && wrote.MatchString(line+" "+strings.TrimSpace(lines[1])) {
		return 2
	}
	return 0
}

func quoteFollows(lines []string) bool {
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" {
			return strings.HasPrefix(line, ">")
		}
	}
	return false
}

// unwrap joins the lines that a mail program has broken.
func unwrap(lines []string) []string {
	var paragraphs []string
	previous := ""
	for _, line := range lines {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case utf8.RuneCountInString(previous) >= wrapped && !bullet.MatchString(line):
			paragraphs[len(paragraphs)-1] += " " + line
		default:
			paragraphs = append(paragraphs, bullet.ReplaceAllString(line, ""))
		}
		previous = line
	}
	return paragraphs
}

var bullet = regexp.MustCompile(`^([-*•–]|\d{1,2}[.)])\s+`)

// split cuts a paragraph into sentences by Unicode's rules (UAX #29), and mends where
// those take an abbreviation or a date for an end.
func split(paragraph string) []string {
	var out []string
	open := false
	for s := sentences.FromString(paragraph); s.Next(); {
		if next := s.Value(); open && goesOn(out[len(out)-1], next) {
			out[len(out)-1] += next
		} else {
			out = append(out, next)
		}
		open = true
	}
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}

// goesOn tells whether next belongs to the sentence before it.
func goesOn(before, next string) bool {
	if inAddress.MatchString(before[max(0, len(before)-maxAddress):]) {
		return true
	}
	before = strings.TrimSpace(before)
	if !strings.HasSuffix(before, ".") || len(before) > maxRead/8 { // nobody's sentence is that long
		return false
	}
	last := strings.ToLower(before[strings.LastIndexFunc(before, unicode.IsSpace)+1:])
	last = strings.Trim(last, ".(\"'")
	first, _ := utf8.DecodeRuneInString(next)
	switch {
	case beforeNumber[last]:
		return unicode.IsDigit(first)
	case initialOrDay.MatchString(last):
		return unicode.IsLetter(first)
	}
	return abbreviations[last]
}

// inAddress is a text that ends within a web address: after a ? or a ! in one, Unicode
// begins a new sentence.
var inAddress = regexp.MustCompile(`(://|\bwww\.)[!-~]+$`)

// initialOrDay is what stands before the full stop in "J. Hall" and "3. November".
var initialOrDay = regexp.MustCompile(`^(\p{L}|\d{1,2})$`)
