package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
	"handrail/uuidv7"
)

type messageRow struct {
	bun.BaseModel `bun:"table:messages,alias:m"`

	Number      int64            `bun:"number,pk,autoincrement"`
	ID          chat.MessageID   `bun:"id"`
	WorkspaceID chat.WorkspaceID `bun:"workspace_id"`
	ChatID      chat.ChatID      `bun:"chat_id"`
	MemberID    *chat.MemberID   `bun:"member_id"`
	WrittenBy   chat.MemberID    `bun:"written_by,nullzero"`
	Role        chat.MessageRole `bun:"role"`
	Content     string           `bun:"content"`
	Original    string           `bun:"original,nullzero"`
	// EarlierTexts are those before retries have changed Content.
	EarlierTexts []chat.EarlierText `bun:"earlier_texts,type:json,nullzero"`
	// AutomaticReason, Files, Undecoded and Trust are of a message that came in.
	AutomaticReason chat.AutomaticReason `bun:"automatic_reason"`
	Files           []chat.File          `bun:"files,type:json,nullzero"`
	Undecoded       string               `bun:"undecoded"`
	Trust           chat.Trust           `bun:"trust"`
	State           chat.MessageState    `bun:"state"`
	ActionID        chat.ActionID        `bun:"action_id,nullzero"`
	EmailMessageID  string               `bun:"email_message_id,nullzero"`
	EmailSubject    string               `bun:"email_subject,nullzero"`
	AskID           chat.QuestionID      `bun:"ask_id,nullzero"`
	RatingValue     int                  `bun:"rating_value,nullzero"`
	RatingComment   string               `bun:"rating_comment,nullzero"`
	RatedBy         chat.MemberID        `bun:"rated_by,nullzero"`
	RatedAt         *time.Time           `bun:"rated_at"`
	CreatedAt       time.Time            `bun:"created_at"`

	DeliveryID chat.DeliveryID `bun:"delivery_id,scanonly"`
	// CallsBytes is how many bytes its tool calls have, which are read for it.
	CallsBytes int64 `bun:"calls_bytes,scanonly"`
	Allowed    bool  `bun:"allowed,scanonly"`
	SameText   bool  `bun:"same_text,scanonly"`
	// Behind reports that an older delivery of the chat is still to be tried by itself.
	Behind bool `bun:"behind,scanonly"`
}

func (r *messageRow) bytesBeside() int { return int(r.CallsBytes) }

func (r *messageRow) message() chat.Message {
	m := chat.Message{
		Number:       r.Number,
		ID:           r.ID,
		ChatID:       r.ChatID,
		MemberID:     r.MemberID,
		WrittenBy:    r.WrittenBy,
		Role:         r.Role,
		Content:      r.Content,
		Original:     r.Original,
		EarlierTexts: r.EarlierTexts,
		Automatic:    r.AutomaticReason,
		Files:        r.Files,
		Undecoded:    r.Undecoded,
		Trust:        r.Trust,
		State:        r.State,
		AskID:        r.AskID,
		DeliveryID:   r.DeliveryID,
		CreatedAt:    r.CreatedAt.UTC(),
	}

	if r.RatedAt != nil {
		m.Rating = &chat.Rating{
			Value:   r.RatingValue,
			Comment: r.RatingComment,
			By:      r.RatedBy,
			At:      r.RatedAt.UTC(),
		}
	}

	return m
}

// selectMessages selects messages with their newest delivery.
func selectMessages(db bun.IDB, dest any) *bun.SelectQuery {
	return db.NewSelect().
		Model(dest).
		ColumnExpr("m.*").
		ColumnExpr(`(SELECT d.id FROM deliveries d WHERE d.workspace_id = m.workspace_id AND d.message_id = m.id
			ORDER BY d.created_at DESC, d.id DESC LIMIT 1) AS delivery_id`)
}

// callsBytes is how many bytes the tool calls of a message have, for [scanPage].
const callsBytes = `(SELECT sum(octet_length(CAST(t.arguments AS text))
		+ coalesce(octet_length(CAST(t.result AS text)), 0))
	FROM tool_calls t WHERE t.workspace_id = m.workspace_id AND t.message_id = m.id) AS calls_bytes`

var messagesOrder = keyset[messageRow, int64]{
	list:        "messages",
	id:          "m.number",
	idOf:        func(r *messageRow) int64 { return r.Number },
	newestFirst: true,
}

