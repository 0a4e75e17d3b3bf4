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

// prepareInAnotherChat prepares a send in a new chat with the same customer.
func prepareInAnotherChat(t *testing.T, s *db.Store, w *dbtest.World) chat.AssistantMessageSent {
	t.Helper()

	c, err := s.CreateChat(t.Context(), w.Workspace, w.By, chat.NewChat{
		Channel:           chat.ChannelSMS,
		MemberID:          w.Customer.ID,
		AssistantMemberID: &w.Assistant.ID,
		PhoneNumberID:     &w.PhoneNumber.ID,
	})
	require.NoError(t, err)

	return w.Prepare(t, s, c.ID, "in another chat")
}

// writeAsCustomer has the customer write in the chat, and returns the message.
func writeAsCustomer(t *testing.T, s *db.Store, w *dbtest.World, text string, now time.Time) chat.Message {
	t.Helper()

	receiveInbound(t, s, newText(w.Customer.Phone, text), now)

	newest := messagesOf(t, s, w, w.SMS.ID)[0]
	require.Equal(t, text, newest.Content)

	return newest
}

// prepareIf prepares a send that must not leave once the customer has written after a message.
func prepareIf(
	t *testing.T,
	s *db.Store,
	w *dbtest.World,
	last chat.MessageID,
) (chat.AssistantMessageSent, error) {
	t.Helper()

	in := w.Send(w.SMS.ID, "an answer")
	in.IfLastMessage = last

	return s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("an answer"))
}

func TestASendIsRefusedOnceTheChatHasMovedOn(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		asked := writeAsCustomer(t, s, w, "where is it?", clock.now)
		sent, err := prepareIf(t, s, w, asked.ID)
		require.NoError(t, err)

		_, err = prepareIf(t, s, w, sent.MessageID)
		require.NoError(t, err, "an assistant's message may be the last one too")

		_, err = prepareIf(t, s, w, "0199aaaa-0000-7000-8000-0000000000aa")
		requireCode(t, chat.CodeInvalidRequest, err)
		assert.Equal(t, "if_last_message", chat.AsError(err).Fields[0].Field)

		written := chat.NewMessage{MemberID: w.Customer.ID, Content: "x"}
		other, err := s.AddMessage(t.Context(), w.Workspace, w.Email.ID, written)
		require.NoError(t, err)
		_, err = prepareIf(t, s, w, other.ID)
		requireCode(t, chat.CodeInvalidRequest, err)

		found := writeAsCustomer(t, s, w, "never mind, it is here", clock.forward(time.Second))
		before := len(messagesOf(t, s, w, w.SMS.ID))

		for _, stale := range []chat.MessageID{asked.ID, sent.MessageID} {
			_, err = prepareIf(t, s, w, stale)
			requireCode(t, chat.CodeChatMovedOn, err)
		}

		assert.Len(t, messagesOf(t, s, w, w.SMS.ID), before, "a refused send leaves nothing behind")

		_, err = prepareIf(t, s, w, found.ID)
		require.NoError(t, err)
	})
}

func TestWhatAMachineWritesDoesNotMoveAChatOn(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		asked := writeAsCustomer(t, s, w, "where is it?", clock.now)

		away := newText(w.Customer.Phone, "I am away until Monday")
		away.Automatic = chat.AutomaticReason("auto_submitted")
		receiveInbound(t, s, away, clock.forward(time.Second))

		_, err := prepareIf(t, s, w, asked.ID)
		require.NoError(t, err)
	})
}

