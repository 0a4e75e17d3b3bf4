package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// ChangeSend changes the text or the address of a send that has not left, and returns the workflow that follows it. It
// locks the delivery, so no claim can happen meanwhile. plan plans the changed delivery; if it returns an error,
// nothing is stored and that error is returned. The other errors are action_not_found, delivery_not_found, those of
// [chat.ActionView.CheckChange] (already_sending, conflict) and of [chat.ChangeSend.Validate] (invalid_request).
//
// Idempotent: making the same change twice has the same effect as once.
func (s *Store) ChangeSend(
	ctx context.Context,
	in chat.ChangeSend,
	plan func(*chat.SendFacts, *chat.Delivery) (chat.SendPlan, error),
) (workflow string, err error) {
	now := s.time()
	err = s.inKnownHistory(ctx, "change a send", func(ctx context.Context, tx bun.Tx) error {
		row, err := findDelivery(ctx, s.locked(withRetry(tx.NewSelect())), in.WorkspaceID, in.DeliveryID)
		if err != nil {
			return err
		}

		old := row.delivery()
		if err := s.checkChange(ctx, tx, &in, &old); err != nil {
			return err
		}

		r := retryPlan{old: row, now: now}
		r.WorkspaceID = in.WorkspaceID
		r.Change = in.Change

		facts, err := s.retryFacts(ctx, tx, &r)
		if err != nil {
			return err
		}

		planned, err := plan(facts, &old)
		if err != nil {
			return err
		}

		if err := s.saveChange(ctx, tx, &in, &r, &planned); err != nil {
			return err
		}

		workflow, err = workflowOfAction(ctx, tx, row.WorkspaceID, row.ActionID)

		return err
	})

	return workflow, err
}

// checkChange returns an error if the send may have left, or if the change does not fit it.
func (s *Store) checkChange(ctx context.Context, tx bun.Tx, in *chat.ChangeSend, old *chat.Delivery) error {
	action, err := findAction(ctx, tx, in.WorkspaceID, in.ActionID)
	if err != nil {
		return err
	}

	view := chat.ActionView{
		Action:   action.action(),
		Delivery: old,
		Send:     &chat.SendView{},
	}

	approval, err := findApproval(ctx, tx.NewSelect(), in.WorkspaceID, chat.ApprovalID(in.ActionID))

	switch {
	case err == nil:
		found := approval.approval()
		view.Send.Approval = &found
	case chat.CodeOf(err) != chat.CodeApprovalNotFound:
		return err
	}

	if err := view.CheckChange(); err != nil {
		return err
	}

	return in.Validate(old)
}

// saveChange stores the planned text and address in place of the delivery's own.
func (s *Store) saveChange(
	ctx context.Context,
	tx bun.Tx,
	in *chat.ChangeSend,
	r *retryPlan,
	planned *chat.SendPlan,
) error {
	row := &r.old
	next := plannedDelivery(planned, r.now)
	// Answers are found by the token in the delivery's reply address, which therefore stays.
	next.Payload.ReplyTo = row.Payload.ReplyTo

	before := map[string]any{"to": row.To}
	after := map[string]any{"to": next.To}

	row.To = next.To
	row.ToGiven = next.ToGiven
	row.ToFolded = next.ToFolded
	row.Payload = next.Payload
	row.Segments = next.Segments
	row.TextKey = next.TextKey
	row.UpdatedAt = r.now

	statements := []bun.Query{
		tx.NewUpdate().
			Model(row).
			Column("to_address", "to_given", "to_folded", "payload", "segments", "text_key", "updated_at").
			WherePK(),
	}

	detail := changesOf(chat.AuditDelivery, before, after).
		with("delivery_id", row.ID).
		with("reason", in.Reason)

	if in.Change.Body != "" {
		said, err := s.lockText(ctx, tx, row)
		if err != nil {
			return err
		}

		said.Content = in.Change.Body
		statements = append(statements, saveText(tx, &said))
		detail["message"] = "changed"
	}

	statements = append(statements, s.insertAudit(tx, auditEvent{
		workspace: row.WorkspaceID,
		by:        in.By,
		verb:      "action.changed",
		object:    string(in.ActionID),
		detail:    detail,
	}))

	return s.batch(ctx, tx, statements...)
}
