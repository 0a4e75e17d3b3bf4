package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// undoToolCalls takes back what the tool calls of a message that was not delivered have done, the
// newest effect first. What cannot be taken back says so in the store.
func undoToolCalls(ctx workflow.Context, at chat.SendStep) error {
	runs, err := BeginUndo.Local(ctx, "Find what is to be taken back", at)
	if err != nil {
		return err
	}

	for i, run := range runs {
		step, summary := CallTool, fmt.Sprintf("Take back %d of %d: %s", i+1, len(runs), run.Name)
		if run.Kind == chat.ToolBuiltin {
			step = RunTool
		}

		_, err := step.Do(ctx, summary, run)
		if err == nil {
			continue
		}

		_, err = FailUndo.Local(
			ctx,
			"Record that it could not be taken back",
			chat.SendFailure{ToolStep: run.ToolStep, Problem: *problemOf(err)},
		)
		if err != nil {
			return err
		}
	}

	return nil
}

// hasUndoable reports whether any of the calls names what takes it back.
func hasUndoable(calls []chat.ToolCall) bool {
	for _, call := range calls {
		if call.UndoTool != "" {
			return true
		}
	}

	return false
}
