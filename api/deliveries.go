package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// DeliveryJSON is a delivery. The type is exported because huma finds the fields of what
// is embedded in exported types only.
type DeliveryJSON struct {
	ID                chat.DeliveryID      `json:"id" format:"uuid"`
	ChatID            chat.ChatID          `json:"chat_id,omitempty" doc:"Left out of a notice to a member, which is in no chat."`
	MessageID         chat.MessageID       `json:"message_id" format:"uuid" doc:"The message's uuid."`
	ActionID          chat.ActionID        `json:"action_id" format:"uuid"`
	Channel           channelJSON          `json:"channel"`
	Provider          providerJSON         `json:"provider"`
	Status            deliveryStatus       `json:"status" doc:"The submission until the provider took it, and after that the provider's final status."`
	Submission        chat.SubmissionState `json:"submission" doc:"Whether the provider took it."`
	Carrier           chat.DeliveryStatus  `json:"carrier" doc:"What the provider says became of it; empty when nothing was heard."`
	Duplicate         chat.Duplicate       `json:"duplicate" enum:"none,possible,confirmed" doc:"confirmed: two messages of it were found, its own or a retry's. possible: one attempt was taken, and another one's outcome was never known."`
	Explanation       string               `json:"explanation" doc:"Where it stands, and what may be done."`
	WaitingFor        waitingJSON          `json:"waiting_for,omitempty" doc:"Before its first attempt, what its message waits for."`
	WaitingUntil      *time.Time           `json:"waiting_until,omitempty" doc:"When that ends by itself, if it is known."`
	Advice            chat.Advice          `json:"advice,omitempty" enum:"wait_and_retry,change_text,change_address,change_sender,mend_account,do_not_retry" doc:"What to do about what was refused or not delivered."`
	From              string               `json:"from"`
	To                string               `json:"to"`
	ProviderMessageID string               `json:"provider_message_id"`
	ErrorCode         string               `json:"error_code"`
	ErrorMessage      string               `json:"error_message"`
	Segments          int                  `json:"segments" doc:"How many parts an SMS is charged as."`
	AttemptCount      int64                `json:"attempt_count"`
	RetryAt           *time.Time           `json:"retry_at"`
	UnknownSince      *time.Time           `json:"unknown_since"`
	RetryOf           *chat.DeliveryID     `json:"retry_of" format:"uuid"`
	RetriedBy         *chat.DeliveryID     `json:"retried_by" format:"uuid"`
	BulkRetryID       *chat.ActionID       `json:"bulk_retry_id" format:"uuid" doc:"The bulk retry that made it, or tried it again."`
	Decision          *decisionJSON        `json:"decision,omitempty"`
	CreatedAt         time.Time            `json:"created_at"`
	UpdatedAt         time.Time            `json:"updated_at"`
	Member            *memberJSON          `json:"member,omitempty" doc:"With expand=member: to whom it goes."`
}

// decisionJSON is a person's word on a delivery.
type decisionJSON struct {
	Verdict           chat.Verdict  `json:"verdict" enum:"retry,cancel,sent,not_sent"`
	Reason            string        `json:"reason"`
	ProviderMessageID string        `json:"provider_message_id,omitempty" doc:"With sent: the provider's id, as the person found it."`
	MemberID          chat.MemberID `json:"member_id" doc:"Who decided."`
	At                time.Time     `json:"at"`
}

func presentDecision(d *chat.Decision) *decisionJSON {
	if d == nil {
		return nil
	}

	return &decisionJSON{
		Verdict:           d.Verdict,
		Reason:            d.Reason,
		ProviderMessageID: d.ProviderMessageID,
		MemberID:          d.By.MemberID,
		At:                d.At.UTC(),
	}
}

// wholeDeliveryJSON is a delivery with all that happened to it.
type wholeDeliveryJSON struct {
	DeliveryJSON
	Payload  payloadJSON   `json:"payload" doc:"What is posted to the provider."`
	Attempts []attemptJSON `json:"attempts" doc:"In their order. Attempts are never erased."`
	Events   []eventJSON   `json:"events" doc:"What the provider told, in the order of arrival."`
	Timeline []momentJSON  `json:"timeline" doc:"What has happened to it, and where it is looked for."`
	Next     []string      `json:"next" enum:"retry,cancel,resolve,look_up"`

	CustomerSentence string `json:"customer_sentence,omitempty" doc:"What may be said to the customer about it."`

	RetryNeeds []string `json:"retry_needs,omitempty" enum:"change,reason,acknowledge_duplicate" doc:"With retry in next: the fields that its body must have, acknowledge_duplicate as true. change: to or sender."`
}

