package db

import (
	"context"
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
	ExternalID       string         `bun:"external_id"`
	Metadata         chat.Metadata  `bun:"metadata,type:json"`
	TitleEdited      bool           `bun:"title_edited"`
	SummaryEdited    bool           `bun:"summary_edited"`
	// TakenOverBy is the person who has taken the chat over, at TakenOverAt.
	TakenOverBy    chat.MemberID `bun:"taken_over_by,nullzero"`
	TakenOverAt    *time.Time    `bun:"taken_over_at"`
	LastActivityAt time.Time     `bun:"last_activity_at"`
	CreatedAt      time.Time     `bun:"created_at"`
	UpdatedAt      time.Time     `bun:"updated_at"`
	DeletedAt      *time.Time    `bun:"deleted_at"`
	// ForNotices marks a chat that nobody sees: what tells a member of events is in it.
	ForNotices bool `bun:"for_notices"`

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
		ExternalID:        r.ExternalID,
		Metadata:          r.Metadata,
		Takeover:          r.takeover(),
		LastActivityAt:    r.LastActivityAt.UTC(),
		CreatedAt:         r.CreatedAt.UTC(),
		UpdatedAt:         r.UpdatedAt.UTC(),
	}
}

func (r *chatRow) takeover() *chat.Takeover {
	if r.TakenOverAt == nil {
		return nil
	}

	return &chat.Takeover{By: r.TakenOverBy, At: r.TakenOverAt.UTC()}
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

var chatsOrder = keyset[chatRow, chat.ChatID]{
	list: "chats",
	id:   "c.id",
	idOf: func(r *chatRow) chat.ChatID { return r.ID },
	times: []timeColumn[chatRow]{
		{
			name:    "last_activity_at",
			column:  "c.last_activity_at",
			valueOf: func(r *chatRow) time.Time { return r.LastActivityAt },
		},
		{
			name:    "created_at",
			column:  "c.created_at",
			valueOf: func(r *chatRow) time.Time { return r.CreatedAt },
		},
		{
			name:    "updated_at",
			column:  "c.updated_at",
			valueOf: func(r *chatRow) time.Time { return r.UpdatedAt },
		},
	},
	newestFirst: true,
}

// Chats lists chats by their last activity, newest first.
func (s *Store) Chats(ctx context.Context, ws chat.WorkspaceID, f chat.ChatFilter) (chat.List[chat.Chat], error) {
	var list chat.List[chat.Chat]
	err := s.snapshot(ctx, "list the chats", func(ctx context.Context, tx bun.Tx) error {
		var rows []chatRow
		q := tx.NewSelect().Model(&rows).Where("c.workspace_id = ?", ws).Where("c.deleted_at IS NULL")
		filterChats(q, ws, &f)

		if f.Query != "" {
			if err := s.searchChats(ctx, tx, q, ws, f.Query); err != nil {
				return err
			}
		}

		var err error

		list, err = listQuery[chatRow, chat.ChatID, chat.Chat]{
			query: q,
			rows:  &rows,
			order: &chatsOrder,
			page:  f.Page,
			item:  (*chatRow).chat,
		}.read(ctx)
		if err != nil {
			return err
		}

		return completeChats(ctx, tx, ws, rows[:len(list.Items)], list.Items)
	})

	return list, err
}

func filterChats(q *bun.SelectQuery, ws chat.WorkspaceID, f *chat.ChatFilter) {
	if f.NeedsResponse != nil {
		// Without a parameter, so that the partial index can be seen to fit.
		condition := map[bool]string{true: "c.needs_response", false: "NOT c.needs_response"}
		q.Where(condition[*f.NeedsResponse])
	}

	if f.Needs != "" {
		needSomebody(q, ws, f.Needs)
	}

	if len(f.Channels) > 0 {
		q.Where("c.channel IN ?", bun.Tuple(f.Channels))
	}

	if len(f.States) > 0 {
		q.Where("c.state IN ?", bun.Tuple(f.States))
	}

	filterTime(q, "c.updated_at", f.UpdatedSince, nil)

	if f.Label != "" {
		q.Where(`EXISTS (SELECT 1 FROM chat_labels cl
			JOIN labels l ON l.workspace_id = cl.workspace_id AND l.id = cl.label_id
			WHERE cl.workspace_id = c.workspace_id AND cl.chat_id = c.id AND l.folded = ?)`, chat.FoldName(f.Label))
	}

	if f.ExternalID != "" {
		q.Where("c.external_id = ?", f.ExternalID)
	}

	if f.MemberID != 0 {
		q.Where(`EXISTS (SELECT 1 FROM participants p
			WHERE p.workspace_id = c.workspace_id AND p.chat_id = c.id AND p.member_id = ?)`, f.MemberID)
	}
}

// CreateChat adds a chat with its participants: the member as owner, the assistant, and
// the others. The errors: invalid_request, invalid_role, participant_exists when a member
// is given twice, member_not_found, assistant_not_found also for a member that is none,
// sender_not_found, external_id_taken.
func (s *Store) CreateChat(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	in chat.NewChat,
) (chat.Chat, error) {
	if err := in.Validate(); err != nil {
		return chat.Chat{}, err
	}

	row := s.newChatRow(ws, &in)

	var names map[chat.MemberID]string

	err := s.inTx(ctx, "create a chat", func(ctx context.Context, tx bun.Tx) error {
		err := s.insertChat(ctx, tx, by, &row, &in)
		if err != nil {
			return err
		}

		names, err = findMemberNames(ctx, tx, ws, []chat.MemberID{row.MemberID})

		return err
	})
	if err != nil {
		return chat.Chat{}, s.orChatTaken(ctx, err, &row)
	}

	created := row.chat()
	created.MemberName = names[row.MemberID]

	return created, nil
}

func (s *Store) newChatRow(ws chat.WorkspaceID, in *chat.NewChat) chatRow {
	now := s.time()

	return chatRow{
		WorkspaceID:       ws,
		Channel:           in.Channel,
		State:             chat.StateOpen,
		Title:             in.Title,
		MemberID:          in.MemberID,
		AssistantMemberID: in.AssistantMemberID,
		PhoneNumberID:     in.PhoneNumberID,
		InboxID:           in.InboxID,
		SuggestedLabels:   []suggestion{},
		ExternalID:        in.ExternalID,
		Metadata:          in.Metadata.Apply(nil),
		LastActivityAt:    now,
		CreatedAt:         now,
		UpdatedAt:         now,
	}
}

// insertChat stores a chat with its participants.
func (s *Store) insertChat(ctx context.Context, tx bun.Tx, by chat.Actor, row *chatRow, in *chat.NewChat) error {
	ws := row.WorkspaceID

	people := newParticipants(in)
	if err := checkParticipants(ctx, tx, ws, people, in.AssistantMemberID); err != nil {
		return err
	}

	if err := checkSenders(ctx, tx, ws, in.PhoneNumberID, in.InboxID); err != nil {
		return err
	}

	if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
		return err
	}

	if err := insertParticipants(ctx, tx, row, people); err != nil {
		return err
	}

	return s.audit(ctx, tx, auditEvent{
		workspace: ws,
		by:        by,
		verb:      "chat.created",
		object:    objectID(row.ID),
		detail:    changesOf(chat.AuditChat, nil, row.auditFields()).with("participants", len(people)),
	})
}

