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

func TestAPossibleOptOutHoldsAllThatWaits(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		for _, optedOut := range []bool{true, false} {
			l := newLife(t, s)
			w := l.w
			waiting := w.Prepare(t, s, l.chat, "one")
			email := w.Prepare(t, s, w.Email.ID, "two")
			before, err := s.Chat(t.Context(), w.Workspace, l.chat)
			require.NoError(t, err)

			in := newText(l.recipient.Phone, "do not contact me again")
			in.To = []string{l.number.Number}
			in.Key = l.number.Number
			in.PossibleOptOut = true
			a := receiveInbound(t, s, in, l.clock.now)
			held := chat.ActionWorkflowID(w.Workspace, waiting.ActionID)
			assert.Equal(t, []string{held}, a.Stopped, "its workflow is made to look")

			d, action, message, c := readStanding(t, s, w, &waiting)
			assert.Equal(
				t,
				[]any{chat.SubmissionPending, chat.ErrorPossibleOptOut, chat.ActionParked, chat.MessagePending},
				[]any{d.Submission, d.ErrorCode, action.State, message.State},
			)
			assert.Equal(
				t,
				[]any{true, before.Attention + 1, chat.AttentionPossibleOptOut},
				[]any{c.NeedsResponse, c.Attention, c.AttentionReason},
			)
			assert.Contains(t, d.Explain(), "may have asked not to be written to")
			assert.Equal(t, []chat.ChatID{l.chat}, listNeeding(t, s, w.Workspace, chat.MatterOptOut))
			assert.Empty(t, listNeeding(t, s, w.Workspace, chat.MatterAttention), "it is counted once")
			assert.Equal(t, 1, countMatter(t, s, w.Workspace, chat.MatterOptOut))
			assert.Zero(t, countMatter(t, s, w.Workspace, chat.MatterAttention))

			other, _, _, _ := readStanding(t, s, w, &email)
			assert.Empty(t, other.ErrorCode, "another channel")

			later := w.Prepare(t, s, l.chat, "three")
			l.id = later.DeliveryID
			assert.False(t, l.claim().Granted, "what is prepared while it stands is held too")

			l.decide(t, optedOut, []string{held, chat.ActionWorkflowID(w.Workspace, later.ActionID)})
			d, action, _, _ = readStanding(t, s, w, &waiting)

			assert.Empty(t, listNeeding(t, s, w.Workspace, chat.MatterOptOut), "it is decided")
			assert.Zero(t, countMatter(t, s, w.Workspace, chat.MatterOptOut))
			assert.Equal(t, []chat.ChatID{l.chat}, listNeeding(t, s, w.Workspace, chat.MatterAttention), "nobody has answered")

			if optedOut {
				assert.Equal(
					t,
					[]any{chat.SubmissionSuppressed, chat.ErrorOptedOut, chat.ActionFailed},
					[]any{d.Submission, d.ErrorCode, action.State},
				)

				_, err := s.PrepareSend(t.Context(), w.Send(l.chat, "hi"), dbtest.SendIDs(), dbtest.PlanText("hi"))
				requireCode(t, chat.CodeRecipientOptedOut, err)

				continue
			}

			assert.Equal(
				t,
				[]any{chat.SubmissionPending, "", chat.ActionRunning},
				[]any{d.Submission, d.ErrorCode, action.State},
			)

			l.id = waiting.DeliveryID
			assert.True(t, l.claim().Granted)
		}
	})
}

// countMatter returns what a workspace's status counts of a matter, however long ago it was.
func countMatter(t *testing.T, s *db.Store, ws chat.WorkspaceID, matter chat.Matter) int {
	t.Helper()

	status, err := s.WorkspaceStatus(t.Context(), ws)
	require.NoError(t, err)

	for _, counted := range status.Counts {
		if counted.Matter == matter {
			return counted.Count
		}
	}

	return 0
}

