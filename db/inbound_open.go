package db

import (
	"cmp"
	"context"
	"strings"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// nobody is the sender's name of mails that come from no address, as SMTP writes it (RFC 5321
// 4.5.5).
const nobody = "<>"

// findOrCreateAuthor finds or makes who wrote, and opens a chat if there is none. Two first
// messages of one person at once must not make two: they wait for each other at the sender.
func (s *Store) findOrCreateAuthor(ctx context.Context, tx bun.Tx, a *arrival) (*chat.MemberID, error) {
	if err := s.holdSender(ctx, tx, a); err != nil {
		return nil, err
	}

	if a.chat == nil {
		var err error
		if a.chat, err = a.findChat(ctx, tx); err != nil {
			return nil, err
		}
	}

	author, err := a.findAuthor(ctx, tx)
	if err != nil {
		return nil, err
	}

	if author == nil && (a.chat == nil || !a.needsNoResponse()) {
		if author, err = a.createAuthor(ctx, tx); err != nil || author == nil {
			return nil, orTryAgain(err)
		}
	}

	if a.chat == nil && a.sender() != "" {
		err = a.openChat(ctx, tx, *author)
	}

	return author, err
}

func (s *Store) holdSender(ctx context.Context, tx bun.Tx, a *arrival) error {
	switch {
	case a.number != nil:
		_, err := findPhoneNumber(ctx, s.locked(tx.NewSelect()), a.workspace, a.number.ID)
		return err
	case a.inbox != nil:
		_, err := findInbox(ctx, s.locked(tx.NewSelect()), a.workspace, a.inbox.ID)
		return err
	}

	return nil
}

// address is where who wrote can be written to, or else the name that the message came from.
func (a *arrival) address() (address, senderName string) {
	if len(a.claimed) > 0 {
		return "", a.From + unverifiedMark
	}

	kind := a.Channel.Spec().Address
	if kind == chat.AddressPhone && chat.IsE164(a.From) || kind == chat.AddressEmail && chat.IsEmailAddress(a.From) {
		return a.From, ""
	}

	return "", cmp.Or(strings.TrimSpace(a.From), nobody)
}

// createAuthor makes a member of who wrote, or finds the one that was made meanwhile by whoever
// else creates members.
func (a *arrival) createAuthor(ctx context.Context, tx bun.Tx) (*chat.MemberID, error) {
	address, senderName := a.address()
	m := chat.Member{
		WorkspaceID:          a.workspace,
		Kind:                 chat.KindPerson,
		Role:                 chat.RoleUser,
		Name:                 strings.TrimSpace(a.FromName),
		SenderName:           senderName,
		NotificationsEnabled: true,
		CreatedAt:            a.now,
		UpdatedAt:            a.now,
	}

	m.SetAddress(a.Channel.Spec().Address, address)

	if len(a.claimed) > 0 { // the name beside the address is no more certain than the address
		m.Name = senderName
	}

	if m.Validate() != nil { // no name, or none that fits
		m.Name = cmp.Or(a.From, "Unknown sender")
	}

	row := memberRowOf(&m)

	_, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
	if unlessNone(err) != nil {
		return nil, err
	}

	return a.findAuthor(ctx, tx)
}

// orTryAgain is err, or says that the message is to be told again: somebody had the address and
// gave it up, both in the moment between two statements.
func orTryAgain(err error) error {
	if err != nil {
		return err
	}

	return chat.Unavailable("the address changed its owner just now; try again")
}

// openChat makes a chat between who wrote and the sender, with the assistant that speaks in
// the sender's newest chat, else with the workspace's oldest.
func (a *arrival) openChat(ctx context.Context, tx bun.Tx, author chat.MemberID) error {
	assistant, err := a.assistant(ctx, tx)
	if err != nil {
		return err
	}

	row := chatRow{
		WorkspaceID:       a.workspace,
		Channel:           a.Channel,
		State:             chat.StateOpen,
		Title:             firstRunes(a.Subject, chat.MaxTitle),
		MemberID:          author,
		AssistantMemberID: assistant,
		LastActivityAt:    a.now,
		CreatedAt:         a.now,
		UpdatedAt:         a.now,
	}

	if a.number != nil {
		row.PhoneNumberID = &a.number.ID
	}

	if a.inbox != nil {
		row.InboxID = &a.inbox.ID
	}

	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return err
	}

	places := []participantRow{{
		WorkspaceID: a.workspace,
		ChatID:      row.ID,
		MemberID:    author,
		Role:        chat.ParticipantOwner,
		CreatedAt:   a.now,
	}}

	if assistant != nil {
		places = append(places, participantRow{
			WorkspaceID: a.workspace,
			ChatID:      row.ID,
			MemberID:    *assistant,
			Role:        chat.ParticipantAssistant,
			CreatedAt:   a.now,
		})
	}

	a.chat = &row
	_, err = tx.NewInsert().Model(&places).Exec(ctx)

	return err
}

// assistant is who speaks in the sender's newest chat, else the workspace's oldest, nil when
// it has none.
func (a *arrival) assistant(ctx context.Context, tx bun.Tx) (*chat.MemberID, error) {
	var row chatRow

	err := a.ofSender(tx.NewSelect().Model(&row)).
		Column("assistant_member_id").
		Where("c.assistant_member_id IS NOT NULL").
		Where("c.deleted_at IS NULL").
		OrderExpr("c.id DESC").
		Limit(1).
		Scan(ctx)
	if err == nil {
		return row.AssistantMemberID, nil
	}

	if !noRows(err) {
		return nil, err
	}

	var oldest memberRow

	err = tx.NewSelect().
		Model(&oldest).
		Where("m.workspace_id = ?", a.workspace).
		Where("m.kind = ?", chat.KindAssistant).
		OrderExpr("m.id").
		Limit(1).
		Scan(ctx)
	if err != nil {
		return nil, unlessNone(err)
	}

	return &oldest.ID, nil
}

func firstRunes(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit])
	}

	return text
}
