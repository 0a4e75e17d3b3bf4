package db_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// refusedOnes are deliveries that the provider refused.
func refusedOnes(t *testing.T, s *db.Store, w *dbtest.World, addresses ...string) []chat.DeliveryID {
	t.Helper()
	var ids []chat.DeliveryID

	for _, to := range addresses {
		sent := sendTo(t, s, w, to)
		d := w.Claim(t, s, sent.DeliveryID, time.Now())
		recordSubmission(t, s, w, &d, chat.Submission{Outcome: chat.OutcomeRejected, ErrorCode: "twilio_30007"}, time.Now())
		ids = append(ids, d.ID)
	}

	return ids
}

func TestRetryCandidates(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		candidates := func(f chat.DeliveryFilter) []chat.DeliveryID {
			ids, err := s.RetryCandidates(t.Context(), chat.BulkStep{WorkspaceID: w.Workspace, Filter: f, Limit: 100})
			require.NoError(t, err)

			return ids
		}

		rejected := refusedOnes(t, s, w, "+1", "+2", "+3")
		retried, err := prepareRetry(t, s, w.Retry(rejected[2], chat.Change{}))
		require.NoError(t, err)
		sendTo(t, s, w, "+4")
		given := sendTo(t, s, w, "+5")
		_, err = s.MarkExhausted(t.Context(), w.Workspace, given.DeliveryID, clock.now)
		require.NoError(t, err)
		canceled := sendTo(t, s, w, "+6")
		_, _, err = decideDelivery(t, s, w, canceled.DeliveryID, chat.VerdictCancel, clock.now)
		require.NoError(t, err)
		reviewed := sendTo(t, s, w, "+7")
		d := w.Claim(t, s, reviewed.DeliveryID, clock.now)
		leadToReview(t, s, w, &d, clock.now)
		lost := sendTo(t, s, w, "+8")
		d = w.Claim(t, s, lost.DeliveryID, clock.now)
		acceptDelivery(t, s, w, &d, "SM8", clock.now)
		reporter{t, s, clock}.report(newCallback(&d, "SM8", chat.StatusUndelivered))
		fine := sendTo(t, s, w, "+9")
		d = w.Claim(t, s, fine.DeliveryID, clock.now)
		acceptDelivery(t, s, w, &d, "SM9", clock.now)
		tools := w.Prepare(t, s, w.Email.ID, "hi", chat.ToolCall{ID: "1", Name: chat.ToolSetTitle})
		_, err = s.FailSend(t.Context(), w.Workspace, tools.ActionID, 0, chat.Errorf(chat.CodeToolCallFailed, "x"))
		require.NoError(t, err)

		assert.Equal(
			t,
			[]chat.DeliveryID{rejected[0], rejected[1], given.DeliveryID, lost.DeliveryID},
			candidates(chat.DeliveryFilter{}),
		)

		assert.Equal(
			t,
			[]chat.DeliveryID{canceled.DeliveryID},
			candidates(chat.DeliveryFilter{Status: "canceled"}),
			"only when named",
		)

		assert.Equal(t, []chat.DeliveryID{reviewed.DeliveryID}, candidates(chat.DeliveryFilter{Status: "needs_review"}))
		assert.Equal(t, []chat.DeliveryID{given.DeliveryID}, candidates(chat.DeliveryFilter{Status: "pending"}))
		assert.Equal(t, rejected[:2], candidates(chat.DeliveryFilter{ErrorCode: "twilio_30007"}))

		for _, status := range []string{"accepted", "sending", "unknown", "suppressed", "confirmed_sent", "delivered"} {
			assert.Empty(t, candidates(chat.DeliveryFilter{Status: status}), status)
		}

		assert.NotContains(t, candidates(chat.DeliveryFilter{}), retried.DeliveryID)
		next, err := s.RetryCandidates(t.Context(), chat.BulkStep{WorkspaceID: w.Workspace, After: rejected[0], Limit: 1})
		require.NoError(t, err)
		assert.Equal(t, rejected[1:2], next)
		counts, err := s.CountRetryCandidates(t.Context(), w.Workspace, chat.DeliveryFilter{})
		require.NoError(t, err)

		sender := w.PhoneNumber.Scope()

		assert.Equal(t, []chat.RetryCount{
			{Sender: sender, Status: "pending", ErrorCode: chat.ErrorTriesExhausted, Count: 1},
			{Sender: sender, Status: "rejected", ErrorCode: "twilio_30007", Count: 2},
			{Sender: sender, Status: "undelivered", ErrorCode: "twilio_30003", Count: 1},
		}, counts)
	})
}

