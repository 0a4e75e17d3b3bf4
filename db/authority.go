package db

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// authorityOf is what a member may do with a key, and who made both.
func authorityOf(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	by chat.Actor,
	now time.Time,
) (chat.Authority, error) {
	member, key, err := findAuthorityRows(ctx, db, ws, by)

	return newAuthority(&member, &key, now), err
}

// findAuthorityRows finds a member, and the key of that member's, as far as they are there.
func findAuthorityRows(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	by chat.Actor,
) (member memberRow, key keyRow, err error) {
	err = db.NewSelect().Model(&member).Where("m.workspace_id = ?", ws).Where("m.id = ?", by.MemberID).Scan(ctx)
	if unlessNone(err) != nil {
		return member, key, err
	}

	err = db.NewSelect().
		Model(&key).
		Where("k.workspace_id = ?", ws).
		Where("k.id = ?", by.KeyID).
		Where("k.member_id = ?", by.MemberID).
		Scan(ctx)

	return member, key, unlessNone(err)
}

func newAuthority(member *memberRow, key *keyRow, now time.Time) chat.Authority {
	a := chat.Authority{
		MemberID: member.ID,
		Role:     member.Role,
		RoleBy:   member.RoleBy,
		RoleAt:   chat.UTC(member.RoleAt),
	}

	if key.ID != 0 {
		a.KeyID = key.ID
		a.Scopes = key.Scopes
		a.Ended = new(key.key()).HasEnded(now)
		a.KeyBy = key.MadeBy
		a.KeyAt = new(key.CreatedAt.UTC())
	}

	return a
}

// askerOf is what who asked for an approval may do now. What was asked for without a key was the operator's,
// or is older than keys are recorded: then the role counts.
func askerOf(ctx context.Context, db bun.IDB, row *approvalRow, now time.Time) (chat.Authority, error) {
	member, key, err := findAuthorityRows(ctx, db, row.WorkspaceID, row.requester())
	if err != nil {
		return chat.Authority{}, err
	}

	asker := newAuthority(&member, &key, now)
	if row.RequestedKey == 0 {
		asker.Scopes = chat.AllScopes()
	}

	if key.Kind != chat.KeySession {
		return asker, nil
	}

	parent, err := findParent(ctx, db, &key)
	if err != nil {
		return chat.Authority{}, err
	}

	asker.Ended = new(key.key()).HasLostRequests(parent, now)

	return asker, nil
}

// holdAuthorities keeps who asked and who decides, and whom the decision changes, as they are until it is
// recorded. SQLite's transactions are alone.
func (s *Store) holdAuthorities(ctx context.Context, tx bun.Tx, row *approvalRow, by chat.Actor) error {
	if !s.postgres() {
		return nil
	}

	members := []chat.MemberID{row.RequestedBy, by.MemberID}
	if row.Effect != nil {
		members = append(members, row.Effect.MemberID)
	}

	// What was asked for with a session is void with the key that the session was made with.
	keys := []chat.KeyID{row.RequestedKey, by.KeyID}

	// In one order, as managers are held when one of them loses the role.
	_, err := tx.NewRaw(
		"SELECT id FROM members WHERE workspace_id = ? AND id IN ? ORDER BY id FOR NO KEY UPDATE",
		row.WorkspaceID,
		bun.Tuple(members),
	).Exec(ctx)
	if err != nil {
		return err
	}

	_, err = tx.NewRaw(
		"SELECT id FROM api_keys WHERE workspace_id = ? AND (id IN ? OR id IN "+
			"(SELECT parent_id FROM api_keys WHERE workspace_id = ? AND id IN ?)) ORDER BY id FOR SHARE",
		row.WorkspaceID,
		bun.Tuple(keys),
		row.WorkspaceID,
		bun.Tuple(keys),
	).Exec(ctx)

	return err
}

// lockApproval holds an approval until its decision is recorded, and before it who asked and who decides: a merge
// of members holds these first too.
func (s *Store) lockApproval(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	in chat.ApprovalDecision,
) (approvalRow, error) {
	row, err := findApproval(ctx, tx.NewSelect(), ws, in.ID)
	if err != nil {
		return row, err
	}

	if err := s.holdAuthorities(ctx, tx, &row, in.By); err != nil {
		return row, err
	}

	return findApproval(ctx, s.locked(tx.NewSelect()), ws, in.ID)
}

