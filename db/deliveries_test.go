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

// readStanding is where a send stands everywhere.
func readStanding(
	t *testing.T,
	s *db.Store,
	w *dbtest.World,
	sent *chat.AssistantMessageSent,
) (chat.Delivery, chat.Action, chat.Message, chat.Chat) {
	t.Helper()
	d, err := s.Delivery(t.Context(), w.Workspace, sent.DeliveryID)
	require.NoError(t, err)
	a, err := s.Action(t.Context(), w.Workspace, sent.ActionID)
	require.NoError(t, err)
	list, err := s.Messages(t.Context(), w.Workspace, d.ChatID, chat.MessagePage{Page: chat.Page{Limit: 100}})
	require.NoError(t, err)
	c, err := s.Chat(t.Context(), w.Workspace, d.ChatID)
	require.NoError(t, err)

	for _, m := range list.Items {
		if m.ID == sent.MessageID {
			return d, a, m, c
		}
	}

	require.Fail(t, "the message is gone")

	return d, a, chat.Message{}, c
}

func TestAcceptance(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		addMessage(t, s, w, w.SMS.ID, "one")
		in := w.Send(w.SMS.ID, "hi")
		in.Watermark = 1
		sent, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
		require.NoError(t, err)
		claimed := w.Claim(t, s, sent.DeliveryID, clock.now)
		assert.Equal(t, int64(1), claimed.Fence)
		assert.Equal(t, clock.now.Add(time.Minute), *claimed.LeaseUntil)
		assert.Equal(t, "+14155550123", claimed.To)

		said := chat.Submission{
			Outcome:           chat.OutcomeAccepted,
			ProviderMessageID: "SM1",
			ProviderRequestID: "RQ1",
			DeliveryStatus:    chat.StatusQueued,
			Segments:          2,
			GotConnection:     true,
			HTTPStatus:        201,
		}

		recorded, err := s.RecordSubmission(
			t.Context(),
			w.Workspace,
			sent.DeliveryID,
			1,
			said,
			clock.forward(time.Second),
		)
		require.NoError(t, err)
		d, action, message, c := readStanding(t, s, w, &sent)
		assert.Equal(t, chat.SubmissionAccepted, recorded.Submission)
		assert.Equal(t, recorded.Snapshot(), d.Snapshot())

		assert.Equal(
			t,
			[]any{"SM1", chat.StatusQueued, 2, "accepted"},
			[]any{d.ProviderMessageID, d.DeliveryStatus, d.Segments, d.Status()},
		)

		require.Len(t, d.Attempts, 1)
		assert.Equal(t, said.Attempted(1, newClock().now, clock.now), d.Attempts[0])
		assert.Equal(t, chat.ActionSucceeded, action.State)
		assert.Equal(t, chat.MessageSent, message.State)
		assert.False(t, c.NeedsResponse)

		again, err := s.RecordSubmission(t.Context(), w.Workspace, sent.DeliveryID, 1, said, clock.now)
		require.NoError(t, err)
		assert.Equal(t, recorded, again)

		said.ProviderMessageID = "SM2"
		for range 2 {
			again, err = s.RecordSubmission(t.Context(), w.Workspace, sent.DeliveryID, 1, said, clock.now)
			require.NoError(t, err)
			assert.Equal(t, "SM1", again.ProviderMessageID, "the first is kept")
		}

		d, _, _, _ = readStanding(t, s, w, &sent)
		require.Len(t, d.Events, 1)
		assert.Equal(t, "duplicate_confirmed", d.Events[0].Type)
		assert.Contains(t, string(d.Events[0].Raw), "SM2")
	})
}

