package main

import (
	"fmt"
	"strings"
)

func (t *toolJSON) show(c *console, r *remote) error {
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

func (t *toolJSON) showFacts(c *console) {
	f := facts{c}
	f.say("tool", "%d, %s", t.ID, t.Name)
	f.say("state", "%s", t.state())
	f.say("kind", "%s", t.Kind)
	f.say("where", "%s", t.where())
	f.say("risk", "%s", t.Risk)

	f.say("may repeat", "%s", t.repeats())

	f.say("time limit", "%gs", t.TimeoutSeconds)

	if t.Undo != nil {
		f.say("undo", "%s %s", t.Undo.Tool, t.Undo.Arguments)
	}

	if t.HTTP != nil {
		f.say("key header", "%s", t.HTTP.IdempotencyHeader)
	}

	f.say("assistants", "%s", formatAssistants(t.Assistants))
	f.say("secrets", "%s", strings.Join(t.Secrets, ", "))
	f.say("created", "%s (%s ago)", formatTime(t.CreatedAt), formatAge(t.CreatedAt))
	f.say("changed", "%s (%s ago)", formatTime(t.UpdatedAt), formatAge(t.UpdatedAt))

	if t.MCP != nil {
		f.sayTime("discovered", t.MCP.DiscoveredAt)
	}
}

// repeats says whether a call of the tool may be repeated.
func (t *toolJSON) repeats() string {
	if t.Idempotent || t.Risk == "read" {
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
func (t *toolJSON) showDiscovered(c *console) error {
	if t.MCP == nil {
		return nil
	}

	if len(t.MCP.Discovered) == 0 {
		fmt.Fprintln(c.out, "\nThe server has listed no tools that can be used.")
		return t.showLeftOut(c)
	}

	fmt.Fprintln(c.out, "\nTools")
	table := newTable(c.out, "  NAME", "RISK", "WHAT")

	for _, d := range t.MCP.Discovered {
		risk := t.Risk
		if over := t.MCP.Tools[d.Name]; over.Risk != "" {
			risk = over.Risk
		}

		table.row("  "+makePrintable(t.Name+"."+d.Name), makePrintable(risk), shortenText(d.Description, 60))
	}

	if err := table.flush(); err != nil {
		return err
	}

	return t.showLeftOut(c)
}

// showLeftOut lists what an MCP server has shown and nobody can use.
func (t *toolJSON) showLeftOut(c *console) error {
	if len(t.MCP.LeftOut) == 0 {
		return nil
	}

	fmt.Fprintln(c.out, "\nLeft out")
	table := newTable(c.out, "  NAME", "WHY")

	for _, left := range t.MCP.LeftOut {
		table.row("  "+makePrintable(left.Name), makePrintable(left.Reason))
	}

	return table.flush()
}

// showNext lists what may be done as commands.
func (t *toolJSON) showNext(c *console, r *remote) {
	fmt.Fprintln(c.out, "\nWhat you may do")

	add := func(format string, args ...any) {
		fmt.Fprintln(c.out, "  "+r.line(c, fmt.Sprintf(format, args...)))
	}

	if t.MCP == nil {
		add("tools test %d --arguments '{…}'", t.ID)
		add("tools rotate-secret %d", t.ID)

		return
	}

	if len(t.MCP.Discovered) > 0 {
		add("tools test %d --tool %s --arguments '{…}'", t.ID, makePrintable(t.MCP.Discovered[0].Name))
	}

	add("tools refresh %d", t.ID)
}
