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

// evidence is a Store of one delivery that notes what is recorded about it.
type evidence struct {
	activities.Store
	delivery chat.Delivery
	// owners are the deliveries that messages at the provider belong to.
	owners   map[string]chat.DeliveryID
	rivals   []chat.Delivery
	recorded []chat.Report
	// ambiguous are the messages of which nobody can tell whose they are.
	ambiguous []chat.Report
	settled   int
}

func (e *evidence) FindDelivery(context.Context, chat.WorkspaceID, chat.DeliveryID) (chat.Delivery, error) {
	return e.delivery, nil
}

func (e *evidence) Delivery(context.Context, chat.WorkspaceID, chat.DeliveryID) (chat.Delivery, error) {
	return e.delivery, nil
}

func (e *evidence) MessageOwners(
	context.Context,
	chat.Provider,
	[]string,
) (map[string]chat.DeliveryID, error) {
	return e.owners, nil
}

func (e *evidence) EvidenceRivals(context.Context, chat.WorkspaceID, chat.DeliveryID) ([]chat.Delivery, error) {
	return e.rivals, nil
}

func (e *evidence) RecordAmbiguity(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.DeliveryID,
	candidates []chat.Report,
	_ time.Time,
) (chat.Delivery, error) {
	e.ambiguous = candidates
	e.delivery.MarkAmbiguous(candidates)

	return e.delivery, nil
}

