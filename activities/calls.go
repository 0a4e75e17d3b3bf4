package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"handrail/chat"
)

// toolLease is how long, beyond a tool's own time limit, nobody else touches its call: the
// outcome must still be recorded.
const toolLease = 15 * time.Second

// CallTool runs one call of a tool outside. Idempotent by the claim: a call that has an
// outcome is not run again, and one that may have had its effect only if its tool is
// idempotent. "Try again" is an error that says when; what needs a person is a result.
func (a *Activities) CallTool(ctx context.Context, in chat.ToolRun) (chat.ToolCall, error) {
	now := time.Now()

	try, err := a.Store.BeginToolCall(ctx, in.ToolStep, now, toolLease)
	if err != nil {
		return chat.ToolCall{}, err
	}

	if !try.Granted {
		return askForAnotherTry(try.Call, try.WaitUntil, now)
	}

	// A worker that is stopped, or a workflow that is canceled, must not cut the call: its
	// outcome would be unknown.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), try.Definition.Timeout+toolLease+recordWithin)
	defer cancel()

	said := a.Tools.Call(ctx, try.Definition, chat.ToolInvocation{
		Tool:        strings.TrimPrefix(try.Call.Name, try.Definition.Name+"."),
		Arguments:   try.Call.Arguments,
		Key:         try.Key,
		WorkspaceID: in.WorkspaceID,
		ChatID:      try.ChatID,
		MessageID:   try.MessageID,
	})

	finished := time.Now()
	a.Meter.CountToolCall(try.Definition.Kind, said.Kind, finished.Sub(now))

	call, err := persistAnswer(ctx, func() (chat.ToolCall, error) {
		return a.Store.RecordToolCall(ctx, in.ToolStep, try.Fence, said, finished)
	})
	if err != nil {
		return call, err
	}

	var until *time.Time

	if said.RetryAfter > 0 {
		after := finished.Add(said.RetryAfter)
		until = &after
	}

	return askForAnotherTry(call, until, finished)
}

// askForAnotherTry makes a call that is to be tried again an error, so that attempts, last error and
// next try stand in the Temporal UI.
func askForAnotherTry(call chat.ToolCall, until *time.Time, now time.Time) (chat.ToolCall, error) {
	if call.State != chat.ToolCallPending && call.State != chat.ToolCallRunning {
		return call, nil
	}

	later := &chat.RetryLaterError{Code: call.ErrorCode, Message: call.Error}
	if until != nil {
		later.After = max(until.Sub(now), 0)
	}

	if later.Code == "" {
		later.Code, later.Message = string(call.State), "the tool call is "+string(call.State)
	}

	return call, later
}

// BeginUndo finds what a send that was not delivered has to take back. Idempotent: the
// calls that do it are stored once.
func (a *Activities) BeginUndo(ctx context.Context, in chat.SendStep) ([]chat.ToolRun, error) {
	return a.Store.BeginUndo(ctx, in.WorkspaceID, in.ActionID, a.planUndo, time.Now())
}

// planUndo is the call that takes another one back. One that cannot be made has failed.
func (a *Activities) planUndo(call chat.ToolCall, undo chat.Undo, tools []chat.Tool) chat.ToolCall {
	planned := chat.ToolCall{
		ID:        "undo_" + call.ID,
		Name:      undo.Tool,
		Arguments: call.Arguments,
		State:     chat.ToolCallPending,
	}

	var err error
	if len(undo.Arguments) > 0 {
		planned.Arguments, err = fillPlaceholders(undo.Arguments, call)
	}

	if err == nil {
		var found []chat.Tool

		found, err = a.checks.check([]chat.ToolCall{planned}, &chat.SendFacts{Tools: tools})
		if err == nil {
			err = chat.CheckUndoRisk("undo.tool", call.Risk, found[0].Risk)
		}

		if err == nil {
			planned.Kind = found[0].Kind
			planned.Risk = found[0].Risk
			planned.ToolID = found[0].ID
			planned.Idempotent = found[0].Idempotent

			return planned
		}
	}

	e := chat.AsError(err)
	planned.State = chat.ToolCallFailed
	planned.ErrorCode = string(e.Code)
	planned.Error = e.Message

	return planned
}

// fillPlaceholders puts values of the call in the places that undo arguments name.
func fillPlaceholders(arguments json.RawMessage, call chat.ToolCall) (json.RawMessage, error) {
	template, err := decodeArguments[any](arguments)
	if err != nil {
		return nil, err
	}

	from := map[string]any{}

	for name, document := range map[string]json.RawMessage{"arguments": call.Arguments, "result": call.Result} {
		if len(document) == 0 {
			continue
		}

		if from[name], err = decodeArguments[any](document); err != nil {
			return nil, err
		}
	}

	filled, err := substituteReferences(template, from)
	if err != nil {
		return nil, err
	}

	encoded, err := json.Marshal(filled)
	if err != nil {
		return nil, fmt.Errorf("write the arguments of an undo: %w", err)
	}

	return encoded, nil
}

func substituteReferences(value any, from map[string]any) (any, error) {
	switch v := value.(type) {
	case string:
		path, refers := strings.CutPrefix(v, "$")
		if refers && (strings.HasPrefix(path, "arguments.") || strings.HasPrefix(path, "result.")) {
			return pickValue(v, strings.Split(path, "."), from)
		}

	case map[string]any:
		for name, inner := range v {
			filled, err := substituteReferences(inner, from)
			if err != nil {
				return nil, err
			}

			v[name] = filled
		}

	case []any:
		for i, inner := range v {
			filled, err := substituteReferences(inner, from)
			if err != nil {
				return nil, err
			}

			v[i] = filled
		}
	}

	return value, nil
}

// pickValue finds the value at the end of a path of names.
func pickValue(reference string, path []string, from any) (any, error) {
	for _, name := range path {
		object, _ := from.(map[string]any)

		var ok bool
		if from, ok = object[name]; !ok {
			return nil, chat.Errorf(chat.CodeInvalidToolArguments, "the call has no value %s for its undo", reference)
		}
	}

	return from, nil
}

// FailUndo records why a call could not be taken back. Idempotent: one that was taken back
// stays so.
func (a *Activities) FailUndo(ctx context.Context, in chat.SendFailure) (struct{}, error) {
	return struct{}{}, a.Store.FailUndo(ctx, in, time.Now())
}
