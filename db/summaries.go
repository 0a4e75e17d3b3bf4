package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
	"handrail/uuidv7"
)

type summaryRow struct {
	bun.BaseModel `bun:"table:summaries,alias:s"`

	Number         int64             `bun:"number,pk,autoincrement"`
	ID             chat.SummaryID    `bun:"id"`
	WorkspaceID    chat.WorkspaceID  `bun:"workspace_id"`
	ChatID         chat.ChatID       `bun:"chat_id"`
	Kind           chat.SummaryKind  `bun:"kind"`
	State          chat.SummaryState `bun:"state"`
	Mode           chat.SummaryMode  `bun:"mode"`
	Title          string            `bun:"title"`
	Summary        string            `bun:"summary"`
	Points         chat.Points       `bun:"points,type:json"`
	Labels         []chosenLabel     `bun:"labels,type:json"`
	LabelsChosen   bool              `bun:"labels_chosen"`
	LabelsAdded    []chat.LabelID    `bun:"labels_added,type:json"`
	LabelsRemoved  []chat.LabelID    `bun:"labels_removed,type:json"`
	LabelsUndoneAt *time.Time        `bun:"labels_undone_at"`
	Model          string            `bun:"model"`
	Applied        bool              `bun:"applied"`
	Requests       int               `bun:"requests"`
	InputTokens    int64             `bun:"input_tokens"`
	OutputTokens   int64             `bun:"output_tokens"`
	DurationMS     int64             `bun:"duration_ms"`
	Watermark      int64             `bun:"watermark"`
	Covered        int               `bun:"covered"`
	Digest         string            `bun:"digest"`
	Brief          string            `bun:"brief"`
	ActionID       chat.ActionID     `bun:"action_id,nullzero"`
	RequestedBy    chat.MemberID     `bun:"requested_by,nullzero"`
	Automatic      bool              `bun:"automatic"`
	RestoredFrom   chat.SummaryID    `bun:"restored_from,nullzero"`
	Problem        *chat.Error       `bun:"problem,type:json,nullzero"`
	ModelWait      *chat.ModelWait   `bun:"model_wait,type:json,nullzero"`
	CreatedAt      time.Time         `bun:"created_at"`
	EndedAt        *time.Time        `bun:"ended_at"`

	Current bool `bun:"current,scanonly"`
}

// chosenLabel is a model's choice, and what became of it.
type chosenLabel struct {
	chat.LabelChoice
	Fate chat.LabelFate `json:"fate,omitempty"`
}

// newSummaryRow is a version without anything in it.
func newSummaryRow(ws chat.WorkspaceID, id chat.ChatID, kind chat.SummaryKind, now time.Time) summaryRow {
	return summaryRow{
		ID:            uuidv7.New[chat.SummaryID](),
		WorkspaceID:   ws,
		ChatID:        id,
		Kind:          kind,
		State:         chat.SummaryRunning,
		Labels:        []chosenLabel{},
		LabelsAdded:   []chat.LabelID{},
		LabelsRemoved: []chat.LabelID{},
		CreatedAt:     now,
	}
}

// content is what the version says.
func (r *summaryRow) content() chat.Summary {
	return chat.Summary{
		Title:         r.Title,
		Summary:       r.Summary,
		KeyPoints:     r.Points.KeyPoints,
		OpenQuestions: r.Points.OpenQuestions,
		NextSteps:     r.Points.NextSteps,
		Model:         r.Model,
		Labels:        mapSlice(r.Labels, func(l *chosenLabel) chat.LabelChoice { return l.LabelChoice }),
	}
}

func (r *summaryRow) version() chat.SummaryVersion {
	return chat.SummaryVersion{
		ID:      r.ID,
		ChatID:  r.ChatID,
		Kind:    r.Kind,
		State:   r.State,
		Mode:    r.Mode,
		Summary: r.content(),
		Applied: r.Applied,
		Current: r.Current,
		Usage: chat.Usage{
			Requests:     r.Requests,
			InputTokens:  r.InputTokens,
			OutputTokens: r.OutputTokens,
			Duration:     time.Duration(r.DurationMS) * time.Millisecond,
		},
		Watermark:      r.Watermark,
		Covered:        r.Covered,
		LabelsChosen:   r.LabelsChosen,
		LabelsAdded:    r.LabelsAdded,
		LabelsRemoved:  r.LabelsRemoved,
		Fates:          mapSlice(r.Labels, func(l *chosenLabel) chat.LabelFate { return l.Fate }),
		LabelsUndoneAt: chat.UTC(r.LabelsUndoneAt),
		ActionID:       r.ActionID,
		RequestedBy:    r.RequestedBy,
		Automatic:      r.Automatic,
		RestoredFrom:   r.RestoredFrom,
		Problem:        r.Problem,
		ModelWait:      r.ModelWait,
		CreatedAt:      r.CreatedAt.UTC(),
		EndedAt:        chat.UTC(r.EndedAt),
	}
}

