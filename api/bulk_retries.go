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
	Sender    string         `json:"sender,omitempty" maxLength:"30" doc:"phone: or inbox: and its id, or web." example:"phone:12"`
	Since     *time.Time     `json:"since,omitempty" doc:"Made at this time or later."`
	Until     *time.Time     `json:"until,omitempty" doc:"Made before this time."`
}

func (f *BulkFilterJSON) filter() (chat.DeliveryFilter, error) {
	filter := chat.DeliveryFilter{
		Status:    string(f.Status),
		Channel:   chat.Channel(f.Channel),
		ErrorCode: f.ErrorCode,
		ChatID:    f.ChatID,
		Sender:    f.Sender,
		Since:     chat.UTC(f.Since),
		Until:     chat.UTC(f.Until),
	}
	switch {
	case filter == (chat.DeliveryFilter{}):
		return filter, chat.Invalid(
			"body",
			"must name at least one of status, channel, error_code, chat_id, sender, since, until: "+
				"everything is too much",
		)

	case f.Since != nil && f.Until != nil && !f.Since.Before(*f.Until):
		return filter, chat.Invalid("until", "must be after since")
	}

	return filter, chat.CheckSender("sender", f.Sender)
}

func presentFilter(f chat.DeliveryFilter) BulkFilterJSON {
	return BulkFilterJSON{
		Status:    deliveryStatus(f.Status),
		Channel:   channelJSON(f.Channel),
		ErrorCode: f.ErrorCode,
		ChatID:    f.ChatID,
		Sender:    f.Sender,
		Since:     chat.UTC(f.Since),
		Until:     chat.UTC(f.Until),
	}
}

// newBulkRetryJSON asks for many deliveries to be tried again.
type newBulkRetryJSON struct {
	BulkFilterJSON
	DryRun bool `json:"dry_run,omitempty" doc:"Only count what would be tried again."`
	Rate   *int `json:"rate_per_second,omitempty" minimum:"1" maximum:"50" default:"5" doc:"How many are begun in a second."`
	Canary *int `json:"canary,omitempty" minimum:"0" maximum:"100" default:"5" doc:"How many are tried first, also when it is resumed. The rest waits for their outcome, and the run pauses when one of them fails. 0 is none."`
	// FailurePercent is a [chat.FailureLimit].
	FailurePercent       *int   `json:"pause_at_failure_percent,omitempty" minimum:"1" maximum:"100" default:"20" doc:"After the canary: the run pauses as soon as so many of its last 50 attempts have failed; 20 percent are 10. Skipped deliveries do not count."`
	AllowOverlap         bool   `json:"allow_overlap,omitempty" doc:"Begin also when an unfinished one is to retry some of the same."`
	Reason               string `json:"reason,omitempty" doc:"Why, for the audit log, up to 500 characters. Needed unless it is a dry run."`
	AcknowledgeDuplicate bool   `json:"acknowledge_duplicate,omitempty" doc:"Also retries what may have been sent already, so that it may be sent twice."`
}

// bulkSkippedJSON is a delivery that a bulk retry could not retry.
type bulkSkippedJSON struct {
	DeliveryID chat.DeliveryID `json:"delivery_id" format:"uuid"`
	Reason     string          `json:"reason"`
}

type bulkGroupJSON struct {
	Sender    string `json:"sender"`
	Status    string `json:"status"`
	ErrorCode string `json:"error_code"`
	Count     int    `json:"count"`

	MayDuplicate int `json:"may_duplicate"`
}

// bulkRetryJSON is a bulk retry and how far it has come.
type bulkRetryJSON struct {
	ID                   chat.ActionID  `json:"id" format:"uuid"`
	State                chat.BulkState `json:"state" enum:"running,paused,finished,canceled" doc:"finished: all have had their turn; by_status tells what became of them."`
	Note                 string         `json:"note" doc:"Why it is paused or canceled, or what it does."`
	Filter               BulkFilterJSON `json:"filter"`
	Rate                 int            `json:"rate_per_second"`
	Canary               int            `json:"canary"`
	FailurePercent       int            `json:"pause_at_failure_percent"`
	Reason               string         `json:"reason"`
	MemberID             chat.MemberID  `json:"member_id" doc:"Who asked for it."`
	Selected             int            `json:"selected" doc:"How many deliveries it set out to retry."`
	Begun                int            `json:"begun" doc:"How many it has begun."`
	Attempted            int            `json:"attempted" doc:"How many of these have an outcome."`
	Failed               int            `json:"failed" doc:"How many of those have failed, as its pauses count them."`
	Skipped              int            `json:"skipped" doc:"Could not be retried any more when their turn came."`
	ByStatus             map[string]int `json:"by_status" doc:"How those that were begun stand now."`
	SkippedBy            map[string]int `json:"skipped_by_reason" doc:"Each of them is listed at /skipped."`
	WorkflowID           string         `json:"workflow_id,omitempty" doc:"In Temporal."`
	CreatedAt            time.Time      `json:"created_at"`
	UpdatedAt            time.Time      `json:"updated_at"`
	AcknowledgeDuplicate bool           `json:"acknowledge_duplicate" doc:"Also what may have been sent already."`

	Next []chat.BulkCommand `json:"next" enum:"pause,resume,change_rate,cancel"`
}

