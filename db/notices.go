package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
	"handrail/uuidv7"
)

// noticeRow is one message that tells one member of events.
type noticeRow struct {
	bun.BaseModel `bun:"table:notices,alias:nt"`

	ID           chat.NoticeID           `bun:"id,pk"`
	WorkspaceID  chat.WorkspaceID        `bun:"workspace_id"`
	RuleID       chat.NotificationRuleID `bun:"rule_id"`
	Number       int64                   `bun:"number"`
	MemberID     chat.MemberID           `bun:"member_id"`
	Channel      chat.Channel            `bun:"channel"`
	ChatID       chat.ChatID             `bun:"chat_id"`
	ActionID     chat.ActionID           `bun:"action_id"`
	Events       int                     `bun:"events"`
	Subject      string                  `bun:"subject"`
	Body         string                  `bun:"body"`
	State        chat.NoticeState        `bun:"state"`
	ErrorMessage string                  `bun:"error_message"`
	CreatedAt    time.Time               `bun:"created_at"`
	UpdatedAt    time.Time               `bun:"updated_at"`
}

func (r *noticeRow) notice() chat.Notice {
	return chat.Notice{
		ID:           r.ID,
		WorkspaceID:  r.WorkspaceID,
		RuleID:       r.RuleID,
		Number:       r.Number,
		MemberID:     r.MemberID,
		Channel:      r.Channel,
		ChatID:       r.ChatID,
		ActionID:     r.ActionID,
		Events:       r.Events,
		Text:         chat.NoticeText{Subject: r.Subject, Body: r.Body},
		State:        r.State,
		ErrorMessage: r.ErrorMessage,
		CreatedAt:    r.CreatedAt.UTC(),
	}
}

func (r *noticeRow) send() chat.NoticeSend {
	return chat.NoticeSend{
		NoticeID: r.ID,
		ChatID:   r.ChatID,
		MemberID: r.MemberID,
		Text:     r.Body,
	}
}

var noticesOrder = keyset[noticeRow, chat.NoticeID]{
	list:        "notices",
	id:          "nt.id",
	idOf:        func(r *noticeRow) chat.NoticeID { return r.ID },
	newestFirst: true,
}

// Notices lists the messages that told members of events, newest first.
func (s *Store) Notices(
	ctx context.Context,
	ws chat.WorkspaceID,
	f chat.NoticeFilter,
) (chat.List[chat.Notice], error) {
	var list chat.List[chat.Notice]

	err := s.snapshot(ctx, "list the notices", func(ctx context.Context, tx bun.Tx) error {
		var rows []noticeRow

		q := tx.NewSelect().Model(&rows).Where("nt.workspace_id = ?", ws)
		if f.RuleID != 0 {
			q.Where("nt.rule_id = ?", f.RuleID)
		}

		if f.Failed {
			q.Where("nt.state = ?", chat.NoticeFailed)
		}

		var err error

		list, err = listQuery[noticeRow, chat.NoticeID, chat.Notice]{
			query: q,
			rows:  &rows,
			order: &noticesOrder,
			page:  f.Page,
			item:  (*noticeRow).notice,
		}.read(ctx)
		if err != nil || len(list.Items) == 0 {
			return err
		}

		return addNoticeDeliveries(ctx, tx, ws, list.Items)
	})

	return list, err
}

// addNoticeDeliveries reads the deliveries of notices.
func addNoticeDeliveries(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, notices []chat.Notice) error {
	purposes := mapSlice(notices, func(n *chat.Notice) string { return noticePurpose(n.ID) })

	var rows []deliveryRow

	err := tx.NewSelect().
		Model(&rows).
		Where("d.workspace_id = ?", ws).
		Where("d.channel IN (?, ?)", chat.ChannelEmail, chat.ChannelSMS).
		Where("d.purpose_key IN ?", bun.Tuple(purposes)).
		Scan(ctx)
	if err != nil {
		return err
	}

	deliveries := map[string]*chat.Delivery{}
	for i := range rows {
		deliveries[rows[i].PurposeKey] = new(rows[i].delivery())
	}

	for i := range notices {
		notices[i].Delivery = deliveries[noticePurpose(notices[i].ID)]
	}

	return nil
}

func noticePurpose(id chat.NoticeID) string { return chat.NoticePurpose + string(id) }

// noticeMessage is one message of a rule, to all whom it tells.
type noticeMessage struct {
	rule    *notificationRuleRow
	senders *chat.NoticeSenders
	text    chat.NoticeText
	events  int
	now     time.Time
}

