package db

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// customerWrote is the condition that the customer of a chat has written after the message with a number. Automatic
// mails and answers to questions to contributors do not count.
func customerWrote(workspace, chatID, number string) string {
	return `EXISTS (SELECT 1 FROM messages ax WHERE ` + byCustomer("ax", workspace, chatID) + `
		AND ax.number > ` + number + `)`
}

// byCustomer is the condition that a message was written by the customer of a chat.
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

// keepPreconditions copies the preconditions of a delivery to one that repeats it.
func (r *deliveryRow) keepPreconditions(old *chat.Delivery) {
	released := *old
	released.Release()

	r.ByPerson = released.Author == chat.AuthorPerson
	r.SeenMessage = released.SeenMessage
	r.DespiteTakeover = released.DespiteTakeover
	r.DespiteBrakes = released.DespiteBrakes
}

// defyHolds notes which holds do not apply to the new delivery of a retry, because a person has decided so by retrying.
func (r *deliveryRow) defyHolds(retry *chat.RetryDelivery, takeover *chat.Takeover) {
	r.DespiteTakeover = r.DespiteTakeover || retry.DefiesTakeover(takeover)
	r.DespiteBrakes = r.DespiteBrakes || retry.DefiesBrakes()
}

// leavesInOrder is the condition that a delivery o must leave before all newer ones. Sends to a chat's customer leave
// in the order in which they were accepted. That is not the order of their messages' numbers, because a worker may come
// to the later request first; numbers only decide between two sends of the same moment. Newer sends may pass a delivery
// that waits for tools, for a person, for a blocked sender or for evidence, a retry, whose time a person has chosen,
// and a question to a contributor.
const leavesInOrder = `o.submission = 'pending' AND o.error_code <> 'same_text_unresolved'
	AND o.retry_of IS NULL AND o.released_by IS NULL AND om.ask_id IS NULL
	AND NOT (o.fence = 0 AND EXISTS (SELECT 1 FROM tool_calls ot WHERE ot.workspace_id = o.workspace_id
		AND ot.message_id = o.message_id AND ot.undoes IS NULL AND ot.state <> 'succeeded'))`

// fromDeliveries joins deliveries and their messages.
const fromDeliveries = `FROM deliveries o JOIN messages om ON om.workspace_id = o.workspace_id AND om.id = o.message_id
	WHERE `

// fromOlderDeliveries is the FROM clause of the deliveries that must leave before d, and oldestFirst chooses the first
// of them. plannedHasOlder is the condition that a delivery must leave before a send that is not stored yet; its
// parameters are the workspace, the chat and the address.
var (
	fromOlderDeliveries = fromDeliveries + leavesInOrder + excludeLeftAlone("o") + ` AND ` + oneAtATime("o") + `
		AND o.workspace_id = d.workspace_id AND o.chat_id = d.chat_id AND o.to_address = d.to_address AND o.id <> d.id
		AND d.retry_of IS NULL AND d.released_by IS NULL
		AND (coalesce(o.accepted_at, o.created_at), om.number) < (coalesce(d.accepted_at, d.created_at),
			(SELECT dm.number FROM messages dm WHERE dm.workspace_id = d.workspace_id AND dm.id = d.message_id))`
	oldestFirst     = ` ORDER BY coalesce(o.accepted_at, o.created_at), om.number LIMIT 1`
	plannedHasOlder = `EXISTS (SELECT 1 ` + fromDeliveries + leavesInOrder + excludeLeftAlone("o") +
		` AND ` + oneAtATime("o") + `
		AND o.workspace_id = ?0 AND o.chat_id = ?1 AND o.to_address = ?2)`
)

// excludeLeftAlone is the condition, to follow another one, that a delivery is still tried automatically.
func excludeLeftAlone(alias string) string {
	return " AND " + alias + ".error_code NOT IN ('" + strings.Join(chat.LeftAlone(), "', '") + "')"
}

// getOlderDelivery returns the older delivery that must leave before this one, nil if there is none.
func (r *deliveryRow) getOlderDelivery() *chat.OlderDelivery {
	if r.OlderID == "" {
		return nil
	}

	return &chat.OlderDelivery{ID: r.OlderID, RetryAt: chat.UTC(r.OlderRetryAt)}
}

// TakeOverChat marks a chat as taken over by a person, who answers in the assistant's place, and returns it. It returns
// chat_not_found if there is no such chat.
//
// Idempotent: a second takeover by the same person keeps the time of the first.
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

// ReleaseChat gives a chat that a person has taken over back to the assistant, and returns it. Deliveries that were
// held meanwhile keep waiting for a decision. It returns chat_not_found if there is no such chat.
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

// changeTakeover locks a chat, applies change to it and stores it. change returns the entry of the audit log, or nil if
// nothing is to be changed.
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

// takeoverEvent is the audit log's entry of a takeover.
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

// SenderWaiters returns the deliveries that wait for a blocked sender, with their workflows, the oldest first: at most
// limit of them.
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
