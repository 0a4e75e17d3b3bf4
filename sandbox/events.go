package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	untilProcessed = 1 // times Config.CallbackDelay, after the answer
	untilEnd       = 3 // the same, after it was processed
	maxBatch       = 1000
)

// mailStages are what is still ahead of a mail.
func (s *Sandbox) mailStages(m Mail) []stage {
	end := "delivered"
	if m.Doomed {
		end = "bounce"
	}

	stages := []stage{s.mailStage(m.SGMessageID, end, untilEnd)}
	if len(m.Events) > 0 {
		return stages
	}

	return append([]stage{s.mailStage(m.SGMessageID, "processed", untilProcessed)}, stages...)
}

func (s *Sandbox) mailStage(id, name string, delays int) stage {
	event := mailMove{SGMessageID: id, MailEvent: MailEvent{Event: name}}
	var reached Mail

	return stage{
		after: time.Duration(delays) * s.config.CallbackDelay,
		reach: func() bool {
			event.At = currentTime()
			if err := s.arrived.record(record{Event: &event}); err != nil {
				s.logger.Error("the sandbox could not keep an event", "error", err)
				return false
			}

			m, found := s.arrived.mail(id)
			reached = m

			return found
		},
		tell: func(context.Context) { s.events.add(s, reached, event.MailEvent) },
	}
}

// eventPost gathers events for a moment and posts them together, as SendGrid does: one
// batch after the other, but for those that are repeated.
type eventPost struct {
	mu      sync.Mutex
	waiting []map[string]any
	posting bool
}

func (p *eventPost) add(s *Sandbox, m Mail, event MailEvent) {
	if s.config.EventURL == "" {
		return
	}

	p.mu.Lock()
	defer p.mu.Unlock()

	for _, recipient := range slices.Concat(m.To, m.CC, m.BCC) {
		p.waiting = append(p.waiting, m.webhookEvent(event, recipient.Email))
	}

	if !p.posting {
		p.posting = true

		s.background.run(func(ctx context.Context) { p.postAll(ctx, s) })
	}
}

func (p *eventPost) postAll(ctx context.Context, s *Sandbox) {
	for pauseFor(ctx, s.config.CallbackDelay/2) {
		batch := p.take()
		if len(batch) == 0 {
			return
		}

		s.postEvents(ctx, batch)
	}
}

// take is the next batch; after an empty one nobody is posting any more.
func (p *eventPost) take() []map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()

	size := min(len(p.waiting), maxBatch)
	batch := p.waiting[:size:size]
	p.waiting = p.waiting[size:]
	p.posting = size > 0

	return batch
}

func (s *Sandbox) postEvents(ctx context.Context, events []map[string]any) {
	body, err := json.Marshal(events)
	if err == nil {
		var p posting
		if p, err = s.sendGridCall(s.config.EventURL, "application/json;charset=utf-8", body); err == nil {
			s.call(ctx, p, s.sendGridRetries())
			return
		}
	}

	s.logger.ErrorContext(ctx, "the sandbox could not make a batch of events", "error", err)
}

// webhookEvent is an event as the Event Webhook tells it, with the mail's custom
// arguments beside SendGrid's own fields:
// https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event.
func (m Mail) webhookEvent(event MailEvent, recipient string) map[string]any {
	told := m.logEvent(event, recipient)
	for name, value := range m.CustomArgs {
		if _, taken := told[name]; !taken {
			told[name] = value
		}
	}

	return told
}

// logEvent is an event as the Email Logs show it, without the custom arguments.
func (m Mail) logEvent(event MailEvent, recipient string) map[string]any {
	told := map[string]any{
		"email":         recipient,
		"timestamp":     event.At.Unix(),
		"event":         event.Event,
		"sg_event_id":   eventID(m.SGMessageID, event.Event, recipient),
		"sg_message_id": m.SGMessageID,
		"smtp-id":       m.smtpID(),
	}

	if len(m.Categories) > 0 {
		told["category"] = m.Categories
	}

	switch event.Event {
	case "delivered":
		told["response"] = "250 2.0.0 OK"
		told["ip"] = "127.0.0.1"
		told["tls"] = 1

	case "bounce":
		told["type"] = "bounce"
		told["status"] = "5.1.1"
		told["ip"] = "127.0.0.1"
		told["bounce_classification"] = "Invalid Address"
		told["reason"] = unknownMailbox
	}

	return told
}

const unknownMailbox = "550 5.1.1 The email account that you tried to reach does not exist."

// smtpID is the Message-ID under which the mail is in its recipient's mailbox.
func (m Mail) smtpID() string {
	for name, value := range m.Headers {
		if canonicalHeader(name) == "Message-Id" && value != "" {
			return value
		}
	}

	return "<" + m.MessageID + "@geopod-ismtpd-0>"
}

// eventID is the same for the same event, so that a repetition can be told.
func eventID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
