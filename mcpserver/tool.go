package mcpserver

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// tool is a tool of the server.
type tool struct {
	definition mcp.Tool
	// scopes are the scopes that an API key needs for the tool.
	scopes []string
	// route is the operation id of the tool's first request to the API.
	route string
	run   func(context.Context, *caller, *mcp.CallToolRequest) (*mcp.CallToolResult, error)
}

// effect is how much a tool changes.
type effect int

const (
	// reads is the effect of a tool that changes nothing.
	reads effect = iota
	// adds is the effect of a tool whose changes can be changed again, and that removes nothing.
	adds
	// commits is the effect of a tool that does what cannot be undone, or removes something.
	commits
)

// toolDoc describes a tool.
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

// result is the answer of a tool.
type result interface {
	// sentence returns the answer in a sentence or two.
	sentence() string
}

// newTool returns a tool whose arguments are decoded into an In and whose answer is an Out.
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
				return nil, addKey(err, in)
			}

			return newResult(out)
		},
	}
}

// newResult returns an answer as structured content, and as text for clients that show only text to their model.
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

// allTools returns the tools in the order of the manual.
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
