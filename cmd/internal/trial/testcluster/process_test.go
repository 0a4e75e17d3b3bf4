package testcluster

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startShell is a program that writes a file, so that it counts as ready, and then waits.
func startShell(t *testing.T, folder, script string) *Process {
	t.Helper()

	p, err := Program{
		Name:    "shell",
		Kind:    "shell",
		Args:    []string{"/bin/sh", "-c", script},
		Environ: []string{"PATH=" + os.Getenv("PATH"), "WORD=own"},
		Ready: func(context.Context) error {
			_, err := os.Stat(filepath.Join(folder, "ready"))
			return err
		},
	}.run(folder)

	require.NoError(t, err)

	return p
}

func TestAKilledProcessIsStartedAgain(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	p := startShell(t, folder, `echo "$WORD"; touch ready; exec sleep 600`)
	require.NoError(t, p.awaitReady(t.Context()))
	require.NoError(t, os.Remove(filepath.Join(folder, "ready")))
	require.False(t, p.Kill(time.Hour, 0), "it has just begun")
	require.True(t, p.Kill(0, 0))
	require.NoError(t, p.awaitReady(t.Context()), "it has run a second time")
	kills, ended := p.Counts()
	assert.Equal(t, 1, kills)
	assert.Zero(t, ended)
	require.NoError(t, p.Stop(os.Kill))
	assert.False(t, p.Kill(0, 0), "it is over")

	log, err := os.ReadFile(filepath.Join(folder, "logs", "shell.log"))
	require.NoError(t, err)
	assert.Equal(t, "own\nown\n", string(log))
}

func TestAPausedProcessIsSparedUntilItIsResumed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	p := startShell(t, folder, `touch ready; exec sleep 600`)
	require.NoError(t, p.awaitReady(t.Context()))
	require.False(t, p.Pause(time.Hour), "it has just begun")
	require.True(t, p.Pause(0))
	assert.False(t, p.Pause(0))
	assert.False(t, p.Kill(0, 0))
	p.Resume()
	assert.True(t, p.Pause(0))
	require.NoError(t, p.Stop(os.Kill), "a kill ends it all the same")
	require.NoError(t, p.Stop(os.Kill), "a second time changes nothing")
	p.Resume()
}

func TestARestartedProcessHasMoreEnvironment(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	p := startShell(t, folder, `echo "$WORD"; touch ready; exec sleep 600`)
	require.NoError(t, p.awaitReady(t.Context()))
	require.NoError(t, os.Remove(filepath.Join(folder, "ready")))
	p.Restart("WORD=new")
	require.NoError(t, p.awaitReady(t.Context()))
	kills, ended := p.Counts()
	assert.Zero(t, kills)
	assert.Zero(t, ended, "it was asked to")
	require.NoError(t, p.Stop(os.Kill))

	log, err := os.ReadFile(filepath.Join(folder, "logs", "shell.log"))
	require.NoError(t, err)
	assert.Equal(t, "own\nnew\n", string(log))
}

func TestAProcessThatNeverGetsReadyIsGivenUp(t *testing.T) {
	t.Parallel()
	p := startShell(t, t.TempDir(), "exit 1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	err := p.awaitReady(ctx)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "shell.log")
	require.NoError(t, p.Stop(os.Interrupt))
}

func TestAProgramThatIsNotThere(t *testing.T) {
	t.Parallel()
	_, err := Program{Name: "nothing", Args: []string{filepath.Join(t.TempDir(), "nothing")}}.run(t.TempDir())
	require.ErrorIs(t, err, os.ErrNotExist)
}
