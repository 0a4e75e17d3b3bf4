package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/activities"
	"handrail/chat"
)

// newClaim is a delivery that its holder may post.
func newClaim() chat.Claim {
	lease := time.Now().Add(45 * time.Second)

	return chat.Claim{Granted: true, Delivery: chat.Delivery{
		ID:         "d",
		Provider:   chat.ProviderTwilio,
		Submission: chat.SubmissionSending,
		Fence:      3,
		LeaseUntil: &lease,
		To:         "+14155550101",
		Payload:    chat.Payload{Text: "Hello"},
	}}
}

// newTestWorld is one delivery whose provider says said.
func newTestWorld(t *testing.T, said chat.Submission) (*activities.Activities, *store) {
	t.Helper()

	s := &store{
		claim: func() (chat.Claim, error) { return newClaim(), nil },
		record: func(_ context.Context, _ int64, said chat.Submission) (chat.Delivery, error) {
			return chat.Delivery{
				ID:         "d",
				Provider:   chat.ProviderTwilio,
				Submission: said.Outcome.After(),
				ErrorCode:  said.ErrorCode,
			}, nil
		},
	}

	twilio := carrier(func(_ context.Context, out chat.Outgoing) chat.Submission {
		assert.Equal(t, int64(3), out.Fence)
		assert.Equal(t, "Hello", out.Payload.Text)

		return said
	})

	return newActivities(
		t,
		activities.Config{Store: s, Providers: map[chat.Provider]activities.Provider{chat.ProviderTwilio: twilio}},
	), s
}

func TestSubmitReturnsWhateverCameOfIt(t *testing.T) {
	t.Parallel()

	for _, outcome := range []chat.SubmissionOutcome{
		chat.OutcomeAccepted, chat.OutcomeNotProcessed, chat.OutcomeRejected, chat.OutcomeBlocked,
		chat.OutcomeSuppressed, chat.OutcomeUnknown, chat.OutcomeAborted,
	} {
		t.Run(string(outcome), func(t *testing.T) {
			t.Parallel()
			acts, _ := newTestWorld(t, chat.Submission{Outcome: outcome, ProviderMessageID: "SM1"})
			receipt, err := acts.Submit(t.Context(), chat.DeliveryStep{DeliveryID: "d"})
			require.NoError(t, err)
			assert.Equal(t, outcome.After(), receipt.Submission)
		})
	}
}

// What has waited for a sender is woken by the answer that shows that its account works, and by no other.
func TestWhatWaitsForASenderIsWokenAtOnce(t *testing.T) {
	t.Parallel()

	for _, works := range []bool{true, false} {
		acts, s := newTestWorld(t, chat.Submission{Outcome: chat.OutcomeAccepted, ProviderMessageID: "SM1"})
		told := &notifier{}
		acts.Notifier = told
		s.waiters = []chat.StaleDelivery{{WorkflowID: "first"}, {WorkflowID: "second", ReleasedBy: "retry"}}
		s.record = func(context.Context, int64, chat.Submission) (chat.Delivery, error) {
			return chat.Delivery{ID: "d", Submission: chat.SubmissionAccepted, SenderWorks: works}, nil
		}

		_, err := acts.Submit(t.Context(), chat.DeliveryStep{DeliveryID: "d"})
		require.NoError(t, err)

		if works {
			assert.Equal(t, []string{"first", "second", "retry"}, told.told)
		} else {
			assert.Empty(t, told.told)
		}
	}
}

func TestSubmitPostsNothingWithoutTheClaim(t *testing.T) {
	t.Parallel()

	until := time.Now().Add(time.Minute)
	s := &store{claim: func() (chat.Claim, error) {
		return chat.Claim{Delivery: chat.Delivery{ID: "d", Submission: chat.SubmissionSending}, WaitUntil: &until}, nil
	}}

	acts := newActivities(t, activities.Config{Store: s}) // a provider or a record would panic
	receipt, err := acts.Submit(t.Context(), chat.DeliveryStep{DeliveryID: "d"})
	require.NoError(t, err)
	assert.Equal(t, &until, receipt.RetryAt)
}

func TestSubmitFinishesWhenItsWorkerStops(t *testing.T) {
	t.Parallel()
	acts, s := newTestWorld(t, chat.Submission{Outcome: chat.OutcomeAccepted})
	ctx, cancel := context.WithCancel(t.Context())
	acts.Providers[chat.ProviderTwilio] = carrier(func(posting context.Context, _ chat.Outgoing) chat.Submission {
		cancel()
		assert.NoError(t, posting.Err(), "a post is not cut")

		return chat.Submission{Outcome: chat.OutcomeAccepted}
	})

	recorded := false
	s.record = func(ctx context.Context, _ int64, said chat.Submission) (chat.Delivery, error) {
		recorded = true
		return chat.Delivery{Submission: said.Outcome.After()}, ctx.Err()
	}

	_, err := acts.Submit(ctx, chat.DeliveryStep{DeliveryID: "d"})
	require.NoError(t, err)
	assert.True(t, recorded)
}

func TestSubmitTriesToRecordUntilItIsRecorded(t *testing.T) {
	t.Parallel()
	acts, s := newTestWorld(t, chat.Submission{Outcome: chat.OutcomeAccepted})
	tries := 0
	s.record = func(context.Context, int64, chat.Submission) (chat.Delivery, error) {
		if tries++; tries < 3 {
			return chat.Delivery{}, errors.New("connection refused")
		}

		return chat.Delivery{Submission: chat.SubmissionAccepted}, nil
	}

	receipt, err := acts.Submit(t.Context(), chat.DeliveryStep{DeliveryID: "d"})
	require.NoError(t, err)
	assert.Equal(t, chat.SubmissionAccepted, receipt.Submission)
	assert.Equal(t, 3, tries)
}