func TestAcceptanceKeepsNewerNeed(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		addMessage(t, s, w, w.SMS.ID, "one")
		in := w.Send(w.SMS.ID, "hi")
		in.Watermark = 1
		sent, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
		require.NoError(t, err)
		addMessage(t, s, w, w.SMS.ID, "two")
		d := w.Claim(t, s, sent.DeliveryID, time.Now())
		_, err = s.RecordSubmission(
			t.Context(),
			w.Workspace,
			d.ID,
			d.Fence,
			chat.Submission{Outcome: chat.OutcomeAccepted, ProviderMessageID: "SM1"},
			time.Now(),
		)
		require.NoError(t, err)
		_, _, _, c := readStanding(t, s, w, &sent)
		assert.Equal(t, []any{true, int64(2), int64(1)}, []any{c.NeedsResponse, c.Attention, c.Answered})
	})
}

func TestOtherOutcomes(t *testing.T) {
	t.Parallel()

	type expect struct {
		submission chat.SubmissionState
		action     chat.ActionState
		message    chat.MessageState
	}

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		for outcome, want := range map[chat.SubmissionOutcome]expect{
			chat.OutcomeNotProcessed: {chat.SubmissionPending, chat.ActionRunning, chat.MessagePending},
			chat.OutcomeAborted:      {chat.SubmissionPending, chat.ActionRunning, chat.MessagePending},
			chat.OutcomeRejected:     {chat.SubmissionRejected, chat.ActionFailed, chat.MessageNotSent},
			chat.OutcomeBlocked:      {chat.SubmissionBlocked, chat.ActionParked, chat.MessagePending},
			chat.OutcomeUnknown:      {chat.SubmissionUnknown, chat.ActionParked, chat.MessagePending},
		} {
			m := w.Customer
			m.Email = ""
			m.Phone = "+1415555" + map[chat.SubmissionOutcome]string{
				chat.OutcomeNotProcessed: "1001",
				chat.OutcomeAborted:      "1002",
				chat.OutcomeRejected:     "1003",
				chat.OutcomeBlocked:      "1004",
				chat.OutcomeUnknown:      "1005",
			}[outcome]

			someone, err := s.CreateMember(t.Context(), w.Workspace, w.By, m)
			require.NoError(t, err)
			// A sender of its own: what blocks one must not hold up the others.
			number, err := s.CreatePhoneNumber(t.Context(), w.Workspace, w.By, chat.PhoneNumber{Number: m.Phone})
			require.NoError(t, err)

			c, err := s.CreateChat(t.Context(), w.Workspace, w.By, chat.NewChat{
				Channel:           chat.ChannelSMS,
				MemberID:          someone.ID,
				AssistantMemberID: &w.Assistant.ID,
				PhoneNumberID:     &number.ID,
			})
			require.NoError(t, err)
			sent := w.Prepare(t, s, c.ID, "hi")
			claimed := w.Claim(t, s, sent.DeliveryID, clock.now)

			said := chat.Submission{
				Outcome:      outcome,
				ErrorCode:    "code",
				ErrorMessage: "words",
				HTTPStatus:   429,
				RetryAfter:   40 * time.Second,
			}

			_, err = s.RecordSubmission(t.Context(), w.Workspace, sent.DeliveryID, claimed.Fence, said, clock.now)
			require.NoError(t, err)
			d, action, message, _ := readStanding(t, s, w, &sent)
			assert.Equal(t, want, expect{d.Submission, action.State, message.State}, outcome)
			assert.Equal(t, []string{"code", "words"}, []string{d.ErrorCode, d.ErrorMessage})
			assert.Equal(t, outcome, d.Attempts[0].Outcome)
			assert.Nil(t, d.LeaseUntil)
			assert.Equal(t, want.submission == chat.SubmissionUnknown, d.UnknownSince != nil, outcome)

			if want.submission == chat.SubmissionPending || want.submission == chat.SubmissionBlocked {
				assert.Equal(t, clock.now.Add(40*time.Second), *d.RetryAt)
			} else {
				assert.Nil(t, d.RetryAt)
			}

			if want.action == chat.ActionFailed {
				assert.Equal(t, chat.CodeDeliveryFailed, action.Problem.Code)
				assert.Equal(t, string(d.ID), action.Problem.DeliveryID)
			}

			if want.submission == chat.SubmissionBlocked || want.submission == chat.SubmissionPending {
				if d.RetryAt != nil {
					claim, err := s.Claim(t.Context(), w.Workspace, d.ID, d.RetryAt.Add(-time.Microsecond), time.Minute)
					require.NoError(t, err)
					assert.False(t, claim.Granted, "the provider asked us to wait")
					assert.Equal(t, d.RetryAt, claim.WaitUntil)
				}

				assert.Equal(t, int64(2), w.Claim(t, s, d.ID, clock.now.Add(40*time.Second)).Fence)
				_, action, _, _ = readStanding(t, s, w, &sent)
				assert.Equal(t, chat.ActionRunning, action.State)
			}
		}
	})
}

