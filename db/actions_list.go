package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// The parts of a query for what an action waits for. They say in SQL what [chat.ActionView.Standing] says of what
// is loaded; a test holds that both say the same.
const (
	// newestDelivery is the delivery by which an action is judged: the newest of a send's message, else its own.
	newestDelivery = `COALESCE(
		` + newestOfMessage + `,
		(SELECT x.id FROM deliveries AS x WHERE x.workspace_id = a.workspace_id AND x.action_id = a.id
			ORDER BY x.created_at DESC, x.id DESC LIMIT 1))`

	isOpen = "a.state IN ('running', 'parked')"

	// waitingActions are the actions that may wait, as a table: open ones, and ended ones with an undo, with a call
	// that may have had its effect, or with a delivery, that are not settled. They are found by the indexes of what is
	// open, before anything is joined to them, so that what has ended costs nothing, however much that is.
	waitingActions = `(SELECT * FROM actions AS b WHERE b.workspace_id = ?0 AND b.id IN (
			SELECT o.id FROM actions AS o
			WHERE o.workspace_id = ?0 AND o.state IN ('running', 'parked')
			UNION
			SELECT n.action_id FROM tool_calls AS t
			JOIN messages AS n ON n.workspace_id = t.workspace_id AND n.id = t.message_id
			WHERE t.workspace_id = ?0 AND t.state IN ('unknown', 'pending', 'running', 'waiting')
				AND t.state <> 'waiting'
			UNION
			SELECT x.action_id FROM deliveries AS x
			WHERE x.workspace_id = ?0 AND x.status IN ('pending', 'sending', 'blocked', 'unknown', 'needs_review')
		)) AS a`

	waitingOf = `CASE
		WHEN ` + isOpen + ` AND (d.submission = 'needs_review' OR
			d.submission IN ('pending', 'blocked') AND d.error_code IN ?0) THEN 'person'
		WHEN ` + isOpen + ` AND EXISTS (SELECT 1 FROM approvals AS ap
			WHERE ap.workspace_id = a.workspace_id AND ap.id = a.id AND ap.state = 'waiting') THEN 'approval'
		WHEN ` + hasCall + `t.state = 'unknown') THEN 'tool_decision'
		WHEN ` + isOpen + ` AND ` + hasCall + `t.undoes IS NULL AND t.state = 'waiting') THEN 'contributor'
		WHEN ` + isOpen + ` AND ` + hasCall + `t.undoes IS NULL AND t.state IN ('pending', 'running')) THEN 'tool'
		WHEN ` + hasCall + `t.undoes IS NOT NULL AND t.state IN ('pending', 'running')) THEN 'tool'
		WHEN a.kind = 'SummarizeChat' AND a.state = 'running' AND EXISTS (SELECT 1 FROM summaries AS v
			WHERE v.workspace_id = a.workspace_id AND v.chat_id = a.chat_id AND v.state = 'running'
				AND v.model_wait IS NOT NULL) THEN 'model'
		WHEN NOT ` + isOpen + ` AND (d.action_id <> a.id OR
			d.submission NOT IN ('pending', 'sending', 'blocked', 'unknown', 'needs_review')) THEN ''
		` + waitsItself + `
		ELSE '' END`

	// waitsItself are the cases of what the delivery d waits for once its tool calls hold nothing up.
	waitsItself = `WHEN d.submission IN ('pending', 'blocked') AND d.error_code IN ?0 THEN 'person'
		WHEN d.submission IN ('pending', 'blocked') AND d.error_code IN ?1 THEN 'address'
		WHEN d.submission = 'blocked' OR d.submission = 'pending' AND d.error_code = ?2 THEN 'sender'
		WHEN d.submission = 'pending' THEN 'attempt'
		WHEN d.submission IN ('sending', 'unknown') THEN 'provider'
		WHEN d.submission = 'needs_review' THEN 'person'
		WHEN d.submission = 'accepted' AND d.provider <> 'handrail' AND d.status = 'accepted' THEN 'receipt'`

	hasCall = `EXISTS (SELECT 1 FROM tool_calls AS t
		WHERE t.workspace_id = m.workspace_id AND t.message_id = m.id
			AND t.state IN ('unknown', 'pending', 'running', 'waiting') AND `
)

var actionsOrder = keyset[actionRow, chat.ActionID]{
	list: "actions",
	id:   "a.id",
	idOf: func(r *actionRow) chat.ActionID { return r.ID },
	times: []timeColumn[actionRow]{
		{
			name:    "created_at",
			column:  "a.created_at",
			valueOf: func(r *actionRow) time.Time { return r.CreatedAt },
		},
		{
			name:    "updated_at",
			column:  "a.updated_at",
			valueOf: func(r *actionRow) time.Time { return r.UpdatedAt },
		},
	},
	newestFirst: true,
}

