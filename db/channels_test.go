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

// TestTheStoreKnowsEveryChannel holds the schemas and the SQL to the table of channels.
func TestTheStoreKnowsEveryChannel(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		for _, channel := range chat.Channels() {
			w := dbtest.Seed(t, s)
			spec := channel.Spec()
			in := chat.NewChat{Channel: channel, MemberID: w.Customer.ID, AssistantMemberID: &w.Assistant.ID}

			switch spec.Sender {
			case chat.SenderPhone:
				in.PhoneNumberID = &w.PhoneNumber.ID
			case chat.SenderInbox:
				in.InboxID = &w.Inbox.ID
			case chat.SenderNone:
			}

			made, err := s.CreateChat(t.Context(), w.Workspace, w.By, in)
			require.NoError(t, err, "the schema knows no chats of the channel %s", channel)

			if spec.CanSend() {
				requireSendsOn(t, s, w, made)
			}

			if spec.TakesConsent() {
				requireConsentOn(t, s, w, channel)
			}
		}
	})
}

// requireSendsOn sends in the chat, and sees what keeps a send from happening.
func requireSendsOn(t *testing.T, s *db.Store, w *dbtest.World, in chat.Chat) {
	t.Helper()

	sent, err := s.PrepareSend(t.Context(), w.Send(in.ID, "hi"), dbtest.SendIDs(), dbtest.PlanText("hi"))
	require.NoError(t, err, in.Channel)

	d, err := s.Delivery(t.Context(), w.Workspace, sent.DeliveryID)
	require.NoError(t, err)

	spec := in.Channel.Spec()
	assert.Equal(t, spec.Provider, d.Provider)
	assert.Equal(t, w.Customer.Address(spec.Address), d.To)

	claim, err := s.Claim(t.Context(), w.Workspace, sent.DeliveryID, time.Now(), time.Minute)
	require.NoError(t, err)
	require.True(t, claim.Granted, in.Channel)

	plan := func(f *chat.SendFacts) (chat.SendPlan, error) {
		assert.Equal(t, !spec.OneAtATime, f.Clear, "%s: a message to the address is in flight", in.Channel)

		return dbtest.PlanText("next")(f)
	}

	_, err = s.PrepareSend(t.Context(), w.Send(in.ID, "next"), dbtest.SendIDs(), plan)
	require.NoError(t, err)
}

// requireConsentOn stores a member's consent and reads it again.
func requireConsentOn(t *testing.T, s *db.Store, w *dbtest.World, channel chat.Channel) {
	t.Helper()

	revoked := chat.Consents{channel: chat.ConsentRevoked}
	_, err := s.UpdateMember(t.Context(), w.Workspace, w.By, w.Customer.ID, chat.MemberPatch{Consents: revoked})
	require.NoError(t, err)

	stored, err := s.Member(t.Context(), w.Workspace, w.Customer.ID)
	require.NoError(t, err)

	for _, other := range chat.Channels() {
		want := chat.ConsentUnknown
		if other == channel {
			want = chat.ConsentRevoked
		}

		assert.Equal(t, want, stored.Consents.On(other), "members have no column for the consent on %s", channel)
	}
}
