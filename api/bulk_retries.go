package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"handrail/chat"
)

// BulkFilterJSON chooses deliveries. The type is exported because huma finds the fields
// of what is embedded in exported types only.
type BulkFilterJSON struct {
	Status    deliveryStatus `json:"status,omitempty"`
	Channel   channelJSON    `json:"channel,omitempty"`
	ErrorCode string         `json:"error_code,omitempty" maxLength:"100" example:"twilio_30003"`
	ChatID    chat.ChatID    `json:"chat_id,omitempty" minimum:"1"`
	Since     *time.Time     `json:"since,omitempty" doc:"Made at this time or later."`
	Until     *time.Time     `json:"until,omitempty" doc:"Made before this time."`
}

func (f *BulkFilterJSON) filter() (chat.DeliveryFilter, error) {
	filter := chat.DeliveryFilter{
		Status:    string(f.Status),
		Channel:   chat.Channel(f.Channel),
		ErrorCode: f.ErrorCode,
		ChatID:    f.ChatID,
		Since:     chat.UTC(f.Since),
		Until:     chat.UTC(f.Until),
	}
	switch {
	case filter == (chat.DeliveryFilter{}):
		return filter, chat.Invalid(
			"body",
			"must name at least one of status, channel, error_code, chat_id, since, until: everything is too much",
		)

	case f.Since != nil && f.Until != nil && !f.Since.Before(*f.Until):
		return filter, chat.Invalid("until", "must be after since")
	}

	return filter, nil
}

func presentFilter(f chat.DeliveryFilter) BulkFilterJSON {
	return BulkFilterJSON{
		Status:    deliveryStatus(f.Status),
		Channel:   channelJSON(f.Channel),
		ErrorCode: f.ErrorCode,
		ChatID:    f.ChatID,
		Since:     chat.UTC(f.Since),
		Until:     chat.UTC(f.Until),
	}
}

// newBulkRetryJSON asks for many deliveries to be tried again.
type newBulkRetryJSON struct {
	BulkFilterJSON
	DryRun bool   `json:"dry_run,omitempty" doc:"Only count what would be tried again."`
	Rate   *int   `json:"rate_per_second,omitempty" minimum:"1" maximum:"50" default:"5" doc:"How many are begun in a second."`
	Canary *int   `json:"canary,omitempty" minimum:"0" maximum:"100" default:"5" doc:"How many are tried first. The rest waits for their outcome, and the run pauses when the provider did not take one of them. 0 is none."`
	Reason string `json:"reason,omitempty" doc:"Why, for the audit log: at most 500 characters. Needed unless it is a dry run."`
}

// dryRunJSON is what a bulk retry would do.
type dryRunJSON struct {
	DryRun bool            `json:"dry_run"`
	Count  int             `json:"count" doc:"How many deliveries would be tried again."`
	Groups []bulkGroupJSON `json:"groups"`
}

type bulkGroupJSON struct {
	Status    string `json:"status"`
	ErrorCode string `json:"error_code"`
	Count     int    `json:"count"`
}

// bulkRetryJSON is a bulk retry and how far it has come.
type bulkRetryJSON struct {
	ID         chat.ActionID  `json:"id" format:"uuid"`
	State      chat.BulkState `json:"state" enum:"running,paused,finished,canceled" doc:"finished: all were begun; by_status tells what became of them."`
	Note       string         `json:"note" doc:"Why it is paused or canceled, or what it does."`
	Filter     BulkFilterJSON `json:"filter"`
	Rate       int            `json:"rate_per_second"`
	Canary     int            `json:"canary"`
	Reason     string         `json:"reason"`
	MemberID   chat.MemberID  `json:"member_id" doc:"Who asked for it."`
	Selected   int            `json:"selected" doc:"How many deliveries it set out to retry."`
	Begun      int            `json:"begun" doc:"How many it has begun."`
	Skipped    int            `json:"skipped" doc:"How many could not be retried any more when their turn came."`
	ByStatus   map[string]int `json:"by_status" doc:"How those that were begun stand now."`
	WorkflowID string         `json:"workflow_id,omitempty" doc:"Where operators find it in the Temporal UI."`
	CreatedAt  time.Time      `json:"created_at"`
	UpdatedAt  time.Time      `json:"updated_at"`
}

func presentBulk(r chat.BulkRetry) bulkRetryJSON {
	shown := bulkRetryJSON{
		ID:         r.ID,
		State:      r.State,
		Note:       r.Note,
		Filter:     presentFilter(r.Filter),
		Rate:       r.Rate,
		Canary:     r.Canary,
		Reason:     r.Reason,
		MemberID:   r.By.MemberID,
		Selected:   r.Selected,
		Begun:      r.Begun,
		Skipped:    r.Skipped,
		ByStatus:   r.ByStatus,
		WorkflowID: r.WorkflowID,
		CreatedAt:  r.CreatedAt.UTC(),
		UpdatedAt:  r.UpdatedAt.UTC(),
	}
	if shown.ByStatus == nil {
		shown.ByStatus = map[string]int{}
	}

	return shown
}

