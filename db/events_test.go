package db_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// numberAll gives numbers to all that was committed.
func numberAll(t *testing.T, s *db.Store) {
	t.Helper()

	for {
		_, more, err := s.NumberEvents(t.Context(), 100)
		require.NoError(t, err)

		if !more {
			return
		}
	}
}

// allEvents reads the whole log of a workspace, and checks that its numbers have no gap.
func allEvents(t *testing.T, s *db.Store, ws chat.WorkspaceID) []chat.Event {
	t.Helper()
	numberAll(t, s)

	var all []chat.Event

	for after := int64(0); ; {
		list, err := s.Events(t.Context(), ws, chat.EventFilter{After: after, Limit: 7})
		require.NoError(t, err)

		all = append(all, list.Items...)
		after = list.Next

		if list.Next == list.Latest {
			break
		}
	}

	requireNoGap(t, all)

	return all
}

func requireNoGap(t *testing.T, all []chat.Event) {
	t.Helper()

	inChat := map[chat.ChatID]int64{}

	for i := range all {
		e := &all[i]
		require.Equal(t, int64(i)+1, e.Sequence)

		if e.ChatID != 0 {
			inChat[e.ChatID]++
			require.Equal(t, inChat[e.ChatID], e.ChatSequence, "of the chat %d", e.ChatID)
		} else {
			require.Zero(t, e.ChatSequence)
		}
	}
}

func eventTypesOf(all []chat.Event) []chat.EventType {
	types := make([]chat.EventType, len(all))
	for i := range all {
		types[i] = all[i].Type
	}

	return types
}

func TestTheEventsOfASend(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		before := len(allEvents(t, s, w.Workspace))

		addMessage(t, s, w, w.SMS.ID, "Where is my parcel?")
		sent := w.Prepare(t, s, w.SMS.ID, "On its way")
		claimed := w.Claim(t, s, sent.DeliveryID, clock.now)
		recordSubmission(t, s, w, &claimed, chat.Submission{Outcome: chat.OutcomeAccepted}, clock.forward(time.Second))

		events := allEvents(t, s, w.Workspace)[before:]
		assert.ElementsMatch(t, []chat.EventType{
			chat.EventMessageCreated,
			chat.EventChatNeedsResponse,
			chat.EventMessageCreated,
			chat.EventDeliveryAccepted,
		}, eventTypesOf(events))

		for i := range events {
			assert.Equal(t, w.SMS.ID, events[i].ChatID)
			assert.NotEmpty(t, events[i].ID)
		}

		accepted := events[len(events)-1]
		assert.Equal(t, chat.EventDeliveryAccepted, accepted.Type)
		assert.Equal(t, string(sent.DeliveryID), accepted.SubjectID)
		assert.Equal(t, "accepted", accepted.Data.Status)
		assert.Equal(t, chat.ProviderTwilio, accepted.Data.Provider)
		assert.Equal(t, sent.MessageID, accepted.Data.MessageID)
		assert.Equal(t, sent.ActionID, accepted.Data.ActionID)
		assert.Equal(t, clock.now, accepted.At)
	})
}

// TestConcurrentWritersLeaveNoGap has fifty writers at once, and two that number what they write.
func TestConcurrentWritersLeaveNoGap(t *testing.T) {
	t.Parallel()

	const writers, each = 50, 4

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		before := len(allEvents(t, s, w.Workspace))

		ctx, stop := context.WithCancel(t.Context())

		var numbering sync.WaitGroup
		for range 2 {
			numbering.Go(func() {
				for ctx.Err() == nil {
					_, _, err := s.NumberEvents(context.WithoutCancel(ctx), 10)
					assert.NoError(t, err)
				}
			})
		}

		var writing sync.WaitGroup

		for i := range writers {
			writing.Go(func() {
				for j := range each {
					id := w.SMS.ID
					if j%2 == 1 {
						id = w.Email.ID
					}

					message := chat.NewMessage{MemberID: w.Customer.ID, Content: fmt.Sprintf("%d of %d", j, i)}
					_, err := s.AddMessage(t.Context(), w.Workspace, id, message)
					assert.NoError(t, err)
				}
			})
		}

		writing.Wait()
		stop()
		numbering.Wait()

		messages := map[string]bool{}

		for _, e := range allEvents(t, s, w.Workspace)[before:] {
			if e.Type == chat.EventMessageCreated {
				assert.False(t, messages[e.SubjectID], "told twice")
				messages[e.SubjectID] = true
			}
		}

		assert.Len(t, messages, writers*each)
	})
}

