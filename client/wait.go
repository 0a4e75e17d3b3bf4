package client

import (
	"context"
	"errors"
	"time"
)

const (
	// actionWait is for how many seconds the server is asked to wait for an action.
	actionWait int64 = 25
	// actionPause is the time between two questions how an action stands.
	actionPause = time.Second
)

// errNoOutcome is what is wrong with an action that neither runs nor says what became of it.
var errNoOutcome = errors.New("the action has no outcome that this client knows")

// WaitForAction follows an action that was answered 202 until it has ended, or waits for more than a moment. It returns
// the action with the state succeeded, whose Result is what the first request would have been answered with, or parked,
// when it waits for a person or for another try, as its Explanation says.
// Errors: [Error] with the problem that the action has failed with, together with the action; those of all requests.
func (a *API) WaitForAction(ctx context.Context, workspace, actionID string) (*WholeAction, error) {
	wait := actionWait

	for {
		answer, err := a.GetActionWithResponse(ctx, workspace, actionID, &GetActionParams{Wait: &wait})
		if err != nil {
			return nil, err
		}

		action := answer.JSON200

		switch {
		case action == nil:
			return nil, &UnexpectedAnswerError{Status: answer.Status()}
		case action.State == ActionStateFailed && action.Problem != nil:
			return action, &Error{Problem: *action.Problem}
		case action.State == ActionStateSucceeded, action.State == ActionStateParked:
			return action, nil
		case action.State != ActionStateRunning:
			return action, &UnexpectedAnswerError{Status: answer.Status(), Err: errNoOutcome}
		}

		// A server that stops answers at once.
		if !waitBetween(ctx, actionPause) {
			return action, context.Cause(ctx)
		}
	}
}
