package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"handrail/chat"
	"handrail/uuidv7"
)

// TwilioWebhooks reads what Twilio calls with. A target is the path and the query as they
// were received. The errors are CodeInvalidSignature, before anything is parsed, and
// CodeInvalidRequest for a signed body that cannot be read.
type TwilioWebhooks interface {
	Status(target string, header http.Header, body []byte) (chat.Report, error)
	Inbound(target string, header http.Header, body []byte) (chat.Inbound, error)
	// ReadInbound reads a body that was verified when it came.
	ReadInbound(contentType string, body []byte) (chat.Inbound, error)
}

// SendGridWebhooks reads what SendGrid calls with; the errors are those of
// [TwilioWebhooks].
type SendGridWebhooks interface {
	Events(header http.Header, body []byte) ([]chat.Report, error)
	Inbound(header http.Header, body []byte) (chat.Inbound, error)
	// ReadInbound reads a body that was verified when it came.
	ReadInbound(contentType string, body []byte) (chat.Inbound, error)
}

// Where providers call.
const (
	PathTwilioStatus    = "/webhooks/twilio/status"
	PathTwilioInbound   = "/webhooks/twilio/inbound"
	PathSendGridEvents  = "/webhooks/sendgrid/events"
	PathSendGridInbound = "/webhooks/sendgrid/inbound"
)

const (
	// storeWithin is how long the store may take: Twilio waits 15 s for an answer.
	storeWithin = 10 * time.Second
	// busyFor is when a provider may try again what was too much.
	busyFor = "5"
)

// emptyTwiML tells Twilio to answer the sender of a message with nothing.
const emptyTwiML = `<?xml version="1.0" encoding="UTF-8"?><Response/>`

const headerSendGridSignature = "X-Twilio-Email-Event-Webhook-Signature"

// webhook is one route that a provider calls.
type webhook struct {
	carrier       chat.Provider
	kind          string
	path, id      string
	summary, help string
	media, status string
	// enabled reports whether its calls can be verified.
	enabled bool
	// take verifies, reads and stores a call. The result is what it is counted as.
	take func(ctx context.Context, c *fiber.Ctx) (result string, err error)
	// answer is what the provider is told, nothing but the status 204 when nil.
	answer func(c *fiber.Ctx) error
}

// Results of calls, as they are counted.
const (
	callTaken      = "taken"
	callOrphan     = "orphan"
	callRepeated   = "repeated"
	callRefused    = "refused"
	callUnreadable = "unreadable"
	callFailed     = "failed"
	callBusy       = "busy"
	callDisabled   = "disabled"
)

// callResults are all of them.
var callResults = []string{
	callTaken,
	callOrphan,
	callRepeated,
	callRefused,
	callUnreadable,
	callFailed,
	callBusy,
	callDisabled,
}

// webhookRoutes adds what providers call. They have no key: a call is believed because its
// provider has signed it, and nothing of it is parsed before that is verified.
func (s *service) webhookRoutes(f *fiber.App) {
	s.webhooks = s.listWebhooks()

	for _, w := range s.webhooks {
		s.documentWebhook(w)
		s.metrics.startWebhook(w)
		f.Post(w.path, s.answerWebhook(w))
		// People paste URLs with a slash at the end; the provider signs what it calls.
		f.Post(w.path+"/", s.answerWebhook(w))
	}
}

// listWebhooks lists what providers call.
func (s *service) listWebhooks() []webhook {
	return []webhook{
		{
			carrier: chat.ProviderTwilio,
			kind:    "status",
			path:    PathTwilioStatus,
			id:      "twilioStatus",
			summary: "Receive a Twilio status callback",
			help:    "The StatusCallback of every message that is sent.",
			media:   fiber.MIMEApplicationForm,
			enabled: s.twilio != nil,
			take:    s.twilioStatus,
		},
		{
			carrier: chat.ProviderTwilio,
			kind:    "inbound",
			path:    PathTwilioInbound,
			id:      "twilioInbound",
			summary: "Receive an SMS from Twilio",
			help: "To be entered at each phone number or messaging service, with POST. The answer tells Twilio to " +
				"say nothing.",
			media:   fiber.MIMEApplicationForm,
			status:  "200",
			enabled: s.twilio != nil,
			take:    s.twilioInbound,
			answer: func(c *fiber.Ctx) error {
				c.Set(fiber.HeaderContentType, fiber.MIMETextXMLCharsetUTF8)
				return c.SendString(emptyTwiML)
			},
		},
		{
			carrier: chat.ProviderSendGrid,
			kind:    "events",
			path:    PathSendGridEvents,
			id:      "sendgridEvents",
			summary: "Receive SendGrid events",
			help:    "To be entered as the signed Event Webhook.",
			media:   fiber.MIMEApplicationJSON,
			enabled: s.sendgrid != nil,
			take:    s.sendgridEvents,
		},
		{
			carrier: chat.ProviderSendGrid,
			kind:    "inbound",
			path:    PathSendGridInbound,
			id:      "sendgridInbound",
			summary: "Receive an email from SendGrid",
			help: "To be entered at Inbound Parse, with a security policy that signs. A mail that cannot be read is " +
				"answered 204 and kept in the list of what came in.",
			media:   fiber.MIMEMultipartForm,
			enabled: s.sendgrid != nil,
			take:    s.sendgridInbound,
		},
	}
}

