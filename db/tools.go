package db

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type toolRow struct {
	bun.BaseModel `bun:"table:tools,alias:tl"`

	ID          chat.ToolID      `bun:"id,pk,autoincrement"`
	WorkspaceID chat.WorkspaceID `bun:"workspace_id"`
	Kind        chat.ToolKind    `bun:"kind"`
	Name        string           `bun:"name"`
	Folded      string           `bun:"folded"`
	Description string           `bun:"description"`
	Enabled     bool             `bun:"enabled"`
	Assistants  []chat.MemberID  `bun:"assistants,type:json"`
	Risk        chat.ToolRisk    `bun:"risk"`
	Idempotent  bool             `bun:"idempotent"`
	TimeoutMS   int64            `bun:"timeout_ms"`
	Undo        *chat.Undo       `bun:"undo,type:json"`
	HTTP        *chat.HTTPTool   `bun:"http,type:json"`
	MCP         *chat.MCPServer  `bun:"mcp,type:json"`
	SecretNames []string         `bun:"secret_names,type:json"`
	Sealed      []byte           `bun:"sealed,nullzero"`
	Version     int64            `bun:"version"`
	Destination string           `bun:"destination,nullzero"`
	CreatedAt   time.Time        `bun:"created_at"`
	UpdatedAt   time.Time        `bun:"updated_at"`
	DeletedAt   *time.Time       `bun:"deleted_at"`
}

func toolRowOf(d *chat.ToolDefinition) toolRow {
	row := toolRow{
		ID:          d.ID,
		WorkspaceID: d.WorkspaceID,
		Kind:        d.Kind,
		Name:        d.Name,
		Folded:      chat.FoldName(d.Name),
		Description: d.Description,
		Enabled:     d.Enabled,
		Assistants:  d.Assistants,
		Risk:        d.Risk,
		Idempotent:  d.Idempotent,
		TimeoutMS:   d.Timeout.Milliseconds(),
		Undo:        d.Undo,
		HTTP:        d.HTTP,
		MCP:         d.MCP,
		SecretNames: d.SecretNames,
		Sealed:      d.Sealed,
		Version:     d.Version,
		Destination: d.Destination(),
		CreatedAt:   d.CreatedAt,
		UpdatedAt:   d.UpdatedAt,
	}
	// A list that is not there would be stored as null.
	if row.Assistants == nil {
		row.Assistants = []chat.MemberID{}
	}

	if row.SecretNames == nil {
		row.SecretNames = []string{}
	}

	return row
}

func (r *toolRow) definition() chat.ToolDefinition {
	return chat.ToolDefinition{
		ID:          r.ID,
		WorkspaceID: r.WorkspaceID,
		Kind:        r.Kind,
		Name:        r.Name,
		Description: r.Description,
		Enabled:     r.Enabled,
		Assistants:  r.Assistants,
		Risk:        r.Risk,
		Idempotent:  r.Idempotent,
		Timeout:     time.Duration(r.TimeoutMS) * time.Millisecond,
		Undo:        r.Undo,
		HTTP:        r.HTTP,
		MCP:         r.MCP,
		SecretNames: r.SecretNames,
		Sealed:      r.Sealed,
		Version:     r.Version,
		CreatedAt:   r.CreatedAt.UTC(),
		UpdatedAt:   r.UpdatedAt.UTC(),
	}
}

func toolTaken() *chat.Error {
	return chat.InvalidAs(chat.CodeAlreadyExists, "name", "is taken: a tool or MCP server has it, whatever its case")
}

// CreateTool adds an HTTP tool or an MCP server: already_exists when its name is taken,
// member_not_found when one of its assistants is none of the workspace's, approval_needed when one
// member alone would reach with it what a tool of a higher risk reaches, or has reached.
func (s *Store) CreateTool(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	d chat.ToolDefinition,
) (chat.ToolDefinition, error) {
	var row toolRow

	err := s.inTx(ctx, "create a tool", func(ctx context.Context, tx bun.Tx) (err error) {
		row, err = s.insertTool(ctx, tx, approvedChange{workspace: ws, by: by}, &d)
		return err
	})

	return row.definition(), err
}

func (s *Store) insertTool(
	ctx context.Context,
	tx bun.Tx,
	change approvedChange,
	d *chat.ToolDefinition,
) (toolRow, error) {
	row := toolRowOf(d)
	row.ID = 0
	row.WorkspaceID = change.workspace
	row.Version = 1
	row.CreatedAt = s.time()
	row.UpdatedAt = row.CreatedAt

	if err := s.allowToolChange(ctx, tx, change, nil, d); err != nil {
		return row, err
	}

	if err := checkAssistants(ctx, tx, change.workspace, row.Assistants); err != nil {
		return row, err
	}

	err := insertOwned(ctx, tx.NewInsert().Model(&row))
	if err := onViolation(err, uniqueViolation, toolTaken()); err != nil {
		return row, err
	}

	return row, s.audit(ctx, tx, auditEvent{
		workspace: change.workspace,
		by:        change.by,
		verb:      "tool.created",
		object:    objectID(row.ID),
		detail:    change.note(toolChange(nil, d)),
	})
}

