package db

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// retryResult is what an action of kind RetryDelivery keeps of its answer.
type retryResult struct {
	DeliveryID chat.DeliveryID `json:"delivery_id"`
	Owner      string          `json:"owner,omitempty"`
	Replaced   string          `json:"replaced,omitempty"`
	Undoable   bool            `json:"undoable,omitempty"`
}

// retryPlan is a retry that is being prepared.
type retryPlan struct {
	chat.RetryDelivery
	// id is what a new delivery will be called.
	id  chat.DeliveryID
	old deliveryRow
	now time.Time
	// hold is why what the retry begins waits for a person, nil if it does not.
	hold *chat.DatabaseHold
	// mayDuplicate reports that the retry may send the message twice, which was acknowledged.
	mayDuplicate bool
}

// PrepareRetry stores a retry, in one transaction. What the provider certainly does not have,
// and what a person must decide about, is released and goes on under its own id; what has
// ended, and every change, gets a new delivery with the given id, which plan decides about;
// an error of plan is returned and stores nothing. The other errors: invalid_request if the retry may send
// the message twice and nobody has acknowledged that ([chat.Delivery.CheckAcknowledgment]), delivery_not_found,
// chat_not_found, sender_not_found, idempotency_key_reused, conflict when the delivery
// may not be tried again, with the id of its retry if there is one, and action_ended as with
// [Store.PrepareSend].
//
// A retry that was asked for before the database lost a part of its history may have been sent
// there: it waits for a person.
//
// Idempotent: the action's row is written first and holds the answer.
func (s *Store) PrepareRetry(
	ctx context.Context,
	in chat.RetryDelivery,
	id chat.DeliveryID,
	plan func(*chat.SendFacts, *chat.Delivery) (chat.SendPlan, error),
) (chat.DeliveryRetried, error) {
	r := retryPlan{RetryDelivery: in, id: id, now: s.time()}
	var retried chat.DeliveryRetried
	err := s.inHeldTx(ctx, "prepare a retry", func(ctx context.Context, tx bun.Tx) error {
		old, err := findDelivery(ctx, tx.NewSelect(), in.WorkspaceID, in.DeliveryID)
		if err != nil {
			return err
		}

		r.ChatID = old.ChatID

		stored, err := beginAction(ctx, tx, actionRowOf(chat.ActionRetryDelivery, in.WorkflowID(), &r.Request, r.now))
		if err != nil {
			return err
		}

		if stored != nil {
			retried, err = retriedBefore(ctx, tx, &in, stored)
			return err
		}

		// Held from here on: what was read before may have changed.
		q := s.locked(withRetry(tx.NewSelect()))
		if r.old, err = findDelivery(ctx, q, in.WorkspaceID, in.DeliveryID); err != nil {
			return err
		}

		if err := checkRetryable(ctx, tx, &r.old, in.ByAssistant); err != nil {
			return err
		}

		known := r.old.delivery()
		if err := known.CheckAcknowledgment(in.AcknowledgeDuplicate, in.Reason); err != nil {
			return err
		}

		r.mayDuplicate = known.MayDuplicate()

		if r.hold, err = s.holdCovering(ctx, tx, in.AcceptedAt); err != nil {
			return err
		}

		retried, err = s.storeRetry(ctx, tx, &r, plan)

		return err
	})

	return retried, s.keepRefusal(ctx, &in.Request, err)
}

// retriedBefore is the answer that the action's row holds, with the delivery as it is now.
func retriedBefore(
	ctx context.Context,
	tx bun.Tx,
	in *chat.RetryDelivery,
	stored *actionRow,
) (chat.DeliveryRetried, error) {
	if stored.Result == nil {
		if stored.Problem != nil {
			return chat.DeliveryRetried{}, stored.Problem
		}

		return chat.DeliveryRetried{}, chat.Errorf(chat.CodeConflict, "this action is no retry of the delivery")
	}

	var result retryResult
	if err := json.Unmarshal(stored.Result, &result); err != nil {
		return chat.DeliveryRetried{}, err
	}

	row, err := findDelivery(ctx, withRetry(tx.NewSelect()), in.WorkspaceID, result.DeliveryID)

	return retriedOf(in, &row, &result), err
}

