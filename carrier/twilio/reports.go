package twilio

import (
	"handrail/chat"
)

// explainCode puts Twilio's error code on a report, in our words.
func explainCode(r *chat.Report, code int) {
	if code == 0 {
		return
	}

	r.ErrorCode = chat.TwilioCode(code)
	r.ErrorMessage = "Twilio says no more than its error code"

	if known, ok := chat.FindProviderCode(r.ErrorCode); ok {
		r.ErrorMessage = known.Meaning
		r.Suppress = known.Suppress
	}
}
