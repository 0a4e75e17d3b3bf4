package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	codeOnPage = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	ownDialect = regexp.MustCompile(`(?i)\b(parked|settles?|last word|patience|nudges?|deeds?)\b`)
)

// TestPagesUseCommonWords looks for words of ours that have a common one: waits for a person, is resolved, final
// status. In code and as values they may stand, and the glossary explains those.
func TestPagesUseCommonWords(t *testing.T) {
	t.Parallel()

	pages, err := filepath.Glob("*.md")
	require.NoError(t, err)

	for _, page := range append(pages, "../README.md", "../CONTRIBUTING.md", "../SECURITY.md") {
		if page == "glossary.md" {
			continue
		}

		text, err := os.ReadFile(page)
		require.NoError(t, err)

		found := ownDialect.FindAllString(codeOnPage.ReplaceAllString(string(text), ""), -1)
		assert.Empty(t, found, page)
	}
}