// checkAssistants wants every id to be an assistant of the workspace.
func checkAssistants(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, ids []chat.MemberID) error {
	for _, id := range ids {
		row, err := findMember(ctx, tx.NewSelect(), ws, id)
		if err != nil {
			return err
		}

		if row.Kind != chat.KindAssistant {
			return chat.Invalid("assistants", "must be assistants; member %d is a person", id)
		}
	}

	return nil
}

// Tools lists the workspace's tools and MCP servers by id.
func (s *Store) Tools(
	ctx context.Context,
	ws chat.WorkspaceID,
	f chat.ToolFilter,
) (chat.List[chat.ToolDefinition], error) {
	var rows []toolRow

	q := s.db.NewSelect().
		Model(&rows).
		Where("tl.workspace_id = ?", ws).
		Where("tl.deleted_at IS NULL")

	if f.Kind != "" {
		q.Where("tl.kind = ?", f.Kind)
	}

	list, err := listQuery[toolRow, chat.ToolID, chat.ToolDefinition]{
		query: q,
		rows:  &rows,
		order: &toolsOrder,
		page:  f.Page,
		item:  (*toolRow).definition,
	}.read(ctx)

	return list, wrapErr("list the tools", err)
}

var toolsOrder = keyset[toolRow, chat.ToolID]{
	list: "tools",
	id:   "tl.id",
	idOf: func(r *toolRow) chat.ToolID { return r.ID },
}

// Tool finds a tool or an MCP server: tool_not_found.
func (s *Store) Tool(ctx context.Context, ws chat.WorkspaceID, id chat.ToolID) (chat.ToolDefinition, error) {
	row, err := findTool(ctx, s.db.NewSelect(), ws, id)
	return row.definition(), wrapErr("find a tool", err)
}

func findTool(ctx context.Context, q *bun.SelectQuery, ws chat.WorkspaceID, id chat.ToolID) (toolRow, error) {
	var row toolRow
	err := q.Model(&row).
		Where("tl.workspace_id = ?", ws).
		Where("tl.id = ?", id).
		Where("tl.deleted_at IS NULL").
		Scan(ctx)

	return row, orNotFound(err, chat.CodeToolNotFound, "tool")
}

// UpdateTool changes a tool that still has the version it was read with: tool_not_found,
// conflict when somebody was faster, already_exists, member_not_found, approval_needed when it
// takes a second member and d names no approval.
func (s *Store) UpdateTool(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	d chat.ToolDefinition,
) (chat.ToolDefinition, error) {
	var row toolRow
	err := s.inTx(ctx, "change a tool", func(ctx context.Context, tx bun.Tx) (err error) {
		row, err = s.changeTool(ctx, tx, approvedChange{workspace: ws, by: by}, &d)
		return err
	})

	return row.definition(), err
}

func (s *Store) changeTool(
	ctx context.Context,
	tx bun.Tx,
	change approvedChange,
	d *chat.ToolDefinition,
) (toolRow, error) {
	ws := change.workspace

	stored, err := findTool(ctx, s.locked(tx.NewSelect()), ws, d.ID)
	if err != nil {
		return stored, err
	}

	if stored.Version != d.Version {
		return stored, chat.Errorf(chat.CodeConflict, "the tool was changed meanwhile; read it again")
	}

	before := stored.definition()
	if err := s.allowToolChange(ctx, tx, change, &before, d); err != nil {
		return stored, err
	}

	if err := checkAssistants(ctx, tx, ws, d.Assistants); err != nil {
		return stored, err
	}

	row := toolRowOf(d)
	row.WorkspaceID = ws
	row.Kind = stored.Kind
	row.Version = stored.Version + 1
	row.CreatedAt = stored.CreatedAt
	row.UpdatedAt = s.time()

	_, err = tx.NewUpdate().Model(&row).WherePK().Where("workspace_id = ?", ws).Exec(ctx)
	if err := onViolation(err, uniqueViolation, toolTaken()); err != nil {
		return row, err
	}

	if err := s.keepDestination(ctx, tx, stored, d); err != nil {
		return row, err
	}

	return row, s.audit(ctx, tx, auditEvent{
		workspace: ws,
		by:        change.by,
		verb:      "tool.updated",
		object:    objectID(d.ID),
		detail:    change.note(toolChange(&before, d).with("version", row.Version)),
	})
}

// BeginToolTest notes that a tool is run beside any send, before it runs: tool_not_found, conflict when
// it was changed since it was read, approval_needed for a tool of the risk approval without an
// approval of this very run.
func (s *Store) BeginToolTest(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, in chat.ToolTest) error {
	return s.inTx(ctx, "begin a tool's test", func(ctx context.Context, tx bun.Tx) error {
		stored, err := findTool(ctx, s.locked(tx.NewSelect()), ws, in.Tool.ID)
		if err != nil {
			return err
		}

		if stored.Version != in.Tool.Version {
			return chat.Errorf(chat.CodeConflict, "the tool was changed meanwhile; test it again")
		}

		definition := stored.definition()
		isRisky := definition.RiskOf(in.Tool.Name) == chat.RiskApproval

		switch {
		case isRisky && in.Approval != "":
			err = s.useApproval(ctx, tx, approvalUse{
				workspace: ws,
				by:        by,
				id:        in.Approval,
				kind:      chat.ApprovalToolTest,
				request:   in.Request(),
			})
		case isRisky && by.KeyID != 0:
			err = needsApproval("testing a tool of the risk approval")
		}

		if err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "tool.tested",
			object:    objectID(in.Tool.ID),
			detail:    changed{"tool": in.Tool, "approval_id": in.Approval},
		})
	})
}

