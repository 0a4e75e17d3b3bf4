package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"handrail/chat"
	"handrail/workflows"
)

// takenSnapshot is a delivery that the provider has, with no word yet of what became of it.
func takenSnapshot(carrier chat.DeliveryStatus) chat.DeliverySnapshot {
	r := snapshotOf(chat.SubmissionAccepted)
	r.DeliveryStatus = carrier

	return r
}

// withAcceptedSubmit gives the world a Submit that the provider takes.
func withAcceptedSubmit(w *world) {
	withActivity(w, workflows.Submit, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) { return takenSnapshot(chat.StatusQueued), nil })
}

// withReceipts gives the world a Look that finds each of receipts in turn.
func withReceipts(w *world, receipts ...chat.DeliverySnapshot) {
	withActivity(w, workflows.LoadDelivery, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
		next := receipts[0]
		receipts = receipts[min(1, len(receipts)-1):]

		return next, nil
	})
}

// signal tells the workflow after a while.
func (w *world) signal(after time.Duration, r chat.DeliverySnapshot) {
	w.RegisterDelayedCallback(func() { w.SignalWorkflow("Changed", r) }, after)
}

func TestSendStaysOpenUntilItsReceipt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)
	withAcceptedSubmit(w)

	in := sendInput()
	a := askOutcome[chat.AssistantMessageSent](w, "u1", workflows.OutcomeQuery{Fingerprint: in.Fingerprint})
	w.RegisterDelayedCallback(func() {
		assert.True(t, a.complete, "the caller has its answer with the acceptance")
		assert.False(t, w.IsWorkflowCompleted(), "the action is not settled before its receipt")
	}, 10*time.Second)

	w.signal(20*time.Second, takenSnapshot(chat.StatusDelivered))
	w.ExecuteWorkflow(string(chat.ActionSendAssistantMessage), in)
	require.NoError(t, a.err)
	require.NoError(t, w.GetWorkflowError())
	assert.Equal(t, []string{"PrepareSend", "Submit"}, w.said, "the signal says it all; the store is not asked")
}

// submittedAtOnce gives the world a PrepareSend that has also handed the message over.
func submittedAtOnce(w *world, r chat.DeliverySnapshot) {
	withActivity(w, workflows.PrepareSend, func(in chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
		return chat.AssistantMessageSent{ActionID: in.ActionID, Submitted: true, DeliverySnapshot: r}, nil
	})
}

func TestASendThatWasSubmittedWhenItWasPreparedIsNotSubmittedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	submittedAtOnce(w, takenSnapshot(chat.StatusQueued))
	w.signal(20*time.Second, takenSnapshot(chat.StatusDelivered))
	a := w.run(sendInput())
	require.NoError(t, a.err)
	assert.Equal(t, "accepted", a.out.Value.Status)
	require.NoError(t, w.GetWorkflowError())
	assert.Equal(t, []string{"PrepareSend"}, w.said)
}

func TestAnUnknownOutcomeOfTheFirstTryIsSettled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	submittedAtOnce(w, snapshotOf(chat.SubmissionUnknown))

	withActivity(
		w,
		workflows.QueryProvider,
		func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
			return takenSnapshot(chat.StatusDelivered), nil
		},
	)

	a := w.run(sendInput())
	require.NoError(t, a.err)
	assert.Equal(t, chat.SubmissionUnknown, a.out.Value.Submission, "it is told as it is")
	assert.Equal(t, []string{"PrepareSend", "LookUp"}, w.said)
}

func TestAcceptanceIsToldToOperatorsWhenItsReceiptIsLate(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		quiet, receipt time.Duration
		want           []string
	}{
		"a receipt in time":          {2 * time.Minute, 20 * time.Second, []string{"delivered"}},
		"a late receipt":             {2 * time.Minute, 5 * time.Minute, []string{"accepted", "delivered"}},
		"a history from before that": {0, 20 * time.Second, []string{"accepted", "delivered"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			accepted := takenSnapshot(chat.StatusQueued)
			accepted.Waits.Quiet = tt.quiet
			submittedAtOnce(w, accepted)
			withReceipts(w, accepted)
			told := collectStatuses(w)
			final := takenSnapshot(chat.StatusDelivered)
			final.Status = "delivered"
			w.signal(tt.receipt, final)
			w.run(sendInput())
			require.NoError(t, w.GetWorkflowError())
			assert.Equal(t, tt.want, *told)
		})
	}
}

