package db

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/canonical"
	"handrail/chat"
	"handrail/uuidv7"
)

// ReceiveInbound stores a message by somebody outside, and what it means, in one transaction: a
// message in the chat of each sender of ours that it was sent to, the first one as id. One that was
// sent to none is kept as an orphan, and taken when its sender is entered.
//
// The chat is that of the message which is answered, by the token of the address; else the one
// whose thread root the email refers to, or the nearest message; else, of those between who wrote
// and the sender, the one with the email's subject, or the one with the newest activity; else a new
// one, with a new member when nobody has the address. A closed chat is open again. A message which
// answers an open question to a contributor goes to the chat of that question, and is its reply;
// one that comes when the question is over, by somebody without a chat of their own with this
// sender, goes there too.
//
// STOP puts the address on the sender's list and ends what was waiting to be sent to it; START
// takes it off. What may ask for that holds what waits to be sent to who wrote, until a person has
// decided. STOP and automatic messages ask for no response; all the same they are in a chat.
//
// Idempotent: a message is received once for each sender, by its key.
func (s *Store) ReceiveInbound(
	ctx context.Context,
	in chat.Inbound,
	id chat.MessageID,
	now time.Time,
) (chat.Arrival, error) {
	cleanInbound(&in)
	withoutTokens(&in)

	now = toMicroseconds(now)

	var arrival chat.Arrival
	err := s.inTx(ctx, "receive a message", func(ctx context.Context, tx bun.Tx) error {
		post := inboundPost{Inbound: in, receivedAt: now}

		arrivals, err := s.findRecipients(ctx, tx, &post, now)
		if err != nil {
			return err
		}

		fresh, err := storePost(ctx, tx, &post, arrivals)
		if err != nil {
			return err
		}

		if !fresh {
			if post.orphan, err = s.findOrphan(ctx, tx, in.Key); err != nil {
				return err
			}
		}

		if len(arrivals) == 0 {
			arrival.Repeated = !fresh
			if !fresh {
				return nil
			}

			return keepOrphan(ctx, tx, &post)
		}

		arrivals[0].message = id
		arrival, err = s.takePost(ctx, tx, &post, arrivals)

		return err
	})

	return arrival, err
}

// inboundPost is a post of a provider, on its way to the senders that it is for.
type inboundPost struct {
	chat.Inbound
	receivedAt time.Time
	// orphan is the row under which the post has waited; "" for none.
	orphan chat.InboundID
}

// takePost takes the post for each of the senders that it is for. The first one takes over the row
// under which it has waited. Each has a message of its own, and so has the next post of the same
// message, which may name other senders.
func (s *Store) takePost(
	ctx context.Context,
	tx bun.Tx,
	post *inboundPost,
	arrivals []*arrival,
) (chat.Arrival, error) {
	var all []chat.Arrival

	for _, a := range arrivals {
		a.Known = true
		a.WorkspaceID = a.workspace

		fresh, err := claimRecipient(ctx, tx, post, a)
		if err != nil {
			return chat.Arrival{}, err
		}

		a.Repeated = !fresh
		if fresh {
			if err := s.takeArrival(ctx, tx, a); err != nil {
				return chat.Arrival{}, err
			}
		}

		all = append(all, a.Arrival)
	}

	return joinArrivals(all), nil
}

// joinArrivals makes one of what became of a message at several senders: the first that is news.
func joinArrivals(all []chat.Arrival) chat.Arrival {
	first := 0

	for i := range all {
		if !all[i].Repeated {
			first = i
			break
		}
	}

	joined := all[first]

	for i := range all {
		if i != first {
			joined.Others = append(joined.Others, all[i])
		}
	}

	return joined
}

// takeArrival does what the message means, and adds it to a chat.
func (s *Store) takeArrival(ctx context.Context, tx bun.Tx, a *arrival) error {
	if err := s.findQuestion(ctx, tx, a); err != nil {
		return err
	}

	a.judgeAnswer()

	if err := s.applyKeyword(ctx, tx, a); err != nil {
		return err
	}

	if err := s.addInbound(ctx, tx, a); err != nil {
		return err
	}

	return saveRecipient(ctx, tx, a)
}

