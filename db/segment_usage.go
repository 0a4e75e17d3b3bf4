package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// segmentUsageRow counts the segments of SMS that the assistant of a workspace has sent in a month, or may have. It is
// kept only where the workspace has a limit. Counting the month's attempts at each claim would cost more with each
// send.
type segmentUsageRow struct {
	bun.BaseModel `bun:"table:segment_usage,alias:u"`

	WorkspaceID chat.WorkspaceID `bun:"workspace_id,pk"`
	Month       time.Time        `bun:"month,pk"`
	Segments    int64            `bun:"segments"`
}

// selectSegmentsInMonth is the subquery of the segments that have left in the month of a parameter, over ac.
func selectSegmentsInMonth(month string) string {
	return `COALESCE((SELECT u.segments FROM segment_usage u
		WHERE u.workspace_id = ac.workspace_id AND u.month = ` + month + `), 0)`
}

// addSegments adds to the segments that have left in the month, where the workspace has a limit.
func addSegments(ctx context.Context, tx bun.Tx, claimed *deliveryRow, segments int, now time.Time) error {
	if !claimed.countsSegments() {
		return nil
	}

	_, err := tx.NewRaw(
		`INSERT INTO segment_usage (workspace_id, month, segments)
			SELECT wd.workspace_id, ?, ? FROM workspace_defaults wd
			WHERE wd.workspace_id = ? AND wd.max_segments_per_month IS NOT NULL
		ON CONFLICT (workspace_id, month) DO UPDATE SET segments = segment_usage.segments + EXCLUDED.segments`,
		chat.BrakeMonth(now),
		segments,
		claimed.WorkspaceID,
	).Exec(ctx)

	return err
}

// countsSegments reports whether the delivery's segments count: it is the assistant's SMS, and no person has let it
// leave despite a brake.
func (r *deliveryRow) countsSegments() bool {
	return r.Segments > 0 && !r.ByPerson && !r.DespiteBrakes
}

// returnSegments is the statement that takes back the segments that a claim has added, after an answer that says that
// its attempt has not left. They are taken from the month in which the attempt started.
func returnSegments(tx bun.Tx, row *deliveryRow, fence int64) bun.Query {
	return tx.NewUpdate().
		Model((*segmentUsageRow)(nil)).
		Set("segments = CASE WHEN u.segments > ? THEN u.segments - ? ELSE 0 END", row.Segments, row.Segments).
		Where("u.workspace_id = ?", row.WorkspaceID).
		Where(`u.month = (SELECT max(o.month) FROM segment_usage o JOIN delivery_attempts t
			ON t.workspace_id = o.workspace_id AND t.delivery_id = ? AND t.fence = ?
			WHERE o.workspace_id = ? AND o.month <= t.started_at)`, row.ID, fence, row.WorkspaceID)
}

// resetSegmentUsage counts this month's segments anew when a limit is set, and deletes the count when there is none.
func resetSegmentUsage(ctx context.Context, tx bun.Tx, defaults *workspaceDefaultsRow) error {
	month := chat.BrakeMonth(defaults.UpdatedAt)

	_, err := tx.NewDelete().
		Model((*segmentUsageRow)(nil)).
		Where("u.workspace_id = ?", defaults.WorkspaceID).
		Exec(ctx)
	if err != nil || defaults.MaxSegments == nil {
		return err
	}

	_, err = tx.NewRaw(
		`INSERT INTO segment_usage (workspace_id, month, segments)
			SELECT CAST(? AS text), ?, COALESCE(sum(d.segments), 0)
			FROM deliveries d
			JOIN delivery_attempts t ON t.workspace_id = d.workspace_id AND t.delivery_id = d.id
			WHERE d.workspace_id = ? AND t.started_at >= ? AND NOT (d.by_person OR d.despite_brakes)
				AND `+mayHaveLeft("t"),
		defaults.WorkspaceID,
		month,
		defaults.WorkspaceID,
		month,
	).Exec(ctx)

	return err
}
