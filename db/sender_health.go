package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// senderHealthRow is a sender with its breaker, which may be missing.
type senderHealthRow struct {
	Sender       string          `bun:"sender"`
	Channel      chat.Channel    `bun:"channel"`
	Name         string          `bun:"name"`
	Address      string          `bun:"address"`
	Newest       *time.Time      `bun:"newest"`
	OpenedAt     *time.Time      `bun:"opened_at"`
	ProbeAt      *time.Time      `bun:"probe_at"`
	ErrorCode    string          `bun:"error_code"`
	ErrorMessage string          `bun:"error_message"`
	Probe        chat.DeliveryID `bun:"probe"`
	LastSuccess  *time.Time      `bun:"last_success"`
	LastCallback *time.Time      `bun:"last_callback"`
}

func (r *senderHealthRow) health(since time.Time) chat.SenderHealth {
	health := chat.SenderHealth{
		Scope:        r.Sender,
		Name:         r.Name,
		Address:      r.Address,
		Channel:      r.Channel,
		Provider:     r.Channel.Spec().Provider,
		LastSuccess:  chat.UTC(r.LastSuccess),
		LastCallback: chat.UTC(r.LastCallback),
		Since:        since,
	}

	if r.OpenedAt != nil && r.ProbeAt != nil {
		health.Breaker = &chat.Breaker{
			ErrorCode:    r.ErrorCode,
			ErrorMessage: r.ErrorMessage,
			OpenedAt:     r.OpenedAt.UTC(),
			ProbeAt:      r.ProbeAt.UTC(),
			Probe:        r.Probe,
		}
	}

	return health
}

// The parts of the query for senders. Each looks at a bounded number of rows of one sender, by an index.
const (
	// sendersOfWorkspace are what a workspace sends from.
	sendersOfWorkspace = `
		SELECT 'phone:' || CAST(id AS text) AS sender, 'phone-sms' AS channel, name,
			CASE number WHEN '' THEN messaging_service_sid ELSE number END AS address
		FROM phone_numbers WHERE workspace_id = ?0 AND revoked_at IS NULL
		UNION ALL
		SELECT 'inbox:' || CAST(id AS text), 'email', display_name, address
		FROM inboxes WHERE workspace_id = ?0 AND revoked_at IS NULL`

	newestAttempt = `(SELECT t.started_at FROM delivery_attempts AS t
		WHERE t.workspace_id = ?0 AND t.sender = s.sender ORDER BY t.started_at DESC LIMIT 1)`

	oldestBlocked = `(SELECT d.id FROM deliveries AS d
		WHERE d.workspace_id = ?0 AND d.status = 'blocked' AND d.sender = s.sender AND d.error_code NOT IN ?1
		ORDER BY d.created_at, d.id LIMIT 1)`

	newestAccepted = `(SELECT max(n.started_at) FROM (SELECT t.started_at, t.outcome FROM delivery_attempts AS t
		WHERE t.workspace_id = ?0 AND t.sender = s.sender ORDER BY t.started_at DESC LIMIT ?2) AS n
		WHERE n.outcome = 'accepted')`

	newestCallback = `(SELECT max(e.received_at) FROM (SELECT t.delivery_id FROM delivery_attempts AS t
			WHERE t.workspace_id = ?0 AND t.sender = s.sender ORDER BY t.started_at DESC LIMIT ?3) AS n
		JOIN provider_events AS e ON e.workspace_id = ?0 AND e.delivery_id = n.delivery_id
		WHERE e.event_key NOT LIKE 'lookup:%' AND e.type NOT IN ?4)`
)

// SenderHealth says how the senders of a workspace fare at their providers. A workspace that is not there has none.
func (s *Store) SenderHealth(ctx context.Context, ws chat.WorkspaceID) (chat.Health, error) {
	var health chat.Health

	err := s.snapshot(ctx, "look how senders fare", func(ctx context.Context, tx bun.Tx) error {
		rows, err := listSenderHealth(ctx, tx, ws)
		if err != nil {
			return err
		}

		if len(rows) > chat.MaxHealthSenders {
			rows = rows[:chat.MaxHealthSenders]
			health.IsPartial = true
		}

		waiting, err := countBlocked(ctx, tx, ws)
		if err != nil {
			return err
		}

		since := s.time().Truncate(time.Minute).Add(-chat.HealthWindow)

		for i := range rows {
			sender := rows[i].health(since)
			sender.Waiting = waiting[sender.Scope]

			// Most senders have been quiet.
			if rows[i].Newest != nil && !rows[i].Newest.Before(since) {
				if err := s.countMinutes(ctx, tx, ws, &sender); err != nil {
					return err
				}
			}

			health.Senders = append(health.Senders, sender)
		}

		return nil
	})

	return health, err
}

