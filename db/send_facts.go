package db

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// factsRow is a chat with all that decides about a send, in one statement.
type factsRow struct {
	bun.BaseModel `bun:"table:chats,alias:c"`
	chatRow

	RecipientTakesPart bool `bun:"recipient_takes_part,scanonly"`
	SuppressionLevel   int  `bun:"suppression_level,scanonly"`
	Busy               bool `bun:"busy,scanonly"`
	Breaker            bool `bun:"breaker,scanonly"`

	WhenTakenOver chat.TakeoverPolicy `bun:"when_taken_over,scanonly"`

	FailedOver bool       `bun:"failed_over,scanonly"`
	HeldAt     *time.Time `bun:"held_at,scanonly"`
	HeldReason string     `bun:"held_reason,scanonly"`
}

// What stands before a send in a chat, as conditions in SQL: that its member has a place in
// it, that another delivery to the address is in flight, that the sender has a breaker.
var (
	recipientTakesPart = `EXISTS (SELECT 1 FROM participants p
		WHERE p.workspace_id = c.workspace_id AND p.chat_id = c.id AND p.member_id = c.member_id)`
	chatBusy = `EXISTS (SELECT 1 FROM deliveries o
		WHERE o.workspace_id = c.workspace_id AND o.sender = ` + chatSender + ` AND o.to_address = ` + chatAddress + `
			AND o.submission IN ('sending', 'unknown') AND ` + oneAtATime("o") + `)`
	chatBreaker = `EXISTS (SELECT 1 FROM sender_breakers b
		WHERE b.workspace_id = c.workspace_id AND b.sender = ` + chatSender + `)`
)

// threadLimit is how many of a chat's newest emails the References header may name.
const threadLimit = 50

// sendFacts reads what decides about a send and holds the chat: chat_not_found.
func (s *Store) sendFacts(ctx context.Context, tx bun.Tx, in *chat.SendAssistantMessage) (*chat.SendFacts, error) {
	facts, err := s.chatFacts(ctx, tx, in.WorkspaceID, in.ChatID)
	if err != nil {
		return nil, err
	}

	return facts, s.completeFacts(ctx, tx, facts, in)
}

// completeFacts adds to the facts of a chat those of a send in it. Labels and tools are read for tool calls only, which
// alone need them, and contributors only if they are to be asked.
func (s *Store) completeFacts(
	ctx context.Context,
	tx bun.Tx,
	facts *chat.SendFacts,
	in *chat.SendAssistantMessage,
) (err error) {
	facts.Author = cmp.Or(in.Author, chat.AuthorAssistant)

	if in.IfLastMessage != "" {
		if facts.Seen, err = findSeenMessage(ctx, tx, in); err != nil {
			return err
		}
	}

	if len(in.ToolCalls) == 0 {
		return nil
	}

	if facts.Labels, err = workspaceLabels(ctx, tx, in.WorkspaceID); err != nil {
		return err
	}

	if facts.Tools, err = chatTools(ctx, tx, in.WorkspaceID, facts.Assistant); err != nil {
		return err
	}

	if slices.ContainsFunc(in.ToolCalls, func(c chat.ToolCall) bool { return c.Name == chat.ToolAskContributor }) {
		facts.Contributors, err = s.reachContributors(ctx, tx, facts)
	}

	return err
}

// chatQuery says of which chat facts are read.
type chatQuery struct {
	workspace chat.WorkspaceID
	chat      chat.ChatID
	// condition is what the chat, whose alias is c, must meet.
	condition string
	// isHeld keeps the chat from changing until the transaction ends.
	isHeld bool
}

// isNotDeleted is the condition of the chats of customers.
const isNotDeleted = "c.deleted_at IS NULL"

// chatFacts reads the facts of a chat that is not deleted, and holds it: chat_not_found.
func (s *Store) chatFacts(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	id chat.ChatID,
) (*chat.SendFacts, error) {
	return s.readChatFacts(ctx, tx, &chatQuery{
		workspace: ws,
		chat:      id,
		condition: isNotDeleted,
		isHeld:    true,
	})
}

