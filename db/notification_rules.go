package db

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type notificationRuleRow struct {
	bun.BaseModel `bun:"table:notification_rules,alias:nr"`

	ID            chat.NotificationRuleID `bun:"id,pk,autoincrement"`
	WorkspaceID   chat.WorkspaceID        `bun:"workspace_id"`
	Types         []chat.EventType        `bun:"types,type:json"`
	MemberIDs     []chat.MemberID         `bun:"member_ids,type:json"`
	Channel       chat.Channel            `bun:"channel"`
	PhoneNumberID *chat.PhoneNumberID     `bun:"phone_number_id"`
	InboxID       *chat.InboxID           `bun:"inbox_id"`
	QuietSeconds  int64                   `bun:"quiet_seconds"`
	Enabled       bool                    `bun:"enabled"`
	Position      int64                   `bun:"position"`
	Messages      int64                   `bun:"messages"`
	LastAt        *time.Time              `bun:"last_at"`
	NextAt        *time.Time              `bun:"next_at"`
	CreatedAt     time.Time               `bun:"created_at"`
	UpdatedAt     time.Time               `bun:"updated_at"`
	DeletedAt     *time.Time              `bun:"deleted_at"`

	Waiting int `bun:"waiting,scanonly"`
}

// waitingNoticeEvents counts what a rule has collected.
const waitingNoticeEvents = `(SELECT count(*) FROM notice_events AS ne
	WHERE ne.workspace_id = nr.workspace_id AND ne.rule_id = nr.id) AS waiting`

func (r *notificationRuleRow) rule() chat.NotificationRule {
	return chat.NotificationRule{
		ID:            r.ID,
		WorkspaceID:   r.WorkspaceID,
		Types:         r.Types,
		MemberIDs:     r.MemberIDs,
		Channel:       r.Channel,
		PhoneNumberID: r.PhoneNumberID,
		InboxID:       r.InboxID,
		Quiet:         time.Duration(r.QuietSeconds) * time.Second,
		Enabled:       r.Enabled,
		CreatedAt:     r.CreatedAt.UTC(),
		UpdatedAt:     r.UpdatedAt.UTC(),
		Lane: chat.NotificationLane{
			Position: r.Position,
			Messages: r.Messages,
			LastAt:   chat.UTC(r.LastAt),
			NextAt:   chat.UTC(r.NextAt),
			Waiting:  r.Waiting,
		},
	}
}

// take stores in the row what somebody wants of the rule.
func (r *notificationRuleRow) take(rule *chat.NotificationRule) {
	r.Types = append([]chat.EventType{}, rule.Types...)
	r.MemberIDs = append([]chat.MemberID{}, rule.MemberIDs...)
	r.Channel = rule.Channel
	r.PhoneNumberID = rule.PhoneNumberID
	r.InboxID = rule.InboxID
	r.QuietSeconds = int64(rule.Quiet / time.Second)
	r.Enabled = rule.Enabled
}

func (r *notificationRuleRow) auditFields() map[string]any {
	return map[string]any{
		"types":           r.Types,
		"member_ids":      r.MemberIDs,
		"channel":         r.Channel,
		"phone_number_id": r.PhoneNumberID,
		"inbox_id":        r.InboxID,
		"quiet_seconds":   r.QuietSeconds,
		"enabled":         r.Enabled,
	}
}

// selectRules chooses the rules of a workspace that are not deleted.
func selectRules(q *bun.SelectQuery, ws chat.WorkspaceID) *bun.SelectQuery {
	return q.
		ColumnExpr("nr.*").
		ColumnExpr(waitingNoticeEvents).
		Where("nr.workspace_id = ?", ws).
		Where("nr.deleted_at IS NULL")
}

func findRule(
	ctx context.Context,
	q *bun.SelectQuery,
	ws chat.WorkspaceID,
	id chat.NotificationRuleID,
) (notificationRuleRow, error) {
	var row notificationRuleRow

	err := selectRules(q.Model(&row), ws).Where("nr.id = ?", id).Scan(ctx)

	return row, orNotFound(err, chat.CodeRuleNotFound, "notification rule")
}

// NotificationRules lists the workspace's rules by id.
func (s *Store) NotificationRules(ctx context.Context, ws chat.WorkspaceID) ([]chat.NotificationRule, error) {
	var rules []chat.NotificationRule

	err := s.snapshot(ctx, "list the notification rules", func(ctx context.Context, tx bun.Tx) error {
		var rows []notificationRuleRow

		err := selectRules(tx.NewSelect().Model(&rows), ws).OrderExpr("nr.id").Scan(ctx)
		if err != nil {
			return err
		}

		rules = mapSlice(rows, (*notificationRuleRow).rule)

		return noteReach(ctx, tx, ws, rules)
	})

	return rules, err
}

