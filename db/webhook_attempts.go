package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// webhookAttemptRow is one post to a webhook endpoint, and what came of it.
type webhookAttemptRow struct {
	bun.BaseModel `bun:"table:webhook_attempts,alias:wt"`

	ID          chat.WebhookAttemptID  `bun:"id,pk"`
	WorkspaceID chat.WorkspaceID       `bun:"workspace_id"`
	EndpointID  chat.WebhookEndpointID `bun:"endpoint_id"`
	EventID     chat.EventID           `bun:"event_id"`
	EventType   chat.EventType         `bun:"event_type"`
	Sequence    int64                  `bun:"sequence"`
	Number      int                    `bun:"number"`
	Status      int                    `bun:"status"`
	Fault       chat.WebhookFault      `bun:"fault"`
	Answer      string                 `bun:"answer"`
	DurationMS  int64                  `bun:"duration_ms"`
	At          time.Time              `bun:"at"`
}

func (r *webhookAttemptRow) attempt() chat.WebhookAttempt {
	return chat.WebhookAttempt{
		ID:         r.ID,
		EndpointID: r.EndpointID,
		EventID:    r.EventID,
		EventType:  r.EventType,
		Sequence:   r.Sequence,
		Number:     r.Number,
		At:         r.At.UTC(),
		WebhookAnswer: chat.WebhookAnswer{
			Status:   r.Status,
			Fault:    r.Fault,
			Body:     r.Answer,
			Duration: time.Duration(r.DurationMS) * time.Millisecond,
		},
	}
}

func newWebhookAttemptRow(in *chat.WebhookResult) webhookAttemptRow {
	return webhookAttemptRow{
		ID:          in.AttemptID,
		WorkspaceID: in.WorkspaceID,
		EndpointID:  in.EndpointID,
		EventID:     in.Try.Event.ID,
		EventType:   in.Try.Event.Type,
		Sequence:    in.Try.Event.Sequence,
		Number:      in.Try.Tries + 1,
		Status:      in.Answer.Status,
		Fault:       in.Answer.Fault,
		Answer:      in.Answer.Body,
		DurationMS:  in.Answer.Duration.Milliseconds(),
		At:          toMicroseconds(in.At),
	}
}

// RecordWebhookAttempt stores the outcome of a post, and moves the endpoint's lane by the rules of
// [chat.WebhookEndpoint.TakeOutcome], which see the endpoint as it is now. A lane that stands elsewhere by now, because
// another run was faster or somebody has set it back, is not moved, and neither is one whose endpoint was disabled or
// has got another URL. To record an attempt twice changes nothing. The answer is [chat.WebhookResult.GoesOn]. Errors:
// webhook_endpoint_not_found.
func (s *Store) RecordWebhookAttempt(ctx context.Context, in chat.WebhookResult) (bool, error) {
	goesOn := false
	disabled := false

	err := s.runTx(ctx, "record a webhook's attempt", func(ctx context.Context, tx bun.Tx) error {
		row := newWebhookAttemptRow(&in)

		isNew, err := hasChanged(tx.NewInsert().Model(&row).On("CONFLICT (id) DO NOTHING").Returning("NULL").Exec(ctx))
		if err != nil || !isNew {
			return onViolation(err, referenceViolation, notFound(chat.CodeWebhookNotFound, "webhook endpoint"))
		}

		var (
			move   chat.WebhookMove
			counts bool
		)

		before, after, err := s.changeWebhookEndpoint(ctx, tx, in.WebhookStep, func(e *chat.WebhookEndpoint) error {
			goesOn = in.GoesOn(e)

			counts = in.Counts(e)
			if counts {
				move = e.TakeOutcome(&in.Try, &in.Answer, in.At)
			}

			return nil
		})
		if err != nil || !counts {
			return err
		}

		if err := moveAside(ctx, tx, &in, &move); err != nil {
			return err
		}

		disabled = !after.Enabled
		if !disabled {
			return nil
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: in.WorkspaceID,
			verb:      "webhook_endpoint.disabled",
			object:    objectID(in.EndpointID),
			detail:    changesOf(chat.AuditWebhook, before.auditFields(), after.auditFields()),
		})
	})

	// Only the end of an endpoint makes an event: the attempts themselves need no numbering.
	if err == nil && disabled {
		s.noticeChange()
	}

	return goesOn && err == nil, err
}

