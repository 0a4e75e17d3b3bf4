package chat

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Change is what a retry does differently; empty fields stay as they were.
type Change struct {
	// To is an address of the delivery's channel.
	To string `json:"to,omitempty"`
	// Body is markdown, as in a send.
	Body string `json:"body,omitempty"`
	// Sender is the scope of another sender of the same channel: "phone:12", "inbox:3".
	Sender string `json:"sender,omitempty"`
}

var senderScope = regexp.MustCompile(`^(phone|inbox):[1-9][0-9]{0,18}$`)

// CheckSender returns invalid_request, which names the field, unless the text is empty or names a sender as deliveries
// have it: "phone:12", "inbox:3" or "web".
func CheckSender(field, sender string) error {
	if sender == "" || sender == webSender || senderScope.MatchString(sender) {
		return nil
	}

	return Invalid(field, "must be like phone:12 or inbox:3, or %s", webSender)
}

// Validate holds a change to what the delivery's channel takes: invalid_request and
// message_too_long naming the field.
func (c *Change) Validate(channel Channel) error {
	spec := channel.Spec()
	scopeKind, _, _ := strings.Cut(c.Sender, ":")

	switch {
	case spec.Address == AddressNone && c.To != "":
		return Invalid("to", "cannot be changed on the channel %s", channel)
	case spec.Sender == SenderNone && c.Sender != "":
		return Invalid("sender", "cannot be changed on the channel %s", channel)
	case c.To != "" && !spec.Address.valid(c.To):
		return Invalid("to", "must be %s, since the delivery's channel is %s", spec.Address.example(), channel)
	case c.Sender != "" && (!senderScope.MatchString(c.Sender) || scopeKind != string(spec.Sender)):
		return Invalid("sender", "must be like %s:12, since the delivery's channel is %s", spec.Sender, channel)
	case c.Body != "":
		return CheckText("body", c.Body, spec.MaxMessage)
	}

	return nil
}

// RetryDelivery asks for a delivery to be tried again. What certainly was not handed over
// goes on under its own id; what has ended gets a new delivery, and so does every change.
type RetryDelivery struct {
	Request
	DeliveryID DeliveryID `json:"delivery_id"`
	Change     Change     `json:"change"`
	Reason     string     `json:"reason"`
	// BulkRetryID is the bulk retry that this is a part of, "" for none, and BulkNumber its place there.
	BulkRetryID ActionID `json:"bulk_retry_id,omitempty"`
	// AcknowledgeDuplicate says that the message may be sent twice; see [Delivery.CheckAcknowledgment].
	AcknowledgeDuplicate bool `json:"acknowledge_duplicate,omitempty"`
	BulkNumber           int  `json:"bulk_number,omitempty"`
	// ByAssistant says that the API key is an assistant's; see [Delivery.CheckRetrier].
	ByAssistant bool `json:"by_assistant,omitempty"`
}

// DeliveryRetried answers a [RetryDelivery] with the delivery that goes on.
type DeliveryRetried struct {
	ActionID ActionID `json:"action_id"`
	// Of is the delivery that was to be tried again.
	Of DeliveryID `json:"of"`
	// Owner is the workflow that follows the delivery when it goes on under its own id,
	// "" for a new one.
	Owner string `json:"owner,omitempty"`
	// Replaced is the workflow of a delivery that was ended in favour of the new one.
	Replaced string `json:"replaced,omitempty"`
	// Undoable reports that tools have done something for the message that can be undone.
	Undoable bool `json:"undoable,omitempty"`
	DeliverySnapshot
}

// Verdict is what a person says of a delivery.
type Verdict string

// The verdicts. VerdictRetry is recorded by a retry.
const (
	VerdictRetry   Verdict = "retry"
	VerdictCancel  Verdict = "cancel"
	VerdictSent    Verdict = "sent"
	VerdictNotSent Verdict = "not_sent"
)

