package db_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// TestAMessageInSomebodysNameSaysWhoWroteIt has a key add what a customer has said on the telephone.
func TestAMessageInSomebodysNameSaysWhoWroteIt(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)

		written, err := s.AddMessage(t.Context(), w.Workspace, w.SMS.ID, chat.NewMessage{
			MemberID: w.Customer.ID,
			Content:  "please call me",
			By:       w.By,
		})
		require.NoError(t, err)
		assert.Equal(t, w.By.MemberID, written.WrittenBy)

		log, err := s.AuditLog(t.Context(), w.Workspace, chat.AuditFilter{Verb: "message"}, chat.Page{Limit: 5})
		require.NoError(t, err)
		require.Len(t, log.Items, 1)
		assert.Equal(t, "message.written_for", log.Items[0].Verb)
		assert.NotContains(t, string(log.Items[0].Detail), "call")

		own, err := s.AddMessage(t.Context(), w.Workspace, w.SMS.ID, chat.NewMessage{
			MemberID: w.By.MemberID,
			Content:  "hello",
			By:       w.By,
		})
		require.NoError(t, err)
		assert.Zero(t, own.WrittenBy)
	})
}

// TestAuditLogFilters narrows the log by each of its facts.
func TestAuditLogFilters(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		name := "Vera"
		_, err := s.UpdateMember(t.Context(), w.Workspace, w.By, w.Customer.ID, chat.MemberPatch{Name: &name})
		require.NoError(t, err)

		now := time.Now()
		past := now.Add(-time.Hour)
		later := now.Add(time.Hour)

		for name, tt := range map[string]struct {
			filter chat.AuditFilter
			found  bool
		}{
			"the verb":        {chat.AuditFilter{Verb: "member.updated"}, true},
			"its kind":        {chat.AuditFilter{Verb: "member"}, true},
			"a part of it":    {chat.AuditFilter{Verb: "memb"}, false},
			"another verb":    {chat.AuditFilter{Verb: "bulk_retry"}, false},
			"the object":      {chat.AuditFilter{Object: fmt.Sprint(w.Customer.ID), Verb: "member.updated"}, true},
			"another object":  {chat.AuditFilter{Object: "4711"}, false},
			"the member":      {chat.AuditFilter{MemberID: w.By.MemberID, Verb: "member.updated"}, true},
			"another member":  {chat.AuditFilter{MemberID: w.Customer.ID}, false},
			"another key":     {chat.AuditFilter{KeyID: 4711}, false},
			"an hour":         {chat.AuditFilter{Since: &past, Until: &later, Verb: "member.updated"}, true},
			"the hour after":  {chat.AuditFilter{Since: &later}, false},
			"the hour before": {chat.AuditFilter{Until: &past}, false},
		} {
			log, err := s.AuditLog(t.Context(), w.Workspace, tt.filter, chat.Page{Limit: 1})
			require.NoError(t, err, name)
			require.Equal(t, tt.found, len(log.Items) == 1, name)

			if tt.found {
				assert.Contains(t, log.Items[0].Verb, "member.", name)
			}
		}
	})
}

func TestParticipants(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other := dbtest.Seed(t, s), dbtest.Seed(t, s)
		people, err := s.Participants(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)

		owner := people[0]
		assistant := people[1]
		operator := people[2]
		takes, err := s.TakesPart(t.Context(), w.Workspace, w.SMS.ID, w.Customer.ID)
		require.NoError(t, err)
		assert.True(t, takes)
		takes, err = s.TakesPart(t.Context(), w.Workspace, w.SMS.ID, other.Customer.ID)
		require.NoError(t, err)
		assert.False(t, takes)

		_, err = s.UpdateParticipant(t.Context(), w.Workspace, w.By, w.SMS.ID, owner.ID, chat.ParticipantObserver)
		requireCode(t, chat.CodeLastOwner, err)
		requireCode(t, chat.CodeLastOwner, s.RemoveParticipant(t.Context(), w.Workspace, w.By, w.SMS.ID, owner.ID))
		_, err = s.UpdateParticipant(t.Context(), w.Workspace, w.By, w.SMS.ID, owner.ID, "king")
		requireCode(t, chat.CodeInvalidRole, err)
		_, err = s.UpdateParticipant(t.Context(), w.Workspace, w.By, w.SMS.ID, 999, chat.ParticipantObserver)
		requireCode(t, chat.CodeParticipantNotFound, err)
		_, err = s.UpdateParticipant(t.Context(), w.Workspace, w.By, w.Email.ID, owner.ID, chat.ParticipantObserver)
		requireCode(t, chat.CodeParticipantNotFound, err)

		promoted, err := s.UpdateParticipant(
			t.Context(),
			w.Workspace,
			w.By,
			w.SMS.ID,
			operator.ID,
			chat.ParticipantOwner,
		)
		require.NoError(t, err)
		assert.Equal(t, chat.ParticipantOwner, promoted.Role)
		assert.Equal(t, "Mona Manager", promoted.MemberName)
		require.NoError(t, s.RemoveParticipant(t.Context(), w.Workspace, w.By, w.SMS.ID, owner.ID))
		require.NoError(t, s.RemoveParticipant(t.Context(), w.Workspace, w.By, w.SMS.ID, assistant.ID))
		c, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Nil(t, c.AssistantMemberID, "a chat whose assistant left has none")
		people, err = s.Participants(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Equal(t, []chat.Participant{promoted}, people)

		requireCode(
			t,
			chat.CodeParticipantNotFound,
			s.RemoveParticipant(t.Context(), w.Workspace, w.By, w.SMS.ID, owner.ID),
		)
	})
}