func TestProviderMessageIDBelongsToOne(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		accepted := chat.Submission{Outcome: chat.OutcomeAccepted, ProviderMessageID: "SM1"}

		for i, code := range []chat.Code{"", chat.CodeConflict} {
			sent := w.Prepare(t, s, w.SMS.ID, "hi")
			d := w.Claim(t, s, sent.DeliveryID, time.Now())
			_, err := s.RecordSubmission(t.Context(), w.Workspace, d.ID, d.Fence, accepted, time.Now())
			require.Equal(t, code, chat.CodeOf(err), i)
		}
	})
}

func TestSettleUnknown(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		for policy, want := range map[chat.UnknownPolicy][]any{
			chat.AtMostOnce:        {chat.SubmissionNeedsReview, chat.ActionParked},
			chat.ExpireUnknown:     {chat.SubmissionExpired, chat.ActionFailed},
			chat.ResendAfterSettle: {chat.SubmissionPending, chat.ActionRunning},
		} {
			in := w.Send(w.SMS.ID, "hi")
			sent, err := s.PrepareSend(
				t.Context(),
				in,
				dbtest.SendIDs(),
				func(f *chat.SendFacts) (chat.SendPlan, error) {
					plan, err := dbtest.PlanText("hi")(f)
					plan.Policy = policy

					return plan, err
				},
			)
			require.NoError(t, err)
			pending, err := s.SettleUnknown(t.Context(), w.Workspace, sent.DeliveryID, clock.now)
			require.NoError(t, err)
			assert.Equal(t, chat.SubmissionPending, pending.Submission, "not unknown")
			// The text is that of the one before, which may still show up.
			d := w.Claim(t, s, sent.DeliveryID, clock.forward(evidenceHold))
			_, err = s.RecordSubmission(
				t.Context(),
				w.Workspace,
				d.ID,
				d.Fence,
				chat.Submission{Outcome: chat.OutcomeUnknown},
				clock.now,
			)
			require.NoError(t, err)

			for range 2 {
				_, err = s.SettleUnknown(t.Context(), w.Workspace, sent.DeliveryID, clock.now)
				require.NoError(t, err)
				d, action, _, _ := readStanding(t, s, w, &sent)
				assert.Equal(t, want, []any{d.Submission, action.State}, policy)
			}

			// What is to be sent again would go before the next one.
			_, err = s.CancelDelivery(t.Context(), w.Workspace, sent.DeliveryID, chat.SendCanceled())
			require.NoError(t, err)
		}

		_, err := s.SettleUnknown(t.Context(), w.Workspace, "nothing", clock.now)
		requireCode(t, chat.CodeDeliveryNotFound, err)
	})
}

