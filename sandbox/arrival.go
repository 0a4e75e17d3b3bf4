package sandbox

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Message is an SMS or MMS that was accepted as Twilio would.
type Message struct {
	SID string `json:"sid"`
	// From is "" when only a messaging service was named: it has not picked a sender yet.
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
	// Form is everything that was posted, StatusCallback and MediaUrl among it.
	Form url.Values `json:"form"`
	// RequestHeader is what the post carried, without its credentials.
	RequestHeader http.Header `json:"request_header"`
}

// MessageFilter chooses messages; an empty field chooses all.
type MessageFilter struct{ To, From string }

func (f MessageFilter) matches(m Message) bool {
	return (f.To == "" || f.To == m.To) && (f.From == "" || f.From == m.From)
}

// Address is a mail address with an optional display name.
type Address struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
}

// Mail is one personalization of a send that was accepted as SendGrid would.
type Mail struct {
	// MessageID is the X-Message-Id of the answer; mails of one send share it.
	MessageID  string    `json:"message_id"`
	ReceivedAt time.Time `json:"received_at"`
	From       Address   `json:"from"`
	To         []Address `json:"to"`
	CC         []Address `json:"cc,omitempty"`
	BCC        []Address `json:"bcc,omitempty"`
	ReplyTo    []Address `json:"reply_to,omitempty"`
	Subject    string    `json:"subject"`
	// Text and HTML are the text/plain and text/html contents, "" where there is none.
	Text string `json:"text,omitempty"`
	HTML string `json:"html,omitempty"`
	// Headers and CustomArgs are merged: a personalization's replace the message's.
	Headers    map[string]string `json:"headers,omitempty"`
	CustomArgs map[string]string `json:"custom_args,omitempty"`
	Categories []string          `json:"categories,omitempty"`
	// Request is the whole body that was posted, compacted.
	Request json.RawMessage `json:"request"`
	// RequestHeader is what the post carried, without its credentials.
	RequestHeader http.Header `json:"request_header"`
}

// record is one line of the file: exactly one of its fields is set.
type record struct {
	Message *Message  `json:"message,omitempty"`
	Send    *mailSend `json:"mail_send,omitempty"`
}

// mailSend is an accepted POST to /v3/mail/send as it came. Mails are derived from it,
// when it arrives and when the file is read alike.
type mailSend struct {
	MessageID     string          `json:"message_id"`
	ReceivedAt    time.Time       `json:"received_at"`
	Request       json.RawMessage `json:"request"`
	RequestHeader http.Header     `json:"request_header"`
}

func withoutCredentials(header http.Header) http.Header {
	kept := header.Clone()
	kept.Del("Authorization")
	kept.Del("Cookie")
	return kept
}

// now is to the microsecond, so that an arrival reads back from the file as it was.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// newSID is a Twilio identifier: the prefix and 32 hexadecimal digits.
func newSID(prefix string) string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails: it would rather crash
	return prefix + hex.EncodeToString(random[:])
}
