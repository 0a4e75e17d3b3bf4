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

// asidesAtOnce is how many events are tried outside of the lane before the lane has its turn again. They are few,
// because each may take as long as [chat.WebhookTimeout].
const asidesAtOnce = 2

// setAside stores when an event is tried outside of the lane, and replaces what was stored of it before.
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

// WebhookBatch returns what is to be posted to an endpoint now: at most limit events of its lane in their order, and
// then events that are tried on their own schedules. It moves the lane over events that the endpoint does not want, and
// over those that were deleted because they were old, which are counted. Errors: webhook_endpoint_not_found.
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
			// The tries were those of an event that is not the first one any more.
			Set("tries = 0").
			Set("retry_at = NULL").
			Where("workspace_id = ?", step.WorkspaceID).
			Where("id = ?", step.EndpointID).
			Where("position = ?", pass.from).
			Exec(ctx)

		return err
	})
}

// readWebhookBatch reads what is to be posted now, or else the part of the log that the lane is to pass over first.
func readWebhookBatch(
	ctx context.Context,
	tx bun.Tx,
	step chat.WebhookStep,
	now time.Time,
	limit int,
) (chat.WebhookBatch, lanePass, error) {
	row, err := findWebhookEndpoint(ctx, tx.NewSelect(), step.WorkspaceID, step.EndpointID)
	if err != nil {
		return chat.WebhookBatch{}, lanePass{}, err
	}

	var (
		batch = chat.WebhookBatch{Endpoint: row.endpoint()}
		pass  lanePass
	)

	if row.Enabled {
		pass, err = readWebhookLane(ctx, tx, &batch, now, limit)
		if err != nil || pass.to != pass.from {
			return batch, pass, err
		}
	}

	// A count may read much of the log: it is not made for each part that the lane passes over, but once after all.
	err = countWebhookEvents(ctx, tx, &batch.Endpoint)
	if err != nil || !row.Enabled {
		return batch, pass, err
	}

	if !batch.Endpoint.Lane.IsQuiet(now) {
		if err := readWebhookAsides(ctx, tx, &batch, now); err != nil {
			return batch, pass, err
		}
	}

	if batch.Endpoint.Payload == chat.PayloadFull {
		err = readWebhookTexts(ctx, tx, &batch)
	}

	return batch, pass, err
}

// readWebhookLane adds the next events of the lane to the batch. If there are none before some position, it returns the
// part of the log up to that.
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

// readWebhookAsides adds the events that are due on their own schedules.
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

// readWebhookTexts adds what the full payload has, with one query for the messages and one for the summaries. A chat
// that was deleted meanwhile has no texts: nobody reads them.
func readWebhookTexts(ctx context.Context, tx bun.Tx, batch *chat.WebhookBatch) error {
	var (
		messages []chat.MessageID
		chats    []chat.ChatID
	)

	for i := range batch.Tries {
		message, itsChat := batch.Tries[i].Event.TextOf()

		if message != "" {
			messages = append(messages, message)
		}

		if itsChat != 0 {
			chats = append(chats, itsChat)
		}
	}

	texts, err := findWebhookMessages(ctx, tx, batch.Endpoint.WorkspaceID, messages)
	if err != nil {
		return err
	}

	summaries, err := findWebhookSummaries(ctx, tx, batch.Endpoint.WorkspaceID, chats)
	if err != nil {
		return err
	}

	for i := range batch.Tries {
		message, itsChat := batch.Tries[i].Event.TextOf()
		batch.Tries[i].Texts = chat.WebhookTexts{
			Message: texts[message],
			Summary: summaries[itsChat],
		}
	}

	return nil
}

// findWebhookMessages finds messages by their ids. What is not there any more is left out.
func findWebhookMessages(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	ids []chat.MessageID,
) (map[chat.MessageID]*chat.WebhookMessage, error) {
	if len(ids) == 0 {
		return nil, nil
	}

	var rows []messageRow

	err := tx.NewSelect().
		Model(&rows).
		Column("m.id", "m.role", "m.content").
		Where("m.workspace_id = ?", ws).
		Where("m.id IN ?", bun.Tuple(ids)).
		Where(`EXISTS (SELECT 1 FROM chats AS of_message WHERE of_message.workspace_id = m.workspace_id
			AND of_message.id = m.chat_id AND of_message.deleted_at IS NULL)`).
		Scan(ctx)

	found := make(map[chat.MessageID]*chat.WebhookMessage, len(rows))
	for _, row := range rows {
		found[row.ID] = &chat.WebhookMessage{ID: row.ID, Role: row.Role, Text: row.Content}
	}

	return found, err
}

// findWebhookSummaries finds the present summaries of chats by the chats' ids.
func findWebhookSummaries(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	ids []chat.ChatID,
) (map[chat.ChatID]*chat.WebhookSummary, error) {
	if len(ids) == 0 {
		return nil, nil
	}

	var rows []chatRow

	err := tx.NewSelect().
		Model(&rows).
		Column("c.id", "c.title", "c.summary").
		Where("c.workspace_id = ?", ws).
		Where("c.id IN ?", bun.Tuple(ids)).
		Where("c.deleted_at IS NULL").
		Scan(ctx)

	found := make(map[chat.ChatID]*chat.WebhookSummary, len(rows))
	for _, row := range rows {
		found[row.ID] = &chat.WebhookSummary{Title: row.Title, Text: row.Summary}
	}

	return found, err
}

// ReplayWebhookEvent makes one event due for an endpoint again, outside of its lane. Errors:
// webhook_endpoint_not_found, event_not_found.
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

// ReplayWebhookSince sets an endpoint's lane back, so that all events since then are posted again in their order, and
// after them what is new. Events since then that had stepped aside are in the lane again. Errors:
// webhook_endpoint_not_found.
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

// WaitingWebhooks lists the endpoints of these workspaces, or of all if there are none, that have something to post:
// the lane is behind and need not wait, or an event is due on its own schedule.
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