func (s *service) documentWebhook(w webhook) {
	op := s.serviceRoute(w.path, w.id, w.summary)
	op.Method = http.MethodPost
	op.Tags = []string{tagWebhooks}
	op.Description = w.help + "\n\nNeeds the provider's signature."

	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{w.media: {}}}

	if w.status == "" {
		op.Responses["204"] = &huma.Response{Description: "It is stored."}
	} else {
		op.Responses[w.status] = &huma.Response{
			Description: "It is stored.",
			Content:     map[string]*huma.MediaType{fiber.MIMETextXML: {}},
		}
	}

	codes := []chat.Code{
		chat.CodeInvalidRequest,
		chat.CodeInvalidSignature,
		chat.CodeNotFound,
		chat.CodeBodyTooLarge,
		chat.CodeUnavailable,
	}

	documentProblems(&op, codes, nil)

	s.api.OpenAPI().AddOperation(&op)
}

// answerWebhook answers when the call is stored, and not before; everything that it leads
// to happens later.
func (s *service) answerWebhook(w webhook) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, cancel := context.WithTimeout(requestContext(c), storeWithin)
		defer cancel()

		result, err := s.takeWebhook(ctx, w, c)
		s.metrics.webhooks.WithLabelValues(string(w.carrier), w.kind, result).Inc()

		switch result {
		case callRefused, callUnreadable:
			s.logger.WarnContext(
				ctx,
				"a webhook was not taken",
				"request_id", requestIDFrom(ctx),
				"carrier", w.carrier,
				"kind", w.kind,
				"result", result,
				"bytes", len(bodyOf(c)),
				"why", refusalCause(result, err),
			)

		case callBusy, callFailed:
			c.Set(fiber.HeaderRetryAfter, busyFor)
		}

		switch {
		case err != nil:
			return err
		case w.answer != nil:
			return w.answer(c)
		}

		return c.SendStatus(http.StatusNoContent)
	}
}

// refusalCause says what a signature was checked against, which is all that may be logged of a call that nobody has
// signed.
func refusalCause(result string, err error) string {
	cause := errors.Unwrap(err)
	if result != callRefused || cause == nil {
		return ""
	}

	return cause.Error()
}

func (*service) takeWebhook(ctx context.Context, w webhook, c *fiber.Ctx) (string, error) {
	if w.enabled {
		return w.take(ctx, c)
	}

	return callDisabled, chat.Errorf(
		chat.CodeNotFound,
		"webhooks of %s are not enabled; set HANDRAIL_PUBLIC_URL",
		w.carrier.Name(),
	)
}

// ignoreUnreadable is the result of a call that could not be verified or read.
func ignoreUnreadable(err error) (string, error) {
	switch {
	case chat.CodeOf(err) == chat.CodeInvalidSignature:
		return callRefused, err
	case chat.CodeOf(err).Kind() == chat.KindInvalid:
		return callUnreadable, err
	}

	return failUnstored(err)
}

// failUnstored asks the provider to try again, whatever is wrong: giving up is not for us.
func failUnstored(err error) (string, error) {
	e := chat.Unavailable("this cannot be stored now; try again").Because(err)

	return callFailed, e
}

func (s *service) twilioStatus(ctx context.Context, c *fiber.Ctx) (string, error) {
	report, err := s.twilio.Status(c.OriginalURL(), headerOf(c), bodyOf(c))
	if err != nil {
		return ignoreUnreadable(err)
	}

	return s.recordReport(ctx, report)
}

func (s *service) twilioInbound(ctx context.Context, c *fiber.Ctx) (string, error) {
	in, err := s.twilio.Inbound(c.OriginalURL(), headerOf(c), bodyOf(c))
	if err != nil {
		return s.refuseInbound(ctx, c, chat.ProviderTwilio, err)
	}

	return s.receiveInbound(ctx, in)
}

// sendgridEvents stores each event for itself. One that fails does not hold back the
// others, and makes SendGrid send all of them again, which does no harm.
func (s *service) sendgridEvents(ctx context.Context, c *fiber.Ctx) (string, error) {
	reports, err := s.sendgrid.Events(headerOf(c), bodyOf(c))
	if err != nil {
		return ignoreUnreadable(err)
	}

	var failures []error

	for _, report := range reports {
		if ctx.Err() != nil {
			failures = append(failures, ctx.Err())
			break
		}

		if _, err := s.recordReport(ctx, report); err != nil {
			failures = append(failures, err)
		}
	}

	if len(failures) > 0 {
		return failUnstored(errors.Join(failures...))
	}

	return callTaken, nil
}

