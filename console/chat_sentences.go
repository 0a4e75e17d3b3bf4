package console

// sendSentence returns what happens when a message is sent.
func sendSentence(v *viewer, view *previewView) string {
	const taking = "You speak as a person in the assistant's place: sending takes the chat over"

	switch {
	case view.chat.TakenOverBy == nil:
		return taking + ", and the assistant does not speak here until the chat is released."
	case v.isTakenByOther(view.chat):
		return taking + " from " + view.taker + "."
	}

	return "You have taken this chat over. The assistant does not speak here until it is released."
}
