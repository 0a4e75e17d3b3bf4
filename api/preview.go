package api

import (
	"context"
	"net/http"

	"handrail/chat"
)

// previewJSON is a message as it would leave.
type previewJSON struct {
	Channel       channelJSON  `json:"channel"`
	From          string       `json:"from,omitempty"`
	To            string       `json:"to,omitempty"`
	Subject       string       `json:"subject,omitempty" doc:"Of an email."`
	Text          string       `json:"text" doc:"The text that the provider would get: of an email, its plain part."`
	HTML          string       `json:"html,omitempty" doc:"Of an email, its page."`
	Segments      int          `json:"segments,omitempty" doc:"How many parts an SMS is charged as."`
	NeedsApproval bool         `json:"needs_approval" doc:"Its tools wait for a second member."`
	Refusal       *refusalJSON `json:"refusal,omitempty" doc:"Why a send would be refused now."`
}

// refusalJSON is a problem that is told as a part of an answer.
type refusalJSON struct {
	Code   chat.Code         `json:"code"`
	Detail string            `json:"detail"`
	Errors []chat.FieldError `json:"errors,omitempty"`
}

func presentPreview(p chat.SendPreview) previewJSON {
	shown := previewJSON{
		Channel:       channelJSON(p.Channel),
		From:          p.From,
		To:            p.To,
		Subject:       p.Payload.Subject,
		Text:          p.Payload.Posted(),
		HTML:          p.Payload.HTML,
		Segments:      p.Payload.Segments,
		NeedsApproval: p.NeedsApproval,
	}

	if p.Refusal != nil {
		shown.Refusal = &refusalJSON{
			Code:   p.Refusal.Code,
			Detail: p.Refusal.Message,
			Errors: p.Refusal.Fields,
		}
	}

	return shown
}

func (s *service) previewRoutes() {
	registerRoute(s, s.previewMessage, route{
		method:      http.MethodPost,
		path:        "/chats/{chat_id}/preview-message",
		access:      withScope(chat.ScopeChatsAdmin),
		withChat:    true,
		id:          "previewMessage",
		tag:         tagChats,
		summary:     "Preview a message",
		description: "Shows how a send with this body would leave, and what would refuse it. Nothing is sent or kept.",
		request:     exampleSend(),
		answer: previewJSON{
			Channel:  channelJSON(chat.ChannelSMS),
			From:     "+14155550100",
			To:       "+14155550123",
			Text:     "Your order is on its way.",
			Segments: 1,
		},
		problems: []chat.Code{chat.CodeMessageTooLong},
	})
}

type previewInput struct{ Body sendJSON }

type previewOutput struct{ Body previewJSON }

func (s *service) previewMessage(ctx context.Context, in *previewInput) (*previewOutput, error) {
	c := callFrom(ctx)

	send, err := in.Body.readSend(c)
	if err != nil {
		return nil, err
	}

	send.Request = chat.Request{
		WorkspaceID: c.workspace(),
		ChatID:      c.chat.ID,
		By:          c.actor(),
	}

	facts, err := s.store.LoadSendFacts(ctx, send)
	if err != nil {
		return nil, err
	}

	preview, err := facts.Preview(&send, s.renderer.Render, s.checkCalls)
	if err != nil {
		return nil, err
	}

	return &previewOutput{Body: presentPreview(preview)}, nil
}
