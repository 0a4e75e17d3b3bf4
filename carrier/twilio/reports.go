package twilio

import (
	"strconv"

	"handrail/chat"
)

// lost are Twilio's errors on messages that it took and did not deliver
// (https://www.twilio.com/docs/api/errors). They are for people: what a retry may do is
// decided by the message's status.
var lost = map[int]string{
	14107: "too many messages between these two numbers in half a minute",
	21610: "the recipient has opted out of messages from this sender",
	30001: "the sender's queue was full",
	30002: "the account was suspended while the message waited",
	30003: "the recipient's phone is off or out of reach",
	30004: "the message was blocked, or the recipient does not want it",
	30005: "the recipient's number is not known, or no longer in use",
	30006: "the recipient's number is a landline, or its carrier cannot be reached",
	30007: "the message was filtered because of its content; do not send it again as it is",
	30008: "the recipient's carrier did not say why",
	30011: "the recipient's carrier does not take pictures",
	30017: "the recipient's carrier was overloaded",
	30019: "the message was too large for the recipient's carrier",
	30022: "the campaign's limit was reached",
	30023: "the brand's daily limit was reached",
	30027: "the campaign's daily limit with the recipient's carrier was reached",
	30032: "the sender's toll-free number is not verified",
	30033: "the sender's campaign is suspended",
	30034: "the sender's number is not registered for this traffic",
	30035: "the sender's number is being registered",
	30036: "its time was over before it could be delivered",
	30410: "the recipient's carrier did not answer in time",
	30500: "Twilio failed while it sent the message",
}

// optedOut is the error that tells of a recipient's STOP to Twilio.
const optedOut = 21610

// explainCode puts Twilio's error code on a report, in our words.
func explainCode(r *chat.Report, code int) {
	if code == 0 {
		return
	}

	words, known := lost[code]
	if !known {
		words = "Twilio says no more than its error code"
	}

	r.ErrorCode, r.ErrorMessage = "twilio_"+strconv.Itoa(code), words
	if code == optedOut {
		r.Suppress = chat.SuppressedCarrier
	}
}
