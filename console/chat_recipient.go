package console

import (
	"slices"
	"strings"

	"handrail/client"
)

// newChatParams returns what to ask for a chat: all that the session may read of it.
func newChatParams(v *viewer) *client.GetChatParams {
	if v.may("members:read") {
		return &client.GetChatParams{Expand: client.Expand{"member"}}
	}

	return &client.GetChatParams{}
}

// address returns the address of the chat's member on its channel; "" if it is not known.
func (c *chatView) address() string {
	switch {
	case c.chat.Member == nil:
		return ""
	case c.chat.Channel == client.ChannelPhoneSms:
		return c.chat.Member.Phone
	case c.chat.Channel == client.ChannelEmail:
		return c.chat.Member.Email
	}

	return ""
}

// consent returns the consent of the chat's member on its channel; "" if it is not known.
func (c *chatView) consent() client.ConsentState {
	if c.chat.Member == nil {
		return ""
	}

	return consentOn(c.chat.Member, c.chat.Channel)
}

// consentOn returns the consent of a member on a channel; "" on a channel that needs none.
func consentOn(m *client.Member, channel client.Channel) client.ConsentState {
	switch channel {
	case client.ChannelPhoneSms:
		return m.Consent.PhoneSms
	case client.ChannelEmail:
		return m.Consent.Email
	case client.ChannelPhoneVoice, client.ChannelWebChat:
	}

	return ""
}

// loadSuppressions loads what keeps the chat's messages from its member.
func (c *chatView) loadSuppressions(v *viewer) error {
	found, err := listSuppressionsOf(v, c.address(), new(client.AddressedChannel(c.chat.Channel)))

	c.suppressions = slices.DeleteFunc(found, func(s client.Suppression) bool {
		return s.SenderAddress != "" && s.Sender != senderKeyOf(c.chat)
	})

	return err
}

// otherAddress returns the address that a message has gone to, if it is not the one that the chat's member has; else
// "".
func (c *chatView) otherAddress(m *client.Message) string {
	has := c.address()
	if m.Delivery == nil || m.AskID != nil || c.chat.Member == nil || strings.EqualFold(m.Delivery.To, has) {
		return ""
	}

	return m.Delivery.To
}

// loadAsks loads whom the questions that the page shows were put to.
func (c *chatView) loadAsks(v *viewer) error {
	hasQuestions := false
	for i := range c.messages {
		hasQuestions = hasQuestions || c.messages[i].AskID != nil
	}

	if !hasQuestions {
		return nil
	}

	answer, err := v.ListContributorRequestsWithResponse(v.ctx(), v.ws(), &client.ListContributorRequestsParams{
		ChatID: &c.chat.ID,
		Limit:  new(mostListed),
	})
	if err != nil {
		return err
	}

	c.asks = map[string]client.Ask{}

	for _, request := range answer.JSON200.Items {
		for _, ask := range request.Asks {
			c.asks[ask.ID] = ask
		}
	}

	return nil
}

// describeQuestion returns what a message of the assistant's question to a contributor is; "" for other messages. The
// customer has no part in it.
func (c *chatView) describeQuestion(m *client.Message) string {
	if m.AskID == nil {
		return ""
	}

	whom := "a contributor"
	how := ""

	if ask, known := c.asks[*m.AskID]; known {
		whom = nameMember(ask.MemberName, ask.MemberID)
		how = " by " + nameChannel(client.AddressedChannel(ask.Channel))
	}

	if m.Role == client.MessageRoleAssistant {
		return "It went to " + whom + how + ", and not to the customer."
	}

	return "The answer of " + whom + " to the assistant. The customer does not get it."
}

// learnExplained learns the names of the members whom the sentences of the page name by their numbers.
func (c *chatView) learnExplained(v *viewer) {
	var sentences []string

	if c.action != nil {
		sentences = append(sentences, client.ValueOf(c.action.Explanation))
	}

	for i := range c.messages {
		if d := c.messages[i].Delivery; d != nil {
			sentences = append(sentences, d.Explanation)
		}
	}

	v.learnNamed(sentences...)
}

// learnAuthors learns the names of those who have written messages or taken the chat over, and are no participants.
func (c *chatView) learnAuthors(v *viewer) {
	ids := []int64{client.ValueOf(c.chat.TakenOverBy)}

	for i := range c.messages {
		ids = append(ids, client.ValueOf(c.messages[i].WrittenBy), client.ValueOf(c.messages[i].MemberID))
	}

	v.learnNames(ids...)
}
