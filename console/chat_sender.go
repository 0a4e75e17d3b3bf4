package console

import (
	"github.com/a-h/templ"

	"handrail/client"
)

// sender is what messages may leave from: a phone number, a messaging service or an inbox.
type sender struct {
	id int64
	// value is what a retry's form sends to choose it, such as phone:12.
	value     string
	name      string
	isRevoked bool
}

// loadSenders loads what messages on the chat's channel may leave from.
func (c *chatView) loadSenders(v *viewer) (err error) {
	c.senders, err = listSenders(v, c.chat.Channel)

	return err
}

// listSenders returns what messages on a channel may leave from, with what is revoked.
func listSenders(v *viewer, channel client.Channel) ([]sender, error) {
	var senders []sender

	switch channel {
	case client.ChannelPhoneSms:
		numbers, _, err := listPhoneNumbers(v)
		if err != nil {
			return nil, err
		}

		for i := range numbers {
			senders = append(senders, sender{
				id:        numbers[i].ID,
				value:     "phone:" + formatCount(numbers[i].ID),
				name:      nameWithAddress(numbers[i].Name, nameNumber(numbers[i])),
				isRevoked: numbers[i].RevokedAt != nil,
			})
		}

	case client.ChannelEmail:
		inboxes, _, err := listInboxes(v)
		if err != nil {
			return nil, err
		}

		for i := range inboxes {
			senders = append(senders, sender{
				id:        inboxes[i].ID,
				value:     "inbox:" + formatCount(inboxes[i].ID),
				name:      nameWithAddress(inboxes[i].DisplayName, inboxes[i].Address),
				isRevoked: inboxes[i].RevokedAt != nil,
			})
		}

	case client.ChannelPhoneVoice, client.ChannelWebChat:
	}

	return senders, nil
}

// nameWithAddress returns a sender as people know it: its name with its address, or the address alone.
func nameWithAddress(name, address string) string {
	if name == "" || name == address {
		return address
	}

	return name + " (" + address + ")"
}

// senderID returns the id of the chat's sender; 0 if it has none.
func (c *chatView) senderID() int64 {
	if c.chat.Channel == client.ChannelEmail {
		return client.ValueOf(c.chat.InboxID)
	}

	return client.ValueOf(c.chat.PhoneNumberID)
}

// sender returns the chat's sender; nil if it has none, or it is not among those that are loaded.
func (c *chatView) sender() *sender {
	return c.senders.find(senderKeyOf(c.chat))
}

// senderChosen returns the chat's sender as its form has it.
func (c *chatView) senderChosen() string { return formatCount(c.senderID()) }

// lacksAddress reports whether the chat's member has no address on its channel.
func (c *chatView) lacksAddress() bool {
	needsOne := c.chat.Channel == client.ChannelPhoneSms || c.chat.Channel == client.ChannelEmail

	return needsOne && c.chat.Member != nil && c.address() == ""
}

// changeSender gives a chat another sender.
func (h *Handler) changeSender(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	answer, err := v.GetChatWithResponse(v.ctx(), v.ws(), id, &client.GetChatParams{})
	if err != nil {
		return "", err
	}

	chosen := parseNumber(v.PostFormValue("sender"))
	if answer.JSON200.Channel == client.ChannelEmail {
		return patchChat(v, client.ChatPatch{InboxID: &chosen})
	}

	return patchChat(v, client.ChatPatch{PhoneNumberID: &chosen})
}