func TestASendIsHeldOnceTheChatHasMovedOn(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		asked := writeAsCustomer(t, s, w, "where is it?", clock.now)
		kept, err := prepareIf(t, s, w, asked.ID)
		require.NoError(t, err)
		dropped, err := prepareIf(t, s, w, asked.ID)
		require.NoError(t, err)
		writeAsCustomer(t, s, w, "never mind", clock.forward(time.Second))

		for _, sent := range []chat.AssistantMessageSent{kept, dropped} {
			claim, err := s.Claim(t.Context(), w.Workspace, sent.DeliveryID, clock.now, time.Minute)
			require.NoError(t, err)
			assert.False(t, claim.Granted)

			d, action, message, _ := readStanding(t, s, w, &sent)
			assert.Equal(
				t,
				[]any{chat.SubmissionPending, chat.ErrorChatMovedOn, chat.ActionParked, chat.MessagePending},
				[]any{d.Submission, d.ErrorCode, action.State, message.State},
			)
			assert.Equal(t, chat.WaitingPerson, d.Standing().WaitingFor)
			assert.ElementsMatch(t, []chat.Verdict{chat.VerdictRetry, chat.VerdictCancel}, d.Commands())
		}

		counts, err := s.CountRetryCandidates(t.Context(), w.Workspace, chat.DeliveryFilter{})
		require.NoError(t, err)
		assert.Empty(t, counts, "nobody decides about these in bulk")

		canceled := chat.Decision{Verdict: chat.VerdictCancel, By: w.By}
		_, _, err = s.Decide(t.Context(), w.Workspace, dropped.DeliveryID, canceled)
		require.NoError(t, err)

		require.NoError(t, errorOf(prepareRetry(t, s, w.Retry(kept.DeliveryID, chat.Change{}))))
		writeAsCustomer(t, s, w, "really", clock.forward(time.Second))
		assert.Equal(t, int64(1), w.Claim(t, s, kept.DeliveryID, clock.now).Fence, "a retry sends it all the same")
	})
}

func TestTheFirstClaimHoldsWhatTheChatHasLeftBehind(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		writeAsCustomer(t, s, w, "hello", clock.now)

		in := w.Send(w.SMS.ID, "an answer")
		in.IfLastMessage = writeAsCustomer(t, s, w, "where is it?", clock.forward(time.Second)).ID

		// The facts are those from before the customer has written.
		plan := func(f *chat.SendFacts) (chat.SendPlan, error) {
			planned, err := dbtest.PlanText("an answer")(f)
			f.Seen.Number--

			return planned, err
		}

		sent, claim, err := s.PrepareAndClaim(t.Context(), in, dbtest.SendIDs(), plan, clock.now, time.Minute)
		require.NoError(t, err)
		assert.False(t, claim.Granted)

		refused, err := s.Claim(t.Context(), w.Workspace, sent.DeliveryID, clock.now, time.Minute)
		require.NoError(t, err)
		assert.Equal(t, chat.ErrorChatMovedOn, refused.Delivery.ErrorCode)
	})
}

// sendAs prepares a send of an author.
func sendAs(t *testing.T, s *db.Store, w *dbtest.World, author chat.AuthorKind) (chat.AssistantMessageSent, error) {
	t.Helper()

	in := w.Send(w.SMS.ID, "hello")
	in.Author = author

	return s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hello"))
}

func TestTheAssistantIsSilentWhileAPersonHasTheChat(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		waiting, err := sendAs(t, s, w, chat.AuthorAssistant)
		require.NoError(t, err)

		for range 2 {
			taken, err := s.TakeOverChat(t.Context(), w.Workspace, w.By, w.SMS.ID)
			require.NoError(t, err)
			require.NotNil(t, taken.Takeover)
			assert.Equal(t, w.By.MemberID, taken.Takeover.By)
		}

		assert.Equal(t, "chat.taken_over", auditVerbs(t, s, w.Workspace)[0])
		assert.NotEqual(t, "chat.taken_over", auditVerbs(t, s, w.Workspace)[1], "once")

		for _, author := range []chat.AuthorKind{"", chat.AuthorAssistant} {
			_, err = sendAs(t, s, w, author)
			requireCode(t, chat.CodeTakenOver, err)
		}

		claim, err := s.Claim(t.Context(), w.Workspace, waiting.DeliveryID, clock.now, time.Minute)
		require.NoError(t, err)
		assert.Equal(t, chat.ErrorTakenOver, claim.Delivery.ErrorCode)

		person, err := sendAs(t, s, w, chat.AuthorPerson)
		require.NoError(t, err)
		d := w.Claim(t, s, person.DeliveryID, clock.now)
		assert.Equal(t, chat.AuthorPerson, d.Author)
		assert.Equal(t, w.By.MemberID, messagesOf(t, s, w, w.SMS.ID)[0].WrittenBy, "the message names who has written it")
		acceptDelivery(t, s, w, &d, "SM1", clock.now)

		for range 2 {
			released, err := s.ReleaseChat(t.Context(), w.Workspace, w.By, w.SMS.ID)
			require.NoError(t, err)
			assert.Nil(t, released.Takeover)
		}

		assert.Equal(t, "chat.released", auditVerbs(t, s, w.Workspace)[0])

		held, _, _, _ := readStanding(t, s, w, &waiting)
		assert.Equal(t, chat.ErrorTakenOver, held.ErrorCode, "it may be out of date, and goes on waiting")
		require.NoError(t, errorOf(sendAs(t, s, w, chat.AuthorAssistant)))
	})
}

