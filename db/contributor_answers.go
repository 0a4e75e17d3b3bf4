package db

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

const (
	// errorNotAnswered is the code of a tool call whose contributors have not answered.
	errorNotAnswered = "contributor_not_answered"
	// answeredReason is why a chat needs a response once a contributor has answered.
	answeredReason = "a contributor has answered"
)

// requestChange names the request that is changed, says what for, and when.
type requestChange struct {
	what      string
	workspace chat.WorkspaceID
	id        chat.ContributorRequestID
	now       time.Time
}

// changeRequest changes a request and its questions, with all that follows from it:
// contributor_request_not_found. It holds the request's row, so of two changes at once the
// second sees the first.
func (s *Store) changeRequest(
	ctx context.Context,
	in requestChange,
	change func(ctx context.Context, tx bun.Tx, r *chat.ContributorRequest) error,
) (chat.ContributorRequest, error) {
	var request chat.ContributorRequest
	err := s.inTx(ctx, in.what, func(ctx context.Context, tx bun.Tx) error {
		stored, err := s.lockRequest(ctx, tx, in.workspace, in.id)
		if err != nil {
			return err
		}

		request = stored
		request.Questions = slices.Clone(stored.Questions)

		if err := change(ctx, tx, &request); err != nil {
			return err
		}

		return s.saveRequest(ctx, tx, &request, &stored, in.now)
	})

	return request, err
}

func (s *Store) lockRequest(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	id chat.ContributorRequestID,
) (chat.ContributorRequest, error) {
	return findRequest(ctx, tx, s.locked(tx.NewSelect()), ws, id)
}

// saveRequest stores what has changed since before, which was open; nil: all of it. A
// request that is over now also ends its tool call.
func (s *Store) saveRequest(ctx context.Context, tx bun.Tx, r, before *chat.ContributorRequest, now time.Time) error {
	var statements []bun.Query

	for i := range r.Questions {
		if before == nil || questionChanged(&r.Questions[i], &before.Questions[i]) {
			statements = append(statements, saveQuestion(tx, r.WorkspaceID, &r.Questions[i], now))
		}
	}

	if r.State == chat.RequestOpen || before != nil && before.State != chat.RequestOpen {
		return s.batch(ctx, tx, statements...)
	}

	row := contributorRequestRow{
		State:     r.State,
		Note:      r.Note,
		Result:    r.Result,
		UpdatedAt: now,
	}

	statements = append(statements,
		tx.NewUpdate().Model(&row).Column("state", "note", "result", "updated_at").
			Where("workspace_id = ?", r.WorkspaceID).Where("id = ?", r.ID))

	if !r.Wait && r.State != chat.RequestCanceled {
		if err := s.callForAnswer(ctx, tx, r, now); err != nil {
			return err
		}
	}

	return s.batch(ctx, tx, append(statements, endToolCall(tx, r, now)...)...)
}

// questionChanged reports whether a question has to be stored.
func questionChanged(question, before *chat.ContributorQuestion) bool {
	return question.State != before.State || question.ReplyID != before.ReplyID || question.Why != before.Why
}

func saveQuestion(tx bun.Tx, ws chat.WorkspaceID, question *chat.ContributorQuestion, now time.Time) *bun.UpdateQuery {
	row := questionRow{
		State:      question.State,
		ReplyID:    question.ReplyID,
		Answer:     question.Answer,
		AnsweredAt: question.AnsweredAt,
		WrongCodes: question.WrongCodes,
		Trust:      question.Trust,
		Why:        question.Why,
		Language:   question.Language,
		Understood: question.Understood,
		UpdatedAt:  now,
	}

	return tx.NewUpdate().Model(&row).
		Column("state", "reply_id", "answer", "answered_at", "wrong_codes", "trust").
		Column("why", "language", "understood", "updated_at").
		Where("workspace_id = ?", ws).Where("id = ?", question.ID)
}

// callForAnswer makes the chat need a response, now that the request which no send waits for
// is over.
func (*Store) callForAnswer(ctx context.Context, tx bun.Tx, r *chat.ContributorRequest, now time.Time) error {
	reason := answeredReason
	if r.State != chat.RequestAnswered {
		reason = r.Note
	}

	err := editChat(ctx, requestResponse(tx.NewUpdate(), reason), r.WorkspaceID, r.ChatID, now)
	if chat.CodeOf(err) == chat.CodeChatNotFound {
		return nil // deleted meanwhile: nobody is to respond
	}

	return err
}

