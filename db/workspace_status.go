package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// matterRow is a count of one matter.
type matterRow struct {
	Matter chat.Matter `bun:"matter"`
	Count  int         `bun:"count"`
	Oldest *time.Time  `bun:"oldest"`
	Late   int         `bun:"late"`
	Lately int         `bun:"lately"`

	WorkflowGone int        `bun:"workflow_gone"`
	Deadline     *time.Time `bun:"deadline"`
}

func (r *matterRow) count() chat.MatterCount {
	return chat.MatterCount{
		Matter:       r.Matter,
		Count:        r.Count,
		Oldest:       r.Oldest.UTC(),
		Late:         r.Late,
		Lately:       r.Lately,
		WorkflowGone: r.WorkflowGone,
		Deadline:     chat.UTC(r.Deadline),
	}
}

// countedAt is the workspace in which matters are counted, and the time at which their ages are measured.
type countedAt struct {
	ws  chat.WorkspaceID
	now time.Time
}

// WorkspaceStatus counts what waits in a workspace, and what of it needs a person. It returns workspace_not_found.
func (s *Store) WorkspaceStatus(ctx context.Context, ws chat.WorkspaceID) (chat.WorkspaceStatus, error) {
	var status chat.WorkspaceStatus

	err := s.snapshot(ctx, "count what waits", func(ctx context.Context, tx bun.Tx) error {
		workspace, err := findWorkspace(ctx, tx, ws)
		if err != nil {
			return err
		}

		status.Workspace = workspace

		return s.countMatters(ctx, tx, ws, &status)
	})

	return status, err
}

// countMatters counts the matters of a workspace into its status. The approvals of sends and those of other requests
// are two rows.
func (s *Store) countMatters(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, status *chat.WorkspaceStatus) error {
	now := s.time()

	var all []matterRow
	if err := countWaitingActions(tx, ws, now).Scan(ctx, &all); err != nil {
		return err
	}

	actions := 0
	for _, row := range all {
		actions += row.Count
	}

	status.IsPartial = actions > chat.MaxMatters

	queries := []*bun.SelectQuery{
		// An approval of a send is counted with its action.
		countOldest(tx, countedAt{ws, now}, chat.MatterApproval, "approvals", "created_at").
			ColumnExpr("min(x.deadline) AS deadline").
			Where("x.state = ?", chat.ApprovalWaiting).
			Where("x.action_id IS NULL").
			Where("x.deadline > ?", now),
		countOldest(tx, countedAt{ws, now}, chat.MatterBulkRetry, "bulk_retries", "updated_at").
			Where("x.state = ?", chat.BulkPaused),
		countRefusedInbound(tx, countedAt{ws, now}),
		countChats(tx, countedAt{ws, now}, chat.MatterOptOut),
		countChats(tx, countedAt{ws, now}, chat.MatterResponse),
		countChats(tx, countedAt{ws, now}, chat.MatterAttention),
		countFailingEndpoints(tx, ws, now),
		countFailedMessages(tx, ws, now),
		countUntoldNotices(tx, ws, now),
	}

	for _, q := range queries {
		var rows []matterRow
		if err := q.Scan(ctx, &rows); err != nil {
			return err
		}

		all = append(all, rows...)
	}

	status.Counts = sumMatters(all)

	return nil
}

