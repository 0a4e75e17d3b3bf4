package db_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// reporter brings reports of providers into the store.
type reporter struct {
	t     *testing.T
	s     *db.Store
	clock *clock
}

func (r reporter) report(report chat.Report) chat.Reported {
	r.t.Helper()

	if report.Provider == "" {
		report.Provider = chat.ProviderTwilio
	}

	if report.Key == "" {
		report.Key = report.ProviderMessageID + ":" + string(report.DeliveryStatus) + ":" + report.Type
	}

	reported, err := r.s.RecordReport(r.t.Context(), report, r.clock.forward(time.Second))
	require.NoError(r.t, err)

	return reported
}

// newCallback is a status callback for the claim of a delivery.
func newCallback(d *chat.Delivery, id string, carrier chat.DeliveryStatus) chat.Report {
	r := chat.Report{
		DeliveryID:        d.ID,
		Fence:             d.Fence,
		ProviderMessageID: id,
		Type:              string(carrier),
		Accepts:           true,
		DeliveryStatus:    carrier,
		Raw:               []byte("MessageStatus=" + string(carrier)),
	}

	if carrier.Lost() {
		r.ErrorCode, r.ErrorMessage = "twilio_30003", "the phone was off"
	}

	return r
}

// sendNow prepares a send whose acceptance answers everything so far, and claims it.
func sendNow(
	t *testing.T,
	s *db.Store,
	w *dbtest.World,
	id chat.ChatID,
	now time.Time,
) (chat.AssistantMessageSent, chat.Delivery) {
	t.Helper()

	in := w.Send(id, "hi")
	in.Watermark = 1000
	sent, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
	require.NoError(t, err)

	return sent, w.Claim(t, s, sent.DeliveryID, now)
}

func recordSubmission(
	t *testing.T,
	s *db.Store,
	w *dbtest.World,
	d *chat.Delivery,
	said chat.Submission,
	now time.Time,
) chat.Delivery {
	t.Helper()

	if said.Outcome == chat.OutcomeAccepted && said.ProviderMessageID == "" {
		said.ProviderMessageID = "SM-" + string(d.ID)
	}

	recorded, err := s.RecordSubmission(t.Context(), w.Workspace, d.ID, d.Fence, said, now)
	require.NoError(t, err)

	return recorded
}

func acceptDelivery(t *testing.T, s *db.Store, w *dbtest.World, d *chat.Delivery, id string, now time.Time) chat.Delivery {
	t.Helper()

	return recordSubmission(t, s, w, d, chat.Submission{
		Outcome:           chat.OutcomeAccepted,
		ProviderMessageID: id,
		DeliveryStatus:    chat.StatusQueued,
		HTTPStatus:        201,
	}, now)
}

func TestReports(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		r := reporter{t, s, clock}
		addMessage(t, s, w, w.SMS.ID, "one")
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		acceptDelivery(t, s, w, &d, "SM1", clock.now)
		reported := r.report(newCallback(&d, "SM1", chat.StatusSent))
		assert.Equal(t, []any{true, false, true, false}, []any{reported.Known, reported.Repeated, reported.Changed, reported.Duplicate})
		assert.Equal(t, w.Workspace, reported.WorkspaceID)
		assert.Equal(t, chat.ActionWorkflowID(w.Workspace, sent.ActionID), reported.WorkflowID)
		assert.Equal(t, "accepted", reported.Snapshot.Status)

		assert.False(t, r.report(newCallback(&d, "SM1", chat.StatusSending)).Changed, "late: it does not lower the rank")
		again := r.report(newCallback(&d, "SM1", chat.StatusSent))
		assert.Equal(
			t,
			[]any{true, false, chat.StatusSent},
			[]any{again.Repeated, again.Changed, again.Snapshot.DeliveryStatus},
		)

		byID := newCallback(&d, "SM1", chat.StatusDelivered)
		byID.DeliveryID = ""
		byID.Fence = 0
		byID.Segments = 3
		byID.Raw = nil
		reported = r.report(byID)
		assert.Equal(t, []any{"delivered", 3}, []any{reported.Snapshot.Status, reported.Snapshot.Segments})
		after, _, message, c := readStanding(t, s, w, &sent)
		require.Len(t, after.Events, 3)
		assert.Equal(t, "{}", string(after.Events[2].Raw), "found by asking, it came without words")
		assert.Equal(t, chat.MessageSent, message.State)
		assert.False(t, c.NeedsResponse)

		other := newCallback(&d, "SM1", chat.StatusRead)
		other.Provider = chat.ProviderSendGrid
		assert.False(t, r.report(other).Known, "another provider's")
	})
}