// endToolCall are the statements that give the tool call its outcome and, if the send waits
// for it, let the action run on. A call that was ended with its send stays as it is.
func endToolCall(tx bun.Tx, r *chat.ContributorRequest, now time.Time) []bun.Query {
	result := string(r.Result)
	if r.Result == nil {
		result = stateResult(r)
	}

	q := tx.NewUpdate().
		Model((*askingCallRow)(nil)).
		Set("updated_at = ?", now).
		Where("t.workspace_id = ?", r.WorkspaceID).
		Where("t.position = ?", r.Index).
		Where(
			"t.message_id = (SELECT message_id FROM contributor_requests WHERE workspace_id = ? AND id = ?)",
			r.WorkspaceID,
			r.ID,
		)

	if !r.Wait {
		return []bun.Query{q.Set("result = ?", result).Where("t.state = ?", chat.ToolCallSucceeded)}
	}

	q.Set("finished_at = ?", now).Where("t.state = ?", chat.ToolCallWaiting)

	if r.Result != nil {
		q.Set("state = ?", chat.ToolCallSucceeded).Set("result = ?", result)
	} else {
		q.Set("state = ?", chat.ToolCallFailed).Set("error_code = ?", errorNotAnswered).Set("error = ?", r.Note)
	}

	action := actionKey{workspace: r.WorkspaceID, id: r.ActionID}

	return []bun.Query{q, moveAction(tx, action, chat.ActionRunning, now, chat.ActionParked)}
}

// ReadReplies has read look at the replies that have come and were not read yet, and closes
// the request when its questions decide it: contributor_request_not_found. An error of read
// is why a reply is unreadable; its contributor may be asked again. read may note in the question how it
// has read the reply, and in which language the contributor is to be asked again.
//
// Idempotent: a reply is read once, and a request that is over stays as it is.
func (s *Store) ReadReplies(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.ContributorRequestID,
	read func(r *chat.ContributorRequest, a *chat.ContributorQuestion, text string) (json.RawMessage, error),
	now time.Time,
) (chat.ContributorRequest, error) {
	change := requestChange{
		what:      "read the replies of contributors",
		workspace: ws,
		id:        id,
		now:       toMicroseconds(now),
	}

	return s.changeRequest(ctx, change, func(ctx context.Context, tx bun.Tx, r *chat.ContributorRequest) error {
		if r.State != chat.RequestOpen {
			return nil
		}

		for i := range r.Questions {
			question := &r.Questions[i]
			if question.State != chat.QuestionReplied {
				continue
			}

			reply, err := findMessage(ctx, tx, ws, question.ReplyID)
			if err != nil {
				return err
			}

			answer, err := readAnswer(r, question, reply.Content, read)
			if err != nil {
				question.State = chat.QuestionUnreadable
				question.Why = chat.AsError(err).Message

				continue
			}

			markAnswered(question, answer, reply.CreatedAt)
		}

		r.Settle(change.now)

		return nil
	})
}

// readAnswer has read look at a reply that has the code which its question asked for, if it did.
func readAnswer(
	r *chat.ContributorRequest,
	question *chat.ContributorQuestion,
	text string,
	read func(r *chat.ContributorRequest, a *chat.ContributorQuestion, text string) (json.RawMessage, error),
) (json.RawMessage, error) {
	if question.LacksCode() {
		return nil, question.ErrorLacksCode()
	}

	return read(r, question, text)
}

func findMessage(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, id chat.MessageID) (messageRow, error) {
	var row messageRow
	err := tx.NewSelect().Model(&row).Where("m.workspace_id = ?", ws).Where("m.id = ?", id).Scan(ctx)

	return row, err
}

func markAnswered(question *chat.ContributorQuestion, answer json.RawMessage, at time.Time) {
	at = at.UTC()
	question.State = chat.QuestionAnswered
	question.Answer = answer
	question.AnsweredAt = &at
}

// AnswerRequest takes an answer that a contributor has given through the API, or somebody
// for them, as a message of the contributor's: contributor_request_not_found;
// member_not_found for who was not asked; already_decided when the request is over or the
// contributor has answered; conflict when the contributor could not be asked.
//
// Idempotent: an answer is known by its message.
func (s *Store) AnswerRequest(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.ContributorRequestID,
	in chat.ContributorAnswer,
	now time.Time,
) (chat.ContributorRequest, error) {
	change := requestChange{
		what:      "answer a contributor request",
		workspace: ws,
		id:        id,
		now:       toMicroseconds(now),
	}

	return s.changeRequest(ctx, change, func(ctx context.Context, tx bun.Tx, r *chat.ContributorRequest) error {
		at := slices.IndexFunc(r.Questions, func(q chat.ContributorQuestion) bool { return q.MemberID == in.MemberID })
		if at < 0 {
			return chat.Errorf(chat.CodeMemberNotFound, "this member was not asked")
		}

		question := &r.Questions[at]
		if question.State == chat.QuestionAnswered && question.ReplyID == in.MessageID {
			return nil
		}

		if err := checkTakesAnswer(ctx, tx, r, question); err != nil {
			return err
		}

		answer := newAnswerRow(r, question, &in, change.now)
		if by.MemberID != in.MemberID {
			answer.WrittenBy = by.MemberID
		}

		if err := s.addAnswer(ctx, tx, r, answer); err != nil {
			return err
		}

		question.ReplyID = in.MessageID
		question.Trust = "" // a key has given it
		question.Why = ""
		markAnswered(question, in.Answer, change.now)
		r.Settle(change.now)

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "contributor_request.answered",
			object:    string(id),
			detail:    changed{"chat_id": r.ChatID, "member_id": in.MemberID},
		})
	})
}

