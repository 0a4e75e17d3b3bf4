package db_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// newEventToken makes a token of a world's key.
func newEventToken(t *testing.T, s *db.Store, w *dbtest.World, now time.Time) [32]byte {
	t.Helper()

	token, secret := chat.NewEventToken(&chat.Principal{WorkspaceID: w.Workspace, KeyID: w.Key.ID}, now)
	require.NoError(t, s.CreateEventToken(t.Context(), token, chat.HashKey(secret), now))

	return chat.HashKey(secret)
}

func TestATokenIsUsedOnce(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := newClock().now
		hash := newEventToken(t, s, w, now)

		var (
			used sync.WaitGroup
			by   [8]chat.Principal
		)

		for i := range by {
			used.Go(func() { by[i], _ = s.UseEventToken(t.Context(), w.Workspace, hash, now) })
		}

		used.Wait()

		var allowed int

		for _, p := range by {
			if p.KeyID != 0 {
				assert.Equal(t, w.Key.ID, p.KeyID)
				assert.Equal(t, chat.RoleManager, p.Role)

				allowed++
			}
		}

		assert.Equal(t, 1, allowed)
	})
}

func TestATokenEndsWithItsTimeAndItsKey(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := newClock().now
		old := newEventToken(t, s, w, now)

		_, err := s.UseEventToken(t.Context(), w.Workspace, old, now.Add(chat.EventTokenLife))
		requireCode(t, chat.CodeUnauthenticated, err)

		late := newEventToken(t, s, w, now.Add(chat.EventTokenLife))
		count, err := s.Bun().NewSelect().Table("event_tokens").Count(t.Context())
		require.NoError(t, err)
		assert.Equal(t, int64(1), count, "the expired one was deleted")

		require.NoError(t, s.RevokeKey(t.Context(), w.Workspace, w.By, w.Key.ID, now))
		_, err = s.UseEventToken(t.Context(), w.Workspace, late, now.Add(chat.EventTokenLife))
		requireCode(t, chat.CodeUnauthenticated, err)
	})
}

func TestKeyPrincipal(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := newClock().now

		p, err := s.KeyPrincipal(t.Context(), w.Workspace, w.Key.ID, now)
		require.NoError(t, err)
		assert.Equal(t, w.Key.ID, p.KeyID)
		assert.Equal(t, chat.AllScopes(), p.Scopes)

		key, err := s.Key(t.Context(), w.Workspace, w.Key.ID)
		require.NoError(t, err)
		assert.Equal(t, now, *key.LastUsedAt, "a stream uses its key")

		require.NoError(t, s.RevokeKey(t.Context(), w.Workspace, w.By, w.Key.ID, now))
		_, err = s.KeyPrincipal(t.Context(), w.Workspace, w.Key.ID, now)
		requireCode(t, chat.CodeUnauthenticated, err)
	})
}

func TestListenersHearWhichWorkspaceHasNewEvents(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		numberAll(t, s)

		heard := make(chan chat.WorkspaceID, 1000)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)

		go func() {
			ended <- s.ListenEvents(ctx, func(ws chat.WorkspaceID) { heard <- ws })
		}()

		require.Empty(t, <-heard, "it listens from now on")

		require.Eventually(t, func() bool {
			addMessage(t, s, w, w.SMS.ID, "hello")
			numberAll(t, s)

			select {
			case ws := <-heard:
				return ws == w.Workspace

			case <-time.After(time.Second):
				return false
			}
		}, 20*time.Second, time.Millisecond)

		stop()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
}
