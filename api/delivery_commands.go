package api

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"handrail/canonical"
	"handrail/chat"
)

// retryJSON asks for another try.
type retryJSON struct {
	To     string `json:"to,omitempty" maxLength:"320" doc:"Another address: E.164 on SMS, local@domain on email." example:"+14155550124"`
	Body   string `json:"body,omitempty" doc:"Another text, in markdown, as long as a message of the channel may be."`
	Sender string `json:"sender,omitempty" maxLength:"30" doc:"Another sender of the channel: phone: or inbox:, and its id." example:"phone:12"`
	Reason string `json:"reason,omitempty" doc:"Why, for the audit log, up to 500 characters. Needed with a change, and with acknowledge_duplicate."`

	AcknowledgeDuplicate bool `json:"acknowledge_duplicate,omitempty" doc:"Says that the message may be sent twice. Needed for a delivery that may have been sent, as its retry_needs says."`
}

func (r *retryJSON) change() chat.Change {
	return chat.Change{To: r.To, Body: r.Body, Sender: r.Sender}
}

// retriedJSON answers a retry that the provider has taken.
type retriedJSON struct {
	Success  bool            `json:"success"`
	Delivery receiptJSON     `json:"delivery"`
	RetryOf  chat.DeliveryID `json:"retry_of" format:"uuid" doc:"What was to be tried again: delivery itself when it goes on under its own id."`
	ActionID chat.ActionID   `json:"action_id" format:"uuid"`
}

// reasonJSON is why somebody does something.
type reasonJSON struct {
	Reason string `json:"reason" minLength:"1" doc:"Why, for the audit log, up to 500 characters."`
}

// resolveJSON is what a person knows of a delivery that nobody else can tell about.
type resolveJSON struct {
	As                string `json:"as" enum:"sent,not_sent" doc:"sent: it is with the provider or has arrived. not_sent: it is given up, and can then be retried."`
	Reason            string `json:"reason" minLength:"1" doc:"How that is known, for the audit log, up to 500 characters."`
	ProviderMessageID string `json:"provider_message_id,omitempty" maxLength:"100" doc:"With sent: the provider's id, when it was found there." example:"SM0123456789abcdef0123456789abcdef"`
}

func exampleRetried() retriedJSON {
	return retriedJSON{
		Success:  true,
		RetryOf:  exampleDelivery,
		ActionID: exampleAction,
		Delivery: receiptJSON{
			ID:                exampleRetry,
			Channel:           channelJSON(chat.ChannelSMS),
			Status:            "accepted",
			Provider:          providerJSON(chat.ProviderTwilio),
			ProviderMessageID: "SM0123456789abcdef0123456789abcdef",
			Segments:          1,
		},
	}
}

// retryRefusals are the codes that a retry adds to those that all routes have.
func retryRefusals() []chat.Code {
	return []chat.Code{
		chat.CodeMessageTooLong,
		chat.CodeNotificationsOff,
		chat.CodeRecipientOptedOut,
		chat.CodeSenderNotConfigured,
		chat.CodeSenderNotFound,
		chat.CodeChatArchived,
		chat.CodeChatNotFound,
		chat.CodeParticipantNotFound,
		chat.CodeNoPhone,
		chat.CodeNoEmail,
		chat.CodeConflict,
		chat.CodeIdempotencyKeyReused,
		chat.CodeDeliveryFailed,
		chat.CodeRecordLost,
	}
}