// retryInTakenOver retries an ended send of the assistant in a chat that a person has taken over since, and returns
// the new delivery after its first claim.
func retryInTakenOver(t *testing.T, s *db.Store, isBulk bool) chat.Delivery {
	t.Helper()

	w, clock := dbtest.Seed(t, s), newClock()
	_, d := sendNow(t, s, w, w.SMS.ID, clock.now)
	recordSubmission(t, s, w, &d, chat.Submission{Outcome: chat.OutcomeRejected}, clock.now)

	_, err := s.TakeOverChat(t.Context(), w.Workspace, w.By, w.SMS.ID)
	require.NoError(t, err)

	in := w.Retry(d.ID, chat.Change{})
	if isBulk {
		in.BulkRetryID = beginTrial(t, s, w, chat.DeliveryFilter{Status: "rejected"}).run.ID
		in.BulkNumber = 1
	}

	retried, err := prepareRetry(t, s, in)
	require.NoError(t, err)

	claim, err := s.Claim(t.Context(), w.Workspace, retried.DeliveryID, clock.now, time.Minute)
	require.NoError(t, err)

	return claim.Delivery
}

// TestARetryOfAnEndedSendLeavesDespiteATakeover: who retries one send has decided about it, and need not retry twice.
func TestARetryOfAnEndedSendLeavesDespiteATakeover(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		d := retryInTakenOver(t, s, false)
		assert.Equal(t, chat.SubmissionSending, d.Submission, d.ErrorCode)
	})
}

func TestABulkRetryHeedsATakeover(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		assert.Equal(t, chat.ErrorTakenOver, retryInTakenOver(t, s, true).ErrorCode)
	})
}

func TestAPersonsSendTakesTheChatOver(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		require.NoError(t, errorOf(sendAs(t, s, w, chat.AuthorPerson)))
		require.NoError(t, errorOf(sendAs(t, s, w, chat.AuthorPerson)))

		c, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		require.NotNil(t, c.Takeover)
		assert.Equal(t, w.By.MemberID, c.Takeover.By)

		taken := 0

		for _, verb := range auditVerbs(t, s, w.Workspace) {
			if verb == "chat.taken_over" {
				taken++
			}
		}

		assert.Equal(t, 1, taken)

		_, err = sendAs(t, s, w, chat.AuthorAssistant)
		requireCode(t, chat.CodeTakenOver, err)
	})
}

// TestAWorkspaceMayHaveTheAssistantsSendsHeld: where a person has the chat, they are drafts of which that person decides.
func TestAWorkspaceMayHaveTheAssistantsSendsHeld(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		require.NoError(t, errorOf(s.UpdateWorkspaceDefaults(t.Context(), w.Workspace, w.By, chat.WorkspaceDefaults{
			WhenTakenOver: chat.TakeoverHolds,
		})))
		require.NoError(t, errorOf(s.TakeOverChat(t.Context(), w.Workspace, w.By, w.SMS.ID)))

		held := sayAs(t, s, w, chat.AuthorAssistant, clock)
		require.Equal(t, chat.ErrorTakenOver, held.ErrorCode)

		require.NoError(t, errorOf(s.ReleaseChat(t.Context(), w.Workspace, w.By, w.SMS.ID)))

		d, err := s.Delivery(t.Context(), w.Workspace, held.ID)
		require.NoError(t, err)
		assert.Equal(t, chat.WaitingPerson, d.Standing().WaitingFor, "it may be out of date")
		assert.ElementsMatch(t, []chat.Verdict{chat.VerdictRetry, chat.VerdictCancel}, d.Commands())

		require.NoError(t, errorOf(prepareRetry(t, s, w.Retry(held.ID, chat.Change{}))))
		w.Claim(t, s, held.ID, clock.now)
	})
}

