package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/canonical"
	"handrail/chat"
)

// CreateLogin stores the token of a login link that is made with a key of its maker. Errors: unauthenticated when the
// key has ended.
func (s *Store) CreateLogin(ctx context.Context, in chat.LogIn) (chat.Key, error) {
	var row keyRow

	err := s.inTx(ctx, "create a login link", func(ctx context.Context, tx bun.Tx) error {
		parent, err := s.holdMakingKey(ctx, tx, &in)
		if err != nil {
			return err
		}

		if row, err = s.insertDerivedKey(ctx, tx, &in, new(parent.key()).NewLogin(in.At)); err != nil {
			return err
		}

		return s.endOldest(ctx, tx, &row, in.By)
	})

	return row.key(), err
}

// CreateSession stores a session that is made with a key of its maker, or with the token of a login link, which is used
// up: of two that use one at once, one gets the session. Errors: unauthenticated when the key or the token has ended,
// or the key that the token was made with.
func (s *Store) CreateSession(ctx context.Context, in chat.LogIn) (chat.Session, error) {
	var row keyRow
	var session chat.Session

	err := s.inTx(ctx, "create a session", func(ctx context.Context, tx bun.Tx) error {
		maker, err := s.holdMakingKey(ctx, tx, &in)
		if err != nil {
			return err
		}

		made := new(maker.key()).NewSession(in.At)

		if maker.Kind == chat.KeyLogin {
			if err := s.useLogin(ctx, tx, &maker, &made, in.At); err != nil {
				return err
			}
		}

		if row, err = s.insertDerivedKey(ctx, tx, &in, made); err != nil {
			return err
		}

		if err := s.endOldest(ctx, tx, &row, in.By); err != nil {
			return err
		}

		session, err = findSession(ctx, tx, row.WorkspaceID, row.ID)

		return err
	})

	return session, err
}

// maxEndedAtOnce is how many sessions, or login links, a new one ends at most.
const maxEndedAtOnce = 100

// useLogin revokes the token of a login link, and makes the session that it is exchanged for end with the key that the
// token was made with. Who uses the token first holds its row.
func (s *Store) useLogin(ctx context.Context, tx bun.Tx, login *keyRow, made *chat.Key, now time.Time) error {
	parent, err := findParent(ctx, tx, login)
	if err != nil {
		return err
	}

	if parent != nil {
		made.EndBy(parent)
	}

	_, err = tx.NewUpdate().
		Model((*keyRow)(nil)).
		Set("revoked_at = ?", toMicroseconds(now)).
		Where("workspace_id = ?", login.WorkspaceID).
		Where("id = ?", login.ID).
		Exec(ctx)

	return err
}

// holdMakingKey finds the key that a session or a login link is made with, and holds it and the key that it was made
// with, so that neither is revoked meanwhile. A key is held before what was made with it, as when it is revoked.
func (s *Store) holdMakingKey(ctx context.Context, tx bun.Tx, in *chat.LogIn) (keyRow, error) {
	seen, err := findKey(ctx, tx.NewSelect(), in.WorkspaceID, in.By.KeyID)
	if err != nil {
		return seen, onCode(err, chat.CodeKeyNotFound, chat.KeyEnded(""))
	}

	if seen.ParentID != 0 {
		if _, err := s.holdLiveKey(ctx, tx, in.WorkspaceID, seen.ParentID, in.At); err != nil {
			return keyRow{}, err
		}
	}

	held, err := s.holdLiveKey(ctx, tx, in.WorkspaceID, seen.ID, in.At)
	if seen.Kind == chat.KeyLogin {
		err = onCode(err, chat.CodeUnauthenticated, chat.LoginUsed())
	}

	return held, err
}

// onCode returns err, or instead in its place if err has the code.
func onCode(err error, code chat.Code, instead error) error {
	if chat.CodeOf(err) == code {
		return instead
	}

	return err
}

// holdLiveKey finds a key that has not ended, and holds it.
func (s *Store) holdLiveKey(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	id chat.KeyID,
	now time.Time,
) (keyRow, error) {
	return findLiveKey(ctx, tx, now, func(q *bun.SelectQuery) *bun.SelectQuery {
		return s.locked(q).Where("k.workspace_id = ?", ws).Where("k.id = ?", id)
	})
}

// insertDerivedKey stores a session or a login link.
func (s *Store) insertDerivedKey(ctx context.Context, tx bun.Tx, in *chat.LogIn, key chat.Key) (row keyRow, err error) {
	key.Hint = in.Hint
	row = newKeyRow(in.WorkspaceID, &key, in.Hash)
	row.CreatedAt = toMicroseconds(in.At)

	if row.MadeBy, err = findMaker(ctx, tx, in.WorkspaceID, in.By, row.CreatedAt); err != nil {
		return row, err
	}

	return row, s.insertKey(ctx, tx, in.By, &row, "")
}

// OpenSession stores a session of the member that has a verified email address, in any spelling of it. Errors:
// forbidden, in the same words, when nobody has it, or who has it may not log in, as [chat.CheckMayLogIn] says.
func (s *Store) OpenSession(ctx context.Context, in chat.LogIn, email string) (chat.Session, error) {
	var session chat.Session

	err := s.inTx(ctx, "open a session", func(ctx context.Context, tx bun.Tx) error {
		member, err := findByVerifiedEmail(ctx, tx, in.WorkspaceID, email)
		if err != nil {
			return err
		}

		if err := chat.CheckMayLogIn(member); err != nil {
			return err
		}

		in.By.MemberID = member.ID

		row, err := s.insertDerivedKey(ctx, tx, &in, chat.NewSessionOf(member, in.At))
		if err != nil {
			return err
		}

		if err := s.endOldest(ctx, tx, &row, in.By); err != nil {
			return err
		}

		session, err = findSession(ctx, tx, in.WorkspaceID, row.ID)

		return err
	})

	return session, err
}

