package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// The statuses that a bulk retry may select: openly those in which a message certainly did
// not arrive and nobody has decided anything; and those that must be named, because trying
// again may send twice, or overrule a person. What is pending is selected only once nothing
// tries it any more. No other status ever is.
var (
	retriedInBulk = []string{
		string(chat.SubmissionRejected),
		string(chat.SubmissionBlocked),
		string(chat.SubmissionExpired),
		string(chat.StatusUndelivered),
		string(chat.StatusBounced),
		string(chat.StatusFailed),
		string(chat.SubmissionPending),
	}
	retriedWhenNamed = []string{
		string(chat.SubmissionNeedsReview),
		string(chat.StatusUnconfirmed),
		string(chat.SubmissionCanceled),
		string(chat.SubmissionAbandoned),
	}
)

// notRetriedInBulk are the error codes of deliveries that somebody decides about one by one, and of those that no retry
// sends.
var notRetriedInBulk = []string{
	chat.ErrorPossibleOptOut,
	chat.ErrorChatDeleted,
	chat.ErrorChatMovedOn,
	chat.ErrorTakenOver,
	chat.ErrorBraked,
}

// mayDuplicate are the statuses of [chat.Delivery.MayDuplicate].
var mayDuplicate = []string{
	string(chat.SubmissionUnknown),
	string(chat.SubmissionNeedsReview),
	string(chat.SubmissionExpired),
	string(chat.SubmissionAbandoned),
	string(chat.StatusUnconfirmed),
}

// retryCandidates narrows a query to the deliveries that a bulk retry with this filter may
// try again.
func retryCandidates(q *bun.SelectQuery, ws chat.WorkspaceID, f *chat.DeliveryFilter) *bun.SelectQuery {
	statuses := retriedInBulk
	if f.Status != "" {
		statuses = append(append([]string{}, retriedInBulk...), retriedWhenNamed...)
	}

	filterDeliveries(q, f)

	return q.Where("d.workspace_id = ?", ws).Where("d.status IN ?", bun.Tuple(statuses)).
		Where("(d.status <> 'pending' OR d.error_code IN ?)", bun.Tuple(chat.LeftAlone())).
		Where("d.error_code NOT IN ?", bun.Tuple(notRetriedInBulk)).
		Where("NOT EXISTS " + retriedBy).
		Where(`NOT EXISTS (SELECT 1 FROM tool_calls t
			WHERE t.workspace_id = d.workspace_id AND t.message_id = d.message_id AND t.state <> 'succeeded')`)
}

// RetryCandidates are the next deliveries that a bulk retry would try again, in the order of their ids: at most
// in.Limit behind in.After, and none that it has begun or skipped. An expired delivery is one of them; one that may
// have been sent, or that a person has decided about, only when the filter names its status.
func (s *Store) RetryCandidates(ctx context.Context, in chat.BulkStep) ([]chat.DeliveryID, error) {
	var ids []chat.DeliveryID

	q := retryCandidates(s.db.NewSelect().Model((*deliveryRow)(nil)), in.WorkspaceID, &in.Filter)
	err := excludeBegunBy(q, in.ID).
		Column("id").
		Where("d.id > ?", in.After).
		OrderExpr("d.id").
		Limit(int64(in.Limit)).
		Scan(ctx, &ids)

	return ids, wrapErr("select deliveries to retry", err)
}

// excludeBegunBy narrows a query to the deliveries that a bulk retry has neither begun nor skipped.
func excludeBegunBy(q *bun.SelectQuery, id chat.ActionID) *bun.SelectQuery {
	return q.Where("(d.bulk_retry_id IS NULL OR d.bulk_retry_id <> ?)", id).
		Where(`NOT EXISTS (SELECT 1 FROM bulk_skips k
			WHERE k.workspace_id = d.workspace_id AND k.bulk_retry_id = ? AND k.delivery_id = d.id)`, id)
}

// CountRetryCandidates counts what a bulk retry with this filter would try again, by sender,
// status and error code.
func (s *Store) CountRetryCandidates(
	ctx context.Context,
	ws chat.WorkspaceID,
	f chat.DeliveryFilter,
) ([]chat.RetryCount, error) {
	counts, err := countRetryCandidates(ctx, s.db, ws, &f)
	return counts, wrapErr("count deliveries to retry", err)
}

// forecastPage is how many deliveries are judged at once.
const forecastPage = 200

// ForecastRetries judges the first deliveries that a bulk retry with this filter would select, in its order: which ones
// it would skip as they stand, and why. acknowledged reports that it also sends again what may have been sent already.
func (s *Store) ForecastRetries(
	ctx context.Context,
	ws chat.WorkspaceID,
	f chat.DeliveryFilter,
	acknowledged bool,
) (chat.RetryForecast, error) {
	var (
		forecast chat.RetryForecast
		after    chat.DeliveryID
	)

	for forecast.Judged < chat.MaxForecast {
		var rows []deliveryRow

		err := retryCandidates(withTools(s.db.NewSelect()).Model(&rows), ws, &f).
			Where("d.id > ?", after).
			OrderExpr("d.id").
			Limit(forecastPage).
			Scan(ctx)
		if err != nil {
			return forecast, wrapErr("select deliveries to judge", err)
		}

		deliveries := mapSlice(rows, (*deliveryRow).delivery)
		if err := s.addRetryRefusals(ctx, rows, deliveries); err != nil {
			return forecast, err
		}

		for i := range deliveries {
			forecast.Add(&deliveries[i], acknowledged)
		}

		if len(rows) < forecastPage {
			break
		}

		after = rows[len(rows)-1].ID
	}

	return forecast, nil
}

func countRetryCandidates(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	f *chat.DeliveryFilter,
) ([]chat.RetryCount, error) {
	var counts []chat.RetryCount
	err := retryCandidates(db.NewSelect().Model((*deliveryRow)(nil)), ws, f).
		ColumnExpr("d.sender AS sender, d.status AS status, d.error_code AS error_code, count(*) AS count").
		ColumnExpr("count(CASE WHEN d.evidence <> 'none' OR d.status IN ? THEN 1 END) AS may_duplicate",
			bun.Tuple(mayDuplicate)).
		GroupExpr("d.sender, d.status, d.error_code").
		OrderExpr("d.status, d.error_code, d.sender").
		Scan(ctx, &counts)

	return counts, err
}
