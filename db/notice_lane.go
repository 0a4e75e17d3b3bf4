package db

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// noticeEventRow is an event that a rule has collected.
type noticeEventRow struct {
	bun.BaseModel `bun:"table:notice_events,alias:ne"`

	WorkspaceID chat.WorkspaceID        `bun:"workspace_id,pk"`
	RuleID      chat.NotificationRuleID `bun:"rule_id,pk"`
	EventID     chat.EventID            `bun:"event_id,pk"`
	DueAt       time.Time               `bun:"due_at"`
}

const (
	// noticeEventsAtOnce is how many events a rule reads in one transaction.
	noticeEventsAtOnce = 500
	// noticesAtOnce is how many notices one step hands over.
	noticesAtOnce = 100
)

// CollectNotices reads what has happened since the last time for each rule of the workspace, and makes the notices that
// are due. It returns all that are to be sent. What was read, what was collected and what was made of it is stored in
// one transaction, so that no event is told twice and none is left out, whenever a process ends.
//
// Idempotent: what is returned once more has its id and its action.
func (s *Store) CollectNotices(ctx context.Context, step chat.NoticeStep, now time.Time) (chat.NoticeProgress, error) {
	var progress chat.NoticeProgress

	now = toMicroseconds(now)
	err := s.inTx(ctx, "collect notices", func(ctx context.Context, tx bun.Tx) error {
		progress = chat.NoticeProgress{}

		var rows []notificationRuleRow

		err := selectRules(s.locked(tx.NewSelect().Model(&rows)), step.WorkspaceID).
			Where("nr.enabled").
			OrderExpr("nr.id").
			Scan(ctx)
		if err != nil {
			return err
		}

		senders, err := findNoticeSenders(ctx, tx, step.WorkspaceID)
		if err != nil {
			return err
		}

		for i := range rows {
			lane := ruleLane{
				store:   s,
				row:     &rows[i],
				senders: senders,
				now:     now,
			}
			if err := lane.advance(ctx, tx, &progress); err != nil {
				return err
			}
		}

		progress.Send, err = findWaitingNotices(ctx, tx, step.WorkspaceID)
		progress.Summarize(mapSlice(rows, (*notificationRuleRow).rule), now)

		return err
	})

	return progress, err
}

func findWaitingNotices(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID) ([]chat.NoticeSend, error) {
	var rows []noticeRow

	err := tx.NewSelect().
		Model(&rows).
		Where("nt.workspace_id = ?", ws).
		Where("nt.state = ?", chat.NoticeWaiting).
		OrderExpr("nt.id").
		Limit(noticesAtOnce).
		Scan(ctx)

	return mapSlice(rows, (*noticeRow).send), err
}

// ruleLane is one rule that goes on.
type ruleLane struct {
	store   *Store
	row     *notificationRuleRow
	senders *chat.NoticeSenders
	now     time.Time
}

// advance reads new events, and makes a message of what is due.
func (l *ruleLane) advance(ctx context.Context, tx bun.Tx, progress *chat.NoticeProgress) error {
	more, err := l.readEvents(ctx, tx)
	if err != nil {
		return err
	}

	progress.More = progress.More || more

	facts, err := l.findFacts(ctx, tx)
	if err != nil {
		return err
	}

	rule := l.row.rule()
	plan := rule.PlanNotice(facts, l.now)

	// What has happened at the same time is one message: first all of it is read.
	if !more && len(plan.Tell) > 0 {
		made, err := l.store.insertNotices(ctx, tx, &noticeMessage{
			rule:    l.row,
			senders: l.senders,
			text:    rule.ComposeNotice(plan.Tell),
			events:  len(plan.Tell),
			now:     l.now,
		})
		if err != nil {
			return err
		}

		if len(made) == 0 {
			progress.Untold = append(progress.Untold, l.row.ID)
		}
	}

	l.row.NextAt = microsecondsOf(plan.NextAt)
	l.row.Waiting = len(facts)

	if !more {
		done := slices.Concat(plan.Tell, plan.Drop)
		if err := l.takeOut(ctx, tx, done); err != nil {
			return err
		}

		l.row.Waiting -= len(done)
	}

	return saveRuleLane(ctx, tx, l.row)
}

// readEvents collects what is new of what the rule tells. It reports whether there is more to read.
func (l *ruleLane) readEvents(ctx context.Context, tx bun.Tx) (bool, error) {
	list, err := listEvents(ctx, tx, l.row.WorkspaceID, chat.EventFilter{
		After: l.row.Position,
		Types: l.row.Types,
		Limit: noticeEventsAtOnce,
	})
	if err != nil {
		return false, err
	}

	rule := l.row.rule()
	sender := rule.SenderScope(l.senders)

	var collected []noticeEventRow

	for i := range list.Items {
		due, isTold := rule.Tells(&list.Items[i], sender)
		if !isTold {
			continue
		}

		collected = append(collected, noticeEventRow{
			WorkspaceID: l.row.WorkspaceID,
			RuleID:      l.row.ID,
			EventID:     list.Items[i].ID,
			DueAt:       toMicroseconds(due),
		})
	}

	// A database that has lost its newest events gives their numbers again.
	l.row.Position = min(list.Next, list.Latest)

	if len(collected) > 0 {
		_, err = tx.NewInsert().
			Model(&collected).
			On("CONFLICT (workspace_id, rule_id, event_id) DO NOTHING").
			Returning("NULL").
			Exec(ctx)
	}

	return l.row.Position < list.Latest, err
}

