package db

import (
	"cmp"
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type suppressionRow struct {
	bun.BaseModel `bun:"table:suppressions,alias:x"`

	ID          chat.SuppressionID `bun:"id,pk,autoincrement"`
	WorkspaceID chat.WorkspaceID   `bun:"workspace_id"`
	Channel     chat.Channel       `bun:"channel"`
	// Sender is a number, a messaging service or an inbox's address, in lower case; "" is every sender.
	Sender      string                 `bun:"sender"`
	Address     string                 `bun:"address"`
	Reason      chat.SuppressionReason `bun:"reason"`
	SourceEvent string                 `bun:"source_event,nullzero"`
	Note        string                 `bun:"note"`
	CreatedAt   time.Time              `bun:"created_at"`
	LiftedAt    *time.Time             `bun:"lifted_at"`

	// Scope is that of the workspace's sender, if it has it at present.
	Scope string `bun:"scope,scanonly"`
}

func (r *suppressionRow) suppression() chat.Suppression {
	return chat.Suppression{
		ID:            r.ID,
		Channel:       r.Channel,
		Sender:        r.Scope,
		SenderAddress: r.Sender,
		Address:       r.Address,
		Reason:        r.Reason,
		Note:          r.Note,
		CreatedAt:     r.CreatedAt.UTC(),
	}
}

// suppressedCondition is the condition that a sender must not write to an address. What it is about
// is given as SQL, the address as it is compared. The sender is its number, messaging service or
// address, which outlast its row.
func suppressedCondition(workspace, channel, from, address string) string {
	return "EXISTS (SELECT 1 " + matchingSuppressions(workspace, channel, from, address) + ")"
}

// suppressionLevel says how much a sender must not write to an address, whose parts are given as those of
// [suppressedCondition]: 0 if it may, [levelBounced] if only bounces stand against it, and more otherwise.
func suppressionLevel(workspace, channel, from, address string) string {
	return "COALESCE((SELECT max(CASE x.reason WHEN 'bounce' THEN 1 ELSE 2 END) " +
		matchingSuppressions(workspace, channel, from, address) + "), 0)"
}

// matchingSuppressions is the rest of a query, for what stands between a sender and an address.
func matchingSuppressions(workspace, channel, from, address string) string {
	return `FROM suppressions x
		WHERE x.workspace_id = ` + workspace + ` AND x.channel = ` + channel + `
			AND x.sender IN ('', lower(` + from + `)) AND x.address = ` + address + ` AND x.lifted_at IS NULL`
}

// levelBounced is the level of an address to which messages have bounced, and whose owner has opted out of nothing.
const levelBounced = 1

// setSuppressed notes the level of an address.
func setSuppressed(facts *chat.SendFacts, level int) {
	facts.Suppressed = level > 0
	facts.Bounced = level == levelBounced
}

// loadSuppressed notes whether the row's sender must not write to its address.
func loadSuppressed(ctx context.Context, tx bun.Tx, in suppressionRow, facts *chat.SendFacts) error {
	var level int

	err := tx.NewSelect().
		ColumnExpr(suppressionLevel("?", "?", "?", "?"), in.WorkspaceID, in.Channel, in.Sender,
			foldedAddress(in.Channel, in.Address)).
		Scan(ctx, &level)
	setSuppressed(facts, level)

	return err
}

// suppressAt are the statements that put an address on the list of each of several senders: of a
// messaging service and of its number, say.
func suppressAt(tx bun.Tx, row suppressionRow, senders []string) []bun.Query {
	statements := make([]bun.Query, len(senders))

	for i, sender := range senders {
		one := row
		one.Sender = sender
		statements[i] = addSuppression(tx, &one)
	}

	return statements
}

// addSuppression is the statement that puts the row's address on its sender's list. If it is there
// already, the reason that is harder to lift stands ([chat.SuppressionReason.Weaker]), and of the
// same one the newest.
func addSuppression(tx bun.Tx, row *suppressionRow) *bun.InsertQuery {
	folded := *row
	folded.Address = foldedAddress(row.Channel, row.Address)
	folded.Sender = chat.FoldAddress(row.Sender)

	q := tx.NewInsert().
		Model(&folded).
		On("CONFLICT (workspace_id, channel, sender, address) WHERE lifted_at IS NULL DO UPDATE").
		Set("reason = EXCLUDED.reason").
		Set("source_event = EXCLUDED.source_event").
		Set("note = EXCLUDED.note").
		Set("created_at = EXCLUDED.created_at").
		Returning("NULL")

	weaker := row.Reason.Weaker()

	if row.Reason == chat.SuppressedManually {
		// An existing suppression stays as it is, so that repeating the request changes nothing.
		return q.Where("x.reason IN ?", bun.Tuple(weaker))
	}

	if len(weaker) == 0 {
		return q.Where("x.reason = EXCLUDED.reason AND x.created_at < EXCLUDED.created_at")
	}

	return q.Where(
		"(x.reason IN ? OR x.reason = EXCLUDED.reason AND x.created_at < EXCLUDED.created_at)",
		bun.Tuple(weaker),
	)
}

// suppressingSender is the scope of the sender that the suppression x belongs to, empty if the
// workspace does not have it at present. A number has no messaging service, and what is for all senders no sender:
// these two are not alike.
const suppressingSender = `CASE x.sender WHEN '' THEN '' ELSE COALESCE(
	(SELECT 'phone:' || n.id FROM phone_numbers n WHERE n.workspace_id = x.workspace_id
		AND x.sender IN (lower(n.number), lower(n.messaging_service_sid))),
	(SELECT 'inbox:' || i.id FROM inboxes i WHERE i.workspace_id = x.workspace_id AND i.address_folded = x.sender), '')
	END`

// suppressionsOrder is the order of the list of suppressions.
var suppressionsOrder = keyset[suppressionRow, chat.SuppressionID]{
	list:        "suppressions",
	id:          "x.id",
	idOf:        func(r *suppressionRow) chat.SuppressionID { return r.ID },
	newestFirst: true,
}

// Suppressions lists the addresses that the workspace's senders do not write to, the
// newest first.
func (s *Store) Suppressions(
	ctx context.Context,
	ws chat.WorkspaceID,
	f chat.SuppressionFilter,
) (chat.List[chat.Suppression], error) {
	var rows []suppressionRow

	q := s.db.NewSelect().
		Model(&rows).
		ColumnExpr("x.*").
		ColumnExpr(suppressingSender+" AS scope").
		Where("x.workspace_id = ?", ws).
		Where("x.lifted_at IS NULL")
	filterSuppressions(q, &f)

	list, err := listQuery[suppressionRow, chat.SuppressionID, chat.Suppression]{
		query: q,
		rows:  &rows,
		order: &suppressionsOrder,
		page:  f.Page,
		item:  (*suppressionRow).suppression,
	}.read(ctx)

	return list, wrapErr("list the suppressions", err)
}

// filterSuppressions adds the conditions of a filter.
func filterSuppressions(q *bun.SelectQuery, f *chat.SuppressionFilter) {
	if f.Channel != "" {
		q.Where("x.channel = ?", f.Channel)
	}

	if f.Address != "" {
		q.Where("x.address = ?", chat.FoldAddress(f.Address))
	}

	if len(f.Reasons) > 0 {
		q.Where("x.reason IN ?", bun.Tuple(f.Reasons))
	}
}

// AddSuppression adds a suppression, and reports whether it is new. An existing one is not changed. It returns
// invalid_request and sender_not_found.
func (s *Store) AddSuppression(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	in chat.NewSuppression,
) (added chat.Suppression, isNew bool, err error) {
	if err := in.Validate(); err != nil {
		return added, false, err
	}

	err = s.inTx(ctx, "add a suppression", func(ctx context.Context, tx bun.Tx) error {
		sender, err := findSuppressingSender(ctx, tx, ws, &in)
		if err != nil {
			return err
		}

		row := suppressionRow{
			WorkspaceID: ws,
			Channel:     in.Channel,
			Sender:      chat.FoldAddress(sender),
			Address:     foldedAddress(in.Channel, in.Address),
			Reason:      chat.SuppressedManually,
			Note:        in.Note,
			CreatedAt:   s.time(),
		}

		result, err := addSuppression(tx, &row).Exec(ctx)
		if isNew, err = hasChanged(result, err); err != nil {
			return err
		}

		found, err := findSuppression(ctx, tx, &row)
		if err != nil {
			return err
		}

		added = found.suppression()

		if !isNew {
			return nil
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "suppression.added",
			object:    objectID(found.ID),
			detail:    changesOf(chat.AuditSuppression, nil, found.auditFields()).with("reason", in.Note),
		})
	})

	return added, isNew, err
}

