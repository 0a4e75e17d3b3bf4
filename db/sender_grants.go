package db

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/canonical"
	"handrail/chat"
)

type senderGrantRow struct {
	bun.BaseModel `bun:"table:sender_grants,alias:g"`

	Sender      string           `bun:"sender,pk"`
	WorkspaceID chat.WorkspaceID `bun:"workspace_id"`
	GrantedAt   time.Time        `bun:"granted_at"`
	InUse       bool             `bun:"in_use,scanonly"`
}

// enterSender stores that the workspace has the sender, an address or a messaging service, if
// [chat.EnterSender] allows it.
func (s *Store) enterSender(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, sender string) error {
	owner, err := s.senderOwner(ctx, tx, chat.FoldAddress(sender))
	if err != nil {
		return err
	}

	single, err := isSingleWorkspace(ctx, tx)
	if err != nil {
		return err
	}

	if err := chat.EnterSender(owner, ws, single); err != nil {
		return err
	}

	if owner == ws {
		return nil
	}

	return s.insertGrant(ctx, tx, ws, chat.FoldAddress(sender))
}

// enterAgain is enterSender for a sender that the workspace has entered before. One that was revoked
// stays so, unless it is given anew.
func (s *Store) enterAgain(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	sender string,
	revokedAt **time.Time,
	given bool,
) error {
	if *revokedAt != nil && !given {
		return nil
	}

	*revokedAt = nil

	return s.enterSender(ctx, tx, ws, sender)
}

// senderOwner is the workspace that has the sender, held until the transaction ends; "" if none has.
func (s *Store) senderOwner(ctx context.Context, tx bun.Tx, folded string) (chat.WorkspaceID, error) {
	var row senderGrantRow
	err := s.locked(tx.NewSelect().Model(&row).Where("g.sender = ?", folded)).Scan(ctx)

	return row.WorkspaceID, unlessNone(err)
}

func isSingleWorkspace(ctx context.Context, tx bun.Tx) (bool, error) {
	n, err := tx.NewSelect().TableExpr("(SELECT 1 FROM workspaces LIMIT 2) AS w").Count(ctx)
	return n == 1, err
}

func (s *Store) insertGrant(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, folded string) error {
	row := senderGrantRow{Sender: folded, WorkspaceID: ws, GrantedAt: s.time()}
	_, err := tx.NewInsert().Model(&row).Exec(ctx)

	return onViolation(err, uniqueViolation, chat.AsError(chat.EnterSender(chat.WorkspaceID("another"), ws, false)))
}

// formOfSender is a sender as grants name it: an inbox's address if there is an at sign in it, a
// messaging service, or else a number.
func formOfSender(typed string) (string, error) {
	typed = strings.TrimSpace(typed)

	switch {
	case strings.Contains(typed, "@"):
		address, err := canonical.Address("sender", chat.AddressEmail, typed)
		return chat.FoldAddress(address), err
	case strings.HasPrefix(strings.ToUpper(typed), "MG"):
		service := chat.PhoneNumber{MessagingServiceSID: "MG" + strings.ToLower(typed[2:])}
		return strings.ToLower(service.MessagingServiceSID), service.Validate()
	}

	number, err := canonical.Address("sender", chat.AddressPhone, typed)
	if err == nil && number == "" {
		err = chat.Invalid("sender", "must be a number, a messaging service or an address")
	}

	return number, err
}

// GrantSender lets the workspace enter a sender that nobody has, and use it again if it was revoked:
// invalid_request, workspace_not_found, sender_not_granted while it belongs to another workspace.
// Idempotent.
func (s *Store) GrantSender(ctx context.Context, ws chat.WorkspaceID, typed string) (chat.SenderGrant, error) {
	sender, err := formOfSender(typed)
	if err != nil {
		return chat.SenderGrant{}, err
	}

	var granted chat.SenderGrant

	err = s.inTx(ctx, "grant a sender", func(ctx context.Context, tx bun.Tx) error {
		owner, err := s.senderOwner(ctx, tx, sender)
		if err != nil {
			return err
		}

		if err := chat.GrantSender(owner, ws); err != nil {
			return err
		}

		if owner == "" {
			nobody := notFound(chat.CodeWorkspaceNotFound, "workspace")

			err := s.insertGrant(ctx, tx, ws, sender)
			if err := onViolation(err, referenceViolation, nobody); err != nil {
				return err
			}

			given := changesOf(chat.AuditSender, nil, map[string]any{"sender": sender})
			if err := s.auditGrant(ctx, tx, ws, "sender.granted", given); err != nil {
				return err
			}
		}

		if err := setRevoked(ctx, tx, ws, sender, nil); err != nil {
			return err
		}

		granted, err = findGrant(ctx, tx, sender)
		if err != nil || !granted.InUse {
			return err
		}

		return s.takeOrphans(ctx, tx, sender, s.time())
	})

	return granted, err
}

