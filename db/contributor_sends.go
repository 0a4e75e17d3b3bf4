package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// questionTurnWait is how long a question waits before it looks again whether it is its turn.
const questionTurnWait = 30 * time.Second

// turnOf is the state of the question in which each turn is sent.
var turnOf = map[chat.QuestionTurn]chat.QuestionState{
	chat.TurnQuestion: chat.QuestionPending,
	chat.TurnReminder: chat.QuestionAsked,
	chat.TurnAgain:    chat.QuestionUnreadable,
}

// notYourTurnError says that the contributor is asked something else by this sender.
func notYourTurnError() *chat.RetryLaterError {
	return &chat.RetryLaterError{
		After:   questionTurnWait,
		Code:    "busy",
		Message: "another question to this contributor is open",
	}
}

// questionFacts reads what decides about a question to a contributor as about a send to the
// chat's member, and holds the request and the chat: contributor_request_not_found;
// conflict when the question is not open any more. A [chat.RetryLaterError] says that it is
// not its turn yet.
func (s *Store) questionFacts(ctx context.Context, tx bun.Tx, in *chat.SendAssistantMessage) (*chat.SendFacts, error) {
	// First the request, as whatever answers it does.
	question, err := s.lockQuestion(ctx, tx, in)
	if err != nil {
		return nil, err
	}

	if err := checkTurn(ctx, tx, question, in.Question.Turn); err != nil {
		return nil, err
	}

	facts, err := s.chatFacts(ctx, tx, in.WorkspaceID, in.ChatID)
	if err != nil {
		return nil, err
	}

	return facts, s.addressQuestion(ctx, tx, question, facts)
}

// lockQuestion finds the question that is to be sent, in an open request of the chat, with
// its member.
func (s *Store) lockQuestion(ctx context.Context, tx bun.Tx, in *chat.SendAssistantMessage) (*questionRow, error) {
	request, err := s.lockRequest(ctx, tx, in.WorkspaceID, in.Question.RequestID)
	if err != nil {
		return nil, err
	}

	question := &questionRow{}

	err = tx.NewSelect().Model(question).Relation("Member").Where("k.workspace_id = ?", in.WorkspaceID).
		Where("k.request_id = ?", request.ID).Where("k.id = ?", in.Question.QuestionID).Scan(ctx)
	if err != nil {
		return nil, orNotFound(err, chat.CodeRequestNotFound, "contributor request")
	}

	switch {
	case request.ChatID != in.ChatID:
		return nil, notFound(chat.CodeRequestNotFound, "contributor request")
	case request.State != chat.RequestOpen || question.State != turnOf[in.Question.Turn]:
		return nil, chat.Errorf(
			chat.CodeConflict,
			"the question is not open any more: the request is %s, the contributor's part %s",
			request.State,
			question.State,
		)
	}

	return question, nil
}

// checkTurn holds back a question while another one is open to the same person over a channel
// on which an answer does not say which question it answers.
func checkTurn(ctx context.Context, tx bun.Tx, question *questionRow, turn chat.QuestionTurn) error {
	if turn != chat.TurnQuestion || question.Channel.Spec().AnswersNameQuestion {
		return nil
	}

	busy, err := tx.NewSelect().
		Model((*questionRow)(nil)).
		Where("k.workspace_id = ?", question.WorkspaceID).
		Where("k.sender = ?", question.Sender).
		Where("k.address = ?", question.currentAddress()).
		Where("k.channel = ?", question.Channel).
		Where("k.state IN ('asked', 'replied', 'unreadable')").
		Exists(ctx)
	if err == nil && busy {
		return notYourTurnError()
	}

	return err
}

// currentAddress is where the contributor is asked now: the address may have changed since
// the request.
func (r *questionRow) currentAddress() string {
	member := r.Member.member()

	return chat.FoldAddress(member.Address(r.Channel.Spec().Address))
}

// addressQuestion turns the facts from the chat's member to the contributor.
func (s *Store) addressQuestion(ctx context.Context, tx bun.Tx, question *questionRow, facts *chat.SendFacts) error {
	facts.Chat.Channel = question.Channel
	facts.Code = question.Code
	facts.Recipient = nil
	facts.PhoneNumber = nil
	facts.Inbox = nil
	facts.FirstSubject = ""
	facts.LastInboundID = ""
	facts.References = nil

	err := senderOf(ctx, tx, question.WorkspaceID, question.Sender, facts)
	if err != nil && chat.CodeOf(err) != chat.CodeSenderNotFound { // deleted since: the plan refuses
		return err
	}

	takesPart, err := tx.NewSelect().Model((*participantRow)(nil)).Where("p.workspace_id = ?", question.WorkspaceID).
		Where("p.chat_id = ?", facts.Chat.ID).Where("p.member_id = ?", question.MemberID).
		Where("p.role = ?", chat.ParticipantContributor).Exists(ctx)
	if err != nil {
		return err
	}

	if takesPart {
		contributor := question.Member.member()
		facts.Recipient = &contributor
	}

	err = loadSuppressed(ctx, tx, suppressionRow{
		WorkspaceID: question.WorkspaceID,
		Channel:     question.Channel,
		Sender:      facts.Sender(question.Channel).From,
		Address:     question.currentAddress(),
	}, facts)
	if err != nil || question.Channel.Spec().Format != chat.FormatEmail {
		return err
	}

	return readThread(ctx, tx, facts, question.ID)
}

// markQuestionAsked records that a question, which [Store.questionFacts] holds, is sent by
// this message, and that its answer is awaited now. A [chat.RetryLaterError] says that
// another question to the same person was faster.
func (s *Store) markQuestionAsked(
	ctx context.Context,
	tx bun.Tx,
	in *chat.SendAssistantMessage,
	message chat.MessageID,
	now time.Time,
) error {
	var question questionRow

	err := tx.NewSelect().
		Model(&question).
		Relation("Member").
		Where("k.workspace_id = ?", in.WorkspaceID).
		Where("k.id = ?", in.Question.QuestionID).
		Scan(ctx)
	if err != nil {
		return err
	}

	question.State = chat.QuestionAsked
	question.Address = question.currentAddress()
	question.AskedAt = &now
	question.UpdatedAt = now

	err = s.batch(ctx, tx,
		tx.NewUpdate().Model(&question).Column("state", "address", "asked_at", "updated_at").
			Where("workspace_id = ?", in.WorkspaceID).Where("id = ?", question.ID),
		tx.NewUpdate().
			Model((*messageRow)(nil)).
			Set("ask_id = ?", question.ID).
			Where("workspace_id = ?", in.WorkspaceID).
			Where("id = ?", message),
	)
	if violationOf(err) == uniqueViolation {
		return notYourTurnError().Because(err)
	}

	return err
}
