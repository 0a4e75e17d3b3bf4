package chat

import "time"

// SendFacts is all that decides whether, and how, a send can happen. The store reads
// them in the transaction that will insert the send.
type SendFacts struct {
	Chat Chat
	// Assistant is nil when the chat has none, or it is not an assistant.
	Assistant *Member
	// Recipient is nil when the chat's member no longer takes part in it.
	Recipient *Member
	// PhoneNumber or Inbox is the chat's sender, nil when none is set.
	PhoneNumber *PhoneNumber
	Inbox       *Inbox
	// Suppressed reports that the address is on the suppression list of this sender.
	Suppressed bool
	// Bounced reports that it is there only because messages to it have bounced: nobody has opted out.
	Bounced bool
	// Author is who speaks, "" in a question to a contributor: nobody's takeover is about that.
	Author AuthorKind
	// WhenTakenOver is what the workspace wants of what the assistant says in a chat that a person has taken over.
	WhenTakenOver TakeoverPolicy
	// Seen is the last message that the caller had seen, nil if the caller has named none.
	Seen *SeenMessage
	// Clear reports that nothing keeps the sender from posting to the address at once: no
	// other delivery to it is in flight, and the sender's account refuses nothing.
	Clear bool
	// Hold is the last hold of what the database may have lost, nil if there was none.
	Hold *DatabaseHold
	// Labels are the workspace's, Tools what the chat's assistant may use, Contributors
	// how the chat's contributors can be asked. All are read for tool calls only.
	Labels       []Label
	Tools        []Tool
	Contributors []Reach
	// Code is what the answer to a question must have, "" for none.
	Code string
	// FirstSubject is the subject of the chat's first email, "" when there is none.
	FirstSubject string
	// LastInboundID is the Message-ID header of the member's newest email, and
	// References those of the emails so far, oldest first.
	LastInboundID string
	References    []string
}

// SendPlan is what a send will insert, and what will leave.
type SendPlan struct {
	Channel  Channel
	Provider Provider
	Sender   string
	From, To string
	// ToGiven reports that a person has given To, so that it need not be the recipient's own.
	ToGiven bool
	Payload Payload
	Policy  UnknownPolicy
	// Tools are those of the tool calls, in their order.
	Tools []Tool
	// ApproveWithin is how long the tool calls' approval is waited for, 0 when none is needed.
	ApproveWithin time.Duration
}

// Plan checks the rules of sending and says from whom to whom; the payload is still to
// be rendered. The errors are those of the API's send: assistant_not_found,
// participant_not_found, chat_archived, channel_not_supported, no_phone, no_email,
// notifications_disabled, recipient_opted_out, sender_not_configured, message_too_long,
// chat_moved_on, taken_over.
func (f *SendFacts) Plan(message string) (SendPlan, error) {
	spec := f.Chat.Channel.Spec()

	switch {
	case f.Assistant == nil:
		return SendPlan{}, Errorf(
			CodeAssistantNotFound,
			"this chat has no assistant to speak as; set assistant_member_id",
		)

	case f.Recipient == nil:
		return SendPlan{}, Errorf(
			CodeParticipantNotFound,
			"the chat's member no longer takes part in it, so there is nobody to write to",
		)

	case f.Chat.State == StateArchived:
		return SendPlan{}, Errorf(CodeChatArchived, "this chat is archived; set its state to open first")
	case !spec.CanSend():
		return SendPlan{}, Errorf(CodeChannelNotSupported, "messages cannot be sent on the channel %s", f.Chat.Channel)
	}

	if err := CheckText("message", message, spec.MaxMessage); err != nil {
		return SendPlan{}, err
	}

	plan, err := f.addressPlan(spec)
	if err != nil {
		return SendPlan{}, err
	}

	if err := f.checkWanted(); err != nil {
		return SendPlan{}, err
	}

	return plan, f.checkPreconditions()
}

// addressPlan says from whom to whom a message goes over a channel.
func (f *SendFacts) addressPlan(spec ChannelSpec) (SendPlan, error) {
	to := f.Recipient.Address(spec.Address)
	if to == "" && spec.Address != AddressNone {
		return SendPlan{}, spec.Address.missing()
	}

	sender, ok := f.senders().find(spec.Sender)
	if !ok {
		return SendPlan{}, spec.Sender.missing()
	}

	return SendPlan{
		Channel:  spec.Channel,
		Provider: spec.Provider,
		Sender:   sender.Scope,
		From:     sender.From,
		To:       to,
		Policy:   AtMostOnce,
	}, nil
}

