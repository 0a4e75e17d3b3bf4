package console_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// vendored is a script of somebody else that is kept here, as vendored.json has it.
type vendored struct {
	File    string `json:"file"`
	Package string `json:"package"`
	Version string `json:"version"`
	Path    string `json:"path"`
	Licence string `json:"licence"`
	SHA256  string `json:"sha256"`
}

// TestVendoredScriptsAreThoseOfTheirPackages compares them with what npm has: nobody can change one unseen.
func TestVendoredScriptsAreThoseOfTheirPackages(t *testing.T) {
	t.Parallel()

	raw, err := os.ReadFile("vendored.json")
	require.NoError(t, err)

	var all []vendored
	require.NoError(t, json.Unmarshal(raw, &all))

	listed := map[string]bool{}

	for _, script := range all {
		listed[script.File] = true

		t.Run(script.Package, func(t *testing.T) {
			t.Parallel()
			script.check(t)
		})
	}

	for _, pattern := range []string{"static/*.min.js", "testdata/*.js"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)

		for _, file := range found {
			assert.True(t, listed[file], "%s is not in vendored.json", file)
		}
	}
}

func (s vendored) check(t *testing.T) {
	t.Helper()

	kept, err := os.ReadFile(s.File)
	require.NoError(t, err)

	digest := sha256.Sum256(kept)
	assert.Equal(t, s.SHA256, hex.EncodeToString(digest[:]))

	// make test has Node.js, see scripts/with-mcp-servers. A single go test may run where there is none.
	if os.Getenv("TEST_MCP_SERVERS") == "" {
		return
	}

	folder := t.TempDir()
	pack := exec.CommandContext(t.Context(), "npm", "pack", "--silent", s.Package+"@"+s.Version)
	pack.Dir = folder
	output, err := pack.CombinedOutput()
	require.NoError(t, err, string(output))

	archives, err := filepath.Glob(filepath.Join(folder, "*.tgz"))
	require.NoError(t, err)
	require.Len(t, archives, 1)

	files := readArchive(t, archives[0])
	assert.Equal(t, kept, files["package/"+s.Path])

	var manifest struct {
		License string `json:"license"`
	}

	require.NoError(t, json.Unmarshal(files["package/package.json"], &manifest))
	assert.Equal(t, s.Licence, manifest.License)
}

// readArchive returns the files of a package by their paths.
func readArchive(t *testing.T, name string) map[string][]byte {
	t.Helper()

	raw, err := os.ReadFile(name)
	require.NoError(t, err)

	unzipped, err := gzip.NewReader(bytes.NewReader(raw))
	require.NoError(t, err)

	files := map[string][]byte{}
	reader := tar.NewReader(unzipped)

	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}

		require.NoError(t, err)

		content, err := io.ReadAll(reader)
		require.NoError(t, err)

		files[header.Name] = content
	}
}
