package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"handrail/chat"
	"handrail/schema"
)

// checks knows what arguments the tools of sends take. The schemas of built-in tools are
// compiled once.
type checks struct {
	builtin map[string]*schema.Schema
}

func newChecks() (*checks, error) {
	c := &checks{builtin: map[string]*schema.Schema{}}

	for _, t := range chat.Builtins() {
		compiled, err := schema.Compile("schema", t.Schema)
		if err != nil {
			return nil, fmt.Errorf("compile the schema of tool %s: %w", t.Name, err)
		}

		c.builtin[t.Name] = compiled
	}

	return c, nil
}

// check validates every call before the first one runs, and says which tool each is of:
// unknown_tool, or invalid_tool_arguments naming each path and rule.
func (c *checks) check(calls []chat.ToolCall, facts *chat.SendFacts) ([]chat.Tool, error) {
	tools := make([]chat.Tool, len(calls))
	for i, call := range calls {
		field := fmt.Sprintf("tool_calls[%d]", i)

		at := slices.IndexFunc(facts.Tools, func(t chat.Tool) bool { return t.Name == call.Name })
		if at < 0 {
			return nil, chat.InvalidAs(
				chat.CodeUnknownTool,
				field+".name",
				"must be a tool of this chat, %q is none; GET /chats/{id}/tools lists them",
				call.Name,
			)
		}

		tools[i] = facts.Tools[at]

		compiled, err := c.schema(&tools[i])
		if err != nil {
			return nil, err
		}

		field += ".arguments"
		if err := compiled.Check(chat.CodeInvalidToolArguments, field, call.Arguments); err != nil {
			return nil, err
		}

		if err := tools[i].CheckURLArguments(field, call.Arguments); err != nil {
			return nil, err
		}

		if err := checkMeaning(call, field, facts); err != nil {
			return nil, err
		}
	}

	return tools, nil
}

func (c *checks) schema(t *chat.Tool) (*schema.Schema, error) {
	if compiled, ok := c.builtin[t.Name]; ok {
		return compiled, nil
	}

	compiled, err := schema.Compile("schema", t.Schema)
	if err != nil {
		return nil, fmt.Errorf("compile the schema of tool %s: %w", t.Name, err)
	}

	return compiled, nil
}

// checkMeaning refuses what a schema cannot know of while nothing has happened yet.
func checkMeaning(call chat.ToolCall, field string, facts *chat.SendFacts) error {
	switch call.Name {
	case chat.ToolAddLabel:
		return checkLabel(call, field+".label", facts.Labels)
	case chat.ToolAskContributor:
		return checkQuestion(call, field, facts)
	}

	return nil
}

// checkLabel refuses a label that the workspace does not have.
func checkLabel(call chat.ToolCall, field string, labels []chat.Label) error {
	arguments, err := decodeArguments[labelArguments](call.Arguments)
	if err != nil {
		return err
	}

	if _, ok := chat.FindLabel(labels, arguments.Label); !ok {
		return chat.InvalidAs(
			chat.CodeInvalidToolArguments,
			field,
			"must be the name of a label of this workspace, %q is none",
			arguments.Label,
		)
	}

	return nil
}

type (
	labelArguments struct{ Label string }
	titleArguments struct{ Title string }
	stateArguments struct{ State chat.State }
	humanArguments struct{ Reason string }
)

// decodeArguments keeps numbers as they are written: an id above 2^53 is no float64.
func decodeArguments[T any](arguments json.RawMessage) (T, error) {
	var value T

	decoder := json.NewDecoder(bytes.NewReader(arguments))
	decoder.UseNumber()

	if err := decoder.Decode(&value); err != nil {
		return value, chat.Errorf(chat.CodeInvalidToolArguments, "the arguments are not what the tool's schema "+
			"describes").
			Because(err)
	}

	return value, nil
}

// builtin runs one built-in tool and says what it did.
type builtin func(ctx context.Context, editor chat.ChatEditor, arguments json.RawMessage) (any, error)

var builtins = map[string]builtin{
	chat.ToolAddLabel: withArguments(func(ctx context.Context, e chat.ChatEditor, in labelArguments) (any, error) {
		return map[string]string{"added": in.Label}, e.AddLabel(ctx, in.Label)
	}),
	chat.ToolRemoveLabel: withArguments(func(ctx context.Context, e chat.ChatEditor, in labelArguments) (any, error) {
		return map[string]string{"removed": in.Label}, e.RemoveLabel(ctx, in.Label)
	}),
	chat.ToolSetTitle: withArguments(func(ctx context.Context, e chat.ChatEditor, in titleArguments) (any, error) {
		return map[string]string{"title": in.Title}, e.SetTitle(ctx, in.Title)
	}),
	chat.ToolSetState: withArguments(func(ctx context.Context, e chat.ChatEditor, in stateArguments) (any, error) {
		return map[string]string{"state": string(in.State)}, e.SetState(ctx, in.State)
	}),
	chat.ToolTalkToHuman: withArguments(func(ctx context.Context, e chat.ChatEditor, in humanArguments) (any, error) {
		return map[string]bool{"needs_response": true}, e.CallHuman(ctx, in.Reason)
	}),
}

func withArguments[T any](run func(context.Context, chat.ChatEditor, T) (any, error)) builtin {
	return func(ctx context.Context, e chat.ChatEditor, arguments json.RawMessage) (any, error) {
		in, err := decodeArguments[T](arguments)
		if err != nil {
			return nil, err
		}

		return run(ctx, e, in)
	}
}

func runBuiltin(
	ctx context.Context,
	e chat.ChatEditor,
	name string,
	arguments json.RawMessage,
) (json.RawMessage, error) {
	run, ok := builtins[name]
	if !ok {
		return nil, chat.Errorf(chat.CodeUnknownTool, "there is no tool %q", name)
	}

	result, err := run(ctx, e, arguments)
	if err != nil {
		return nil, err
	}

	encoded, err := json.Marshal(result)
	if err != nil {
		return nil, fmt.Errorf("encode the result of tool %s: %w", name, err)
	}

	return encoded, nil
}

var sharedChecks = sync.OnceValues(newChecks)

// CheckCalls makes the checks of [Activities.PrepareSend] on the tool calls of a send before it begins. It returns
// unknown_tool and invalid_tool_arguments.
func CheckCalls(calls []chat.ToolCall, facts *chat.SendFacts) error {
	c, err := sharedChecks()
	if err != nil {
		return err
	}

	_, err = c.check(calls, facts)

	return err
}
