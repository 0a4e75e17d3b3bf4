package db

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// suppressedNow, busyNow, and optedOutNow for a delivery that is not stored yet, are
// evaluated where the claim is decided, not when the send was prepared: all may have changed
// since. d is the delivery.
var (
	suppressedNow = suppressedCondition("d.workspace_id", "d.channel", "d.sender", "d.to_address")
	optedOutNow   = suppressedCondition("?", "?", "?", "?")
)

const busyNow = `(d.channel <> 'web-chat' AND EXISTS (SELECT 1 FROM deliveries o
	WHERE o.workspace_id = d.workspace_id AND o.sender = d.sender AND o.to_address = d.to_address
		AND o.submission IN ('sending', 'unknown') AND o.channel <> 'web-chat' AND o.id <> d.id))`

// suppressedCondition is the condition that a sender must not write to an address; what it
// is about is given as SQL.
func suppressedCondition(workspace, channel, sender, address string) string {
	return `EXISTS (SELECT 1 FROM suppressions x
		WHERE x.workspace_id = ` + workspace + ` AND x.channel = ` + channel + `
			AND x.sender = ` + sender + ` AND x.address = lower(` + address + `) AND x.lifted_at IS NULL)`
}

// optedOut is the error message for an address that is suppressed.
const optedOut = "the recipient has opted out of this channel"

// claimable are the states in which the provider certainly does not have a delivery.
var claimable = []chat.SubmissionState{chat.SubmissionPending, chat.SubmissionBlocked}

// errClaimAgain says that the delivery, or another one to its address, changed while the
// claim was decided.
var errClaimAgain = errors.New("the delivery changed while it was being claimed")

// claimTries bounds how often a claim is decided anew. Each time somebody else has moved
// on, so a second time is rare.
const claimTries = 5

// Claim asks for the right to post a delivery until now+lease: delivery_not_found. It is
// granted to one caller at a time, with a new fence. It is not granted while another
// claim lasts, nor before the time the provider asked us to wait for, nor while another
// delivery to the same address of the same sender is in flight, nor while the sender's
// account refuses everything and somebody else probes it: then the delivery is blocked. A
// delivery whose address is suppressed by now ends. One whose claim ran out becomes unknown:
// whoever held it may have posted.
//
// Idempotent in what matters: a repetition is granted nothing, because the first claim
// lasts, or has made the delivery unknown.
func (s *Store) Claim(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.DeliveryID,
	now time.Time,
	lease time.Duration,
) (chat.Claim, error) {
	var claim chat.Claim

	err := errClaimAgain
	for try := 0; try < claimTries && errors.Is(err, errClaimAgain); try++ {
		err = s.inTx(ctx, "claim a delivery", func(ctx context.Context, tx bun.Tx) error {
			var err error
			claim, err = s.claim(ctx, tx, claimRequest{
				workspace: ws,
				id:        id,
				now:       toMicroseconds(now),
				until:     toMicroseconds(now.Add(lease)),
			})

			return err
		})
	}

	return claim, err
}

// claimRequest asks for the right to post a delivery from now until a time.
type claimRequest struct {
	workspace chat.WorkspaceID
	id        chat.DeliveryID
	now       time.Time
	until     time.Time
}

func (s *Store) claim(ctx context.Context, tx bun.Tx, in claimRequest) (chat.Claim, error) {
	var row deliveryRow

	_, err := tx.NewUpdate().
		Model(&row).
		Set("submission = ?", chat.SubmissionSending).
		Set("fence = fence + 1").
		Set("lease_until = ?", in.until).
		Set("retry_at = NULL").
		Set("error_code = ''").
		Set("error_message = ''").
		Set("updated_at = ?", in.now).
		Where("d.workspace_id = ?", in.workspace).
		Where("d.id = ?", in.id).
		Where("d.submission IN ?", bun.Tuple(claimable)).
		Where("(d.retry_at IS NULL OR d.retry_at <= ?)", in.now).
		Where("NOT "+suppressedNow).
		Where("NOT "+busyNow).
		Where("NOT EXISTS (SELECT 1 "+fromBreaker+" AND b.probe_at > ?)", in.now).
		Returning("*").
		Returning(probingColumn, in.workspace).
		Exec(ctx)
	switch {
	case violationOf(err) == uniqueViolation:
		// Another delivery to the address was claimed at the same time.
		return chat.Claim{}, errClaimAgain
	case unlessNone(err) != nil:
		return chat.Claim{}, err
	case err != nil || row.ID == "":
		return s.explainRefusedClaim(ctx, tx, in.workspace, in.id, in.now)
	}

	if row.Probing {
		if err := takeProbe(ctx, tx, &row, in.now); err != nil {
			return chat.Claim{}, err
		}
	}

	attempt := attemptRow{
		WorkspaceID: in.workspace,
		DeliveryID:  in.id,
		Fence:       row.Fence,
		StartedAt:   in.now,
	}

	err = s.batch(ctx, tx, tx.NewInsert().Model(&attempt),
		moveAction(tx, row.actionKey(), chat.ActionRunning, in.now, chat.ActionParked))

	return chat.Claim{Granted: true, Delivery: row.delivery()}, err
}

