package db

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// SendView is a send as it stands now, with all that it may wait for: action_not_found, also for an action that
// is no send.
func (s *Store) SendView(ctx context.Context, ws chat.WorkspaceID, action chat.ActionID) (chat.SendView, error) {
	views, err := s.findSendViews(ctx, sentQuery{workspace: ws, actions: []chat.ActionID{action}})
	if err != nil {
		return chat.SendView{}, err
	}

	view, ok := views[action]
	if !ok {
		return view, notFound(chat.CodeActionNotFound, "action that sends")
	}

	return view, nil
}

// briefSends are sends as they stand now, by their actions, for lists: without their texts, and without what their
// tool calls were given and have answered. What is no send, or not prepared yet, is left out.
func (s *Store) briefSends(
	ctx context.Context,
	ws chat.WorkspaceID,
	actions []chat.ActionID,
) (map[chat.ActionID]chat.SendView, error) {
	if len(actions) == 0 {
		return map[chat.ActionID]chat.SendView{}, nil
	}

	return s.findSendViews(ctx, sentQuery{
		workspace: ws,
		actions:   actions,
		isBrief:   true,
	})
}

// sentQuery says whose sends are read, and whether in brief: see [Store.briefSends].
type sentQuery struct {
	workspace chat.WorkspaceID
	actions   []chat.ActionID
	isBrief   bool
}

func (s *Store) findSendViews(ctx context.Context, query sentQuery) (map[chat.ActionID]chat.SendView, error) {
	views := map[chat.ActionID]chat.SendView{}

	err := s.snapshot(ctx, "find what actions have sent", func(ctx context.Context, tx bun.Tx) error {
		sent, err := s.findSentMessages(ctx, tx, query)
		if err != nil {
			return err
		}

		requests, err := requestsOf(ctx, tx, query.workspace, sent)
		if err != nil {
			return err
		}

		for i := range sent {
			views[sent[i].ActionID] = viewSend(sent[i], requests)
		}

		return nil
	})

	return views, err
}

// viewSend puts a send together with its own of what was found for many.
func viewSend(
	sent chat.AssistantMessageSent,
	requests map[chat.ContributorRequestID]chat.ContributorRequest,
) chat.SendView {
	view := chat.SendView{
		AssistantMessageSent: sent,
		Requests:             map[chat.ContributorRequestID]chat.ContributorRequest{},
	}

	for i := range sent.ToolCalls {
		if request, ok := requests[sent.ToolCalls[i].Request]; ok {
			view.Requests[request.ID] = request
		}
	}

	return view
}

// findSentMessages finds the messages that actions have sent, each with its tool calls, its newest delivery, and its
// approval if it has or had one.
func (s *Store) findSentMessages(
	ctx context.Context,
	db bun.IDB,
	query sentQuery,
) ([]chat.AssistantMessageSent, error) {
	ws := query.workspace
	callColumns := callsOf

	var rows []messageRow
	q := db.NewSelect().Model(&rows)

	if query.isBrief {
		q.ExcludeColumn("content", "original", "earlier_texts", "files", "undecoded")

		callColumns = briefCallsOf
	}

	err := q.
		Where("m.workspace_id = ?", ws).
		Where("m.action_id IN ?", bun.Tuple(query.actions)).
		Scan(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}

	newest, err := newestDeliveries(ctx, db, ws, mapSlice(rows, func(r *messageRow) chat.MessageID { return r.ID }))
	if err != nil {
		return nil, err
	}

	messages := mapSlice(rows, (*messageRow).message)
	if err := addSelectedCalls(ctx, db, ws, messages, callColumns); err != nil {
		return nil, err
	}

	sent := make([]chat.AssistantMessageSent, 0, len(rows))

	for i := range rows {
		if delivery, ok := newest[rows[i].ID]; ok {
			sent = append(sent, newSentMessage(&rows[i], messages[i].ToolCalls, &delivery))
		}
	}

	return sent, s.addApprovals(ctx, db, ws, sent)
}

