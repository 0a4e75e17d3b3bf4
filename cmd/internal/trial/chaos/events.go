package chaos

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// EventLog is what the log of events comes to, beside the tables that it tells of.
type EventLog struct {
	Events int `json:"events"`
	// Unnumbered are changes that have no number in the end, Gaps numbers of a workspace or a chat that no event has.
	Unnumbered int `json:"unnumbered"`
	Gaps       int `json:"gaps"`
	// Untold are messages that are not told of exactly once, and deliveries that were accepted, or are settled,
	// of which no event says so.
	Untold int `json:"untold"`
}

// Passed reports whether nothing is missing.
func (l *EventLog) Passed() bool { return l.Unnumbered == 0 && l.Gaps == 0 && l.Untold == 0 }

// numberedWithin is more than it takes to number what was committed last.
const numberedWithin = 30 * time.Second

const unnumberedChanges = `SELECT count(*) FROM event_changes`

const eventGaps = `
SELECT COALESCE(sum(last - count), 0)::bigint FROM (
	SELECT max(sequence) AS last, count(*) AS count FROM events GROUP BY workspace_id
	UNION ALL
	SELECT max(chat_sequence), count(*) FROM events WHERE chat_id IS NOT NULL GROUP BY workspace_id, chat_id
) numbers`

const untoldFacts = `
SELECT
	(SELECT count(*) FROM messages m WHERE 1 <> (
		SELECT count(*) FROM events e WHERE e.workspace_id = m.workspace_id AND e.chat_id = m.chat_id
			AND e.type = 'message.created' AND e.subject_id = m.id))
	+ (SELECT count(*) FROM deliveries d WHERE d.submission = 'accepted' AND NOT EXISTS (
		SELECT FROM events e WHERE e.workspace_id = d.workspace_id AND e.chat_id = d.chat_id
			AND e.type = 'delivery.accepted' AND e.subject_id = d.id))
	+ (SELECT count(*) FROM deliveries d
		WHERE d.status IN ('delivered', 'read', 'undelivered', 'failed', 'bounced', 'unconfirmed', 'rejected',
			'suppressed', 'expired', 'canceled', 'confirmed_sent', 'abandoned')
		AND NOT EXISTS (
			SELECT FROM events e WHERE e.workspace_id = d.workspace_id AND e.chat_id = d.chat_id
				AND e.type = 'delivery.settled' AND e.subject_id = d.id))`

// eventLog compares the log of events with the tables, until nothing is missing or it is time that nothing were.
func (l *ledger) eventLog(ctx context.Context) (EventLog, error) {
	for until := time.Now().Add(numberedWithin); ; {
		log, err := l.compareEvents(ctx)
		if err != nil || log.Passed() || time.Now().After(until) {
			return log, err
		}

		select {
		case <-ctx.Done():
			return log, ctx.Err()
		case <-time.After(settleLook):
		}
	}
}

// compareEvents compares them at one moment: receipts may still come.
func (l *ledger) compareEvents(ctx context.Context) (EventLog, error) {
	var log EventLog

	tx, err := l.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return log, fmt.Errorf("compare the log of events: %w", err)
	}

	defer func() { _ = tx.Rollback() }() // it has written nothing

	for query, into := range map[string]*int{
		`SELECT count(*) FROM events`: &log.Events,
		unnumberedChanges:             &log.Unnumbered,
		eventGaps:                     &log.Gaps,
		untoldFacts:                   &log.Untold,
	} {
		if err := tx.QueryRowContext(ctx, query).Scan(into); err != nil {
			return log, fmt.Errorf("compare the log of events: %w", err)
		}
	}

	return log, nil
}