// orChatTaken is err, unless it says that another chat has the external id of the row: then it says which.
func (s *Store) orChatTaken(ctx context.Context, err error, row *chatRow) error {
	if violationOf(err) != uniqueViolation {
		return err
	}

	var owner chatRow

	found := s.db.NewSelect().
		Model(&owner).
		Column("id").
		Where("c.workspace_id = ?", row.WorkspaceID).
		Where("c.id <> ?", row.ID).
		Where("c.external_id = ?", row.ExternalID).
		Where("c.external_id <> ''").
		Where("c.deleted_at IS NULL").
		Scan(ctx)
	if found != nil {
		return err
	}

	taken := externalIDTaken("chat", int64(owner.ID)).Because(err)
	taken.ChatID = owner.ID

	return taken
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

// editChat changes a chat that is not deleted: chat_not_found.
func editChat(ctx context.Context, q *bun.UpdateQuery, ws chat.WorkspaceID, id chat.ChatID, now time.Time) error {
	result, err := q.Model((*chatRow)(nil)).Set("updated_at = ?", now).
		Where("workspace_id = ?", ws).Where("id = ?", id).Where("deleted_at IS NULL").Exec(ctx)
	if changed, err := hasChanged(result, err); err != nil || changed {
		return err
	}

	return noChat()
}
