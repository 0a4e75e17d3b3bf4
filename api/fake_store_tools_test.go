package api_test

import (
	"context"
	"time"

	"handrail/chat"
)

// toolFacts is what the fake store knows of tools, and what it was last given.
type toolFacts struct {
	definition func(chat.ToolID) (chat.ToolDefinition, error)
	// server makes every definition the MCP server.
	server     bool
	toolFilter chat.ToolFilter
	stored     chat.ToolDefinition
	discovered []chat.MCPTool
	chatTools  []chat.Tool
	callID     string
	tested     chat.ToolTest
	// callFilter is the last one that tool calls were listed with.
	callFilter chat.ToolCallFilter
}

func bookTool() chat.ToolDefinition {
	return chat.ToolDefinition{
		ID:          4,
		WorkspaceID: home,
		Kind:        chat.ToolHTTP,
		Name:        "book_table",
		Description: "Books a table",
		Enabled:     true,
		Risk:        chat.RiskWrite,
		Timeout:     10 * time.Second,
		Undo:        &chat.Undo{Tool: "cancel_table"},
		SecretNames: []string{"DESK_KEY"},
		Sealed:      []byte("sealed"),
		Version:     3,
		CreatedAt:   noon,
		UpdatedAt:   noon,
		HTTP: &chat.HTTPTool{
			Method:  "POST",
			URL:     "https://desk.example.com/tables/{guests}",
			Headers: map[string]string{"Authorization": "Bearer {secret.DESK_KEY}"},
			Schema: []byte(
				`{"type":"object","properties":{"guests":{"type":"integer"}},"required":["guests"],` +
					`"additionalProperties":false}`,
			),
		},
	}
}

func taxiServer() chat.ToolDefinition {
	return chat.ToolDefinition{
		ID:          5,
		WorkspaceID: home,
		Kind:        chat.ToolMCP,
		Name:        "concierge",
		Enabled:     true,
		Risk:        chat.RiskWrite,
		Timeout:     10 * time.Second,
		Version:     1,
		CreatedAt:   noon,
		UpdatedAt:   noon,
		MCP: &chat.MCPServer{
			URL:          "https://mcp.example.com",
			DiscoveredAt: &noon,
			MCPListing: chat.MCPListing{Discovered: []chat.MCPTool{{
				Name: "order_taxi", Description: "Order a taxi", Schema: []byte(`{"type":"object",` +
					`"properties":{"at":{"type":"string"}},"required":["at"]}`),
			}}},
		},
	}
}

func (f *fakeStore) CreateTool(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	d chat.ToolDefinition,
) (chat.ToolDefinition, error) {
	f.stored = d
	d.ID = 4
	d.Version = 1
	d.CreatedAt = noon
	d.UpdatedAt = noon

	return d, f.change("CreateTool")
}

func (f *fakeStore) Tools(
	_ context.Context,
	_ chat.WorkspaceID,
	filter chat.ToolFilter,
) (chat.List[chat.ToolDefinition], error) {
	f.toolFilter = filter
	if filter.Cursor != "" {
		cancel := bookTool()
		cancel.ID = 6
		cancel.Name = "cancel_table"
		cancel.Undo = nil

		return chat.List[chat.ToolDefinition]{Items: []chat.ToolDefinition{cancel}}, f.fail
	}

	return chat.List[chat.ToolDefinition]{
		Items:      []chat.ToolDefinition{bookTool(), taxiServer()},
		NextCursor: "next",
	}, f.fail
}

func (f *fakeStore) Tool(_ context.Context, _ chat.WorkspaceID, id chat.ToolID) (chat.ToolDefinition, error) {
	if f.definition != nil {
		return f.definition(id)
	}

	if f.server {
		return taxiServer(), nil
	}

	if id == taxiServer().ID {
		return taxiServer(), nil
	}

	return bookTool(), nil
}

func (f *fakeStore) UpdateTool(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	d chat.ToolDefinition,
) (chat.ToolDefinition, error) {
	f.stored = d
	return d, f.changeAlone("UpdateTool")
}

func (f *fakeStore) ReviewTool(
	context.Context,
	chat.WorkspaceID,
	chat.Actor,
	chat.ToolDefinition,
) (chat.ToolReview, error) {
	return chat.ToolReview{NeedsSecond: f.needsSecond}, nil
}

func (f *fakeStore) DeleteTool(context.Context, chat.WorkspaceID, chat.Actor, chat.ToolID) error {
	return f.change("DeleteTool")
}

func (f *fakeStore) SaveDiscovered(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	in chat.Discovery,
) error {
	f.discovered = in.Listing.Discovered
	return f.change("SaveDiscovered")
}

func (f *fakeStore) BeginToolTest(_ context.Context, _ chat.WorkspaceID, _ chat.Actor, in chat.ToolTest) error {
	f.tested = in
	return f.changeAlone("BeginToolTest")
}

func (f *fakeStore) ChatTools(context.Context, chat.WorkspaceID, chat.ChatID) ([]chat.Tool, error) {
	if f.chatTools != nil {
		return f.chatTools, f.fail
	}

	book, taxi := bookTool(), taxiServer()

	return append(append(chat.Builtins(), book.Tools()...), taxi.Tools()...), f.fail
}

func (f *fakeStore) ToolCalls(
	_ context.Context,
	_ chat.WorkspaceID,
	filter chat.ToolCallFilter,
) (chat.List[chat.ListedToolCall], error) {
	f.callFilter = filter

	return chat.List[chat.ListedToolCall]{
		Items: []chat.ListedToolCall{{
			ToolCall: chat.ToolCall{
				ID:        "undo_call_1",
				Name:      "cancel_table",
				State:     chat.ToolCallUnknown,
				Kind:      chat.ToolHTTP,
				Risk:      chat.RiskWrite,
				Attempts:  1,
				Where:     "POST https://desk.example.com/tables",
				Key:       "m1-1",
				ErrorCode: "timeout",
				Error:     "the tool has not answered in time",
			},
			ActionID:  actionOne,
			ChatID:    chatOne,
			Undoes:    "call_1",
			UpdatedAt: noon,
		}},
		NextCursor: "older",
	}, f.fail
}

func (f *fakeStore) ToolCallMessages(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.ChatID,
	callID string,
	page chat.Page,
) (chat.List[chat.Message], error) {
	f.callID = callID

	list := chat.List[chat.Message]{Items: []chat.Message{outboundMessage()}}
	if page.Total {
		list.Total = new(1)
	}

	return list, f.fail
}