func TestAReportIsEvidenceOfAcceptance(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		r := reporter{t, s, clock}
		addMessage(t, s, w, w.SMS.ID, "one")
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		recordSubmission(t, s, w, &d, chat.Submission{
			Outcome:       chat.OutcomeUnknown,
			GotConnection: true,
			HTTPStatus:    502,
			ErrorCode:     "twilio_502",
		}, clock.now)

		reported := r.report(newCallback(&d, "SM1", chat.StatusSent))
		assert.True(t, reported.Changed)
		after, action, message, c := readStanding(t, s, w, &sent)
		assert.Equal(
			t,
			[]any{chat.SubmissionAccepted, chat.StatusSent, "SM1", ""},
			[]any{after.Submission, after.DeliveryStatus, after.ProviderMessageID, after.ErrorCode},
		)

		assert.Nil(t, after.UnknownSince)

		assert.Equal(
			t,
			[]any{chat.OutcomeAccepted, 502, "SM1"},
			[]any{
				after.Attempts[0].Outcome,
				after.Attempts[0].HTTPStatus,
				after.Attempts[0].ProviderMessageID,
			},
			"what the attempt saw is kept",
		)

		assert.Equal(
			t,
			[]any{chat.ActionSucceeded, chat.MessageSent, false},
			[]any{action.State, message.State, c.NeedsResponse},
		)
	})
}

// TestACallbackFasterThanOurCommit is crash point 8, and 6 when the commit never comes.
func TestACallbackFasterThanOurCommit(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		r := reporter{t, s, clock}
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		r.report(newCallback(&d, "SM1", chat.StatusDelivered))
		recorded := acceptDelivery(t, s, w, &d, "SM1", clock.now)
		assert.Equal(t, "delivered", recorded.Status())
		after, _, _, _ := readStanding(t, s, w, &sent)
		assert.Equal(t, []any{"delivered", 201}, []any{after.Status(), after.Attempts[0].HTTPStatus})
		claim, err := s.Claim(t.Context(), w.Workspace, d.ID, clock.forward(time.Hour), time.Minute)
		require.NoError(t, err)
		assert.False(t, claim.Granted, "it is not posted again")
	})
}

func TestASecondMessageForOneDelivery(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		r := reporter{t, s, clock}
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		acceptDelivery(t, s, w, &d, "SM1", clock.now)
		reported := r.report(newCallback(&d, "SM2", chat.StatusFailed))
		assert.True(t, reported.Duplicate)
		after, _, message, _ := readStanding(t, s, w, &sent)
		assert.Equal(
			t,
			[]any{"SM1", chat.StatusQueued, chat.MessageSent},
			[]any{after.ProviderMessageID, after.DeliveryStatus, message.State},
			"what became of the second says nothing of the first",
		)

		assert.Equal(t, chat.EventDuplicate, after.Events[1].Type)
	})
}

// TestALookUpWhoseIDIsTakenIsNoEvidence is a look-up that took one message for another: two had
// read the provider's list before either was recorded.
func TestALookUpWhoseIDIsTakenIsNoEvidence(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		_, first := sendNow(t, s, w, w.SMS.ID, clock.now)
		acceptDelivery(t, s, w, &first, "SM1", clock.now)
		sent, second := sendNow(t, s, w, w.SMS.ID, clock.now)
		reported := reporter{t, s, clock}.report(newCallback(&second, "SM1", chat.StatusSent))
		assert.False(t, reported.Changed)
		after, _, _, _ := readStanding(t, s, w, &sent)
		assert.Equal(
			t,
			[]any{chat.SubmissionSending, "", chat.StatusNone},
			[]any{after.Submission, after.ProviderMessageID, after.DeliveryStatus},
		)

		owners, err := s.MessageOwners(t.Context(), chat.ProviderTwilio, []string{"SM1", "SM2"})
		require.NoError(t, err)
		assert.Equal(t, map[string]chat.DeliveryID{"SM1": first.ID}, owners)
		owners, err = s.MessageOwners(t.Context(), chat.ProviderTwilio, nil)
		require.NoError(t, err)
		assert.Empty(t, owners)
	})
}

