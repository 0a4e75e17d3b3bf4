package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

func TestContributorsAreReachedOverTheFirstChannelThatMay(t *testing.T) {
	t.Parallel()

	number := &chat.PhoneNumber{ID: 1, MessagingServiceSID: "MG00000000000000000000000000000000"}
	inbox := &chat.Inbox{ID: 2, Address: "in@example.com"}
	ana := chat.Member{Phone: "+14155550101", Email: "Ana@example.com", NotificationsEnabled: true}
	suppressed := func(channel chat.Channel, sender, address string) []chat.Suppression {
		return []chat.Suppression{{Channel: channel, SenderAddress: sender, Address: address}}
	}

	tests := map[string]struct {
		change  func(*chat.Member, *chat.ReachFacts)
		channel chat.Channel
		why     string
	}{
		"by SMS": {channel: chat.ChannelSMS},
		"no phone": {
			change:  func(m *chat.Member, _ *chat.ReachFacts) { m.Phone = "" },
			channel: chat.ChannelEmail,
		},
		"no number to send from": {
			change:  func(_ *chat.Member, f *chat.ReachFacts) { f.Senders.PhoneNumber = nil },
			channel: chat.ChannelEmail,
		},
		"said STOP": {
			change: func(_ *chat.Member, f *chat.ReachFacts) {
				f.Suppressed = suppressed(chat.ChannelSMS, "mg00000000000000000000000000000000", "+14155550101")
			},
			channel: chat.ChannelEmail,
		},
		"said STOP to another sender": {
			change: func(_ *chat.Member, f *chat.ReachFacts) {
				f.Suppressed = suppressed(chat.ChannelSMS, "+14155550107", "+14155550101")
			},
			channel: chat.ChannelSMS,
		},
		"opted out of all": {
			change: func(m *chat.Member, f *chat.ReachFacts) {
				m.Consents = chat.Consents{chat.ChannelSMS: chat.ConsentRevoked}
				f.Suppressed = suppressed(chat.ChannelEmail, "in@example.com", "ana@example.com")
			},
			why: "by SMS: the member has opted out; by email: the member has opted out",
		},
		"nothing at hand": {
			change: func(m *chat.Member, f *chat.ReachFacts) {
				m.Phone = ""
				f.Senders.Inbox = nil
			},
			why: "by SMS: there is no phone number; by email: the workspace has no inbox to send from",
		},
		"notifications off": {
			change: func(m *chat.Member, _ *chat.ReachFacts) { m.NotificationsEnabled = false },
			why:    "notifications are disabled",
		},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			member := ana
			facts := chat.ReachFacts{Senders: chat.Senders{PhoneNumber: number, Inbox: inbox}}

			if tt.change != nil {
				tt.change(&member, &facts)
			}

			reach := facts.Reach(&member)
			assert.Equal(t, tt.channel, reach.Channel)
			assert.Equal(t, tt.why, reach.Why)
			assert.Equal(t, tt.channel.Spec().Provider, reach.Provider)

			if tt.channel == chat.ChannelSMS {
				assert.Equal(t, number.MessagingServiceSID, reach.From)
			}
		})
	}
}
