package chat

import (
	"fmt"
	"strings"
	"time"
)

// Name is how people call the provider.
func (p Provider) Name() string {
	switch p {
	case ProviderTwilio:
		return "Twilio"
	case ProviderSendGrid:
		return "SendGrid"
	case ProviderHandrail:
		return "Handrail"
	}

	return "The provider"
}

// Explain says in a sentence or two where the delivery stands, what it waits for, and what
// a person may do. It names no address and no text.
func (d *Delivery) Explain() string {
	return d.Standing().Explanation
}

// explainItself is Explain without what the message's tool calls wait for.
func (d *Delivery) explainItself() string {
	if sentence := d.explainStuck(); sentence != "" {
		return sentence
	}

	switch d.Submission {
	case SubmissionPending:
		return d.explainPending()
	case SubmissionSending:
		return d.explainSending()
	case SubmissionAccepted:
		return d.explainAccepted()
	case SubmissionRejected:
		return fmt.Sprintf("%s refused the message for good (%s). ", d.Provider.Name(), d.explainReason()) +
			d.explainNextStep(d.adviseOr("Retry it with another address or another text."))
	case SubmissionBlocked:
		return d.explainBlocked()
	case SubmissionSuppressed:
		return d.explainSuppressed()
	case SubmissionUnknown:
		return fmt.Sprintf(
			"May have been sent: %s did not confirm (%s). Evidence is looked for%s; it is not sent again by itself.",
			d.Provider.Name(),
			d.explainReason(),
			formatUntil(d.EvidenceUntil),
		)
	case SubmissionNeedsReview:
		return d.explainReview()
	case SubmissionExpired:
		return fmt.Sprintf("May have been sent: %s did not confirm, and its time ran out. ", d.Provider.Name()) +
			d.explainNextStep("A retry may send it twice.")
	case SubmissionCanceled:
		return d.explainCanceled()
	case SubmissionConfirmedSent:
		return d.nameDecider() + " confirmed that it was sent."
	case SubmissionAbandoned:
		return d.explainAbandoned()
	}

	return "Its state is not known."
}

// explainSuppressed says why the address is not written to. A bounce is no will of its owner.
func (d *Delivery) explainSuppressed() string {
	if d.ErrorMessage == ReasonBounced {
		return "Not sent: " + ReasonBounced + ". " + d.explainNextStep("Retry it with another address.")
	}

	return "Not sent: the recipient has opted out of this sender's messages. " +
		d.explainNextStep("A retry is refused until the recipient has opted in again.")
}

// explainReview says why a person must decide about what may have been sent.
func (d *Delivery) explainReview() string {
	decide := " A person must decide: resolve it as sent or not sent, or retry it, which may send it twice."
	if why := d.explainNoRetry(); why != "" {
		decide = " A person must decide: resolve it as sent or not sent. " + why
	}

	if d.ErrorCode == ErrorPossibleOptOut {
		return fmt.Sprintf(
			"May have been sent: %s. A person must decide whether the recipient has opted out, "+
				"or resolve it as sent or not sent.",
			d.ErrorMessage,
		)
	}

	if d.ErrorCode == ErrorAmbiguous {
		return fmt.Sprintf("May have been sent: %s.", d.ErrorMessage) + decide
	}

	return fmt.Sprintf(
		"May have been sent: %s did not confirm (%s), and no evidence was found.",
		d.Provider.Name(),
		d.explainReason(),
	) + decide
}

// explainSearch says where evidence of an unknown outcome is looked for, and when again; or where it was.
func (d *Delivery) explainSearch() string {
	search := "Since then it is looked for"
	if d.Submission != SubmissionUnknown && d.Submission != SubmissionNeedsReview {
		search = "It was looked for"
	}

	sentence := fmt.Sprintf("%s in %s's list of messages", search, d.Provider.Name())

	if since, until := d.searchedTime(); !since.IsZero() {
		sentence += fmt.Sprintf(", among those made from %s to %s", formatTime(since), formatTime(until))
	}

	switch {
	case d.Evidence == EvidenceClosed:
		sentence += ". The list was read for the last time."
	case d.Submission == SubmissionUnknown:
		sentence += ". The list is read twice; a report of the provider counts, too."
	case d.Submission == SubmissionNeedsReview:
		sentence += fmt.Sprintf(
			". The list is read again %s after the delivery was left to a person, and then ever more seldom, "+
				"every %s in the end.",
			CountOf(LookAgainAfter/time.Minute, "minute"),
			CountOf(LookAgainSeldom/time.Hour, "hour"),
		)
	default:
		sentence += "."
	}

	return sentence
}

