package workflows

import (
	"strconv"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// WorkflowAutoSummarize names the workflow that summarizes a chat by itself.
const WorkflowAutoSummarize = "AutoSummarize"

// maxLooks is after how many looks at the store the history is begun anew, maxSignals after
// how many messages it is looked in any case.
const (
	maxLooks   = 50
	maxSignals = 200
)

// AutoSummarize summarizes a chat when it has been quiet for long enough, or enough is new.
// It lives from the first message until nothing is new any more: any number of messages in
// between wake it at most once for each quiet period, or when there are enough of them.
func AutoSummarize(ctx workflow.Context, in chat.AutoSummary) error {
	changed := workflow.GetSignalChannel(ctx, SignalChanged)
	for range maxLooks {
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			break
		}

		drainSignals(changed)

		due, err := CheckSummaryDue.Local(ctx, "See whether "+ChatName(in.ChatID)+" is to be summarized", in)
		switch {
		case err != nil:
			return err
		case due.Due:
			err = summarizeDue(ctx, &in, &due)
		case due.In > 0:
			showState(
				ctx,
				chat.ExplainQuiet(workflow.Now(ctx).Add(due.In)),
				AttributeStatus.ValueSet(chat.StatusWaitingForQuiet),
			)
			err = untilDue(ctx, changed, &due)
		case changed.Len() == 0:
			showState(ctx, chat.ProgressNothingNew, AttributeStatus.ValueSet(string(chat.ActionSucceeded)))
			return nil
		}

		if err != nil {
			return err
		}
	}

	return workflow.NewContinueAsNewError(ctx, WorkflowAutoSummarize, in)
}

// untilDue waits until it is time to look again, or enough messages have come.
func untilDue(ctx workflow.Context, changed workflow.ReceiveChannel, due *chat.SummaryDue) error {
	enough := maxSignals
	if due.Missing > 0 {
		enough = min(due.Missing, maxSignals)
	}

	_, err := workflow.AwaitWithTimeout(ctx, due.In, func() bool { return changed.Len() >= enough })

	return err
}

// summarizeDue has the chat summarized, on behalf of who has switched that on. What comes
// of it is in the action and its run; whatever that is, it is not begun again before there
// is something new.
func summarizeDue(ctx workflow.Context, in *chat.AutoSummary, due *chat.SummaryDue) error {
	request := chat.Request{
		ActionID: chat.DeriveActionID(
			string(in.WorkspaceID),
			strconv.FormatInt(int64(in.ChatID), 10),
			"automatic",
			strconv.FormatInt(due.Newest, 10),
		),
		WorkspaceID: in.WorkspaceID,
		ChatID:      in.ChatID,
		By:          chat.Actor{MemberID: due.By},
		Fingerprint: chat.Fingerprint{},
	}

	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            chat.SummaryWorkflowID(in.WorkspaceID, in.ChatID),
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_ABANDON,
		StaticSummary:         "Summarize " + ChatName(in.ChatID) + " by itself",
		TypedSearchAttributes: StartAttributes(request),
		Priority:              temporal.Priority{PriorityKey: PriorityBulk, FairnessKey: string(in.WorkspaceID)},
	})

	details := chat.ExplainSummarizing(chat.SummaryWorkflowID(in.WorkspaceID, in.ChatID))
	showState(ctx, details, AttributeStatus.ValueSet(string(chat.ActionRunning)))

	err := workflow.ExecuteChildWorkflow(child, string(chat.ActionSummarizeChat), chat.SummarizeChat{
		Request: request, UpdateLabels: due.Labels, Automatic: true,
	}).Get(ctx, nil)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case temporal.IsWorkflowExecutionAlreadyStartedError(err):
		// Somebody has asked for it at the same moment; see later what is then new.
		return workflow.Sleep(ctx, afterAnother)
	}

	in.Tried = due.Newest

	return nil
}

// afterAnother is how long a run that somebody has asked for is let alone.
const afterAnother = 30 * time.Second