// DeleteTool takes a tool away: tool_not_found. Its row stays, for the calls that name it.
func (s *Store) DeleteTool(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, id chat.ToolID) error {
	return s.inTx(ctx, "delete a tool", func(ctx context.Context, tx bun.Tx) error {
		row, err := findTool(ctx, s.locked(tx.NewSelect()), ws, id)
		if err != nil {
			return err
		}

		now := s.time()

		_, err = tx.NewUpdate().
			Model(&row).
			Set("deleted_at = ?", now).
			Set("updated_at = ?", now).
			Set("sealed = NULL").
			WherePK().
			Where("workspace_id = ?", ws).
			Exec(ctx)
		if err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "tool.deleted",
			object:    objectID(id),
			detail:    toolChange(new(row.definition()), nil),
		})
	})
}

// SaveDiscovered stores what an MCP server has shown: tool_not_found. The version stays: it is how the server is
// reached that makes one. What another version has shown changes nothing: it may be another server. by is nobody when
// the server has told of itself.
func (s *Store) SaveDiscovered(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, in chat.Discovery) error {
	return s.inTx(ctx, "store the tools of an MCP server", func(ctx context.Context, tx bun.Tx) error {
		row, err := findTool(ctx, s.locked(tx.NewSelect()), ws, in.ToolID)
		if err != nil || row.MCP == nil || row.Version != in.Version {
			return err
		}

		now := toMicroseconds(in.At)
		listing := in.Listing
		shown := toolNames(row.MCP.Discovered)
		row.MCP.MCPListing = listing
		row.MCP.DiscoveredAt = &now
		row.UpdatedAt = now

		_, err = tx.NewUpdate().
			Model(&row).
			Column("mcp", "updated_at").
			WherePK().
			Where("workspace_id = ?", ws).
			Exec(ctx)
		if err != nil || by.MemberID == 0 && slices.Equal(shown, toolNames(listing.Discovered)) {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "tool.refreshed",
			object:    objectID(in.ToolID),
			detail:    changed{"name": row.Name, "before": shown, "after": toolNames(listing.Discovered)},
		})
	})
}

// toolNames are the names of a server's tools at the server.
func toolNames(tools []chat.MCPTool) []string {
	return mapSlice(tools, func(t *chat.MCPTool) string { return t.Name })
}

// ChatTools lists what the chat's assistant may use, by name: chat_not_found.
func (s *Store) ChatTools(ctx context.Context, ws chat.WorkspaceID, id chat.ChatID) ([]chat.Tool, error) {
	var row chatRow

	err := s.db.NewSelect().Model(&row).Relation("Assistant").Where("c.workspace_id = ?", ws).Where("c.id = ?", id).
		Where("c.deleted_at IS NULL").Scan(ctx)
	if err != nil {
		return nil, wrapErr("find a chat", orNotFound(err, chat.CodeChatNotFound, "chat"))
	}

	var assistant *chat.Member

	if row.Assistant != nil {
		member := row.Assistant.member()
		assistant = &member
	}

	tools, err := chatTools(ctx, s.db, ws, assistant)

	return tools, wrapErr("list a chat's tools", err)
}

// chatTools are the tools that an assistant may use; without one, those of every assistant.
func chatTools(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, assistant *chat.Member) ([]chat.Tool, error) {
	mine := func(r *toolRow) bool {
		return len(r.Assistants) == 0 || assistant != nil && slices.Contains(r.Assistants, assistant.ID)
	}

	all, err := workspaceTools(ctx, db, ws, mine)
	if err != nil {
		return nil, err
	}

	if assistant != nil {
		all = slices.DeleteFunc(all, func(t chat.Tool) bool { return !assistant.MayUse(t.Name) })
	}

	return all, nil
}

// everyTool leaves out none of a workspace's definitions.
func everyTool(*toolRow) bool { return true }

// workspaceTools are the built-in tools, and those of the enabled definitions that which
// lets through, by name.
func workspaceTools(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	which func(*toolRow) bool,
) ([]chat.Tool, error) {
	var rows []toolRow

	err := db.NewSelect().
		Model(&rows).
		Where("tl.workspace_id = ?", ws).
		Where("tl.deleted_at IS NULL").
		Where("tl.enabled").
		Scan(ctx)
	if err != nil {
		return nil, err
	}

	all := chat.Builtins()

	for i := range rows {
		if which(&rows[i]) {
			definition := rows[i].definition()
			all = append(all, definition.Tools()...)
		}
	}

	slices.SortFunc(all, func(a, b chat.Tool) int { return strings.Compare(a.Name, b.Name) })

	return all, nil
}
