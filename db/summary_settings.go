package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type summarySettingsRow struct {
	bun.BaseModel `bun:"table:summary_settings,alias:s"`

	WorkspaceID     chat.WorkspaceID `bun:"workspace_id,pk"`
	Model           string           `bun:"model"`
	Language        string           `bun:"language"`
	Instructions    string           `bun:"instructions"`
	TokenBudget     int64            `bun:"token_budget"`
	LabelThreshold  float64          `bun:"label_threshold"`
	QuietSeconds    int64            `bun:"quiet_seconds"`
	EveryMessages   int              `bun:"every_messages"`
	AutomaticLabels bool             `bun:"automatic_labels"`
	UpdatedBy       chat.MemberID    `bun:"updated_by,nullzero"`
	UpdatedAt       time.Time        `bun:"updated_at"`
}

func (r *summarySettingsRow) settings() chat.SummarySettings {
	at := r.UpdatedAt.UTC()

	return chat.SummarySettings{
		Model:           r.Model,
		Language:        r.Language,
		Instructions:    r.Instructions,
		TokenBudget:     r.TokenBudget,
		LabelThreshold:  r.LabelThreshold,
		QuietAfter:      time.Duration(r.QuietSeconds) * time.Second,
		EveryMessages:   r.EveryMessages,
		AutomaticLabels: r.AutomaticLabels,
		UpdatedBy:       r.UpdatedBy,
		UpdatedAt:       &at,
	}
}

// usageRow is what a workspace has used of models in a month.
type usageRow struct {
	bun.BaseModel `bun:"table:model_usage,alias:u"`

	WorkspaceID  chat.WorkspaceID `bun:"workspace_id,pk"`
	Month        string           `bun:"month,pk"`
	Requests     int              `bun:"requests"`
	InputTokens  int64            `bun:"input_tokens"`
	OutputTokens int64            `bun:"output_tokens"`
}

// monthOf names the calendar month of a time in UTC.
func monthOf(t time.Time) string { return t.UTC().Format("2006-01") }

// findSettings are a workspace's settings, or the defaults.
func findSettings(ctx context.Context, db bun.IDB, ws chat.WorkspaceID) (chat.SummarySettings, error) {
	var row summarySettingsRow

	err := db.NewSelect().Model(&row).Where("s.workspace_id = ?", ws).Scan(ctx)
	if noRows(err) {
		return chat.SummarySettings{LabelThreshold: chat.DefaultLabelThreshold}, nil
	}

	return row.settings(), err
}

// SummarySettings are how a workspace wants its chats summarized, with the tokens it has
// used in the present month.
func (s *Store) SummarySettings(ctx context.Context, ws chat.WorkspaceID) (chat.SummarySettings, error) {
	settings, err := findSettings(ctx, s.db, ws)
	if err != nil {
		return chat.SummarySettings{}, wrapErr("find the settings of summaries", err)
	}

	var used usageRow
	err = unlessNone(
		s.db.NewSelect().Model(&used).Where("u.workspace_id = ?", ws).Where("u.month = ?", monthOf(s.time())).Scan(ctx),
	)

	settings.TokensUsed = used.InputTokens + used.OutputTokens

	return settings, wrapErr("count the tokens used", err)
}

// UpdateSummarySettings replaces the settings: invalid_request naming the field.
func (s *Store) UpdateSummarySettings(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	in chat.SummarySettings,
) (chat.SummarySettings, error) {
	if err := in.Validate(); err != nil {
		return chat.SummarySettings{}, err
	}

	row := summarySettingsRow{
		WorkspaceID:     ws,
		Model:           in.Model,
		Language:        in.Language,
		Instructions:    in.Instructions,
		TokenBudget:     in.TokenBudget,
		LabelThreshold:  in.LabelThreshold,
		QuietSeconds:    int64(in.QuietAfter / time.Second),
		EveryMessages:   in.EveryMessages,
		AutomaticLabels: in.AutomaticLabels,
		UpdatedBy:       by.MemberID,
		UpdatedAt:       s.time(),
	}

	err := s.inTx(ctx, "change the settings of summaries", func(ctx context.Context, tx bun.Tx) error {
		before, err := findSettings(ctx, tx, ws)
		if err != nil {
			return err
		}

		q := tx.NewInsert().Model(&row).On("CONFLICT (workspace_id) DO UPDATE")
		for _, column := range []string{
			"model", "language", "instructions", "token_budget", "label_threshold", "quiet_seconds", "every_messages",
			"automatic_labels", "updated_by", "updated_at",
		} {
			q.Set("? = EXCLUDED.?", bun.Ident(column), bun.Ident(column))
		}

		if _, err := q.Exec(ctx); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "summary_settings.updated",
			object:    string(ws),
			detail:    changesOf(chat.AuditSummarySettings, settingsAuditFields(&before), settingsAuditFields(&in)),
		})
	})
	if err != nil {
		return chat.SummarySettings{}, err
	}

	return s.SummarySettings(ctx, ws)
}

// RecordUsage adds what a run has cost to the run, if there still is one, and to the
// workspace's month. It is not idempotent: every request to a model costs anew, so it is
// called once for every request.
func (s *Store) RecordUsage(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.ChatID,
	run chat.SummaryID,
	u chat.Usage,
) error {
	month := usageRow{
		WorkspaceID:  ws,
		Month:        monthOf(s.time()),
		Requests:     u.Requests,
		InputTokens:  u.InputTokens,
		OutputTokens: u.OutputTokens,
	}

	return s.inTx(ctx, "record a model's usage", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().
			Model((*summaryRow)(nil)).
			Set("requests = requests + ?", u.Requests).
			Set("input_tokens = input_tokens + ?", u.InputTokens).
			Set("output_tokens = output_tokens + ?", u.OutputTokens).
			Set("duration_ms = duration_ms + ?", u.Duration.Milliseconds()).
			Where("workspace_id = ?", ws).
			Where("chat_id = ?", id).
			Where("id = ?", run).
			Exec(ctx)
		if err != nil {
			return err
		}

		_, err = tx.NewInsert().
			Model(&month).
			On("CONFLICT (workspace_id, month) DO UPDATE").
			Set("requests = u.requests + EXCLUDED.requests").
			Set("input_tokens = u.input_tokens + EXCLUDED.input_tokens").
			Set("output_tokens = u.output_tokens + EXCLUDED.output_tokens").
			Exec(ctx)

		return err
	})
}
