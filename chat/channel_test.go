package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// sendable returns facts with which a send over the channel succeeds.
func sendable(channel chat.Channel) *chat.SendFacts {
	return &chat.SendFacts{
		Chat:        chat.Chat{Channel: channel, State: chat.StateOpen},
		Assistant:   &chat.Member{Kind: chat.KindAssistant},
		Recipient:   &chat.Member{Phone: "+14155550101", Email: "ana@example.com", NotificationsEnabled: true},
		PhoneNumber: &chat.PhoneNumber{ID: 1, Number: "+14155550100"},
		Inbox:       &chat.Inbox{ID: 2, Address: "in@example.com"},
	}
}

func TestEveryChannelHasAWholeRow(t *testing.T) {
	t.Parallel()

	names := map[string]bool{}

	for _, channel := range chat.Channels() {
		spec := channel.Spec()
		assert.Equal(t, channel, spec.Channel)
		assert.NotEmpty(t, spec.Name, channel)
		assert.False(t, names[spec.Name], "%s: the name %q is taken", channel, spec.Name)
		assert.Positive(t, spec.MaxMessage, channel)
		assert.Equal(t, spec.CanSend(), spec.Format != chat.FormatNone, "%s: what is sent has a format", channel)
		assert.Equal(t, spec.Address == chat.AddressNone, spec.Sender == chat.SenderNone, channel)
		assert.Equal(
			t,
			spec.CanSend() && spec.Address != chat.AddressNone,
			spec.HasReceipt(),
			"%s: whoever writes to an address is told what became of it",
			channel,
		)

		if spec.AsksContributors {
			assert.True(t, spec.TakesConsent() && spec.Receives, "%s: a question needs an address and an answer", channel)
		}

		if spec.CanSend() {
			assert.Contains(t, chat.Providers(), spec.Provider, channel)
		}

		names[spec.Name] = true
	}

	assert.Equal(t, []chat.Channel{chat.ChannelSMS, chat.ChannelEmail}, chat.AddressedChannels())
}

func TestNothingIsSentOnAChannelThatDoesNotExist(t *testing.T) {
	t.Parallel()

	_, err := sendable("fax").Plan("Hello")
	assert.Equal(t, chat.CodeChannelNotSupported, chat.CodeOf(err))
}

func TestEveryChannelRefusesWhatItCannotSend(t *testing.T) {
	t.Parallel()

	for _, channel := range chat.Channels() {
		spec := channel.Spec()
		plan, err := sendable(channel).Plan("Hello")

		if !spec.CanSend() {
			assert.Equal(t, chat.CodeChannelNotSupported, chat.CodeOf(err), channel)
			continue
		}

		require.NoError(t, err, channel)
		assert.Equal(t, spec.Provider, plan.Provider, channel)
		assert.NotEmpty(t, plan.Sender, channel)

		if !spec.TakesConsent() {
			continue
		}

		assert.NotEmpty(t, plan.To, channel)
		assert.NotEmpty(t, plan.From, channel)

		for name, change := range map[string]func(*chat.SendFacts){
			"no address": func(f *chat.SendFacts) { f.Recipient.SetAddress(spec.Address, "") },
			"no sender":  func(f *chat.SendFacts) { f.PhoneNumber, f.Inbox = nil, nil },
			"suppressed": func(f *chat.SendFacts) { f.Suppressed = true },
			"consent revoked": func(f *chat.SendFacts) {
				f.Recipient.Consents = chat.Consents{channel: chat.ConsentRevoked}
			},
		} {
			facts := sendable(channel)
			change(facts)
			_, err := facts.Plan("Hello")
			assert.NotEmpty(t, chat.CodeOf(err), "%s: %s", channel, name)
		}
	}
}

func TestConsentIsUnknownUnlessGiven(t *testing.T) {
	t.Parallel()

	for _, channel := range chat.Channels() {
		assert.Equal(t, chat.ConsentUnknown, chat.Consents(nil).On(channel))

		member := chat.Member{Kind: chat.KindPerson, Role: chat.RoleUser, Name: "Ana"}
		require.NoError(t, member.Validate())

		member.Consents = chat.Consents{channel: chat.ConsentGranted}
		spec := channel.Spec()
		assert.Equal(t, spec.TakesConsent(), member.Validate() == nil, channel)
	}
}
