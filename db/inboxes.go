package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/canonical"
	"handrail/chat"
)

type inboxRow struct {
	bun.BaseModel `bun:"table:inboxes,alias:i"`

	ID            chat.InboxID     `bun:"id,pk,autoincrement"`
	WorkspaceID   chat.WorkspaceID `bun:"workspace_id"`
	Address       string           `bun:"address"`
	AddressFolded string           `bun:"address_folded"`
	DisplayName   string           `bun:"display_name"`
	CreatedAt     time.Time        `bun:"created_at"`
	RevokedAt     *time.Time       `bun:"revoked_at"`
}

func (r *inboxRow) inbox() chat.Inbox {
	return chat.Inbox{
		ID:          r.ID,
		Address:     r.Address,
		DisplayName: r.DisplayName,
		CreatedAt:   r.CreatedAt.UTC(),
		RevokedAt:   chat.UTC(r.RevokedAt),
	}
}

// change applies a patch, whose address is in its one form.
func (r *inboxRow) change(p *chat.InboxPatch, address string) {
	setIfGiven(&r.DisplayName, p.DisplayName)

	if p.Address != nil {
		r.Address = address
		r.AddressFolded = chat.FoldAddress(address)
	}
}

func inboxTaken() *chat.Error {
	return chat.Errorf(chat.CodeAlreadyExists, "this address is an inbox of the workspace already")
}

// CreateInbox adds a sender for email, its address in its one form: already_exists when the
// workspace has its address, whatever the case, sender_not_granted. What came in for it before is
// taken.
func (s *Store) CreateInbox(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, i chat.Inbox) (chat.Inbox, error) {
	address, err := canonical.Address("address", chat.AddressEmail, i.Address)
	if err != nil {
		return chat.Inbox{}, err
	}

	i.Address = address
	if err := i.Validate(); err != nil {
		return chat.Inbox{}, err
	}

	row := inboxRow{
		WorkspaceID:   ws,
		Address:       i.Address,
		AddressFolded: chat.FoldAddress(i.Address),
		DisplayName:   i.DisplayName,
		CreatedAt:     s.time(),
	}

	err = s.inTx(ctx, "create an inbox", func(ctx context.Context, tx bun.Tx) error {
		if err := s.enterSender(ctx, tx, ws, row.AddressFolded); err != nil {
			return err
		}

		err := insertOwned(ctx, tx.NewInsert().Model(&row))
		if err := onViolation(err, uniqueViolation, inboxTaken()); err != nil {
			return err
		}

		if err := s.takeOrphans(ctx, tx, row.Address, row.CreatedAt); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "inbox.created",
			object:    objectID(row.ID),
			detail:    changesOf(chat.AuditInbox, nil, row.auditFields()),
		})
	})

	return row.inbox(), err
}

// Inboxes lists the workspace's senders for email by id.
func (s *Store) Inboxes(ctx context.Context, ws chat.WorkspaceID) ([]chat.Inbox, error) {
	var rows []inboxRow
	if err := s.db.NewSelect().Model(&rows).Where("i.workspace_id = ?", ws).OrderExpr("i.id").Scan(ctx); err != nil {
		return nil, wrapErr("list the inboxes", err)
	}

	return mapSlice(rows, (*inboxRow).inbox), nil
}

// Inbox finds a sender for email: sender_not_found.
func (s *Store) Inbox(ctx context.Context, ws chat.WorkspaceID, id chat.InboxID) (chat.Inbox, error) {
	row, err := findInbox(ctx, s.db.NewSelect(), ws, id)
	return row.inbox(), wrapErr("find an inbox", err)
}

func findInbox(ctx context.Context, q *bun.SelectQuery, ws chat.WorkspaceID, id chat.InboxID) (inboxRow, error) {
	var row inboxRow
	err := q.Model(&row).Where("i.workspace_id = ?", ws).Where("i.id = ?", id).Scan(ctx)

	return row, orNotFound(err, chat.CodeSenderNotFound, "inbox")
}

// UpdateInbox changes a sender for email: sender_not_found, already_exists, sender_not_granted.
func (s *Store) UpdateInbox(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.InboxID,
	p chat.InboxPatch,
) (chat.Inbox, error) {
	address, err := canonical.Address("address", chat.AddressEmail, givenOr(p.Address, ""))
	if err != nil {
		return chat.Inbox{}, err
	}

	var changedTo chat.Inbox

	err = s.inTx(ctx, "change an inbox", func(ctx context.Context, tx bun.Tx) error {
		row, err := findInbox(ctx, s.locked(tx.NewSelect()), ws, id)
		if err != nil {
			return err
		}

		before := row.auditFields()
		row.change(&p, address)

		if err := new(row.inbox()).Validate(); err != nil {
			return err
		}

		err = s.enterAgain(ctx, tx, ws, row.AddressFolded, &row.RevokedAt, p.Address != nil)
		if err != nil {
			return err
		}

		changedTo = row.inbox()

		_, err = tx.NewUpdate().Model(&row).Where("workspace_id = ?", ws).Where("id = ?", id).Exec(ctx)
		if err := onViolation(err, uniqueViolation, inboxTaken()); err != nil {
			return err
		}

		if row.RevokedAt == nil {
			if err := s.takeOrphans(ctx, tx, row.Address, s.time()); err != nil {
				return err
			}
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "inbox.updated",
			object:    objectID(id),
			detail:    changesOf(chat.AuditInbox, before, row.auditFields()),
		})
	})
	if err != nil {
		return chat.Inbox{}, err
	}

	return changedTo, nil
}

// DeleteInbox removes a sender for email: sender_not_found, in_use while a chat uses it.
func (s *Store) DeleteInbox(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, id chat.InboxID) error {
	return s.inTx(ctx, "delete an inbox", func(ctx context.Context, tx bun.Tx) error {
		var row inboxRow

		q := tx.NewDelete().Model(&row).Returning("*")
		if err := s.deleteSender(ctx, tx, q, senderKey{workspace: ws, id: int64(id), column: "inbox_id"}); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "inbox.deleted",
			object:    objectID(id),
			detail:    changesOf(chat.AuditInbox, row.auditFields(), nil),
		})
	})
}
