package db_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// walkPages reads a whole list in pages of two.
func walkPages[T any, ID comparable](
	t *testing.T,
	page chat.Page,
	read func(chat.Page) (chat.List[T], error),
	idOf func(T) ID,
) []ID {
	t.Helper()

	var ids []ID

	for page.Limit = 2; ; {
		part, err := read(page)
		require.NoError(t, err)

		for _, item := range part.Items {
			ids = append(ids, idOf(item))
		}

		if page.Cursor = part.NextCursor; page.Cursor == "" {
			return ids
		}

		require.Less(t, len(ids), 100)
	}
}

// TestAListIsWholeInEveryOrder reads the members and the chats in pages, in all orders that they have.
func TestAListIsWholeInEveryOrder(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()

		// The first member is the last that has changed.
		_, err := s.UpdateMember(ctx, w.Workspace, w.By, w.Customer.ID, chat.MemberPatch{Name: new("Ana Maria")})
		require.NoError(t, err)

		members := func(p chat.Page) []chat.MemberID {
			return walkPages(t, p, func(p chat.Page) (chat.List[chat.Member], error) {
				return s.Members(ctx, w.Workspace, chat.MemberFilter{Page: p})
			}, func(m chat.Member) chat.MemberID { return m.ID })
		}

		own := members(chat.Page{})
		require.GreaterOrEqual(t, len(own), 3)
		assert.True(t, slices.IsSorted(own))

		turned := slices.Clone(own)
		slices.Reverse(turned)
		assert.Equal(t, turned, members(chat.Page{Order: chat.Descending}))
		assert.Equal(t, turned, members(chat.Page{Sort: "-created_at"}))
		assert.Equal(t, own, members(chat.Page{Sort: "created_at"}))
		assert.Equal(t, w.Customer.ID, members(chat.Page{Sort: "-updated_at"})[0])
		assert.ElementsMatch(t, own, members(chat.Page{Sort: "updated_at"}))

		chats := func(p chat.Page) []chat.ChatID {
			return walkPages(t, p, func(p chat.Page) (chat.List[chat.Chat], error) {
				return s.Chats(ctx, w.Workspace, chat.ChatFilter{Page: p})
			}, func(c chat.Chat) chat.ChatID { return c.ID })
		}

		all := chats(chat.Page{})
		for _, sort := range []string{"created_at", "-created_at", "updated_at", "last_activity_at"} {
			assert.ElementsMatch(t, all, chats(chat.Page{Sort: sort}), sort)
		}
	})
}

// TestACursorIsOfItsOrder takes the cursor of one order to another one, and sorts by what cannot be sorted by.
func TestACursorIsOfItsOrder(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)

		read := func(p chat.Page) (chat.List[chat.Member], error) {
			return s.Members(t.Context(), w.Workspace, chat.MemberFilter{Page: p})
		}

		first, err := read(chat.Page{Limit: 1})
		require.NoError(t, err)

		for _, other := range []chat.Page{
			{Limit: 1, Cursor: first.NextCursor, Sort: "updated_at"},
			{Limit: 1, Cursor: first.NextCursor, Order: chat.Descending},
			{Limit: 1, Sort: "title"},
		} {
			_, err = read(other)
			assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))
		}
	})
}

