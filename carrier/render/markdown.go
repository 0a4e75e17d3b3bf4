package render

import (
	"reflect"
	"slices"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// document is a parsed message.
type document struct {
	source []byte
	root   ast.Node
	// links are the places of links and images of the form [label](destination).
	links []linkSpan
}

// parse never fails: every text is Markdown.
func (r *Renderer) parse(message string) *document {
	context := parser.NewContext()
	source := []byte(message)
	root := r.markdown.Parser().Parse(text.NewReader(source), parser.WithContext(context))
	spans, _ := context.Get(spansKey).([]linkSpan)
	return &document{source: source, root: root, links: spans}
}

func newMarkdown() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithParser(parser.NewParser(
			parser.WithBlockParsers(without(parser.DefaultBlockParsers(), parser.NewHTMLBlockParser())...),
			parser.WithInlineParsers(inlineParsers()...),
			parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
		)),
		goldmark.WithExtensions(
			extension.Linkify, extension.Strikethrough,
			extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
		),
		// People who write to people mean a line break where they put one.
		goldmark.WithRendererOptions(html.WithHardWraps()),
	)
}

// inlineParsers are the default ones without raw HTML, and with a link parser that notes
// where links are.
func inlineParsers() []util.PrioritizedValue {
	parsers := without(parser.DefaultInlineParsers(), parser.NewRawHTMLParser())
	for i, p := range parsers {
		if links, ok := p.Value.(linkParser); ok && sameType(links, parser.NewLinkParser()) {
			parsers[i].Value = spanParser{links}
		}
	}
	return parsers
}

// without leaves out one parser, found by its type because priorities are no promise of
// the library's. Without the HTML parsers, what looks like a tag is text: it is escaped
// in HTML, where the library would drop it and, with an HTML block, the rest of its line.
func without(parsers []util.PrioritizedValue, one any) []util.PrioritizedValue {
	return slices.DeleteFunc(parsers, func(p util.PrioritizedValue) bool { return sameType(p.Value, one) })
}

func sameType(a, b any) bool { return reflect.TypeOf(a) == reflect.TypeOf(b) }

var spansKey = parser.NewContextKey()

// linkSpan is where the source has [label](destination), or ![label](destination).
type linkSpan struct {
	start, labelEnd, end int
	node                 ast.Node
}

type linkParser interface {
	parser.InlineParser
	parser.CloseBlocker
}

// spanParser is the library's link parser, which forgets where a link ends.
type spanParser struct{ linkParser }

// Parse is [parser.InlineParser].
func (p spanParser) Parse(parent ast.Node, block text.Reader, context parser.Context) ast.Node {
	_, before := block.Position()
	node := p.linkParser.Parse(parent, block, context)
	var reference *ast.ReferenceLink
	switch n := node.(type) {
	case *ast.Link:
		reference = n.Reference
	case *ast.Image:
		reference = n.Reference
	default:
		return node
	}
	if reference == nil {
		_, after := block.Position()
		spans, _ := context.Get(spansKey).([]linkSpan)
		span := linkSpan{start: node.Pos(), labelEnd: before.Start, end: after.Start, node: node}
		context.Set(spansKey, append(spans, span))
	}
	return node
}
