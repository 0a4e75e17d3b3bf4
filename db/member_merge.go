package db

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// memberReference is a column that names a member.
type memberReference struct{ table, column string }

// movedReferences are the columns that name the other member after a merge. A test compares them
// and [keptReferences] with the schema.
var movedReferences = []memberReference{
	{"actions", "requested_by"},
	{"approvals", "decided_by"},
	{"approvals", "requested_by"},
	{"bulk_retries", "requested_by"},
	{"chats", "assistant_member_id"},
	{"chats", "member_id"},
	{"contributor_asks", "member_id"},
	{"contributor_requests", "requested_by"},
	{"deliveries", "decided_by"},
	{"member_merges", "into_id"},
	{"messages", "member_id"},
	{"messages", "rated_by"},
	{"participants", "member_id"},
	{"recipient_holds", "member_id"},
	{"summaries", "requested_by"},
	{"summary_settings", "updated_by"},
	{"workspace_defaults", "assistant_member_id"},
	{"workspace_defaults", "updated_by"},
}

// unreferenced are moved as well; a column with a reference cannot be added to a table of SQLite.
var unreferenced = []memberReference{
	{"chats", "taken_over_by"},
	{"deliveries", "to_member_id"},
}

// keptReferences are the columns that a merge does not change: a key speaks for whom it was made,
// and the log says who did something then. A member who has one of either is not merged.
var keptReferences = []memberReference{
	{"api_keys", "member_id"},
	{"audit_log", "member_id"},
}

// mergeRow says into whom a member was merged.
type mergeRow struct {
	bun.BaseModel `bun:"table:member_merges,alias:g"`

	WorkspaceID chat.WorkspaceID `bun:"workspace_id,pk"`
	MemberID    chat.MemberID    `bun:"member_id,pk"`
	IntoID      chat.MemberID    `bun:"into_id"`
	MergedAt    time.Time        `bun:"merged_at"`
}

// MergeMembers makes one member a part of another, in one transaction: the chats, places,
// messages and questions of the one become those of the other, and the one is no member any more.
// The member that stays is returned. What is merged and what is not says [chat.MergeMembers]. The
// errors: member_not_found; invalid_request when both are one; conflict when the two cannot be
// one, when the one that goes has, or had, API keys, or when it was merged into somebody else;
// forbidden when the one that stays has keys that work, and who asks may make none; last_manager when
// the one that goes is the only one.
//
// Idempotent: the second time nothing is changed.
func (s *Store) MergeMembers(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	in chat.MemberMerge,
) (chat.Member, error) {
	if in.From == in.Into {
		return chat.Member{}, chat.Invalid("into", "must be another member")
	}

	for try := 1; ; try++ {
		stays, err := s.mergeOnce(ctx, ws, by, in)

		// A merge holds many rows, and others hold some of them in another order, like a send.
		if isDeadlock(err) && try < mergeTries {
			continue
		}

		if err != nil {
			return chat.Member{}, s.orMerged(ctx, err, ws, in.Into)
		}

		return stays, nil
	}
}

// mergeTries is how often a merge is tried that waits for others which wait for it.
const mergeTries = 5

func (s *Store) mergeOnce(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	in chat.MemberMerge,
) (chat.Member, error) {
	var stays chat.Member

	err := s.inTx(ctx, "merge members", func(ctx context.Context, tx bun.Tx) error {
		// The managers are held before anything else, as who changes a role holds them; that the two
		// cannot be one is the better answer.
		lastManager := s.keepManager(ctx, tx, ws, in.From, "into")
		if lastManager != nil && chat.CodeOf(lastManager) != chat.CodeLastManager {
			return lastManager
		}

		if err := s.lockMerged(ctx, tx, ws, in); err != nil {
			return err
		}

		before, err := mergeOf(ctx, tx, ws, in.From)
		if err != nil {
			return err
		}

		if before != nil && before.IntoID == in.Into {
			row, err := findMember(ctx, tx.NewSelect(), ws, in.Into)
			stays = row.member()

			return err
		}

		if before != nil {
			refused := chat.Errorf(chat.CodeConflict, "this member was merged into member %d already", before.IntoID)
			refused.MemberID = before.IntoID

			return refused
		}

		if stays, err = s.mergeMembers(ctx, tx, ws, by, in); err != nil {
			return err
		}

		return lastManager
	})

	return stays, err
}

