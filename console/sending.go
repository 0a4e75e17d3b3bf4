package console

import (
	"slices"

	"handrail/client"
)

// readHealth returns how senders and workers fare, for the pages on which one writes; nil if that is not known: nobody
// is kept from writing because of it.
func readHealth(v *viewer) *client.WorkspaceHealth {
	if !v.may("chats:admin") {
		return nil
	}

	return fetchHealth(v)
}

// fetchHealth returns how senders and workers fare; nil if the session may not read that, or it cannot be read now.
func fetchHealth(v *viewer) *client.WorkspaceHealth {
	if !v.may("deliveries:read") {
		return nil
	}

	answer, err := v.GetHealthWithResponse(v.ctx(), v.ws())
	if err != nil {
		return nil
	}

	return answer.JSON200
}

// listBlocked returns the senders that their providers refuse, and that a message may leave from.
func listBlocked(health *client.WorkspaceHealth, mayBe func(s *client.SenderHealth) bool) []client.SenderHealth {
	if health == nil {
		return nil
	}

	return slices.DeleteFunc(slices.Clone(health.Senders), func(s client.SenderHealth) bool {
		return s.State != client.SenderHealthStateBlocked || !mayBe(&s)
	})
}

// isFrom returns a test for the sender of a chat.
func isFrom(c *client.Chat) func(s *client.SenderHealth) bool {
	key := senderKeyOf(c)

	return func(s *client.SenderHealth) bool { return s.Sender == key }
}

// isOnChannels returns a test for senders of channels.
func isOnChannels(channels []client.AddressedChannel) func(s *client.SenderHealth) bool {
	return func(s *client.SenderHealth) bool {
		return slices.Contains(channels, client.AddressedChannel(s.Channel))
	}
}

// senderKeyOf returns the sender of a chat as the API names it, such as phone:12; "" if it has none.
func senderKeyOf(c *client.Chat) string {
	switch {
	case c.Channel == client.ChannelEmail && c.InboxID != nil:
		return "inbox:" + formatCount(*c.InboxID)
	case c.Channel == client.ChannelPhoneSms && c.PhoneNumberID != nil:
		return "phone:" + formatCount(*c.PhoneNumberID)
	}

	return ""
}

// isWorkStopped reports whether nothing is sent until somebody sees to Temporal or the workers.
func isWorkStopped(health *client.WorkspaceHealth) bool {
	return health != nil && health.Workers != nil && health.Workers.NeedsPerson
}
