package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// reportSuppression are the statements for what a report says about whether the recipient may be
// written to. What the recipient has said last counts, by the provider's clock, in whichever order
// it is reported.
func reportSuppression(ctx context.Context, tx bun.Tx, row *deliveryRow, r *report) ([]bun.Query, error) {
	at := r.now
	if !r.HappenedAt.IsZero() && r.HappenedAt.Before(at) {
		at = toMicroseconds(r.HappenedAt)
	}

	// As they are compared.
	suppression := suppressionRow{
		WorkspaceID: row.WorkspaceID,
		Channel:     row.Channel,
		Sender:      chat.FoldAddress(row.From),
		Address:     foldedAddress(row.Channel, row.To),
		Reason:      r.Suppress,
		SourceEvent: r.Key,
		CreatedAt:   at,
	}

	switch {
	case r.Lifts != "":
		suppression.Reason = r.Lifts
		return takeBackSuppression(tx, &suppression), nil
	case r.Suppress == "":
		return nil, nil
	}

	taken, err := wasTakenBack(ctx, tx, &suppression)
	if err != nil || taken {
		return nil, err
	}

	return []bun.Query{addSuppression(tx, &suppression)}, nil
}

// takeBackSuppression are the statements that lift a suppression which the recipient has taken back,
// and that remember when: what is reported later and happened earlier must not bring it back. The
// row that remembers was lifted when it was made.
func takeBackSuppression(tx bun.Tx, row *suppressionRow) []bun.Query {
	at := row.CreatedAt
	remembered := *row
	remembered.LiftedAt = &at

	return []bun.Query{
		tx.NewUpdate().
			Model((*suppressionRow)(nil)).
			Set("lifted_at = ?", at).
			Where("workspace_id = ?", row.WorkspaceID).
			Where("channel = ?", row.Channel).
			Where("sender = ?", row.Sender).
			Where("address = ?", row.Address).
			Where("reason = ?", row.Reason).
			Where("created_at < ?", at).
			Where("lifted_at IS NULL"),
		tx.NewInsert().
			Model(&remembered).
			Returning("NULL"),
	}
}

// wasTakenBack reports whether the recipient has taken back later what is reported now.
func wasTakenBack(ctx context.Context, tx bun.Tx, row *suppressionRow) (bool, error) {
	return tx.NewSelect().
		Model((*suppressionRow)(nil)).
		Where("x.workspace_id = ?", row.WorkspaceID).
		Where("x.channel = ?", row.Channel).
		Where("x.sender = ?", row.Sender).
		Where("x.address = ?", row.Address).
		Where("x.reason = ?", row.Reason).
		Where("x.lifted_at = x.created_at").
		Where("x.lifted_at > ?", row.CreatedAt).
		Exists(ctx)
}