// TestTwoLookUpsOfOneMessage record the same message for two deliveries at once: one owns it,
// and the other is as unknown as before.
func TestTwoLookUpsOfOneMessage(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		clock := newClock()

		for range 5 {
			w := dbtest.Seed(t, s)
			deliveries := make([]chat.Delivery, 2)
			id := "SM" + string(w.Workspace)

			for i := range deliveries {
				_, deliveries[i] = sendNow(t, s, w, w.SMS.ID, clock.forward(evidenceHold))
				leadToReview(t, s, w, &deliveries[i], clock.now)
			}

			var all sync.WaitGroup

			errs := make([]error, len(deliveries))

			for i := range deliveries {
				all.Go(func() {
					report := newCallback(&deliveries[i], id, chat.StatusSent)
					report.Provider = chat.ProviderTwilio
					report.Key = string(deliveries[i].ID)
					_, errs[i] = s.RecordReport(t.Context(), report, clock.now)
				})
			}

			all.Wait()

			accepted := 0

			for i := range deliveries {
				require.NoError(t, errs[i])

				d, err := s.FindDelivery(t.Context(), w.Workspace, deliveries[i].ID)
				require.NoError(t, err)

				if d.Submission == chat.SubmissionAccepted {
					accepted++

					assert.Equal(t, id, d.ProviderMessageID)
				}
			}

			assert.Equal(t, 1, accepted)
		}
	})
}

// TestWhatTheProviderDoesNotKnowIsNotCalledArrived has a provider accept a message and not know it
// when it is asked.
func TestWhatTheProviderDoesNotKnowIsNotCalledArrived(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		_, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		acceptDelivery(t, s, w, &d, "SM1", clock.now)

		in := unconfirmed(w.Workspace, d.ID)
		in.NotShown = true
		after, err := s.MarkUnconfirmed(t.Context(), in, clock.now)
		require.NoError(t, err)
		assert.Equal(t, chat.StatusUnconfirmed, after.DeliveryStatus)
		assert.Equal(t, chat.ErrorNotShown, after.ErrorCode)
		assert.NotContains(t, after.Explain(), "most likely arrived")
	})
}

func TestOrphans(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		r := reporter{t, s, clock}
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		early := newCallback(&d, "SM1", chat.StatusDelivered)
		early.DeliveryID, early.Fence = "", 0
		assert.Equal(t, chat.Reported{}, r.report(early))
		assert.Equal(t, chat.Reported{Repeated: true}, r.report(early))
		acceptDelivery(t, s, w, &d, "SM1", clock.now)
		after, _, _, _ := readStanding(t, s, w, &sent)
		require.Len(t, after.Events, 1, "adopted")
		assert.Equal(t, "accepted", after.Status())

		reported := r.report(early)
		assert.Equal(
			t,
			[]any{false, true, "delivered"},
			[]any{reported.Repeated, reported.Changed, reported.Snapshot.Status},
			"reported again, it has its effect",
		)

		assert.True(t, r.report(early).Repeated)
	})
}

