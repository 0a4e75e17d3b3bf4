package workflows

import (
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// AddParticipant brings a member into a chat: one transaction, whose answer the update
// returns. Canceling it in Temporal changes nothing: there is no middle to stop in.
func AddParticipant(ctx workflow.Context, in chat.AddParticipant) error {
	answer := actionOutcome[chat.ParticipantAdded]{request: in.Request}
	if err := answer.serve(ctx); err != nil {
		return err
	}

	storing, _ := workflow.NewDisconnectedContext(ctx)
	in.Run = currentRun(ctx)

	added, err := AddMember.Local(storing, "Store the participant", in)
	answer.settle(added, err)

	if err != nil {
		showRefusal(ctx, problemOf(err))
	} else {
		showState(ctx, chat.ProgressParticipantAdded, AttributeStatus.ValueSet(string(chat.ActionSucceeded)))
	}

	return awaitAnswers(ctx)
}
