package main

import (
	"fmt"
	"strings"
	"time"
)

// versionJSON is a version as the API shows it.
type versionJSON struct {
	ID            string      `json:"id"`
	Kind          string      `json:"kind"`
	State         string      `json:"state"`
	Mode          string      `json:"mode"`
	Title         string      `json:"title"`
	Summary       string      `json:"summary"`
	KeyPoints     []pointJSON `json:"key_points"`
	OpenQuestions []pointJSON `json:"open_questions"`
	NextSteps     []pointJSON `json:"next_steps"`
	Labels        []struct {
		Name       string  `json:"name"`
		Confidence float64 `json:"confidence"`
		Outcome    string  `json:"outcome"`
		Evidence   []struct {
			Text string `json:"text"`
		} `json:"evidence"`
	} `json:"labels"`
	Model   string `json:"model"`
	Applied bool   `json:"applied"`
	Current bool   `json:"current"`
	Usage   struct {
		Requests     int   `json:"requests"`
		InputTokens  int64 `json:"input_tokens"`
		OutputTokens int64 `json:"output_tokens"`
		DurationMS   int64 `json:"duration_ms"`
	} `json:"usage"`
	Covered        int        `json:"covered"`
	LabelsAdded    []int64    `json:"labels_added"`
	LabelsRemoved  []int64    `json:"labels_removed"`
	LabelsUndoneAt *time.Time `json:"labels_undone_at"`
	Automatic      bool       `json:"automatic"`
	RequestedBy    int64      `json:"requested_by"`
	ActionID       string     `json:"action_id"`
	RestoredFrom   string     `json:"restored_from"`
	Problem        *struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"problem"`
	CreatedAt time.Time `json:"created_at"`
}

type pointJSON struct {
	Text     string   `json:"text"`
	Messages []string `json:"messages"`
}

func (v *versionJSON) show(c *console) {
	if v.Title != "" {
		fmt.Fprintf(c.out, "%s\n\n%s\n", makePrintable(v.Title), indentText(v.Summary))
	}

	for _, part := range []struct {
		name   string
		points []pointJSON
	}{{"Key points", v.KeyPoints}, {"Open questions", v.OpenQuestions}, {"Next steps", v.NextSteps}} {
		if len(part.points) > 0 {
			fmt.Fprintf(c.out, "\n%s\n", part.name)
		}

		for _, p := range part.points {
			fmt.Fprintf(c.out, "  - %s\n    %s\n", makePrintable(p.Text), makePrintable(strings.Join(p.Messages, ", ")))
		}
	}

	if len(v.Labels) > 0 {
		fmt.Fprintln(c.out, "\nLabels")
	}

	for _, l := range v.Labels {
		fmt.Fprintf(
			c.out,
			"  - %s: %s, sure to %.0f %%\n",
			makePrintable(l.Name),
			makePrintable(l.Outcome),
			100*l.Confidence,
		)

		for _, e := range l.Evidence {
			fmt.Fprintf(c.out, "    “%s”\n", makePrintable(e.Text))
		}
	}

	fmt.Fprintln(c.out)
	v.showFacts(c)
}

func (v *versionJSON) showFacts(c *console) {
	f := facts{c}
	f.say("version", "%s", v.ID)
	f.say("kind", "%s", v.Kind)
	f.say("state", "%s%s", v.State, map[bool]string{true: ", shown by the chat"}[v.Current])

	if v.State == "succeeded" && !v.Applied {
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
			time.Duration(v.Usage.DurationMS)*time.Millisecond,
		)
	}

	if v.RequestedBy != 0 {
		f.say(
			"asked by",
			"member %d%s",
			v.RequestedBy,
			map[bool]string{true: ", through the workspace's settings"}[v.Automatic],
		)
	}

	f.say("action", "%s", v.ActionID)
	f.say("restored from", "%s", v.RestoredFrom)

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

// summarizedChat is what the API shows of a chat and its summary.
type summarizedChat struct {
	ID              int64  `json:"id"`
	Title           string `json:"title"`
	Summary         string `json:"summary"`
	SummaryID       string `json:"summary_id"`
	StaleBy         int    `json:"stale_by"`
	Labels          []name `json:"labels"`
	SuggestedLabels []name `json:"suggested_labels"`
}

type name struct {
	Name string `json:"name"`
}

func joinNames(all []name) string {
	texts := make([]string, len(all))
	for i, n := range all {
		texts[i] = n.Name
	}

	return strings.Join(texts, ", ")
}

// showChat shows a chat as a command has left it.
func (r *remote) showChat(api *apiClient, got *answer) error {
	if r.JSON {
		return api.showJSON(got.raw)
	}

	var c summarizedChat
	if err := got.into(&c); err != nil {
		return err
	}

	fmt.Fprintf(api.out, "%s\n\n%s\n\n", makePrintable(c.Title), indentText(c.Summary))
	f := facts{api.console}
	f.say("labels", "%s", joinNames(c.Labels))
	f.say("suggested", "%s", joinNames(c.SuggestedLabels))

	if c.StaleBy > 0 {
		f.say("newer", "%d messages", c.StaleBy)
	}

	if c.SummaryID != "" {
		f.say("version", "%s", c.SummaryID)

		fmt.Fprintf(
			api.out,
			"\nMore: %s\n",
			r.line(api.console, fmt.Sprintf("summaries show %d %s", c.ID, makePrintable(c.SummaryID))),
		)
	}

	return nil
}
