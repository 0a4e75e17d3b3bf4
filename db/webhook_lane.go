package db

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// webhookAsideRow is an event that is tried outside of its endpoint's lane.
type webhookAsideRow struct {
	bun.BaseModel `bun:"table:webhook_asides,alias:wa"`

	WorkspaceID chat.WorkspaceID       `bun:"workspace_id,pk"`
	EndpointID  chat.WebhookEndpointID `bun:"endpoint_id,pk"`
	EventID     chat.EventID           `bun:"event_id,pk"`
	Sequence    int64                  `bun:"sequence"`
	Tries       int                    `bun:"tries"`
	RetryAt     time.Time              `bun:"retry_at"`
}

// asidesAtOnce is how many events are tried outside of the lane before the lane has its turn again: each may take as
// long as a receiver that hangs.
const asidesAtOnce = 2

// setAside stores that an event is tried outside of the lane.
func setAside(ctx context.Context, tx bun.Tx, row *webhookAsideRow) error {
	_, err := tx.NewInsert().
		Model(row).
		On("CONFLICT (workspace_id, endpoint_id, event_id) DO UPDATE").
		Set("tries = EXCLUDED.tries").
		Set("retry_at = EXCLUDED.retry_at").
		Returning("NULL").
		Exec(ctx)

	return err
}

// WebhookBatch returns what an endpoint is to be posted now: at most limit events of its lane in their order, and then
// events that are tried on their own schedules: webhook_endpoint_not_found. The lane passes over what the endpoint does
// not want, and over what was deleted because it was old, which is counted.
func (s *Store) WebhookBatch(
	ctx context.Context,
	step chat.WebhookStep,
	now time.Time,
	limit int,
) (chat.WebhookBatch, error) {
	for {
		var (
			batch chat.WebhookBatch
			pass  lanePass
		)

		err := s.snapshot(ctx, "read what a webhook is to be told", func(ctx context.Context, tx bun.Tx) (err error) {
			batch, pass, err = readWebhookBatch(ctx, tx, step, now, limit)
			return err
		})
		if err != nil || pass.to == pass.from {
			return batch, err
		}

		if err := s.passWebhookEvents(ctx, step, pass); err != nil {
			return batch, err
		}
	}
}

// lanePass is a part of the log that a lane leaves out.
type lanePass struct {
	from   int64
	to     int64
	missed int64
}

// passWebhookEvents moves a lane over a part of the log, unless it stands elsewhere by now.
func (s *Store) passWebhookEvents(ctx context.Context, step chat.WebhookStep, pass lanePass) error {
	return s.runTx(ctx, "pass over events", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().
			Model((*webhookEndpointRow)(nil)).
			Set("position = ?", pass.to).
			Set("missed = missed + ?", pass.missed).
			Where("workspace_id = ?", step.WorkspaceID).
			Where("id = ?", step.EndpointID).
			Where("position = ?", pass.from).
			Exec(ctx)

		return err
	})
}

func readWebhookBatch(
	ctx context.Context,
	tx bun.Tx,
	step chat.WebhookStep,
	now time.Time,
	limit int,
) (chat.WebhookBatch, lanePass, error) {
	endpoint, err := readWebhookEndpoint(ctx, tx, tx.NewSelect(), step.WorkspaceID, step.EndpointID)
	batch := chat.WebhookBatch{Endpoint: endpoint}

	if err != nil || !endpoint.Enabled {
		return batch, lanePass{}, err
	}

	pass, err := readWebhookLane(ctx, tx, &batch, now, limit)
	if err != nil || pass.to != pass.from {
		return batch, pass, err
	}

	if !endpoint.Lane.IsQuiet(now) {
		if err := readWebhookAsides(ctx, tx, &batch, now); err != nil {
			return batch, pass, err
		}
	}

	if endpoint.Payload == chat.PayloadFull {
		err = readWebhookTexts(ctx, tx, &batch)
	}

	return batch, pass, err
}

