package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestTheChannelOfAMessage(t *testing.T) {
	t.Parallel()

	agreed := chat.Consents{chat.ChannelSMS: chat.ConsentGranted}
	both := chat.Member{ID: 7, Phone: "+14155550123", Email: "ana@example.com"}
	consenting := both
	consenting.Consents = agreed
	phoneOnly := chat.Member{ID: 7, Phone: "+14155550123"}
	consentingPhone := phoneOnly
	consentingPhone.Consents = agreed

	for name, test := range map[string]struct {
		asked  chat.DirectMessage
		member chat.Member
		want   chat.Channel
	}{
		"given":             {chat.DirectMessage{Channel: chat.ChannelWeb}, both, chat.ChannelWeb},
		"by phone":          {chat.DirectMessage{To: chat.MessageTo{Phone: both.Phone}}, both, chat.ChannelSMS},
		"by email":          {chat.DirectMessage{To: chat.MessageTo{Email: both.Email}}, consenting, chat.ChannelEmail},
		"agreed to SMS":     {chat.DirectMessage{}, consenting, chat.ChannelSMS},
		"phone only":        {chat.DirectMessage{}, consentingPhone, chat.ChannelSMS},
		"not agreed to SMS": {chat.DirectMessage{}, both, chat.ChannelEmail},
	} {
		channel, err := test.asked.ChooseChannel(&test.member)
		require.NoError(t, err, name)
		assert.Equal(t, test.want, channel, name)
	}

	_, err := new(chat.DirectMessage).ChooseChannel(&phoneOnly)
	requireField(t, err, "channel")
}

func TestDefaultsMakeAChat(t *testing.T) {
	t.Parallel()

	all := chat.WorkspaceDefaults{
		AssistantMemberID: new(chat.MemberID(2)),
		PhoneNumberID:     new(chat.PhoneNumberID(3)),
		InboxID:           new(chat.InboxID(4)),
	}

	for _, channel := range chat.Channels() {
		made, err := all.NewChat(channel, 7, "Order")
		require.NoError(t, err)
		require.NoError(t, made.Validate())
		assert.Equal(t, channel.Spec().Sender == chat.SenderPhone, made.PhoneNumberID != nil)
		assert.Equal(t, channel.Spec().Sender == chat.SenderInbox, made.InboxID != nil)
	}

	for channel, missing := range map[chat.Channel]chat.WorkspaceDefaults{
		chat.ChannelSMS:   {AssistantMemberID: all.AssistantMemberID, InboxID: all.InboxID},
		chat.ChannelEmail: {AssistantMemberID: all.AssistantMemberID, PhoneNumberID: all.PhoneNumberID},
		chat.ChannelWeb:   {},
	} {
		_, err := missing.NewChat(channel, 7, "")
		require.Equal(t, chat.CodeDefaultMissing, chat.CodeOf(err), channel)
	}
}
