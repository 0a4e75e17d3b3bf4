package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// brakesApply is the condition that the workspace's brakes apply to the delivery d, over ac and am. They apply only to
// what the assistant says to the customer, so not to a question to a contributor.
const brakesApply = `(am.id = ac.member_id AND NOT (d.by_person OR d.despite_brakes))`

// lastCustomerMessage is the number of the customer's last message in the chat ac, NULL if there is none.
var lastCustomerMessage = `(SELECT max(bx.number) FROM messages bx WHERE ` +
	byCustomer("bx", "ac.workspace_id", "ac.id") + `)`

// countLeftMessages is the subquery that counts the assistant's messages in the chat ac that have left, or may have,
// and that meet a condition on their delivery bo, message bm and attempt bt. The message of d does not count, nor does
// an attempt of which a person has decided that it has not left. bl is the message with the number sinceMessage.
func countLeftMessages(sinceMessage, condition string) string {
	return `(SELECT count(DISTINCT bo.message_id) FROM deliveries bo
	JOIN messages bm ON bm.workspace_id = bo.workspace_id AND bm.id = bo.message_id
	JOIN delivery_attempts bt ON bt.workspace_id = bo.workspace_id AND bt.delivery_id = bo.id
	LEFT JOIN messages bl ON bl.number = ` + sinceMessage + `
	WHERE bo.workspace_id = ac.workspace_id AND bo.chat_id = ac.id AND bo.message_id <> d.message_id
	AND NOT bo.by_person AND bo.submission <> 'abandoned' AND bm.ask_id IS NULL
	AND ` + mayHaveLeft("bt") + ` AND ` + condition + `)`
}

// mayHaveLeft is the condition that an attempt has left, or may have.
func mayHaveLeft(attempt string) string {
	return `(` + attempt + `.outcome IS NULL OR ` + attempt + `.outcome IN ('accepted', 'unknown'))`
}

// unansweredCount and leftInHourCount are the subqueries of [chat.Pace.Unanswered] and [chat.Pace.InHour]. A message
// that was accepted before the customer's last one may have left after it, so its attempts are compared too. The
// parameter ?0 is the beginning of the hour.
var (
	unansweredCount = countLeftMessages(
		lastCustomerMessage,
		`(bl.number IS NULL OR bm.number > bl.number OR bt.started_at > bl.created_at)`,
	)
	leftInHourCount = countLeftMessages(`NULL`, `bt.started_at > ?0`)
)

// storedBraked is the condition that a brake stops the delivery d, over ac, am and wd, by the same rule as
// [chat.Pace.Brake]. Nothing is counted where no brake is set.
//
// plannedBraked is the condition for a send that is not stored yet; the parameter ?9 says that it is the assistant's.
// Where a brake is set it is true, so that no claim is granted with the insertion: two claims at once would not see
// each other.
var (
	storedBraked = `(` + brakesApply + ` AND (
		CASE WHEN wd.max_unanswered IS NULL THEN FALSE ELSE ` + unansweredCount + ` >= wd.max_unanswered END
		OR CASE WHEN wd.max_per_hour IS NULL THEN FALSE ELSE ` + leftInHourCount + ` >= wd.max_per_hour END
		OR CASE WHEN wd.max_segments_per_month IS NULL OR d.segments = 0 THEN FALSE
			ELSE ` + selectSegmentsInMonth("?1") + ` + d.segments > wd.max_segments_per_month END))`
	plannedBraked = `(am.id = ac.member_id AND ?9 AND ` + hasBrakes + `)`
)

// hasBrakes is the condition that the workspace of wd has a brake.
const hasBrakes = `(wd.max_unanswered IS NOT NULL OR wd.max_per_hour IS NOT NULL
	OR wd.max_segments_per_month IS NOT NULL)`

// brakesJoin joins the brakes of the workspace of ac as wd.
const brakesJoin = `workspace_defaults AS wd ON wd.workspace_id = ac.workspace_id`

// hasBrakesColumn reports whether the workspace's brakes apply to a claimed delivery. RETURNING on SQLite knows
// no alias of the table, so the workspace's column gets another name.
const hasBrakesColumn = `NOT (by_person OR despite_brakes) AND EXISTS (
	SELECT 1 FROM (SELECT workspace_id AS of_workspace
		FROM workspace_defaults wd WHERE ` + hasBrakes + `) wd
	WHERE wd.of_workspace = ?) AS has_brakes`