func exampleRun(state chat.BulkState, note string) bulkRetryJSON {
	started := chat.NewBulkRetry{
		ID:     exampleBulk,
		By:     chat.Actor{MemberID: 3},
		Filter: chat.DeliveryFilter{Status: "undelivered", ErrorCode: "twilio_30003"},
		Rate:   chat.DefaultBulkRate,
		Canary: 5,
		Reason: "The provider's outage is over.",
	}

	return presentBulk(chat.BulkRetry{
		NewBulkRetry: started,
		State:        state,
		Note:         note,
		Selected:     40,
		Begun:        12,
		Skipped:      1,
		ByStatus:     map[string]int{"delivered": 10, "pending": 2},
		WorkflowID:   "action:11111111-1111-4111-8111-111111111111:" + exampleBulk,
		CreatedAt:    exampleTime,
		UpdatedAt:    exampleTime,
	})
}

func (s *service) bulkRetryRoutes() {
	admin := withScope(chat.ScopeDeliveriesAdmin)
	running := exampleRun(chat.BulkRunning, "")

	registerRoute(s, s.retryDeliveries, route{
		method:  http.MethodPost,
		path:    "/deliveries/retry",
		access:  admin,
		id:      "retryDeliveries",
		tag:     tagDeliveries,
		summary: "Retry deliveries in bulk",
		acts:    true,
		running: running,
		description: "Those that fit the filter and may be retried, one after the other, at a steady rate. With " +
			"`dry_run` it only counts them. Otherwise it answers 202 with the bulk retry, which can be watched, " +
			"paused, resumed and canceled.",
		request: newBulkRetryJSON{
			BulkFilterJSON: BulkFilterJSON{Status: "undelivered", ErrorCode: "twilio_30003"},
			Rate:           new(chat.DefaultBulkRate),
			Canary:         new(defaultCanary),
			Reason:         "The provider's outage is over.",
		},
		answer: dryRunJSON{
			DryRun: true,
			Count:  40,
			Groups: []bulkGroupJSON{{Status: "undelivered", ErrorCode: "twilio_30003", Count: 40}},
		},
		problems: []chat.Code{chat.CodeIdempotencyKeyReused},
	})

	registerRoute(s, s.listBulkRetries, route{
		method:      http.MethodGet,
		path:        "/bulk-retries",
		access:      withScope(chat.ScopeDeliveriesRead),
		id:          "listBulkRetries",
		tag:         tagDeliveries,
		summary:     "List bulk retries",
		description: "The newest first.",
		answer:      listOf(running),
	})

	registerRoute(s, s.getBulkRetry, route{
		method:   http.MethodGet,
		path:     "/bulk-retries/{bulk_retry_id}",
		access:   withScope(chat.ScopeDeliveriesRead),
		id:       "getBulkRetry",
		tag:      tagDeliveries,
		summary:  "Get a bulk retry",
		answer:   running,
		problems: []chat.Code{chat.CodeBulkRetryNotFound},
	})

	s.bulkRetryCommandRoutes()
}