// collectStatuses collects what the search attribute of the status is set to.
func collectStatuses(w *world) *[]string {
	var told []string

	w.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(args mock.Arguments) {
		if status, ok := args.Get(0).(temporal.SearchAttributes).GetKeyword(workflows.AttributeStatus); ok {
			told = append(told, status)
		}
	}).Return(nil)

	return &told
}

func TestAcceptanceAfterTroubleIsToldAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	unknown := snapshotOf(chat.SubmissionUnknown)
	accepted := takenSnapshot(chat.StatusQueued)
	final := takenSnapshot(chat.StatusDelivered)
	unknown.Status = "unknown"
	accepted.Status = "accepted"
	final.Status = "delivered"
	accepted.Waits.Quiet = 2 * time.Minute

	submittedAtOnce(w, unknown)

	withActivity(w, workflows.QueryProvider, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
		w.SignalWorkflow("Changed", final)
		return accepted, nil
	})

	told := collectStatuses(w)
	w.run(sendInput())
	require.NoError(t, w.GetWorkflowError())
	assert.Equal(t, []string{"unknown", "accepted", "delivered"}, *told, "nobody must look after it any more")
}

func TestReceiptThatCameBeforeTheAcceptanceIsNotMissed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)

	withActivity(w, workflows.Submit, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
		w.SignalWorkflow("Changed", takenSnapshot(chat.StatusDelivered))
		return takenSnapshot(chat.StatusQueued), nil
	})

	a := w.run(sendInput())
	require.NoError(t, a.err)
	assert.Equal(t, []string{"PrepareSend", "Submit"}, w.said)
}

func TestLostReceiptSignalIsFoundInTheStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)
	withAcceptedSubmit(w)
	withReceipts(w, takenSnapshot(chat.StatusDelivered))
	start := w.Now()
	w.run(sendInput())
	require.NoError(t, w.GetWorkflowError())
	assert.Equal(t, []string{"PrepareSend", "Submit", "Look"}, w.said)
	assert.LessOrEqual(t, w.Now().Sub(start), 2*time.Minute+time.Second)
}

func TestReceiptThatNeverCameIsAskedForOnce(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		carrier chat.DeliveryStatus
		err     error
		steps   []string
	}{
		"told when asked": {carrier: chat.StatusUndelivered, steps: []string{"LookUp"}},
		"not told":        {carrier: chat.StatusSent, steps: []string{"LookUp", "Unconfirmed"}},
		"carrier away":    {err: chat.Errorf(chat.CodeInvalidRequest, "no"), steps: []string{"LookUp", "Unconfirmed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			withPrepare(w)
			withAcceptedSubmit(w)
			withReceipts(w, takenSnapshot(chat.StatusSent))

			withActivity(
				w,
				workflows.QueryProvider,
				func(chat.DeliveryStep) (chat.DeliverySnapshot, error) { return takenSnapshot(tt.carrier), tt.err },
			)

			withActivity(
				w,
				workflows.MarkUnconfirmed,
				func(chat.UnconfirmedDelivery) (chat.DeliverySnapshot, error) {
					return takenSnapshot(chat.StatusUnconfirmed), nil
				},
			)

			start := w.Now()
			w.run(sendInput())
			require.NoError(t, w.GetWorkflowError())
			assert.Equal(t, append([]string{"PrepareSend", "Submit", "Look", "Look", "Look"}, tt.steps...), w.said)
			assert.GreaterOrEqual(t, w.Now().Sub(start), time.Hour, "the deadline of the channel")
		})
	}
}

func TestUnknownIsSettledByACallback(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)
	withSubmit(w, chat.SubmissionUnknown)
	withActivity(w, workflows.QueryProvider, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) { return takenSnapshot(chat.StatusSent), nil })
	w.signal(5*time.Second, takenSnapshot(chat.StatusSent))
	w.signal(8*time.Second, takenSnapshot(chat.StatusDelivered))
	a := w.run(sendInput())
	require.NoError(t, a.err)
	assert.Equal(t, "unknown", a.out.Value.Status)
	require.NoError(t, w.GetWorkflowError())
	assert.Equal(t, []string{"PrepareSend", "Submit", "LookUp"}, w.said)
}

