package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// reachContributors returns how each contributor of the facts' chat can be asked, in the
// order in which they were added. The sender is the chat's own, else the workspace's oldest.
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

	senders, err := askingSenders(ctx, tx, facts)
	if err != nil {
		return nil, err
	}

	members := mapSlice(places, func(p *participantRow) chat.Member { return p.Member.member() })

	suppressed, err := suppressionsOf(ctx, tx, facts.Chat.WorkspaceID, members)
	if err != nil {
		return nil, err
	}

	reach := chat.ReachFacts{Senders: senders, Suppressed: suppressed}

	return mapSlice(members, reach.Reach), nil
}

// askingSenders finds the senders that ask the contributors of a chat.
func askingSenders(ctx context.Context, tx bun.Tx, facts *chat.SendFacts) (chat.Senders, error) {
	senders := chat.Senders{PhoneNumber: facts.PhoneNumber, Inbox: facts.Inbox}
	if senders.PhoneNumber == nil {
		var row phoneNumberRow

		err := tx.NewSelect().
			Model(&row).
			Where("pn.workspace_id = ?", facts.Chat.WorkspaceID).
			OrderExpr("pn.id").
			Limit(1).
			Scan(ctx)
		if unlessNone(err) != nil {
			return chat.Senders{}, err
		}

		if err == nil {
			oldest := row.phoneNumber()
			senders.PhoneNumber = &oldest
		}
	}

	if senders.Inbox == nil {
		var row inboxRow

		err := tx.NewSelect().
			Model(&row).
			Where("i.workspace_id = ?", facts.Chat.WorkspaceID).
			OrderExpr("i.id").
			Limit(1).
			Scan(ctx)
		if unlessNone(err) != nil {
			return chat.Senders{}, err
		}

		if err == nil {
			oldest := row.inbox()
			senders.Inbox = &oldest
		}
	}

	return senders, nil
}

// suppressionsOf reads the suppressions of the members' addresses, by whatever sender.
func suppressionsOf(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	members []chat.Member,
) ([]chat.Suppression, error) {
	var addresses []string

	for i := range members {
		for _, address := range []string{members[i].Phone, members[i].Email} {
			if address != "" {
				addresses = append(addresses, chat.FoldAddress(address))
			}
		}
	}

	if len(addresses) == 0 {
		return nil, nil
	}

	var rows []suppressionRow

	err := tx.NewSelect().
		Model(&rows).
		Where("x.workspace_id = ?", ws).
		Where("x.lifted_at IS NULL").
		Where("x.address IN ?", bun.Tuple(addresses)).
		Scan(ctx)

	return mapSlice(rows, (*suppressionRow).suppression), err
}
