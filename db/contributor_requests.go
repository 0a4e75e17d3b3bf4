package db

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type contributorRequestRow struct {
	bun.BaseModel `bun:"table:contributor_requests,alias:r"`

	ID          chat.ContributorRequestID    `bun:"id,pk"`
	WorkspaceID chat.WorkspaceID             `bun:"workspace_id,pk"`
	ChatID      chat.ChatID                  `bun:"chat_id"`
	MessageID   chat.MessageID               `bun:"message_id"`
	Position    int                          `bun:"position"`
	ActionID    chat.ActionID                `bun:"action_id"`
	RequestedBy chat.MemberID                `bun:"requested_by,nullzero"`
	Question    string                       `bun:"question"`
	Hint        string                       `bun:"hint"`
	Expects     json.RawMessage              `bun:"expects,nullzero"`
	Require     string                       `bun:"require"`
	Wait        bool                         `bun:"wait"`
	Fallback    json.RawMessage              `bun:"fallback,nullzero"`
	Reminders   int                          `bun:"reminders"`
	State       chat.ContributorRequestState `bun:"state"`
	Note        string                       `bun:"note"`
	Deadline    time.Time                    `bun:"deadline"`
	Result      json.RawMessage              `bun:"result,nullzero"`
	WorkflowID  string                       `bun:"workflow_id"`
	CreatedAt   time.Time                    `bun:"created_at"`
	UpdatedAt   time.Time                    `bun:"updated_at"`

	Call *askingCallRow `bun:"rel:belongs-to,join:workspace_id=workspace_id,join:message_id=message_id,join:position=position"`
}

func (r *contributorRequestRow) request() chat.ContributorRequest {
	request := chat.ContributorRequest{
		ID:          r.ID,
		WorkspaceID: r.WorkspaceID,
		ChatID:      r.ChatID,
		ActionID:    r.ActionID,
		Index:       r.Position,
		RequestedBy: r.RequestedBy,
		Question:    r.Question,
		Hint:        r.Hint,
		Expects:     r.Expects,
		Require:     r.Require,
		Wait:        r.Wait,
		Default:     r.Fallback,
		Reminders:   r.Reminders,
		State:       r.State,
		Note:        r.Note,
		Deadline:    r.Deadline.UTC(),
		Result:      r.Result,
		Questions:   []chat.ContributorQuestion{},
		WorkflowID:  r.WorkflowID,
		CreatedAt:   r.CreatedAt.UTC(),
		UpdatedAt:   r.UpdatedAt.UTC(),
	}

	if r.Call != nil {
		request.CallID = r.Call.CallID
	}

	return request
}

// askingCallRow is as much of a tool call as a request needs, with whose it is.
type askingCallRow struct {
	bun.BaseModel `bun:"table:tool_calls,alias:t"`

	WorkspaceID chat.WorkspaceID   `bun:"workspace_id,pk"`
	MessageID   chat.MessageID     `bun:"message_id,pk"`
	Position    int                `bun:"position,pk"`
	CallID      string             `bun:"call_id"`
	State       chat.ToolCallState `bun:"state"`

	ChatID      chat.ChatID   `bun:"chat_id,scanonly"`
	RequestedBy chat.MemberID `bun:"requested_by,scanonly"`
}

type questionRow struct {
	bun.BaseModel `bun:"table:contributor_asks,alias:k"`

	ID          chat.QuestionID           `bun:"id,pk"`
	WorkspaceID chat.WorkspaceID          `bun:"workspace_id,pk"`
	RequestID   chat.ContributorRequestID `bun:"request_id"`
	MemberID    chat.MemberID             `bun:"member_id"`
	Channel     chat.Channel              `bun:"channel"`
	Sender      string                    `bun:"sender"`
	// Address is folded.
	Address    string             `bun:"address"`
	State      chat.QuestionState `bun:"state"`
	ReplyID    chat.MessageID     `bun:"reply_id,nullzero"`
	Answer     json.RawMessage    `bun:"answer,nullzero"`
	AnsweredAt *time.Time         `bun:"answered_at"`
	Trust      chat.Trust         `bun:"trust"`
	Code       string             `bun:"code"`
	WrongCodes int                `bun:"wrong_codes"`
	Why        string             `bun:"why"`
	Language   string             `bun:"language"`
	Understood json.RawMessage    `bun:"understood,nullzero"`
	AskedAt    *time.Time         `bun:"asked_at"`
	UpdatedAt  time.Time          `bun:"updated_at"`

	Member *memberRow `bun:"rel:belongs-to,join:workspace_id=workspace_id,join:member_id=id"`
}

func (r *questionRow) question() chat.ContributorQuestion {
	question := chat.ContributorQuestion{
		ID:         r.ID,
		MemberID:   r.MemberID,
		Channel:    r.Channel,
		Sender:     r.Sender,
		State:      r.State,
		ReplyID:    r.ReplyID,
		Answer:     r.Answer,
		AnsweredAt: chat.UTC(r.AnsweredAt),
		Confirm:    r.Code != "",
		WrongCodes: r.WrongCodes,
		Trust:      r.Trust,
		Why:        r.Why,
		Language:   r.Language,
		Understood: r.Understood,
	}

	if r.Member != nil {
		question.MemberName = r.Member.Name
	}

	return question
}

