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

// logIn is a new session or login link that somebody makes.
func logIn(ws chat.WorkspaceID, by chat.Actor, secret string, now time.Time) chat.LogIn {
	return chat.NewLogIn(ws, by, secret, now)
}

// newSession makes a session with a key, and returns it with its hash.
func newSession(t *testing.T, s *db.Store, ws chat.WorkspaceID, by chat.Actor, now time.Time) (chat.Session, [32]byte) {
	t.Helper()

	in := logIn(ws, by, chat.KeySession.NewSecret(), now)
	session, err := s.CreateSession(t.Context(), in)
	require.NoError(t, err)

	return session, in.Hash
}

// requireEnded wants a key to open nothing.
func requireEnded(t *testing.T, s *db.Store, hash [32]byte, at time.Time) {
	t.Helper()

	_, err := s.Authenticate(t.Context(), hash, at)
	requireCode(t, chat.CodeUnauthenticated, err)
}

func TestASessionIsItsKeysAndEndsWithIt(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now().UTC().Truncate(time.Microsecond)
		readers := newKeyOf(t, s, w.Workspace, w.Manager.ID, chat.ReadScopes()...)

		session, hash := newSession(t, s, w.Workspace, readers, now)
		assert.Equal(t, chat.KeySession, session.Kind)
		assert.Equal(t, w.Manager.Name, session.MemberName)
		assert.Equal(t, "Test", session.WorkspaceName)
		assert.Equal(t, now.Add(chat.SessionLife), *session.ExpiresAt)

		found, err := s.Session(t.Context(), w.Workspace, session.ID)
		require.NoError(t, err)
		assert.Equal(t, session, found)

		p, err := s.Authenticate(t.Context(), hash, now.Add(chat.SessionLife-time.Microsecond))
		require.NoError(t, err)
		assert.Equal(t, chat.KeySession, p.KeyKind)
		assert.True(t, p.May(chat.ScopeChatsRead))
		assert.False(t, p.May(chat.ScopeChatsWrite), "a key that reads makes a session that reads")

		requireEnded(t, s, hash, now.Add(chat.SessionLife))

		require.NoError(t, s.RevokeKey(t.Context(), w.Workspace, w.By, readers.KeyID, now.Add(time.Hour)))
		requireEnded(t, s, hash, now.Add(time.Hour))
		assert.Equal(t, []string{"api_key.revoked", "api_key.revoked"}, auditVerbs(t, s, w.Workspace)[:2])

		_, err = s.CreateSession(t.Context(), logIn(w.Workspace, readers, chat.KeySession.NewSecret(), now))
		requireCode(t, chat.CodeUnauthenticated, err)
		_, err = s.CreateLogin(t.Context(), logIn(w.Workspace, readers, chat.KeyLogin.NewSecret(), now))
		requireCode(t, chat.CodeUnauthenticated, err)
	})
}

func TestALoginLinkCountsOnce(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now().UTC().Truncate(time.Microsecond)
		key, err := s.CreateKey(t.Context(), w.Workspace, chat.Actor{}, chat.Key{
			MemberID:  w.Manager.ID,
			Name:      "short",
			Scopes:    chat.ReadScopes(),
			ExpiresAt: new(now.Add(time.Hour)),
		}, [32]byte{7})
		require.NoError(t, err)

		by := chat.Actor{MemberID: w.Manager.ID, KeyID: key.ID}
		in := logIn(w.Workspace, by, chat.KeyLogin.NewSecret(), now)
		login, err := s.CreateLogin(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, now.Add(chat.LoginLife), *login.ExpiresAt)

		by.KeyID = login.ID

		_, err = s.CreateSession(
			t.Context(),
			logIn(w.Workspace, by, chat.KeySession.NewSecret(), now.Add(chat.LoginLife)),
		)
		requireCode(t, chat.CodeUnauthenticated, err)

		var (
			used sync.WaitGroup
			made [4]chat.Session
			errs [4]error
		)

		for i := range made {
			used.Go(func() {
				made[i], errs[i] = s.CreateSession(
					t.Context(),
					logIn(w.Workspace, by, chat.KeySession.NewSecret(), now),
				)
			})
		}

		used.Wait()

		won := 0

		for i := range made {
			if errs[i] == nil {
				won++

				assert.Equal(t, key.ID, made[i].ParentID)
				assert.Equal(t, now.Add(time.Hour), *made[i].ExpiresAt, "it ends with the key behind the link")
				assert.Equal(t, chat.ReadScopes(), made[i].Scopes)

				continue
			}

			requireCode(t, chat.CodeUnauthenticated, errs[i])
			assert.Contains(t, errs[i].Error(), "used already")
		}

		assert.Equal(t, 1, won)
		requireEnded(t, s, in.Hash, now)
	})
}

