package db_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// setBrakes sets the brakes of the workspace, and no defaults.
func setBrakes(t *testing.T, s *db.Store, w *dbtest.World, brakes chat.Brakes) {
	t.Helper()
	require.NoError(t, errorOf(s.UpdateWorkspaceDefaults(
		t.Context(),
		w.Workspace,
		w.By,
		chat.WorkspaceDefaults{Brakes: brakes},
	)))
}

// sayAs sends as an author and has the provider accept it. It returns the delivery after its claim.
func sayAs(t *testing.T, s *db.Store, w *dbtest.World, author chat.AuthorKind, clock *clock) chat.Delivery {
	t.Helper()

	in := w.Send(w.SMS.ID, "hello")
	in.Author = author
	sent, claim := prepareAndClaim(t, s, in, clock.forward(time.Second))

	if !claim.Granted {
		var err error
		claim, err = s.Claim(t.Context(), w.Workspace, sent.DeliveryID, clock.now, time.Minute)
		require.NoError(t, err)
	}

	if claim.Granted {
		acceptDelivery(t, s, w, &claim.Delivery, "SM"+string(sent.DeliveryID), clock.now)
	}

	return claim.Delivery
}

// sayUntil has the assistant send n messages that leave, and one that a brake stops.
func sayUntil(t *testing.T, s *db.Store, w *dbtest.World, n int, clock *clock) chat.Delivery {
	t.Helper()

	for range n {
		require.Empty(t, sayAs(t, s, w, chat.AuthorAssistant, clock).ErrorCode)
	}

	held := sayAs(t, s, w, chat.AuthorAssistant, clock)
	require.Equal(t, chat.ErrorBraked, held.ErrorCode)

	return held
}

func TestTheAssistantStopsAtTheBrakeAndAPersonIsAsked(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		setBrakes(t, s, w, chat.Brakes{MaxUnanswered: new(2)})
		sayUntil(t, s, w, 2, clock)

		asked := writeAsCustomer(t, s, w, "who is this?", clock.forward(time.Second))
		held := sayUntil(t, s, w, 2, clock)

		d, err := s.Delivery(t.Context(), w.Workspace, held.ID)
		require.NoError(t, err)
		assert.Equal(t, chat.WaitingPerson, d.Standing().WaitingFor)
		assert.ElementsMatch(t, []chat.Verdict{chat.VerdictRetry, chat.VerdictCancel}, d.Commands())
		assert.Equal(t, "Not sent: a brake has stopped the assistant, as 2 messages of the assistant left since the "+
			"customer has written last, at "+asked.CreatedAt.Format(time.RFC3339)+"; the workspace allows 2 in a row. A person must "+
			"decide: retry it, which sends it all the same, or cancel it.", d.Explain())

		action, err := s.Action(t.Context(), w.Workspace, d.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ActionParked, action.State)

		counts, err := s.CountRetryCandidates(t.Context(), w.Workspace, chat.DeliveryFilter{})
		require.NoError(t, err)
		assert.Empty(t, counts, "nobody decides about these in bulk")
	})
}

func TestOnlyAPersonsRetryOverrulesABrake(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		setBrakes(t, s, w, chat.Brakes{MaxUnanswered: new(1)})
		held := sayUntil(t, s, w, 1, clock)

		retry := w.Retry(held.ID, chat.Change{})
		retry.ByAssistant = true
		requireCode(t, chat.CodeForbidden, errorOf(prepareRetry(t, s, retry)))

		require.NoError(t, errorOf(prepareRetry(t, s, w.Retry(held.ID, chat.Change{}))))
		d := w.Claim(t, s, held.ID, clock.now)
		acceptDelivery(t, s, w, &d, "SM-held", clock.now)

		assert.Equal(t, chat.ErrorBraked, sayAs(t, s, w, chat.AuthorAssistant, clock).ErrorCode, "it has decided about one")
	})
}

// TestARetryOfAnEndedSendDefiesABrake: who retries one send has decided about it. A bulk retry has decided about none.
func TestARetryOfAnEndedSendDefiesABrake(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		for _, isBulk := range []bool{false, true} {
			t.Run(fmt.Sprintf("bulk %t", isBulk), func(t *testing.T) {
				w, clock := dbtest.Seed(t, s), newClock()
				_, d := sendNow(t, s, w, w.SMS.ID, clock.now)
				recordSubmission(t, s, w, &d, chat.Submission{Outcome: chat.OutcomeRejected}, clock.now)
				setBrakes(t, s, w, chat.Brakes{MaxUnanswered: new(1)})
				sayUntil(t, s, w, 1, clock)

				in := w.Retry(d.ID, chat.Change{})
				if isBulk {
					in.BulkRetryID = beginTrial(t, s, w, chat.DeliveryFilter{Status: "rejected"}).run.ID
					in.BulkNumber = 1
				}

				retried, err := prepareRetry(t, s, in)
				require.NoError(t, err)

				claim, err := s.Claim(t.Context(), w.Workspace, retried.DeliveryID, clock.now, time.Minute)
				require.NoError(t, err)
				assert.Equal(t, !isBulk, claim.Granted, claim.Delivery.ErrorCode)
			})
		}
	})
}