// readWebhookLane adds the next events of the lane.
func readWebhookLane(
	ctx context.Context,
	tx bun.Tx,
	batch *chat.WebhookBatch,
	now time.Time,
	limit int,
) (lanePass, error) {
	lane := &batch.Endpoint.Lane
	pass := lanePass{from: lane.Position, to: lane.Position}

	if lane.LaneWaits(now) {
		return pass, nil
	}

	list, err := listEvents(ctx, tx, batch.Endpoint.WorkspaceID, chat.EventFilter{
		After: lane.Position,
		Types: batch.Endpoint.Types,
		Limit: limit,
	})
	if err != nil {
		return pass, err
	}

	oldest := list.Oldest
	if oldest == 0 {
		oldest = list.Latest + 1 // none is kept
	}

	switch missed := oldest - 1 - lane.Position; {
	case missed > 0:
		pass.to = oldest - 1
		pass.missed = missed

		return pass, nil

	case len(list.Items) == 0:
		pass.to = list.Next
		return pass, nil
	}

	position := lane.Position
	for i := range list.Items {
		try := chat.WebhookTry{Event: list.Items[i], Position: position}
		if i == 0 {
			try.Tries = lane.Tries
		}

		batch.Tries = append(batch.Tries, try)
		position = list.Items[i].Sequence
	}

	return pass, nil
}

// readWebhookAsides adds events whose own schedule has come.
func readWebhookAsides(ctx context.Context, tx bun.Tx, batch *chat.WebhookBatch, now time.Time) error {
	ws := batch.Endpoint.WorkspaceID

	var asides []webhookAsideRow

	err := asidesOf(tx, ws, batch.Endpoint.ID).
		Where("wa.retry_at <= ?", toMicroseconds(now)).
		OrderExpr("wa.retry_at, wa.sequence").
		Limit(asidesAtOnce).
		Scan(ctx, &asides)
	if err != nil || len(asides) == 0 {
		return err
	}

	ids := mapSlice(asides, func(r *webhookAsideRow) chat.EventID { return r.EventID })

	var rows []eventRow

	err = tx.NewSelect().Model(&rows).Where("ev.workspace_id = ?", ws).Where("ev.id IN ?", bun.Tuple(ids)).Scan(ctx)
	if err != nil {
		return err
	}

	for _, aside := range asides {
		place := slices.IndexFunc(rows, func(r eventRow) bool { return r.ID == aside.EventID })
		if place < 0 {
			continue
		}

		batch.Tries = append(batch.Tries, chat.WebhookTry{
			Event: rows[place].event(),
			Aside: true,
			Tries: aside.Tries,
		})
	}

	return nil
}

// readWebhookTexts adds what the full payload has. A chat that was deleted meanwhile has no texts: nobody reads them.
func readWebhookTexts(ctx context.Context, tx bun.Tx, batch *chat.WebhookBatch) error {
	ws := batch.Endpoint.WorkspaceID

	for i := range batch.Tries {
		try := &batch.Tries[i]
		message, itsChat := try.Event.TextOf()

		if message != "" {
			var row messageRow

			err := tx.NewSelect().
				Model(&row).
				Where("m.workspace_id = ?", ws).
				Where("m.id = ?", message).
				Where(`EXISTS (SELECT 1 FROM chats AS of_message WHERE of_message.workspace_id = m.workspace_id
					AND of_message.id = m.chat_id AND of_message.deleted_at IS NULL)`).
				Scan(ctx)
			if unlessNone(err) != nil {
				return err
			}

			if err == nil {
				try.Texts.Message = &chat.WebhookMessage{ID: row.ID, Role: row.Role, Text: row.Content}
			}
		}

		if itsChat != 0 {
			var row chatRow

			err := tx.NewSelect().
				Model(&row).
				Where("workspace_id = ?", ws).
				Where("id = ?", itsChat).
				Where("deleted_at IS NULL").
				Scan(ctx)
			if unlessNone(err) != nil {
				return err
			}

			if err == nil {
				try.Texts.Summary = &chat.WebhookSummary{Title: row.Title, Text: row.Summary}
			}
		}
	}

	return nil
}

