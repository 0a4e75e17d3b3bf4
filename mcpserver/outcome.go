package mcpserver

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"handrail/client"
)

// outcome is the state of an action that a call has begun or asks about.
type outcome struct {
	ActionID       string `json:"action_id" jsonschema:"Names what was begun. Give it to get_action or cancel_action."`
	State          string `json:"state" jsonschema:"succeeded, failed, running, or parked: waiting for more than a moment."`
	Status         string `json:"status,omitempty" jsonschema:"The delivery's status, or what a send waits for."`
	WaitingFor     string `json:"waiting_for,omitempty" jsonschema:"What it waits for, in one word, such as approval, contributor, person or provider."`
	WaitingUntil   string `json:"waiting_until,omitempty" jsonschema:"When that wait ends by itself, if it is known."`
	Explanation    string `json:"explanation" jsonschema:"Where it stands, in words."`
	AskAgain       bool   `json:"ask_again" jsonschema:"True while it is not over: call get_action with action_id later, and do not begin the same thing anew."`
	ChatID         int64  `json:"chat_id,omitempty"`
	MemberID       int64  `json:"member_id,omitempty" jsonschema:"Whom a message went to."`
	MessageID      string `json:"message_id,omitempty"`
	DeliveryID     string `json:"delivery_id,omitempty" jsonschema:"get_delivery says what became of the message."`
	ParticipantID  int64  `json:"participant_id,omitempty"`
	ErrorCode      string `json:"error_code,omitempty" jsonschema:"Why it failed: a stable code."`
	CanCancel      bool   `json:"can_cancel,omitempty" jsonschema:"Whether cancel_action can still stop it."`
	IdempotencyKey string `json:"idempotency_key,omitempty" jsonschema:"Repeat the call with this one, and nothing is done twice."`

	Chat     *chatView `json:"chat,omitempty" jsonschema:"With a summary that was written: the chat."`
	Timeline []moment  `json:"timeline,omitempty" jsonschema:"What has happened, the oldest first."`
	Note     string    `json:"note,omitempty"`
}

// moment is an event in the history of an action or a delivery.
type moment struct {
	At   string `json:"at"`
	What string `json:"what"`
}

func (o *outcome) sentence() string {
	if o.AskAgain {
		return fmt.Sprintf(
			"Not over yet. %s Ask again with get_action and action_id %s.",
			strings.TrimSpace(o.Explanation),
			o.ActionID,
		)
	}

	return o.Explanation
}

// describeSent returns the outcome of a message that its provider has accepted.
func describeSent(actionID, messageID string, delivery *client.Receipt) *outcome {
	return &outcome{
		ActionID:   actionID,
		State:      string(client.ActionStateSucceeded),
		Status:     delivery.Status,
		MessageID:  messageID,
		DeliveryID: delivery.ID,
		Explanation: "The provider has taken the message. Whether it arrived is known later: get_delivery with " +
			"delivery_id " + delivery.ID + " says so.",
	}
}

// describeAction returns the outcome of an action so far.
func describeAction(a *client.WholeAction) *outcome {
	o := &outcome{
		ActionID:     a.ActionID,
		State:        string(a.State),
		Status:       a.Status,
		WaitingFor:   string(client.ValueOf(a.WaitingFor)),
		WaitingUntil: formatTime(a.WaitingUntil),
		Explanation:  client.ValueOf(a.Explanation),
		AskAgain:     a.State == client.ActionStateRunning || a.State == client.ActionStateParked,
		ChatID:       a.ChatID,
		Timeline: mapSlice(a.Timeline, func(m *client.Moment) moment {
			return moment{At: formatTime(&m.At), What: m.What}
		}),
	}

	for _, next := range a.Next {
		o.CanCancel = o.CanCancel || next == client.WholeActionNextCancel
	}

	if a.Message != nil {
		o.MessageID = a.Message.UUID
	}

	if a.Delivery != nil {
		o.DeliveryID = a.Delivery.ID
	}

	if a.Problem != nil {
		o.ErrorCode = string(a.Problem.Code)
	}

	describeResult(o, a)

	if o.Explanation == "" {
		o.Explanation = explainState(a)
	}

	return o
}

// explainState explains the state of an action that has no explanation of its own.
func explainState(a *client.WholeAction) string {
	switch {
	case a.Problem != nil:
		return a.Problem.Detail
	case a.State == client.ActionStateSucceeded:
		return "It is done."
	case a.State == client.ActionStateRunning:
		return "It is being carried out."
	default:
		return "It is " + a.Status + "."
	}
}

// describeResult adds the result of an action to its outcome.
func describeResult(o *outcome, a *client.WholeAction) {
	if a.Result == nil {
		return
	}

	switch a.Kind {
	case client.ActionKindSummarizeChat:
		if summarized, err := a.Result.AsChat(); err == nil {
			o.Chat = new(viewChat(&summarized))
			o.Note = untrustedNote
		}

	case client.ActionKindAddParticipant:
		if added, err := a.Result.AsParticipantAdded(); err == nil {
			o.ParticipantID = added.ParticipantID
		}

	default: // the action itself has what a send or a retry has sent
	}
}

// keepKey returns the outcome with the key with which its call can be repeated.
func (o *outcome) keepKey(key string) *outcome {
	o.IdempotencyKey = key

	return o
}

// preferWait returns the header Prefer that asks the API to wait for an outcome for as long as a call may.
func (c *caller) preferWait() *string { return new(fmt.Sprintf("wait=%d", int(c.wait/time.Second))) }

// requireAnswer returns the answer, or a [client.UnexpectedAnswerError] if it is nil.
func requireAnswer[T any](answer *T, response *http.Response) (*T, error) {
	if answer == nil {
		return nil, &client.UnexpectedAnswerError{Status: response.Status}
	}

	return answer, nil
}

// getAction returns an action. It waits for its outcome for at most the given number of seconds.
func (c *caller) getAction(ctx context.Context, id string, seconds int64) (*client.WholeAction, error) {
	answer, err := c.api.GetActionWithResponse(ctx, c.workspace, id, &client.GetActionParams{Wait: &seconds})
	if err != nil {
		return nil, err
	}

	return requireAnswer(answer.JSON200, answer.HTTPResponse)
}
