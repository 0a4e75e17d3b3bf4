package api

import (
	"context"
	"net/http"
	"strings"

	"handrail/chat"
)

// bulkRetryCommandRoutes registers the routes that pause, resume and cancel a bulk retry.
func (s *service) bulkRetryCommandRoutes() {
	admin := withScope(chat.ScopeDeliveriesAdmin)

	for _, move := range []struct {
		verb, id, summary, description string
		to                             chat.BulkState
	}{
		{"pause", "pauseBulkRetry", "Pause a bulk retry", "No more begin; what has begun goes on.", chat.BulkPaused},
		{"resume", "resumeBulkRetry", "Resume a bulk retry", "It begins with a canary again.", chat.BulkRunning},
		{"cancel", "cancelBulkRetry", "Cancel a bulk retry", "For good. What was begun goes on.", chat.BulkCanceled},
	} {
		registerRoute(s, s.moveBulkRetry(move.to), route{
			method:      http.MethodPost,
			path:        "/bulk-retries/{bulk_retry_id}/" + move.verb,
			access:      admin,
			id:          move.id,
			tag:         tagDeliveries,
			summary:     move.summary,
			description: move.description + " It may be asked twice.",
			request:     reasonJSON{Reason: "Too many at once for the support team."},
			answer:      exampleRun(move.to, "Too many at once for the support team."),
			problems:    []chat.Code{chat.CodeBulkRetryNotFound, chat.CodeConflict},
			repeatable:  true,
		})
	}
}

type moveInput struct {
	bulkRetryPath

	Body reasonJSON
}

// moveBulkRetry stores the new state, and signals the workflow before it answers, because a paused workflow waits only
// for a signal.
func (s *service) moveBulkRetry(to chat.BulkState) func(context.Context, *moveInput) (*bulkOutput, error) {
	return func(ctx context.Context, in *moveInput) (*bulkOutput, error) {
		c := callFrom(ctx)

		reason := strings.TrimSpace(in.Body.Reason)
		if err := checkReason(reason, true); err != nil {
			return nil, err
		}

		run, err := s.store.SetBulkState(ctx, chat.BulkMove{
			WorkspaceID: c.workspace(),
			ID:          in.BulkRetryID,
			By:          c.actor(),
			To:          to,
			Note:        reason,
		})
		if err != nil {
			return nil, err
		}

		notifying, cancel := context.WithTimeout(ctx, notifyWithin)
		defer cancel()

		if err := s.engine.Notify(notifying, run.WorkflowID, chat.DeliverySnapshot{}); err != nil {
			e := chat.Errorf(
				chat.CodeUnavailable,
				"the bulk retry is marked as %s, but its workflow could not be signaled; send the request again",
				to,
			).Because(err)
			e.Retryable = true

			return nil, e
		}

		return &bulkOutput{Body: presentBulk(run)}, nil
	}
}
