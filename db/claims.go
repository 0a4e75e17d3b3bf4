package db

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// busyNow is the condition that another delivery to the address of d is in flight.
var busyNow = `(` + oneAtATime("d") + ` AND EXISTS (SELECT 1 ` + inFlightToAddress + `))`

// inFlightToAddress is the part of a query for the other delivery to the address of d that is in flight.
var inFlightToAddress = `FROM deliveries o
	WHERE o.workspace_id = d.workspace_id AND o.sender = d.sender AND o.to_address = d.to_address
		AND o.submission IN ('sending', 'unknown') AND ` + oneAtATime("o") + ` AND o.id <> d.id`

// errClaimAgain says that the delivery, or another one to its address, changed while the
// claim was decided.
var errClaimAgain = errors.New("the delivery changed while it was being claimed")

// claimable are the states from which a delivery may be claimed.
var claimable = chat.StatesBefore(chat.SubmissionSending)

// claimTries bounds how often a claim is decided anew. Each time another worker has changed
// the delivery, so a second time is rare. After the last one errClaimAgain is the error.
const claimTries = 5

// Claim asks for the right to post a delivery until now+lease: delivery_not_found. It is
// granted to one caller at a time, with a new fence. It is not granted while another
// claim lasts, nor before the time the provider asked us to wait for, nor while another
// delivery to the same address of the same sender is in flight, nor while an older one of the same chat is to be tried
// by itself, nor while the sender's
// account refuses everything and somebody else probes it: then the delivery is blocked. Nor is
// it granted by a database that has failed over, before all that may have been sent is held. What
// allows the delivery is asked again of the rows as they are now, see [chat.Allowance]: one that is
// not allowed any more ends, or waits for a person. One whose claim ran out becomes unknown: whoever
// held it may have posted.
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
				evidence:  s.evidenceUntil(now, lease),
			})

			return err
		})

		if errors.Is(err, errFailedOver) {
			if _, err := s.HoldAfterFailover(ctx); err != nil {
				return chat.Claim{}, err
			}

			err = errClaimAgain
		}
	}

	if err != nil {
		return chat.Claim{}, err
	}

	return claim, nil
}

// claimRequest asks for the right to post a delivery from now until a time.
type claimRequest struct {
	workspace chat.WorkspaceID
	id        chat.DeliveryID
	now       time.Time
	until     time.Time
	// evidence is until when no other delivery of the same text is posted, should the outcome
	// not be known.
	evidence time.Time
}

func (s *Store) claim(ctx context.Context, tx bun.Tx, in claimRequest) (chat.Claim, error) {
	var row deliveryRow

	_, err := tx.NewUpdate().
		Model(&row).
		Set("submission = ?", chat.SubmissionSending).
		Set("fence = fence + 1").
		Set("lease_until = ?", in.until).
		Set("evidence_until = ?", in.evidence).
		Set("retry_at = NULL").
		Set("error_code = ''").
		Set("error_message = ''").
		Set("updated_at = ?", in.now).
		Where("d.workspace_id = ?", in.workspace).
		Where("d.id = ?", in.id).
		Where("d.submission IN ?", bun.Tuple(claimable)).
		Where("(d.retry_at IS NULL OR d.retry_at <= ?)", in.now).
		Where("NOT "+s.failedOver()).
		Where(allowedNow, hourBefore(in.now), chat.BrakeMonth(in.now)).
		Where("NOT "+busyNow).
		Where("NOT EXISTS (SELECT 1 "+fromOlderDeliveries+")").
		Where(sameTextUntil+" IS NULL", in.now).
		Where("NOT EXISTS (SELECT 1 "+fromBreaker+" AND b.probe_at > ?)", in.now).
		Returning("*").
		Returning(probingColumn, in.workspace).
		Returning(hasBrakesColumn, in.workspace).
		Exec(ctx)

	switch {
	case violationOf(err) == uniqueViolation:
		// Another delivery to the address was claimed at the same time.
		return chat.Claim{}, errClaimAgain
	case unlessNone(err) != nil:
		return chat.Claim{}, err
	case err != nil || row.ID == "":
		return s.settleRefusedClaim(ctx, tx, in.workspace, in.id, in.now)
	}

	if row.Probing {
		if err := takeProbe(ctx, tx, &row, in.now); err != nil {
			return chat.Claim{}, err
		}
	}

	if err := s.confirmPace(ctx, tx, &row, in.now); err != nil {
		return chat.Claim{}, err
	}

	if err := s.beginAttempt(ctx, tx, &row, in.now); err != nil {
		return chat.Claim{}, err
	}

	return chat.Claim{Granted: true, Delivery: row.delivery()}, nil
}