// Messages lists a chat's messages, newest first, with tool calls, rating and newest
// delivery: chat_not_found.
func (s *Store) Messages(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.ChatID,
	p chat.MessagePage,
) (chat.List[chat.Message], error) {
	if _, err := findChat(ctx, s.db.NewSelect(), ws, id); err != nil {
		return chat.List[chat.Message]{}, wrapErr("find a chat", err)
	}

	var rows []messageRow
	q := selectMessages(s.db, &rows).ColumnExpr(callsBytes).
		Where("m.workspace_id = ?", ws).Where("m.chat_id = ?", id)

	list, err := listQuery[messageRow, int64, chat.Message]{
		query:  q,
		rows:   &rows,
		order:  &messagesOrder,
		page:   p.Page,
		offset: p.Offset,
		item:   (*messageRow).message,
	}.read(ctx)
	if err != nil {
		return chat.List[chat.Message]{}, wrapErr("list the messages", err)
	}

	return list, wrapErr("list the tool calls", addToolCalls(ctx, s.db, ws, list.Items))
}

// AddMessage stores a message that came in and raises the chat's attention:
// invalid_request, message_too_long, chat_not_found, member_not_found.
func (s *Store) AddMessage(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.ChatID,
	in chat.NewMessage,
) (chat.Message, error) {
	if err := chat.CheckText("content", in.Content, chat.MaxEmail); err != nil {
		return chat.Message{}, err
	}

	now := s.time()
	row := messageRow{
		ID:          uuidv7.New[chat.MessageID](),
		WorkspaceID: ws,
		ChatID:      id,
		MemberID:    &in.MemberID,
		Role:        chat.RoleUserMessage,
		Content:     in.Content,
		State:       chat.MessageReceived,
		CreatedAt:   now,
	}

	if in.By.MemberID != in.MemberID {
		row.WrittenBy = in.By.MemberID
	}

	err := s.inTx(ctx, "add a message", func(ctx context.Context, tx bun.Tx) error {
		// First the chat: its row's lock makes numbers rise in the order of commits.
		q := requestResponse(tx.NewUpdate(), "").Set("last_activity_at = ?", now)
		if err := editChat(ctx, q, ws, id, now); err != nil {
			return err
		}

		_, err := tx.NewInsert().Model(&row).Exec(ctx)
		if err != nil || row.WrittenBy == 0 {
			return onViolation(err, referenceViolation, notFound(chat.CodeMemberNotFound, "member"))
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        in.By,
			verb:      "message.written_for",
			object:    string(row.ID),
			detail:    changed{"chat_id": id, "member_id": in.MemberID},
		})
	})

	return row.message(), err
}

// findRatableMessage returns a message of the assistant. Errors: chat_not_found,
// message_not_found, not_ratable.
func findRatableMessage(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	id chat.ChatID,
	message chat.MessageID,
) (messageRow, error) {
	if _, err := findChat(ctx, tx.NewSelect(), ws, id); err != nil {
		return messageRow{}, err
	}

	var row messageRow

	err := selectMessages(tx, &row).
		Where("m.workspace_id = ?", ws).
		Where("m.chat_id = ?", id).
		Where("m.id = ?", message).
		Scan(ctx)
	if err != nil {
		return messageRow{}, orNotFound(err, chat.CodeMessageNotFound, "message")
	}

	if row.Role != chat.RoleAssistantMessage {
		return messageRow{}, chat.Errorf(chat.CodeNotRatable, "only messages of the assistant can be rated")
	}

	return row, nil
}

// RateMessage stores an opinion of an assistant's message, replacing an earlier one:
// chat_not_found, message_not_found, not_ratable, invalid_request.
func (s *Store) RateMessage(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.ChatID,
	message chat.MessageID,
	r chat.Rating,
) (chat.Message, error) {
	if r.Value < 1 || r.Value > 5 {
		return chat.Message{}, chat.Invalid("rating", "must be 1 to 5, up or down")
	}

	var rated []chat.Message

	err := s.inTx(ctx, "rate a message", func(ctx context.Context, tx bun.Tx) error {
		row, err := findRatableMessage(ctx, tx, ws, id, message)
		if err != nil {
			return err
		}

		now := s.time()
		row.RatingValue = r.Value
		row.RatingComment = r.Comment
		row.RatedBy = by.MemberID
		row.RatedAt = &now

		_, err = tx.NewUpdate().Model(&row).Column("rating_value", "rating_comment", "rated_by", "rated_at").
			Where("workspace_id = ?", ws).Where("id = ?", message).Exec(ctx)
		if err != nil {
			return err
		}

		rated = []chat.Message{row.message()}
		if err := addToolCalls(ctx, tx, ws, rated); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "message.rated",
			object:    string(message),
			detail:    changed{"chat_id": id, "rating": r.Value},
		})
	})
	if err != nil {
		return chat.Message{}, err
	}

	return rated[0], nil
}