func retriedOf(in *chat.RetryDelivery, row *deliveryRow, result *retryResult) chat.DeliveryRetried {
	d := row.delivery()

	return chat.DeliveryRetried{
		ActionID:         in.ActionID,
		Of:               in.DeliveryID,
		Owner:            result.Owner,
		Replaced:         result.Replaced,
		Undoable:         result.Undoable,
		DeliverySnapshot: d.Snapshot(),
	}
}

// checkRetryable checks a delivery that is held: conflict, forbidden.
func checkRetryable(ctx context.Context, tx bun.Tx, row *deliveryRow, byAssistant bool) error {
	tools, err := findRetryTools(ctx, tx, row)
	if err != nil {
		return err
	}

	d := row.delivery()
	d.Tools = tools

	if err := d.CheckRetry(); err != nil {
		return err
	}

	return d.CheckRetrier(byAssistant)
}

func (s *Store) storeRetry(
	ctx context.Context,
	tx bun.Tx,
	r *retryPlan,
	plan func(*chat.SendFacts, *chat.Delivery) (chat.SendPlan, error),
) (chat.DeliveryRetried, error) {
	own, err := workflowOfAction(ctx, tx, r.old.WorkspaceID, r.old.ActionID)
	if err != nil {
		return chat.DeliveryRetried{}, err
	}

	row, result := r.old, retryResult{DeliveryID: r.old.ID, Owner: own}

	undoable, err := isUndoable(ctx, tx, &r.old)
	if err != nil {
		return chat.DeliveryRetried{}, err
	}

	old := r.old.delivery()

	var statements []bun.Query
	if r.Change == (chat.Change{}) && old.GoesOnAsIs() {
		// What goes on as it is waits until it is allowed. In a chat that is gone it never is.
		if _, err := findChat(ctx, tx.NewSelect(), r.old.WorkspaceID, r.old.ChatID); err != nil {
			return chat.DeliveryRetried{}, err
		}

		row, statements = releaseDelivery(tx, r)
	} else {
		if row, statements, err = s.planRetry(ctx, tx, r, plan); err != nil {
			return chat.DeliveryRetried{}, err
		}

		result = retryResult{DeliveryID: r.id}
		if old.Releasable() {
			result.Replaced = own
		}
	}

	result.Undoable = undoable

	encoded, err := json.Marshal(result)
	if err != nil {
		return chat.DeliveryRetried{}, err
	}

	statements = append(statements,
		tx.NewUpdate().Model((*actionRow)(nil)).Set("result = ?", string(encoded)).
			Where("workspace_id = ?", r.WorkspaceID).Where("id = ?", r.ActionID),
		s.insertAudit(tx, auditEvent{
			workspace: r.WorkspaceID,
			by:        r.By,
			verb:      "delivery.retried",
			object:    string(r.old.ID),
			detail:    r.detail(&row),
		}))

	err = s.batch(ctx, tx, statements...)

	return retriedOf(&r.RetryDelivery, &row, &result), err
}

func (r *retryPlan) detail(as *deliveryRow) changed {
	detail := changesOf(chat.AuditDelivery, r.auditFieldsBefore(), r.auditFieldsAfter(as)).
		with("as", as.ID).
		with("reason", r.Reason).
		with("action_id", r.ActionID)

	if r.BulkRetryID != "" {
		detail["bulk_retry_id"] = r.BulkRetryID
	}

	if r.mayDuplicate {
		detail[chat.FieldAcknowledgeDuplicate] = true
	}

	return detail
}

// decision is the person's decision that a retry is.
func (r *retryPlan) decision() *chat.Decision {
	return &chat.Decision{
		Verdict: chat.VerdictRetry,
		Reason:  r.Reason,
		By:      r.By,
		At:      r.now,
	}
}

