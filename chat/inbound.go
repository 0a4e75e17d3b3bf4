package chat

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Inbound is a message by somebody outside, as its provider handed it over.
type Inbound struct {
	Provider Provider
	Channel  Channel
	// Key tells this message from every other one; the same, told twice, has the same key.
	Key string
	// From is E.164, or an email address, "" where the message names none; FromName the name
	// beside it.
	From, FromName string
	// Via is the address that the message's From had where that was a group's, a form's or a
	// program's, and From is whom it names as its author instead. "" for all others. Neither is
	// proof of who wrote it, and with Via set not even the domain of From has vouched for it.
	Via string
	// AnswersTo is the one address that the message wants its answers at, where that is neither
	// From nor one of To; "" for most. AnswersToName is the name beside it.
	AnswersTo, AnswersToName string
	// To are those of our addresses that it was sent to, in the order in which they are
	// to be looked for.
	To []string
	// Delivered are those of To that the provider says it was delivered to; nil if it does not
	// say. The others stand in the message's own headers.
	Delivered []string
	// ServiceSID is the Twilio messaging service that took it, "" for none.
	ServiceSID        string
	ProviderMessageID string
	// Text is what was said. Original is all that came, "" when nothing was trimmed.
	Text, Original string
	Subject        string
	// EmailMessageID is the Message-ID header; References are the ids of In-Reply-To and
	// References, the nearest first.
	EmailMessageID string
	References     []string
	// ReplyTokens are the hashes of the tokens in the addresses of To; see [ReplyToken]. Who has
	// one was sent the mail that is answered, or got it from who was.
	ReplyTokens []string
	// Trust is what shows that it is by From. That of a mail without one is no better than
	// [TrustNone]; a token may show more when the mail that was answered is found.
	Trust   Trust
	Keyword Keyword
	// PossibleOptOut reports that the text may ask for no more messages, in other words than a
	// keyword: a person must decide.
	PossibleOptOut bool
	// Automatic is why it is taken for a machine's, "" for a person's.
	Automatic AutomaticReason
	// LooksAutomatic reports that it has a sign of a machine that people's messages have as well,
	// like that of a mailing list. It marks nothing by itself; loops are found by counting.
	LooksAutomatic bool
	// Files are what came with it, at most [MaxFiles].
	Files []File
	// Undecoded is the character set that a part of the text could not be decoded from, "" if all
	// was. What could not be is kept as replacement characters; [Inbound.Raw] has it as it came.
	Undecoded string
	// Raw is the request as it came.
	Raw []byte `json:"-"`
}

// MaxInboundText is the most characters of what one message says that are kept with it: as many as
// an email of ours may have. The whole stays where the message came from, in its raw form.
const MaxInboundText = MaxEmail

// OriginalFile is what the whole text is called, in the list of a message's files, of which only the
// beginning is kept with the message.
const OriginalFile = "original.txt"

// LimitText cuts what the message says to [MaxInboundText] characters. If anything is cut, the first
// of its files is the text that came.
func (in *Inbound) LimitText() {
	whole := max(len(in.Text), len(in.Original))
	cutText := cutCharacters(&in.Text, MaxInboundText)
	cutOriginal := cutCharacters(&in.Original, MaxInboundText)

	if !cutText && !cutOriginal {
		return
	}

	file := File{
		Name: OriginalFile,
		Type: "text/plain",
		Size: int64(whole),
	}
	in.Files = append([]File{file}, in.Files[:min(len(in.Files), MaxFiles-1)]...)
}

// cutCharacters keeps the first so many characters of a text, and reports whether it had more.
func cutCharacters(text *string, most int) bool {
	if len(*text) <= most {
		return false
	}

	for i := range *text {
		if most == 0 {
			*text = (*text)[:i]
			return true
		}

		most--
	}

	return false
}

// AutomaticReason is why a message is marked as a machine's. The mark keeps the message from
// asking for a response and from being answered automatically; it never keeps it out.
type AutomaticReason string

// The reasons: RFC 3834 for the first, RFC 6522 for reports, the customs of older programs for
// the others.
const (
	AutomaticSubmitted AutomaticReason = "auto_submitted"
	AutomaticReport    AutomaticReason = "report"
	AutomaticResponder AutomaticReason = "autoresponder"
	// AutomaticLoop: too many that look automatic came from one sender into one chat.
	AutomaticLoop AutomaticReason = "loop"
)

// Explanation is the reason as a sentence, "" for none.
func (r AutomaticReason) Explanation() string {
	switch r {
	case AutomaticSubmitted:
		return "The mail says itself that a program sent it, like a note of absence."
	case AutomaticReport:
		return "This is a mail server's report, for example on a mail that could not be delivered."
	case AutomaticResponder:
		return "The mail says itself that an autoresponder wrote it."
	case AutomaticLoop:
		return fmt.Sprintf(
			"More than %d messages of this sender that look automatic came into this chat within an hour.",
			LoopLimit,
		)
	}

	return ""
}

// AutomaticReasons lists the reasons.
func AutomaticReasons() []AutomaticReason {
	return []AutomaticReason{AutomaticSubmitted, AutomaticReport, AutomaticResponder, AutomaticLoop}
}

// Loops are found by counting: that many messages that look automatic may come from one sender
// into one chat within the time, all further ones are marked [AutomaticLoop]. RFC 3834 2 asks
// responders to answer one sender once in a while at most; a handful an hour is a loop.
const (
	LoopLimit  = 5
	LoopWithin = time.Hour
)

