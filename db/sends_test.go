package db_test

import (
	"context"
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
		in := w.Send(w.SMS.ID, "hi", chat.ToolCall{ID: "call_1", Name: chat.ToolAddLabel, Arguments: json.RawMessage(`{"label":"vip"}`)})
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
		assert.Equal(t, 1, sent.ToolCallCount)
		assert.Equal(t, "pending", sent.Status)

		again, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), func(*chat.SendFacts) (chat.SendPlan, error) {
			return chat.SendPlan{}, errors.New("a repetition plans nothing")
		})
		require.NoError(t, err)
		assert.Equal(t, sent, again)
		now, err := s.SentMessage(t.Context(), w.Workspace, in.ActionID)
		require.NoError(t, err)
		assert.Equal(t, sent.AssistantMessageSent, now)

		d, err := s.Delivery(t.Context(), w.Workspace, sent.DeliveryID)
		require.NoError(t, err)
		assert.Equal(t, "send:"+string(sent.MessageID), d.PurposeKey)
		assert.Equal(t, []string{"+14155550100", "+14155550123", w.PhoneNumber.Scope()}, []string{d.From, d.To, d.Sender})
		assert.Equal(t, chat.Payload{Text: "hi", Segments: 1}, d.Payload)
		assert.Equal(t, int64(1), d.Watermark)
		action, err := s.Action(t.Context(), w.Workspace, in.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ActionRunning, action.State)
		assert.Equal(t, sent.DeliveryID, action.DeliveryID)
		assert.Equal(t, in.Fingerprint, action.Fingerprint)
		assert.Equal(t, "key-1", action.IdempotencyKey)
		assert.Equal(t, "message.sent_as_assistant", audit(t, s, w.Workspace)[0])
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
		answers, errs := make([]chat.PreparedSend, 8), make([]error, 8)
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
		list, err := s.Deliveries(t.Context(), w.Workspace, chat.DeliveryFilter{Page: ten()})
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
		_, err := s.RecordSubmission(t.Context(), w.Workspace, d.ID, d.Fence, chat.Submission{Outcome: chat.OutcomeSuppressed}, time.Now())
		require.NoError(t, err)
		assert.Equal(t, chat.CodeRecipientOptedOut, refused(w.SMS.ID), "the carrier said so")
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
			_, err := s.PrepareSend(t.Context(), w.Send(w.Email.ID, "hi"), dbtest.SendIDs(), func(f *chat.SendFacts) (chat.SendPlan, error) {
				facts = *f
				plan, err := f.Plan("hi")
				plan.Payload = chat.Payload{Text: "hi", Subject: subject, Headers: map[string]string{"Message-ID": messageID}}
				return plan, err
			})
			require.NoError(t, err)
			return facts
		}
		first := send("<1@example.com>", "Invoice 7")
		assert.Empty(t, first.FirstSubject)
		assert.Equal(t, w.Inbox, *first.Inbox)
		reply := addMessage(t, s, w, w.Email.ID, "thanks")
		_, err := s.Bun().NewRaw("UPDATE messages SET email_message_id = '<in@example.com>' WHERE number = ?", reply.Number).Exec(t.Context())
		require.NoError(t, err)
		send("<2@example.com>", "Re: Invoice 7")
		third := send("<3@example.com>", "Re: Invoice 7")
		assert.Equal(t, "Invoice 7", third.FirstSubject)
		assert.Equal(t, "<in@example.com>", third.LastInboundID)
		assert.Equal(t, []string{"<1@example.com>", "<in@example.com>", "<2@example.com>"}, third.References)
	})
}

