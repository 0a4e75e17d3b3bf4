package chat

// Where Twilio says what a code means: each code has its page, and HTTP statuses have one.
const (
	twilioSource = "https://www.twilio.com/docs/api/errors/{code}"
	twilioHTTP   = "https://www.twilio.com/docs/usage/twilios-response"
)

// twilioCodes are Twilio's errors on creating a message, and on messages that it took and did not
// deliver. Codes that are not here are judged by their HTTP status, or by the message's.
var twilioCodes = []codeGroup{
	{
		advice:  AdviceChangeAddress,
		outcome: OutcomeRejected,
		source:  twilioSource,
		meanings: map[string]string{
			"twilio_21211": "the recipient's number is not valid",
			"twilio_21217": "the recipient's number is not valid",
			"twilio_21266": "the recipient's number is the sender's own",
			"twilio_21604": "the recipient's number is missing",
			"twilio_21614": "the recipient's number is not a mobile number",
		},
	},
	{
		// No other message to such a recipient goes through either, and those to others do.
		advice:          AdviceChangeAddress,
		outcome:         OutcomeBlocked,
		recipientScoped: true,
		source:          twilioSource,
		meanings: map[string]string{
			"twilio_21265": "the recipient's number is a short code, which cannot be written to",
			"twilio_21635": "the recipient's number is a landline in a country where Twilio does not write to those",
		},
	},
	{
		advice:   AdviceNever,
		outcome:  OutcomeSuppressed,
		suppress: SuppressedCarrier,
		source:   twilioSource,
		meanings: map[string]string{
			"twilio_21610": "the recipient has opted out of messages from this sender",
		},
	},
	{
		// Nothing of this account gets through.
		advice:  AdviceMendAccount,
		outcome: OutcomeBlocked,
		source:  twilioSource,
		meanings: map[string]string{
			"twilio_20003": "the account's credentials are refused, or the account is suspended",
			"twilio_20005": "the account is not active",
			"twilio_20008": "the credentials are test credentials, which cannot do this",
			"twilio_20404": "the account does not exist",
			"twilio_21607": "a trial account sends from its trial number only",
			"twilio_21703": "the messaging service has no sender",
			"twilio_21704": "the messaging service has no sender",
			"twilio_21705": "the messaging service is not valid",
			"twilio_30037": "the account may not send messages",
		},
	},
	{
		advice:          AdviceMendAccount,
		outcome:         OutcomeBlocked,
		recipientScoped: true,
		source:          twilioSource,
		meanings: map[string]string{
			"twilio_21219": "a trial account sends to verified numbers only",
			"twilio_21408": "the account has no permission to send to the recipient's country",
			"twilio_21608": "a trial account sends to verified numbers only",
		},
	},
	{
		// Nothing of this sender gets through.
		advice:  AdviceChangeSender,
		outcome: OutcomeBlocked,
		source:  twilioSource,
		meanings: map[string]string{
			"twilio_21212": "the sender's number is not valid",
			"twilio_21601": "the sender's number is not one of the account's that can send messages",
			"twilio_21606": "the sender's number is not the account's or cannot send messages",
			"twilio_21659": "the sender's number is not one of Twilio's",
			"twilio_21660": "the sender's number belongs to another account",
			"twilio_21661": "the sender's number cannot send messages",
			"twilio_63007": "the account has no such sender",
		},
	},
	{
		advice:          AdviceChangeSender,
		outcome:         OutcomeBlocked,
		recipientScoped: true,
		source:          twilioSource,
		meanings: map[string]string{
			"twilio_21612": "there is no route from this sender to the recipient's country or carrier",
		},
	},
	{
		advice:  AdviceChangeText,
		outcome: OutcomeRejected,
		source:  twilioSource,
		meanings: map[string]string{
			"twilio_21602": "the message has no text",
			"twilio_21617": "the message is longer than 1600 characters",
			"twilio_21618": "the message was filtered because of its content",
			"twilio_21620": "the message's media is not valid",
			"twilio_21623": "the message has too many media",
			"twilio_21654": "the content template is not valid",
			"twilio_21656": "the content variables are not valid",
		},
	},
	{
		// Refused as it was asked for: the set-up must change first.
		advice:  AdviceMendAccount,
		outcome: OutcomeRejected,
		source:  twilioSource,
		meanings: map[string]string{
			"twilio_21603": "the sender is missing",
			"twilio_21609": "the status callback URL is not valid; check the public URL",
			"twilio_21624": "the validity period is not valid",
		},
	},
	{
		// Certainly not taken: there is a limit, and it passes.
		advice:  AdviceWait,
		outcome: OutcomeNotProcessed,
		source:  twilioSource,
		meanings: map[string]string{
			"twilio_20429": "too many requests at once, and this one was not taken",
			"twilio_21611": "the sender's queue is full",
			"twilio_63038": "the account's daily limit is reached",
		},
	},
	// Refusals without a code have their HTTP status, which decides about them.
	{
		advice: AdviceMendAccount,
		source: twilioHTTP,
		meanings: map[string]string{
			"twilio_401": "the account's credentials are refused, or the account is suspended or out of credit",
			"twilio_403": "the account or its credentials may not do this, or the sender is not verified",
			"twilio_404": "the account or the API does not exist at the configured address",
			"twilio_405": "the configured address is not the provider's API",
		},
	},
	{
		advice: AdviceChangeText,
		source: twilioHTTP,
		meanings: map[string]string{
			"twilio_413": "the message is too large",
		},
	},
	{
		advice: AdviceWait,
		source: twilioHTTP,
		meanings: map[string]string{
			"twilio_429": "too many requests at once, and this one was not taken",
		},
	},
	// From here on: reported after Twilio took the message.
	{
		advice: AdviceWait,
		source: twilioSource,
		meanings: map[string]string{
			"twilio_14107": "too many messages between these two numbers in half a minute",
			"twilio_30001": "the sender's queue was full",
			"twilio_30003": "the recipient's phone is off or out of reach",
			"twilio_30008": "the recipient's carrier did not say why",
			"twilio_30009": "a part of the message was lost on the way",
			"twilio_30017": "the recipient's carrier was overloaded",
			"twilio_30022": "the campaign's limit was reached",
			"twilio_30023": "the brand's daily limit was reached",
			"twilio_30027": "the campaign's daily limit with the recipient's carrier was reached",
			"twilio_30035": "the sender's number is being registered",
			"twilio_30036": "its time was over before it could be delivered",
			"twilio_30410": "the recipient's carrier did not answer in time",
			"twilio_30450": "the recipient's number is blocked for a while, because its traffic looked like fraud",
			"twilio_30453": "the recipient's number is blocked for some hours, because its traffic looked like fraud",
			"twilio_30500": "Twilio failed while it sent the message",
			"twilio_63018": "the limit of messages was reached",
		},
	},
	{
		advice: AdviceChangeAddress,
		source: twilioSource,
		meanings: map[string]string{
			"twilio_30005": "the recipient's number is not known, or no longer in use",
			"twilio_30006": "the recipient's number is a landline, or its carrier cannot be reached",
			"twilio_63003": "the recipient's address is not known",
			"twilio_63024": "the recipient cannot get this kind of message",
		},
	},
	{
		advice: AdviceChangeText,
		source: twilioSource,
		meanings: map[string]string{
			"twilio_30007": "the message was filtered because of its content",
			"twilio_30011": "the recipient's carrier does not take pictures",
			"twilio_30019": "the message was too large for the recipient's carrier",
			"twilio_30038": "the message was filtered because it holds a one-time passcode",
			"twilio_30044": "the message has more parts than a trial account may send",
		},
	},
	{
		advice: AdviceChangeSender,
		source: twilioSource,
		meanings: map[string]string{
			"twilio_30018": "the recipient's carrier wants the sender's name to be registered with it first",
			"twilio_30024": "the sender's number is not set up at the recipient's carrier",
			"twilio_30034": "the sender's number is not registered for this traffic",
			"twilio_30042": "the sender's name is too general, or holds signs that are not allowed",
		},
	},
	{
		advice: AdviceMendAccount,
		source: twilioSource,
		meanings: map[string]string{
			"twilio_30002": "the account was suspended while the message waited",
			"twilio_30010": "the message costs more than the account allows",
			"twilio_30032": "the sender's toll-free number is not verified",
			"twilio_30033": "the sender's campaign is suspended",
		},
	},
	{
		advice: AdviceNever,
		source: twilioSource,
		meanings: map[string]string{
			"twilio_30004": "the message was blocked, or the recipient does not want it",
			"twilio_30039": "the message was taken for one that a machine wrote, and held back to prevent a loop",
		},
	},
}
