package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// inboundRow is what became of a post for one sender of ours.
type inboundRow struct {
	bun.BaseModel `bun:"table:inbound,alias:i"`

	ID              chat.InboundID       `bun:"id,pk"`
	EventKey        string               `bun:"event_key"`
	Recipient       string               `bun:"recipient"`
	WorkspaceID     chat.WorkspaceID     `bun:"workspace_id,nullzero"`
	Provider        chat.Provider        `bun:"provider"`
	Channel         chat.Channel         `bun:"channel"`
	Status          chat.InboundStatus   `bun:"status"`
	AutomaticReason chat.AutomaticReason `bun:"automatic_reason"`
	LooksAutomatic  bool                 `bun:"looks_automatic"`
	Keyword         chat.Keyword         `bun:"keyword"`
	FromAddress     string               `bun:"from_address"`
	Trust           chat.Trust           `bun:"trust"`
	Message         *chat.Inbound        `bun:"message,type:json,nullzero"`
	Why             string               `bun:"why"`
	ContentType     string               `bun:"content_type"`
	ChatID          chat.ChatID          `bun:"chat_id,nullzero"`
	MessageID       chat.MessageID       `bun:"message_id,nullzero"`
	ReceivedAt      time.Time            `bun:"received_at"`
	UpdatedAt       time.Time            `bun:"updated_at"`
}

func (r *inboundRow) record() chat.InboundRecord {
	record := chat.InboundRecord{
		ID:          r.ID,
		WorkspaceID: r.WorkspaceID,
		Provider:    r.Provider,
		Channel:     r.Channel,
		Status:      r.Status,
		Automatic:   r.AutomaticReason,
		Keyword:     r.Keyword,
		Trust:       r.Trust,
		Why:         r.Why,
		ChatID:      r.ChatID,
		MessageID:   r.MessageID,
		ReceivedAt:  r.ReceivedAt.UTC(),
		UpdatedAt:   r.UpdatedAt.UTC(),
	}

	if r.Message != nil {
		record.From = r.Message.From
		record.FromName = r.Message.FromName
		record.To = r.Message.To
		record.Subject = r.Message.Subject
		record.Files = r.Message.Files
	}

	return record
}

// withoutText is a message without what it says, which stands in its chat.
func withoutText(in chat.Inbound) *chat.Inbound {
	in.Text = ""
	in.Original = ""

	return &in
}

// newInboundRow is the row of a post that was read. Who it is for is added by who knows it.
func newInboundRow(id chat.InboundID, post *inboundPost, now time.Time) inboundRow {
	return inboundRow{
		ID:              id,
		EventKey:        post.Key,
		Provider:        post.Provider,
		Channel:         post.Channel,
		AutomaticReason: post.Automatic,
		LooksAutomatic:  post.LooksAutomatic || post.Automatic != "",
		Keyword:         post.Keyword,
		FromAddress:     chat.FoldAddress(post.From),
		Trust:           post.Trust,
		Message:         &post.Inbound,
		ReceivedAt:      post.receivedAt,
		UpdatedAt:       now,
	}
}

// claimRecipient notes that the post is taken for a sender, and returns false when it was before.
func claimRecipient(ctx context.Context, tx bun.Tx, post *inboundPost, a *arrival) (bool, error) {
	waited := post.orphan != ""
	if waited {
		a.record = post.orphan
		post.orphan = ""
	}

	row := newInboundRow(a.record, post, a.now)
	row.Recipient = a.recipient
	row.WorkspaceID = a.workspace
	row.Status = chat.InboundTaken
	row.Message = withoutText(post.Inbound)

	if waited {
		_, err := tx.NewUpdate().Model(&row).
			Column("event_key", "recipient", "workspace_id", "status", "keyword", "from_address", "message", "why").
			Column("updated_at").
			Where("i.id = ?", row.ID).
			Exec(ctx)

		return true, err
	}

	result, err := tx.NewInsert().
		Model(&row).
		On("CONFLICT (event_key, recipient) DO NOTHING").
		Returning("NULL").
		Exec(ctx)

	return hasChanged(result, err)
}

