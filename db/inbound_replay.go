package db

import (
	"cmp"
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
	"handrail/uuidv7"
)

// RefuseInbound keeps a post that could not be read, as it came. Idempotent, by its key.
func (s *Store) RefuseInbound(ctx context.Context, in chat.RefusedInbound, now time.Time) error {
	now = toMicroseconds(now)

	return s.inTx(ctx, "keep what could not be read", func(ctx context.Context, tx bun.Tx) error {
		event := providerEventRow{
			Key:        in.Key,
			Provider:   in.Provider,
			Type:       eventRefused,
			Raw:        in.Raw,
			ReceivedAt: now,
		}

		fresh, err := insertEvent(ctx, tx, &event)
		if err != nil || !fresh {
			return err
		}

		_, err = tx.NewInsert().Model(&inboundRow{
			ID:          uuidv7.New[chat.InboundID](),
			EventKey:    in.Key,
			Provider:    in.Provider,
			Channel:     in.Channel,
			Status:      chat.InboundRefused,
			Why:         in.Why,
			ContentType: in.ContentType,
			ReceivedAt:  now,
			UpdatedAt:   now,
		}).Exec(ctx)

		return err
	})
}

// ReplayInbound takes a message that waits once more, as if it came now: inbound_not_found. One that
// is in its chat stays as it is, and so does one whose sender is still not known, or that read still
// cannot read. ws is that of [Store.Inbound].
func (s *Store) ReplayInbound(
	ctx context.Context,
	in chat.ReplayInbound,
	read chat.ReadInbound,
	now time.Time,
) (chat.InboundRecord, chat.Arrival, error) {
	now = toMicroseconds(now)

	var row inboundRow
	var arrival chat.Arrival
	err := s.inTx(ctx, "replay what came in", func(ctx context.Context, tx bun.Tx) (err error) {
		if row, err = findInbound(ctx, tx, s.locked(tx.NewSelect()), in.WorkspaceID, in.ID); err != nil {
			return err
		}

		before := map[string]any{"status": row.Status}

		switch {
		case row.Recipient != "" || !row.Status.Waiting():
			return nil
		case row.Status == chat.InboundRefused:
			arrival, err = s.replayRefused(ctx, tx, &row, read, now)
		default:
			arrival, err = s.takeOrphan(ctx, tx, &row, now)
		}

		if err != nil {
			return err
		}

		if row, err = findInbound(ctx, tx, tx.NewSelect(), "", in.ID); err != nil {
			return err
		}

		// The operator may replay what is nobody's yet, and then nobody has a log for it.
		asker := cmp.Or(row.WorkspaceID, in.WorkspaceID)
		if asker == "" {
			return nil
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: asker,
			by:        in.By,
			verb:      "inbound.replayed",
			object:    string(in.ID),
			detail:    changesOf(chat.AuditInbound, before, map[string]any{"status": row.Status}),
		})
	})

	return row.record(), arrival, err
}

// replayRefused reads a post again that could not be read, and takes it, or lets it wait for its
// sender. One that was posted again meanwhile, and read then, stays refused.
func (s *Store) replayRefused(
	ctx context.Context,
	tx bun.Tx,
	row *inboundRow,
	read chat.ReadInbound,
	now time.Time,
) (chat.Arrival, error) {
	var event providerEventRow

	err := tx.NewSelect().Model(&event).Where("e.event_key = ?", row.EventKey).Scan(ctx)
	if err != nil {
		return chat.Arrival{}, err
	}

	said, err := read(chat.RefusedInbound{
		Provider:    row.Provider,
		Channel:     row.Channel,
		Key:         row.EventKey,
		ContentType: row.ContentType,
		Raw:         event.Raw,
	})
	if err != nil {
		return chat.Arrival{}, nil //nolint:nilerr // it is still refused, which its record says
	}

	cleanInbound(&said)
	post := inboundPost{Inbound: said, receivedAt: row.ReceivedAt.UTC(), orphan: row.ID}

	arrivals, err := s.findRecipients(ctx, tx, &post, now)
	if err != nil {
		return chat.Arrival{}, err
	}

	fresh, err := storePost(ctx, tx, &post, arrivals)
	switch {
	case err != nil || !fresh:
		return chat.Arrival{}, err
	case len(arrivals) == 0:
		return chat.Arrival{}, orphanRefused(ctx, tx, &post, now)
	}

	return s.takePost(ctx, tx, &post, arrivals)
}

// orphanRefused makes an orphan of a post that can be read by now, and is for nobody known.
func orphanRefused(ctx context.Context, tx bun.Tx, post *inboundPost, now time.Time) error {
	row := newInboundRow(post.orphan, post, now)
	row.Status = chat.InboundOrphaned

	_, err := tx.NewUpdate().Model(&row).
		Column("event_key", "status", "automatic_reason", "looks_automatic", "keyword", "from_address", "message").
		Column("why", "updated_at").
		Where("i.id = ?", row.ID).
		Exec(ctx)
	if err != nil {
		return err
	}

	return keepWaiting(ctx, tx, row.ID, waitsFor(post))
}