// TestSubmitUnderTheIDOfAnotherMessage: an acceptance that contradicts another one must
// not leave a delivery behind that is being sent for ever.
func TestSubmitUnderTheIDOfAnotherMessage(t *testing.T) {
	t.Parallel()
	acts, s := newTestWorld(t, chat.Submission{Outcome: chat.OutcomeAccepted, ProviderMessageID: "SM1", HTTPStatus: 201})
	s.record = func(_ context.Context, fence int64, said chat.Submission) (chat.Delivery, error) {
		if said.Outcome == chat.OutcomeAccepted {
			return chat.Delivery{}, chat.Errorf(
				chat.CodeConflict,
				"the provider's id for this message belongs to another delivery",
			)
		}

		assert.Equal(t, int64(3), fence)
		assert.Equal(t, "SM1", said.ProviderMessageID, "the attempt keeps what the provider said")

		return chat.Delivery{Submission: said.Outcome.After(), ErrorCode: said.ErrorCode}, nil
	}

	receipt, err := acts.Submit(t.Context(), chat.DeliveryStep{DeliveryID: "d"})
	require.NoError(t, err)
	assert.Equal(t, chat.SubmissionUnknown, receipt.Submission)
	assert.Equal(t, chat.ErrorIDTaken, receipt.ErrorCode)
}

// TestSubmitLeasesByTheMonotonicClock: a clock that is set while a worker works must not
// make its claim look longer than it is.
func TestSubmitLeasesByTheMonotonicClock(t *testing.T) {
	t.Parallel()
	acts, _ := newTestWorld(t, chat.Submission{})
	acts.Providers[chat.ProviderTwilio] = carrier(func(_ context.Context, out chat.Outgoing) chat.Submission {
		assert.NotEqual(t, out.LeaseUntil.Round(0).String(), out.LeaseUntil.String(), "no monotonic reading")
		return chat.Submission{Outcome: chat.OutcomeAccepted}
	})

	_, err := acts.Submit(t.Context(), chat.DeliveryStep{DeliveryID: "d"})
	require.NoError(t, err)
}

func TestSubmitWithoutCredentialsIsBlockedNotLost(t *testing.T) {
	t.Parallel()
	acts, _ := newTestWorld(t, chat.Submission{})
	delete(acts.Providers, chat.ProviderTwilio)
	receipt, err := acts.Submit(t.Context(), chat.DeliveryStep{DeliveryID: "d"})
	require.NoError(t, err)
	assert.Equal(t, chat.SubmissionBlocked, receipt.Submission)
	assert.Equal(t, "carrier_not_configured", receipt.ErrorCode)
}

func TestSubmitDeliverySaysWhenToTryAgain(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		outcome chat.SubmissionOutcome
		retry   bool
	}{
		"not processed": {chat.OutcomeNotProcessed, true},
		"blocked":       {chat.OutcomeBlocked, true},
		"accepted":      {chat.OutcomeAccepted, false},
		"rejected":      {chat.OutcomeRejected, false},
		"unknown":       {chat.OutcomeUnknown, false},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acts, s := newTestWorld(t, chat.Submission{Outcome: tt.outcome, ErrorCode: "twilio_429"})
			at := time.Now().Add(40 * time.Second)
			s.record = func(_ context.Context, _ int64, said chat.Submission) (chat.Delivery, error) {
				return chat.Delivery{Submission: said.Outcome.After(), ErrorCode: said.ErrorCode, RetryAt: &at}, nil
			}

			_, err := acts.SubmitDelivery(t.Context(), chat.DeliveryStep{DeliveryID: "d"})
			if !tt.retry {
				require.NoError(t, err)
				return
			}

			later, ok := errors.AsType[*chat.RetryLaterError](err)
			require.True(t, ok)
			assert.Equal(t, "twilio_429", later.Code)
			assert.Greater(t, later.After, 30*time.Second)
		})
	}
}

// TestAPostThatCannotBeRecordedIsNoRefusal has the delivery vanish while the provider takes the
// message: the answer must not be one that says that nothing was sent, and nothing begins anew.
func TestAPostThatCannotBeRecordedIsNoRefusal(t *testing.T) {
	t.Parallel()

	acts, s := newTestWorld(t, chat.Submission{Outcome: chat.OutcomeAccepted, ProviderMessageID: "SM1"})
	s.record = func(context.Context, int64, chat.Submission) (chat.Delivery, error) {
		return chat.Delivery{}, chat.Errorf(chat.CodeDeliveryNotFound, "there is no such delivery")
	}

	_, err := acts.Submit(t.Context(), chat.DeliveryStep{DeliveryID: "d"})
	require.Error(t, err)

	lost := chat.AsError(err)
	assert.Equal(t, chat.CodeRecordLost, lost.Code)
	assert.Equal(t, chat.KindFailed, lost.Code.Kind(), "an HTTP status of the 5xx")
	assert.True(t, lost.Final(), "it is not tried again")
	assert.Equal(t, "d", lost.DeliveryID)
	assert.Contains(t, lost.Message, "may have been sent")
}

// TestAnAcceptanceWithoutAnIDIsUnknown is SendGrid's 202 without an X-Message-Id.
func TestAnAcceptanceWithoutAnIDIsUnknown(t *testing.T) {
	t.Parallel()

	acts, _ := newTestWorld(t, chat.Submission{Outcome: chat.OutcomeAccepted})
	receipt, err := acts.Submit(t.Context(), chat.DeliveryStep{DeliveryID: "d"})
	require.NoError(t, err)
	assert.Equal(t, chat.SubmissionUnknown, receipt.Submission)
	assert.Equal(t, chat.ErrorNoMessageID, receipt.ErrorCode)
}