// nameDeciders says of approvals that wait who can decide about them now. One that cannot be approved any more can be
// refused.
func (s *Store) nameDeciders(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	approvals []chat.Approval,
	rows []approvalRow,
) error {
	isDecided := func(a chat.Approval) bool { return a.State != chat.ApprovalWaiting }

	waiting := slices.DeleteFunc(slices.Clone(approvals), isDecided)
	if len(waiting) == 0 {
		return nil
	}

	now := s.time()

	managers, err := managersWithKeys(ctx, db, ws, now)
	if err != nil {
		return err
	}

	current, err := findPinned(ctx, db, ws, waiting)
	if err != nil {
		return err
	}

	for i := range approvals {
		a := &approvals[i]
		if isDecided(*a) {
			continue
		}

		asker, err := askerOf(ctx, db, &rows[i], now)
		if err != nil {
			return err
		}

		a.Unapprovable = a.IsVoid(asker, current)

		for _, decider := range managers {
			if a.CheckDecider(asker, decider, now) != nil {
				continue
			}

			a.DeciderKeys = append(a.DeciderKeys, decider.KeyID)

			if !slices.Contains(a.Deciders, decider.MemberID) {
				a.Deciders = append(a.Deciders, decider.MemberID)
			}
		}

		a.Alone = len(a.Deciders) == 0
	}

	return nil
}

// findPinned finds the tools and members that approvals are of, as they are now.
func findPinned(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, approvals []chat.Approval) (*chat.Pinned, error) {
	var toolIDs []chat.ToolID
	var memberIDs []chat.MemberID

	for i := range approvals {
		toolIDs = append(toolIDs, approvals[i].Tools()...)

		if id := approvals[i].MemberID(); id != 0 {
			memberIDs = append(memberIDs, id)
		}
	}

	current := &chat.Pinned{
		Tools:   make(map[chat.ToolID]chat.ToolDefinition, len(toolIDs)),
		Members: make(map[chat.MemberID]chat.Member, len(memberIDs)),
	}

	var tools []toolRow
	var members []memberRow

	if len(toolIDs) > 0 {
		err := db.NewSelect().
			Model(&tools).
			Where("tl.workspace_id = ?", ws).
			Where("tl.id IN ?", bun.Tuple(toolIDs)).
			Where("tl.deleted_at IS NULL").
			Scan(ctx)
		if err != nil {
			return nil, err
		}
	}

	if len(memberIDs) > 0 {
		err := db.NewSelect().
			Model(&members).
			Where("m.workspace_id = ?", ws).
			Where("m.id IN ?", bun.Tuple(memberIDs)).
			Scan(ctx)
		if err != nil {
			return nil, err
		}
	}

	for i := range tools {
		current.Tools[tools[i].ID] = tools[i].definition()
	}

	for i := range members {
		current.Members[members[i].ID] = members[i].member()
	}

	return current, nil
}

// managersWithKeys are the authorities of all keys of managers that work, by member.
func managersWithKeys(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, now time.Time) ([]chat.Authority, error) {
	var keys []keyRow

	err := db.NewSelect().
		Model(&keys).
		Relation("Member").
		Where("k.workspace_id = ?", ws).
		Where("k.kind <> ?", chat.KeyLogin).
		Where("k.revoked_at IS NULL").
		Where("(k.expires_at IS NULL OR k.expires_at > ?)", now).
		OrderExpr("k.member_id, k.id").
		Scan(ctx)
	if err != nil {
		return nil, err
	}

	var all []chat.Authority

	for i := range keys {
		if member := keys[i].Member; member != nil && member.Role == chat.RoleManager {
			all = append(all, newAuthority(member, &keys[i], now))
		}
	}

	return all, nil
}

// executeApproval does what an approval that is being given is about, and returns the member that it
// makes or changes. errVoid says that it cannot be done any more as it was asked for.
func (s *Store) executeApproval(
	ctx context.Context,
	tx bun.Tx,
	row *approvalRow,
	in chat.ApprovalDecision,
) (member memberRow, err error) {
	effect := row.Effect

	// A tool that changes says by itself, under its lock, whether it is as it was.
	if effect == nil || effect.Tool == nil {
		if err := checkPins(ctx, tx, row); err != nil {
			return member, err
		}
	}

	if effect == nil {
		return member, nil
	}

	change := approvedChange{
		workspace: row.WorkspaceID,
		by:        in.By,
		requested: row.requester(),
		approval:  row.ID,
	}
	row.ExecutedAt = &in.At

	switch {
	case effect.NewMember != nil:
		return s.insertMember(ctx, tx, change, effect.NewMember)
	case effect.Patch != nil:
		return s.changeMember(ctx, tx, change, effect.MemberID, effect.Patch)
	case effect.Tool != nil && effect.Tool.ID == 0:
		_, err := s.insertTool(ctx, tx, change, effect.Tool)
		return member, err
	case effect.Tool != nil:
		_, err := s.changeTool(ctx, tx, change, effect.Tool)
		if code := chat.CodeOf(err); code == chat.CodeConflict || code == chat.CodeToolNotFound {
			row.ExecutedAt = nil
			return member, errVoid
		}

		return member, err
	}

	return member, nil
}