func TestTheBrakeOfAnHour(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		setBrakes(t, s, w, chat.Brakes{MaxPerHour: new(2)})
		held := sayUntil(t, s, w, 2, clock)
		assert.Contains(t, held.Explain(), "the workspace allows 2 in an hour")

		writeAsCustomer(t, s, w, "yes?", clock.forward(time.Minute))
		assert.Equal(t, chat.ErrorBraked, sayAs(t, s, w, chat.AuthorAssistant, clock).ErrorCode, "an answer is no matter")

		clock.forward(time.Hour)
		sayUntil(t, s, w, 2, clock)

		still, err := s.FindDelivery(t.Context(), w.Workspace, held.ID)
		require.NoError(t, err)
		assert.Equal(t, chat.ErrorBraked, still.ErrorCode, "what was stopped waits for a person")
	})
}

func TestWhatDoesNotCountForABrake(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()

		for range 3 {
			require.Empty(t, sayAs(t, s, w, chat.AuthorPerson, clock).ErrorCode)
		}

		require.NoError(t, errorOf(s.ReleaseChat(t.Context(), w.Workspace, w.By, w.SMS.ID)))
		setBrakes(t, s, w, chat.Brakes{MaxUnanswered: new(1), MaxPerHour: new(1)})

		refused := w.Claim(t, s, w.Prepare(t, s, w.SMS.ID, "refused").DeliveryID, clock.forward(time.Second))
		recordSubmission(t, s, w, &refused, chat.Submission{Outcome: chat.OutcomeRejected}, clock.now)

		elsewhere := w.Claim(t, s, prepareInAnotherChat(t, s, w).DeliveryID, clock.forward(time.Second))
		acceptDelivery(t, s, w, &elsewhere, "SM-elsewhere", clock.now)

		again := w.Claim(t, s, w.Prepare(t, s, w.SMS.ID, "again").DeliveryID, clock.forward(time.Second))
		recordSubmission(t, s, w, &again, chat.Submission{Outcome: chat.OutcomeNotProcessed}, clock.now)
		again = w.Claim(t, s, again.ID, clock.forward(time.Hour))
		acceptDelivery(t, s, w, &again, "SM-again", clock.now)

		assert.Equal(t, chat.ErrorBraked, sayAs(t, s, w, chat.AuthorAssistant, clock).ErrorCode)
		require.Empty(t, sayAs(t, s, w, chat.AuthorPerson, clock).ErrorCode, "what a person says is never held so")
	})
}

// TestWhatMayHaveLeftCountsForABrake: what nobody knows has perhaps arrived. What was accepted before the customer has
// written, and has left afterwards, counts too.
func TestWhatMayHaveLeftCountsForABrake(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		setBrakes(t, s, w, chat.Brakes{MaxUnanswered: new(1)})

		early := w.Prepare(t, s, w.SMS.ID, "early")
		writeAsCustomer(t, s, w, "hello?", clock.forward(time.Second))
		d := w.Claim(t, s, early.DeliveryID, clock.forward(time.Second))
		recordSubmission(t, s, w, &d, chat.Submission{Outcome: chat.OutcomeUnknown}, clock.now)
		require.NoError(t, errorOf(s.SettleUnknown(t.Context(), w.Workspace, d.ID, clock.now)))
		assert.Equal(t, chat.ErrorBraked, sayAs(t, s, w, chat.AuthorAssistant, clock).ErrorCode)

		require.NoError(t, func() error {
			_, _, err := decideDelivery(t, s, w, d.ID, chat.VerdictNotSent, clock.now)
			return err
		}())
		require.Empty(t, sayAs(t, s, w, chat.AuthorAssistant, clock).ErrorCode, "a person says that it has not left")
	})
}

// refuseFrom has the provider refuse a message of the chat that was sent from a number of its own, and prepares its bulk
// retry, which has no turn and waits for no other number's.
func (l *life) refuseFrom(bulk chat.ActionID, number int) chat.DeliveryID {
	l.t.Helper()
	l.changeNumber()

	l.id = l.w.Prepare(l.t, l.s, l.chat, fmt.Sprint("message ", number)).DeliveryID
	l.post(chat.Submission{Outcome: chat.OutcomeRejected})

	in := l.w.Retry(l.id, chat.Change{})
	in.BulkRetryID = bulk
	in.BulkNumber = number
	retried, err := prepareRetry(l.t, l.s, in)
	require.NoError(l.t, err)

	return retried.DeliveryID
}

