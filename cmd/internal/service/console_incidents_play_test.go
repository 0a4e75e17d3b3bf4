package service_test

import (
	"net/http"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/sandbox"
)

func mendRefused(n *night, to customerOf) {
	n.w.replies(to.phone, "Is my table booked?")
	n.strike(to, sandbox.FaultRefuse)
	n.w.sendTo(to, failed)

	n.mara.followTile("whose customer has written")
	n.openChat(n.mara, to)
	n.mara.openDelivery("Hello")
	n.mara.awaitText("Twilio refused the message for good")
	n.mara.openCommand("", "Try again")
	n.mara.press()
	n.mara.awaitText("reports it as delivered")
	n.mara.awaitCalm()
}

func mendSuspended(n *night, _ customerOf) {
	n.w.setFaults(sandbox.Fault{Kind: sandbox.FaultSuspended, Channel: sandbox.ChannelEmail})

	for _, id := range []chat.ChatID{n.w.people.email.ID, n.mailChat("kim@customers.example")} {
		r := n.w.call("POST", sendPath(id), sendBody("Your invoice is paid."), "Prefer", "wait=1")
		require.Equal(n, http.StatusAccepted, r.status, r.raw)
	}

	n.mara.followTile("sender is refused by its provider")
	n.mara.awaitText("SendGrid refuses every message")

	// The account is mended at the provider.
	n.w.setFaults()

	n.mara.lookAtNow()
	n.mara.openCommand("", "Probe now")
	n.mara.enter("reason", "the account is paid")
	n.mara.press()
	n.mara.awaitCalm()
	n.w.eventually(func() bool { return len(n.w.box.Mails()) == 2 })
}

// mailChat makes another customer with a chat by mail.
func (n *night) mailChat(address string) chat.ChatID {
	n.Helper()

	member := n.w.call("POST", "/members", map[string]any{"name": "Kim", "email": address})
	require.Equal(n, http.StatusCreated, member.status, member.raw)

	opened := n.w.call("POST", "/chats", map[string]any{
		"channel":             "email",
		"member_id":           member.at("id"),
		"assistant_member_id": n.w.people.assistant.ID,
		"inbox_id":            *n.w.people.email.InboxID,
	})
	require.Equal(n, http.StatusCreated, opened.status, opened.raw)

	return chat.ChatID(opened.at("id").(float64))
}

func mendUnknown(n *night, to customerOf) {
	other := n.newCustomer()

	// Both are taken an hour later: to Handrail it is as if they were lost.
	n.w.setFaults(
		sandbox.Fault{Kind: sandbox.FaultLate, To: to.phone, Times: 1, Delay: time.Hour},
		sandbox.Fault{Kind: sandbox.FaultLate, To: other.phone, Times: 1, Delay: time.Hour},
	)
	n.w.sendTo(to, waiting)
	n.w.sendTo(other, waiting)

	n.mara.followTile("for a decision")
	n.mara.openCommand(cardOf(other.phone), "Say what became of it")
	n.mara.choose("sent")
	n.mara.enter("reason", "the customer has it")
	n.mara.press()

	n.mara.openCommand(cardOf(to.phone), "Say what became of it")
	n.mara.choose("not_sent")
	n.mara.enter("reason", "Twilio's log has nothing")
	n.mara.press()

	// What was not sent is sent now.
	n.mara.awaitText("said that it was not sent")
	n.mara.openCommand("", "Change and send")
	n.mara.enter("body", "Once more: ")
	n.mara.choose("true")
	n.mara.enter("reason", "Twilio's log has nothing")
	n.mara.press()
	n.mara.awaitText("reports it as delivered")
	n.mara.awaitCalm()
}

