package workflows

import (
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// WorkflowTellPeople names the workflow that tells members of a workspace's events.
const WorkflowTellPeople = "TellPeople"

// Values of [AttributeStatus] of the workflow that tells people.
const (
	statusNoticesCurrent    = "current"
	statusNoticesCollecting = "collecting"
	statusNoticesEnded      = "ended"
)

// TellPeople tells members of a workspace of its events, by its notification rules. It lives as long as there are any
// in force: it has messages made of what has happened, starts a send for each, and waits until there is more, or until
// the next message is due. What was collected and made is in the store, so that nothing is carried over when the
// history is begun anew, or was lost.
func TellPeople(ctx workflow.Context, in chat.NoticeStep) error {
	changed := workflow.GetSignalChannel(ctx, SignalChanged)
	shown := ""

	for range maxWebhookSteps {
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			break
		}

		drainSignals(changed)

		progress, err := CollectNotices.Do(ctx, "Collect what people are to be told", in)
		if err != nil {
			return err
		}

		// Attributes are written when they change: each is a write of Temporal's.
		if status := noticesStatus(&progress); status != shown {
			shown = status
			showState(ctx, progress.Explanation, AttributeStatus.ValueSet(status))
		} else {
			showState(ctx, progress.Explanation)
		}

		for i := range progress.Send {
			if err := startNotice(ctx, in.WorkspaceID, &progress.Send[i]); err != nil {
				return err
			}
		}

		switch {
		case progress.Ended && changed.Len() == 0:
			return nil
		case progress.Ended, progress.More:
			continue
		}

		wait := checkSeldom
		if progress.In > 0 {
			wait = min(progress.In, checkSeldom)
		}

		_, err = workflow.AwaitWithTimeout(ctx, wait, func() bool { return changed.Len() > 0 })
		if err != nil {
			return err
		}
	}

	return workflow.NewContinueAsNewError(ctx, WorkflowTellPeople, in)
}

func noticesStatus(p *chat.NoticeProgress) string {
	switch {
	case p.Ended:
		return statusNoticesEnded
	case p.More || p.In > 0:
		return statusNoticesCollecting
	}

	return statusNoticesCurrent
}

// startNotice starts the send of a notice. One that was started before goes on.
func startNotice(ctx workflow.Context, ws chat.WorkspaceID, notice *chat.NoticeSend) error {
	in := chat.SendAssistantMessage{
		Request: chat.Request{
			ActionID:    chat.NoticeActionID(notice.NoticeID),
			WorkspaceID: ws,
			ChatID:      notice.ChatID,
			Fingerprint: chat.Fingerprint{},
			AcceptedAt:  acceptedNow(ctx),
		},
		Message: notice.Text,
		Notice:  &chat.NoticeRef{NoticeID: notice.NoticeID},
	}

	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            in.WorkflowID(),
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_ABANDON,
		StaticSummary:         fmt.Sprintf("Tell member %d of events", notice.MemberID),
		StaticDetails:         fmt.Sprintf("Notice %s.", notice.NoticeID),
		TypedSearchAttributes: StartAttributes(in.Request),
		Priority:              temporal.Priority{PriorityKey: PriorityInteractive, FairnessKey: string(ws)},
	})

	err := workflow.ExecuteChildWorkflow(child, string(chat.ActionSendAssistantMessage), in).
		GetChildWorkflowExecution().
		Get(ctx, nil)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return nil
	}

	return err
}
