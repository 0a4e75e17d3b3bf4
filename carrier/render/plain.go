package render

import (
	"bufio"
	"cmp"
	"html"
	"net/url"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	markdown "github.com/yuin/goldmark/renderer/html"
)

// unfoldLinks is the source with [label](destination) as "label (destination)", which
// everybody can read. Links that stand for themselves, and links by reference, whose
// definitions are in the text, stay as they are.
func (d *document) unfoldLinks() string {
	type edit struct {
		from, to int
		text     string
	}

	var edits []edit

	for _, l := range d.links {
		_, image := l.node.(*ast.Image)

		label, address := l.start+1, d.destination(l.node)
		if image {
			label++
		}

		switch text := strings.TrimSpace(string(d.source[label:l.labelEnd])); {
		case text == "" && image: // decoration
			edits = append(edits, edit{l.start, l.end, ""})
		case text == "" || sameLink(text, address):
			edits = append(edits, edit{l.start, l.end, address})
		case address == "":
			edits = append(edits, edit{l.start, label, ""}, edit{l.labelEnd, l.end, ""})
		default:
			edits = append(edits, edit{l.start, label, ""}, edit{l.labelEnd, l.end, " (" + address + ")"})
		}
	}

	slices.SortFunc(edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	var text strings.Builder

	at := 0
	for _, e := range edits {
		if e.from < at { // within a label that is already replaced
			continue
		}

		text.Write(d.source[at:e.from])
		text.WriteString(e.text)
		at = e.to
	}

	text.Write(d.source[at:])

	return text.String()
}

// destination is where a link or an image leads as a person would type it: "" unless it
// is an address that a link may have.
func (d *document) destination(n ast.Node) string {
	var raw []byte

	switch n := n.(type) {
	case *ast.Link:
		raw = n.Destination
	case *ast.Image:
		raw = n.Destination
	}

	to := strings.ReplaceAll(unescapeText(raw), " ", "%20")

	u, err := url.Parse(to)
	if err != nil || !slices.Contains(schemes, u.Scheme) {
		return ""
	}

	return strings.TrimPrefix(strings.TrimPrefix(to, "mailto:"), "tel:")
}

// sameLink reports whether a link's label says no more than its destination.
func sameLink(label, destination string) bool {
	bare := func(s string) string {
		s = strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
		return strings.ToLower(strings.TrimSuffix(s, "/"))
	}

	return destination != "" && bare(label) == bare(destination)
}

// unescapeText resolves backslash escapes and entities as the library does for HTML: by
// having it write HTML, since doing one after the other would resolve \&amp; twice.
func unescapeText(raw []byte) string {
	var text strings.Builder
	w := bufio.NewWriter(&text)
	markdown.DefaultWriter.Write(w, raw)
	_ = w.Flush() // a strings.Builder does not fail

	return html.UnescapeString(text.String())
}