func TestCompleteToolCall(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		in := w.Send(w.SMS.ID, "hi", chat.ToolCall{ID: "a", Name: "one"}, chat.ToolCall{ID: "b", Name: "two"})
		_, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
		require.NoError(t, err)
		run := func(index int, effect func(context.Context, chat.ChatEditor) error) (chat.ToolCall, error) {
			return s.CompleteToolCall(t.Context(), w.Workspace, in.ActionID, index, func(ctx context.Context, e chat.ChatEditor) (json.RawMessage, error) {
				return json.RawMessage(`{"done": true}`), effect(ctx, e)
			})
		}
		edit := func(ctx context.Context, e chat.ChatEditor) error {
			return errors.Join(e.AddLabel(ctx, "vip"), e.AddLabel(ctx, "VIP"), e.AddLabel(ctx, "billing"), e.RemoveLabel(ctx, "Billing"),
				e.RemoveLabel(ctx, "none"), e.SetTitle(ctx, "A title"), e.SetState(ctx, chat.StateWaiting), e.CallHuman(ctx, "angry"))
		}
		call, err := run(0, edit)
		require.NoError(t, err)
		assert.Equal(t, chat.ToolCall{
			ID: "a", Name: "one", Arguments: json.RawMessage(`{}`), State: chat.ToolCallSucceeded, Result: json.RawMessage(`{"done": true}`),
		}, call)
		c, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Equal(t, []any{"A title", chat.StateWaiting, true, int64(1)}, []any{c.Title, c.State, c.NeedsResponse, c.Attention})
		assert.Equal(t, []chat.Label{w.VIP}, c.Labels)

		again, err := run(0, func(context.Context, chat.ChatEditor) error { return errors.New("not run again") })
		require.NoError(t, err)
		assert.Equal(t, call, again)

		_, err = run(1, func(ctx context.Context, e chat.ChatEditor) error {
			return errors.Join(e.SetTitle(ctx, "Half done"), e.AddLabel(ctx, "no such"))
		})
		requireCode(t, chat.CodeLabelNotFound, err)
		c, err = s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Equal(t, "A title", c.Title, "an effect that failed is undone")
		now, err := s.SentMessage(t.Context(), w.Workspace, in.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ToolCallPending, now.ToolCalls[1].State)
		_, err = run(2, edit)
		requireCode(t, chat.CodeActionNotFound, err)
	})
}

func TestToolCallRunsOnceAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		in := w.Send(w.SMS.ID, "hi", chat.ToolCall{ID: "a", Name: "one"})
		_, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
		require.NoError(t, err)
		var all sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			all.Go(func() {
				_, errs[i] = s.CompleteToolCall(t.Context(), w.Workspace, in.ActionID, 0, func(ctx context.Context, e chat.ChatEditor) (json.RawMessage, error) {
					return nil, e.CallHuman(ctx, "once")
				})
			})
		}
		all.Wait()
		require.NoError(t, errors.Join(errs...))
		c, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Equal(t, int64(1), c.Attention)
	})
}

func TestFailSend(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		in := w.Send(w.SMS.ID, "hi", chat.ToolCall{ID: "a", Name: "one"}, chat.ToolCall{ID: "b", Name: "two"})
		prepared, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
		require.NoError(t, err)
		problem := chat.Errorf(chat.CodeToolCallFailed, "tool call 1 failed")
		failed, err := s.FailSend(t.Context(), w.Workspace, in.ActionID, 0, problem)
		require.NoError(t, err)
		assert.Equal(t, chat.SubmissionCanceled, failed.Submission)
		assert.Equal(t, chat.ErrorToolCallFailed, failed.ErrorCode)
		assert.Equal(t, chat.ToolCallFailed, failed.ToolCalls[0].State)
		assert.Equal(t, "tool call 1 failed", failed.ToolCalls[0].Error)
		assert.Equal(t, chat.ToolCallPending, failed.ToolCalls[1].State)
		again, err := s.FailSend(t.Context(), w.Workspace, in.ActionID, 1, problem)
		require.NoError(t, err)
		assert.Equal(t, failed, again)
		action, err := s.Action(t.Context(), w.Workspace, in.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ActionFailed, action.State)
		assert.Equal(t, chat.CodeToolCallFailed, action.Problem.Code)
		assert.Equal(t, string(prepared.DeliveryID), action.Problem.DeliveryID)
		list, err := s.Messages(t.Context(), w.Workspace, w.SMS.ID, chat.MessagePage{Page: ten()})
		require.NoError(t, err)
		assert.Equal(t, chat.MessageNotSent, list.Items[0].State)
		claim, err := s.Claim(t.Context(), w.Workspace, prepared.DeliveryID, time.Now(), time.Minute)
		require.NoError(t, err)
		assert.False(t, claim.Granted)

		sending := w.Prepare(t, s, w.Email.ID, "hi")
		w.Claim(t, s, sending.DeliveryID, time.Now())
		late, err := s.FailSend(t.Context(), w.Workspace, sending.ActionID, -1, problem)
		require.NoError(t, err)
		assert.Equal(t, chat.SubmissionSending, late.Submission, "the carrier may have it")
		_, err = s.FailSend(t.Context(), w.Workspace, "nothing", 0, problem)
		requireCode(t, chat.CodeActionNotFound, err)
	})
}