// TestRetryCandidatesAreToldApartBySender: which number fails is seen, and its deliveries are retried alone.
func TestRetryCandidatesAreToldApartBySender(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()

		var ids []chat.DeliveryID

		for i, sender := range []string{"phone:901", "phone:902", "phone:902"} {
			sent := sendFrom(t, s, w, sender, fmt.Sprintf("+%d", i+1))
			_, err := s.MarkExhausted(t.Context(), w.Workspace, sent.DeliveryID, clock.now)
			require.NoError(t, err)

			ids = append(ids, sent.DeliveryID)
		}

		counts, err := s.CountRetryCandidates(t.Context(), w.Workspace, chat.DeliveryFilter{})
		require.NoError(t, err)
		assert.Equal(t, []chat.RetryCount{
			{Sender: "phone:901", Status: "pending", ErrorCode: chat.ErrorTriesExhausted, Count: 1},
			{Sender: "phone:902", Status: "pending", ErrorCode: chat.ErrorTriesExhausted, Count: 2},
		}, counts)

		chosen := chat.DeliveryFilter{Sender: "phone:902"}

		found, err := s.RetryCandidates(t.Context(), chat.BulkStep{WorkspaceID: w.Workspace, Filter: chosen, Limit: 10})
		require.NoError(t, err)
		assert.Equal(t, ids[1:], found)

		chosen.Page = pageOfTen()
		list, err := s.Deliveries(t.Context(), w.Workspace, chosen)
		require.NoError(t, err)
		require.Len(t, list.Items, 2)
		assert.Equal(t, "phone:902", list.Items[0].Sender)
	})
}

// TestADryRunSkipsWhatTheBulkRetrySkips: the forecast has the words with which each retry is refused.
func TestADryRunSkipsWhatTheBulkRetrySkips(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		forecast := func(f chat.DeliveryFilter, acknowledged bool) chat.RetryForecast {
			found, err := s.ForecastRetries(t.Context(), w.Workspace, f, acknowledged)
			require.NoError(t, err)

			return found
		}

		assert.Zero(t, forecast(chat.DeliveryFilter{}, false).Judged)

		rejected := refusedOnes(t, s, w, "+1", "+2")
		reviewed := sendTo(t, s, w, "+3")
		d := w.Claim(t, s, reviewed.DeliveryID, clock.now)
		leadToReview(t, s, w, &d, clock.now)

		assert.Equal(t, chat.RetryForecast{Judged: 2}, forecast(chat.DeliveryFilter{}, false))

		inDoubt := chat.DeliveryFilter{Status: "needs_review"}
		assert.Equal(t, 1, forecast(inDoubt, false).Skipped, "nobody has said that it may arrive twice")
		assert.Equal(t, chat.RetryForecast{Judged: 1}, forecast(inDoubt, true))

		_, err := s.UpdateMember(t.Context(), w.Workspace, w.By, w.SMS.MemberID, chat.MemberPatch{
			NotificationsEnabled: new(false),
		})
		require.NoError(t, err)

		found := forecast(chat.DeliveryFilter{}, false)
		_, err = prepareRetry(t, s, w.Retry(rejected[0], chat.Change{}))
		require.Error(t, err)

		assert.Equal(t, chat.RetryForecast{
			Judged:    2,
			Skipped:   2,
			SkippedBy: map[string]int{chat.ExplainSkip(chat.AsError(err)): 2},
		}, found)
	})
}

