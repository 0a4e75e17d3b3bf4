package db

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// OpenRequest stores a question of a tool call to contributors of its chat, and that the
// call waits for their answers or, if it does not wait, has succeeded: action_not_found;
// invalid_tool_arguments when nobody can be asked; conflict when the call is over. Who can
// not be reached among several has failed from the beginning.
//
// Idempotent: it holds the tool call's row, and a call opens one request; the second time
// the first one is returned, with its own id and workflow.
func (s *Store) OpenRequest(
	ctx context.Context,
	in chat.NewContributorRequest,
	now time.Time,
) (chat.ContributorRequest, error) {
	now = toMicroseconds(now)
	var request chat.ContributorRequest
	err := s.inTx(ctx, "open a contributor request", func(ctx context.Context, tx bun.Tx) error {
		call, err := s.lockAskingCall(ctx, tx, &in)
		if err != nil {
			return err
		}

		var stored contributorRequestRow

		err = tx.NewSelect().Model(&stored).Column("id").Where("r.workspace_id = ?", in.WorkspaceID).
			Where("r.message_id = ?", call.MessageID).Where("r.position = ?", in.Index).Scan(ctx)
		if err == nil {
			request, err = findRequest(ctx, tx, tx.NewSelect(), in.WorkspaceID, stored.ID)
			return err
		}

		if !noRows(err) {
			return err
		}

		if call.State != chat.ToolCallPending {
			return chat.Errorf(chat.CodeConflict, "the tool call is %s and asks nobody any more", call.State)
		}

		request, err = s.insertRequest(ctx, tx, &in, call, now)

		return err
	})

	return request, err
}

func (s *Store) lockAskingCall(ctx context.Context, tx bun.Tx, in *chat.NewContributorRequest) (*askingCallRow, error) {
	var call askingCallRow
	q := tx.NewSelect().
		Model(&call).
		ColumnExpr("t.*").
		ColumnExpr("m.chat_id AS chat_id").
		ColumnExpr("COALESCE(a.requested_by, 0) AS requested_by").
		Join("JOIN messages AS m ON m.workspace_id = t.workspace_id AND m.id = t.message_id").
		Join("JOIN actions AS a ON a.workspace_id = m.workspace_id AND a.id = m.action_id").
		Where("t.workspace_id = ?", in.WorkspaceID).
		Where("m.action_id = ?", in.ActionID).
		Where("t.position = ?", in.Index)
	err := s.locked(q).Scan(ctx)

	return &call, orNotFound(err, chat.CodeActionNotFound, "action or tool call")
}

func (s *Store) insertRequest(
	ctx context.Context,
	tx bun.Tx,
	in *chat.NewContributorRequest,
	call *askingCallRow,
	now time.Time,
) (chat.ContributorRequest, error) {
	row := contributorRequestRow{
		ID:          in.ID,
		WorkspaceID: in.WorkspaceID,
		ChatID:      call.ChatID,
		MessageID:   call.MessageID,
		Position:    in.Index,
		ActionID:    in.ActionID,
		RequestedBy: call.RequestedBy,
		Question:    in.Question,
		Hint:        in.Hint,
		Expects:     in.Expects,
		Require:     in.Require,
		Wait:        in.Wait,
		Fallback:    in.Default,
		Reminders:   in.Reminders,
		State:       chat.RequestOpen,
		Deadline:    toMicroseconds(now.Add(in.Within)),
		WorkflowID:  in.WorkflowID,
		CreatedAt:   now,
		UpdatedAt:   now,
		Call:        call,
	}

	questions, err := s.newQuestions(ctx, tx, in, call.ChatID, now)
	if err != nil {
		return chat.ContributorRequest{}, err
	}

	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return chat.ContributorRequest{}, err
	}

	if _, err := tx.NewInsert().Model(&questions).Exec(ctx); err != nil {
		return chat.ContributorRequest{}, err
	}

	request := row.request()
	request.Questions = mapSlice(questions, (*questionRow).question)

	if err := s.batch(ctx, tx, startAskingCall(tx, &request, call, now)...); err != nil {
		return chat.ContributorRequest{}, err
	}

	// With somebody who cannot be reached, an answer of all cannot come.
	if request.Settle(now) {
		err = s.saveRequest(ctx, tx, &request, nil, now)
	}

	return request, err
}

