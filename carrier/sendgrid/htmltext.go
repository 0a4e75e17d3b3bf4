package sendgrid

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	// maxQuoteMarks and maxListDepth bound the marks in front of a line.
	maxQuoteMarks = 5
	maxListDepth  = 5
	// maxHref is the longest link that is written out; longer ones track somebody.
	maxHref = 2000
)

// lineBlocks are elements that begin a line, and paragraphs those with a blank line around them.
var (
	lineBlocks = atomSet(atom.Div, atom.Li, atom.Tr, atom.Ul, atom.Ol, atom.Dl, atom.Dt, atom.Dd, atom.Table,
		atom.Caption, atom.Hr, atom.Address, atom.Article, atom.Aside, atom.Section, atom.Header, atom.Footer,
		atom.Main, atom.Nav, atom.Center, atom.Fieldset, atom.Legend, atom.Form, atom.Figure, atom.Figcaption,
		atom.Details, atom.Summary, atom.Option, atom.Blockquote, atom.Pre, atom.Body, atom.Html, atom.Thead,
		atom.Tbody, atom.Tfoot)
	paragraphs = atomSet(atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6)
	// hiddenText are elements whose text nobody sees.
	hiddenText = atomSet(atom.Style, atom.Script, atom.Title, atom.Template)
)

func atomSet(all ...atom.Atom) map[atom.Atom]bool {
	set := make(map[atom.Atom]bool, len(all))
	for _, a := range all {
		set[a] = true
	}

	return set
}

// textOfHTML is the text of HTML as it is read: a line for each block, blanks between the cells
// of a row, the numbers of lists, the targets of links where the text is another, and quotes
// marked with >. It reads tokens and builds no tree, so that neither the depth nor the disorder
// of what strangers send costs anything.
func textOfHTML(page string) string {
	var w htmlWriter

	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			w.closeLink()
			w.breakLine()

			return strings.TrimSpace(strings.Join(w.lines, "\n"))
		}

		token := z.Token()

		switch kind {
		case html.TextToken:
			w.writeText(token.Data)
		case html.StartTagToken, html.SelfClosingTagToken:
			w.startElement(token, kind == html.SelfClosingTagToken)
		case html.EndTagToken:
			w.endElement(token.DataAtom)
		case html.ErrorToken, html.CommentToken, html.DoctypeToken:
		}
	}
}

// htmlWriter writes lines.
type htmlWriter struct {
	lines []string
	// line is the one that is being written; blank is set by white space after its last word.
	line  strings.Builder
	blank bool
	// gap is set by a paragraph, whose next line has a blank one above it.
	gap bool
	// mark is written in front of the next word: the dash or number of a list's item.
	mark   string
	quotes int
	pre    int
	lists  []list
	hidden atom.Atom
	// href is the open link's, and linked the text in it.
	href   string
	linked strings.Builder
}

// list is an open one; next is the number of its next item, 0 for one without numbers.
type list struct{ next int }

func (w *htmlWriter) writeText(text string) {
	if w.hidden != 0 {
		return
	}

	if w.pre > 0 {
		w.writePreformatted(text)
		return
	}

	words := strings.Fields(text)
	if len(words) == 0 {
		w.blank = w.blank || text != ""
		return
	}

	w.blank = w.blank || strings.TrimLeft(text, " \t\r\n\f\u00a0") != text

	for i, word := range words {
		w.blank = w.blank || i > 0
		w.writeWord(word)
	}

	w.blank = strings.TrimRight(text, " \t\r\n\f\u00a0") != text
}

// writeWord writes a word, or a piece of one, behind the white space that was before it.
func (w *htmlWriter) writeWord(word string) {
	switch {
	case w.line.Len() == 0:
		w.line.WriteString(w.mark)
		w.mark = ""
	case w.blank:
		w.line.WriteByte(' ')
	}

	if w.href != "" {
		if w.blank && w.linked.Len() > 0 {
			w.linked.WriteByte(' ')
		}

		w.linked.WriteString(word)
	}

	w.blank = false
	w.line.WriteString(word)
}

// writePreformatted keeps lines and blanks as they are.
func (w *htmlWriter) writePreformatted(text string) {
	for i, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if i > 0 {
			w.endLine()
		}

		w.line.WriteString(line)
	}
}

// endLine ends the line, though it be blank.
func (w *htmlWriter) endLine() {
	if w.gap {
		w.gap = false
		w.appendLine("")
	}

	w.appendLine(strings.TrimRight(w.line.String(), " \t"))
	w.line.Reset()
	w.blank = false
}

// appendLine appends a line with the marks of the quotes that it is in.
func (w *htmlWriter) appendLine(line string) {
	if w.quotes > 0 {
		line = strings.TrimSpace(strings.Repeat(">", min(w.quotes, maxQuoteMarks)) + " " + line)
	}

	w.lines = append(w.lines, line)
}

