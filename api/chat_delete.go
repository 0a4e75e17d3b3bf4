package api

import (
	"context"
	"net/http"

	"handrail/chat"
)

type deleteChatInput struct {
	Cancel bool `query:"cancel" doc:"Cancels first what is still to be sent."`
}

// openActionJSON is an unfinished action in a chat that was deleted.
type openActionJSON struct {
	ActionID chat.ActionID `json:"action_id" format:"uuid"`
	Kind     string        `json:"kind" enum:"send_assistant_message,retry_delivery"`
	Status   string        `json:"status" doc:"How its delivery stood before."`
}

// chatDeletedJSON says what happened to the unfinished actions of a chat that was deleted.
type chatDeletedJSON struct {
	Canceled    []openActionJSON `json:"canceled" doc:"These have sent nothing, and never will."`
	MayHaveLeft []openActionJSON `json:"may_have_left" doc:"An attempt may have left: they go on until it is known."`
}

// deletedOutput is the answer 204, or 200 if the chat had unfinished actions.
type deletedOutput struct {
	Status int
	Body   *chatDeletedJSON
}

func (s *service) deleteChat(ctx context.Context, in *deleteChatInput) (*deletedOutput, error) {
	c := callFrom(ctx)

	deleted, err := s.store.DeleteChat(ctx, c.workspace(), c.actor(), c.chat.ID, in.Cancel)
	if err != nil {
		return nil, err
	}

	s.notifyAll(deleted.Workflows)

	if len(deleted.Canceled) == 0 && len(deleted.MayHaveLeft) == 0 {
		return &deletedOutput{Status: http.StatusNoContent}, nil
	}

	return &deletedOutput{
		Status: http.StatusOK,
		Body: &chatDeletedJSON{
			Canceled:    presentOpenActions(deleted.Canceled),
			MayHaveLeft: presentOpenActions(deleted.MayHaveLeft),
		},
	}, nil
}

func presentOpenActions(actions []chat.OpenAction) []openActionJSON {
	shown := make([]openActionJSON, len(actions))
	for i, a := range actions {
		shown[i] = openActionJSON{
			ActionID: a.ID,
			Kind:     actionKinds[a.Kind],
			Status:   a.Status,
		}
	}

	return shown
}
