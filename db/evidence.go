package db

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// sameTextUntil is until when another delivery, of whichever workspace, may show up in the
// provider's list as a message that looks like d; NULL if none. The parameter is the present. What
// a delivery has become is not the only thing that may show up of it: another attempt may, too. The
// states are all those of the partial index, so that SQLite sees that it fits; of what is closed,
// the time is over.
const sameTextUntil = `(SELECT max(o.evidence_until) FROM deliveries o
	WHERE o.text_key = d.text_key AND o.evidence IN ('open', 'past', 'closed') AND o.evidence_until >= ?
		AND o.id <> d.id)`

// sameTextNow is the condition that there is one before a delivery that is not stored yet. The
// parameters are its text key and the present.
const sameTextNow = `EXISTS (SELECT 1 FROM deliveries o
	WHERE o.text_key = ? AND o.evidence IN ('open', 'past', 'closed') AND o.evidence_until >= ?)`

// otherUnresolved is the condition that another attempt of the delivery than the one with this
// fence may have become a message that nobody knows.
const otherUnresolved = `EXISTS (SELECT 1 FROM delivery_attempts t
	WHERE t.workspace_id = d.workspace_id AND t.delivery_id = d.id AND t.fence <> ?
		AND (t.outcome IS NULL OR t.outcome = 'unknown'))`

// textKey is what a planned delivery cannot be told apart by in its provider's list.
func textKey(plan *chat.SendPlan) string {
	d := chat.Delivery{
		Channel:  plan.Channel,
		Provider: plan.Provider,
		From:     plan.From,
		To:       plan.To,
		Payload:  plan.Payload,
	}

	return d.TextKey()
}

// evidenceUntil is until when no other delivery of the same text is posted, should the outcome of
// a claim that begins now not be known.
func (s *Store) evidenceUntil(now time.Time, lease time.Duration) time.Time {
	window := chat.EvidenceWindow{Lease: lease, Skew: s.clockSkew}
	return toMicroseconds(now.Add(window.Hold()))
}

// closeOtherEvidence is the statement after which no other delivery of the same text as this one's
// is open, so that this one may be.
func closeOtherEvidence(tx bun.Tx, ws chat.WorkspaceID, id chat.DeliveryID) *bun.UpdateQuery {
	return tx.NewUpdate().
		Model((*deliveryRow)(nil)).
		Set("evidence = ?", chat.EvidencePast).
		Where("text_key = (SELECT o.text_key FROM deliveries o WHERE o.workspace_id = ? AND o.id = ?)", ws, id).
		Where("evidence = 'open'").
		Where("id <> ?", id)
}

// MessageOwners are the deliveries, of whichever workspace, that own these messages of a
// provider: what belongs to one is no evidence for another.
func (s *Store) MessageOwners(
	ctx context.Context,
	p chat.Provider,
	ids []string,
) (map[string]chat.DeliveryID, error) {
	if len(ids) == 0 {
		return map[string]chat.DeliveryID{}, nil
	}

	owners, err := messageOwners(ctx, s.db, p, ids)

	return owners, wrapErr("find whose a provider's messages are", err)
}

func messageOwners(
	ctx context.Context,
	db bun.IDB,
	p chat.Provider,
	ids []string,
) (map[string]chat.DeliveryID, error) {
	var rows []struct {
		DeliveryID chat.DeliveryID `bun:"delivery_id"`
		MessageID  string          `bun:"provider_message_id"`
	}

	// A message that was found to be a second copy belongs to its delivery too.
	err := db.NewRaw(`SELECT d.id AS delivery_id, d.provider_message_id FROM deliveries d
			WHERE d.provider = ?0 AND d.provider_message_id IN ?1
		UNION ALL SELECT e.delivery_id, e.provider_message_id FROM provider_events e
			WHERE e.provider = ?0 AND e.provider_message_id IN ?1 AND e.type = 'duplicate_confirmed'`,
		p, bun.Tuple(ids)).Scan(ctx, &rows)

	owners := make(map[string]chat.DeliveryID, len(rows))
	for _, r := range rows {
		owners[r.MessageID] = r.DeliveryID
	}

	return owners, err
}

// CountDuplicates counts the messages that providers have taken a second time, in all workspaces.
func (s *Store) CountDuplicates(ctx context.Context) (map[chat.Provider]int64, error) {
	var rows []struct {
		Provider chat.Provider `bun:"provider"`
		Count    int64         `bun:"count"`
	}

	err := s.db.NewSelect().
		Model((*providerEventRow)(nil)).
		Column("e.provider").
		ColumnExpr("count(*) AS count").
		Where("e.type = 'duplicate_confirmed'").
		Group("e.provider").
		Scan(ctx, &rows)

	counts := make(map[chat.Provider]int64, len(rows))
	for _, r := range rows {
		counts[r.Provider] = r.Count
	}

	return counts, wrapErr("count the duplicates", err)
}

