package db

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// maxReferences bounds how many ids of an email's headers are looked for.
const maxReferences = 20

// route finds whose the message is: the sender it was sent to, and the chat of the message
// that it answers.
func (a *arrival) route(ctx context.Context, tx bun.Tx) error {
	if err := a.findSender(ctx, tx); err != nil {
		return err
	}

	if err := a.findByToken(ctx, tx); err != nil || a.chat != nil {
		return err
	}

	return a.findByReferences(ctx, tx)
}

// findSender finds whom the message was sent to.
func (a *arrival) findSender(ctx context.Context, tx bun.Tx) error {
	switch a.Channel.Spec().Sender {
	case chat.SenderPhone:
		return a.findNumber(ctx, tx)
	case chat.SenderInbox:
		return a.findInbox(ctx, tx)
	case chat.SenderNone:
	}

	return nil
}

// findNumber finds the phone number or messaging service that an SMS was sent to. When two
// workspaces claim the same, the older claim wins.
func (a *arrival) findNumber(ctx context.Context, tx bun.Tx) error {
	find := func(column, value string) error {
		var row phoneNumberRow

		err := tx.NewSelect().Model(&row).Where("? = ?", bun.Ident(column), value).Where("? <> ''", bun.Ident(column)).
			OrderExpr("pn.id").Limit(1).Scan(ctx)
		if err == nil {
			a.number = &row
			a.workspace = row.WorkspaceID
		}

		return unlessNone(err)
	}

	for _, to := range a.To {
		if err := find("number", to); err != nil || a.number != nil {
			return err
		}
	}

	if a.ServiceSID == "" {
		return nil
	}

	return find("messaging_service_sid", a.ServiceSID)
}

// findInbox finds the inbox that an email was sent to, whatever stands behind a plus.
func (a *arrival) findInbox(ctx context.Context, tx bun.Tx) error {
	for _, to := range a.To {
		for _, address := range []string{to, withoutTag(to)} {
			var row inboxRow

			err := tx.NewSelect().
				Model(&row).
				Where("i.address_folded = ?", strings.ToLower(address)).
				OrderExpr("i.id").
				Limit(1).
				Scan(ctx)
			if err == nil {
				a.inbox = &row
				a.workspace = row.WorkspaceID

				return nil
			}

			if !noRows(err) {
				return err
			}
		}
	}

	return nil
}

// withoutTag is an address without what stands between a plus and the at sign.
func withoutTag(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}

	local, _, _ := strings.Cut(address[:at], "+")

	return local + address[at:]
}

// selectActive narrows a query to chats that messages may be added to.
func selectActive(q *bun.SelectQuery) *bun.SelectQuery {
	return q.Where("c.deleted_at IS NULL").Where("c.state <> ?", chat.StateArchived)
}

// findByToken finds the chat of the message whose id the address holds. Who knows that id
// has got it from us, so it also shows whose the message is.
func (a *arrival) findByToken(ctx context.Context, tx bun.Tx) error {
	if a.ReplyTo == "" {
		return nil
	}

	err := a.adoptChat(ctx, tx.NewSelect().Where("m.id = ?", a.ReplyTo))
	a.question.certain = a.question.askID != ""

	return err
}

// findByReferences finds the chat of the nearest message that an email refers to, in the
// workspace that it was sent to.
func (a *arrival) findByReferences(ctx context.Context, tx bun.Tx) error {
	if a.workspace == "" {
		return nil
	}

	for _, id := range a.References[:min(len(a.References), maxReferences)] {
		q := tx.NewSelect().
			Where("m.workspace_id = ?", a.workspace).
			Where("m.email_message_id = ?", id).
			OrderExpr("m.number DESC").
			Limit(1)

		err := a.adoptChat(ctx, q)
		if err != nil || a.chat != nil {
			return err
		}
	}

	return nil
}

// adoptedRow is the chat of a message that is answered.
type adoptedRow struct {
	bun.BaseModel `bun:"table:chats,alias:c"`
	chatRow

	AskID chat.QuestionID `bun:"ask_id,scanonly"`
}