// releaseDelivery lets the old delivery go on under its own id, at once: one that is blocked
// is the next probe of its sender.
func releaseDelivery(tx bun.Tx, r *retryPlan) (deliveryRow, []bun.Query) {
	row := r.old
	wasBlocked := row.Submission == chat.SubmissionBlocked

	kept := keepForgottenAttempt(tx, &row, "")

	d := row.delivery()
	d.Release()
	row.apply(&d)
	row.recordDecision(r.decision())
	row.ReleasedBy = r.ActionID
	row.SweepAfter = r.now

	next := chat.ActionRunning

	if r.hold != nil {
		row.hold(r.hold, r.now)

		next = chat.ActionParked
	}

	if r.BulkRetryID != "" {
		row.BulkRetryID = r.BulkRetryID
		row.BulkNumber = r.BulkNumber
	}

	retry := actionKey{workspace: r.WorkspaceID, id: r.ActionID}
	statements := slices.Concat(kept, []bun.Query{
		saveState(tx, &row, r.now),
		saveDecision(tx, &row).Column("released_by", "sweep_after", "seen_message", "despite_takeover").
			Column("despite_brakes"),
		moveAction(tx, row.actionKey(), next, r.now, chat.ActionParked, chat.ActionFailed).
			Set("problem = NULL"),
		moveAction(tx, retry, chat.ActionSucceeded, r.now, chat.ActionRunning),
	})

	if wasBlocked && r.BulkRetryID == "" {
		statements = append(statements, probeNow(tx, row.WorkspaceID, row.Sender, r.now))
	}

	return row, statements
}

// planRetry makes a new delivery of the old one's message, and ends the old one if it has not
// ended yet.
func (s *Store) planRetry(
	ctx context.Context,
	tx bun.Tx,
	r *retryPlan,
	plan func(*chat.SendFacts, *chat.Delivery) (chat.SendPlan, error),
) (deliveryRow, []bun.Query, error) {
	facts, err := s.retryFacts(ctx, tx, r)
	if err != nil {
		return deliveryRow{}, nil, err
	}

	old := r.old.delivery()

	planned, err := plan(facts, &old)
	if err != nil {
		return deliveryRow{}, nil, err
	}

	row := plannedDelivery(&planned, r.now)
	row.ID = r.id
	row.WorkspaceID = r.WorkspaceID
	row.ChatID = r.old.ChatID
	row.MessageID = r.old.MessageID
	row.ActionID = r.ActionID
	row.PurposeKey = "retry:" + string(r.old.ID)
	row.RetryOf = r.old.ID
	row.BulkRetryID = r.BulkRetryID
	row.BulkNumber = r.BulkNumber
	row.Policy = r.old.Policy
	row.ToMemberID = r.old.ToMemberID
	row.keepPreconditions(&old)
	row.defyHolds(&r.RetryDelivery, facts.Chat.Takeover)

	if row.Watermark, err = s.retryWatermark(ctx, tx, r, facts.Chat.Attention); err != nil {
		return deliveryRow{}, nil, err
	}

	if r.hold != nil {
		row.hold(r.hold, r.now)
	}

	// Its insertion comes after the end of the old one, and the message is on its way again.
	statements := append(replaceDelivery(tx, r), tx.NewInsert().Model(&row).Returning("NULL"))

	if r.Change.Body != "" {
		said, err := s.changeText(ctx, tx, r)
		if err != nil {
			return deliveryRow{}, nil, err
		}

		statements = append(statements, said)
	}

	statements = append(statements,
		moveMessage(tx, r.WorkspaceID, row.MessageID, chat.MessagePending),
		tx.NewUpdate().
			Model((*chatRow)(nil)).
			Set("updated_at = ?", r.now).
			Where("workspace_id = ?", r.WorkspaceID).
			Where("id = ?", row.ChatID))

	return row, statements, nil
}

// replaceDelivery are the statements that end the old delivery in favour of the new one, if
// it was still open, and keep the person's decision about it.
func replaceDelivery(tx bun.Tx, r *retryPlan) []bun.Query {
	old := r.old
	old.recordDecision(r.decision())

	statements := []bun.Query{saveDecision(tx, &old)}

	return append(statements, applyMove(tx, &old, r.now, func(d *chat.Delivery) chat.Effect {
		return d.Replace(r.id)
	})...)
}

// retryWatermark is what the acceptance of the retry will mark as answered: everything so
// far, unless the member has written since the message was first to be sent, which it then
// cannot be an answer to.
func (s *Store) retryWatermark(ctx context.Context, tx bun.Tx, r *retryPlan, attention int64) (int64, error) {
	written, err := tx.NewSelect().
		Model((*messageRow)(nil)).
		Where("m.workspace_id = ?", r.WorkspaceID).
		Where("m.chat_id = ?", r.old.ChatID).
		Where("m.role = ?", chat.RoleUserMessage).
		Where("m.created_at > ?", r.old.CreatedAt).
		Exists(ctx)
	if written {
		return r.old.Watermark, err
	}

	return attention, err
}
