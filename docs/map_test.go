package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mapLine is one line of the map: the folder stands in its first cell.
var mapLine = regexp.MustCompile("(?m)^\\| `([a-z][a-z0-9/-]*|\\.)` \\|")

func TestTheMapNamesEveryFolder(t *testing.T) {
	t.Parallel()

	page, err := os.ReadFile("design.md")
	require.NoError(t, err)

	_, rest, found := strings.Cut(string(page), "## Map of the folders")
	require.True(t, found, "design.md has a map")

	section, _, _ := strings.Cut(rest, "\n## ")

	var named []string
	for _, match := range mapLine.FindAllStringSubmatch(section, -1) {
		named = append(named, match[1])
	}

	assert.ElementsMatch(t, findGoFolders(t), named)
}

// findGoFolders lists the folders of the repository that hold Go code.
func findGoFolders(t *testing.T) []string {
	t.Helper()

	var folders []string

	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}

		name := entry.Name()
		if path != ".." && (strings.HasPrefix(name, ".") || name == "testdata" || path == "../tools") {
			return filepath.SkipDir
		}

		files, err := filepath.Glob(filepath.Join(path, "*.go"))
		if err != nil || len(files) == 0 {
			return err
		}

		folder, err := filepath.Rel("..", path)
		folders = append(folders, folder)

		return err
	})
	require.NoError(t, err)

	return folders
}
