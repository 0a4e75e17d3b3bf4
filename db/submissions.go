package db

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"handrail/chat"
)

// RecordSubmission stores what a provider said to the claim with this fence, and returns
// the delivery as it stands then: delivery_not_found; conflict when the provider's id for
// the message belongs to another delivery.
//
// Acceptance is a fact and wins over every state and fence. Anything else counts only
// from the claim that lasts. A second acceptance under another id leaves the first and is
// kept as an event of type duplicate_confirmed.
//
// Idempotent: what is accepted is not accepted again, and any other result leaves
// sending, so that its repetition no longer comes from a claim that lasts.
func (s *Store) RecordSubmission(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.DeliveryID,
	fence int64,
	said chat.Submission,
	now time.Time,
) (chat.Delivery, error) {
	record := s.recordOutcome
	if said.Outcome == chat.OutcomeAccepted {
		record = s.recordAcceptance
	}

	var row deliveryRow
	store := func() error {
		return s.inTx(ctx, "record what a provider said", func(ctx context.Context, tx bun.Tx) error {
			var err error
			row, err = record(ctx, tx, submission{
				ws:    ws,
				id:    id,
				fence: fence,
				said:  said,
				now:   toMicroseconds(now),
			})

			return err
		})
	}

	err := store()
	if isDeadlock(err) {
		err = store()
	}

	return row.delivery(), err
}

// submission is what was said, to which claim, and when.
type submission struct {
	ws    chat.WorkspaceID
	id    chat.DeliveryID
	fence int64
	said  chat.Submission
	now   time.Time
	// evidence reports that it was not said to the claim itself, but learnt another way.
	evidence bool
}

func (s *Store) recordAcceptance(ctx context.Context, tx bun.Tx, in submission) (deliveryRow, error) {
	said := in.said

	row, err := storeAcceptance(ctx, tx, &in, func(q *bun.UpdateQuery) {
		q.Where("submission = ?", chat.SubmissionSending).Where("fence = ?", in.fence)
	})

	var named *providerEventRow

	again := err == nil && row.ID == "" // it is not the claim that lasts
	if again {
		if named, err = findNamedCopy(ctx, tx, &in); err != nil {
			return row, err
		}

		row, err = storeAcceptance(ctx, tx, &in, func(q *bun.UpdateQuery) {
			q.Where("submission <> ?", chat.SubmissionAccepted).
				Set("evidence = CASE WHEN "+otherUnresolved+" THEN 'past' ELSE 'none' END", in.fence)
		})
	}

	switch {
	case err != nil:
		return row, onViolation(err, uniqueViolation, messageIDTaken())
	case row.ID == "":
		return s.recordAcceptanceAgain(ctx, tx, in)
	}

	statements := append(markMessageSent(tx, &row, in.now), finishAttempt(tx, in))

	if said.ProviderMessageID != "" {
		statements = append(statements, adoptOrphans(tx, &row))
	}

	// Evidence may be old, and says nothing of the account as it is now.
	if row.Probing && !in.evidence {
		statements = append(statements, closeBreaker(tx, &row)...)
		row.senderWorks = true
	}

	if err := s.batch(ctx, tx, statements...); err != nil {
		return row, err
	}

	if named != nil {
		if err := recordCopy(ctx, &row, newEventInsert(tx, named)); err != nil {
			return row, err
		}
	}

	if !again && row.RetryOf == "" {
		// A delivery that is in flight is not repeated by another one, but may repeat one.
		return row, s.judgeDuplicates(ctx, tx, &row, in.now)
	}

	if err := s.recordSentTwice(ctx, tx, &row, in.now); err != nil {
		return row, err
	}

	return row, s.judgeAllDuplicates(ctx, tx, &row, in.now)
}