// MaxFiles is how many files of one message are listed.
const MaxFiles = 100

// File is one that came with a message. Its bytes are not kept.
type File struct {
	// Name is as its sender has called it, "" if it has none.
	Name string `json:"name,omitempty"`
	// Type is its media type as its sender gives it, "" if not given.
	Type string `json:"type,omitempty"`
	// Size is in bytes, 0 if not known.
	Size int64 `json:"size,omitempty"`
	// URL is where the provider keeps it, "" for a file that came in the message itself.
	URL string `json:"url,omitempty"`
}

// Keyword is what a whole message may be: a word that providers and law give a meaning.
type Keyword string

// The keywords.
const (
	KeywordStop  Keyword = "stop"
	KeywordStart Keyword = "start"
	KeywordHelp  Keyword = "help"
)

// Arrival is what became of an inbound message.
type Arrival struct {
	// Known is false when it was sent to no sender of ours; it is kept as an orphan.
	Known bool
	// Repeated reports that it had been stored before; nothing was changed.
	Repeated    bool
	WorkspaceID WorkspaceID
	// ChatID and MessageID are zero when no message was added.
	ChatID    ChatID
	MessageID MessageID
	// Others are what became of it at the other senders of ours that it was sent to.
	Others []Arrival
	// Stopped are the workflows of deliveries that it has ended or made wait for a person.
	Stopped []string
	// Awaited is the workflow that has waited for this answer of a contributor, "" for none.
	Awaited string
}

// SuppressionReason is why an address is not written to.
type SuppressionReason string

// The reasons.
const (
	// SuppressedOptOut: the recipient said STOP.
	SuppressedOptOut SuppressionReason = "opt_out"
	// SuppressedCarrier: the provider says that the recipient has opted out with it.
	SuppressedCarrier SuppressionReason = "carrier"
	// SuppressedGroup: the recipient has unsubscribed from one group of messages, and may take that
	// back.
	SuppressedGroup SuppressionReason = "group_unsubscribe"
	// SuppressedUnsubscribe, SuppressedBounce and SuppressedSpam are told by events.
	SuppressedUnsubscribe SuppressionReason = "unsubscribe"
	SuppressedBounce      SuppressionReason = "bounce"
	SuppressedSpam        SuppressionReason = "spam_report"
	// SuppressedManually: a member of the workspace has said so.
	SuppressedManually SuppressionReason = "manual"
)

// SuppressionID identifies a suppression.
type SuppressionID int64

// Suppression is an address that one sender does not write to.
type Suppression struct {
	ID      SuppressionID
	Channel Channel
	// Sender is the scope of the workspace's sender: "phone:12", "inbox:3"; "" if it has none
	// with this address at present.
	Sender string
	// SenderAddress is what the suppression belongs to, in lower case: a number, a messaging
	// service or an inbox's address. It outlasts the sender's row. "" is every sender.
	SenderAddress string
	Address       string
	Reason        SuppressionReason
	// Note says why a member has entered it.
	Note      string
	CreatedAt time.Time
}

// SuppressionLift lets an address be written to again.
type SuppressionLift struct {
	ID SuppressionID
	// Reason is "" if none was given.
	Reason string
}

// SuppressionFilter narrows the suppressions; what is empty narrows nothing.
type SuppressionFilter struct {
	Channel Channel
	// Address is in its one form.
	Address string
	Reasons []SuppressionReason
	Page
}

// NewSuppression keeps an address from being written to: by one sender, or with neither by all of them.
type NewSuppression struct {
	Channel       Channel
	Address       string
	PhoneNumberID *PhoneNumberID
	InboxID       *InboxID
	Note          string
}

// Validate checks what can be told without looking anything up: CodeInvalidRequest naming the field.
func (n *NewSuppression) Validate() error {
	switch {
	case !slices.Contains(AddressedChannels(), n.Channel):
		return Invalid("channel", "must be one of %s", joinAll(AddressedChannels()))
	case n.Address == "":
		return Invalid("address", "must not be empty")
	case n.PhoneNumberID != nil && n.Channel.Spec().Sender != SenderPhone:
		return Invalid("phone_number_id", "belongs to %s", channelsFrom(SenderPhone))
	case n.InboxID != nil && n.Channel.Spec().Sender != SenderInbox:
		return Invalid("inbox_id", "belongs to %s", channelsFrom(SenderInbox))
	case strings.TrimSpace(n.Note) == "" || utf8.RuneCountInString(n.Note) > MaxReason:
		return Invalid("reason", "must be 1 to %d characters", MaxReason)
	}

	return nil
}

// suppressionStrength orders the reasons by how hard they are to lift, the easiest first: of two
// for one address the harder one stands, whichever came first, so that what lifts the other does
// not lift it.
var suppressionStrength = []SuppressionReason{
	SuppressedGroup,
	SuppressedCarrier,
	SuppressedOptOut,
	SuppressedUnsubscribe,
	SuppressedBounce,
	SuppressedSpam,
	SuppressedManually,
}

// Weaker lists the reasons that this one takes the place of.
func (r SuppressionReason) Weaker() []SuppressionReason {
	return suppressionStrength[:max(0, slices.Index(suppressionStrength, r))]
}
