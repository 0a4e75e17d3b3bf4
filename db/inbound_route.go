package db

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// findRecipients finds whom a post is for: the chat of the message that it answers, and each sender
// of ours that it was sent to. None is an orphan.
func (s *Store) findRecipients(ctx context.Context, tx bun.Tx, post *inboundPost, now time.Time) ([]*arrival, error) {
	switch post.Channel.Spec().Sender {
	case chat.SenderPhone:
		return findNumberArrivals(ctx, tx, post, now)
	case chat.SenderInbox:
		return findInboxArrivals(ctx, tx, post, now)
	case chat.SenderNone:
	}

	return nil, nil
}

// findNumberArrivals finds the messaging service, or else the number, that an SMS was sent to.
// Twilio names the service whose pool has the number, and a chat with the service is not one with
// the number (https://www.twilio.com/docs/messaging/guides/webhook-request).
func findNumberArrivals(ctx context.Context, tx bun.Tx, post *inboundPost, now time.Time) ([]*arrival, error) {
	var found []phoneNumberRow

	find := func(column, value string) error {
		var row phoneNumberRow

		err := tx.NewSelect().Model(&row).Where("? = ?", bun.Ident(column), value).Where("? <> ''", bun.Ident(column)).
			Where("pn.revoked_at IS NULL").Scan(ctx)
		if err == nil {
			found = append(found, row)
		}

		return unlessNone(err)
	}

	if post.ServiceSID != "" {
		if err := find("messaging_service_sid", post.ServiceSID); err != nil {
			return nil, err
		}
	}

	for _, to := range post.To {
		if err := find("number", to); err != nil {
			return nil, err
		}
	}

	if len(found) == 0 {
		return nil, nil
	}

	a := newArrival(post, now)
	a.number = &found[0]
	a.also = found[1:]
	a.workspace = a.number.WorkspaceID
	a.recipient = a.sender()

	return []*arrival{a}, nil
}

// findInboxArrivals finds the chat that an email answers, by the token in its address, and the
// inboxes that it was sent to.
func findInboxArrivals(ctx context.Context, tx bun.Tx, post *inboundPost, now time.Time) ([]*arrival, error) {
	inboxes, err := findInboxes(ctx, tx, post)
	if err != nil {
		return nil, err
	}

	if err := findFormsAuthor(ctx, tx, post, inboxes); err != nil {
		return nil, err
	}

	var all []*arrival

	answer := newArrival(post, now)

	known, err := answer.findByToken(ctx, tx, inboxes)
	if err != nil {
		return nil, err
	}

	if known {
		all = append(all, answer)
		// Who answers all writes to the chat's own inbox too, and is heard once.
		inboxes = slices.DeleteFunc(inboxes, func(i inboxRow) bool { return answer.covers(&i) })
	}

	for i := range inboxes {
		a := newArrival(post, now)
		a.inbox = &inboxes[i]
		a.workspace = a.inbox.WorkspaceID
		a.recipient = a.sender()
		all = append(all, a)
	}

	for _, a := range all {
		a.alone = len(all) == 1

		if err := a.judgeAuthor(ctx, tx); err != nil {
			return nil, err
		}

		if a.chat == nil {
			if err := a.findByHeaders(ctx, tx); err != nil {
				return nil, err
			}
		}
	}

	return all, nil
}

// findFormsAuthor makes the person whom an email from an inbox of ours wants to be answered its
// author: a contact form has written it, and an answer to the inbox would come back. Inboxes are
// those that the email was sent to; whose workspace has the inbox, decides.
func findFormsAuthor(ctx context.Context, tx bun.Tx, post *inboundPost, inboxes []inboxRow) error {
	if post.AnswersTo == "" || post.Via != "" || len(inboxes) == 0 {
		return nil
	}

	var ours []inboxRow

	err := tx.NewSelect().Model(&ours).
		Where("i.workspace_id = ?", inboxes[0].WorkspaceID).
		Where("i.address_folded IN ?", bun.Tuple(append(inboxForms(post.From), inboxForms(post.AnswersTo)...))).
		Scan(ctx)
	if err != nil {
		return err
	}

	if len(matchInboxes(ours, []string{post.From})) == 0 || len(matchInboxes(ours, []string{post.AnswersTo})) > 0 {
		return nil
	}

	post.Via = post.From
	post.Trust = chat.TrustNamed
	post.From = post.AnswersTo
	post.FromName = post.AnswersToName

	return nil
}