// storeAcceptance stores an acceptance where it is the first; the ID is "" where it is not.
func storeAcceptance(
	ctx context.Context,
	tx bun.Tx,
	in *submission,
	first func(*bun.UpdateQuery),
) (deliveryRow, error) {
	row := deliveryRow{}
	said := &in.said
	q := tx.NewUpdate().
		Model(&row).
		Set("submission = ?", chat.SubmissionAccepted).
		Set("lease_until = NULL").
		Set("retry_at = NULL").
		Set("unknown_since = NULL").
		Set("error_code = ''").
		Set("error_message = ''").
		// A callback may have been faster, and knows more.
		Set("carrier = CASE WHEN carrier_rank < ? THEN ? ELSE carrier END", rankOf(said), said.DeliveryStatus).
		Set("carrier_rank = CASE WHEN carrier_rank < ?0 THEN ?0 ELSE carrier_rank END", rankOf(said)).
		Set("updated_at = ?", in.now).
		Where("workspace_id = ?", in.ws).
		Where("id = ?", in.id).
		Returning("*").
		Returning(probingColumn, in.ws)

	first(q)

	if said.ProviderMessageID != "" {
		q.Set("provider_message_id = ?", said.ProviderMessageID)
	}

	if said.Segments > 0 {
		q.Set("segments = ?", said.Segments)
	}

	_, err := q.Exec(ctx)

	return row, unlessNone(err)
}

// rankOf is the expression for the rank of what the provider of a delivery says to it at once.
func rankOf(said *chat.Submission) schema.QueryWithArgs {
	return bun.SafeQuery(
		"CASE provider WHEN ? THEN ? ELSE ? END",
		chat.ProviderSendGrid,
		said.DeliveryStatus.Rank(chat.ProviderSendGrid),
		said.DeliveryStatus.Rank(chat.ProviderTwilio),
	)
}

// unsettledOrFailed are the states from which evidence of a send makes an action succeed.
var unsettledOrFailed = []chat.ActionState{chat.ActionRunning, chat.ActionParked, chat.ActionFailed}

// markMessageSent are the statements that update message, chat and action once a delivery was
// sent.
func markMessageSent(tx bun.Tx, row *deliveryRow, now time.Time) []bun.Query {
	return []bun.Query{
		moveMessage(tx, row.WorkspaceID, row.MessageID, chat.MessageSent),
		// What came in after the send was asked for still needs a response.
		tx.NewUpdate().
			Model((*chatRow)(nil)).
			Set("answered = ?", row.Watermark).
			Set("needs_response = (attention > ?)", row.Watermark).
			Set("attention_reason = CASE WHEN attention > ? THEN attention_reason ELSE '' END", row.Watermark).
			Set("updated_at = ?", now).
			Where("workspace_id = ?", row.WorkspaceID).
			Where("id = ?", row.ChatID).
			Where("answered < ?", row.Watermark),
		moveAction(tx, row.actionKey(), chat.ActionSucceeded, now, unsettledOrFailed...).Set("problem = NULL"),
	}
}

func messageIDTaken() *chat.Error {
	return chat.Errorf(chat.CodeConflict, "the provider's id for this message belongs to another delivery")
}

// recordAcceptanceAgain is for a delivery that is accepted already: by a repetition, a
// callback that was faster, or a message that was posted twice.
func (s *Store) recordAcceptanceAgain(ctx context.Context, tx bun.Tx, in submission) (deliveryRow, error) {
	row, err := findDelivery(ctx, s.locked(tx.NewSelect()), in.ws, in.id)
	if err != nil {
		return row, err
	}

	statements := []bun.Query{finishAttempt(tx, in)}
	switch {
	case in.said.ProviderMessageID == "" || in.said.ProviderMessageID == row.ProviderMessageID:
	case row.ProviderMessageID == "":
		row.ProviderMessageID = in.said.ProviderMessageID
		row.UpdatedAt = in.now
		statements = append(statements, tx.NewUpdate().Model(&row).Column("provider_message_id", "updated_at").
			Where("workspace_id = ?", in.ws).Where("id = ?", in.id), adoptOrphans(tx, &row))

	default:
		event, err := duplicateEvent(&row, in)
		if err != nil {
			return row, err
		}

		if err := recordCopy(ctx, &row, newEventInsert(tx, &event)); err != nil {
			return row, err
		}
	}

	if err := s.batch(ctx, tx, statements...); err != nil {
		return row, onViolation(err, uniqueViolation, messageIDTaken())
	}

	return row, s.judgeDuplicates(ctx, tx, &row, in.now)
}

