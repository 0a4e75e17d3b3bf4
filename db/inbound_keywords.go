package db

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// applyKeyword does what a keyword stands for. It needs the sender that it was sent to: an
// opt-out holds for that one.
func (s *Store) applyKeyword(ctx context.Context, tx bun.Tx, a *arrival) error {
	if a.sender() == "" || a.From == "" {
		return nil
	}

	for _, ws := range a.workspaces() {
		var err error

		switch a.Keyword {
		case chat.KeywordStop:
			err = s.optOut(ctx, tx, a, ws)
		case chat.KeywordStart:
			err = s.optIn(ctx, tx, a, ws)
		case chat.KeywordHelp:
		}

		if err != nil {
			return err
		}
	}

	return s.endByStop(ctx, tx, a)
}

// workspaces are those whose senders the message was sent to: that of the message, and those of the
// numbers and messaging services that it came by as well.
func (a *arrival) workspaces() []chat.WorkspaceID {
	all := []chat.WorkspaceID{a.workspace}

	for i := range a.also {
		if !slices.Contains(all, a.also[i].WorkspaceID) {
			all = append(all, a.also[i].WorkspaceID)
		}
	}

	return all
}

// optOut puts who wrote on the sender's list, and ends what was waiting to be sent to them.
func (s *Store) optOut(ctx context.Context, tx bun.Tx, a *arrival, ws chat.WorkspaceID) error {
	var waiting []deliveryRow

	q := tx.NewSelect().
		Model(&waiting).
		Where("d.workspace_id = ?", ws).
		// By status, because an index has it; the two are the same here.
		Where("d.status IN ('pending', 'blocked', 'needs_review')").
		Where("lower(d.from_address) IN ?", bun.Tuple(a.senderAddresses())).
		Where("d.to_folded = ?", chat.FoldAddress(a.From)).
		// Locks are taken in one order. As an expression: SQLite would go through all deliveries for it.
		OrderExpr("d.id || ''")
	if err := s.locked(q).Scan(ctx); err != nil {
		return err
	}

	stopped, err := s.moveAll(ctx, tx, waiting, a.now, (*chat.Delivery).ConfirmOptOut)
	if err != nil {
		return err
	}

	a.Stopped = append(a.Stopped, stopped...)

	return s.batch(ctx, tx, suppressAt(tx, suppressionRow{
		WorkspaceID: ws,
		Channel:     a.Channel,
		Address:     a.From,
		Reason:      chat.SuppressedOptOut,
		SourceEvent: a.Key,
		CreatedAt:   a.now,
	}, a.senderAddresses())...)
}

// optIn takes who wrote off the sender's list, if they, or the provider for them, had asked
// for that. Bounces and complaints stay: writing START does not mend an address.
//
// What is not shown to be theirs takes nobody off: only who is stricter needs no proof.
func (s *Store) optIn(ctx context.Context, tx bun.Tx, a *arrival, ws chat.WorkspaceID) error {
	if !a.Trust.HasAuthority() {
		return nil
	}

	_, err := tx.NewUpdate().
		Model((*suppressionRow)(nil)).
		Set("lifted_at = ?", a.now).
		Where("workspace_id = ?", ws).
		Where("channel = ?", a.Channel).
		Where("sender IN ?", bun.Tuple(a.senderAddresses())).
		Where("address = ?", chat.FoldAddress(a.From)).
		Where("lifted_at IS NULL").
		Where("reason IN ?", bun.Tuple([]chat.SuppressionReason{chat.SuppressedOptOut, chat.SuppressedCarrier})).
		Exec(ctx)

	return err
}

// senderAddresses are those, in lower case, for which a word to the sender holds: its own, and on
// SMS the number and the messaging service that took the message. Twilio's opt-outs hold for a whole
// service: https://help.twilio.com/articles/223134027.
func (a *arrival) senderAddresses() []string {
	var all []string

	switch {
	case a.number != nil:
		all = append(all, a.number.Number, a.number.MessagingServiceSID, a.ServiceSID)
		all = append(all, a.To...)
	case a.inbox != nil:
		all = append(all, a.inbox.Address)
	}

	for i, address := range all {
		all[i] = chat.FoldAddress(address)
	}

	slices.Sort(all)

	return slices.DeleteFunc(slices.Compact(all), func(address string) bool { return address == "" })
}
