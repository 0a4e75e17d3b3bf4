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

// listInbound lists what a workspace sees of a status, "" for all.
func listInbound(t *testing.T, s *db.Store, ws chat.WorkspaceID, status chat.InboundStatus) []chat.InboundRecord {
	t.Helper()

	filter := chat.InboundFilter{Page: pageOfTen()}
	if status != "" {
		filter.Statuses = []chat.InboundStatus{status}
	}

	list, err := s.Inbound(t.Context(), ws, filter)
	require.NoError(t, err)

	return list.Items
}

func TestAnOrphanIsTakenWhenItsNumberIsEntered(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		const number = "+442079460100"

		early := newText("+14155550123", "is this the new number?")
		early.To = []string{number}
		assert.Equal(t, chat.Arrival{}, receiveInbound(t, s, early, clock.now))
		assert.True(t, receiveInbound(t, s, early, clock.now).Repeated)

		stop := newText("+14155550155", "STOP")
		stop.To, stop.Keyword = []string{number}, chat.KeywordStop
		receiveInbound(t, s, stop, clock.forward(time.Second))

		waiting := listInbound(t, s, w.Workspace, chat.InboundOrphaned)
		require.Len(t, waiting, 2)
		assert.Equal(t, []any{"+14155550155", []string{number}}, []any{waiting[0].From, waiting[0].To})

		entered, err := s.CreatePhoneNumber(t.Context(), w.Workspace, w.By, chat.PhoneNumber{Number: number})
		require.NoError(t, err)

		taken := listInbound(t, s, w.Workspace, chat.InboundTaken)
		require.Len(t, taken, 2)
		assert.Equal(t, waiting[1].ID, taken[1].ID, "it keeps its id")
		assert.Empty(t, listInbound(t, s, w.Workspace, chat.InboundOrphaned))

		c, err := s.Chat(t.Context(), w.Workspace, taken[1].ChatID)
		require.NoError(t, err)
		assert.Equal(t, []any{entered.ID, w.Customer.ID, true}, []any{*c.PhoneNumberID, c.MemberID, c.NeedsResponse})

		m := messagesOf(t, s, w, c.ID)[0]
		assert.Equal(t, early.Text, m.Content)
		assert.Equal(t, waiting[1].ReceivedAt, m.CreatedAt, "when it came")

		_, err = s.PrepareSend(t.Context(), w.Send(taken[0].ChatID, "hi"), dbtest.SendIDs(), dbtest.PlanText("hi"))
		requireCode(t, chat.CodeRecipientOptedOut, err)
		assert.True(t, receiveInbound(t, s, early, clock.now).Repeated)
		assert.Len(t, messagesOf(t, s, w, c.ID), 1)
	})
}

func TestAnOrphanIsTakenWhenItsInboxIsEntered(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		in := newMail("ana@example.com", "is this the new address?")
		in.To = []string{"Sales+x@example.com", "shop@example.com"}
		in.Delivered = in.To
		receiveInbound(t, s, in, clock.now)

		patch := chat.InboxPatch{Address: new("sales@Example.com")}
		changed, err := s.UpdateInbox(t.Context(), w.Workspace, w.By, w.Inbox.ID, patch)
		require.NoError(t, err)

		m := messagesOf(t, s, w, w.Email.ID)
		require.Len(t, m, 1, changed.Address)
		assert.Equal(t, in.Text, m[0].Content)

		shop, err := s.CreateInbox(t.Context(), w.Workspace, w.By, chat.Inbox{Address: "shop@example.com"})
		require.NoError(t, err)

		taken := listInbound(t, s, w.Workspace, chat.InboundTaken)
		require.Len(t, taken, 2, "both inboxes get it")
		assert.Len(t, messagesOf(t, s, w, w.Email.ID), 1)

		for _, record := range taken {
			if record.ChatID == w.Email.ID {
				continue
			}

			c, err := s.Chat(t.Context(), w.Workspace, record.ChatID)
			require.NoError(t, err)
			assert.Equal(t, shop.ID, *c.InboxID)
			assert.Equal(t, in.Text, messagesOf(t, s, w, record.ChatID)[0].Content)
		}
	})
}

func TestAnOrphanOfANumberAndItsServiceIsTakenOnce(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		const service = "MG0123456789abcdef0123456789abcdef"

		in := newText("+14155550155", "hello")
		in.To, in.ServiceSID = []string{"+442079460100"}, service
		receiveInbound(t, s, in, clock.now)

		for _, sender := range []chat.PhoneNumber{{MessagingServiceSID: service}, {Number: "+442079460100"}} {
			_, err := s.CreatePhoneNumber(t.Context(), w.Workspace, w.By, sender)
			require.NoError(t, err)
			assert.Len(t, listInbound(t, s, w.Workspace, ""), 1)
		}
	})
}

func replayOf(w *dbtest.World, id chat.InboundID) chat.ReplayInbound {
	return chat.ReplayInbound{WorkspaceID: w.Workspace, By: w.By, ID: id}
}

