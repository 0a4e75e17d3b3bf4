package db_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// auditedDetail is the detail of the newest audit entry, which must have this verb and be the world's.
func auditedDetail(t *testing.T, s *db.Store, w *dbtest.World, verb string) string {
	t.Helper()

	log, err := s.AuditLog(t.Context(), w.Workspace, chat.AuditFilter{Verb: verb}, chat.Page{Limit: 1})
	require.NoError(t, err)
	require.Len(t, log.Items, 1, verb)
	assert.Equal(t, w.By, log.Items[0].Actor, verb)

	return string(log.Items[0].Detail)
}

// auditedChanges are the changes in that detail, by field.
func auditedChanges(t *testing.T, s *db.Store, w *dbtest.World, verb string) map[string]any {
	t.Helper()

	var detail struct {
		Changes map[string]any `json:"changes"`
	}

	require.NoError(t, json.Unmarshal([]byte(auditedDetail(t, s, w, verb)), &detail))

	return detail.Changes
}

// TestTheAuditLogHasOldAndNewValuesOfPeople changes members, keys and places in chats.
func TestTheAuditLogHasOldAndNewValuesOfPeople(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()

		_, err := s.UpdateMember(ctx, w.Workspace, w.By, w.Customer.ID, chat.MemberPatch{
			Name:                 new("Ana Maria"),
			Phone:                new("+14155550177"),
			NotificationsEnabled: new(!w.Customer.NotificationsEnabled),
			Consents:             chat.Consents{chat.ChannelEmail: chat.ConsentRevoked},
		})
		require.NoError(t, err)

		changes := auditedChanges(t, s, w, "member.updated")
		assert.Equal(t, map[string]any{"changed": true}, changes["name"])
		assert.Equal(t, map[string]any{"old": "+14•••••0123", "new": "+14•••••0177"}, changes["phone"])
		assert.Equal(t, map[string]any{"old": "unknown", "new": "revoked"}, changes["consent.email"])
		assert.Contains(t, changes, "notifications_enabled")
		assert.NotContains(t, changes, "consent.sms", "it has not changed")

		places, err := s.Participants(ctx, w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		_, err = s.UpdateParticipant(ctx, w.Workspace, w.By, w.SMS.ID, places[2].ID, chat.ParticipantObserver)
		require.NoError(t, err)
		changes = auditedChanges(t, s, w, "participant.updated")
		assert.Equal(t, map[string]any{"old": "operator", "new": "observer"}, changes["role"])

		key, err := s.CreateKey(ctx, w.Workspace, w.By, chat.Key{
			MemberID: w.Manager.ID,
			Name:     "second",
			Scopes:   []chat.Scope{chat.ScopeChatsRead},
		}, chat.HashKey(chat.NewKeySecret()))
		require.NoError(t, err)
		changes = auditedChanges(t, s, w, "api_key.created")
		assert.Equal(t, map[string]any{"new": []any{"chats:read"}}, changes["scopes"])
		require.NoError(t, s.RevokeKey(ctx, w.Workspace, w.By, key.ID, time.Now()))
		changes = auditedChanges(t, s, w, "api_key.revoked")
		assert.Equal(t, map[string]any{"old": []any{"chats:read"}}, changes["scopes"])
	})
}

// TestTheAuditLogHasOldAndNewValuesOfThings changes a chat, senders, a label and the settings.
func TestTheAuditLogHasOldAndNewValuesOfThings(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()

		_, err := s.UpdateChat(ctx, w.Workspace, w.By, w.SMS.ID, chat.ChatPatch{
			Summary:  new("Wants her parcel"),
			State:    new(chat.StateClosed),
			LabelIDs: &[]chat.LabelID{w.VIP.ID},
		})
		require.NoError(t, err)
		assert.JSONEq(
			t,
			`{"changes":{"summary":{"changed":true},"state":{"old":"open","new":"closed"},
				"labels":{"old":[],"new":[`+idText(w.VIP.ID)+`]}}}`,
			auditedDetail(t, s, w, "chat.updated"),
		)

		_, err = s.UpdateLabel(ctx, w.Workspace, w.By, w.VIP.ID, chat.LabelPatch{Color: new("#000000")})
		require.NoError(t, err)
		assert.JSONEq(
			t,
			`{"changes":{"color":{"old":"#ff8800","new":"#000000"}}}`,
			auditedDetail(t, s, w, "label.updated"),
		)

		w.Grant(t, s, "help@example.com")
		inbox, err := s.CreateInbox(ctx, w.Workspace, w.By, chat.Inbox{Address: "help@example.com"})
		require.NoError(t, err)
		assert.JSONEq(
			t,
			`{"changes":{"address":{"new":"h•••••@example.com"}}}`,
			auditedDetail(t, s, w, "inbox.created"),
		)
		require.NoError(t, s.DeleteInbox(ctx, w.Workspace, w.By, inbox.ID))
		assert.JSONEq(
			t,
			`{"changes":{"address":{"old":"h•••••@example.com"}}}`,
			auditedDetail(t, s, w, "inbox.deleted"),
		)

		_, err = s.UpdateSummarySettings(ctx, w.Workspace, w.By, chat.SummarySettings{
			LabelThreshold: chat.DefaultLabelThreshold,
			TokenBudget:    5000,
			Instructions:   "Call her by her name.",
		})
		require.NoError(t, err)
		assert.JSONEq(
			t,
			`{"changes":{"token_budget":{"old":0,"new":5000},"instructions":{"changed":true}}}`,
			auditedDetail(t, s, w, "summary_settings.updated"),
		)
	})
}

// TestAReasonWithAnAddressIsMasked has people write into reasons what the log must not have.
func TestAReasonWithAnAddressIsMasked(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		_, err := s.DecideOptOut(t.Context(), w.Workspace, chat.OptOutDecision{
			MemberID: w.Customer.ID,
			Channel:  chat.ChannelSMS,
			OptedOut: true,
			Reason:   "she writes from +14155550177 and ana@other.example",
			By:       w.By,
		})
		require.NoError(t, err)

		detail := auditedDetail(t, s, w, "member.opted_out")
		assert.Contains(t, detail, "she writes from +14•••••0177 and a•••••@other.example")

		changes := auditedChanges(t, s, w, "member.opted_out")
		assert.Equal(t, map[string]any{"old": "unknown", "new": "revoked"}, changes["consent.sms"])
	})
}

// TestWhoAsksForASummaryIsInTheAuditLog records a request of a key's, its repetition, and one that nobody
// has made.
func TestWhoAsksForASummaryIsInTheAuditLog(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		request := w.Request(w.SMS.ID)
		request.Fingerprint = chat.Fingerprint{"update_labels": "x", "overwrite": "x"}

		automatic := w.Request(w.SMS.ID)
		automatic.By = chat.Actor{}

		for range 2 {
			err := s.RecordActions(t.Context(), chat.ActionSummarizeChat, "summary:1", request, automatic)
			require.NoError(t, err)
		}

		log, err := s.AuditLog(t.Context(), w.Workspace, chat.AuditFilter{Verb: "summary"}, chat.Page{Limit: 5})
		require.NoError(t, err)
		require.Len(t, log.Items, 1)
		assert.Equal(t, string(request.ActionID), log.Items[0].Object)

		detail := auditedDetail(t, s, w, "summary.requested")
		assert.Contains(t, detail, `"overwrite":true`)
		assert.NotContains(t, detail, "full")
	})
}
