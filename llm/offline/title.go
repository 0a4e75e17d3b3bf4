package offline

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"

	"handrail/chat"
)

const (
	// maxSentence is the most characters of one sentence that a summary shows.
	maxSentence = 400
	// maxSpeaker is the most characters of a speaker's name.
	maxSpeaker = 60
)

// titleOf makes a title of a sentence: its first letter large, no full stop, no longer
// than a title may be.
func titleOf(sentence string) string {
	title := strings.TrimRight(strings.Join(strings.Fields(cleanText(sentence)), " "), " .,;:。")
	if !isVisible(title) {
		return noTextTitle
	}

	first, size := utf8.DecodeRuneInString(title)

	return shortenText(string(unicode.ToTitle(first))+title[size:], chat.MaxSummaryTitle)
}

// shortenText cuts text to at most limit characters, the ellipsis included: between words
// where there are any, and never inside what a reader sees as one character.
func shortenText(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}

	room, end := limit-1, 0
	for g := graphemes.FromString(text); g.Next(); end = g.End() {
		if room -= utf8.RuneCountInString(g.Value()); room < 0 {
			break
		}
	}

	if end == 0 { // one character of more code points than fit
		return string([]rune(text)[:limit-1]) + "…"
	}

	cut := text[:end]
	// A border in the first half is no word border but a text without spaces.
	if space := strings.LastIndexFunc(cut, unicode.IsSpace); space > len(cut)/2 && !startsWithSpace(text[end:]) {
		cut = cut[:space]
	}

	return strings.TrimRight(cut, " ,;:.-–—(") + "…"
}

func startsWithSpace(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return unicode.IsSpace(r)
}

// speakerOf is the name to put before a line.
func speakerOf(line *chat.Line) string {
	if name := strings.Join(strings.Fields(cleanText(line.Speaker)), " "); isVisible(name) {
		return shortenText(name, maxSpeaker)
	}

	if line.Role == chat.RoleAssistantMessage {
		return "Assistant"
	}

	return "Customer"
}

// cleanText drops what no database or screen takes: invalid UTF-8 and control characters
// but tab and newline.
func cleanText(text string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}

		return r
	}, text)
}

// isVisible reports whether anything in text can be seen.
func isVisible(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) })
}
