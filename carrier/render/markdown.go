package render

import (
	"reflect"
	"regexp"
	"slices"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// document is a parsed message.
type document struct {
	source    []byte
	root      ast.Node
	addresses []span
}

// parse never fails: every text is Markdown.
func (r *Renderer) parse(message string) *document {
	d := r.parseOnce(message)

	// What is only known at the end, that nothing refers to a definition, says how to
	// read its line: as text.
	if places := idleDefinitions(d); len(places) > 0 {
		d = r.parseOnce(escapeAt(message, places))
	}

	showLists(d)
	showLinks(d)
	showAddresses(d)

	return d
}

func (r *Renderer) parseOnce(message string) *document {
	source := []byte(message)
	addresses := findAddresses(message)
	context := parser.NewContext()
	context.Set(notesKey, &notes{text: message, addresses: addresses})

	return &document{
		source:    source,
		root:      r.markdown.Parser().Parse(text.NewReader(source), parser.WithContext(context)),
		addresses: addresses,
	}
}

func newMarkdown() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithParser(parser.NewParser(
			parser.WithBlockParsers(blockParsers()...),
			parser.WithInlineParsers(inlineParsers()...),
			parser.WithParagraphTransformers(paragraphTransformers()...),
			parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
		)),
		// People who write to people mean a line break where they put one.
		goldmark.WithRendererOptions(
			html.WithHardWraps(),
			renderer.WithNodeRenderers(
				util.Prioritized(extension.NewTableHTMLRenderer(
					extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute),
				), 500),
				util.Prioritized(extension.NewStrikethroughHTMLRenderer(), 500),
			),
		),
	)
}

// blockParsers are the default ones without HTML blocks and without setext headings, which
// make a heading of the line above "-- " or "=". Nesting has an end, and a sign before a
// number is no mark.
func blockParsers() []util.PrioritizedValue {
	parsers := withoutParser(parser.DefaultBlockParsers(), parser.NewHTMLBlockParser())
	parsers = withoutParser(parsers, parser.NewSetextHeadingParser())

	for i, p := range parsers {
		block, ok := p.Value.(parser.BlockParser)

		switch {
		case !ok:
		case sameType(block, parser.NewBlockquoteParser()):
			parsers[i].Value = shallowParser{carefulParser{block, greaterSign}}
		case sameType(block, parser.NewListParser()):
			parsers[i].Value = shallowParser{block}
		case sameType(block, parser.NewATXHeadingParser()):
			parsers[i].Value = headingParser{carefulParser{block, noHeading}}
		case sameType(block, parser.NewFencedCodeBlockParser()):
			parsers[i].Value = carefulParser{block, noFence}
		}
	}

	return parsers
}

var (
	// greaterSign is no quotation: "> 5 EUR".
	greaterSign = regexp.MustCompile(`^[ \t]*>[ \t]*[0-9=\p{Sc}]`)
	// noHeading is a number sign, or signs alone.
	noHeading = regexp.MustCompile(`^[ \t]*(?:#[ \t]+[0-9]|#+[ \t]*\r?\n?$)`)
	// noFence has more behind it than a language, which nothing would show.
	noFence = regexp.MustCompile("^[ \t]*(?:```+|~~~+)[ \t]*" +
		"(?:[^A-Za-z\\s`~]|[A-Za-z][\\w+#.\\-]*[ \t]*[^\\w+#.\\-\\s])")
)

// inlineParsers are the default ones without raw HTML, with an end to links and emphasis,
// and with marks only where they are certain.
func inlineParsers() []util.PrioritizedValue {
	parsers := withoutParser(parser.DefaultInlineParsers(), parser.NewRawHTMLParser())
	for i, p := range parsers {
		switch library, ok := p.Value.(parser.InlineParser); {
		case ok && sameType(library, parser.NewEmphasisParser()):
			parsers[i].Value = markParser{library}
		case ok && sameType(library, parser.NewCodeSpanParser()):
			parsers[i].Value = codeParser{library}
		case ok && sameType(library, parser.NewAutoLinkParser()):
			parsers[i].Value = mailParser{library}
		case ok && sameType(library, parser.NewLinkParser()):
			parsers[i].Value = fewLinks{parser.NewLinkParser().(linkParser)}
		}
	}

	return append(parsers,
		util.Prioritized(markParser{extension.NewStrikethroughParser()}, 500),
		util.Prioritized(bareParser{extension.NewLinkifyParser()}, 999),
	)
}

// paragraphTransformers are the default ones and that of tables.
func paragraphTransformers() []util.PrioritizedValue {
	return append(parser.DefaultParagraphTransformers(),
		util.Prioritized(wholeTables{extension.NewTableParagraphTransformer()}, 200),
	)
}

// withoutParser leaves out one parser, found by its type because priorities are no promise of
// the library's. Without the HTML parsers, what looks like a tag is text: it is escaped
// in HTML, where the library would drop it and, with an HTML block, the rest of its line.
func withoutParser(parsers []util.PrioritizedValue, one any) []util.PrioritizedValue {
	return slices.DeleteFunc(parsers, func(p util.PrioritizedValue) bool { return sameType(p.Value, one) })
}

func sameType(a, b any) bool { return reflect.TypeOf(a) == reflect.TypeOf(b) }
