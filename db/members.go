package db

import (
	"context"
	"maps"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type memberRow struct {
	bun.BaseModel `bun:"table:members,alias:m"`

	ID                   chat.MemberID      `bun:"id,pk,autoincrement"`
	WorkspaceID          chat.WorkspaceID   `bun:"workspace_id"`
	Kind                 chat.MemberKind    `bun:"kind"`
	Role                 chat.WorkspaceRole `bun:"role"`
	Name                 string             `bun:"name"`
	Email                string             `bun:"email"`
	Phone                string             `bun:"phone"`
	NotificationsEnabled bool               `bun:"notifications_enabled"`
	ConsentSMS           chat.Consent       `bun:"consent_sms"`
	ConsentEmail         chat.Consent       `bun:"consent_email"`
	Tools                []string           `bun:"tools,type:json"`
	CreatedAt            time.Time          `bun:"created_at"`
	UpdatedAt            time.Time          `bun:"updated_at"`
}

func memberRowOf(m *chat.Member) memberRow {
	row := memberRow{
		ID:                   m.ID,
		WorkspaceID:          m.WorkspaceID,
		Kind:                 m.Kind,
		Role:                 m.Role,
		Name:                 m.Name,
		Email:                m.Email,
		Phone:                m.Phone,
		NotificationsEnabled: m.NotificationsEnabled,
		ConsentSMS:           m.Consents.On(chat.ChannelSMS),
		ConsentEmail:         m.Consents.On(chat.ChannelEmail),
		CreatedAt:            m.CreatedAt,
		UpdatedAt:            m.UpdatedAt,
		Tools:                m.Tools,
	}
	if row.Tools == nil {
		row.Tools = chat.AllTools()
	}

	return row
}

func (r *memberRow) member() chat.Member {
	return chat.Member{
		ID:                   r.ID,
		WorkspaceID:          r.WorkspaceID,
		Kind:                 r.Kind,
		Role:                 r.Role,
		Name:                 r.Name,
		Email:                r.Email,
		Phone:                r.Phone,
		NotificationsEnabled: r.NotificationsEnabled,
		Consents: chat.Consents{
			chat.ChannelSMS:   r.ConsentSMS,
			chat.ChannelEmail: r.ConsentEmail,
		},
		CreatedAt: r.CreatedAt.UTC(),
		UpdatedAt: r.UpdatedAt.UTC(),
		Tools:     r.Tools,
	}
}

// CreateMember adds a member: invalid_request when its fields are not valid.
func (s *Store) CreateMember(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	m chat.Member,
) (chat.Member, error) {
	if err := m.Validate(); err != nil {
		return chat.Member{}, err
	}

	row := memberRowOf(&m)
	row.ID = 0
	row.WorkspaceID = ws
	row.CreatedAt = s.time()
	row.UpdatedAt = row.CreatedAt
	err := s.inTx(ctx, "create a member", func(ctx context.Context, tx bun.Tx) error {
		if err := insertOwned(ctx, tx.NewInsert().Model(&row)); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "member.created",
			object:    objectID(row.ID),
			detail:    changed{"kind": row.Kind, "role": row.Role},
		})
	})

	return row.member(), err
}

// insertOwned inserts a row that refers to nothing but its workspace.
func insertOwned(ctx context.Context, q *bun.InsertQuery) error {
	_, err := q.Exec(ctx)
	return onViolation(err, referenceViolation, notFound(chat.CodeWorkspaceNotFound, "workspace"))
}

// Member finds a member: member_not_found.
func (s *Store) Member(ctx context.Context, ws chat.WorkspaceID, id chat.MemberID) (chat.Member, error) {
	row, err := findMember(ctx, s.db.NewSelect(), ws, id)
	return row.member(), wrapErr("find a member", err)
}

func findMember(ctx context.Context, q *bun.SelectQuery, ws chat.WorkspaceID, id chat.MemberID) (memberRow, error) {
	var row memberRow
	err := q.Model(&row).Where("m.workspace_id = ?", ws).Where("m.id = ?", id).Scan(ctx)

	return row, orNotFound(err, chat.CodeMemberNotFound, "member")
}

// Members lists the workspace's members by id.
func (s *Store) Members(ctx context.Context, ws chat.WorkspaceID, f chat.MemberFilter) (chat.List[chat.Member], error) {
	var rows []memberRow
	var after int64

	q := s.db.NewSelect().Model(&rows).Where("m.workspace_id = ?", ws).OrderExpr("m.id").Limit(oneMore(f.Limit))
	if ok, err := readCursor("members", f.Cursor, &after); err != nil {
		return chat.List[chat.Member]{}, err
	} else if ok {
		q.Where("m.id > ?", after)
	}

	if f.Kind != "" {
		q.Where("m.kind = ?", f.Kind)
	}

	if f.Query != "" {
		q.Where("?", s.contains("m.name", f.Query))
	}

	if err := q.Scan(ctx); err != nil {
		return chat.List[chat.Member]{}, wrapErr("list the members", err)
	}

	return listOf(rows, f.Limit, (*memberRow).member, func(r *memberRow) string {
		return cursorOf("members", r.ID)
	}), nil
}

// UpdateMember changes a member: member_not_found, invalid_request when the result would
// not be valid.
func (s *Store) UpdateMember(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.MemberID,
	p chat.MemberPatch,
) (chat.Member, error) {
	var m chat.Member

	err := s.inTx(ctx, "change a member", func(ctx context.Context, tx bun.Tx) error {
		row, err := findMember(ctx, s.locked(tx.NewSelect()), ws, id)
		if err != nil {
			return err
		}

		m = row.member()
		patchMember(&m, &p)
		m.UpdatedAt = s.time()

		if err := m.Validate(); err != nil {
			return err
		}

		row = memberRowOf(&m)

		_, err = tx.NewUpdate().Model(&row).Where("workspace_id = ?", ws).Where("id = ?", id).Exec(ctx)
		if err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "member.updated",
			object:    objectID(id),
			detail: changedFields(map[string]bool{
				"name":                  p.Name != nil,
				"email":                 p.Email != nil,
				"phone":                 p.Phone != nil,
				"role":                  p.Role != nil,
				"notifications_enabled": p.NotificationsEnabled != nil,
				"consent_sms":           p.Consents[chat.ChannelSMS] != "",
				"consent_email":         p.Consents[chat.ChannelEmail] != "",
				"tools":                 p.Tools != nil,
			}),
		})
	})
	if err != nil {
		return chat.Member{}, err
	}

	return m, nil
}

func patchMember(m *chat.Member, p *chat.MemberPatch) {
	setIfGiven(&m.Name, p.Name)
	setIfGiven(&m.Email, p.Email)
	setIfGiven(&m.Phone, p.Phone)
	setIfGiven(&m.Role, p.Role)
	setIfGiven(&m.NotificationsEnabled, p.NotificationsEnabled)
	setIfGiven(&m.Tools, p.Tools)
	maps.Copy(m.Consents, p.Consents)
}
