package db

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// foldAddress is the form in which addresses are compared.
func foldAddress(address string) string { return strings.ToLower(address) }

// reachContributors returns how each contributor of the facts' chat can be asked, in the
// order in which they were added: by SMS when nothing speaks against it, else by email. The
// sender is the chat's own, else the workspace's oldest.
func (s *Store) reachContributors(ctx context.Context, tx bun.Tx, facts *chat.SendFacts) ([]chat.Reach, error) {
	var places []participantRow

	err := tx.NewSelect().
		Model(&places).
		Relation("Member").
		Where("p.workspace_id = ?", facts.Chat.WorkspaceID).
		Where("p.chat_id = ?", facts.Chat.ID).
		Where("p.role = ?", chat.ParticipantContributor).
		OrderExpr("p.id").
		Scan(ctx)
	if err != nil || len(places) == 0 {
		return nil, err
	}

	ways, err := askingSenders(ctx, tx, facts)
	if err != nil {
		return nil, err
	}

	members := mapSlice(places, func(p *participantRow) chat.Member { return p.Member.member() })
	if err := ways.loadSuppressions(ctx, tx, facts.Chat.WorkspaceID, members); err != nil {
		return nil, err
	}

	return mapSlice(members, ways.reachMember), nil
}

// senders are from whom contributors are asked; nil fields are not to be had.
type senders struct {
	number *chat.PhoneNumber
	inbox  *chat.Inbox
	// suppressed are the addresses that these senders do not write to.
	suppressed []suppressionRow
}

// askingSenders finds the senders that ask the contributors of a chat.
func askingSenders(ctx context.Context, tx bun.Tx, facts *chat.SendFacts) (*senders, error) {
	ways := &senders{number: facts.PhoneNumber, inbox: facts.Inbox}
	if ways.number == nil {
		var row phoneNumberRow

		err := tx.NewSelect().
			Model(&row).
			Where("pn.workspace_id = ?", facts.Chat.WorkspaceID).
			OrderExpr("pn.id").
			Limit(1).
			Scan(ctx)
		if unlessNone(err) != nil {
			return nil, err
		}

		if err == nil {
			oldest := row.phoneNumber()
			ways.number = &oldest
		}
	}

	if ways.inbox == nil {
		var row inboxRow

		err := tx.NewSelect().
			Model(&row).
			Where("i.workspace_id = ?", facts.Chat.WorkspaceID).
			OrderExpr("i.id").
			Limit(1).
			Scan(ctx)
		if unlessNone(err) != nil {
			return nil, err
		}

		if err == nil {
			oldest := row.inbox()
			ways.inbox = &oldest
		}
	}

	return ways, nil
}

// loadSuppressions reads which of the members the senders must not write to.
func (w *senders) loadSuppressions(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, members []chat.Member) error {
	var scopes, addresses []string
	if w.number != nil {
		scopes = append(scopes, w.number.Scope())
	}

	if w.inbox != nil {
		scopes = append(scopes, w.inbox.Scope())
	}

	for i := range members {
		for _, address := range []string{members[i].Phone, members[i].Email} {
			if address != "" {
				addresses = append(addresses, foldAddress(address))
			}
		}
	}

	if len(scopes) == 0 || len(addresses) == 0 {
		return nil
	}

	return tx.NewSelect().Model(&w.suppressed).Where("x.workspace_id = ?", ws).Where("x.lifted_at IS NULL").
		Where("x.channel IN ?", bun.Tuple([]chat.Channel{chat.ChannelSMS, chat.ChannelEmail})).
		Where("x.sender IN ?", bun.Tuple(scopes)).Where("x.address IN ?", bun.Tuple(addresses)).Scan(ctx)
}

func (w *senders) isSuppressed(channel chat.Channel, sender, address string) bool {
	return slices.ContainsFunc(w.suppressed, func(x suppressionRow) bool {
		return x.Channel == channel && x.Sender == sender && x.Address == foldAddress(address)
	})
}

// reachMember is how one member is reached.
func (w *senders) reachMember(m *chat.Member) chat.Reach {
	reach := chat.Reach{Member: *m}
	if !m.NotificationsEnabled {
		reach.Why = "notifications are disabled"
		return reach
	}

	noSMS, noEmail := w.noSMS(m), ""
	if noSMS == "" {
		reach.Channel = chat.ChannelSMS
		reach.Sender = w.number.Scope()
		reach.To = m.Phone
		reach.From = w.number.Number

		if reach.From == "" {
			reach.From = w.number.MessagingServiceSID
		}
	} else if noEmail = w.noEmail(m); noEmail == "" {
		reach.Channel = chat.ChannelEmail
		reach.Sender = w.inbox.Scope()
		reach.From = w.inbox.Address
		reach.To = m.Email
	} else {
		reach.Why = "by SMS: " + noSMS + "; by email: " + noEmail
		return reach
	}

	reach.Provider, _ = chat.ProviderFor(reach.Channel)

	return reach
}

// noSMS says what speaks against an SMS, "" for nothing.
func (w *senders) noSMS(m *chat.Member) string {
	switch {
	case m.Phone == "":
		return "there is no phone number"
	case w.number == nil:
		return "the workspace has no phone number to send from"
	case m.ConsentSMS == chat.ConsentRevoked, w.isSuppressed(chat.ChannelSMS, w.number.Scope(), m.Phone):
		return "the member has opted out"
	}

	return ""
}

// noEmail says what speaks against an email, "" for nothing.
func (w *senders) noEmail(m *chat.Member) string {
	switch {
	case m.Email == "":
		return "there is no email address"
	case w.inbox == nil:
		return "the workspace has no inbox to send from"
	case m.ConsentEmail == chat.ConsentRevoked, w.isSuppressed(chat.ChannelEmail, w.inbox.Scope(), m.Email):
		return "the member has opted out"
	}

	return ""
}