// covers reports whether the chat of the answered message is all that the inbox gets: unless the
// provider says that the email was delivered to an inbox which is not the chat's. The answer to a
// question belongs to the question only.
func (a *arrival) covers(inbox *inboxRow) bool {
	delivered := slices.ContainsFunc(a.Delivered, func(to string) bool {
		return slices.Contains(inboxForms(to), inbox.AddressFolded)
	})

	return !delivered || a.question.askID != "" || a.inbox != nil && a.inbox.ID == inbox.ID
}

// findInboxes finds the inboxes that an email was sent to, whatever stands behind a plus: those
// that its provider says it was delivered to, else those that its headers name. They are in the
// order of their ids, in which they are held.
func findInboxes(ctx context.Context, tx bun.Tx, post *inboundPost) ([]inboxRow, error) {
	var forms []string
	for _, to := range append(slices.Clone(post.Delivered), post.To...) {
		forms = append(forms, inboxForms(to)...)
	}

	if len(forms) == 0 {
		return nil, nil
	}

	var rows []inboxRow

	err := tx.NewSelect().Model(&rows).Where("i.address_folded IN ?", bun.Tuple(forms)).
		Where("i.revoked_at IS NULL").Scan(ctx)
	if err != nil {
		return nil, err
	}

	slices.SortFunc(rows, func(a, b inboxRow) int { return cmp.Compare(a.ID, b.ID) })

	found := matchInboxes(rows, post.Delivered)
	if len(found) == 0 {
		found = matchInboxes(rows, post.To)
	}

	if len(found) == 0 {
		return findOldInboxes(ctx, tx, post)
	}

	return found, nil
}

// findOldInboxes finds the inboxes of the mails whose uuids the email was sent to, as answers were
// before there were tokens. Such a uuid is no secret: it leads to the inbox, like the inbox's own
// address, and neither to the chat nor to whom it was sent.
func findOldInboxes(ctx context.Context, tx bun.Tx, post *inboundPost) ([]inboxRow, error) {
	var ids []chat.MessageID

	for _, to := range append(slices.Clone(post.Delivered), post.To...) {
		if id := chat.ReadOldReplyAddress(to); id != "" && len(ids) < maxTokens {
			ids = append(ids, id)
		}
	}

	if len(ids) == 0 {
		return nil, nil
	}

	var rows []inboxRow

	// Without a workspace: the uuid is what names it.
	err := tx.NewSelect().
		Model(&rows).
		Where(`EXISTS (SELECT 1 FROM messages AS m
			JOIN chats AS c ON c.workspace_id = m.workspace_id AND c.id = m.chat_id
			WHERE m.id IN ? AND c.workspace_id = i.workspace_id AND c.inbox_id = i.id)`, bun.Tuple(ids)).
		OrderExpr("i.id").
		Scan(ctx)

	return rows, err
}

// matchInboxes picks for each address the inbox that has it, else the one that has it without its
// tag.
func matchInboxes(rows []inboxRow, addresses []string) []inboxRow {
	picked := map[chat.InboxID]bool{}

	for _, to := range addresses {
		for _, form := range inboxForms(to) {
			i := slices.IndexFunc(rows, func(r inboxRow) bool { return r.AddressFolded == form })
			if i >= 0 {
				picked[rows[i].ID] = true
				break
			}
		}
	}

	return slices.DeleteFunc(slices.Clone(rows), func(r inboxRow) bool { return !picked[r.ID] })
}

