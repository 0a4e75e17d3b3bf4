package main

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"handrail/client"
)

type summariesCommand struct {
	List       summaryList    `cmd:"" help:"List the versions of a chat's summary: every run and every edit."`
	Show       summaryShow    `cmd:"" help:"Show a version: its text, its sources and its cost."`
	Run        summaryRun     `cmd:"" help:"Summarize a chat."`
	Restore    summaryRestore `cmd:"" help:"Restore a version; it then counts as a person's."`
	UndoLabels summaryUndo    `cmd:"" name:"undo-labels" help:"Undo a run's changes to the chat's labels."`
}

// Help is shown by kong.
func (summariesCommand) Help() string {
	return `A summary that a person wrote or restored is kept, unless a run has --overwrite. Labels that a person
set or removed are always kept.

` + exitHelp
}

// summaryOf are the arguments of a command about one version.
type summaryOf struct {
	Chat int64  `arg:"" help:"The chat's id."`
	ID   string `arg:"" help:"The version's id, as listed."`
}

type summaryList struct {
	remote
	listing
	Chat int64 `arg:"" help:"The chat's id."`
}

// Run lists versions.
func (l *summaryList) Run(c *console) error {
	return showList(c, &l.remote, l.listing, listView[versionView]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			return api.ListSummaries(
				c.ctx,
				api.workspace,
				l.Chat,
				&client.ListSummariesParams{Limit: at.limit, Cursor: at.cursor},
			)
		},
		empty:   "this chat has no summary yet: handrail summaries run " + strconv.FormatInt(l.Chat, 10),
		columns: []string{"ID", "KIND", "STATE", "READ", "TOKENS", "AGE", "TITLE"},
		row: func(v *versionView) []string {
			status := string(v.State)
			if v.Current {
				status = "current"
			}

			return []string{
				makePrintable(v.ID),
				makePrintable(string(v.Kind)),
				makePrintable(status),
				makePrintable(string(v.Mode)),
				strconv.FormatInt(v.Usage.InputTokens+v.Usage.OutputTokens, 10),
				formatAge(v.CreatedAt),
				makePrintable(v.Title),
			}
		},
	})
}

type summaryShow struct {
	remote
	summaryOf
}

// Run shows a version.
func (s *summaryShow) Run(c *console) error {
	ask := func(api *apiClient) (*http.Response, error) {
		return api.GetSummary(c.ctx, api.workspace, s.Chat, s.ID)
	}

	return showOne(c, &s.remote, ask, func(_ *apiClient, v *versionView) error {
		v.show(c)
		return nil
	})
}

type summaryRun struct {
	remote
	Chat      int64         `arg:"" help:"The chat's id."`
	Labels    bool          `help:"Choose labels too."`
	Full      bool          `help:"Read the whole chat, not only what is new."`
	Overwrite bool          `help:"Also replace what a person wrote."`
	Wait      time.Duration `default:"60s" help:"How long to wait for the summary, up to a minute."`
}

// Run summarizes a chat and shows what it then says.
func (r *summaryRun) Run(c *console) error {
	api, err := r.dial(c)
	if err != nil {
		return err
	}

	got, err := api.read(api.SummarizeChat(c.ctx, api.workspace, r.Chat, &client.SummarizeChatParams{
		UpdateLabels:   client.IfGiven(r.Labels),
		Full:           client.IfGiven(r.Full),
		Overwrite:      client.IfGiven(r.Overwrite),
		IdempotencyKey: new(client.NewIdempotencyKey()),
		Prefer:         new(preferWait(r.Wait)),
	}))

	switch {
	case client.HasCode(err, client.ProblemCodeSummaryEdited):
		return fmt.Errorf("%w\nTo replace it: %s", err, r.line(c, fmt.Sprintf("summaries run %d --overwrite", r.Chat)))
	case err != nil:
		return err
	case got.status == http.StatusAccepted:
		var begun started
		if err := got.into(&begun); err != nil {
			return err
		}

		return &exitError{
			fmt.Errorf(
				"action %s continues in the background. To check: %s",
				begun.ActionID,
				r.line(c, fmt.Sprintf("summaries list %d", r.Chat)),
			),
			exitUnsettled,
		}
	}

	return r.showChat(api, got)
}

type summaryRestore struct {
	remote
	summaryOf
}

// Run restores a version.
func (s *summaryRestore) Run(c *console) error {
	return s.changeVersion(c, func(api *apiClient) (*http.Response, error) {
		return api.RestoreSummary(c.ctx, api.workspace, s.Chat, s.ID, nil)
	})
}

type summaryUndo struct {
	remote
	summaryOf
}

// Run takes back a run's labels.
func (s *summaryUndo) Run(c *console) error {
	return s.changeVersion(c, func(api *apiClient) (*http.Response, error) {
		return api.UndoLabels(c.ctx, api.workspace, s.Chat, s.ID, nil)
	})
}

// changeVersion changes what a chat says of itself, and shows the chat as it then is.
func (r *remote) changeVersion(c *console, ask question) error {
	api, err := r.dial(c)
	if err != nil {
		return err
	}

	got, err := api.read(ask(api))
	if err != nil {
		return err
	}

	return r.showChat(api, got)
}
