package db

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/canonical"
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
	EmailFolded          string             `bun:"email_folded"`
	Phone                string             `bun:"phone"`
	SenderName           string             `bun:"sender_name"`
	NotificationsEnabled bool               `bun:"notifications_enabled"`
	ConsentSMS           chat.Consent       `bun:"consent_sms"`
	ConsentEmail         chat.Consent       `bun:"consent_email"`
	Tools                []string           `bun:"tools,type:json"`
	ExternalID           string             `bun:"external_id"`
	Metadata             chat.Metadata      `bun:"metadata,type:json"`
	CreatedAt            time.Time          `bun:"created_at"`
	UpdatedAt            time.Time          `bun:"updated_at"`

	// OwnsPhone and OwnsEmail report that the address is the member's alone. Of several who had
	// it before addresses were unique, it is that of one.
	OwnsPhone bool `bun:"owns_phone"`
	OwnsEmail bool `bun:"owns_email"`

	// RoleBy made the member, or gave it its role, at RoleAt; 0 is the operator.
	RoleBy chat.MemberID `bun:"role_by,nullzero"`
	RoleAt *time.Time    `bun:"role_at"`
}

func memberRowOf(m *chat.Member) memberRow {
	row := memberRow{
		ID:                   m.ID,
		WorkspaceID:          m.WorkspaceID,
		Kind:                 m.Kind,
		Role:                 m.Role,
		Name:                 m.Name,
		Email:                m.Email,
		EmailFolded:          chat.FoldAddress(m.Email),
		Phone:                m.Phone,
		SenderName:           m.SenderName,
		OwnsPhone:            m.Phone != "",
		OwnsEmail:            m.Email != "",
		NotificationsEnabled: m.NotificationsEnabled,
		ConsentSMS:           m.Consents.On(chat.ChannelSMS),
		ConsentEmail:         m.Consents.On(chat.ChannelEmail),
		CreatedAt:            m.CreatedAt,
		UpdatedAt:            m.UpdatedAt,
		Tools:                m.Tools,
		ExternalID:           m.ExternalID,
		Metadata:             m.Metadata.Apply(nil),
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
		SenderName:           r.SenderName,
		NotificationsEnabled: r.NotificationsEnabled,
		Consents: chat.Consents{
			chat.ChannelSMS:   r.ConsentSMS,
			chat.ChannelEmail: r.ConsentEmail,
		},
		CreatedAt:  r.CreatedAt.UTC(),
		UpdatedAt:  r.UpdatedAt.UTC(),
		Tools:      r.Tools,
		ExternalID: r.ExternalID,
		Metadata:   r.Metadata,
	}
}

// CreateMember adds a member, its addresses in their one form: invalid_request when its fields
// are not valid, address_taken and external_id_taken when another member has one of its addresses, or its
// external id.
func (s *Store) CreateMember(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	m chat.Member,
) (chat.Member, error) {
	if err := canonical.Member(&m); err != nil {
		return chat.Member{}, err
	}

	if err := m.Validate(); err != nil {
		return chat.Member{}, err
	}

	var row memberRow

	err := s.inTx(ctx, "create a member", func(ctx context.Context, tx bun.Tx) (err error) {
		row, err = s.insertMember(ctx, tx, approvedChange{workspace: ws, by: by}, &m)
		return err
	})
	if err != nil {
		return chat.Member{}, s.orTaken(ctx, err, &row)
	}

	return row.member(), nil
}

// insertMember stores a member, and returns its row also with an error: approval_needed when one member
// alone makes a manager.
func (s *Store) insertMember(
	ctx context.Context,
	tx bun.Tx,
	change approvedChange,
	m *chat.Member,
) (memberRow, error) {
	row := memberRowOf(m)
	row.ID = 0
	row.WorkspaceID = change.workspace
	row.CreatedAt = s.time()
	row.UpdatedAt = row.CreatedAt
	row.RoleAt = &row.CreatedAt

	maker, err := change.findMaker(ctx, tx, row.CreatedAt)
	if err != nil {
		return row, err
	}

	row.RoleBy = maker

	if change.isAlone() && chat.MakesManager("", row.Role) {
		return row, needsApproval("making a manager")
	}

	if err := insertOwned(ctx, tx.NewInsert().Model(&row)); err != nil {
		return row, err
	}

	return row, s.audit(ctx, tx, auditEvent{
		workspace: change.workspace,
		by:        change.by,
		verb:      "member.created",
		object:    objectID(row.ID),
		detail:    change.note(changesOf(chat.AuditMember, nil, row.auditFields())),
	})
}

// insertOwned inserts a row that refers to nothing but its workspace.
func insertOwned(ctx context.Context, q *bun.InsertQuery) error {
	_, err := q.Exec(ctx)
	return onViolation(err, referenceViolation, notFound(chat.CodeWorkspaceNotFound, "workspace"))
}

// Member finds a member: member_not_found, which names the other one when it was merged.
func (s *Store) Member(ctx context.Context, ws chat.WorkspaceID, id chat.MemberID) (chat.Member, error) {
	row, err := findMember(ctx, s.db.NewSelect(), ws, id)
	if err != nil {
		return chat.Member{}, wrapErr("find a member", s.orMerged(ctx, err, ws, id))
	}

	return row.member(), nil
}

func findMember(ctx context.Context, q *bun.SelectQuery, ws chat.WorkspaceID, id chat.MemberID) (memberRow, error) {
	var row memberRow
	err := q.Model(&row).Where("m.workspace_id = ?", ws).Where("m.id = ?", id).Scan(ctx)

	return row, orNotFound(err, chat.CodeMemberNotFound, "member")
}