// adoptChat makes the chat of the message that q finds the message's. A question to a
// contributor may have gone over another channel than its chat's.
func (a *arrival) adoptChat(ctx context.Context, q *bun.SelectQuery) error {
	var row adoptedRow

	err := q.Model(&row).
		ColumnExpr("c.*").
		ColumnExpr("COALESCE(m.ask_id, '') AS ask_id").
		Join("JOIN messages AS m ON m.workspace_id = c.workspace_id AND m.chat_id = c.id").
		Where("c.deleted_at IS NULL").
		Where("(m.ask_id IS NOT NULL OR c.channel = ? AND c.state <> ?)", a.Channel, chat.StateArchived).
		Scan(ctx)
	if err != nil {
		return unlessNone(err)
	}

	if row.WorkspaceID != a.workspace {
		a.number = nil
		a.inbox = nil
	}

	a.chat = &row.chatRow
	a.workspace = row.WorkspaceID
	a.question.askID = row.AskID

	return nil
}

// ofAuthor narrows a query of members to those with the address that the message came from.
func (a *arrival) ofAuthor(q *bun.SelectQuery) *bun.SelectQuery {
	q.Where("m.workspace_id = ?", a.workspace)

	switch a.Channel.Spec().Address {
	case chat.AddressPhone:
		return q.Where("m.phone = ?", a.From).Where("m.phone <> ''")
	case chat.AddressEmail:
		return q.Where("lower(m.email) = lower(?)", a.From).Where("m.email <> ''")
	case chat.AddressNone:
	}

	return q.Where("FALSE")
}

// findAuthor finds the oldest member with the address, nil when nobody has it.
func (a *arrival) findAuthor(ctx context.Context, tx bun.Tx) (*chat.MemberID, error) {
	var row memberRow

	err := a.ofAuthor(tx.NewSelect().Model(&row)).OrderExpr("m.id").Limit(1).Scan(ctx)
	if err != nil {
		return nil, unlessNone(err)
	}

	return &row.ID, nil
}

// findChat finds the chat with the newest activity between who wrote and the sender.
func (a *arrival) findChat(ctx context.Context, tx bun.Tx) (*chatRow, error) {
	var row chatRow
	q := selectActive(a.ofSender(tx.NewSelect().Model(&row))).ColumnExpr("c.*").
		Join("JOIN members AS m ON m.workspace_id = c.workspace_id AND m.id = c.member_id")

	err := a.ofAuthor(q).OrderExpr("c.last_activity_at DESC, c.id DESC").Limit(1).Scan(ctx)
	if err != nil {
		return nil, unlessNone(err)
	}

	return &row, nil
}

// ofSender narrows a query of chats to those of the sender that the message was sent to.
func (a *arrival) ofSender(q *bun.SelectQuery) *bun.SelectQuery {
	q.Where("c.workspace_id = ?", a.workspace)

	switch {
	case a.number != nil:
		return q.Where("c.phone_number_id = ?", a.number.ID).Where("c.channel = ?", a.Channel)
	case a.inbox != nil:
		return q.Where("c.inbox_id = ?", a.inbox.ID)
	}

	return q.Where("FALSE")
}

// assistant is who speaks in the sender's newest chat, else the workspace's oldest, nil when
// it has none.
func (a *arrival) assistant(ctx context.Context, tx bun.Tx) (*chat.MemberID, error) {
	var row chatRow

	err := a.ofSender(tx.NewSelect().Model(&row)).
		Column("assistant_member_id").
		Where("c.assistant_member_id IS NOT NULL").
		Where("c.deleted_at IS NULL").
		OrderExpr("c.id DESC").
		Limit(1).
		Scan(ctx)
	if err == nil {
		return row.AssistantMemberID, nil
	}

	if !noRows(err) {
		return nil, err
	}

	var oldest memberRow

	err = tx.NewSelect().
		Model(&oldest).
		Where("m.workspace_id = ?", a.workspace).
		Where("m.kind = ?", chat.KindAssistant).
		OrderExpr("m.id").
		Limit(1).
		Scan(ctx)
	if err != nil {
		return nil, unlessNone(err)
	}

	return &oldest.ID, nil
}