func presentBulk(r chat.BulkRetry) bulkRetryJSON {
	shown := bulkRetryJSON{
		ID:                   r.ID,
		State:                r.State,
		Note:                 r.Note,
		Filter:               presentFilter(r.Filter),
		Rate:                 r.Rate,
		Canary:               r.Canary,
		FailurePercent:       int(r.Failures),
		Reason:               r.Reason,
		MemberID:             r.By.MemberID,
		Selected:             r.Selected,
		Begun:                r.Begun,
		Attempted:            r.Tally.Attempted,
		Failed:               r.Tally.Failed,
		Skipped:              r.Skipped,
		ByStatus:             r.ByStatus,
		SkippedBy:            r.SkippedBy,
		WorkflowID:           r.WorkflowID,
		CreatedAt:            r.CreatedAt.UTC(),
		UpdatedAt:            r.UpdatedAt.UTC(),
		AcknowledgeDuplicate: r.AcknowledgeDuplicate,
		Next:                 r.State.Commands(),
	}
	if shown.ByStatus == nil {
		shown.ByStatus = map[string]int{}
	}

	if shown.SkippedBy == nil {
		shown.SkippedBy = map[string]int{}
	}

	return shown
}

func exampleRun(state chat.BulkState, note string) bulkRetryJSON {
	started := chat.NewBulkRetry{
		ID:       exampleBulk,
		By:       chat.Actor{MemberID: 3},
		Filter:   chat.DeliveryFilter{Status: "undelivered", ErrorCode: "twilio_30003"},
		Rate:     chat.DefaultBulkRate,
		Canary:   5,
		Failures: chat.DefaultBulkFailures,
		Reason:   "The provider's outage is over.",
	}

	return presentBulk(chat.BulkRetry{
		NewBulkRetry: started,
		State:        state,
		Note:         note,
		Selected:     40,
		Begun:        12,
		Tally:        chat.BulkTally{Attempted: 10},
		Skipped:      1,
		ByStatus:     map[string]int{"delivered": 10, "pending": 2},
		SkippedBy:    map[string]int{"it has been tried again already": 1},
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
		description: "Those that fit the filter and may be retried, one after the other, at a steady rate. `dry_run` " +
			"only counts them, and those that would be skipped; else it answers 202 with the bulk retry, " +
			"which can be watched, paused, resumed and canceled. It pauses by itself when one of the first " +
			"fails (`canary`), or too many of the last 50 do (`pause_at_failure_percent`). 409 " +
			"`bulk_retry_overlaps` when an unfinished one is to retry some of the same, unless " +
			"`allow_overlap`. What may have been sent already is skipped unless `acknowledge_duplicate`.",
		request: newBulkRetryJSON{
			BulkFilterJSON: BulkFilterJSON{Status: "undelivered", ErrorCode: "twilio_30003"},
			Rate:           new(chat.DefaultBulkRate),
			Canary:         new(chat.DefaultBulkCanary),
			Reason:         "The provider's outage is over.",
		},
		answer: dryRunJSON{
			DryRun:    true,
			Count:     40,
			Judged:    40,
			Skipped:   1,
			SkippedBy: map[string]int{"the recipient has notifications disabled": 1},
			Groups: []bulkGroupJSON{{
				Sender:    "phone:12",
				Status:    "undelivered",
				ErrorCode: "twilio_30003",
				Count:     40,
			}},
			Overlaps: []bulkOverlapJSON{{BulkRetryID: exampleBulk, State: chat.BulkRunning, Count: 12}},
		},
		problems: []chat.Code{chat.CodeIdempotencyKeyReused, chat.CodeBulkOverlap},
	})

	s.bulkRetryReadRoutes()
	s.bulkRetryCommandRoutes()
}

