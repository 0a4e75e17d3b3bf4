package render

import (
	"bytes"

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

// notes are what the parsing of one message has met so far.
type notes struct {
	spans       []linkSpan
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

// fewParser is the library's parser of emphasis, up to maxEmphasis of its marks.
type fewParser struct{ parser.InlineParser }

// Parse is [parser.InlineParser].
func (p fewParser) Parse(parent ast.Node, block text.Reader, context parser.Context) ast.Node {
	met := notesOf(context)
	if met.emphases++; met.emphases > maxEmphasis {
		return nil
	}

	return p.InlineParser.Parse(parent, block, context)
}

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
	met := notesOf(context)
	if met.failedLinks > maxFailedLinks {
		return nil
	}

	line, before := block.PeekLine()
	closes := bytes.HasPrefix(line, []byte("](")) || bytes.HasPrefix(line, []byte("]["))
	node := p.linkParser.Parse(parent, block, context)
	var reference *ast.ReferenceLink

	switch n := node.(type) {
	case *ast.Link:
		reference = n.Reference
	case *ast.Image:
		reference = n.Reference
	default:
		if closes {
			met.failedLinks++
		}

		return node
	}

	if reference == nil {
		_, after := block.Position()
		met.spans = append(met.spans, linkSpan{
			start:    node.Pos(),
			labelEnd: before.Start,
			end:      after.Start,
			node:     node,
		})
	}

	return node
}
