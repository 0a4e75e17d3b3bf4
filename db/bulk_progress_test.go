package db_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// bulkTrial is a bulk retry that a test carries out step by step.
type bulkTrial struct {
	*testing.T
	s   *db.Store
	w   *dbtest.World
	run chat.BulkRetry
}

func beginTrial(t *testing.T, s *db.Store, w *dbtest.World, f chat.DeliveryFilter) *bulkTrial {
	t.Helper()

	run, err := s.BeginBulkRetry(t.Context(), w.NewBulkRetry(f), "bulk")
	require.NoError(t, err)

	return &bulkTrial{T: t, s: s, w: w, run: run}
}

// retry begins the retry of a delivery, as the run's nth.
func (b *bulkTrial) retry(n int, id chat.DeliveryID) chat.Delivery {
	b.Helper()

	in := b.w.Retry(id, chat.Change{})
	in.BulkRetryID = b.run.ID
	in.BulkNumber = n

	retried, err := prepareRetry(b.T, b.s, in)
	require.NoError(b, err)

	return b.w.Claim(b.T, b.s, retried.DeliveryID, time.Now())
}

// end gives an attempt its outcome.
func (b *bulkTrial) end(d *chat.Delivery, outcome chat.SubmissionOutcome, code string) {
	b.Helper()
	recordSubmission(b.T, b.s, b.w, d, chat.Submission{Outcome: outcome, ErrorCode: code}, time.Now())
}

func (b *bulkTrial) skip(n int, id chat.DeliveryID) {
	b.Helper()

	require.NoError(b, b.s.SkipBulkRetry(b.Context(), chat.BulkSkip{
		WorkspaceID: b.w.Workspace,
		ID:          b.run.ID,
		DeliveryID:  id,
		Number:      n,
		Why:         "it has been tried again already",
	}))
}

func (b *bulkTrial) progress(from int) chat.BulkProgress {
	b.Helper()

	p, err := b.s.BulkProgress(b.Context(), chat.BulkStep{WorkspaceID: b.w.Workspace, ID: b.run.ID, From: from})
	require.NoError(b, err)

	return p
}

func TestOnlyAttemptsOfABulkRetryCount(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		rejected := refusedOnes(t, s, w, "+1", "+2", "+3", "+4", "+5", "+6")
		b := beginTrial(t, s, w, chat.DeliveryFilter{Status: "rejected"})
		assert.Equal(t, 1, b.run.Round)
		assert.Equal(t, chat.FailureLimit(chat.DefaultBulkFailures), b.run.Failures)

		first := b.retry(1, rejected[0])
		b.end(&first, chat.OutcomeRejected, "twilio_30007")
		b.skip(2, rejected[1])
		open := b.retry(3, rejected[2])
		taken := b.retry(4, rejected[3])
		b.end(&taken, chat.OutcomeAccepted, "")
		refused := b.retry(5, rejected[4])
		b.end(&refused, chat.OutcomeRejected, "twilio_21614")

		p := b.progress(1)
		assert.Equal(t, []int{3, 2, 1}, []int{p.First.Attempted, p.First.Failed, p.Unattempted})
		assert.Equal(t, p.First, p.Last)

		// A canary that begins later does not see what was before.
		p = b.progress(4)
		assert.Equal(
			t,
			chat.BulkTally{Attempted: 2, Failed: 1, Code: "twilio_21614", CodeCount: 1},
			p.First,
		)
		assert.Zero(t, p.Unattempted)

		b.end(&open, chat.OutcomeAccepted, "")
		assert.Equal(t, 4, b.progress(1).First.Attempted)
		assert.Equal(t, b.progress(1).First, b.progress(4).Run.Tally, "all that was ever attempted, by the same rule")

		left, err := s.RetryCandidates(t.Context(), chat.BulkStep{
			WorkspaceID: w.Workspace,
			ID:          b.run.ID,
			Filter:      chat.DeliveryFilter{Status: "rejected", Until: &b.run.CreatedAt},
			Limit:       10,
		})
		require.NoError(t, err)
		assert.Equal(t, rejected[5:], left, "what was skipped or begun has had its turn")
	})
}

