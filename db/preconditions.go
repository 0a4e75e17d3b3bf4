package db

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// customerWrote is the condition that the customer of a chat has written after a message with a number. What a machine
// has written, and what answers a question to a contributor, is no part of the conversation.
func customerWrote(workspace, chatID, number string) string {
	return `EXISTS (SELECT 1 FROM messages ax WHERE ` + byCustomer("ax", workspace, chatID) + `
		AND ax.number > ` + number + `)`
}

// byCustomer is the condition that a message is the customer's of a chat.
func byCustomer(alias, workspace, chatID string) string {
	return alias + ".workspace_id = " + workspace + " AND " + alias + ".chat_id = " + chatID + " AND " +
		alias + ".role = 'user' AND " + alias + ".ask_id IS NULL AND " + alias + ".automatic_reason = ''"
}

// findSeenMessage finds the last message that the caller of a send has seen, and whether the customer has written
// since. The number is 0 if the chat has no such message.
func findSeenMessage(ctx context.Context, tx bun.Tx, in *chat.SendAssistantMessage) (*chat.SeenMessage, error) {
	var row struct {
		Number int64 `bun:"number"`
		Newer  bool  `bun:"newer"`
	}

	err := tx.NewSelect().
		TableExpr("messages AS m").
		Column("m.number").
		ColumnExpr(customerWrote("m.workspace_id", "m.chat_id", "m.number")+" AS newer").
		Where("m.workspace_id = ?", in.WorkspaceID).
		Where("m.id = ?", in.IfLastMessage).
		Where("m.chat_id = ?", in.ChatID).
		Scan(ctx, &row)

	return &chat.SeenMessage{
		ID:     in.IfLastMessage,
		Number: row.Number,
		Newer:  row.Newer,
	}, unlessNone(err)
}

// keepPreconditions takes over, into a delivery that repeats another one, what that one must not be sent without.
func (r *deliveryRow) keepPreconditions(old *chat.Delivery) {
	released := *old
	released.Release()

	r.ByPerson = released.Author == chat.AuthorPerson
	r.SeenMessage = released.SeenMessage
	r.DespiteTakeover = released.DespiteTakeover
	r.DespiteBrakes = released.DespiteBrakes
}

// defyHolds notes what does not hold back the new delivery of a retry, because whoever asks for the retry has decided
// so.
func (r *deliveryRow) defyHolds(retry *chat.RetryDelivery, takeover *chat.Takeover) {
	r.DespiteTakeover = r.DespiteTakeover || retry.DefiesTakeover(takeover)
	r.DespiteBrakes = r.DespiteBrakes || retry.DefiesBrakes()
}

// stillToLeave is the condition that a delivery goes before all that are newer. Sends to a chat's customer leave in the
// order in which they were accepted: a worker may come to the later request first, so it is not that of their
// messages' numbers, which decide between two of the same moment. One that waits for tools, for a person,
// for a sender whose account refuses everything, or for evidence, its own or that of the same text, may be passed; so
// may a retry, whose time a person has chosen, and a question to a contributor.
const stillToLeave = `o.submission = 'pending' AND o.error_code <> 'same_text_unresolved'
	AND o.retry_of IS NULL AND o.released_by IS NULL AND om.ask_id IS NULL
	AND NOT (o.fence = 0 AND EXISTS (SELECT 1 FROM tool_calls ot WHERE ot.workspace_id = o.workspace_id
		AND ot.message_id = o.message_id AND ot.undoes IS NULL AND ot.state <> 'succeeded'))`

const fromOpen = `FROM deliveries o JOIN messages om ON om.workspace_id = o.workspace_id AND om.id = o.message_id
	WHERE `

// fromOlder is the part of a statement that finds the deliveries that leave before d. firstOlder chooses the first one.
// plannedBehind is the condition that there is one before a send that is not stored yet; its parameters are the
// workspace, the chat and the address.
var (
	fromOlder = fromOpen + stillToLeave + notLeftAlone("o") + ` AND ` + oneAtATime("o") + `
		AND o.workspace_id = d.workspace_id AND o.chat_id = d.chat_id AND o.to_address = d.to_address AND o.id <> d.id
		AND d.retry_of IS NULL AND d.released_by IS NULL
		AND (coalesce(o.accepted_at, o.created_at), om.number) < (coalesce(d.accepted_at, d.created_at),
			(SELECT dm.number FROM messages dm WHERE dm.workspace_id = d.workspace_id AND dm.id = d.message_id))`
	firstOlder    = ` ORDER BY coalesce(o.accepted_at, o.created_at), om.number LIMIT 1`
	plannedBehind = `EXISTS (SELECT 1 ` + fromOpen + stillToLeave + notLeftAlone("o") + ` AND ` + oneAtATime("o") + `
		AND o.workspace_id = ?0 AND o.chat_id = ?1 AND o.to_address = ?2)`
)

