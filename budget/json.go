package budget

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// JSON bounds a document. A limit of 0 is none.
type JSON struct {
	// Depth is how many lists and objects may lie in each other.
	Depth int
	// Elements is the most values.
	Elements int
	// Key is the most bytes of a field's name, as it is written.
	Key int
	// Digits is the most characters of a number, whose exponent is bounded too.
	Digits int
}

// Document is what every JSON document that somebody else wrote is held to.
var Document = JSON{
	Depth:    MaxDepth,
	Elements: MaxElements,
	Key:      MaxKey,
	Digits:   MaxDigits,
}

// ExceededError says which limit of a document was exceeded, and where.
type ExceededError struct {
	// Path is that of the place, "" for the document itself.
	Path string
	// Message is what would be right, and begins with "must".
	Message string
}

// Error is the message with its path.
func (e *ExceededError) Error() string { return strings.TrimSpace(e.Path + " " + e.Message) }

// Check looks at a document once, and builds nothing of it. The error is an [ExceededError]. Whether
// it is JSON at all is for its parser to say: of what is none, Check counts what looks like it.
func (l JSON) Check(document []byte) error {
	s := scan{limits: l, text: document}

	for s.at < len(s.text) {
		if err := s.step(); err != nil {
			return err
		}
	}

	return nil
}

// scan goes over a document.
type scan struct {
	limits JSON
	text   []byte
	at     int
	open   []level
	count  int
}

// level is a list or an object that is open.
type level struct {
	object bool
	// index counts the entries of a list; key is where the name of a field stands.
	index    int
	from, to int
}

func (s *scan) step() error {
	switch s.text[s.at] {
	case '{', '[':
		if s.limits.Depth > 0 && len(s.open) == s.limits.Depth {
			// Where it begins says more than every level.
			s.open = s.open[:min(len(s.open), shownLevels)]

			return s.exceeded("must not hold more than %d lists and objects in each other", s.limits.Depth)
		}

		s.open = append(s.open, level{object: s.text[s.at] == '{'})

		if err := s.countValue(); err != nil {
			return err
		}

	case '}', ']':
		s.open = s.open[:max(len(s.open)-1, 0)]
	case ',':
		if len(s.open) > 0 {
			s.open[len(s.open)-1].index++
		}

		if err := s.countValue(); err != nil {
			return err
		}

	case '"':
		return s.skipString()
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return s.skipNumber()
	}

	s.at++

	return nil
}

func (s *scan) countValue() error {
	s.count++
	if s.limits.Elements == 0 || s.count <= s.limits.Elements {
		return nil
	}

	// The place where the count ran out says nothing; what the document is too large in does.
	s.open = s.open[:min(len(s.open), 1)]

	return s.exceeded("must have at most %d values, lists and objects counted too", s.limits.Elements)
}

// skipString goes behind a string, and notes it if it is the name of a field.
func (s *scan) skipString() error {
	from := s.at + 1

	s.at = from
	for s.at < len(s.text) && s.text[s.at] != '"' {
		if s.text[s.at] == '\\' {
			s.at++
		}

		s.at++
	}

	to := min(s.at, len(s.text))
	s.at++

	if len(s.open) == 0 || !s.open[len(s.open)-1].object || !s.beforeColon() {
		return nil
	}

	s.open[len(s.open)-1].from = from
	s.open[len(s.open)-1].to = to

	if s.limits.Key > 0 && to-from > s.limits.Key {
		return s.exceeded("must have a name of at most %d bytes", s.limits.Key)
	}

	return nil
}

// skipNumber goes behind a number.
func (s *scan) skipNumber() error {
	from := s.at
	for s.at < len(s.text) && bytes.IndexByte([]byte("+-.0123456789eE"), s.text[s.at]) >= 0 {
		s.at++
	}

	if s.limits.Digits == 0 || UsualNumber(string(s.text[from:min(s.at, from+s.limits.Digits+1)]), s.limits.Digits) {
		return nil
	}

	return s.exceeded("must be a number of at most %d digits, between 1e-300 and 1e300", s.limits.Digits)
}

// UsualNumber keeps numbers away that take long to compute: 1e999999 is nine characters and a
// million digits.
func UsualNumber(number string, digits int) bool {
	if len(number) > digits {
		return false
	}

	_, exponent, has := strings.Cut(strings.ToLower(number), "e")
	if !has {
		return true
	}

	n, err := strconv.Atoi(exponent)

	return err == nil && n >= -maxExponent && n <= maxExponent
}

// maxExponent is within what float64 has.
const maxExponent = 300

// beforeColon reports whether a colon comes next.
func (s *scan) beforeColon() bool {
	for i := s.at; i < len(s.text); i++ {
		switch s.text[i] {
		case ' ', '\t', '\r', '\n':
		default:
			return s.text[i] == ':'
		}
	}

	return false
}

// shownLevels is how many levels of a path are shown of what lies too deep.
const shownLevels = 3

// exceeded writes the path of the place, which nothing else needs.
func (s *scan) exceeded(format string, limit int) error {
	var path string

	if len(s.open) > 0 && !s.open[0].object {
		s.open = nil // a document that is a list has no field to name
	}

	for _, l := range s.open {
		if !l.object {
			path = JoinPath(path, IndexPath(l.index))
			continue
		}

		if l.to > l.from {
			path = JoinPath(path, nameIn(s.text[l.from:l.to]))
		}

		if len(path) > maxPath {
			break
		}
	}

	return &ExceededError{Path: ClipPath(path), Message: fmt.Sprintf(format, limit)}
}

// nameIn is the name of a field, of which only the beginning is shown.
func nameIn(written []byte) string {
	name := written[:min(len(written), maxPath+1)]
	text := strings.ToValidUTF8(string(name), "")

	var read string
	if _, err := fmt.Sscanf(`"`+text+`"`, "%q", &read); err == nil {
		return read
	}

	return text
}

// JoinPath is the path of what a part names below another path: "a.b" or "a[3]".
func JoinPath(path, part string) string {
	if path == "" || part == "" || part[0] == '[' {
		return path + part
	}

	return path + "." + part
}

// IndexPath is the part of a path that names an entry of a list: "[3]".
func IndexPath(i int) string { return "[" + strconv.Itoa(i) + "]" }

// ClipPath is a path that fits into an error.
func ClipPath(path string) string { return Clip(path, maxPath) }

// Clip is a text of at most so many bytes, whose end is marked where it was cut.
func Clip(text string, most int) string {
	if len(text) <= most {
		return text
	}

	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}

	return text[:most] + "…"
}
