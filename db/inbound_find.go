package db

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// How much is looked at to find the chat of a message. Of the ids of one email, SendGrid's reader
// keeps fewer; the others bound what one query reads.
const (
	maxReferences = 1000
	maxReferred   = 1000
	maxCandidates = 100
	maxSubjects   = 2000
	maxTokens     = 20
)

// findByHeaders finds the chat that an email answers, in the workspace that it was sent to: that of
// the thread root, which the chat's mails refer to, else that of the nearest message. An answer to a
// question to a contributor is of that question, also where the root stands beside it.
func (a *arrival) findByHeaders(ctx context.Context, tx bun.Tx) error {
	references := a.References[:min(len(a.References), maxReferences)]
	if len(references) == 0 {
		return nil
	}

	nearest, err := a.findReferred(ctx, tx, references)
	if err != nil {
		return err
	}

	if nearest == nil || nearest.AskID == "" {
		if err := a.findByRoot(ctx, tx, references); err != nil || a.chat != nil {
			return err
		}
	}

	if nearest != nil {
		a.chat = &nearest.chatRow
		a.question.askID = nearest.AskID
	}

	return nil
}

// findReferred finds the nearest message that the email refers to; nil when none is known. All
// references are looked for at once: ours may stand behind any number of others.
func (a *arrival) findReferred(ctx context.Context, tx bun.Tx, references []string) (*adoptedRow, error) {
	var rows []adoptedRow

	q := a.ofReferred(selectAdopted(tx, &rows)).
		Where("m.workspace_id = ?", a.workspace).
		Where("m.email_message_id IN ?", bun.Tuple(references)).
		Where("c.deleted_at IS NULL").
		OrderExpr("m.number DESC").
		Limit(maxReferred)
	if err := q.Scan(ctx); err != nil {
		return nil, err
	}

	rows = slices.DeleteFunc(rows, func(r adoptedRow) bool { return !r.takes(a.Channel) })

	for _, reference := range references {
		i := slices.IndexFunc(rows, func(r adoptedRow) bool { return r.Reference == reference })
		if i >= 0 {
			return &rows[i], nil
		}
	}

	return nil, nil
}

// ofReferred narrows a query of chats that headers name. A chat may have got another inbox since;
// but where an email is for several of our inboxes, each has its own.
func (a *arrival) ofReferred(q *bun.SelectQuery) *bun.SelectQuery {
	if a.alone || a.inbox == nil {
		return q
	}

	return q.Where("c.inbox_id = ?", a.inbox.ID)
}

// findByRoot finds the chat whose thread root the email refers to, the nearest first. Roots can be
// guessed: they count for people only who are in the chat, and for the domain that it writes from.
func (a *arrival) findByRoot(ctx context.Context, tx bun.Tx, references []string) error {
	domains := map[chat.ChatID]string{}

	var roots []chat.ChatID

	for _, reference := range references {
		id, domain, ok := chat.ParseThreadRoot(reference)
		if _, known := domains[id]; ok && !known {
			roots = append(roots, id)
			domains[id] = domain
		}
	}

	if len(roots) == 0 || a.From == "" {
		return nil
	}

	var rows []chatRow

	author := a.ofAuthor(tx.NewSelect().TableExpr("members AS m").ColumnExpr("1")).
		Where(`(m.id = c.member_id OR EXISTS (SELECT 1 FROM participants p
				WHERE p.workspace_id = c.workspace_id AND p.chat_id = c.id AND p.member_id = m.id)
			OR EXISTS (SELECT 1 FROM messages w
				WHERE w.workspace_id = c.workspace_id AND w.chat_id = c.id AND w.member_id = m.id))`)

	err := a.ofReferred(selectActive(tx.NewSelect().Model(&rows))).Relation("Inbox").
		Where("c.workspace_id = ?", a.workspace).
		Where("c.id IN ?", bun.Tuple(roots)).
		Where("c.channel = ?", a.Channel).
		Where("EXISTS (?)", author).
		Scan(ctx)
	if err != nil {
		return err
	}

	for _, id := range roots {
		i := slices.IndexFunc(rows, func(r chatRow) bool { return r.ID == id && a.writesFrom(&r, domains[id]) })
		if i >= 0 {
			a.chat = &rows[i]
			a.guessable = true

			return nil
		}
	}

	return nil
}

// writesFrom reports whether the domain is that of the chat's inbox, or of the one that the email
// was sent to.
func (a *arrival) writesFrom(row *chatRow, domain string) bool {
	for _, inbox := range []*inboxRow{row.Inbox, a.inbox} {
		if inbox != nil && strings.HasSuffix(inbox.AddressFolded, "@"+domain) {
			return true
		}
	}

	return false
}

