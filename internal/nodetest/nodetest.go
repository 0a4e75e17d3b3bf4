// Package nodetest installs what tests run with Node.js.
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
// once, outside of the repository. Where that is not possible, the test is skipped and says why.
func Install(tb testing.TB, folder string) string {
	tb.Helper()

	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			tb.Skipf("there is no %s: nothing can be said of what runs with Node.js", program)
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

	//nolint:usetesting // what is installed stays for the next run
	made, err := os.MkdirTemp(filepath.Dir(installed), filepath.Base(folder)+"-")
	require.NoError(tb, err)

	defer func() { _ = os.RemoveAll(made) }() // it was renamed, or is of no use

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

	// Another test may have been quicker, and then has the same.
	if err = os.Rename(made, installed); err != nil {
		require.DirExists(tb, filepath.Join(installed, "node_modules"))
	}

	return installed
}

// Run runs a program in a folder, with more variables of the environment, and returns what it has printed.
func Run(tb testing.TB, folder string, environ []string, name string, arguments ...string) []byte {
	tb.Helper()

	command := exec.CommandContext(tb.Context(), name, arguments...)
	command.Dir = folder
	command.Env = append(command.Environ(), environ...)

	printed, err := command.CombinedOutput()
	require.NoError(tb, err, "%s: %s", filepath.Base(name), printed)

	return printed
}