func TestSendsLeaveInTheOrderInWhichTheyWereAccepted(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		var sends []chat.AssistantMessageSent

		for _, text := range []string{"one", "two", "three"} {
			sends = append(sends, w.Prepare(t, s, w.SMS.ID, text))
		}

		d := w.Claim(t, s, sends[0].DeliveryID, clock.now)
		recordSubmission(t, s, w, &d, chat.Submission{
			Outcome:    chat.OutcomeNotProcessed,
			ErrorCode:  "twilio_20429",
			RetryAfter: 10 * time.Minute,
		}, clock.now)

		_, claim, err := s.PrepareAndClaim(t.Context(), w.Send(w.SMS.ID, "four"), dbtest.SendIDs(),
			dbtest.PlanText("four"), clock.now, time.Minute)
		require.NoError(t, err)
		assert.False(t, claim.Granted, "its first claim does not pass the others either")

		for _, later := range sends[1:] {
			claim, err := s.Claim(t.Context(), w.Workspace, later.DeliveryID, clock.now, time.Minute)
			require.NoError(t, err)
			assert.Equal(t, chat.ErrorOlderFirst, claim.Delivery.ErrorCode)
			assert.Equal(t, clock.now.Add(time.Minute), claim.WaitUntil.UTC(), "it looks again, as the older one may end")
			assert.Contains(t, claim.Delivery.Explain(), string(sends[0].DeliveryID))
			assert.Equal(t, chat.WaitingAddress, claim.Delivery.Standing().WaitingFor)
		}

		clock.forward(11 * time.Minute)

		for i := range sends {
			for _, later := range sends[i+1:] {
				claim, err := s.Claim(t.Context(), w.Workspace, later.DeliveryID, clock.now, time.Minute)
				require.NoError(t, err)
				assert.False(t, claim.Granted)
			}

			d := w.Claim(t, s, sends[i].DeliveryID, clock.now)
			acceptDelivery(t, s, w, &d, "SM"+sends[i].Content, clock.now)
		}
	})
}

// passing brings a delivery that is being sent somewhere.
type passing func(t *testing.T, s *db.Store, w *dbtest.World, d *chat.Delivery, now time.Time)

// passable lead the older delivery to where nothing tries it soon, so that newer ones may leave.
var passable = map[string]passing{
	"it waits for a review": leadToReview,
	"it was given up": func(t *testing.T, s *db.Store, w *dbtest.World, d *chat.Delivery, now time.Time) {
		t.Helper()
		recordSubmission(t, s, w, d, chat.Submission{Outcome: chat.OutcomeNotProcessed}, now)
		require.NoError(t, errorOf(s.MarkExhausted(t.Context(), w.Workspace, d.ID, now)))
	},
	"it is blocked": func(t *testing.T, s *db.Store, w *dbtest.World, d *chat.Delivery, now time.Time) {
		t.Helper()
		recordSubmission(t, s, w, d, chat.Submission{Outcome: chat.OutcomeBlocked, RecipientScoped: true}, now)
	},
	"a person has released it": func(t *testing.T, s *db.Store, w *dbtest.World, d *chat.Delivery, now time.Time) {
		t.Helper()
		leadToReview(t, s, w, d, now)
		require.NoError(t, errorOf(prepareRetry(t, s, w.Retry(d.ID, chat.Change{}))))
	},
	"it was accepted": func(t *testing.T, s *db.Store, w *dbtest.World, d *chat.Delivery, now time.Time) {
		t.Helper()
		acceptDelivery(t, s, w, d, "SM1", now)
	},
}

func TestWhatNobodyTriesByItselfMayBePassed(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		for _, name := range sortedKeys(passable) {
			t.Run(name, func(t *testing.T) {
				w, clock := dbtest.Seed(t, s), newClock()
				older := w.Prepare(t, s, w.SMS.ID, "older "+name)
				newer := w.Prepare(t, s, w.SMS.ID, "newer "+name)
				d := w.Claim(t, s, older.DeliveryID, clock.now)
				passable[name](t, s, w, &d, clock.now)
				w.Claim(t, s, newer.DeliveryID, clock.now)
			})
		}

		t.Run("it waits for its tools", func(t *testing.T) {
			w, clock := dbtest.Seed(t, s), newClock()
			w.Prepare(t, s, w.SMS.ID, "older", chat.ToolCall{ID: "1", Name: chat.ToolSetTitle})
			w.Claim(t, s, w.Prepare(t, s, w.SMS.ID, "newer").DeliveryID, clock.now)
		})
	})
}

