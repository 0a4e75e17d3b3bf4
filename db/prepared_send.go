package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/canonical"
	"handrail/chat"
)

// preparedSend is a send with what was read and planned for it.
type preparedSend struct {
	sendRequest
	facts *chat.SendFacts
	plan  *chat.SendPlan
	now   time.Time
	// hold is why the send waits for a person, nil if it does not.
	hold *chat.DatabaseHold
}

// takesOver reports whether the send takes the chat over for the person who speaks in it.
func (p *preparedSend) takesOver() bool {
	taken := p.facts.Chat.Takeover

	return p.facts.Author == chat.AuthorPerson && (taken == nil || taken.By != p.in.By.MemberID)
}

// touchChat is the statement that notes that something has happened in the chat, and who has taken it over by that.
func (p *preparedSend) touchChat(tx bun.Tx) bun.Query {
	touch := tx.NewUpdate().
		Model((*chatRow)(nil)).
		Set("last_activity_at = ?", p.now).
		Set("updated_at = ?", p.now).
		Where("workspace_id = ?", p.in.WorkspaceID).
		Where("id = ?", p.in.ChatID)

	if p.takesOver() {
		touch.Set("taken_over_by = ?", p.in.By.MemberID).Set("taken_over_at = ?", p.now)
	}

	return touch
}

// insertMessage stores the message of a send, and reads whether it may be posted: the facts are as
// old as the wait for the chat's lock, and who has opted out meanwhile must not be written to.
func (p *preparedSend) insertMessage(ctx context.Context, tx bun.Tx) (messageRow, error) {
	in := p.in
	row := messageRow{
		ID:             p.ids.MessageID,
		WorkspaceID:    in.WorkspaceID,
		ChatID:         in.ChatID,
		MemberID:       p.facts.Chat.AssistantMemberID,
		Role:           chat.RoleAssistantMessage,
		Content:        in.Message,
		State:          chat.MessagePending,
		ActionID:       in.ActionID,
		EmailSubject:   p.plan.Payload.Subject,
		EmailMessageID: p.plan.Payload.Headers["Message-ID"],
		CreatedAt:      p.now,
	}

	if p.facts.Author == chat.AuthorPerson {
		row.WrittenBy = in.By.MemberID
	}

	if in.Question != nil {
		row.AskID = in.Question.QuestionID
	}

	_, err := tx.NewInsert().
		Model(&row).
		Returning("number").
		Returning(plannedAllowedNow+" AS allowed", p.postingArgs()...).
		Returning(sameTextNow+" AS same_text", textKey(p.plan), p.claimTime()).
		Returning(plannedHasOlder+" AS behind", p.in.WorkspaceID, p.in.ChatID, p.canonicalTo()).
		Exec(ctx)

	return row, err
}

// canonicalTo is the address as deliveries have it.
func (p *preparedSend) canonicalTo() string {
	return canonical.Of(p.plan.Channel.Spec().Address, p.plan.To)
}

// postingArgs are the parameters of [plannedPosting].
func (p *preparedSend) postingArgs() []any {
	return []any{
		p.in.WorkspaceID,
		p.in.ChatID,
		p.facts.Recipient.ID,
		p.plan.Channel,
		p.plan.From,
		p.plan.To,
		p.plan.ToGiven,
		chat.FoldAddress(p.plan.To),
		p.seenMessage(),
		p.facts.Author == chat.AuthorAssistant,
	}
}

// seenMessage is the number of the message after which the customer must not have written, nil for none.
func (p *preparedSend) seenMessage() *int64 {
	if p.facts.Seen == nil {
		return nil
	}

	return &p.facts.Seen.Number
}

// claimTime is when the first claim is decided.
func (p *preparedSend) claimTime() time.Time {
	if p.claim != nil {
		return p.claim.now
	}

	return p.now
}

// insertAudit is the statement that notes the send in the audit log.
func (p *preparedSend) insertAudit(s *Store, tx bun.Tx) bun.Query {
	verb := "message.sent_as_assistant"
	if p.in.Notice != nil {
		verb = "notice.sent"
	}

	return s.insertAudit(tx, auditEvent{
		workspace: p.in.WorkspaceID,
		by:        p.in.By,
		verb:      verb,
		object:    string(p.ids.MessageID),
		detail: changed{
			"chat_id":    p.in.ChatID,
			"action_id":  p.in.ActionID,
			"tool_calls": len(p.in.ToolCalls),
		},
	})
}

// insertFirstAttempt is the statement that stores the attempt of the first claim.
func (p *preparedSend) insertFirstAttempt(tx bun.Tx) bun.Query {
	attempt := attemptRow{
		WorkspaceID: p.in.WorkspaceID,
		DeliveryID:  p.ids.DeliveryID,
		Fence:       1,
		Sender:      p.plan.Sender,
		StartedAt:   p.claim.now,
	}

	return tx.NewInsert().Model(&attempt)
}

// newDelivery is the delivery of the send, which its claim may already be sending.
func (p *preparedSend) newDelivery() deliveryRow {
	row := plannedDelivery(p.plan, p.now)
	row.ID = p.ids.DeliveryID
	row.ToMemberID = p.facts.Recipient.ID
	row.WorkspaceID = p.in.WorkspaceID
	row.ChatID = p.in.ChatID
	row.MessageID = p.ids.MessageID
	row.ActionID = p.in.ActionID
	row.PurposeKey = "send:" + string(p.ids.MessageID)
	row.ByPerson = p.facts.Author == chat.AuthorPerson

	if p.in.Notice != nil {
		row.PurposeKey = noticePurpose(p.in.Notice.NoticeID)
		// It is not the assistant's: no brake stops it.
		row.ByPerson = true
	}

	if !p.in.AcceptedAt.IsZero() {
		row.AcceptedAt = new(toMicroseconds(p.in.AcceptedAt))
	}

	if p.facts.Seen != nil {
		row.SeenMessage = p.facts.Seen.Number
	}

	// Nobody can have answered what has not happened yet.
	row.Watermark = min(p.in.Watermark, p.facts.Chat.Attention)

	if p.claim != nil {
		row.Submission = chat.SubmissionSending
		row.Fence = 1
		row.LeaseUntil = &p.claim.until
		row.EvidenceUntil = &p.claim.evidence
	}

	if p.hold != nil {
		row.hold(p.hold, p.now)
	}

	return row
}

// plannedDelivery is a delivery of what was planned, which belongs to nothing yet.
func plannedDelivery(planned *chat.SendPlan, now time.Time) deliveryRow {
	plan := *planned
	// That of an old delivery may be older than the rule that there is one form.
	plan.To = canonical.Of(plan.Channel.Spec().Address, plan.To)

	row := deliveryRow{
		Channel:    plan.Channel,
		Provider:   plan.Provider,
		TextKey:    textKey(&plan),
		Sender:     plan.Sender,
		From:       plan.From,
		To:         plan.To,
		ToGiven:    plan.ToGiven,
		ToFolded:   chat.FoldAddress(plan.To),
		Payload:    plan.Payload,
		Policy:     plan.Policy,
		Submission: chat.SubmissionPending,
		Evidence:   chat.EvidenceNone,
		Segments:   plan.Payload.Segments,
		Duplicate:  chat.DuplicateNone,
		CreatedAt:  now,
		UpdatedAt:  now,
		SweepAfter: now,
	}

	// Its own for each delivery, also for one that repeats another: it names whom this one is for.
	if address := row.Payload.ReplyTo; address != "" {
		token := chat.NewReplyToken()
		row.Payload.ReplyTo = token.Address(address)
		row.ReplyToken = token.Hash()
	}

	return row
}
