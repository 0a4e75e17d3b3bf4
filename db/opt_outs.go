package db

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// recipientHoldRow is a member who may have asked not to be written to on a channel. Nothing is
// posted to them there until a person has decided.
type recipientHoldRow struct {
	bun.BaseModel `bun:"table:recipient_holds,alias:rh"`

	WorkspaceID chat.WorkspaceID `bun:"workspace_id,pk"`
	MemberID    chat.MemberID    `bun:"member_id,pk"`
	Channel     chat.Channel     `bun:"channel,pk"`
	MessageID   chat.MessageID   `bun:"message_id"`
	Since       time.Time        `bun:"since"`
}

// mayHaveOptedOut reports whether a person must decide what the message means. A certain word
// needs no decision, and a machine takes none.
func (a *arrival) mayHaveOptedOut() bool {
	return a.PossibleOptOut && a.Automatic == "" && a.Keyword != chat.KeywordStop
}

// holdRecipients holds all that waits to be sent over the message's channel to who wrote, and to
// the member of the chat that it was found to be about: they may have written from another address.
func (s *Store) holdRecipients(ctx context.Context, tx bun.Tx, a *arrival, author *chat.MemberID) error {
	var members []chat.MemberID

	if author != nil {
		members = append(members, *author)
	}

	members = append(members, a.claimed...)

	if a.question.request == nil && !slices.Contains(members, a.chat.MemberID) {
		members = append(members, a.chat.MemberID)
	}

	for _, member := range members {
		hold := recipientHoldRow{
			WorkspaceID: a.workspace,
			MemberID:    member,
			Channel:     a.Channel,
			MessageID:   a.message,
			Since:       a.now,
		}

		// First the hold: a claim that does not see it has been granted before.
		if _, err := tx.NewInsert().Model(&hold).On("CONFLICT DO NOTHING").Returning("NULL").Exec(ctx); err != nil {
			return err
		}

		held, err := s.moveWaiting(ctx, tx, &hold, (*chat.Delivery).HoldForOptOut)
		if err != nil {
			return err
		}

		a.Stopped = append(a.Stopped, held...)
	}

	return nil
}

// moveWaiting has a rule of chat change all deliveries to a member over a channel that have not
// ended, and returns the workflows of those that it has changed.
func (s *Store) moveWaiting(
	ctx context.Context,
	tx bun.Tx,
	of *recipientHoldRow,
	rule func(*chat.Delivery) chat.Effect,
) ([]string, error) {
	var rows []deliveryRow

	q := tx.NewSelect().
		Model(&rows).
		Where("d.workspace_id = ?", of.WorkspaceID).
		// By status, because an index has it; the two are the same here.
		Where("d.status IN ('pending', 'blocked', 'needs_review')").
		Where("d.to_member_id = ?", of.MemberID).
		Where("d.channel = ?", of.Channel).
		OrderExpr("d.id")

	if err := s.locked(q).Scan(ctx); err != nil {
		return nil, err
	}

	return s.moveAll(ctx, tx, rows, of.Since, rule)
}

// moveAll has a rule of chat change deliveries, which are held, and returns the workflows of those
// that it has changed.
func (s *Store) moveAll(
	ctx context.Context,
	tx bun.Tx,
	rows []deliveryRow,
	now time.Time,
	rule func(*chat.Delivery) chat.Effect,
) ([]string, error) {
	var statements []bun.Query
	var actions []chat.ActionID

	for i := range rows {
		moved := applyMove(tx, &rows[i], now, rule)
		if len(moved) == 0 {
			continue
		}

		statements = append(statements, moved...)
		actions = append(actions, rows[i].ActionID)
	}

	if len(actions) == 0 {
		return nil, nil
	}

	if err := s.batch(ctx, tx, statements...); err != nil {
		return nil, err
	}

	return workflowsOfActions(ctx, tx, rows[0].WorkspaceID, actions)
}