// selectSummaries selects versions, and whether each is the one that its chat shows.
func selectSummaries(db bun.IDB, dest any, ws chat.WorkspaceID, id chat.ChatID) *bun.SelectQuery {
	return db.NewSelect().Model(dest).ColumnExpr("s.*").
		ColumnExpr(`EXISTS (SELECT 1 FROM chats c
			WHERE c.workspace_id = s.workspace_id AND c.id = s.chat_id AND c.summary_id = s.id) AS current`).
		Where("s.workspace_id = ?", ws).Where("s.chat_id = ?", id)
}

// Summaries lists the versions of a chat's summary, newest first, with those that run and
// those that failed: chat_not_found.
func (s *Store) Summaries(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.ChatID,
	p chat.Page,
) (chat.List[chat.SummaryVersion], error) {
	if _, err := findChat(ctx, s.db.NewSelect(), ws, id); err != nil {
		return chat.List[chat.SummaryVersion]{}, wrapErr("find a chat", err)
	}

	var rows []summaryRow

	list, err := listQuery[summaryRow, int64, chat.SummaryVersion]{
		query: selectSummaries(s.db, &rows, ws, id),
		rows:  &rows,
		order: &summariesOrder,
		page:  p,
		item:  (*summaryRow).version,
	}.read(ctx)

	return list, wrapErr("list the summaries", err)
}

var summariesOrder = keyset[summaryRow, int64]{
	list:        "summaries",
	id:          "s.number",
	idOf:        func(r *summaryRow) int64 { return r.Number },
	newestFirst: true,
}

// SummaryVersion finds one version: chat_not_found, summary_not_found.
func (s *Store) SummaryVersion(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.ChatID,
	version chat.SummaryID,
) (chat.SummaryVersion, error) {
	if _, err := findChat(ctx, s.db.NewSelect(), ws, id); err != nil {
		return chat.SummaryVersion{}, wrapErr("find a chat", err)
	}

	row, err := findSummary(ctx, s.db, ws, id, version)

	return row.version(), wrapErr("find a summary", err)
}

func findSummary(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	id chat.ChatID,
	version chat.SummaryID,
) (summaryRow, error) {
	var row summaryRow
	err := selectSummaries(db, &row, ws, id).Where("s.id = ?", version).Scan(ctx)

	return row, orNotFound(err, chat.CodeSummaryNotFound, "summary")
}

// newestNumber is the number of a chat's newest message, 0 for none.
func newestNumber(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, id chat.ChatID) (int64, error) {
	var number int64
	err := db.NewSelect().
		Model((*messageRow)(nil)).
		Column("number").
		Where("m.workspace_id = ?", ws).
		Where("m.chat_id = ?", id).
		Where("m.state <> ?", chat.MessageNotSent).
		OrderExpr("m.number DESC").
		Limit(1).
		Scan(ctx, &number)

	return number, unlessNone(err)
}

// keepEdit stores what a person has made of title or summary as a version, and marks what
// the person wrote.
func (s *Store) keepEdit(ctx context.Context, tx bun.Tx, row *chatRow, by chat.Actor, p *chat.ChatPatch) error {
	version := newSummaryRow(row.WorkspaceID, row.ID, chat.SummaryByPerson, row.UpdatedAt)

	if p.Summary != nil {
		// Who writes a summary has read the chat.
		newest, err := newestNumber(ctx, tx, row.WorkspaceID, row.ID)
		if err != nil {
			return err
		}

		row.SummaryWatermark = newest
		row.SummaryEdited = true
		row.SummaryModel = chat.ByPerson
		row.SummaryUpdatedAt = &row.UpdatedAt
		// A model's points may say what the person has just corrected.
		row.SummaryPoints = chat.Points{}
	}

	row.TitleEdited = row.TitleEdited || p.Title != nil

	version.State = chat.SummarySucceeded
	version.Applied = true
	version.EndedAt = &row.UpdatedAt
	version.Title = row.Title
	version.Summary = row.Summary
	version.Points = row.SummaryPoints
	version.Model = chat.ByPerson
	version.Watermark = row.SummaryWatermark
	version.RequestedBy = by.MemberID

	row.SummaryID = version.ID
	// A summary that is being written now read the old ones: it must not win.
	row.SummaryVersion++

	_, err := tx.NewInsert().Model(&version).Exec(ctx)

	return err
}
