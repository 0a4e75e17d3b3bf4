package workflows

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// WorkflowAskContributors is the name of [AskContributors], which no action is.
const WorkflowAskContributors = "AskContributors"

// askContributors opens the request of a tool call and has it sent to the contributors by a
// workflow of its own, which outlives the send when the message does not wait.
func (s *sendRun) askContributors(ctx workflow.Context, run chat.ToolRun) (chat.ToolCall, error) {
	steady, _ := workflow.NewDisconnectedContext(ctx)

	request, err := OpenRequest.Local(steady, "Store the question to contributors", run)
	if err != nil {
		return chat.ToolCall{}, err
	}

	ended, err := s.startAsking(ctx, &request)
	if err != nil {
		return chat.ToolCall{}, err
	}

	waiting := answerWait{
		request:  &request,
		position: run.Index,
		ended:    ended,
	}

	if request.Wait {
		err = s.awaitAnswers(ctx, &waiting)
	} else {
		err = s.look(steady)
	}

	if errors.Is(err, errHistoryLong) {
		return chat.ToolCall{}, err
	}

	if err != nil || s.waitsForAnswer(&waiting) {
		// Canceled, ended by a person, or the other workflow was ended in Temporal.
		_, endErr := EndRequest.Local(steady, "End the request", waiting.endStep())
		_ = signalToLook(steady, request.WorkflowID)

		if err == nil {
			err = endErr
		}

		if err == nil {
			err = s.look(steady)
		}
	}

	return s.sent.ToolCalls[run.Index], err
}

// answerWait is a request whose answers a tool call waits for.
type answerWait struct {
	request *chat.ContributorRequest
	// position is the tool call's.
	position int
	// ended is ready when the request's workflow has ended, nil if that is not known.
	ended workflow.Future
}

// endStep returns the step that ends the request because the send does not wait for it any more.
func (w *answerWait) endStep() chat.ContributorStep {
	return chat.ContributorStep{
		WorkspaceID: w.request.WorkspaceID,
		RequestID:   w.request.ID,
		State:       chat.RequestCanceled,
		Note:        chat.NoteNotAwaited,
	}
}

func (w *answerWait) hasEnded() bool { return w.ended != nil && w.ended.IsReady() }

func (s *sendRun) waitsForAnswer(w *answerWait) bool {
	return s.sent.ToolCalls[w.position].State == chat.ToolCallWaiting
}

// awaitAnswers waits until the request is over, or the send is. It waits a little longer than until the deadline, at
// which the request ends by itself, and goes on if somebody has moved that.
func (s *sendRun) awaitAnswers(ctx workflow.Context, w *answerWait) error {
	for {
		until := w.request.Deadline.Add(2 * checkSeldom)

		err := s.awaitPeople(
			ctx,
			chat.Standing{
				Explanation: w.request.ExplainWaiting(),
				WaitingFor:  chat.WaitingContributor,
				Until:       &until,
			},
			w.ended,
			func() bool { return !s.waitsForAnswer(w) || w.hasEnded() },
		)
		if err != nil || !s.waitsForAnswer(w) || w.hasEnded() || s.last.Submission.Settled() {
			return err
		}

		end := w.endStep()
		end.Deadline = w.request.Deadline

		newest, err := EndRequest.Local(ctx, "End the request, unless it was extended", end)
		if err != nil || newest.State != chat.RequestOpen {
			return err
		}

		*w.request = newest
	}
}

// startAsking starts the workflow of a request; the future is ready when that has ended. There
// is none when it runs already, for a send that was ended in Temporal and asked for again:
// then the store tells.
func (s *sendRun) startAsking(ctx workflow.Context, r *chat.ContributorRequest) (workflow.Future, error) {
	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:        r.WorkflowID,
		ParentClosePolicy: enumspb.PARENT_CLOSE_POLICY_ABANDON,
		StaticSummary:     "Ask contributors of " + ChatName(r.ChatID),
		StaticDetails:     fmt.Sprintf("Contributor request %s of action %s.", r.ID, r.ActionID),
		// Tried again after a crash, it is the same one.
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		TypedSearchAttributes: StartAttributes(chat.Request{WorkspaceID: r.WorkspaceID, ChatID: r.ChatID}),
		Priority:              temporal.Priority{PriorityKey: PriorityInteractive, FairnessKey: string(r.WorkspaceID)},
	})

	// A send that is canceled ends the request in the store, not its workflow in mid-step.
	child, _ = workflow.NewDisconnectedContext(child)
	future := workflow.ExecuteChildWorkflow(child, WorkflowAskContributors, *r)
	// Not to be forgotten with a send that closes at once: a start is in history only then.
	err := future.GetChildWorkflowExecution().Get(child, nil)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return nil, nil //nolint:nilnil // as is said above
	}

	return future, err
}

// AskContributors sends a question to contributors and waits for their answers, through
// weeks and restarts: it reminds, asks again once when an answer cannot be read, and ends
// the request at its deadline. Each question is a send of its own, with its own delivery.
func AskContributors(ctx workflow.Context, r chat.ContributorRequest) error {
	a := &requestRun{
		request: r,
		changed: workflow.GetSignalChannel(ctx, SignalChanged),
		started: r.CreatedAt,
		reasked: map[chat.QuestionID]bool{},
	}
	defer drainSignals(a.changed)

	err := a.run(ctx)
	if errors.Is(err, errHistoryLong) {
		return continueAsNew(ctx, WorkflowAskContributors, r)
	}

	if temporal.IsCanceledError(err) {
		steady, _ := workflow.NewDisconnectedContext(ctx)
		if endErr := a.end(steady, chat.RequestCanceled, chat.NoteRequestCanceled); endErr != nil {
			return endErr
		}
	}

	return err
}

