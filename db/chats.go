package db

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type chatRow struct {
	bun.BaseModel `bun:"table:chats,alias:c"`

	ID                chat.ChatID         `bun:"id,pk,autoincrement"`
	WorkspaceID       chat.WorkspaceID    `bun:"workspace_id"`
	Channel           chat.Channel        `bun:"channel"`
	State             chat.State          `bun:"state"`
	Title             string              `bun:"title"`
	MemberID          chat.MemberID       `bun:"member_id"`
	AssistantMemberID *chat.MemberID      `bun:"assistant_member_id"`
	PhoneNumberID     *chat.PhoneNumberID `bun:"phone_number_id"`
	InboxID           *chat.InboxID       `bun:"inbox_id"`
	NeedsResponse     bool                `bun:"needs_response"`
	Attention         int64               `bun:"attention"`
	Answered          int64               `bun:"answered"`
	AttentionReason   string              `bun:"attention_reason"`
	Summary           string              `bun:"summary"`
	SummaryModel      string              `bun:"summary_model"`
	SummaryUpdatedAt  *time.Time          `bun:"summary_updated_at"`
	// SummaryVersion counts the changes of title and summary, by whomever.
	SummaryVersion int64 `bun:"summary_version"`
	// SummaryID is the version that the chat shows, SummaryWatermark the newest message it
	// covers, SummaryTried the newest one at the last attempt that nobody has asked for.
	SummaryID        chat.SummaryID `bun:"summary_id,nullzero"`
	SummaryPoints    chat.Points    `bun:"summary_points,type:json"`
	SummaryWatermark int64          `bun:"summary_watermark"`
	SummaryTried     int64          `bun:"summary_tried"`
	SuggestedLabels  []suggestion   `bun:"suggested_labels,type:json"`
	TitleEdited      bool           `bun:"title_edited"`
	SummaryEdited    bool           `bun:"summary_edited"`
	LastActivityAt   time.Time      `bun:"last_activity_at"`
	CreatedAt        time.Time      `bun:"created_at"`
	UpdatedAt        time.Time      `bun:"updated_at"`
	DeletedAt        *time.Time     `bun:"deleted_at"`

	Acted bool `bun:"acted,scanonly"`

	Assistant   *memberRow      `bun:"rel:belongs-to,join:workspace_id=workspace_id,join:assistant_member_id=id"`
	Member      *memberRow      `bun:"rel:belongs-to,join:workspace_id=workspace_id,join:member_id=id"`
	PhoneNumber *phoneNumberRow `bun:"rel:belongs-to,join:workspace_id=workspace_id,join:phone_number_id=id"`
	Inbox       *inboxRow       `bun:"rel:belongs-to,join:workspace_id=workspace_id,join:inbox_id=id"`
}

func (r *chatRow) chat() chat.Chat {
	return chat.Chat{
		ID:                r.ID,
		WorkspaceID:       r.WorkspaceID,
		Channel:           r.Channel,
		State:             r.State,
		Title:             r.Title,
		MemberID:          r.MemberID,
		AssistantMemberID: r.AssistantMemberID,
		PhoneNumberID:     r.PhoneNumberID,
		InboxID:           r.InboxID,
		NeedsResponse:     r.NeedsResponse,
		Attention:         r.Attention,
		Answered:          r.Answered,
		AttentionReason:   r.AttentionReason,
		Summary:           r.Summary,
		SummaryModel:      r.SummaryModel,
		SummaryUpdatedAt:  chat.UTC(r.SummaryUpdatedAt),
		SummaryID:         r.SummaryID,
		Points:            r.SummaryPoints,
		TitleEdited:       r.TitleEdited,
		SummaryEdited:     r.SummaryEdited,
		LastActivityAt:    r.LastActivityAt.UTC(),
		CreatedAt:         r.CreatedAt.UTC(),
		UpdatedAt:         r.UpdatedAt.UTC(),
	}
}

