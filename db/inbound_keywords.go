package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// applyKeyword does what a keyword stands for. It needs the sender that it was sent to: an
// opt-out holds for that one.
func (s *Store) applyKeyword(ctx context.Context, tx bun.Tx, a *arrival) error {
	if a.sender() == "" || a.From == "" {
		return nil
	}

	switch a.Keyword {
	case chat.KeywordStop:
		if err := s.optOut(ctx, tx, a); err != nil {
			return err
		}

		return s.endByStop(ctx, tx, a)

	case chat.KeywordStart:
		return s.optIn(ctx, tx, a)
	case chat.KeywordHelp:
	}

	return nil
}

// optOut puts who wrote on the sender's list, and ends what was waiting to be sent to them.
// What the provider may have is left alone: nothing is known of it.
func (s *Store) optOut(ctx context.Context, tx bun.Tx, a *arrival) error {
	var canceled []deliveryRow

	_, err := tx.NewUpdate().
		Model(&canceled).
		Set("submission = ?", chat.SubmissionSuppressed).
		Set("error_code = ?", chat.ErrorOptedOut).
		Set("error_message = ?", chat.ReasonOptedOut).
		Set("retry_at = NULL").
		Set("updated_at = ?", a.now).
		Where("d.workspace_id = ?", a.workspace).
		// By status, because an index has it; the two are the same here.
		Where("d.status IN ('pending', 'blocked')").
		// What may have been taken already is for a person, and its next claim says so.
		Where("d.evidence = 'none'").
		Where("d.sender = ?", a.sender()).
		Where("lower(d.to_address) = lower(?)", a.From).
		Returning("*").
		Exec(ctx)
	if err := unlessNone(err); err != nil {
		return err
	}

	statements := []bun.Query{addSuppression(tx, &suppressionRow{
		WorkspaceID: a.workspace,
		Channel:     a.Channel,
		Sender:      a.sender(),
		Address:     a.From,
		Reason:      chat.SuppressedOptOut,
		SourceEvent: a.Key,
		CreatedAt:   a.now,
	})}

	actions := make([]chat.ActionID, len(canceled))
	for i := range canceled {
		actions[i] = canceled[i].ActionID
		statements = append(statements, markMessageNotSent(tx, &canceled[i], a.now)...)
	}

	if err := s.batch(ctx, tx, statements...); err != nil || len(actions) == 0 {
		return err
	}

	return tx.NewSelect().Model((*actionRow)(nil)).Column("workflow_id").Where("a.workspace_id = ?", a.workspace).
		Where("a.id IN ?", bun.Tuple(actions)).OrderExpr("a.id").Scan(ctx, &a.Stopped)
}

// optIn takes who wrote off the sender's list, if they, or the provider for them, had asked
// for that. Bounces and complaints stay: writing START does not mend an address.
func (s *Store) optIn(ctx context.Context, tx bun.Tx, a *arrival) error {
	_, err := tx.NewUpdate().
		Model((*suppressionRow)(nil)).
		Set("lifted_at = ?", a.now).
		Where("workspace_id = ?", a.workspace).
		Where("channel = ?", a.Channel).
		Where("sender = ?", a.sender()).
		Where("address = lower(?)", a.From).
		Where("lifted_at IS NULL").
		Where("reason IN ?", bun.Tuple([]chat.SuppressionReason{chat.SuppressedOptOut, chat.SuppressedCarrier})).
		Exec(ctx)

	return err
}