// readChatFacts reads the facts of a chat that meets a condition: chat_not_found. The recipient of a notice has no
// place in a chat, and needs none.
func (s *Store) readChatFacts(ctx context.Context, tx bun.Tx, of *chatQuery) (*chat.SendFacts, error) {
	var row factsRow

	q := tx.NewSelect().
		Model(&row).
		ColumnExpr("c.*").
		Relation("Assistant").
		Relation("Member").
		Relation("PhoneNumber").
		Relation("Inbox").
		ColumnExpr(recipientTakesPart+" AS recipient_takes_part").
		ColumnExpr(suppressionLevel("c.workspace_id", "c.channel", chatFrom, chatFolded)+" AS suppression_level").
		ColumnExpr(chatBusy+" AS busy").
		ColumnExpr(chatBreaker+" AS breaker").
		ColumnExpr("COALESCE((SELECT wd.when_taken_over FROM workspace_defaults wd "+
			"WHERE wd.workspace_id = c.workspace_id), ?) AS when_taken_over", chat.TakeoverRefuses).
		ColumnExpr(s.failedOver()+" AS failed_over").
		ColumnExpr("h.held_at, h.held_reason").
		Join("LEFT JOIN database_timeline AS h ON h.id = 1").
		Where("c.workspace_id = ?", of.workspace).
		Where("c.id = ?", of.chat).
		Where(of.condition)

	if of.isHeld {
		q = s.locked(q)
	}

	err := q.Scan(ctx)
	if err != nil {
		return nil, orNotFound(err, chat.CodeChatNotFound, "chat")
	}

	if row.FailedOver {
		return nil, errFailedOver
	}

	facts := row.facts()
	if row.Channel.Spec().Format == chat.FormatEmail {
		err = readThread(ctx, tx, facts, "")
	}

	return facts, err
}

func (r *factsRow) facts() *chat.SendFacts {
	facts := &chat.SendFacts{
		Chat:          r.chat(),
		Clear:         !r.Busy && !r.Breaker,
		WhenTakenOver: r.WhenTakenOver,
	}
	facts.Hold = databaseHold(r.HeldAt, r.HeldReason)
	setSuppressed(facts, r.SuppressionLevel)

	if r.Assistant != nil && r.Assistant.Kind == chat.KindAssistant {
		assistant := r.Assistant.member()
		facts.Assistant = &assistant
	}

	if r.RecipientTakesPart || r.ForNotices {
		recipient := r.Member.member()
		facts.Recipient = &recipient
	}

	if r.PhoneNumber != nil {
		number := r.PhoneNumber.phoneNumber()
		facts.PhoneNumber = &number
	}

	if r.Inbox != nil {
		inbox := r.Inbox.inbox()
		facts.Inbox = &inbox
	}

	return facts
}

// readThread finds the headers that make the next email a part of the conversation: that
// with the chat's member, or the one about a question to a contributor.
func readThread(ctx context.Context, tx bun.Tx, facts *chat.SendFacts, question chat.QuestionID) error {
	thread := func(dest any) *bun.SelectQuery {
		return tx.NewSelect().Model(dest).Column("role", "email_message_id", "email_subject").
			Where("m.workspace_id = ?", facts.Chat.WorkspaceID).Where("m.chat_id = ?", facts.Chat.ID).
			Where("m.state <> ?", chat.MessageNotSent).Where("COALESCE(m.ask_id, '') = ?", question)
	}

	var first []messageRow
	if err := thread(&first).Where("m.email_subject IS NOT NULL").OrderExpr("m.number").Limit(1).Scan(ctx); err != nil {
		return err
	}

	if len(first) > 0 {
		facts.FirstSubject = first[0].EmailSubject
	}

	var newest []messageRow

	err := thread(&newest).
		Where("m.email_message_id IS NOT NULL").
		OrderExpr("m.number DESC").
		Limit(threadLimit).
		Scan(ctx)
	if err != nil {
		return err
	}

	for _, m := range newest {
		if facts.LastInboundID == "" && m.Role == chat.RoleUserMessage {
			facts.LastInboundID = m.EmailMessageID
		}

		facts.References = append(facts.References, m.EmailMessageID)
	}

	slices.Reverse(facts.References)

	return nil
}
