package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"handrail/chat"
)

// sendJSON asks the assistant to speak.
type sendJSON struct {
	Message       string            `json:"message" minLength:"1" doc:"Markdown, 1 to 1,600 characters on SMS and 1 to 100,000 on email." example:"Your order is on its way."`
	IfLastMessage chat.MessageID    `json:"if_last_message,omitempty" format:"uuid" doc:"The uuid of the last message of the chat that you had seen. Once the customer has written after it, the message is not sent: 409 chat_moved_on, or, when it waits already, it is held for a decision."`
	AuthorKind    chat.AuthorKind   `json:"author_kind,omitempty" enum:"person,assistant" doc:"Who speaks: assistant when left out, which is 409 taken_over while a person has taken the chat over. person takes the chat over for the member of the API key."`
	ToolCalls     []newToolCallJSON `json:"tool_calls,omitempty" maxItems:"16" doc:"All are checked before the first one runs; one that fails stops the send."`
}

// messageSentJSON answers a send.
type messageSentJSON struct {
	Success  bool          `json:"success"`
	Message  sentJSON      `json:"message"`
	Delivery receiptJSON   `json:"delivery"`
	ActionID chat.ActionID `json:"action_id" format:"uuid"`
}

type sentJSON struct {
	ID        int64            `json:"id"`
	UUID      chat.MessageID   `json:"uuid" format:"uuid"`
	Role      chat.MessageRole `json:"role" enum:"assistant"`
	Content   string           `json:"content"`
	CreatedAt time.Time        `json:"created_at"`
	ToolCalls []toolCallJSON   `json:"tool_calls"`
}

type receiptJSON struct {
	ID                chat.DeliveryID `json:"id" format:"uuid"`
	Channel           channelJSON     `json:"channel"`
	Status            string          `json:"status" doc:"unknown means: it may have been sent." example:"accepted"`
	Provider          providerJSON    `json:"provider"`
	ProviderMessageID string          `json:"provider_message_id,omitempty" doc:"The provider's id."`
	Segments          int             `json:"segments,omitempty" doc:"How many parts an SMS is charged as."`
	ErrorCode         string          `json:"error_code,omitempty"`
	ErrorMessage      string          `json:"error_message,omitempty"`
	RetryAt           *time.Time      `json:"retry_at,omitempty" doc:"When it is tried again."`
}

func presentSend(sent chat.AssistantMessageSent) messageSentJSON {
	return messageSentJSON{
		Success:  true,
		ActionID: sent.ActionID,
		Message: sentJSON{
			ID:        sent.Number,
			UUID:      sent.MessageID,
			Role:      chat.RoleAssistantMessage,
			Content:   sent.Content,
			CreatedAt: sent.CreatedAt.UTC(),
			ToolCalls: toolCalls(sent.ToolCalls),
		},
		Delivery: presentReceipt(sent.DeliverySnapshot),
	}
}

func presentReceipt(r chat.DeliverySnapshot) receiptJSON {
	return receiptJSON{
		ID:                r.DeliveryID,
		Channel:           channelJSON(r.Channel),
		Status:            r.Status,
		Provider:          providerJSON(r.Provider),
		ProviderMessageID: r.ProviderMessageID,
		Segments:          r.Segments,
		ErrorCode:         r.ErrorCode,
		ErrorMessage:      r.ErrorMessage,
		RetryAt:           chat.UTC(r.RetryAt),
	}
}

// handedOver reports whether the provider has the message, as far as anybody knows.
func handedOver(state chat.SubmissionState) bool {
	return state == chat.SubmissionAccepted || state == chat.SubmissionConfirmedSent
}

var exampleTime = time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC)

func exampleSent() messageSentJSON {
	call := toolCallJSON{
		ID:        "call_1",
		Name:      chat.ToolAddLabel,
		Arguments: json.RawMessage(`{"label":"vip"}`),
		ToolCallStandingJSON: ToolCallStandingJSON{
			Status: chat.ToolCallSucceeded,
			Kind:   chat.ToolBuiltin,
			Risk:   chat.RiskWrite,
			Result: json.RawMessage(`{}`),
		},
	}

	message := sentJSON{
		ID:        1041,
		UUID:      exampleMessage,
		Role:      chat.RoleAssistantMessage,
		Content:   "Your order is on its way.",
		CreatedAt: exampleTime,
		ToolCalls: []toolCallJSON{call},
	}

	delivery := receiptJSON{
		ID:                exampleDelivery,
		Channel:           channelJSON(chat.ChannelSMS),
		Status:            "accepted",
		Provider:          providerJSON(chat.ProviderTwilio),
		ProviderMessageID: "SM0123456789abcdef0123456789abcdef",
		Segments:          1,
	}

	return messageSentJSON{
		Success:  true,
		ActionID: exampleAction,
		Message:  message,
		Delivery: delivery,
	}
}

// exampleRunning is a send whose outcome nobody knows yet.
func exampleRunning() wholeActionJSON {
	sent := exampleSent()
	sent.Delivery.Status = "unknown"
	sent.Delivery.ProviderMessageID = ""
	sent.Delivery.ErrorCode = chat.ErrorTimeout

	return wholeActionJSON{
		ActionJSON: ActionJSON{
			ActionID:    exampleAction,
			Kind:        actionKinds[chat.ActionSendAssistantMessage],
			State:       chat.ActionParked,
			Status:      "unknown",
			ChatID:      7,
			WorkflowID:  "action:11111111-1111-4111-8111-111111111111:" + exampleAction,
			WaitingFor:  waitingJSON(chat.WaitingProvider),
			Explanation: exampleUnknown.Explain(),
			RequestedBy: 3,
			CreatedAt:   exampleTime,
			UpdatedAt:   exampleTime.Add(30 * time.Second),
		},
		Timeline: []momentJSON{
			{At: exampleTime, What: "Asked for."},
			{At: exampleTime.Add(30 * time.Second), What: "Attempt 1: unknown, timeout."},
		},
		Message:  &sent.Message,
		Delivery: &sent.Delivery,
		Next:     []chat.ActionCommand{},
	}
}