func TestBulkRetry(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		rejected := refusedOnes(t, s, w, "+1", "+2", "+3")
		in := w.NewBulkRetry(chat.DeliveryFilter{Status: "rejected"})
		in.IdempotencyKey, in.Canary = "key-1", 1
		begun, err := s.BeginBulkRetry(t.Context(), in, "bulk:1")
		require.NoError(t, err)

		assert.Equal(
			t,
			[]any{3, chat.BulkRunning, "bulk:1", in.Filter, 0},
			[]any{begun.Selected, begun.State, begun.WorkflowID, begun.Filter, begun.Begun},
		)

		retryIn := w.Retry(rejected[0], chat.Change{})
		retryIn.BulkRetryID = in.ID
		retried, err := prepareRetry(t, s, retryIn)
		require.NoError(t, err)
		fresh := w.Claim(t, s, retried.DeliveryID, time.Now())
		acceptDelivery(t, s, w, &fresh, "SM1", time.Now())

		for range 2 {
			require.NoError(t, s.SkipBulkRetry(t.Context(), chat.BulkSkip{
				WorkspaceID: w.Workspace,
				ID:          in.ID,
				DeliveryID:  rejected[1],
				Number:      2,
				Why:         "it was retried already",
			}))
		}

		now, err := s.BeginBulkRetry(t.Context(), in, "bulk:1")
		require.NoError(t, err)

		assert.Equal(
			t,
			[]any{3, 1, 1, map[string]int{"accepted": 1}, map[string]int{"it was retried already": 1}},
			[]any{now.Selected, now.Begun, now.Skipped, now.ByStatus, now.SkippedBy},
		)

		found, err := s.BulkRetry(t.Context(), w.Workspace, in.ID)
		require.NoError(t, err)
		assert.Equal(t, now, found)

		other := in
		other.Fingerprint = chat.Fingerprint{"filter": "another"}
		_, err = s.BeginBulkRetry(t.Context(), other, "bulk:1")
		requireCode(t, chat.CodeIdempotencyKeyReused, err)

		other.ID = w.NewBulkRetry(in.Filter).ID
		other.AllowOverlap = true
		_, err = s.BeginBulkRetry(t.Context(), other, "bulk:2")
		requireCode(t, chat.CodeIdempotencyKeyReused, err)

		beside := w.NewBulkRetry(chat.DeliveryFilter{})
		beside.AllowOverlap = true
		second, err := s.BeginBulkRetry(t.Context(), beside, "bulk:2")
		require.NoError(t, err)

		var ids []chat.ActionID
		for _, b := range readPages(t, 1, func(p chat.Page) (chat.List[chat.BulkRetry], error) {
			return s.BulkRetries(t.Context(), w.Workspace, p)
		}) {
			ids = append(ids, b.ID)
		}

		assert.Equal(t, []chat.ActionID{second.ID, in.ID}, ids)
	})
}

func TestBulkStates(t *testing.T) {
	t.Parallel()

	legal := map[chat.BulkState][]chat.BulkState{
		chat.BulkRunning: {chat.BulkPaused, chat.BulkCanceled, chat.BulkFinished},
		chat.BulkPaused:  {chat.BulkRunning, chat.BulkCanceled},
	}

	states := []chat.BulkState{chat.BulkRunning, chat.BulkPaused, chat.BulkFinished, chat.BulkCanceled}

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)

		for _, from := range states {
			for _, to := range states {
				b, err := s.BeginBulkRetry(t.Context(), w.NewBulkRetry(chat.DeliveryFilter{}), "bulk")
				require.NoError(t, err)
				_, err = s.SetBulkState(t.Context(), chat.BulkMove{
					WorkspaceID: w.Workspace,
					ID:          b.ID,
					By:          w.By,
					To:          from,
					Note:        "brought there",
				})
				require.NoError(t, err)

				moved, err := s.SetBulkState(t.Context(), chat.BulkMove{
					WorkspaceID: w.Workspace,
					ID:          b.ID,
					By:          w.By,
					To:          to,
					Note:        "moved",
				})
				if from != to && !slices.Contains(legal[from], to) {
					requireCode(t, chat.CodeConflict, err)
					continue
				}

				require.NoError(t, err)
				assert.Equal(t, to, moved.State)

				if from != to {
					assert.Equal(t, "moved", moved.Note)
					assert.Equal(t, "bulk_retry."+string(to), auditVerbs(t, s, w.Workspace)[0])
				}
			}
		}
	})
}

// TestTheRateOfABulkRetryIsChanged: it stays running or paused, and only while it has a rate.
func TestTheRateOfABulkRetryIsChanged(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		b, err := s.BeginBulkRetry(t.Context(), w.NewBulkRetry(chat.DeliveryFilter{}), "bulk")
		require.NoError(t, err)

		move := func(to chat.BulkState, rate int) (chat.BulkRetry, error) {
			return s.SetBulkState(t.Context(), chat.BulkMove{
				WorkspaceID: w.Workspace,
				ID:          b.ID,
				By:          w.By,
				To:          to,
				Rate:        rate,
				Note:        "noted",
			})
		}

		_, err = move(chat.BulkPaused, 0)
		require.NoError(t, err)

		changed, err := move("", 20)
		require.NoError(t, err)
		assert.Equal(t, chat.BulkPaused, changed.State)
		assert.Equal(t, 20, changed.Rate)
		assert.Equal(t, b.Round, changed.Round, "no canary begins")

		resumed, err := move(chat.BulkRunning, 0)
		require.NoError(t, err)
		assert.Equal(t, 20, resumed.Rate)

		_, err = move(chat.BulkCanceled, 0)
		require.NoError(t, err)

		_, err = move("", 5)
		requireCode(t, chat.CodeConflict, err)
	})
}
