package workflows

import (
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// AddParticipant brings a member into a chat: one transaction, whose answer the update
// returns.
func AddParticipant(ctx workflow.Context, in chat.AddParticipant) error {
	answer := outcome[chat.ParticipantAdded]{request: in.Request}
	if err := answer.serve(ctx); err != nil {
		return err
	}
	added, err := AddMember.Local(ctx, "Store the participant", in)
	answer.settle(added, err)
	if err != nil {
		tellRefusal(ctx, problem(err))
	} else {
		tell(ctx, "The participant was added.", AttributeStatus.ValueSet(string(chat.ActionSucceeded)))
	}
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}
