package db

import (
	"cmp"
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/canonical"
	"handrail/chat"
)

type phoneNumberRow struct {
	bun.BaseModel `bun:"table:phone_numbers,alias:pn"`

	ID                  chat.PhoneNumberID `bun:"id,pk,autoincrement"`
	WorkspaceID         chat.WorkspaceID   `bun:"workspace_id"`
	Name                string             `bun:"name"`
	Number              string             `bun:"number"`
	MessagingServiceSID string             `bun:"messaging_service_sid"`
	CreatedAt           time.Time          `bun:"created_at"`
	RevokedAt           *time.Time         `bun:"revoked_at"`
}

func (r *phoneNumberRow) phoneNumber() chat.PhoneNumber {
	return chat.PhoneNumber{
		ID:                  r.ID,
		Name:                r.Name,
		Number:              r.Number,
		MessagingServiceSID: r.MessagingServiceSID,
		CreatedAt:           r.CreatedAt.UTC(),
		RevokedAt:           chat.UTC(r.RevokedAt),
	}
}

// address is what inbound messages name the sender by.
func (r *phoneNumberRow) address() string { return cmp.Or(r.Number, r.MessagingServiceSID) }

// change applies a patch, whose number is in its one form.
func (r *phoneNumberRow) change(p *chat.PhoneNumberPatch, number string) {
	setIfGiven(&r.Name, p.Name)
	setIfGiven(&r.MessagingServiceSID, p.MessagingServiceSID)

	if p.Number != nil {
		r.Number = number
	}
}

func phoneNumberTaken() *chat.Error {
	return chat.Errorf(chat.CodeAlreadyExists, "this number or messaging service is a sender of the workspace already")
}

// CreatePhoneNumber adds a sender for SMS, its number in its one form: already_exists when the
// workspace has its number or service, sender_not_granted. What came in for it before is taken.
func (s *Store) CreatePhoneNumber(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	p chat.PhoneNumber,
) (chat.PhoneNumber, error) {
	number, err := canonical.Address("number", chat.AddressPhone, p.Number)
	if err != nil {
		return chat.PhoneNumber{}, err
	}

	p.Number = number
	if err := p.Validate(); err != nil {
		return chat.PhoneNumber{}, err
	}

	row := phoneNumberRow{
		WorkspaceID:         ws,
		Name:                p.Name,
		Number:              p.Number,
		MessagingServiceSID: p.MessagingServiceSID,
		CreatedAt:           s.time(),
	}

	err = s.inTx(ctx, "create a phone number", func(ctx context.Context, tx bun.Tx) error {
		if err := s.enterSender(ctx, tx, ws, row.address()); err != nil {
			return err
		}

		err := insertOwned(ctx, tx.NewInsert().Model(&row))
		if err := onViolation(err, uniqueViolation, phoneNumberTaken()); err != nil {
			return err
		}

		if err := s.takeOrphans(ctx, tx, row.address(), row.CreatedAt); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "phone_number.created",
			object:    objectID(row.ID),
			detail:    changesOf(chat.AuditPhoneNumber, nil, row.auditFields()),
		})
	})

	return row.phoneNumber(), err
}

// PhoneNumbers lists the workspace's senders for SMS by id.
func (s *Store) PhoneNumbers(ctx context.Context, ws chat.WorkspaceID) ([]chat.PhoneNumber, error) {
	var rows []phoneNumberRow
	if err := s.db.NewSelect().Model(&rows).Where("pn.workspace_id = ?", ws).OrderExpr("pn.id").Scan(ctx); err != nil {
		return nil, wrapErr("list the phone numbers", err)
	}

	return mapSlice(rows, (*phoneNumberRow).phoneNumber), nil
}

// PhoneNumber finds a sender for SMS: sender_not_found.
func (s *Store) PhoneNumber(ctx context.Context, ws chat.WorkspaceID, id chat.PhoneNumberID) (chat.PhoneNumber, error) {
	row, err := findPhoneNumber(ctx, s.db.NewSelect(), ws, id)
	return row.phoneNumber(), wrapErr("find a phone number", err)
}

func findPhoneNumber(
	ctx context.Context,
	q *bun.SelectQuery,
	ws chat.WorkspaceID,
	id chat.PhoneNumberID,
) (phoneNumberRow, error) {
	var row phoneNumberRow
	err := q.Model(&row).Where("pn.workspace_id = ?", ws).Where("pn.id = ?", id).Scan(ctx)

	return row, orNotFound(err, chat.CodeSenderNotFound, "phone number")
}

// UpdatePhoneNumber changes a sender for SMS: sender_not_found, already_exists, sender_not_granted.
func (s *Store) UpdatePhoneNumber(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.PhoneNumberID,
	p chat.PhoneNumberPatch,
) (chat.PhoneNumber, error) {
	number, err := canonical.Address("number", chat.AddressPhone, givenOr(p.Number, ""))
	if err != nil {
		return chat.PhoneNumber{}, err
	}

	var changedTo chat.PhoneNumber

	err = s.inTx(ctx, "change a phone number", func(ctx context.Context, tx bun.Tx) error {
		row, err := findPhoneNumber(ctx, s.locked(tx.NewSelect()), ws, id)
		if err != nil {
			return err
		}

		before := row.auditFields()
		row.change(&p, number)

		if err := new(row.phoneNumber()).Validate(); err != nil {
			return err
		}

		given := p.Number != nil || p.MessagingServiceSID != nil
		if err := s.enterAgain(ctx, tx, ws, row.address(), &row.RevokedAt, given); err != nil {
			return err
		}

		changedTo = row.phoneNumber()

		_, err = tx.NewUpdate().Model(&row).Where("workspace_id = ?", ws).Where("id = ?", id).Exec(ctx)
		if err := onViolation(err, uniqueViolation, phoneNumberTaken()); err != nil {
			return err
		}

		if row.RevokedAt == nil {
			if err := s.takeOrphans(ctx, tx, row.address(), s.time()); err != nil {
				return err
			}
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "phone_number.updated",
			object:    objectID(id),
			detail:    changesOf(chat.AuditPhoneNumber, before, row.auditFields()),
		})
	})
	if err != nil {
		return chat.PhoneNumber{}, err
	}

	return changedTo, nil
}

// DeletePhoneNumber removes a sender for SMS: sender_not_found, in_use while a chat uses it.
func (s *Store) DeletePhoneNumber(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.PhoneNumberID,
) error {
	return s.inTx(ctx, "delete a phone number", func(ctx context.Context, tx bun.Tx) error {
		var row phoneNumberRow

		q := tx.NewDelete().Model(&row).Returning("*")
		sender := senderKey{workspace: ws, id: int64(id), column: "phone_number_id"}

		if err := s.deleteSender(ctx, tx, q, sender); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "phone_number.deleted",
			object:    objectID(id),
			detail:    changesOf(chat.AuditPhoneNumber, row.auditFields(), nil),
		})
	})
}
