package render

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// The library takes time quadratic in how deep blocks nest, and in how many links and
// emphases are begun and not finished: seconds for 100,000 characters made to that end,
// within a transaction that others wait for. Past these limits, marks are plain text.
const (
	maxDepth       = 50
	maxFailedLinks = 500
	maxEmphasis    = 5000
)

// shallowParser is a parser of blocks that hold blocks, down to maxDepth.
type shallowParser struct{ parser.BlockParser }

// Open is [parser.BlockParser].
func (p shallowParser) Open(parent ast.Node, reader text.Reader, context parser.Context) (ast.Node, parser.State) {
	depth := 0
	for n := parent; n != nil; n = n.Parent() {
		depth++
	}

	if depth > maxDepth {
		return nil, parser.NoChildren
	}

	return p.BlockParser.Open(parent, reader, context)
}

// carefulParser is a parser of blocks that does not take lines of a certain form.
type carefulParser struct {
	parser.BlockParser

	refuses *regexp.Regexp
}

// Open is [parser.BlockParser].
func (p carefulParser) Open(parent ast.Node, reader text.Reader, context parser.Context) (ast.Node, parser.State) {
	if line, _ := reader.PeekLine(); p.refuses.Match(line) {
		return nil, parser.NoChildren
	}

	return p.BlockParser.Open(parent, reader, context)
}

// headingParser is a parser of headings that keeps the # at their end: # Learn C #.
type headingParser struct{ carefulParser }

// Open is [parser.BlockParser].
func (p headingParser) Open(parent ast.Node, reader text.Reader, context parser.Context) (ast.Node, parser.State) {
	_, whole := reader.PeekLine()

	node, state := p.carefulParser.Open(parent, reader, context)
	if node != nil && node.Lines().Len() == 1 {
		line := node.Lines().At(0)
		line.Stop = whole.TrimRightSpace(reader.Source()).Stop
		node.Lines().Set(0, line)
	}

	return node, state
}

// notes are what is known of a message, and what its parsing has met so far.
type notes struct {
	text        string
	addresses   []span
	failedLinks int
	emphases    int
}

var notesKey = parser.NewContextKey()

func notesOf(context parser.Context) *notes {
	met, ok := context.Get(notesKey).(*notes)
	if !ok {
		met = &notes{}
		context.Set(notesKey, met)
	}

	return met
}

// markParser is the library's parser of emphasis or of what is struck: up to maxEmphasis
// marks, outside addresses, and only where they are certain.
type markParser struct{ parser.InlineParser }

// Parse is [parser.InlineParser].
func (p markParser) Parse(parent ast.Node, block text.Reader, context parser.Context) ast.Node {
	met := notesOf(context)
	if met.emphases++; met.emphases > maxEmphasis {
		return nil
	}

	_, place := block.Position()
	if _, within := spanAt(met.addresses, place.Start); within {
		return nil
	}

	node := p.InlineParser.Parse(parent, block, context)
	if mark, ok := node.(*parser.Delimiter); ok {
		begins, ends := markSides(met.text, span{mark.Segment.Start, mark.Segment.Stop})
		if mark.Char == '~' && mark.OriginalLength != 2 { // about: ~5 or ~6
			begins = false
			ends = false
		}

		mark.CanOpen = mark.CanOpen && begins
		mark.CanClose = mark.CanClose && ends
	}

	return node
}

// codeParser is the library's parser of code spans, only where they are certain.
type codeParser struct{ parser.InlineParser }

// Parse is [parser.InlineParser].
func (p codeParser) Parse(parent ast.Node, block text.Reader, context parser.Context) ast.Node {
	before := block.PrecendingCharacter()
	start, place := block.Position()
	line, _ := block.PeekLine()

	node := p.InlineParser.Parse(parent, block, context)
	if _, ok := node.(*ast.CodeSpan); !ok {
		return node
	}

	rest, _ := block.PeekLine()
	after, _ := utf8.DecodeRune(rest)

	if codeSides(before, after) {
		return node
	}

	length := len(line) - len(bytes.TrimLeft(line, "`"))

	block.SetPosition(start, place)
	block.Advance(length)

	return ast.NewTextSegment(place.WithStop(place.Start + length))
}

