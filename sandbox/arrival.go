package sandbox

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Outbound and Inbound are the directions of a message, as Twilio names them.
const (
	Outbound = "outbound-api"
	Inbound  = "inbound"
)

// Message is an SMS or MMS: one that was accepted as Twilio would, or the answer of a
// customer to it.
type Message struct {
	SID string `json:"sid"`
	// From is "" as long as a messaging service has not picked a sender.
	From                string `json:"from,omitempty"`
	To                  string `json:"to"`
	MessagingServiceSID string `json:"messaging_service_sid,omitempty"`
	Body                string `json:"body"`
	// Segments is how many parts the body is charged as.
	Segments  int        `json:"segments"`
	Status    string     `json:"status"`
	Direction string     `json:"direction"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
	SentAt    *time.Time `json:"sent_at,omitempty"`
	// ErrorCode is Twilio's, of a message that could not be delivered; else 0.
	ErrorCode int `json:"error_code,omitempty"`
	// Doomed says that a fault decided at acceptance that it will not be delivered.
	Doomed bool `json:"doomed,omitempty"`
	// Contradicted says that one decided that it is reported as undelivered first, and as
	// delivered later.
	Contradicted bool `json:"contradicted,omitempty"`
	// ListedAt is when lists begin to show it; nil is from the beginning.
	ListedAt *time.Time `json:"listed_at,omitempty"`
	// Faults are those that struck what follows its acceptance.
	Faults []FaultKind `json:"faults,omitempty"`
	// Webhook is what became of telling the service, of an inbound message.
	Webhook *WebhookResult `json:"webhook,omitempty"`
	// Form is everything that was posted, StatusCallback and MediaUrl among it.
	Form url.Values `json:"form,omitempty"`
	// RequestHeader is what the post carried, without its credentials.
	RequestHeader http.Header `json:"request_header,omitempty"`
}

// ended reports whether the status is a final one.
func (m Message) ended() bool {
	switch m.Status {
	case "delivered", "undelivered", "failed", "canceled", "received":
		return true
	}

	return false
}

// WebhookResult is how the service took an answer.
type WebhookResult struct {
	// Status is that of the last HTTP answer, 0 when there was none; Error then says why.
	Status int       `json:"status"`
	Error  string    `json:"error,omitempty"`
	At     time.Time `json:"at"`
}

// OK reports whether the service took it.
func (r WebhookResult) OK() bool { return r.Status/100 == 2 }

// MessageFilter chooses messages; an empty To or From chooses all, an empty Direction
// those that were sent to the sandbox.
type MessageFilter struct{ To, From, Direction string }

func (f MessageFilter) matches(m Message) bool {
	inbound := m.Direction == Inbound
	return (f.To == "" || f.To == m.To) && (f.From == "" || f.From == m.From) && inbound == (f.Direction == Inbound)
}

// Address is a mail address with an optional display name.
type Address struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
}

// Mail is one personalization of a send that was accepted as SendGrid would.
type Mail struct {
	// MessageID is the X-Message-Id of the answer; mails of one send share it.
	MessageID string `json:"message_id"`
	// SGMessageID is what events and logs call this mail; it begins with MessageID.
	SGMessageID string    `json:"sg_message_id"`
	ReceivedAt  time.Time `json:"received_at"`
	From        Address   `json:"from"`
	To          []Address `json:"to"`
	CC          []Address `json:"cc,omitempty"`
	BCC         []Address `json:"bcc,omitempty"`
	ReplyTo     []Address `json:"reply_to,omitempty"`
	Subject     string    `json:"subject"`
	// Text and HTML are the text/plain and text/html contents, "" where there is none.
	Text string `json:"text,omitempty"`
	HTML string `json:"html,omitempty"`
	// Headers and CustomArgs are merged: a personalization's replace the message's.
	Headers    map[string]string `json:"headers,omitempty"`
	CustomArgs map[string]string `json:"custom_args,omitempty"`
	Categories []string          `json:"categories,omitempty"`
	// Events are what has become of it, oldest first.
	Events []MailEvent `json:"events,omitempty"`
	// Doomed says that a fault decided at acceptance that it will bounce.
	Doomed bool `json:"doomed,omitempty"`
	// ListedAt is when the logs begin to show it; nil is from the beginning.
	ListedAt *time.Time `json:"listed_at,omitempty"`
	// Faults are those that struck what follows its acceptance.
	Faults []FaultKind `json:"faults,omitempty"`
	// Request is the whole body that was posted, compacted.
	Request json.RawMessage `json:"request"`
	// RequestHeader is what the post carried, without its credentials.
	RequestHeader http.Header `json:"request_header"`
}

// Status is the newest event as SendGrid's logs name it, "processed" to begin with.
func (m Mail) Status() string {
	if len(m.Events) == 0 {
		return "processed"
	}

	switch event := m.Events[len(m.Events)-1].Event; event {
	case "bounce":
		return "bounced"
	default:
		return event
	}
}

// MailEvent is something that happened to a mail.
type MailEvent struct {
	// Event is SendGrid's word: processed, delivered or bounce.
	Event string    `json:"event"`
	At    time.Time `json:"at"`
}

// MailAnswer is a mail that a customer wrote.
type MailAnswer struct {
	// MessageID is the Message-ID of the mail, with its brackets.
	MessageID string    `json:"message_id"`
	At        time.Time `json:"at"`
	Answer
	// Webhook is what became of telling the service; nil while that is tried.
	Webhook *WebhookResult `json:"webhook,omitempty"`
}

// record is one line of the file: exactly one of its fields is set.
type record struct {
	Message *Message      `json:"message,omitempty"`
	Send    *mailSend     `json:"mail_send,omitempty"`
	Move    *move         `json:"move,omitempty"`
	Event   *mailMove     `json:"mail_event,omitempty"`
	Answer  *MailAnswer   `json:"mail_answer,omitempty"`
	Webhook *webhookTried `json:"webhook,omitempty"`
	// Order is a new one, or one that has changed.
	Order *Order `json:"order,omitempty"`
}

// move is a new status of a message.
type move struct {
	SID       string    `json:"sid"`
	Status    string    `json:"status"`
	At        time.Time `json:"at"`
	From      string    `json:"from,omitempty"`
	ErrorCode int       `json:"error_code,omitempty"`
}

// mailMove is a new event of a mail.
type mailMove struct {
	SGMessageID string `json:"sg_message_id"`
	MailEvent
}

// webhookTried is the result for the inbound message or the mail answer of that id.
type webhookTried struct {
	ID string `json:"id"`
	WebhookResult
}

// mailSend is an accepted POST to /v3/mail/send as it came. Mails are derived from it,
// when it arrives and when the file is read alike.
type mailSend struct {
	MessageID     string          `json:"message_id"`
	ReceivedAt    time.Time       `json:"received_at"`
	Doomed        bool            `json:"doomed,omitempty"`
	ListedAt      *time.Time      `json:"listed_at,omitempty"`
	Faults        []FaultKind     `json:"faults,omitempty"`
	Request       json.RawMessage `json:"request"`
	RequestHeader http.Header     `json:"request_header"`
}

func withoutCredentials(header http.Header) http.Header {
	kept := header.Clone()
	kept.Del("Authorization")
	kept.Del("Cookie")

	return kept
}

// currentTime is to the microsecond, so that an arrival reads back from the file as it was.
func currentTime() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// newSID is a Twilio identifier: the prefix and 32 hexadecimal digits.
func newSID(prefix string) string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails: it would rather crash

	return prefix + hex.EncodeToString(random[:])
}
