package console_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// scopeWords matches what is written like a scope.
var scopeWords = regexp.MustCompile(`["(>]([a-z]+:[a-z]+)["<]`)

// TestScopesOfTheConsoleExist: a scope that is misspelt hides a button, and no error says so.
func TestScopesOfTheConsoleExist(t *testing.T) {
	t.Parallel()

	found := 0

	for _, glob := range []string{"*.go", "*.templ"} {
		files, err := filepath.Glob(glob)
		require.NoError(t, err)

		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "_templ.go") {
				continue
			}

			text, err := os.ReadFile(file)
			require.NoError(t, err)

			for _, match := range scopeWords.FindAllSubmatch(text, -1) {
				found++

				assert.True(t, chat.Scope(match[1]).Valid(), "%s: %s", file, match[1])
			}
		}
	}

	assert.Greater(t, found, 50)
}

// TestAScopeIncludesWeakerOnesOfItsArea, in what the pages offer.
func TestAScopeIncludesWeakerOnesOfItsArea(t *testing.T) {
	t.Parallel()

	for held, sees := range map[string]bool{
		"deliveries:read":  false,
		"deliveries:write": false,
		"deliveries:admin": true,
		"members:admin":    false,
		"deliveries:":      false,
		"deliveries":       false,
	} {
		e := newEnv(t, nil)
		e.scopes = []string{held}

		assert.Equal(t, sees, strings.Contains(e.get("/settings"), `/settings/suppressions"`), held)
	}
}