func TestWhatIsRolledBackIsNoEvent(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		before := len(allEvents(t, s, w.Workspace))

		tx, err := s.Bun().BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = tx.ExecContext(t.Context(), fmt.Sprintf("UPDATE chats SET title = 'x' WHERE id = %d", w.SMS.ID))
		require.NoError(t, err)

		// What is not committed has no number, and holds nobody up.
		if s.Engine() == "postgres" {
			addMessage(t, s, w, w.Email.ID, "Hello")
			numberAll(t, s)
		}

		require.NoError(t, tx.Rollback())

		for _, e := range allEvents(t, s, w.Workspace)[before:] {
			assert.NotEqual(t, w.SMS.ID, e.ChatID)
		}
	})
}

// TestAProcessThatEndsBeforeItNumbersLosesNothing has one store write, and another number.
func TestAProcessThatEndsBeforeItNumbersLosesNothing(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		addMessage(t, s, w, w.SMS.ID, "Hello")

		// Nobody has numbered anything: the log is empty, and the facts are there.
		list, err := s.Events(t.Context(), w.Workspace, chat.EventFilter{Limit: 10})
		require.NoError(t, err)
		assert.Empty(t, list.Items)
		assert.Zero(t, list.Latest)

		// Numbering that is broken off leaves all as it was.
		ended, cancel := context.WithCancel(t.Context())
		cancel()

		_, _, err = s.NumberEvents(ended, 10)
		require.Error(t, err)

		events := allEvents(t, s, w.Workspace)
		assert.Contains(t, eventTypesOf(events), chat.EventMessageCreated)
		assert.Contains(t, eventTypesOf(events), chat.EventChatCreated)

		// A second time there is nothing, and the numbers stay.
		assert.Equal(t, events, allEvents(t, s, w.Workspace))
	})
}

func TestNumberEventsSaysWhoHasNewOnes(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a, b := dbtest.Seed(t, s), dbtest.Seed(t, s)
		numberAll(t, s)

		select {
		case <-s.Changed():
		default:
			require.Fail(t, "nobody was told that there is something to number")
		}

		addMessage(t, s, b, b.SMS.ID, "Hello")
		assert.Len(t, s.Changed(), 1)

		numbered, more, err := s.NumberEvents(t.Context(), 100)
		require.NoError(t, err)
		assert.False(t, more)
		require.Len(t, numbered, 1)
		assert.Equal(t, b.Workspace, numbered[0].WorkspaceID)

		list, err := s.Events(t.Context(), b.Workspace, chat.EventFilter{Limit: 100})
		require.NoError(t, err)
		assert.Equal(t, list.Latest, numbered[0].Latest)

		for _, e := range allEvents(t, s, a.Workspace) {
			assert.Equal(t, a.Workspace, e.WorkspaceID)
		}
	})
}

// TestWorkspacesThatAreNumberedTogetherKeepTheirOwnNumbers numbers changes of two workspaces, and of several chats, in
// one transaction.
func TestWorkspacesThatAreNumberedTogetherKeepTheirOwnNumbers(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		worlds := []*dbtest.World{dbtest.Seed(t, s), dbtest.Seed(t, s)}
		numberAll(t, s)

		for range 2 {
			for _, w := range worlds {
				addMessage(t, s, w, w.SMS.ID, "Hello")
				addMessage(t, s, w, w.Email.ID, "Hello")
			}
		}

		numbered, more, err := s.NumberEvents(t.Context(), 1000)
		require.NoError(t, err)
		assert.False(t, more)
		assert.Len(t, numbered, 2)

		for _, w := range worlds {
			ofChat := map[chat.ChatID]int64{}

			for i, e := range allEvents(t, s, w.Workspace) {
				assert.Equal(t, int64(i+1), e.Sequence)

				if e.ChatID != 0 {
					ofChat[e.ChatID]++
					assert.Equal(t, ofChat[e.ChatID], e.ChatSequence)
				}
			}
		}
	})
}

