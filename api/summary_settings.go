package api

import (
	"context"
	"net/http"
	"time"

	"handrail/chat"
)

// Models tells which models can be asked.
type Models interface {
	// Check answers CodeInvalidRequest naming the field "model" for one that cannot.
	Check(name string) error
}

// summarySettingsJSON is how a workspace wants its chats summarized.
type summarySettingsJSON struct {
	Model           string        `json:"model" doc:"offline, or a provider and its model; empty: what the service is configured with."`
	Language        string        `json:"language" doc:"A language tag; empty: that of the customer's messages."`
	Instructions    string        `json:"instructions"`
	TokenBudget     int64         `json:"token_budget" doc:"Tokens of input and output in a calendar month (UTC); 0: any number."`
	TokensUsed      int64         `json:"tokens_used" doc:"In the present month."`
	LabelThreshold  float64       `json:"label_threshold" doc:"From which confidence on a label is set, and not suggested."`
	QuietSeconds    int64         `json:"quiet_seconds"`
	EveryMessages   int           `json:"every_messages"`
	AutomaticLabels bool          `json:"automatic_labels"`
	UpdatedBy       chat.MemberID `json:"updated_by,omitempty"`
	UpdatedAt       *time.Time    `json:"updated_at"`
}

// summarySettingsPatchJSON changes them.
type summarySettingsPatchJSON struct {
	Model           *string  `json:"model,omitempty" nullable:"true" maxLength:"160" doc:"offline, openai/… or anthropic/… with a model's name; empty: what the service is configured with."`
	Language        *string  `json:"language,omitempty" nullable:"true" maxLength:"40" doc:"Like de or pt-BR; empty: that of the customer's messages."`
	Instructions    *string  `json:"instructions,omitempty" nullable:"true" maxLength:"2000" doc:"Told to the model."`
	TokenBudget     *int64   `json:"token_budget,omitempty" minimum:"0" doc:"Tokens of input and output in a calendar month (UTC); 0: any number."`
	LabelThreshold  *float64 `json:"label_threshold,omitempty" minimum:"0" maximum:"1"`
	QuietSeconds    *int64   `json:"quiet_seconds,omitempty" minimum:"0" maximum:"604800" doc:"A chat that was quiet for so long is summarized by itself: 60 or more; 0: never."`
	EveryMessages   *int     `json:"every_messages,omitempty" minimum:"0" maximum:"1000" doc:"A chat with so many new messages is summarized by itself; 0: never."`
	AutomaticLabels *bool    `json:"automatic_labels,omitempty" doc:"Choose labels too, when a chat is summarized by itself."`
}

func (p *summarySettingsPatchJSON) apply(to *chat.SummarySettings) {
	setTo(&to.Model, p.Model)
	setTo(&to.Language, p.Language)
	setTo(&to.Instructions, p.Instructions)
	setTo(&to.TokenBudget, p.TokenBudget)
	setTo(&to.LabelThreshold, p.LabelThreshold)

	if p.QuietSeconds != nil {
		to.QuietAfter = time.Duration(*p.QuietSeconds) * time.Second
	}

	setTo(&to.EveryMessages, p.EveryMessages)
	setTo(&to.AutomaticLabels, p.AutomaticLabels)
}

// setTo gives target the value of a field, if there is one.
func setTo[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}

func presentSummarySettings(v chat.SummarySettings) summarySettingsJSON {
	return summarySettingsJSON{
		Model:           v.Model,
		Language:        v.Language,
		Instructions:    v.Instructions,
		TokenBudget:     v.TokenBudget,
		TokensUsed:      v.TokensUsed,
		LabelThreshold:  v.LabelThreshold,
		QuietSeconds:    int64(v.QuietAfter / time.Second),
		EveryMessages:   v.EveryMessages,
		AutomaticLabels: v.AutomaticLabels,
		UpdatedBy:       v.UpdatedBy,
		UpdatedAt:       chat.UTC(v.UpdatedAt),
	}
}

func (s *service) summarySettingsRoutes() {
	shown := presentSummarySettings(chat.SummarySettings{
		Model:           "openai/gpt-4.1-mini",
		Language:        "en",
		Instructions:    "Name the product first.",
		TokenBudget:     5_000_000,
		TokensUsed:      183_402,
		LabelThreshold:  chat.DefaultLabelThreshold,
		QuietAfter:      30 * time.Minute,
		AutomaticLabels: true,
		UpdatedBy:       1,
		UpdatedAt:       &exampleTime,
	})

	registerRoute(s, s.getSummarySettings, route{
		method:  http.MethodGet,
		path:    "/summary-settings",
		access:  withScope(chat.ScopeWorkspaceRead),
		id:      "getSummarySettings",
		tag:     tagWorkspace,
		summary: "Get the summary settings",
		answer:  shown,
	})

	registerRoute(s, s.updateSummarySettings, route{
		method:      http.MethodPatch,
		path:        "/summary-settings",
		access:      withScope(chat.ScopeWorkspaceAdmin),
		id:          "updateSummarySettings",
		tag:         tagWorkspace,
		summary:     "Update the summary settings",
		answer:      shown,
		description: "Fields that are left out stay as they are.",
		request: summarySettingsPatchJSON{
			Model:        new("openai/gpt-4.1-mini"),
			TokenBudget:  new(int64(5_000_000)),
			QuietSeconds: new(int64(1800)),
		},
	})
}

type summarySettingsOutput struct{ Body summarySettingsJSON }

func (s *service) getSummarySettings(ctx context.Context, _ *struct{}) (*summarySettingsOutput, error) {
	settings, err := s.store.SummarySettings(ctx, callFrom(ctx).workspace())
	if err != nil {
		return nil, err
	}

	return &summarySettingsOutput{Body: presentSummarySettings(settings)}, nil
}

type updateSummarySettingsInput struct{ Body summarySettingsPatchJSON }

func (s *service) updateSummarySettings(
	ctx context.Context,
	in *updateSummarySettingsInput,
) (*summarySettingsOutput, error) {
	c := callFrom(ctx)

	settings, err := s.store.SummarySettings(ctx, c.workspace())
	if err != nil {
		return nil, err
	}

	in.Body.apply(&settings)

	if err := settings.Validate(); err != nil {
		return nil, err
	}

	if in.Body.Model != nil {
		if err := s.models.Check(settings.Model); err != nil {
			return nil, err
		}
	}

	settings, err = s.store.UpdateSummarySettings(ctx, c.workspace(), c.actor(), settings)
	s.automatic.forget(c.workspace())

	if err != nil {
		return nil, err
	}

	return &summarySettingsOutput{Body: presentSummarySettings(settings)}, nil
}
