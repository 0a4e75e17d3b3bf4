package db

import (
	"bytes"
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// webhookEndpointRow is one webhook endpoint, with the state of its lane.
type webhookEndpointRow struct {
	bun.BaseModel `bun:"table:webhook_endpoints,alias:we"`

	ID             chat.WebhookEndpointID     `bun:"id,pk,autoincrement"`
	WorkspaceID    chat.WorkspaceID           `bun:"workspace_id"`
	URL            string                     `bun:"url"`
	Description    string                     `bun:"description"`
	Types          []chat.EventType           `bun:"types,type:json"`
	Payload        chat.WebhookPayload        `bun:"payload"`
	Enabled        bool                       `bun:"enabled"`
	DisabledReason chat.WebhookDisabledReason `bun:"disabled_reason"`
	Sealed         []byte                     `bun:"sealed"`
	Position       int64                      `bun:"position"`
	Tries          int                        `bun:"tries"`
	RetryAt        *time.Time                 `bun:"retry_at"`
	QuietUntil     *time.Time                 `bun:"quiet_until"`
	FailingSince   *time.Time                 `bun:"failing_since"`
	LastStatus     int                        `bun:"last_status"`
	LastFault      chat.WebhookFault          `bun:"last_fault"`
	LastAt         *time.Time                 `bun:"last_at"`
	Missed         int64                      `bun:"missed"`
	CreatedAt      time.Time                  `bun:"created_at"`
	UpdatedAt      time.Time                  `bun:"updated_at"`
	DeletedAt      *time.Time                 `bun:"deleted_at"`
}

// endpoint returns the endpoint without what [countWebhookEvents] counts.
func (r *webhookEndpointRow) endpoint() chat.WebhookEndpoint {
	endpoint := chat.WebhookEndpoint{
		ID:             r.ID,
		WorkspaceID:    r.WorkspaceID,
		URL:            r.URL,
		Description:    r.Description,
		Types:          r.Types,
		Payload:        r.Payload,
		Enabled:        r.Enabled,
		DisabledReason: r.DisabledReason,
		Sealed:         r.Sealed,
		CreatedAt:      r.CreatedAt.UTC(),
		UpdatedAt:      r.UpdatedAt.UTC(),
		Lane: chat.WebhookLane{
			Position:     r.Position,
			Tries:        r.Tries,
			RetryAt:      chat.UTC(r.RetryAt),
			QuietUntil:   chat.UTC(r.QuietUntil),
			FailingSince: chat.UTC(r.FailingSince),
			Missed:       r.Missed,
		},
	}

	if r.LastAt != nil {
		endpoint.Lane.Last = &chat.WebhookLast{
			Status: r.LastStatus,
			Fault:  r.LastFault,
			At:     r.LastAt.UTC(),
		}
	}

	return endpoint
}

// takeEndpoint copies an endpoint that a rule has changed into the row.
func (r *webhookEndpointRow) takeEndpoint(e *chat.WebhookEndpoint) {
	r.URL = e.URL
	r.Description = e.Description
	r.Types = append([]chat.EventType{}, e.Types...)
	r.Payload = e.Payload
	r.Enabled = e.Enabled
	r.DisabledReason = e.DisabledReason
	r.Sealed = e.Sealed
	r.Position = e.Lane.Position
	r.Tries = e.Lane.Tries
	r.RetryAt = microsecondsOf(e.Lane.RetryAt)
	r.QuietUntil = microsecondsOf(e.Lane.QuietUntil)
	r.FailingSince = microsecondsOf(e.Lane.FailingSince)
	r.Missed = e.Lane.Missed

	if last := e.Lane.Last; last != nil {
		r.LastStatus = last.Status
		r.LastFault = last.Fault
		r.LastAt = microsecondsOf(&last.At)
	}
}

// microsecondsOf is [toMicroseconds] for a time that may be nil.
func microsecondsOf(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}

	return new(toMicroseconds(*t))
}

// auditFields returns the settings that the audit log names. It has no secret.
func (r *webhookEndpointRow) auditFields() map[string]any {
	return map[string]any{
		"url":             r.URL,
		"description":     r.Description,
		"types":           append([]chat.EventType{}, r.Types...),
		"payload":         r.Payload,
		"enabled":         r.Enabled,
		"disabled_reason": r.DisabledReason,
	}
}

