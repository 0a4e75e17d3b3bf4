package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/workflows"
)

// TestCopiesAreSoughtAtTheEnd has an attempt that was cut off before the one that was taken. The
// callback for that comes at once; the provider's list is read when it is complete.
func TestCopiesAreSoughtAtTheEnd(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		unknown bool
		waited  time.Duration
	}{
		"an attempt is not known": {true, time.Hour},
		"all are known":           {false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w := newWorld(t)
			withPrepare(w)
			withActivity(w, workflows.Submit, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
				r := snapshotOf(chat.SubmissionAccepted)
				r.UnknownMessages = tt.unknown

				return r, nil
			})

			began, sought := w.Now(), time.Time{}
			withActivity(w, workflows.QueryProvider, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
				sought = w.Now()
				return snapshotOf(chat.SubmissionAccepted), nil
			})

			a := w.run(sendInput())
			require.NoError(t, w.GetWorkflowError())
			require.NoError(t, a.err, "the caller does not wait for that")

			if !tt.unknown {
				assert.NotContains(t, w.said, workflows.QueryProvider.Name)
				return
			}

			assert.WithinDuration(t, began.Add(tt.waited), sought, time.Minute)
		})
	}
}