// TestALoginLinkEndsWithItsKey: it is refused when its key was revoked before it was used.
func TestALoginLinkEndsWithItsKey(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now().UTC().Truncate(time.Microsecond)
		by := newKeyOf(t, s, w.Workspace, w.Manager.ID, chat.AllScopes()...)
		login, err := s.CreateLogin(t.Context(), logIn(w.Workspace, by, chat.KeyLogin.NewSecret(), now))
		require.NoError(t, err)
		require.NoError(t, s.RevokeKey(t.Context(), w.Workspace, w.By, by.KeyID, now))

		by.KeyID = login.ID
		_, err = s.CreateSession(t.Context(), logIn(w.Workspace, by, chat.KeySession.NewSecret(), now))
		requireCode(t, chat.CodeUnauthenticated, err)
	})
}

func TestTheOperatorsLoginStandsByItself(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now().UTC().Truncate(time.Microsecond)

		login, err := s.CreateKey(
			t.Context(),
			w.Workspace,
			chat.Actor{Operator: "root"},
			chat.NewLoginOf(w.Manager.ID, chat.AllScopes(), now),
			[32]byte{8},
		)
		require.NoError(t, err)

		session, hash := newSession(t, s, w.Workspace, chat.Actor{MemberID: w.Manager.ID, KeyID: login.ID}, now)
		assert.Zero(t, session.ParentID)

		_, err = s.Authenticate(t.Context(), hash, now)
		require.NoError(t, err)

		for kind, want := range map[chat.KeyKind]chat.KeyID{
			"":              w.Key.ID,
			chat.KeyLogin:   login.ID,
			chat.KeySession: session.ID,
			chat.KeyLasting: w.Key.ID,
		} {
			list, err := s.Keys(t.Context(), w.Workspace, chat.KeyFilter{Kind: kind, Page: chat.Page{Limit: 10}})
			require.NoError(t, err)
			require.Len(t, list.Items, 1, kind)
			assert.Equal(t, want, list.Items[0].ID, kind)
		}
	})
}

// TestLoggingOutKeepsWhatWasAskedFor: an approval stands until somebody revokes what it was asked for with.
func TestLoggingOutKeepsWhatWasAskedFor(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now().UTC().Truncate(time.Microsecond)
		ivo := newManager(t, s, w.Workspace, "Ivo")
		session, hash := newSession(t, s, w.Workspace, ivo, now)
		asker := chat.Actor{MemberID: ivo.MemberID, KeyID: session.ID}

		asked, err := s.RequestApproval(t.Context(), w.Workspace, asker, chat.NewApproval{
			Kind:    chat.ApprovalMemberRole,
			Request: chat.ApprovalRequest{Member: &chat.MemberRequest{Kind: chat.KindPerson, Name: "Zoe"}},
		})
		require.NoError(t, err)

		require.NoError(t, s.EndSession(t.Context(), w.Workspace, asker, time.Now()))
		requireEnded(t, s, hash, time.Now())
		require.NoError(t, s.EndSession(t.Context(), w.Workspace, asker, time.Now()), "again")
		assert.Equal(t, "api_key.revoked", auditVerbs(t, s, w.Workspace)[0])
		assert.False(t, isUnapprovable(t, s, w.Workspace, asked.ID))

		require.NoError(t, s.RevokeKey(t.Context(), w.Workspace, w.By, ivo.KeyID, time.Now()))
		assert.True(t, isUnapprovable(t, s, w.Workspace, asked.ID), "the key behind the session is gone")
	})
}

func TestAVerifiedAddressOpensASession(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other := dbtest.Seed(t, s), dbtest.Seed(t, s)
		now := time.Now().UTC().Truncate(time.Microsecond)
		manager := dbtest.NewPerson("Noor", "", "noor@example.com")
		manager.Role = chat.RoleManager

		noor, err := s.CreateMember(t.Context(), w.Workspace, chat.Actor{}, manager)
		require.NoError(t, err)

		open := func(ws chat.WorkspaceID, email string) (chat.Session, error) {
			return s.OpenSession(t.Context(), logIn(ws, chat.Actor{}, chat.KeySession.NewSecret(), now), email)
		}

		for _, spelling := range []string{"noor@example.com", "Noor@EXAMPLE.com"} {
			session, err := open(w.Workspace, spelling)
			require.NoError(t, err, spelling)
			assert.Equal(t, noor.ID, session.MemberID)
			assert.Equal(t, chat.AllScopes(), session.Scopes)
			assert.Equal(t, now.Add(chat.SessionLife), *session.ExpiresAt)
		}

		_, nobody := open(w.Workspace, "nobody@example.com")
		_, customer := open(w.Workspace, w.Customer.Email)
		_, elsewhere := open(other.Workspace, "noor@example.com")
		_, empty := open(w.Workspace, "")

		for _, err := range []error{nobody, customer, elsewhere, empty} {
			requireCode(t, chat.CodeForbidden, err)
			assert.Equal(t, nobody.Error(), err.Error(), "it does not tell whose address exists")
		}
	})
}