// newestOfMessage is the last delivery of a message m.
const newestOfMessage = `(SELECT x.id FROM deliveries AS x
	WHERE x.workspace_id = m.workspace_id AND x.message_id = m.id ORDER BY x.created_at DESC, x.id DESC LIMIT 1)`

// newestDeliveries finds the last delivery of each message.
func newestDeliveries(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	messages []chat.MessageID,
) (map[chat.MessageID]deliveryRow, error) {
	var rows []deliveryRow

	err := db.NewSelect().
		Model(&rows).
		Join("JOIN messages AS m ON m.workspace_id = d.workspace_id AND m.id = d.message_id").
		Where("m.workspace_id = ?", ws).
		Where("m.id IN ?", bun.Tuple(messages)).
		Where("d.id = " + newestOfMessage).
		Scan(ctx)

	newest := map[chat.MessageID]deliveryRow{}
	for _, row := range rows {
		newest[row.MessageID] = row
	}

	return newest, err
}

// addApprovals adds the approvals of sends that have or had one.
func (s *Store) addApprovals(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	sent []chat.AssistantMessageSent,
) error {
	var ids []chat.ApprovalID

	for i := range sent {
		if needsApprovalOf(sent[i].ToolCalls) {
			ids = append(ids, chat.ApprovalID(sent[i].ActionID))
		}
	}

	if len(ids) == 0 {
		return nil
	}

	var rows []approvalRow

	err := db.NewSelect().
		Model(&rows).
		Where("ap.workspace_id = ?", ws).
		Where("ap.id IN ?", bun.Tuple(ids)).
		Scan(ctx)
	if err != nil {
		return err
	}

	approvals := mapSlice(rows, (*approvalRow).approval)
	if err := s.nameDeciders(ctx, db, ws, approvals, rows); err != nil {
		return err
	}

	for i := range sent {
		id := chat.ApprovalID(sent[i].ActionID)
		if at := slices.IndexFunc(approvals, func(a chat.Approval) bool { return a.ID == id }); at >= 0 {
			sent[i].Approval = &approvals[at]
		}
	}

	return nil
}

// requestsOf finds what contributors are asked for sends.
func requestsOf(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	sent []chat.AssistantMessageSent,
) (map[chat.ContributorRequestID]chat.ContributorRequest, error) {
	found := map[chat.ContributorRequestID]chat.ContributorRequest{}

	var ids []chat.ContributorRequestID

	for i := range sent {
		for j := range sent[i].ToolCalls {
			if id := sent[i].ToolCalls[j].Request; id != "" {
				ids = append(ids, id)
			}
		}
	}

	if len(ids) == 0 {
		return found, nil
	}

	var rows []contributorRequestRow

	err := db.NewSelect().
		Model(&rows).
		Relation("Call").
		Where("r.workspace_id = ?", ws).
		Where("r.id IN ?", bun.Tuple(ids)).
		Scan(ctx)
	if err != nil {
		return nil, err
	}

	requests := mapSlice(rows, (*contributorRequestRow).request)
	if err := addQuestions(ctx, db, ws, requests); err != nil {
		return nil, err
	}

	for i := range requests {
		found[requests[i].ID] = requests[i]
	}

	return found, nil
}

// addSends tells of deliveries that have not begun what their messages wait for.
func (s *Store) addSends(ctx context.Context, ws chat.WorkspaceID, deliveries []chat.Delivery) error {
	var actions []chat.ActionID

	for i := range deliveries {
		if deliveries[i].WaitsForTools() {
			actions = append(actions, deliveries[i].ActionID)
		}
	}

	views, err := s.briefSends(ctx, ws, actions)
	if err != nil {
		return err
	}

	for i := range deliveries {
		view, ok := views[deliveries[i].ActionID]
		if ok && deliveries[i].WaitsForTools() {
			deliveries[i].Send = &view
		}
	}

	return nil
}