// countWaitingActions counts the waiting actions, oldest first up to [chat.MaxMatters], by what they wait for.
func countWaitingActions(tx bun.Tx, ws chat.WorkspaceID, now time.Time) *bun.SelectQuery {
	waiting := fromJudgedActions(tx.NewSelect().TableExpr(waitingActions, ws), ws).
		ColumnExpr("a.created_at AS since").
		ColumnExpr(waitingOf+" AS matter", waitingArgs()...).
		ColumnExpr("CASE d.error_code WHEN ? THEN 1 ELSE 0 END AS gone", chat.ErrorWorkflowGone).
		ColumnExpr("(SELECT ap.deadline FROM approvals AS ap WHERE ap.workspace_id = a.workspace_id " +
			"AND ap.id = a.id AND ap.state = 'waiting') AS deadline").
		// Actions that wait for a receipt are many, and need no person.
		Where("(d.status IS NULL OR d.status <> 'accepted')").
		OrderExpr("a.created_at").
		Limit(chat.MaxMatters + 1)

	counted := tx.NewSelect().
		TableExpr("(?) AS x", waiting).
		ColumnExpr("x.matter, sum(x.gone) AS workflow_gone, min(x.deadline) AS deadline").
		GroupExpr("x.matter")

	return countAges(counted, "since", now)
}

// countAges adds to q how many rows there are, how many of them are late, and how many began to wait lately.
func countAges(q *bun.SelectQuery, since string, now time.Time) *bun.SelectQuery {
	return q.
		ColumnExpr("count(*) AS count").
		ColumnExpr("min(x.?) AS oldest", bun.Ident(since)).
		ColumnExpr("sum(CASE WHEN x.? < ? THEN 1 ELSE 0 END) AS late", bun.Ident(since), now.Add(-chat.LateAfter)).
		ColumnExpr("sum(CASE WHEN x.? >= ? THEN 1 ELSE 0 END) AS lately", bun.Ident(since), now.Add(-chat.LatelyWithin))
}

// countOldest counts the rows of a table that a workspace has few of, and finds the time of the oldest one.
func countOldest(tx bun.Tx, at countedAt, matter chat.Matter, table, since string) *bun.SelectQuery {
	rows := tx.NewSelect().
		TableExpr("? AS x", bun.Ident(table)).
		ColumnExpr("? AS matter", matter).
		Where("x.workspace_id = ?", at.ws)

	return countAges(rows, since, at.now)
}

// countRefusedInbound counts the inbound messages that wait for a decision, the oldest up to [chat.MaxMatters]:
// strangers write as many as they like.
func countRefusedInbound(tx bun.Tx, at countedAt) *bun.SelectQuery {
	refused := tx.NewSelect().
		TableExpr("inbound AS i").
		ColumnExpr("i.received_at AS since").
		Where("i.workspace_id = ?", at.ws).
		Where("i.status = ?", chat.InboundRefused).
		OrderExpr("i.received_at").
		Limit(chat.MaxMatters)

	return countSince(tx, at, chat.MatterInbound, refused)
}

// countSince counts the rows of a query, whose column since says since when they wait.
func countSince(tx bun.Tx, at countedAt, matter chat.Matter, rows *bun.SelectQuery) *bun.SelectQuery {
	return countAges(tx.NewSelect().TableExpr("(?) AS x", rows).ColumnExpr("? AS matter", matter), "since", at.now)
}

// countChats counts the chats that need somebody, as the list of chats finds them for the matter: the oldest up to
// [chat.MaxMatters].
func countChats(tx bun.Tx, at countedAt, matter chat.Matter) *bun.SelectQuery {
	chats := needSomebody(tx.NewSelect().TableExpr("chats AS c"), at.ws, matter).
		ColumnExpr("c.last_activity_at AS since").
		Where("c.workspace_id = ?", at.ws).
		Where("c.deleted_at IS NULL").
		OrderExpr("c.last_activity_at").
		Limit(chat.MaxMatters)

	return countSince(tx, at, matter, chats)
}

// isOptOutOpen is the condition that a message of the chat c may ask not to write to its member any more, and that
// nobody has decided whether it does. Its parameter is the workspace.
const isOptOutOpen = `(c.id, c.member_id, c.channel) IN (
	SELECT hm.chat_id, rh.member_id, rh.channel FROM recipient_holds AS rh
	JOIN messages AS hm ON hm.workspace_id = rh.workspace_id AND hm.id = rh.message_id
	WHERE rh.workspace_id = ?)`

