package db

import (
	"cmp"
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type keyRow struct {
	bun.BaseModel `bun:"table:api_keys,alias:k"`

	ID          chat.KeyID       `bun:"id,pk,autoincrement"`
	WorkspaceID chat.WorkspaceID `bun:"workspace_id"`
	Kind        chat.KeyKind     `bun:"kind"`
	ParentID    chat.KeyID       `bun:"parent_id,nullzero"`
	MemberID    chat.MemberID    `bun:"member_id"`
	Name        string           `bun:"name"`
	Scopes      []chat.Scope     `bun:"scopes"`
	Hint        string           `bun:"hint"`
	Hash        []byte           `bun:"hash"`
	CreatedAt   time.Time        `bun:"created_at"`
	ExpiresAt   *time.Time       `bun:"expires_at"`
	LastUsedAt  *time.Time       `bun:"last_used_at"`
	RevokedAt   *time.Time       `bun:"revoked_at"`
	// MadeBy is who asked for the key, 0 for the operator.
	MadeBy chat.MemberID `bun:"made_by,nullzero"`

	Member *memberRow `bun:"rel:belongs-to,join:workspace_id=workspace_id,join:member_id=id"`
}

func (r *keyRow) key() chat.Key {
	return chat.Key{
		ID:          r.ID,
		WorkspaceID: r.WorkspaceID,
		Kind:        r.Kind,
		ParentID:    r.ParentID,
		MemberID:    r.MemberID,
		Name:        r.Name,
		Scopes:      r.Scopes,
		Hint:        r.Hint,
		CreatedAt:   r.CreatedAt.UTC(),
		ExpiresAt:   chat.UTC(r.ExpiresAt),
		LastUsedAt:  chat.UTC(r.LastUsedAt),
		RevokedAt:   chat.UTC(r.RevokedAt),
	}
}

// touchEvery is how exact a key's last use is known: every request would be a write.
const touchEvery = time.Minute

// Authenticate finds who the key with this hash speaks for: unauthenticated when it is
// unknown, expired or revoked.
func (s *Store) Authenticate(ctx context.Context, hash [32]byte, now time.Time) (chat.Principal, error) {
	return s.usePrincipal(ctx, now, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("k.hash = ?", hash[:])
	})
}

// KeyPrincipal finds who a key speaks for that was authenticated before: unauthenticated when it has expired since or
// was revoked.
func (s *Store) KeyPrincipal(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.KeyID,
	now time.Time,
) (chat.Principal, error) {
	return s.usePrincipal(ctx, now, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("k.workspace_id = ?", ws).Where("k.id = ?", id)
	})
}

// usePrincipal finds who a key speaks for, and notes that it was used.
func (s *Store) usePrincipal(ctx context.Context, now time.Time, which whichKey) (chat.Principal, error) {
	now = toMicroseconds(now)

	row, err := findLiveKey(ctx, s.db, now, which)
	if err != nil {
		return chat.Principal{}, err
	}

	if row.LastUsedAt == nil || row.LastUsedAt.Before(now.Add(-touchEvery)) {
		// A note at best: who reads must be able to while the database takes no writes, which readiness tells.
		_ = s.touchKey(ctx, &row, now)
	}

	return row.principal(), nil
}

// whichKey says which key is looked for.
type whichKey func(*bun.SelectQuery) *bun.SelectQuery

// findLiveKey finds a key that is neither expired nor revoked, with its member.
func findLiveKey(ctx context.Context, db bun.IDB, now time.Time, which whichKey) (keyRow, error) {
	var row keyRow

	err := db.NewSelect().
		Model(&row).
		Relation("Member").
		Apply(which).
		Where("k.revoked_at IS NULL").
		Where("k.expires_at IS NULL OR k.expires_at > ?", toMicroseconds(now)).
		Scan(ctx)
	if noRows(err) {
		return keyRow{}, chat.Errorf(chat.CodeUnauthenticated, "the API key is unknown, expired or revoked")
	}

	return row, wrapErr("find an API key", err)
}

