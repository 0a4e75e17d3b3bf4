package db

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// inboundQuestion is what an inbound message has to do with a question to a contributor.
type inboundQuestion struct {
	// askID is that of the message which is answered, "" for none; certain reports that it
	// was found by a token, which nobody has but who was asked.
	askID   chat.QuestionID
	certain bool
	// request holds the question, at this index of its questions; nil when the message has
	// nothing to do with one.
	request *chat.ContributorRequest
	index   int
	address string
	// answers reports that the message is the answer that is waited for; machine that it would be, if
	// a machine had not written it.
	answers, machine bool
	// code is what the answer must have.
	code string
}

// current is the question, a zero one when there is none.
func (q *inboundQuestion) current() *chat.ContributorQuestion {
	if q.request == nil {
		return &chat.ContributorQuestion{}
	}

	return &q.request.Questions[q.index]
}

// needsNoResponse reports that the message needs no response: a send waits for it, or nobody has
// written it.
func (q *inboundQuestion) needsNoResponse() bool { return q.answers && q.request.Wait || q.machine }

// findQuestion finds the question that the message is about, and holds its request: the one
// that was answered by a token or the headers of an email, else the newest one that its
// sender has sent to who wrote and that is still open.
func (s *Store) findQuestion(ctx context.Context, tx bun.Tx, a *arrival) error {
	var asked questionRow

	q := tx.NewSelect().Model(&asked).Where("k.workspace_id = ?", a.workspace)
	switch {
	case a.question.askID != "":
		q.Where("k.id = ?", a.question.askID)
	case a.chat != nil && !a.guessable || a.Automatic != "" || a.sender() == "" || a.From == "":
		return nil
	default:
		a.asked(q).Where("k.state IN ('asked', 'replied', 'unreadable')")
	}

	if err := q.Scan(ctx); err != nil {
		return unlessNone(err)
	}

	request, err := s.lockRequest(ctx, tx, a.workspace, asked.RequestID)
	if err != nil {
		return err
	}

	// A thread root is that of a chat, whatever its mails were about.
	if a.guessable && request.ChatID != a.chat.ID {
		return nil
	}

	found := inboundQuestion{
		askID:   asked.ID,
		certain: a.question.certain,
		request: &request,
		index:   indexOfQuestion(&request, asked.ID),
		address: asked.Address,
		code:    asked.Code,
	}
	found.answers = a.isAnswer(&found)

	if found.answers && !a.isPersons(&found) {
		found.answers = false
		found.machine = true
	}

	return a.joinQuestionChat(ctx, tx, found)
}

func indexOfQuestion(r *chat.ContributorRequest, id chat.QuestionID) int {
	return slices.IndexFunc(r.Questions, func(q chat.ContributorQuestion) bool { return q.ID == id })
}

// asked narrows a query of questions to the newest that the sender has sent to who wrote.
func (a *arrival) asked(q *bun.SelectQuery) *bun.SelectQuery {
	return q.Where("k.sender = ?", a.sender()).
		Where("k.address = ?", chat.FoldAddress(a.From)).
		Where("k.asked_at IS NOT NULL").
		OrderExpr("k.asked_at DESC").
		Limit(1)
}

// isAnswer reports whether the message answers the question, which is held. What headers
// refer to may have been forwarded, so they need the address that was asked as well. START
// is what providers make of a yes, so it does not stand in the way. Whom a form or a group names as
// the author has shown less than whom it says it is from, and answers by the address alone nothing; a
// mail that is not shown to be from its address answers nothing either, nor does what comes after too
// many wrong codes.
func (a *arrival) isAnswer(q *inboundQuestion) bool {
	state := q.current().State

	return q.request.State == chat.RequestOpen && state.Open() && state != chat.QuestionPending &&
		!q.current().IsLocked() && a.Automatic == "" &&
		a.Keyword != chat.KeywordStop && a.Keyword != chat.KeywordHelp &&
		a.mayAnswer(q) && (q.certain || a.Via == "" && q.address == chat.FoldAddress(a.From))
}

// isPersons reports whether the answer is a person's own, or a reaction that says yes or no to the
// question. A reaction takes the place of no answer that is still to be read.
func (a *arrival) isPersons(q *inboundQuestion) bool {
	_, reacts := q.request.ReactionAnswer(a.Text)

	return q.request.MayAnswer(a.Text) && (!reacts || q.current().State != chat.QuestionReplied)
}

// joinQuestionChat brings the message into the chat of a question. An answer gets there also
// if the chat is archived, any other message is then one like all others; so is one that was
// found by its sender alone, when the question was closed meanwhile.
func (a *arrival) joinQuestionChat(ctx context.Context, tx bun.Tx, q inboundQuestion) error {
	byAddress := a.question.askID == ""
	a.question.askID = ""

	if byAddress && !q.answers && (q.request.State != chat.RequestOpen || !q.current().State.Open()) {
		return nil
	}

	row, err := findChat(ctx, tx.NewSelect(), a.workspace, q.request.ChatID)
	if chat.CodeOf(err) == chat.CodeChatNotFound || err == nil && row.State == chat.StateArchived && !q.answers {
		a.chat = nil
		return nil
	}

	if err != nil {
		return err
	}

	a.chat = &row
	a.question = q

	return nil
}

// findLateQuestion finds the newest question that the sender has ever sent to who wrote.
// What comes after its request is over belongs to the same chat, rather than to a new one.
func (a *arrival) findLateQuestion(ctx context.Context, tx bun.Tx) error {
	if a.sender() == "" || a.From == "" {
		return nil
	}

	var asked questionRow

	err := a.asked(tx.NewSelect().Model(&asked).Where("k.workspace_id = ?", a.workspace)).Scan(ctx)
	if err != nil {
		return unlessNone(err)
	}

	request, err := findRequest(ctx, tx, tx.NewSelect(), a.workspace, asked.RequestID)
	if err != nil {
		return err
	}

	row, err := findChat(ctx, selectActive(tx.NewSelect()), a.workspace, request.ChatID)
	if chat.CodeOf(err) == chat.CodeChatNotFound {
		return nil
	}

	a.chat = &row
	a.question = inboundQuestion{
		request: &request,
		index:   indexOfQuestion(&request, asked.ID),
		address: asked.Address,
	}

	return err
}

// endByStop ends the question to who has said STOP: no answer may come over this channel
// any more.
func (s *Store) endByStop(ctx context.Context, tx bun.Tx, a *arrival) error {
	q := &a.question
	if a.Keyword != chat.KeywordStop || q.request == nil || q.current().Sender != a.sender() ||
		q.address != chat.FoldAddress(a.From) {
		return nil
	}

	before := *q.request
	q.request.Questions = slices.Clone(before.Questions)
	failQuestion(q.request, q.current().ID, chat.ReasonOptedOut, a.now)
	a.Awaited = q.request.WorkflowID

	return s.saveRequest(ctx, tx, q.request, &before, a.now)
}

// takeReply records that the message, which is stored, is the reply to its question.
func (s *Store) takeReply(ctx context.Context, tx bun.Tx, a *arrival) error {
	q := &a.question
	if !q.answers {
		return nil
	}

	replied := q.current()
	replied.TakeReply(a.message, a.Trust)
	a.Awaited = q.request.WorkflowID

	_, err := saveQuestion(tx, a.workspace, replied, a.now).Exec(ctx)

	return err
}