func TestARetryHasNoTurn(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		_, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		recordSubmission(t, s, w, &d, chat.Submission{Outcome: chat.OutcomeRejected}, clock.now)

		waiting := w.Prepare(t, s, w.SMS.ID, "waits")
		retried, err := prepareRetry(t, s, w.Retry(d.ID, chat.Change{}))
		require.NoError(t, err)
		again := w.Claim(t, s, retried.DeliveryID, clock.now)
		acceptDelivery(t, s, w, &again, "SM1", clock.now)
		w.Claim(t, s, waiting.DeliveryID, clock.now)
	})
}

func TestWhatWaitsForASenderIsFoundWhenItWorks(t *testing.T) {
	t.Parallel()

	answers := map[string]chat.Submission{
		"accepted":             {Outcome: chat.OutcomeAccepted, ProviderMessageID: "SM-probe"},
		"this recipient alone": {Outcome: chat.OutcomeBlocked, RecipientScoped: true},
		"rejected":             {Outcome: chat.OutcomeRejected},
	}

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		for _, name := range sortedKeys(answers) {
			t.Run(name, func(t *testing.T) {
				w, clock := dbtest.Seed(t, s), newClock()
				opener, waiting := sendTo(t, s, w, "+1"), sendTo(t, s, w, "+2")
				probe := sendTo(t, s, w, "+3")
				d := w.Claim(t, s, opener.DeliveryID, clock.now)
				refuseAccount(t, s, w, &d, clock.now)

				claim, err := s.Claim(t.Context(), w.Workspace, waiting.DeliveryID, clock.now, time.Minute)
				require.NoError(t, err)
				assert.Contains(t, claim.Delivery.Explain(), "refuses every message")

				waiters, err := s.SenderWaiters(t.Context(), w.Workspace, d.Sender, 10)
				require.NoError(t, err)
				assert.Empty(t, waiters, "nothing is woken while the account refuses everything")

				said := answers[name]
				if said.ProviderMessageID != "" {
					said.ProviderMessageID += string(probe.DeliveryID)
				}

				d = w.Claim(t, s, probe.DeliveryID, clock.forward(5*time.Minute))
				recorded := recordSubmission(t, s, w, &d, said, clock.now)
				assert.True(t, recorded.SenderWorks)

				waiters, err = s.SenderWaiters(t.Context(), w.Workspace, d.Sender, 10)
				require.NoError(t, err)
				require.Len(t, waiters, 2, "all but the probe itself")
				assert.Equal(t, opener.DeliveryID, waiters[0].DeliveryID)
				assert.Equal(t, chat.ActionWorkflowID(w.Workspace, waiting.ActionID), waiters[1].WorkflowID)

				freed, _, _, _ := readStanding(t, s, w, &waiting)
				assert.Contains(t, freed.Explain(), "takes messages of this sender again")
			})
		}
	})
}

// TestSendsLeaveInTheOrderOfTheirAcceptance: two requests were answered with 202 one after the other, and a worker came
// to the later one first, which left first.
func TestSendsLeaveInTheOrderOfTheirAcceptance(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()

		prepare := func(text string, accepted time.Time) chat.AssistantMessageSent {
			in := w.Send(w.SMS.ID, text)
			in.AcceptedAt = accepted

			sent, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText(text))
			require.NoError(t, err)

			return sent
		}

		second := prepare("second", clock.now.Add(time.Millisecond))
		first := prepare("first", clock.now)

		claim, err := s.Claim(t.Context(), w.Workspace, second.DeliveryID, clock.now, time.Minute)
		require.NoError(t, err)
		assert.Equal(t, chat.ErrorOlderFirst, claim.Delivery.ErrorCode)

		d := w.Claim(t, s, first.DeliveryID, clock.now)
		recordSubmission(t, s, w, &d, chat.Submission{Outcome: chat.OutcomeAccepted}, clock.now)

		w.Claim(t, s, second.DeliveryID, clock.forward(time.Minute))
	})
}