// A provider that takes every message and never answers must not be given one for ever.
func TestResendingEnds(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent, err := s.PrepareSend(
			t.Context(),
			w.Send(w.SMS.ID, "hi"),
			dbtest.SendIDs(),
			func(f *chat.SendFacts) (chat.SendPlan, error) {
				plan, err := dbtest.PlanText("hi")(f)
				plan.Policy = chat.ResendAfterSettle

				return plan, err
			},
		)
		require.NoError(t, err)

		for _, want := range []chat.SubmissionState{chat.SubmissionPending, chat.SubmissionPending, chat.SubmissionNeedsReview} {
			d := w.Claim(t, s, sent.DeliveryID, clock.now)
			recordSubmission(t, s, w, &d, chat.Submission{Outcome: chat.OutcomeUnknown, ErrorCode: chat.ErrorTimeout}, clock.now)
			settled, err := s.SettleUnknown(t.Context(), w.Workspace, d.ID, clock.now)
			require.NoError(t, err)
			require.Equal(t, want, settled.Submission)
		}
	})
}

func TestDeliveriesList(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)

		var sent []chat.DeliveryID
		for _, id := range []chat.ChatID{w.SMS.ID, w.Email.ID, w.SMS.ID} {
			sent = append(sent, w.Prepare(t, s, id, "hi").DeliveryID)
		}

		d := w.Claim(t, s, sent[0], time.Now())
		_, err := s.RecordSubmission(
			t.Context(),
			w.Workspace,
			d.ID,
			d.Fence,
			chat.Submission{
				Outcome:           chat.OutcomeAccepted,
				ProviderMessageID: "SM1",
				DeliveryStatus:    chat.StatusDelivered,
			},
			time.Now(),
		)
		require.NoError(t, err)
		first, err := s.Delivery(t.Context(), w.Workspace, sent[0])
		require.NoError(t, err)

		list := func(f chat.DeliveryFilter) []chat.DeliveryID {
			var ids []chat.DeliveryID
			for _, d := range readPages(t, 1, func(p chat.Page) (chat.List[chat.Delivery], error) {
				f.Page = p
				return s.Deliveries(t.Context(), w.Workspace, f)
			}) {
				ids = append(ids, d.ID)
				assert.NotEmpty(t, d.To)
			}

			return ids
		}

		assert.Equal(t, []chat.DeliveryID{sent[2], sent[1], sent[0]}, list(chat.DeliveryFilter{}))

		assert.Equal(
			t,
			[]chat.DeliveryID{sent[0]},
			list(chat.DeliveryFilter{Status: "delivered"}),
			"the provider's final status",
		)

		assert.Empty(t, list(chat.DeliveryFilter{Status: "accepted"}))
		assert.Equal(t, []chat.DeliveryID{sent[2], sent[1]}, list(chat.DeliveryFilter{Status: "pending"}))
		assert.Equal(t, []chat.DeliveryID{sent[1]}, list(chat.DeliveryFilter{Channel: chat.ChannelEmail}))
		assert.Equal(t, []chat.DeliveryID{sent[2], sent[0]}, list(chat.DeliveryFilter{ChatID: w.SMS.ID}))
		assert.Empty(t, list(chat.DeliveryFilter{ErrorCode: "twilio_21211"}))

		after := first.CreatedAt.Add(time.Microsecond)
		assert.Equal(t, []chat.DeliveryID{sent[2], sent[1]}, list(chat.DeliveryFilter{Since: &after}))
		assert.Equal(t, []chat.DeliveryID{sent[0]}, list(chat.DeliveryFilter{Until: &after}))
	})
}

func TestDeliveriesOfAMember(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		sent := w.Prepare(t, s, w.SMS.ID, "hi")

		for member, want := range map[chat.MemberID]int{w.Customer.ID: 1, w.By.MemberID: 0} {
			list, err := s.Deliveries(t.Context(), w.Workspace, chat.DeliveryFilter{
				MemberID: member,
				Page:     chat.Page{Limit: 10},
			})
			require.NoError(t, err)
			require.Len(t, list.Items, want)

			if want > 0 {
				assert.Equal(t, sent.DeliveryID, list.Items[0].ID)
			}
		}
	})
}