func (r *keyRow) principal() chat.Principal {
	return chat.Principal{
		KeyID:       r.ID,
		KeyKind:     r.Kind,
		ParentID:    r.ParentID,
		WorkspaceID: r.WorkspaceID,
		MemberID:    r.MemberID,
		Kind:        r.Member.Kind,
		Role:        r.Member.Role,
		Scopes:      r.Scopes,
	}
}

func (s *Store) touchKey(ctx context.Context, key *keyRow, now time.Time) error {
	return s.inTx(ctx, "note that an API key was used", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model(key).Set("last_used_at = ?", now).
			Where("workspace_id = ?", key.WorkspaceID).Where("id = ?", key.ID).Exec(ctx)

		return err
	})
}

// CreateKey stores a key by the SHA-256 of its secret: member_not_found when the member
// is not of the workspace, already_exists when the secret is in use, approval_needed when it takes
// a second member and the key names no approval. One that it names must allow this very key.
func (s *Store) CreateKey(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	key chat.Key,
	hash [32]byte,
) (chat.Key, error) {
	row := newKeyRow(ws, &key, hash)
	row.CreatedAt = s.time()

	err := s.inTx(ctx, "create an API key", func(ctx context.Context, tx bun.Tx) error {
		if err := s.allowKey(ctx, tx, ws, by, &key); err != nil {
			return err
		}

		var err error
		if row.MadeBy, err = findMaker(ctx, tx, ws, by, row.CreatedAt); err != nil {
			return err
		}

		return s.insertKey(ctx, tx, by, &row, key.Approval)
	})

	return row.key(), err
}

func newKeyRow(ws chat.WorkspaceID, key *chat.Key, hash [32]byte) keyRow {
	row := keyRow{
		WorkspaceID: ws,
		Kind:        cmp.Or(key.Kind, chat.KeyLasting),
		ParentID:    key.ParentID,
		MemberID:    key.MemberID,
		Name:        key.Name,
		Scopes:      key.Scopes,
		Hint:        key.Hint,
		Hash:        hash[:],
	}

	if key.ExpiresAt != nil {
		row.ExpiresAt = new(toMicroseconds(*key.ExpiresAt))
	}

	return row
}

// insertKey stores a key, and says so in the audit log: member_not_found and already_exists.
func (s *Store) insertKey(
	ctx context.Context,
	tx bun.Tx,
	by chat.Actor,
	row *keyRow,
	approval chat.ApprovalID,
) error {
	_, err := tx.NewInsert().Model(row).Exec(ctx)

	err = onViolation(err, referenceViolation, notFound(chat.CodeMemberNotFound, "member"))

	err = onViolation(err, uniqueViolation, chat.Errorf(chat.CodeAlreadyExists, "this API key exists already"))
	if err != nil {
		return err
	}

	return s.audit(ctx, tx, auditEvent{
		workspace: row.WorkspaceID,
		by:        by,
		verb:      "api_key.created",
		object:    objectID(row.ID),
		detail:    describeKey(row, approval),
	})
}

func describeKey(row *keyRow, approval chat.ApprovalID) changed {
	detail := changesOf(chat.AuditKey, nil, row.auditFields())
	if approval != "" {
		detail["approval_id"] = approval
	}

	return detail
}

// allowKey refuses a key that takes a second member, unless it was approved. The operator's
// command, which has no key, makes any.
func (s *Store) allowKey(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, by chat.Actor, key *chat.Key) error {
	if key.Approval != "" {
		return s.useApproval(ctx, tx, approvalUse{
			workspace: ws,
			by:        by,
			id:        key.Approval,
			kind:      chat.ApprovalKey,
			request:   chat.ApprovalRequest{Key: key.Request()},
		})
	}

	if by.KeyID == 0 {
		return nil
	}

	if _, err := findMember(ctx, tx.NewSelect(), ws, key.MemberID); err != nil {
		return err
	}

	asker, err := authorityOf(ctx, tx, ws, by, s.time())
	if err == nil && chat.KeyNeedsSecond(&asker, key) {
		return needsApproval("a key for another member, or with scopes that the asking one does not hold,")
	}

	return err
}

