package workflows_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
	"handrail/workflows"
)

// bulkWorld is a bulk retry of deliveries d001, d002, … in a store that answers as its
// fields say.
type bulkWorld struct {
	*world
	begun []chat.DeliveryID
	// asked are the retries as they were begun.
	asked []chat.RetryDelivery
	state chat.BulkState
	note  string
	round int
	// rate is that of the store, 0 for the one that the run has begun with.
	rate int
	// onBegin is called when the nth delivery is begun, if it is given.
	onBegin func(n int)
	// outcome is the status that the nth delivery has once it is begun, or skipped.
	outcome func(n int) string
}

// skipped is what cannot be retried when its turn comes.
const skipped = "skipped"

// resume is what a person does.
func (b *bulkWorld) resume() {
	b.state = chat.BulkRunning
	b.round++
}

// progress is what the store knows, from a number on.
func (b *bulkWorld) progress(selected, from int) chat.BulkProgress {
	var outcomes []chat.RetryOutcome

	p := chat.BulkProgress{Run: chat.BulkRetry{
		State:    b.state,
		Note:     b.note,
		Round:    b.round,
		Selected: selected,
		ByStatus: map[string]int{},
	}}
	p.Run.Rate = b.rate

	for n := len(b.begun); n > 0; n-- {
		status := b.outcome(n)
		if status == skipped {
			p.Run.Skipped++
		} else {
			p.Run.Begun++
			p.Run.ByStatus[status]++
		}

		switch {
		case n < from:
		case status == skipped:
			p.Unattempted++
		default:
			outcomes = append(outcomes, chat.RetryOutcome{Status: status, ErrorCode: "twilio_21610"})
		}
	}

	outcomes = slices.DeleteFunc(outcomes, func(o chat.RetryOutcome) bool { return o.Result() == chat.AttemptOpen })
	p.First = chat.TallyRetries(outcomes)
	p.Last = chat.TallyRetries(outcomes[:min(len(outcomes), chat.BulkWindow)])

	return p
}

func newBulkWorld(t *testing.T, count int) *bulkWorld {
	t.Helper()
	b := &bulkWorld{
		world:   newWorld(t),
		state:   chat.BulkRunning,
		round:   1,
		outcome: func(int) string { return "accepted" },
	}

	all := make([]chat.DeliveryID, count)
	for i := range all {
		all[i] = chat.DeliveryID(fmt.Sprintf("d%03d", i+1))
	}

	run := func() (chat.BulkRetry, error) { return b.progress(count, 1).Run, nil }

	withActivity(b.world, workflows.BeginBulkRetry, func(chat.NewBulkRetry) (chat.BulkRetry, error) { return run() })

	withActivity(b.world, workflows.BulkProgress, func(in chat.BulkStep) (chat.BulkProgress, error) {
		return b.progress(count, in.From), nil
	})

	withActivity(b.world, workflows.SelectRetries, func(in chat.BulkStep) ([]chat.DeliveryID, error) {
		left := slices.DeleteFunc(slices.Clone(all), func(id chat.DeliveryID) bool {
			return id <= in.After || slices.Contains(b.begun, id)
		})

		return left[:min(in.Limit, len(left))], nil
	})

	withActivity(b.world, workflows.MoveBulkRetry, func(in chat.BulkMove) (chat.BulkRetry, error) {
		if !b.state.May(in.To) {
			return chat.BulkRetry{}, chat.Errorf(chat.CodeConflict, "it is %s", b.state)
		}

		b.state, b.note = in.To, in.Note

		return run()
	})

	b.OnWorkflow(string(chat.ActionRetryDelivery), mock.Anything, mock.Anything).
		Return(
			func(_ workflow.Context, in chat.RetryDelivery) error {
				b.mu.Lock()
				defer b.mu.Unlock()

				b.begun = append(b.begun, in.DeliveryID)
				b.asked = append(b.asked, in)

				if b.onBegin != nil {
					b.onBegin(len(b.begun))
				}

				return nil
			},
		)

	return b
}

func (b *bulkWorld) run(rate, canary int) {
	in := workflows.BulkRetryRun{NewBulkRetry: chat.NewBulkRetry{
		ID:          "0199aaaa-0000-7000-8000-0000000000b1",
		WorkspaceID: workspace,
		Rate:        rate,
		Canary:      canary,
		Failures:    chat.DefaultBulkFailures,
		Reason:      "number fixed",
	}}

	b.ExecuteWorkflow(string(chat.ActionRetryDeliveries), in)
}