func noChat() *chat.Error { return notFound(chat.CodeChatNotFound, "chat") }

// findChat finds a chat that is not deleted: chat_not_found.
func findChat(ctx context.Context, q *bun.SelectQuery, ws chat.WorkspaceID, id chat.ChatID) (chatRow, error) {
	var row chatRow
	err := q.Model(&row).Where("c.workspace_id = ?", ws).Where("c.id = ?", id).Where("c.deleted_at IS NULL").Scan(ctx)

	return row, orNotFound(err, chat.CodeChatNotFound, "chat")
}

// Chat finds a chat with its labels, and how far it has gone on since its summary:
// chat_not_found.
func (s *Store) Chat(ctx context.Context, ws chat.WorkspaceID, id chat.ChatID) (chat.Chat, error) {
	var c chat.Chat
	err := s.snapshot(ctx, "find a chat", func(ctx context.Context, tx bun.Tx) error {
		row, err := findChat(ctx, tx.NewSelect(), ws, id)
		if err != nil {
			return err
		}

		c, err = completeChat(ctx, tx, &row)

		return err
	})

	return c, err
}

// ChatHead finds what must be known of a chat before anything is done in it, and whether the key of an
// action was used; "" stands for no action: chat_not_found.
func (s *Store) ChatHead(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.ChatID,
	action chat.ActionID,
) (chat.ChatHead, error) {
	q := s.db.NewSelect().Column("id", "channel", "member_id", "attention").
		ColumnExpr(
			`(EXISTS (SELECT 1 FROM actions a WHERE a.workspace_id = c.workspace_id AND a.id = ?0)
				OR EXISTS (SELECT 1 FROM request_keys k WHERE k.workspace_id = c.workspace_id AND k.id = ?0)) AS acted`,
			action,
		)

	row, err := findChat(ctx, q, ws, id)

	return chat.ChatHead{
		ID:        row.ID,
		Channel:   row.Channel,
		MemberID:  row.MemberID,
		Attention: row.Attention,
		Acted:     row.Acted,
	}, wrapErr("find a chat", err)
}

// Chats lists chats by their last activity, newest first.
func (s *Store) Chats(ctx context.Context, ws chat.WorkspaceID, f chat.ChatFilter) (chat.List[chat.Chat], error) {
	var micros, id int64

	next, err := readCursor("chats", f.Cursor, &micros, &id)
	if err != nil {
		return chat.List[chat.Chat]{}, err
	}

	var list chat.List[chat.Chat]
	err = s.snapshot(ctx, "list the chats", func(ctx context.Context, tx bun.Tx) error {
		var rows []chatRow
		q := tx.NewSelect().Model(&rows).Where("c.workspace_id = ?", ws).Where("c.deleted_at IS NULL").
			OrderExpr("c.last_activity_at DESC, c.id DESC").Limit(oneMore(f.Limit))

		if next {
			q.Where("(c.last_activity_at, c.id) < (?, ?)", time.UnixMicro(micros).UTC(), id)
		}

		filterChats(q, &f)

		if f.Query != "" {
			if err := s.searchChats(ctx, tx, q, ws, f.Query); err != nil {
				return err
			}
		}

		fits, err := scanPage(ctx, q, &rows, f.Limit)
		if err != nil {
			return err
		}

		list = listOf(rows, fits, (*chatRow).chat, func(r *chatRow) string {
			return cursorOf("chats", microCursor(r.LastActivityAt), r.ID)
		})

		return completeChats(ctx, tx, ws, rows[:len(list.Items)], list.Items)
	})

	return list, err
}

