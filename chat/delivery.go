package chat

import "time"

// Provider names who carries a delivery.
type Provider string

// The providers. ProviderHandrail keeps web chat messages itself: they are accepted by
// being stored.
const (
	ProviderTwilio   Provider = "twilio"
	ProviderSendGrid Provider = "sendgrid"
	ProviderHandrail Provider = "handrail"
)

// Providers lists all of them.
func Providers() []Provider { return []Provider{ProviderTwilio, ProviderSendGrid, ProviderHandrail} }

// UnknownPolicy says what becomes of a delivery of which nobody can tell whether the
// provider took it.
type UnknownPolicy string

// The policies. AtMostOnce is the default: a person decides.
const (
	AtMostOnce        UnknownPolicy = "at_most_once"
	ResendAfterSettle UnknownPolicy = "resend_after_settle"
	ExpireUnknown     UnknownPolicy = "expire"
)

// Delivery is one message to one address over one provider.
type Delivery struct {
	ID        DeliveryID
	ChatID    ChatID
	MessageID MessageID
	ActionID  ActionID
	Channel   Channel
	Provider  Provider
	// PurposeKey is what this delivery is for, made of business ids only; the same
	// purpose never gets a second row.
	PurposeKey string
	// Sender is the scope in which one address gets one message at a time:
	// "phone:12", "inbox:3", "web".
	Sender string
	// From and To are addresses: they stay out of logs and Temporal.
	From, To string
	// ToMemberID is whom To belongs to: the chat's member, or a contributor who is asked.
	ToMemberID MemberID
	// ToGiven reports that a person has given To for a retry, so that it need not be the
	// member's own.
	ToGiven bool
	// Payload is what is posted, frozen when the send was prepared.
	Payload        Payload
	Policy         UnknownPolicy
	Submission     SubmissionState
	DeliveryStatus DeliveryStatus
	// AlsoReported is the opposite of DeliveryStatus if the provider has reported both: that the
	// message arrived, and that it did not; else StatusNone.
	AlsoReported DeliveryStatus
	// Fence counts claims; a result is recorded only by the claim it belongs to.
	Fence        int64
	LeaseUntil   *time.Time
	RetryAt      *time.Time
	UnknownSince *time.Time
	// Evidence is whether messages of it may exist that nobody knows, and EvidenceUntil until
	// when no other delivery of the same text is posted because of that.
	Evidence          EvidenceState
	EvidenceUntil     *time.Time
	ProviderMessageID string
	ErrorCode         string
	ErrorMessage      string
	Segments          int
	// Duplicate is whether it was sent twice, or may have been; "" is none.
	Duplicate Duplicate
	// Author is who speaks in it.
	Author AuthorKind
	// SeenMessage is the number of the message after which the customer must not have written; 0
	// if that is no matter.
	SeenMessage int64
	// DespiteTakeover reports that a person has let it leave though the chat was taken over.
	DespiteTakeover bool
	// DespiteBrakes reports that a person has let it leave though a brake has stopped the assistant.
	DespiteBrakes bool
	// SenderWorks reports that what was recorded last has shown that the sender's account works, which had refused
	// everything: what waits for the sender may leave at once.
	SenderWorks bool
	// Watermark is the chat's Attention that acceptance will mark as answered.
	Watermark int64
	// RetryOf is the delivery that this one repeats, RetriedBy the one that repeats it.
	RetryOf   DeliveryID
	RetriedBy DeliveryID
	// BulkRetryID is the bulk retry that made it or tried it again.
	BulkRetryID ActionID
	// Decision is what a person decided about it, nil when nobody has.
	Decision  *Decision
	CreatedAt time.Time
	UpdatedAt time.Time

	// Tools is what the message's tool calls say to a retry.
	Tools RetryTools
	// Send is what the message waits for before the delivery begins. It is nil if nothing stands
	// before the first attempt.
	Send *SendView

	// Attempts, Events, ClockSkew and RetryRefused are filled when one delivery is asked for.
	Attempts []Attempt
	Events   []ProviderEvent
	// ClockSkew is by how much the provider's clock may differ from ours.
	ClockSkew time.Duration
	// RetryRefused is why a retry that changes nothing would be refused because of the chat, its
	// sender or its recipient; nil if it would not.
	RetryRefused *Error
}

// Status is the one word for where the delivery stands: the submission state until the
// provider took it, the provider's final status after that.
func (d *Delivery) Status() string {
	if d.Submission == SubmissionAccepted && d.DeliveryStatus.Final() {
		return string(d.DeliveryStatus)
	}

	return string(d.Submission)
}