func (s *service) commandRoutes() {
	s.lookUpRoute()

	write := withScope(chat.ScopeDeliveriesWrite)

	registerRoute(s, s.retryDelivery, route{
		method:       http.MethodPost,
		path:         "/deliveries/{delivery_id}/retry",
		access:       write,
		withDelivery: true,
		id:           "retryDelivery",
		tag:          tagDeliveries,
		summary:      "Retry a delivery",
		acts:         true,
		description: "What certainly was not handed to the provider goes on under its own id. What has ended gets " +
			"a new delivery, once, and so does every change. 200: the provider took it. 409 for what is with the " +
			"provider, and for a message whose tool calls did not all succeed: send it anew. What may have been " +
			"sent already is retried only with what `retry_needs` of the delivery names.",
		request:  retryJSON{To: "+14155550124", Reason: "The customer gave another number."},
		answer:   exampleRetried(),
		problems: retryRefusals(),
	})

	registerRoute(s, s.cancelDelivery, route{
		method:       http.MethodPost,
		path:         "/deliveries/{delivery_id}/cancel",
		access:       write,
		withDelivery: true,
		id:           "cancelDelivery",
		tag:          tagDeliveries,
		summary:      "Cancel a delivery",
		problems:     []chat.Code{chat.CodeConflict},
		description:  "One that certainly was not handed to the carrier: it stays unsent.",
		request:      reasonJSON{Reason: "The customer called, and knows."},
		answer:       exampleDecided(chat.VerdictCancel),
	})

	registerRoute(s, s.resolveDelivery, route{
		method:       http.MethodPost,
		path:         "/deliveries/{delivery_id}/resolve",
		access:       write,
		withDelivery: true,
		id:           "resolveDelivery",
		tag:          tagDeliveries,
		summary:      "Resolve a delivery",
		problems:     []chat.Code{chat.CodeConflict},
		description: "For one that may have been sent, when a person has found out. What the provider tells later " +
			"still counts.",
		request: resolveJSON{
			As:                "sent",
			Reason:            "It is in Twilio's console.",
			ProviderMessageID: "SM0123456789abcdef0123456789abcdef",
		},
		answer: exampleDecided(chat.VerdictSent),
	})
}

// lookUpRoute registers the route by which somebody asks the provider now.
func (s *service) lookUpRoute() {
	registerRoute(s, s.lookUpDelivery, route{
		method:       http.MethodPost,
		path:         "/deliveries/{delivery_id}/look-up",
		access:       withScope(chat.ScopeDeliveriesWrite),
		withDelivery: true,
		id:           "lookUpDelivery",
		tag:          tagDeliveries,
		summary:      "Ask the provider about a delivery",
		problems:     []chat.Code{chat.CodeConflict},
		description: "Handrail asks by itself in due time; this asks now, and answers with the delivery as it " +
			"stands then. 409 for one that certainly was not sent, or whose final status is known. It may be asked " +
			"twice. 503 when the provider has not answered within the wait.",
		answer:     exampleDecided(chat.VerdictSent),
		repeatable: true,
	})
}

// lookUpDelivery asks the provider, and tells the delivery's workflow what it said.
func (s *service) lookUpDelivery(ctx context.Context, _ *struct{}) (*decidedOutput, error) {
	c := callFrom(ctx)

	if err := c.delivery.CheckLookUp(); err != nil {
		return nil, err
	}

	if err := s.store.AuditLookUp(ctx, c.workspace(), c.delivery.ID, c.actor()); err != nil {
		return nil, err
	}

	if err := s.engine.LookUp(ctx, c.workspace(), &c.delivery, s.wait); err != nil {
		return nil, err
	}

	seen, err := s.store.Delivery(ctx, c.workspace(), c.delivery.ID)
	if err != nil {
		return nil, err
	}

	if action, err := s.store.Action(ctx, c.workspace(), seen.ActionID); err == nil {
		// The workflow looks at the store too, later.
		s.notifier.notify(action.WorkflowID, seen.Snapshot())
	}

	return &decidedOutput{Body: presentDelivery(seen)}, nil
}

func exampleDecided(verdict chat.Verdict) DeliveryJSON {
	d := exampleUnknown
	d.Decision = &chat.Decision{
		Verdict: verdict,
		Reason:  "It is in Twilio's console.",
		By:      chat.Actor{MemberID: 3},
		At:      exampleTime,
	}

	d.Submission = chat.SubmissionConfirmedSent
	if verdict == chat.VerdictCancel {
		d.Submission = chat.SubmissionCanceled
		d.Decision.Reason = "The customer called, and knows."
		d.UnknownSince = nil
	}

	return presentDelivery(d)
}

type retryInput struct {
	ActionHeaders
	Body retryJSON
}

