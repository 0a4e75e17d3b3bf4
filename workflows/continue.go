package workflows

import (
	"errors"

	"go.temporal.io/sdk/workflow"
)

// errHistoryLong ends a wait because the workflow is to go on with an empty history. Temporal
// terminates a workflow whose history has grown too long.
var errHistoryLong = errors.New("the history is long: the workflow goes on with a new one")

// checkHistory returns errHistoryLong when Temporal suggests to continue as new. It is asked
// before each wait, and only when the callers have their answers.
func checkHistory(ctx workflow.Context) error {
	if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
		return errHistoryLong
	}

	return nil
}

// continueAsNew begins the workflow anew with the input that it had. Nothing is carried over:
// every step that was done is found in the store, and is not done again, just as when the
// workflow was ended in Temporal and is asked for once more.
func continueAsNew(ctx workflow.Context, workflowType string, in any) error {
	if err := awaitAnswers(ctx); err != nil {
		return err
	}

	return workflow.NewContinueAsNewError(ctx, workflowType, in)
}
