package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"handrail/client"
)

func (t *toolView) show(c *console, r *remote) error {
	if t.Description != "" {
		fmt.Fprintf(c.out, "%s\n\n", makePrintable(t.Description))
	}

	t.showFacts(c)

	if err := t.showDiscovered(c); err != nil {
		return err
	}

	t.showNext(c, r)

	return nil
}

func (t *toolView) showFacts(c *console) {
	f := facts{c}
	f.say("tool", "%d, %s", t.ID, t.Name)
	f.say("state", "%s", t.state())
	f.say("kind", "%s", t.Kind)
	f.say("where", "%s", t.where())
	f.say("risk", "%s", t.Risk)

	f.say("may repeat", "%s", t.repeats())

	f.say("time limit", "%ds", t.TimeoutSeconds)

	if t.Undo != nil {
		f.say("undo", "%s %s", t.Undo.Tool, formatArguments(t.Undo.Arguments))
	}

	if t.HTTP != nil {
		f.say("key header", "%s", client.ValueOf(t.HTTP.IdempotencyHeader))
	}

	f.say("assistants", "%s", formatAssistants(t.Assistants))
	f.say("secrets", "%s", strings.Join(t.Secrets, ", "))
	f.say("created", "%s (%s ago)", formatTime(t.CreatedAt), formatAge(t.CreatedAt))
	f.say("changed", "%s (%s ago)", formatTime(t.UpdatedAt), formatAge(t.UpdatedAt))

	if t.Mcp != nil {
		f.sayTime("discovered", t.Mcp.DiscoveredAt)
	}
}

// formatArguments are the arguments of an undo as JSON.
func formatArguments(arguments map[string]any) string {
	written, err := json.Marshal(arguments)
	if err != nil {
		return ""
	}

	return string(written)
}

// repeats says whether a call of the tool may be repeated.
func (t *toolView) repeats() string {
	if t.Idempotent || t.Risk == client.ToolRiskRead {
		return "yes, it is idempotent"
	}

	return "no: a call that may have had its effect waits for a person"
}

// formatAssistants returns the ids of those who may use a tool, or "all".
func formatAssistants(ids []int64) string {
	if len(ids) == 0 {
		return "all"
	}

	return joinIDs(ids)
}

// showDiscovered lists what an MCP server offers, by the names that assistants use.
func (t *toolView) showDiscovered(c *console) error {
	if t.Mcp == nil {
		return nil
	}

	if len(t.Mcp.Discovered) == 0 {
		fmt.Fprintln(c.out, "\nThe server has listed no tools that can be used.")
		return t.showLeftOut(c)
	}

	c.showHeading("Tools")
	table := newTable(c.out, "  NAME", "RISK", "WHAT")

	for _, d := range t.Mcp.Discovered {
		risk := t.Risk
		if over := t.Mcp.Tools[d.Name]; over.Risk != nil {
			risk = *over.Risk
		}

		table.row(
			"  "+makePrintable(t.Name+"."+d.Name),
			makePrintable(string(risk)),
			makePrintable(client.ValueOf(d.Description)),
		)
	}

	if err := table.flush(); err != nil {
		return err
	}

	return t.showLeftOut(c)
}

// showLeftOut lists what an MCP server has shown and nobody can use.
func (t *toolView) showLeftOut(c *console) error {
	if len(t.Mcp.LeftOut) == 0 {
		return nil
	}

	c.showHeading("Left out")
	table := newTable(c.out, "  NAME", "WHY")

	for _, left := range t.Mcp.LeftOut {
		table.row("  "+makePrintable(left.Name), makePrintable(left.Reason))
	}

	return table.flush()
}

// showNext lists what may be done as commands.
func (t *toolView) showNext(c *console, r *remote) {
	c.showHeading("What you may do")

	add := func(format string, args ...any) {
		fmt.Fprintln(c.out, "  "+r.line(c, fmt.Sprintf(format, args...)))
	}

	if t.Mcp == nil {
		add("tools test %d --arguments '{…}'", t.ID)
		add("tools rotate-secret %d", t.ID)

		return
	}

	if len(t.Mcp.Discovered) > 0 {
		add("tools test %d --tool %s --arguments '{…}'", t.ID, makePrintable(t.Mcp.Discovered[0].Name))
	}

	add("tools refresh %d", t.ID)
}