// inboxForms are the folded addresses of the inboxes that mail to the address is for.
func inboxForms(address string) []string {
	folded := chat.FoldAddress(address)
	if bare := withoutTag(folded); bare != folded {
		return []string{folded, bare}
	}

	return []string{folded}
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

// findByToken finds the chat of the mail whose token the address holds, and reports whether there
// is such a mail. Who has that token was sent the mail, so it also shows whose the message is. Where
// the chat takes no messages, its inbox does; inboxes are those that the email was sent to.
func (a *arrival) findByToken(ctx context.Context, tx bun.Tx, inboxes []inboxRow) (known bool, err error) {
	if len(a.ReplyTokens) == 0 {
		return false, nil
	}

	var row adoptedRow

	// Without a workspace: the token is what names it.
	err = selectAdopted(tx, &row).
		ColumnExpr("d.to_folded AS holder_address").
		ColumnExpr("COALESCE(d.to_member_id, 0) AS holder_id").
		Join("JOIN deliveries AS d ON d.workspace_id = m.workspace_id AND d.message_id = m.id").
		Where("d.reply_token IN ?", bun.Tuple(a.ReplyTokens[:min(len(a.ReplyTokens), maxTokens)])).
		Where("d.reply_token <> ''").
		OrderExpr("d.created_at DESC, d.id DESC").
		Limit(1).
		Scan(ctx)
	if err != nil {
		return false, unlessNone(err)
	}

	a.holder = tokenHolder{member: row.HolderID, address: row.HolderAddress}
	a.workspace = row.WorkspaceID
	a.recipient = "chat:" + objectID(row.ID)

	if err := a.adoptInbox(ctx, tx, &row, inboxes); err != nil {
		return false, err
	}

	if row.DeletedAt == nil {
		a.last = &row.chatRow
	}

	if row.takes(a.Channel) {
		a.chat = &row.chatRow
		a.question.askID = row.AskID
		a.question.certain = row.AskID != ""
	}

	return true, nil
}

// adoptInbox makes the inbox that the answered message was sent from the one that the answer is
// for; without one, that of the workspace to which the answer was sent.
func (a *arrival) adoptInbox(ctx context.Context, tx bun.Tx, row *adoptedRow, inboxes []inboxRow) error {
	id := row.InboxID
	if row.Channel != a.Channel {
		id = nil
	}

	for i := range inboxes {
		if inboxes[i].WorkspaceID == a.workspace && (id == nil || inboxes[i].ID == *id) {
			inbox := inboxes[i] // a copy: those that this arrival covers leave the list
			a.inbox = &inbox

			return nil
		}
	}

	if id == nil {
		return nil
	}

	inbox, err := findInbox(ctx, tx.NewSelect(), a.workspace, *id)
	if err == nil {
		a.inbox = &inbox
	}

	return err
}

// adoptedRow is the chat of a message that is answered.
type adoptedRow struct {
	bun.BaseModel `bun:"table:chats,alias:c"`
	chatRow

	AskID     chat.QuestionID `bun:"ask_id,scanonly"`
	Reference string          `bun:"reference,scanonly"`

	HolderID      chat.MemberID `bun:"holder_id,scanonly"`
	HolderAddress string        `bun:"holder_address,scanonly"`
}

func selectAdopted(tx bun.Tx, dest any) *bun.SelectQuery {
	return tx.NewSelect().
		Model(dest).
		ColumnExpr("c.*").
		ColumnExpr("COALESCE(m.ask_id, '') AS ask_id").
		ColumnExpr("COALESCE(m.email_message_id, '') AS reference").
		Join("JOIN messages AS m ON m.workspace_id = c.workspace_id AND m.chat_id = c.id")
}

// takes reports whether an answer that came over the channel goes to the chat. A question to a
// contributor may have gone over another channel than its chat's, and is answered in an archived
// chat as well.
func (r *adoptedRow) takes(channel chat.Channel) bool {
	return r.DeletedAt == nil && (r.AskID != "" || r.Channel == channel && r.State != chat.StateArchived)
}