func TestAReplayReadsWhatCouldNotBeRead(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		refused := chat.RefusedInbound{
			Provider:    chat.ProviderSendGrid,
			Channel:     chat.ChannelEmail,
			Key:         "refused:1",
			ContentType: "multipart/form-data; boundary=x",
			Raw:         []byte("\x00not yet\xff"),
			Why:         "body must be a complete multipart form",
		}

		for range 2 {
			require.NoError(t, s.RefuseInbound(t.Context(), refused, clock.now))
		}

		all := listInbound(t, s, w.Workspace, chat.InboundRefused)
		require.Len(t, all, 1)
		assert.Contains(t, all[0].Explanation(), refused.Why)

		cannot := func(chat.RefusedInbound) (chat.Inbound, error) { return chat.Inbound{}, chat.Invalid("body", "x") }
		still, _, err := s.ReplayInbound(t.Context(), replayOf(w, all[0].ID), cannot, clock.now)
		require.NoError(t, err)
		assert.Equal(t, all[0], still)

		in := newMail("ana@example.com", "now it is read")
		in.To = []string{"sales@example.com"}
		can := func(got chat.RefusedInbound) (chat.Inbound, error) {
			assert.Equal(t, []any{refused.ContentType, refused.Raw}, []any{got.ContentType, got.Raw})
			return in, nil
		}

		orphan, _, err := s.ReplayInbound(t.Context(), replayOf(w, all[0].ID), can, clock.now)
		require.NoError(t, err)
		assert.Equal(t, chat.InboundOrphaned, orphan.Status)

		_, err = s.CreateInbox(t.Context(), w.Workspace, w.By, chat.Inbox{Address: "sales@example.com"})
		require.NoError(t, err)

		taken, err := s.InboundRecord(t.Context(), w.Workspace, all[0].ID)
		require.NoError(t, err)
		assert.Equal(t, []any{chat.InboundTaken, ""}, []any{taken.Status, taken.Why})
		assert.Equal(t, in.Text, messagesOf(t, s, w, taken.ChatID)[0].Content)
		assert.True(t, receiveInbound(t, s, in, clock.now).Repeated)
	})
}

func TestReplay(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		in := newText("+14155550123", "hello")
		in.To = []string{"+442079460100"}
		receiveInbound(t, s, in, clock.now)
		id := listInbound(t, s, w.Workspace, "")[0].ID

		still, a, err := s.ReplayInbound(t.Context(), replayOf(w, id), nil, clock.now)
		require.NoError(t, err)
		assert.Equal(t, []any{chat.InboundOrphaned, false}, []any{still.Status, a.Known})

		_, err = s.Bun().ExecContext(t.Context(), "DELETE FROM inbound_waiting") // as if there were too many
		require.NoError(t, err)

		_, err = s.CreatePhoneNumber(t.Context(), w.Workspace, w.By, chat.PhoneNumber{Number: "+442079460100"})
		require.NoError(t, err)

		for range 2 {
			taken, _, err := s.ReplayInbound(t.Context(), replayOf(w, id), nil, clock.now)
			require.NoError(t, err)
			assert.Equal(t, chat.InboundTaken, taken.Status)
			assert.Len(t, messagesOf(t, s, w, taken.ChatID), 1, "it is taken once")
		}

		_, _, err = s.ReplayInbound(t.Context(), replayOf(w, "none"), nil, clock.now)
		requireCode(t, chat.CodeInboundNotFound, err)
	})
}

func TestWhatCameInIsListed(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		receiveInbound(t, s, newText("+14155550123", "one"), clock.now)

		vacation := newMail("ana@example.com", "two")
		vacation.Automatic = chat.AutomaticSubmitted
		receiveInbound(t, s, vacation, clock.forward(time.Second))

		nobodys := newText("+14155550123", "three")
		nobodys.To = []string{"+442079460100"}
		receiveInbound(t, s, nobodys, clock.forward(time.Second))

		all := listInbound(t, s, w.Workspace, "")
		require.Len(t, all, 3)

		for i, status := range []chat.InboundStatus{chat.InboundOrphaned, chat.InboundAutomatic, chat.InboundTaken} {
			assert.Equal(t, status, all[i].Status)
			assert.NotEmpty(t, all[i].Explanation())

			only := listInbound(t, s, w.Workspace, status)
			require.Len(t, only, 1)
			assert.Equal(t, all[i], only[0])

			one, err := s.InboundRecord(t.Context(), w.Workspace, all[i].ID)
			require.NoError(t, err)
			assert.Equal(t, all[i], one)
		}

		page, err := s.Inbound(t.Context(), w.Workspace, chat.InboundFilter{Page: chat.Page{Limit: 2}})
		require.NoError(t, err)

		next := chat.Page{Limit: 2, Cursor: page.NextCursor}
		rest, err := s.Inbound(t.Context(), w.Workspace, chat.InboundFilter{Page: next})
		require.NoError(t, err)
		assert.Equal(t, all, append(page.Items, rest.Items...))

		narrow := chat.InboundFilter{
			Channel: chat.ChannelSMS,
			ChatID:  w.SMS.ID,
			Since:   &all[2].ReceivedAt,
			Until:   &all[1].ReceivedAt,
			Page:    pageOfTen(),
		}
		part, err := s.Inbound(t.Context(), w.Workspace, narrow)
		require.NoError(t, err)
		assert.Equal(t, all[2:], part.Items)
	})
}

func TestAnOrphanIsNobodysWhereThereAreTwoWorkspaces(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		in := newText("+14155550123", "hello")
		in.To = []string{"+442079460100"}
		receiveInbound(t, s, in, clock.now)
		id := listInbound(t, s, w.Workspace, "")[0].ID

		other := dbtest.Seed(t, s)

		for _, ws := range []chat.WorkspaceID{w.Workspace, other.Workspace} {
			assert.Empty(t, listInbound(t, s, ws, ""))

			_, err := s.InboundRecord(t.Context(), ws, id)
			requireCode(t, chat.CodeInboundNotFound, err)

			_, _, err = s.ReplayInbound(t.Context(), chat.ReplayInbound{WorkspaceID: ws, ID: id}, nil, clock.now)
			requireCode(t, chat.CodeInboundNotFound, err)
		}

		assert.Len(t, listInbound(t, s, "", chat.InboundOrphaned), 1, "the operator sees it")

		_, _, err := s.ReplayInbound(t.Context(), chat.ReplayInbound{ID: id}, nil, clock.now)
		require.NoError(t, err)
	})
}