// Decision is a person's word on a delivery, kept for good.
type Decision struct {
	Verdict Verdict
	Reason  string
	// ProviderMessageID is the provider's id, when a person found it there: only with
	// VerdictSent, and "" when not known.
	ProviderMessageID string
	// ActionID is set when the delivery is canceled with its action: only if no attempt can have left.
	ActionID ActionID
	By       Actor
	At       time.Time
}

// MaxReason is the most characters that a reason may have.
const MaxReason = 500

// Commands are what an operator may do about a delivery as it stands.
func (d *Delivery) Commands() []Verdict {
	var all []Verdict
	if d.Retryable() == nil && (d.findRetryRefusal() == nil || d.curableByChange()) {
		all = append(all, VerdictRetry)
	}

	if d.Submission.May(SubmissionCanceled) {
		all = append(all, VerdictCancel)
	}

	if d.Submission.May(SubmissionConfirmedSent) {
		all = append(all, VerdictSent, VerdictNotSent)
	}

	return all
}

// Retryable says why a delivery may not be tried again by a person: CodeConflict naming
// what may be done instead. It is nil for one that certainly was not handed over, or did
// not arrive, and for one that a person must decide about.
func (d *Delivery) Retryable() error {
	var why string

	switch {
	case d.RetriedBy != "":
		why = "it has been tried again already, as delivery " + string(d.RetriedBy)
	case d.Submission == SubmissionSending:
		why = "it is with the provider right now; wait for the answer"
	case d.Submission == SubmissionUnknown:
		why = "it may have been sent, and evidence is still being looked for; wait, or resolve it first"
	case d.Submission == SubmissionConfirmedSent:
		why = "a person has confirmed that it was sent"
	case d.ErrorCode == ErrorChatDeleted && d.Submission == SubmissionCanceled:
		why = ReasonChatDeleted
	case d.heldForOptOut():
		why = "its recipient may have asked not to be written to; decide that first"
	case d.Submission == SubmissionAccepted && !d.DeliveryStatus.Lost() && d.DeliveryStatus != StatusUnconfirmed:
		why = "the provider has it"
	default:
		return nil
	}

	return d.refuseRetry(why)
}

// CheckRetry says why a delivery may not be tried again by a person: what [Delivery.Retryable]
// says, with the id of its retry if there is one, and what its tool calls have against it.
func (d *Delivery) CheckRetry() error {
	if err := d.Retryable(); err != nil {
		e := AsError(err)
		e.DeliveryID = string(cmp.Or(d.RetriedBy, d.ID))

		return e
	}

	if why := d.Tools.explainRefusal(); why != "" {
		return d.refuseRetry(why)
	}

	return nil
}

// findRetryRefusal is why something beside the delivery stands against a retry that changes nothing: what its tool
// calls have done or not, or its chat, its sender or its recipient. It is nil if nothing does.
func (d *Delivery) findRetryRefusal() *Error {
	if why := d.Tools.explainRefusal(); why != "" {
		return Errorf(CodeConflict, "%s", why)
	}

	return d.RetryRefused
}

// curableByChange reports whether a retry with another address or another sender may be accepted where one that
// changes nothing is refused. One to another address of somebody who has opted out is not offered.
func (d *Delivery) curableByChange() bool {
	if d.Tools.explainRefusal() != "" || d.RetryRefused == nil {
		return false
	}

	if d.RetryRefused.Message == ReasonBounced {
		return true
	}

	curable := []Code{CodeNoPhone, CodeNoEmail, CodeSenderNotConfigured, CodeSenderNotFound}

	return slices.Contains(curable, d.RetryRefused.Code)
}

// RetryTools is what the tool calls of a message say to a retry of its delivery.
type RetryTools struct {
	// Undone reports that their effects were taken back, Unfinished that not all have succeeded.
	Undone, Unfinished bool
}