// moveAside stores when an event is tried outside of the lane, or that it is not any more.
func moveAside(ctx context.Context, tx bun.Tx, in *chat.WebhookResult, move *chat.WebhookMove) error {
	if move.AsideAt != nil {
		return setAside(ctx, tx, &webhookAsideRow{
			WorkspaceID: in.WorkspaceID,
			EndpointID:  in.EndpointID,
			EventID:     in.Try.Event.ID,
			Sequence:    in.Try.Event.Sequence,
			Tries:       move.Tries,
			RetryAt:     toMicroseconds(*move.AsideAt),
		})
	}

	if !move.Done || !in.Try.Aside {
		return nil
	}

	_, err := tx.NewDelete().
		Model((*webhookAsideRow)(nil)).
		Where("workspace_id = ?", in.WorkspaceID).
		Where("endpoint_id = ?", in.EndpointID).
		Where("event_id = ?", in.Try.Event.ID).
		Exec(ctx)

	return err
}

// RecordWebhookTest stores the outcome of a test of an endpoint, and returns it. The endpoint's lane stays as it is.
// Errors: webhook_endpoint_not_found.
func (s *Store) RecordWebhookTest(
	ctx context.Context,
	by chat.Actor,
	in chat.WebhookResult,
) (chat.WebhookAttempt, error) {
	row := newWebhookAttemptRow(&in)

	err := s.inTx(ctx, "record a webhook's test", func(ctx context.Context, tx bun.Tx) error {
		if _, err := findWebhookEndpoint(ctx, tx.NewSelect(), in.WorkspaceID, in.EndpointID); err != nil {
			return err
		}

		if _, err := tx.NewInsert().Model(&row).Returning("NULL").Exec(ctx); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: in.WorkspaceID,
			by:        by,
			verb:      "webhook_endpoint.tested",
			object:    objectID(in.EndpointID),
			detail:    changed{"status": in.Answer.Status, "fault": in.Answer.Fault},
		})
	})

	return row.attempt(), err
}

// WebhookAttempts lists the attempts of an endpoint, the newest first. Errors: webhook_endpoint_not_found.
func (s *Store) WebhookAttempts(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.WebhookEndpointID,
	f chat.WebhookAttemptFilter,
) (chat.List[chat.WebhookAttempt], error) {
	if _, err := findWebhookEndpoint(ctx, s.db.NewSelect(), ws, id); err != nil {
		return chat.List[chat.WebhookAttempt]{}, wrapErr("find a webhook endpoint", err)
	}

	var rows []webhookAttemptRow

	q := s.db.NewSelect().
		Model(&rows).
		Where("wt.workspace_id = ?", ws).
		Where("wt.endpoint_id = ?", id)

	if f.EventID != "" {
		q.Where("wt.event_id = ?", f.EventID)
	}

	if f.Failed {
		q.Where("wt.fault <> ''")
	}

	list, err := listQuery[webhookAttemptRow, chat.WebhookAttemptID, chat.WebhookAttempt]{
		query: q,
		rows:  &rows,
		order: &webhookAttemptsOrder,
		page:  f.Page,
		item:  (*webhookAttemptRow).attempt,
	}.read(ctx)

	return list, wrapErr("list a webhook's attempts", err)
}

var webhookAttemptsOrder = keyset[webhookAttemptRow, chat.WebhookAttemptID]{
	list:        "webhook_attempts",
	id:          "wt.id",
	idOf:        func(r *webhookAttemptRow) chat.WebhookAttemptID { return r.ID },
	newestFirst: true,
}

// ForgetWebhookAttempts deletes attempts that are older than before, the oldest first and at most limit of them, and
// returns how many these were. It also deletes the schedules of events that are not kept any more.
func (s *Store) ForgetWebhookAttempts(ctx context.Context, before time.Time, limit int) (int, error) {
	var count int64

	err := s.runTx(ctx, "delete old attempts of webhooks", func(ctx context.Context, tx bun.Tx) error {
		old := tx.NewSelect().
			Model((*webhookAttemptRow)(nil)).
			Column("id").
			Where("wt.at < ?", toMicroseconds(before)).
			OrderExpr("wt.at").
			Limit(int64(limit))

		result, err := tx.NewDelete().Model((*webhookAttemptRow)(nil)).Where("id IN (?)", old).Exec(ctx)
		if err != nil {
			return err
		}

		if count, err = result.RowsAffected(); err != nil {
			return err
		}

		_, err = tx.NewDelete().
			Model((*webhookAsideRow)(nil)).
			Where(`(workspace_id, event_id) IN (SELECT wo.workspace_id, wo.event_id FROM webhook_asides AS wo
				WHERE NOT EXISTS (SELECT 1 FROM events AS ev
					WHERE ev.workspace_id = wo.workspace_id AND ev.id = wo.event_id))`).
			Exec(ctx)

		return err
	})

	return int(count), err
}