// ReplayWebhookEvent has an endpoint told of one event again, beside its lane: webhook_endpoint_not_found,
// event_not_found.
func (s *Store) ReplayWebhookEvent(ctx context.Context, step chat.WebhookStep, by chat.Actor, id chat.EventID) error {
	return s.inTx(ctx, "replay an event", func(ctx context.Context, tx bun.Tx) error {
		if _, err := findWebhookEndpoint(ctx, tx.NewSelect(), step.WorkspaceID, step.EndpointID); err != nil {
			return err
		}

		var row eventRow

		err := tx.NewSelect().
			Model(&row).
			Where("ev.workspace_id = ?", step.WorkspaceID).
			Where("ev.id = ?", id).
			Scan(ctx)
		if err != nil {
			return orNotFound(err, chat.CodeEventNotFound, "event")
		}

		err = setAside(ctx, tx, &webhookAsideRow{
			WorkspaceID: step.WorkspaceID,
			EndpointID:  step.EndpointID,
			EventID:     id,
			Sequence:    row.Sequence,
			RetryAt:     s.time(),
		})
		if err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: step.WorkspaceID,
			by:        by,
			verb:      "webhook_endpoint.replayed",
			object:    objectID(step.EndpointID),
			detail:    changed{"event_id": id},
		})
	})
}

// ReplayWebhookSince sets an endpoint's lane back, so that it is told again of what has happened since then, in order,
// and then of what is new: webhook_endpoint_not_found. What has stepped aside since then is in the lane again.
func (s *Store) ReplayWebhookSince(
	ctx context.Context,
	step chat.WebhookStep,
	by chat.Actor,
	since time.Time,
) (chat.WebhookEndpoint, error) {
	var endpoint chat.WebhookEndpoint

	err := s.inTx(ctx, "replay events", func(ctx context.Context, tx bun.Tx) error {
		var first int64

		err := tx.NewRaw(
			"SELECT COALESCE(MIN(sequence), 0) FROM events WHERE workspace_id = ? AND at >= ?",
			step.WorkspaceID,
			toMicroseconds(since),
		).Scan(ctx, &first)
		if err != nil {
			return err
		}

		_, after, err := s.changeWebhookEndpoint(ctx, tx, step, func(e *chat.WebhookEndpoint) error {
			if first > 0 {
				e.Lane.Rewind(first - 1)
			}

			return nil
		})
		if err != nil {
			return err
		}

		_, err = tx.NewDelete().
			Model((*webhookAsideRow)(nil)).
			Where("workspace_id = ?", step.WorkspaceID).
			Where("endpoint_id = ?", step.EndpointID).
			Where("sequence > ?", after.Position).
			Exec(ctx)
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
			verb:      "webhook_endpoint.replayed",
			object:    objectID(step.EndpointID),
			detail:    changed{"since": since.UTC()},
		})
	})

	return endpoint, err
}

// WaitingWebhooks lists endpoints of these workspaces, of all if there are none, whose lane could go on: there are
// events that they were not told of, and nothing has told them to wait; or the own schedule of an event has come.
func (s *Store) WaitingWebhooks(
	ctx context.Context,
	workspaces []chat.WorkspaceID,
	now time.Time,
) ([]chat.WebhookStep, error) {
	var rows []webhookEndpointRow

	now = toMicroseconds(now)
	q := s.db.NewSelect().
		Model(&rows).
		Column("we.workspace_id", "we.id").
		Where("we.enabled").
		Where("we.deleted_at IS NULL").
		Where("we.quiet_until IS NULL OR we.quiet_until <= ?", now).
		Where(`(we.retry_at IS NULL OR we.retry_at <= ?0) AND we.position <
				(SELECT en.last FROM event_counters AS en WHERE en.workspace_id = we.workspace_id AND en.chat_id = 0)
			OR EXISTS (SELECT 1 FROM webhook_asides AS wa
				WHERE wa.workspace_id = we.workspace_id AND wa.endpoint_id = we.id AND wa.retry_at <= ?0)`, now)

	if len(workspaces) > 0 {
		q.Where("we.workspace_id IN ?", bun.Tuple(workspaces))
	}

	err := q.Scan(ctx)

	return mapSlice(rows, func(r *webhookEndpointRow) chat.WebhookStep {
		return chat.WebhookStep{WorkspaceID: r.WorkspaceID, EndpointID: r.ID}
	}), wrapErr("look for webhooks that are behind", err)
}
