package api

import (
	"context"
	"net/http"
	"time"

	"handrail/canonical"
	"handrail/chat"
)

// messageToJSON is the recipient of a message.
type messageToJSON struct {
	MemberID   chat.MemberID `json:"member_id,omitempty" minimum:"1" doc:"A member."`
	ExternalID string        `json:"external_id,omitempty" maxLength:"255" doc:"The member who has your own id."`
	Phone      string        `json:"phone,omitempty" maxLength:"20" doc:"Somebody is made if nobody has it."`
	Email      string        `json:"email,omitempty" maxLength:"254" doc:"Somebody is made if nobody has it."`
	Name       string        `json:"name,omitempty" maxLength:"200" doc:"The name of who is made; the address when left out."`
}

// directMessageJSON is a message to somebody.
type directMessageJSON struct {
	To        messageToJSON     `json:"to" doc:"Exactly one of member_id, external_id, phone and email."`
	Channel   channelJSON       `json:"channel,omitempty" doc:"When left out: phone-sms with to.phone, email with to.email; else phone-sms if they have a number and have agreed to SMS, else email."`
	Message   string            `json:"message" minLength:"1" doc:"Markdown, 1 to 1,600 characters on SMS and 1 to 100,000 on email." example:"Your order is on its way."`
	ToolCalls []newToolCallJSON `json:"tool_calls,omitempty" maxItems:"16" doc:"As of a send in a chat."`
	Title     string            `json:"title,omitempty" maxLength:"200" doc:"Of a chat that is made."`
}

// directMessageSentJSON answers a message to somebody.
type directMessageSentJSON struct {
	Success  bool          `json:"success"`
	Message  sentJSON      `json:"message"`
	Delivery receiptJSON   `json:"delivery"`
	ActionID chat.ActionID `json:"action_id" format:"uuid"`
	ChatID   chat.ChatID   `json:"chat_id" doc:"The chat that the message is in."`
	MemberID chat.MemberID `json:"member_id" doc:"Whom the message went to."`
}

const aboutDirectMessage = "One call from nothing to a message. It finds the member, or makes one with the phone " +
	"number or email address; then the member's newest chat on the channel that is open or waiting and has the " +
	"workspace's default assistant, or makes one with the defaults of `PUT /workspace-defaults`. Then it sends, and " +
	"answers, as `POST /chats/{chat_id}/send-assistant-message` does, with `chat_id` and `member_id`.\n\n" +
	"400 leaves nothing behind; `default_missing` names the default that a new chat needs. After a crash, the same " +
	"request with the same `Idempotency-Key` goes on."

func (s *service) directMessageRoutes() {
	sent := exampleSent()

	registerRoute(s, s.sendDirectMessage, route{
		method:      http.MethodPost,
		path:        "/messages",
		access:      withScope(chat.ScopeChatsAdmin),
		id:          "sendMessage",
		tag:         tagActions,
		summary:     "Send a message to somebody",
		acts:        true,
		description: aboutDirectMessage,
		request: directMessageJSON{
			To:      messageToJSON{Phone: "+14155550123", Name: "Ana Lopez"},
			Message: "Your order is on its way.",
		},
		answer: directMessageSentJSON{
			Success:  true,
			Message:  sent.Message,
			Delivery: sent.Delivery,
			ActionID: sent.ActionID,
			ChatID:   7,
			MemberID: 42,
		},
		problems: append(
			sendRefusals(),
			chat.CodeMemberNotFound,
			chat.CodeSenderNotFound,
			chat.CodeDefaultMissing,
		),
	})
}

type directMessageInput struct {
	ActionHeaders
	Body directMessageJSON
}

func (s *service) sendDirectMessage(ctx context.Context, in *directMessageInput) (*actionResponse, error) {
	c := callFrom(ctx)

	asked, err := readDirectMessage(&in.Body)
	if err != nil {
		return nil, err
	}

	var place chat.DirectPlace

	answered, err := s.perform(ctx, in.ActionHeaders, actionSpec{
		kind: chat.ActionSendAssistantMessage,
		fields: map[string]any{
			"to":         asked.To,
			"channel":    asked.Channel,
			"message":    asked.Message,
			"tool_calls": asked.ToolCalls,
			"title":      asked.Title,
		},
		findChat: func(ctx context.Context) (_ chat.ChatID, err error) {
			check := func(facts *chat.SendFacts) error { return s.checkCalls(asked.ToolCalls, facts) }

			place, err = s.store.FindOrCreatePlace(ctx, c.workspace(), c.actor(), asked, check)

			return place.ChatID, err
		},
		start: func(ctx context.Context, request chat.Request, wait time.Duration) (any, bool, error) {
			if place.ChatID == 0 {
				head, err := s.store.ChatHead(ctx, c.workspace(), request.ChatID, "")
				if err != nil {
					return nil, false, err
				}

				place.Attention = head.Attention
			}

			body, replayed, err := s.startSend(ctx, chat.SendAssistantMessage{
				Request:   request,
				Message:   asked.Message,
				ToolCalls: asked.ToolCalls,
				Watermark: place.Attention,
			}, wait)
			if err == nil {
				s.chatChanged(request.WorkspaceID, request.ChatID)
			}

			return body, replayed, err
		},
	})
	if err != nil {
		return nil, err
	}

	return s.addPlace(ctx, answered)
}

// readDirectMessage returns the message of a request, with its address in canonical form.
func readDirectMessage(b *directMessageJSON) (chat.DirectMessage, error) {
	asked := chat.DirectMessage{
		To: chat.MessageTo{
			MemberID:   b.To.MemberID,
			ExternalID: b.To.ExternalID,
			Phone:      b.To.Phone,
			Email:      b.To.Email,
			Name:       b.To.Name,
		},
		Channel: chat.Channel(b.Channel),
		Message: b.Message,
		Title:   b.Title,
	}

	if err := canonical.MessageTo(&asked.To); err != nil {
		return asked, err
	}

	if err := asked.Validate(); err != nil {
		return asked, err
	}

	var err error
	asked.ToolCalls, err = readToolCalls(b.ToolCalls)

	return asked, err
}

// addPlace adds the chat and the member to the answer of a send. The answer 202 is an action, which has its chat
// already.
func (s *service) addPlace(ctx context.Context, answered *actionResponse) (*actionResponse, error) {
	sent, ok := answered.Body.(messageSentJSON)
	if !ok {
		return answered, nil
	}

	// The delivery has them even if an earlier request began the send, or the chat was deleted since.
	delivery, err := s.store.Delivery(ctx, callFrom(ctx).workspace(), sent.Delivery.ID)
	if err != nil {
		return nil, err
	}

	answered.Body = directMessageSentJSON{
		Success:  sent.Success,
		Message:  sent.Message,
		Delivery: sent.Delivery,
		ActionID: sent.ActionID,
		ChatID:   delivery.ChatID,
		MemberID: delivery.ToMemberID,
	}

	return answered, nil
}