// mailParser is the library's parser of addresses in angle brackets. It keeps the brackets
// around an email address, which people write after a name.
type mailParser struct{ parser.InlineParser }

// Parse is [parser.InlineParser].
func (p mailParser) Parse(parent ast.Node, block text.Reader, context parser.Context) ast.Node {
	start, place := block.Position()
	node := p.InlineParser.Parse(parent, block, context)

	link, ok := node.(*ast.AutoLink)
	if !ok || link.AutoLinkType != ast.AutoLinkEmail {
		return node
	}

	block.SetPosition(start, place)
	block.Advance(1 + len(link.Label(block.Source())))
	ast.MergeOrAppendTextSegment(parent, place.WithStop(place.Start+1))

	return link
}

// bareParser is the library's parser of addresses that stand for themselves. Of those that
// the texts take for addresses, it takes the same part: the library ends them at the first
// letter that is not ASCII, at *, and before a _ at their end.
type bareParser struct{ parser.InlineParser }

var bareURL = regexp.MustCompile(`^(?i:https?://|ftp://|www\.)`)

// Parse is [parser.InlineParser].
func (p bareParser) Parse(parent ast.Node, block text.Reader, context parser.Context) ast.Node {
	line, place := block.PeekLine()
	start := place.Start

	before := strings.IndexByte(" *_~(", line[0]) >= 0
	if before {
		start++
	}

	address, ok := spanAt(notesOf(context).addresses, start)
	if !ok || address.start != start || address.end > place.Stop || !bareURL.Match(block.Source()[start:address.end]) {
		return p.InlineParser.Parse(parent, block, context)
	}

	if context.IsInLinkLabel() {
		return nil
	}

	if before {
		ast.MergeOrAppendTextSegment(parent, place.WithStop(start))
	}

	block.Advance(address.end - place.Start)

	link := ast.NewAutoLink(ast.AutoLinkURL, ast.NewTextSegment(text.NewSegment(start, address.end)))
	if !bytes.Contains(block.Source()[start:address.end], []byte("://")) {
		link.Protocol = []byte("http")
	}

	return link
}

// fewLinks is the library's link parser, up to maxFailedLinks that begin and do not end.
type fewLinks struct{ linkParser }

type linkParser interface {
	parser.InlineParser
	parser.CloseBlocker
}

// Parse is [parser.InlineParser].
func (p fewLinks) Parse(parent ast.Node, block text.Reader, context parser.Context) ast.Node {
	met := notesOf(context)
	if met.failedLinks > maxFailedLinks {
		return nil
	}

	line, _ := block.PeekLine()
	closes := bytes.HasPrefix(line, []byte("](")) || bytes.HasPrefix(line, []byte("]["))
	node := p.linkParser.Parse(parent, block, context)

	switch node.(type) {
	case *ast.Link, *ast.Image:
	default:
		if closes {
			met.failedLinks++
		}
	}

	return node
}

// wholeTables is the library's transformer of paragraphs to tables. It leaves paragraphs
// whose tables would lose something: a row's cells past those of the head, or the line
// between "12" and "5" that has no bar.
type wholeTables struct{ parser.ParagraphTransformer }

// Transform is [parser.ParagraphTransformer].
func (t wholeTables) Transform(node *ast.Paragraph, reader text.Reader, context parser.Context) {
	lines := node.Lines()
	width := 0

	for i := range lines.Len() {
		segment := lines.At(i)
		line := strings.TrimRight(string(segment.Value(reader.Source())), "\n")

		switch {
		case width == 0 && tableRule.MatchString(line):
			if !isTableRule(line) {
				return
			}

			width = len(cellsOf(line))
		case width > 0 && len(cellsOf(line)) > width:
			return
		}
	}

	t.ParagraphTransformer.Transform(node, reader, context)
}