// hasSettingsOf reports whether two rows differ at most in how far the lane has come.
func (r *webhookEndpointRow) hasSettingsOf(other *webhookEndpointRow) bool {
	return len(chat.CompareFields(r.auditFields(), other.auditFields())) == 0 && bytes.Equal(r.Sealed, other.Sealed)
}

// findWebhookEndpoint finds an endpoint that was not deleted. Errors: webhook_endpoint_not_found.
func findWebhookEndpoint(
	ctx context.Context,
	q *bun.SelectQuery,
	ws chat.WorkspaceID,
	id chat.WebhookEndpointID,
) (webhookEndpointRow, error) {
	var row webhookEndpointRow

	err := q.Model(&row).
		Where("we.workspace_id = ?", ws).
		Where("we.id = ?", id).
		Where("we.deleted_at IS NULL").
		Scan(ctx)

	return row, orNotFound(err, chat.CodeWebhookNotFound, "webhook endpoint")
}

// CreateWebhookEndpoint adds an endpoint, which is told of what happens from now on: invalid_request when the workspace
// has too many. With the first one, the workspace gets a notification rule, see [chat.DisabledEndpointRule].
func (s *Store) CreateWebhookEndpoint(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	e chat.WebhookEndpoint,
) (chat.WebhookEndpoint, error) {
	var row webhookEndpointRow

	err := s.inTx(ctx, "create a webhook endpoint", func(ctx context.Context, tx bun.Tx) error {
		// Two that are made at once would not count each other.
		if err := s.lockWorkspace(ctx, tx, ws); err != nil {
			return err
		}

		count, err := tx.NewSelect().
			Model((*webhookEndpointRow)(nil)).
			Where("we.workspace_id = ?", ws).
			Where("we.deleted_at IS NULL").
			Count(ctx)
		if err != nil {
			return err
		}

		if count >= chat.MaxWebhookEndpoints {
			return chat.Invalid(
				"url",
				"is one too many: a workspace has at most %d webhook endpoints; delete one first",
				chat.MaxWebhookEndpoints,
			)
		}

		row.takeEndpoint(&e)
		row.WorkspaceID = ws
		row.CreatedAt = s.time()
		row.UpdatedAt = row.CreatedAt

		row.Position, err = latestSequence(ctx, tx, ws)
		if err != nil {
			return err
		}

		if err := insertOwned(ctx, tx.NewInsert().Model(&row)); err != nil {
			return err
		}

		if err := s.addDisabledEndpointRule(ctx, tx, ws, by); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "webhook_endpoint.created",
			object:    objectID(row.ID),
			detail:    changesOf(chat.AuditWebhook, nil, row.auditFields()),
		})
	})

	return row.endpoint(), err
}

// latestSequence returns the sequence of the newest event of a workspace, 0 if there was none yet.
func latestSequence(ctx context.Context, db bun.IDB, ws chat.WorkspaceID) (int64, error) {
	var latest int64

	err := db.NewRaw(
		"SELECT COALESCE((SELECT last FROM event_counters WHERE workspace_id = ? AND chat_id = 0), 0)",
		ws,
	).Scan(ctx, &latest)

	return latest, err
}

// WebhookEndpoints lists the workspace's endpoints by id.
func (s *Store) WebhookEndpoints(ctx context.Context, ws chat.WorkspaceID) ([]chat.WebhookEndpoint, error) {
	var all []chat.WebhookEndpoint

	err := s.snapshot(ctx, "list the webhook endpoints", func(ctx context.Context, tx bun.Tx) error {
		var rows []webhookEndpointRow

		err := tx.NewSelect().
			Model(&rows).
			Where("we.workspace_id = ?", ws).
			Where("we.deleted_at IS NULL").
			OrderExpr("we.id").
			Scan(ctx)
		if err != nil {
			return err
		}

		all = mapSlice(rows, (*webhookEndpointRow).endpoint)

		for i := range all {
			if err := countWebhookEvents(ctx, tx, &all[i]); err != nil {
				return err
			}
		}

		return nil
	})

	return all, err
}

