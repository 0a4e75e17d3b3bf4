package db_test

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func TestPrepareSend(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		addMessage(t, s, w, w.SMS.ID, "hello")

		in := w.Send(
			w.SMS.ID,
			"hi",
			chat.ToolCall{ID: "call_1", Name: chat.ToolAddLabel, Arguments: json.RawMessage(`{"label":"vip"}`)},
		)

		in.IdempotencyKey, in.Watermark = "key-1", 1
		ids := dbtest.SendIDs()
		sent, err := s.PrepareSend(t.Context(), in, ids, func(f *chat.SendFacts) (chat.SendPlan, error) {
			assert.Equal(t, w.Assistant, *f.Assistant)
			assert.Equal(t, w.Customer, *f.Recipient)
			assert.Equal(t, w.PhoneNumber, *f.PhoneNumber)
			assert.Nil(t, f.Inbox)
			assert.False(t, f.Suppressed)
			assert.Equal(t, []chat.Label{w.Billing, w.VIP}, f.Labels)
			assert.Equal(t, int64(1), f.Chat.Attention)

			return dbtest.PlanText("hi")(f)
		})
		require.NoError(t, err)
		assert.Equal(t, ids.MessageID, sent.MessageID)
		assert.Equal(t, ids.DeliveryID, sent.DeliveryID)
		assert.Len(t, sent.ToolCalls, 1)
		assert.Equal(t, "pending", sent.Status)

		again, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), func(*chat.SendFacts) (chat.SendPlan, error) {
			return chat.SendPlan{}, errors.New("a repetition plans nothing")
		})
		require.NoError(t, err)
		assert.Equal(t, sent, again)
		now, err := s.SentMessage(t.Context(), w.Workspace, in.ActionID)
		require.NoError(t, err)
		assert.Equal(t, sent, now)

		d, err := s.Delivery(t.Context(), w.Workspace, sent.DeliveryID)
		require.NoError(t, err)
		assert.Equal(t, "send:"+string(sent.MessageID), d.PurposeKey)

		assert.Equal(
			t,
			[]string{"+14155550100", "+14155550123", w.PhoneNumber.Scope()},
			[]string{d.From, d.To, d.Sender},
		)

		assert.Equal(t, chat.Payload{Text: "hi", Segments: 1}, d.Payload)
		assert.Equal(t, int64(1), d.Watermark)
		action, err := s.Action(t.Context(), w.Workspace, in.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ActionRunning, action.State)
		assert.Equal(t, sent.DeliveryID, action.DeliveryID)
		assert.Equal(t, in.Fingerprint, action.Fingerprint)
		assert.Equal(t, "key-1", action.IdempotencyKey)
		assert.Equal(t, in.WorkflowID(), action.WorkflowID)
		assert.Equal(t, "message.sent_as_assistant", auditVerbs(t, s, w.Workspace)[0])
	})
}

func TestPrepareSendRefused(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		in := w.Send(w.SMS.ID, "hi")
		in.IdempotencyKey = "key-1"
		_, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), func(*chat.SendFacts) (chat.SendPlan, error) {
			return chat.SendPlan{}, chat.Errorf(chat.CodeNoPhone, "no phone")
		})

		requireCode(t, chat.CodeNoPhone, err)
		_, err = s.Action(t.Context(), w.Workspace, in.ActionID)
		requireCode(t, chat.CodeActionNotFound, err)

		_, err = s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
		require.NoError(t, err, "the key is still free")

		other := in
		other.Fingerprint = chat.Fingerprint{"message": "another"}
		_, err = s.PrepareSend(t.Context(), other, dbtest.SendIDs(), dbtest.PlanText("hi"))
		requireCode(t, chat.CodeIdempotencyKeyReused, err)
		assert.Equal(t, "message", chat.AsError(err).Fields[0].Field)

		other = w.Send(w.Email.ID, "hi")
		other.IdempotencyKey = "key-1"
		_, err = s.PrepareSend(t.Context(), other, dbtest.SendIDs(), dbtest.PlanText("hi"))
		requireCode(t, chat.CodeIdempotencyKeyReused, err)
	})
}