func filterChats(q *bun.SelectQuery, f *chat.ChatFilter) {
	if f.NeedsResponse != nil {
		// Without a parameter, so that the partial index can be seen to fit.
		condition := map[bool]string{true: "c.needs_response", false: "NOT c.needs_response"}
		q.Where(condition[*f.NeedsResponse])
	}

	if f.Channel != "" {
		q.Where("c.channel = ?", f.Channel)
	}

	if f.State != "" {
		q.Where("c.state = ?", f.State)
	}

	if f.Label != "" {
		q.Where(`EXISTS (SELECT 1 FROM chat_labels cl
			JOIN labels l ON l.workspace_id = cl.workspace_id AND l.id = cl.label_id
			WHERE cl.workspace_id = c.workspace_id AND cl.chat_id = c.id AND l.folded = ?)`, chat.FoldName(f.Label))
	}

	if f.MemberID != 0 {
		q.Where(`EXISTS (SELECT 1 FROM participants p
			WHERE p.workspace_id = c.workspace_id AND p.chat_id = c.id AND p.member_id = ?)`, f.MemberID)
	}
}

// CreateChat adds a chat with its participants: the member as owner, the assistant, and
// the others. The errors: invalid_request, invalid_role, participant_exists when a member
// is given twice, member_not_found, assistant_not_found also for a member that is none,
// sender_not_found.
func (s *Store) CreateChat(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	in chat.NewChat,
) (chat.Chat, error) {
	if err := in.Validate(); err != nil {
		return chat.Chat{}, err
	}

	now := s.time()
	row := chatRow{
		WorkspaceID:       ws,
		Channel:           in.Channel,
		State:             chat.StateOpen,
		Title:             in.Title,
		MemberID:          in.MemberID,
		AssistantMemberID: in.AssistantMemberID,
		PhoneNumberID:     in.PhoneNumberID,
		InboxID:           in.InboxID,
		SuggestedLabels:   []suggestion{},
		LastActivityAt:    now,
		CreatedAt:         now,
		UpdatedAt:         now,
	}

	err := s.inTx(ctx, "create a chat", func(ctx context.Context, tx bun.Tx) error {
		people := newParticipants(&in)
		if err := checkParticipants(ctx, tx, ws, people, in.AssistantMemberID); err != nil {
			return err
		}

		if err := checkSenders(ctx, tx, ws, in.PhoneNumberID, in.InboxID); err != nil {
			return err
		}

		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}

		if err := insertParticipants(ctx, tx, &row, people); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "chat.created",
			object:    objectID(row.ID),
			detail:    changesOf(chat.AuditChat, nil, row.auditFields()).with("participants", len(people)),
		})
	})
	if err != nil {
		return chat.Chat{}, err
	}

	return row.chat(), nil
}

// insertParticipants gives people their places in a new chat.
func insertParticipants(ctx context.Context, tx bun.Tx, row *chatRow, people []chat.NewParticipant) error {
	places := make([]participantRow, len(people))
	for i, p := range people {
		places[i] = participantRow{
			WorkspaceID: row.WorkspaceID,
			ChatID:      row.ID,
			MemberID:    p.MemberID,
			Role:        p.Role,
			CreatedAt:   row.CreatedAt,
		}
	}

	_, err := tx.NewInsert().Model(&places).Exec(ctx)

	return err
}

// newParticipants are all who get a place in a new chat.
func newParticipants(in *chat.NewChat) []chat.NewParticipant {
	people := []chat.NewParticipant{{MemberID: in.MemberID, Role: chat.ParticipantOwner}}
	if in.AssistantMemberID != nil {
		people = append(people, chat.NewParticipant{MemberID: *in.AssistantMemberID, Role: chat.ParticipantAssistant})
	}

	return append(people, in.Participants...)
}

