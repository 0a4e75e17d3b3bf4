package api

import (
	"context"
	"net/http"
	"time"

	"handrail/chat"
)

// listedToolCallJSON is a tool call in the list of all tool calls.
type listedToolCallJSON struct {
	ActionID chat.ActionID `json:"action_id" format:"uuid" doc:"The send's. With id it names the call."`
	ChatID   chat.ChatID   `json:"chat_id"`
	ID       string        `json:"id" example:"call_1"`
	Name     string        `json:"name" example:"book_table"`
	Undoes   string        `json:"undoes,omitempty" example:"call_1" doc:"Of a call that takes another one back: that one's id."`
	ToolCallPlaceJSON
	ToolCallStandingJSON
	UpdatedAt time.Time `json:"updated_at"`
}

func presentListedToolCall(c chat.ListedToolCall) listedToolCallJSON {
	return listedToolCallJSON{
		ActionID:             c.ActionID,
		ChatID:               c.ChatID,
		ID:                   c.ID,
		Name:                 c.Name,
		Undoes:               c.Undoes,
		ToolCallPlaceJSON:    placeOf(&c.ToolCall),
		ToolCallStandingJSON: standingOf(&c.ToolCall),
		UpdatedAt:            c.UpdatedAt.UTC(),
	}
}

func exampleListedToolCall() listedToolCallJSON {
	return presentListedToolCall(chat.ListedToolCall{
		ToolCall: chat.ToolCall{
			ID:        "call_1",
			Name:      "book_table",
			State:     chat.ToolCallUnknown,
			Kind:      chat.ToolHTTP,
			Risk:      chat.RiskWrite,
			Attempts:  1,
			Where:     "POST https://desk.example.com/bookings",
			Key:       exampleMessage + "-0",
			ErrorCode: "timeout",
			Error:     "The tool has not answered in time.",
		},
		ActionID:  exampleAction,
		ChatID:    7,
		UpdatedAt: exampleTime,
	})
}

func (s *service) toolCallListRoutes() {
	registerRoute(s, s.listToolCalls, route{
		method:  http.MethodGet,
		path:    "/tool-calls",
		access:  withScope(chat.ScopeChatsRead),
		id:      "listToolCalls",
		tag:     tagTools,
		summary: "List tool calls",
		description: "Those of the newest messages first, the undo of a call beside it. What a person must resolve " +
			"is found with `status=unknown`. Arguments and results are left out: the action has them.",
		answer: listOf(exampleListedToolCall()),
	})
}

type listToolCallsInput struct {
	Paging
	Status   []chat.ToolCallState `query:"status" enum:"pending,running,waiting,unknown,succeeded,failed,skipped" doc:"With any of these."`
	ActionID chat.ActionID        `query:"action_id" format:"uuid" doc:"Only those of this send."`
	ChatID   chat.ChatID          `query:"chat_id" minimum:"1"`
}

func (s *service) listToolCalls(
	ctx context.Context,
	in *listToolCallsInput,
) (*listOutput[listedToolCallJSON], error) {
	part, err := s.store.ToolCalls(ctx, callFrom(ctx).workspace(), chat.ToolCallFilter{
		States:   in.Status,
		ActionID: in.ActionID,
		ChatID:   in.ChatID,
		Page:     in.page(),
	})

	return presentList(part, err, presentListedToolCall)
}
