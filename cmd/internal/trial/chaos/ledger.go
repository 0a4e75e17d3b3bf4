package chaos

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"

	"handrail/chat"
)

// row is what the database says about one delivery.
type row struct {
	// marker is of the send that it belongs to, delivery its id, workflow what follows it.
	marker   string
	delivery string
	workflow string
	// retryOf is the delivery that a person has tried again with this one, "" for none.
	retryOf string
	// providerID is what the provider calls the message, "" if that is not known.
	providerID string
	attempts   []attempt
	submission chat.SubmissionState
	status     chat.DeliveryStatus
	errorCode  string
	// duplicate reports whether a second acceptance was noticed and flagged.
	duplicate bool
}

// attempt is one post, as the database knows it.
type attempt struct {
	// started is before the delivery was claimed for it. finished is after the provider's answer,
	// zero if that was never stored.
	started, finished time.Time
}

// open reports whether the delivery still goes on by itself.
func (r row) open() bool {
	switch r.submission {
	case chat.SubmissionSending, chat.SubmissionUnknown:
		return true
	case chat.SubmissionPending:
		return !slices.Contains(chat.LeftAlone(), r.errorCode)
	case chat.SubmissionAccepted:
		return !r.status.Final()
	default:
		return false
	}
}

// waitsForPerson reports whether the delivery waits for a person.
func (r row) waitsForPerson() bool {
	return !r.open() && !r.submission.Settled()
}

// accepted reports whether the provider took it.
func (r row) accepted() bool {
	return r.submission == chat.SubmissionAccepted || r.submission == chat.SubmissionConfirmedSent
}

// ended reports whether it ended without being sent, with a reason.
func (r row) ended() bool {
	return r.submission.Settled() && !r.accepted() && r.errorCode != ""
}

// ledger reads the database past the code that is tried.
type ledger struct{ db *sql.DB }

func openLedger(url string) *ledger {
	return &ledger{db: sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url)))}
}

func (l *ledger) close() error { return l.db.Close() }

const deliveriesOfSends = `
SELECT s.idempotency_key, d.id, a.workflow_id, COALESCE(d.retry_of, ''), COALESCE(d.provider_message_id, ''),
	d.submission, d.carrier, d.error_code, EXISTS (
		SELECT 1 FROM provider_events e
		WHERE e.workspace_id = d.workspace_id AND e.delivery_id = d.id AND e.type = $1)
FROM deliveries d
JOIN actions a ON a.workspace_id = d.workspace_id AND a.id = d.action_id
JOIN messages m ON m.workspace_id = d.workspace_id AND m.id = d.message_id
JOIN actions s ON s.workspace_id = m.workspace_id AND s.id = m.action_id
ORDER BY d.created_at, d.id`

// rows returns all deliveries, without their attempts.
func (l *ledger) rows(ctx context.Context) ([]row, error) {
	found, err := l.db.QueryContext(ctx, deliveriesOfSends, chat.EventDuplicate)
	if err != nil {
		return nil, fmt.Errorf("read the deliveries: %w", err)
	}

	defer func() { _ = found.Close() }() // found.Err reports what went wrong

	var all []row

	for found.Next() {
		var r row

		err := found.Scan(
			&r.marker,
			&r.delivery,
			&r.workflow,
			&r.retryOf,
			&r.providerID,
			&r.submission,
			&r.status,
			&r.errorCode,
			&r.duplicate,
		)
		if err != nil {
			return nil, fmt.Errorf("read a delivery: %w", err)
		}

		all = append(all, r)
	}

	if err := found.Err(); err != nil {
		return nil, fmt.Errorf("read the deliveries: %w", err)
	}

	return all, nil
}

// What a person may well try again: what may not have been sent, and what did not arrive.
const deliveriesToRetry = `
SELECT d.id FROM deliveries d
WHERE (d.submission = 'needs_review' OR d.submission = 'accepted' AND d.carrier IN ('undelivered', 'unconfirmed'))
	AND NOT EXISTS (SELECT 1 FROM deliveries r WHERE r.workspace_id = d.workspace_id AND r.retry_of = d.id)`

// toRetry returns the deliveries that a person may well try again.
func (l *ledger) toRetry(ctx context.Context) ([]string, error) {
	found, err := l.db.QueryContext(ctx, deliveriesToRetry)
	if err != nil {
		return nil, fmt.Errorf("read the deliveries to retry: %w", err)
	}

	defer func() { _ = found.Close() }() // found.Err reports what went wrong

	var all []string

	for found.Next() {
		var id string
		if err := found.Scan(&id); err != nil {
			return nil, fmt.Errorf("read a delivery to retry: %w", err)
		}

		all = append(all, id)
	}

	return all, found.Err()
}

// triedAgain asks for the retry of a delivery, which has an id of its own or goes on under the
// same one.
const triedAgain = `
SELECT EXISTS (SELECT 1 FROM deliveries WHERE retry_of = $1 OR id = $1 AND decision = 'retry')`

// isRetried reports whether a delivery has been tried again.
func (l *ledger) isRetried(ctx context.Context, delivery string) (bool, error) {
	var is bool

	err := l.db.QueryRowContext(ctx, triedAgain, delivery).Scan(&is)
	if err != nil {
		return false, fmt.Errorf("look for a retry: %w", err)
	}

	return is, nil
}

const allAttempts = `SELECT delivery_id, started_at, finished_at FROM delivery_attempts ORDER BY delivery_id, fence`

// rowsWithAttempts returns all deliveries with their attempts.
func (l *ledger) rowsWithAttempts(ctx context.Context) ([]row, error) {
	all, err := l.rows(ctx)
	if err != nil {
		return nil, err
	}

	found, err := l.db.QueryContext(ctx, allAttempts)
	if err != nil {
		return nil, fmt.Errorf("read the attempts: %w", err)
	}

	defer func() { _ = found.Close() }() // found.Err reports what went wrong

	attempts := make(map[string][]attempt)

	for found.Next() {
		var (
			delivery string
			one      attempt
			finished sql.NullTime
		)

		if err := found.Scan(&delivery, &one.started, &finished); err != nil {
			return nil, fmt.Errorf("read an attempt: %w", err)
		}

		one.finished = finished.Time
		attempts[delivery] = append(attempts[delivery], one)
	}

	for i := range all {
		all[i].attempts = attempts[all[i].delivery]
	}

	return all, found.Err()
}
