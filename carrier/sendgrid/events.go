package sendgrid

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"handrail/carrier"
	"handrail/chat"
)

// The events that are named more than once. A bounce of the type blocked is told apart.
const (
	eventBounce   = "bounce"
	eventBlocked  = "blocked"
	eventDropped  = "dropped"
	eventDeferred = "deferred"
)

// meaning is what an event says of its message.
type meaning struct {
	accepts bool
	carrier chat.DeliveryStatus
	// code is that of an event that gives no better reason.
	code     string
	suppress chat.SuppressionReason
	lifts    chat.SuppressionReason
}

// meanings are those of SendGrid's events
// (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event). Events that
// are not here, like open and click, are kept and change nothing.
var meanings = map[string]meaning{
	"processed":   {accepts: true, carrier: chat.StatusSending},
	eventDeferred: {accepts: true, carrier: chat.StatusDeferred, code: chat.CodeSendGridDeferred},
	"delivered":   {accepts: true, carrier: chat.StatusDelivered},
	eventDropped: {
		accepts: true,
		carrier: chat.StatusFailed,
		code:    chat.CodeSendGridDropped,
	},
	eventBounce: {
		accepts:  true,
		carrier:  chat.StatusBounced,
		code:     chat.CodeSendGridBounce,
		suppress: chat.SuppressedBounce,
	},
	// A soft bounce: the address may be fine tomorrow.
	eventBlocked: {
		accepts: true,
		carrier: chat.StatusUndelivered,
		code:    chat.CodeSendGridBlocked,
	},
	"spamreport":        {suppress: chat.SuppressedSpam},
	"unsubscribe":       {suppress: chat.SuppressedUnsubscribe},
	"group_unsubscribe": {suppress: chat.SuppressedGroup},
	"group_resubscribe": {lifts: chat.SuppressedGroup},
}

// dropReason is why SendGrid does not send.
type dropReason struct {
	code     string
	suppress chat.SuppressionReason
}

// dropReasons are SendGrid's own words for why it does not send, in lower case: the address is on
// one of its lists, or something is wrong with the message or the account.
var dropReasons = map[string]dropReason{
	"bounced address":                   {"sendgrid_bounced_address", chat.SuppressedBounce},
	"unsubscribed address":              {"sendgrid_unsubscribed_address", chat.SuppressedUnsubscribe},
	"spam reporting address":            {"sendgrid_spam_reporting_address", chat.SuppressedSpam},
	"invalid":                           {"sendgrid_invalid", ""},
	"invalid smtpapi header":            {"sendgrid_invalid_smtpapi_header", ""},
	"spam content":                      {"sendgrid_spam_content", ""},
	"recipient list over package quota": {"sendgrid_recipient_list_over_package_quota", ""},
}

// explainEvent puts on a report what an event of that kind means. The reason is SendGrid's, and
// counts for dropped messages only; the status is the recipient's server's (RFC 3463).
func explainEvent(r *chat.Report, kind, reason, status string) {
	m := meanings[kind]
	r.Accepts = m.accepts
	r.DeliveryStatus = m.carrier
	r.Suppress = m.suppress
	r.Lifts = m.lifts
	r.ErrorCode = m.code

	switch kind {
	case eventDropped:
		if why, known := dropReasons[strings.ToLower(strings.TrimSpace(reason))]; known {
			r.ErrorCode = why.code
			r.Suppress = why.suppress
		}

	case eventBounce, eventBlocked, eventDeferred:
		r.ErrorCode = chat.SendGridBounce(status, m.code)
	}

	code, _ := chat.FindProviderCode(r.ErrorCode)
	r.ErrorMessage = code.Meaning
}

// Events reads a batch of events, in their order. An event that is not understood, or that
// is about no message, is a report too, which changes nothing. The errors are
// invalid_signature, before anything is read, and invalid_request.
func (w *Webhook) Events(header http.Header, body []byte) ([]chat.Report, error) {
	if err := w.verify(header, body); err != nil {
		return nil, err
	}

	var batch []json.RawMessage
	if err := json.Unmarshal(body, &batch); err != nil || batch == nil {
		return nil, chat.Invalid("body", "must be a JSON array of events")
	}

	reports := make([]chat.Report, 0, len(batch))
	for _, raw := range batch {
		reports = append(reports, eventReport(raw))
	}

	return reports, nil
}

// eventReport is what one event tells.
func eventReport(raw json.RawMessage) chat.Report {
	e := readEvent(raw)

	kind := e["event"]
	if kind == eventBounce && e["type"] == eventBlocked {
		kind = eventBlocked
	}

	r := chat.Report{
		Provider:          chat.ProviderSendGrid,
		Key:               "sendgrid:event:" + e.key(raw),
		Type:              carrier.Word(e["event"]),
		ProviderMessageID: carrier.Line(shortID(e["sg_message_id"]), 200),
		Raw:               raw,
	}

	if id := e["delivery_id"]; messageID.MatchString(id) {
		r.DeliveryID = chat.DeliveryID(id)
	}

	if fence, err := strconv.ParseInt(e["fence"], 10, 64); err == nil {
		r.Fence = max(0, fence)
	}

	if seconds, err := strconv.ParseInt(e["timestamp"], 10, 64); err == nil && seconds > 0 && seconds < maxTimestamp {
		r.HappenedAt = time.Unix(seconds, 0).UTC()
	}

	explainEvent(&r, kind, e["reason"], e["status"])

	// Another id of SendGrid's beside it would be another copy.
	if r.ProviderMessageID == "" && r.DeliveryID == "" && ownMessageID.MatchString(e["smtp-id"]) {
		r.EmailMessageID = e["smtp-id"]
		r.To = carrier.Line(e["email"], 320)
	}

	// Without an id of either side it is about the account, whatever its name.
	if r.ProviderMessageID == "" && r.DeliveryID == "" && r.EmailMessageID == "" {
		r.Accepts, r.DeliveryStatus = false, chat.StatusNone
	}

	return r
}

// ownMessageID is the form of the Message-ID that we give to an email: its message's id, which is
// random, at a domain of ours.
var ownMessageID = regexp.MustCompile(
	`^<?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}@[A-Za-z0-9.-]{1,253}>?$`)

// maxTimestamp is the year 9999; what is later is no time.
const maxTimestamp = 253_402_300_799

// event holds the strings and numbers of an event, as text; what is neither is left out.
type event map[string]string

func readEvent(raw json.RawMessage) event {
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()

	if decoder.Decode(&fields) != nil {
		return nil
	}

	e := make(event, len(fields))
	for name, value := range fields {
		switch v := value.(type) {
		case string:
			e[name] = v
		case json.Number:
			e[name] = v.String()
		}
	}

	return e
}

// key is the same for the same event. Not by sg_event_id: it was seen to change when
// SendGrid posted an event again (sendgrid-nodejs issue 1435).
func (e event) key(raw []byte) string {
	sum := sha256.New()
	for _, name := range []string{"sg_message_id", "event", "timestamp", "email", "attempt", "url"} {
		_, _ = io.WriteString(sum, e[name]+"\x00")
	}

	if e["sg_message_id"] == "" {
		_, _ = sum.Write(raw)
	}

	return hex.EncodeToString(sum.Sum(nil))
}

// shortID is the X-Message-Id that SendGrid's longer id begins with.
func shortID(id string) string {
	for _, end := range []string{".filter", ".recvd"} {
		if short, _, found := strings.Cut(id, end); found {
			return short
		}
	}

	return id
}
