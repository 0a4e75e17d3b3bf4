package render

import (
	"bufio"
	"bytes"
	"html"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	markdown "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// idleDefinitions returns the places of the definitions that are text: nothing refers to
// them, an earlier one has their label, or they lead nowhere.
func idleDefinitions(d *document) []int {
	used := make(map[string]bool)

	var definitions []*ast.LinkReferenceDefinition

	walkNodes(d.root, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Link:
			if n.Reference != nil {
				used[util.ToLinkReference(n.Reference.Value)] = true
			}
		case *ast.Image:
			if n.Reference != nil {
				used[util.ToLinkReference(n.Reference.Value)] = true
			}
		case *ast.LinkReferenceDefinition:
			definitions = append(definitions, n)
		}
	})

	var places []int

	for _, n := range definitions {
		label := util.ToLinkReference(n.Label)
		if used[label] && isAddress(string(n.Destination)) && readableAddress(string(n.Destination)) != "" {
			used[label] = false // the first of a label holds
			continue
		}

		places = append(places, n.Pos())
	}

	slices.Sort(places)

	return places
}

// escapeAt puts a backslash before the brackets at the places.
func escapeAt(message string, places []int) string {
	var b strings.Builder

	at := 0

	for _, place := range places {
		bracket := strings.IndexByte(message[place:], '[')
		if place < at || bracket < 0 {
			continue
		}

		b.WriteString(message[at : place+bracket])
		b.WriteByte('\\')

		at = place + bracket
	}

	b.WriteString(message[at:])

	return b.String()
}

// walkNodes calls f for all nodes, parents first. f may change the children of its node.
func walkNodes(n ast.Node, f func(ast.Node)) {
	f(n)

	for child := n.FirstChild(); child != nil; {
		next := child.NextSibling()
		walkNodes(child, f)
		child = next
	}
}

// itemMark is what the author wrote before an item, and amount is what makes a sign of it:
// "- 3 EUR" takes something away.
var (
	itemMark = regexp.MustCompile(`^(?:[-+*]|[0-9]{1,9}[.)])`)
	amount   = regexp.MustCompile(`^[ \t*_]*(?:[A-Z]{3} ?)?[0-9=~<>%+\-\p{Sc}]`)
)

// showLists keeps the numbers and signs of lists as they were written. An ordered list
// has its numbers as values; one with signs, or with numbers like 007, is shown as text.
func showLists(d *document) {
	var lists []*ast.List

	walkNodes(d.root, func(n ast.Node) {
		if list, ok := n.(*ast.List); ok {
			lists = append(lists, list)
		}
	})

	// Inner lists come first, because a list that becomes text moves what it holds.
	signed := make(map[*ast.List]bool)
	for _, list := range lists {
		signed[list] = d.hasSigns(list)
	}

	for _, list := range slices.Backward(lists) {
		if signed[list] {
			d.writeOut(list)
		} else if list.IsOrdered() {
			d.setValues(list)
		}
	}
}

// hasSigns reports whether the marks of a list say something that bullets would not.
func (d *document) hasSigns(list *ast.List) bool {
	if isPlusList(list) || !list.IsOrdered() && (isPlusList(list.NextSibling()) || isPlusList(list.PreviousSibling())) {
		return true
	}

	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		mark := d.markOf(item)
		if list.IsOrdered() && len(mark) > 2 && mark[0] == '0' {
			return true
		}

		if !list.IsOrdered() && amount.Match(d.source[item.Pos()+len(mark):]) {
			return true
		}
	}

	return false
}

func isPlusList(n ast.Node) bool {
	list, ok := n.(*ast.List)
	return ok && list.Marker == '+'
}

// markOf is an item's mark as it was written.
func (d *document) markOf(item ast.Node) string {
	return string(itemMark.Find(d.source[item.Pos():min(len(d.source), item.Pos()+10)]))
}

// setValues gives an item its number where that is not the next one.
func (d *document) setValues(list *ast.List) {
	next := list.Start

	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		digits := strings.TrimRight(d.markOf(item), ".)")

		number, err := strconv.Atoi(digits)
		if err == nil && number != next {
			item.SetAttributeString("value", []byte(digits))

			next = number
		}

		next++
	}
}

// writeOut replaces a list by what it holds, with each item's mark as text.
func (d *document) writeOut(list *ast.List) {
	parent := list.Parent()

	var lines *ast.Paragraph // of the items that have a line each

	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		mark := rawText(d.markOf(item) + " ")

		first := item.FirstChild()
		if first == nil || !isText(first) {
			line := ast.NewParagraph()
			line.AppendChild(line, mark)
			parent.InsertBefore(parent, list, line)

			lines = nil
		}

		for child := first; child != nil; {
			next := child.NextSibling()

			if isText(child) && child == first {
				child.InsertBefore(child, child.FirstChild(), mark)
			}

			lines = moveBlock(list, child, lines)
			child = next
		}
	}

	parent.RemoveChild(parent, list)
}