// checkParticipants checks that everybody is of the workspace and given once, and that
// the assistant is one.
func checkParticipants(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	people []chat.NewParticipant,
	assistant *chat.MemberID,
) error {
	ids := make([]chat.MemberID, len(people))

	given := map[chat.MemberID]bool{}
	for i, p := range people {
		if given[p.MemberID] {
			return chat.Errorf(chat.CodeParticipantExists, "the member %d is given twice", p.MemberID)
		}

		given[p.MemberID] = true
		ids[i] = p.MemberID
	}

	var rows []memberRow

	err := tx.NewSelect().Model(&rows).Where("m.workspace_id = ?", ws).Where("m.id IN ?", bun.Tuple(ids)).Scan(ctx)
	if err != nil {
		return err
	}

	kinds := map[chat.MemberID]chat.MemberKind{}
	for _, r := range rows {
		kinds[r.ID] = r.Kind
	}

	if assistant != nil && kinds[*assistant] != chat.KindAssistant {
		return noAssistant(*assistant)
	}

	for _, id := range ids {
		if kinds[id] == "" {
			return chat.Errorf(chat.CodeMemberNotFound, "there is no member %d", id)
		}
	}

	return nil
}

func noAssistant(id chat.MemberID) *chat.Error {
	return chat.Errorf(chat.CodeAssistantNotFound, "there is no assistant %d", id)
}

// checkSenders checks that the senders are of the workspace: sender_not_found.
func checkSenders(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	number *chat.PhoneNumberID,
	inbox *chat.InboxID,
) error {
	if number != nil {
		if _, err := findPhoneNumber(ctx, tx.NewSelect(), ws, *number); err != nil {
			return err
		}
	}

	if inbox != nil {
		if _, err := findInbox(ctx, tx.NewSelect(), ws, *inbox); err != nil {
			return err
		}
	}

	return nil
}

// DeleteChat hides a chat: chat_not_found, from then on everywhere. Its rows stay, for
// deliveries under way and for the record. Its questions to contributors end. Where sends or retries are still going
// on, it is open_actions, which names them, unless they are to be canceled: then what waits to be sent ends.
func (s *Store) DeleteChat(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.ChatID,
	cancel bool,
) (chat.ChatDeleted, error) {
	now := s.time()
	var deleted chat.ChatDeleted

	err := s.inTx(ctx, "delete a chat", func(ctx context.Context, tx bun.Tx) error {
		open, err := openActions(ctx, tx, ws, id)
		if err != nil {
			return err
		}

		if len(open) > 0 && !cancel {
			return refuseOpen(ctx, tx, ws, id, open)
		}

		workflows, err := s.endInChat(ctx, tx, ws, id, now)
		if err != nil {
			return err
		}

		err = editChat(ctx, tx.NewUpdate().Set("deleted_at = ?", now), ws, id, now)
		if err != nil {
			return err
		}

		// Sends hold the chat: from here on there are no new ones.
		left, err := openActions(ctx, tx, ws, id)
		if err != nil {
			return err
		}

		if len(left) > 0 && !cancel {
			return chat.RefuseOpenActions(left)
		}

		deleted = chat.ChatDeleted{
			Workflows:   workflows,
			Canceled:    withoutActions(open, left),
			MayHaveLeft: left,
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "chat.deleted",
			object:    objectID(id),
			detail: changed{
				"canceled":         len(workflows),
				"canceled_actions": actionIDs(deleted.Canceled),
				"may_have_left":    actionIDs(left),
			},
		})
	})
	if err != nil {
		return chat.ChatDeleted{}, err
	}

	return deleted, nil
}

// refuseOpen refuses to delete a chat with open actions; one that is deleted already is not there.
func refuseOpen(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	id chat.ChatID,
	open []chat.OpenAction,
) error {
	if _, err := findChat(ctx, tx.NewSelect(), ws, id); err != nil {
		return err
	}

	return chat.RefuseOpenActions(open)
}

// maxOpenActions is how many open actions of a chat are named.
const maxOpenActions = 100