// explainRefusal says why there is no retry, "" if there may be one. What tools have done, or failed to do,
// before a message cannot be taken for granted later.
func (t RetryTools) explainRefusal() string {
	switch {
	case t.Undone:
		return "its tool calls were undone; send a new message"
	case t.Unfinished:
		return "not all tool calls of its message have succeeded; send the message anew"
	}

	return ""
}

// cannotRetry begins the message of a refused retry.
const cannotRetry = "this delivery cannot be tried again: "

// refuseRetry is the conflict of a retry.
func (d *Delivery) refuseRetry(why string) error {
	e := Errorf(CodeConflict, "%s%s%s", cannotRetry, why, d.tellDecision())
	e.DeliveryID = string(d.ID)

	return e
}

// BulkState is where a bulk retry stands.
type BulkState string

// The states of a bulk retry.
const (
	BulkRunning  BulkState = "running"
	BulkPaused   BulkState = "paused"
	BulkFinished BulkState = "finished"
	BulkCanceled BulkState = "canceled"
)

// bulkMoves are the legal moves of bulk retries.
var bulkMoves = map[BulkState][]BulkState{
	BulkRunning: {BulkPaused, BulkCanceled, BulkFinished},
	BulkPaused:  {BulkRunning, BulkCanceled},
}

// May reports whether a bulk retry may go from s to next, or is there already.
func (s BulkState) May(next BulkState) bool {
	return s == next || slices.Contains(bulkMoves[s], next)
}

// The limits of bulk retries.
const (
	DefaultBulkRate   = 5
	MaxBulkRate       = 50
	DefaultBulkCanary = 5
	MaxBulkCanary     = 100
)

// NewBulkRetry asks for many deliveries to be tried again.
type NewBulkRetry struct {
	// ID is made like that of an action; Fingerprint and IdempotencyKey hold as there.
	ID             ActionID       `json:"id"`
	WorkspaceID    WorkspaceID    `json:"workspace_id"`
	By             Actor          `json:"by"`
	IdempotencyKey string         `json:"idempotency_key,omitempty"`
	Fingerprint    Fingerprint    `json:"fingerprint"`
	Filter         DeliveryFilter `json:"filter"`
	// Rate is how many are begun in a second.
	Rate int `json:"rate"`
	// Canary is how many are tried first: the rest waits until these were taken by the
	// provider, and the run pauses when one was not. 0: none.
	Canary int `json:"canary"`
	// Failures pause the run after its canary.
	Failures FailureLimit `json:"failures"`
	// AllowOverlap lets it run beside another that is to retry some of the same deliveries.
	AllowOverlap bool   `json:"allow_overlap,omitempty"`
	Reason       string `json:"reason"`
	// AcknowledgeDuplicate takes deliveries of which a retry may create a second copy, too. Without it
	// they are skipped.
	AcknowledgeDuplicate bool `json:"acknowledge_duplicate,omitempty"`
}

// BulkRetry is a bulk retry and how far it has come.
type BulkRetry struct {
	NewBulkRetry
	State BulkState
	// Note says why it is paused or canceled, or what it does.
	Note string
	// Selected is how many deliveries it set out to retry; Begun are those it has begun,
	// Skipped those that could not be retried any more when their turn came.
	Selected, Begun, Skipped int
	// Round counts how often it was begun or resumed: each begins with a canary.
	Round int
	// ByStatus counts the deliveries that were begun by how they stand now, SkippedBy those that were skipped
	// by why.
	ByStatus  map[string]int
	SkippedBy map[string]int
	// Tally sums up all that was begun, as the bulk retry's pauses count it.
	Tally      BulkTally
	WorkflowID string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// RetryCount is what a bulk retry would do: how many deliveries it would try again, by
// their sender, status and error code.
type RetryCount struct {
	Sender    string
	Status    string
	ErrorCode string
	Count     int
	// MayDuplicate is how many of them may be sent twice by that.
	MayDuplicate int
}