func TestLateFailure(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		r := reporter{t, s, clock}
		addMessage(t, s, w, w.SMS.ID, "one")
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		acceptDelivery(t, s, w, &d, "SM1", clock.now)
		assert.True(t, r.report(newCallback(&d, "SM1", chat.StatusUndelivered)).Changed)
		assert.False(t, r.report(newCallback(&d, "SM1", chat.StatusFailed)).Changed, "the same rank")
		after, action, message, c := readStanding(t, s, w, &sent)
		assert.Equal(
			t,
			[]string{"undelivered", "twilio_30003", "the phone was off"},
			[]string{after.Status(), after.ErrorCode, after.ErrorMessage},
		)

		assert.Equal(t, []any{chat.ActionSucceeded, chat.MessageNotSent}, []any{action.State, message.State})
		assert.Equal(t, []any{true, int64(2), int64(1)}, []any{c.NeedsResponse, c.Attention, c.Answered})

		assert.Equal(
			t,
			"A message was not delivered: Twilio reports it as undelivered (twilio_30003).",
			c.AttentionReason,
		)

		addMessage(t, s, w, w.SMS.ID, "two")
		_, _, _, c = readStanding(t, s, w, &sent)
		assert.Empty(t, c.AttentionReason, "a message that came in")

		sent, d = sendNow(t, s, w, w.Email.ID, clock.now)
		dropped := newCallback(&d, "sg1", chat.StatusBounced)
		dropped.Provider = chat.ProviderSendGrid
		dropped.Suppress = chat.SuppressedBounce
		dropped.ErrorCode = "sendgrid_dropped"
		assert.True(t, r.report(dropped).Changed)
		after, _, message, c = readStanding(t, s, w, &sent)
		assert.Equal(t, []any{chat.SubmissionAccepted, "bounced", chat.MessageNotSent, true},
			[]any{after.Submission, after.Status(), message.State, c.NeedsResponse}, "accepted and lost in one report")

		list, err := s.Suppressions(t.Context(), w.Workspace, chat.SuppressionFilter{Page: pageOfTen()})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)

		assert.Equal(t, []any{chat.SuppressedBounce, w.Inbox.Scope(), "ana@example.com"},
			[]any{list.Items[0].Reason, list.Items[0].Sender, list.Items[0].Address})

		offered, err := s.Delivery(t.Context(), w.Workspace, d.ID)
		require.NoError(t, err)
		assert.Contains(t, offered.Commands(), chat.VerdictRetry, "to another address")
		assert.Equal(t, []string{chat.NeedChange}, offered.RetryNeeds())
		assert.Contains(t, offered.Explain(), chat.ReasonBounced)
		assert.NotContains(t, offered.Explain(), "opted out", "nobody has")

		_, err = s.PrepareSend(t.Context(), w.Send(w.Email.ID, "hi"), dbtest.SendIDs(), dbtest.PlanText("hi"))
		requireCode(t, chat.CodeRecipientOptedOut, err)
		require.NoError(t, s.LiftSuppression(t.Context(), w.Workspace, w.By, chat.SuppressionLift{ID: list.Items[0].ID}, clock.now))

		requireCode(
			t,
			chat.CodeSuppressionNotFound,
			s.LiftSuppression(t.Context(), w.Workspace, w.By, chat.SuppressionLift{ID: list.Items[0].ID}, clock.now),
		)

		assert.True(t, r.report(dropped).Repeated, "a report that is played again")
		list, err = s.Suppressions(t.Context(), w.Workspace, chat.SuppressionFilter{Page: pageOfTen()})
		require.NoError(t, err)
		assert.Empty(t, list.Items)
		assert.Equal(t, "suppression.lifted", auditVerbs(t, s, w.Workspace)[0])
	})
}

func TestUnconfirmed(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		unconfirmed := func() string {
			after, err := s.MarkUnconfirmed(t.Context(), unconfirmed(w.Workspace, d.ID), clock.now)
			require.NoError(t, err)

			return after.Status()
		}

		assert.Equal(t, "sending", unconfirmed(), "not accepted")
		acceptDelivery(t, s, w, &d, "SM1", clock.now)

		for range 2 {
			assert.Equal(t, "unconfirmed", unconfirmed())
		}

		after, err := s.FindDelivery(t.Context(), w.Workspace, d.ID)
		require.NoError(t, err)
		assert.Equal(t, chat.ErrorUnconfirmed, after.ErrorCode)
		reported := reporter{t, s, clock}.report(newCallback(&d, "SM1", chat.StatusDelivered))
		assert.Equal(
			t,
			[]string{"delivered", ""},
			[]string{reported.Snapshot.Status, reported.Snapshot.ErrorCode},
			"a late word still counts",
		)

		assert.Equal(t, "delivered", unconfirmed())
		_, _, message, _ := readStanding(t, s, w, &sent)
		assert.Equal(t, chat.MessageSent, message.State)
	})
}

func TestDeferredSaysWhy(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		r := reporter{t, s, clock}
		_, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		acceptDelivery(t, s, w, &d, "SM1", clock.now)
		deferred := newCallback(&d, "SM1", chat.StatusDeferred)
		deferred.ErrorCode = "sendgrid_451"
		assert.Equal(t, "sendgrid_451", r.report(deferred).Snapshot.ErrorCode)
		assert.Empty(t, r.report(newCallback(&d, "SM1", chat.StatusDelivered)).Snapshot.ErrorCode)
	})
}
