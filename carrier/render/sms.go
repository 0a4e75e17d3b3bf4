package render

import (
	"strings"

	"handrail/chat"
)

// smsStyle shows a link as "label: address", without characters that phones take for a
// part of the address.
var smsStyle = textStyle{before: ": "}

// renderSMS reduces the message to a text message, with the code that its answer must have.
func renderSMS(message, code string) (chat.Payload, error) {
	text := smsText(message)
	if text == "" {
		return chat.Payload{}, errNothing()
	}

	payload := chat.Payload{Text: text, Code: code}
	posted := payload.Posted()

	if err := chat.CheckText("message", posted, chat.MaxSMS); err != nil {
		return chat.Payload{}, err
	}

	payload.Segments = SegmentCount(posted)

	return payload, nil
}

// smsText is the message as plain text, folded to cheap characters outside addresses.
func smsText(message string) string {
	text := plainText(message, smsStyle)

	var b strings.Builder

	at := 0
	for _, address := range findAddresses(text) {
		b.WriteString(foldTypography(text[at:address.start]))
		b.WriteString(text[address.start:address.end])
		at = address.end
	}

	b.WriteString(foldTypography(text[at:]))

	return strings.TrimSpace(b.String())
}
