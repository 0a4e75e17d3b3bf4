package console

import (
	"slices"

	"github.com/a-h/templ"

	"handrail/client"
)

func (h *Handler) toolRoutes() {
	h.page("/settings/tools", h.showTools)
	h.page("/settings/tools/{id}", h.showTool)
	h.formThatTells("/settings/tools/{id}", h.testTool, h.showTool)
}

func (h *Handler) showTools(v *viewer) (templ.Component, error) {
	answer, err := v.ListToolsWithResponse(v.ctx(), v.ws(), &client.ListToolsParams{
		Limit:  new(pageLimit),
		Cursor: readCursor(v),
	})
	if err != nil {
		return nil, err
	}

	return toolsPage(v, answer.JSON200.Items, v.nextPage("/settings/tools", answer.JSON200.NextCursor)), nil
}

// toolView is what the page of a tool shows.
type toolView struct {
	client.ToolDefinition

	// chosen is which tool of an MCP server is tested, by its name at the server; "" for none, and for other tools.
	chosen string
	// schema is that of the arguments of what is tested.
	schema any
	// form has the arguments of a test.
	form toolForm
	// tested is a test that was just made, approval what a test waits for; nil for none.
	tested   *client.TestedTool
	approval *client.Approval
}

func (h *Handler) showTool(v *viewer) (templ.Component, error) {
	view, err := readTool(v)
	if err != nil {
		return nil, err
	}

	return toolPage(v, view), nil
}

// readTool reads the tool of the path, and what of it is to be tested. Errors: [errNoPage].
func readTool(v *viewer) (*toolView, error) {
	id, err := v.number("id")
	if err != nil {
		return nil, err
	}

	answer, err := v.GetToolWithResponse(v.ctx(), v.ws(), id)
	if err != nil {
		return nil, err
	}

	view := &toolView{ToolDefinition: *answer.JSON200}

	v.learnNames(slices.Clone(view.Assistants)...)

	switch {
	case view.HTTP != nil:
		view.schema = view.HTTP.Schema
	case view.Mcp != nil:
		view.chooseMCPTool(readText(v, "tool"))
	}

	_ = readText(v, "tool") // reads the form
	view.form = newToolForm("", view.schema, v.PostForm)

	return view, nil
}

// chooseMCPTool chooses which tool of an MCP server is tested.
func (t *toolView) chooseMCPTool(name string) {
	i := slices.IndexFunc(t.Mcp.Discovered, func(tool client.McpTool) bool { return nameAtServer(tool) == name })
	if i < 0 {
		return
	}

	t.chosen = name
	t.schema = t.Mcp.Discovered[i].Schema
}

// nameAtServer returns the name of a tool at its MCP server.
func nameAtServer(tool client.McpTool) string {
	if tool.ServerName != nil {
		return *tool.ServerName
	}

	return tool.Name
}

// canTest reports whether the page has something to test, and the viewer may.
func (t *toolView) canTest(v *viewer) bool {
	return v.may("tools:write") && (t.Mcp == nil || t.chosen != "")
}

// testTool runs a tool, and shows its result, or what it waits for.
func (h *Handler) testTool(v *viewer) (templ.Component, error) {
	view, err := readTool(v)
	if err != nil {
		return nil, err
	}

	arguments, err := view.form.arguments()
	if err != nil {
		return nil, newInvalid("the arguments: " + err.Error())
	}

	params := &client.TestToolParams{IdempotencyKey: v.once()}

	answer, err := v.TestToolWithResponse(v.ctx(), v.ws(), view.ID, params, client.TestTool{
		ApprovalID: v.given("approval_id"),
		Arguments:  arguments,
		Tool:       client.IfGiven(view.chosen),
	})
	if err != nil {
		return nil, err
	}

	view.tested = answer.JSON200
	view.approval = answer.JSON202

	return toolPage(v, view), nil
}

// riskOf returns the risk of a tool of an MCP server.
func (t *toolView) riskOf(tool client.McpTool) client.ToolRisk {
	if over := t.Mcp.Tools[tool.Name]; over.Risk != nil {
		return *over.Risk
	}

	return t.Risk
}

// testedRisk returns the risk of what is tested.
func (t *toolView) testedRisk() client.ToolRisk {
	if t.Mcp == nil {
		return t.Risk
	}

	for _, tool := range t.Mcp.Discovered {
		if nameAtServer(tool) == t.chosen {
			return t.riskOf(tool)
		}
	}

	return t.Risk
}

// explainTest returns what a test does, in a sentence.
func (t *toolView) explainTest() string {
	switch t.testedRisk() {
	case client.ToolRiskRead:
		return "The tool is run with these arguments. It only reads."
	case client.ToolRiskApproval:
		return "The tool is run with these arguments and has its effect, after a second member has approved it."
	case client.ToolRiskWrite:
	}

	return "The tool is run with these arguments, and has its effect: this is no simulation."
}

// describeRepeats returns whether a call of a tool may be repeated, in words.
func describeRepeats(tool client.ToolDefinition) string {
	if tool.Idempotent || tool.Risk == client.ToolRiskRead {
		return "yes, it is idempotent"
	}

	return "no: a call that may have had its effect waits for a person"
}

// describePlace returns where a tool runs, in words.
func describePlace(tool client.ToolDefinition) string {
	switch {
	case tool.HTTP != nil:
		return string(tool.HTTP.Method) + " " + tool.HTTP.URL
	case tool.Mcp != nil && tool.Mcp.URL != nil:
		return *tool.Mcp.URL
	case tool.Mcp != nil:
		return "command " + client.ValueOf(tool.Mcp.Command)
	}

	return "–"
}

// approvalField returns what the field of the approval begins with: the approval that the test waits for, so that it
// need only be run again.
func approvalField(v *viewer, view *toolView) string {
	if view.approval != nil {
		return view.approval.ID
	}

	return v.PostFormValue("approval_id")
}

// describeTest returns how long a test took, and with which HTTP status the tool has answered.
func describeTest(tested *client.TestedTool) string {
	took := "After " + formatMillis(tested.DurationMs)
	if tested.HTTPStatus == nil {
		return took
	}

	return took + ", with HTTP status " + formatCount(*tested.HTTPStatus)
}
