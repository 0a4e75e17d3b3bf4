package db

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// LoadSendFacts returns what decides about a send, which it does not begin, as it stands now. It holds nothing, so that
// no send waits for it. Errors: chat_not_found, and those of a message that the caller has seen.
func (s *Store) LoadSendFacts(ctx context.Context, in chat.SendAssistantMessage) (*chat.SendFacts, error) {
	var facts *chat.SendFacts

	load := func(ctx context.Context, tx bun.Tx) (err error) {
		facts, err = s.readChatFacts(ctx, tx, &chatQuery{
			workspace: in.WorkspaceID,
			chat:      in.ChatID,
			condition: isNotDeleted,
		})
		if err != nil {
			return err
		}

		return s.completeFacts(ctx, tx, facts, &in)
	}

	err := s.redoWhenHeld(ctx, func() error { return s.snapshot(ctx, "load the facts of a send", load) })

	return facts, err
}

// PrepareSend stores a send: the action, the message, its tool calls and its delivery,
// in one transaction. plan decides from the facts; its error is returned and stores
// nothing, unless the action was ended in Temporal before: then its row tells the refusal. The other
// errors: chat_not_found, idempotency_key_reused, and action_ended when somebody was told that the run
// which asks has sent nothing.
//
// A send that was asked for before the database lost a part of its history may have been sent
// there: it waits for a person.
//
// Idempotent: the action's row is written first, so a repetition, even one at the same
// time, finds it and returns the send as it stands now, or why it failed.
func (s *Store) PrepareSend(
	ctx context.Context,
	in chat.SendAssistantMessage,
	ids chat.SendIDs,
	plan func(*chat.SendFacts) (chat.SendPlan, error),
) (chat.AssistantMessageSent, error) {
	var sent chat.AssistantMessageSent
	err := s.inHeldTx(ctx, "prepare a send", func(ctx context.Context, tx bun.Tx) error {
		var err error
		sent, _, err = s.prepareSend(ctx, tx, sendRequest{in: &in, ids: ids}, plan)

		return err
	})

	return sent, s.keepRefusal(ctx, &in.Request, err)
}

// PrepareAndClaim is [Store.PrepareSend] and the first [Store.Claim] in one transaction, for
// a send that nothing stands before. Otherwise, and when it was stored already, the claim is
// empty, and [Store.Claim] finds out what is in the way.
func (s *Store) PrepareAndClaim(
	ctx context.Context,
	in chat.SendAssistantMessage,
	ids chat.SendIDs,
	plan func(*chat.SendFacts) (chat.SendPlan, error),
	now time.Time,
	lease time.Duration,
) (chat.AssistantMessageSent, chat.Claim, error) {
	request := sendRequest{
		in:  &in,
		ids: ids,
		claim: &firstClaim{
			now:      toMicroseconds(now),
			until:    toMicroseconds(now.Add(lease)),
			evidence: s.evidenceUntil(now, lease),
		},
	}

	var sent chat.AssistantMessageSent
	var claim chat.Claim

	err := s.inHeldTx(ctx, "prepare and claim a send", func(ctx context.Context, tx bun.Tx) error {
		prepared, delivery, err := s.prepareSend(ctx, tx, request, plan)
		if err != nil {
			return err
		}

		sent = prepared
		claim = chat.Claim{}

		if delivery != nil && delivery.Submission == chat.SubmissionSending {
			claim = chat.Claim{Granted: true, Delivery: delivery.delivery()}
		}

		return nil
	})
	if errors.Is(err, errClaimAgain) {
		sent, err = s.PrepareSend(ctx, in, ids, plan)
		return sent, chat.Claim{}, err
	}

	return sent, claim, s.keepRefusal(ctx, &in.Request, err)
}

// sendRequest is a send that is to be stored under these ids, and claimed if claim is not
// nil.
type sendRequest struct {
	in    *chat.SendAssistantMessage
	ids   chat.SendIDs
	claim *firstClaim
}

// firstClaim is a claim that is granted with the insertion of a delivery, if nothing stands
// against it.
type firstClaim struct{ now, until, evidence time.Time }

// prepareSend returns the delivery that it has inserted, nil when the send was stored before.
func (s *Store) prepareSend(
	ctx context.Context,
	tx bun.Tx,
	request sendRequest,
	plan func(*chat.SendFacts) (chat.SendPlan, error),
) (chat.AssistantMessageSent, *deliveryRow, error) {
	var none chat.AssistantMessageSent
	in := request.in
	now := s.time()

	stored, err := beginAction(ctx, tx, actionRowOf(chat.ActionSendAssistantMessage, in.WorkflowID(), &in.Request, now))
	switch {
	case err != nil:
		return none, nil, err
	case stored != nil && stored.State == chat.ActionFailed &&
		(request.claim == nil || stored.Problem.DeliveryID == ""):
		return none, nil, stored.Problem
	case stored != nil: // also when what was claimed was refused: its delivery says why
		sent, err := s.findSentMessage(ctx, tx, in.WorkspaceID, in.ActionID)
		return sent, nil, err
	}

	facts, err := s.factsOfPurpose(ctx, tx, in)
	if err != nil {
		return none, nil, err
	}

	planned, err := plan(facts)
	if err != nil {
		return none, nil, err
	}

	covered := facts.Hold.Covers(in.AcceptedAt)
	if !facts.Clear || covered {
		request.claim = nil
	}

	prepared := preparedSend{
		sendRequest: request,
		facts:       facts,
		plan:        &planned,
		now:         now,
	}
	if covered {
		prepared.hold = facts.Hold
	}

	sent, delivery, err := s.insertSend(ctx, tx, &prepared)
	if err != nil {
		return sent, delivery, err
	}

	return sent, delivery, s.markPurpose(ctx, tx, &prepared)
}