// explainRefusedClaim finds out why a claim was not granted, and stores what that means.
func (s *Store) explainRefusedClaim(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	id chat.DeliveryID,
	now time.Time,
) (chat.Claim, error) {
	row, err := findDelivery(ctx, s.locked(tx.NewSelect().ColumnExpr("d.*").
		ColumnExpr(suppressedNow+" AS suppressed").ColumnExpr(busyNow+" AS busy").
		ColumnExpr("(SELECT b.probe_at "+fromBreaker+" AND b.probe_at > ?) AS probe_at", now).
		ColumnExpr("(SELECT b.error_code || ', ' || b.error_message "+fromBreaker+") AS breaker_reason")), ws, id)
	if err != nil {
		return chat.Claim{}, err
	}

	var claim chat.Claim

	switch row.Submission {
	case chat.SubmissionSending:
		if !row.LeaseUntil.Before(now) {
			claim.WaitUntil = chat.UTC(row.LeaseUntil)
			break
		}

		err = s.leaseRanOut(ctx, tx, &row, now)

	case chat.SubmissionPending, chat.SubmissionBlocked:
		claim.Busy, err = s.holdBack(ctx, tx, &row, now)
		claim.WaitUntil = chat.UTC(row.RetryAt)
	default: // ended, or for people to decide
	}

	claim.Delivery = row.delivery()

	return claim, err
}

// holdBack ends a delivery that must not be sent any more, or notes what it waits for.
func (s *Store) holdBack(ctx context.Context, tx bun.Tx, row *deliveryRow, now time.Time) (busy bool, err error) {
	switch {
	case row.Suppressed:
		row.Submission = chat.SubmissionSuppressed
		row.ErrorCode = chat.ErrorOptedOut
		row.ErrorMessage = optedOut
	case row.RetryAt != nil && row.RetryAt.After(now):
		return false, nil
	case row.ProbeAt != nil:
		return false, s.batch(ctx, tx, waitForProbe(tx, row, now)...)
	case row.Busy:
		if err := s.freeAddress(ctx, tx, row, now); err != nil {
			return true, err
		}

		if row.Submission == chat.SubmissionPending {
			row.ErrorCode = chat.ErrorAddressBusy
			row.ErrorMessage = ""
		}

		return true, s.batch(ctx, tx, saveState(tx, row, now))

	default:
		return false, errClaimAgain
	}

	row.RetryAt = nil

	return false, s.batch(ctx, tx, append(markMessageNotSent(tx, row, now), saveState(tx, row, now))...)
}

// orphanedAfter is how long a delivery may be in flight before nobody can be behind it:
// its own workflow would have handed it to a person long before. It also outlasts what
// the clocks of two workers may differ by.
const orphanedAfter = 10 * time.Minute

// freeAddress hands the delivery that has been holding up this one's address to a person,
// if its workflow is gone, so that one lost message does not stop all that follow. One
// that was being sent becomes unknown first.
func (s *Store) freeAddress(ctx context.Context, tx bun.Tx, waiting *deliveryRow, now time.Time) error {
	var row deliveryRow

	err := s.locked(tx.NewSelect().Model(&row)).
		Where("d.workspace_id = ?", waiting.WorkspaceID).
		Where("d.sender = ?", waiting.Sender).
		Where("d.to_address = ?", waiting.To).
		Where("d.submission IN ('sending', 'unknown')").
		Where("d.channel <> 'web-chat'").
		Where("COALESCE(d.unknown_since, d.lease_until) < ?", now.Add(-orphanedAfter)).
		Limit(1).
		Scan(ctx)
	if err != nil {
		return unlessNone(err)
	}

	if row.Submission == chat.SubmissionSending {
		return s.leaseRanOut(ctx, tx, &row, now)
	}

	return s.batch(ctx, tx, requireReview(tx, &row, now)...)
}

// leaseRanOut makes a delivery unknown whose claimer did not come back. Never may it be
// posted again from here: the provider may have it.
func (s *Store) leaseRanOut(ctx context.Context, tx bun.Tx, row *deliveryRow, now time.Time) error {
	row.Submission = chat.SubmissionUnknown
	row.UnknownSince = &now
	row.LeaseUntil = nil
	row.ErrorCode = chat.ErrorLeaseExpired
	row.ErrorMessage = "whoever was sending it did not come back in time"

	return s.batch(ctx, tx, saveState(tx, row, now),
		tx.NewUpdate().Model((*attemptRow)(nil)).Set("outcome = ?", chat.OutcomeUnknown).Set("finished_at = ?", now).
			Set("error_code = ?", row.ErrorCode).Set("error_message = ?", row.ErrorMessage).
			Where("workspace_id = ?", row.WorkspaceID).Where("delivery_id = ?", row.ID).Where("fence = ?", row.Fence),
		moveAction(tx, row.actionKey(), chat.ActionParked, now, chat.ActionRunning))
}

// saveState is the statement that stores where a delivery stands.
func saveState(tx bun.Tx, row *deliveryRow, now time.Time) bun.Query {
	row.UpdatedAt = now

	return tx.NewUpdate().Model(row).
		Column("submission", "lease_until", "retry_at", "unknown_since", "error_code", "error_message", "updated_at").
		Where("workspace_id = ?", row.WorkspaceID).Where("id = ?", row.ID)
}

// markMessageNotSent are the statements that end message and action when a delivery has ended
// without being sent.
func markMessageNotSent(tx bun.Tx, row *deliveryRow, now time.Time) []bun.Query {
	return []bun.Query{moveMessage(tx, row.WorkspaceID, row.MessageID, chat.MessageNotSent), failAction(tx, row, now)}
}

// failAction is the statement that ends the action of a delivery that was not sent.
func failAction(tx bun.Tx, row *deliveryRow, now time.Time) bun.Query {
	problem := chat.Errorf(chat.CodeDeliveryFailed, "the message was not delivered: %s", row.ErrorMessage)
	problem.DeliveryID = string(row.ID)
	problem.ActionID = string(row.ActionID)

	return moveAction(tx, row.actionKey(), chat.ActionFailed, now, chat.ActionRunning, chat.ActionParked).
		Set("problem = ?", problem)
}
