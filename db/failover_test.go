package db_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// forgetTimeline makes a store look like a database that has failed over: the known timeline is
// none that the server writes.
func forgetTimeline(t *testing.T, s *db.Store) {
	t.Helper()
	_, err := s.Bun().ExecContext(t.Context(), "UPDATE database_timeline SET timeline = '000000FF'")
	require.NoError(t, err)
}

func TestTheTimelineIsKnownAfterTheMigration(t *testing.T) {
	t.Parallel()
	s := dbtest.NewPostgres(t)
	found, err := s.Timeline(t.Context())
	require.NoError(t, err)
	assert.Equal(t, db.Failover{Known: "00000001", Current: "00000001"}, found)

	found, err = s.HoldAfterFailover(t.Context())
	require.NoError(t, err)
	assert.False(t, found.Detected())
}

func TestSQLiteHasNoTimelines(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	w := dbtest.Seed(t, s)
	sent := w.Prepare(t, s, w.SMS.ID, "hi")
	found, err := s.HoldAfterFailover(t.Context())
	require.NoError(t, err)
	assert.Equal(t, db.Failover{}, found)
	w.Claim(t, s, sent.DeliveryID, time.Now())
}

// The hold comes before any claim, whoever asks, and whatever else would refuse it.
func TestNoClaimIsGrantedAfterAFailover(t *testing.T) {
	t.Parallel()
	url := dbtest.NewPostgresURL(t)

	var told []db.Failover
	s, err := db.Open(t.Context(), url, db.WithFailoverReport(func(_ context.Context, f db.Failover) {
		told = append(told, f)
	}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	_, err = db.NewMigrator(s).Up(t.Context())
	require.NoError(t, err)

	w := dbtest.Seed(t, s)
	first := w.Prepare(t, s, w.SMS.ID, "one")
	second := w.Prepare(t, s, w.Email.ID, "two")
	forgetTimeline(t, s)

	claim, err := s.Claim(t.Context(), w.Workspace, first.DeliveryID, time.Now(), time.Minute)
	require.NoError(t, err)
	assert.False(t, claim.Granted)

	for _, sent := range []chat.AssistantMessageSent{first, second} {
		d, action, _, _ := readStanding(t, s, w, &sent)
		assert.Equal(t, chat.SubmissionNeedsReview, d.Submission)
		assert.Equal(t, chat.ErrorDatabaseFailedOver, d.ErrorCode)
		assert.Contains(t, d.ErrorMessage, "failed over")
		assert.Equal(t, chat.ActionParked, action.State)
	}

	require.Len(t, told, 1)
	assert.Equal(t, []string{"000000FF", "00000001"}, []string{told[0].Known, told[0].Current})
	assert.Len(t, told[0].Held, 2)

	held, err := s.HeldDeliveries(t.Context(), chat.ErrorDatabaseFailedOver)
	require.NoError(t, err)
	assert.Len(t, held, 2)
}

func TestAFailoverIsHeldOnce(t *testing.T) {
	t.Parallel()
	s := dbtest.NewPostgres(t)
	w := dbtest.Seed(t, s)
	w.Prepare(t, s, w.SMS.ID, "one")
	forgetTimeline(t, s)

	var all sync.WaitGroup

	found := make([]db.Failover, 8)
	errs := make([]error, 8)

	for i := range found {
		all.Go(func() { found[i], errs[i] = s.HoldAfterFailover(t.Context()) })
	}

	all.Wait()

	detected := 0

	for i := range found {
		require.NoError(t, errs[i])

		if found[i].Detected() {
			detected++

			assert.Len(t, found[i].Held, 1)
		}
	}

	assert.Equal(t, 1, detected)
}

// What is asked for after a failover is sent; the hold that its claim brings about is not its own.
func TestANewSendIsTheFirstToNoticeAFailover(t *testing.T) {
	t.Parallel()
	s := dbtest.NewPostgres(t)
	w := dbtest.Seed(t, s)
	before := w.Prepare(t, s, w.Email.ID, "before")
	forgetTimeline(t, s)

	in := w.Send(w.SMS.ID, "after")
	in.AcceptedAt = time.Now().Add(time.Minute)
	_, claim := prepareAndClaim(t, s, in, time.Now())
	assert.True(t, claim.Granted)

	d, _, _, _ := readStanding(t, s, w, &before)
	assert.Equal(t, chat.SubmissionNeedsReview, d.Submission)
}

// TestAPreviewAfterAFailoverSaysWhatIsHeld, if it is the first to notice.
func TestAPreviewAfterAFailoverSaysWhatIsHeld(t *testing.T) {
	t.Parallel()
	s := dbtest.NewPostgres(t)
	w := dbtest.Seed(t, s)
	before := w.Prepare(t, s, w.Email.ID, "before")
	forgetTimeline(t, s)

	facts, err := s.LoadSendFacts(t.Context(), w.Send(w.SMS.ID, "after"))
	require.NoError(t, err)
	assert.NotNil(t, facts.Hold)

	d, _, _, _ := readStanding(t, s, w, &before)
	assert.Equal(t, chat.SubmissionNeedsReview, d.Submission)
}

// A workflow that began before the hold may have posted already, though its rows are gone.
func TestASendFromBeforeAHoldWaitsForAPerson(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, now := dbtest.Seed(t, s), time.Now()
		_, err := s.HoldUnsent(t.Context(), chat.ErrorDatabaseRestored)
		require.NoError(t, err)

		for name, acceptedAt := range map[string]time.Time{
			"unknown": {},
			"before":  now.Add(-time.Second),
		} {
			in := w.Send(w.SMS.ID, name)
			in.AcceptedAt = acceptedAt

			sent, claim := prepareAndClaim(t, s, in, now)
			assert.False(t, claim.Granted, name)
			assert.Equal(t, chat.SubmissionNeedsReview, sent.Submission, name)

			claim, err := s.Claim(t.Context(), w.Workspace, sent.DeliveryID, now.Add(time.Hour), time.Minute)
			require.NoError(t, err)
			assert.False(t, claim.Granted, name)

			d, action, _, _ := readStanding(t, s, w, &sent)
			assert.Equal(t, chat.SubmissionNeedsReview, d.Submission, name)
			assert.Equal(t, chat.ErrorDatabaseRestored, d.ErrorCode, name)
			assert.Equal(t, chat.ActionParked, action.State, name)
		}

		in := w.Send(w.SMS.ID, "after")
		in.AcceptedAt = time.Now()
		_, claim := prepareAndClaim(t, s, in, now)
		assert.True(t, claim.Granted, "what was asked for later cannot have been sent before")
	})
}

