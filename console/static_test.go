package console_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/console"
)

// TestStaticFilesAreKeptForEver holds that a page names each file with its digest, and that browsers may keep it.
func TestStaticFilesAreKeptForEver(t *testing.T) {
	t.Parallel()

	pages := newConsole(t, http.NotFoundHandler())
	page := ask(pages, http.MethodGet, console.Root+"/login", nil).Body.String()

	files := regexp.MustCompile(`(?:src|href)="(/console/static/[^"]+)"`).FindAllStringSubmatch(page, -1)
	require.Len(t, files, 5)

	for _, file := range files {
		assert.Regexp(t, `\?v=[0-9a-f]{12}$`, file[1])

		answer := ask(pages, http.MethodGet, file[1], nil)
		assert.Equal(t, http.StatusOK, answer.Code, file[1])
		assert.Equal(t, "public, max-age=31536000, immutable", answer.Header().Get("Cache-Control"))

		request := httptest.NewRequest(http.MethodGet, file[1], nil)
		request.Header.Set("Accept-Encoding", "gzip, br")

		zipped := httptest.NewRecorder()
		pages.ServeHTTP(zipped, request)
		assert.Equal(t, "gzip", zipped.Header().Get("Content-Encoding"))
		assert.Equal(t, answer.Header().Get("Content-Type"), zipped.Header().Get("Content-Type"))

		reader, err := gzip.NewReader(zipped.Body)
		require.NoError(t, err)
		content, err := io.ReadAll(reader)
		require.NoError(t, err)
		assert.Equal(t, answer.Body.String(), string(content))
	}
}