// insertNotices stores a message of a rule for each member whom it tells. Whether they may be told is asked again when
// it is sent.
func (s *Store) insertNotices(ctx context.Context, tx bun.Tx, m *noticeMessage) ([]noticeRow, error) {
	members, err := findToldMembers(ctx, tx, m.rule)
	if err != nil {
		return nil, err
	}

	m.rule.Messages++
	m.rule.LastAt = &m.now

	rows := make([]noticeRow, 0, len(members))

	for _, member := range members {
		place, err := s.findOrCreateNoticeChat(ctx, tx, m, member)
		if err != nil {
			return nil, err
		}

		id := uuidv7.New[chat.NoticeID]()
		rows = append(rows, noticeRow{
			ID:          id,
			WorkspaceID: m.rule.WorkspaceID,
			RuleID:      m.rule.ID,
			Number:      m.rule.Messages,
			MemberID:    member,
			Channel:     m.rule.Channel,
			ChatID:      place,
			ActionID:    chat.NoticeActionID(id),
			Events:      m.events,
			Subject:     m.text.Subject,
			Body:        m.text.Body,
			State:       chat.NoticeWaiting,
			CreatedAt:   m.now,
			UpdatedAt:   m.now,
		})
	}

	if len(rows) > 0 {
		_, err = tx.NewInsert().Model(&rows).Returning("NULL").Exec(ctx)
	}

	return rows, err
}

// findToldMembers lists whom a rule tells: those whom it names, or all managers.
func findToldMembers(ctx context.Context, tx bun.Tx, rule *notificationRuleRow) ([]chat.MemberID, error) {
	q := tx.NewSelect().
		Model((*memberRow)(nil)).
		Column("m.id").
		Where("m.workspace_id = ?", rule.WorkspaceID).
		OrderExpr("m.id")

	if len(rule.MemberIDs) > 0 {
		q.Where("m.id IN ?", bun.Tuple(rule.MemberIDs))
	} else {
		q.Where("m.kind = ?", chat.KindPerson).Where("m.role = ?", chat.RoleManager)
	}

	var ids []chat.MemberID

	err := q.Scan(ctx, &ids)

	return ids, err
}

// findOrCreateNoticeChat returns the chat that a member's notices from a sender are in. Nobody sees it.
func (s *Store) findOrCreateNoticeChat(
	ctx context.Context,
	tx bun.Tx,
	m *noticeMessage,
	member chat.MemberID,
) (chat.ChatID, error) {
	rule := m.rule.rule()
	number, inbox := rule.ChooseSender(m.senders)

	q := tx.NewSelect().
		Model((*chatRow)(nil)).
		Column("c.id").
		Where("c.for_notices").
		Where("c.workspace_id = ?", rule.WorkspaceID).
		Where("c.member_id = ?", member).
		Where("c.channel = ?", rule.Channel).
		Where("COALESCE(c.phone_number_id, 0) = ?", idOrZero(number)).
		Where("COALESCE(c.inbox_id, 0) = ?", idOrZero(inbox)).
		OrderExpr("c.id").
		Limit(1)

	var id chat.ChatID

	err := q.Scan(ctx, &id)
	if err == nil || !noRows(err) {
		return id, err
	}

	row := s.newChatRow(rule.WorkspaceID, &chat.NewChat{
		Channel:       rule.Channel,
		Title:         "Notices",
		MemberID:      member,
		PhoneNumberID: number,
		InboxID:       inbox,
	})
	row.ForNotices = true
	row.DeletedAt = &row.CreatedAt

	_, err = tx.NewInsert().Model(&row).Exec(ctx)

	return row.ID, err
}

func idOrZero[T ~int64](id *T) int64 {
	if id == nil {
		return 0
	}

	return int64(*id)
}

// findNoticeSenders reads from whom notices of a workspace can be sent.
func findNoticeSenders(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID) (*chat.NoticeSenders, error) {
	defaults, err := findDefaults(ctx, tx, ws)
	if err != nil {
		return nil, err
	}

	senders := &chat.NoticeSenders{
		DefaultPhoneNumberID: defaults.PhoneNumberID,
		DefaultInboxID:       defaults.InboxID,
	}

	err = tx.NewSelect().
		Model((*phoneNumberRow)(nil)).
		Column("pn.id").
		Where("pn.workspace_id = ?", ws).
		Where("pn.revoked_at IS NULL").
		OrderExpr("pn.id").
		Scan(ctx, &senders.PhoneNumberIDs)
	if err != nil {
		return nil, err
	}

	err = tx.NewSelect().
		Model((*inboxRow)(nil)).
		Column("id").
		Where("workspace_id = ?", ws).
		Where("revoked_at IS NULL").
		OrderExpr("id").
		Scan(ctx, &senders.InboxIDs)

	return senders, err
}

