// Package nodetest installs and runs programs of Node.js for tests.
package nodetest

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Install returns a folder whose node_modules has the packages of a folder's package-lock.json. They are installed
// once, in the user's cache. If they cannot be installed, it skips the test with the reason.
func Install(tb testing.TB, folder string) string {
	tb.Helper()

	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			tb.Skipf("there is no %s, so programs of Node.js cannot be tested", program)
		}
	}

	lock, err := os.ReadFile(filepath.Join(folder, "package-lock.json"))
	require.NoError(tb, err)

	cache, err := os.UserCacheDir()
	require.NoError(tb, err)

	sum := sha256.Sum256(lock)
	installed := filepath.Join(cache, "handrail", filepath.Base(folder)+"-"+hex.EncodeToString(sum[:6]))

	if _, err = os.Stat(filepath.Join(installed, "node_modules")); err == nil {
		return installed
	}

	require.NoError(tb, os.MkdirAll(filepath.Dir(installed), 0o750))

	//nolint:usetesting // the packages stay for the next run
	made, err := os.MkdirTemp(filepath.Dir(installed), filepath.Base(folder)+"-")
	require.NoError(tb, err)

	defer func() { _ = os.RemoveAll(made) }() // it is left only if it could not be renamed

	for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(tb, err)
		require.NoError(tb, os.WriteFile(filepath.Join(made, name), text, 0o600))
	}

	install := exec.CommandContext(tb.Context(), "npm", "ci", "--silent")
	install.Dir = made

	if printed, err := install.CombinedOutput(); err != nil {
		tb.Skipf("npm cannot install the packages: %v: %s", err, printed)
	}

	// Another test may have installed the same packages meanwhile.
	if err = os.Rename(made, installed); err != nil {
		require.DirExists(tb, filepath.Join(installed, "node_modules"))
	}

	return installed
}

// Run runs a program in a folder, with additional environment variables, and returns its output.
func Run(tb testing.TB, folder string, environ []string, name string, arguments ...string) []byte {
	tb.Helper()

	command := exec.CommandContext(tb.Context(), name, arguments...)
	command.Dir = folder
	command.Env = append(command.Environ(), environ...)

	printed, err := command.CombinedOutput()
	require.NoError(tb, err, "%s: %s", filepath.Base(name), printed)

	return printed
}
