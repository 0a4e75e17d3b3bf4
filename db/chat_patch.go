package db

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// UpdateChat changes a chat: chat_not_found, invalid_request, assistant_not_found,
// sender_not_found, label_not_found, external_id_taken. A new assistant also takes the old one's place among
// the participants. Labels are set as a person's.
func (s *Store) UpdateChat(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.ChatID,
	p chat.ChatPatch,
) (chat.Chat, error) {
	var c chat.Chat
	var row chatRow

	err := s.inTx(ctx, "change a chat", func(ctx context.Context, tx bun.Tx) (err error) {
		row, err = findChat(ctx, s.locked(tx.NewSelect()), ws, id)
		if err != nil {
			return err
		}

		before, err := chatAuditFields(ctx, tx, &row)
		if err != nil {
			return err
		}

		row.UpdatedAt = s.time()
		if err := s.patchChat(ctx, tx, &row, by, &p); err != nil {
			return err
		}

		_, err = tx.NewUpdate().Model(&row).Where("workspace_id = ?", ws).Where("id = ?", id).Exec(ctx)
		if err != nil {
			return err
		}

		if c, err = completeChat(ctx, tx, &row); err != nil {
			return err
		}

		after, err := chatAuditFields(ctx, tx, &row)
		if err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "chat.updated",
			object:    objectID(id),
			detail:    changesOf(chat.AuditChat, before, after),
		})
	})

	return c, s.orChatTaken(ctx, err, &row)
}

// chatAuditFields are the fields of a chat for the audit log, with the ids of its labels.
func chatAuditFields(ctx context.Context, tx bun.Tx, row *chatRow) (map[string]any, error) {
	labels, err := chatLabels(ctx, tx, row.WorkspaceID, []chat.ChatID{row.ID})

	fields := row.auditFields()
	fields["labels"] = mapSlice(labels[row.ID], func(l *chat.ChatLabel) chat.LabelID { return l.ID })

	return fields, err
}

func (s *Store) patchChat(ctx context.Context, tx bun.Tx, row *chatRow, by chat.Actor, p *chat.ChatPatch) error {
	if err := checkPatch(row, p); err != nil {
		return err
	}

	number := chat.IDIfGiven(p.PhoneNumberID)
	inbox := chat.IDIfGiven(p.InboxID)

	if err := checkSenders(ctx, tx, row.WorkspaceID, number, inbox); err != nil {
		return err
	}

	if p.AssistantMemberID != nil {
		if err := replaceAssistant(ctx, tx, row, *p.AssistantMemberID); err != nil {
			return err
		}

		row.AssistantMemberID = chat.IDIfGiven(p.AssistantMemberID)
	}

	if p.PhoneNumberID != nil {
		row.PhoneNumberID = number
	}

	if p.InboxID != nil {
		row.InboxID = inbox
	}

	setIfGiven(&row.ExternalID, p.ExternalID)
	row.Metadata = row.Metadata.Apply(p.Metadata)

	setIfGiven(&row.Title, p.Title)
	setIfGiven(&row.Summary, p.Summary)

	if p.Title != nil || p.Summary != nil {
		if err := s.keepEdit(ctx, tx, row, by, p); err != nil {
			return err
		}
	}

	setIfGiven(&row.State, p.State)
	setNeedsResponse(row, p.NeedsResponse)

	if p.LabelIDs == nil {
		return nil
	}

	return replaceLabels(ctx, tx, row, *p.LabelIDs)
}

func checkPatch(row *chatRow, p *chat.ChatPatch) error {
	channel := chat.NewChat{
		Channel:       row.Channel,
		MemberID:      row.MemberID,
		PhoneNumberID: chat.IDIfGiven(p.PhoneNumberID),
		InboxID:       chat.IDIfGiven(p.InboxID),
		Metadata:      row.Metadata.Apply(p.Metadata),
	}

	setIfGiven(&channel.ExternalID, p.ExternalID)

	if p.Title != nil {
		channel.Title = *p.Title
	}

	if err := channel.Validate(); err != nil {
		return err
	}

	switch {
	case p.State != nil && !slices.Contains(chat.States(), *p.State):
		return chat.Invalid("state", "must be one of open, waiting, closed, archived")
	case p.Summary != nil && utf8.RuneCountInString(*p.Summary) > chat.MaxSummary:
		return chat.Invalid("summary", "must be at most %d characters", chat.MaxSummary)
	}

	return nil
}

// setNeedsResponse says that everything so far is answered, or that something is not.
func setNeedsResponse(row *chatRow, needs *bool) {
	switch {
	case needs == nil || *needs == row.NeedsResponse:
		return
	case *needs:
		row.Attention = row.Answered + 1
	default:
		row.Answered = row.Attention
	}

	row.NeedsResponse = *needs
	row.AttentionReason = ""
}

