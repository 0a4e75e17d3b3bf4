package db

import (
	"cmp"
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// workspaceDefaultsRow are the defaults and brakes of a workspace.
type workspaceDefaultsRow struct {
	bun.BaseModel `bun:"table:workspace_defaults,alias:wd"`

	WorkspaceID       chat.WorkspaceID    `bun:"workspace_id,pk"`
	AssistantMemberID *chat.MemberID      `bun:"assistant_member_id"`
	PhoneNumberID     *chat.PhoneNumberID `bun:"phone_number_id"`
	InboxID           *chat.InboxID       `bun:"inbox_id"`
	MaxUnanswered     *int                `bun:"max_unanswered"`
	MaxPerHour        *int                `bun:"max_per_hour"`
	MaxSegments       *int                `bun:"max_segments_per_month"`
	WhenTakenOver     chat.TakeoverPolicy `bun:"when_taken_over"`
	UpdatedBy         chat.MemberID       `bun:"updated_by,nullzero"`
	UpdatedAt         time.Time           `bun:"updated_at"`
}

func (r *workspaceDefaultsRow) brakes() chat.Brakes {
	return chat.Brakes{
		MaxUnanswered:       r.MaxUnanswered,
		MaxPerHour:          r.MaxPerHour,
		MaxSegmentsPerMonth: r.MaxSegments,
	}
}

// findDefaults returns the defaults of a workspace, empty ones if none were set.
func findDefaults(ctx context.Context, db bun.IDB, ws chat.WorkspaceID) (chat.WorkspaceDefaults, error) {
	var row workspaceDefaultsRow

	err := db.NewSelect().Model(&row).Where("wd.workspace_id = ?", ws).Scan(ctx)
	if err != nil {
		return chat.WorkspaceDefaults{WhenTakenOver: chat.TakeoverRefuses}, unlessNone(err)
	}

	return chat.WorkspaceDefaults{
		AssistantMemberID: row.AssistantMemberID,
		PhoneNumberID:     row.PhoneNumberID,
		InboxID:           row.InboxID,
		Brakes:            row.brakes(),
		WhenTakenOver:     row.WhenTakenOver,
		UpdatedBy:         row.UpdatedBy,
		UpdatedAt:         new(row.UpdatedAt.UTC()),
	}, nil
}

// WorkspaceDefaults returns the defaults of chats that are created by a message to somebody, and the brakes.
func (s *Store) WorkspaceDefaults(ctx context.Context, ws chat.WorkspaceID) (chat.WorkspaceDefaults, error) {
	defaults, err := findDefaults(ctx, s.db, ws)
	return defaults, wrapErr("find the defaults of a workspace", err)
}

// UpdateWorkspaceDefaults replaces the defaults, and returns them. It returns assistant_not_found if the member does
// not exist or is no assistant, and sender_not_found.
func (s *Store) UpdateWorkspaceDefaults(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	in chat.WorkspaceDefaults,
) (chat.WorkspaceDefaults, error) {
	row := workspaceDefaultsRow{
		WorkspaceID:       ws,
		AssistantMemberID: in.AssistantMemberID,
		PhoneNumberID:     in.PhoneNumberID,
		InboxID:           in.InboxID,
		MaxUnanswered:     in.MaxUnanswered,
		MaxPerHour:        in.MaxPerHour,
		MaxSegments:       in.MaxSegmentsPerMonth,
		WhenTakenOver:     cmp.Or(in.WhenTakenOver, chat.TakeoverRefuses),
		UpdatedBy:         by.MemberID,
		UpdatedAt:         s.time(),
	}

	in.WhenTakenOver = row.WhenTakenOver

	err := s.inTx(ctx, "change the defaults of a workspace", func(ctx context.Context, tx bun.Tx) error {
		if err := checkDefaults(ctx, tx, ws, &in); err != nil {
			return err
		}

		before, err := findDefaults(ctx, tx, ws)
		if err != nil {
			return err
		}

		if err := upsertDefaults(ctx, tx, &row); err != nil {
			return err
		}

		if err := resetSegmentUsage(ctx, tx, &row); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "workspace_defaults.updated",
			object:    string(ws),
			detail:    changesOf(chat.AuditDefaults, defaultsAuditFields(&before), defaultsAuditFields(&in)),
		})
	})
	if err != nil {
		return chat.WorkspaceDefaults{}, err
	}

	in.UpdatedBy = row.UpdatedBy
	in.UpdatedAt = new(row.UpdatedAt.UTC())

	return in, nil
}

// upsertDefaults stores the defaults of a workspace in place of earlier ones.
func upsertDefaults(ctx context.Context, tx bun.Tx, row *workspaceDefaultsRow) error {
	q := tx.NewInsert().Model(row).On("CONFLICT (workspace_id) DO UPDATE")

	for _, column := range []string{
		"assistant_member_id",
		"phone_number_id",
		"inbox_id",
		"max_unanswered",
		"max_per_hour",
		"max_segments_per_month",
		"when_taken_over",
		"updated_by",
		"updated_at",
	} {
		q.Set("? = EXCLUDED.?", bun.Ident(column), bun.Ident(column))
	}

	_, err := q.Exec(ctx)

	return err
}

// checkDefaults checks that the assistant is one, and that it and the senders belong to the workspace.
func checkDefaults(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, in *chat.WorkspaceDefaults) error {
	if in.AssistantMemberID != nil {
		member, err := findMember(ctx, tx.NewSelect(), ws, *in.AssistantMemberID)
		if chat.CodeOf(err) == chat.CodeMemberNotFound || err == nil && member.Kind != chat.KindAssistant {
			return noAssistant(*in.AssistantMemberID)
		}

		if err != nil {
			return err
		}
	}

	return checkSenders(ctx, tx, ws, in.PhoneNumberID, in.InboxID)
}