// finishAttempt is the statement that completes the row of an attempt. Evidence that came
// another way reports that it was accepted, and leaves what the attempt itself has seen.
func finishAttempt(tx bun.Tx, in submission) *bun.UpdateQuery {
	if in.evidence {
		return tx.NewUpdate().
			Model((*attemptRow)(nil)).
			Set("outcome = ?", in.said.Outcome).
			Set("got_connection = TRUE").
			Set("finished_at = COALESCE(finished_at, ?)", in.now).
			Set("provider_message_id = ?", in.said.ProviderMessageID).
			Where("workspace_id = ?", in.ws).
			Where("delivery_id = ?", in.id).
			Where("fence = ?", in.fence).
			Where("(outcome IS NULL OR outcome = ?)", chat.OutcomeUnknown)
	}

	attempt := in.said.Attempted(in.fence, in.now, in.now)
	row := attemptRow{
		FinishedAt:        attempt.FinishedAt,
		GotConnection:     attempt.GotConnection,
		Outcome:           attempt.Outcome,
		HTTPStatus:        attempt.HTTPStatus,
		ErrorCode:         attempt.ErrorCode,
		ErrorMessage:      attempt.ErrorMessage,
		ProviderRequestID: attempt.ProviderRequestID,
		ProviderMessageID: attempt.ProviderMessageID,
	}

	return tx.NewUpdate().
		Model(&row).
		Column("finished_at", "got_connection", "outcome", "http_status", "error_code", "error_message").
		Column("provider_request_id", "provider_message_id").
		Where("workspace_id = ?", in.ws).
		Where("delivery_id = ?", in.id).
		Where("fence = ?", in.fence)
}

// endsUncertain is the condition of [chat.Delivery.EndAttempt] under which an attempt that was
// refused does not end the delivery: an earlier one may have been taken. The parameter is the state
// that the attempt leads to.
const endsUncertain = `evidence <> 'none' AND CAST(? AS text) IN ('rejected', 'suppressed')`

// recordOutcome stores any outcome but acceptance, from the claim that lasts.
func (s *Store) recordOutcome(ctx context.Context, tx bun.Tx, in submission) (deliveryRow, error) {
	var row deliveryRow
	after := in.said.Outcome.After()
	q := tx.NewUpdate().
		Model(&row).
		Set("submission = CASE WHEN "+endsUncertain+" THEN 'needs_review' ELSE ? END", after, after).
		Set("lease_until = NULL").
		Set("error_code = ?", in.said.ErrorCode).
		Set(
			"error_message = CASE WHEN "+endsUncertain+" THEN ? ELSE ? END",
			after,
			chat.WithEarlierAttempt(in.said.ErrorMessage),
			in.said.ErrorMessage,
		).
		Set("updated_at = ?", in.now).
		Where("workspace_id = ?", in.ws).
		Where("id = ?", in.id).
		Where("submission = ?", chat.SubmissionSending).
		Where("fence = ?", in.fence).
		Returning("*").
		Returning(probingColumn, in.ws)

	if after == chat.SubmissionUnknown {
		q.Set("unknown_since = ?", in.now).
			Set("evidence = CASE WHEN text_key IS NULL THEN 'past' ELSE 'open' END")

		if _, err := closeOtherEvidence(tx, in.ws, in.id).Exec(ctx); err != nil {
			return row, err
		}
	}

	if after == chat.SubmissionPending && in.said.RetryAfter > 0 || after == chat.SubmissionBlocked {
		q.Set("retry_at = ?", toMicroseconds(in.now.Add(in.said.RetryDelay())))
	}

	if _, err := q.Exec(ctx); unlessNone(err) != nil {
		return row, err
	}

	if row.ID == "" {
		return s.recordLateOutcome(ctx, tx, in)
	}

	statements := append(outcomeStatements(tx, &row, in), finishAttempt(tx, in))
	if after != chat.SubmissionUnknown && row.countsSegments() {
		statements = append(statements, returnSegments(tx, &row, in.fence))
	}

	if err := s.batch(ctx, tx, statements...); err != nil {
		return row, err
	}

	row.senderWorks = row.Probing && in.said.ShowsSenderWorks()

	return row, s.judgeDuplicates(ctx, tx, &row, in.now)
}

// recordLateOutcome stores an outcome that comes too late to change the delivery: only in its attempt, if that is still
// open because evidence of the acceptance was faster.
func (s *Store) recordLateOutcome(ctx context.Context, tx bun.Tx, in submission) (deliveryRow, error) {
	if err := s.batch(ctx, tx, finishAttempt(tx, in).Where("outcome IS NULL")); err != nil {
		return deliveryRow{}, err
	}

	row, err := findDelivery(ctx, tx.NewSelect(), in.ws, in.id)
	if err != nil {
		return row, err
	}

	return row, s.judgeDuplicates(ctx, tx, &row, in.now)
}

