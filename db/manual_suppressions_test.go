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

// TestAMemberSuppressesAnAddress enters an address twice, for all senders and for one, and finds it.
func TestAMemberSuppressesAnAddress(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()
		phone := w.Customer.Phone

		in := chat.NewSuppression{
			Channel: chat.ChannelSMS,
			Address: phone,
			Note:    "she has asked by phone",
		}

		first, isNew, err := s.AddSuppression(ctx, w.Workspace, w.By, in)
		require.NoError(t, err)
		assert.True(t, isNew)
		assert.Equal(t, chat.SuppressedManually, first.Reason)
		assert.Contains(t, auditedDetail(t, s, w, "suppression.added"), "she has asked by phone")

		again, isNew, err := s.AddSuppression(ctx, w.Workspace, w.By, in)
		require.NoError(t, err)
		assert.False(t, isNew, "the same once more changes nothing")
		assert.Equal(t, first, again)

		in.PhoneNumberID = w.SMS.PhoneNumberID
		ofOne, isNew, err := s.AddSuppression(ctx, w.Workspace, w.By, in)
		require.NoError(t, err)
		assert.True(t, isNew)
		assert.NotEmpty(t, ofOne.SenderAddress)

		for want, f := range map[int]chat.SuppressionFilter{
			2: {Address: phone},
			0: {Address: "+14155550999"},
		} {
			f.Page = pageOfTen()
			list, err := s.Suppressions(ctx, w.Workspace, f)
			require.NoError(t, err)
			assert.Len(t, list.Items, want)
		}

		none, err := s.Suppressions(ctx, w.Workspace, chat.SuppressionFilter{
			Reasons: []chat.SuppressionReason{chat.SuppressedOptOut},
			Page:    pageOfTen(),
		})
		require.NoError(t, err)
		assert.Empty(t, none.Items)

		_, _, err = s.AddSuppression(ctx, w.Workspace, w.By, chat.NewSuppression{
			Channel: chat.ChannelWeb,
			Address: phone,
			Note:    "x",
		})
		assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))
	})
}

// TestASuppressionOfAllSendersIsOfNoneOfThem enters one where there are two numbers, neither of which has a messaging
// service.
func TestASuppressionOfAllSendersIsOfNoneOfThem(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()

		_, err := s.CreatePhoneNumber(ctx, w.Workspace, w.By, chat.PhoneNumber{Number: "+14155550199"})
		require.NoError(t, err)

		added, _, err := s.AddSuppression(ctx, w.Workspace, w.By, chat.NewSuppression{
			Channel: chat.ChannelSMS,
			Address: w.Customer.Phone,
			Note:    "she has asked by phone",
		})
		require.NoError(t, err)
		assert.Empty(t, added.Sender)
		assert.Empty(t, added.SenderAddress)

		list, err := s.Suppressions(ctx, w.Workspace, chat.SuppressionFilter{Page: pageOfTen()})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
		assert.Empty(t, list.Items[0].Sender)
	})
}

// TestWhatIsSuppressedForAllSendersIsNotSent claims a delivery to an address that a member has entered.
func TestWhatIsSuppressedForAllSendersIsNotSent(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()
		sent := w.Prepare(t, s, w.SMS.ID, "Hello")

		_, _, err := s.AddSuppression(ctx, w.Workspace, w.By, chat.NewSuppression{
			Channel: chat.ChannelSMS,
			Address: w.Customer.Phone,
			Note:    "she has asked by phone",
		})
		require.NoError(t, err)

		claim, err := s.Claim(ctx, w.Workspace, sent.DeliveryID, time.Now(), time.Minute)
		require.NoError(t, err)
		assert.False(t, claim.Granted)

		d, err := s.Delivery(ctx, w.Workspace, sent.DeliveryID)
		require.NoError(t, err)
		assert.Equal(t, chat.SubmissionSuppressed, d.Submission)
	})
}
