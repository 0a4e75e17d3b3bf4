package db_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func TestAddParticipant(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other := dbtest.Seed(t, s), dbtest.Seed(t, s)
		m := w.Customer
		m.Name = "Ben Okri"
		m.Phone = ""
		m.Email = ""
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
		assert.Equal(t, []string{"participant.removed", "participant.added"}, auditVerbs(t, s, w.Workspace)[:2])

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
		ben, err := s.CreateMember(t.Context(), w.Workspace, w.By, dbtest.NewPerson("Ben Okri", "", ""))
		require.NoError(t, err)

		in := chat.AddParticipant{
			Request: w.Request(
				w.SMS.ID,
			), NewParticipant: chat.NewParticipant{MemberID: ben.ID, Role: chat.ParticipantObserver},
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
