package workflows_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOnlyChatExplainsStates holds what operators read in the Temporal UI to the sentences of
// chat, which the API and the command line show too: no workflow writes one of its own.
func TestOnlyChatExplainsStates(t *testing.T) {
	t.Parallel()

	files, err := filepath.Glob("*.go")
	require.NoError(t, err)

	shown := 0

	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}

		positions := token.NewFileSet()
		file, err := parser.ParseFile(positions, path, nil, 0)
		require.NoError(t, err)

		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok || !slices.Contains([]string{"SetCurrentDetails", "showState", "showDelivery", "awaitPeople"}, nameOf(call)) {
				return true
			}

			shown++

			assert.False(t, hasSentence(call), "%s: the sentence belongs into chat", positions.Position(call.Pos()))

			return true
		})
	}

	assert.Greater(t, shown, 20)
}

func nameOf(call *ast.CallExpr) string {
	switch called := call.Fun.(type) {
	case *ast.Ident:
		return called.Name
	case *ast.SelectorExpr:
		return called.Sel.Name
	}

	return ""
}

// hasSentence reports whether an argument is written out with more than one word.
func hasSentence(call *ast.CallExpr) bool {
	found := false

	for _, argument := range call.Args {
		ast.Inspect(argument, func(node ast.Node) bool {
			literal, ok := node.(*ast.BasicLit)
			found = found || ok && literal.Kind == token.STRING && strings.Contains(literal.Value, " ")

			return true
		})
	}

	return found
}