func TestMessages(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other := dbtest.Seed(t, s), dbtest.Seed(t, s)
		list := func(p chat.MessagePage) []string {
			got, err := s.Messages(t.Context(), w.Workspace, w.SMS.ID, p)
			require.NoError(t, err)

			var all []string
			for _, m := range got.Items {
				all = append(all, m.Content)
			}

			return all
		}

		first := addMessage(t, s, w, w.SMS.ID, "one ? ?? $1 'quoted' \\ and 😀")
		assert.Equal(t, chat.MessageReceived, first.State)
		c, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.True(t, c.NeedsResponse)
		assert.Equal(t, first.CreatedAt, c.LastActivityAt)
		addMessage(t, s, w, w.SMS.ID, "two")
		call := chat.ToolCall{ID: "call_1", Name: chat.ToolSetTitle, Arguments: []byte(`{"title": "It's 1.0 ?"}`)}
		sent := w.Prepare(t, s, w.SMS.ID, "three ? $1 'x'", call)
		addMessage(t, s, w, w.Email.ID, "elsewhere")

		assert.Equal(t, []string{"three ? $1 'x'", "two", first.Content}, list(chat.MessagePage{Page: pageOfTen()}))
		assert.Equal(t, []string{"two"}, list(chat.MessagePage{Page: chat.Page{Limit: 1}, Offset: 1}))

		all := readPages(t, 1, func(p chat.Page) (chat.List[chat.Message], error) {
			return s.Messages(t.Context(), w.Workspace, w.SMS.ID, chat.MessagePage{Page: p})
		})

		require.Len(t, all, 3)
		assert.Equal(t, first, all[2])
		assert.Equal(t, sent.DeliveryID, all[0].DeliveryID)

		call.State = chat.ToolCallPending
		call.Kind = chat.ToolBuiltin
		call.Risk = chat.RiskWrite
		call.Idempotent = true
		assert.Equal(t, []chat.ToolCall{call}, all[0].ToolCalls, "arguments as they were given, byte by byte")

		_, err = s.AddMessage(
			t.Context(),
			w.Workspace,
			w.SMS.ID,
			chat.NewMessage{MemberID: other.Customer.ID, Content: "x"},
		)

		requireCode(t, chat.CodeMemberNotFound, err)

		_, err = s.AddMessage(
			t.Context(),
			w.Workspace,
			w.SMS.ID,
			chat.NewMessage{MemberID: w.Customer.ID, Content: " "},
		)

		requireCode(t, chat.CodeInvalidRequest, err)
		after, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Equal(t, int64(2), after.Attention, "a message that was refused asks for nothing")
	})
}

func TestRateMessage(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		inbound := addMessage(t, s, w, w.SMS.ID, "hello")
		sent := w.Prepare(t, s, w.SMS.ID, "hi")
		rated, err := s.RateMessage(
			t.Context(),
			w.Workspace,
			w.By,
			w.SMS.ID,
			sent.MessageID,
			chat.Rating{Value: 4, Comment: "kind"},
		)
		require.NoError(t, err)
		assert.Equal(t, 4, rated.Rating.Value)
		assert.Equal(t, w.Manager.ID, rated.Rating.By)
		list, err := s.Messages(t.Context(), w.Workspace, w.SMS.ID, chat.MessagePage{Page: pageOfTen()})
		require.NoError(t, err)
		assert.Equal(t, rated, list.Items[0])
		assert.Nil(t, list.Items[1].Rating)
		_, err = s.RateMessage(t.Context(), w.Workspace, w.By, w.SMS.ID, inbound.ID, chat.Rating{Value: 1})
		requireCode(t, chat.CodeNotRatable, err)
		_, err = s.RateMessage(t.Context(), w.Workspace, w.By, w.Email.ID, sent.MessageID, chat.Rating{Value: 1})
		requireCode(t, chat.CodeMessageNotFound, err)
		_, err = s.RateMessage(t.Context(), w.Workspace, w.By, w.SMS.ID, sent.MessageID, chat.Rating{Value: 6})
		requireCode(t, chat.CodeInvalidRequest, err)
	})
}