// decide decides twice: the second time nothing is changed.
func (l *life) decide(t *testing.T, optedOut bool, want []string) {
	t.Helper()

	decision := chat.OptOutDecision{
		MemberID: l.recipient.ID,
		Channel:  chat.ChannelSMS,
		OptedOut: optedOut,
		Reason:   "read it",
		By:       l.w.By,
	}

	decided, err := l.s.DecideOptOut(t.Context(), l.w.Workspace, decision)
	require.NoError(t, err)
	assert.ElementsMatch(t, want, decided.Workflows)
	assert.Equal(t, len(want), decided.Deliveries)
	assert.Equal(t, optedOut, decided.Member.Consents.On(chat.ChannelSMS) == chat.ConsentRevoked)

	verbs := auditVerbs(t, l.s, l.w.Workspace)
	assert.Equal(t, map[bool]string{true: "member.opted_out", false: "member.not_opted_out"}[optedOut], verbs[0])

	again, err := l.s.DecideOptOut(t.Context(), l.w.Workspace, decision)
	require.NoError(t, err)
	assert.Empty(t, again.Workflows)
	assert.Equal(t, decided.Member, again.Member)
	assert.Equal(t, verbs, auditVerbs(t, l.s, l.w.Workspace))

	decision.Channel = chat.ChannelWeb
	_, err = l.s.DecideOptOut(t.Context(), l.w.Workspace, decision)
	requireCode(t, chat.CodeInvalidRequest, err)
}

// TestASuppressionOutlastsItsSendersRow deletes a number and enters it again.
func TestASuppressionOutlastsItsSendersRow(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		l := newLife(t, s)
		w := l.w
		l.says("STOP", chat.KeywordStop, false)
		l.deleteSender()

		list, err := s.Suppressions(t.Context(), w.Workspace, chat.SuppressionFilter{Page: pageOfTen()})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
		assert.Equal(t, []string{"", l.number.Number}, []string{list.Items[0].Sender, list.Items[0].SenderAddress})

		again, err := s.CreatePhoneNumber(t.Context(), w.Workspace, w.By, chat.PhoneNumber{Number: l.number.Number})
		require.NoError(t, err)
		require.NotEqual(t, l.number.ID, again.ID)
		l.patchChat(chat.ChatPatch{PhoneNumberID: &again.ID})

		_, _, err = s.PrepareAndClaim(t.Context(), w.Send(l.chat, "hi"), dbtest.SendIDs(), dbtest.PlanText("hi"), l.clock.now, time.Minute)
		requireCode(t, chat.CodeRecipientOptedOut, err)

		list, err = s.Suppressions(t.Context(), w.Workspace, chat.SuppressionFilter{Page: pageOfTen()})
		require.NoError(t, err)
		assert.Equal(t, again.Scope(), list.Items[0].Sender)

		l.says("START", chat.KeywordStart, false)
		w.Prepare(t, s, l.chat, "welcome back")
	})
}

// TestStopHoldsForTheServiceAndItsNumber has a message come in by a messaging service.
func TestStopHoldsForTheServiceAndItsNumber(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		l := newLife(t, s)
		w := l.w
		service, err := s.CreatePhoneNumber(t.Context(), w.Workspace, w.By, chat.PhoneNumber{
			MessagingServiceSID: "MG0123456789abcdef0123456789abcd" + l.number.Number[len(l.number.Number)-2:],
		})
		require.NoError(t, err)

		stop := newText(l.recipient.Phone, "STOP")
		stop.To = []string{l.number.Number}
		stop.ServiceSID = service.MessagingServiceSID
		stop.Keyword = chat.KeywordStop
		receiveInbound(t, s, stop, l.clock.now)

		for _, sender := range []*chat.PhoneNumberID{&l.number.ID, &service.ID} {
			l.patchChat(chat.ChatPatch{PhoneNumberID: sender})
			_, err = s.PrepareSend(t.Context(), w.Send(l.chat, "hi"), dbtest.SendIDs(), dbtest.PlanText("hi"))
			requireCode(t, chat.CodeRecipientOptedOut, err)
		}
	})
}