// TestCursorsThatNobodyWasGiven begins lists after places that are no places: it is the caller's fault, or an empty
// page, and none of the database.
func TestCursorsThatNobodyWasGiven(t *testing.T) {
	t.Parallel()

	times := []string{"0", "-1", "9223372036854775807", "-9223372036854775808", "253402300800000000"}
	ids := []string{
		"0", "-1", "9223372036854775807", `""`, `"x"`, `"\u0000"`, `"\ud800"`, `"' OR 1=1 --"`,
		`"01a204a0-0000-7000-8000-00000000000a"`,
	}

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()
		w.Prepare(t, s, w.SMS.ID, "Hello")

		lists := map[string]func(chat.Page) error{
			"deliveries": func(p chat.Page) error {
				return errorOf(s.Deliveries(ctx, w.Workspace, chat.DeliveryFilter{Page: p}))
			},
			"actions": func(p chat.Page) error {
				return errorOf(s.Actions(ctx, w.Workspace, chat.ActionFilter{Page: p}))
			},
			"chats": func(p chat.Page) error {
				return errorOf(s.Chats(ctx, w.Workspace, chat.ChatFilter{Page: p}))
			},
			"members": func(p chat.Page) error {
				return errorOf(s.Members(ctx, w.Workspace, chat.MemberFilter{Page: p}))
			},
			"approvals": func(p chat.Page) error {
				return errorOf(s.Approvals(ctx, w.Workspace, nil, p))
			},
			"suppressions": func(p chat.Page) error {
				return errorOf(s.Suppressions(ctx, w.Workspace, chat.SuppressionFilter{Page: p}))
			},
			"audit": func(p chat.Page) error {
				return errorOf(s.AuditLog(ctx, w.Workspace, chat.AuditFilter{}, p))
			},
			"members:updated_at:": func(p chat.Page) error {
				p.Sort = "updated_at"
				return errorOf(s.Members(ctx, w.Workspace, chat.MemberFilter{Page: p}))
			},
			"tool_calls": func(p chat.Page) error {
				return errorOf(s.ToolCalls(ctx, w.Workspace, chat.ToolCallFilter{Page: p}))
			},
		}

		for name, read := range lists {
			for _, id := range ids {
				cursors := []string{fmt.Sprintf(`["%s",%s]`, name, id)}
				for _, at := range times {
					cursors = append(cursors, fmt.Sprintf(`["%s",%s,%s]`, name, at, id))
					cursors = append(cursors, fmt.Sprintf(`["%s",%s,%s]`, name, id, at))
				}

				for _, cursor := range cursors {
					err := read(chat.Page{Limit: 1, Cursor: base64.RawURLEncoding.EncodeToString([]byte(cursor))})
					if err != nil {
						assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), "%s: %s: %v", name, cursor, err)
					}
				}
			}
		}
	})
}

// TestAListIsCounted counts lists, with and without entries, and what has changed lately.
func TestAListIsCounted(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()
		w.Prepare(t, s, w.SMS.ID, "Hello")
		w.Prepare(t, s, w.Email.ID, "Hello")

		later := time.Now().Add(time.Hour)

		for want, f := range map[int]chat.DeliveryFilter{
			2: {},
			1: {Words: &chat.DeliveryWords{Channels: []chat.Channel{chat.ChannelEmail, chat.ChannelWeb}}},
			0: {UpdatedSince: &later},
		} {
			f.Page = chat.Page{Total: true}
			list, err := s.Deliveries(ctx, w.Workspace, f)
			require.NoError(t, err)
			assert.Equal(t, want, *list.Total)
			assert.Empty(t, list.Items)
			assert.Empty(t, list.NextCursor)
		}

		messages, err := s.Messages(ctx, w.Workspace, w.SMS.ID, chat.MessagePage{
			Page:   chat.Page{Limit: 1, Total: true, Order: chat.Ascending},
			Offset: 1,
		})
		require.NoError(t, err)
		assert.GreaterOrEqual(t, *messages.Total, 1)

		actions, err := s.Actions(ctx, w.Workspace, chat.ActionFilter{
			Page: chat.Page{Limit: 1, Total: true, Sort: "-updated_at"},
		})
		require.NoError(t, err)
		assert.Equal(t, 2, *actions.Total)
		assert.Len(t, actions.Items, 1)
	})
}

// TestListsFindTheOnesNamedById looks for some members and some deliveries, of one workspace.
func TestListsFindTheOnesNamedById(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other := dbtest.Seed(t, s), dbtest.Seed(t, s)
		ctx := t.Context()

		wanted := []chat.MemberID{w.Customer.ID, w.Manager.ID, other.Customer.ID}
		members, err := s.Members(ctx, w.Workspace, chat.MemberFilter{IDs: wanted, Page: chat.Page{Limit: 10}})
		require.NoError(t, err)

		var found []chat.MemberID
		for _, m := range members.Items {
			found = append(found, m.ID)
		}

		assert.ElementsMatch(t, []chat.MemberID{w.Customer.ID, w.Manager.ID}, found)

		ids := w.Prepare(t, s, w.SMS.ID, "Hello")
		w.Prepare(t, s, w.SMS.ID, "Hello again")

		deliveries, err := s.Deliveries(ctx, w.Workspace, chat.DeliveryFilter{
			Words: &chat.DeliveryWords{IDs: []chat.DeliveryID{ids.DeliveryID}},
			Page:  chat.Page{Limit: 10},
		})
		require.NoError(t, err)
		require.Len(t, deliveries.Items, 1)
		assert.Equal(t, ids.DeliveryID, deliveries.Items[0].ID)
		assert.Equal(t, w.Customer.ID, deliveries.Items[0].ToMemberID)
	})
}
