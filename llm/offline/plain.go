package offline

import (
	"html"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	table "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

var markdown = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough))

// plainLines reads Markdown as the lines a reader sees, without marks: what assistants
// write is Markdown, what customers write is not. Of a link it keeps the label.
func plainLines(source string) []string {
	p := plain{source: []byte(source)}
	root := markdown.Parser().Parse(text.NewReader(p.source))
	_ = ast.Walk(root, p.visit) // visit never fails

	return strings.Split(p.out.String(), "\n")
}

type plain struct {
	source []byte
	out    strings.Builder
}

func (p *plain) visit(n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		p.leave(n)
		return ast.WalkContinue, nil
	}

	switch n := n.(type) {
	case *ast.Text:
		p.text(n)
	case *ast.String:
		p.out.Write(n.Value)
	case *ast.AutoLink:
		p.out.Write(n.Label(p.source))
	case *ast.RawHTML:
		p.out.Write(n.Segments.Value(p.source))
	case *ast.Link:
		if !n.HasChildren() {
			p.out.Write(n.Destination)
		}

	case *ast.CodeBlock, *ast.FencedCodeBlock, *ast.HTMLBlock:
		p.out.Write(n.Lines().Value(p.source))
	}

	return ast.WalkContinue, nil
}

func (p *plain) text(n *ast.Text) {
	value := n.Value(p.source)
	if _, code := n.Parent().(*ast.CodeSpan); code {
		p.out.Write(value)
	} else {
		p.out.WriteString(html.UnescapeString(string(util.UnescapePunctuations(value))))
	}

	if n.SoftLineBreak() || n.HardLineBreak() {
		p.out.WriteByte('\n')
	}
}

// leave parts blocks by an empty line, and a table's cells by commas.
func (p *plain) leave(n ast.Node) {
	if _, cell := n.(*table.TableCell); cell {
		if n.NextSibling() != nil {
			p.out.WriteString(", ")
		}

		return
	}

	if n.Type() == ast.TypeBlock {
		p.out.WriteString("\n\n")
	}
}