// notLeftAlone is the condition that a delivery is tried by itself, to follow another one.
func notLeftAlone(alias string) string {
	return " AND " + alias + ".error_code NOT IN ('" + strings.Join(chat.LeftAlone(), "', '") + "')"
}

// olderDelivery is the older delivery that must leave before this one, nil if there is none.
func (r *deliveryRow) olderDelivery() *chat.OlderDelivery {
	if r.OlderID == "" {
		return nil
	}

	return &chat.OlderDelivery{ID: r.OlderID, RetryAt: chat.UTC(r.OlderRetryAt)}
}

// TakeOverChat notes that a person answers in a chat in the assistant's place, and returns the chat: chat_not_found.
//
// Idempotent: who has taken it over already has it since then.
func (s *Store) TakeOverChat(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.ChatID,
) (chat.Chat, error) {
	return s.changeTakeover(ctx, ws, id, func(row *chatRow, now time.Time) *auditEvent {
		before := row.chat()
		if before.Takeover != nil && before.Takeover.By == by.MemberID {
			return nil
		}

		row.TakenOverBy = by.MemberID
		row.TakenOverAt = &now
		event := takeoverEvent(ws, by, &before, now)

		return &event
	})
}

// ReleaseChat gives a chat that a person has taken over back to the assistant, and returns it: chat_not_found. What was
// held meanwhile goes on waiting for a decision.
//
// Idempotent: a chat that nobody has taken over stays as it is.
func (s *Store) ReleaseChat(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.ChatID,
) (chat.Chat, error) {
	return s.changeTakeover(ctx, ws, id, func(row *chatRow, _ time.Time) *auditEvent {
		if row.TakenOverAt == nil {
			return nil
		}

		event := auditEvent{
			workspace: ws,
			by:        by,
			verb:      "chat.released",
			object:    objectID(id),
			detail:    changed{"taken_over_by": row.TakenOverBy},
		}

		row.TakenOverBy = 0
		row.TakenOverAt = nil

		return &event
	})
}

// changeTakeover holds a chat while change says who has it, and what the audit log is told; nil changes nothing.
func (s *Store) changeTakeover(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.ChatID,
	change func(row *chatRow, now time.Time) *auditEvent,
) (chat.Chat, error) {
	now := s.time()
	var c chat.Chat

	err := s.inTx(ctx, "take a chat over, or give it back", func(ctx context.Context, tx bun.Tx) error {
		row, err := findChat(ctx, s.locked(tx.NewSelect()), ws, id)
		if err != nil {
			return err
		}

		if event := change(&row, now); event != nil {
			row.UpdatedAt = now

			_, err := tx.NewUpdate().
				Model(&row).
				Column("taken_over_by", "taken_over_at", "updated_at").
				Where("workspace_id = ?", ws).
				Where("id = ?", id).
				Exec(ctx)
			if err != nil {
				return err
			}

			if err := s.audit(ctx, tx, *event); err != nil {
				return err
			}
		}

		c, err = completeChat(ctx, tx, &row)

		return err
	})

	return c, err
}

// takeoverEvent is the audit log's entry of a person who takes a chat over.
func takeoverEvent(ws chat.WorkspaceID, by chat.Actor, before *chat.Chat, at time.Time) auditEvent {
	detail := changed{"taken_over_by": by.MemberID, "taken_over_at": at}
	if before.Takeover != nil {
		detail["taken_over_from"] = before.Takeover.By
	}

	return auditEvent{
		workspace: ws,
		by:        by,
		verb:      "chat.taken_over",
		object:    objectID(before.ID),
		detail:    detail,
	}
}

// SenderWaiters are the deliveries that have waited for a sender whose account works again, with the workflows that
// follow them, the oldest first.
func (s *Store) SenderWaiters(
	ctx context.Context,
	ws chat.WorkspaceID,
	sender string,
	limit int,
) ([]chat.StaleDelivery, error) {
	var rows []deliveryRow

	err := s.db.NewSelect().
		Model(&rows).
		Column("id", "workspace_id", "submission", "released_by").
		ColumnExpr(workflowOfDelivery).
		Where("d.workspace_id = ?", ws).
		Where("d.status = 'blocked'").
		Where("d.sender = ?", sender).
		Where("d.retry_at IS NULL").
		OrderExpr("d.created_at, d.id").
		Limit(int64(limit)).
		Scan(ctx)

	waiters := make([]chat.StaleDelivery, len(rows))
	for i := range rows {
		waiters[i] = rows[i].staleDelivery()
	}

	return waiters, wrapErr("find what waits for a sender", err)
}
