package db_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// keyedRequest is one request with a key, held by holder.
func keyedRequest(w *dbtest.World, holder string) chat.KeyedRequest {
	return chat.KeyedRequest{
		WorkspaceID: w.Workspace,
		ID:          chat.DeriveActionID(string(w.Workspace), "k-1"),
		Holder:      holder,
		RequestID:   "r-" + holder,
		Fingerprint: chat.Fingerprint{chat.FieldPath: "labels", "name": "vip"},
	}
}

// createLabel makes a label for a request.
func createLabel(t *testing.T, s *db.Store, w *dbtest.World, in chat.KeyedRequest, name string) error {
	t.Helper()

	ctx := chat.WithKeyedRequest(t.Context(), in)
	_, err := s.CreateLabel(ctx, w.Workspace, chat.Actor{}, chat.Label{Name: name})

	return err
}

// eachWithClock runs a test on both engines, with a store whose clock the test moves.
func eachWithClock(t *testing.T, test func(t *testing.T, s *db.Store, c *clock)) {
	t.Helper()

	for engine, open := range map[string]func(testing.TB, ...db.Option) *db.Store{
		"sqlite":   dbtest.New,
		"postgres": dbtest.NewPostgres,
	} {
		if engine == "postgres" && os.Getenv("HANDRAIL_TEST_SQLITE_ONLY") == "1" { //nolint:forbidigo // configures tests
			continue
		}

		t.Run(engine, func(t *testing.T) {
			t.Parallel()

			c := newClock()
			test(t, open(t, db.WithClock(func() time.Time { return c.now })), c)
		})
	}
}

func countLabels(t *testing.T, s *db.Store, w *dbtest.World, name string) int {
	t.Helper()

	labels, err := s.Labels(t.Context(), w.Workspace)
	require.NoError(t, err)

	count := 0

	for _, l := range labels {
		if l.Name == name {
			count++
		}
	}

	return count
}

func TestTheAnswerToARequestIsKeptForItsKey(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		first := keyedRequest(w, "first")

		answer, err := s.BeginRequest(t.Context(), first)
		require.NoError(t, err)
		require.Nil(t, answer)
		require.NoError(t, createLabel(t, s, w, first, "kept"))

		kept := chat.RequestAnswer{
			Status:   201,
			Location: "/chat-labels/7",
			Body:     []byte(`{"b": 1, "a":"ü"}`),
		}
		require.NoError(t, s.KeepAnswer(t.Context(), first, kept))

		answer, err = s.BeginRequest(t.Context(), keyedRequest(w, "second"))
		require.NoError(t, err)
		assert.Equal(t, &kept, answer, "to the byte")

		other := keyedRequest(w, "third")
		other.Fingerprint = chat.Fingerprint{chat.FieldPath: "labels", "name": "lost"}
		_, err = s.BeginRequest(t.Context(), other)
		requireCode(t, chat.CodeIdempotencyKeyReused, err)
		assert.Equal(t, "name", chat.AsError(err).Fields[0].Field)
	})
}

// TestACrashBeforeTheAnswerIsKeptMakesNoSecond: the process that has carried out a request is gone, and with it the
// answer.
func TestACrashBeforeTheAnswerIsKeptMakesNoSecond(t *testing.T) {
	t.Parallel()

	eachWithClock(t, func(t *testing.T, s *db.Store, c *clock) {
		w := dbtest.Seed(t, s)
		first := keyedRequest(w, "first")

		_, err := s.BeginRequest(t.Context(), first)
		require.NoError(t, err)
		require.NoError(t, createLabel(t, s, w, first, "once"))

		_, err = s.BeginRequest(t.Context(), keyedRequest(w, "second"))
		requireCode(t, chat.CodeRequestInProgress, err)

		c.forward(chat.RequestLease + time.Second)

		_, err = s.BeginRequest(t.Context(), keyedRequest(w, "third"))
		requireCode(t, chat.CodeAnswerLost, err)
		assert.Contains(t, err.Error(), "r-first")

		require.NoError(t, s.FreeRequest(t.Context(), first, false))
		_, err = s.BeginRequest(t.Context(), keyedRequest(w, "fourth"))
		requireCode(t, chat.CodeAnswerLost, err)
	})
}

// TestWhoHasLostTheKeyStoresNothing: a request that took longer than its lease finds that another one has taken its
// place.
func TestWhoHasLostTheKeyStoresNothing(t *testing.T) {
	t.Parallel()

	eachWithClock(t, func(t *testing.T, s *db.Store, c *clock) {
		w := dbtest.Seed(t, s)
		slow, quick := keyedRequest(w, "slow"), keyedRequest(w, "quick")

		_, err := s.BeginRequest(t.Context(), slow)
		require.NoError(t, err)
		c.forward(chat.RequestLease + time.Second)

		answer, err := s.BeginRequest(t.Context(), quick)
		require.NoError(t, err)
		require.Nil(t, answer, "nothing was stored so far")

		requireCode(t, chat.CodeRequestInProgress, createLabel(t, s, w, slow, "slow"))
		require.NoError(t, createLabel(t, s, w, quick, "quick"))
		assert.Zero(t, countLabels(t, s, w, "slow"))
		assert.Equal(t, 1, countLabels(t, s, w, "quick"))

		// Its end changes nothing for the other one.
		require.NoError(t, s.FreeRequest(t.Context(), slow, true))
		_, err = s.BeginRequest(t.Context(), slow)
		requireCode(t, chat.CodeRequestInProgress, err)
	})
}

func TestOfTwoRequestsAtOnceOneIsCarriedOut(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)

		const requests = 8

		var begun sync.Map
		var wait sync.WaitGroup

		for i := range requests {
			wait.Go(func() {
				answer, err := s.BeginRequest(context.Background(), keyedRequest(w, string(rune('a'+i))))
				if err == nil && answer == nil {
					begun.Store(i, true)
				}
			})
		}

		wait.Wait()

		count := 0

		begun.Range(func(any, any) bool { count++; return true })
		assert.Equal(t, 1, count)
	})
}

func TestTheKeyOfAnActionIsNoOtherRequests(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		action := w.Request(w.SMS.ID)
		require.NoError(t, s.RecordActions(t.Context(), chat.ActionSummarizeChat, "summary", action))

		request := keyedRequest(w, "first")
		request.ID = action.ActionID
		_, err := s.BeginRequest(t.Context(), request)
		requireCode(t, chat.CodeIdempotencyKeyReused, err)

		has, err := s.HasRequest(t.Context(), w.Workspace, action.ActionID)
		require.NoError(t, err)
		assert.False(t, has, "a refused one leaves nothing")

		free := keyedRequest(w, "second")
		_, err = s.BeginRequest(t.Context(), free)
		require.NoError(t, err)

		head, err := s.ChatHead(t.Context(), w.Workspace, w.SMS.ID, free.ID)
		require.NoError(t, err)
		assert.True(t, head.Acted)
	})
}

func TestOldKeysAreForgotten(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		first := keyedRequest(w, "first")

		_, err := s.BeginRequest(t.Context(), first)
		require.NoError(t, err)

		count, err := s.ForgetRequests(t.Context(), time.Now().Add(-time.Hour), 10)
		require.NoError(t, err)
		assert.Zero(t, count)

		count, err = s.ForgetRequests(t.Context(), time.Now().Add(time.Hour), 10)
		require.NoError(t, err)
		assert.Equal(t, 1, count)

		has, err := s.HasRequest(t.Context(), w.Workspace, first.ID)
		require.NoError(t, err)
		assert.False(t, has)
	})
}