// Sender returns from whom a message over a channel goes, a zero one if there is nobody.
func (f *SendFacts) Sender(channel Channel) Sender {
	sender, _ := f.senders().find(channel.Spec().Sender)

	return sender
}

func (f *SendFacts) senders() Senders {
	return Senders{PhoneNumber: f.PhoneNumber, Inbox: f.Inbox}
}

// checkWanted refuses to write to somebody who does not want it.
func (f *SendFacts) checkWanted() error {
	if f.Recipient != nil && !f.Recipient.NotificationsEnabled {
		return Errorf(CodeNotificationsOff, "the recipient has notifications disabled")
	}

	hasRevoked := f.Recipient != nil && f.Recipient.Consents.On(f.Chat.Channel) == ConsentRevoked

	switch {
	case f.Suppressed && f.Bounced && !hasRevoked:
		return Errorf(CodeRecipientOptedOut, "%s", ReasonBounced)
	case f.Suppressed || hasRevoked:
		return Errorf(CodeRecipientOptedOut, "%s", ReasonOptedOut)
	}

	return nil
}

// PlanRetry says from whom to whom a retry of old goes, when it is changed so: to the recipient's
// present address unless one is given, or was given for old, and from the sender of the facts. The
// payload is old's, still to be rendered if there is a new body. The errors are those of Plan.
func (f *SendFacts) PlanRetry(old *Delivery, change Change) (SendPlan, error) {
	spec := old.Channel.Spec()

	if err := f.checkRetry(); err != nil {
		return SendPlan{}, err
	}

	sender, ok := f.senders().find(spec.Sender)

	switch {
	case change.Sender != "" && (!ok || sender.Scope != change.Sender):
		return SendPlan{}, Errorf(
			CodeSenderNotConfigured,
			"%s is no sender for the channel %s",
			change.Sender,
			old.Channel,
		)
	case !ok:
		return SendPlan{}, spec.Sender.missing()
	}

	plan := SendPlan{
		Channel:  old.Channel,
		Provider: old.Provider,
		Sender:   sender.Scope,
		From:     sender.From,
		To:       f.Recipient.Address(spec.Address),
		Payload:  old.Payload,
		Policy:   old.Policy,
	}

	switch {
	case change.To != "":
		plan.To = change.To
		plan.ToGiven = true
	case old.ToGiven:
		plan.To = old.To
		plan.ToGiven = true
	case plan.To == "" && spec.Address != AddressNone:
		return SendPlan{}, spec.Address.missing()
	}

	if change.Body != "" {
		if err := CheckText("body", change.Body, spec.MaxMessage); err != nil {
			return SendPlan{}, err
		}
	}

	return plan, f.checkWanted()
}

// RenderText turns a text in Markdown into what a provider gets.
type RenderText func(channel Channel, facts *SendFacts, message string, id MessageID) (Payload, error)

// PlanChange is [SendFacts.PlanRetry] with the text of the change, if it has one, as render makes it.
func (f *SendFacts) PlanChange(old *Delivery, change Change, render RenderText) (SendPlan, error) {
	plan, err := f.PlanRetry(old, change)
	if err != nil || change.Body == "" {
		return plan, err
	}

	f.Code = old.Payload.Code
	plan.Payload, err = render(plan.Channel, f, change.Body, old.MessageID)

	return plan, err
}

// checkRetry refuses a retry that its claim would refuse because of the chat.
func (f *SendFacts) checkRetry() error {
	switch {
	case f.Recipient == nil:
		return Errorf(
			CodeParticipantNotFound,
			"the recipient no longer takes part in the chat, so there is nobody to write to",
		)
	case f.Chat.State == StateArchived:
		return Errorf(CodeChatArchived, "this chat is archived; set its state to open first")
	}

	return nil
}

// SendIDs are the ids that the rows of a send will have, if it has none yet.
type SendIDs struct {
	MessageID  MessageID
	DeliveryID DeliveryID
}