// sendgridInbound takes a mail. One that cannot be read is not asked for again, since it
// would not become readable: SendGrid would repeat it for three days.
func (s *service) sendgridInbound(ctx context.Context, c *fiber.Ctx) (string, error) {
	select {
	case s.mails <- struct{}{}:
		defer func() { <-s.mails }()

	default:
		e := chat.Unavailable("too many mails at once; try again")

		return callBusy, e
	}

	in, err := s.sendgrid.Inbound(headerOf(c), bodyOf(c))
	if err != nil {
		result, err := s.refuseInbound(ctx, c, chat.ProviderSendGrid, err)
		if result == callUnreadable {
			err = nil
		}

		return result, err
	}

	return s.receiveInbound(ctx, in)
}

// recordReport stores a report, and tells the workflow that follows the delivery when that
// is worth a signal.
func (s *service) recordReport(ctx context.Context, report chat.Report) (string, error) {
	now := time.Now()

	reported, err := s.store.RecordReport(ctx, report, now)
	if err != nil {
		return failUnstored(err)
	}

	s.countReport(&report, &reported, now)

	if reported.Duplicate {
		s.logger.ErrorContext(
			ctx,
			"a provider has taken a delivery twice",
			"request_id", requestIDFrom(ctx),
			"carrier", report.Provider,
			"delivery_id", reported.Snapshot.DeliveryID,
			"workflow_id", reported.WorkflowID,
		)
	}

	if reported.Changed && !reported.Routine {
		s.notifier.notify(reported.WorkflowID, reported.Snapshot)
	}

	return s.stored(report.Provider, reported.Known, reported.Repeated), nil
}

// countReport counts a report that has come at a moment.
func (s *service) countReport(report *chat.Report, reported *chat.Reported, now time.Time) {
	s.meter.CountReport(reported, now)

	if !report.HappenedAt.IsZero() && !reported.Repeated {
		s.metrics.callbackAge.
			WithLabelValues(string(report.Provider)).
			Observe(max(now.Sub(report.HappenedAt), 0).Seconds())
	}
}

func (s *service) receiveInbound(ctx context.Context, in chat.Inbound) (string, error) {
	arrival, err := s.store.ReceiveInbound(ctx, in, uuidv7.New[chat.MessageID](), time.Now())
	if err != nil {
		return failUnstored(err)
	}

	s.announceArrival(arrival)

	return s.stored(in.Provider, arrival.Known, arrival.Repeated), nil
}

// announceArrival tells the workflows that a message has ended or that have waited for it, and
// those that follow its chats.
func (s *service) announceArrival(arrival chat.Arrival) {
	for _, a := range append([]chat.Arrival{arrival}, arrival.Others...) {
		s.notifyAll(a.Stopped)

		if a.Awaited != "" {
			s.notifier.notify(a.Awaited, chat.DeliverySnapshot{})
		}

		if a.ChatID != 0 && !a.Repeated {
			s.chatChanged(a.WorkspaceID, a.ChatID)
		}
	}
}

// refuseInbound keeps a post that its provider has signed and that cannot be read.
func (s *service) refuseInbound(
	ctx context.Context,
	c *fiber.Ctx,
	provider chat.Provider,
	reason error,
) (string, error) {
	result, err := ignoreUnreadable(reason)
	if result != callUnreadable {
		return result, err
	}

	body := bodyOf(c)
	sum := sha256.Sum256(body)

	stored := s.store.RefuseInbound(ctx, chat.RefusedInbound{
		Provider:    provider,
		Channel:     channelOf(provider),
		Key:         string(provider) + ":refused:" + hex.EncodeToString(sum[:]),
		ContentType: strings.ToValidUTF8(c.Get(fiber.HeaderContentType), ""),
		Raw:         body,
		Why:         chat.AsError(reason).Message,
	}, time.Now())
	if stored != nil {
		return failUnstored(stored)
	}

	return result, err
}

// channelOf is the channel that a provider's inbound messages come by.
func channelOf(provider chat.Provider) chat.Channel {
	for _, channel := range chat.Channels() {
		if spec := channel.Spec(); spec.Receives && spec.Provider == provider {
			return channel
		}
	}

	return ""
}

func (s *service) stored(carrier chat.Provider, known, repeated bool) string {
	switch {
	case repeated:
		return callRepeated
	case !known:
		s.metrics.orphans.WithLabelValues(string(carrier)).Inc()
		return callOrphan
	}

	return callTaken
}

// headerOf is the request's header as net/http has it.
func headerOf(c *fiber.Ctx) http.Header { return http.Header(c.GetReqHeaders()) }

// bodyOf is the request's body as it came, packed if it was: what was signed are these
// bytes. It is not copied, as a mail may be large, and holds until the request is answered.
func bodyOf(c *fiber.Ctx) []byte { return c.Request().Body() }
