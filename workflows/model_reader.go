package workflows

import (
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// modelReader has models read the parts of a run. A model that cannot answer for now is asked again; what
// is waited for meanwhile is shown, and kept with the run.
type modelReader struct {
	step chat.SummaryStep
	// parts is how many there are, waits are those that wait, by their index.
	parts int
	waits map[int]chat.ModelWait
	// progress is what is shown beside the waits.
	progress string
	// storing lets one write at a time: the last one written must be the last one there was.
	storing workflow.Mutex
	stored  bool
}

func newModelReader(ctx workflow.Context, step chat.SummaryStep, parts int, progress string) *modelReader {
	m := &modelReader{
		step:    step,
		parts:   parts,
		waits:   map[int]chat.ModelWait{},
		storing: workflow.NewMutex(ctx),
	}
	m.showProgress(ctx, progress)

	return m
}

// leastModelTime is the least time for one attempt.
const leastModelTime = time.Second

// readPart has the model read one part, in as many attempts as [chat.PlanModelWait] grants. The wait
// in between is a timer, which operators see with its reason.
func (m *modelReader) readPart(
	ctx workflow.Context,
	index int,
	summary string,
	part chat.SummaryPart,
) (chat.Summary, error) {
	until := workflow.Now(ctx).Add(chat.ModelPatience)
	title := summary

	for attempt := 1; ; attempt++ {
		try := WriteSummary
		// Workers may have been away for longer than the wait. A limit of 0 would be none.
		try.Options.overall = max(until.Sub(workflow.Now(ctx)), leastModelTime)

		written, err := try.Do(ctx, title, part)
		if err == nil || isFinal(err) {
			return written, err
		}

		failure := modelFailureOf(err)

		wait, again := chat.PlanModelWait(failure, attempt, workflow.Now(ctx), until)
		if !again {
			return written, Failure(chat.ModelExhausted(failure, attempt))
		}

		if err := m.awaitNextTry(ctx, index, wait); err != nil {
			return written, err
		}

		title = fmt.Sprintf("%s, attempt %d of %d", summary, attempt+1, chat.MaxModelAttempts)
	}
}

// awaitNextTry waits until a model is to be asked again.
func (m *modelReader) awaitNextTry(ctx workflow.Context, index int, wait chat.ModelWait) error {
	timer := workflow.NewTimerWithOptions(
		ctx,
		wait.NextTry.Sub(workflow.Now(ctx)),
		workflow.TimerOptions{Summary: wait.Explain()},
	)

	m.waits[index] = wait
	m.showWait(ctx)

	err := timer.Get(ctx, nil)

	delete(m.waits, index)
	m.showWait(ctx)

	return err
}

func (m *modelReader) showProgress(ctx workflow.Context, progress string) {
	m.progress = progress
	workflow.SetCurrentDetails(ctx, m.explain())
}

// showWait shows what is waited for now, and stores it. A wait that could not be stored is not longer for that.
func (m *modelReader) showWait(ctx workflow.Context) {
	workflow.SetCurrentDetails(ctx, m.explain())

	if m.storing.Lock(ctx) != nil {
		return
	}

	defer m.storing.Unlock()

	wait := m.wait()
	if wait == nil && !m.stored {
		return
	}

	step := chat.SummaryWait{
		WorkspaceID: m.step.WorkspaceID,
		ChatID:      m.step.ChatID,
		ID:          m.step.ID,
		Wait:        wait,
	}

	if _, err := RecordModelWait.Local(ctx, "Record what is waited for", step); err != nil {
		workflow.GetLogger(ctx).Warn("a wait for a model was not recorded", "error", err)
	}

	m.stored = wait != nil
}

// explain says how far the reading is, and what it waits for.
func (m *modelReader) explain() string {
	wait := m.wait()

	switch {
	case wait == nil:
		return m.progress
	case m.parts > 1:
		return m.progress + " " + wait.Explain()
	}

	return wait.Explain()
}

func (m *modelReader) wait() *chat.ModelWait {
	var waits []chat.ModelWait

	for index := range m.parts {
		if wait, ok := m.waits[index]; ok {
			waits = append(waits, wait)
		}
	}

	return chat.MergeModelWaits(waits, m.parts)
}

// modelFailureOf returns what kept a model from answering, in words for everybody.
func modelFailureOf(err error) *chat.RetryLaterError {
	if timeout, ok := errors.AsType[*temporal.TimeoutError](err); ok {
		return modelTimeout(timeout)
	}

	application, ok := errors.AsType[*temporal.ApplicationError](err)
	_, known := ChatError(err)

	// A step that a stopping worker has given up has failed with an error of Go's.
	ours := ok && !known && strings.Contains(application.Type(), "_")

	switch {
	case ours:
		return &chat.RetryLaterError{
			Code:    application.Type(),
			Message: application.Message(),
			After:   application.NextRetryDelay(),
		}
	case ok && !known:
		return &chat.RetryLaterError{Code: "worker_lost", Message: chat.ReasonWorkerLost}
	}

	return &chat.RetryLaterError{Code: string(problemOf(err).Code), Message: chat.ReasonModelNotAsked}
}

func modelTimeout(err *temporal.TimeoutError) *chat.RetryLaterError {
	switch err.TimeoutType() {
	case enumspb.TIMEOUT_TYPE_HEARTBEAT:
		return &chat.RetryLaterError{Code: "worker_lost", Message: chat.ReasonWorkerLost}
	case enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START, enumspb.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE:
		return &chat.RetryLaterError{Code: "no_worker", Message: chat.ReasonNoWorker}
	case enumspb.TIMEOUT_TYPE_UNSPECIFIED, enumspb.TIMEOUT_TYPE_START_TO_CLOSE:
	}

	return &chat.RetryLaterError{Code: "model_timeout", Message: chat.ReasonModelSlow}
}