type payloadJSON struct {
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
	HTML    string `json:"html,omitempty"`
}

type attemptJSON struct {
	Number            int64                  `json:"number"`
	StartedAt         time.Time              `json:"started_at"`
	FinishedAt        *time.Time             `json:"finished_at"`
	GotConnection     bool                   `json:"got_connection"`
	Reached           chat.AttemptReach      `json:"reached" enum:"no,possibly,yes" doc:"Whether it reached the provider. no is proven."`
	Outcome           chat.SubmissionOutcome `json:"outcome" doc:"Empty while it runs."`
	HTTPStatus        int                    `json:"http_status,omitempty"`
	ErrorCode         string                 `json:"error_code,omitempty"`
	ErrorMessage      string                 `json:"error_message,omitempty"`
	ProviderRequestID string                 `json:"provider_request_id,omitempty"`
	ProviderMessageID string                 `json:"provider_message_id,omitempty"`
}

type eventJSON struct {
	Type       string        `json:"type"`
	Provider   chat.Provider `json:"provider"`
	ReceivedAt time.Time     `json:"received_at"`
	Raw        any           `json:"raw" doc:"What the provider sent: JSON as it is, anything else as text."`
}

// visibleChat returns the chat of a delivery, 0 of a notice, whose chat nobody sees.
func visibleChat(d *chat.Delivery) chat.ChatID {
	if d.IsNotice() {
		return 0
	}

	return d.ChatID
}

func presentDelivery(d chat.Delivery) DeliveryJSON {
	standing := d.Standing()
	shown := DeliveryJSON{
		ID:                d.ID,
		ChatID:            visibleChat(&d),
		MessageID:         d.MessageID,
		ActionID:          d.ActionID,
		Channel:           channelJSON(d.Channel),
		Provider:          providerJSON(d.Provider),
		Status:            deliveryStatus(d.Status()),
		Submission:        d.Submission,
		Carrier:           d.DeliveryStatus,
		Duplicate:         cmp.Or(d.Duplicate, chat.DuplicateNone),
		Explanation:       standing.Explanation,
		WaitingFor:        waitingJSON(standing.WaitingFor),
		WaitingUntil:      standing.Until,
		Advice:            d.Advice(),
		From:              d.From,
		To:                d.To,
		ProviderMessageID: d.ProviderMessageID,
		ErrorCode:         d.ErrorCode,
		ErrorMessage:      d.ErrorMessage,
		Segments:          d.Segments,
		AttemptCount:      d.Fence,
		RetryAt:           chat.UTC(d.RetryAt),
		UnknownSince:      chat.UTC(d.UnknownSince),
		Decision:          presentDecision(d.Decision),
		CreatedAt:         d.CreatedAt.UTC(),
		UpdatedAt:         d.UpdatedAt.UTC(),
	}

	if d.RetryOf != "" {
		shown.RetryOf = &d.RetryOf
	}

	if d.RetriedBy != "" {
		shown.RetriedBy = &d.RetriedBy
	}

	if d.BulkRetryID != "" {
		shown.BulkRetryID = &d.BulkRetryID
	}

	return shown
}

