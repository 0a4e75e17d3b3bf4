package db_test

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func idText[T ~int64](id T) string { return strconv.FormatInt(int64(id), 10) }

// TestAMergeKnowsEveryReference fails when a table comes to refer to members and nobody says what
// a merge does with it.
func TestAMergeKnowsEveryReference(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		var inSchema []string

		for _, reference := range readCatalog(t, s).References {
			from, to, _ := strings.Cut(reference, " -> ")
			if table, column, found := strings.Cut(from, " (workspace_id, "); found && to == "members" {
				inSchema = append(inSchema, table+"."+strings.TrimSuffix(column, ")"))
			}
		}

		slices.Sort(inSchema)
		assert.Equal(t, inSchema, db.MemberReferences())
	})
}

// duplicate is a customer who exists twice, with a chat, an answer and a question of their own.
type duplicate struct {
	*asking

	twin chat.Member
	chat chat.Chat
}

func newDuplicate(t *testing.T, s *db.Store) *duplicate {
	t.Helper()

	d := &duplicate{asking: newAsking(t, s)}
	d.twin = d.contributor("Ana L.", "", "ana.lopez@example.com")

	// The same person has the number here and the address there.
	_, err := s.UpdateMember(t.Context(), d.w.Workspace, d.w.By, d.w.Customer.ID, chat.MemberPatch{Email: new("")})
	require.NoError(t, err)

	d.chat, err = s.CreateChat(t.Context(), d.w.Workspace, d.w.By, chat.NewChat{
		Channel:           chat.ChannelEmail,
		MemberID:          d.twin.ID,
		AssistantMemberID: &d.w.Assistant.ID,
		InboxID:           &d.w.Inbox.ID,
	})
	require.NoError(t, err)

	return d
}

func (d *duplicate) merge() (chat.Member, error) {
	return d.s.MergeMembers(
		d.t.Context(),
		d.w.Workspace,
		d.w.By,
		chat.MemberMerge{From: d.twin.ID, Into: d.w.Customer.ID, MayWidenKeys: true},
	)
}

func TestMergeMembers(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		d := newDuplicate(t, s)
		w, ctx := d.w, t.Context()
		// Later than anything in the customer's other chats.
		arrival := receiveInbound(t, s, newMail("ana.lopez@example.com", "hi"), time.Now().Add(time.Hour))
		require.Equal(t, d.chat.ID, arrival.ChatID)

		r := d.open(d.question())
		require.Equal(t, d.twin.ID, r.Questions[0].MemberID)

		off := false
		_, err := s.UpdateMember(ctx, w.Workspace, w.By, d.twin.ID, chat.MemberPatch{
			NotificationsEnabled: &off,
			Consents:             chat.Consents{chat.ChannelSMS: chat.ConsentRevoked, chat.ChannelEmail: chat.ConsentGranted},
		})
		require.NoError(t, err)
		_, err = s.UpdateMember(ctx, w.Workspace, w.By, w.Customer.ID, chat.MemberPatch{
			Consents: chat.Consents{chat.ChannelSMS: chat.ConsentGranted},
		})
		require.NoError(t, err)

		stays, err := d.merge()
		require.NoError(t, err)
		assert.Equal(
			t,
			[]any{w.Customer.ID, "Ana Lopez", "+14155550123", "ana.lopez@example.com", false, chat.RoleUser},
			[]any{stays.ID, stays.Name, stays.Phone, stays.Email, stays.NotificationsEnabled, stays.Role},
		)
		assert.Equal(t, chat.ConsentRevoked, stays.Consents.On(chat.ChannelSMS), "the stricter one")
		assert.Equal(t, chat.ConsentGranted, stays.Consents.On(chat.ChannelEmail))

		stored, err := s.Member(ctx, w.Workspace, w.Customer.ID)
		require.NoError(t, err)
		assert.Equal(t, stays, stored)

		c, err := s.Chat(ctx, w.Workspace, d.chat.ID)
		require.NoError(t, err)
		assert.Equal(t, w.Customer.ID, c.MemberID)
		assert.Equal(t, w.Customer.ID, *messagesOf(t, s, w, d.chat.ID)[0].MemberID)
		assert.Equal(t, w.Customer.ID, d.request(r.ID).Questions[0].MemberID)

		places, err := s.Participants(ctx, w.Workspace, w.SMS.ID)
		require.NoError(t, err)

		var roles []chat.ParticipantRole

		for _, p := range places {
			if p.MemberID == w.Customer.ID {
				roles = append(roles, p.Role)
			}
		}

		assert.Equal(t, []chat.ParticipantRole{chat.ParticipantOwner}, roles, "one place of two, the stronger one")

		assert.Equal(
			t,
			d.chat.ID,
			receiveInbound(t, s, newMail("Ana.Lopez@example.com", "hi again"), d.now).ChatID,
			"answers find their chat",
		)

		log, err := s.AuditLog(ctx, w.Workspace, chat.AuditFilter{}, chat.Page{Limit: 1})
		require.NoError(t, err)
		assert.Equal(t, []any{"member.merged", idText(d.twin.ID), w.By.MemberID},
			[]any{log.Items[0].Verb, log.Items[0].Object, log.Items[0].MemberID})

		detail := string(log.Items[0].Detail)
		assert.Contains(t, detail, `"into":`+idText(w.Customer.ID))
		assert.Contains(t, detail, `"role":{"old":"user"}`, "what the one who is gone was")
	})
}

