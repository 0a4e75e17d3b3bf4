package mcpserver

import (
	"context"
	"fmt"

	"handrail/client"
)

// deliveryView is a delivery as it is shown to a model.
type deliveryView struct {
	ID           string `json:"id"`
	Status       string `json:"status,omitempty"`
	Explanation  string `json:"explanation,omitempty" jsonschema:"Where it stands, what it waits for, and what may be done."`
	WaitingFor   string `json:"waiting_for,omitempty"`
	WaitingUntil string `json:"waiting_until,omitempty"`
	Advice       string `json:"advice,omitempty" jsonschema:"What to do about what the provider refused or did not deliver."`
	ErrorCode    string `json:"error_code,omitempty"`
	Duplicate    string `json:"duplicate,omitempty" jsonschema:"possible or confirmed: the message was sent twice, or may have been."`
	RetriedBy    string `json:"retried_by,omitempty" jsonschema:"The delivery that repeats this one."`
}

func viewDelivery(d *client.Delivery) *deliveryView {
	return &deliveryView{
		ID:           d.ID,
		Status:       string(d.Status),
		Explanation:  d.Explanation,
		WaitingFor:   string(client.ValueOf(d.WaitingFor)),
		WaitingUntil: formatTime(d.WaitingUntil),
		Advice:       string(client.ValueOf(d.Advice)),
		ErrorCode:    d.ErrorCode,
		Duplicate:    string(d.Duplicate),
		RetriedBy:    client.ValueOf(d.RetriedBy),
	}
}

// wholeDelivery is a delivery with everything that is needed to decide about it.
type wholeDelivery struct {
	deliveryView
	ChatID     int64    `json:"chat_id"`
	MessageID  string   `json:"message_id"`
	ActionID   string   `json:"action_id"`
	Channel    string   `json:"channel"`
	From       string   `json:"from"`
	To         string   `json:"to"`
	Text       string   `json:"text" jsonschema:"What was sent, or is to be sent."`
	Attempts   []moment `json:"attempts" jsonschema:"Each attempt to hand it to the provider."`
	CanRetry   bool     `json:"can_retry" jsonschema:"Whether retry_delivery can repeat it now."`
	RetryNeeds []string `json:"retry_needs,omitempty" jsonschema:"The arguments that retry_delivery then needs."`

	CustomerSentence string `json:"customer_sentence,omitempty" jsonschema:"What may be said to the customer about it."`
}

func (d *wholeDelivery) sentence() string {
	return fmt.Sprintf("Delivery %s is %s. %s", d.ID, d.Status, d.Explanation)
}

type deliveryArguments struct {
	DeliveryID string `json:"delivery_id" minLength:"36" maxLength:"36" jsonschema:"The delivery's id."`
}

func getDeliveryTool() *tool {
	return newTool(
		toolDoc{
			name:        "get_delivery",
			title:       "Explain a delivery",
			description: "Explains a delivery: its status, why it is stuck if it is, and what can be done.",
			effect:      reads,
			scopes:      []string{"deliveries:read"},
			route:       "getDelivery",
		},
		getDelivery,
	)
}

func getDelivery(ctx context.Context, by *caller, in *deliveryArguments) (*wholeDelivery, error) {
	answer, err := by.api.GetDeliveryWithResponse(ctx, by.workspace, in.DeliveryID)
	if err != nil {
		return nil, err
	}

	d, err := requireAnswer(answer.JSON200, answer.HTTPResponse)
	if err != nil {
		return nil, err
	}

	shown := &wholeDelivery{
		deliveryView: deliveryView{
			ID:           d.ID,
			Status:       string(d.Status),
			Explanation:  d.Explanation,
			WaitingFor:   string(client.ValueOf(d.WaitingFor)),
			WaitingUntil: formatTime(d.WaitingUntil),
			Advice:       string(client.ValueOf(d.Advice)),
			ErrorCode:    d.ErrorCode,
			Duplicate:    string(d.Duplicate),
			RetriedBy:    client.ValueOf(d.RetriedBy),
		},
		ChatID:     client.ValueOf(d.ChatID),
		MessageID:  d.MessageID,
		ActionID:   d.ActionID,
		Channel:    string(d.Channel),
		From:       d.From,
		To:         d.To,
		Text:       shortenText(d.Payload.Text, defaultCharacters),
		Attempts:   mapSlice(d.Attempts, describeAttempt),
		RetryNeeds: mapSlice(d.RetryNeeds, func(n *client.WholeDeliveryRetryNeeds) string { return string(*n) }),

		CustomerSentence: client.ValueOf(d.CustomerSentence),
	}

	for _, next := range d.Next {
		shown.CanRetry = shown.CanRetry || next == client.WholeDeliveryNextRetry
	}

	return shown, nil
}

func describeAttempt(a *client.Attempt) moment {
	what := fmt.Sprintf("attempt %d: %s", a.Number, a.Outcome)

	if code := client.ValueOf(a.ErrorCode); code != "" {
		what += ", " + code
	}

	return moment{At: formatTime(&a.StartedAt), What: what}
}

type retryArguments struct {
	keyed
	deliveryArguments
	Reason               string `json:"reason,omitempty" maxLength:"500" jsonschema:"Why, for the audit log. Needed when retry_needs of get_delivery has it."`
	AcknowledgeDuplicate bool   `json:"acknowledge_duplicate,omitempty" jsonschema:"True says that the person may get the message twice, and that this is accepted. Only when a person has said so."`
}

func retryDeliveryTool() *tool {
	return newTool(
		toolDoc{
			name:  "retry_delivery",
			title: "Retry a delivery",
			description: "Sends a message again that did not arrive; get_delivery says whether that is possible, " +
				"and which arguments it needs.",
			effect:     commits,
			reachesOut: true,
			scopes:     []string{"deliveries:write"},
			route:      "retryDelivery",
		},
		func(ctx context.Context, by *caller, in *retryArguments) (*outcome, error) {
			answer, err := by.api.RetryDeliveryWithResponse(
				ctx,
				by.workspace,
				in.DeliveryID,
				&client.RetryDeliveryParams{IdempotencyKey: new(in.key()), Prefer: by.preferWait()},
				client.Retry{
					Reason:               client.IfGiven(in.Reason),
					AcknowledgeDuplicate: client.IfGiven(in.AcknowledgeDuplicate),
				},
			)
			if err != nil {
				return nil, err
			}

			if answer.JSON202 != nil {
				return describeAction(answer.JSON202).keepKey(in.key()), nil
			}

			retried, err := requireAnswer(answer.JSON200, answer.HTTPResponse)
			if err != nil {
				return nil, err
			}

			return describeSent(retried.ActionID, "", &retried.Delivery).keepKey(in.key()), nil
		},
	)
}