// changeNumber gives the chat another number to send from.
func (l *life) changeNumber() {
	l.t.Helper()

	another := numbers()
	l.w.Grant(l.t, l.s, another)

	number, err := l.s.CreatePhoneNumber(l.t.Context(), l.w.Workspace, l.w.By, chat.PhoneNumber{Number: another})
	require.NoError(l.t, err)
	l.patchChat(chat.ChatPatch{PhoneNumberID: &number.ID})
}

// TestClaimsAtOnceDoNotPassABrake claims messages of one chat at once that do not wait for each other otherwise, and
// sends one more meanwhile, as workers do.
func TestClaimsAtOnceDoNotPassABrake(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		l := newLife(t, s)
		w := l.w
		bulk := w.NewBulkRetry(chat.DeliveryFilter{})
		require.NoError(t, errorOf(s.BeginBulkRetry(t.Context(), bulk, "w")))

		waiting := make([]chat.DeliveryID, 5)
		for i := range waiting {
			waiting[i] = l.refuseFrom(bulk.ID, i+1)
		}

		l.changeNumber()
		setBrakes(t, s, w, chat.Brakes{MaxUnanswered: new(3)})

		now := l.clock.forward(time.Minute)
		claims := make([]chat.Claim, len(waiting)+1)
		errs := make([]error, len(claims))

		var all sync.WaitGroup

		for i, id := range waiting {
			all.Go(func() { claims[i], errs[i] = s.Claim(t.Context(), w.Workspace, id, now, time.Minute) })
		}

		all.Go(func() {
			last := len(waiting)

			var sent chat.AssistantMessageSent

			sent, claims[last], errs[last] = s.PrepareAndClaim(t.Context(), w.Send(l.chat, "one more"), dbtest.SendIDs(),
				dbtest.PlanText("one more"), now, time.Minute)
			if errs[last] == nil && !claims[last].Granted {
				claims[last], errs[last] = s.Claim(t.Context(), w.Workspace, sent.DeliveryID, now, time.Minute)
			}
		})

		all.Wait()

		granted := 0

		for i := range claims {
			require.NoError(t, errs[i])

			if claims[i].Granted {
				granted++
				continue
			}

			assert.Equal(t, chat.ErrorBraked, claims[i].Delivery.ErrorCode)
		}

		assert.Equal(t, 2, granted, "one has left before")
	})
}

func TestTheFirstClaimIsOneTransactionWhereNoBrakeIsSet(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		require.NoError(t, errorOf(s.UpdateWorkspaceDefaults(t.Context(), w.Workspace, w.By, defaultsOf(w))))

		before := s.Transactions()
		_, claim := prepareAndClaim(t, s, w.Send(w.SMS.ID, "hi"), clock.now)
		assert.True(t, claim.Granted)
		assert.Equal(t, int64(1), s.Transactions()-before)
	})
}

// TestTheSegmentsOfAMonthHaveALimit: what left before the limit was set counts, what was refused does not, and another
// month begins anew.
func TestTheSegmentsOfAMonthHaveALimit(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		clock.now = chat.BrakeMonth(time.Now()).Add(10 * time.Hour) // the limit is set by the store's clock
		require.Equal(t, 1, sayAs(t, s, w, chat.AuthorAssistant, clock).Segments)

		setBrakes(t, s, w, chat.Brakes{MaxSegmentsPerMonth: new(3)})
		refused, claim := prepareAndClaim(t, s, w.Send(w.SMS.ID, "refused"), clock.forward(time.Second))

		if !claim.Granted {
			claim.Delivery = w.Claim(t, s, refused.DeliveryID, clock.now)
		}

		recordSubmission(t, s, w, &claim.Delivery, chat.Submission{Outcome: chat.OutcomeRejected}, clock.now)

		held := sayUntil(t, s, w, 2, clock)
		assert.Contains(t, held.Explain(), "3 segments of the assistant left in all chats since "+
			chat.BrakeMonth(clock.now).Format(time.RFC3339)+", and this message has 1; the workspace allows 3 in a month")

		assert.Empty(t, sayAs(t, s, w, chat.AuthorPerson, clock).ErrorCode, "a person's does not count")
		require.NoError(t, errorOf(s.ReleaseChat(t.Context(), w.Workspace, w.By, w.SMS.ID)))

		clock.now = chat.BrakeMonth(clock.now).AddDate(0, 1, 0)
		assert.Empty(t, sayAs(t, s, w, chat.AuthorAssistant, clock).ErrorCode, "another month")
	})
}
