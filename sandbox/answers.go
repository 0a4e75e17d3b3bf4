package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Answer is what a customer writes: a mail if From has an @, else an SMS.
type Answer struct {
	// From is the customer's number or address.
	From string `json:"from"`
	// To is our number, messaging service or address. "" answers the newest message, or
	// the mail that InReplyTo names: at its reply-to address if it has one, else its sender.
	To   string `json:"to,omitempty"`
	Text string `json:"text"`
	// Subject is of a mail; "" is "Re:" and the subject of the mail answered.
	Subject string `json:"subject,omitempty"`
	// HTML is of a mail beside Text.
	HTML string `json:"html,omitempty"`
	// InReplyTo is the Message-ID of the mail answered, or its X-Message-Id.
	InReplyTo string `json:"in_reply_to,omitempty"`
	// Headers are further ones of a mail, as Auto-Submitted.
	Headers map[string]string `json:"headers,omitempty"`
}

func (a Answer) isMail() bool { return strings.Contains(a.From, "@") }

// errNoWebhook says that nobody is to be told; the answer is kept all the same.
var errNoWebhook = errors.New("no inbound webhook is configured for this channel")

// Answer keeps what a customer wrote and tells the service by its inbound webhook, again
// and again as the provider would. It returns when the service has taken it; it fails
// when the answer makes no sense, when it could not be kept, when the retries or ctx is at
// its end, and when no webhook is configured. Only an answer that was kept is told; one
// that is being told when the sandbox ends is not told again.
func (s *Sandbox) Answer(ctx context.Context, a Answer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.background.ctx, cancel)() //nolint:contextcheck // closing the sandbox ends it, too

	result, err := s.answer(ctx, a)
	switch {
	case err != nil:
		return fmt.Errorf("sandbox: %w", err)
	case result.Status == 0:
		return fmt.Errorf("sandbox: the inbound webhook could not be called: %s", result.Error)
	case !result.OK():
		return fmt.Errorf("sandbox: the inbound webhook answered %d", result.Status)
	}

	return nil
}

func (s *Sandbox) answer(ctx context.Context, a Answer) (WebhookResult, error) {
	if a.From == "" || (a.Text == "" && a.HTML == "") {
		return WebhookResult{}, errors.New("an answer needs from and text")
	}

	prepare := s.prepareSMS
	if a.isMail() {
		prepare = s.prepareMail
	}

	id, p, with, err := prepare(a)
	if err != nil {
		return WebhookResult{}, err
	}

	if p.url == "" {
		return WebhookResult{}, errNoWebhook
	}

	result := s.repeat(ctx, p, with, s.post(ctx, p))
	if err := s.arrived.record(record{Webhook: &webhookTried{ID: id, WebhookResult: result}}); err != nil {
		return result, fmt.Errorf("keep the result: %w", err)
	}

	return result, nil
}

// prepareSMS keeps an SMS and makes the call that tells of it.
func (s *Sandbox) prepareSMS(a Answer) (id string, p posting, with retryPolicy, err error) {
	to, service, err := s.sender(a)
	if err != nil {
		return "", p, with, err
	}

	at := currentTime()
	m := Message{
		SID:                 newSID("SM"),
		From:                a.From,
		To:                  to,
		MessagingServiceSID: service,
		Body:                a.Text,
		Segments:            countSegments(a.Text),
		Status:              "received",
		Direction:           Inbound,
		CreatedAt:           at,
		UpdatedAt:           at,
		SentAt:              &at,
	}

	if err := s.arrived.record(record{Message: &m}); err != nil {
		return "", p, with, fmt.Errorf("keep the answer: %w", err)
	}

	if s.config.TwilioInboundURL == "" {
		return m.SID, p, with, nil
	}

	form := url.Values{
		"MessageSid":    {m.SID},
		"SmsSid":        {m.SID},
		"SmsMessageSid": {m.SID},
		"AccountSid":    {s.config.AccountSID},
		"From":          {m.From},
		"To":            {m.To},
		"Body":          {m.Body},
		"NumMedia":      {"0"},
		"SmsStatus":     {"received"},
		"NumSegments":   {strconv.Itoa(m.Segments)},
		"ApiVersion":    {"2010-04-01"},
	}

	if service != "" {
		form.Set("MessagingServiceSid", service)
	}

	p, with = s.twilioCall(s.config.TwilioInboundURL, form)

	return m.SID, p, with, nil
}

// sender is which of our numbers an SMS goes to, and the service it belongs to, if any:
// those of the newest message from there to the customer.
func (s *Sandbox) sender(a Answer) (number, service string, err error) {
	for _, k := range slices.Backward(s.arrived.look().messages) {
		m := k.now()
		if m.Direction == Inbound || m.To != a.From {
			continue
		}

		number := cmp.Or(m.From, pooledNumber(m.MessagingServiceSID))
		if a.To == "" || a.To == number || a.To == m.MessagingServiceSID {
			return number, m.MessagingServiceSID, nil
		}
	}

	switch {
	case a.To == "":
		return "", "", errors.New("nothing was sent to that number, so to is needed")
	case messagingService.MatchString(a.To):
		return pooledNumber(a.To), a.To, nil
	}

	return a.To, "", nil
}

func (s *Sandbox) routeAnswers(mux *http.ServeMux) {
	mux.HandleFunc("POST /sandbox/answers", s.postAnswer)
}
