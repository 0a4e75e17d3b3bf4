package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"handrail/chat"
)

// toolbox knows the tools that exist and what arguments they take.
type toolbox struct {
	schemas map[string]*jsonschema.Schema
}

func newToolbox(tools []chat.Tool) (*toolbox, error) {
	box := &toolbox{schemas: make(map[string]*jsonschema.Schema, len(tools))}
	for _, t := range tools {
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(t.Schema))
		if err != nil {
			return nil, fmt.Errorf("read the schema of tool %s: %w", t.Name, err)
		}
		compiler := jsonschema.NewCompiler()
		location := "tool:" + t.Name
		if err := compiler.AddResource(location, document); err != nil {
			return nil, fmt.Errorf("add the schema of tool %s: %w", t.Name, err)
		}
		if box.schemas[t.Name], err = compiler.Compile(location); err != nil {
			return nil, fmt.Errorf("compile the schema of tool %s: %w", t.Name, err)
		}
	}
	return box, nil
}

// check validates every call before the first one runs: unknown_tool, or
// invalid_tool_arguments naming each path and rule.
func (b *toolbox) check(calls []chat.ToolCall, labels []chat.Label) error {
	for i, call := range calls {
		field := fmt.Sprintf("tool_calls[%d]", i)
		schema, ok := b.schemas[call.Name]
		if !ok {
			return chat.InvalidAs(chat.CodeUnknownTool, field+".name", "must be a tool of this chat, %q is none; GET /chats/{id}/tools lists them", call.Name)
		}
		if err := checkArguments(schema, field+".arguments", call.Arguments); err != nil {
			return err
		}
		if err := checkLabel(call, field+".arguments.label", labels); err != nil {
			return err
		}
	}
	return nil
}

func checkArguments(schema *jsonschema.Schema, field string, arguments json.RawMessage) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(arguments))
	if err != nil {
		return chat.InvalidAs(chat.CodeInvalidToolArguments, field, "must be a JSON object")
	}
	err = schema.Validate(value)
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if err != nil && !ok {
		return fmt.Errorf("validate tool arguments: %w", err)
	}
	if err == nil {
		return nil
	}
	refused := &chat.Error{Code: chat.CodeInvalidToolArguments, Fields: leaves(invalid, field)}
	refused.Message = refused.Fields[0].Field + " " + refused.Fields[0].Message
	return refused
}

var english = message.NewPrinter(language.English)

// leaves are the rules that were broken, each with the path it was broken at.
func leaves(e *jsonschema.ValidationError, field string) []chat.FieldError {
	if len(e.Causes) == 0 {
		path := strings.Join(append([]string{field}, e.InstanceLocation...), ".")
		return []chat.FieldError{{Field: path, Message: e.ErrorKind.LocalizedString(english)}}
	}
	var all []chat.FieldError
	for _, cause := range e.Causes {
		all = append(all, leaves(cause, field)...)
	}
	return all
}

// checkLabel refuses a label that the workspace does not have while nothing has happened
// yet: the schema can not know them.
func checkLabel(call chat.ToolCall, field string, labels []chat.Label) error {
	if call.Name != chat.ToolAddLabel {
		return nil
	}
	arguments, err := decode[labelArguments](call.Arguments)
	if err != nil {
		return err
	}
	if _, ok := chat.FindLabel(labels, arguments.Label); !ok {
		return chat.InvalidAs(chat.CodeInvalidToolArguments, field, "must be the name of a label of this workspace, %q is none", arguments.Label)
	}
	return nil
}

type (
	labelArguments struct{ Label string }
	titleArguments struct{ Title string }
	stateArguments struct{ State chat.State }
	humanArguments struct{ Reason string }
)

func decode[T any](arguments json.RawMessage) (T, error) {
	var value T
	if err := json.Unmarshal(arguments, &value); err != nil {
		return value, chat.Errorf(chat.CodeInvalidToolArguments, "the arguments are not what the tool's schema describes").Because(err)
	}
	return value, nil
}

// builtin runs one built-in tool and says what it did.
type builtin func(ctx context.Context, editor chat.ChatEditor, arguments json.RawMessage) (any, error)

var builtins = map[string]builtin{
	chat.ToolAddLabel: with(func(ctx context.Context, e chat.ChatEditor, in labelArguments) (any, error) {
		return map[string]string{"added": in.Label}, e.AddLabel(ctx, in.Label)
	}),
	chat.ToolRemoveLabel: with(func(ctx context.Context, e chat.ChatEditor, in labelArguments) (any, error) {
		return map[string]string{"removed": in.Label}, e.RemoveLabel(ctx, in.Label)
	}),
	chat.ToolSetTitle: with(func(ctx context.Context, e chat.ChatEditor, in titleArguments) (any, error) {
		return map[string]string{"title": in.Title}, e.SetTitle(ctx, in.Title)
	}),
	chat.ToolSetState: with(func(ctx context.Context, e chat.ChatEditor, in stateArguments) (any, error) {
		return map[string]string{"state": string(in.State)}, e.SetState(ctx, in.State)
	}),
	chat.ToolTalkToHuman: with(func(ctx context.Context, e chat.ChatEditor, in humanArguments) (any, error) {
		return map[string]bool{"needs_response": true}, e.CallHuman(ctx, in.Reason)
	}),
}

func with[T any](run func(context.Context, chat.ChatEditor, T) (any, error)) builtin {
	return func(ctx context.Context, e chat.ChatEditor, arguments json.RawMessage) (any, error) {
		in, err := decode[T](arguments)
		if err != nil {
			return nil, err
		}
		return run(ctx, e, in)
	}
}

func runBuiltin(ctx context.Context, e chat.ChatEditor, name string, arguments json.RawMessage) (json.RawMessage, error) {
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
