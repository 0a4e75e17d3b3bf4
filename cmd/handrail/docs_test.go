package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheGuideIsWritten needs no server and no settings, and may be run twice.
func TestTheGuideIsWritten(t *testing.T) {
	t.Parallel()

	folder := filepath.Join(t.TempDir(), "new", "site")

	for range 2 {
		var out, errs strings.Builder

		status := newConsole(t.Context(), nil, strings.NewReader(""), &out, &errs).run([]string{"docs", "build", "--out", folder})
		require.Equal(t, 0, status, errs.String())
		assert.Contains(t, out.String(), filepath.Join(folder, "index.html"))
	}

	for _, name := range []string{"index.html", "quickstart.html", "decisions/index.html", "style.css", "404.html"} {
		content, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		assert.NotEmpty(t, content, name)
		assert.NotContains(t, string(content), `href="/docs`, "a site of files has no API beside it")
	}
}
