package schema

import (
	"slices"
	"strings"
	"unicode"
)

// maxAnswer is the most bytes of a text that may be yes, no, a number or a choice. Nobody needs as many.
const maxAnswer = 10_000

// letterBody is what a text says without the form of a letter: without a greeting, a name below, what a
// phone writes under it, and quotes. When it is not certain that a line is one of these, it stays.
func letterBody(text, name string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	lines = cutAppended(lines)
	lines = cutSignOff(lines, name)
	lines = trimBlank(lines)

	if last := len(lines) - 1; last >= 0 {
		lines[last] = cutClosing(lines[last], name)
		lines[0] = cutGreeting(lines[0], len(lines) > 1, name)
	}

	return strings.Join(trimBlank(lines), "\n")
}

func trimBlank(lines []string) []string {
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines = lines[1:]
	}

	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}

	return lines
}

// cutAppended keeps the lines above a signature's delimiter (RFC 3676 4.3), above what a phone adds, and
// above quotes.
func cutAppended(lines []string) []string {
	for i, line := range lines {
		bare := strings.TrimSpace(line)
		words := wordsIn(clipLine(bare))

		switch {
		case bare == "--", strings.HasPrefix(bare, ">"):
			return lines[:i]
		case i > 0 && shared.sentFrom.measurePrefix(words) > 0:
			return lines[:i]
		case i > 0 && strings.HasPrefix(bare, "____"), i > 0 && strings.HasPrefix(bare, "-----"):
			return lines[:i]
		}
	}

	return lines
}

// clipLine is as much of a line as decides what it is.
func clipLine(line string) string {
	const enough = 200
	if len(line) > enough {
		return strings.ToValidUTF8(line[:enough], "")
	}

	return line
}

// maxSignature is the most lines that stand under an answer with a name.
const maxSignature = 8

// cutSignOff keeps the lines above "Kind regards" or the like, if nothing but a name and its addresses
// follows.
func cutSignOff(lines []string, name string) []string {
	lines = trimBlank(lines)

	for i := max(1, len(lines)-maxSignature); i < len(lines); i++ {
		words := wordsIn(clipLine(lines[i]))

		n := shared.signOffs.measurePrefix(words)
		if n == 0 || len(words) > n && !isName(afterWords(lines[i], n), name) || strings.Contains(lines[i], "?") {
			continue
		}

		rest := slices.IndexFunc(lines[i+1:], func(line string) bool { return !isSignature(line, name) })
		if rest < 0 {
			return lines[:i]
		}
	}

	return lines
}

// cutClosing takes "Regards, Anna" off the end of a line: a sign-off that means nothing else, and a name.
func cutClosing(line, name string) string {
	fields := strings.Fields(clipLine(line))

	for i := max(1, len(fields)-maxClosing); i < len(fields); i++ {
		closing := strings.Join(fields[i:], " ")
		words := wordsIn(closing)

		n := shared.signOffs.measurePrefix(words)
		if n > 0 && n < len(words) && !isMeant(words[:n]) && isName(afterWords(closing, n), name) {
			return strings.Join(fields[:i], " ")
		}
	}

	return line
}

// maxClosing is the most words of a sign-off and a name that end a line.
const maxClosing = 8

// isMeant reports whether a phrase is more than a courtesy in some language.
func isMeant(words []string) bool {
	phrase := strings.Join(words, " ")

	return slices.ContainsFunc(lexicons, func(l *lexicon) bool { return l.phrases[phrase].senses&^senseCourtesy != 0 })
}

// afterWords is what stands behind the first n words of a line.
func afterWords(line string, n int) string {
	fields := strings.Fields(line)
	return strings.Join(fields[min(n, len(fields)):], " ")
}

// isSignature reports whether a line is a name, an address, or empty.
func isSignature(line, name string) bool {
	line = strings.TrimSpace(line)
	return line == "" || isName(line, name) || isContact(line)
}

// isContact reports whether a line is an address of the mail or the web, or a phone number.
func isContact(line string) bool {
	if len(strings.Fields(line)) == 1 && strings.ContainsAny(line, "@") ||
		strings.HasPrefix(line, "www.") || strings.HasPrefix(line, "https://") {
		return !strings.ContainsAny(line, " ?")
	}

	digits := 0

	for _, r := range line {
		switch {
		case isDigit(r):
			digits++
		case !strings.ContainsRune("+()/-. ", r):
			return false
		}
	}

	const fewest = 7

	return digits >= fewest
}

// particles are words that stand in names and titles, and say nothing by themselves.
var particles = strings.Fields("de von van der den la di da del el al bin dr mr mrs ms herr frau mme pan pani " +
	"sra senor senora and und the zum zur im am du des le les y et do dos das e degli delle della")

// maxName is the most words of a name or a title that stands in one line.
const maxName = 5

// isName reports whether a text is a person's or a firm's name: few words, with capitals, none of which
// means anything else in a language that is known here. The words of the name that is known are names.
func isName(text, known string) bool {
	fields := strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(",|.-–—", r)
	})
	if len(fields) == 0 || len(fields) > maxName {
		return false
	}

	knownWords := wordsIn(known)

	for _, field := range fields {
		words := wordsIn(field)
		if len(words) != 1 || len(splitTokens(field)) != 1 {
			return false
		}

		word := words[0]
		first := []rune(field)[0]

		switch {
		case slices.Contains(knownWords, word), slices.Contains(particles, word):
		case languagesOf[word] > 0 || !unicode.IsUpper(first):
			return false
		}
	}

	return true
}

// cutGreeting takes "Hello Anna," off a line. Without a comma it is a greeting only if it is the whole
// line, and others follow.
func cutGreeting(line string, othersFollow bool, name string) string {
	head, rest := line, ""

	at := strings.IndexAny(line, ",!.")
	if at >= 0 {
		head, rest = line[:at], line[at+1:]
	}

	words := wordsIn(clipLine(head))
	n := shared.greetings.measurePrefix(words)

	if n == 0 || len(words) > n && !isName(afterWords(head, n), "") && !isName(afterWords(head, n), name) {
		return line
	}

	if strings.TrimSpace(rest) == "" && !othersFollow || at < 0 && !othersFollow || strings.Contains(head, "?") {
		return line
	}

	return rest
}
