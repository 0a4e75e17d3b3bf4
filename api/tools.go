package api

import (
	"context"
	"encoding/json"

	"handrail/chat"
)

// toolJSON is something that may stand in tool_calls.
type toolJSON struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"schema" doc:"The JSON Schema of the arguments."`
	Kind        chat.ToolKind   `json:"kind" enum:"builtin,http,mcp"`
	Risk        chat.ToolRisk   `json:"risk" enum:"read,write,approval"`
}

func presentTool(t chat.Tool) toolJSON {
	return toolJSON{Name: t.Name, Description: t.Description, Schema: t.Schema, Kind: t.Kind, Risk: t.Risk}
}

func (s *service) listTools(_ context.Context, in *pagedInput) (*listOutput[toolJSON], error) {
	return pageOf(chat.Builtins(), in.Paging, func(t chat.Tool) string { return t.Name }, presentTool)
}
