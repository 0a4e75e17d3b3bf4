package mcpserver

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// tool is one thing that an assistant may do.
type tool struct {
	definition mcp.Tool
	// scopes are those that its requests need, for people who choose a key.
	scopes []string
	// route is what it asks the API first of all, as the OpenAPI document names it.
	route string
	run   func(context.Context, *caller, *mcp.CallToolRequest) (*mcp.CallToolResult, error)
}

// effect is what a tool does to the world.
type effect int

const (
	// reads changes nothing.
	reads effect = iota
	// adds changes something that can be changed again, and takes nothing away.
	adds
	// commits does what cannot be taken back, or takes something away.
	commits
)

// toolDoc is what a tool is, in words.
type toolDoc struct {
	name, title, description string
	effect                   effect
	// repeatable reports whether a second call with the same arguments does nothing more.
	repeatable bool
	// reachesOut reports whether the call reaches people or systems outside Handrail.
	reachesOut bool
	scopes     []string
	route      string
}

// result is what a tool answers.
type result interface {
	// sentence says it in a sentence or two.
	sentence() string
}

// newTool returns a tool whose arguments are an In and whose answer is an Out.
func newTool[In any, Out result](doc toolDoc, run func(context.Context, *caller, *In) (Out, error)) *tool {
	arguments := newSchema(reflect.TypeFor[In]())

	return &tool{
		definition: mcp.Tool{
			Name:         doc.name,
			Title:        doc.title,
			Description:  doc.description,
			InputSchema:  arguments,
			OutputSchema: newSchema(reflect.TypeFor[Out]()),
			Annotations: &mcp.ToolAnnotations{
				Title:           doc.title,
				ReadOnlyHint:    doc.effect == reads,
				DestructiveHint: new(doc.effect == commits),
				IdempotentHint:  doc.effect == reads || doc.repeatable,
				OpenWorldHint:   new(doc.reachesOut),
			},
		},
		scopes: doc.scopes,
		route:  doc.route,
		run: func(ctx context.Context, by *caller, request *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			checked, err := checkArguments(arguments, request.Params.Arguments)
			if err != nil {
				return nil, err
			}

			in := new(In)
			if err = json.Unmarshal(checked, in); err != nil {
				return nil, fmt.Errorf("decode checked arguments: %w", err)
			}

			if keyed, ok := any(in).(keyedArguments); ok {
				keyed.chooseKey(request.Params.GetMeta())
			}

			out, err := run(ctx, by, in)
			if err != nil {
				return nil, keepKey(err, in)
			}

			return newResult(out)
		},
	}
}

// newResult is an answer as structured content, and in words for clients that show only those to their model.
func newResult(out result) (*mcp.CallToolResult, error) {
	encoded, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encode an answer: %w", err)
	}

	return &mcp.CallToolResult{
		StructuredContent: json.RawMessage(encoded),
		Content: []mcp.Content{
			&mcp.TextContent{Text: out.sentence()},
			&mcp.TextContent{Text: string(encoded)},
		},
	}, nil
}

// allTools are the tools in the order in which they are listed in the manual.
func allTools() []*tool {
	return []*tool{
		listChatsTool(),
		readChatTool(),
		findPeopleTool(),
		sendMessageTool(),
		messagePersonTool(),
		addParticipantTool(),
		summarizeChatTool(),
		listStuckTool(),
		getDeliveryTool(),
		retryDeliveryTool(),
		listApprovalsTool(),
		showApprovalTool(),
		decideApprovalTool(),
		getActionTool(),
		cancelActionTool(),
	}
}