// RevokeSender takes a sender from whichever workspace has it: sender_not_found. What the workspace has
// not sent by it yet waits for a person, and what comes in for it waits for whoever gets it.
func (s *Store) RevokeSender(ctx context.Context, typed string) (chat.SenderGrant, error) {
	sender, err := formOfSender(typed)
	if err != nil {
		return chat.SenderGrant{}, err
	}

	var revoked chat.SenderGrant

	err = s.inTx(ctx, "revoke a sender", func(ctx context.Context, tx bun.Tx) error {
		owner, err := s.senderOwner(ctx, tx, sender)
		if err != nil {
			return err
		}

		if owner == "" {
			return chat.Errorf(chat.CodeSenderNotFound, "no workspace has this sender")
		}

		if revoked, err = findGrant(ctx, tx, sender); err != nil {
			return err
		}

		if _, err := tx.NewDelete().Model((*senderGrantRow)(nil)).Where("sender = ?", sender).Exec(ctx); err != nil {
			return err
		}

		now := s.time()
		if err := setRevoked(ctx, tx, owner, sender, &now); err != nil {
			return err
		}

		taken := changesOf(chat.AuditSender, map[string]any{"sender": sender}, nil)

		return s.auditGrant(ctx, tx, owner, "sender.revoked", taken)
	})

	return revoked, err
}

// auditGrant keeps that the operator has granted or revoked a sender, with its address masked.
func (s *Store) auditGrant(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	verb string,
	detail changed,
) error {
	return s.audit(ctx, tx, auditEvent{workspace: ws, verb: verb, detail: detail})
}

// setRevoked marks the workspace's sender as revoked at a time, or as usable again.
func setRevoked(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, folded string, at *time.Time) error {
	for _, q := range []*bun.UpdateQuery{
		tx.NewUpdate().Model((*inboxRow)(nil)).Where("address_folded = ?", folded),
		tx.NewUpdate().Model((*phoneNumberRow)(nil)).Where("number = ?", folded),
		tx.NewUpdate().Model((*phoneNumberRow)(nil)).
			Where("messaging_service_sid = ?", "MG"+strings.TrimPrefix(folded, "mg")),
	} {
		if _, err := q.Set("revoked_at = ?", at).Where("workspace_id = ?", ws).Exec(ctx); err != nil {
			return err
		}
	}

	return nil
}

// senderInUse is the condition that the workspace of the grant g has entered its sender.
const senderInUse = `(EXISTS (SELECT 1 FROM inboxes i
		WHERE i.workspace_id = g.workspace_id AND i.address_folded = g.sender)
	OR EXISTS (SELECT 1 FROM phone_numbers n WHERE n.workspace_id = g.workspace_id
		AND (n.number = g.sender OR lower(n.messaging_service_sid) = g.sender)))`

func selectGrants(q *bun.SelectQuery) *bun.SelectQuery {
	return q.ColumnExpr("g.*").ColumnExpr(senderInUse + " AS in_use")
}

func (r *senderGrantRow) grant() chat.SenderGrant {
	return chat.SenderGrant{
		Sender:      r.Sender,
		WorkspaceID: r.WorkspaceID,
		GrantedAt:   r.GrantedAt.UTC(),
		InUse:       r.InUse,
	}
}

func findGrant(ctx context.Context, tx bun.Tx, folded string) (chat.SenderGrant, error) {
	var row senderGrantRow
	err := selectGrants(tx.NewSelect().Model(&row)).Where("g.sender = ?", folded).Scan(ctx)

	return row.grant(), err
}

// SenderGrants lists whose each sender of the installation is, by workspace.
func (s *Store) SenderGrants(ctx context.Context) ([]chat.SenderGrant, error) {
	var rows []senderGrantRow

	err := selectGrants(s.db.NewSelect().Model(&rows)).OrderExpr("g.workspace_id, g.sender").Scan(ctx)
	if err != nil {
		return nil, wrapErr("list whose the senders are", err)
	}

	return mapSlice(rows, (*senderGrantRow).grant), nil
}

// RevokedSender is a sender that a workspace has entered and may not use any more.
type RevokedSender struct {
	WorkspaceID chat.WorkspaceID `bun:"workspace_id"`
	Sender      string           `bun:"sender"`
	// Owner is the workspace that has it now, "" if none has.
	Owner chat.WorkspaceID `bun:"owner"`
}

// RevokedSenders lists what workspaces have entered and may not use any more.
func (s *Store) RevokedSenders(ctx context.Context) ([]RevokedSender, error) {
	var rows []RevokedSender

	err := s.db.NewRaw(`SELECT x.workspace_id, x.sender, COALESCE(g.workspace_id, '') AS owner FROM (
			SELECT workspace_id, lower(CASE number WHEN '' THEN messaging_service_sid ELSE number END) AS sender
			FROM phone_numbers WHERE revoked_at IS NOT NULL
			UNION ALL SELECT workspace_id, address_folded FROM inboxes WHERE revoked_at IS NOT NULL) AS x
		LEFT JOIN sender_grants AS g ON g.sender = x.sender ORDER BY x.workspace_id, x.sender`).Scan(ctx, &rows)

	return rows, wrapErr("list the revoked senders", err)
}
