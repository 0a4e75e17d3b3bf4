package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// storedSlows is the condition that the workspace's brakes are about the delivery d, over ac and am. A question to a
// contributor is no part of what the assistant says to the customer.
const storedSlows = `(am.id = ac.member_id AND NOT (d.by_person OR d.despite_brakes))`

// lastWrote is the number of the customer's last message in the chat ac, NULL if there is none.
var lastWrote = `(SELECT max(bx.number) FROM messages bx WHERE ` + byCustomer("bx", "ac.workspace_id", "ac.id") + `)`

// fromLeft is the part of a statement that finds what the assistant has said in the chat ac: the attempts of messages
// other than that of d that have left, or may have, and of which nobody has decided that they have not.
const fromLeft = `FROM deliveries bo
	JOIN messages bm ON bm.workspace_id = bo.workspace_id AND bm.id = bo.message_id
	JOIN delivery_attempts bt ON bt.workspace_id = bo.workspace_id AND bt.delivery_id = bo.id
	LEFT JOIN messages bl ON bl.number = `

const wasLeft = ` WHERE bo.workspace_id = ac.workspace_id AND bo.chat_id = ac.id AND bo.message_id <> d.message_id
	AND NOT bo.by_person AND bo.submission <> 'abandoned' AND bm.ask_id IS NULL
	AND (bt.outcome IS NULL OR bt.outcome IN ('accepted', 'unknown'))`

// unanswered and leftInHour count the messages of [chat.Pace]. What was accepted before the customer has written last
// may have left afterwards. The parameter ?0 is the beginning of the hour.
var (
	unanswered = `(SELECT count(DISTINCT bo.message_id) ` + fromLeft + lastWrote + wasLeft +
		` AND (bl.number IS NULL OR bm.number > bl.number OR bt.started_at > bl.created_at))`
	leftInHour = `(SELECT count(DISTINCT bo.message_id) ` + fromLeft + `NULL` + wasLeft + ` AND bt.started_at > ?0)`
)

// storedBraked is the condition that a brake stops the delivery d, over ac, am and wd: that of [chat.Pace.Brake].
// Nothing is counted where no brake is set. plannedBraked is that of a send that is not stored yet, and is said to be
// the assistant's by ?9: where a brake is set, no claim is granted with the insertion, as two at once would not see
// each other.
var (
	storedBraked = `(` + storedSlows + ` AND (
		CASE WHEN wd.max_unanswered IS NULL THEN FALSE ELSE ` + unanswered + ` >= wd.max_unanswered END
		OR CASE WHEN wd.max_per_hour IS NULL THEN FALSE ELSE ` + leftInHour + ` >= wd.max_per_hour END
		OR CASE WHEN wd.max_segments_per_month IS NULL OR d.segments = 0 THEN FALSE
			ELSE ` + segmentsInMonth("?1") + ` + d.segments > wd.max_segments_per_month END))`
	plannedBraked = `(am.id = ac.member_id AND ?9 AND ` + hasBrakes + `)`
)

// hasBrakes is the condition that the workspace of wd has a brake.
const hasBrakes = `(wd.max_unanswered IS NOT NULL OR wd.max_per_hour IS NOT NULL OR wd.max_segments_per_month IS NOT NULL)`

const brakesJoin = `workspace_defaults AS wd ON wd.workspace_id = ac.workspace_id`

// hasBrakesColumn reports of a claimed delivery whether the workspace's brakes are about it. RETURNING on SQLite knows
// no alias of the table, so the workspace's column gets another name.
const hasBrakesColumn = `NOT (by_person OR despite_brakes) AND EXISTS (
	SELECT 1 FROM (SELECT workspace_id AS of_workspace
		FROM workspace_defaults wd WHERE ` + hasBrakes + `) wd
	WHERE wd.of_workspace = ?) AS has_brakes`

// selectPace adds to a query of the delivery d, over ac, am and wd, what [paceRow] holds.
func selectPace(q *bun.SelectQuery, now time.Time) *bun.SelectQuery {
	return q.
		ColumnExpr("CASE WHEN "+storedSlows+" THEN wd.max_unanswered END AS max_unanswered").
		ColumnExpr("CASE WHEN "+storedSlows+" THEN wd.max_per_hour END AS max_per_hour").
		ColumnExpr("CASE WHEN "+storedSlows+" AND wd.max_unanswered IS NOT NULL THEN "+unanswered+
			" ELSE 0 END AS unanswered").
		ColumnExpr("CASE WHEN "+storedSlows+" AND wd.max_unanswered IS NOT NULL THEN "+
			"(SELECT bl.created_at FROM messages bl WHERE bl.number = "+lastWrote+") END AS last_wrote").
		ColumnExpr("CASE WHEN "+storedSlows+" AND wd.max_per_hour IS NOT NULL THEN "+leftInHour+
			" ELSE 0 END AS left_in_hour", hourBefore(now)).
		ColumnExpr("CASE WHEN "+storedSlows+" THEN wd.max_segments_per_month END AS max_segments_per_month").
		ColumnExpr("CASE WHEN "+storedSlows+" AND wd.max_segments_per_month IS NOT NULL THEN "+segmentsInMonth("?0")+
			" ELSE 0 END AS segments_in_month", chat.BrakeMonth(now)).
		Join("LEFT JOIN " + brakesJoin)
}

// hourBefore is the beginning of the hour of which [chat.Brakes.MaxPerHour] speaks.
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

// brake is why a brake stops a delivery of so many segments at a moment, "" if none does.
func (r *paceRow) brake(now time.Time, segments int) string {
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

// confirmPace counts again after a claim was granted in a workspace with brakes: another claim, which was granted at
// the same time, has not seen this one, nor this one that. Claims wait for each other here, so that the later one sees
// the earlier one and is decided anew: errClaimAgain. The locks are taken after what the claim has written, so that
// they are part of no circle. SQLite writes one claim at a time.
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

func recountPace(ctx context.Context, tx bun.Tx, claimed *deliveryRow, now time.Time) error {
	_, err := tx.NewRaw("SELECT pg_advisory_xact_lock(?, hashtext(? || '/' || ?))",
		brakeLock, claimed.WorkspaceID, claimed.ChatID).Exec(ctx)
	if err != nil {
		return err
	}

	// Nothing is added yet: the row of the month is locked.
	if err := addSegments(ctx, tx, claimed, 0, now); err != nil {
		return err
	}

	q := selectAllowance(tx.NewSelect().ColumnExpr("d.*"), now)

	row, err := findDelivery(ctx, q, claimed.WorkspaceID, claimed.ID)
	if err != nil {
		return err
	}

	if row.brake(now, row.Segments) != "" {
		return errClaimAgain
	}

	return nil
}