// DecideOptOut records a person's decision whether a member has asked not to be written to on a
// channel: member_not_found, invalid_request for a channel that writes to nobody's address. If so,
// the consent is revoked, and all that waits to be sent there ends; if not, what was held for the
// decision goes on.
//
// Idempotent: the same decision twice changes nothing the second time.
func (s *Store) DecideOptOut(
	ctx context.Context,
	ws chat.WorkspaceID,
	d chat.OptOutDecision,
) (chat.OptOutDecided, error) {
	if err := d.Validate(); err != nil {
		return chat.OptOutDecided{}, err
	}

	var decided chat.OptOutDecided
	err := s.inTx(ctx, "decide about an opt-out", func(ctx context.Context, tx bun.Tx) (err error) {
		decided, err = s.decideOptOut(ctx, tx, ws, d)
		return err
	})

	return decided, err
}

func (s *Store) decideOptOut(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	d chat.OptOutDecision,
) (chat.OptOutDecided, error) {
	row, err := findMember(ctx, s.locked(tx.NewSelect()), ws, d.MemberID)
	if err != nil {
		return chat.OptOutDecided{}, err
	}

	hold := recipientHoldRow{
		WorkspaceID: ws,
		MemberID:    d.MemberID,
		Channel:     d.Channel,
		Since:       s.time(),
	}

	lifted, err := liftHold(ctx, tx, &hold)
	if err != nil {
		return chat.OptOutDecided{}, err
	}

	rule := (*chat.Delivery).DenyOptOut
	if d.OptedOut {
		rule = (*chat.Delivery).ConfirmOptOut
	}

	workflows, err := s.moveWaiting(ctx, tx, &hold, rule)
	if err != nil {
		return chat.OptOutDecided{}, err
	}

	before := row.auditFields()

	revoked, err := revokeConsent(ctx, tx, &row, &d, hold.Since)
	if err != nil {
		return chat.OptOutDecided{}, err
	}

	decided := chat.OptOutDecided{
		Member:     row.member(),
		Deliveries: len(workflows),
		Workflows:  workflows,
	}

	if !lifted && !revoked && len(workflows) == 0 {
		return decided, nil
	}

	detail := changesOf(chat.AuditMember, before, row.auditFields()).with("deliveries", len(workflows))

	return decided, s.auditOptOut(ctx, tx, ws, &d, detail)
}

// auditOptOut notes who has decided about an opt-out, and why.
func (s *Store) auditOptOut(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	d *chat.OptOutDecision,
	detail changed,
) error {
	return s.audit(ctx, tx, auditEvent{
		workspace: ws,
		by:        d.By,
		verb:      optOutVerb(d.OptedOut),
		object:    objectID(d.MemberID),
		detail:    detail.with("channel", d.Channel).with("reason", d.Reason),
	})
}

// liftHold ends a hold, and reports whether there was one.
func liftHold(ctx context.Context, tx bun.Tx, hold *recipientHoldRow) (bool, error) {
	result, err := tx.NewDelete().
		Model((*recipientHoldRow)(nil)).
		Where("workspace_id = ?", hold.WorkspaceID).
		Where("member_id = ?", hold.MemberID).
		Where("channel = ?", hold.Channel).
		Exec(ctx)

	return hasChanged(result, err)
}

// revokeConsent revokes a member's consent if that is the decision, and reports whether that has
// changed something.
func revokeConsent(
	ctx context.Context,
	tx bun.Tx,
	row *memberRow,
	d *chat.OptOutDecision,
	now time.Time,
) (bool, error) {
	m := row.member()
	if !d.OptedOut || m.Consents.On(d.Channel) == chat.ConsentRevoked {
		return false, nil
	}

	m.Consents[d.Channel] = chat.ConsentRevoked
	m.UpdatedAt = now
	*row = memberRowOf(&m)

	_, err := tx.NewUpdate().
		Model(row).
		Column("consent_sms", "consent_email", "updated_at").
		Where("workspace_id = ?", row.WorkspaceID).
		Where("id = ?", row.ID).
		Exec(ctx)

	return err == nil, err
}

// optOutVerb is what the audit log calls the decision.
func optOutVerb(optedOut bool) string {
	if optedOut {
		return "member.opted_out"
	}

	return "member.not_opted_out"
}
