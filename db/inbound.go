package db

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// eventInbound is the type of the event that keeps what came in, as it came.
const eventInbound = "inbound"

// ReceiveInbound stores a message by somebody outside as id, and what it means, in one
// transaction. It is an orphan when it was sent to no sender of ours; then, and when it must
// not open a chat, the event alone is kept.
//
// The chat is that of the message which is answered, by the token of the address or the
// headers of the email, else the one with the newest activity between its sender and ours,
// else a new one, with a new member when nobody has the address. A closed chat is open
// again. Before all that, a message which answers an open question to a contributor goes to
// the chat of that question, and is its reply; one that comes when the question is over, by
// somebody without a chat of their own with this sender, goes there too. STOP puts the
// address on the sender's list and ends what was waiting to be sent to it; START takes it
// off. STOP and automatic mail ask for no response and open no chat; automatic mail also
// finds its chat by what it answers only.
//
// Idempotent: a message is received once, by its key.
func (s *Store) ReceiveInbound(
	ctx context.Context,
	in chat.Inbound,
	id chat.MessageID,
	now time.Time,
) (chat.Arrival, error) {
	cleanInbound(&in)
	var a arrival
	err := s.inTx(ctx, "receive a message", func(ctx context.Context, tx bun.Tx) error {
		a = arrival{Inbound: in, message: id, now: toMicroseconds(now)}
		if err := a.route(ctx, tx); err != nil {
			return err
		}

		a.Known = a.workspace != ""
		a.WorkspaceID = a.workspace
		fresh, err := storeEvent(ctx, tx, a.event())

		a.Repeated = !fresh
		if err != nil || !fresh || !a.Known {
			return err
		}

		if err := s.findQuestion(ctx, tx, &a); err != nil {
			return err
		}

		if err := s.applyKeyword(ctx, tx, &a); err != nil {
			return err
		}

		return s.addInbound(ctx, tx, &a)
	})

	return a.Arrival, err
}

// arrival is an inbound message on its way into a chat.
type arrival struct {
	chat.Inbound
	chat.Arrival

	message chat.MessageID
	now     time.Time
	// workspace, "" for an orphan, and sender are whose the message is.
	workspace chat.WorkspaceID
	number    *phoneNumberRow
	inbox     *inboxRow
	// chat is where it belongs; nil when none is known yet.
	chat     *chatRow
	question inboundQuestion
}

// needsNoResponse reports whether nobody needs to respond, and no chat is to be opened.
func (a *arrival) needsNoResponse() bool { return a.Automatic || a.Keyword == chat.KeywordStop }

// sender is the scope of the sender that the message was sent to, "" when it was found by
// what it answers alone.
func (a *arrival) sender() string {
	switch {
	case a.number != nil:
		number := a.number.phoneNumber()
		return number.Scope()
	case a.inbox != nil:
		inbox := a.inbox.inbox()
		return inbox.Scope()
	}

	return ""
}

func (a *arrival) event() *providerEventRow {
	event := &providerEventRow{
		Key:               a.Key,
		WorkspaceID:       a.workspace,
		Provider:          a.Provider,
		ProviderMessageID: a.ProviderMessageID,
		Type:              eventInbound,
		Raw:               a.Raw,
		ReceivedAt:        a.now,
		Applied:           a.workspace != "",
	}
	if len(event.Raw) == 0 {
		event.Raw = []byte("{}")
	}

	return event
}

// cleanInbound makes texts from outside fit for the database.
func cleanInbound(in *chat.Inbound) {
	for _, text := range []*string{&in.From, &in.FromName, &in.Text, &in.Original, &in.Subject, &in.EmailMessageID} {
		*text = strings.ReplaceAll(strings.ToValidUTF8(*text, "\uFFFD"), "\x00", "")
	}
}

// addInbound adds the message to its chat, which may have to be found or opened first.
func (s *Store) addInbound(ctx context.Context, tx bun.Tx, a *arrival) error {
	author, err := a.findAuthor(ctx, tx)
	if err != nil {
		return err
	}

	if a.chat == nil && !a.Automatic {
		if a.chat, err = a.findChat(ctx, tx); err != nil {
			return err
		}

		if a.chat == nil {
			if err := a.findLateQuestion(ctx, tx); err != nil {
				return err
			}
		}
	}

	if q := &a.question; q.request != nil && (q.answers || q.address == chat.FoldAddress(a.From)) {
		author = &q.current().MemberID
	}

	if !a.needsNoResponse() && a.From != "" && (author == nil || a.chat == nil) {
		if author, err = s.findOrCreateAuthor(ctx, tx, a); err != nil {
			return err
		}
	}

	if a.chat == nil {
		return nil
	}

	return s.storeInbound(ctx, tx, a, author)
}

// storeInbound inserts the message, and makes the chat need a response if it does.
func (s *Store) storeInbound(ctx context.Context, tx bun.Tx, a *arrival, author *chat.MemberID) error {
	q := tx.NewUpdate().Set("last_activity_at = ?", a.now)
	if !a.needsNoResponse() && !a.question.needsNoResponse() {
		requestResponse(q, "").Set("state = CASE state WHEN ? THEN ? ELSE state END", chat.StateClosed, chat.StateOpen)
	}

	// First the chat: its row's lock makes numbers rise in the order of commits.
	if err := editChat(ctx, q, a.workspace, a.chat.ID, a.now); err != nil {
		return err
	}

	row := messageRow{
		ID:             a.message,
		WorkspaceID:    a.workspace,
		ChatID:         a.chat.ID,
		MemberID:       author,
		Role:           chat.RoleUserMessage,
		Content:        a.Text,
		Original:       a.Original,
		State:          chat.MessageReceived,
		EmailMessageID: a.EmailMessageID,
		EmailSubject:   a.Subject,
		AskID:          a.question.current().ID,
		CreatedAt:      a.now,
	}

	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return err
	}

	a.ChatID = a.chat.ID
	a.MessageID = a.message

	return s.takeReply(ctx, tx, a)
}

// findOrCreateAuthor finds or makes who wrote, and opens a chat if there is none. Two first
// messages of one person at once must not make two: they wait for each other at the sender.
func (s *Store) findOrCreateAuthor(ctx context.Context, tx bun.Tx, a *arrival) (*chat.MemberID, error) {
	if err := s.holdSender(ctx, tx, a); err != nil {
		return nil, err
	}

	author, err := a.findAuthor(ctx, tx)
	if err != nil {
		return nil, err
	}

	if author == nil {
		if author, err = a.createAuthor(ctx, tx); err != nil {
			return nil, err
		}
	}

	if a.chat == nil {
		if a.chat, err = a.findChat(ctx, tx); err != nil {
			return nil, err
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

// createAuthor makes a member of who wrote.
func (a *arrival) createAuthor(ctx context.Context, tx bun.Tx) (*chat.MemberID, error) {
	m := chat.Member{
		WorkspaceID:          a.workspace,
		Kind:                 chat.KindPerson,
		Role:                 chat.RoleUser,
		Name:                 strings.TrimSpace(a.FromName),
		NotificationsEnabled: true,
		CreatedAt:            a.now,
		UpdatedAt:            a.now,
	}
	if m.Validate() != nil { // no name, or none that fits
		m.Name = a.From
	}

	m.SetAddress(a.Channel.Spec().Address, a.From)

	row := memberRowOf(&m)
	_, err := tx.NewInsert().Model(&row).Exec(ctx)

	return &row.ID, err
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

func firstRunes(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit])
	}

	return text
}
