package render

import (
	"regexp"
	"strings"
)

// plainText returns the message as plain text. Only what is certainly a mark of Markdown
// goes:
//
//   - pairs of *, _ and ` around words, at the borders of words; of ~~ one of two stays
//   - # before a heading, the lines around a block of code, the line under a table's head and
//     the bars at the sides of its rows
//   - [label](address) and its kin become the label and the address; a title goes, and so
//     does the definition of an address that is shown where the text refers to it
//   - a backslash before punctuation; a character's name becomes the character
//
// Everything else is as it was written: numbers and signs of lists, addresses, lines.
func plainText(message string, style textStyle) string {
	r := &textReader{
		lines: strings.Split(message, "\n"),
		style: style,
		references: &references{
			addresses: make(map[string]string),
			used:      make(map[string]bool),
		},
	}

	r.findDefinitions()

	for r.at < len(r.lines) {
		r.readBlock()
	}

	return r.join()
}

// textReader reads a message by its lines.
type textReader struct {
	lines      []string
	style      textStyle
	references *references
	// definitions are the labels of lines that define an address.
	definitions map[int]string
	at          int
	// inList is set after an item of a list, within which indented lines are no code.
	inList bool
	parts  []part
}

// part is what becomes of one line or more. One with a label is a definition, which is
// shown only when nothing refers to it.
type part struct {
	text, label string
}

func (r *textReader) add(text string) { r.parts = append(r.parts, part{text: text}) }

var (
	// language is the name of a language after the fence of a block of code.
	language = regexp.MustCompile(`^[A-Za-z][\w+#.\-]*$`)
	// heading is an ATX heading (CommonMark 0.31.2, 4.2). Setext headings are off: they
	// make a heading of the line above a signature.
	heading = regexp.MustCompile(`^ {0,3}(#{1,6})[ \t]+(\S.*)$`)
	// numberSign is no heading: "# 7214" is somebody's order.
	numberSign = regexp.MustCompile(`^ {0,3}#[ \t]+[0-9]`)
	listItem   = regexp.MustCompile(`^[ \t]*(?:[-+*]|[0-9]{1,9}[.)])(?:[ \t]|$)`)
	// tableRule is the line under the head of a table.
	tableRule = regexp.MustCompile(`^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$`)
)

// findDefinitions finds the lines that define an address: at the beginning of a paragraph
// or after another. The first of a label holds.
func (r *textReader) findDefinitions() {
	r.definitions = make(map[int]string)
	mayDefine := true
	closer := ""

	for i, line := range r.lines {
		if closer != "" || isFence(line) {
			closer = fenceAfter(closer, line)
			mayDefine = true

			continue
		}

		label, address, ok := readDefinition(line)
		if ok && mayDefine {
			if _, known := r.references.addresses[label]; known {
				label += "\n" // nothing can refer to it
			}

			r.references.addresses[label] = address
			r.definitions[i] = label

			continue
		}

		mayDefine = strings.TrimSpace(line) == "" || isHeading(line)
	}
}

// parseFence parses a line that begins or ends a block of code: its mark, and the rest, which may name
// a language (CommonMark 0.31.2, 4.5). The mark is "" if the line does neither.
func parseFence(line string) (mark, rest string) {
	line = strings.Trim(line, " \t")
	if line == "" || line[0] != '`' && line[0] != '~' {
		return "", ""
	}

	length := runLength(line, line[0])
	rest = strings.TrimLeft(line[length:], " \t")

	if length < 3 || rest != "" && !language.MatchString(rest) {
		return "", ""
	}

	return line[:length], rest
}

func isFence(line string) bool {
	mark, _ := parseFence(line)

	return mark != ""
}

// fenceAfter is the mark that ends a block of code after the line, "" outside one.
func fenceAfter(closer, line string) string {
	mark, rest := parseFence(line)

	switch {
	case closer == "":
		return mark
	case rest == "" && strings.HasPrefix(mark, closer):
		return ""
	}

	return closer
}

func isHeading(line string) bool { return heading.MatchString(line) && !numberSign.MatchString(line) }

