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

	return &document{source: source, root: root, links: notesOf(context).spans}
}

func newMarkdown() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithParser(parser.NewParser(
			parser.WithBlockParsers(blockParsers()...),
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

// blockParsers are the default ones without HTML blocks, and with an end to nesting.
func blockParsers() []util.PrioritizedValue {
	parsers := withoutParser(parser.DefaultBlockParsers(), parser.NewHTMLBlockParser())
	for i, p := range parsers {
		if block, ok := p.Value.(parser.BlockParser); ok &&
			(sameType(block, parser.NewBlockquoteParser()) || sameType(block, parser.NewListParser())) {
			parsers[i].Value = shallowParser{block}
		}
	}

	return parsers
}

// inlineParsers are the default ones without raw HTML, and with a link parser that notes
// where links are, and an end to emphasis.
func inlineParsers() []util.PrioritizedValue {
	parsers := withoutParser(parser.DefaultInlineParsers(), parser.NewRawHTMLParser())
	for i, p := range parsers {
		switch library, ok := p.Value.(parser.InlineParser); {
		case ok && sameType(library, parser.NewEmphasisParser()):
			parsers[i].Value = fewParser{library}
		case ok && sameType(library, parser.NewLinkParser()):
			parsers[i].Value = spanParser{parser.NewLinkParser().(linkParser)}
		}
	}

	return parsers
}

// withoutParser leaves out one parser, found by its type because priorities are no promise of
// the library's. Without the HTML parsers, what looks like a tag is text: it is escaped
// in HTML, where the library would drop it and, with an HTML block, the rest of its line.
func withoutParser(parsers []util.PrioritizedValue, one any) []util.PrioritizedValue {
	return slices.DeleteFunc(parsers, func(p util.PrioritizedValue) bool { return sameType(p.Value, one) })
}

func sameType(a, b any) bool { return reflect.TypeOf(a) == reflect.TypeOf(b) }