func TestBulkRetryBeginsEachOnceAtItsRate(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 30)
	start := b.Now()
	b.run(5, 3)
	require.NoError(t, b.GetWorkflowError())
	assert.Len(t, b.begun, 30)
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(b.begun))), 30, "each once")
	assert.GreaterOrEqual(t, b.Now().Sub(start), 5*time.Second, "five a second")
	assert.Equal(t, chat.BulkFinished, b.state)
}

func TestBulkRetryTakesAnotherRate(t *testing.T) {
	t.Parallel()

	b := newBulkWorld(t, 30)
	start := b.Now()
	b.changes(3*time.Second, func() { b.rate = 50 })
	b.run(1, 0)
	require.NoError(t, b.GetWorkflowError())
	assert.Len(t, b.begun, 30)
	assert.Less(t, b.Now().Sub(start), 10*time.Second, "it took 30 at the first rate")
}

func TestBulkRetryGoesOnWithAFreshHistory(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 600)
	b.run(50, 0)
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, b.GetWorkflowError(), &again)
	assert.Len(t, b.begun, 500)
	assert.Equal(t, chat.BulkRunning, b.state)
}

// outcomesOf gives the deliveries with these numbers a status, and all others "accepted".
func outcomesOf(statuses map[string][]int) func(n int) string {
	return func(n int) string {
		for _, status := range slices.Sorted(maps.Keys(statuses)) {
			if slices.Contains(statuses[status], n) {
				return status
			}
		}

		return "accepted"
	}
}

func TestBulkRetryPausesForItsCanary(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 20)
	b.outcome = outcomesOf(map[string][]int{"rejected": {2}})

	b.changes(time.Hour, func() {
		assert.Len(t, b.begun, 4, "the rest waits")
		assert.Equal(t, chat.BulkPaused, b.state)
		assert.Equal(
			t,
			"1 of the 4 tried first failed: Twilio 21610, the recipient has opted out of messages from this sender.",
			b.note,
		)
		b.resume()
	})

	b.run(5, 4)
	require.NoError(t, b.GetWorkflowError())
	assert.Len(t, b.begun, 20, "a person let it go on")
	assert.Equal(t, chat.BulkFinished, b.state)
}

// TestSkippedDeliveriesPassNoCanary: a second bulk retry over the deliveries of a first skips the first ones. All that
// is attempted after them is refused.
func TestSkippedDeliveriesPassNoCanary(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 147)
	b.outcome = func(n int) string {
		if n <= 7 {
			return skipped
		}

		return "rejected"
	}

	b.changes(time.Hour, func() {
		assert.Equal(t, chat.BulkPaused, b.state)
		assert.Len(t, b.begun, 10, "seven skipped, and a canary of five in which those after the skipped ones failed")
		assert.Contains(t, b.note, "3 of the 3 tried first failed: Twilio 21610")
		b.state = chat.BulkCanceled
	})

	b.run(5, 5)
	require.NoError(t, b.GetWorkflowError())
	assert.Len(t, b.begun, 10)
}

func TestABulkRetryThatSkipsAllEnds(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 147)
	b.outcome = func(int) string { return skipped }
	start := b.Now()
	b.run(5, 5)
	require.NoError(t, b.GetWorkflowError())
	assert.Len(t, b.begun, 147)
	assert.Equal(t, chat.BulkFinished, b.state)
	assert.Less(t, b.Now().Sub(start), 10*time.Minute)
}

func TestResumeBeginsWithACanaryAgain(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 147)
	b.outcome = func(int) string { return "rejected" }

	for i := range 3 {
		b.changes(time.Duration(i+1)*time.Hour, func() {
			assert.Equal(t, chat.BulkPaused, b.state)
			assert.Len(t, b.begun, 5*(i+1), "each time no more than a canary")
			assert.Contains(t, b.note, "5 of the 5 tried first failed")

			b.resume()

			if i == 2 {
				b.state = chat.BulkCanceled
			}
		})
	}

	b.run(5, 5)
	require.NoError(t, b.GetWorkflowError())
	assert.Len(t, b.begun, 15)
}

// TestAPauseThatIsOverAtOnceBeginsACanaryToo: the workflow has seen neither.
func TestAPauseThatIsOverAtOnceBeginsACanaryToo(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 60)
	good := 60
	b.outcome = func(n int) string {
		if n > good {
			return "rejected"
		}

		return "accepted"
	}

	b.changes(4500*time.Millisecond, func() {
		good = len(b.begun)
		b.resume()
	})

	b.changes(time.Hour, func() {
		assert.Equal(t, chat.BulkPaused, b.state)
		assert.Contains(t, b.note, "tried first failed", "a canary, not the last 50")
		assert.Less(t, len(b.begun), 35)
		b.state = chat.BulkCanceled
	})

	b.run(5, 5)
	require.NoError(t, b.GetWorkflowError())
}