// readBlock reads what begins at the line, and goes behind it.
func (r *textReader) readBlock() {
	line := r.lines[r.at]
	begins := r.at == 0 || strings.TrimSpace(r.lines[r.at-1]) == ""

	if begins && strings.TrimLeft(line, " \t") == line {
		r.inList = false
	}

	if listItem.MatchString(line) {
		r.inList = true
	}

	switch {
	case strings.TrimSpace(line) == "":
		r.add("")
		r.at++
	case isFence(line):
		r.readFence()
	case begins && isIndented(line) && !r.inList:
		r.readIndented()
	case r.definitions[r.at] != "":
		r.parts = append(r.parts, part{line, r.definitions[r.at]})
		r.at++
	case r.isTable():
		r.readTable()
	case isHeading(line):
		r.add(r.inline(heading.FindStringSubmatch(line)[2]))
		r.at++
	default:
		r.readParagraph()
	}
}

func (r *textReader) inline(text string) string { return readInline(text, r.style, r.references) }

// readFence shows the lines between two fences, or to the end.
func (r *textReader) readFence() {
	closer := fenceAfter("", r.lines[r.at])
	for r.at++; r.at < len(r.lines); r.at++ {
		line := r.lines[r.at]
		if fenceAfter(closer, line) == "" {
			r.at++
			return
		}

		r.add(line)
	}
}

func isIndented(line string) bool {
	return strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "\t")
}

// readIndented shows lines of indented code.
func (r *textReader) readIndented() {
	for ; r.at < len(r.lines) && isIndented(r.lines[r.at]); r.at++ {
		r.add(r.lines[r.at])
	}
}

// isTable reports whether the line is the head of a table.
func (r *textReader) isTable() bool {
	if r.at+1 >= len(r.lines) {
		return false
	}

	rule := r.lines[r.at+1]

	return isTableRule(rule) && len(cellsOf(rule)) == len(cellsOf(r.lines[r.at]))
}

// isTableRule reports whether the line is certainly the one under a table's head. A minus
// in a line of its own is not, and neither is an item of a list.
func isTableRule(line string) bool {
	if !tableRule.MatchString(line) || listItem.MatchString(line) {
		return false
	}

	bars := strings.Count(line, "|")

	return bars > 1 || bars == 1 && len(cellsOf(line)) > 1
}

// readTable shows the rows of a table, without the line under its head.
func (r *textReader) readTable() {
	rule := r.at + 1
	for ; r.at < len(r.lines) && strings.TrimSpace(r.lines[r.at]) != ""; r.at++ {
		if r.at == rule {
			continue
		}

		cells := cellsOf(r.lines[r.at])
		for i, cell := range cells {
			cells[i] = r.inline(cell)
		}

		r.add(strings.Join(cells, " | "))
	}
}

// cellsOf is a row's cells, without the bars at its sides.
func cellsOf(line string) []string {
	line = strings.TrimPrefix(strings.TrimSpace(line), "|")

	var cells []string

	start := 0

	for i := range len(line) {
		if line[i] == '|' && (i == 0 || line[i-1] != '\\') {
			cells = append(cells, strings.TrimSpace(line[start:i]))
			start = i + 1
		}
	}

	if last := strings.TrimSpace(line[start:]); last != "" || len(cells) == 0 {
		cells = append(cells, last)
	}

	return cells
}

// readParagraph reads lines up to where a mark can no longer belong to another.
func (r *textReader) readParagraph() {
	start := r.at
	for r.at++; r.at < len(r.lines); r.at++ {
		line := r.lines[r.at]
		if strings.TrimSpace(line) == "" || listItem.MatchString(line) || isFence(line) ||
			isHeading(line) || r.definitions[r.at] != "" || r.isTable() {
			break
		}
	}

	for line := range strings.SplitSeq(r.inline(strings.Join(r.lines[start:r.at], "\n")), "\n") {
		// Two spaces are a line break; one belongs to the "-- " before a signature.
		if strings.HasSuffix(line, "  ") {
			line = strings.TrimRight(line, " ")
		}

		r.add(line)
	}
}

// join is the text of all parts. Where a definition goes, no second empty line stays.
func (r *textReader) join() string {
	var lines []string

	gone := false

	for _, p := range r.parts {
		switch {
		case p.label != "" && r.references.used[p.label]:
			gone = true
			continue
		case gone && p.text == "" && (len(lines) == 0 || lines[len(lines)-1] == ""):
			continue
		}

		gone = false

		lines = append(lines, p.text)
	}

	text := strings.Join(lines, "\n")

	return strings.TrimRight(strings.TrimLeft(text, "\n"), " \t\n")
}