// mergeMembers merges two members, which are held.
func (s *Store) mergeMembers(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	by chat.Actor,
	in chat.MemberMerge,
) (chat.Member, error) {
	from, err := findMember(ctx, tx.NewSelect(), ws, in.From)
	if err != nil {
		return chat.Member{}, err
	}

	into, err := findMember(ctx, tx.NewSelect(), ws, in.Into)
	if err != nil {
		return chat.Member{}, err
	}

	stays, err := chat.MergeMembers(from.member(), into.member())
	if err != nil {
		return chat.Member{}, err
	}

	if err := checkMergeable(ctx, tx, ws, in, s.time()); err != nil {
		return chat.Member{}, err
	}

	if err := joinPlaces(ctx, tx, ws, in); err != nil {
		return chat.Member{}, err
	}

	if err := s.moveReferences(ctx, tx, ws, in); err != nil {
		return chat.Member{}, err
	}

	stays.UpdatedAt = s.time()
	row := memberRowOf(&stays)
	row.keepMaker(&into)
	row.OwnsPhone = row.Phone != "" && (into.OwnsPhone || from.OwnsPhone && from.Phone == row.Phone)
	row.OwnsEmail = row.Email != "" && (into.OwnsEmail || from.OwnsEmail && from.EmailFolded == row.EmailFolded)

	err = s.batch(ctx, tx,
		// First, because an address has one owner.
		tx.NewDelete().Table("members").Where("workspace_id = ?", ws).Where("id = ?", in.From),
		tx.NewUpdate().Model(&row).Where("workspace_id = ?", ws).Where("id = ?", in.Into),
		tx.NewInsert().Model(&mergeRow{
			WorkspaceID: ws,
			MemberID:    in.From,
			IntoID:      in.Into,
			MergedAt:    stays.UpdatedAt,
		}).Returning("NULL"),
		s.insertAudit(tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "member.merged",
			object:    objectID(in.From),
			detail: changesOf(chat.AuditMember, into.auditFields(), row.auditFields()).
				with("into", in.Into).
				with("from", chat.AuditChanges(chat.AuditMember, chat.CompareFields(from.auditFields(), nil))).
				withReason(in.Reason),
		}))

	return row.member(), err
}

// lockMerged holds the two members, and before them what a message or an answer holds first: the
// questions to the one who goes, and its chats. On PostgreSQL what would refer to one of the two
// meanwhile waits for the end, and finds then that the one is gone.
func (s *Store) lockMerged(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, in chat.MemberMerge) error {
	if !s.postgres() {
		return nil
	}

	for _, lock := range []string{
		`SELECT id FROM contributor_requests AS r WHERE workspace_id = ?0 AND EXISTS (
			SELECT 1 FROM contributor_asks AS k
			WHERE k.workspace_id = r.workspace_id AND k.request_id = r.id AND k.member_id = ?1)
			ORDER BY id FOR NO KEY UPDATE`,
		`SELECT id FROM chats AS c WHERE workspace_id = ?0 AND (member_id = ?1 OR assistant_member_id = ?1
			OR taken_over_by = ?1 OR EXISTS (SELECT 1 FROM participants AS p
				WHERE p.workspace_id = c.workspace_id AND p.chat_id = c.id AND p.member_id = ?1))
			ORDER BY id FOR NO KEY UPDATE`,
		`SELECT id FROM members WHERE workspace_id = ?0 AND id IN (?1, ?2) ORDER BY id FOR UPDATE`,
	} {
		if _, err := tx.NewRaw(lock, ws, in.From, in.Into).Exec(ctx); err != nil {
			return err
		}
	}

	return nil
}