const aboutSend = "Tool calls run first, in order; then the message goes to the chat's member over the chat's " +
	"channel. 200: the provider took it. 202: it is still being delivered, nobody can tell yet whether the provider " +
	"took it (`\"status\": \"unknown\"`), or it waits for people, as `waiting_for` and `explanation` say. It is " +
	"never sent twice behind your back. When it is not delivered in the end, what its tools did is taken back where " +
	"it can be. With `if_last_message` it is sent only if the customer has written nothing since, which is checked " +
	"again when it is posted. Sends to a customer leave in the order in which they were accepted, unless an older " +
	"one waits for people, for tools, or for a sender whose account refuses everything."

func exampleSend() sendJSON {
	return sendJSON{
		Message: "Your order is on its way.",
		ToolCalls: []newToolCallJSON{
			{ID: "call_1", Name: chat.ToolAddLabel, Arguments: json.RawMessage(`{"label":"vip"}`)},
			{
				ID:       "call_2",
				Type:     "function",
				Function: &newFunctionJSON{Name: chat.ToolSetState, Arguments: `{"state":"waiting"}`},
			},
		},
	}
}

// sendRefusals are the codes that a send adds to those that all routes have.
func sendRefusals() []chat.Code {
	return []chat.Code{
		chat.CodeNoPhone,
		chat.CodeNoEmail,
		chat.CodeNotificationsOff,
		chat.CodeRecipientOptedOut,
		chat.CodeSenderNotConfigured,
		chat.CodeChannelNotSupported,
		chat.CodeChatArchived,
		chat.CodeMessageTooLong,

		chat.CodeUnknownTool,
		chat.CodeInvalidToolArguments,
		chat.CodeAssistantNotFound,
		chat.CodeParticipantNotFound,

		chat.CodeChatMovedOn,
		chat.CodeTakenOver,

		chat.CodeIdempotencyKeyReused,
		chat.CodeDeliveryFailed,
		chat.CodeRecordLost,
		chat.CodeToolCallFailed,
		chat.CodeApprovalRefused,
		chat.CodeApprovalExpired,
	}
}

func (s *service) sendRoutes() {
	registerRoute(s, s.send, route{
		method:      http.MethodPost,
		path:        "/chats/{chat_id}/send-assistant-message",
		access:      withScope(chat.ScopeChatsAdmin),
		withChat:    true,
		id:          "sendAssistantMessage",
		tag:         tagActions,
		summary:     "Send as the assistant",
		acts:        true,
		description: aboutSend,
		request:     exampleSend(),
		answer:      exampleSent(),
		problems:    sendRefusals(),
	})
}

type sendInput struct {
	ActionHeaders
	Body sendJSON
}

// readSend reads the message that a request asks for in its chat, but for the request itself.
func (b *sendJSON) readSend(c *requestInfo) (chat.SendAssistantMessage, error) {
	if err := chat.CheckText("message", b.Message, c.chat.Channel.Spec().MaxMessage); err != nil {
		return chat.SendAssistantMessage{}, err
	}

	calls, err := readToolCalls(b.ToolCalls)
	if err != nil {
		return chat.SendAssistantMessage{}, err
	}

	author, err := chat.CheckAuthor(b.AuthorKind, c.principal.Kind)

	return chat.SendAssistantMessage{
		Message:       b.Message,
		ToolCalls:     calls,
		IfLastMessage: b.IfLastMessage,
		Author:        author,
	}, err
}

// send asks the assistant, or a person in its place, to speak.
func (s *service) send(ctx context.Context, in *sendInput) (*actionResponse, error) {
	c := callFrom(ctx)

	send, err := in.Body.readSend(c)
	if err != nil {
		return nil, err
	}

	send.Watermark = c.chat.Attention

	answered, err := s.perform(ctx, in.ActionHeaders, actionSpec{
		kind:   chat.ActionSendAssistantMessage,
		chat:   callFrom(ctx).chat.ID,
		fields: in.Body.fingerprintFields(send.Author, send.ToolCalls),
		start: func(ctx context.Context, request chat.Request, wait time.Duration) (any, bool, error) {
			send.Request = request

			return s.startSend(ctx, send, wait)
		},
	})
	if err == nil {
		s.chatChanged(c.workspace(), c.chat.ID)
	}

	return answered, s.addNewerMessages(ctx, in.Body.IfLastMessage, err)
}

// startSend starts a send and waits for it. It returns what the call answers with 200, nil as long as the provider has
// not taken the message, and whether an earlier request had started it.
func (s *service) startSend(
	ctx context.Context,
	in chat.SendAssistantMessage,
	wait time.Duration,
) (body any, replayed bool, err error) {
	answer, err := s.engine.SendAssistantMessage(ctx, in, wait)
	if err != nil || !handedOver(answer.Value.Submission) {
		return nil, answer.Replayed, err
	}

	return presentSend(answer.Value), answer.Replayed, nil
}

// fingerprintFields are the fields that make a send another one. What is left out is as if it were not there.
func (b *sendJSON) fingerprintFields(author chat.AuthorKind, calls []chat.ToolCall) map[string]any {
	fields := map[string]any{"message": b.Message, "tool_calls": calls}

	if b.IfLastMessage != "" {
		fields["if_last_message"] = b.IfLastMessage
	}

	if author != chat.AuthorAssistant {
		fields["author_kind"] = author
	}

	return fields
}