func TestBulkRetryPausesWhenTooManyFailLater(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 147)
	b.outcome = func(n int) string {
		if n > 60 {
			return "rejected"
		}

		return "accepted"
	}

	b.changes(time.Hour, func() {
		assert.Equal(t, chat.BulkPaused, b.state)
		assert.Len(t, b.begun, 70, "ten of the last fifty have failed")
		assert.Contains(t, b.note, "10 of the last 50 attempted failed: Twilio 21610")
		b.state = chat.BulkCanceled
	})

	b.run(5, 5)
	require.NoError(t, b.GetWorkflowError())
	assert.Len(t, b.begun, 70)
}

func TestACanaryWithoutAnOutcomePauses(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 20)
	b.outcome = outcomesOf(map[string][]int{"pending": {3}})

	b.changes(time.Hour, func() {
		assert.Equal(t, chat.BulkPaused, b.state)
		assert.Equal(t, "There is no outcome of 1 of the first yet.", b.note)
		b.state = chat.BulkCanceled
	})

	b.run(5, 5)
	require.NoError(t, b.GetWorkflowError())
	assert.Len(t, b.begun, 5)
}

// TestABulkRetryThatIsPausedAtItsEndWaits: else nothing would be there to end it.
func TestABulkRetryThatIsPausedAtItsEndWaits(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 10)
	b.onBegin = func(n int) {
		if n == 10 {
			b.state = chat.BulkPaused
		}
	}

	b.changes(time.Hour, func() {
		assert.Equal(t, chat.BulkPaused, b.state)
		b.resume()
	})

	b.run(5, 0)
	require.NoError(t, b.GetWorkflowError())
	assert.Equal(t, chat.BulkFinished, b.state)
	assert.Len(t, b.begun, 10)
}

func TestBulkRetryCanceled(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 20)
	b.changes(1500*time.Millisecond, func() { b.state = chat.BulkCanceled })
	b.run(5, 0)
	require.NoError(t, b.GetWorkflowError())
	assert.Less(t, len(b.begun), 20)
	assert.Equal(t, chat.BulkCanceled, b.state)
}

// The run before was ended in Temporal when it had begun twelve.
func TestBulkRetryTakenUpAgainCountsWhatItHadBegun(t *testing.T) {
	t.Parallel()

	b := newBulkWorld(t, 20)
	for n := range 12 {
		b.begun = append(b.begun, chat.DeliveryID(fmt.Sprintf("d%03d", n+1)))
	}

	b.run(5, 3)
	require.NoError(t, b.GetWorkflowError())
	assert.Len(t, b.begun, 20, "each once")
	assert.Equal(t, "All 20 have had their turn.", b.note)
}

// The same request, asked again after its run has ended, starts the workflow again.
func TestBulkRetryThatHasFinishedBeginsNothing(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 20)
	b.state = chat.BulkFinished
	b.run(5, 0)
	require.NoError(t, b.GetWorkflowError())
	assert.Empty(t, b.begun)
}

func TestBulkRetryCanceledInTemporalSaysSo(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 20)
	b.state = chat.BulkPaused
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Minute)
	b.run(5, 0)
	assert.True(t, temporal.IsCanceledError(b.GetWorkflowError()))
	assert.Equal(t, chat.BulkCanceled, b.state)
	assert.Empty(t, b.begun)
}

// TestABulkRetryHandsOnItsAcknowledgment tells each retry whether its message may be sent twice.
func TestABulkRetryHandsOnItsAcknowledgment(t *testing.T) {
	t.Parallel()

	for _, acknowledged := range []bool{true, false} {
		b := newBulkWorld(t, 2)
		b.ExecuteWorkflow(string(chat.ActionRetryDeliveries), workflows.BulkRetryRun{NewBulkRetry: chat.NewBulkRetry{
			ID:                   "0199aaaa-0000-7000-8000-0000000000b1",
			WorkspaceID:          workspace,
			Rate:                 5,
			Reason:               "number fixed",
			AcknowledgeDuplicate: acknowledged,
		}})

		require.NoError(t, b.GetWorkflowError())
		require.Len(t, b.asked, 2)

		for _, retry := range b.asked {
			assert.Equal(t, acknowledged, retry.AcknowledgeDuplicate)
		}
	}
}