// arrival is an inbound message on its way into a chat.
type arrival struct {
	chat.Inbound
	chat.Arrival

	// record is the row that says what became of it, recipient whom it is for.
	record    chat.InboundID
	recipient string
	message   chat.MessageID
	// receivedAt is when it came, now when it is taken, which is later for an orphan.
	receivedAt time.Time
	now        time.Time
	// workspace is whose the message is; number or inbox is the sender that it was sent to.
	workspace chat.WorkspaceID
	number    *phoneNumberRow
	inbox     *inboxRow
	// also are the other senders of ours that the same SMS was sent to: the number beside its
	// messaging service.
	also []phoneNumberRow
	// chat is where it belongs; nil when none is known yet. guessable reports that it was found by
	// what anybody can write.
	chat      *chatRow
	guessable bool
	// last is the chat of the message that is answered, which takes it only if no other can.
	last *chatRow
	// alone reports that the message is for this sender only.
	alone    bool
	question inboundQuestion
	// holder is whose token it came with, claimed the members with a role whose address it has
	// without showing that it is theirs.
	holder  tokenHolder
	claimed []chat.MemberID
}

func newArrival(post *inboundPost, now time.Time) *arrival {
	return &arrival{
		Inbound:    post.Inbound,
		record:     uuidv7.New[chat.InboundID](),
		message:    uuidv7.New[chat.MessageID](),
		receivedAt: post.receivedAt,
		now:        now,
		alone:      true,
	}
}

// needsNoResponse reports whether nobody needs to respond.
func (a *arrival) needsNoResponse() bool { return a.Automatic != "" || a.Keyword == chat.KeywordStop }

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

// canonicalAddresses are the addresses in their one form.
func canonicalAddresses(kind chat.AddressKind, given []string) []string {
	all := make([]string, len(given))
	for i, address := range given {
		all[i] = canonical.Of(kind, address)
	}

	return all
}

// cleanInbound makes texts from outside fit for the database, and puts addresses into their one
// form.
func cleanInbound(in *chat.Inbound) {
	texts := []*string{
		&in.From,
		&in.FromName,
		&in.AnswersTo,
		&in.AnswersToName,
		&in.Text,
		&in.Original,
		&in.Subject,
		&in.EmailMessageID,
		&in.Undecoded,
	}
	for i := range in.Files {
		texts = append(texts, &in.Files[i].Name, &in.Files[i].Type, &in.Files[i].URL)
	}

	for i := range in.To {
		texts = append(texts, &in.To[i])
	}

	for i := range in.References {
		texts = append(texts, &in.References[i])
	}

	for _, text := range texts {
		*text = strings.ReplaceAll(strings.ToValidUTF8(*text, "\uFFFD"), "\x00", "")
	}

	kind := in.Channel.Spec().Address

	switch {
	case in.Trust != "":
	case kind == chat.AddressPhone:
		in.Trust = chat.TrustNumber
	default:
		in.Trust = chat.TrustNone
	}

	in.From = canonical.Of(kind, in.From)
	in.AnswersTo = canonical.Of(kind, in.AnswersTo)

	in.To = canonicalAddresses(kind, in.To)
	in.Delivered = canonicalAddresses(kind, in.Delivered)
}

// addInbound adds the message to its chat, which may have to be found or opened first.
func (s *Store) addInbound(ctx context.Context, tx bun.Tx, a *arrival) error {
	if a.chat == nil {
		if err := a.findOwnChat(ctx, tx); err != nil {
			return err
		}
	}

	if a.chat == nil && a.sender() == "" {
		a.chat = a.last
	}

	author, err := a.findAuthor(ctx, tx)
	if err != nil {
		return err
	}

	isAsked := len(a.claimed) == 0 && a.question.address == chat.FoldAddress(a.From)
	if q := &a.question; q.request != nil && (q.answers || isAsked) {
		author = &q.current().MemberID
	}

	if a.chat == nil && a.sender() != "" || a.chat != nil && author == nil && !a.needsNoResponse() {
		if author, err = s.findOrCreateAuthor(ctx, tx, a); err != nil {
			return err
		}
	}

	if a.chat == nil {
		return nil
	}

	return s.storeInbound(ctx, tx, a, author)
}

