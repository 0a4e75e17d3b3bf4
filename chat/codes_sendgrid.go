package chat

// Where SendGrid, and the standards of mail, say what a code means.
const (
	// sendGridHTTP is about the answers of SendGrid's API.
	sendGridHTTP = "https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/responses"
	// sendGridEvents is about what became of a message.
	sendGridEvents = "https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event"
	// enhancedStatus is RFC 3463, whose registry RFC 5248 keeps.
	enhancedStatus = "https://www.rfc-editor.org/rfc/rfc3463"
)

// The codes of SendGrid's events that give no better reason.
const (
	CodeSendGridDeferred = "sendgrid_deferred"
	CodeSendGridDropped  = "sendgrid_dropped"
	CodeSendGridBounce   = "sendgrid_bounce"
	CodeSendGridBlocked  = "sendgrid_blocked"
)

// sendGridCodes are SendGrid's refusals by HTTP status, its reasons not to send, and the enhanced
// status codes of the recipients' servers.
var sendGridCodes = []codeGroup{
	{
		advice: AdviceMendAccount,
		source: sendGridHTTP,
		meanings: map[string]string{
			"sendgrid_401": "the account's credentials are refused, or the account is suspended or out of credit",
			"sendgrid_403": "the account or its credentials may not do this, or the sender is not verified",
			"sendgrid_404": "the account or the API does not exist at the configured address",
			"sendgrid_405": "the configured address is not the provider's API",
		},
	},
	{
		advice: AdviceChangeText,
		source: sendGridHTTP,
		meanings: map[string]string{
			"sendgrid_400": "the message is refused as it is",
			"sendgrid_413": "the message is too large",
		},
	},
	{
		advice: AdviceWait,
		source: sendGridHTTP,
		meanings: map[string]string{
			"sendgrid_429": "too many requests at once, and this one was not taken",
		},
	},
	{
		advice: AdviceWait,
		source: sendGridEvents,
		meanings: map[string]string{
			CodeSendGridDeferred: "the recipient's server asked to try later, and SendGrid does",
			CodeSendGridBlocked:  "the recipient's server refused the message this time",
			CodeSendGridDropped:  "SendGrid took the message and did not send it",
		},
	},
	{
		advice: AdviceChangeAddress,
		source: sendGridEvents,
		meanings: map[string]string{
			CodeSendGridBounce:         "the recipient's server refused the message for good",
			"sendgrid_bounced_address": "SendGrid did not send it: an earlier message to this address has bounced",
			"sendgrid_invalid":         "SendGrid did not send it: the address is not valid",
		},
	},
	{
		advice: AdviceNever,
		source: sendGridEvents,
		meanings: map[string]string{
			"sendgrid_unsubscribed_address": "SendGrid did not send it: the recipient has unsubscribed",
			"sendgrid_spam_reporting_address": "SendGrid did not send it: the recipient has reported an earlier " +
				"message as spam",
		},
	},
	{
		advice: AdviceChangeText,
		source: sendGridEvents,
		meanings: map[string]string{
			"sendgrid_spam_content": "SendGrid did not send it: its content looks like spam",
		},
	},
	{
		advice: AdviceMendAccount,
		source: sendGridEvents,
		meanings: map[string]string{
			"sendgrid_invalid_smtpapi_header":            "SendGrid did not send it: a header of it is not valid",
			"sendgrid_recipient_list_over_package_quota": "SendGrid did not send it: the account's quota is used up",
		},
	},
	{
		advice: AdviceWait,
		source: enhancedStatus,
		meanings: map[string]string{
			"sendgrid_4.0.0": "the recipient's server could not take it then",
			"sendgrid_4.2.1": "the recipient's mailbox took no mail then",
			"sendgrid_4.2.2": "the recipient's mailbox was full",
			"sendgrid_4.3.0": "the recipient's server had a fault",
			"sendgrid_4.3.1": "the recipient's server was full",
			"sendgrid_4.3.2": "the recipient's server took no mail then",
			"sendgrid_4.4.1": "the recipient's server did not answer",
			"sendgrid_4.4.2": "the connection to the recipient's server broke",
			"sendgrid_4.4.5": "the recipient's server was overloaded",
			"sendgrid_4.4.7": "the recipient's server could not be reached in time",
			"sendgrid_4.5.3": "the recipient's server takes fewer messages at once",
			"sendgrid_4.7.0": "the recipient's server took no mail from this sender then",
			"sendgrid_4.7.1": "the recipient's server took no mail from this sender then",
			"sendgrid_5.2.2": "the recipient's mailbox is full",
			"sendgrid_5.3.1": "the recipient's server is full",
			"sendgrid_5.3.2": "the recipient's server takes no mail now",
		},
	},
	{
		advice: AdviceChangeAddress,
		source: enhancedStatus,
		meanings: map[string]string{
			"sendgrid_5.0.0":  "the recipient's server refused it for good",
			"sendgrid_5.1.0":  "the recipient's address is refused",
			"sendgrid_5.1.1":  "the recipient's mailbox does not exist",
			"sendgrid_5.1.2":  "the domain of the recipient's address does not exist",
			"sendgrid_5.1.3":  "the recipient's address is not valid",
			"sendgrid_5.1.4":  "the recipient's address stands for several mailboxes",
			"sendgrid_5.1.6":  "the recipient's mailbox has moved",
			"sendgrid_5.1.10": "the domain of the recipient's address takes no mail",
			"sendgrid_5.2.0":  "the recipient's mailbox takes no mail",
			"sendgrid_5.2.1":  "the recipient's mailbox is switched off",
			"sendgrid_5.4.1":  "the recipient's server does not answer",
			"sendgrid_5.4.4":  "there is no way to the recipient's server",
			"sendgrid_5.4.6":  "the mail went round in a circle at the recipient's servers",
		},
	},
	{
		advice: AdviceChangeText,
		source: enhancedStatus,
		meanings: map[string]string{
			"sendgrid_5.2.3": "the message is longer than the recipient's mailbox takes",
			"sendgrid_5.3.4": "the message is larger than the recipient's server takes",
			"sendgrid_5.6.0": "the recipient's server cannot read the message",
		},
	},
	{
		advice: AdviceMendAccount,
		source: enhancedStatus,
		meanings: map[string]string{
			"sendgrid_5.1.7":  "the recipient's server does not accept the sender's address",
			"sendgrid_5.1.8":  "the recipient's server does not accept the sender's domain",
			"sendgrid_5.7.0":  "the recipient's server does not allow it",
			"sendgrid_5.7.1":  "the recipient's server does not allow it: its sender or its content is not trusted",
			"sendgrid_5.7.20": "the recipient's server found no valid DKIM signature",
			"sendgrid_5.7.23": "the recipient's server found that SPF does not allow the sender",
			"sendgrid_5.7.25": "the recipient's server wants a reverse DNS entry of the sending server",
			"sendgrid_5.7.26": "the recipient's server found that neither SPF nor DKIM holds for the sender",
			"sendgrid_5.7.27": "the sender's domain takes no mail itself",
		},
	},
}

// SendGridBounce is the code of a bounce with an enhanced status code (RFC 3463) like "5.1.1", or
// fallback if it has none whose meaning is known.
func SendGridBounce(status, fallback string) string {
	if code := string(ProviderSendGrid) + "_" + status; providerCodes[code].Source == enhancedStatus {
		return code
	}

	return fallback
}
