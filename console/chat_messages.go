package console

import "handrail/client"

// authorOf returns who speaks in a message.
func authorOf(v *viewer, m *client.Message) string {
	switch {
	case m.Role == client.MessageRoleAssistant && m.WrittenBy != nil:
		return v.nameOf(*m.WrittenBy)
	case m.Role == client.MessageRoleAssistant && m.MemberID == nil:
		return "Assistant"
	case m.Role == client.MessageRoleAssistant:
		return v.nameOf(*m.MemberID) + ", as the assistant"
	case m.MemberID == nil:
		return "Somebody unknown"
	}

	return v.nameOf(*m.MemberID)
}

// describeAuthor returns in whose place somebody has written; "" for whoever speaks for themselves.
func describeAuthor(v *viewer, m *client.Message) string {
	switch {
	case m.WrittenBy == nil:
		return ""
	case m.Role != client.MessageRoleAssistant:
		return ", entered by " + v.nameOf(*m.WrittenBy)
	case m.MemberID == nil:
		return ", in the assistant's place"
	}

	return ", in the place of " + v.nameOf(*m.MemberID) + ", the assistant"
}

// nameTrust returns how well it is known who has written something that came in.
func nameTrust(level client.TrustLevel) string {
	switch level {
	case client.TrustLevelUnverified:
		return "unverified mail"
	case client.TrustLevelPhoneNumber:
		return "by its number"
	case client.TrustLevelVerified:
		return "verified"
	}

	return nameStatus(string(level))
}

// toneOfTrust returns the tone of a level of trust.
func toneOfTrust(level client.TrustLevel) string {
	switch level {
	case client.TrustLevelUnverified:
		return toneWarn
	case client.TrustLevelVerified:
		return toneGood
	case client.TrustLevelPhoneNumber:
		return tonePlain
	}

	return tonePlain
}

// nameFile returns the name of a file, as its sender has called it.
func nameFile(file client.File) string {
	if name := client.ValueOf(file.Name); name != "" {
		return name
	}

	return "file without a name"
}
