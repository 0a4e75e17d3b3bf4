//go:build unix

package sandbox_test

import (
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

const fullDisk = "SANDBOX_TEST_FULL_DISK"

// A full disk is played by a limit on file sizes. It holds for a whole process, so the
// test runs itself again in one of its own.
func TestFullDiskKeepsNothingAndRecovers(t *testing.T) {
	t.Parallel()

	path := os.Getenv(fullDisk) //nolint:forbidigo // told by itself, see below
	if path == "" {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
		again.Env = []string{fullDisk + "=" + filepath.Join(t.TempDir(), "sandbox.jsonl"), "TMPDIR=" + t.TempDir()}
		output, err := again.CombinedOutput()
		require.NoError(t, err, string(output))

		return
	}

	w := setup(t, func(c *sandbox.Config) { c.File = path })
	require.Equal(t, http.StatusCreated, w.sms(t, "Body", "before").status)

	before, err := os.Stat(path)
	require.NoError(t, err)

	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	wide := limit.Cur
	limit.Cur = uint64(before.Size()) + 100
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	var problem twilioError
	w.sms(t, "Body", strings.Repeat("x", 1000)).decode(t, &problem)
	assert.Equal(t, 20500, problem.Code)
	assert.Equal(t, http.StatusInternalServerError, w.mail(t, validMail).status)
	assert.Len(t, w.Messages(sandbox.MessageFilter{}), 1)
	assert.Empty(t, w.Mails())

	after, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, before.Size(), after.Size(), "half a line was taken back")

	limit.Cur = wide
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	require.Equal(t, http.StatusCreated, w.sms(t, "Body", "after").status)
	assert.Len(t, reopenSandbox(t, path, nil).Messages(sandbox.MessageFilter{}), 2)
}
