package api

import (
	"context"
	"net/http"
	"strings"

	"handrail/chat"
)

// bulkRetryCommandRoutes registers the routes that pause, resume and cancel a bulk retry.
func (s *service) bulkRetryCommandRoutes() {
	registerRoute(s, s.pauseBulkRetry, bulkMoveRoute("pause", chat.BulkPaused, route{
		id:          "pauseBulkRetry",
		summary:     "Pause a bulk retry",
		description: "No more begin; what has begun goes on.",
	}))

	registerRoute(s, s.resumeBulkRetry, bulkMoveRoute("resume", chat.BulkRunning, route{
		id:          "resumeBulkRetry",
		summary:     "Resume a bulk retry",
		description: "It begins with a canary again.",
	}))

	registerRoute(s, s.cancelBulkRetry, bulkMoveRoute("cancel", chat.BulkCanceled, route{
		id:          "cancelBulkRetry",
		summary:     "Cancel a bulk retry",
		description: "For good. What was begun goes on.",
	}))

	registerRoute(s, s.updateBulkRetry, route{
		method:      http.MethodPatch,
		path:        "/bulk-retries/{bulk_retry_id}",
		access:      withScope(chat.ScopeDeliveriesAdmin),
		id:          "updateBulkRetry",
		tag:         tagDeliveries,
		summary:     "Change the rate of a bulk retry",
		description: "One that runs goes on at the new rate; one that is paused stays so.",
		request:     bulkRateJSON{Reason: exampleMoveReason.Reason, Rate: 1},
		answer:      exampleRun(chat.BulkRunning, exampleMoveReason.Reason),
		problems:    []chat.Code{chat.CodeBulkRetryNotFound, chat.CodeConflict},
	})
}

var exampleMoveReason = reasonJSON{Reason: "Too many at once for the support team."}

// bulkMoveRoute completes the route of a move.
func bulkMoveRoute(verb string, to chat.BulkState, r route) route {
	r.method = http.MethodPost
	r.path = "/bulk-retries/{bulk_retry_id}/" + verb
	r.access = withScope(chat.ScopeDeliveriesAdmin)
	r.tag = tagDeliveries
	r.description += " It may be asked twice."
	r.answer = exampleRun(to, exampleMoveReason.Reason)
	r.problems = []chat.Code{chat.CodeBulkRetryNotFound, chat.CodeConflict}
	r.request = exampleMoveReason
	r.repeatable = true

	return r
}

type moveInput struct {
	bulkRetryPath

	Body reasonJSON
}

// bulkRateJSON changes how fast a bulk retry goes on.
type bulkRateJSON struct {
	Reason string `json:"reason,omitempty" doc:"Why, for the audit log, up to 500 characters."`
	Rate   int    `json:"rate_per_second,omitempty" minimum:"1" maximum:"50" doc:"How many are begun in a second from now on."`
}

type bulkRateInput struct {
	bulkRetryPath

	Body bulkRateJSON
}

func (s *service) pauseBulkRetry(ctx context.Context, in *moveInput) (*bulkOutput, error) {
	return s.moveBulkRetry(ctx, chat.BulkMove{ID: in.BulkRetryID, To: chat.BulkPaused, Note: in.Body.Reason})
}

func (s *service) resumeBulkRetry(ctx context.Context, in *moveInput) (*bulkOutput, error) {
	return s.moveBulkRetry(ctx, chat.BulkMove{ID: in.BulkRetryID, To: chat.BulkRunning, Note: in.Body.Reason})
}

func (s *service) cancelBulkRetry(ctx context.Context, in *moveInput) (*bulkOutput, error) {
	return s.moveBulkRetry(ctx, chat.BulkMove{ID: in.BulkRetryID, To: chat.BulkCanceled, Note: in.Body.Reason})
}

func (s *service) updateBulkRetry(ctx context.Context, in *bulkRateInput) (*bulkOutput, error) {
	if in.Body.Rate == 0 {
		return nil, chat.Invalid("rate_per_second", "is missing: nothing else of a bulk retry can be changed")
	}

	return s.moveBulkRetry(ctx, chat.BulkMove{ID: in.BulkRetryID, Rate: in.Body.Rate, Note: in.Body.Reason})
}

// moveBulkRetry stores the new state or rate, and signals the workflow before it answers, because a paused workflow
// waits only for a signal.
func (s *service) moveBulkRetry(ctx context.Context, move chat.BulkMove) (*bulkOutput, error) {
	c := callFrom(ctx)

	move.WorkspaceID = c.workspace()
	move.By = c.actor()
	move.Note = strings.TrimSpace(move.Note)

	if err := checkReason(move.Note, move.To != ""); err != nil {
		return nil, err
	}

	run, err := s.store.SetBulkState(ctx, move)
	if err != nil {
		return nil, err
	}

	notifying, cancel := context.WithTimeout(ctx, notifyWithin)
	defer cancel()

	if err := s.engine.Notify(notifying, run.WorkflowID, chat.DeliverySnapshot{}); err != nil {
		e := chat.Errorf(
			chat.CodeUnavailable,
			"this is stored, but the workflow of the bulk retry could not be signaled; send the request again",
		).Because(err)
		e.Retryable = true

		return nil, e
	}

	return &bulkOutput{Body: presentBulk(run)}, nil
}
