package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"
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

func (s *summaryOf) path(rest string) string {
	return chatPath(s.Chat, "/summaries/"+url.PathEscape(s.ID)+rest)
}

func chatPath(id int64, rest string) string { return "chats/" + strconv.FormatInt(id, 10) + rest }

type summaryList struct {
	remote
	listing
	Chat int64 `arg:"" help:"The chat's id."`
}

// Run lists versions.
func (l *summaryList) Run(c *console) error {
	return showList(c, &l.remote, l.listing, listView[versionJSON]{
		path:    chatPath(l.Chat, "/summaries"),
		query:   url.Values{},
		empty:   "this chat has no summary yet: handrail summaries run " + strconv.FormatInt(l.Chat, 10),
		columns: []string{"ID", "KIND", "STATE", "READ", "TOKENS", "AGE", "TITLE"},
		row: func(v *versionJSON) []string {
			status := v.State
			if v.Current {
				status = "current"
			}

			return []string{
				makePrintable(v.ID),
				makePrintable(v.Kind),
				makePrintable(status),
				makePrintable(v.Mode),
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
	api, err := s.dial(c)
	if err != nil {
		return err
	}

	var v versionJSON

	got, err := api.get(s.path(""), nil, &v)
	switch {
	case err != nil:
		return err
	case s.JSON:
		return api.showJSON(got.raw)
	}

	v.show(c)

	return nil
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

	query := url.Values{}

	for name, on := range map[string]bool{"update_labels": r.Labels, "full": r.Full, "overwrite": r.Overwrite} {
		if on {
			query.Set(name, "true")
		}
	}

	got, err := api.do(call{
		method: http.MethodPost,
		path:   chatPath(r.Chat, "/summarize"),
		query:  query,
		key:    uuid.NewString(),
		prefer: fmt.Sprintf("wait=%d", int(min(r.Wait, time.Minute).Seconds())),
	})
	switch {
	case isProblem(err, "summary_edited"):
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
func (s *summaryRestore) Run(c *console) error { return s.changeVersion(c, s.path("/restore")) }

type summaryUndo struct {
	remote
	summaryOf
}

// Run takes back a run's labels.
func (s *summaryUndo) Run(c *console) error { return s.changeVersion(c, s.path("/undo-labels")) }

// changeVersion posts to a version, and shows the chat as it then is.
func (r *remote) changeVersion(c *console, path string) error {
	api, err := r.dial(c)
	if err != nil {
		return err
	}

	got, err := api.do(call{method: http.MethodPost, path: path})
	if err != nil {
		return err
	}

	return r.showChat(api, got)
}