func (s *service) retryDelivery(ctx context.Context, in *retryInput) (*actionResponse, error) {
	c := callFrom(ctx)
	d := c.delivery
	byAssistant := c.principal.Kind == chat.KindAssistant
	change := in.Body.change()
	reason := strings.TrimSpace(in.Body.Reason)

	if err := change.Validate(d.Channel); err != nil {
		return nil, err
	}

	to, err := canonical.Address("to", d.Channel.Spec().Address, change.To)
	if err != nil {
		return nil, err
	}

	change.To = to

	if err := checkReason(reason, change != (chat.Change{})); err != nil {
		return nil, err
	}

	return s.perform(ctx, in.ActionHeaders, actionSpec{
		kind: chat.ActionRetryDelivery,
		chat: d.ChatID,
		fields: map[string]any{
			"delivery_id": d.ID,
			"to":          change.To,
			"body":        change.Body,
			"sender":      change.Sender,
			"reason":      reason,

			chat.FieldAcknowledgeDuplicate: in.Body.AcknowledgeDuplicate,
		},
		start: func(ctx context.Context, request chat.Request, wait time.Duration) (any, bool, error) {
			// Not for a repetition: since the first request, the delivery may have become unknown.
			if err := d.CheckAcknowledgment(in.Body.AcknowledgeDuplicate, reason); err != nil && d.CheckRetry() == nil {
				return nil, false, err
			}

			answer, err := s.engine.RetryDelivery(ctx, chat.RetryDelivery{
				Request:    request,
				DeliveryID: d.ID,
				Change:     change,
				Reason:     reason,

				AcknowledgeDuplicate: in.Body.AcknowledgeDuplicate,
				ByAssistant:          byAssistant,
			}, wait)
			if err != nil || !handedOver(answer.Value.Submission) {
				return nil, answer.Replayed, err
			}

			retried := presentRetried(request.ActionID, answer.Value.Of, answer.Value.DeliverySnapshot)

			return retried, answer.Replayed, nil
		},
	})
}

func presentRetried(action chat.ActionID, of chat.DeliveryID, r chat.DeliverySnapshot) retriedJSON {
	return retriedJSON{
		Success:  true,
		Delivery: presentReceipt(r),
		RetryOf:  of,
		ActionID: action,
	}
}

// checkReason holds a reason, without the space around it, to one that can be kept.
func checkReason(reason string, needed bool) error {
	switch {
	case needed && reason == "":
		return chat.Invalid("reason", "must say why, since it is kept with the delivery")
	case utf8.RuneCountInString(reason) > chat.MaxReason:
		return chat.Invalid(
			"reason",
			"must have at most %d characters, it has %d",
			chat.MaxReason,
			utf8.RuneCountInString(reason),
		)
	}

	return nil
}

type decidedOutput struct{ Body DeliveryJSON }

type cancelInput struct{ Body reasonJSON }

func (s *service) cancelDelivery(ctx context.Context, in *cancelInput) (*decidedOutput, error) {
	return s.decide(ctx, chat.Decision{Verdict: chat.VerdictCancel, Reason: in.Body.Reason})
}

type resolveInput struct{ Body resolveJSON }

func (s *service) resolveDelivery(ctx context.Context, in *resolveInput) (*decidedOutput, error) {
	verdict := chat.VerdictSent
	if in.Body.As == "not_sent" {
		verdict = chat.VerdictNotSent
	}

	id := in.Body.ProviderMessageID
	switch {
	case id != "" && verdict != chat.VerdictSent:
		return nil, chat.Invalid("provider_message_id", "belongs to what was sent; leave it out")
	case strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, chat.Invalid("provider_message_id", "must be visible ASCII, as the provider shows it")
	}

	return s.decide(ctx, chat.Decision{Verdict: verdict, Reason: in.Body.Reason, ProviderMessageID: id})
}

// decide stores a person's decision, and tells the workflow. That may fail: the workflow
// looks at the store too.
func (s *service) decide(ctx context.Context, decision chat.Decision) (*decidedOutput, error) {
	c := callFrom(ctx)

	decision.Reason = strings.TrimSpace(decision.Reason)
	if err := checkReason(decision.Reason, true); err != nil {
		return nil, err
	}

	decision.By = c.actor()
	decision.At = time.Now()

	decided, workflowID, err := s.store.Decide(ctx, c.workspace(), c.delivery.ID, decision)
	if err != nil {
		return nil, err
	}

	s.notifier.notify(workflowID, decided.Snapshot())

	return &decidedOutput{Body: presentDelivery(decided)}, nil
}
