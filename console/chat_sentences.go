package console

import "handrail/client"

// riskSentence returns what a tool's risk means for the message.
func riskSentence(risk client.ToolRisk) string {
	switch risk {
	case client.ToolRiskApproval:
		return "It needs an approval: the message waits until a second member has approved it."
	case client.ToolRiskRead:
		return "It only reads."
	case client.ToolRiskWrite:
	}

	return "It changes something. If the message cannot be sent in the end, that is taken back where it can be."
}

// sendSentence returns what happens when a message is sent.
func sendSentence(v *viewer, view *previewView) string {
	sentence := "You speak as a person in the assistant's place: sending takes the chat over"

	switch by := view.chat.TakenOverBy; {
	case by == nil:
		sentence += ", and the assistant does not speak here until the chat is released."
	case *by == v.me.MemberID:
		sentence = "You have taken this chat over. The assistant does not speak here until it is released."
	default:
		sentence += " from " + view.taker + "."
	}

	return sentence
}
