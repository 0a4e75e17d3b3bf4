// Package reply finds what a person wrote in an answer by email, apart from what their
// mail program put around it: the message that is answered, and the signature.
//
// It only ever leaves lines out, never all of them, and guesses late rather than early: a
// line too many is read over, a line too few is a customer who was not heard. Whoever
// shows the result has the whole text beside it.
package reply

import (
	"regexp"
	"slices"
	"strings"
)

// Marker is a line below which everything is ours. Nothing puts it into our emails yet;
// people who write such a line mean it.
const Marker = "## reply above this line ##"

const (
	// maxIntroduction is the most lines that a mail program breaks its words above a
	// quote into.
	maxIntroduction = 4
	// maxSignature is the most lines below "-- " that are a signature, and not a text
	// with a rule in it.
	maxSignature = 12
	// maxLine is the most bytes of a line that is looked at closely.
	maxLine = 500
)

// introduction is what mail programs write above a quote, joined to one line: "On <date>,
// <name> wrote:", in English, German, French, Spanish, Dutch and Portuguese.
var introduction = regexp.MustCompile(`(?i)^(?:` + strings.Join([]string{
	`on\s.{4,}\swrote`,
	`am\s.{4,}\s(?:schrieb|hat\s.*geschrieben)(?:\s.*)?`,
	`le\s.{4,}\sa\sécrit`,
	`el\s.{4,}\sescribió`,
	`op\s.{4,}\s(?:schreef|heeft\s.*geschreven)(?:\s.*)?`,
	`(?:em|no\sdia|a)\s.{4,}\sescreveu`,
}, "|") + `)\s*:$`)

// introduces are the words that a line begins with where an introduction begins.
var introduces = regexp.MustCompile(`(?i)^(?:on|am|le|el|op|em|no\sdia|a)\s`)

// original is the line above a forwarded or answered message.
var original = regexp.MustCompile(`(?i)^[-_*\s]{2,}\s*(?:original message|forwarded message|ursprüngliche nachricht|` +
	`weitergeleitete nachricht|message d['’]origine|message original|message transféré|mensaje original|mensaje ` +
	`reenviado|` +
	`oorspronkelijk bericht|doorgestuurd bericht|mensagem original|mensagem encaminhada)\s*[-_*\s]{2,}$`)

// The headers of the message that is answered, as Outlook puts them above it.
var (
	headerFrom = regexp.MustCompile(`(?i)^\*?(?:from|von|de|van)\s?:\*?\s*\S`)
	headerElse = regexp.MustCompile(
		`(?i)^\*?(?:sent|date|to|cc|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado|` +
			`fecha|para|asunto|verzonden|aan|onderwerp|data|assunto)\s?:\*?(?:\s|$)`,
	)
)

// Trim is the text without quoted messages and without a signature. Its lines are lines of
// the text, in their order. Where nothing would be left, or nothing is to be left out, it
// is the text as it came.
func Trim(text string) string {
	lines := strings.Split(text, "\n")

	bare := make([]string, len(lines))
	for i, line := range lines {
		bare[i] = strings.TrimSpace(strings.TrimRight(line, "\r"))
	}

	end := findCut(bare)
	end = beforeQuote(bare[:end])
	end = beforeSignature(bare[:end])

	end = contentLines(bare[:end])
	if end == 0 || end == contentLines(bare) {
		return text
	}

	return strings.Join(lines[:end], "\n")
}

// findCut is the number of lines above the first that begins somebody else's message.
func findCut(lines []string) int {
	for i, line := range lines {
		switch {
		case len(line) > maxLine:
		case strings.EqualFold(strings.Trim(line, "> "), Marker),
			original.MatchString(line),
			startsWithHeaders(lines[i:]):
			return skipRule(lines[:i])
		default:
			// Below the introduction is the quote; when more follows without a mark
			// of quotation, it is an answer between the lines, and stays.
			if n := introductionAt(lines[i:]); n > 0 && quoteOnly(lines[i+n:]) {
				return i
			}
		}
	}

	return len(lines)
}

// skipRule leaves out a rule of underscores that Outlook draws above its headers.
func skipRule(lines []string) int {
	n := contentLines(lines)
	if n > 0 && len(lines[n-1]) >= 5 && strings.Trim(lines[n-1], "_-") == "" {
		return n - 1
	}

	return len(lines)
}

// startsWithHeaders reports whether the lines begin with the headers of a message, three at least.
func startsWithHeaders(lines []string) bool {
	if !headerFrom.MatchString(lines[0]) {
		return false
	}

	found := 0

	for _, line := range lines[1:min(len(lines), 7)] {
		if len(line) <= maxLine && headerElse.MatchString(line) {
			found++
		}
	}

	return found >= 2
}

// introductionAt is how many lines an introduction at the beginning takes, 0 for none.
func introductionAt(lines []string) int {
	if !introduces.MatchString(lines[0]) {
		return 0
	}

	for n := 1; n <= min(maxIntroduction, len(lines)); n++ {
		joined := strings.Join(lines[:n], " ")
		if lines[n-1] == "" || len(joined) > maxLine {
			return 0
		}

		if strings.HasSuffix(joined, ":") {
			if introduction.MatchString(joined) {
				return n
			}

			return 0
		}
	}

	return 0
}

// quoteOnly reports whether the lines are one quote: all of them marked with >, a signature
// below aside, or none, as some programs quote.
func quoteOnly(lines []string) bool {
	if !slices.ContainsFunc(lines, isQuoted) {
		return true
	}

	lines = lines[:beforeSignature(lines)]

	return !slices.ContainsFunc(lines, func(line string) bool { return line != "" && !isQuoted(line) })
}

func isQuoted(line string) bool { return strings.HasPrefix(line, ">") }

// beforeQuote is the number of lines above a quote at the very end.
func beforeQuote(lines []string) int {
	end := contentLines(lines)
	for end > 0 && (isQuoted(lines[end-1]) || lines[end-1] == "") {
		end--
	}

	return end
}

// beforeSignature is the number of lines above a signature, which begins with "-- " (RFC
// 3676 4.3).
func beforeSignature(lines []string) int {
	for i := len(lines) - 1; i >= max(0, len(lines)-maxSignature-1); i-- {
		if lines[i] == "--" {
			return i
		}
	}

	return len(lines)
}

// contentLines is the number of lines up to the last that is not empty.
func contentLines(lines []string) int {
	end := len(lines)
	for end > 0 && lines[end-1] == "" {
		end--
	}

	return end
}
