package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// breakerRow is a sender whose account refuses everything. While it is there nothing of the
// sender is posted, but for one probe whenever probe_at has passed.
type breakerRow struct {
	bun.BaseModel `bun:"table:sender_breakers,alias:b"`

	WorkspaceID  chat.WorkspaceID `bun:"workspace_id,pk"`
	Sender       string           `bun:"sender,pk"`
	Provider     chat.Provider    `bun:"provider"`
	OpenedAt     time.Time        `bun:"opened_at"`
	ProbeAt      time.Time        `bun:"probe_at"`
	ErrorCode    string           `bun:"error_code"`
	ErrorMessage string           `bun:"error_message"`
}

// fromBreaker is the part of a statement that finds the breaker of a delivery's sender.
const fromBreaker = "FROM sender_breakers b WHERE b.workspace_id = d.workspace_id AND b.sender = d.sender"

// probingColumn reports of a claimed delivery whether its sender has a breaker. RETURNING on
// SQLite knows no alias of the table, so the breaker's columns get other names.
const probingColumn = `EXISTS (
	SELECT 1 FROM (SELECT workspace_id AS of_workspace, sender AS of_sender FROM sender_breakers) b
	WHERE b.of_workspace = ? AND b.of_sender = sender) AS probing`

// openBreaker is the statement that notes a refusal of the sender's account. The delivery
// that was refused waits for the next probe as all others do.
func openBreaker(tx bun.Tx, row *deliveryRow, in submission) bun.Query {
	breaker := breakerRow{
		WorkspaceID:  row.WorkspaceID,
		Sender:       row.Sender,
		Provider:     row.Provider,
		OpenedAt:     in.now,
		ProbeAt:      toMicroseconds(in.now.Add(in.said.RetryDelay())),
		ErrorCode:    in.said.ErrorCode,
		ErrorMessage: in.said.ErrorMessage,
	}

	return tx.NewInsert().
		Model(&breaker).
		On("CONFLICT (workspace_id, sender) DO UPDATE").
		Set("probe_at = EXCLUDED.probe_at").
		Set("error_code = EXCLUDED.error_code").
		Set("error_message = EXCLUDED.error_message").
		Returning("NULL")
}

// closeBreaker are the statements for an answer that shows the account to work: what waits
// for the next probe may be posted at once, but not the answered delivery itself, which a
// refusal of this recipient alone leaves blocked.
func closeBreaker(tx bun.Tx, row *deliveryRow) []bun.Query {
	return []bun.Query{
		// By status, because an index has it; the two are the same here.
		tx.NewUpdate().
			Model((*deliveryRow)(nil)).
			Set("retry_at = NULL").
			Where("workspace_id = ?", row.WorkspaceID).
			Where("status = 'blocked'").
			Where("sender = ?", row.Sender).
			Where("retry_at IS NOT NULL").
			Where("id <> ?", row.ID).
			Where("EXISTS (SELECT 1 FROM sender_breakers b WHERE b.workspace_id = ? AND b.sender = ?)",
				row.WorkspaceID, row.Sender),
		tx.NewDelete().
			Model((*breakerRow)(nil)).
			Where("workspace_id = ?", row.WorkspaceID).
			Where("sender = ?", row.Sender),
	}
}

// takeProbe makes the claim of row the breaker's probe. Of two at once the second finds that
// the moment has moved, and its claim is decided anew.
func takeProbe(ctx context.Context, tx bun.Tx, row *deliveryRow, now time.Time) error {
	result, err := tx.NewUpdate().Model((*breakerRow)(nil)).Set("probe_at = ?", now.Add(chat.ProbeEvery)).
		Where("workspace_id = ?", row.WorkspaceID).Where("sender = ?", row.Sender).Where("probe_at <= ?", now).Exec(ctx)
	if changed, err := hasChanged(result, err); err != nil || changed {
		return err
	}

	return errClaimAgain
}

// probeNow is the statement that lets the next claim of the sender be a probe.
func probeNow(tx bun.Tx, ws chat.WorkspaceID, sender string, now time.Time) bun.Query {
	return tx.NewUpdate().Model((*breakerRow)(nil)).Set("probe_at = ?", now).
		Where("workspace_id = ?", ws).Where("sender = ?", sender).Where("probe_at > ?", now)
}
