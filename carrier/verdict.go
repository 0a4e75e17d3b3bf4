package carrier

import (
	"net/http"

	"handrail/chat"
)

// Verdict is what a provider's answer means for the message, and the words for it: ours,
// because the providers' own repeat the recipient's address.
type Verdict struct {
	Outcome chat.SubmissionOutcome
	Words   string
	// RecipientScoped says of OutcomeBlocked that it concerns recipients like this one only.
	RecipientScoped bool
}

// byStatus holds the statuses that mean the same whoever sent them, the provider or
// something in front of it: the request went no further.
var byStatus = map[int]Verdict{
	http.StatusUnauthorized: {
		Outcome: chat.OutcomeBlocked,
		Words:   "the account's credentials are refused, or the account is suspended or out of credit",
	},
	http.StatusForbidden: {
		Outcome: chat.OutcomeBlocked,
		Words:   "the account or its credentials may not do this, or the sender is not verified",
	},
	http.StatusNotFound: {
		Outcome: chat.OutcomeBlocked,
		Words:   "the account or the API does not exist at the configured address",
	},
	http.StatusMethodNotAllowed: {
		Outcome: chat.OutcomeBlocked,
		Words:   "the configured address is not the provider's API",
	},
	http.StatusRequestEntityTooLarge: {Outcome: chat.OutcomeRejected, Words: "the message is too large"},
	http.StatusTooManyRequests: {
		Outcome: chat.OutcomeNotProcessed,
		Words:   "too many requests at once, and this one was not taken",
	},
}

// ByStatus is the verdict on an answer that is no acceptance, by its HTTP status alone.
// Understood reports that the body is the provider's own refusal; without one, a 4xx may be
// anybody's word, and the outcome is unknown. So it is for 5xx, where the provider may
// have taken the message before it failed, and for every other status.
func ByStatus(status int, understood bool) Verdict {
	v, known := byStatus[status]
	switch {
	case known:
		return v
	case understood && status >= 400 && status <= 499:
		return Verdict{Outcome: chat.OutcomeRejected, Words: "the message is refused as it is"}
	case status >= 500:
		return Verdict{
			Outcome: chat.OutcomeUnknown,
			Words:   "the provider failed and does not say whether it took the message",
		}
	}

	return Verdict{Outcome: chat.OutcomeUnknown, Words: "the answer does not say whether the message was taken"}
}