func TestPrepareSendTwiceAtOnce(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		in := w.Send(w.SMS.ID, "hi")
		var all sync.WaitGroup

		answers, errs := make([]chat.AssistantMessageSent, 8), make([]error, 8)
		for i := range answers {
			all.Go(func() {
				answers[i], errs[i] = s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
			})
		}

		all.Wait()

		for i := range answers {
			require.NoError(t, errs[i])
			assert.Equal(t, answers[0], answers[i])
		}

		list, err := s.Deliveries(t.Context(), w.Workspace, chat.DeliveryFilter{Page: pageOfTen()})
		require.NoError(t, err)
		assert.Len(t, list.Items, 1)
	})
}

func TestSendFacts(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		refused := func(id chat.ChatID) chat.Code {
			_, err := s.PrepareSend(t.Context(), w.Send(id, "hi"), dbtest.SendIDs(), dbtest.PlanText("hi"))
			return chat.CodeOf(err)
		}

		sent := w.Prepare(t, s, w.SMS.ID, "hi")
		d := w.Claim(t, s, sent.DeliveryID, time.Now())
		_, err := s.RecordSubmission(
			t.Context(),
			w.Workspace,
			d.ID,
			d.Fence,
			chat.Submission{Outcome: chat.OutcomeSuppressed},
			time.Now(),
		)
		require.NoError(t, err)
		assert.Equal(t, chat.CodeRecipientOptedOut, refused(w.SMS.ID), "the provider said so")
		assert.Empty(t, refused(w.Email.ID), "by SMS only")

		people, err := s.Participants(t.Context(), w.Workspace, w.Email.ID)
		require.NoError(t, err)
		_, err = s.UpdateParticipant(t.Context(), w.Workspace, w.By, w.Email.ID, people[2].ID, chat.ParticipantOwner)
		require.NoError(t, err)
		require.NoError(t, s.RemoveParticipant(t.Context(), w.Workspace, w.By, w.Email.ID, people[0].ID))
		assert.Equal(t, chat.CodeParticipantNotFound, refused(w.Email.ID))
		require.NoError(t, s.RemoveParticipant(t.Context(), w.Workspace, w.By, w.Email.ID, people[1].ID))
		assert.Equal(t, chat.CodeAssistantNotFound, refused(w.Email.ID))
	})
}

func TestEmailThread(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		send := func(messageID, subject string) chat.SendFacts {
			var facts chat.SendFacts
			_, err := s.PrepareSend(
				t.Context(),
				w.Send(w.Email.ID, "hi"),
				dbtest.SendIDs(),
				func(f *chat.SendFacts) (chat.SendPlan, error) {
					facts = *f
					plan, err := f.Plan("hi")
					plan.Payload = chat.Payload{
						Text:    "hi",
						Subject: subject,
						Headers: map[string]string{"Message-ID": messageID},
					}

					return plan, err
				},
			)
			require.NoError(t, err)

			return facts
		}

		first := send("<1@example.com>", "Invoice 7")
		assert.Empty(t, first.FirstSubject)
		assert.Equal(t, w.Inbox, *first.Inbox)
		reply := addMessage(t, s, w, w.Email.ID, "thanks")
		_, err := s.Bun().
			NewRaw("UPDATE messages SET email_message_id = '<in@example.com>' WHERE number = ?", reply.Number).
			Exec(t.Context())

		require.NoError(t, err)
		send("<2@example.com>", "Re: Invoice 7")
		third := send("<3@example.com>", "Re: Invoice 7")
		assert.Equal(t, "Invoice 7", third.FirstSubject)
		assert.Equal(t, "<in@example.com>", third.LastInboundID)
		assert.Equal(t, []string{"<1@example.com>", "<in@example.com>", "<2@example.com>"}, third.References)
	})
}