// findOwnChat finds the chat that who wrote has with the sender, or that of the question they were
// asked last.
func (a *arrival) findOwnChat(ctx context.Context, tx bun.Tx) (err error) {
	if a.chat, err = a.findChat(ctx, tx); err != nil || a.chat != nil || a.Automatic != "" {
		return err
	}

	return a.findLateQuestion(ctx, tx)
}

// reopenChat opens the chat if it is closed: what a person writes is seen.
func reopenChat(q *bun.UpdateQuery) {
	q.Set("state = CASE state WHEN ? THEN ? ELSE state END", chat.StateClosed, chat.StateOpen)
}

// storeInbound inserts the message, and makes the chat need a response if it does.
func (s *Store) storeInbound(ctx context.Context, tx bun.Tx, a *arrival, author *chat.MemberID) error {
	if a.mayHaveOptedOut() {
		// Before the chat, as acceptance does: deliveries, then their chat.
		if err := s.holdRecipients(ctx, tx, a, author); err != nil {
			return err
		}
	}

	if err := a.markLoop(ctx, tx, author); err != nil {
		return err
	}

	q := tx.NewUpdate().Set("last_activity_at = ?", a.now)

	switch {
	case a.mayHaveOptedOut():
		requestResponse(q, chat.AttentionPossibleOptOut)
		reopenChat(q)
	case !a.needsNoResponse() && !a.question.needsNoResponse():
		requestResponse(q, "")
		reopenChat(q)
	}

	// First the chat: its row's lock makes numbers rise in the order of commits.
	if err := editChat(ctx, q, a.workspace, a.chat.ID, a.now); err != nil {
		return err
	}

	row := messageRow{
		ID:              a.message,
		WorkspaceID:     a.workspace,
		ChatID:          a.chat.ID,
		MemberID:        author,
		Role:            chat.RoleUserMessage,
		Content:         a.Text,
		Original:        a.Original,
		AutomaticReason: a.Automatic,
		Files:           a.Files[:min(len(a.Files), chat.MaxFiles)],
		Undecoded:       a.Undecoded,
		Trust:           a.Trust,
		State:           chat.MessageReceived,
		EmailMessageID:  a.EmailMessageID,
		EmailSubject:    a.Subject,
		AskID:           a.question.current().ID,
		CreatedAt:       a.receivedAt,
	}

	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return err
	}

	a.ChatID = a.chat.ID
	a.MessageID = a.message

	return s.takeReply(ctx, tx, a)
}

// markLoop marks the message when too many that look automatic came from its sender into its chat.
// The same text again looks automatic too: some responders write no header that says what they are.
func (a *arrival) markLoop(ctx context.Context, tx bun.Tx, author *chat.MemberID) error {
	if a.Channel.Spec().Format != chat.FormatEmail {
		return nil
	}

	since := a.now.Add(-chat.LoopWithin)

	if a.Automatic != "" {
		a.LooksAutomatic = true
	}

	if !a.LooksAutomatic && author != nil {
		again, err := tx.NewSelect().Model((*messageRow)(nil)).
			Where("m.workspace_id = ?", a.workspace).
			Where("m.chat_id = ?", a.chat.ID).
			Where("m.member_id = ?", *author).
			Where("m.content = ?", a.Text).
			Where("m.created_at > ?", since).
			Exists(ctx)
		if err != nil {
			return err
		}

		a.LooksAutomatic = again
	}

	if !a.LooksAutomatic {
		return nil
	}

	count, err := tx.NewSelect().Model((*inboundRow)(nil)).
		Where("i.workspace_id = ?", a.workspace).
		Where("i.chat_id = ?", a.chat.ID).
		Where("i.from_address = ?", chat.FoldAddress(a.From)).
		Where("i.received_at > ?", since).
		Where("i.looks_automatic").
		Count(ctx)
	if count >= chat.LoopLimit {
		a.Automatic = chat.AutomaticLoop
	}

	return err
}
