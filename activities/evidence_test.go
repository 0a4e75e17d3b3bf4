package activities_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/activities"
	"handrail/chat"
)

// evidence is a Store of one delivery that notes what is recorded about it.
type evidence struct {
	activities.Store
	delivery chat.Delivery
	// bound are messages at the provider that belong to other deliveries.
	bound    []string
	recorded []chat.Report
	settled  int
}

func (e *evidence) FindDelivery(context.Context, chat.WorkspaceID, chat.DeliveryID) (chat.Delivery, error) {
	return e.delivery, nil
}

func (e *evidence) Delivery(context.Context, chat.WorkspaceID, chat.DeliveryID) (chat.Delivery, error) {
	return e.delivery, nil
}

func (e *evidence) BoundMessageIDs(_ context.Context, _ chat.Provider, ids []string) ([]string, error) {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !slices.Contains(e.bound, id) }), nil
}

func (e *evidence) RecordReport(_ context.Context, r chat.Report, _ time.Time) (chat.Reported, error) {
	e.recorded = append(e.recorded, r)

	return chat.Reported{
		Known:    true,
		Snapshot: chat.DeliverySnapshot{Submission: chat.SubmissionAccepted, DeliveryStatus: r.DeliveryStatus},
	}, nil
}

func (e *evidence) SettleUnknown(context.Context, chat.WorkspaceID, chat.DeliveryID, time.Time) (chat.Delivery, error) {
	e.settled++
	return e.delivery, nil
}

// shelf is a provider that shows these messages, and is asked with these questions.
type shelf struct {
	carrier
	shows []chat.Report
	err   error
	asked []chat.ProviderQuery
}

func (s *shelf) Find(_ context.Context, q chat.ProviderQuery) ([]chat.Report, error) {
	s.asked = append(s.asked, q)
	return s.shows, s.err
}

func (s *shelf) Fetch(_ context.Context, id string) (chat.Report, error) {
	for _, r := range s.shows {
		if r.ProviderMessageID == id {
			return r, s.err
		}
	}

	return chat.Report{}, errors.Join(chat.Errorf(chat.CodeNotFound, "Twilio does not know it"), s.err)
}

func newSearch(t *testing.T, d chat.Delivery, s *shelf) (*activities.Activities, *evidence) {
	t.Helper()

	d.ID = "d"
	d.Provider = chat.ProviderTwilio
	d.Channel = chat.ChannelSMS
	e := &evidence{delivery: d}

	return newActivities(t, activities.Config{
		Store: e, Providers: map[chat.Provider]activities.Provider{chat.ProviderTwilio: s},
		Waits: map[chat.Channel]chat.Waits{chat.ChannelSMS: {Settle: time.Minute, Receipt: time.Hour}},
	}), e
}

func unknownDelivery(attempts ...chat.Attempt) chat.Delivery {
	return chat.Delivery{Submission: chat.SubmissionUnknown, Attempts: attempts}
}

func TestLookUpRecordsTheMessageItFinds(t *testing.T) {
	t.Parallel()

	began := time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC)
	s := &shelf{shows: []chat.Report{{ProviderMessageID: "SM1", Accepts: true, DeliveryStatus: chat.StatusDelivered}}}
	acts, e := newSearch(t, unknownDelivery(
		chat.Attempt{Fence: 1, StartedAt: began.Add(-time.Hour), Outcome: chat.OutcomeNotProcessed},
		chat.Attempt{Fence: 2, StartedAt: began, Outcome: chat.OutcomeUnknown},
	), s)

	receipt, err := acts.QueryProvider(t.Context(), chat.DeliveryStep{DeliveryID: "d"})
	require.NoError(t, err)
	assert.Equal(t, chat.StatusDelivered, receipt.DeliveryStatus)
	assert.Equal(t, time.Hour, receipt.Waits.Receipt)
	require.Len(t, e.recorded, 1)
	assert.Equal(t, chat.DeliveryID("d"), e.recorded[0].DeliveryID)
	assert.Equal(t, int64(2), e.recorded[0].Fence, "the attempt that nobody knows of")
	require.Len(t, s.asked, 1)
	assert.Equal(t, began.Add(-2*time.Minute), s.asked[0].Since)
	assert.Equal(t, began.Add(2*time.Minute+45*time.Second), s.asked[0].Until)
}

