package workflows

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

const (
	// partsAtOnce is how many parts of one chat models read at the same time: enough to be
	// quick, few enough for a provider's rate limit.
	partsAtOnce = 4
	// leastCapacity is where a text that is too long for a model is not split any more.
	leastCapacity = 2000
	// perPart is about how long the summary of a part is, by which it is decided how many
	// are merged at once.
	perPart = 6000
)

// write has the model read what is to be read, in parts if need be, and returns what it
// wrote with the version of the chat's summary that it may replace. What turns out to be
// too long for the model is split finer.
func (s *summarize) write(ctx workflow.Context, step chat.SummaryStep) (chat.Summary, int64, error) {
	start := chat.SummaryStart{SummaryStep: step}
	for _, a := range s.waiting() { // the first of them stands for all
		start.ActionID, start.By = a.in.ActionID, a.in.By
		break
	}

	for {
		plan, err := BeginSummary.Local(ctx, "Plan what to read of "+ChatName(s.in.ChatID), start)
		if err != nil {
			return chat.Summary{}, 0, err
		}

		summary, err := readAll(ctx, step, &plan)
		if start.Capacity = plan.Capacity / 2; err == nil || problemOf(err).Code != chat.CodeTooLongForModel ||
			start.Capacity < leastCapacity {
			return summary, plan.Version, err
		}

		workflow.SetCurrentDetails(ctx, chat.ExplainSplit(start.Capacity))
	}
}

// readAll has the model read every part of a plan, and merge what it wrote about them.
func readAll(ctx workflow.Context, step chat.SummaryStep, plan *chat.SummaryPlan) (chat.Summary, error) {
	switch len(plan.Parts) {
	case 0:
		return *plan.Standing, nil
	case 1:
		return newModelReader(ctx, step, 1, chat.ProgressReading).readPart(
			ctx,
			0,
			"Have the model read "+ChatName(step.ChatID),
			chat.SummaryPart{SummaryStep: step, Base: plan.Base, Messages: plan.Parts[0]},
		)
	}

	parts := make([]chat.SummaryPart, len(plan.Parts))
	for i, messages := range plan.Parts {
		parts[i] = chat.SummaryPart{SummaryStep: step, Messages: messages}
	}

	written, err := readParts(ctx, "Read", parts)
	for group := max(plan.Capacity/perPart, 2); err == nil && len(written) > group; {
		parts = parts[:0]
		for chunk := range slices.Chunk(written, group) {
			parts = append(parts, chat.SummaryPart{SummaryStep: step, Parts: chunk})
		}

		var alone []chat.Summary // the last may have nothing to be merged with
		if last := len(parts) - 1; len(parts[last].Parts) == 1 {
			alone, parts = parts[last].Parts, parts[:last]
		}

		written, err = readParts(ctx, "Merge", parts)
		written = append(written, alone...)
	}

	if err != nil {
		return chat.Summary{}, err
	}

	return newModelReader(ctx, step, 1, chat.ExplainMerging(len(plan.Parts))).readPart(
		ctx,
		0,
		"Have the model merge the parts",
		chat.SummaryPart{SummaryStep: step, Base: plan.Base, Parts: written},
	)
}

// readParts runs parts a few at a time, and ends the others when one fails.
func readParts(ctx workflow.Context, verb string, parts []chat.SummaryPart) ([]chat.Summary, error) {
	ctx, stop := workflow.WithCancel(ctx)
	defer stop()

	reader := newModelReader(ctx, parts[0].SummaryStep, len(parts), chat.ExplainParts(verb, 0, len(parts)))
	written := make([]chat.Summary, len(parts))
	var failed error
	done := 0

	gate, all := workflow.NewSemaphore(ctx, partsAtOnce), workflow.NewWaitGroup(ctx)
	for i := range parts {
		all.Add(1)

		workflow.Go(ctx, func(ctx workflow.Context) {
			defer all.Done()

			err := gate.Acquire(ctx, 1)
			if err == nil {
				summary := fmt.Sprintf("%s part %d of %d", verb, i+1, len(parts))
				written[i], err = reader.readPart(ctx, i, summary, parts[i])

				gate.Release(1)
			}

			if err != nil && failed == nil {
				failed = err

				stop()
			}

			done++
			reader.showProgress(ctx, chat.ExplainParts(verb, done, len(parts)))
		})
	}

	// Waited for without ctx: its end is passed on by the parts themselves.
	patient, _ := workflow.NewDisconnectedContext(ctx)
	all.Wait(patient)

	return written, failed
}