// newAnswerRow is an answer as a message of the contributor's.
func newAnswerRow(
	r *chat.ContributorRequest,
	question *chat.ContributorQuestion,
	in *chat.ContributorAnswer,
	now time.Time,
) *messageRow {
	return &messageRow{
		ID:          in.MessageID,
		WorkspaceID: r.WorkspaceID,
		ChatID:      r.ChatID,
		MemberID:    &question.MemberID,
		Role:        chat.RoleUserMessage,
		Content:     in.Text,
		State:       chat.MessageReceived,
		AskID:       question.ID,
		CreatedAt:   now,
	}
}

// checkTakesAnswer refuses an answer to what is over or answered already, and says by whom.
func checkTakesAnswer(
	ctx context.Context,
	tx bun.Tx,
	r *chat.ContributorRequest,
	question *chat.ContributorQuestion,
) error {
	if r.State == chat.RequestOpen && question.State.Open() {
		return nil
	}

	if err := addAnswerers(ctx, tx, r); err != nil {
		return err
	}

	switch {
	case r.State != chat.RequestOpen:
		return r.RefuseOver()
	case question.State == chat.QuestionAnswered:
		return question.RefuseAgain()
	}

	return chat.Errorf(chat.CodeConflict, "this contributor is not asked any more: %s", question.Why)
}

// addAnswer adds a contributor's answer to the request's chat. It asks for a response
// unless the request waits for it.
func (*Store) addAnswer(ctx context.Context, tx bun.Tx, r *chat.ContributorRequest, message *messageRow) error {
	q := tx.NewUpdate().Set("last_activity_at = ?", message.CreatedAt)
	if !r.Wait {
		requestResponse(q, "")
	}

	// First the chat: its row's lock makes numbers rise in the order of commits.
	if err := editChat(ctx, q, r.WorkspaceID, r.ChatID, message.CreatedAt); err != nil {
		return err
	}

	_, err := tx.NewInsert().Model(message).Exec(ctx)

	return err
}

// EndRequest ends a request for another reason than its answers, at its deadline or because
// it is canceled: contributor_request_not_found. by is zero for Handrail itself, which is
// not audited. A deadline ends nothing while a reply waits to be read: it came in time. Nor
// does one that was moved meanwhile.
//
// Idempotent: a request that is over stays as it is.
func (s *Store) EndRequest(
	ctx context.Context,
	by chat.Actor,
	in chat.ContributorStep,
	now time.Time,
) (chat.ContributorRequest, error) {
	change := requestChange{
		what:      "end a contributor request",
		workspace: in.WorkspaceID,
		id:        in.RequestID,
		now:       toMicroseconds(now),
	}

	return s.changeRequest(ctx, change, func(ctx context.Context, tx bun.Tx, r *chat.ContributorRequest) error {
		unread := slices.ContainsFunc(r.Questions, func(q chat.ContributorQuestion) bool {
			return q.State == chat.QuestionReplied
		})

		switch {
		case r.State != chat.RequestOpen:
			return addAnswerers(ctx, tx, r)
		case in.State == chat.RequestExpired && unread:
			return nil
		case !in.Deadline.IsZero() && r.Deadline.After(in.Deadline):
			return nil
		}

		r.End(in.State, in.Note, change.now)

		if by == (chat.Actor{}) {
			return nil
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: in.WorkspaceID,
			by:        by,
			verb:      "contributor_request." + string(r.State),
			object:    string(in.RequestID),
			detail:    changed{"chat_id": r.ChatID},
		})
	})
}

// FailQuestion records why a contributor could not be asked, and closes the request when
// nobody is left who could answer: contributor_request_not_found.
//
// Idempotent: a question that is over stays as it is.
func (s *Store) FailQuestion(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.QuestionID,
	why string,
	now time.Time,
) (chat.ContributorRequest, error) {
	now = toMicroseconds(now)

	// A question never changes its request, so it needs no lock.
	var row questionRow

	err := s.db.NewSelect().
		Model(&row).
		Column("request_id").
		Where("k.workspace_id = ?", ws).
		Where("k.id = ?", id).
		Scan(ctx)
	if err != nil {
		err = orNotFound(err, chat.CodeRequestNotFound, "contributor request")
		return chat.ContributorRequest{}, wrapErr("find who was asked", err)
	}

	change := requestChange{
		what:      "record that a contributor could not be asked",
		workspace: ws,
		id:        row.RequestID,
		now:       now,
	}

	return s.changeRequest(ctx, change, func(_ context.Context, _ bun.Tx, r *chat.ContributorRequest) error {
		failQuestion(r, id, why, now)
		return nil
	})
}

// failQuestion ends an open question, and the request when that decides it.
func failQuestion(r *chat.ContributorRequest, id chat.QuestionID, why string, now time.Time) {
	for i := range r.Questions {
		if r.State == chat.RequestOpen && r.Questions[i].ID == id && r.Questions[i].State.Open() {
			r.Questions[i].State = chat.QuestionFailed
			r.Questions[i].Why = why
		}
	}

	r.Settle(now)
}
