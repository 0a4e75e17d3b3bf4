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
	// Headers are further ones of a mail, as Auto-Submitted. From, To and Cc replace what the mail
	// says by itself, as groups and contact forms do; its envelope stays.
	Headers map[string]string `json:"headers,omitempty"`
	// EnvelopeFrom is whom the sending server names: "" is From, "<>" nobody.
	EnvelopeFrom string `json:"envelope_from,omitempty"`
	// SPF is what the mail server says of the server that the mail came from, as RFC 7208 has it:
	// fail, softfail, none; "" is pass.
	SPF string `json:"spf,omitempty"`
	// DKIM is what it says of signatures, as SendGrid writes it: none, or
	// "{@shop.example : fail}"; "" is a right one of the domain of From.
	DKIM string `json:"dkim,omitempty"`
	// Forged makes a mail that anybody may have written in the name of From, without having their
	// mailbox: it comes from a foreign server, is not signed, and answers to nothing but the
	// sender of the mail. SPF, DKIM and EnvelopeFrom say otherwise where they are given.
	Forged bool `json:"forged,omitempty"`
	// Charset is what text and HTML of a mail are encoded in; "" is UTF-8.
	Charset string `json:"charset,omitempty"`
	// Raw posts the mail as it is, as Inbound Parse does when it is told to.
	Raw bool `json:"raw,omitempty"`
	// Files come with it: attachments of a mail, media of an MMS.
	Files []AnswerFile `json:"files,omitempty"`
	// OptOutType is what Twilio's Advanced Opt-Out has taken an SMS for: STOP, START or HELP.
	OptOutType string `json:"opt_out_type,omitempty"`
}

// AnswerFile is a file that a customer sends.
type AnswerFile struct {
	Name string `json:"name"`
	// Type is its media type; "" is application/octet-stream.
	Type string `json:"type,omitempty"`
	// Content is what is in it.
	Content string `json:"content,omitempty"`
}

func (f AnswerFile) mediaType() string { return cmp.Or(f.Type, "application/octet-stream") }

// strangersDomain is where forged mails come from.
const strangersDomain = "stranger.sandbox"

// spf is what is said of the mail's server.
func (a Answer) spf() string {
	if a.Forged {
		return cmp.Or(a.SPF, "fail")
	}

	return cmp.Or(a.SPF, "pass")
}

// dkim is what is said of the mail's signatures.
func (a Answer) dkim() string {
	if a.Forged {
		return cmp.Or(a.DKIM, "none")
	}

	return cmp.Or(a.DKIM, "{@"+domainOf(a.From)+" : pass}")
}

// envelopeFrom is whom the sending server names, "" for nobody.
func (a Answer) envelopeFrom() string {
	sender := a.From
	if a.Forged {
		sender = "mallory@" + strangersDomain
	}

	return strings.Trim(cmp.Or(a.EnvelopeFrom, sender), "<>")
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
	if a.From == "" || (a.Text == "" && a.HTML == "" && len(a.Files) == 0) {
		return WebhookResult{}, errors.New("an answer needs from, and text or files")
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
		SID:                 newSID(sidPrefix(a.Files)),
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
		"SmsStatus":     {"received"},
		"NumSegments":   {strconv.Itoa(m.Segments)},
		"ApiVersion":    {"2010-04-01"},
	}

	if service != "" {
		form.Set("MessagingServiceSid", service)
	}

	if a.OptOutType != "" {
		form.Set("OptOutType", a.OptOutType)
	}

	s.addMedia(form, m.SID, a.Files)

	p, with = s.twilioCall(s.config.TwilioInboundURL, form)

	return m.SID, p, with, nil
}

// sidPrefix is what the id of an SMS begins with, or of an MMS where files come with it.
func sidPrefix(files []AnswerFile) string {
	if len(files) > 0 {
		return "MM"
	}

	return "SM"
}

// addMedia names the files as Twilio does
// (https://www.twilio.com/docs/messaging/guides/webhook-request#media-related-parameters).
func (s *Sandbox) addMedia(form url.Values, message string, files []AnswerFile) {
	form.Set("NumMedia", strconv.Itoa(len(files)))

	for i, f := range files {
		form.Set("MediaContentType"+strconv.Itoa(i), f.mediaType())
		form.Set("MediaUrl"+strconv.Itoa(i), "https://api.twilio.com/2010-04-01/Accounts/"+s.config.AccountSID+
			"/Messages/"+message+"/Media/"+newSID("ME"))
	}
}

// sender is which of our numbers an SMS goes to, and the service it belongs to, if any:
// those of the newest message from there to the customer.
func (s *Sandbox) sender(a Answer) (number, service string, err error) {
	for _, k := range slices.Backward(s.arrived.look().messages) {
		m := k.now()
		if m.Direction == Inbound || m.To != strings.TrimPrefix(a.From, "rcs:") {
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