// approvedChange is a change with who makes it. requested is who has asked for it, if a second member
// had to agree.
type approvedChange struct {
	workspace chat.WorkspaceID
	by        chat.Actor
	requested chat.Actor
	approval  chat.ApprovalID
}

// findMaker returns whose hand somebody is who is made by the change.
func (c *approvedChange) findMaker(ctx context.Context, tx bun.Tx, now time.Time) (chat.MemberID, error) {
	if c.approval == "" {
		return findMaker(ctx, tx, c.workspace, c.by, now)
	}

	if c.requested.KeyID == 0 {
		return c.requested.MemberID, nil
	}

	return findMaker(ctx, tx, c.workspace, c.requested, now)
}

// findMaker returns whose hand is what somebody makes: nobody's when it is by no key, and so the operator's.
func findMaker(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	by chat.Actor,
	now time.Time,
) (chat.MemberID, error) {
	if by.KeyID == 0 {
		return 0, nil
	}

	authority, err := authorityOf(ctx, tx, ws, by, now)

	return authority.Maker(now), err
}

// isAlone reports whether the change is a member's who has asked nobody. What is by no key is the
// operator's, on the command line.
func (c *approvedChange) isAlone() bool { return c.approval == "" && c.by.KeyID != 0 }

// note adds to the detail of an audit entry who has asked.
func (c *approvedChange) note(detail changed) changed {
	if c.approval != "" {
		detail["approval_id"] = c.approval
		detail["requested_by"] = c.requested.MemberID
	}

	return detail
}

func needsApproval(what string) error {
	return chat.Errorf(chat.CodeApprovalNeeded, "%s takes a second member", what)
}

// checkPins wants every tool, and the member, that an approval is of to be as it was when the approval was asked
// for. The member is held.
func checkPins(ctx context.Context, tx bun.Tx, row *approvalRow) error {
	approval := row.approval()

	current, err := findPinned(ctx, tx, row.WorkspaceID, []chat.Approval{approval})
	if err != nil {
		return err
	}

	if !approval.PinsHold(current) {
		return errVoid
	}

	return nil
}

// approvalUse is what somebody does who was allowed to.
type approvalUse struct {
	workspace chat.WorkspaceID
	by        chat.Actor
	id        chat.ApprovalID
	kind      chat.ApprovalKind
	request   chat.ApprovalRequest
}

// useApproval marks as used what an approval allows once: approval_not_found, already_decided,
// approval_void.
func (s *Store) useApproval(ctx context.Context, tx bun.Tx, use approvalUse) error {
	row, err := findApproval(ctx, s.locked(tx.NewSelect()), use.workspace, use.id)
	if err != nil {
		return err
	}

	now := s.time()
	approval := row.approval()

	if err := approval.CheckUse(use.by.MemberID, use.kind, use.request, now); err != nil {
		return err
	}

	row.ExecutedAt = &now
	_, err = tx.NewUpdate().Model(&row).Column("executed_at").WherePK().Exec(ctx)

	return err
}

// describeApproval is what the audit log says of an approval: names, ids, roles, scopes, and of
// a tool's fields which change.
func describeApproval(row *approvalRow) changed {
	detail := changed{"kind": row.Kind, "requested_by": row.RequestedBy}
	request := &row.Request

	if row.ChatID != 0 {
		detail["chat_id"] = row.ChatID
	}

	if m := request.Member; m != nil {
		detail["member_id"] = m.ID
	}

	if k := request.Key; k != nil {
		detail["member_id"] = k.MemberID
		detail["scopes"] = k.Scopes
	}

	if t := request.Tool; t != nil {
		detail["tool"] = t
	}

	if len(request.Calls) > 0 {
		tools := make([]chat.PinnedTool, len(request.Calls))
		for i, call := range request.Calls {
			tools[i] = call.Tool
		}

		detail["tools"] = tools
	}

	if changes := chat.AuditChanges(auditedObjects[row.Kind], request.Changes); len(changes) > 0 {
		detail["changes"] = changes
	}

	return detail
}
