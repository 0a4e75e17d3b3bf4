package db

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type auditRow struct {
	bun.BaseModel `bun:"table:audit_log,alias:a"`

	ID          int64            `bun:"id,pk,autoincrement"`
	WorkspaceID chat.WorkspaceID `bun:"workspace_id"`
	MemberID    chat.MemberID    `bun:"member_id,nullzero"`
	KeyID       chat.KeyID       `bun:"key_id,nullzero"`
	RequestID   string           `bun:"request_id"`
	Verb        string           `bun:"verb"`
	Object      string           `bun:"object"`
	Detail      json.RawMessage  `bun:"detail"`
	At          time.Time        `bun:"at"`
}

func (r *auditRow) entry() chat.AuditEntry {
	return chat.AuditEntry{
		ID:     r.ID,
		Actor:  chat.Actor{MemberID: r.MemberID, KeyID: r.KeyID, RequestID: r.RequestID},
		Verb:   r.Verb,
		Object: r.Object,
		Detail: r.Detail,
		At:     r.At.UTC(),
	}
}

// changed is the detail of an audit entry. [chat.AuditDetail] hides what must not stand in it.
type changed map[string]any

func objectID[T ~int64](id T) string { return strconv.FormatInt(int64(id), 10) }

// auditEvent is what somebody has done, and to what.
type auditEvent struct {
	workspace chat.WorkspaceID
	by        chat.Actor
	verb      string
	object    string
	detail    changed
}

// insertAudit is the statement that writes one row of the audit log.
func (s *Store) insertAudit(tx bun.Tx, event auditEvent) *bun.InsertQuery {
	detail := event.detail

	if event.by.Operator != "" {
		detail = changed{"operator": event.by.Operator}
		maps.Copy(detail, event.detail)
	}

	encoded, err := chat.AuditDetail(detail)
	if err != nil {
		return tx.NewInsert().Err(err)
	}

	row := auditRow{
		WorkspaceID: event.workspace,
		MemberID:    event.by.MemberID,
		KeyID:       event.by.KeyID,
		RequestID:   event.by.RequestID,
		Verb:        event.verb,
		Object:      event.object,
		Detail:      encoded,
		At:          s.time(),
	}

	return tx.NewInsert().Model(&row).Returning("NULL")
}

// audit writes one row of the audit log.
func (s *Store) audit(ctx context.Context, tx bun.Tx, event auditEvent) error {
	_, err := s.insertAudit(tx, event).Exec(ctx)
	return wrapErr("write the audit log", err)
}

// AuditLog lists the changes somebody made in the workspace, newest first.
func (s *Store) AuditLog(
	ctx context.Context,
	ws chat.WorkspaceID,
	f chat.AuditFilter,
	p chat.Page,
) (chat.List[chat.AuditEntry], error) {
	var rows []auditRow

	q := s.db.NewSelect().Model(&rows).Where("a.workspace_id = ?", ws)
	filterAudit(q, &f)

	list, err := listQuery[auditRow, int64, chat.AuditEntry]{
		query: q,
		rows:  &rows,
		order: &auditOrder,
		page:  p,
		item:  (*auditRow).entry,
	}.read(ctx)

	return list, wrapErr("list the audit log", err)
}

var auditOrder = keyset[auditRow, int64]{
	list:        "audit",
	id:          "a.id",
	idOf:        func(r *auditRow) int64 { return r.ID },
	newestFirst: true,
}

// filterAudit narrows the entries. A verb without a point stands for all of its kind.
func filterAudit(q *bun.SelectQuery, f *chat.AuditFilter) {
	switch {
	case f.Verb == "":
	case strings.Contains(f.Verb, "."):
		q.Where("a.verb = ?", f.Verb)
	default:
		kind := f.Verb + "."
		q.Where("substr(a.verb, 1, ?) = ?", len(kind), kind)
	}

	if f.Object != "" {
		q.Where("a.object = ?", f.Object)
	}

	if f.MemberID != 0 {
		q.Where("a.member_id = ?", f.MemberID)
	}

	if f.KeyID != 0 {
		q.Where("a.key_id = ?", f.KeyID)
	}

	filterTime(q, "a.at", f.Since, f.Until)
}
