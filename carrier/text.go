package carrier

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Text makes what a stranger wrote fit to be kept: valid UTF-8, lines ended by \n, and no
// control characters, of which PostgreSQL refuses one and terminals obey others.
func Text(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")

	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return '\n'
		case unicode.IsControl(r):
			return -1
		}

		return r
	}, s)
}

// Line is [Text] on one line, at most length characters long.
func Line(s string, length int) string {
	line := []rune(strings.Join(strings.Fields(Text(s)), " "))
	return string(line[:min(len(line), length)])
}

var word = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// Word is a provider's own word for something, "unknown" when it is no word.
func Word(s string) string {
	if !word.MatchString(s) {
		return "unknown"
	}

	return s
}

// FilesOnly stands for the text of a message that has none: how many files came with it.
func FilesOnly(files int) string {
	switch {
	case files <= 0:
		return "[no text]"
	case files == 1:
		return "[1 file]"
	}

	return "[" + strconv.Itoa(files) + " files]"
}