// startAskingCall are the statements that start the tool call, and make its action wait with
// it.
func startAskingCall(tx bun.Tx, r *chat.ContributorRequest, call *askingCallRow, now time.Time) []bun.Query {
	q := tx.NewUpdate().
		Model((*toolCallRow)(nil)).
		Set("attempts = 1").
		Set("started_at = ?", now).
		Set("updated_at = ?", now).
		Where("workspace_id = ?", r.WorkspaceID).
		Where("message_id = ?", call.MessageID).
		Where("position = ?", r.Index)

	if r.Wait {
		action := actionKey{workspace: r.WorkspaceID, id: r.ActionID}

		return []bun.Query{
			q.Set("state = ?", chat.ToolCallWaiting),
			moveAction(tx, action, chat.ActionParked, now, chat.ActionRunning),
		}
	}

	return []bun.Query{
		q.Set("state = ?", chat.ToolCallSucceeded).Set("result = ?", stateResult(r)).Set("finished_at = ?", now),
	}
}

// stateResult is the result of a tool call that has no answer to show.
func stateResult(r *chat.ContributorRequest) string {
	return fmt.Sprintf(`{"contributor_request_id":%q,"state":%q}`, r.ID, r.State)
}

// newQuestions are the parts of those who are asked.
func (s *Store) newQuestions(
	ctx context.Context,
	tx bun.Tx,
	in *chat.NewContributorRequest,
	id chat.ChatID,
	now time.Time,
) ([]questionRow, error) {
	var inChat chatRow

	err := tx.NewSelect().
		Model(&inChat).
		Relation("PhoneNumber").
		Relation("Inbox").
		Where("c.workspace_id = ?", in.WorkspaceID).
		Where("c.id = ?", id).
		Where("c.deleted_at IS NULL").
		Scan(ctx)
	if err != nil {
		return nil, orNotFound(err, chat.CodeChatNotFound, "chat")
	}

	reached, err := s.reachContributors(ctx, tx, (&factsRow{chatRow: inChat}).facts())
	if err != nil {
		return nil, err
	}

	reached = slices.DeleteFunc(reached, func(r chat.Reach) bool {
		return in.ContributorID != 0 && r.Member.ID != in.ContributorID
	})

	if err := checkReachable(reached, in.Index); err != nil {
		return nil, err
	}

	return mapSlice(reached, func(r *chat.Reach) questionRow {
		member := memberRowOf(&r.Member)
		question := questionRow{
			ID:          chat.QuestionID(in.NewQuestionID()),
			WorkspaceID: in.WorkspaceID,
			RequestID:   in.ID,
			MemberID:    r.Member.ID,
			Channel:     cmp.Or(r.Channel, chat.ChannelEmail),
			Sender:      r.Sender,
			Address:     chat.FoldAddress(r.To),
			State:       chat.QuestionPending,
			UpdatedAt:   now,
			Member:      &member,
		}

		if in.Confirm && question.Channel.Spec().Address == chat.AddressPhone {
			question.Code = chat.NewAnswerCode()
		}

		if r.Why != "" {
			question.State = chat.QuestionFailed
			question.Why = r.Why
		}

		return question
	}), nil
}

// checkReachable refuses a question that nobody would get.
func checkReachable(reached []chat.Reach, index int) error {
	field := fmt.Sprintf("tool_calls[%d].arguments.contributor_id", index)
	if len(reached) == 0 {
		return chat.InvalidAs(
			chat.CodeInvalidToolArguments,
			field,
			"must be a contributor of this chat; add one with POST /chats/{id}/participants",
		)
	}

	if !slices.ContainsFunc(reached, func(r chat.Reach) bool { return r.Why == "" }) {
		return chat.InvalidAs(
			chat.CodeInvalidToolArguments,
			field,
			"must be a contributor who can be reached: %s",
			reached[0].Why,
		)
	}

	return nil
}