// checkMergeable asks what the store alone knows: conflict, forbidden.
func checkMergeable(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, in chat.MemberMerge, now time.Time) error {
	for _, kept := range keptReferences {
		has, err := tx.NewSelect().
			Table(kept.table).
			Where("workspace_id = ?", ws).
			Where("? = ?", bun.Ident(kept.column), in.From).
			Exists(ctx)
		if err != nil {
			return err
		}

		if has {
			return chat.Errorf(
				chat.CodeConflict,
				"member %d has, or had, API keys, and stays for the record: merge the other one into it, "+
					"or take away its address",
				in.From,
			)
		}
	}

	widened, err := tx.NewSelect().
		Model((*keyRow)(nil)).
		Where("k.workspace_id = ?", ws).
		Where("k.member_id = ?", in.Into).
		Where("k.revoked_at IS NULL").
		Where("(k.expires_at IS NULL OR k.expires_at > ?)", now).
		Exists(ctx)
	if err != nil {
		return err
	}

	if widened && !in.MayWidenKeys {
		return chat.Errorf(
			chat.CodeForbidden,
			"member %d has API keys, which would reach the other one's chats: this needs the scope %s too",
			in.Into,
			chat.ScopeKeysAdmin,
		)
	}

	bothAsked, err := tx.NewSelect().
		TableExpr("contributor_asks AS k").
		Join("JOIN contributor_asks AS o ON o.workspace_id = k.workspace_id AND o.request_id = k.request_id").
		Where("k.workspace_id = ?", ws).
		Where("k.member_id = ?", in.From).
		Where("o.member_id = ?", in.Into).
		Exists(ctx)
	if err == nil && bothAsked {
		return chat.Errorf(chat.CodeConflict, "both were asked by one contributor request, and each has a part in it")
	}

	return err
}

// joinPlaces makes one place of two in a chat, with the stronger of the two roles.
func joinPlaces(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, in chat.MemberMerge) error {
	var places []participantRow

	err := tx.NewSelect().
		Model(&places).
		Where("p.workspace_id = ?", ws).
		Where("p.member_id IN (?, ?)", in.From, in.Into).
		OrderExpr("p.id").
		Scan(ctx)
	if err != nil {
		return err
	}

	for i := range places {
		place := &places[i]
		if place.MemberID != in.From {
			continue
		}

		other := slices.IndexFunc(places, func(p participantRow) bool {
			return p.ChatID == place.ChatID && p.MemberID == in.Into
		})
		if other < 0 {
			continue
		}

		stays := &places[other]
		stays.Role = chat.StrongerRole(place.Role, stays.Role)

		_, err := tx.NewDelete().Model(place).Where("workspace_id = ?", ws).WherePK().Exec(ctx)
		if err != nil {
			return err
		}

		_, err = tx.NewUpdate().Model(stays).Column("role").Where("workspace_id = ?", ws).WherePK().Exec(ctx)
		if err != nil {
			return err
		}
	}

	return nil
}

// moveReferences lets all that names the one member name the other. A column that is forgotten
// here would keep the one from being deleted.
func (s *Store) moveReferences(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, in chat.MemberMerge) error {
	statements := []bun.Query{
		// One hold on a channel is enough.
		tx.NewRaw(`DELETE FROM recipient_holds AS h WHERE h.workspace_id = ?0 AND h.member_id = ?1
			AND EXISTS (SELECT 1 FROM recipient_holds AS o WHERE o.workspace_id = h.workspace_id
				AND o.member_id = ?2 AND o.channel = h.channel)`, ws, in.From, in.Into),
	}

	for _, moved := range slices.Concat(movedReferences, unreferenced) {
		statements = append(statements, tx.NewUpdate().
			Table(moved.table).
			Set("? = ?", bun.Ident(moved.column), in.Into).
			Where("workspace_id = ?", ws).
			Where("? = ?", bun.Ident(moved.column), in.From))
	}

	return s.batch(ctx, tx, statements...)
}

// mergeOf finds into whom a member was merged, nil if it was not.
func mergeOf(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, id chat.MemberID) (*mergeRow, error) {
	var row mergeRow

	err := db.NewSelect().Model(&row).Where("g.workspace_id = ?", ws).Where("g.member_id = ?", id).Scan(ctx)
	if err != nil {
		return nil, unlessNone(err)
	}

	return &row, nil
}

// orMerged is err, unless it says that there is no member who was merged: then it names the one
// that it was merged into.
func (s *Store) orMerged(ctx context.Context, err error, ws chat.WorkspaceID, id chat.MemberID) error {
	if chat.CodeOf(err) != chat.CodeMemberNotFound {
		return err
	}

	merge, failed := mergeOf(ctx, s.db, ws, id)
	if failed != nil || merge == nil {
		return err
	}

	gone := chat.Errorf(chat.CodeMemberNotFound, "this member was merged into member %d", merge.IntoID)
	gone.MemberID = merge.IntoID

	return gone
}