// needSomebody narrows a query of a workspace's chats, c, to those that are counted as a matter, which is
// [chat.MatterResponse], [chat.MatterAttention] or [chat.MatterOptOut].
func needSomebody(q *bun.SelectQuery, ws chat.WorkspaceID, matter chat.Matter) *bun.SelectQuery {
	if matter == chat.MatterOptOut {
		return q.Where(isOptOutOpen, ws)
	}

	q.Where("c.needs_response")

	if matter == chat.MatterAttention {
		return q.
			Where("c.attention_reason <> ''").
			Where("NOT (c.attention_reason = ? AND "+isOptOutOpen+")", chat.AttentionPossibleOptOut, ws)
	}

	return q.Where("c.attention_reason = ''")
}

// countFailingEndpoints counts the webhook endpoints that need somebody. A workspace has few.
func countFailingEndpoints(tx bun.Tx, ws chat.WorkspaceID, now time.Time) *bun.SelectQuery {
	return tx.NewSelect().
		TableExpr("webhook_endpoints AS x").
		ColumnExpr("? AS matter", chat.MatterWebhook).
		ColumnExpr("count(*) AS count").
		ColumnExpr("min(COALESCE(x.failing_since, x.updated_at)) AS oldest").
		Where("x.workspace_id = ?", ws).
		Where("x.deleted_at IS NULL").
		Where(
			"(x.disabled_reason IN (?, ?) OR (x.enabled AND x.failing_since < ?))",
			chat.WebhookGone,
			chat.WebhookFailing,
			now.Add(-chat.WebhookPatience),
		)
}

// countUntoldNotices counts the notices that have reached nobody, of rules that have reached nobody since.
func countUntoldNotices(tx bun.Tx, ws chat.WorkspaceID, now time.Time) *bun.SelectQuery {
	reached := tx.NewSelect().
		TableExpr("notices AS later").
		ColumnExpr("1").
		Where("later.workspace_id = x.workspace_id").
		Where("later.rule_id = x.rule_id").
		Where("later.number >= x.number").
		Where("later.state <> ?", chat.NoticeFailed)

	deleted := tx.NewSelect().
		Model((*notificationRuleRow)(nil)).
		ColumnExpr("1").
		Where("nr.workspace_id = x.workspace_id").
		Where("nr.id = x.rule_id").
		Where("nr.deleted_at IS NOT NULL")

	return countOldest(tx, countedAt{ws, now}, chat.MatterNotice, "notices", "created_at").
		Where("x.state = 'failed'").
		Where("x.created_at > ?", now.Add(-chat.NoticePatience)).
		Where("NOT EXISTS (?)", reached).
		Where("NOT EXISTS (?)", deleted)
}

// countFailedMessages counts the messages to customers that have failed lately, the newest up to [chat.MaxFailed], so
// that those of the last hour are among them.
func countFailedMessages(tx bun.Tx, ws chat.WorkspaceID, now time.Time) *bun.SelectQuery {
	failed := haveFailedForGood(tx.NewSelect().TableExpr("deliveries AS d")).
		ColumnExpr("d.created_at AS since").
		Where("d.workspace_id = ?", ws).
		Where("d.created_at > ?", now.Add(-chat.FailedPatience)).
		OrderExpr("d.created_at DESC").
		Limit(chat.MaxFailed)

	return countSince(tx, countedAt{ws, now}, chat.MatterFailed, failed)
}

// sumMatters sums up the counts, in the order of [chat.Matters] and without zeros.
func sumMatters(counted []matterRow) []chat.MatterCount {
	sums := map[chat.Matter]chat.MatterCount{}

	for _, row := range counted {
		if row.Count == 0 || row.Oldest == nil {
			continue
		}

		sum := sums[row.Matter]
		sum.Matter = row.Matter
		sum.Add(row.count())
		sums[row.Matter] = sum
	}

	var all []chat.MatterCount

	for _, matter := range chat.Matters() {
		if sum, ok := sums[matter]; ok {
			all = append(all, sum)
		}
	}

	return all
}