// breakLine ends the line if anything is on it.
func (w *htmlWriter) breakLine() {
	if w.line.Len() > 0 {
		w.endLine()
	}

	w.blank = false
}

// separate makes a blank line between paragraphs, in front of the next line.
func (w *htmlWriter) separate() {
	w.breakLine()
	w.gap = w.gap || w.mark == ""
}

func (w *htmlWriter) startElement(token html.Token, closed bool) {
	if w.hidden != 0 {
		return
	}

	switch name := token.DataAtom; {
	case hiddenText[name] && !closed:
		w.hidden = name
	case name == atom.Br:
		w.endLine()
	case name == atom.Td || name == atom.Th:
		w.blank = true
	case name == atom.A:
		w.closeLink()
		w.href = attributeOf(token, "href")
	case name == atom.Img:
		w.writeText(attributeOf(token, "alt"))
	case paragraphs[name]:
		w.separate()
	case lineBlocks[name]:
		w.breakLine()
		w.openBlock(token)
	case name == 0 && strings.Contains(token.Data, "@"):
		// An address in <> that somebody has put into HTML as if it were text.
		w.writeText("<" + token.Data + ">")
	}
}

// openBlock keeps what an open element does to the lines in it.
func (w *htmlWriter) openBlock(token html.Token) {
	switch name := token.DataAtom; {
	case name == atom.Blockquote:
		w.quotes++
	case name == atom.Pre:
		w.pre++
	case isList(name):
		opened := list{}
		if name == atom.Ol {
			opened.next = numberOr(attributeOf(token, "start"), 1)
		}

		w.lists = append(w.lists, opened)

	case name == atom.Li:
		w.mark = w.itemMark(attributeOf(token, "value"))
	}
}

func isList(name atom.Atom) bool { return name == atom.Ul || name == atom.Ol }

// itemMark is what stands in front of an item.
func (w *htmlWriter) itemMark(value string) string {
	depth := len(w.lists)
	indent := strings.Repeat("  ", min(max(depth-1, 0), maxListDepth))

	if depth == 0 || w.lists[depth-1].next == 0 {
		return indent + "- "
	}

	number := numberOr(value, w.lists[depth-1].next)
	w.lists[depth-1].next = number + 1

	return indent + strconv.Itoa(number) + ". "
}

func (w *htmlWriter) endElement(name atom.Atom) {
	if w.hidden != 0 {
		if name == w.hidden {
			w.hidden = 0
		}

		return
	}

	switch {
	case name == atom.A:
		w.closeLink()
	case name == atom.Td || name == atom.Th:
		w.blank = true
	case paragraphs[name]:
		w.separate()
	case lineBlocks[name]:
		w.breakLine()
		w.closeBlock(name)
	}
}

func (w *htmlWriter) closeBlock(name atom.Atom) {
	switch {
	case name == atom.Blockquote:
		w.quotes = max(w.quotes-1, 0)
	case name == atom.Pre:
		w.pre = max(w.pre-1, 0)
	case isList(name):
		w.lists = w.lists[:max(len(w.lists)-1, 0)]
	case name == atom.Li:
		w.mark = ""
	}
}

// closeLink writes the target of the link that ends, unless its text says it.
func (w *htmlWriter) closeLink() {
	href := strings.TrimSpace(w.href)
	text := w.linked.String()
	after := w.blank

	w.href = ""
	w.linked.Reset()

	if !isShownTarget(href) || bareTarget(text) == bareTarget(href) {
		return
	}

	w.blank = text != "" || after
	w.writeWord("<" + strings.TrimPrefix(href, "mailto:") + ">")
	w.blank = after
}

// isShownTarget reports whether a link leads somewhere outside the email.
func isShownTarget(href string) bool {
	scheme, _, _ := strings.Cut(strings.ToLower(href), ":")

	switch scheme {
	case "http", "https", "mailto", "tel", "sms", "ftp":
		return len(href) <= maxHref
	}

	return false
}

// bareTarget is a link without what people leave out when they write it.
func bareTarget(link string) string {
	link = strings.ToLower(strings.TrimSpace(link))
	for _, prefix := range []string{"mailto:", "tel:", "https://", "http://", "www."} {
		link = strings.TrimPrefix(link, prefix)
	}

	return strings.TrimSuffix(link, "/")
}

// attributeOf is the value of an element's attribute, "" for none.
func attributeOf(token html.Token, name string) string {
	for _, a := range token.Attr {
		if a.Key == name {
			return a.Val
		}
	}

	return ""
}

// numberOr is the number that is written, or the other one.
func numberOr(written string, other int) int {
	number, err := strconv.Atoi(strings.TrimSpace(written))
	if err != nil || number < 0 || number > 1_000_000 {
		return other
	}

	return number
}
