package db_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// contextTest is a test, or one of rapid's.
type contextTest interface {
	require.TestingT
	Context() context.Context
}

// requireFoundByWait checks that lists find each action by what it waits for, and by nothing else: the query says in
// SQL what its standing says. since leaves out what others have made.
func requireFoundByWait(t contextTest, s *db.Store, ws chat.WorkspaceID, since time.Time) {
	list := func(words ...chat.Waiting) []chat.ActionView {
		all, err := s.Actions(t.Context(), ws, chat.ActionFilter{
			WaitingFor: words,
			Since:      &since,
			Page:       chat.Page{Limit: 100},
		})
		require.NoError(t, err)

		return all.Items
	}

	want := map[chat.Waiting][]chat.ActionID{}

	for _, v := range list() {
		waiting := v.Standing().WaitingFor
		want[waiting] = append(want[waiting], v.ID)
	}

	for _, word := range chat.Waitings() {
		var found []chat.ActionID
		for _, v := range list(word) {
			found = append(found, v.ID)
		}

		require.Equal(t, want[word], found, "what waits for %s", word)
	}
}

func TestActionsAreListed(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		prepare := func(in chat.SendAssistantMessage) chat.ActionID {
			_, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
			require.NoError(t, err)

			return in.ActionID
		}

		first := prepare(w.Send(w.SMS.ID, "one"))
		second := prepare(w.Send(w.Email.ID, "two"))

		list := func(f chat.ActionFilter) []chat.ActionID {
			f.Limit = 10
			all, err := s.Actions(t.Context(), w.Workspace, f)
			require.NoError(t, err)

			var ids []chat.ActionID
			for _, v := range all.Items {
				ids = append(ids, v.ID)
				assert.NotEmpty(t, v.Standing().Explanation, "an open action explains itself")
			}

			return ids
		}

		assert.Equal(t, []chat.ActionID{second, first}, list(chat.ActionFilter{}), "the newest first")
		assert.Equal(t, []chat.ActionID{first}, list(chat.ActionFilter{ChatID: w.SMS.ID}))
		assert.Empty(t, list(chat.ActionFilter{States: []chat.ActionState{chat.ActionFailed}}))
		assert.Empty(t, list(chat.ActionFilter{Kinds: []chat.ActionKind{chat.ActionSummarizeChat}}))
		assert.Len(t, list(chat.ActionFilter{WaitingFor: []chat.Waiting{chat.WaitingAttempt, chat.WaitingPerson}}), 2)
		assert.Empty(t, list(chat.ActionFilter{WaitingFor: []chat.Waiting{chat.WaitingPerson}}))

		page, err := s.Actions(t.Context(), w.Workspace, chat.ActionFilter{Page: chat.Page{Limit: 1}})
		require.NoError(t, err)
		next, err := s.Actions(t.Context(), w.Workspace, chat.ActionFilter{
			Page: chat.Page{Limit: 1, Cursor: page.NextCursor},
		})
		require.NoError(t, err)
		require.Len(t, next.Items, 1)
		assert.Equal(t, first, next.Items[0].ID)
	})
}