// replaceAssistant gives the assistant's place among the participants to another one, or with 0 to nobody.
func replaceAssistant(ctx context.Context, tx bun.Tx, row *chatRow, id chat.MemberID) error {
	if id != 0 {
		m, err := findMember(ctx, tx.NewSelect(), row.WorkspaceID, id)
		if chat.CodeOf(err) == chat.CodeMemberNotFound || err == nil && m.Kind != chat.KindAssistant {
			return noAssistant(id)
		}

		if err != nil {
			return err
		}
	}

	_, err := tx.NewDelete().
		Model((*participantRow)(nil)).
		Where("workspace_id = ?", row.WorkspaceID).
		Where("chat_id = ?", row.ID).
		Where("member_id = ?", row.AssistantMemberID).
		Where("role = ?", chat.ParticipantAssistant).
		Exec(ctx)
	if err != nil || id == 0 {
		return err
	}

	place := participantRow{
		WorkspaceID: row.WorkspaceID,
		ChatID:      row.ID,
		MemberID:    id,
		Role:        chat.ParticipantAssistant,
		CreatedAt:   row.UpdatedAt,
	}

	_, err = tx.NewInsert().
		Model(&place).
		On("CONFLICT (chat_id, member_id) DO UPDATE").
		Set("role = EXCLUDED.role").
		Exec(ctx)

	return err
}

// replaceLabels sets a chat's labels: label_not_found.
func replaceLabels(ctx context.Context, tx bun.Tx, row *chatRow, ids []chat.LabelID) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))

	known, err := existingLabels(ctx, tx, row.WorkspaceID, ids)
	if err != nil {
		return err
	}

	if len(known) != len(ids) {
		return notFound(chat.CodeLabelNotFound, "label")
	}

	change := row.labelChange(ids)
	if err := removeOtherLabels(ctx, tx, change); err != nil {
		return err
	}

	return setLabels(ctx, tx, change, chat.LabelByPerson)
}

// labelChange is a change of these labels of the chat, at the time of its last update.
func (r *chatRow) labelChange(labels []chat.LabelID) labelChange {
	return labelChange{
		workspace: r.WorkspaceID,
		chat:      r.ID,
		labels:    labels,
		now:       r.UpdatedAt,
	}
}

// chatEditor changes one chat on behalf of a tool, inside the tool call's transaction.
type chatEditor struct {
	tx  bun.Tx
	ws  chat.WorkspaceID
	id  chat.ChatID
	now time.Time
}

func (e *chatEditor) labelChange(labels []chat.LabelID) labelChange {
	return labelChange{
		workspace: e.ws,
		chat:      e.id,
		labels:    labels,
		now:       e.now,
	}
}

// AddLabel implements [chat.ChatEditor].
func (e *chatEditor) AddLabel(ctx context.Context, name string) error {
	ids, err := e.editAndFindLabel(ctx, name)
	if err != nil {
		return err
	}

	if len(ids) == 0 {
		return chat.Errorf(chat.CodeLabelNotFound, "there is no label %q in this workspace", name)
	}

	return setLabels(ctx, e.tx, e.labelChange(ids), chat.LabelByTool)
}

// RemoveLabel implements [chat.ChatEditor].
func (e *chatEditor) RemoveLabel(ctx context.Context, name string) error {
	ids, err := e.editAndFindLabel(ctx, name)
	if err != nil {
		return err
	}

	return removeLabels(ctx, e.tx, e.labelChange(ids))
}

// editAndFindLabel edits the chat and finds a label. The chat first: a run that decides its
// labels at this moment is through then, or waits.
func (e *chatEditor) editAndFindLabel(ctx context.Context, label string) ([]chat.LabelID, error) {
	if err := e.editChat(ctx, e.tx.NewUpdate()); err != nil {
		return nil, err
	}

	return labelsNamed(ctx, e.tx, e.ws, []string{label})
}

func (e *chatEditor) editChat(ctx context.Context, q *bun.UpdateQuery) error {
	return editChat(ctx, q, e.ws, e.id, e.now)
}

// SetTitle implements [chat.ChatEditor].
func (e *chatEditor) SetTitle(ctx context.Context, title string) error {
	if utf8.RuneCountInString(title) > chat.MaxTitle {
		return chat.Invalid("title", "must be at most %d characters", chat.MaxTitle)
	}

	return e.editChat(ctx, e.tx.NewUpdate().Set("title = ?", title).Set("summary_version = summary_version + 1"))
}

// SetState implements [chat.ChatEditor].
func (e *chatEditor) SetState(ctx context.Context, state chat.State) error {
	if !slices.Contains(chat.States(), state) {
		return chat.Invalid("state", "must be one of open, waiting, closed, archived")
	}

	return e.editChat(ctx, e.tx.NewUpdate().Set("state = ?", state))
}

// CallHuman implements [chat.ChatEditor].
func (e *chatEditor) CallHuman(ctx context.Context, reason string) error {
	return e.editChat(ctx, requestResponse(e.tx.NewUpdate(), reason))
}

// requestResponse notes that something new needs a response, and what it was unless it was
// a message that came in.
func requestResponse(q *bun.UpdateQuery, reason string) *bun.UpdateQuery {
	return q.Set("attention = attention + 1").Set("needs_response = TRUE").Set("attention_reason = ?", reason)
}
