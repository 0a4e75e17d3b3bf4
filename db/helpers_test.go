package db_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// allEngines are stores on all engines at once, for tests that compare them.
func allEngines(t *testing.T) []*db.Store {
	t.Helper()

	stores := []*db.Store{dbtest.New(t)}
	if os.Getenv("HANDRAIL_TEST_SQLITE_ONLY") != "1" { //nolint:forbidigo // the environment configures tests
		stores = append(stores, dbtest.NewPostgres(t))
	}

	return stores
}

// requireCode checks that err is the domain's, with this code.
func requireCode(t *testing.T, code chat.Code, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, code, chat.CodeOf(err), "%v", err)
}

// clock is a present that tests move.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 10, 0, 0, 123456000, time.UTC)} }

func (c *clock) forward(d time.Duration) time.Time {
	c.now = c.now.Add(d)
	return c.now
}

// unconfirmed names a delivery of which no receipt came.
func unconfirmed(ws chat.WorkspaceID, id chat.DeliveryID) chat.UnconfirmedDelivery {
	return chat.UnconfirmedDelivery{DeliveryStep: chat.DeliveryStep{WorkspaceID: ws, DeliveryID: id}}
}

// evidenceHold is how long the same text to the same address waits after a claim of a minute whose
// outcome is not known.
const evidenceHold = 5*time.Minute + 2*time.Second

func pageOfTen() chat.Page { return chat.Page{Limit: 10} }

// readPages reads a whole list in pages of one size.
func readPages[T any](t *testing.T, limit int, part func(chat.Page) (chat.List[T], error)) []T {
	t.Helper()
	var all []T

	page := chat.Page{Limit: limit}
	for {
		list, err := part(page)
		require.NoError(t, err)
		require.LessOrEqual(t, len(list.Items), limit)

		all = append(all, list.Items...)
		if list.NextCursor == "" {
			return all
		}

		page.Cursor = list.NextCursor
	}
}

// auditVerbs are the verbs of the audit log, newest first.
func auditVerbs(t *testing.T, s *db.Store, ws chat.WorkspaceID) []string {
	t.Helper()

	var verbs []string

	entries := readPages(t, 100, func(p chat.Page) (chat.List[chat.AuditEntry], error) {
		return s.AuditLog(t.Context(), ws, chat.AuditFilter{}, p)
	})

	for _, e := range entries {
		verbs = append(verbs, e.Verb)
	}

	return verbs
}

func addMessage(t *testing.T, s *db.Store, w *dbtest.World, id chat.ChatID, text string) chat.Message {
	t.Helper()
	m, err := s.AddMessage(t.Context(), w.Workspace, id, chat.NewMessage{MemberID: w.Customer.ID, Content: text})
	require.NoError(t, err)

	return m
}
