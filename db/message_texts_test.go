package db_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// TestAChatShowsTheTextOfARetry is from H8: a key sent a text of its own by a retry, and the chat showed the
// one before.
func TestAChatShowsTheTextOfARetry(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		_, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		said := messagesOf(t, s, w, w.SMS.ID)[0].Content
		recordSubmission(t, s, w, &d, chat.Submission{Outcome: chat.OutcomeRejected}, clock.now)

		in := w.Retry(d.ID, chat.Change{Body: "come to the back door", To: "+14155550177"})
		plan := func(facts *chat.SendFacts, old *chat.Delivery) (chat.SendPlan, error) {
			planned, err := facts.PlanRetry(old, in.Change)
			planned.Payload.Text = in.Change.Body

			return planned, err
		}

		second, err := s.PrepareRetry(t.Context(), in, dbtest.SendIDs().DeliveryID, plan)
		require.NoError(t, err)

		changes := auditedChanges(t, s, w, "delivery.retried")
		assert.Equal(t, map[string]any{"changed": true}, changes["body"])
		assert.Equal(t, map[string]any{"old": "+14•••••0123", "new": "+14•••••0177"}, changes["to"])

		again, err := prepareRetry(t, s, in)
		require.NoError(t, err)
		assert.Equal(t, second.DeliveryID, again.DeliveryID)

		shown := messagesOf(t, s, w, w.SMS.ID)[0]
		assert.Equal(t, "come to the back door", shown.Content)
		require.Len(t, shown.EarlierTexts, 1, "the same retry again changes nothing")
		assert.Equal(
			t,
			[]any{said, d.ID, w.By.MemberID},
			[]any{shown.EarlierTexts[0].Content, shown.EarlierTexts[0].DeliveryID, shown.EarlierTexts[0].ChangedBy},
		)

		fresh := w.Claim(t, s, second.DeliveryID, clock.now)
		recordSubmission(t, s, w, &fresh, chat.Submission{Outcome: chat.OutcomeRejected}, clock.now)
		_, err = prepareRetry(t, s, w.Retry(second.DeliveryID, chat.Change{}))
		require.NoError(t, err)

		shown = messagesOf(t, s, w, w.SMS.ID)[0]
		assert.Equal(t, "come to the back door", shown.Content, "a retry without a change keeps the text")
		assert.Len(t, shown.EarlierTexts, 1)
	})
}

// TestATextThatHasLeftAfterAllComesBack changes the text of what was given up, and then the provider reports
// that it has arrived: the retry is canceled.
func TestATextThatHasLeftAfterAllComesBack(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		_, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		said := messagesOf(t, s, w, w.SMS.ID)[0].Content
		leadToReview(t, s, w, &d, clock.now)
		_, _, err := decideDelivery(t, s, w, d.ID, chat.VerdictNotSent, clock.now)
		require.NoError(t, err)
		retried, err := prepareRetry(t, s, w.Retry(d.ID, chat.Change{Body: "another text"}))
		require.NoError(t, err)

		reporter{t, s, clock}.report(newCallback(&d, "SM1", chat.StatusDelivered))

		shown := messagesOf(t, s, w, w.SMS.ID)[0]
		assert.Equal(t, said, shown.Content)
		require.Len(t, shown.EarlierTexts, 2)
		assert.Equal(
			t,
			[]any{"another text", retried.DeliveryID, chat.MemberID(0)},
			[]any{shown.EarlierTexts[1].Content, shown.EarlierTexts[1].DeliveryID, shown.EarlierTexts[1].ChangedBy},
		)
	})
}

// TestASummaryKnowsWhoWroteForSomebody reads a message that somebody has entered in the customer's name.
func TestASummaryKnowsWhoWroteForSomebody(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)

		for _, by := range []chat.Actor{{MemberID: w.Customer.ID}, w.By} {
			_, err := s.AddMessage(t.Context(), w.Workspace, w.SMS.ID, chat.NewMessage{
				MemberID: w.Customer.ID,
				Content:  "please call me",
				By:       by,
			})
			require.NoError(t, err)
		}

		reading, err := s.Reading(t.Context(), chat.SummaryPart{
			SummaryStep: chat.SummaryStep{WorkspaceID: w.Workspace, ChatID: w.SMS.ID},
			Messages:    chat.MessageRange{From: 1, To: 1000},
		})
		require.NoError(t, err)
		require.Len(t, reading.Messages, 2)
		assert.Equal(t, w.Customer.Name, reading.Messages[0].Speaker)
		assert.Equal(
			t,
			w.Customer.Name+" (as "+w.Manager.Name+" has entered it)",
			reading.Messages[1].Speaker,
		)
	})
}