func mendDuplicate(n *night, to customerOf) {
	// The provider takes it, and neither answers nor reports nor lists it.
	n.strike(to, sandbox.FaultCut, sandbox.CallbackNever, sandbox.ListHide)
	n.w.sendTo(to, waiting)

	n.mara.followTile("for a decision")
	n.mara.openCommand(cardOf(to.phone), "Send it again")
	n.mara.choose("true")
	n.mara.enter("reason", "the customer waits")
	n.mara.press()

	both := func() []sandbox.Message { return n.w.box.Messages(sandbox.MessageFilter{To: to.phone}) }

	n.w.eventually(func() bool { return len(both()) == 2 })
	n.w.reportSMS(&both()[0], "delivered", "")

	n.mara.followTile("arrived twice, or may have")
	n.mara.clickOn(`//main//tbody//a[contains(@href, "/deliveries/")]`)
	n.mara.awaitText("Sent twice.")
	n.mara.awaitText("was sent twice by mistake. Both copies are the same: please ignore one.")

	// The customer is told so.
	n.mara.clickOn(`//main//dl//a[contains(@href, "/chats/")]`)
	n.mara.awaitText("A message was sent twice")
	n.mara.fill("message", "You got our last message twice by mistake.")
	n.mara.click("Preview")
	n.mara.click("Send")
	n.mara.openCommand("", "Release")
	n.mara.press()
	n.mara.awaitCalm()
	require.Len(n, both(), 3)
}

func mendUndelivered(n *night, to customerOf) {
	n.strike(to, sandbox.Undelivered)
	n.w.sendTo(to, taken)

	n.mara.followTile("a person for another reason")
	n.openChat(n.mara, to)
	n.mara.openDelivery("Hello")
	n.mara.awaitText("the recipient's phone is off or out of reach")
	n.mara.openCommand("", "Change and send")
	n.mara.enter("to", "+14155550398")
	n.mara.enter("reason", "the customer has called from this number")
	n.mara.press()
	n.mara.awaitText("reports it as delivered")
	n.mara.awaitCalm()
	require.Len(n, n.w.texts("+14155550398"), 1)
}

func mendOptedOut(n *night, to customerOf) {
	n.strike(to, sandbox.FaultOptedOut)
	n.w.sendTo(to, failed)

	n.mara.click("Failures")
	n.mara.clickOn(mainHas("tbody/tr", "suppressed") + `//a[contains(@href, "/deliveries/")]`)
	n.mara.awaitText("the recipient has opted out")

	// The customer has asked for messages again.
	n.mara.awaitText("No SMS from")
	n.mara.openCommand("", "Lift it")
	n.mara.press()
	n.mara.awaitText("What keeps messages from them, and who may lift it")

	n.mara.openCommand("", "Try again")
	n.mara.press()
	n.mara.awaitText("reports it as delivered")
	n.mara.awaitCalm()
}

// sendWithTool has the assistant send a message to a customer after a tool.
func (n *night) sendWithTool(to customerOf, text, tool string) {
	n.Helper()

	body := sendBody(text, newToolCall(tool, map[string]any{"what": text}))
	r := n.w.call("POST", sendPath(to.chat), body, "Prefer", "wait=1")
	require.Equal(n, http.StatusAccepted, r.status, r.raw)
}

func mendApproval(n *night, to customerOf) {
	other := n.newCustomer()
	n.sendWithTool(to, "You get 20 back.", "refund")
	n.sendWithTool(other, "You get 2,000 back.", "refund")

	n.mara.followTile("for a second member")
	n.mara.awaitText("You have asked for it: a second member decides.")

	n.noor.followTile("for a second member")
	n.noor.openCommand(cardOf("You get 20 back."), "Approve")
	n.noor.enter("reason", "they have paid twice")
	n.noor.press()

	n.noor.openCommand(cardOf("You get 2,000 back."), "Refuse")
	n.noor.enter("reason", "nobody has paid that")
	n.noor.press()
	n.noor.awaitText("that wait for a person would be here")
	n.noor.awaitCalm()

	n.w.eventually(func() bool { return len(n.w.texts(to.phone)) == 1 })
	require.Empty(n, n.w.texts(other.phone))
}

func mendToolCall(n *night, to customerOf) {
	n.d.answers(func(_ deskCall, answer http.ResponseWriter) { answer.WriteHeader(http.StatusBadGateway) })

	other := n.newCustomer()
	n.sendWithTool(to, "Table 4 is yours.", "book")
	n.sendWithTool(other, "Table 9 is yours.", "book")

	n.mara.followTile("a tool call whose outcome is unknown")
	n.mara.openCommand(cardOf("Table 4 is yours."), "Decide")
	n.mara.choose("succeeded")
	n.mara.enter("reason", "it stands in the book")
	n.mara.press()

	n.mara.openCommand(cardOf("Table 9 is yours."), "Decide")
	n.mara.choose("failed")
	n.mara.enter("reason", "it does not")
	n.mara.press()
	n.mara.awaitText("that wait for a person would be here")
	n.mara.awaitCalm()

	n.w.eventually(func() bool { return len(n.w.texts(to.phone)) == 1 })
	require.Empty(n, n.w.texts(other.phone))
}

