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

func TestAuthenticate(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := newClock().now
		p, err := s.Authenticate(t.Context(), w.Hash(), now)
		require.NoError(t, err)

		assert.Equal(t, chat.Principal{
			KeyID:       w.Key.ID,
			KeyKind:     chat.KeyLasting,
			WorkspaceID: w.Workspace,
			MemberID:    w.Manager.ID,
			Kind:        chat.KindPerson,
			Role:        chat.RoleManager,
			Scopes:      chat.AllScopes(),
		}, p)

		used := func() time.Time {
			key, err := s.Key(t.Context(), w.Workspace, w.Key.ID)
			require.NoError(t, err)

			return *key.LastUsedAt
		}

		assert.Equal(t, now, used())
		_, err = s.Authenticate(t.Context(), w.Hash(), now.Add(59*time.Second))
		require.NoError(t, err)
		assert.Equal(t, now, used(), "noted at most once a minute")
		_, err = s.Authenticate(t.Context(), w.Hash(), now.Add(61*time.Second))
		require.NoError(t, err)
		assert.Equal(t, now.Add(61*time.Second), used())

		_, err = s.Authenticate(t.Context(), [32]byte{1}, now)
		requireCode(t, chat.CodeUnauthenticated, err)

		require.NoError(t, s.RevokeKey(t.Context(), w.Workspace, w.By, w.Key.ID, now))
		require.NoError(t, s.RevokeKey(t.Context(), w.Workspace, w.By, w.Key.ID, now.Add(time.Hour)), "again")
		_, err = s.Authenticate(t.Context(), w.Hash(), now)
		requireCode(t, chat.CodeUnauthenticated, err)
		key, err := s.Key(t.Context(), w.Workspace, w.Key.ID)
		require.NoError(t, err)
		assert.Equal(t, now, *key.RevokedAt)
		assert.Equal(t, "api_key.revoked", auditVerbs(t, s, w.Workspace)[0])
	})
}

func TestKeys(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other := dbtest.Seed(t, s), dbtest.Seed(t, s)
		now := newClock().now
		expires := now.Add(time.Hour)
		key := chat.Key{
			MemberID:  w.Customer.ID,
			Name:      "app",
			Scopes:    []chat.Scope{chat.ScopeChatsRead},
			Hint:      "abcd",
			ExpiresAt: &expires,
		}

		created, err := s.CreateKey(t.Context(), w.Workspace, chat.Actor{}, key, [32]byte{7})
		require.NoError(t, err)
		stored, err := s.Key(t.Context(), w.Workspace, created.ID)
		require.NoError(t, err)
		assert.Equal(t, created, stored)
		assert.Equal(t, expires, *stored.ExpiresAt)
		assert.Equal(t, "api_key.created", auditVerbs(t, s, w.Workspace)[0])

		_, err = s.Authenticate(t.Context(), [32]byte{7}, now)
		require.NoError(t, err)
		_, err = s.Authenticate(t.Context(), [32]byte{7}, expires)
		requireCode(t, chat.CodeUnauthenticated, err)

		_, err = s.CreateKey(t.Context(), w.Workspace, chat.Actor{}, key, [32]byte{7})
		requireCode(t, chat.CodeAlreadyExists, err)

		key.MemberID = other.Customer.ID
		_, err = s.CreateKey(t.Context(), w.Workspace, chat.Actor{}, key, [32]byte{8})
		requireCode(t, chat.CodeMemberNotFound, err)
		_, err = s.Key(t.Context(), w.Workspace, 999)
		requireCode(t, chat.CodeKeyNotFound, err)
		requireCode(t, chat.CodeKeyNotFound, s.RevokeKey(t.Context(), w.Workspace, w.By, 999, now))

		keys := readPages(
			t,
			1,
			func(p chat.Page) (chat.List[chat.Key], error) {
				return s.Keys(t.Context(), w.Workspace, chat.KeyFilter{Page: p})
			},
		)

		require.Len(t, keys, 2)
		assert.Equal(t, []chat.KeyID{w.Key.ID, created.ID}, []chat.KeyID{keys[0].ID, keys[1].ID})
	})
}

func TestWorkspaces(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		ws := chat.Workspace{ID: "11111111-1111-4111-8111-111111111111", Name: "Demo", CreatedAt: newClock().now}
		require.NoError(t, s.CreateWorkspace(t.Context(), ws))
		requireCode(t, chat.CodeAlreadyExists, s.CreateWorkspace(t.Context(), ws))
		stored, err := s.Workspace(t.Context(), ws.ID)
		require.NoError(t, err)
		assert.Equal(t, ws, stored)
		all, err := s.Workspaces(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []chat.Workspace{ws}, all)
		_, err = s.Workspace(t.Context(), "nowhere")
		requireCode(t, chat.CodeWorkspaceNotFound, err)
		_, err = s.CreateLabel(t.Context(), "nowhere", chat.Actor{}, chat.Label{Name: "x"})
		requireCode(t, chat.CodeWorkspaceNotFound, err)
	})
}

func TestAuditLog(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		by := w.By
		by.RequestID = "req-1"
		name := "Ana Maria"
		_, err := s.UpdateMember(t.Context(), w.Workspace, by, w.Customer.ID, chat.MemberPatch{Name: &name})
		require.NoError(t, err)
		list, err := s.AuditLog(t.Context(), w.Workspace, chat.AuditFilter{}, chat.Page{Limit: 1})
		require.NoError(t, err)

		entry := list.Items[0]
		assert.Equal(t, by, entry.Actor)
		assert.Equal(t, "member.updated", entry.Verb)
		assert.JSONEq(t, `{"changes":{"name":{"changed":true}}}`, string(entry.Detail), "a name is only named")

		all := readPages(
			t,
			2,
			func(p chat.Page) (chat.List[chat.AuditEntry], error) {
				return s.AuditLog(t.Context(), w.Workspace, chat.AuditFilter{}, p)
			},
		)

		require.Greater(t, len(all), 5)

		for i := range len(all) - 1 {
			assert.Greater(t, all[i].ID, all[i+1].ID)
		}
	})
}

func TestCursorsBelongToTheirList(t *testing.T) {
	t.Parallel()
	s := dbtest.New(t)
	w := dbtest.Seed(t, s)
	members, err := s.Members(t.Context(), w.Workspace, chat.MemberFilter{Page: chat.Page{Limit: 1}})
	require.NoError(t, err)

	for _, cursor := range []string{"x", "%%%", "bnVsbA", "W10", members.NextCursor} {
		_, err = s.Chats(t.Context(), w.Workspace, chat.ChatFilter{Page: chat.Page{Limit: 1, Cursor: cursor}})
		requireCode(t, chat.CodeInvalidRequest, err)
		assert.Equal(t, "query.cursor", chat.AsError(err).Fields[0].Field)
	}
}
