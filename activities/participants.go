package activities

import (
	"context"

	"handrail/chat"
)

// AddParticipant stores a participant. Idempotent: the action's row, inserted in the same
// transaction, holds the answer for every repetition.
func (a *Activities) AddParticipant(ctx context.Context, in chat.AddParticipant) (chat.ParticipantAdded, error) {
	return a.Store.AddParticipant(ctx, in)
}