// explainStuck speaks of what certainly was not sent and waits for a person; it is "" otherwise.
func (d *Delivery) explainStuck() string {
	if d.Submission != SubmissionPending && d.Submission != SubmissionBlocked {
		return ""
	}

	switch d.ErrorCode {
	case ErrorTriesExhausted:
		return fmt.Sprintf(
			"Not sent: trying again has not helped (%s). A person must decide: %s.",
			d.ErrorMessage,
			d.retryOrCancel(""),
		)
	case ErrorWorkflowGone:
		return "Not sent: the workflow that followed it was ended in Temporal. " +
			"A person must decide: " + d.retryOrCancel("") + "."
	case ErrorAddressChanged:
		return "Not sent: the recipient has another address now, or none. A person must decide: " +
			d.retryOrCancel("which takes the recipient's present address unless another one is given") + "."
	case ErrorSenderGone:
		return "Not sent: the workspace does not have its sender any more. A person must decide: " +
			d.retryOrCancel("which takes the chat's present sender unless another one is given") + "."
	case ErrorChatMovedOn:
		return "Not sent: the customer has written since the message that the caller had seen last. " +
			"A person or the caller must decide: " + d.retryOrCancel("which sends it all the same") + "."
	case ErrorTakenOver:
		return "Not sent: it is the assistant's, and a person has taken the chat over. A person or the caller must " +
			"decide: " + d.retryOrCancel("which sends it all the same") + "."
	case ErrorBraked:
		return fmt.Sprintf(
			"Not sent: a brake has stopped the assistant, as %s. A person must decide: %s.",
			d.ErrorMessage,
			d.retryOrCancel("which sends it all the same"),
		)
	case ErrorPossibleOptOut:
		return fmt.Sprintf(
			"Not sent: %s. A person must decide: opt-out ends all that waits for this recipient, "+
				"not-opt-out lets it go on.",
			d.ErrorMessage,
		)
	}

	return ""
}

// retryOrCancel names what a person may do about what was not sent. how says what the retry does.
func (d *Delivery) retryOrCancel(how string) string {
	switch why := d.findRetryRefusal(); {
	case why != nil && d.curableByChange():
		return "retry it with another address or sender, or cancel it; as it is, it cannot be tried again: " +
			strings.TrimSuffix(why.Message, ".")
	case why != nil:
		return "it can only be canceled: " + strings.TrimSuffix(why.Message, ".")
	case how != "":
		return "retry it, " + how + ", or cancel it"
	}

	return "retry or cancel it"
}

func (d *Delivery) explainSending() string {
	if d.Fence == 0 {
		return d.Provider.Name() + " is being asked to take the message" + formatUntil(d.LeaseUntil) + "."
	}

	return fmt.Sprintf(
		"%s is being asked to take the message (attempt %d)%s.",
		d.Provider.Name(),
		d.Fence,
		formatUntil(d.LeaseUntil),
	)
}

// formatUntil names the end of a wait, if it is known.
func formatUntil(end *time.Time) string {
	if end == nil {
		return ""
	}

	return ", until " + formatTime(*end) + " at the latest"
}

// inBrackets is the error's message in brackets, "" if it has none.
func (d *Delivery) inBrackets() string {
	if d.ErrorMessage == "" {
		return ""
	}

	return " (" + d.ErrorMessage + ")"
}

func (d *Delivery) explainPending() string {
	provider := d.Provider.Name()

	switch {
	case d.ErrorCode == ErrorAddressBusy:
		return "Waits for another message to the same address" + d.inBrackets() + ", which is being sent or whose " +
			"outcome is looked for. That ends within a quarter of an hour, and this one goes out by itself then."
	case d.ErrorCode == ErrorOlderFirst:
		return "Waits for its turn: " + d.ErrorMessage + ", and is still being tried. This one goes out by itself " +
			"when that one has left, has ended or waits for a person."
	case d.ErrorCode == ErrorTextBusy:
		return d.explainSameText()
	case d.ErrorCode == ErrorSenderBlocked:
		return provider + " refuses every message of this sender. It waits, and goes out by itself when a trial " +
			"message gets through."
	case d.Fence == 0 && d.ErrorCode == "":
		return "Waits for its first attempt, which is made when a worker is free."
	case d.ErrorCode == "" && d.mayHaveBeenTaken():
		return fmt.Sprintf("Is tried again when a worker is free. %s may have taken %s too.", provider, d.attemptName())
	case d.RetryAt != nil:
		return fmt.Sprintf(
			"%s did not take %s (%s); it is tried again from %s on.",
			provider,
			d.attemptName(),
			d.explainReason(),
			d.RetryAt.UTC().Format("15:04:05 UTC"),
		)
	}

	return fmt.Sprintf(
		"%s did not take %s (%s); it is tried again by itself.",
		provider,
		d.attemptName(),
		d.explainReason(),
	)
}

