package api

import (
	"context"
	"encoding/json"
	"net/http"

	"handrail/chat"
)

// toolMessageJSON is a message of OpenAI's chat format: the assistant's call of a tool, or
// what the tool has answered.
type toolMessageJSON struct {
	Role       string           `json:"role" enum:"assistant,tool"`
	Content    string           `json:"content" doc:"Of a tool: its result as JSON, or why there is none."`
	ToolCalls  []openAICallJSON `json:"tool_calls,omitempty"`
	ToolCallID string           `json:"tool_call_id,omitempty"`
}

type openAICallJSON struct {
	ID       string          `json:"id"`
	Type     string          `json:"type" enum:"function"`
	Function newFunctionJSON `json:"function"`
}

// presentToolMessages are the call and, once there is one, its outcome.
func presentToolMessages(m *chat.Message) []toolMessageJSON {
	shown := toolMessageJSON{Role: "assistant", Content: m.Content}
	var outcomes []toolMessageJSON

	for _, c := range m.ToolCalls {
		shown.ToolCalls = append(shown.ToolCalls, openAICallJSON{
			ID: c.ID, Type: "function", Function: newFunctionJSON{Name: c.Name, Arguments: string(c.Arguments)},
		})

		if content := outcomeOf(&c); content != "" {
			outcomes = append(outcomes, toolMessageJSON{Role: "tool", ToolCallID: c.ID, Content: content})
		}
	}

	return append([]toolMessageJSON{shown}, outcomes...)
}

// outcomeOf tells a model what came of a call, "" while that is open.
func outcomeOf(c *chat.ToolCall) string {
	if c.State == chat.ToolCallSucceeded {
		if len(c.Result) == 0 {
			return "{}"
		}

		return string(c.Result)
	}

	if !c.State.Settled() && c.State != chat.ToolCallUnknown {
		return ""
	}

	why, err := json.Marshal(struct {
		Status    chat.ToolCallState `json:"status"`
		ErrorCode string             `json:"error_code,omitempty"`
		Error     string             `json:"error,omitempty"`
	}{c.State, c.ErrorCode, c.Error})
	if err != nil { // strings always can be written
		return ""
	}

	return string(why)
}

func (s *service) toolCallMessageRoutes() {
	registerRoute(s, s.listToolCallMessages, route{
		method:   http.MethodGet,
		path:     "/chats/{chat_id}/tool-calls/{call_id}/messages",
		access:   ownOr(chat.ScopeChatsRead),
		withChat: true,
		id:       "listToolCallMessages",
		tag:      tagChats,
		summary:  "Get a tool call as OpenAI messages",
		description: "For the model that goes on: the assistant's message with this call alone and, once there is " +
			"an outcome, the tool's after it. Ids are unique within a message only; the newest call comes first. " +
			"`limit` counts calls.",
		answer:   listOf(toolMessageJSON{Role: "tool", ToolCallID: "call_1", Content: `{"booking_id":"b-1"}`}),
		problems: []chat.Code{chat.CodeToolCallNotFound},
	})
}

type listToolCallMessagesInput struct {
	Paging

	CallID string `inPath:"call_id"`
}

func (s *service) listToolCallMessages(
	ctx context.Context,
	in *listToolCallMessagesInput,
) (*listOutput[toolMessageJSON], error) {
	c := callFrom(ctx)

	part, err := s.store.ToolCallMessages(ctx, c.workspace(), c.chat.ID, in.CallID, in.page())
	if err != nil {
		return nil, err
	}

	flat := chat.List[toolMessageJSON]{NextCursor: part.NextCursor, Total: part.Total}
	for i := range part.Items {
		flat.Items = append(flat.Items, presentToolMessages(&part.Items[i])...)
	}

	return presentList(flat, nil, func(m toolMessageJSON) toolMessageJSON { return m })
}