func presentWholeDelivery(d chat.Delivery) wholeDeliveryJSON {
	whole := wholeDeliveryJSON{
		DeliveryJSON: presentDelivery(d),
		Payload:      payloadJSON{Subject: d.Payload.Subject, Text: d.Payload.Text, HTML: d.Payload.HTML},
		Attempts:     make([]attemptJSON, len(d.Attempts)),
		Events:       make([]eventJSON, len(d.Events)),
		Timeline:     presentMoments(d.Timeline()),
		Next:         nextFor(d),

		CustomerSentence: d.TellCustomer(),
	}

	if slices.Contains(whole.Next, "retry") {
		whole.RetryNeeds = d.RetryNeeds()
	}

	for i, a := range d.Attempts {
		whole.Attempts[i] = attemptJSON{
			Number:            a.Fence,
			StartedAt:         a.StartedAt.UTC(),
			FinishedAt:        chat.UTC(a.FinishedAt),
			GotConnection:     a.GotConnection,
			Reached:           d.Reached(&d.Attempts[i]),
			Outcome:           a.Outcome,
			HTTPStatus:        a.HTTPStatus,
			ErrorCode:         a.ErrorCode,
			ErrorMessage:      a.ErrorMessage,
			ProviderRequestID: a.ProviderRequestID,
			ProviderMessageID: a.ProviderMessageID,
		}
	}

	for i, e := range d.Events {
		whole.Events[i] = eventJSON{
			Type:       e.Type,
			Provider:   e.Provider,
			ReceivedAt: e.ReceivedAt.UTC(),
			Raw:        string(e.Raw),
		}

		if json.Valid(e.Raw) {
			whole.Events[i].Raw = json.RawMessage(e.Raw)
		}
	}

	return whole
}

// nextFor names the calls by which an operator may do something about a delivery.
func nextFor(d chat.Delivery) []string {
	next := []string{}

	for _, verdict := range d.Commands() {
		switch verdict {
		case chat.VerdictRetry:
			next = append(next, "retry")
		case chat.VerdictCancel:
			next = append(next, "cancel")
		case chat.VerdictSent:
			next = append(next, "resolve")
		case chat.VerdictNotSent:
		}
	}

	if d.CheckLookUp() == nil {
		next = append(next, "look_up")
	}

	return next
}

// deliveryStatus is one of the words that Delivery.Status answers with.
type deliveryStatus string

// Schema is asked by huma.
func (deliveryStatus) Schema(huma.Registry) *huma.Schema {
	words := []string{}
	for _, s := range chat.SubmissionStates() {
		words = append(words, string(s))
	}

	for _, s := range chat.DeliveryStatuses() {
		if s.Final() {
			words = append(words, string(s))
		}
	}

	slices.Sort(words)

	schema := &huma.Schema{Type: huma.TypeString}
	for _, word := range slices.Compact(words) {
		schema.Enum = append(schema.Enum, word)
	}

	return schema
}

var exampleUnknown = chat.Delivery{
	ID:           exampleDelivery,
	ChatID:       7,
	MessageID:    exampleMessage,
	ActionID:     exampleAction,
	Channel:      chat.ChannelSMS,
	Provider:     chat.ProviderTwilio,
	Submission:   chat.SubmissionUnknown,
	From:         "+14155550100",
	To:           "+14155550123",
	ErrorCode:    chat.ErrorTimeout,
	Segments:     1,
	Fence:        1,
	UnknownSince: &exampleTime,
	CreatedAt:    exampleTime,
	UpdatedAt:    exampleTime,
}

var exampleDeliveryJSON = presentDelivery(exampleUnknown)

func (s *service) deliveryRoutes() {
	registerRoute(s, s.listDeliveries, route{
		method:  http.MethodGet,
		path:    "/deliveries",
		access:  withScope(chat.ScopeDeliveriesRead),
		id:      "listDeliveries",
		tag:     tagDeliveries,
		summary: "List deliveries",
		description: "The newest first. What was sent twice, or may have been, is found with " +
			"`duplicate=confirmed,possible`.",
		answer: listOf(exampleDeliveryJSON),
	})

	registerRoute(s, s.getDelivery, route{
		method:       http.MethodGet,
		path:         "/deliveries/{delivery_id}",
		access:       withScope(chat.ScopeDeliveriesRead),
		withDelivery: true,
		id:           "getDelivery",
		tag:          tagDeliveries,
		summary:      "Get a delivery",
		answer: wholeDeliveryJSON{
			DeliveryJSON: exampleDeliveryJSON,
			Payload:      payloadJSON{Text: "Your order is on its way."},
			Attempts: []attemptJSON{{
				Number:        1,
				StartedAt:     exampleTime,
				FinishedAt:    &exampleTime,
				GotConnection: true,
				Reached:       chat.ReachedPossibly,
				Outcome:       chat.OutcomeUnknown,
				ErrorCode:     chat.ErrorTimeout,
			}},
			Events:   []eventJSON{},
			Timeline: presentMoments(exampleUnknown.Timeline()),
			Next:     nextFor(exampleUnknown),

			CustomerSentence: exampleUnknown.TellCustomer(),
		},
	})
}