// EvidenceRivals are the other deliveries, of whichever workspace, that the provider's list may
// show just as it shows this one, and of whose messages some are not known, with their attempts:
// delivery_not_found. One that is being sent is among them: its message may be in the list before
// its provider's answer is recorded. Only a sender of another workspace, or one that was made anew
// with the number of an old one, sends the same text at the same time.
func (s *Store) EvidenceRivals(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.DeliveryID,
) ([]chat.Delivery, error) {
	row, err := findDelivery(ctx, s.db.NewSelect(), ws, id)
	if err != nil || row.TextKey == "" {
		return nil, err
	}

	var rows []deliveryRow

	err = s.db.NewSelect().
		Model(&rows).
		Where("d.text_key = ?", row.TextKey).
		Where("d.evidence IN ('open', 'past', 'closed')").
		Where("d.id <> ?", id).
		Scan(ctx)
	if err != nil {
		return nil, wrapErr("find the deliveries of the same text", err)
	}

	var sending []deliveryRow

	// The first two conditions are those of the partial index deliveries_in_flight.
	err = s.db.NewSelect().
		Model(&sending).
		Where("d.submission IN ('sending', 'unknown')").
		Where("d.channel <> 'web-chat'").
		Where("d.submission = 'sending'").
		Where("d.evidence = 'none'").
		Where("d.text_key = ?", row.TextKey).
		Where("d.id <> ?", id).
		Scan(ctx)
	if err != nil {
		return nil, wrapErr("find the deliveries of the same text", err)
	}

	rows = append(rows, sending...)

	rivals := make([]chat.Delivery, len(rows))
	for i := range rows {
		rivals[i] = rows[i].delivery()

		if rivals[i].Attempts, err = findAttempts(ctx, s.db, &rows[i]); err != nil {
			return nil, err
		}
	}

	return rivals, nil
}

// RecordAmbiguity hands a delivery to a person of which nobody can tell which of the messages in
// the provider's list is its: delivery_not_found. The messages are kept as an event of type
// [chat.EventAmbiguous].
//
// Idempotent: the same messages are recorded once, and a delivery that is neither unknown nor
// waits for a person stays as it is. If it has ended, and an attempt of it may have become one of the
// messages, the event is kept all the same: each may be a second copy.
func (s *Store) RecordAmbiguity(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.DeliveryID,
	candidates []chat.Report,
	now time.Time,
) (chat.Delivery, error) {
	const what = "record evidence that is ambiguous"

	now = toMicroseconds(now)

	return s.changeDelivery(ctx, what, ws, id, func(tx bun.Tx, row *deliveryRow) []bun.Query {
		statements := applyMove(tx, row, now, func(d *chat.Delivery) chat.Effect { return d.MarkAmbiguous(candidates) })

		// One that has ended stays as it is; that the messages may be copies of it is kept.
		ended := row.Submission.Settled() && row.Evidence != chat.EvidenceNone && len(candidates) > 0
		if len(statements) == 0 && !ended {
			return nil
		}

		return append(statements, insertAmbiguity(tx, row, candidates, now))
	})
}

// insertAmbiguity is the statement that keeps what the provider shows.
func insertAmbiguity(tx bun.Tx, row *deliveryRow, candidates []chat.Report, now time.Time) bun.Query {
	type shown struct {
		ID     string              `json:"provider_message_id"`
		Status chat.DeliveryStatus `json:"status"`
		MadeAt time.Time           `json:"made_at"`
	}

	messages := make([]shown, len(candidates))
	ids := make([]string, len(candidates))

	for i := range candidates {
		ids[i] = candidates[i].ProviderMessageID
		messages[i] = shown{
			ID:     candidates[i].ProviderMessageID,
			Status: candidates[i].DeliveryStatus,
			MadeAt: candidates[i].MadeAt,
		}
	}

	raw, _ := json.Marshal(map[string]any{"candidates": messages}) // strings and times only
	event := providerEventRow{
		Key:         fmt.Sprintf("%s:%s:%s", chat.EventAmbiguous, row.ID, strings.Join(ids, ",")),
		WorkspaceID: row.WorkspaceID,
		DeliveryID:  row.ID,
		Provider:    row.Provider,
		Type:        chat.EventAmbiguous,
		Raw:         raw,
		ReceivedAt:  now,
		Applied:     true,
	}

	return newEventInsert(tx, &event)
}

// AuditLookUp notes who has a delivery's provider asked: delivery_not_found.
func (s *Store) AuditLookUp(ctx context.Context, ws chat.WorkspaceID, id chat.DeliveryID, by chat.Actor) error {
	return s.inTx(ctx, "note who asks a provider", func(ctx context.Context, tx bun.Tx) error {
		if _, err := findDelivery(ctx, tx.NewSelect(), ws, id); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "delivery.looked_up",
			object:    string(id),
		})
	})
}
