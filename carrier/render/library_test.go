package render_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/util"
)

// The parsers that are left out or wrapped are found by their types. When the library
// changes its defaults so that one is not found, or is not alone, this says so before a
// message does.
func TestLibraryHasTheParsersWeReplace(t *testing.T) {
	t.Parallel()

	count := func(all []util.PrioritizedValue, one any) (n int) {
		for _, p := range all {
			if reflect.TypeOf(p.Value) == reflect.TypeOf(one) {
				n++
			}
		}

		return n
	}

	for _, one := range []any{
		parser.NewHTMLBlockParser(), parser.NewBlockquoteParser(), parser.NewListParser(),
		parser.NewSetextHeadingParser(), parser.NewATXHeadingParser(), parser.NewFencedCodeBlockParser(),
	} {
		assert.Equal(t, 1, count(parser.DefaultBlockParsers(), one), "%T", one)
	}

	for _, one := range []any{
		parser.NewRawHTMLParser(), parser.NewLinkParser(), parser.NewEmphasisParser(),
		parser.NewCodeSpanParser(), parser.NewAutoLinkParser(),
	} {
		assert.Equal(t, 1, count(parser.DefaultInlineParsers(), one), "%T", one)
	}
}
