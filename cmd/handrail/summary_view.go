package main

import (
	"fmt"
	"strings"
	"time"

	"handrail/client"
)

// versionView is a version of a summary as the API shows it.
type versionView struct{ client.SummaryVersion }

func (v *versionView) show(c *console) {
	if v.Title != "" {
		fmt.Fprintf(c.out, "%s\n\n%s\n", makePrintable(v.Title), indentText(v.Summary))
	}

	for _, part := range []struct {
		name   string
		points []client.Point
	}{{"Key points", v.KeyPoints}, {"Open questions", v.OpenQuestions}, {"Next steps", v.NextSteps}} {
		if len(part.points) > 0 {
			fmt.Fprintf(c.out, "\n%s\n", part.name)
		}

		for _, p := range part.points {
			fmt.Fprintf(c.out, "  - %s\n    %s\n", makePrintable(p.Text), makePrintable(strings.Join(p.Messages, ", ")))
		}
	}

	if len(v.Labels) > 0 {
		c.showHeading("Labels")
	}

	for _, l := range v.Labels {
		fmt.Fprintf(
			c.out,
			"  - %s: %s, sure to %.0f %%\n",
			makePrintable(l.Name),
			makePrintable(string(client.ValueOf(l.Outcome))),
			100*l.Confidence,
		)

		for _, e := range l.Evidence {
			fmt.Fprintf(c.out, "    “%s”\n", makePrintable(e.Text))
		}
	}

	fmt.Fprintln(c.out)
	v.showFacts(c)
}

func (v *versionView) showFacts(c *console) {
	f := facts{c}
	f.say("version", "%s", v.ID)
	f.say("kind", "%s", v.Kind)
	f.say("state", "%s%s", v.State, map[bool]string{true: ", shown by the chat"}[v.Current])

	if v.State == client.SummaryVersionStateSucceeded && !v.Applied {
		f.say("text", "%s", "not put into the chat: a person had written its text")
	}

	if v.Problem != nil {
		f.say("failed", "%s (%s)", v.Problem.Detail, v.Problem.Code)
	}

	f.say("read", "%s", v.Mode)
	f.say("covers", "%d messages", v.Covered)
	f.say("model", "%s", v.Model)

	if v.Usage.Requests > 0 {
		f.say(
			"cost",
			"%d requests, %d tokens in, %d out, %s",
			v.Usage.Requests,
			v.Usage.InputTokens,
			v.Usage.OutputTokens,
			time.Duration(v.Usage.DurationMs)*time.Millisecond,
		)
	}

	if v.RequestedBy != nil {
		f.say(
			"asked by",
			"member %d%s",
			*v.RequestedBy,
			map[bool]string{true: ", through the workspace's settings"}[v.Automatic],
		)
	}

	f.say("action", "%s", client.ValueOf(v.ActionID))
	f.say("restored from", "%s", client.ValueOf(v.RestoredFrom))

	if len(v.LabelsAdded)+len(v.LabelsRemoved) > 0 {
		f.say("labels", "%d set, %d removed", len(v.LabelsAdded), len(v.LabelsRemoved))
	}

	f.sayTime("labels undone", v.LabelsUndoneAt)
	f.say("created", "%s (%s ago)", formatTime(v.CreatedAt), formatAge(v.CreatedAt))
}

// indentText is a text of several lines, each without what would steer a terminal.
func indentText(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = "  " + makePrintable(lines[i])
	}

	return strings.Join(lines, "\n")
}

func joinLabels(labels []client.ChatLabel) string {
	names := make([]string, len(labels))
	for i := range labels {
		names[i] = labels[i].Name
	}

	return strings.Join(names, ", ")
}

func joinSuggested(labels []client.SuggestedLabel) string {
	names := make([]string, len(labels))
	for i := range labels {
		names[i] = labels[i].Name
	}

	return strings.Join(names, ", ")
}

// showChat shows a chat as a command has left it.
func (r *remote) showChat(api *apiClient, got *answer) error {
	if r.JSON {
		return api.showJSON(got.raw)
	}

	var c client.Chat
	if err := got.into(&c); err != nil {
		return err
	}

	fmt.Fprintf(api.out, "%s\n\n%s\n\n", makePrintable(c.Title), indentText(c.Summary))
	f := facts{api.console}
	f.say("labels", "%s", joinLabels(c.Labels))
	f.say("suggested", "%s", joinSuggested(c.SuggestedLabels))

	if c.StaleBy > 0 {
		f.say("newer", "%d messages", c.StaleBy)
	}

	if c.SummaryID != nil {
		f.say("version", "%s", *c.SummaryID)

		fmt.Fprintf(
			api.out,
			"\nMore: %s\n",
			r.line(api.console, fmt.Sprintf("summaries show %d %s", c.ID, makePrintable(*c.SummaryID))),
		)
	}

	return nil
}
