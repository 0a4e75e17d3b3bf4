package console

import (
	"bytes"
	"encoding/json"

	"handrail/client"
)

// authorOf returns who speaks in a message.
func authorOf(view *chatView, m *client.Message) string {
	switch {
	case m.Role == client.MessageRoleAssistant && m.MemberID == nil:
		return "Assistant"
	case m.Role == client.MessageRoleAssistant:
		return view.nameOf(*m.MemberID) + ", as the assistant"
	case m.MemberID == nil:
		return "Somebody unknown"
	}

	return view.nameOf(*m.MemberID)
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

// indentJSON returns JSON in lines, and what is none as it is.
func indentJSON(raw []byte) string {
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return string(raw)
	}

	return b.String()
}