type requestRun struct {
	request  chat.ContributorRequest
	changed  workflow.ReceiveChannel
	started  time.Time
	reminded int
	reasked  map[chat.QuestionID]bool
}

func (a *requestRun) run(ctx workflow.Context) error {
	for i := range a.request.Questions {
		if err := a.sendQuestion(ctx, &a.request.Questions[i], chat.TurnQuestion, 0); err != nil {
			return err
		}
	}

	for wait := checkLater; ; wait = min(2*wait, checkSeldom) {
		if err := a.readReplies(ctx); err != nil {
			return err
		}

		if a.request.State != chat.RequestOpen {
			showState(ctx, a.request.Explain(), AttributeStatus.ValueSet(string(a.request.State)))

			return nil
		}

		if err := a.takeDueSteps(ctx); err != nil {
			return err
		}

		if err := awaitSignal(ctx, a.changed, min(wait, a.untilNextStep(ctx)), nil); err != nil {
			return err
		}
	}
}

// readReplies has the replies read that have come.
func (a *requestRun) readReplies(ctx workflow.Context) (err error) {
	a.request, err = ReadReplies.Local(ctx, "Read what contributors have answered", a.step())
	return err
}

func (a *requestRun) step() chat.ContributorStep {
	return chat.ContributorStep{WorkspaceID: a.request.WorkspaceID, RequestID: a.request.ID}
}

// takeDueSteps does what it is time for: it asks again, reminds, or ends the request.
func (a *requestRun) takeDueSteps(ctx workflow.Context) error {
	if !workflow.Now(ctx).Before(a.request.Deadline) {
		return a.end(ctx, chat.RequestExpired, chat.NoteNobodyAnswered)
	}

	remind := a.reminded < a.request.Reminders && !workflow.Now(ctx).Before(a.nextReminder())
	if remind {
		a.reminded++
	}

	for i := range a.request.Questions {
		question := &a.request.Questions[i]

		var err error

		switch {
		case question.State == chat.QuestionUnreadable && !a.reasked[question.ID]:
			a.reasked[question.ID] = true
			err = a.sendQuestion(ctx, question, chat.TurnAgain, 0)
		case question.State == chat.QuestionAsked && remind:
			err = a.sendQuestion(ctx, question, chat.TurnReminder, a.reminded)
		}

		if err != nil {
			return err
		}
	}

	showState(ctx, a.request.ExplainWaiting(), AttributeStatus.ValueSet(chat.WaitingContributor.Status()))

	return nil
}

// nextReminder is when the next reminder is due: they are spread over the time there is.
func (a *requestRun) nextReminder() time.Time {
	within := a.request.Deadline.Sub(a.started)
	return a.started.Add(within * time.Duration(a.reminded+1) / time.Duration(a.request.Reminders+1))
}

// untilNextStep is how long there is nothing to do, unless somebody answers.
func (a *requestRun) untilNextStep(ctx workflow.Context) time.Duration {
	due := a.request.Deadline
	if a.reminded < a.request.Reminders {
		due = a.nextReminder()
	}

	return max(due.Sub(workflow.Now(ctx)), 0)
}

func (a *requestRun) end(ctx workflow.Context, state chat.ContributorRequestState, note string) (err error) {
	step := a.step()
	step.State, step.Note = state, note

	if state == chat.RequestExpired {
		step.Deadline = a.request.Deadline // somebody may have moved it meanwhile
	}

	a.request, err = EndRequest.Local(ctx, "End the request", step)

	return err
}

// sendQuestion sends a question, a reminder, or the question again.
func (a *requestRun) sendQuestion(
	ctx workflow.Context,
	question *chat.ContributorQuestion,
	turn chat.QuestionTurn,
	number int,
) error {
	if !question.State.Open() {
		return nil
	}

	r := &a.request
	in := chat.SendAssistantMessage{
		Request: chat.Request{
			ActionID:    chat.DeriveActionID(string(question.ID), string(turn), strconv.Itoa(number)),
			WorkspaceID: r.WorkspaceID,
			ChatID:      r.ChatID,
			By:          chat.Actor{MemberID: r.RequestedBy},
			Fingerprint: chat.Fingerprint{},
			AcceptedAt:  acceptedNow(ctx),
		},
		Message: r.Text(turn, question),
		Question: &chat.QuestionStep{
			RequestID:  r.ID,
			QuestionID: question.ID,
			Turn:       turn,
		},
	}

	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            in.WorkflowID(),
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_ABANDON,
		StaticSummary:         fmt.Sprintf("Ask member %d in %s", question.MemberID, ChatName(r.ChatID)),
		StaticDetails:         fmt.Sprintf("Contributor request %s, %s.", r.ID, turn),
		TypedSearchAttributes: StartAttributes(in.Request),
		Priority:              temporal.Priority{PriorityKey: PriorityInteractive, FairnessKey: string(r.WorkspaceID)},
	})

	err := workflow.ExecuteChildWorkflow(child, string(chat.ActionSendAssistantMessage), in).
		GetChildWorkflowExecution().
		Get(ctx, nil)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return nil
	}

	return err
}
