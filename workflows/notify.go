package workflows

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"

	"handrail/chat"
)

// ErrGone says that there is no open workflow under an id.
var ErrGone = errors.New("the workflow is not open")

// Notify tells a workflow how its delivery stands now, or, with an empty receipt, to look.
// It is best effort: workflows look for themselves too. One that is closed is no error.
func (c *Client) Notify(ctx context.Context, workflowID string, r chat.DeliverySnapshot) error {
	if err := c.Signal(ctx, workflowID, r); err != nil && !errors.Is(err, ErrGone) {
		return err
	}

	return nil
}

// Nudge is Notify for whoever must know whether the workflow is open: [ErrGone] when not.
func (c *Client) Signal(ctx context.Context, workflowID string, r chat.DeliverySnapshot) error {
	err := c.temporal.SignalWorkflow(ctx, workflowID, "", signalChanged, r)
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return ErrGone
	}

	if err != nil {
		return fmt.Errorf("signal workflow %s: %w", workflowID, err)
	}

	return nil
}
