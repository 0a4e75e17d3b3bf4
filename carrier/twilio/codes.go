package twilio

import (
	"handrail/carrier"
	"handrail/chat"
)

const (
	rejected   = chat.OutcomeRejected
	blocked    = chat.OutcomeBlocked
	suppressed = chat.OutcomeSuppressed
	later      = chat.OutcomeNotProcessed
)

// codes are Twilio's errors on creating a message (https://www.twilio.com/docs/api/errors).
// Codes that are not here are judged by their HTTP status.
var codes = map[int]carrier.Verdict{
	// This recipient cannot be reached.
	21211: {Outcome: rejected, Words: "the recipient's number is not valid"},
	21217: {Outcome: rejected, Words: "the recipient's number is not valid"},
	21604: {Outcome: rejected, Words: "the recipient's number is missing"},
	21614: {Outcome: rejected, Words: "the recipient's number is not a mobile number"},
	21266: {Outcome: rejected, Words: "the recipient's number is the sender's own"},

	// This recipient does not want it.
	21610: {Outcome: suppressed, Words: "the recipient has opted out of messages from this sender"},

	// The account or its set-up: every message would be refused, or every one to
	// recipients like this.
	20003: {Outcome: blocked, Words: "the account's credentials are refused, or the account is suspended"},
	20008: {Outcome: blocked, Words: "the credentials are test credentials, which cannot do this"},
	20404: {Outcome: blocked, Words: "the account does not exist"},
	21212: {Outcome: blocked, Words: "the sender's number is not valid"},
	21219: {Outcome: blocked, Words: "a trial account sends to verified numbers only", Narrow: true},
	21408: {Outcome: blocked, Words: "the account has no permission to send to the recipient's country", Narrow: true},
	21606: {Outcome: blocked, Words: "the sender's number is not the account's or cannot send messages"},
	21608: {Outcome: blocked, Words: "a trial account sends to verified numbers only", Narrow: true},
	21612: {
		Outcome: blocked,
		Words:   "there is no route from this sender to the recipient's country or carrier",
		Narrow:  true,
	},
	21659: {Outcome: blocked, Words: "the sender's number is not one of Twilio's"},
	21660: {Outcome: blocked, Words: "the sender's number belongs to another account"},
	21703: {Outcome: blocked, Words: "the messaging service has no sender"},
	21704: {Outcome: blocked, Words: "the messaging service has no sender"},
	21705: {Outcome: blocked, Words: "the messaging service is not valid"},

	// This message is not right as it is.
	21602: {Outcome: rejected, Words: "the message has no text"},
	21603: {Outcome: rejected, Words: "the sender is missing"},
	21609: {Outcome: rejected, Words: "the status callback URL is not valid; check the public URL"},
	21617: {Outcome: rejected, Words: "the message is longer than 1600 characters"},
	21618: {Outcome: rejected, Words: "the message was filtered because of its content; do not send it again as it is"},
	21620: {Outcome: rejected, Words: "the message's media is not valid"},
	21623: {Outcome: rejected, Words: "the message has too many media"},
	21624: {Outcome: rejected, Words: "the validity period is not valid"},
	21654: {Outcome: rejected, Words: "the content template is not valid"},
	21656: {Outcome: rejected, Words: "the content variables are not valid"},

	// Certainly not taken: there is a limit, and it passes.
	20429: {Outcome: later, Words: "too many requests at once, and this one was not taken"},
	21611: {Outcome: later, Words: "the sender's queue is full"},
	63038: {Outcome: later, Words: "the account's daily limit is reached"},
}
