package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/canonical"
	"handrail/chat"
)

// placeTries is how often the place of a message is looked for, because another transaction may create or merge the
// same member meanwhile.
const placeTries = 3

// FindOrCreatePlace finds or creates the member and the chat of a message, in one transaction. The chat is the member's
// newest open or waiting one on the channel, with the workspace's default assistant if there is one. check gets the
// facts of the send; if it returns an error, nothing is stored and that error is returned. The other errors are those
// of [chat.DirectMessage], member_not_found, default_missing, and those of [chat.SendFacts.Plan].
//
// Idempotent: a second call finds what the first has created. The member is locked meanwhile, so two calls at once for
// one person create one chat.
func (s *Store) FindOrCreatePlace(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	in chat.DirectMessage,
	check chat.CheckFacts,
) (chat.DirectPlace, error) {
	if err := canonical.MessageTo(&in.To); err != nil {
		return chat.DirectPlace{}, err
	}

	if err := in.Validate(); err != nil {
		return chat.DirectPlace{}, err
	}

	for try := 1; ; try++ {
		p := placeSearch{
			store:     s,
			workspace: ws,
			by:        by,
			in:        &in,
			check:     check,
		}

		place, err := p.run(ctx)
		raced := isDeadlock(err) || violationOf(err) == uniqueViolation

		if raced && try < placeTries {
			continue
		}

		if err != nil && in.To.MemberID != 0 {
			err = s.orMerged(ctx, err, ws, in.To.MemberID)
		}

		return place, err
	}
}

// placeSearch finds or creates the place of one message.
type placeSearch struct {
	store     *Store
	workspace chat.WorkspaceID
	by        chat.Actor
	in        *chat.DirectMessage
	check     chat.CheckFacts
}

// run finds or creates the place in one transaction.
func (p *placeSearch) run(ctx context.Context) (chat.DirectPlace, error) {
	var place chat.DirectPlace

	err := p.store.inHeldTx(ctx, "find the place of a message", func(ctx context.Context, tx bun.Tx) error {
		row, err := p.findOrCreateMember(ctx, tx)
		if err != nil {
			return err
		}

		member := row.member()
		if member.Kind != chat.KindPerson {
			return chat.Invalid("to", "must be a person: member %d is an assistant", member.ID)
		}

		channel, err := p.in.ChooseChannel(&member)
		if err != nil {
			return err
		}

		found, err := p.findOrCreateChat(ctx, tx, member.ID, channel)
		if err != nil {
			return err
		}

		place = chat.DirectPlace{
			ChatID:    found.ID,
			MemberID:  member.ID,
			Channel:   channel,
			Attention: found.Attention,
		}

		return p.checkSend(ctx, tx, found.ID)
	})

	return place, err
}

// findOrCreateMember returns the member whom the message goes to, and locks it.
func (p *placeSearch) findOrCreateMember(ctx context.Context, tx bun.Tx) (*memberRow, error) {
	to := &p.in.To
	q := p.store.locked(tx.NewSelect())

	var existing *memberRow
	var err error

	switch {
	case to.MemberID != 0:
		row, err := findMember(ctx, q, p.workspace, to.MemberID)
		return &row, err
	case to.ExternalID != "":
		existing, err = findMemberBy(ctx, q, p.workspace, "external_id", to.ExternalID)
		if err == nil && existing == nil {
			err = chat.Errorf(chat.CodeMemberNotFound, "no member has the external id %s", to.ExternalID)
		}

		return existing, err

	case to.Phone != "":
		existing, err = findMemberBy(ctx, q, p.workspace, "phone", to.Phone)
	default:
		existing, err = findMemberBy(ctx, q, p.workspace, "email_folded", chat.FoldAddress(to.Email))
	}

	if err != nil || existing != nil {
		return existing, err
	}

	fresh := to.NewMember(p.workspace)
	if err := fresh.Validate(); err != nil {
		return nil, err
	}

	made, err := p.store.insertMember(ctx, tx, approvedChange{workspace: p.workspace, by: p.by}, &fresh)

	return &made, err
}

// findOrCreateChat returns the member's newest open or waiting chat on a channel.
func (p *placeSearch) findOrCreateChat(
	ctx context.Context,
	tx bun.Tx,
	member chat.MemberID,
	channel chat.Channel,
) (*chatRow, error) {
	defaults, err := findDefaults(ctx, tx, p.workspace)
	if err != nil {
		return nil, err
	}

	var row chatRow

	q := tx.NewSelect().
		Model(&row).
		Where("c.workspace_id = ?", p.workspace).
		Where("c.member_id = ?", member).
		Where("c.channel = ?", channel).
		Where("c.state IN (?, ?)", chat.StateOpen, chat.StateWaiting).
		Where("c.assistant_member_id IS NOT NULL").
		Where("c.deleted_at IS NULL").
		Where(recipientTakesPart).
		OrderExpr("c.last_activity_at DESC, c.id DESC").
		Limit(1)

	if defaults.AssistantMemberID != nil {
		q.Where("c.assistant_member_id = ?", *defaults.AssistantMemberID)
	}

	err = q.Scan(ctx)
	if err == nil || !noRows(err) {
		return &row, err
	}

	fresh, err := defaults.NewChat(channel, member, p.in.Title)
	if err != nil {
		return nil, err
	}

	row = p.store.newChatRow(p.workspace, &fresh)

	return &row, p.store.insertChat(ctx, tx, p.by, &row, &fresh)
}

// checkSend makes the checks of the send itself, before anything is committed.
func (p *placeSearch) checkSend(ctx context.Context, tx bun.Tx, id chat.ChatID) error {
	facts, err := p.store.sendFacts(ctx, tx, &chat.SendAssistantMessage{
		Request: chat.Request{
			WorkspaceID: p.workspace,
			ChatID:      id,
			By:          p.by,
		},
		Message:   p.in.Message,
		ToolCalls: p.in.ToolCalls,
	})
	if err != nil {
		return err
	}

	if _, err := facts.Plan(p.in.Message); err != nil {
		return err
	}

	return p.check(facts)
}