// bulkRetryReadRoutes registers the routes that show bulk retries.
func (s *service) bulkRetryReadRoutes() {
	running := exampleRun(chat.BulkRunning, "")

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

	registerRoute(s, s.listBulkSkipped, route{
		method:  http.MethodGet,
		path:    "/bulk-retries/{bulk_retry_id}/skipped",
		access:  withScope(chat.ScopeDeliveriesRead),
		id:      "listBulkSkipped",
		tag:     tagDeliveries,
		summary: "List skipped deliveries",
		description: "Those that a bulk retry could not retry when their turn came, and why. What it has begun is " +
			"listed at `/deliveries?bulk_retry_id=`.",
		answer: listOf(bulkSkippedJSON{
			DeliveryID: exampleDeliveryJSON.ID,
			Reason:     "it has been tried again already",
		}),
		problems: []chat.Code{chat.CodeBulkRetryNotFound},
	})
}

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
		return s.previewBulkRetry(ctx, filter, in.Body.AcknowledgeDuplicate)
	}

	asked := chat.NewBulkRetry{
		ID:             s.engine.ActionID(c.workspace(), in.IdempotencyKey),
		WorkspaceID:    c.workspace(),
		By:             c.actor(),
		IdempotencyKey: in.IdempotencyKey,
		Filter:         filter,
		Rate:           valueOr(in.Body.Rate, chat.DefaultBulkRate),
		Canary:         valueOr(in.Body.Canary, chat.DefaultBulkCanary),
		Failures:       chat.FailureLimit(valueOr(in.Body.FailurePercent, chat.DefaultBulkFailures)),
		AllowOverlap:   in.Body.AllowOverlap,
		Reason:         reason,

		AcknowledgeDuplicate: in.Body.AcknowledgeDuplicate,
	}

	asked.Fingerprint, err = fingerprintOf(chat.ActionRetryDeliveries, 0, map[string]any{
		"status":                       filter.Status,
		"channel":                      filter.Channel,
		"error_code":                   filter.ErrorCode,
		"chat_id":                      filter.ChatID,
		"sender":                       filter.Sender,
		"since":                        filter.Since,
		"until":                        filter.Until,
		"rate_per_second":              asked.Rate,
		"canary":                       asked.Canary,
		"pause_at_failure_percent":     int(asked.Failures),
		"allow_overlap":                asked.AllowOverlap,
		"reason":                       reason,
		chat.FieldAcknowledgeDuplicate: asked.AcknowledgeDuplicate,
	})
	if err != nil {
		return nil, err
	}

	return s.beginBulkRetry(ctx, asked, parsePrefer(in.Prefer, s.wait))
}

// beginBulkRetry begins a bulk retry once, however often it is asked for under one key.
func (s *service) beginBulkRetry(ctx context.Context, asked chat.NewBulkRetry, p preference) (*actionResponse, error) {
	location := callFrom(ctx).path("/bulk-retries/" + string(asked.ID))

	if asked.IdempotencyKey != "" {
		run, err := s.findRepeated(ctx, &asked)

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

	// It is checked once more when it is stored. Here it is told to callers who do not wait, too.
	if err := s.refuseOverlap(ctx, &asked); err != nil {
		return nil, err
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

// findRepeated finds the bulk retry that was asked for under the same key: bulk_retry_not_found when there is none yet.
func (s *service) findRepeated(ctx context.Context, asked *chat.NewBulkRetry) (chat.BulkRetry, error) {
	run, err := s.store.BulkRetry(ctx, asked.WorkspaceID, asked.ID)
	if err == nil {
		err = run.Fingerprint.Match(asked.Fingerprint)
	}

	if chat.CodeOf(err) == chat.CodeBulkRetryNotFound {
		err = s.refuseUsedKey(ctx, asked.ID, err)
	}

	return run, err
}

// refuseOverlap returns bulk_retry_overlaps when another bulk retry is to retry some of the same deliveries.
func (s *service) refuseOverlap(ctx context.Context, asked *chat.NewBulkRetry) error {
	if asked.AllowOverlap {
		return nil
	}

	overlaps, err := s.store.BulkOverlaps(ctx, asked.WorkspaceID, asked.Filter)
	if err != nil {
		return err
	}

	return chat.RefuseOverlap(overlaps)
}

type bulkSkippedInput struct {
	bulkRetryPath
	Paging

	Reason string `query:"reason" maxLength:"1000" doc:"Only with this reason, as in skipped_by_reason."`
}

func (s *service) listBulkSkipped(ctx context.Context, in *bulkSkippedInput) (*listOutput[bulkSkippedJSON], error) {
	part, err := s.store.BulkSkips(ctx, callFrom(ctx).workspace(), chat.BulkSkipFilter{
		BulkRetryID: in.BulkRetryID,
		Reason:      in.Reason,
		Page:        in.page(),
	})

	return presentList(part, err, func(skipped chat.BulkSkipped) bulkSkippedJSON {
		return bulkSkippedJSON{DeliveryID: skipped.DeliveryID, Reason: skipped.Reason}
	})
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
