package chat

import (
	"slices"
	"strconv"
	"strings"
)

// Advice is what to do about a message that its provider has refused, or has not delivered.
type Advice string

// The advices. Each is one that Handrail would carry out: where a retry would be refused, none is
// advised.
const (
	// AdviceNone: there is nothing to do, or nothing is known.
	AdviceNone Advice = ""
	// AdviceWait: the cause passes by itself; wait, then retry.
	AdviceWait Advice = "wait_and_retry"
	// AdviceChangeText, AdviceChangeAddress and AdviceChangeSender: retry it with another one.
	AdviceChangeText    Advice = "change_text"
	AdviceChangeAddress Advice = "change_address"
	AdviceChangeSender  Advice = "change_sender"
	// AdviceMendAccount: change the account or its set-up at the provider, then retry.
	AdviceMendAccount Advice = "mend_account"
	// AdviceNever: the recipient does not want it, or it was none of ours to send.
	AdviceNever Advice = "do_not_retry"
)

// Advices lists all of them but AdviceNone.
func Advices() []Advice {
	return []Advice{
		AdviceWait,
		AdviceChangeText,
		AdviceChangeAddress,
		AdviceChangeSender,
		AdviceMendAccount,
		AdviceNever,
	}
}

// ProviderCode is what one error code of a provider means, and what to do about it.
type ProviderCode struct {
	// Code is as deliveries have it: "twilio_30007", "sendgrid_5.1.1".
	Code string
	// Meaning is in our words, because the providers' own repeat addresses. It advises nothing.
	Meaning string
	Advice  Advice
	// Outcome is what a refusal with this code comes to, "" for one that the HTTP status decides
	// about, or that is only reported after the provider took the message.
	Outcome SubmissionOutcome
	// RecipientScoped says of OutcomeBlocked that it concerns recipients like this one only.
	RecipientScoped bool
	// Suppress is why the address must not be written to any more, "" when it may.
	Suppress SuppressionReason
	// Source is the provider's page, or the standard, that says so.
	Source string
}

// codeGroup are codes of one kind, with what each means.
type codeGroup struct {
	advice          Advice
	outcome         SubmissionOutcome
	recipientScoped bool
	suppress        SuppressionReason
	source          string
	meanings        map[string]string
}

// providerCodes is the table of all codes, by code.
var providerCodes = func() map[string]ProviderCode {
	all := make(map[string]ProviderCode)

	for _, groups := range [][]codeGroup{twilioCodes, sendGridCodes} {
		for i := range groups {
			groups[i].addTo(all)
		}
	}

	return all
}()

func (g *codeGroup) addTo(all map[string]ProviderCode) {
	for code, meaning := range g.meanings {
		all[code] = ProviderCode{
			Code:            code,
			Meaning:         meaning,
			Advice:          g.advice,
			Outcome:         g.outcome,
			RecipientScoped: g.recipientScoped,
			Suppress:        g.suppress,
			Source:          strings.ReplaceAll(g.source, "{code}", code[strings.IndexByte(code, '_')+1:]),
		}
	}
}

// ProviderCodes lists the codes whose meaning is known, Twilio's first, each provider's in the order
// of their text.
func ProviderCodes() []ProviderCode {
	all := make([]ProviderCode, 0, len(providerCodes))
	for _, code := range providerCodes {
		all = append(all, code)
	}

	slices.SortFunc(all, func(a, b ProviderCode) int { return strings.Compare(sortKey(a.Code), sortKey(b.Code)) })

	return all
}

// sortKey puts Twilio's codes before SendGrid's.
func sortKey(code string) string {
	if strings.HasPrefix(code, string(ProviderTwilio)) {
		return " " + code
	}

	return code
}

// FindProviderCode finds what a delivery's error code means; false for one that is not known.
func FindProviderCode(code string) (ProviderCode, bool) {
	found, known := providerCodes[code]
	return found, known
}

// TwilioCode is Twilio's error code as deliveries have it.
func TwilioCode(code int) string { return string(ProviderTwilio) + "_" + strconv.Itoa(code) }

// Advice says what a person may do about the delivery, AdviceNone if nothing is to be done, or if
// something is done by itself. It never advises a retry that would be refused as things stand with
// the delivery itself.
func (d *Delivery) Advice() Advice {
	if !d.needsAdvice() || d.CheckRetry() != nil {
		return AdviceNone
	}

	if advice := d.codeAdvice(); advice != AdviceNone {
		return advice
	}

	switch {
	case d.Submission == SubmissionSuppressed:
		return AdviceNever
	case d.Submission == SubmissionBlocked:
		return AdviceMendAccount
	case d.DeliveryStatus == StatusFailed, d.DeliveryStatus == StatusCanceled:
		return AdviceWait
	}

	return AdviceChangeAddress
}

// codeAdvice is what the table of codes advises, AdviceNone if it does not know the code. An address
// that has bounced is not written to any more, whatever the reason, by us and by SendGrid.
func (d *Delivery) codeAdvice() Advice {
	if d.Submission == SubmissionAccepted && d.DeliveryStatus == StatusBounced {
		return AdviceChangeAddress
	}

	return providerCodes[d.ErrorCode].Advice
}

// needsAdvice reports whether the delivery has ended, or is stuck, by its provider's word.
func (d *Delivery) needsAdvice() bool {
	switch d.Submission {
	case SubmissionRejected, SubmissionSuppressed, SubmissionBlocked:
		return true
	case SubmissionAccepted:
		return d.DeliveryStatus.Lost()
	case SubmissionPending, SubmissionSending, SubmissionUnknown, SubmissionNeedsReview, SubmissionExpired,
		SubmissionCanceled, SubmissionConfirmedSent, SubmissionAbandoned:
	}

	return false
}

// adviceWords are the advices in a sentence.
var adviceWords = map[Advice]string{
	AdviceNone:          "",
	AdviceWait:          "Wait a while, then retry it.",
	AdviceChangeText:    "Retry it with another text.",
	AdviceChangeAddress: "Retry it with another address.",
	AdviceChangeSender:  "Retry it with another sender.",
	AdviceMendAccount:   "Mend the account or its set-up at the provider, then retry it.",
	AdviceNever:         "Do not send it again.",
}

// Words says the advice in a sentence.
func (a Advice) Words() string { return adviceWords[a] }
