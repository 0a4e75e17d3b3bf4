package workflows_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	sdkworker "go.temporal.io/sdk/worker"

	"handrail/worker"
)

// TestRecordedHistoriesReplay holds the workflows to what runs already: every history in
// testdata was recorded from a real server (make histories) and must replay, or workflows
// that are open at the time of a deploy would break.
func TestRecordedHistoriesReplay(t *testing.T) {
	t.Parallel()

	files, err := filepath.Glob("testdata/histories/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files, "run make histories")

	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()

			replayer := sdkworker.NewWorkflowReplayer()
			worker.RegisterWorkflows(replayer)

			logger := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
			assert.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(logger, file))
		})
	}
}

// TestReplayNoticesAChange proves that the test above can fail: a history with another
// step in it does not replay.
func TestReplayNoticesAChange(t *testing.T) {
	t.Parallel()

	recorded, err := os.ReadFile("testdata/histories/send-tools.json")
	require.NoError(t, err)
	changed := filepath.Join(t.TempDir(), "changed.json")
	other := bytes.ReplaceAll(recorded, []byte(`"RunTool"`), []byte(`"RunSomethingElse"`))
	require.NotEqual(t, recorded, other)
	require.NoError(t, os.WriteFile(changed, other, 0o600))

	replayer := sdkworker.NewWorkflowReplayer()
	worker.RegisterWorkflows(replayer)

	assert.Error(
		t,
		replayer.ReplayWorkflowHistoryFromJSONFile(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), changed),
	)
}
