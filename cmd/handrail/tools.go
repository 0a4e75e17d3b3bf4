package main

import (
	"fmt"
	"net/http"
	"strconv"

	"handrail/client"
)

type toolsCommand struct {
	List         toolList         `cmd:"" help:"List the tools that are defined in the workspace."`
	Show         toolShow         `cmd:"" help:"Show a tool's definition; for an MCP server, also its tools."`
	Test         toolTest         `cmd:"" help:"Run a tool now, for real, and show the outcome."`
	Refresh      toolRefresh      `cmd:"" help:"Reload an MCP server's list of tools."`
	RotateSecret toolRotateSecret `cmd:"" help:"Give an HTTP tool a new signing secret and show it. This is the only time it is shown."`
}

// Help is shown by kong.
func (toolsCommand) Help() string {
	return `Define tools through the REST API, at /tools (see docs/tools.md). These commands call the same API. They
need a key with the scope tools:read, or tools:write for test, refresh and rotate-secret.

` + exitHelp
}

// toolView is a definition as the API shows it.
type toolView struct{ client.ToolDefinition }

// where returns the address of the tool, or the command that is started for it.
func (t *toolView) where() string {
	switch {
	case t.HTTP != nil:
		return string(t.HTTP.Method) + " " + t.HTTP.URL
	case t.Mcp != nil && t.Mcp.Command != nil:
		return "the command " + *t.Mcp.Command
	case t.Mcp != nil:
		return client.ValueOf(t.Mcp.URL)
	}

	return ""
}

func (t *toolView) state() string {
	if t.Enabled {
		return "enabled"
	}

	return "disabled"
}

type toolList struct {
	remote
	listing
}

// Run lists definitions.
func (l *toolList) Run(c *console) error {
	return showList(c, &l.remote, l.listing, listView[toolView]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			return api.ListTools(
				c.ctx,
				api.workspace,
				&client.ListToolsParams{Limit: at.limit, Cursor: at.cursor},
			)
		},
		empty:   "no tools yet except the built-in ones; define one with POST /tools (docs/tools.md)",
		columns: []string{"ID", "NAME", "KIND", "RISK", "STATE", "WHERE"},
		row: func(t *toolView) []string {
			return []string{
				strconv.FormatInt(t.ID, 10),
				makePrintable(t.Name),
				makePrintable(string(t.Kind)),
				makePrintable(string(t.Risk)),
				t.state(),
				makePrintable(t.where()),
			}
		},
	})
}

type toolShow struct {
	remote
	ID int64 `arg:"" help:"The tool's id, as listed."`
}

// Run shows a definition.
func (s *toolShow) Run(c *console) error {
	return showTool(c, &s.remote, func(api *apiClient) (*http.Response, error) {
		return api.GetTool(c.ctx, api.workspace, s.ID)
	})
}

// showTool makes a request that is answered with a definition, and shows it.
func showTool(c *console, r *remote, ask question) error {
	return showOne(c, r, ask, func(_ *apiClient, t *toolView) error { return t.show(c, r) })
}

type toolRefresh struct {
	remote
	ID int64 `arg:"" help:"The MCP server's id, as listed."`
}

// Run discovers the tools of a server.
func (r *toolRefresh) Run(c *console) error {
	return showTool(c, &r.remote, func(api *apiClient) (*http.Response, error) {
		return api.RefreshTool(c.ctx, api.workspace, r.ID, nil, client.Repeatable)
	})
}

type toolRotateSecret struct {
	remote
	ID       int64  `arg:"" help:"The HTTP tool's id, as listed."`
	Approval string `help:"With the same request again, once it is approved: the approval's id." placeholder:"ID"`
}

// Run makes a new signing secret. It is asked for once only: another try could make another.
func (r *toolRotateSecret) Run(c *console) error {
	api, err := r.dial(c)
	if err != nil {
		return err
	}

	params := &client.RotateSigningSecretParams{ApprovalID: client.IfGiven(r.Approval)}

	got, err := api.read(api.RotateSigningSecret(c.ctx, api.workspace, r.ID, params))
	if err != nil {
		return err
	}

	if waits, err := got.showWaiting(c, r.JSON, api); waits {
		return err
	}

	if r.JSON {
		return api.showJSON(got.raw)
	}

	var made client.SigningSecret
	if err := got.into(&made); err != nil {
		return err
	}

	fmt.Fprintf(
		c.out,
		"%s\n\nSave this secret now: it is not shown again. For 24 hours, calls are also signed with the old one.\n",
		makePrintable(client.ValueOf(made.SigningSecret)),
	)

	return nil
}