func isText(n ast.Node) bool {
	return n.Kind() == ast.KindTextBlock || n.Kind() == ast.KindParagraph
}

// moveBlock moves an item's block before the list. The lines of a tight list become one
// paragraph, which it returns as long as more lines may follow.
func moveBlock(list *ast.List, block ast.Node, lines *ast.Paragraph) *ast.Paragraph {
	parent := list.Parent()

	if block.Kind() != ast.KindTextBlock {
		parent.InsertBefore(parent, list, block)
		return nil
	}

	if lines == nil {
		lines = ast.NewParagraph()
		parent.InsertBefore(parent, list, lines)
	} else {
		lineBreak := ast.NewText()
		lineBreak.SetHardLineBreak(true)
		lines.AppendChild(lines, lineBreak)
	}

	for child := block.FirstChild(); child != nil; {
		next := child.NextSibling()
		lines.AppendChild(lines, child)
		child = next
	}

	return lines
}

// showLinks puts the address of a link that HTML must not have behind its label. What is
// no address makes no link.
func showLinks(d *document) {
	var links []ast.Node

	walkNodes(d.root, func(n ast.Node) {
		if n.Kind() == ast.KindLink || n.Kind() == ast.KindImage {
			links = append(links, n)
		}
	})

	for _, n := range links {
		mark := "["
		link := &ast.Link{}

		switch n := n.(type) {
		case *ast.Link:
			link = n
		case *ast.Image:
			link.Destination = n.Destination
			link.Title = n.Title
			link.Reference = n.Reference
			mark = "!["
		}

		destination := string(link.Destination)
		address := readableAddress(destination)

		switch {
		case link.Reference == nil && !isAddress(destination):
			if link.Title != nil {
				destination += " \"" + string(link.Title) + "\""
			}

			unwrapNode(n, mark, "]("+destination+")")
		case address != "" && !isLinkable(destination):
			n.Parent().InsertAfter(n.Parent(), n, rawText(" ("+address+")"))
		}
	}
}

// rawText is text to be shown as it is.
func rawText(text string) *ast.String {
	n := ast.NewString([]byte(text))
	n.SetRaw(true)

	return n
}

// unwrapNode puts what a node holds into its place, between two strings.
func unwrapNode(n ast.Node, before, after string) {
	parent := n.Parent()
	parent.InsertBefore(parent, n, rawText(before))

	for child := n.FirstChild(); child != nil; {
		next := child.NextSibling()
		parent.InsertBefore(parent, n, child)
		child = next
	}

	parent.ReplaceChild(parent, n, rawText(after))
}

// showAddresses keeps the backslashes and entities of addresses that are no links.
func showAddresses(d *document) {
	var texts []*ast.Text

	walkNodes(d.root, func(n ast.Node) {
		if t, ok := n.(*ast.Text); ok && !t.IsRaw() {
			texts = append(texts, t)
		}
	})

	for _, t := range texts {
		part := span{t.Segment.Start, t.Segment.Stop}
		first := sort.Search(len(d.addresses), func(i int) bool { return d.addresses[i].end > part.start })

		for _, address := range d.addresses[first:] {
			if address.start >= part.end {
				break
			}

			cutOut(t, address)
		}
	}
}

// cutOut puts the text's part up to the end of the address before the text, as two nodes:
// one of Markdown, and the address as it is.
func cutOut(t *ast.Text, address span) {
	parent := t.Parent()
	start := max(address.start, t.Segment.Start)
	end := min(address.end, t.Segment.Stop)

	if start > t.Segment.Start {
		parent.InsertBefore(parent, t, ast.NewTextSegment(text.NewSegment(t.Segment.Start, start)))
	}

	parent.InsertBefore(parent, t, ast.NewRawTextSegment(text.NewSegment(start, end)))
	t.Segment = text.NewSegment(end, t.Segment.Stop)
}

// isLinkable reports whether a link in HTML may lead to the destination.
func isLinkable(destination string) bool {
	scheme, _, ok := strings.Cut(unescapeText([]byte(destination)), ":")
	return ok && slices.Contains(schemes, strings.ToLower(scheme))
}

// unescapeText resolves backslash escapes and entities as the library does for HTML: by
// having it write HTML, since doing one after the other would resolve \&amp; twice.
func unescapeText(raw []byte) string {
	if !bytes.ContainsAny(raw, `\&`) {
		return string(raw)
	}

	var b strings.Builder
	w := bufio.NewWriter(&b)
	markdown.DefaultWriter.Write(w, raw)
	_ = w.Flush() // a strings.Builder does not fail

	return html.UnescapeString(b.String())
}