func TestEventsAreFilteredAndPassedOver(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		addMessage(t, s, w, w.SMS.ID, "one")
		addMessage(t, s, w, w.Email.ID, "two")
		all := allEvents(t, s, w.Workspace)
		latest := all[len(all)-1].Sequence

		list := func(f chat.EventFilter) chat.EventList {
			f.Limit = 100
			found, err := s.Events(t.Context(), w.Workspace, f)
			require.NoError(t, err)
			assert.Equal(t, latest, found.Latest)
			assert.Equal(t, int64(1), found.Oldest)
			assert.Equal(t, latest, found.Next, "what is left out is passed over")

			return found
		}

		created := list(chat.EventFilter{Types: []chat.EventType{chat.EventMessageCreated}})
		assert.Len(t, created.Items, 2)

		for _, e := range list(chat.EventFilter{ChatID: w.Email.ID}).Items {
			assert.Equal(t, w.Email.ID, e.ChatID)
		}

		assert.Empty(t, list(chat.EventFilter{After: latest}).Items)

		beyond, err := s.Events(t.Context(), w.Workspace, chat.EventFilter{After: latest + 5, Limit: 10})
		require.NoError(t, err)
		assert.Equal(t, latest+5, beyond.Next)
	})
}

// TestTheEventsOfAChatAreFoundWithoutTheOthers holds that a chat with few events, or none, costs no reading of the log.
func TestTheEventsOfAChatAreFoundWithoutTheOthers(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		numberAll(t, s)

		watch := &watcher{}
		filter := chat.EventFilter{
			After:  1,
			ChatID: w.Email.ID,
			Types:  []chat.EventType{chat.EventChatCreated},
			Limit:  10,
		}
		require.NoError(t, errorOf(s.Watched(watch).Events(t.Context(), w.Workspace, filter)))
		require.Len(t, watch.queries, 2)

		plan := explainQuery(t, s, watch.queries[1])
		assert.Regexp(t, `\(workspace_id=\? AND chat_id=\?|Index Cond: .*chat_id = `, plan)
		assert.NotContains(t, plan, "TEMP B-TREE")
		assert.NotContains(t, plan, "Sort")
	})
}

// TestNumbersGoOnAfterOldEventsAreForgotten forgets all of them: the counters are not the events.
func TestNumbersGoOnAfterOldEventsAreForgotten(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		addMessage(t, s, w, w.SMS.ID, "one")
		all := allEvents(t, s, w.Workspace)
		last := all[len(all)-1]

		count, err := s.ForgetEvents(t.Context(), time.Now().Add(-time.Hour), 100)
		require.NoError(t, err)
		assert.Zero(t, count, "they are young")

		count, err = s.ForgetEvents(t.Context(), time.Now().Add(time.Hour), 2)
		require.NoError(t, err)
		assert.Equal(t, 2, count, "no more than that at once")

		count, err = s.ForgetEvents(t.Context(), time.Now().Add(time.Hour), 100)
		require.NoError(t, err)
		assert.Equal(t, len(all)-2, count)

		addMessage(t, s, w, w.SMS.ID, "two")
		numberAll(t, s)

		list, err := s.Events(t.Context(), w.Workspace, chat.EventFilter{Limit: 10})
		require.NoError(t, err)
		require.NotEmpty(t, list.Items)
		assert.Equal(t, last.Sequence+1, list.Items[0].Sequence)
		assert.Equal(t, last.ChatSequence+1, list.Items[0].ChatSequence)
		assert.Equal(t, last.Sequence+1, list.Oldest)
	})
}

func TestAnEventNeverChanges(t *testing.T) {
	t.Parallel()

	insert := func(sequence, chatID string) string {
		return `INSERT INTO events (id, workspace_id, sequence, chat_id, type, subject_id, at, data)
			SELECT 'x', workspace_id, ` + sequence + `, ` + chatID + `, type, subject_id, at, data
			FROM events ORDER BY sequence LIMIT 1`
	}

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		require.NotEmpty(t, allEvents(t, s, w.Workspace))

		for name, statement := range map[string]string{
			"another type":              "UPDATE events SET type = 'chat.updated'",
			"another number":            "UPDATE events SET sequence = sequence + 1000",
			"no number":                 insert("0", "NULL"),
			"a number twice":            insert("sequence", "NULL"),
			"a chat without its number": insert("999", "chat_id"),
		} {
			_, err := s.Bun().ExecContext(t.Context(), statement)
			require.Error(t, err, name)
		}

		_, err := s.Bun().ExecContext(t.Context(), "DELETE FROM events WHERE sequence = 1")
		require.NoError(t, err, "old ones are deleted")
	})
}
