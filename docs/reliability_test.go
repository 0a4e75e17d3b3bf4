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

var (
	namedTest    = regexp.MustCompile("`(Test[A-Za-z0-9]+)`")
	namedCommand = regexp.MustCompile("`make ([a-z-]+)`")
	writtenTest  = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(`)
)

// TestEveryPromiseHasItsTest holds reliability.md to the tests that it names: each is there, and
// each row of its tables names one.
func TestEveryPromiseHasItsTest(t *testing.T) {
	t.Parallel()

	page, err := os.ReadFile("reliability.md")
	require.NoError(t, err)

	promises, _, found := strings.Cut(string(page), "## The test: `make chaos`")
	require.True(t, found)

	written := findTests(t)

	named := namedTest.FindAllStringSubmatch(promises, -1)
	require.NotEmpty(t, named)

	for _, name := range named {
		assert.Contains(t, written, name[1], "reliability.md names a test that is not there")
	}

	for line := range strings.Lines(promises) {
		isRow := strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| what holds")
		assert.True(t, !isRow || namedTest.MatchString(line), "a promise without a test: %s", line)
	}
}

// TestEveryNamedTestIsThere holds the pages about security to the tests that they name. Each row of
// threats.md names one, or the command that checks it.
func TestEveryNamedTestIsThere(t *testing.T) {
	t.Parallel()

	written := findTests(t)

	for _, file := range []string{"threats.md", "../SECURITY.md"} {
		page, err := os.ReadFile(file)
		require.NoError(t, err)

		named := namedTest.FindAllStringSubmatch(string(page), -1)
		require.NotEmpty(t, named)

		for _, name := range named {
			assert.Contains(t, written, name[1], "%s names a test that is not there", file)
		}
	}

	threats, err := os.ReadFile("threats.md")
	require.NoError(t, err)

	makefile, err := os.ReadFile("../Makefile")
	require.NoError(t, err)

	for line := range strings.Lines(string(threats)) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| what holds") {
			continue
		}

		commands := namedCommand.FindAllStringSubmatch(line, -1)
		assert.True(t, len(commands) > 0 || namedTest.MatchString(line), "a promise without a test: %s", line)

		for _, command := range commands {
			assert.Contains(t, string(makefile), "\n"+command[1]+":", "threats.md names a command that is not there")
		}
	}
}

// findTests returns the names of all tests of the repository.
func findTests(t *testing.T) map[string]bool {
	t.Helper()

	names := map[string]bool{}

	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}

		source, err := os.ReadFile(path)
		for _, name := range writtenTest.FindAllSubmatch(source, -1) {
			names[string(name[1])] = true
		}

		return err
	})
	require.NoError(t, err)

	return names
}

// TestEveryFaultOfTheSandboxIsExplained holds reliability.md to the faults that the sandbox knows.
func TestEveryFaultOfTheSandboxIsExplained(t *testing.T) {
	t.Parallel()

	page, err := os.ReadFile("reliability.md")
	require.NoError(t, err)

	source, err := os.ReadFile("../sandbox/faults.go")
	require.NoError(t, err)

	faults := regexp.MustCompile(`FaultKind = "([a-z_]+)"`).FindAllStringSubmatch(string(source), -1)
	require.Greater(t, len(faults), 20)

	for _, fault := range faults {
		assert.Regexp(t, "(?m)^\\| .*`"+fault[1]+"`.* \\|", string(page), "a fault that no table explains")
	}
}