// senderWorksAgain reports whether the delivery has waited for a sender that works again.
func (d *Delivery) senderWorksAgain() bool {
	return d.Submission == SubmissionBlocked && d.ErrorCode == ErrorSenderBlocked && d.RetryAt == nil
}

func (d *Delivery) explainSameText() string {
	why := "A message with the same text to the same address may still show up at " + d.Provider.Name() +
		", and nobody could tell the two apart."
	if d.RetryAt == nil {
		return why + " This one waits until that is over; newer ones may leave before it."
	}

	return fmt.Sprintf(
		"%s This one goes out by itself from %s on; newer ones may leave before it.",
		why,
		d.RetryAt.UTC().Format("15:04:05 UTC"),
	)
}

// attemptName names the newest attempt, whose number a snapshot does not hold.
func (d *Delivery) attemptName() string {
	if d.Fence == 0 {
		return "the last attempt"
	}

	return fmt.Sprintf("attempt %d", d.Fence)
}

func (d *Delivery) explainBlocked() string {
	code, _ := FindProviderCode(d.ErrorCode)

	what := "every message because of the account or its set-up"
	if code.RecipientScoped {
		what = "messages to recipients like this one"
	}

	again := "It is tried again by itself."

	switch {
	case d.senderWorksAgain():
		return d.Provider.Name() + " takes messages of this sender again. This one goes out next, by itself."
	case d.ErrorCode == ErrorSenderBlocked:
		again = "It waits, and goes out by itself when a trial message gets through."
	case code.Advice == AdviceMendAccount:
		again = "Mend that at the provider; it is tried again by itself."
	case code.Advice != AdviceNone && d.findRetryRefusal() == nil:
		again = code.Advice.Words() + " Else it is tried again by itself."
	}

	return fmt.Sprintf("Not sent: %s refuses %s (%s). %s", d.Provider.Name(), what, d.explainReason(), again)
}

// adviseOr says what the table of codes advises, and otherwise what the caller says: the code is not
// known, or there is none.
func (d *Delivery) adviseOr(otherwise string) string {
	if advice := d.codeAdvice(); advice != AdviceNone {
		return advice.Words()
	}

	return otherwise
}

// explainContradiction tells of a report that says the opposite of what counts, "" if there is none.
func (d *Delivery) explainContradiction() string {
	if d.AlsoReported == StatusNone {
		return ""
	}

	return fmt.Sprintf("It has also reported it as %s; %s counts. ", d.AlsoReported, d.DeliveryStatus)
}

// noFinalStatus says how the wait for a final status ends. How long it is is configured for each channel.
const noFinalStatus = "When no final status comes in time, it counts as unconfirmed."

func (d *Delivery) explainAccepted() string {
	provider := d.Provider.Name()

	switch {
	case d.Provider == ProviderHandrail:
		return "The message is in the web chat."
	case d.DeliveryStatus == StatusNone:
		return provider + " accepted the message; what became of it is not known yet. " + noFinalStatus
	case d.DeliveryStatus == StatusUnconfirmed && d.ErrorCode == ErrorNotShown:
		return provider + " accepted the message, and does not know it by the id that it gave. " +
			d.explainNextStep("Nobody can tell whether it arrived; a retry may send it twice.")
	case d.DeliveryStatus == StatusUnconfirmed:
		return provider + " accepted the message and never told what became of it. " +
			d.explainNextStep("It most likely arrived; a retry may send it twice.")
	case d.DeliveryStatus == StatusCanceled || d.DeliveryStatus == StatusFailed:
		return fmt.Sprintf(
			"%s accepted the message and did not send it: it reports it as %s (%s). ",
			provider,
			d.DeliveryStatus,
			d.explainReason(),
		) + d.explainContradiction() + d.explainNextStep(d.adviseOr("Retry it."))
	case d.DeliveryStatus.Lost():
		return fmt.Sprintf(
			"%s accepted the message, and it did not arrive: it reports it as %s (%s). ",
			provider,
			d.DeliveryStatus,
			d.explainReason(),
		) + d.explainContradiction() + d.explainNextStep(d.adviseOr("Retry it with another address."))
	case !d.DeliveryStatus.Final():
		return fmt.Sprintf(
			"%s accepted the message and reports it as %s; its final status is waited for. ",
			provider,
			d.DeliveryStatus,
		) + noFinalStatus
	}

	sentence := fmt.Sprintf("%s accepted the message and reports it as %s. ", provider, d.DeliveryStatus) +
		d.explainContradiction() + d.explainNextStep("")

	return strings.TrimSpace(sentence)
}