// membersOrder is that of the ids, which are given in the order of creation.
var membersOrder = keyset[memberRow, chat.MemberID]{
	list:   "members",
	id:     "m.id",
	idOf:   func(r *memberRow) chat.MemberID { return r.ID },
	idTime: "created_at",
	times: []timeColumn[memberRow]{{
		name:    "updated_at",
		column:  "m.updated_at",
		valueOf: func(r *memberRow) time.Time { return r.UpdatedAt },
	}},
}

// Members lists the workspace's members by id.
func (s *Store) Members(ctx context.Context, ws chat.WorkspaceID, f chat.MemberFilter) (chat.List[chat.Member], error) {
	var rows []memberRow

	q := s.db.NewSelect().Model(&rows).Where("m.workspace_id = ?", ws)
	filterTime(q, "m.updated_at", f.UpdatedSince, nil)

	if f.Kind != "" {
		q.Where("m.kind = ?", f.Kind)
	}

	if f.Query != "" {
		q.Where("?", s.contains("m.name", f.Query))
	}

	if f.Phone != "" {
		q.Where("m.phone = ?", f.Phone)
	}

	if f.Email != "" {
		q.Where("m.email_folded = ?", chat.FoldAddress(f.Email))
	}

	if f.ExternalID != "" {
		q.Where("m.external_id = ?", f.ExternalID)
	}

	if len(f.IDs) > 0 {
		q.Where("m.id IN ?", bun.Tuple(f.IDs))
	}

	list, err := listQuery[memberRow, chat.MemberID, chat.Member]{
		query: q,
		rows:  &rows,
		order: &membersOrder,
		page:  f.Page,
		item:  (*memberRow).member,
	}.read(ctx)

	return list, wrapErr("list the members", err)
}

// UpdateMember changes a member: member_not_found, which names the other one when it was merged;
// invalid_request when the result would not be valid; address_taken and external_id_taken when another
// member has its new address or external id; approval_needed when it would become a manager by one member alone;
// last_manager when nobody else is one.
func (s *Store) UpdateMember(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.MemberID,
	p chat.MemberPatch,
) (chat.Member, error) {
	if err := canonical.Patch(&p); err != nil {
		return chat.Member{}, err
	}

	var row memberRow

	err := s.inTx(ctx, "change a member", func(ctx context.Context, tx bun.Tx) (err error) {
		row, err = s.changeMember(ctx, tx, approvedChange{workspace: ws, by: by}, id, &p)
		return err
	})
	if err != nil {
		return chat.Member{}, s.orMerged(ctx, s.orTaken(ctx, err, &row), ws, id)
	}

	return row.member(), nil
}

// changeMember changes a member, and returns its row also with an error.
func (s *Store) changeMember(
	ctx context.Context,
	tx bun.Tx,
	change approvedChange,
	id chat.MemberID,
	p *chat.MemberPatch,
) (memberRow, error) {
	if p.Role != nil && *p.Role != chat.RoleManager {
		if err := s.keepManager(ctx, tx, change.workspace, id, "role"); err != nil {
			return memberRow{}, err
		}
	}

	old, err := findMember(ctx, s.locked(tx.NewSelect()), change.workspace, id)
	if err != nil {
		return old, err
	}

	m := old.member()
	m.Apply(p)
	m.UpdatedAt = s.time()

	if err := m.Validate(); err != nil {
		return old, err
	}

	if change.isAlone() && chat.MakesManager(old.Role, m.Role) {
		return old, needsApproval("making a manager")
	}

	row := memberRowOf(&m)
	row.keepOwnership(&old)
	row.keepMaker(&old)

	if m.Role != old.Role {
		row.RoleAt = &m.UpdatedAt

		if row.RoleBy, err = change.findMaker(ctx, tx, m.UpdatedAt); err != nil {
			return old, err
		}
	}

	_, err = tx.NewUpdate().Model(&row).Where("workspace_id = ?", change.workspace).Where("id = ?", id).Exec(ctx)
	if err != nil {
		return row, err
	}

	if err := passOnAddresses(ctx, tx, &old); err != nil {
		return row, err
	}

	return row, s.audit(ctx, tx, auditEvent{
		workspace: change.workspace,
		by:        change.by,
		verb:      "member.updated",
		object:    objectID(id),
		detail:    change.note(changesOf(chat.AuditMember, old.auditFields(), row.auditFields())),
	})
}

// keepManager refuses to take this member away from the managers of the workspace if there is no
// other: last_manager naming the field. It holds all of them, in one order, so that two who take each
// other away at once wait for each other, and the second finds the first one gone.
func (s *Store) keepManager(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, id chat.MemberID, field string) error {
	var managers []chat.MemberID

	err := s.locked(tx.NewSelect()).
		Model((*memberRow)(nil)).
		Column("m.id").
		Where("m.workspace_id = ?", ws).
		Where("m.role = ?", chat.RoleManager).
		OrderExpr("m.id").
		Scan(ctx, &managers)
	if err != nil || !slices.Contains(managers, id) {
		return err
	}

	return chat.CheckManagersLeft(field, len(managers)-1)
}

// keepMaker leaves it to whom the member owes its role.
func (r *memberRow) keepMaker(old *memberRow) {
	r.RoleBy = old.RoleBy
	r.RoleAt = old.RoleAt
}