// Actions lists actions by creation, the newest first, with their messages and deliveries. The deliveries are
// without attempts and events.
func (s *Store) Actions(
	ctx context.Context,
	ws chat.WorkspaceID,
	f chat.ActionFilter,
) (chat.List[chat.ActionView], error) {
	var rows []actionRow

	q := fromJudgedActions(s.db.NewSelect().Model(&rows), ws).
		ColumnExpr("a.*").
		ColumnExpr("d.id AS delivery_id")
	filterActions(q, ws, &f)

	list, err := listQuery[actionRow, chat.ActionID, chat.ActionView]{
		query: q,
		rows:  &rows,
		order: &actionsOrder,
		page:  f.Page,
		item:  (*actionRow).view,
	}.read(ctx)
	if err != nil {
		return chat.List[chat.ActionView]{}, wrapErr("list the actions", err)
	}

	for i := range list.Items {
		if err := rows[i].findReleased(); err != nil {
			return chat.List[chat.ActionView]{}, wrapErr("list the actions", err)
		}

		list.Items[i] = rows[i].view()
	}

	return list, s.addParts(ctx, ws, list.Items)
}

// fromJudgedActions makes q one of the actions a of a workspace, each with its message m and with the delivery d by
// which it is judged.
func fromJudgedActions(q *bun.SelectQuery, ws chat.WorkspaceID) *bun.SelectQuery {
	return q.
		Join("LEFT JOIN messages AS m ON m.workspace_id = a.workspace_id AND m.action_id = a.id").
		Join("LEFT JOIN deliveries AS d ON d.workspace_id = a.workspace_id AND d.id = "+newestDelivery).
		Where("a.workspace_id = ?", ws)
}

// waitingArgs are the parameters ?0 to ?2 of [waitingOf] and [waitingOfDelivery].
func waitingArgs() []any {
	return []any{
		bun.Tuple(chat.LeftAlone()),
		bun.Tuple(chat.WaitingsForAddress()),
		chat.ErrorSenderBlocked,
	}
}

func filterActions(q *bun.SelectQuery, ws chat.WorkspaceID, f *chat.ActionFilter) {
	if len(f.States) > 0 {
		q.Where("a.state IN ?", bun.Tuple(f.States))
	}

	if len(f.Kinds) > 0 {
		q.Where("a.kind IN ?", bun.Tuple(f.Kinds))
	}

	if f.ChatID != 0 {
		q.Where("a.chat_id = ?", f.ChatID)
	}

	if len(f.WaitingFor) > 0 {
		q.ModelTableExpr(waitingActions, ws)
		q.Where(waitingOf+" IN ?3", append(waitingArgs(), bun.Tuple(f.WaitingFor))...)
	}

	filterTime(q, "a.created_at", f.Since, f.Until)
	filterTime(q, "a.updated_at", f.UpdatedSince, nil)
}

// view is the action alone.
func (r *actionRow) view() chat.ActionView { return chat.ActionView{Action: r.action()} }

// addParts adds the messages and the deliveries of sends and retries.
func (s *Store) addParts(ctx context.Context, ws chat.WorkspaceID, views []chat.ActionView) error {
	var sends []chat.ActionID

	var deliveries []chat.DeliveryID

	for i := range views {
		if views[i].Kind == chat.ActionSendAssistantMessage {
			sends = append(sends, views[i].ID)
		}

		if views[i].DeliveryID != "" {
			deliveries = append(deliveries, views[i].DeliveryID)
		}
	}

	sent, err := s.briefSends(ctx, ws, sends)
	if err != nil {
		return err
	}

	found, err := s.deliveriesByID(ctx, ws, deliveries)
	if err != nil {
		return err
	}

	if err := s.addModelWaits(ctx, ws, views); err != nil {
		return wrapErr("find what summaries wait for", err)
	}

	for i := range views {
		if send, ok := sent[views[i].ID]; ok {
			views[i].Send = &send
		}

		if delivery, ok := found[views[i].DeliveryID]; ok {
			views[i].Delivery = &delivery
		}
	}

	return nil
}

// deliveriesByID finds deliveries, without attempts and events.
func (s *Store) deliveriesByID(
	ctx context.Context,
	ws chat.WorkspaceID,
	ids []chat.DeliveryID,
) (map[chat.DeliveryID]chat.Delivery, error) {
	found := map[chat.DeliveryID]chat.Delivery{}
	if len(ids) == 0 {
		return found, nil
	}

	var rows []deliveryRow

	err := withTools(s.db.NewSelect()).
		Model(&rows).
		Where("d.workspace_id = ?", ws).
		Where("d.id IN ?", bun.Tuple(ids)).
		Scan(ctx)
	if err != nil {
		return nil, wrapErr("find the deliveries of actions", err)
	}

	deliveries := mapSlice(rows, (*deliveryRow).delivery)
	if err := s.addRetryRefusals(ctx, rows, deliveries); err != nil {
		return nil, err
	}

	for i := range deliveries {
		found[deliveries[i].ID] = deliveries[i]
	}

	return found, nil
}
