package render

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	table "github.com/yuin/goldmark/extension/ast"
)

// plainText reduces the document to what a text message can show. Emphasis goes, lists,
// quotes and tables keep their shape, links are "label (address)", images their
// description. Text is folded to cheap characters, addresses are left alone.
func (d *document) plainText() string { return strings.TrimSpace(d.blocks(d.root)) }

// blocks are a node's blocks, with an empty line between two where the author left one.
func (d *document) blocks(parent ast.Node) string {
	var text strings.Builder

	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		block := d.block(n)
		if block == "" {
			continue
		}

		if text.Len() > 0 {
			text.WriteByte('\n')

			if _, isTable := n.(*table.Table); isTable || n.HasBlankPreviousLines() {
				text.WriteByte('\n')
			}
		}

		text.WriteString(block)
	}

	return text.String()
}

func (d *document) block(n ast.Node) string {
	switch n := n.(type) {
	case *ast.List:
		return d.list(n)
	case *ast.Blockquote:
		return indentLines(d.blocks(n), "> ", "> ")
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		return strings.TrimRight(foldTypography(string(n.Lines().Value(d.source))), "\n")
	case *ast.ThematicBreak:
		return "---"
	case *ast.LinkReferenceDefinition:
		return ""
	case *table.Table:
		return d.blocks(n)
	case *table.TableHeader, *table.TableRow:
		return d.row(n)
	}

	return strings.TrimSpace(spaces.ReplaceAllString(d.inlines(n), " "))
}

// spaces are those that HTML shows as one, like where an image was.
var spaces = regexp.MustCompile(` {2,}`)

// list numbers the items as the author did, from the first number on.
func (d *document) list(list *ast.List) string {
	var items []string

	number := list.Start
	for n := list.FirstChild(); n != nil; n = n.NextSibling() {
		marker := "- "
		if list.IsOrdered() {
			marker = strconv.Itoa(number) + string(list.Marker) + " "
			number++
		}

		items = append(items, indentLines(d.blocks(n), marker, strings.Repeat(" ", len(marker))))
	}

	return strings.Join(items, "\n")
}

// indentLines puts first before the first line and rest before the others.
func indentLines(text, first, rest string) string {
	return first + strings.ReplaceAll(text, "\n", "\n"+rest)
}

func (d *document) row(row ast.Node) string {
	var cells []string
	for n := row.FirstChild(); n != nil; n = n.NextSibling() {
		cells = append(cells, strings.TrimSpace(d.inlines(n)))
	}

	return strings.Join(cells, " | ")
}

// inlines are the texts within a node.
func (d *document) inlines(parent ast.Node) string {
	var text strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		text.WriteString(d.inline(n))
	}

	return text.String()
}

func (d *document) inline(n ast.Node) string {
	switch n := n.(type) {
	case *ast.Text:
		return d.text(n)
	case *ast.AutoLink:
		return string(n.Label(d.source))
	case *ast.Link:
		return linkText(d.inlines(n), d.destination(n))
	case *ast.Image:
		// One without a description is decoration, as in HTML.
		if label := d.inlines(n); label != "" {
			return linkText(label, d.destination(n))
		}

		return ""

	case *table.Strikethrough:
		// What is struck must not read as if it stood: ~19.99~ 9.99.
		return "~" + d.inlines(n) + "~"
	}

	return d.inlines(n)
}

func (d *document) text(n *ast.Text) string {
	value := n.Value(d.source)
	if _, code := n.Parent().(*ast.CodeSpan); code {
		return foldTypography(strings.ReplaceAll(string(value), "\n", " "))
	}

	line := foldTypography(unescapeText(value))
	if n.SoftLineBreak() || n.HardLineBreak() {
		return strings.TrimRight(line, " ") + "\n"
	}

	return line
}

// linkText is a link as text: just its address when the label says no more.
func linkText(label, address string) string {
	switch {
	case address == "":
		return label
	case strings.TrimSpace(label) == "" || sameLink(label, address):
		return address
	}

	return label + " (" + address + ")"
}