// factsOfPurpose reads the facts that a send needs: those of a chat, of a question to a contributor, or of a notice.
func (s *Store) factsOfPurpose(
	ctx context.Context,
	tx bun.Tx,
	in *chat.SendAssistantMessage,
) (*chat.SendFacts, error) {
	switch {
	case in.Question != nil:
		return s.questionFacts(ctx, tx, in)
	case in.Notice != nil:
		return s.noticeFacts(ctx, tx, in)
	}

	return s.sendFacts(ctx, tx, in)
}

// markPurpose notes that what the send is for, a question or a notice, has its message.
func (s *Store) markPurpose(ctx context.Context, tx bun.Tx, p *preparedSend) error {
	switch {
	case p.in.Question != nil:
		return s.markQuestionAsked(ctx, tx, p.in, p.ids.MessageID, p.now)
	case p.in.Notice != nil:
		return markNoticeBegun(ctx, tx, p.in, p.now)
	}

	return nil
}

func (s *Store) insertSend(
	ctx context.Context,
	tx bun.Tx,
	p *preparedSend,
) (chat.AssistantMessageSent, *deliveryRow, error) {
	message, err := p.insertMessage(ctx, tx)
	if err != nil {
		return chat.AssistantMessageSent{}, nil, err
	}

	if !message.Allowed || message.SameText || message.Behind && p.in.Question == nil {
		p.claim = nil
	}

	in := p.in
	delivery := p.newDelivery()
	statements := []bun.Query{
		tx.NewInsert().Model(&delivery).Returning("NULL"),
		p.touchChat(tx),
		p.insertAudit(s, tx),
	}

	if p.takesOver() {
		statements = append(statements, s.insertAudit(tx, takeoverEvent(in.WorkspaceID, in.By, &p.facts.Chat, p.now)))
	}

	if p.claim != nil {
		statements = append(statements, p.insertFirstAttempt(tx))
	}

	calls := toolCallRows(in.WorkspaceID, message.ID, in.ToolCalls, p.plan.Tools, p.now)
	if len(calls) > 0 {
		statements = append(statements, tx.NewInsert().Model(&calls))
	}

	sent := newSentMessage(&message, mapSlice(calls, (*toolCallRow).toolCall), &delivery)

	if p.plan.ApproveWithin > 0 {
		row := newApproval(in, p.plan, p.now)
		asked := []chat.Approval{row.approval()}

		if err := s.nameDeciders(ctx, tx, in.WorkspaceID, asked, []approvalRow{*row}); err != nil {
			return chat.AssistantMessageSent{}, nil, err
		}

		sent.Approval = &asked[0]

		statements = append(statements, tx.NewInsert().Model(row))
	}

	if p.hold != nil || sent.Approval != nil {
		statements = append(statements,
			moveAction(tx, delivery.actionKey(), chat.ActionParked, p.now, chat.ActionRunning))
	}

	err = s.batch(ctx, tx, statements...)
	if p.claim != nil && violationOf(err) == uniqueViolation {
		// Another delivery to the address was claimed at the same time.
		return chat.AssistantMessageSent{}, nil, errClaimAgain
	}

	return sent, &delivery, err
}

func newSentMessage(message *messageRow, calls []chat.ToolCall, delivery *deliveryRow) chat.AssistantMessageSent {
	d := delivery.delivery()
	sent := chat.AssistantMessageSent{
		ActionID:         message.ActionID,
		Number:           message.Number,
		MessageID:        message.ID,
		Content:          message.Content,
		CreatedAt:        message.CreatedAt.UTC(),
		DeliverySnapshot: d.Snapshot(),
	}

	if len(calls) > 0 {
		sent.ToolCalls = calls
	}

	return sent
}

// SentMessage is a send as it stands now, with its newest delivery: action_not_found,
// also for an action that is no send.
func (s *Store) SentMessage(
	ctx context.Context,
	ws chat.WorkspaceID,
	action chat.ActionID,
) (chat.AssistantMessageSent, error) {
	sent, err := s.findSentMessage(ctx, s.db, ws, action)
	return sent, wrapErr("find what an action has sent", err)
}

func (s *Store) findSentMessage(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	action chat.ActionID,
) (chat.AssistantMessageSent, error) {
	sent, err := s.findSentMessages(ctx, db, sentQuery{workspace: ws, actions: []chat.ActionID{action}})
	if err != nil {
		return chat.AssistantMessageSent{}, err
	}

	if len(sent) == 0 {
		return chat.AssistantMessageSent{}, notFound(chat.CodeActionNotFound, "action that sends")
	}

	return sent[0], nil
}

// needsApprovalOf reports whether a send with the calls has, or had, an approval.
func needsApprovalOf(calls []chat.ToolCall) bool {
	return slices.ContainsFunc(calls, func(c chat.ToolCall) bool { return c.Risk == chat.RiskApproval })
}

// moveMessage is the statement that puts an assistant's message into another state.
func moveMessage(tx bun.Tx, ws chat.WorkspaceID, id chat.MessageID, to chat.MessageState) *bun.UpdateQuery {
	return tx.NewUpdate().
		Model((*messageRow)(nil)).
		Set("state = ?", to).
		Where("workspace_id = ?", ws).
		Where("id = ?", id)
}