// listSenderHealth lists the senders, those with a breaker first, and then those that were used last: one more than
// are shown.
func listSenderHealth(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID) ([]senderHealthRow, error) {
	var rows []senderHealthRow

	err := tx.NewRaw(
		`SELECT s.sender, s.channel, s.name, s.address, s.newest, s.opened_at, s.probe_at, s.error_code,
			s.error_message, CASE WHEN s.opened_at IS NULL THEN '' ELSE COALESCE(`+oldestBlocked+`, '') END AS probe,
			`+newestAccepted+` AS last_success, `+newestCallback+` AS last_callback
		FROM (
			SELECT s.sender, s.channel, s.name, s.address, `+newestAttempt+` AS newest, b.opened_at, b.probe_at,
				COALESCE(b.error_code, '') AS error_code, COALESCE(b.error_message, '') AS error_message
			FROM (`+sendersOfWorkspace+`) AS s
			LEFT JOIN sender_breakers AS b ON b.workspace_id = ?0 AND b.sender = s.sender
			ORDER BY b.opened_at NULLS LAST, newest DESC NULLS LAST, s.sender LIMIT ?5
		) AS s ORDER BY s.opened_at NULLS LAST, s.newest DESC NULLS LAST, s.sender`,
		ws,
		bun.Tuple(chat.LeftAlone()),
		chat.HealthSuccesses,
		chat.HealthCallbacks,
		bun.Tuple([]string{chat.EventAmbiguous, chat.EventDuplicate, eventRefused}),
		chat.MaxHealthSenders+1,
	).Scan(ctx, &rows)

	return rows, err
}

// countBlocked counts what waits because its sender is refused, the oldest up to [chat.MaxMatters], by sender.
func countBlocked(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID) (map[string]int, error) {
	var rows []struct {
		Sender string `bun:"sender"`
		Count  int    `bun:"count"`
	}

	blocked := tx.NewSelect().
		Model((*deliveryRow)(nil)).
		Column("d.sender").
		Where("d.workspace_id = ?", ws).
		Where("d.status = 'blocked'").
		Where("d.error_code NOT IN ?", bun.Tuple(chat.LeftAlone())).
		OrderExpr("d.created_at").
		Limit(chat.MaxMatters)

	err := tx.NewSelect().
		TableExpr("(?) AS x", blocked).
		ColumnExpr("x.sender, count(*) AS count").
		GroupExpr("x.sender").
		Scan(ctx, &rows)

	counts := map[string]int{}
	for _, row := range rows {
		counts[row.Sender] = row.Count
	}

	return counts, err
}

// selectAttempts selects a sender's newest attempts since sender.Since that say something of its provider: not those
// that are under way, or were not made.
func selectAttempts(tx bun.Tx, ws chat.WorkspaceID, sender *chat.SenderHealth) *bun.SelectQuery {
	return tx.NewSelect().
		Model((*attemptRow)(nil)).
		Column("t.started_at", "t.outcome", "t.http_status").
		Where("t.workspace_id = ?", ws).
		Where("t.sender = ?", sender.Scope).
		Where("t.started_at >= ?", sender.Since).
		Where("t.outcome IS NOT NULL").
		Where("t.outcome <> ?", chat.OutcomeAborted).
		OrderExpr("t.started_at DESC").
		Limit(chat.MaxHealthAttempts)
}

// countMinutes counts a sender's newest attempts since sender.Since by minute, and moves that time where there are
// more of them than are counted.
func (s *Store) countMinutes(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, sender *chat.SenderHealth) error {
	// A minute is the first 16 characters of a time: 2026-11-30 09:41.
	minute := "substr(n.started_at, 1, 16)"
	written := minute

	if s.postgres() {
		minute = "date_trunc('minute', n.started_at)"
		written = "to_char(" + minute + " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"
	}

	var rows []struct {
		Minute     string                 `bun:"minute"`
		Outcome    chat.SubmissionOutcome `bun:"outcome"`
		HTTPStatus int                    `bun:"http_status"`
		Count      int                    `bun:"count"`
	}

	err := tx.NewSelect().
		TableExpr("(?) AS n", selectAttempts(tx, ws, sender)).
		ColumnExpr("? AS minute", bun.Safe(written)).
		ColumnExpr("COALESCE(n.outcome, '') AS outcome, n.http_status, count(*) AS count").
		GroupExpr("?, n.outcome, n.http_status", bun.Safe(minute)).
		OrderExpr("1").
		Scan(ctx, &rows)
	if err != nil {
		return err
	}

	counted := 0

	for _, row := range rows {
		at, err := time.Parse("2006-01-02 15:04", row.Minute)
		if err != nil {
			return err
		}

		counted += row.Count
		sender.AddAttempts(chat.AttemptCount{
			Minute:     at,
			Outcome:    row.Outcome,
			HTTPStatus: row.HTTPStatus,
			Count:      row.Count,
		})
	}

	if counted >= chat.MaxHealthAttempts {
		sender.DropFirstMinute()
	}

	return nil
}