// openActions are the sends and retries of a chat that have not ended, with how their newest delivery stands.
func openActions(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, id chat.ChatID) ([]chat.OpenAction, error) {
	var rows []struct {
		ID     chat.ActionID   `bun:"id"`
		Kind   chat.ActionKind `bun:"kind"`
		Status string          `bun:"status"`
	}

	err := tx.NewSelect().
		Model((*actionRow)(nil)).
		Column("id", "kind").
		ColumnExpr(`coalesce((SELECT d.status FROM deliveries d WHERE d.workspace_id = a.workspace_id
			AND d.action_id = a.id ORDER BY d.created_at DESC, d.id DESC LIMIT 1), a.state) AS status`).
		Where("a.workspace_id = ?", ws).
		Where("a.chat_id = ?", id).
		Where("a.state IN ('running', 'parked')").
		Where("a.kind IN ?", bun.Tuple([]chat.ActionKind{chat.ActionSendAssistantMessage, chat.ActionRetryDelivery})).
		OrderExpr("a.created_at, a.id").
		Limit(maxOpenActions).
		Scan(ctx, &rows)

	open := make([]chat.OpenAction, len(rows))
	for i, row := range rows {
		open[i] = chat.OpenAction(row)
	}

	return open, err
}

// withoutActions are those of all that are not among the others.
func withoutActions(all, others []chat.OpenAction) []chat.OpenAction {
	return slices.DeleteFunc(slices.Clone(all), func(a chat.OpenAction) bool {
		return slices.ContainsFunc(others, func(o chat.OpenAction) bool { return o.ID == a.ID })
	})
}

func actionIDs(actions []chat.OpenAction) []chat.ActionID {
	ids := make([]chat.ActionID, len(actions))
	for i, a := range actions {
		ids[i] = a.ID
	}

	return ids
}

// endInChat ends what waits in a chat. Questions to contributors come before deliveries: who answers
// a question locks the rows in the same order.
func (s *Store) endInChat(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	id chat.ChatID,
	now time.Time,
) ([]string, error) {
	workflows, err := s.endRequestsOf(ctx, tx, ws, id, now)
	if err != nil {
		return nil, err
	}

	var rows []deliveryRow

	q := tx.NewSelect().
		Model(&rows).
		Where("d.workspace_id = ?", ws).
		Where("d.chat_id = ?", id).
		Where("d.submission IN ?", bun.Tuple(claimable)).
		OrderExpr("d.id")

	if err := s.locked(q).Scan(ctx); err != nil {
		return nil, err
	}

	ended, err := s.moveAll(ctx, tx, rows, now, (*chat.Delivery).EndWithChat)

	return append(workflows, ended...), err
}

// endRequestsOf ends the open questions to contributors of a chat, and returns their workflows.
func (s *Store) endRequestsOf(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	id chat.ChatID,
	now time.Time,
) ([]string, error) {
	var open []chat.ContributorRequestID

	err := tx.NewSelect().
		Model((*contributorRequestRow)(nil)).
		Column("id").
		Where("r.workspace_id = ?", ws).
		Where("r.chat_id = ?", id).
		Where("r.state = 'open'").
		OrderExpr("r.id").
		Scan(ctx, &open)
	if err != nil {
		return nil, err
	}

	var workflows []string

	for _, requestID := range open {
		before, err := s.lockRequest(ctx, tx, ws, requestID)
		if err != nil {
			return nil, err
		}

		request := before
		request.Questions = slices.Clone(before.Questions)
		request.End(chat.RequestCanceled, chat.NoteChatDeleted, now)

		if err := s.saveRequest(ctx, tx, &request, &before, now); err != nil {
			return nil, err
		}

		workflows = append(workflows, request.WorkflowID)
	}

	return workflows, nil
}

// editChat changes a chat that is not deleted: chat_not_found.
func editChat(ctx context.Context, q *bun.UpdateQuery, ws chat.WorkspaceID, id chat.ChatID, now time.Time) error {
	result, err := q.Model((*chatRow)(nil)).Set("updated_at = ?", now).
		Where("workspace_id = ?", ws).Where("id = ?", id).Where("deleted_at IS NULL").Exec(ctx)
	if changed, err := hasChanged(result, err); err != nil || changed {
		return err
	}

	return noChat()
}
