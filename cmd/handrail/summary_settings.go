package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"handrail/client"
)

type summarySettingsCommand struct {
	Show settingsShow `cmd:"" help:"Show how the workspace's chats are summarized, and how many tokens it has used."`
	Set  settingsSet  `cmd:"" help:"Change these settings. What you do not give stays as it is."`
}

type settingsShow struct{ remote }

// Run shows the settings.
func (s *settingsShow) Run(c *console) error {
	api, err := s.dial(c)
	if err != nil {
		return err
	}

	got, err := api.read(api.GetSummarySettings(c.ctx, api.workspace))
	if err != nil {
		return err
	}

	return s.showSettings(api, got)
}

type settingsSet struct {
	remote
	Model           *string        `help:"offline, openai/… or anthropic/… with a model's name; empty for the service's default." placeholder:"NAME"`
	Language        *string        `help:"A language tag such as de; empty for the language of the customer's messages." placeholder:"TAG"`
	Instructions    *string        `help:"Instructions for the model." placeholder:"TEXT"`
	TokenBudget     *int64         `help:"The most tokens to use in a calendar month; 0 for no limit." placeholder:"N"`
	LabelThreshold  *float64       `help:"The confidence, 0 to 1, from which a label is set." placeholder:"X"`
	Quiet           *time.Duration `help:"Summarize a chat automatically when it has been quiet for this long, like 30m; 0 for never." placeholder:"TIME"`
	EveryMessages   *int64         `help:"Summarize a chat automatically when it has this many new messages; 0 for never." placeholder:"N"`
	AutomaticLabels *bool          `help:"Automatic runs also choose labels." negatable:""`
}

// Run changes the settings.
func (s *settingsSet) Run(c *console) error {
	patch := client.SummarySettingsPatch{
		AutomaticLabels: s.AutomaticLabels,
		EveryMessages:   s.EveryMessages,
		Instructions:    s.Instructions,
		LabelThreshold:  s.LabelThreshold,
		Language:        s.Language,
		Model:           s.Model,
		TokenBudget:     s.TokenBudget,
	}

	if s.Quiet != nil {
		patch.QuietSeconds = new(int64(s.Quiet.Seconds()))
	}

	if patch == (client.SummarySettingsPatch{}) {
		return &exitError{
			errors.New("nothing to change: give at least one of the flags. See handrail summary-settings set --help"),
			exitUsage,
		}
	}

	api, err := s.dial(c)
	if err != nil {
		return err
	}

	got, err := api.read(api.UpdateSummarySettings(c.ctx, api.workspace, patch))
	if err != nil {
		return err
	}

	return s.showSettings(api, got)
}

func (r *remote) showSettings(api *apiClient, got *answer) error {
	if r.JSON {
		return api.showJSON(got.raw)
	}

	var s client.SummarySettings
	if err := got.into(&s); err != nil {
		return err
	}

	f := facts{api.console}
	f.say("model", "%s", cmp.Or(s.Model, "the service's default"))
	f.say("language", "%s", cmp.Or(s.Language, "that of the customer's messages"))
	f.say("instructions", "%s", s.Instructions)

	budget := "no budget"
	if s.TokenBudget > 0 {
		budget = fmt.Sprintf("of %d", s.TokenBudget)
	}

	f.say("tokens", "%d used this month, %s", s.TokensUsed, budget)
	f.say("labels", "set from a confidence of %g, suggested below that", s.LabelThreshold)
	f.say("automatic", "%s", formatAutomatic(&s))

	if s.UpdatedAt != nil {
		f.say("changed", "%s by member %d", formatTime(*s.UpdatedAt), client.ValueOf(s.UpdatedBy))
	}

	return nil
}

// formatAutomatic returns in words when chats are summarized without a request.
func formatAutomatic(s *client.SummarySettings) string {
	var when []string
	if s.QuietSeconds > 0 {
		when = append(when, fmt.Sprintf("after %s of quiet", time.Duration(s.QuietSeconds)*time.Second))
	}

	if s.EveryMessages > 0 {
		when = append(when, fmt.Sprintf("after %d new messages", s.EveryMessages))
	}

	if len(when) == 0 {
		return "no"
	}

	labels := ", without labels"
	if s.AutomaticLabels {
		labels = ", with labels"
	}

	return strings.Join(when, " or ") + labels
}
