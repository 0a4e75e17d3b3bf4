// Package eval owns what summaries are measured by: a set of dialogues written for it,
// with what a support lead would want to read of each, and the measures themselves. It
// asks any model for its summaries and prints how good they are and what they cost.
//
// The dialogues are in dialogues/, one file for each language, and the labels of their
// workspaces in labels.json. docs/summaries.md says what each figure means.
package eval

import (
	"context"
	"time"

	"handrail/chat"
)

// Model writes summaries, as those of llm do.
type Model interface {
	Summarize(ctx context.Context, r chat.Reading) (chat.Summary, chat.Usage, error)
}

// Provider is a model under the name that it is listed by.
type Provider struct {
	Name  string
	Model Model
}

// Run asks a provider for the summary of each dialogue, one after the other. A summary
// that fails is counted and no error; the error is that of an ended context. After each
// one, done hears how many are.
func Run(ctx context.Context, p Provider, dialogues []Dialogue, done func(int)) (Report, error) {
	outcomes := make([]Outcome, len(dialogues))
	for i := range dialogues {
		outcomes[i] = tryDialogue(ctx, p.Model, &dialogues[i])

		if err := ctx.Err(); err != nil {
			return Report{}, err
		}

		done(i + 1)
	}

	return reportOf(p.Name, outcomes), nil
}

// tryDialogue has one dialogue summarized and measures the summary.
func tryDialogue(ctx context.Context, m Model, d *Dialogue) Outcome {
	r := d.Reading()
	started := time.Now()
	answer, usage, err := m.Summarize(ctx, r)
	o := measureSummary(d, answer)
	o.Usage, o.Duration = usage, time.Since(started)

	if err == nil {
		// The same check as before a summary is stored: what it drops, nobody reads.
		answer, err = r.Accept(answer)
	}

	if err != nil {
		answer, o.Error = chat.Summary{}, err.Error()
	}

	o.read(d, answer)

	return o
}
