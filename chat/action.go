package chat

import (
	"errors"
	"maps"
	"slices"
	"time"
)

// ActionKind is what an action does; it is also the name of its workflow.
type ActionKind string

// The kinds of action.
const (
	ActionAddParticipant       ActionKind = "AddParticipant"
	ActionSendAssistantMessage ActionKind = "SendAssistantMessage"
	ActionSummarizeChat        ActionKind = "SummarizeChat"
	ActionRetryDelivery        ActionKind = "RetryDelivery"
	// ActionRetryDeliveries names the workflow of a bulk retry, which is an action with a
	// table of its own.
	ActionRetryDeliveries ActionKind = "RetryDeliveries"
)

// ActionState is where an action stands.
type ActionState string

// The states of an action.
const (
	// ActionRunning works, or waits for something that ends by itself.
	ActionRunning ActionState = "running"
	// ActionParked waits for an operator.
	ActionParked    ActionState = "parked"
	ActionSucceeded ActionState = "succeeded"
	ActionFailed    ActionState = "failed"
)

// Action is one request that must happen: one workflow, one id.
type Action struct {
	ID             ActionID
	WorkspaceID    WorkspaceID
	Kind           ActionKind
	ChatID         ChatID
	State          ActionState
	IdempotencyKey string
	Fingerprint    Fingerprint
	// WorkflowID is where operators find it in the Temporal UI.
	WorkflowID string
	// ParticipantID is what AddParticipant made; DeliveryID what a send made.
	ParticipantID ParticipantID
	DeliveryID    DeliveryID
	// Problem is why it failed.
	Problem *Error
	// EndedRun is the newest run of its workflow, if that was ended in Temporal and has left nothing in
	// the store, or has taken up again what was ended, and was refused. Any other action has none.
	EndedRun Run
	// ModelWait is what a summary waits for, nil while a model reads.
	ModelWait *ModelWait
	// RetryOf is the delivery that a retry without a row is to try again.
	RetryOf     DeliveryID
	RequestedBy MemberID
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Run is one run of an action's workflow. The runs of one action follow each other: no two are open at
// once.
type Run struct {
	ID string `json:"id"`
	// StartedAt is when it was started, by Temporal's clock; for one that was reset, when the run was
	// that it goes on from.
	StartedAt time.Time `json:"started_at"`
}

// MayFollow reports whether a run may do what an ended one has left undone. Neither that one itself nor
// an earlier one may: somebody was told that nothing was sent. Times are compared as databases keep
// them.
func (r Run) MayFollow(ended Run) bool {
	return r.ID != ended.ID &&
		!r.StartedAt.Truncate(time.Microsecond).Before(ended.StartedAt.Truncate(time.Microsecond))
}

// Fingerprint maps each field of a request to a digest of its value, so that two bodies
// under one idempotency key can be told apart, and the difference named, without the
// bodies.
type Fingerprint map[string]string

// Fields names the fields, sorted.
//
//workflowcheck:ignore sorted, the order of the map does not show
func (f Fingerprint) Fields() []string { return slices.Sorted(maps.Keys(f)) }

// Differs names the fields in which two fingerprints differ, sorted.
func (f Fingerprint) Differs(other Fingerprint) []string {
	fields := append(f.Fields(), other.Fields()...)
	slices.Sort(fields)

	return slices.DeleteFunc(slices.Compact(fields), func(name string) bool {
		mine, have := f[name]
		theirs, has := other[name]

		return have == has && mine == theirs
	})
}

// Match returns CodeIdempotencyKeyReused naming the fields that differ, or nil.
func (f Fingerprint) Match(other Fingerprint) error {
	fields := f.Differs(other)
	if len(fields) == 0 {
		return nil
	}

	e := Errorf(
		CodeIdempotencyKeyReused,
		"this Idempotency-Key was used for another request; use a new key for a new request",
	)

	for _, name := range fields {
		e.Fields = append(e.Fields, FieldError{Field: name, Message: "differs from the first request with this key"})
	}

	return e
}

// Request is what every action is asked with.
type Request struct {
	ActionID    ActionID    `json:"action_id"`
	WorkspaceID WorkspaceID `json:"workspace_id"`
	ChatID      ChatID      `json:"chat_id"`
	By          Actor       `json:"by"`
	// IdempotencyKey is "" when the caller gave none.
	IdempotencyKey string      `json:"idempotency_key,omitempty"`
	Fingerprint    Fingerprint `json:"fingerprint"`
	// Nonce tells this request from a repetition with the same key. Whoever starts the
	// action makes it.
	Nonce string `json:"nonce,omitempty"`
	// AcceptedAt is when the action was started, by the database's clock, and never later than it
	// was: whoever starts it takes off what its own clock may be ahead.
	AcceptedAt time.Time `json:"accepted_at,omitzero"`
	// Run is the run that carries it out. The workflow sets it, before anything is stored.
	Run Run `json:"run,omitzero"`
}

// WorkflowID is the workflow that carries out the action, whatever its kind; only
// summaries have another, one for each chat.
func (r *Request) WorkflowID() string { return ActionWorkflowID(r.WorkspaceID, r.ActionID) }

// AddParticipant asks for a member to be brought into a chat.
type AddParticipant struct {
	Request
	NewParticipant
}

// ParticipantAdded answers an [AddParticipant].
type ParticipantAdded struct {
	ParticipantID ParticipantID `json:"participant_id"`
	Message       string        `json:"message"`
}

// SendAssistantMessage asks for the chat's assistant to speak, after its tools have run.
type SendAssistantMessage struct {
	Request
	Message   string     `json:"message"`
	ToolCalls []ToolCall `json:"tool_calls,omitempty"`
	// Watermark is the chat's Attention when the send was asked for.
	Watermark int64 `json:"watermark"`
	// IfLastMessage is the last message that the caller had seen, "" if that is no matter: it is not sent once the
	// customer has written after it.
	IfLastMessage MessageID `json:"if_last_message,omitempty"`
	// Author is who speaks; "" is the assistant.
	Author AuthorKind `json:"author_kind,omitempty"`
	// Question makes the send a question to a contributor.
	Question *QuestionStep `json:"question,omitempty"`
	// Notice makes the send one that tells a member of events.
	Notice *NoticeRef `json:"notice,omitempty"`
}

// AssistantMessageSent answers a [SendAssistantMessage]: accepted by the provider, or not known,
// or waiting for a person. A message that was refused is an Error instead.
type AssistantMessageSent struct {
	ActionID  ActionID   `json:"action_id"`
	Number    int64      `json:"number"`
	MessageID MessageID  `json:"message_id"`
	Content   string     `json:"content"`
	CreatedAt time.Time  `json:"created_at"`
	ToolCalls []ToolCall `json:"tool_calls,omitempty"`
	// Approval is set when tool calls need one.
	Approval *Approval `json:"approval,omitempty"`
	// Submitted reports that the first try to hand it over was made when it was prepared. In
	// histories from before there was such a thing it is false.
	Submitted bool `json:"submitted,omitempty"`
	DeliverySnapshot
}

// DeliverySnapshot is what is known of a delivery after a submission.
type DeliverySnapshot struct {
	DeliveryID        DeliveryID      `json:"delivery_id"`
	Channel           Channel         `json:"channel"`
	Provider          Provider        `json:"provider"`
	Submission        SubmissionState `json:"submission"`
	Status            string          `json:"status"`
	ProviderMessageID string          `json:"provider_message_id,omitempty"`
	Segments          int             `json:"segments,omitempty"`
	ErrorCode         string          `json:"error_code,omitempty"`
	ErrorMessage      string          `json:"error_message,omitempty"`
	RetryAt           *time.Time      `json:"retry_at,omitempty"`
	DeliveryStatus    DeliveryStatus  `json:"carrier,omitempty"`
	// AlsoReported is the opposite of DeliveryStatus if the provider has reported both.
	AlsoReported DeliveryStatus `json:"also_reported,omitempty"`
	// UnknownMessages reports whether the provider may have made messages of the delivery that
	// nobody knows.
	UnknownMessages bool `json:"unknown_messages,omitempty"`
	// Duplicate is whether it was sent twice, or may have been; "" is none.
	Duplicate Duplicate `json:"duplicate,omitempty"`
	// NotShown reports that the provider was asked for an accepted message, and does not know it.
	NotShown bool `json:"not_shown,omitempty"`
	// Waits are set by the activities that answer workflows, so that a workflow takes
	// them from its history.
	Waits Waits `json:"waits,omitzero"`
}

// Undelivered reports that the message has not reached its recipient, and will not by itself.
func (r *DeliverySnapshot) Undelivered() bool {
	if r.Submission == SubmissionAccepted {
		return r.DeliveryStatus.Lost()
	}

	return r.Submission.Settled() && r.Submission != SubmissionConfirmedSent
}

// WaitsForPerson reports whether a person must decide before anything happens.
func (r *DeliverySnapshot) WaitsForPerson() bool {
	return r.Submission == SubmissionNeedsReview ||
		!r.Submission.InFlight() && slices.Contains(LeftAlone(), r.ErrorCode)
}

// Waits are how long a delivery is followed before something is done.
type Waits struct {
	// Settle is how long after an unknown outcome the provider may still be working.
	Settle time.Duration `json:"settle,omitempty"`
	// Receipt is how long after acceptance the provider's final status is waited for.
	Receipt time.Duration `json:"receipt,omitempty"`
	// Quiet is how long after acceptance the search attributes do not tell of it yet: most
	// final statuses come within seconds. In histories from before there was such a thing it is
	// 0, and acceptance is told at once.
	Quiet time.Duration `json:"quiet,omitempty"`
}

// Snapshot is what is known of the delivery now.
func (d *Delivery) Snapshot() DeliverySnapshot {
	snapshot := DeliverySnapshot{
		DeliveryID:        d.ID,
		Channel:           d.Channel,
		Provider:          d.Provider,
		Submission:        d.Submission,
		Status:            d.Status(),
		ProviderMessageID: d.ProviderMessageID,
		Segments:          d.Segments,
		ErrorCode:         d.ErrorCode,
		ErrorMessage:      d.ErrorMessage,
		RetryAt:           d.RetryAt,
		DeliveryStatus:    d.DeliveryStatus,
		AlsoReported:      d.AlsoReported,
		UnknownMessages:   d.seeksEvidence(),
	}

	if d.Duplicate != DuplicateNone {
		snapshot.Duplicate = d.Duplicate
	}

	return snapshot
}

// SummarizeChat asks for a chat's title and summary to be written anew, and with
// UpdateLabels its labels to be chosen.
type SummarizeChat struct {
	Request
	UpdateLabels bool `json:"update_labels"`
	// Full has all of the chat read, not only what is new.
	Full bool `json:"full,omitempty"`
	// Overwrite replaces also what a person wrote.
	Overwrite bool `json:"overwrite,omitempty"`
	// Automatic reports that the workspace's settings ask, not a person.
	Automatic bool `json:"automatic,omitempty"`
}

// ChatSummarized answers a [SummarizeChat]; the chat itself is in the store.
type ChatSummarized struct {
	ActionID ActionID `json:"action_id"`
	Model    string   `json:"model"`
}

// Answer is an action's outcome as one caller gets it.
type Answer[T any] struct {
	Value T
	// Replayed reports that another request with the same idempotency key, or one that
	// was already running for the same chat, did the work.
	Replayed bool
}

// ErrStillRunning says that a wait for an action's outcome ran out. The work goes on.
var ErrStillRunning = errors.New("the action is still running")