// selectPace adds to a query of the delivery d, over ac, am and wd, what [paceRow] holds.
func selectPace(q *bun.SelectQuery, now time.Time) *bun.SelectQuery {
	return q.
		ColumnExpr("CASE WHEN "+brakesApply+" THEN wd.max_unanswered END AS max_unanswered").
		ColumnExpr("CASE WHEN "+brakesApply+" THEN wd.max_per_hour END AS max_per_hour").
		ColumnExpr("CASE WHEN "+brakesApply+" AND wd.max_unanswered IS NOT NULL THEN "+unansweredCount+
			" ELSE 0 END AS unanswered").
		ColumnExpr("CASE WHEN "+brakesApply+" AND wd.max_unanswered IS NOT NULL THEN "+
			"(SELECT bl.created_at FROM messages bl WHERE bl.number = "+lastCustomerMessage+") END AS last_wrote").
		ColumnExpr("CASE WHEN "+brakesApply+" AND wd.max_per_hour IS NOT NULL THEN "+leftInHourCount+
			" ELSE 0 END AS left_in_hour", hourBefore(now)).
		ColumnExpr("CASE WHEN "+brakesApply+" THEN wd.max_segments_per_month END AS max_segments_per_month").
		ColumnExpr("CASE WHEN "+brakesApply+" AND wd.max_segments_per_month IS NOT NULL THEN "+
			selectSegmentsInMonth("?0")+" ELSE 0 END AS segments_in_month", chat.BrakeMonth(now)).
		Join("LEFT JOIN " + brakesJoin)
}

// hourBefore returns the beginning of the hour that [chat.Brakes.MaxPerHour] limits.
func hourBefore(now time.Time) time.Time { return now.Add(-chat.BrakeHour) }

// paceRow is what [selectPace] selects.
type paceRow struct {
	MaxUnanswered *int       `bun:"max_unanswered,scanonly"`
	MaxPerHour    *int       `bun:"max_per_hour,scanonly"`
	Unanswered    int        `bun:"unanswered,scanonly"`
	LastWrote     *time.Time `bun:"last_wrote,scanonly"`
	LeftInHour    int        `bun:"left_in_hour,scanonly"`

	MaxSegments     *int `bun:"max_segments_per_month,scanonly"`
	SegmentsInMonth int  `bun:"segments_in_month,scanonly"`
}

// explainBrake says why a brake stops a delivery of so many segments at a moment, or "" if none does.
func (r *paceRow) explainBrake(now time.Time, segments int) string {
	pace := chat.Pace{
		Brakes: chat.Brakes{
			MaxUnanswered:       r.MaxUnanswered,
			MaxPerHour:          r.MaxPerHour,
			MaxSegmentsPerMonth: r.MaxSegments,
		},
		Unanswered:      r.Unanswered,
		LastWrote:       chat.UTC(r.LastWrote),
		InHour:          r.LeftInHour,
		HourBegan:       hourBefore(now),
		Segments:        segments,
		SegmentsInMonth: r.SegmentsInMonth,
		MonthBegan:      chat.BrakeMonth(now),
	}

	return pace.Brake()
}

// brakeLock is the first key of the advisory lock of claims in one chat: "brak" in ASCII.
const brakeLock = 0x6272616b

// confirmPace counts again after a claim was granted in a workspace with brakes, because two claims that were granted
// at the same time have not seen each other. Claims in one chat wait for each other here; the later one then sees the
// earlier one. confirmPace returns errClaimAgain if a brake stops the claim after all. The lock is taken after the
// claim's own writes, so it cannot be part of a deadlock. SQLite writes one claim at a time, and needs no second count.
func (s *Store) confirmPace(ctx context.Context, tx bun.Tx, claimed *deliveryRow, now time.Time) error {
	if !claimed.HasBrakes {
		return nil
	}

	if s.postgres() {
		if err := recountPace(ctx, tx, claimed, now); err != nil {
			return err
		}
	}

	return addSegments(ctx, tx, claimed, claimed.Segments, now)
}

// recountPace counts again under the lock of the chat's claims, and returns errClaimAgain if a brake stops the claim.
func recountPace(ctx context.Context, tx bun.Tx, claimed *deliveryRow, now time.Time) error {
	_, err := tx.NewRaw("SELECT pg_advisory_xact_lock(?, hashtext(? || '/' || ?))",
		brakeLock, claimed.WorkspaceID, claimed.ChatID).Exec(ctx)
	if err != nil {
		return err
	}

	// Adding no segments locks the row of the month, so that claims in other chats wait as well.
	if err := addSegments(ctx, tx, claimed, 0, now); err != nil {
		return err
	}

	q := selectAllowance(tx.NewSelect().ColumnExpr("d.*"), now)

	row, err := findDelivery(ctx, q, claimed.WorkspaceID, claimed.ID)
	if err != nil {
		return err
	}

	if row.explainBrake(now, row.Segments) != "" {
		return errClaimAgain
	}

	return nil
}