func TestLookUpLeavesTheMessagesOfOthers(t *testing.T) {
	t.Parallel()

	s := &shelf{shows: []chat.Report{{ProviderMessageID: "SM1"}, {ProviderMessageID: "SM2"}}}
	acts, e := newSearch(t, unknownDelivery(chat.Attempt{Fence: 1, Outcome: chat.OutcomeUnknown}), s)
	e.bound = []string{"SM1"}
	_, err := acts.QueryProvider(t.Context(), chat.DeliveryStep{})
	require.NoError(t, err)
	require.Len(t, e.recorded, 1)
	assert.Equal(t, "SM2", e.recorded[0].ProviderMessageID)
	e.bound, e.recorded = []string{"SM1", "SM2"}, nil
	_, err = acts.QueryProvider(t.Context(), chat.DeliveryStep{})
	require.NoError(t, err)
	assert.Empty(t, e.recorded)
}

func TestLookUpAsksOnlyWhatTheStoreDoesNotKnow(t *testing.T) {
	t.Parallel()

	accepted := func(c chat.DeliveryStatus) chat.Delivery {
		return chat.Delivery{Submission: chat.SubmissionAccepted, DeliveryStatus: c, ProviderMessageID: "SM1"}
	}

	for name, tt := range map[string]struct {
		delivery chat.Delivery
		recorded int
	}{
		"delivered":     {accepted(chat.StatusDelivered), 0},
		"no receipt":    {accepted(chat.StatusSent), 1},
		"pending":       {chat.Delivery{Submission: chat.SubmissionPending}, 0},
		"rejected":      {chat.Delivery{Submission: chat.SubmissionRejected}, 0},
		"for a person":  {chat.Delivery{Submission: chat.SubmissionNeedsReview}, 1},
		"without an id": {chat.Delivery{Submission: chat.SubmissionAccepted}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			acts, e := newSearch(
				t,
				tt.delivery,
				&shelf{shows: []chat.Report{{ProviderMessageID: "SM1", DeliveryStatus: chat.StatusDelivered}}},
			)

			_, err := acts.QueryProvider(t.Context(), chat.DeliveryStep{})
			require.NoError(t, err)
			assert.Len(t, e.recorded, tt.recorded)
		})
	}
}

func TestLookUpOfAMessageTheCarrierNoLongerKnows(t *testing.T) {
	t.Parallel()
	acts, e := newSearch(t, chat.Delivery{Submission: chat.SubmissionAccepted, ProviderMessageID: "SM9"}, &shelf{})
	_, err := acts.QueryProvider(t.Context(), chat.DeliveryStep{})
	require.NoError(t, err)
	assert.Empty(t, e.recorded)
}

func TestLookUpOfAMessageTheCarrierKnowsByAnotherID(t *testing.T) {
	t.Parallel()

	s := &shelf{shows: []chat.Report{{ProviderMessageID: "abc.filter-1", DeliveryStatus: chat.StatusDelivered}}}
	acts, e := newSearch(t, chat.Delivery{Submission: chat.SubmissionAccepted, ProviderMessageID: "abc"}, s)
	_, err := acts.QueryProvider(t.Context(), chat.DeliveryStep{})
	require.NoError(t, err)
	require.Len(t, e.recorded, 1, "it is searched for by what it holds")
}

func TestLookUpFailsWithTheCarrier(t *testing.T) {
	t.Parallel()
	acts, e := newSearch(t, unknownDelivery(), &shelf{err: errors.New("no connection")})
	_, err := acts.QueryProvider(t.Context(), chat.DeliveryStep{})
	require.Error(t, err)
	assert.Empty(t, e.recorded)
}

func TestLookUpLetsTheStoreJudgeAClaim(t *testing.T) {
	t.Parallel()
	acts, e := newSearch(t, chat.Delivery{Submission: chat.SubmissionSending}, &shelf{})
	_, err := acts.QueryProvider(t.Context(), chat.DeliveryStep{})
	require.NoError(t, err)
	assert.Equal(t, 1, e.settled)
}

func TestSilenceSendsAgainOnlyWhenTheCarrierWasAsked(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		policy  chat.UnknownPolicy
		sought  bool
		settled int
	}{
		"asked, sends again":         {chat.ResendAfterSettle, true, 1},
		"not asked, sends again":     {chat.ResendAfterSettle, false, 0},
		"not asked, a person judges": {chat.AtMostOnce, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			d := unknownDelivery()
			d.Policy = tt.policy
			acts, e := newSearch(t, d, &shelf{})
			_, err := acts.SettleUnknown(t.Context(), chat.Settlement{Sought: tt.sought})
			require.NoError(t, err)
			assert.Equal(t, tt.settled, e.settled)
		})
	}
}