type listDeliveriesInput struct {
	Paging
	Expand      []string         `query:"expand" enum:"member" doc:"What to bring along: member, with the scope members:read."`
	Sort        string           `query:"sort" enum:"created_at,-created_at,updated_at,-updated_at" doc:"With - the newest first."`
	Status      []deliveryStatus `query:"status" doc:"With any of these."`
	Channel     []channelJSON    `query:"channel" doc:"By any of these."`
	ErrorCode   string           `query:"error_code" maxLength:"100" example:"twilio_30003"`
	ChatID      chat.ChatID      `query:"chat_id" minimum:"1"`
	Sender      string           `query:"sender" maxLength:"30" doc:"phone: or inbox: and its id, or web." example:"phone:12"`
	MemberID    chat.MemberID    `query:"member_id" minimum:"1" doc:"What was sent in the chats with this member."`
	BulkRetryID chat.ActionID    `query:"bulk_retry_id" format:"uuid" doc:"What this bulk retry has begun."`
	Since       time.Time        `query:"since" doc:"Made at this time or later."`
	Until       time.Time        `query:"until" doc:"Made before this time."`

	WaitingFor    []waitingJSON `query:"waiting_for" doc:"What waits for any of these."`
	UpdatedSince  time.Time     `query:"updated_since" doc:"Changed then or later."`
	FailedForGood bool          `query:"failed_for_good" doc:"Only what has not arrived for good and was not sent again."`

	Duplicate []chat.Duplicate `query:"duplicate" enum:"possible,confirmed" doc:"What was sent twice, or may have been."`
}

func (s *service) listDeliveries(ctx context.Context, in *listDeliveriesInput) (*listOutput[DeliveryJSON], error) {
	duplicate, err := chat.NewDuplicateFilter(in.Duplicate)
	if err != nil {
		return nil, err
	}

	page, err := in.sortedPage(in.Sort)
	if err != nil {
		return nil, err
	}

	if err := chat.CheckSender("query.sender", in.Sender); err != nil {
		return nil, err
	}

	filter := chat.DeliveryFilter{
		Status:      string(onlyValue(in.Status)),
		Channel:     chat.Channel(onlyValue(in.Channel)),
		ErrorCode:   in.ErrorCode,
		ChatID:      in.ChatID,
		Sender:      in.Sender,
		MemberID:    in.MemberID,
		BulkRetryID: in.BulkRetryID,
		Since:       timeIfGiven(in.Since),
		Until:       timeIfGiven(in.Until),
		Duplicate:   duplicate,
		Page:        page,

		UpdatedSince:  timeIfGiven(in.UpdatedSince),
		FailedForGood: in.FailedForGood,
	}

	if len(in.Status) > 1 || len(in.Channel) > 1 || len(in.WaitingFor) > 0 {
		filter.Words = &chat.DeliveryWords{
			Statuses:   wordsOf[string](severalValues(in.Status)),
			Channels:   wordsOf[chat.Channel](severalValues(in.Channel)),
			WaitingFor: wordsOf[chat.Waiting](in.WaitingFor),
		}
	}

	if err := checkExpand(callFrom(ctx), in.Expand); err != nil {
		return nil, err
	}

	part, err := s.store.Deliveries(ctx, callFrom(ctx).workspace(), filter)
	if err != nil {
		return nil, err
	}

	recipients := listIDs(part.Items, func(d *chat.Delivery) chat.MemberID { return d.ToMemberID })
	members, err := s.expandMembers(ctx, in.Expand, recipients)

	return presentList(part, err, func(d chat.Delivery) DeliveryJSON {
		shown := presentDelivery(d)
		shown.Member = members[d.ToMemberID]

		return shown
	})
}

type deliveryOutput struct{ Body wholeDeliveryJSON }

func (s *service) getDelivery(ctx context.Context, _ *struct{}) (*deliveryOutput, error) {
	return &deliveryOutput{Body: presentWholeDelivery(callFrom(ctx).delivery)}, nil
}

// loadDelivery finds the delivery that the path names.
func (s *service) loadDelivery(ctx huma.Context, c *requestInfo) (err error) {
	id, err := deliveryParameter.read(ctx)
	if err != nil {
		return err
	}

	c.delivery, err = s.store.Delivery(ctx.Context(), c.workspace(), id)

	return err
}