// saveRecipient notes what became of a message that was claimed.
func saveRecipient(ctx context.Context, tx bun.Tx, a *arrival) error {
	status := chat.InboundTaken

	switch {
	case a.ChatID == 0:
		status = chat.InboundOrphaned
	case a.Automatic != "":
		status = chat.InboundAutomatic
	}

	q := tx.NewUpdate().Model((*inboundRow)(nil)).
		Set("status = ?", status).
		Set("automatic_reason = ?", a.Automatic).
		Set("trust = ?", a.Trust).
		Set("looks_automatic = ?", a.LooksAutomatic || a.Automatic != "").
		Where("i.id = ?", a.record)
	if a.ChatID != 0 {
		q.Set("chat_id = ?", a.ChatID).Set("message_id = ?", a.MessageID)
	}

	_, err := q.Exec(ctx)

	return err
}

// soleWorkspace reports whether the installation has one workspace only, whose an orphan must be.
func soleWorkspace(ctx context.Context, tx bun.Tx) (bool, error) {
	var ids []chat.WorkspaceID

	err := tx.NewSelect().TableExpr("workspaces").Column("id").Limit(2).Scan(ctx, &ids)

	return len(ids) == 1, err
}

// ofViewer narrows a query of what came in to what a workspace may see: its own, and in an
// installation without another workspace what is nobody's. ws is "" for the installation's operator.
func ofViewer(ctx context.Context, tx bun.Tx, q *bun.SelectQuery, ws chat.WorkspaceID) error {
	if ws == "" {
		return nil
	}

	sole, err := soleWorkspace(ctx, tx)
	if err != nil {
		return err
	}

	if sole {
		q.Where("(i.workspace_id = ? OR i.workspace_id IS NULL)", ws)
	} else {
		q.Where("i.workspace_id = ?", ws)
	}

	return nil
}

// Inbound lists what came in, the newest first: for a workspace, and in an installation with one
// workspace only also what is nobody's. With "" it lists what came in for all, which is for the
// installation's operator.
func (s *Store) Inbound(
	ctx context.Context,
	ws chat.WorkspaceID,
	f chat.InboundFilter,
) (chat.List[chat.InboundRecord], error) {
	var rows []inboundRow
	var list chat.List[chat.InboundRecord]

	err := s.snapshot(ctx, "list what came in", func(ctx context.Context, tx bun.Tx) (err error) {
		q := tx.NewSelect().Model(&rows)
		if err := ofViewer(ctx, tx, q, ws); err != nil {
			return err
		}

		filterInbound(q, &f)

		list, err = listQuery[inboundRow, chat.InboundID, chat.InboundRecord]{
			query: q,
			rows:  &rows,
			order: &inboundOrder,
			page:  f.Page,
			item:  (*inboundRow).record,
		}.read(ctx)

		return err
	})

	return list, err
}

var inboundOrder = keyset[inboundRow, chat.InboundID]{
	list: "inbound",
	id:   "i.id",
	idOf: func(r *inboundRow) chat.InboundID { return r.ID },
	times: []timeColumn[inboundRow]{{
		name:    "received_at",
		column:  "i.received_at",
		valueOf: func(r *inboundRow) time.Time { return r.ReceivedAt },
	}},
	newestFirst: true,
}

func filterInbound(q *bun.SelectQuery, f *chat.InboundFilter) {
	if len(f.Statuses) > 0 {
		q.Where("i.status IN ?", bun.Tuple(f.Statuses))
	}

	if f.Channel != "" {
		q.Where("i.channel = ?", f.Channel)
	}

	if f.ChatID != 0 {
		q.Where("i.chat_id = ?", f.ChatID)
	}

	filterTime(q, "i.received_at", f.Since, f.Until)
}

// InboundRecord finds one of what [Store.Inbound] lists: inbound_not_found.
func (s *Store) InboundRecord(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.InboundID,
) (chat.InboundRecord, error) {
	var row inboundRow
	err := s.snapshot(ctx, "find what came in", func(ctx context.Context, tx bun.Tx) (err error) {
		row, err = findInbound(ctx, tx, tx.NewSelect(), ws, id)
		return err
	})

	return row.record(), err
}

func findInbound(
	ctx context.Context,
	tx bun.Tx,
	q *bun.SelectQuery,
	ws chat.WorkspaceID,
	id chat.InboundID,
) (inboundRow, error) {
	var row inboundRow

	q.Model(&row).Where("i.id = ?", id)

	if err := ofViewer(ctx, tx, q, ws); err != nil {
		return row, err
	}

	return row, orNotFound(q.Scan(ctx), chat.CodeInboundNotFound, "message that came in")
}
