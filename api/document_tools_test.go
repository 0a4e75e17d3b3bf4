package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// documentTools is the folder with what reads the document: linters and a generator of types, for Node.js.
const documentTools = "../tools/openapi"

// TestToolsTakeTheDocument holds the document to the rules of Spectral and Redocly, and compiles the types that
// openapi-typescript makes of it. It needs Node.js, and the network once.
func TestToolsTakeTheDocument(t *testing.T) {
	t.Parallel()

	bin := filepath.Join(installDocumentTools(t), "node_modules", ".bin")
	folder := t.TempDir()
	document := filepath.Join(folder, "openapi.json")

	served := newWorld(t).do(t, request{method: http.MethodGet, path: "/openapi.json", key: "-"})
	require.NoError(t, os.WriteFile(document, []byte(served.raw), 0o600))

	rules, err := filepath.Abs(filepath.Join(documentTools, "spectral.yaml"))
	require.NoError(t, err)

	runTool(t, folder, filepath.Join(bin, "spectral"), "lint", document, "--ruleset", rules, "--fail-severity", "hint")

	report := runTool(
		t, folder,
		filepath.Join(bin, "redocly"), "lint", document, "--extends", "recommended", "--format", "json",
		// Ids are numbers: /members/by-external-id/merge is no member's.
		"--skip-rule", "no-ambiguous-paths",
	)

	var found struct {
		Totals struct {
			Errors   int `json:"errors"`
			Warnings int `json:"warnings"`
		} `json:"totals"`
	}

	require.NoError(t, json.Unmarshal(report, &found), string(report))
	assert.Zero(t, found.Totals.Errors, string(report))
	assert.Zero(t, found.Totals.Warnings, string(report))

	runTool(t, folder, filepath.Join(bin, "openapi-typescript"), document, "--output", "types.ts")
	runTool(t, folder, filepath.Join(bin, "tsc"), "--strict", "--noEmit", "types.ts")
}

// runTool runs one of the tools in a folder and returns what it has printed.
func runTool(t *testing.T, folder, name string, arguments ...string) []byte {
	t.Helper()

	command := exec.CommandContext(t.Context(), name, arguments...)
	command.Dir = folder
	command.Env = append(
		command.Environ(),
		"REDOCLY_TELEMETRY=off",
		"REDOCLY_SUPPRESS_UPDATE_NOTICE=true",
	)

	printed, err := command.Output()
	require.NoError(t, err, "%s: %s", filepath.Base(name), printed)

	return printed
}

// installDocumentTools returns a folder with the tools in the versions of tools/openapi/package-lock.json. They are
// installed once, outside of the repository. Where that is not possible, the test is skipped and says why.
func installDocumentTools(t *testing.T) string {
	t.Helper()

	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s: nothing can be said of what tools make of the document", program)
		}
	}

	lock, err := os.ReadFile(filepath.Join(documentTools, "package-lock.json"))
	require.NoError(t, err)

	cache, err := os.UserCacheDir()
	require.NoError(t, err)

	sum := sha256.Sum256(lock)
	folder := filepath.Join(cache, "handrail", "openapi-"+hex.EncodeToString(sum[:6]))

	if _, err = os.Stat(filepath.Join(folder, "node_modules")); err == nil {
		return folder
	}

	require.NoError(t, os.MkdirAll(filepath.Dir(folder), 0o750))

	//nolint:usetesting // what is installed stays for the next run
	made, err := os.MkdirTemp(filepath.Dir(folder), "openapi-")
	require.NoError(t, err)

	defer os.RemoveAll(made)

	for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
		text, err := os.ReadFile(filepath.Join(documentTools, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(made, name), text, 0o600))
	}

	install := exec.CommandContext(t.Context(), "npm", "ci", "--silent")
	install.Dir = made

	if printed, err := install.CombinedOutput(); err != nil {
		t.Skipf("npm cannot install the tools: %v: %s", err, printed)
	}

	// Another test may have been quicker, and then has the same.
	if err = os.Rename(made, folder); err != nil {
		require.DirExists(t, filepath.Join(folder, "node_modules"))
	}

	return folder
}
