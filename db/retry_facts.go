package db

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// retryFacts reads what decides about a retry as about a send, but for the recipient, who is the
// old delivery's, and the sender: that is the one of the change, else the old delivery's if the
// workspace still has it, else the chat's. The errors: chat_not_found, sender_not_found.
func (s *Store) retryFacts(
	ctx context.Context,
	tx bun.Tx,
	r *retryPlan,
) (*chat.SendFacts, error) {
	facts, err := s.chatFacts(ctx, tx, r.WorkspaceID, r.old.ChatID)
	if err != nil {
		return nil, err
	}

	facts.Chat.Channel = r.old.Channel

	if err := retrySender(ctx, tx, r, facts); err != nil {
		return nil, err
	}

	if r.goesToContributor(facts) {
		if err := retryContributor(ctx, tx, r, facts); err != nil {
			return nil, err
		}
	}

	return facts, loadSuppressed(ctx, tx, r.suppression(facts), facts)
}

// goesToContributor reports whether the delivery was for a contributor, with a question.
func (r *retryPlan) goesToContributor(facts *chat.SendFacts) bool {
	return r.old.ToMemberID != 0 && r.old.ToMemberID != facts.Chat.MemberID
}

// suppression is from whom to whom the retry goes, by the facts but for that.
func (r *retryPlan) suppression(facts *chat.SendFacts) suppressionRow {
	to := r.Change.To
	if to == "" && r.old.ToGiven {
		to = r.old.To
	}

	if to == "" && facts.Recipient != nil {
		spec := r.old.Channel.Spec()
		to = facts.Recipient.Address(spec.Address)
	}

	return suppressionRow{
		WorkspaceID: r.WorkspaceID,
		Channel:     r.old.Channel,
		Sender:      facts.Sender(r.old.Channel).From,
		Address:     to,
	}
}

// retrySender makes the sender of a retry that of the facts.
func retrySender(ctx context.Context, tx bun.Tx, r *retryPlan, facts *chat.SendFacts) error {
	own := chat.SendFacts{PhoneNumber: facts.PhoneNumber, Inbox: facts.Inbox}
	facts.PhoneNumber = nil
	facts.Inbox = nil

	err := senderOf(ctx, tx, r.WorkspaceID, cmp.Or(r.Change.Sender, r.old.Sender), facts)
	if chat.CodeOf(err) == chat.CodeSenderNotFound && r.Change.Sender == "" {
		// Deleted since.
		facts.PhoneNumber = own.PhoneNumber
		facts.Inbox = own.Inbox
		err = nil
	}

	return err
}

// retryContributor makes the contributor whom a question went to the recipient of the facts, if
// they still are one in the chat.
func retryContributor(ctx context.Context, tx bun.Tx, r *retryPlan, facts *chat.SendFacts) error {
	var place participantRow

	facts.Recipient = nil

	err := tx.NewSelect().
		Model(&place).
		Relation("Member").
		Where("p.workspace_id = ?", r.WorkspaceID).
		Where("p.chat_id = ?", r.old.ChatID).
		Where("p.member_id = ?", r.old.ToMemberID).
		Where("p.role = ?", chat.ParticipantContributor).
		Scan(ctx)
	if err != nil {
		return unlessNone(err)
	}

	contributor := place.Member.member()
	facts.Recipient = &contributor

	return nil
}

// splitScope splits a scope like phone:12. The kind is "" if it is none.
func splitScope(scope string) (kind string, id int64) {
	kind, number, _ := strings.Cut(scope, ":")

	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil && kind != "web" {
		return "", 0
	}

	return kind, id
}

// senderOf finds the sender of a scope like phone:12: sender_not_found.
func senderOf(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, scope string, facts *chat.SendFacts) error {
	switch kind, id := splitScope(scope); kind {
	case "web":
		return nil
	case "phone":
		row, err := findPhoneNumber(ctx, tx.NewSelect(), ws, chat.PhoneNumberID(id))
		if err != nil {
			return err
		}

		found := row.phoneNumber()
		facts.PhoneNumber = &found

	case "inbox":
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