// noteReach notes of rules of one workspace whom they can tell.
func noteReach(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, rules []chat.NotificationRule) error {
	if len(rules) == 0 {
		return nil
	}

	var rows []memberRow

	err := tx.NewSelect().
		Model(&rows).
		Where("m.workspace_id = ?", ws).
		Where("m.kind = ?", chat.KindPerson).
		Where("m.role = ?", chat.RoleManager).
		OrderExpr("m.id").
		Scan(ctx)

	managers := mapSlice(rows, (*memberRow).member)
	for i := range rules {
		rules[i].NoteReach(managers)
	}

	return err
}

// ruleWithReach returns a rule with whom it can tell.
func (r *notificationRuleRow) ruleWithReach(ctx context.Context, tx bun.Tx) (chat.NotificationRule, error) {
	rules := []chat.NotificationRule{r.rule()}
	err := noteReach(ctx, tx, r.WorkspaceID, rules)

	return rules[0], err
}

// NotificationRule finds a rule: notification_rule_not_found.
func (s *Store) NotificationRule(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.NotificationRuleID,
) (chat.NotificationRule, error) {
	var rule chat.NotificationRule

	err := s.snapshot(ctx, "find a notification rule", func(ctx context.Context, tx bun.Tx) error {
		row, err := findRule(ctx, tx.NewSelect(), ws, id)
		if err != nil {
			return err
		}

		rule, err = row.ruleWithReach(ctx, tx)

		return err
	})

	return rule, err
}

// CreateNotificationRule adds a rule, which tells of what happens from now on. The errors are invalid_request for whom
// it must not tell, and when the workspace has too many rules, and sender_not_found.
func (s *Store) CreateNotificationRule(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	rule chat.NotificationRule,
) (chat.NotificationRule, error) {
	var made chat.NotificationRule

	err := s.inTx(ctx, "create a notification rule", func(ctx context.Context, tx bun.Tx) error {
		number, err := tx.NewSelect().
			Model((*notificationRuleRow)(nil)).
			Where("nr.workspace_id = ?", ws).
			Where("nr.deleted_at IS NULL").
			Count(ctx)
		if err != nil {
			return err
		}

		if number >= chat.MaxNotificationRules {
			return chat.Invalid(
				"types",
				"cannot be told by one more rule: a workspace has at most %d; delete one first",
				chat.MaxNotificationRules,
			)
		}

		if err := checkRule(ctx, tx, ws, &rule); err != nil {
			return err
		}

		row, err := s.insertRule(ctx, tx, by, &rule)
		if err != nil {
			return err
		}

		made, err = row.ruleWithReach(ctx, tx)

		return err
	})

	return made, err
}

// insertRule stores a new rule, and notes who has made it.
func (s *Store) insertRule(
	ctx context.Context,
	tx bun.Tx,
	by chat.Actor,
	rule *chat.NotificationRule,
) (notificationRuleRow, error) {
	row := notificationRuleRow{WorkspaceID: rule.WorkspaceID, CreatedAt: s.time()}
	row.take(rule)
	row.UpdatedAt = row.CreatedAt

	var err error

	row.Position, err = latestSequence(ctx, tx, rule.WorkspaceID)
	if err != nil {
		return row, err
	}

	if err := insertOwned(ctx, tx.NewInsert().Model(&row)); err != nil {
		return row, err
	}

	return row, s.audit(ctx, tx, auditEvent{
		workspace: rule.WorkspaceID,
		by:        by,
		verb:      "notification_rule.created",
		object:    objectID(row.ID),
		detail:    changesOf(chat.AuditNotification, nil, row.auditFields()),
	})
}

// addDisabledEndpointRule gives the workspace the rule that tells its managers of disabled endpoints, unless it has
// had one that does: somebody has decided then who is told.
func (s *Store) addDisabledEndpointRule(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, by chat.Actor) error {
	var rows []notificationRuleRow

	err := tx.NewSelect().Model(&rows).Column("nr.types").Where("nr.workspace_id = ?", ws).Scan(ctx)
	if err != nil {
		return err
	}

	tellsOfEndpoints := func(r notificationRuleRow) bool {
		return slices.Contains(r.Types, chat.EventWebhookEndpointDisabled)
	}
	if slices.ContainsFunc(rows, tellsOfEndpoints) {
		return nil
	}

	rule := chat.DisabledEndpointRule(ws)
	_, err = s.insertRule(ctx, tx, by, &rule)

	return err
}