// SentText returns the text of an SMS as the provider gets it, where it is another than the one that was written; else
// "". Of an email both are known to differ.
func (d *Delivery) SentText(written string) string {
	if d.Channel != ChannelSMS || d.Payload.Text == written {
		return ""
	}

	return d.Payload.Text
}

// Payload is a message as a provider gets it.
type Payload struct {
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
	HTML    string `json:"html,omitempty"`
	// FromName is the display name beside an email's From.
	FromName string `json:"from_name,omitempty"`
	// ReplyTo is the address that answers to an email go to, "" for From.
	ReplyTo string            `json:"reply_to,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	// Code is what is posted below the text and shown nowhere else, "" for none; see
	// [Payload.Posted].
	Code string `json:"code,omitempty"`
	// Segments is how many parts an SMS is charged as.
	Segments int `json:"segments,omitempty"`
}

// Attempt is one try to submit a delivery. Attempts are never erased.
type Attempt struct {
	Fence      int64
	StartedAt  time.Time
	FinishedAt *time.Time
	// GotConnection reports whether bytes may have left: false proves that the
	// provider never saw the attempt.
	GotConnection     bool
	Outcome           SubmissionOutcome
	HTTPStatus        int
	ErrorCode         string
	ErrorMessage      string
	ProviderRequestID string
	ProviderMessageID string
}

// ProviderEvent is something a provider told about a delivery, kept as it came.
type ProviderEvent struct {
	Key        string
	Provider   Provider
	DeliveryID DeliveryID
	Type       string
	Raw        []byte
	ReceivedAt time.Time
}

// SubmissionOutcome is what one post to a provider came to.
type SubmissionOutcome string

// The outcomes of one post.
const (
	// OutcomeAccepted: the provider took it and gave an id.
	OutcomeAccepted SubmissionOutcome = "accepted"
	// OutcomeNotProcessed: the provider certainly did not take it, trying again is
	// safe: no connection, or 429.
	OutcomeNotProcessed SubmissionOutcome = "not_processed"
	// OutcomeRejected: refused for good, this message to this address.
	OutcomeRejected SubmissionOutcome = "rejected"
	// OutcomeBlocked: refused because of our account or its set-up; every message
	// would be.
	OutcomeBlocked SubmissionOutcome = "blocked"
	// OutcomeSuppressed: the recipient has opted out.
	OutcomeSuppressed SubmissionOutcome = "suppressed"
	// OutcomeUnknown: bytes left and no clear answer came. It may have been taken.
	OutcomeUnknown SubmissionOutcome = "unknown"
	// OutcomeAborted: our own claim no longer held right before the write, so
	// nothing was written.
	OutcomeAborted SubmissionOutcome = "aborted"
)

// Submission is a provider's answer to one post. A provider's adapter always returns one
// and never an error: what is not clearly known is OutcomeUnknown.
type Submission struct {
	Outcome SubmissionOutcome `json:"outcome"`
	// RecipientScoped says of OutcomeBlocked that it concerns recipients like this one, a country
	// say, and that the sender's other messages may go on.
	RecipientScoped   bool           `json:"narrow,omitempty"`
	ProviderMessageID string         `json:"provider_message_id,omitempty"`
	ProviderRequestID string         `json:"provider_request_id,omitempty"`
	DeliveryStatus    DeliveryStatus `json:"carrier,omitempty"`
	Segments          int            `json:"segments,omitempty"`
	GotConnection     bool           `json:"got_connection,omitempty"`
	HTTPStatus        int            `json:"http_status,omitempty"`
	// ErrorCode is stable: "twilio_21211", "sendgrid_401", "timeout", "dial_failed".
	ErrorCode string `json:"error_code,omitempty"`
	// ErrorMessage is for people and holds no address and no message text.
	ErrorMessage string `json:"error_message,omitempty"`
	// RetryAfter is how long the provider asked us to wait; 0 when it did not say.
	RetryAfter time.Duration `json:"retry_after,omitempty"`
}

// ProbeEvery is how long a sender is left alone after a refusal of its account for which the
// provider named no time, and how long one probe has to come back.
const ProbeEvery = 5 * time.Minute

// recipientRetryAfter is how long a delivery waits whose recipient the account cannot reach:
// it is its own probe, and people must change something first.
const recipientRetryAfter = time.Hour

// RequireID makes an acceptance unknown that came without the provider's id for the message:
// without it, nothing that is reported later can be told to be about this message. It is never
// sent again by itself, because the provider has said that it took it.
func (s *Submission) RequireID() {
	if s.Outcome != OutcomeAccepted || s.ProviderMessageID != "" {
		return
	}

	s.Outcome = OutcomeUnknown
	s.ErrorCode = ErrorNoMessageID
	s.ErrorMessage = "the provider took it and gave no id for it"
}

// ShowsSenderWorks reports that the answer could not have been given if the sender's account refused everything.
func (s *Submission) ShowsSenderWorks() bool {
	switch s.Outcome {
	case OutcomeAccepted, OutcomeRejected, OutcomeSuppressed:
		return true
	case OutcomeBlocked:
		return s.RecipientScoped
	case OutcomeNotProcessed, OutcomeUnknown, OutcomeAborted:
	}

	return false
}

// RetryDelay is how long a delivery waits after a refusal, and its sender with it unless the
// refusal concerns this recipient alone.
func (s *Submission) RetryDelay() time.Duration {
	switch {
	case s.RecipientScoped:
		return max(recipientRetryAfter, s.RetryAfter)
	case s.RetryAfter > 0:
		return s.RetryAfter
	}

	return ProbeEvery
}

// Outgoing is a claimed delivery on its way to the provider.
type Outgoing struct {
	WorkspaceID WorkspaceID
	DeliveryID  DeliveryID
	MessageID   MessageID
	Fence       int64
	Channel     Channel
	From, To    string
	Payload     Payload
	// LeaseUntil ends the claim. Right before it writes, an adapter aborts unless
	// its own time limit ends earlier than this.
	LeaseUntil time.Time
}

// Attempted is the [Attempt] that a submission makes, for the claim it belongs to.
func (s *Submission) Attempted(fence int64, started, finished time.Time) Attempt {
	return Attempt{
		Fence:             fence,
		StartedAt:         started,
		FinishedAt:        &finished,
		GotConnection:     s.GotConnection,
		Outcome:           s.Outcome,
		HTTPStatus:        s.HTTPStatus,
		ErrorCode:         s.ErrorCode,
		ErrorMessage:      s.ErrorMessage,
		ProviderRequestID: s.ProviderRequestID,
		ProviderMessageID: s.ProviderMessageID,
	}
}

// DeliveryFilter narrows a list of deliveries; zero fields do not. The order is by
// creation, newest first.
type DeliveryFilter struct {
	// Status is what [Delivery.Status] returns.
	Status    string  `json:"status,omitempty"`
	Channel   Channel `json:"channel,omitempty"`
	ErrorCode string  `json:"error_code,omitempty"`
	ChatID    ChatID  `json:"chat_id,omitempty"`
	// Sender is [Delivery.Sender]: "phone:12", "inbox:3" or "web".
	Sender string `json:"sender,omitempty"`
	// MemberID chooses what was sent in the chats with a member.
	MemberID MemberID `json:"member_id,omitempty"`
	// BulkRetryID chooses what a bulk retry has begun.
	BulkRetryID ActionID   `json:"bulk_retry_id,omitempty"`
	Since       *time.Time `json:"since,omitempty"`
	Until       *time.Time `json:"until,omitempty"`
	// Duplicate is about [Delivery.Duplicate].
	Duplicate DuplicateFilter `json:"duplicate,omitzero"`

	// Words are several ids, statuses, channels and waits, and UpdatedSince bounds the last change: for lists, not for
	// bulk retries. FailedForGood chooses what [MatterFailed] counts, however long ago it was.
	Words         *DeliveryWords `json:"-"`
	UpdatedSince  *time.Time     `json:"-"`
	FailedForGood bool           `json:"-"`
	Page          `json:"-"`
}

// DeliveryWords are what one of several words of a delivery may be; those that are empty narrow nothing.
type DeliveryWords struct {
	IDs      []DeliveryID
	Statuses []string
	Channels []Channel
	// WaitingFor is what [Delivery.Standing] says.
	WaitingFor []Waiting
}

// StaleDelivery is a delivery that nobody has touched for a while, though something should happen
// to it by itself.
type StaleDelivery struct {
	WorkspaceID WorkspaceID
	DeliveryID  DeliveryID
	WorkflowID  string
	// ReleasedBy is the workflow of the retry that has let it be tried again, "" for none. It
	// follows the delivery if WorkflowID was gone by then.
	ReleasedBy string
	Submission SubmissionState
	// Step is what a sweep does about it.
	Step SweepStep
}

// DeliveryStep names the delivery as steps do.
func (d *StaleDelivery) DeliveryStep() DeliveryStep {
	return DeliveryStep{WorkspaceID: d.WorkspaceID, DeliveryID: d.DeliveryID}
}

// Claim is the answer to asking for a delivery to be submitted.
type Claim struct {
	// Granted reports that the caller holds Delivery.Fence until Delivery.LeaseUntil,
	// and it alone may post.
	Granted  bool
	Delivery Delivery
	// WaitUntil is the end of somebody else's claim, or of the wait that the provider
	// asked for.
	WaitUntil *time.Time
	// Busy reports that another delivery to the same address is in flight.
	Busy bool
}

// Error codes that Handrail itself puts on deliveries and attempts; the others are the
// provider's, like twilio_21211.
const (
	// ErrorAddressBusy: another delivery to the same address is in flight.
	ErrorAddressBusy = "address_busy"
	// ErrorLeaseExpired: whoever claimed it did not come back in time.
	ErrorLeaseExpired = "lease_expired"
	// ErrorToolCallFailed: a tool failed before the delivery began.
	ErrorToolCallFailed = "tool_call_failed"
	// ErrorCanceled: the send was canceled before the delivery began.
	ErrorCanceled = "canceled"
	// ErrorOptedOut: the address was on the suppression list when the delivery was to be
	// posted, or its member had revoked the consent. The message says whether it has only bounced.
	ErrorOptedOut = "recipient_opted_out"
	// ErrorNotificationsOff, ErrorChatArchived, ErrorChatDeleted and ErrorRecipientLeft: what
	// allowed the delivery was gone when it was to be posted. Nothing was sent.
	ErrorNotificationsOff = "notifications_disabled"
	ErrorChatArchived     = "chat_archived"
	ErrorChatDeleted      = "chat_deleted"
	ErrorRecipientLeft    = "participant_not_found"
	// ErrorAddressChanged and ErrorSenderGone: the member had another address, or the workspace
	// had the sender no more. Nothing was sent, and a person decides.
	ErrorAddressChanged = "address_changed"
	ErrorSenderGone     = "sender_not_configured"
	// ErrorPossibleOptOut: the recipient may have asked not to be written to. Nothing was sent,
	// and a person decides for all that waits for this recipient.
	ErrorPossibleOptOut = "possible_opt_out"
	// ErrorChatMovedOn: the customer has written since the message that the caller had seen last.
	// ErrorTakenOver: it is the assistant's, and a person has taken the chat over. Nothing was
	// sent, and a person or the caller decides.
	ErrorChatMovedOn = "chat_moved_on"
	ErrorTakenOver   = "taken_over"
	// ErrorBraked: the assistant has said as much as the workspace's brakes allow. Nothing was sent,
	// and a person decides.
	ErrorBraked = "braked"
	// ErrorOlderFirst: an older delivery to the chat's customer is still to be tried by itself.
	ErrorOlderFirst = "older_first"
	// ErrorExpired: its time was over before anybody knew whether it was sent.
	ErrorExpired = "expired"
	// ErrorTriesExhausted: it was not sent, and is not tried again by itself.
	ErrorTriesExhausted = "tries_exhausted"
	// ErrorIDTaken: the provider gave this message the id of another one.
	ErrorIDTaken = "provider_message_id_taken"
	// ErrorNoMessageID: the provider took it and gave no id for it.
	ErrorNoMessageID = "no_provider_message_id"
	// ErrorTextBusy: another delivery of the same text to the same address may still show up at
	// the provider.
	ErrorTextBusy = "same_text_unresolved"
	// ErrorDialFailed: no connection to the provider; nothing was sent.
	ErrorDialFailed = "dial_failed"
	// ErrorTimeout and ErrorConnectionLost: bytes had left, no answer came.
	ErrorTimeout        = "timeout"
	ErrorConnectionLost = "connection_lost"
	// ErrorSenderBlocked: the sender's account refuses everything, and this delivery
	// waits without being posted until a probe gets through.
	ErrorSenderBlocked = "sender_blocked"
	// ErrorWorkflowGone: whatever followed it was ended in Temporal; nothing was sent.
	ErrorWorkflowGone = "workflow_gone"
	// ErrorReplaced: a person tried it again with a change, as another delivery.
	ErrorReplaced = "replaced"
	// ErrorDatabaseRestored: the database was set back to a backup, and the delivery may
	// have been sent since.
	ErrorDatabaseRestored = "database_restored"
	// ErrorDatabaseFailedOver: the database failed over to a standby, and the delivery may
	// have been sent by what the standby does not have.
	ErrorDatabaseFailedOver = "database_failed_over"
	// ErrorUnconfirmed: the provider took it and never told what became of it.
	ErrorUnconfirmed = "unconfirmed"
	// ErrorNotShown: the provider took it, and does not know it when it is asked.
	ErrorNotShown = "not_known_to_provider"
)

// LeftAlone are the error codes of a delivery that was not sent and that nothing tries again
// by itself: a person must decide.
func LeftAlone() []string {
	return []string{
		ErrorTriesExhausted,
		ErrorWorkflowGone,
		ErrorAddressChanged,
		ErrorSenderGone,
		ErrorPossibleOptOut,
		ErrorChatMovedOn,
		ErrorTakenOver,
		ErrorBraked,
	}
}