// WebhookEndpoint finds an endpoint. Errors: webhook_endpoint_not_found.
func (s *Store) WebhookEndpoint(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.WebhookEndpointID,
) (chat.WebhookEndpoint, error) {
	var endpoint chat.WebhookEndpoint

	err := s.snapshot(ctx, "find a webhook endpoint", func(ctx context.Context, tx bun.Tx) error {
		row, err := findWebhookEndpoint(ctx, tx.NewSelect(), ws, id)
		if err != nil {
			return err
		}

		endpoint = row.endpoint()

		return countWebhookEvents(ctx, tx, &endpoint)
	})

	return endpoint, err
}

// countWebhookEvents counts the events that an endpoint is still to be told of, in its lane and outside of it, and
// finds when the next one outside of it is due.
func countWebhookEvents(ctx context.Context, tx bun.Tx, e *chat.WebhookEndpoint) error {
	behind := tx.NewSelect().
		Model((*eventRow)(nil)).
		ColumnExpr("1 AS one").
		Where("ev.workspace_id = ?", e.WorkspaceID).
		Where("ev.sequence > ?", e.Lane.Position).
		Limit(chat.MaxWebhookBehind)

	if len(e.Types) > 0 {
		behind.Where("ev.type IN ?", bun.Tuple(e.Types))
	}

	err := tx.NewSelect().TableExpr("(?) AS behind", behind).ColumnExpr("count(*)").Scan(ctx, &e.Lane.Behind)
	if err != nil {
		return err
	}

	var next []time.Time

	err = asidesOf(tx, e.WorkspaceID, e.ID).Column("wa.retry_at").OrderExpr("wa.retry_at").Limit(1).Scan(ctx, &next)
	if err != nil || len(next) == 0 {
		return err
	}

	e.Lane.AsideAt = new(next[0].UTC())

	count, err := asidesOf(tx, e.WorkspaceID, e.ID).Count(ctx)
	e.Lane.Aside = int(count)

	return err
}

// asidesOf selects the events of an endpoint that are tried outside of its lane, and are still kept.
func asidesOf(tx bun.Tx, ws chat.WorkspaceID, id chat.WebhookEndpointID) *bun.SelectQuery {
	return tx.NewSelect().
		Model((*webhookAsideRow)(nil)).
		Where("wa.workspace_id = ?", ws).
		Where("wa.endpoint_id = ?", id).
		Where("EXISTS (SELECT 1 FROM events AS ev WHERE ev.workspace_id = wa.workspace_id AND ev.id = wa.event_id)")
}

// changeWebhookEndpoint calls change with an endpoint, which stays locked until the transaction ends, and stores what
// change has made of it. It returns the rows before and after. Errors: webhook_endpoint_not_found, and those of change.
func (s *Store) changeWebhookEndpoint(
	ctx context.Context,
	tx bun.Tx,
	step chat.WebhookStep,
	change func(*chat.WebhookEndpoint) error,
) (before, after webhookEndpointRow, err error) {
	before, err = findWebhookEndpoint(ctx, s.locked(tx.NewSelect()), step.WorkspaceID, step.EndpointID)
	if err != nil {
		return before, after, err
	}

	endpoint := before.endpoint()
	if err := change(&endpoint); err != nil {
		return before, after, err
	}

	after = before
	after.takeEndpoint(&endpoint)

	if !after.hasSettingsOf(&before) {
		after.UpdatedAt = s.time()
	}

	_, err = tx.NewUpdate().Model(&after).WherePK().Where("workspace_id = ?", step.WorkspaceID).Exec(ctx)

	return before, after, err
}

