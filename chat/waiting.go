package chat

import (
	"cmp"
	"slices"
	"time"
)

// Waiting is what something waits for, in one word. Lists are filtered by it, and workflows show it.
type Waiting string

// What a send, or its delivery, may wait for. Before its first attempt it waits for people and tools, and after
// that for its provider, or for its turn.
const (
	WaitingNothing Waiting = ""
	// WaitingApproval is a second member's word on tool calls.
	WaitingApproval Waiting = "approval"
	// WaitingContributor is an answer of somebody who was asked.
	WaitingContributor Waiting = "contributor"
	// WaitingTool is a tool that runs, or is to be tried again.
	WaitingTool Waiting = "tool"
	// WaitingToolDecision is a person's word on a tool call that may have had its effect.
	WaitingToolDecision Waiting = "tool_decision"
	// WaitingAttempt is the first attempt, or the next one at a time that is known.
	WaitingAttempt Waiting = "attempt"
	// WaitingAddress is another message to the same address.
	WaitingAddress Waiting = "address"
	// WaitingSender is the sender, whose account refuses every message.
	WaitingSender Waiting = "sender"
	// WaitingProvider is the provider's answer, or evidence of what it has.
	WaitingProvider Waiting = "provider"
	// WaitingReceipt is the provider's final status.
	WaitingReceipt Waiting = "receipt"
	// WaitingModel is a model's server that is to be asked again.
	WaitingModel Waiting = "model"
	// WaitingPerson is a person's decision on a delivery.
	WaitingPerson Waiting = "person"
)

// waitingNames say what something waits for, after "waits for".
var waitingNames = map[Waiting]string{
	WaitingAddress:      "another message to the address",
	WaitingApproval:     "an approval",
	WaitingAttempt:      "the next attempt",
	WaitingContributor:  "a contributor's answer",
	WaitingModel:        "a language model",
	WaitingPerson:       "a person's decision",
	WaitingProvider:     "evidence of the provider",
	WaitingReceipt:      "the carrier's final report",
	WaitingSender:       "the sender's account to be fixed",
	WaitingTool:         "a tool",
	WaitingToolDecision: "a decision about a tool call",
}

// Name returns what is waited for as people say it: "a person's decision". It returns the word itself if it is none of
// [Waitings].
func (w Waiting) Name() string { return cmp.Or(waitingNames[w], string(w)) }

// Waitings lists all of them but WaitingNothing.
func Waitings() []Waiting {
	return []Waiting{
		WaitingApproval,
		WaitingContributor,
		WaitingTool,
		WaitingToolDecision,
		WaitingAttempt,
		WaitingAddress,
		WaitingSender,
		WaitingProvider,
		WaitingReceipt,
		WaitingModel,
		WaitingPerson,
	}
}

// WaitingsForPeople are those that end only when somebody does something: decides, or mends the sender's account.
func WaitingsForPeople() []Waiting {
	return []Waiting{WaitingApproval, WaitingToolDecision, WaitingPerson, WaitingSender}
}

// The statuses of sends that wait for people before their delivery begins.
const (
	StatusWaitingForApproval    = "waiting_for_approval"
	StatusWaitingForContributor = "waiting_for_contributor"
	StatusToolCallUnknown       = "tool_call_unknown"
)

// StatusWaitingForQuiet is what the workflow of automatic summaries shows until nobody writes any more.
const StatusWaitingForQuiet = "waiting_for_quiet"

// Status is what a send that waits for people before its delivery begins shows in place of the delivery's
// status; it is "" for any other wait.
func (w Waiting) Status() string {
	return map[Waiting]string{
		WaitingApproval:     StatusWaitingForApproval,
		WaitingContributor:  StatusWaitingForContributor,
		WaitingToolDecision: StatusToolCallUnknown,
	}[w]
}

const (
	// PersonDeadline is how long a person's decision is waited for.
	PersonDeadline = 30 * 24 * time.Hour
	// LookAgainAfter is after how long a delivery is looked for again that was left to a person. Each wait for the
	// next look is twice as long.
	LookAgainAfter = 10 * time.Minute
	// LookAgainSeldom is the longest wait for the next look.
	LookAgainSeldom = 6 * time.Hour
	// ToolPatience is how long a tool outside is tried, counted from its first try.
	ToolPatience = 15 * time.Minute
)

// Standing is where something stands: what it waits for, and until when, in words and for programs. Whatever
// shows a state shows this.
type Standing struct {
	// Explanation is a sentence or two.
	Explanation string
	WaitingFor  Waiting
	// Until is when the wait ends by itself at the latest, nil if it does not, or if that is not known.
	Until *time.Time
}

// WaitsForTools reports whether the delivery has not begun, because not all tool calls of its message have
// succeeded.
func (d *Delivery) WaitsForTools() bool {
	return d.Submission == SubmissionPending && d.Fence == 0 && d.Tools.Unfinished && !d.leftAlone()
}

// standingBefore is where a delivery stands that has not begun because of its message's tool calls, and false if none
// of them holds it up.
func (d *Delivery) standingBefore() (Standing, bool) {
	if d.Send == nil || !d.WaitsForTools() {
		return Standing{}, false
	}

	standing := d.Send.Standing(false)

	return standing, standing.Explanation != ""
}

// Standing is where the delivery stands, with what its message waits for before it.
func (d *Delivery) Standing() Standing {
	if standing, held := d.standingBefore(); held {
		return standing
	}

	return Standing{
		Explanation: d.Duplicate.explain() + d.explainItself(),
		WaitingFor:  d.waitingFor(),
		Until:       d.waitsUntil(),
	}
}

// waitingFor is what the delivery itself waits for.
func (d *Delivery) waitingFor() Waiting {
	switch d.Submission {
	case SubmissionPending, SubmissionBlocked:
		return d.waitingUnsent()
	case SubmissionSending, SubmissionUnknown:
		return WaitingProvider
	case SubmissionNeedsReview:
		return WaitingPerson
	case SubmissionAccepted:
		if !d.DeliveryStatus.Final() && d.Provider != ProviderHandrail {
			return WaitingReceipt
		}

	case SubmissionRejected,
		SubmissionSuppressed,
		SubmissionExpired,
		SubmissionCanceled,
		SubmissionConfirmedSent,
		SubmissionAbandoned:
	}

	return WaitingNothing
}

// waitingUnsent is what a delivery waits for that the provider certainly does not have.
func (d *Delivery) waitingUnsent() Waiting {
	switch {
	case d.leftAlone():
		return WaitingPerson
	case slices.Contains(WaitingsForAddress(), d.ErrorCode):
		return WaitingAddress
	case d.ErrorCode == ErrorSenderBlocked || d.Submission == SubmissionBlocked:
		return WaitingSender
	}

	return WaitingAttempt
}

// WaitingsForAddress are the error codes of deliveries that wait for another message to their address.
func WaitingsForAddress() []string { return []string{ErrorAddressBusy, ErrorTextBusy, ErrorOlderFirst} }

// waitsUntil returns when the delivery's wait ends by itself, nil if that is not known.
func (d *Delivery) waitsUntil() *time.Time {
	switch {
	case d.Submission == SubmissionSending:
		return UTC(d.LeaseUntil)
	case d.Submission == SubmissionUnknown:
		return UTC(d.EvidenceUntil)
	case d.Submission.Claimable() && !d.leftAlone():
		return UTC(d.RetryAt)
	}

	return nil
}