func (d *Delivery) explainCanceled() string {
	switch {
	case d.ErrorCode == ErrorReplaced:
		return d.explainReplaced("Not sent")
	case notAllowed[d.ErrorCode] != "":
		return "Not sent: " + d.ErrorMessage + ". " + d.explainNextStep(notAllowed[d.ErrorCode])
	case d.ErrorCode == ErrorChatDeleted:
		return "Not sent: " + d.ErrorMessage + "."
	case d.ErrorCode == ErrorToolCallFailed:
		return "Not sent: a tool call failed before the delivery began. See what its tools have done, and then send " +
			"the message anew."
	case d.Decision != nil && d.Decision.Verdict == VerdictCancel:
		return fmt.Sprintf("Not sent: %s canceled it. ", d.Decision.nameMember()) +
			d.explainNextStep("It can be retried.")
	}

	return fmt.Sprintf("Not sent: it was canceled (%s). ", d.explainReason()) + d.explainNextStep("It can be retried.")
}

// notAllowed says when a delivery can be retried that ended because something no longer allowed it.
var notAllowed = map[string]string{
	ErrorNotificationsOff: "It can be retried when they are enabled again.",
	ErrorChatArchived:     "It can be retried when the chat is open again.",
	ErrorRecipientLeft:    "It can be retried when the recipient has a place in the chat again.",
}

func (d *Delivery) explainAbandoned() string {
	if d.ErrorCode == ErrorReplaced {
		return d.explainReplaced("May have been sent")
	}

	return d.nameDecider() + " said that it was not sent. " + d.explainNextStep("It can be retried.")
}

func (d *Delivery) explainReplaced(beginning string) string {
	if d.ErrorMessage == "" {
		return beginning + ": another delivery of the same message took its place."
	}

	return fmt.Sprintf("%s: %s.", beginning, d.ErrorMessage)
}

// explainNextStep says by which delivery an ended one was tried again, and otherwise what the
// caller says that may be done, unless a retry would be refused.
func (d *Delivery) explainNextStep(otherwise string) string {
	if d.RetriedBy != "" {
		return fmt.Sprintf("It was tried again as delivery %s.", d.RetriedBy)
	}

	if why := d.explainNoRetry(); why != "" && otherwise != "" && d.Retryable() == nil {
		return why
	}

	return otherwise
}

// explainNoRetry says why a retry that changes nothing would be refused, and whether a changed one may be accepted. It
// is "" if nothing beside the delivery stands against one.
func (d *Delivery) explainNoRetry() string {
	why := d.findRetryRefusal()
	if why == nil {
		return ""
	}

	sentence := "It cannot be tried again as it is: " + strings.TrimSuffix(why.Message, ".") + "."
	if d.curableByChange() {
		sentence += " Retry it with another address or sender."
	}

	return sentence
}

// explainReason gives the error code and its words: "twilio_21211, not a phone number".
func (d *Delivery) explainReason() string {
	switch {
	case d.ErrorCode != "" && d.ErrorMessage != "":
		return d.ErrorCode + ", " + d.ErrorMessage
	case d.ErrorCode != "":
		return d.ErrorCode
	}

	return "no reason given"
}

// lostEvents are the words by which providers say that a message did not arrive.
var lostEvents = map[string]bool{
	"undelivered": true,
	"failed":      true,
	"canceled":    true,
	"bounce":      true,
	"blocked":     true,
	"dropped":     true,
}

// Lost reports whether the provider said that the message did not arrive.
func (e *ProviderEvent) Lost() bool { return lostEvents[e.Type] }

// Arrived reports whether the provider said that the message arrived.
func (e *ProviderEvent) Arrived() bool { return DeliveryStatus(e.Type).Arrived() }

// Explain says in a sentence what the provider told, in the provider's own word.
func (e *ProviderEvent) Explain() string {
	if e.Type == EventDuplicate {
		return e.Provider.Name() + " has taken a second message for it: the recipient may have got it twice."
	}

	if e.Type == EventAmbiguous {
		return e.Provider.Name() + " shows messages that may be this one, or another one with the same text."
	}

	return fmt.Sprintf("%s reports it as %s.", e.Provider.Name(), e.Type)
}
