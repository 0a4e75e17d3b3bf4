package db

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// retryFacts reads what decides about a retry as about a send, but for the sender: it is
// that of the change, or the old delivery's, whichever the chat has now. The errors:
// chat_not_found, sender_not_found.
func (s *Store) retryFacts(ctx context.Context, tx bun.Tx, r *retryPlan) (*chat.SendFacts, error) {
	facts, err := s.chatFacts(ctx, tx, r.WorkspaceID, r.old.ChatID)
	if err != nil {
		return nil, err
	}

	sender := cmp.Or(r.Change.Sender, r.old.Sender)
	facts.PhoneNumber = nil
	facts.Inbox = nil

	err = senderOf(ctx, tx, r.WorkspaceID, sender, facts)
	if chat.CodeOf(err) == chat.CodeSenderNotFound && r.Change.Sender == "" {
		err = nil // deleted since: the plan says that a sender must be given
	}

	if err != nil {
		return nil, err
	}

	facts.Suppressed, err = tx.NewSelect().Model((*suppressionRow)(nil)).Where("x.workspace_id = ?", r.WorkspaceID).
		Where("x.channel = ?", r.old.Channel).Where("x.sender = ?", sender).
		Where("x.address = lower(?)", cmp.Or(r.Change.To, r.old.To)).Where("x.lifted_at IS NULL").Exists(ctx)

	return facts, err
}

// senderOf finds the sender of a scope like phone:12: sender_not_found.
func senderOf(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, scope string, facts *chat.SendFacts) error {
	kind, number, _ := strings.Cut(scope, ":")

	id, err := strconv.ParseInt(number, 10, 64)
	switch {
	case kind == "web":
		return nil
	case err != nil:
		return notFound(chat.CodeSenderNotFound, "sender")
	case kind == "phone":
		row, err := findPhoneNumber(ctx, tx.NewSelect(), ws, chat.PhoneNumberID(id))
		if err != nil {
			return err
		}

		found := row.phoneNumber()
		facts.PhoneNumber = &found

	case kind == "inbox":
		row, err := findInbox(ctx, tx.NewSelect(), ws, chat.InboxID(id))
		if err != nil {
			return err
		}

		found := row.inbox()
		facts.Inbox = &found

	default:
		return notFound(chat.CodeSenderNotFound, "sender")
	}

	return nil
}
