package chat

import (
	"regexp"
	"strconv"
	"time"
)

// PhoneNumber is a sender for SMS: a number of ours, or a Twilio messaging service.
type PhoneNumber struct {
	ID   PhoneNumberID
	Name string
	// Number is E.164, or "" when MessagingServiceSID is set.
	Number              string
	MessagingServiceSID string
	CreatedAt           time.Time
	// RevokedAt is since when the workspace may not use the sender any more, nil if it may.
	RevokedAt *time.Time
}

var messagingService = regexp.MustCompile(`^MG[0-9a-f]{32}$`)

// Validate checks a phone number to be stored: CodeInvalidRequest naming the field.
func (p *PhoneNumber) Validate() error {
	switch {
	case (p.Number == "") == (p.MessagingServiceSID == ""):
		return Invalid("number", "or messaging_service_sid must be given, not both")
	case p.Number != "" && !IsE164(p.Number):
		return Invalid("number", "must be an E.164 number like +14155550123")
	case p.MessagingServiceSID != "" && !messagingService.MatchString(p.MessagingServiceSID):
		return Invalid("messaging_service_sid", "must be MG and 32 hexadecimal digits")
	case !fitsLine(p.Name, 100):
		return Invalid("name", "must be at most 100 characters on one line")
	}

	return nil
}

// PhoneNumberPatch changes the fields that are not nil.
type PhoneNumberPatch struct{ Name, Number, MessagingServiceSID *string }

// Inbox is a sender for email.
type Inbox struct {
	ID          InboxID
	Address     string
	DisplayName string
	CreatedAt   time.Time
	// RevokedAt is as in [PhoneNumber].
	RevokedAt *time.Time
}

// Validate checks an inbox to be stored: CodeInvalidRequest naming the field.
func (i *Inbox) Validate() error {
	switch {
	case !IsEmailAddress(i.Address):
		return Invalid("address", "must be an address like support@example.com")
	case !fitsLine(i.DisplayName, 100):
		return Invalid("display_name", "must be at most 100 characters on one line")
	}

	return nil
}

// InboxPatch changes the fields that are not nil.
type InboxPatch struct{ Address, DisplayName *string }

// from is the sender as Twilio is told it.
func (p *PhoneNumber) from() string {
	if p.Number == "" {
		return p.MessagingServiceSID
	}

	return p.Number
}

// Scope names the sender in deliveries and suppressions.
func (p *PhoneNumber) Scope() string { return "phone:" + strconv.FormatInt(int64(p.ID), 10) }

// Scope names the sender in deliveries and suppressions.
func (i *Inbox) Scope() string { return "inbox:" + strconv.FormatInt(int64(i.ID), 10) }

// Senders are from whom a chat writes. Fields that are nil are not to be had.
type Senders struct {
	PhoneNumber *PhoneNumber
	Inbox       *Inbox
}

// webSender is the scope of the sender of all web chats.
const webSender = "web"

// Sender is one of them: its scope, "phone:12", "inbox:3" or "web", and its address.
type Sender struct{ Scope, From string }

// find returns the sender of a kind; ok is false if there is none.
func (s Senders) find(kind SenderKind) (sender Sender, ok bool) {
	switch kind {
	case SenderPhone:
		if s.PhoneNumber != nil && s.PhoneNumber.RevokedAt == nil {
			return Sender{Scope: s.PhoneNumber.Scope(), From: s.PhoneNumber.from()}, true
		}
	case SenderInbox:
		if s.Inbox != nil && s.Inbox.RevokedAt == nil {
			return Sender{Scope: s.Inbox.Scope(), From: s.Inbox.Address}, true
		}
	case SenderNone:
		return Sender{Scope: webSender}, true
	}

	return Sender{}, false
}

// name is the sender within a sentence: "the workspace has no inbox".
func (k SenderKind) name() string {
	switch k {
	case SenderPhone:
		return "phone number"
	case SenderInbox:
		return "inbox"
	case SenderNone:
	}

	return "sender"
}

// missing says that a chat has no sender of the kind: sender_not_configured.
func (k SenderKind) missing() error {
	switch k {
	case SenderPhone:
		return Errorf(
			CodeSenderNotConfigured,
			"this chat has no phone number to send from; set phone_number_id",
		).about("chat.phone_number_id")
	case SenderInbox:
		return Errorf(
			CodeSenderNotConfigured,
			"this chat has no inbox to send from; set inbox_id",
		).about("chat.inbox_id")
	case SenderNone:
	}

	return nil
}