// ofAuthor narrows a query of members to those with the address that the message came from, or with
// its name where it came from no address.
func (a *arrival) ofAuthor(q *bun.SelectQuery) *bun.SelectQuery {
	q.Where("m.workspace_id = ?", a.workspace)

	address, senderName := a.address()
	if senderName != "" {
		return q.Where("lower(m.sender_name) = lower(?)", senderName).Where("m.sender_name <> ''")
	}

	switch a.Channel.Spec().Address {
	case chat.AddressPhone:
		return q.Where("m.phone = ?", address).Where("m.phone <> ''")
	case chat.AddressEmail:
		return q.Where("m.email_folded = ?", chat.FoldAddress(address)).Where("m.email_folded <> ''")
	case chat.AddressNone:
	}

	return q.Where("FALSE")
}

// findAuthor finds who has the address, nil when nobody has it: the chat's own member first, then
// who takes part in it, then the oldest.
func (a *arrival) findAuthor(ctx context.Context, tx bun.Tx) (*chat.MemberID, error) {
	var row memberRow

	q := a.ofAuthor(tx.NewSelect().Model(&row))
	if a.chat != nil {
		q.OrderExpr("CASE WHEN m.id = ? THEN 0 ELSE 1 END", a.chat.MemberID).
			OrderExpr(`CASE WHEN EXISTS (SELECT 1 FROM participants p
				WHERE p.workspace_id = m.workspace_id AND p.chat_id = ? AND p.member_id = m.id) THEN 0 ELSE 1 END`,
				a.chat.ID)
	}

	err := q.OrderExpr("m.id").Limit(1).Scan(ctx)
	if err != nil {
		return nil, unlessNone(err)
	}

	return &row.ID, nil
}

// findChat finds the chat between who wrote and the sender: the one with the email's subject, or
// the one with the newest activity. A number in the pool of a messaging service has chats of its
// own.
func (a *arrival) findChat(ctx context.Context, tx bun.Tx) (*chatRow, error) {
	if a.sender() == "" {
		return nil, nil
	}

	found, err := a.findSenderChat(ctx, tx)
	if err != nil || found != nil {
		return found, err
	}

	for i := range a.also {
		other := *a
		other.number = &a.also[i]

		if other.number.WorkspaceID != a.workspace {
			continue
		}

		found, err := other.findSenderChat(ctx, tx)
		if err != nil || found != nil {
			return found, err
		}
	}

	return nil, nil
}

func (a *arrival) findSenderChat(ctx context.Context, tx bun.Tx) (*chatRow, error) {
	var rows []chatRow
	q := selectActive(a.ofSender(tx.NewSelect().Model(&rows))).ColumnExpr("c.*").
		Join("JOIN members AS m ON m.workspace_id = c.workspace_id AND m.id = c.member_id")

	err := a.ofAuthor(q).OrderExpr("c.last_activity_at DESC, c.id DESC").Limit(maxCandidates).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}

	if subject := chat.NormalizeSubject(a.Subject); len(rows) > 1 && subject != "" {
		found, err := a.findBySubject(ctx, tx, rows, subject)
		if err != nil || found != nil {
			return found, err
		}
	}

	return &rows[0], nil
}

// findBySubject finds the first of the chats that has the subject: as its title, or in one of its
// emails, since titles are made anew. It returns nil when none has it.
func (a *arrival) findBySubject(ctx context.Context, tx bun.Tx, rows []chatRow, subject string) (*chatRow, error) {
	ids := make([]chat.ChatID, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}

	var said []messageRow

	err := tx.NewSelect().Model(&said).Column("chat_id", "email_subject").
		Where("m.workspace_id = ?", a.workspace).
		Where("m.chat_id IN ?", bun.Tuple(ids)).
		Where("m.email_subject IS NOT NULL").
		GroupExpr("m.chat_id, m.email_subject").
		Limit(maxSubjects).
		Scan(ctx)
	if err != nil {
		return nil, err
	}

	has := map[chat.ChatID]bool{}
	for i := range said {
		has[said[i].ChatID] = has[said[i].ChatID] || chat.NormalizeSubject(said[i].EmailSubject) == subject
	}

	for i := range rows {
		if has[rows[i].ID] || chat.NormalizeSubject(rows[i].Title) == subject {
			return &rows[i], nil
		}
	}

	return nil, nil
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
