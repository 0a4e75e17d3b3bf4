package console

import (
	"slices"
	"time"

	"handrail/client"
)

// personMessage is what was written to a member or by them, or a delivery whose message is not at hand.
type personMessage struct {
	at     time.Time
	chatID *int64
	// message is nil where only the delivery is known.
	message  *client.Message
	delivery *client.Delivery
}

const (
	// mostChatsRead is of how many of a member's chats their page shows messages, those with the newest activity.
	mostChatsRead = 4
	// messagesPerChat is how many messages are read of each, the newest.
	messagesPerChat = int64(25)
	// mostMessages is how many are shown.
	mostMessages = 40
)

// loadMessages loads what was written in the member's newest chats, to them and by them. It needs their chats and
// deliveries.
func (p *personView) loadMessages(v *viewer) error {
	known := map[string]bool{}

	for i := range p.chats[:min(len(p.chats), mostChatsRead)] {
		id := p.chats[i].ID
		params := newMessagesParams(v, nil)
		params.Limit = new(messagesPerChat)

		answer, err := v.ListMessagesWithResponse(v.ctx(), v.ws(), id, params)
		if err != nil {
			return err
		}

		for j := range answer.JSON200.Items {
			m := &answer.JSON200.Items[j]
			known[m.UUID] = true

			if !p.isPartOf(m) {
				continue
			}

			p.messages = append(p.messages, personMessage{
				at:       m.CreatedAt,
				chatID:   &id,
				message:  m,
				delivery: m.Delivery,
			})
		}
	}

	for i := range p.deliveries {
		if d := &p.deliveries[i]; !known[d.MessageID] {
			p.messages = append(p.messages, personMessage{
				at:       d.CreatedAt,
				chatID:   d.ChatID,
				delivery: d,
			})
		}
	}

	slices.SortStableFunc(p.messages, func(a, b personMessage) int { return b.at.Compare(a.at) })
	p.messages = p.messages[:min(len(p.messages), mostMessages)]

	return nil
}

// isPartOf reports whether a message of one of their chats is to the member or by them: what others have written there,
// and questions to contributors, are not.
func (p *personView) isPartOf(m *client.Message) bool {
	if m.Role == client.MessageRoleAssistant {
		return m.AskID == nil
	}

	return m.MemberID != nil && *m.MemberID == p.person.ID
}

// isFromThem reports whether the member has written it.
func (m *personMessage) isFromThem() bool {
	return m.message != nil && m.message.Role != client.MessageRoleAssistant
}

// describeDirection returns whether the message is from the member or to them, in words.
func (m *personMessage) describeDirection() string {
	if m.isFromThem() {
		return "From them"
	}

	return "To them"
}