func mendQuestion(n *night, _ customerOf) {
	n.w.contributor("Cem", cook, "")

	for _, question := range []string{"Is the terrace open?", "Is there cake?"} {
		call := newToolCall("contributor_input_request", map[string]any{"question": question})
		r := n.w.call("POST", sendPath(n.w.people.sms.ID), sendBody("I have asked: "+question, call))
		require.Equal(n, http.StatusAccepted, r.status, r.raw)
	}

	n.mara.followTile("for a contributor's answer")
	n.mara.openCommand(cardOf("Is the terrace open?"), "Answer for them")
	n.mara.enter("answer", "Yes, until ten.")
	n.mara.press()

	n.mara.openCommand(cardOf("Is there cake?"), "Cancel the question")
	n.mara.enter("reason", "nobody is in the kitchen")
	n.mara.press()
	n.mara.awaitText("that wait for a person would be here")
	n.mara.awaitCalm()

	n.w.eventually(func() bool { return len(n.w.texts("+14155550101")) == 1 })
}

func mendBulkRetry(n *night, to customerOf) {
	n.w.setFaults(sandbox.Fault{Kind: sandbox.FaultRefuse, To: to.phone})

	for range 4 {
		n.w.sendTo(to, failed)
	}

	n.mara.click("Failures")
	n.mara.clickOn(mainHas("tr", "twilio_21614") + `//a[normalize-space(.)="Retry these…"]`)
	n.mara.do(chromedp.Clear(`[name="canary"]`, chromedp.ByQuery))
	n.mara.fill("canary", "2")
	n.mara.fill("reason", "the carrier works again")
	n.mara.click("Begin the retry")
	n.mara.awaitText("tried first failed")

	// The carrier works only now.
	n.w.setFaults()

	n.mara.followTile("paused")
	n.mara.clickOn(`//main//tbody//a[contains(@href, "/failures/bulk/")]`)
	n.mara.openCommand("", "Resume")
	n.mara.enter("reason", "now it does")
	n.mara.press()
	n.mara.awaitText("4 of 4 have had their turn")
	n.mara.awaitText("finished")
	n.mara.awaitCalm()
	require.GreaterOrEqual(n, len(n.w.texts(to.phone)), 2, "the others were of the canary that was refused")
}

func mendPossibleOptOut(n *night, to customerOf) {
	n.w.replies(to.phone, "Please stop texting me")

	r := n.w.call("POST", sendPath(to.chat), sendBody("Hello"), "Prefer", "wait=1")
	require.Equal(n, http.StatusAccepted, r.status, r.raw)

	n.mara.followTile("for a decision")
	n.mara.openCommand(cardOf(to.phone), "They have not opted out")
	n.mara.enter("reason", "they meant today only")
	n.mara.press()
	n.w.eventually(func() bool { return len(n.w.texts(to.phone)) == 1 })
	n.mara.awaitCalm()
}

func mendMovedOn(n *night, to customerOf) {
	other := n.newCustomer()

	for _, of := range []customerOf{to, other} {
		n.w.setFaults(sandbox.Fault{Kind: sandbox.FaultRateLimit, To: of.phone, Delay: 4 * time.Second, Times: 1})
		playMovedOn(n.w, of)
	}

	n.mara.followTile("for a decision")
	n.mara.openCommand(cardOf(to.phone), "Send it")
	n.mara.press()
	n.w.eventually(func() bool { return len(n.w.texts(to.phone)) == 1 })

	n.mara.openCommand(cardOf(other.phone), "Cancel it")
	n.mara.enter("reason", "they have what they asked for")
	n.mara.press()
	n.mara.awaitText("that wait for a person would be here")

	for _, of := range []customerOf{to, other} {
		n.mara.followTile("whose customer has written")
		n.openChat(n.mara, of)
		n.mara.openCommand("", "Needs no response")
		n.mara.press()
	}

	n.mara.awaitCalm()
}