// UpdateWebhookEndpoint applies a patch to an endpoint, if allow has no error for the endpoint that comes of it.
// Errors: webhook_endpoint_not_found, invalid_request, and that of allow.
func (s *Store) UpdateWebhookEndpoint(
	ctx context.Context,
	step chat.WebhookStep,
	by chat.Actor,
	p chat.WebhookEndpointPatch,
	allow func(*chat.WebhookEndpoint) error,
) (chat.WebhookEndpoint, error) {
	var endpoint chat.WebhookEndpoint

	err := s.inTx(ctx, "change a webhook endpoint", func(ctx context.Context, tx bun.Tx) error {
		before, after, err := s.changeWebhookEndpoint(ctx, tx, step, func(e *chat.WebhookEndpoint) error {
			if err := e.Apply(&p); err != nil {
				return err
			}

			return allow(e)
		})
		if err != nil {
			return err
		}

		endpoint = after.endpoint()
		if err := countWebhookEvents(ctx, tx, &endpoint); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: step.WorkspaceID,
			by:        by,
			verb:      "webhook_endpoint.updated",
			object:    objectID(step.EndpointID),
			detail:    changesOf(chat.AuditWebhook, before.auditFields(), after.auditFields()),
		})
	})

	return endpoint, err
}

// RotateWebhookSecret replaces the sealed signing keys of an endpoint. Errors: webhook_endpoint_not_found, and conflict
// when its present ones are not was.
func (s *Store) RotateWebhookSecret(
	ctx context.Context,
	step chat.WebhookStep,
	by chat.Actor,
	was, fresh []byte,
) error {
	return s.inTx(ctx, "change a webhook's secret", func(ctx context.Context, tx bun.Tx) error {
		_, _, err := s.changeWebhookEndpoint(ctx, tx, step, func(e *chat.WebhookEndpoint) error {
			if !bytes.Equal(e.Sealed, was) {
				return chat.Errorf(chat.CodeConflict, "the webhook endpoint was changed meanwhile; read it again")
			}

			e.Sealed = fresh

			return nil
		})
		if err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: step.WorkspaceID,
			by:        by,
			verb:      "webhook_endpoint.secret_rotated",
			object:    objectID(step.EndpointID),
		})
	})
}

// DeleteWebhookEndpoint deletes an endpoint, with its secret and what it was still to be told of. Its attempts stay as
// long as events do. Errors: webhook_endpoint_not_found.
func (s *Store) DeleteWebhookEndpoint(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.WebhookEndpointID,
) error {
	return s.inTx(ctx, "delete a webhook endpoint", func(ctx context.Context, tx bun.Tx) error {
		row, err := findWebhookEndpoint(ctx, s.locked(tx.NewSelect()), ws, id)
		if err != nil {
			return err
		}

		now := s.time()

		_, err = tx.NewUpdate().
			Model(&row).
			Set("deleted_at = ?", now).
			Set("updated_at = ?", now).
			Set("sealed = NULL").
			WherePK().
			Where("workspace_id = ?", ws).
			Exec(ctx)
		if err != nil {
			return err
		}

		_, err = tx.NewDelete().
			Model((*webhookAsideRow)(nil)).
			Where("workspace_id = ?", ws).
			Where("endpoint_id = ?", id).
			Exec(ctx)
		if err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "webhook_endpoint.deleted",
			object:    objectID(id),
			detail:    changesOf(chat.AuditWebhook, row.auditFields(), nil),
		})
	})
}

// sealedWebhooks lists the signing keys of all webhook endpoints.
func (s *Store) sealedWebhooks(ctx context.Context) ([]SealedSecrets, error) {
	var all []SealedSecrets

	err := s.db.NewSelect().
		Model((*webhookEndpointRow)(nil)).
		Column("workspace_id", "sealed").
		ColumnExpr("id AS endpoint_id").
		Where("sealed IS NOT NULL").
		OrderExpr("workspace_id, id").
		Scan(ctx, &all)

	return all, wrapErr("list the secrets of webhooks", err)
}

// replaceSealedWebhook is [Store.ReplaceSealed] for a webhook endpoint.
func (s *Store) replaceSealedWebhook(ctx context.Context, was SealedSecrets, fresh []byte) (bool, error) {
	done, err := hasChanged(s.db.NewUpdate().
		Model((*webhookEndpointRow)(nil)).
		Set("sealed = ?", fresh).
		Where("workspace_id = ?", was.WorkspaceID).
		Where("id = ?", was.EndpointID).
		Where("sealed = ?", was.Sealed).
		Exec(ctx))

	return done, wrapErr("store a webhook's secret sealed anew", err)
}
