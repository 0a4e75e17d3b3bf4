package sendgrid

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"handrail/carrier"
	"handrail/chat"
)

// The events that are named more than once. A bounce of the type blocked is told apart.
const (
	eventBounce  = "bounce"
	eventBlocked = "blocked"
	eventDropped = "dropped"
)

// meaning is what an event says of its message.
type meaning struct {
	accepts  bool
	carrier  chat.DeliveryStatus
	code     string
	words    string
	suppress chat.SuppressionReason
}

// meanings are those of SendGrid's events
// (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event). Events that
// are not here, like open and click, are kept and change nothing.
var meanings = map[string]meaning{
	"processed": {accepts: true, carrier: chat.StatusSending},
	"deferred": {
		accepts: true,
		carrier: chat.StatusDeferred,
		code:    "sendgrid_deferred",
		words:   "the recipient's server asked to try later, and SendGrid does",
	},
	"delivered": {accepts: true, carrier: chat.StatusDelivered},
	eventDropped: {
		accepts: true,
		carrier: chat.StatusFailed,
		code:    "sendgrid_dropped",
		words:   "SendGrid took the message and did not send it",
	},
	eventBounce: {
		accepts:  true,
		carrier:  chat.StatusBounced,
		code:     "sendgrid_bounce",
		words:    "the recipient's server refused the message for good",
		suppress: chat.SuppressedBounce,
	},
	// A soft bounce: the address may be fine tomorrow.
	eventBlocked: {
		accepts: true,
		carrier: chat.StatusUndelivered,
		code:    "sendgrid_blocked",
		words:   "the recipient's server refused the message this time",
	},
	"spamreport":        {suppress: chat.SuppressedSpam},
	"unsubscribe":       {suppress: chat.SuppressedUnsubscribe},
	"group_unsubscribe": {suppress: chat.SuppressedUnsubscribe},
}

// dropReasons are why SendGrid does not send: the address is on one of its own lists.
var dropReasons = map[string]meaning{
	"bounced address": {
		words:    "an earlier message to this address has bounced",
		suppress: chat.SuppressedBounce,
	},
	"unsubscribed address": {words: "the recipient has unsubscribed", suppress: chat.SuppressedUnsubscribe},
	"spam reporting address": {
		words:    "the recipient has reported an earlier message as spam",
		suppress: chat.SuppressedSpam,
	},
}

// explainEvent puts on a report what an event of that kind means. The reason is SendGrid's, and
// counts for dropped messages only.
func explainEvent(r *chat.Report, kind, reason string) {
	m := meanings[kind]
	r.Accepts = m.accepts
	r.DeliveryStatus = m.carrier
	r.ErrorCode = m.code
	r.ErrorMessage = m.words

	r.Suppress = m.suppress
	if why, known := dropReasons[strings.ToLower(strings.TrimSpace(reason))]; known && kind == eventDropped {
		r.ErrorMessage, r.Suppress = m.words+": "+why.words, why.suppress
	}
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

	explainEvent(&r, kind, e["reason"])

	// Without an id of either side it is about the account, whatever its name.
	if r.ProviderMessageID == "" && r.DeliveryID == "" {
		r.Accepts, r.DeliveryStatus = false, chat.StatusNone
	}

	return r
}

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
