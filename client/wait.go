package client

import (
	"context"
	"errors"
	"time"
)

const (
	// actionWait is how many seconds the server is asked to wait for an action.
	actionWait int64 = 25
	// actionPause is the time between two requests for an action.
	actionPause = time.Second
)

// errNoOutcome is the error of an action in a state that this client does not know, or that has failed without a
// problem.
var errNoOutcome = errors.New("the action has no outcome that this client knows")

// WaitForAction waits until an action, which was answered 202, has ended or is parked. It returns the action with the
// state succeeded, whose Result is the answer 200 of the first request, or with the state parked, if it waits for a
// person or for a later try, as its Explanation says.
// Errors: [Error] with the problem of a failed action, together with the action, and the errors of all requests.
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

		// A server that is stopping answers at once, so pause.
		if !waitBetween(ctx, actionPause) {
			return action, context.Cause(ctx)
		}
	}
}