// findSuppressingSender returns the address of the sender of a new suppression, "" for all senders. It returns
// sender_not_found.
func findSuppressingSender(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	in *chat.NewSuppression,
) (string, error) {
	switch {
	case in.PhoneNumberID != nil:
		row, err := findPhoneNumber(ctx, tx.NewSelect(), ws, *in.PhoneNumberID)
		return cmp.Or(row.Number, row.MessagingServiceSID), err

	case in.InboxID != nil:
		row, err := findInbox(ctx, tx.NewSelect(), ws, *in.InboxID)
		return row.Address, err
	}

	return "", nil
}

// findSuppression returns the suppression in force with the same sender and address.
func findSuppression(ctx context.Context, tx bun.Tx, of *suppressionRow) (suppressionRow, error) {
	var row suppressionRow

	err := tx.NewSelect().
		Model(&row).
		ColumnExpr("x.*").
		ColumnExpr(suppressingSender+" AS scope").
		Where("x.workspace_id = ?", of.WorkspaceID).
		Where("x.channel = ?", of.Channel).
		Where("x.sender = ?", of.Sender).
		Where("x.address = ?", of.Address).
		Where("x.lifted_at IS NULL").
		Scan(ctx)

	return row, err
}

// LiftSuppression lets an address be written to again: suppression_not_found, also for one
// that was lifted before. The row stays, for the record.
func (s *Store) LiftSuppression(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	in chat.SuppressionLift,
	now time.Time,
) error {
	return s.inTx(ctx, "lift a suppression", func(ctx context.Context, tx bun.Tx) error {
		var row suppressionRow

		result, err := tx.NewUpdate().
			Model(&row).
			Set("lifted_at = ?", toMicroseconds(now)).
			Where("workspace_id = ?", ws).
			Where("id = ?", in.ID).
			Where("lifted_at IS NULL").
			Returning("*").
			Exec(ctx)
		if changed, err := hasChanged(result, err); err != nil {
			return err
		} else if !changed {
			return notFound(chat.CodeSuppressionNotFound, "suppression")
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "suppression.lifted",
			object:    objectID(in.ID),
			detail:    changesOf(chat.AuditSuppression, row.auditFields(), nil).withReason(in.Reason),
		})
	})
}