func (e *evidence) RecordReport(_ context.Context, r chat.Report, _ time.Time) (chat.Reported, error) {
	e.recorded = append(e.recorded, r)
	e.delivery.Submission = chat.SubmissionAccepted
	e.delivery.DeliveryStatus = r.DeliveryStatus

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

// unfetchable is a provider that cannot be asked by the id that it gave.
type unfetchable struct{ shelf }

func (*unfetchable) Fetch(context.Context, string) (chat.Report, error) {
	return chat.Report{}, chat.Errorf(chat.CodeNotFound, "SendGrid does not know it")
}

func newSearch(t *testing.T, d chat.Delivery, s activities.Provider) (*activities.Activities, *evidence) {
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
	s := &shelf{shows: []chat.Report{{
		ProviderMessageID: "SM1",
		Accepts:           true,
		DeliveryStatus:    chat.StatusDelivered,
		MadeAt:            began.Add(time.Second),
	}}}
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

// TestLookUpLeavesTheMessagesOfOthers has two deliveries of the same text: what the other one
// owns, or may own, is no evidence.
func TestLookUpLeavesTheMessagesOfOthers(t *testing.T) {
	t.Parallel()

	began := time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC)
	unknown := chat.Attempt{Fence: 1, StartedAt: began, Outcome: chat.OutcomeUnknown}
	shown := []chat.Report{{ProviderMessageID: "SM1", MadeAt: began}, {ProviderMessageID: "SM2", MadeAt: began}}
	rival := chat.Delivery{ID: "other", Attempts: []chat.Attempt{unknown}}

	for name, tt := range map[string]struct {
		owners    map[string]chat.DeliveryID
		rivals    []chat.Delivery
		recorded  []string
		ambiguous []string
	}{
		"one is another's":       {map[string]chat.DeliveryID{"SM1": "other"}, nil, []string{"SM2"}, nil},
		"both are another's":     {map[string]chat.DeliveryID{"SM1": "other", "SM2": "third"}, nil, nil, nil},
		"one may be another's":   {map[string]chat.DeliveryID{"SM1": "third"}, []chat.Delivery{rival}, nil, []string{"SM2"}},
		"two for a single post":  {nil, nil, nil, []string{"SM1", "SM2"}},
		"both may be another's":  {nil, []chat.Delivery{rival}, nil, []string{"SM1", "SM2"}},
		"it has its one already": {map[string]chat.DeliveryID{"SM1": "d"}, nil, []string{"SM1"}, []string{"SM2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			acts, e := newSearch(t, unknownDelivery(unknown), &shelf{shows: shown})
			e.owners = tt.owners
			e.rivals = tt.rivals

			receipt, err := acts.QueryProvider(t.Context(), chat.DeliveryStep{})
			require.NoError(t, err)
			assert.Equal(t, tt.recorded, messageIDs(e.recorded))
			assert.Equal(t, tt.ambiguous, messageIDs(e.ambiguous))

			if len(tt.ambiguous) > 0 && len(tt.recorded) == 0 {
				assert.Equal(t, chat.SubmissionNeedsReview, receipt.Submission, "a person must look")
				assert.Contains(t, receipt.ErrorMessage, tt.ambiguous[0], "and is told at what")
			}
		})
	}
}

func messageIDs(reports []chat.Report) []string {
	var ids []string
	for _, r := range reports {
		ids = append(ids, r.ProviderMessageID)
	}

	return ids
}

// TestLookUpFindsACopyOfAnAcceptedDelivery has an attempt that was cut off before the one that was
// taken: its message is a second copy.
func TestLookUpFindsACopyOfAnAcceptedDelivery(t *testing.T) {
	t.Parallel()

	began := time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC)
	d := chat.Delivery{
		Submission:        chat.SubmissionAccepted,
		DeliveryStatus:    chat.StatusDelivered,
		ProviderMessageID: "SM2",
		Attempts: []chat.Attempt{
			{Fence: 1, StartedAt: began, Outcome: chat.OutcomeUnknown},
			{Fence: 2, StartedAt: began.Add(time.Hour), Outcome: chat.OutcomeAccepted, ProviderMessageID: "SM2"},
		},
	}

	acts, e := newSearch(t, d, &shelf{shows: []chat.Report{
		{ProviderMessageID: "SM1", MadeAt: began},
		{ProviderMessageID: "SM2", MadeAt: began.Add(time.Hour)},
	}})

	_, err := acts.QueryProvider(t.Context(), chat.DeliveryStep{})
	require.NoError(t, err)
	require.Equal(t, []string{"SM2", "SM1"}, messageIDs(e.recorded))
	assert.Equal(t, int64(1), e.recorded[1].Fence)
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
		"delivered":  {accepted(chat.StatusDelivered), 0},
		"no receipt": {accepted(chat.StatusSent), 1},
		"pending":    {chat.Delivery{Submission: chat.SubmissionPending}, 0},
		"rejected":   {chat.Delivery{Submission: chat.SubmissionRejected}, 0},
		"for a person": {chat.Delivery{
			Submission: chat.SubmissionNeedsReview,
			Attempts:   []chat.Attempt{{Fence: 1, Outcome: chat.OutcomeUnknown}},
		}, 1},
		"forgotten by a backup": {chat.Delivery{
			Submission: chat.SubmissionNeedsReview,
			ErrorCode:  chat.ErrorDatabaseRestored,
		}, 1},
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
	receipt, err := acts.QueryProvider(t.Context(), chat.DeliveryStep{})
	require.NoError(t, err)
	assert.Empty(t, e.recorded)
	assert.True(t, receipt.NotShown, "which is told as what it is")
}

func TestLookUpOfAMessageTheCarrierKnowsByAnotherID(t *testing.T) {
	t.Parallel()

	// The logs have longer ids, which cannot be fetched by their beginning.
	s := &unfetchable{shelf{shows: []chat.Report{{ProviderMessageID: "abc", DeliveryStatus: chat.StatusDelivered}}}}
	acts, e := newSearch(t, chat.Delivery{Submission: chat.SubmissionAccepted, ProviderMessageID: "abc"}, s)
	receipt, err := acts.QueryProvider(t.Context(), chat.DeliveryStep{})
	require.NoError(t, err)
	require.Len(t, e.recorded, 1, "it is searched for by what it holds")
	assert.False(t, receipt.NotShown)
}

func TestLookUpFailsWithTheCarrier(t *testing.T) {
	t.Parallel()
	acts, e := newSearch(
		t,
		unknownDelivery(chat.Attempt{Fence: 1, Outcome: chat.OutcomeUnknown}),
		&shelf{err: errors.New("no connection")},
	)
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