// outcomeStatements are the statements that follow from an outcome beside the delivery
// itself.
func outcomeStatements(tx bun.Tx, row *deliveryRow, in submission) []bun.Query {
	switch row.Submission {
	case chat.SubmissionRejected:
		return append(markMessageNotSent(tx, row, in.now), closeBreaker(tx, row)...)
	case chat.SubmissionSuppressed:
		statements := append(markMessageNotSent(tx, row, in.now), closeBreaker(tx, row)...)
		return append(statements, suppressByAttempt(tx, row, in))

	case chat.SubmissionNeedsReview: // refused, and an earlier attempt may have been taken
		statements := append(
			closeBreaker(tx, row),
			moveAction(tx, row.actionKey(), chat.ActionParked, in.now, chat.ActionRunning),
		)
		if in.said.Outcome == chat.OutcomeSuppressed {
			statements = append(statements, suppressByAttempt(tx, row, in))
		}

		return statements

	case chat.SubmissionBlocked:
		parked := moveAction(tx, row.actionKey(), chat.ActionParked, in.now, chat.ActionRunning)
		if in.said.RecipientScoped {
			// The account works, for others.
			return append(closeBreaker(tx, row), parked)
		}

		return []bun.Query{openBreaker(tx, row, in), parked}

	case chat.SubmissionUnknown:
		return []bun.Query{moveAction(tx, row.actionKey(), chat.ActionParked, in.now, chat.ActionRunning)}
	default: // pending: it is tried again
		return nil
	}
}

// suppressByAttempt is the statement that puts an address on the list that its provider has refused
// because of an opt-out.
func suppressByAttempt(tx bun.Tx, row *deliveryRow, in submission) bun.Query {
	return addSuppression(tx, &suppressionRow{
		WorkspaceID: in.ws,
		Channel:     row.Channel,
		Sender:      row.From,
		Address:     row.To,
		Reason:      chat.SuppressedCarrier,
		SourceEvent: fmt.Sprintf("attempt:%s:%d", row.ID, in.fence),
		CreatedAt:   in.now,
	})
}

// MarkExhausted notes that a delivery which was not sent is not tried again by itself, and
// why not; a person must decide: delivery_not_found.
//
// Idempotent: only a delivery that is pending or blocked changes, and only once.
func (s *Store) MarkExhausted(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.DeliveryID,
	now time.Time,
) (chat.Delivery, error) {
	return s.changeDelivery(ctx, "give up a delivery", ws, id, func(tx bun.Tx, row *deliveryRow) []bun.Query {
		return applyMove(tx, row, toMicroseconds(now), (*chat.Delivery).Exhaust)
	})
}

// SettleUnknown lets the delivery's policy decide what becomes of it when no evidence has
// come: delivery_not_found. By at_most_once people must decide; by expire it ends; by
// resend_after_settle it is pending again, until it has become unknown so often that people
// must decide. One whose claim ran out becomes unknown.
//
// Idempotent: any other delivery stays as it is.
func (s *Store) SettleUnknown(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.DeliveryID,
	now time.Time,
) (chat.Delivery, error) {
	now = toMicroseconds(now)
	var row deliveryRow
	err := s.inTx(ctx, "settle a delivery", func(ctx context.Context, tx bun.Tx) error {
		var err error

		row, err = findDelivery(ctx, s.locked(tx.NewSelect()), ws, id)
		if err != nil {
			return err
		}

		unknown, err := countUnknown(ctx, tx, &row)
		if err != nil {
			return err
		}

		err = s.batch(ctx, tx, applyMove(tx, &row, now, func(d *chat.Delivery) chat.Effect {
			return d.Settle(unknown, now)
		})...)
		if err != nil {
			return err
		}

		return s.judgeDuplicates(ctx, tx, &row, now)
	})

	return row.delivery(), err
}

// countUnknown counts the attempts of a delivery that have ended unknown. Only the policy that
// sends it again asks for that.
func countUnknown(ctx context.Context, tx bun.Tx, row *deliveryRow) (int64, error) {
	if row.Policy != chat.ResendAfterSettle {
		return 0, nil
	}

	return tx.NewSelect().
		Model((*attemptRow)(nil)).
		Where("workspace_id = ?", row.WorkspaceID).
		Where("delivery_id = ?", row.ID).
		Where("outcome = ?", chat.OutcomeUnknown).
		Count(ctx)
}