func TestAMergeAgainChangesNothing(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		d := newDuplicate(t, s)
		w, ctx := d.w, t.Context()

		var all sync.WaitGroup

		stays, errs := make([]chat.Member, 4), make([]error, 4)
		for i := range stays {
			all.Go(func() { stays[i], errs[i] = d.merge() })
		}

		all.Wait()

		for i := range stays {
			require.NoError(t, errs[i], "at once")
			assert.Equal(t, stays[0], stays[i])
		}

		again, err := d.merge()
		require.NoError(t, err)
		assert.Equal(t, stays[0], again)

		log, err := s.AuditLog(ctx, w.Workspace, chat.AuditFilter{}, chat.Page{Limit: 100})
		require.NoError(t, err)

		merges := slices.DeleteFunc(log.Items, func(e chat.AuditEntry) bool { return e.Verb != "member.merged" })
		assert.Len(t, merges, 1)

		gone := func(err error, code chat.Code, into chat.MemberID) {
			t.Helper()
			requireCode(t, code, err)
			assert.Equal(t, into, chat.AsError(err).MemberID)
		}

		_, err = s.Member(ctx, w.Workspace, d.twin.ID)
		gone(err, chat.CodeMemberNotFound, w.Customer.ID)
		_, err = s.UpdateMember(ctx, w.Workspace, w.By, d.twin.ID, chat.MemberPatch{Name: new("x")})
		gone(err, chat.CodeMemberNotFound, w.Customer.ID)

		third, err := s.CreateMember(ctx, w.Workspace, w.By, dbtest.NewPerson("Third", "", ""))
		require.NoError(t, err)
		_, err = s.MergeMembers(ctx, w.Workspace, w.By, chat.MemberMerge{From: d.twin.ID, Into: third.ID})
		gone(err, chat.CodeConflict, w.Customer.ID)
		_, err = s.MergeMembers(ctx, w.Workspace, w.By, chat.MemberMerge{From: third.ID, Into: d.twin.ID})
		gone(err, chat.CodeMemberNotFound, w.Customer.ID)

		_, err = s.MergeMembers(ctx, w.Workspace, w.By, chat.MemberMerge{From: w.Customer.ID, Into: third.ID})
		require.NoError(t, err)
		_, err = s.Member(ctx, w.Workspace, d.twin.ID)
		gone(err, chat.CodeMemberNotFound, third.ID)
	})
}

