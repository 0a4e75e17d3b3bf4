package console

import (
	"github.com/a-h/templ"

	"handrail/client"
)

// senderTest is what the API is asked to make for a test of a sender: a chat of its own, which has this sender. A
// message to somebody takes the sender of their newest chat, or of the defaults, and so would test another one.
type senderTest struct {
	chat client.NewChat
	// name names the sender in the title of the chat.
	name string
}

// mayTestSenders reports whether the page offers tests of senders.
func mayTestSenders(v *viewer) bool { return v.may("chats:admin") && v.may("workspace:read") }

// testPhoneNumber sends a message from a phone number.
func (h *Handler) testPhoneNumber(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	number, err := v.GetPhoneNumberWithResponse(v.ctx(), v.ws(), id)
	if err != nil {
		return "", err
	}

	return sendSenderTest(v, &senderTest{
		name: nameNumber(*number.JSON200),
		chat: client.NewChat{Channel: client.ChannelPhoneSms, PhoneNumberID: &id},
	})
}

// testInbox sends a message from an inbox.
func (h *Handler) testInbox(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	inbox, err := v.GetInboxWithResponse(v.ctx(), v.ws(), id)
	if err != nil {
		return "", err
	}

	return sendSenderTest(v, &senderTest{
		name: inbox.JSON200.Address,
		chat: client.NewChat{Channel: client.ChannelEmail, InboxID: &id},
	})
}

// sendSenderTest sends the message of the form in a new chat, and returns the page of its delivery. Errors: those of
// [findMember], and the refusal of a workspace in whose name nobody speaks.
func sendSenderTest(v *viewer, test *senderTest) (templ.SafeURL, error) {
	to, err := findMember(v, readText(v, "to"))
	if err != nil {
		return "", err
	}

	defaults, err := v.GetWorkspaceDefaultsWithResponse(v.ctx(), v.ws())
	if err != nil {
		return "", err
	}

	if defaults.JSON200.AssistantMemberID == nil {
		return "", newInvalid("nobody speaks as the assistant: choose one in Settings, Defaults and brakes")
	}

	test.chat.MemberID = to
	test.chat.AssistantMemberID = defaults.JSON200.AssistantMemberID
	test.chat.Title = new("Test of " + test.name)

	made, err := v.CreateChatWithResponse(v.ctx(), v.ws(), &client.CreateChatParams{
		IdempotencyKey: v.onceFor("chat"),
	}, test.chat)
	if err != nil {
		return "", err
	}

	v.saysItself = true
	prefer := sendWait

	answer, err := v.SendAssistantMessageWithResponse(
		v.ctx(),
		v.ws(),
		made.JSON201.ID,
		&client.SendAssistantMessageParams{IdempotencyKey: v.once(), Prefer: &prefer},
		client.Send{Message: v.PostFormValue("message")},
	)
	if failed := failedDelivery(err); failed != "" {
		return v.deliveryPath(failed), nil
	} else if err != nil {
		return "", explainNoAnswer(err)
	}

	if sent := answer.JSON200; sent != nil {
		return v.deliveryPath(sent.Delivery.ID), nil
	}

	return v.begunPath(answer.JSON202), nil
}
