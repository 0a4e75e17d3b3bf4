package guide

import (
	"bytes"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// markdown renders the parts of GitHub's Markdown that the documentation uses. Columns are aligned by an attribute,
// because the pages' Content-Security-Policy forbids inline styles.
var markdown = goldmark.New(goldmark.WithExtensions(
	extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
))

// page is one file of the documentation while the site is made.
type page struct {
	file, output string
	title        string
	body         template.HTML
	// sections are the entries of the search. The first one has the text between the title and the next heading.
	sections []pageSection
	anchors  map[string]bool
	links    []pageLink
	// sources are the files of the repository that the page links to and that are not in the site.
	sources []string
}

// pageSection is a part of a page that begins with a heading.
type pageSection struct {
	heading string
	// anchor is "" for the page's beginning.
	anchor string
	level  int
	text   strings.Builder
}

// removeComments removes the HTML comments between paragraphs, which are for editors of the file.
func removeComments(root ast.Node) {
	for node := root.FirstChild(); node != nil; {
		next := node.NextSibling()

		if block, isHTML := node.(*ast.HTMLBlock); isHTML && block.HTMLBlockType == ast.HTMLBlockType2 {
			root.RemoveChild(root, node)
		}

		node = next
	}
}

// readPage parses a file and renders it. outputs are the names of the site's files by the files of the documentation.
// It returns an error for a file without a title.
func readPage(file string, source []byte, outputs map[string]string) (*page, error) {
	p := &page{
		file:    file,
		output:  outputs[file],
		anchors: map[string]bool{},
	}

	root := markdown.Parser().Parse(text.NewReader(source))
	removeComments(root)
	p.readSections(root, source)
	p.rewriteLinks(root, outputs)

	var body bytes.Buffer
	if err := markdown.Renderer().Render(&body, source, root); err != nil {
		return nil, fmt.Errorf("render %s: %w", file, err)
	}

	if p.title == "" {
		return nil, fmt.Errorf("%s has no title", file)
	}

	p.body = template.HTML(body.String()) //nolint:gosec // goldmark escapes, and leaves out HTML of the source

	return p, nil
}

// readSections gives every heading an anchor, and collects the text below it.
func (p *page) readSections(root ast.Node, source []byte) {
	p.sections = []pageSection{{}}

	for node := root.FirstChild(); node != nil; node = node.NextSibling() {
		heading, isHeading := node.(*ast.Heading)
		if !isHeading {
			gatherText(&p.sections[len(p.sections)-1].text, node, source)
			continue
		}

		var words strings.Builder

		gatherText(&words, heading, source)
		name := strings.TrimSpace(words.String())

		if heading.Level == 1 && p.title == "" {
			p.title = name
		} else {
			p.sections = append(p.sections, pageSection{heading: name, level: heading.Level})
		}

		anchor := p.nameAnchor(name)
		if len(p.sections) > 1 {
			p.sections[len(p.sections)-1].anchor = anchor
		}

		heading.SetAttributeString("id", []byte(anchor))
		heading.AppendChild(heading, newAnchorLink(anchor))
	}
}

// newAnchorLink returns the link beside a heading that leads to the heading itself.
func newAnchorLink(anchor string) ast.Node {
	link := ast.NewLink()
	link.Destination = []byte("#" + anchor)
	link.Title = []byte("Link to this section")
	link.SetAttributeString("class", []byte("anchor"))
	link.AppendChild(link, ast.NewString([]byte("#")))

	return link
}

// nameAnchor names a heading's anchor as GitHub does, so that links work there and here.
func (p *page) nameAnchor(heading string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}

		return -1
	}, heading)

	anchor := name
	for i := 1; p.anchors[anchor]; i++ {
		anchor = name + "-" + strconv.Itoa(i)
	}

	p.anchors[anchor] = true

	return anchor
}

// gatherText writes the text of a node, with a space between blocks.
func gatherText(out *strings.Builder, root ast.Node, source []byte) {
	_ = ast.Walk(root, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			if node.Type() == ast.TypeBlock {
				out.WriteByte(' ')
			}

			return ast.WalkContinue, nil
		}

		switch n := node.(type) {
		case *ast.Text:
			out.Write(n.Segment.Value(source))

			if n.SoftLineBreak() || n.HardLineBreak() {
				out.WriteByte(' ')
			}

		case *ast.String:
			out.Write(n.Value)
		case *ast.AutoLink:
			out.Write(n.Label(source))
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			out.Write(n.Lines().Value(source))
		}

		return ast.WalkContinue, nil
	})
}
