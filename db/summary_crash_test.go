package db_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// dies ends the process, as far as a database can tell, before the query of a number: the
// context ends, and with it the connection's transaction.
type dies struct {
	before, seen int
	end          context.CancelFunc
}

func (d *dies) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context {
	if d.seen++; d.seen == d.before {
		d.end()
	}

	return ctx
}

func (*dies) AfterQuery(context.Context, *bun.QueryEvent) {}

// shown is all that a run may change: the chat, its run, and the request for it.
type shown struct {
	chat    chat.Chat
	version chat.SummaryVersion
	action  chat.Action
}

func readShown(t *testing.T, s *db.Store, save *chat.SummaryToSave) shown {
	t.Helper()
	c, err := s.Chat(t.Context(), save.WorkspaceID, save.ChatID)
	require.NoError(t, err)
	v, err := s.SummaryVersion(t.Context(), save.WorkspaceID, save.ChatID, save.ID)
	require.NoError(t, err)
	a, err := s.Action(t.Context(), save.WorkspaceID, save.Requests[0].ActionID)
	require.NoError(t, err)

	return shown{c, v, a}
}

// TestASaveThatDiesLeavesTheOldOrTheNewState kills the save before each of its queries in
// turn, and then does it again as Temporal would.
func TestASaveThatDiesLeavesTheOldOrTheNewState(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		points := 0

		for before := 1; ; before++ {
			l := newLabelling(t, s)
			beginSummary(t, s, summaryStart(l.w, withLabels)).save(t, s, "old", sureChoice("late"))
			request := l.w.Request(l.w.SMS.ID)
			require.NoError(t, s.RecordActions(t.Context(), chat.ActionSummarizeChat, "summary:1", request))
			save := beginSummary(t, s, summaryStart(l.w, withLabels, inFull)).says("new", sureChoice("vip"), unsureChoice("lost"))
			save.Requests = []chat.Request{request}
			old := readShown(t, s, &save)
			ctx, cancel := context.WithCancel(t.Context())
			hook := &dies{before: before, end: cancel}
			err := s.Watched(hook).SaveSummary(ctx, save)

			cancel()

			if hook.seen < before { // it had no more queries
				require.NoError(t, err)
				break
			}

			require.Error(t, err)

			points++

			assert.Equal(t, old, readShown(t, s, &save), "before query %d", before)
			require.NoError(t, s.SaveSummary(t.Context(), save))
			now := readShown(t, s, &save)
			assert.Equal(
				t,
				[]any{"new", chat.SummarySucceeded, chat.ActionSucceeded, sources{"VIP": chat.LabelByModel}, 1},
				[]any{now.chat.Summary, now.version.State, now.action.State, labelSources(now.chat), len(now.chat.Suggested)},
			)
		}

		assert.Greater(t, points, 8, "as many points as there are queries")
	})
}
