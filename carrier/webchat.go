package carrier

import (
	"context"

	"handrail/chat"
)

// WebChat carries web chats: a message is taken, and there for its reader, by being
// stored. The provider's id is the message's own.
type WebChat struct{}

// Submit accepts. The provider state is delivered, because nothing will ever be heard.
func (WebChat) Submit(_ context.Context, out chat.Outgoing) chat.Submission {
	return chat.Submission{
		Outcome: chat.OutcomeAccepted, DeliveryStatus: chat.StatusDelivered, ProviderMessageID: string(out.MessageID),
	}
}