// findByVerifiedEmail finds the member to whom an email address belongs, nil for none.
func findByVerifiedEmail(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, email string) (*chat.Member, error) {
	folded := chat.FoldAddress(canonical.Of(chat.AddressEmail, email))
	if folded == "" {
		return nil, nil
	}

	var row memberRow

	err := db.NewSelect().
		Model(&row).
		Where("m.workspace_id = ?", ws).
		Where("m.email_folded = ?", folded).
		Where("m.owns_email").
		Scan(ctx)
	if noRows(err) {
		return nil, nil
	}

	return new(row.member()), err
}

// Session finds a key with whom it speaks for: api_key_not_found.
func (s *Store) Session(ctx context.Context, ws chat.WorkspaceID, id chat.KeyID) (chat.Session, error) {
	session, err := findSession(ctx, s.db, ws, id)
	return session, wrapErr("find a session", err)
}

func findSession(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, id chat.KeyID) (chat.Session, error) {
	var row keyRow
	var workspace string

	err := db.NewSelect().
		Model(&row).
		Relation("Member").
		Where("k.workspace_id = ?", ws).
		Where("k.id = ?", id).
		Scan(ctx)
	if err != nil {
		return chat.Session{}, orNotFound(err, chat.CodeKeyNotFound, "API key")
	}

	err = db.NewSelect().Table("workspaces").Column("name").Where("id = ?", ws).Scan(ctx, &workspace)

	return chat.Session{
		Key:           row.key(),
		MemberName:    row.Member.Name,
		Role:          row.Member.Role,
		WorkspaceName: workspace,
	}, err
}

// EndSession ends the session that asks for it at once. What was asked for with it stands. Errors:
// api_key_not_found. Ending it again changes nothing.
func (s *Store) EndSession(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, now time.Time) error {
	return s.inTx(ctx, "end a session", func(ctx context.Context, tx bun.Tx) error {
		row, err := findKey(ctx, s.locked(tx.NewSelect()), ws, by.KeyID)
		if err != nil {
			return err
		}

		return s.endSession(ctx, tx, &row, by, toMicroseconds(now))
	})
}

// endSession ends a session or a login link, unless it has ended.
func (s *Store) endSession(ctx context.Context, tx bun.Tx, row *keyRow, by chat.Actor, now time.Time) error {
	session := row.key()
	if session.HasEnded(now) {
		return nil
	}

	session.LogOut(now)

	_, err := tx.NewUpdate().
		Model((*keyRow)(nil)).
		Set("revoked_at = ?", session.RevokedAt).
		Set("expires_at = ?", session.ExpiresAt).
		Where("workspace_id = ?", row.WorkspaceID).
		Where("id = ?", row.ID).
		Where("kind <> ?", chat.KeyLasting).
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

// endOldest ends the oldest sessions beside a new one, or the oldest login links, as if their member had logged out,
// until [chat.MaxSessions] are left: of its key, or of its member where they stand by themselves.
func (s *Store) endOldest(ctx context.Context, tx bun.Tx, made *keyRow, by chat.Actor) error {
	var old []keyRow

	query := s.locked(tx.NewSelect()).
		Model(&old).
		Where("k.workspace_id = ?", made.WorkspaceID).
		Where("k.kind = ?", made.Kind).
		Where("k.revoked_at IS NULL").
		Where("k.expires_at > ?", made.CreatedAt).
		OrderExpr("k.id DESC").
		Limit(maxEndedAtOnce).
		Offset(chat.MaxSessions)

	if made.ParentID != 0 {
		query.Where("k.parent_id = ?", made.ParentID)
	} else {
		query.Where("k.parent_id IS NULL").Where("k.member_id = ?", made.MemberID)
	}

	if err := query.Scan(ctx); err != nil {
		return err
	}

	for i := range old {
		if err := s.endSession(ctx, tx, &old[i], by, made.CreatedAt); err != nil {
			return err
		}
	}

	return nil
}

// findParent finds the key that a session or a login link was made with, nil for none.
func findParent(ctx context.Context, db bun.IDB, row *keyRow) (*chat.Key, error) {
	if row.ParentID == 0 {
		return nil, nil
	}

	parent, err := findKey(ctx, db.NewSelect(), row.WorkspaceID, row.ParentID)

	return new(parent.key()), err
}

// ForgetSessions deletes sessions and login links of all workspaces that have ended before a time, at most limit of
// them, and returns how many it has deleted. Those stay that the audit log says have done something. Idempotent.
func (s *Store) ForgetSessions(ctx context.Context, before time.Time, limit int) (int, error) {
	var count int64

	err := s.inTx(ctx, "forget old sessions", func(ctx context.Context, tx bun.Tx) error {
		old := tx.NewSelect().
			Model((*keyRow)(nil)).
			Column("k.id").
			Where("k.kind <> ?", chat.KeyLasting).
			Where("k.expires_at < ?", toMicroseconds(before)).
			Where("NOT EXISTS (SELECT 1 FROM audit_log AS a " +
				"WHERE a.workspace_id = k.workspace_id AND a.key_id = k.id)").
			Where("NOT EXISTS (SELECT 1 FROM event_tokens AS t " +
				"WHERE t.workspace_id = k.workspace_id AND t.key_id = k.id)").
			OrderExpr("k.id").
			Limit(int64(limit))

		result, err := tx.NewDelete().Model((*keyRow)(nil)).Where("id IN (?)", old).Exec(ctx)
		if err != nil {
			return err
		}

		count, err = result.RowsAffected()

		return err
	})

	return int(count), err
}