// findFacts reads what the rule has collected. What is due and does not stand any more is marked, and what was deleted
// from the log meanwhile is left out.
func (l *ruleLane) findFacts(ctx context.Context, tx bun.Tx) ([]chat.NoticeFact, error) {
	var collected []noticeEventRow

	err := tx.NewSelect().
		Model(&collected).
		Where("ne.workspace_id = ?", l.row.WorkspaceID).
		Where("ne.rule_id = ?", l.row.ID).
		OrderExpr("ne.due_at, ne.event_id").
		Scan(ctx)
	if err != nil || len(collected) == 0 {
		return nil, err
	}

	var rows []eventRow

	err = tx.NewSelect().
		Model(&rows).
		Where("ev.workspace_id = ?", l.row.WorkspaceID).
		Where(`ev.id IN (SELECT ne.event_id FROM notice_events AS ne
			WHERE ne.workspace_id = ev.workspace_id AND ne.rule_id = ?)`, l.row.ID).
		Scan(ctx)
	if err != nil {
		return nil, err
	}

	events := map[chat.EventID]*eventRow{}
	for i := range rows {
		events[rows[i].ID] = &rows[i]
	}

	var facts []chat.NoticeFact

	for _, c := range collected {
		if row, ok := events[c.EventID]; ok {
			facts = append(facts, chat.NoticeFact{Event: row.event(), DueAt: c.DueAt.UTC()})
		}
	}

	return facts, l.markOver(ctx, tx, facts)
}

// markOver marks what is due, is told only if it still stands, and does not.
func (l *ruleLane) markOver(ctx context.Context, tx bun.Tx, facts []chat.NoticeFact) error {
	var ids []chat.DeliveryID

	for i := range facts {
		if facts[i].NeedsLook(l.now) {
			ids = append(ids, chat.DeliveryID(facts[i].Event.SubjectID))
		}
	}

	if len(ids) == 0 {
		return nil
	}

	var standing []chat.DeliveryID

	err := tx.NewSelect().
		Model((*deliveryRow)(nil)).
		Column("d.id").
		Where("d.workspace_id = ?", l.row.WorkspaceID).
		Where("d.id IN ?", bun.Tuple(ids)).
		Where("d.submission = ?", chat.SubmissionNeedsReview).
		Scan(ctx, &standing)

	for i := range facts {
		fact := &facts[i]
		fact.IsOver = fact.NeedsLook(l.now) && !slices.Contains(standing, chat.DeliveryID(fact.Event.SubjectID))
	}

	return err
}

// takeOut takes what was told, or is over, out of what the rule has collected.
func (l *ruleLane) takeOut(ctx context.Context, tx bun.Tx, facts []chat.NoticeFact) error {
	ids := mapSlice(facts, func(f *chat.NoticeFact) chat.EventID { return f.Event.ID })
	if len(ids) == 0 {
		return nil
	}

	_, err := tx.NewDelete().
		Model((*noticeEventRow)(nil)).
		Where("workspace_id = ?", l.row.WorkspaceID).
		Where("rule_id = ?", l.row.ID).
		Where("event_id IN ?", bun.Tuple(ids)).
		Exec(ctx)

	return err
}

// saveRuleLane stores how far a rule has come.
func saveRuleLane(ctx context.Context, tx bun.Tx, row *notificationRuleRow) error {
	_, err := tx.NewUpdate().
		Model(row).
		Column("position", "messages", "last_at", "next_at").
		WherePK().
		Where("workspace_id = ?", row.WorkspaceID).
		Exec(ctx)

	return err
}

// WaitingNotices lists which of these workspaces, or of all if there are none, have something to do for their rules:
// there are events that one has not read, a message is due, or one was made and nobody has begun to send it.
func (s *Store) WaitingNotices(
	ctx context.Context,
	workspaces []chat.WorkspaceID,
	now time.Time,
) ([]chat.NoticeStep, error) {
	behind := s.db.NewSelect().
		Model((*notificationRuleRow)(nil)).
		Column("nr.workspace_id").
		Where("nr.enabled").
		Where("nr.deleted_at IS NULL").
		Where(`nr.next_at <= ? OR nr.position <
			(SELECT en.last FROM event_counters AS en WHERE en.workspace_id = nr.workspace_id AND en.chat_id = 0)`,
			toMicroseconds(now))
	waiting := s.db.NewSelect().
		Model((*noticeRow)(nil)).
		Column("nt.workspace_id").
		Where("nt.state = ?", chat.NoticeWaiting)

	if len(workspaces) > 0 {
		behind.Where("nr.workspace_id IN ?", bun.Tuple(workspaces))
		waiting.Where("nt.workspace_id IN ?", bun.Tuple(workspaces))
	}

	var found []chat.WorkspaceID

	err := s.db.NewSelect().
		With("behind", behind).
		With("waiting", waiting).
		TableExpr("(SELECT workspace_id FROM behind UNION SELECT workspace_id FROM waiting) AS w").
		ColumnExpr("w.workspace_id").
		OrderExpr("w.workspace_id").
		Scan(ctx, &found)

	return mapSlice(found, func(ws *chat.WorkspaceID) chat.NoticeStep {
		return chat.NoticeStep{WorkspaceID: *ws}
	}), wrapErr("look for notification rules that are behind", err)
}