// TestTheOldestSessionEndsWithOneTooMany: of a key, and of a member whose sessions stand by themselves. It is audited,
// and what it has asked for stands.
func TestTheOldestSessionEndsWithOneTooMany(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now().UTC().Truncate(time.Microsecond)
		other, ofOther := newSession(t, s, w.Workspace, w.By, now)
		by := newKeyOf(t, s, w.Workspace, w.Manager.ID, chat.AllScopes()...)

		first, hash := newSession(t, s, w.Workspace, by, now)
		for range chat.MaxSessions - 1 {
			newSession(t, s, w.Workspace, by, now)
		}

		_, err := s.Authenticate(t.Context(), hash, now)
		require.NoError(t, err)

		_, newest := newSession(t, s, w.Workspace, by, now.Add(time.Second))
		requireEnded(t, s, hash, now.Add(time.Second))

		for _, live := range [][32]byte{newest, ofOther} {
			p, err := s.Authenticate(t.Context(), live, now.Add(time.Second))
			require.NoError(t, err)
			assert.NotZero(t, p.ParentID)
		}

		assert.Equal(t, []string{"api_key.revoked", "api_key.created"}, auditVerbs(t, s, w.Workspace)[:2])

		ended, err := s.Key(t.Context(), w.Workspace, first.ID)
		require.NoError(t, err)
		assert.True(t, ended.HasLoggedOut())
		assert.NotEqual(t, other.ParentID, first.ParentID)
	})
}

// TestTheOldestLoginLinkEndsWithOneTooMany, so that the end of a key ends few of them. Sessions are counted apart.
func TestTheOldestLoginLinkEndsWithOneTooMany(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now().UTC().Truncate(time.Microsecond)
		by := newKeyOf(t, s, w.Workspace, w.Manager.ID, chat.AllScopes()...)
		_, session := newSession(t, s, w.Workspace, by, now)

		var links [][32]byte

		for range chat.MaxSessions + 1 {
			in := logIn(w.Workspace, by, chat.KeyLogin.NewSecret(), now)
			_, err := s.CreateLogin(t.Context(), in)
			require.NoError(t, err)

			links = append(links, in.Hash)
		}

		requireEnded(t, s, links[0], now)

		for _, live := range [][32]byte{session, links[1], links[chat.MaxSessions]} {
			_, err := s.Authenticate(t.Context(), live, now)
			require.NoError(t, err)
		}
	})
}

// TestTheOldestSessionOfAMemberEndsWithOneTooMany, where it was opened by a verified address.
func TestTheOldestSessionOfAMemberEndsWithOneTooMany(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now().UTC().Truncate(time.Microsecond)
		manager := dbtest.NewPerson("Noor", "", "noor@example.com")
		manager.Role = chat.RoleManager

		_, err := s.CreateMember(t.Context(), w.Workspace, chat.Actor{}, manager)
		require.NoError(t, err)

		first := logIn(w.Workspace, chat.Actor{Operator: "openid"}, chat.KeySession.NewSecret(), now)
		_, err = s.OpenSession(t.Context(), first, "noor@example.com")
		require.NoError(t, err)

		for i := range chat.MaxSessions {
			_, err = s.Authenticate(t.Context(), first.Hash, now)
			require.NoError(t, err, i)

			next := logIn(w.Workspace, first.By, chat.KeySession.NewSecret(), now)
			_, err = s.OpenSession(t.Context(), next, "noor@example.com")
			require.NoError(t, err)
		}

		requireEnded(t, s, first.Hash, now)
	})
}

// TestForgetSessions deletes those that have done nothing, when they have ended long ago.
func TestForgetSessions(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now().UTC().Truncate(time.Microsecond)
		silent, _ := newSession(t, s, w.Workspace, w.By, now)
		acted, _ := newSession(t, s, w.Workspace, w.By, now)
		_, err := s.CreateLabel(
			t.Context(),
			w.Workspace,
			chat.Actor{MemberID: w.Manager.ID, KeyID: acted.ID},
			chat.Label{Name: "mine"},
		)
		require.NoError(t, err)

		count, err := s.ForgetSessions(t.Context(), now.Add(chat.SessionLife), 10)
		require.NoError(t, err)
		assert.Zero(t, count, "none has ended before that")

		count, err = s.ForgetSessions(t.Context(), now.Add(chat.SessionLife+time.Second), 10)
		require.NoError(t, err)
		assert.Equal(t, 1, count)

		_, err = s.Key(t.Context(), w.Workspace, silent.ID)
		requireCode(t, chat.CodeKeyNotFound, err)
		_, err = s.Key(t.Context(), w.Workspace, acted.ID)
		require.NoError(t, err)
		_, err = s.Key(t.Context(), w.Workspace, w.Key.ID)
		require.NoError(t, err)
	})
}
