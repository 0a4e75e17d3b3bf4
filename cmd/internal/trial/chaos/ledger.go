package chaos

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/uptrace/bun/driver/pgdriver"

	"handrail/chat"
)

// row is what the database says about one delivery.
type row struct {
	marker     string
	submission chat.SubmissionState
	status     chat.DeliveryStatus
	errorCode  string
	// duplicate reports whether a second acceptance was noticed and flagged.
	duplicate bool
}

// open reports whether the delivery still goes on by itself.
func (r row) open() bool {
	switch r.submission {
	case chat.SubmissionSending, chat.SubmissionUnknown:
		return true
	case chat.SubmissionPending:
		return r.errorCode != chat.ErrorTriesExhausted
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

const deliveriesWithMarkers = `
SELECT m.content, d.submission, d.carrier, d.error_code, EXISTS (
	SELECT 1 FROM provider_events e WHERE e.workspace_id = d.workspace_id AND e.delivery_id = d.id AND e.type = $1)
FROM deliveries d JOIN messages m ON m.workspace_id = d.workspace_id AND m.id = d.message_id`

// rows returns all deliveries.
func (l *ledger) rows(ctx context.Context) ([]row, error) {
	found, err := l.db.QueryContext(ctx, deliveriesWithMarkers, chat.EventDuplicate)
	if err != nil {
		return nil, fmt.Errorf("read the deliveries: %w", err)
	}

	defer func() { _ = found.Close() }() // found.Err reports what went wrong

	var all []row

	for found.Next() {
		var r row

		var content string
		if err := found.Scan(&content, &r.submission, &r.status, &r.errorCode, &r.duplicate); err != nil {
			return nil, fmt.Errorf("read a delivery: %w", err)
		}

		r.marker = markers.FindString(content)
		all = append(all, r)
	}

	if err := found.Err(); err != nil {
		return nil, fmt.Errorf("read the deliveries: %w", err)
	}

	return all, nil
}