func TestWhoIsNotMerged(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		d := newDuplicate(t, s)
		w, ctx := d.w, t.Context()
		refused := func(code chat.Code, in chat.MemberMerge, says string) {
			t.Helper()

			_, err := s.MergeMembers(ctx, w.Workspace, w.By, in)
			requireCode(t, code, err)
			assert.Contains(t, err.Error(), says)
		}
		into := func(id chat.MemberID) chat.MemberMerge { return chat.MemberMerge{From: d.twin.ID, Into: id} }

		refused(chat.CodeInvalidRequest, into(d.twin.ID), "another member")
		refused(chat.CodeMemberNotFound, into(99999), "")
		refused(chat.CodeMemberNotFound, chat.MemberMerge{From: 99999, Into: d.twin.ID}, "")
		refused(chat.CodeConflict, into(w.Assistant.ID), "an assistant")
		refused(chat.CodeConflict, chat.MemberMerge{From: w.Manager.ID, Into: d.twin.ID}, "API keys")
		refused(chat.CodeForbidden, into(w.Manager.ID), "keys:admin")

		require.NoError(t, s.RevokeKey(ctx, w.Workspace, w.By, w.Key.ID, d.now))
		refused(chat.CodeConflict, chat.MemberMerge{From: w.Manager.ID, Into: d.twin.ID}, "API keys")

		for name, person := range map[string]chat.Member{
			"phone numbers":   dbtest.NewPerson("Ben", "+14155550182", ""),
			"email addresses": dbtest.NewPerson("Ben", "", "ben@example.com"),
		} {
			ben, err := s.CreateMember(ctx, w.Workspace, w.By, person)
			require.NoError(t, err)

			from := w.Customer.ID
			if person.Email != "" {
				from = d.twin.ID
			}

			refused(chat.CodeConflict, chat.MemberMerge{From: from, Into: ben.ID}, "different "+name)
		}

		second := d.contributor("Ana Lo", "+14155550183", "")
		d.open(d.question())
		refused(chat.CodeConflict, into(second.ID), "contributor request")

		unchanged, err := s.Member(ctx, w.Workspace, d.twin.ID)
		require.NoError(t, err)
		assert.Equal(t, d.twin, unchanged)
	})
}

// TestAMergeMovesATakeover: a chat that the one who goes has taken over is that of the one who stays.
func TestAMergeMovesATakeover(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		d := newDuplicate(t, s)

		// The audit log would keep who takes a chat over from being merged.
		_, err := s.Bun().NewUpdate().
			Table("chats").
			Set("taken_over_by = ?, taken_over_at = ?", d.twin.ID, d.now).
			Where("workspace_id = ? AND id = ?", d.w.Workspace, d.chat.ID).
			Exec(t.Context())
		require.NoError(t, err)

		_, err = d.merge()
		require.NoError(t, err)

		c, err := s.Chat(t.Context(), d.w.Workspace, d.chat.ID)
		require.NoError(t, err)
		require.NotNil(t, c.Takeover)
		assert.Equal(t, d.w.Customer.ID, c.Takeover.By)
	})
}

// TestAMergeThatADeadlockEndsIsTriedAgain: a merge and a send held a chat and a member in different orders, and
// PostgreSQL ended the merge, which was a fault of ours to its caller.
func TestAMergeThatADeadlockEndsIsTriedAgain(t *testing.T) {
	t.Parallel()

	// PostgreSQL ends who has waited for a second when it looks. On a busy machine that may be the other one.
	for range 10 {
		d := newDuplicate(t, dbtest.NewPostgres(t))

		other, err := d.s.Bun().BeginTx(t.Context(), nil)
		require.NoError(t, err)

		_, err = other.NewRaw("SELECT 1 FROM members WHERE id = ? FOR UPDATE", d.w.Customer.ID).Exec(t.Context())
		require.NoError(t, err)

		merged := make(chan error, 1)

		go func() {
			_, err := d.merge()
			merged <- err
		}()

		requireWaiter(t, d.s, &other)

		_, ended := other.NewRaw("SELECT 1 FROM chats WHERE id = ? FOR UPDATE", d.chat.ID).Exec(t.Context())
		require.NoError(t, other.Rollback())
		require.NoError(t, <-merged)

		if ended == nil {
			return
		}
	}

	require.Fail(t, "the merge was never the one that was ended")
}

// requireWaiter waits until somebody waits for what the transaction holds.
func requireWaiter(t *testing.T, s *db.Store, tx *bun.Tx) {
	t.Helper()

	holder := backendPID(t, tx)

	require.Eventually(t, func() bool {
		var waiting int
		err := s.Bun().
			NewRaw("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE NOT l.granted "+
				"AND ? = ANY (pg_blocking_pids(l.pid))", holder).
			Scan(t.Context(), &waiting)

		return err == nil && waiting > 0
	}, time.Minute, 10*time.Millisecond)
}