func TestResumingABulkRetryBeginsARound(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		b := beginTrial(t, s, w, chat.DeliveryFilter{Status: "rejected"})

		for _, move := range []struct {
			to    chat.BulkState
			round int
		}{
			{chat.BulkPaused, 1},
			{chat.BulkRunning, 2},
			{chat.BulkRunning, 2},
			{chat.BulkPaused, 2},
			{chat.BulkRunning, 3},
		} {
			moved, err := s.SetBulkState(t.Context(), chat.BulkMove{
				WorkspaceID: w.Workspace,
				ID:          b.run.ID,
				By:          w.By,
				To:          move.to,
				Note:        "a look",
			})
			require.NoError(t, err)
			assert.Equal(t, move.round, moved.Round)
		}

		assert.Equal(t, 3, b.progress(1).Run.Round)
	})
}

func TestBulkRetriesThatOverlap(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		rejected := refusedOnes(t, s, w, "+1", "+2", "+3")
		b := beginTrial(t, s, w, chat.DeliveryFilter{ErrorCode: "twilio_30007"})
		refusedOnes(t, s, w, "+4") // made after the run, which leaves it alone

		overlaps := func(f chat.DeliveryFilter) []chat.BulkOverlap {
			found, err := s.BulkOverlaps(t.Context(), w.Workspace, f)
			require.NoError(t, err)

			return found
		}

		all := chat.DeliveryFilter{Status: "rejected"}
		assert.Equal(t, []chat.BulkOverlap{{ID: b.run.ID, State: chat.BulkRunning, Count: 3}}, overlaps(all))
		assert.Empty(t, overlaps(chat.DeliveryFilter{Channel: chat.ChannelEmail}))

		_, err := s.BeginBulkRetry(t.Context(), w.NewBulkRetry(all), "bulk:2")
		requireCode(t, chat.CodeBulkOverlap, err)
		require.ErrorContains(t, err, string(b.run.ID))

		b.retry(1, rejected[0])
		b.skip(2, rejected[1])
		assert.Equal(t, 1, overlaps(all)[0].Count, "what it has begun or skipped is not for it any more")

		allowed := w.NewBulkRetry(all)
		allowed.AllowOverlap = true
		_, err = s.BeginBulkRetry(t.Context(), allowed, "bulk:3")
		require.NoError(t, err)
		assert.Len(t, overlaps(all), 2)

		for _, id := range []chat.ActionID{b.run.ID, allowed.ID} {
			_, err := s.SetBulkState(t.Context(), chat.BulkMove{
				WorkspaceID: w.Workspace,
				ID:          id,
				By:          w.By,
				To:          chat.BulkCanceled,
				Note:        "enough",
			})
			require.NoError(t, err)
		}

		assert.Empty(t, overlaps(all), "what is over overlaps with nothing")
	})
}

func TestWhatABulkRetryHasBegunAndSkippedIsListed(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		rejected := refusedOnes(t, s, w, "+1", "+2", "+3")
		b := beginTrial(t, s, w, chat.DeliveryFilter{Status: "rejected"})
		begun := b.retry(1, rejected[0])
		b.skip(2, rejected[1])
		b.skip(3, rejected[2])

		list, err := s.Deliveries(t.Context(), w.Workspace, chat.DeliveryFilter{
			BulkRetryID: b.run.ID,
			Page:        pageOfTen(),
		})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
		assert.Equal(t, begun.ID, list.Items[0].ID)

		const why = "it has been tried again already"
		assert.Equal(t, []chat.BulkSkipped{
			{DeliveryID: rejected[1], Reason: why},
			{DeliveryID: rejected[2], Reason: why},
		}, readPages(t, 1, func(p chat.Page) (chat.List[chat.BulkSkipped], error) {
			return s.BulkSkips(t.Context(), w.Workspace, chat.BulkSkipFilter{BulkRetryID: b.run.ID, Page: p})
		}))

		for reason, found := range map[string]int{why: 2, "another": 0} {
			skipped, err := s.BulkSkips(t.Context(), w.Workspace, chat.BulkSkipFilter{
				BulkRetryID: b.run.ID,
				Reason:      reason,
				Page:        pageOfTen(),
			})
			require.NoError(t, err)
			assert.Len(t, skipped.Items, found, reason)
		}

		assert.Equal(t, map[string]int{why: 2}, b.progress(1).Run.SkippedBy)
	})
}
