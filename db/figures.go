package db

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"handrail/chat"
)

// figureRow is one figure.
type figureRow struct {
	Matter      chat.FigureMatter `bun:"matter"`
	WorkspaceID chat.WorkspaceID  `bun:"workspace_id"`
	Provider    chat.Provider     `bun:"provider"`
	Channel     chat.Channel      `bun:"channel"`
	State       string            `bun:"state"`
	Count       int               `bun:"count"`
	Oldest      time.Time         `bun:"oldest"`
}

func (r *figureRow) figure() chat.Figure {
	return chat.Figure{
		Matter:      r.Matter,
		WorkspaceID: r.WorkspaceID,
		Provider:    r.Provider,
		Channel:     r.Channel,
		State:       r.State,
		Count:       r.Count,
		Oldest:      r.Oldest.UTC(),
	}
}

// figureParts are what the figures are counted from: a matter, the columns of provider, channel and state, the
// column of the time, and the rows, each of which counts as one unless there is a column of how many. The conditions
// are word for word those of partial indexes, so that nothing is read but what is counted; for the same reason the
// provider is no plain column, by whose index SQLite would read all rows in order.
var figureParts = []struct {
	matter                          chat.FigureMatter
	provider, channel, state, since string
	rows, count                     string
}{
	{
		matter:   chat.FigureDelivery,
		provider: anyProvider,
		channel:  "channel",
		state:    "submission",
		since:    "created_at",
		rows:     "deliveries WHERE submission IN ('pending', 'sending', 'blocked', 'unknown', 'needs_review')",
	},
	{
		matter:   chat.FigureDelivery,
		provider: anyProvider,
		channel:  "channel",
		state:    "'accepted'",
		since:    "created_at",
		rows: `(SELECT workspace_id, provider, channel, created_at FROM deliveries WHERE status = 'accepted'
			ORDER BY updated_at LIMIT ?0) AS waiting`,
	},
	{
		matter:   chat.FigurePossibleDuplicate,
		provider: anyProvider,
		since:    "created_at",
		rows:     "deliveries WHERE duplicate <> 'none' AND duplicate = 'possible'",
	},
	{
		matter:   chat.FigureBreaker,
		provider: anyProvider,
		since:    "opened_at",
		rows:     "sender_breakers",
	},
	{
		matter: chat.FigureBulkRetry,
		since:  "updated_at",
		rows:   "bulk_retries WHERE state = 'paused'",
	},
	{
		matter: chat.FigureToolCall,
		state:  "state",
		since:  "updated_at",
		rows:   "tool_calls WHERE state IN ('unknown', 'pending', 'running', 'waiting')",
	},
	{
		matter: chat.FigureApproval,
		state:  "kind",
		since:  "created_at",
		// One of a send ends with its workflow, the others by themselves.
		rows: "approvals WHERE state = 'waiting' AND (kind = 'send' OR deadline > ?1)",
	},
	{
		matter: chat.FigureContributorRequest,
		since:  "created_at",
		rows:   "contributor_requests WHERE state = 'open'",
	},
	{
		matter: chat.FigureEvent,
		since:  "at",
		rows:   "event_changes",
	},
	{
		matter: chat.FigureWebhook,
		state:  "endpoint",
		since:  "oldest_at",
		count:  "behind",
		rows:   webhooksBehind,
	},
}

// webhooksBehind are the enabled webhook endpoints, with how many events each is behind with, and when the oldest of
// them was. What lies between a lane and the newest event need not be counted: its numbers have no gap.
const webhooksBehind = `(SELECT we.workspace_id, CAST(we.id AS text) AS endpoint,
		COALESCE(en.last, 0) - we.position + (SELECT count(*) FROM webhook_asides AS wa
			WHERE wa.workspace_id = we.workspace_id AND wa.endpoint_id = we.id) AS behind,
		COALESCE((SELECT ev.at FROM events AS ev
			WHERE ev.workspace_id = we.workspace_id AND ev.sequence >= COALESCE(
				(SELECT min(wa.sequence) FROM webhook_asides AS wa
					WHERE wa.workspace_id = we.workspace_id AND wa.endpoint_id = we.id),
				we.position + 1)
			ORDER BY ev.sequence LIMIT 1), ?1) AS oldest_at
	FROM webhook_endpoints AS we
	LEFT JOIN event_counters AS en ON en.workspace_id = we.workspace_id AND en.chat_id = 0
	WHERE we.enabled AND we.deleted_at IS NULL) AS lanes`

// anyProvider is the column, as no index knows it.
const anyProvider = "provider || ''"

// Figures counts what has not ended in all workspaces, by workspace if that is asked for. It is one query that
// reads partial indexes, and costs as much as there is to count.
func (s *Store) Figures(ctx context.Context, byWorkspace bool) ([]chat.Figure, error) {
	var rows []figureRow

	err := s.db.NewRaw(figuresQuery(byWorkspace), chat.MaxFigure, s.time()).Scan(ctx, &rows)
	if err != nil {
		return nil, wrapErr("count what has not ended", err)
	}

	return mapSlice(rows, (*figureRow).figure), nil
}

// figuresQuery is the query for all figures.
func figuresQuery(byWorkspace bool) string {
	workspace := "''"
	if byWorkspace {
		workspace = "workspace_id"
	}

	selects := make([]string, len(figureParts))

	for i, part := range figureParts {
		columns := []string{
			"'" + string(part.matter) + "' AS matter",
			workspace + " AS workspace_id",
			columnOr(part.provider) + " AS provider",
			columnOr(part.channel) + " AS channel",
			columnOr(part.state) + " AS state",
			countOf(part.count) + " AS count",
			"min(" + part.since + ") AS oldest",
		}

		selects[i] = "SELECT " + strings.Join(columns, ", ") +
			" FROM " + part.rows +
			groupBy(byWorkspace, part.provider, part.channel, part.state) +
			" HAVING count(*) > 0"
	}

	return strings.Join(selects, "\nUNION ALL\n")
}

// countOf counts rows, or adds up a column.
func countOf(column string) string {
	if column == "" {
		return "count(*)"
	}

	return "CAST(sum(" + column + ") AS bigint)"
}

// columnOr is a column, or an empty text for none.
func columnOr(column string) string {
	if column == "" {
		return "''"
	}

	return column
}

// groupBy groups by the workspace, if that is asked for, and by the columns that there are.
func groupBy(byWorkspace bool, columns ...string) string {
	var by []string

	if byWorkspace {
		by = append(by, "workspace_id")
	}

	for _, column := range columns {
		if column != "" && !strings.HasPrefix(column, "'") {
			by = append(by, column)
		}
	}

	if len(by) == 0 {
		return ""
	}

	return " GROUP BY " + strings.Join(by, ", ")
}

// PoolStats says how the connections of this store are used.
func (s *Store) PoolStats() sql.DBStats { return s.db.Stats() }