// ContributorRequest finds a request to contributors with its questions:
// contributor_request_not_found.
func (s *Store) ContributorRequest(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.ContributorRequestID,
) (chat.ContributorRequest, error) {
	request, err := findRequest(ctx, s.db, s.db.NewSelect(), ws, id)
	if err != nil {
		return request, wrapErr("find a contributor request", err)
	}

	return request, wrapErr("read the replies to a question", addReplies(ctx, s.db, ws, &request))
}

// addReplies fills in the words of those who have replied.
func addReplies(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, request *chat.ContributorRequest) error {
	var ids []chat.MessageID

	for i := range request.Questions {
		if request.Questions[i].ReplyID != "" {
			ids = append(ids, request.Questions[i].ReplyID)
		}
	}

	if len(ids) == 0 {
		return nil
	}

	var rows []messageRow

	err := db.NewSelect().Model(&rows).Column("id", "content").
		Where("m.workspace_id = ?", ws).Where("m.id IN ?", bun.Tuple(ids)).Scan(ctx)

	for i := range rows {
		for k := range request.Questions {
			if request.Questions[k].ReplyID == rows[i].ID {
				request.Questions[k].Reply = rows[i].Content
			}
		}
	}

	return err
}

// addAnswerers fills in the names of those who have answered for contributors.
func addAnswerers(ctx context.Context, db bun.IDB, r *chat.ContributorRequest) error {
	var rows []struct {
		QuestionID chat.QuestionID `bun:"question_id"`
		Name       string          `bun:"name"`
	}

	err := db.NewSelect().
		Model((*questionRow)(nil)).
		ColumnExpr("k.id AS question_id, w.name AS name").
		Join("JOIN messages AS m ON m.workspace_id = k.workspace_id AND m.id = k.reply_id").
		Join("JOIN members AS w ON w.workspace_id = m.workspace_id AND w.id = m.written_by").
		Where("k.workspace_id = ?", r.WorkspaceID).
		Where("k.request_id = ?", r.ID).
		Where("k.state = ?", chat.QuestionAnswered).
		Scan(ctx, &rows)

	for _, row := range rows {
		for i := range r.Questions {
			if r.Questions[i].ID == row.QuestionID {
				r.Questions[i].AnsweredBy = row.Name
			}
		}
	}

	return err
}

// findRequest finds a request by q, which may hold its row.
func findRequest(
	ctx context.Context,
	db bun.IDB,
	q *bun.SelectQuery,
	ws chat.WorkspaceID,
	id chat.ContributorRequestID,
) (chat.ContributorRequest, error) {
	var row contributorRequestRow

	err := q.Model(&row).Relation("Call").Where("r.workspace_id = ?", ws).Where("r.id = ?", id).Scan(ctx)
	if err != nil {
		return chat.ContributorRequest{}, orNotFound(err, chat.CodeRequestNotFound, "contributor request")
	}

	all := []chat.ContributorRequest{row.request()}
	err = addQuestions(ctx, db, ws, all)

	return all[0], err
}

var contributorRequestsOrder = keyset[contributorRequestRow, chat.ContributorRequestID]{
	list: "contributor_requests",
	id:   "r.id",
	idOf: func(r *contributorRequestRow) chat.ContributorRequestID { return r.ID },
	times: []timeColumn[contributorRequestRow]{{
		name:    "created_at",
		column:  "r.created_at",
		valueOf: func(r *contributorRequestRow) time.Time { return r.CreatedAt },
	}},
	newestFirst: true,
}

// ContributorRequests lists the workspace's requests to contributors, newest first.
func (s *Store) ContributorRequests(
	ctx context.Context,
	ws chat.WorkspaceID,
	f chat.ContributorFilter,
) (chat.List[chat.ContributorRequest], error) {
	var rows []contributorRequestRow
	q := s.db.NewSelect().Model(&rows).Relation("Call").Where("r.workspace_id = ?", ws)

	switch {
	case len(f.States) == 0:
	case len(f.States) == 1 && f.States[0] == chat.RequestOpen:
		// Without a parameter, so that the partial index can be seen to fit.
		q.Where("r.state = 'open'")
	default:
		q.Where("r.state IN ?", bun.Tuple(f.States))
	}

	if f.ChatID != 0 {
		q.Where("r.chat_id = ?", f.ChatID)
	}

	list, err := listQuery[contributorRequestRow, chat.ContributorRequestID, chat.ContributorRequest]{
		query: q,
		rows:  &rows,
		order: &contributorRequestsOrder,
		page:  f.Page,
		item:  (*contributorRequestRow).request,
	}.read(ctx)
	if err != nil {
		return chat.List[chat.ContributorRequest]{}, wrapErr("list the contributor requests", err)
	}

	return list, wrapErr("list who was asked", addQuestions(ctx, s.db, ws, list.Items))
}

// addQuestions fills in the questions of requests, in the order of the ids.
func addQuestions(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, requests []chat.ContributorRequest) error {
	if len(requests) == 0 {
		return nil
	}

	ids := mapSlice(requests, func(r *chat.ContributorRequest) chat.ContributorRequestID { return r.ID })
	var rows []questionRow
	err := db.NewSelect().Model(&rows).Relation("Member").Where("k.workspace_id = ?", ws).
		Where("k.request_id IN ?", bun.Tuple(ids)).OrderExpr("k.id").Scan(ctx)

	for i := range rows {
		at := slices.Index(ids, rows[i].RequestID)
		requests[at].Questions = append(requests[at].Questions, rows[i].question())
	}

	return err
}
