package db_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// TestASenderBelongsToOneWorkspace has a second workspace enter the senders of the first one: while
// they are there, after they were deleted, and by renaming its own.
func TestASenderBelongsToOneWorkspace(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other := dbtest.Seed(t, s), dbtest.Seed(t, s)
		service := "MG0123456789abcdef0123456789abcdef"
		w.Grant(t, s, service)
		second, err := s.CreatePhoneNumber(t.Context(), w.Workspace, w.By, chat.PhoneNumber{MessagingServiceSID: service})
		require.NoError(t, err)

		take := func() {
			t.Helper()

			for _, p := range []chat.PhoneNumber{{Number: w.PhoneNumber.Number}, {MessagingServiceSID: service}} {
				_, err := s.CreatePhoneNumber(t.Context(), other.Workspace, other.By, p)
				requireCode(t, chat.CodeSenderNotGranted, err)
			}

			_, err = s.CreateInbox(t.Context(), other.Workspace, other.By, chat.Inbox{Address: "SUPPORT@EXAMPLE.COM"})
			requireCode(t, chat.CodeSenderNotGranted, err)

			_, err := s.UpdatePhoneNumber(t.Context(), other.Workspace, other.By, other.PhoneNumber.ID,
				chat.PhoneNumberPatch{Number: &w.PhoneNumber.Number})
			requireCode(t, chat.CodeSenderNotGranted, err)
			_, err = s.UpdateInbox(t.Context(), other.Workspace, other.By, other.Inbox.ID,
				chat.InboxPatch{Address: &w.Inbox.Address})
			requireCode(t, chat.CodeSenderNotGranted, err)
		}

		take()

		require.NoError(t, errorOf(s.DeleteChat(t.Context(), w.Workspace, w.By, w.SMS.ID, true)))
		require.NoError(t, errorOf(s.DeleteChat(t.Context(), w.Workspace, w.By, w.Email.ID, true)))
		require.NoError(t, s.DeletePhoneNumber(t.Context(), w.Workspace, w.By, w.PhoneNumber.ID))
		require.NoError(t, s.DeletePhoneNumber(t.Context(), w.Workspace, w.By, second.ID))
		require.NoError(t, s.DeleteInbox(t.Context(), w.Workspace, w.By, w.Inbox.ID))

		take()

		_, err = s.CreatePhoneNumber(t.Context(), w.Workspace, w.By, chat.PhoneNumber{Number: w.PhoneNumber.Number})
		require.NoError(t, err, "it is still the first one's")
	})
}

// TestASingleWorkspaceNeedsNoGrant enters senders in the only workspace, and in the second one.
func TestASingleWorkspaceNeedsNoGrant(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		first, second := chat.WorkspaceID(uuid.NewString()), chat.WorkspaceID(uuid.NewString())
		enter := func(ws chat.WorkspaceID, number string) error {
			_, err := s.CreatePhoneNumber(t.Context(), ws, chat.Actor{}, chat.PhoneNumber{Number: number})
			return err
		}

		require.NoError(t, s.CreateWorkspace(t.Context(), chat.Workspace{ID: first, Name: "First"}))
		require.NoError(t, enter(first, "+14155550100"))

		require.NoError(t, s.CreateWorkspace(t.Context(), chat.Workspace{ID: second, Name: "Second"}))
		requireCode(t, chat.CodeSenderNotGranted, enter(second, "+14155550100"))
		requireCode(t, chat.CodeSenderNotGranted, enter(second, "+14155550101"))
		requireCode(t, chat.CodeSenderNotGranted, enter(first, "+14155550102"))

		granted, err := s.GrantSender(t.Context(), second, "+14155550101")
		require.NoError(t, err)
		assert.Equal(t, "+14155550101", granted.Sender)
		assert.False(t, granted.InUse)
		require.NoError(t, enter(second, "+14155550101"))

		grants, err := s.SenderGrants(t.Context())
		require.NoError(t, err)
		require.Len(t, grants, 2)
		assert.True(t, grants[0].InUse)
		assert.True(t, grants[1].InUse)
	})
}

// TestAGrantIsOfOneWorkspace grants what another workspace has, and what is no sender.
func TestAGrantIsOfOneWorkspace(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other := dbtest.Seed(t, s), dbtest.Seed(t, s)

		for sender, code := range map[string]chat.Code{
			w.PhoneNumber.Number: chat.CodeSenderNotGranted,
			w.Inbox.Address:      chat.CodeSenderNotGranted,
			"":                   chat.CodeInvalidRequest,
			"MG1":                chat.CodeInvalidRequest,
			"a@":                 chat.CodeInvalidRequest,
			"12":                 chat.CodeInvalidRequest,
		} {
			_, err := s.GrantSender(t.Context(), other.Workspace, sender)
			assert.Equal(t, code, chat.CodeOf(err), "%q: %v", sender, err)
		}

		_, err := s.GrantSender(t.Context(), "nobody", "+14155550177")
		requireCode(t, chat.CodeWorkspaceNotFound, err)
		_, err = s.RevokeSender(t.Context(), "+14155550177")
		requireCode(t, chat.CodeSenderNotFound, err)
	})
}

// TestARevokedSenderSendsNothing revokes the sender of a chat with a message that waits, and grants it
// to another workspace, which gets what comes in.
func TestARevokedSenderSendsNothing(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other, clock := dbtest.Seed(t, s), dbtest.Seed(t, s), newClock()
		waiting, err := s.PrepareSend(t.Context(), w.Send(w.SMS.ID, "hi"), dbtest.SendIDs(), dbtest.PlanText("hi"))
		require.NoError(t, err)

		_, err = s.RevokeSender(t.Context(), w.PhoneNumber.Number)
		require.NoError(t, err)

		claim, err := s.Claim(t.Context(), w.Workspace, waiting.DeliveryID, clock.now, time.Minute)
		require.NoError(t, err)
		assert.False(t, claim.Granted)
		assert.Equal(t, chat.ErrorSenderGone, claim.Delivery.ErrorCode)

		snapshot := claim.Delivery.Snapshot()
		assert.True(t, snapshot.WaitsForPerson())

		revoked, err := s.RevokedSenders(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []db.RevokedSender{{WorkspaceID: w.Workspace, Sender: w.PhoneNumber.Number}}, revoked)

		other.Grant(t, s, w.PhoneNumber.Number)
		_, err = s.CreatePhoneNumber(
			t.Context(), other.Workspace, other.By, chat.PhoneNumber{Number: w.PhoneNumber.Number})
		require.NoError(t, err)

		_, err = s.UpdatePhoneNumber(t.Context(), w.Workspace, w.By, w.PhoneNumber.ID,
			chat.PhoneNumberPatch{Number: &w.PhoneNumber.Number})
		requireCode(t, chat.CodeSenderNotGranted, err)
		assert.Contains(t, auditVerbs(t, s, w.Workspace), "sender.revoked")
		assert.Contains(t, auditVerbs(t, s, other.Workspace), "sender.granted")
	})
}
