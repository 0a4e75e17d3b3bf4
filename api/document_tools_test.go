package api_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/internal/nodetest"
)

// documentTools is the folder with what reads the document: linters and a generator of types, for Node.js.
const documentTools = "../tools/openapi"

// TestToolsTakeTheDocument holds the document to the rules of Spectral and Redocly, and compiles the types that
// openapi-typescript makes of it, in both of its sizes. It needs Node.js, and the network once.
func TestToolsTakeTheDocument(t *testing.T) {
	t.Parallel()

	bin := filepath.Join(nodetest.Install(t, documentTools), "node_modules", ".bin")

	t.Run("whole", func(t *testing.T) {
		t.Parallel()
		lintDocument(t, bin, "/docs/openapi.json", "spectral.yaml")
	})

	t.Run("concise", func(t *testing.T) {
		t.Parallel()
		// Problems are its default answer, the explanations stand in the whole document, and all webhooks are one
		// operation.
		lintDocument(
			t, bin, "/openapi.json", "spectral-concise.yaml",
			"--skip-rule", "operation-4xx-response", "--skip-rule", "tag-description",
			"--skip-rule", "operation-operationId",
		)
	})
}

// lintDocument asks for the document at the path, and has the tools in the folder bin read it, Spectral with a file of
// rules. more goes to Redocly.
func lintDocument(t *testing.T, bin, path, ruleset string, more ...string) {
	t.Helper()

	folder := t.TempDir()
	document := filepath.Join(folder, "openapi.json")

	served := newWorld(t).do(t, request{method: http.MethodGet, path: path, key: "-"})
	require.NoError(t, os.WriteFile(document, []byte(served.raw), 0o600))

	rules, err := filepath.Abs(filepath.Join(documentTools, ruleset))
	require.NoError(t, err)

	runTool(t, folder, filepath.Join(bin, "spectral"), "lint", document, "--ruleset", rules, "--fail-severity", "hint")

	arguments := []string{
		"lint", document, "--extends", "recommended", "--format", "json",
		// Ids are numbers: /members/by-external-id/merge is no member's.
		"--skip-rule", "no-ambiguous-paths",
	}
	report := runTool(t, folder, filepath.Join(bin, "redocly"), append(arguments, more...)...)

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
