package chat

import (
	"time"
)

// Channel is how a chat reaches its member.
type Channel string

// The channels. What is particular to each stands in the table below.
const (
	ChannelSMS   Channel = "phone-sms"
	ChannelEmail Channel = "email"
	ChannelWeb   Channel = "web-chat"
	ChannelVoice Channel = "phone-voice"
)

// SenderKind is what a chat sends from. It is the first part of a sender's scope.
type SenderKind string

// The kinds of senders: a [PhoneNumber], an [Inbox], or none of the workspace's own.
const (
	SenderNone  SenderKind = ""
	SenderPhone SenderKind = "phone"
	SenderInbox SenderKind = "inbox"
)

// Format is what a message, which is Markdown, becomes for a channel.
type Format string

// The formats. A channel with FormatNone sends nothing.
const (
	FormatNone Format = ""
	// FormatText is plain text in SMS segments.
	FormatText Format = "text"
	// FormatEmail is a multipart mail with a subject, in the thread of those before it.
	FormatEmail Format = "email"
	// FormatHTML is HTML, with the Markdown that it was made from.
	FormatHTML Format = "html"
)

// ChannelSpec is all that differs between channels. Rules and queries ask the spec, never for
// a channel by name. Only what keeps a value for each channel names them all: the consents of
// members, the configured waits. Tests compare those with the table.
type ChannelSpec struct {
	Channel Channel
	// Name is what people call the channel within a sentence: "by SMS".
	Name string
	// Address is where the member is reached, Sender what a chat of the channel sends from.
	Address AddressKind
	Sender  SenderKind
	// Provider delivers what is sent, "" if nothing can be sent.
	Provider Provider
	Format   Format
	// MaxMessage is the most code points that a message may have.
	MaxMessage int
	// Receives reports whether people can write in over the channel, which a provider's
	// webhook reports.
	Receives bool
	// Receipt is how long the provider's final report is waited for unless the
	// configuration says otherwise, 0 if the provider reports nothing.
	Receipt time.Duration
	// OneAtATime reports whether an address gets its next message only when the outcome
	// of the one before is known.
	OneAtATime bool
	// AsksContributors reports whether contributors can be asked over the channel. They
	// are asked over the first such channel of the table that reaches them.
	AsksContributors bool
	// AnswersNameQuestion reports whether an answer says which question it answers. If
	// not, a person is asked one question at a time.
	AnswersNameQuestion bool
	// EvidenceByText reports whether the provider's list shows no id of ours, so that only
	// sender, address, text and time tell which delivery a message is of.
	EvidenceByText bool
}

// The most code points of a message: an SMS by Twilio's error 21617; everything else, which
// MaxEmail holds for, by our own choice.
const (
	MaxSMS   = 1600
	MaxEmail = 100_000
)

// channelTable has a row for each channel.
var channelTable = []ChannelSpec{
	{
		Channel:          ChannelSMS,
		Name:             "SMS",
		Address:          AddressPhone,
		Sender:           SenderPhone,
		Provider:         ProviderTwilio,
		Format:           FormatText,
		MaxMessage:       MaxSMS,
		Receives:         true,
		Receipt:          time.Hour,
		OneAtATime:       true,
		AsksContributors: true,
		EvidenceByText:   true,
	},
	{
		Channel:             ChannelEmail,
		Name:                "email",
		Address:             AddressEmail,
		Sender:              SenderInbox,
		Provider:            ProviderSendGrid,
		Format:              FormatEmail,
		MaxMessage:          MaxEmail,
		Receives:            true,
		Receipt:             24 * time.Hour,
		OneAtATime:          true,
		AsksContributors:    true,
		AnswersNameQuestion: true,
	},
	{
		Channel:    ChannelWeb,
		Name:       "web chat",
		Provider:   ProviderHandrail,
		Format:     FormatHTML,
		MaxMessage: MaxEmail,
	},
	{
		Channel:    ChannelVoice,
		Name:       "phone call",
		Address:    AddressPhone,
		Sender:     SenderPhone,
		MaxMessage: MaxEmail,
		OneAtATime: true,
	},
}

// Channels lists all channels, in the order in which contributors are asked over them.
func Channels() []Channel {
	return channelsWith(func(ChannelSpec) bool { return true })
}

// AddressedChannels lists the channels that write to an address of a person, whose consent
// counts there.
func AddressedChannels() []Channel {
	return channelsWith(func(s ChannelSpec) bool { return s.TakesConsent() })
}

// Spec returns what is particular to the channel. Nothing can be sent over a channel that
// does not exist, and it has no address.
func (c Channel) Spec() ChannelSpec {
	for i := range channelTable {
		if channelTable[i].Channel == c {
			return channelTable[i]
		}
	}

	return ChannelSpec{
		Channel:    c,
		Name:       string(c),
		MaxMessage: MaxEmail,
		OneAtATime: true,
	}
}

// CanSend reports whether messages can be sent over the channel.
func (s *ChannelSpec) CanSend() bool { return s.Provider != "" }

// HasReceipt reports whether the provider tells what became of a message.
func (s *ChannelSpec) HasReceipt() bool { return s.Receipt > 0 }

// channelsFrom names the channels that send from a kind of sender: "the channel email",
// "the channels phone-sms and phone-voice".
func channelsFrom(kind SenderKind) string {
	names := channelsWith(func(s ChannelSpec) bool { return s.Sender == kind })
	if len(names) < 2 {
		return "the channel " + joinAll(names)
	}

	last := len(names) - 1

	return "the channels " + joinAll(names[:last]) + " and " + string(names[last])
}

// channelsWith lists the channels whose spec fits, in the order of the table.
func channelsWith(fits func(ChannelSpec) bool) []Channel {
	var channels []Channel

	for i := range channelTable {
		if fits(channelTable[i]) {
			channels = append(channels, channelTable[i].Channel)
		}
	}

	return channels
}