func TestSignalsDoNotShortenTheSettling(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)
	withSubmit(w, chat.SubmissionUnknown)
	withStates(w, workflows.QueryProvider, chat.SubmissionUnknown)
	start := w.Now()
	withActivity(w, workflows.SettleUnknown, func(in chat.Settlement) (chat.DeliverySnapshot, error) {
		assert.True(t, in.Sought)
		assert.GreaterOrEqual(t, w.Now().Sub(start), 2*time.Minute, "the provider may still be working on it")

		return snapshotOf(chat.SubmissionExpired), nil
	})

	for i := range 5 {
		w.signal(time.Duration(i+1)*time.Second, chat.DeliverySnapshot{})
	}

	w.run(sendInput())
	require.NoError(t, w.GetWorkflowError())
	assert.Equal(t, "SettleUnknown", w.said[len(w.said)-1])
}

func TestSilenceOfACarrierThatIsAwayProvesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)
	withSubmit(w, chat.SubmissionUnknown)

	withActivity(
		w,
		workflows.QueryProvider,
		func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
			return chat.DeliverySnapshot{}, errors.New("away")
		},
	)

	withActivity(w, workflows.SettleUnknown, func(in chat.Settlement) (chat.DeliverySnapshot, error) {
		assert.False(t, in.Sought)
		return snapshotOf(chat.SubmissionExpired), nil
	})

	w.run(sendInput())
	require.NoError(t, w.GetWorkflowError())
}

func TestOperatorWakesWhatIsParked(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		seen  chat.DeliverySnapshot
		then  chat.DeliverySnapshot
		steps []string
	}{
		"retried":            {seen: snapshotOf(chat.SubmissionPending), then: takenSnapshot(chat.StatusDelivered), steps: []string{"LookUp", "SubmitDelivery"}},
		"resolved as sent":   {seen: snapshotOf(chat.SubmissionConfirmedSent), steps: []string{"LookUp"}},
		"resolved as unsent": {seen: snapshotOf(chat.SubmissionAbandoned), steps: []string{"LookUp"}},
		"late evidence":      {seen: takenSnapshot(chat.StatusDelivered), steps: []string{"LookUp"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			withPrepare(w)
			withSubmit(w, chat.SubmissionNeedsReview)
			withActivity(w, workflows.QueryProvider, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) { return tt.seen, nil })
			withActivity(w, workflows.SubmitDelivery, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) { return tt.then, nil })
			w.signal(time.Minute, chat.DeliverySnapshot{})
			a := w.run(sendInput())
			require.NoError(t, a.err)
			assert.Equal(t, "needs_review", a.out.Value.Status, "the caller was told at once")
			require.NoError(t, w.GetWorkflowError())
			assert.Equal(t, append([]string{"PrepareSend", "Submit"}, tt.steps...), w.said)
		})
	}
}

func TestStopEndsADeliveryThatIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)
	withSubmit(w, chat.SubmissionPending)
	neverTaken(w)
	withReceipts(w, snapshotOf(chat.SubmissionSuppressed))
	w.signal(10*time.Second, snapshotOf(chat.SubmissionSuppressed))
	a := w.run(sendInput())
	assert.Equal(t, "delivery_failed", codeOf(t, a.err))
	require.NoError(t, w.GetWorkflowError())
	assert.Equal(t, "Look", w.said[len(w.said)-1])
}

func TestBlockedIsTriedForAsLongAsItIsParked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)
	withSubmit(w, chat.SubmissionBlocked)
	start := w.Now()
	withActivity(w, workflows.SubmitDelivery, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
		if w.Now().Sub(start) < 9*24*time.Hour {
			return chat.DeliverySnapshot{}, &chat.RetryLaterError{
				After:   36 * time.Hour,
				Code:    chat.ErrorSenderBlocked,
				Message: "the account is suspended",
			}
		}

		return snapshotOf(chat.SubmissionAccepted), nil
	})

	a := w.run(sendInput())
	require.NoError(t, a.err)
	assert.Equal(t, "blocked", a.out.Value.Status)
	require.NoError(t, w.GetWorkflowError())
	assert.NotContains(t, w.said, "GiveUp")
}