func TestAddParticipant(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other := dbtest.Seed(t, s), dbtest.Seed(t, s)
		m := w.Customer
		m.Name = "Ben Okri"
		ben, err := s.CreateMember(t.Context(), w.Workspace, w.By, m)
		require.NoError(t, err)
		in := chat.AddParticipant{
			Request:        w.Request(w.SMS.ID),
			NewParticipant: chat.NewParticipant{MemberID: ben.ID, Role: chat.ParticipantContributor},
		}
		added, err := s.AddParticipant(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, "Ben Okri added as contributor", added.Message)
		require.NoError(t, s.RemoveParticipant(t.Context(), w.Workspace, w.By, w.SMS.ID, added.ParticipantID))
		again, err := s.AddParticipant(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, added, again, "the stored answer")
		takes, err := s.TakesPart(t.Context(), w.Workspace, w.SMS.ID, ben.ID)
		require.NoError(t, err)
		assert.False(t, takes, "a repetition adds nobody")
		action, err := s.Action(t.Context(), w.Workspace, in.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ActionSucceeded, action.State)
		assert.Equal(t, added.ParticipantID, action.ParticipantID)
		assert.Equal(t, []string{"participant.removed", "participant.added"}, audit(t, s, w.Workspace)[:2])

		for name, test := range map[string]struct {
			change func(*chat.AddParticipant)
			code   chat.Code
		}{
			"there already":    {func(in *chat.AddParticipant) { in.MemberID = w.Customer.ID }, chat.CodeParticipantExists},
			"a foreign member": {func(in *chat.AddParticipant) { in.MemberID = other.Customer.ID }, chat.CodeMemberNotFound},
			"a foreign chat":   {func(in *chat.AddParticipant) { in.ChatID = other.SMS.ID }, chat.CodeChatNotFound},
			"no role":          {func(in *chat.AddParticipant) { in.Role = "king" }, chat.CodeInvalidRole},
		} {
			bad := in
			bad.Request = w.Request(w.SMS.ID)
			test.change(&bad)
			_, err := s.AddParticipant(t.Context(), bad)
			require.Equal(t, test.code, chat.CodeOf(err), name)
			_, err = s.Action(t.Context(), w.Workspace, bad.ActionID)
			requireCode(t, chat.CodeActionNotFound, err)
		}
	})
}

func TestAddParticipantTwiceAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ben, err := s.CreateMember(t.Context(), w.Workspace, w.By, w.Customer)
		require.NoError(t, err)
		in := chat.AddParticipant{
			Request: w.Request(w.SMS.ID), NewParticipant: chat.NewParticipant{MemberID: ben.ID, Role: chat.ParticipantObserver},
		}
		var all sync.WaitGroup
		answers, errs := make([]chat.ParticipantAdded, 6), make([]error, 6)
		for i := range answers {
			all.Go(func() { answers[i], errs[i] = s.AddParticipant(t.Context(), in) })
		}
		all.Wait()
		for i := range answers {
			require.NoError(t, errs[i], "not participant_exists: it is the same action")
			assert.Equal(t, answers[0], answers[i])
		}
	})
}