// beginAttempt stores the attempt that a delivery was claimed for. Its action runs again.
func (s *Store) beginAttempt(ctx context.Context, tx bun.Tx, claimed *deliveryRow, now time.Time) error {
	attempt := attemptRow{
		WorkspaceID: claimed.WorkspaceID,
		DeliveryID:  claimed.ID,
		Fence:       claimed.Fence,
		Sender:      claimed.Sender,
		StartedAt:   now,
	}

	return s.batch(ctx, tx, tx.NewInsert().Model(&attempt),
		moveAction(tx, claimed.actionKey(), chat.ActionRunning, now, chat.ActionParked))
}

// settleRefusedClaim finds out why a claim was not granted, and stores what that means: it may
// end the delivery, make it unknown, or note what it waits for.
func (s *Store) settleRefusedClaim(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	id chat.DeliveryID,
	now time.Time,
) (chat.Claim, error) {
	row, err := findDelivery(ctx, s.locked(selectAllowance(tx.NewSelect().ColumnExpr("d.*"), now).
		ColumnExpr(busyNow+" AS busy").
		ColumnExpr("(SELECT o.id "+inFlightToAddress+" LIMIT 1) AS busy_with").
		ColumnExpr("(SELECT o.id "+fromOlderDeliveries+oldestFirst+") AS older_id").
		ColumnExpr("(SELECT o.retry_at "+fromOlderDeliveries+oldestFirst+") AS older_retry_at").
		ColumnExpr(sameTextUntil+" AS same_text_until", now).
		ColumnExpr(s.failedOver()+" AS failed_over").
		ColumnExpr("(SELECT b.probe_at "+fromBreaker+" AND b.probe_at > ?) AS probe_at", now).
		ColumnExpr("(SELECT b.error_code || ', ' || b.error_message "+fromBreaker+") AS breaker_reason")), ws, id)
	if err != nil {
		return chat.Claim{}, err
	}

	if row.FailedOver {
		return chat.Claim{}, errFailedOver
	}

	d := row.delivery()
	refusal := d.RefuseClaim(chat.ClaimFacts{
		Now:           now,
		Allowance:     row.allowance(now, row.Segments),
		Busy:          row.Busy,
		BusyWith:      row.BusyWith,
		Older:         row.getOlderDelivery(),
		SameTextUntil: chat.UTC(row.SameTextUntil),
		ProbeAt:       chat.UTC(row.ProbeAt),
		BreakerReason: row.BreakerReason,
	})

	if refusal.Again {
		return chat.Claim{}, errClaimAgain
	}

	if refusal.Busy {
		if err := s.freeAddress(ctx, tx, &row, now); err != nil {
			return chat.Claim{}, err
		}
	}

	if err := s.batch(ctx, tx, storeMove(tx, &row, &d, refusal.Effect, now)...); err != nil {
		return chat.Claim{}, err
	}

	if refusal.Effect != chat.EffectNone {
		err = s.judgeDuplicates(ctx, tx, &row, now)
	}

	return chat.Claim{Delivery: row.delivery(), WaitUntil: refusal.WaitUntil, Busy: refusal.Busy}, err
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
		Where(oneAtATime("d")).
		Where("COALESCE(d.unknown_since, d.lease_until) < ?", now.Add(-orphanedAfter)).
		Limit(1).
		Scan(ctx)
	if err != nil {
		return unlessNone(err)
	}

	return s.batch(ctx, tx, applyMove(tx, &row, now, func(d *chat.Delivery) chat.Effect {
		return d.FreeAddress(now)
	})...)
}