// TestNotificationRule has the members of a rule sent a message that says that it is a test:
// notification_rule_not_found.
func (s *Store) TestNotificationRule(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.NotificationRuleID,
) ([]chat.Notice, error) {
	var rows []noticeRow

	err := s.inTx(ctx, "test a notification rule", func(ctx context.Context, tx bun.Tx) error {
		row, err := findRule(ctx, s.locked(tx.NewSelect()), ws, id)
		if err != nil {
			return err
		}

		senders, err := findNoticeSenders(ctx, tx, ws)
		if err != nil {
			return err
		}

		rule := row.rule()
		last := row.LastAt

		rows, err = s.insertNotices(ctx, tx, &noticeMessage{
			rule:    &row,
			senders: senders,
			text:    rule.ComposeTest(),
			now:     s.time(),
		})
		if err != nil {
			return err
		}

		// A test holds up nothing.
		row.LastAt = last

		if err := saveRuleLane(ctx, tx, &row); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "notification_rule.tested",
			object:    objectID(id),
			detail:    changed{"notices": len(rows)},
		})
	})

	return mapSlice(rows, (*noticeRow).notice), err
}

// noticeFacts reads what decides about a notice as about a send to the chat's member: contributor or customer it is
// none, so that only the member's own facts count. Errors: conflict when the notice was given up.
func (s *Store) noticeFacts(ctx context.Context, tx bun.Tx, in *chat.SendAssistantMessage) (*chat.SendFacts, error) {
	var row noticeRow

	err := s.locked(tx.NewSelect().Model(&row)).
		Where("nt.workspace_id = ?", in.WorkspaceID).
		Where("nt.id = ?", in.Notice.NoticeID).
		Where("nt.chat_id = ?", in.ChatID).
		Scan(ctx)
	if err != nil {
		return nil, orNotFound(err, chat.CodeChatNotFound, "notice")
	}

	if row.State != chat.NoticeWaiting {
		return nil, chat.Errorf(chat.CodeConflict, "the notice is %s, and is not sent again", row.State)
	}

	facts, err := s.readChatFacts(ctx, tx, &chatQuery{
		workspace: in.WorkspaceID,
		chat:      in.ChatID,
		condition: "c.for_notices",
		isHeld:    true,
	})
	if err != nil {
		return nil, err
	}

	facts.Chat.Title = row.Subject
	facts.FirstSubject = ""
	facts.LastInboundID = ""
	facts.References = nil

	return facts, nil
}

// markNoticeBegun records that a notice, which [Store.noticeFacts] holds, has a delivery now.
func markNoticeBegun(ctx context.Context, tx bun.Tx, in *chat.SendAssistantMessage, now time.Time) error {
	_, err := tx.NewUpdate().
		Model((*noticeRow)(nil)).
		Set("state = ?", chat.NoticeBegun).
		Set("updated_at = ?", now).
		Where("workspace_id = ?", in.WorkspaceID).
		Where("id = ?", in.Notice.NoticeID).
		Exec(ctx)

	return err
}

// FailNotice records that a notice has not reached its member, and returns it. The second answer is false if that was
// recorded before. Idempotent.
func (s *Store) FailNotice(ctx context.Context, in chat.NoticeFailure) (chat.Notice, bool, error) {
	var row noticeRow

	isNew := false

	err := s.runTx(ctx, "record a notice's failure", func(ctx context.Context, tx bun.Tx) error {
		err := s.locked(tx.NewSelect().Model(&row)).
			Where("nt.workspace_id = ?", in.WorkspaceID).
			Where("nt.id = ?", in.NoticeID).
			Scan(ctx)
		if err != nil || row.State == chat.NoticeFailed {
			return orNotFound(err, chat.CodeChatNotFound, "notice")
		}

		isNew = true
		row.State = chat.NoticeFailed
		row.ErrorMessage = in.Why

		_, err = tx.NewUpdate().
			Model(&row).
			Column("state", "error_message").
			Set("updated_at = ?", s.time()).
			WherePK().
			Where("workspace_id = ?", in.WorkspaceID).
			Exec(ctx)

		return err
	})

	return row.notice(), isNew, err
}