// Keys lists the workspace's keys of one kind by id, revoked ones included.
func (s *Store) Keys(ctx context.Context, ws chat.WorkspaceID, f chat.KeyFilter) (chat.List[chat.Key], error) {
	var rows []keyRow

	list, err := listQuery[keyRow, chat.KeyID, chat.Key]{
		query: s.db.NewSelect().
			Model(&rows).
			Where("k.workspace_id = ?", ws).
			Where("k.kind = ?", cmp.Or(f.Kind, chat.KeyLasting)),
		rows:  &rows,
		order: &keysOrder,
		page:  f.Page,
		item:  (*keyRow).key,
	}.read(ctx)

	return list, wrapErr("list the API keys", err)
}

var keysOrder = keyset[keyRow, chat.KeyID]{
	list: "keys",
	id:   "k.id",
	idOf: func(r *keyRow) chat.KeyID { return r.ID },
}

// Key finds a key: api_key_not_found.
func (s *Store) Key(ctx context.Context, ws chat.WorkspaceID, id chat.KeyID) (chat.Key, error) {
	row, err := findKey(ctx, s.db.NewSelect(), ws, id)
	return row.key(), wrapErr("find an API key", err)
}

func findKey(ctx context.Context, q *bun.SelectQuery, ws chat.WorkspaceID, id chat.KeyID) (keyRow, error) {
	var row keyRow
	err := q.Model(&row).Where("k.workspace_id = ?", ws).Where("k.id = ?", id).Scan(ctx)

	return row, orNotFound(err, chat.CodeKeyNotFound, "API key")
}

// RevokeKey ends a key at once, and with it the sessions and login links that were made with it: api_key_not_found.
// Revoking it again changes nothing, not even the time.
func (s *Store) RevokeKey(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, id chat.KeyID, now time.Time) error {
	return s.inTx(ctx, "revoke an API key", func(ctx context.Context, tx bun.Tx) error {
		row, err := findKey(ctx, s.locked(tx.NewSelect()), ws, id)
		if err != nil || row.RevokedAt != nil {
			return err
		}

		made, err := s.findLiveChildren(ctx, tx, &row, now)
		if err != nil {
			return err
		}

		for _, ended := range append([]keyRow{row}, made...) {
			if err := s.revokeKeyRow(ctx, tx, by, &ended, now); err != nil {
				return err
			}
		}

		return nil
	})
}

// findLiveChildren finds the sessions and login links that were made with a key and have not ended.
func (s *Store) findLiveChildren(ctx context.Context, tx bun.Tx, parent *keyRow, now time.Time) ([]keyRow, error) {
	var rows []keyRow

	err := s.locked(tx.NewSelect()).
		Model(&rows).
		Where("k.workspace_id = ?", parent.WorkspaceID).
		Where("k.parent_id = ?", parent.ID).
		Where("k.revoked_at IS NULL").
		Where("k.expires_at > ?", toMicroseconds(now)).
		OrderExpr("k.id").
		Scan(ctx)

	return rows, err
}

func (s *Store) revokeKeyRow(ctx context.Context, tx bun.Tx, by chat.Actor, row *keyRow, now time.Time) error {
	_, err := tx.NewUpdate().
		Model((*keyRow)(nil)).
		Set("revoked_at = ?", toMicroseconds(now)).
		Where("workspace_id = ?", row.WorkspaceID).
		Where("id = ?", row.ID).
		Exec(ctx)
	if err != nil {
		return err
	}

	return s.audit(ctx, tx, auditEvent{
		workspace: row.WorkspaceID,
		by:        by,
		verb:      "api_key.revoked",
		object:    objectID(row.ID),
		detail:    changesOf(chat.AuditKey, row.auditFields(), nil),
	})
}
