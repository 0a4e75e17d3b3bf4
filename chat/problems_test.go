package chat_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// TestEveryCodeIsExplained holds the table of explanations to the constants of the package.
func TestEveryCodeIsExplained(t *testing.T) {
	t.Parallel()

	parsed, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	require.NoError(t, err)

	var constants []chat.Code

	ast.Inspect(parsed, func(node ast.Node) bool {
		spec, isSpec := node.(*ast.ValueSpec)
		if !isSpec || !isNamed(spec.Type, "Code") {
			return true
		}

		for _, value := range spec.Values {
			text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
			require.NoError(t, err)

			constants = append(constants, chat.Code(text))
		}

		return true
	})

	require.Greater(t, len(constants), 70)
	assert.ElementsMatch(t, constants, chat.Codes())

	for _, text := range chat.ProblemTexts() {
		for _, part := range []string{text.Meaning, text.Cause, text.Remedy} {
			assert.True(t, strings.HasSuffix(part, "."), "%s: %q is a sentence", text.Code, part)
			assert.Zero(t, strings.Count(part, "`")%2, "%s: backquotes come in pairs", text.Code)
		}

		assert.Equal(t, text.Code.Kind() == chat.KindInvalid, text.Field != "", "%s: what must change has a field", text.Code)
	}
}

func isNamed(expression ast.Expr, name string) bool {
	identifier, isIdentifier := expression.(*ast.Ident)
	return isIdentifier && identifier.Name == name
}