// checkRule checks that a rule's members may be told, and that the workspace has its sender.
func checkRule(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, rule *chat.NotificationRule) error {
	members, err := findMembers(ctx, tx, ws, rule.MemberIDs)
	if err != nil {
		return err
	}

	for i, id := range rule.MemberIDs {
		if err := chat.CheckNoticeMember(fmt.Sprintf("member_ids[%d]", i), id, members[id]); err != nil {
			return err
		}
	}

	return checkSenders(ctx, tx, ws, rule.PhoneNumberID, rule.InboxID)
}

// findMembers finds members of the workspace by their ids.
func findMembers(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	ids []chat.MemberID,
) (map[chat.MemberID]*chat.Member, error) {
	found := map[chat.MemberID]*chat.Member{}
	if len(ids) == 0 {
		return found, nil
	}

	var rows []memberRow

	err := db.NewSelect().Model(&rows).Where("m.workspace_id = ?", ws).Where("m.id IN ?", bun.Tuple(ids)).Scan(ctx)
	for i := range rows {
		found[rows[i].ID] = new(rows[i].member())
	}

	return found, err
}

// UpdateNotificationRule changes a rule: notification_rule_not_found, and the errors of [Store.CreateNotificationRule].
// A rule that is enabled again tells of what happens from then on; what one has collected that is disabled is not told.
func (s *Store) UpdateNotificationRule(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.NotificationRuleID,
	p chat.NotificationRulePatch,
) (chat.NotificationRule, error) {
	var changedRule chat.NotificationRule

	err := s.inTx(ctx, "change a notification rule", func(ctx context.Context, tx bun.Tx) error {
		before, err := findRule(ctx, s.locked(tx.NewSelect()), ws, id)
		if err != nil {
			return err
		}

		rule := before.rule()
		if err := rule.Apply(&p); err != nil {
			return err
		}

		if err := checkRule(ctx, tx, ws, &rule); err != nil {
			return err
		}

		row := before
		row.take(&rule)
		row.UpdatedAt = s.time()

		if row.Enabled != before.Enabled {
			if err := restartRule(ctx, tx, &row); err != nil {
				return err
			}
		}

		_, err = tx.NewUpdate().Model(&row).WherePK().Where("workspace_id = ?", ws).Exec(ctx)
		if err != nil {
			return err
		}

		if changedRule, err = row.ruleWithReach(ctx, tx); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "notification_rule.updated",
			object:    objectID(id),
			detail:    changesOf(chat.AuditNotification, before.auditFields(), row.auditFields()),
		})
	})

	return changedRule, err
}

// restartRule has a rule begin with what happens from now on.
func restartRule(ctx context.Context, tx bun.Tx, row *notificationRuleRow) (err error) {
	row.NextAt = nil
	row.Waiting = 0

	if row.Position, err = latestSequence(ctx, tx, row.WorkspaceID); err != nil {
		return err
	}

	return forgetNoticeEvents(ctx, tx, row)
}

// forgetNoticeEvents takes away what a rule has collected.
func forgetNoticeEvents(ctx context.Context, tx bun.Tx, row *notificationRuleRow) error {
	_, err := tx.NewDelete().
		Model((*noticeEventRow)(nil)).
		Where("workspace_id = ?", row.WorkspaceID).
		Where("rule_id = ?", row.ID).
		Exec(ctx)

	return err
}

// DeleteNotificationRule takes a rule away, with what it has collected: notification_rule_not_found. Its notices stay.
func (s *Store) DeleteNotificationRule(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.NotificationRuleID,
) error {
	return s.inTx(ctx, "delete a notification rule", func(ctx context.Context, tx bun.Tx) error {
		row, err := findRule(ctx, s.locked(tx.NewSelect()), ws, id)
		if err != nil {
			return err
		}

		now := s.time()

		_, err = tx.NewUpdate().
			Model(&row).
			Set("deleted_at = ?", now).
			Set("updated_at = ?", now).
			WherePK().
			Where("workspace_id = ?", ws).
			Exec(ctx)
		if err != nil {
			return err
		}

		if err := forgetNoticeEvents(ctx, tx, &row); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "notification_rule.deleted",
			object:    objectID(id),
			detail:    changesOf(chat.AuditNotification, row.auditFields(), nil),
		})
	})
}