func TestARetryFromBeforeAHoldWaitsForAPerson(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, now := dbtest.Seed(t, s), time.Now()
		changes := map[string]chat.Change{
			"released": {},
			"changed":  {To: "+14155550177"},
		}

		held := map[string]chat.AssistantMessageSent{}
		for name := range changes {
			held[name] = w.Prepare(t, s, w.SMS.ID, name)
		}

		_, err := s.HoldUnsent(t.Context(), chat.ErrorDatabaseRestored)
		require.NoError(t, err)

		for name, change := range changes {
			in := w.Retry(held[name].DeliveryID, change)
			in.AcceptedAt = now.Add(-time.Second)
			retried, err := s.PrepareRetry(t.Context(), in, dbtest.SendIDs().DeliveryID, dbtest.PlanRetry)
			require.NoError(t, err, name)
			assert.Equal(t, chat.SubmissionNeedsReview, retried.Submission, name)

			claim, err := s.Claim(t.Context(), w.Workspace, retried.DeliveryID, now.Add(time.Hour), time.Minute)
			require.NoError(t, err, name)
			assert.False(t, claim.Granted, name)
		}
	})
}

func TestARetryAfterAHoldIsSent(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, now := dbtest.Seed(t, s), time.Now()
		held := w.Prepare(t, s, w.SMS.ID, "held")
		_, err := s.HoldUnsent(t.Context(), chat.ErrorDatabaseRestored)
		require.NoError(t, err)

		in := w.Retry(held.DeliveryID, chat.Change{})
		in.AcceptedAt = now.Add(time.Minute)
		retried, err := s.PrepareRetry(t.Context(), in, dbtest.SendIDs().DeliveryID, dbtest.PlanRetry)
		require.NoError(t, err)
		w.Claim(t, s, retried.DeliveryID, now)
	})
}

// TestNothingIsCalledUnsentAfterAFailover has a sweep and a person come before anything else has
// noticed the failover: what the standby has as pending may have been sent.
func TestNothingIsCalledUnsentAfterAFailover(t *testing.T) {
	t.Parallel()

	for name, end := range map[string]func(s *db.Store, w *dbtest.World, id chat.DeliveryID) error{
		"a sweep": func(s *db.Store, w *dbtest.World, id chat.DeliveryID) error {
			_, err := s.OrphanDelivery(context.Background(), w.Workspace, id, time.Now())
			return err
		},
		"a workflow": func(s *db.Store, w *dbtest.World, id chat.DeliveryID) error {
			_, err := s.CancelDelivery(context.Background(), w.Workspace, id, chat.SendCanceled())
			return err
		},
		"a person": func(s *db.Store, w *dbtest.World, id chat.DeliveryID) error {
			_, _, err := s.Decide(context.Background(), w.Workspace, id, chat.Decision{Verdict: chat.VerdictCancel, By: w.By})
			if chat.CodeOf(err) == chat.CodeConflict {
				return nil // it says that it may have been sent
			}

			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := dbtest.NewPostgres(t)
			w := dbtest.Seed(t, s)
			sent := w.Prepare(t, s, w.SMS.ID, "hi")
			forgetTimeline(t, s)

			require.NoError(t, end(s, w, sent.DeliveryID))

			d, err := s.FindDelivery(t.Context(), w.Workspace, sent.DeliveryID)
			require.NoError(t, err)
			assert.Equal(t, chat.SubmissionNeedsReview, d.Submission)
			assert.Equal(t, chat.ErrorDatabaseFailedOver, d.ErrorCode)
		})
	}
}