// bulkRetryCommandRoutes registers the routes that pause, resume and cancel a bulk retry.
func (s *service) bulkRetryCommandRoutes() {
	admin := withScope(chat.ScopeDeliveriesAdmin)

	for _, move := range []struct {
		verb, id, summary, description string
		to                             chat.BulkState
	}{
		{"pause", "pauseBulkRetry", "Pause a bulk retry", "No more begin; what has begun goes on.", chat.BulkPaused},
		{"resume", "resumeBulkRetry", "Resume a bulk retry", "From where it was paused.", chat.BulkRunning},
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

// defaultCanary is how many deliveries of a bulk retry are tried first.
const defaultCanary = 5

type retryDeliveriesInput struct {
	ActionHeaders
	Body newBulkRetryJSON
}

func (s *service) retryDeliveries(ctx context.Context, in *retryDeliveriesInput) (*actionResponse, error) {
	filter, err := in.Body.filter()
	if err != nil {
		return nil, err
	}

	reason := strings.TrimSpace(in.Body.Reason)
	if err := checkReason(reason, !in.Body.DryRun); err != nil {
		return nil, err
	}

	c := callFrom(ctx)
	if in.Body.DryRun {
		groups, err := s.store.CountRetryCandidates(ctx, c.workspace(), filter)
		return &actionResponse{Status: http.StatusOK, Body: presentDryRun(groups)}, err
	}

	asked := chat.NewBulkRetry{
		ID:             s.engine.ActionID(c.workspace(), in.IdempotencyKey),
		WorkspaceID:    c.workspace(),
		By:             c.actor(),
		IdempotencyKey: in.IdempotencyKey,
		Filter:         filter,
		Rate:           valueOr(in.Body.Rate, chat.DefaultBulkRate),
		Canary:         valueOr(in.Body.Canary, defaultCanary),
		Reason:         reason,
	}

	asked.Fingerprint, err = fingerprintOf(chat.ActionRetryDeliveries, 0, map[string]any{
		"status":          filter.Status,
		"channel":         filter.Channel,
		"error_code":      filter.ErrorCode,
		"chat_id":         filter.ChatID,
		"since":           filter.Since,
		"until":           filter.Until,
		"rate_per_second": asked.Rate,
		"canary":          asked.Canary,
		"reason":          reason,
	})
	if err != nil {
		return nil, err
	}

	return s.beginBulkRetry(ctx, asked, parsePrefer(in.Prefer, s.wait))
}

func presentDryRun(groups []chat.RetryCount) dryRunJSON {
	shown := dryRunJSON{DryRun: true, Groups: make([]bulkGroupJSON, len(groups))}
	for i, g := range groups {
		shown.Count += g.Count
		shown.Groups[i] = bulkGroupJSON{Status: g.Status, ErrorCode: g.ErrorCode, Count: g.Count}
	}

	return shown
}

// beginBulkRetry begins a bulk retry once, however often it is asked for under one key.
func (s *service) beginBulkRetry(ctx context.Context, asked chat.NewBulkRetry, p preference) (*actionResponse, error) {
	location := callFrom(ctx).path("/bulk-retries/" + string(asked.ID))

	if asked.IdempotencyKey != "" {
		run, err := s.store.BulkRetry(ctx, asked.WorkspaceID, asked.ID)
		if err == nil {
			err = run.Fingerprint.Match(asked.Fingerprint)
		}

		if chat.CodeOf(err) == chat.CodeBulkRetryNotFound {
			err = s.refuseUsedKey(ctx, asked.ID, err)
		}

		switch {
		case err == nil:
			return &actionResponse{
				Status:   http.StatusAccepted,
				Location: location,
				Body:     presentBulk(run),
				Applied:  p.applied,
				Replayed: flagText(true),
			}, nil

		case chat.CodeOf(err) != chat.CodeBulkRetryNotFound:
			return nil, err
		}
	}

	waiting, done := s.untilStopping(ctx)
	defer done()

	answer, err := s.engine.RetryDeliveries(waiting, asked, p.wait)
	if errors.Is(err, chat.ErrStillRunning) {
		// It has no row yet, and will have one: it is recorded.
		now := time.Now()
		err = nil
		answer.Value = chat.BulkRetry{
			NewBulkRetry: asked,
			State:        chat.BulkRunning,
			CreatedAt:    now,
			UpdatedAt:    now,
		}
	}

	if err != nil {
		return nil, ofAction(err, asked.ID)
	}

	replayed := answer.Replayed && asked.IdempotencyKey != ""

	return &actionResponse{
		Status:   http.StatusAccepted,
		Location: location,
		Body:     presentBulk(answer.Value),
		Applied:  p.applied,
		Replayed: flagText(replayed),
	}, nil
}

func (s *service) listBulkRetries(ctx context.Context, in *pagedInput) (*listOutput[bulkRetryJSON], error) {
	part, err := s.store.BulkRetries(ctx, callFrom(ctx).workspace(), in.page())
	return presentList(part, err, presentBulk)
}

type bulkRetryPath struct {
	BulkRetryID chat.ActionID `inPath:"bulk_retry_id"`
}

type bulkOutput struct{ Body bulkRetryJSON }

func (s *service) getBulkRetry(ctx context.Context, in *bulkRetryPath) (*bulkOutput, error) {
	c := callFrom(ctx)

	run, err := s.store.BulkRetry(ctx, c.workspace(), in.BulkRetryID)
	if err != nil {
		return nil, err
	}

	return &bulkOutput{Body: presentBulk(run)}, nil
}

type moveInput struct {
	bulkRetryPath

	Body reasonJSON
}

// moveBulkRetry stores the new state, and signals the workflow before it answers: a
// paused one waits for nothing else.
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
				"the bulk retry is marked as %s, but its workflow could not be told; ask again",
				to,
			).Because(err)
			e.Retryable = true

			return nil, e
		}

		return &bulkOutput{Body: presentBulk(run)}, nil
	}
}
