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

// TestCopiesAreSoughtWhileOneIsPossible reads the list after ever longer waits, until the provider's list is
// complete, or a copy was found.
func TestCopiesAreSoughtWhileOneIsPossible(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		receipt time.Duration
		foundAt int
		looks   []time.Duration
	}{
		"an SMS":                {time.Hour, 0, []time.Duration{time.Hour, 4 * time.Hour, 13 * time.Hour, 40 * time.Hour}},
		"an email":              {24 * time.Hour, 0, []time.Duration{24 * time.Hour, 48 * time.Hour}},
		"until a copy is found": {time.Hour, 2, []time.Duration{time.Hour, 4 * time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w := newWorld(t)
			withPrepare(w)

			possible := snapshotOf(chat.SubmissionAccepted)
			possible.UnknownMessages = true
			possible.Duplicate = chat.DuplicatePossible
			possible.Waits.Receipt = tt.receipt

			withActivity(w, workflows.Submit, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
				return possible, nil
			})

			began := w.Now()

			var looks []time.Duration

			withActivity(w, workflows.QueryProvider, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
				looks = append(looks, w.Now().Sub(began).Round(time.Minute))

				seen := possible
				if len(looks) == tt.foundAt {
					seen.Duplicate = chat.DuplicateConfirmed
				}

				return seen, nil
			})

			a := w.run(sendInput())
			require.NoError(t, w.GetWorkflowError())
			require.NoError(t, a.err, "the caller does not wait for that")
			assert.Equal(t, tt.looks, looks)
		})
	}
}

// TestTheWaitForCopiesIsThatOfTheChannel has the final status come with a signal, which names no waits.
func TestTheWaitForCopiesIsThatOfTheChannel(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	withPrepare(w)
	withActivity(w, workflows.Submit, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
		r := snapshotOf(chat.SubmissionAccepted)
		r.DeliveryStatus = chat.StatusSent
		r.UnknownMessages = true

		return r, nil
	})

	signal := snapshotOf(chat.SubmissionAccepted)
	signal.UnknownMessages = true
	signal.Waits = chat.Waits{}
	w.signal(time.Minute, signal)

	began, sought := w.Now(), time.Time{}
	withActivity(w, workflows.QueryProvider, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
		sought = w.Now()
		return snapshotOf(chat.SubmissionAccepted), nil
	})

	w.run(sendInput())
	require.NoError(t, w.GetWorkflowError())
	assert.WithinDuration(t, began.Add(time.Hour+time.Minute), sought, time.Minute)
}
