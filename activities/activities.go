// Package activities owns what the steps of workflows do: one method of [Activities] per step,
// each one idempotent, because Temporal may run any of them more than once. It asks small
// interfaces for the store, the providers, the renderer, the models and the tools, and imports
// the domain and schema only.
//
// Where the methods stand:
//
//	sends.go         prepare a send, run its tools, end it
//	tools.go         check tool calls, and run the built-in tools
//	calls.go         call a tool outside, and take back what calls have done
//	contributors.go  ask contributors and read their answers
//	deliveries.go    post a delivery and record what the provider said
//	evidence.go      look for what became of a delivery, and settle what is not known
//	retries.go       retry one delivery, or many
//	participants.go  add a participant
//	summaries.go     summarize a chat
//	webhooks.go      tell webhook endpoints of events
//	notices.go       tell members of events
package activities

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"handrail/chat"
)

// Store is what the activities need of the database. Every method is one transaction,
// and repeating it changes nothing more.
type Store interface {
	SendStore
	ToolStore
	ContributorStore
	DeliveryStore
	EvidenceStore
	RetryStore
	SummaryStore
	WebhookStore
	NoticeStore
	AddParticipant(ctx context.Context, in chat.AddParticipant) (chat.ParticipantAdded, error)
}

// SendStore keeps what happens before a message is handed to its provider.
type SendStore interface {
	// PrepareSend returns the stored send when the action has one. Otherwise it reads
	// the facts, asks plan, and inserts the rows; an error of plan stores nothing.
	PrepareSend(
		ctx context.Context,
		in chat.SendAssistantMessage,
		ids chat.SendIDs,
		plan func(*chat.SendFacts) (chat.SendPlan, error),
	) (chat.AssistantMessageSent, error)
	// PrepareAndClaim is PrepareSend with the first claim in its transaction; the claim is
	// empty when the send was stored before.
	PrepareAndClaim(
		ctx context.Context,
		in chat.SendAssistantMessage,
		ids chat.SendIDs,
		plan func(*chat.SendFacts) (chat.SendPlan, error),
		now time.Time,
		lease time.Duration,
	) (chat.AssistantMessageSent, chat.Claim, error)
	SentMessage(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (chat.AssistantMessageSent, error)
	// RecordEndedAction stores that a run was ended before it had stored anything, unless it has: from
	// then on, PrepareSend refuses that run.
	RecordEndedAction(ctx context.Context, a chat.Action) (bool, error)
	// ExpireApproval changes an approval only when it waits.
	ExpireApproval(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID, now time.Time) (chat.Approval, error)
	// CompleteToolCall runs effect and records its result together, unless the call
	// has a result already.
	CompleteToolCall(
		ctx context.Context,
		ws chat.WorkspaceID,
		id chat.ActionID,
		index int,
		effect func(context.Context, chat.ChatEditor) (json.RawMessage, error),
	) (chat.ToolCall, error)
	// FailSend cancels the delivery if nothing was handed to the provider yet.
	FailSend(
		ctx context.Context,
		ws chat.WorkspaceID,
		id chat.ActionID,
		toolIndex int,
		problem *chat.Error,
	) (chat.AssistantMessageSent, error)
}

// ToolStore keeps the calls of tools outside.
type ToolStore interface {
	// BeginToolCall grants one try of a call, for the tool's time limit and lease beyond it.
	// A call that may have had its effect is granted again only if its tool is idempotent.
	BeginToolCall(
		ctx context.Context,
		in chat.ToolStep,
		now time.Time,
		lease time.Duration,
	) (chat.ToolTry, error)
	// RecordToolCall records what the try with this fence has come to.
	RecordToolCall(
		ctx context.Context,
		in chat.ToolStep,
		fence int,
		o chat.ToolOutcome,
		now time.Time,
	) (chat.ToolCall, error)
	// BeginUndo stores, once, the calls that take back what a send has done that was not
	// delivered, as plan makes them, and returns those that are to run.
	BeginUndo(
		ctx context.Context,
		ws chat.WorkspaceID,
		id chat.ActionID,
		plan func(call chat.ToolCall, undo chat.Undo, tools []chat.Tool) chat.ToolCall,
		now time.Time,
	) ([]chat.ToolRun, error)
	// FailUndo records why a call could not be taken back, unless it was.
	FailUndo(ctx context.Context, in chat.SendFailure, now time.Time) error
}

// ContributorStore keeps questions to contributors.
type ContributorStore interface {
	// OpenRequest opens a request once for each tool call.
	OpenRequest(ctx context.Context, in chat.NewContributorRequest, now time.Time) (chat.ContributorRequest, error)
	// ReadReplies has read look at the replies that were not read yet, and closes the
	// request when they decide it.
	ReadReplies(
		ctx context.Context,
		ws chat.WorkspaceID,
		id chat.ContributorRequestID,
		read func(r *chat.ContributorRequest, a *chat.ContributorQuestion, text string) (json.RawMessage, error),
		now time.Time,
	) (chat.ContributorRequest, error)
	// EndRequest ends a request that is open.
	EndRequest(
		ctx context.Context,
		by chat.Actor,
		in chat.ContributorStep,
		now time.Time,
	) (chat.ContributorRequest, error)
	// FailQuestion ends a question that is open.
	FailQuestion(
		ctx context.Context,
		ws chat.WorkspaceID,
		id chat.QuestionID,
		why string,
		now time.Time,
	) (chat.ContributorRequest, error)
}

// DeliveryStore keeps the submission state machine.
type DeliveryStore interface {
	// Claim grants one caller at a time the right to post, for the length of lease.
	Claim(
		ctx context.Context,
		ws chat.WorkspaceID,
		id chat.DeliveryID,
		now time.Time,
		lease time.Duration,
	) (chat.Claim, error)
	// RecordSubmission records what a provider said to the claim with this fence.
	RecordSubmission(
		ctx context.Context,
		ws chat.WorkspaceID,
		id chat.DeliveryID,
		fence int64,
		s chat.Submission,
		now time.Time,
	) (chat.Delivery, error)
	// SenderWaiters are the deliveries that have waited for a sender which works again, the oldest first.
	SenderWaiters(ctx context.Context, ws chat.WorkspaceID, sender string, limit int) ([]chat.StaleDelivery, error)
	// MarkExhausted notes that a delivery which was not sent is not tried again by itself.
	MarkExhausted(ctx context.Context, ws chat.WorkspaceID, id chat.DeliveryID, now time.Time) (chat.Delivery, error)
	// SettleUnknown lets the delivery's policy decide about what is unknown, and makes unknown
	// what was claimed too long ago; anything else stays.
	SettleUnknown(ctx context.Context, ws chat.WorkspaceID, id chat.DeliveryID, now time.Time) (chat.Delivery, error)
}

// EvidenceStore keeps what providers tell, and how deliveries end.
type EvidenceStore interface {
	// FindDelivery is the delivery alone, Delivery the one with its attempts.
	FindDelivery(ctx context.Context, ws chat.WorkspaceID, id chat.DeliveryID) (chat.Delivery, error)
	Delivery(ctx context.Context, ws chat.WorkspaceID, id chat.DeliveryID) (chat.Delivery, error)
	// MessageOwners are the deliveries that own these messages of a provider.
	MessageOwners(ctx context.Context, p chat.Provider, ids []string) (map[string]chat.DeliveryID, error)
	// EvidenceRivals are the other deliveries that look the same in the provider's list and of
	// whose messages some are not known, with their attempts.
	EvidenceRivals(ctx context.Context, ws chat.WorkspaceID, id chat.DeliveryID) ([]chat.Delivery, error)
	// RecordAmbiguity hands a delivery to a person whose message nobody can tell among these.
	RecordAmbiguity(
		ctx context.Context,
		ws chat.WorkspaceID,
		id chat.DeliveryID,
		candidates []chat.Report,
		now time.Time,
	) (chat.Delivery, error)
	RecordReport(ctx context.Context, r chat.Report, now time.Time) (chat.Reported, error)
	// MarkUnconfirmed ends the wait for a receipt, unless one has come.
	MarkUnconfirmed(ctx context.Context, in chat.UnconfirmedDelivery, now time.Time) (chat.Delivery, error)
	// CancelDelivery cancels what is pending or blocked; anything else stays.
	CancelDelivery(ctx context.Context, ws chat.WorkspaceID, id chat.DeliveryID, why *chat.Error) (chat.Delivery, error)
}

// RetryStore keeps retries, single and in bulk.
type RetryStore interface {
	// PrepareRetry releases the delivery, or asks plan and inserts a new one. An error of
	// plan stores nothing.
	PrepareRetry(
		ctx context.Context,
		in chat.RetryDelivery,
		id chat.DeliveryID,
		plan func(*chat.SendFacts, *chat.Delivery) (chat.SendPlan, error),
	) (chat.DeliveryRetried, error)
	BeginBulkRetry(ctx context.Context, in chat.NewBulkRetry, workflowID string) (chat.BulkRetry, error)
	RetryCandidates(ctx context.Context, in chat.BulkStep) ([]chat.DeliveryID, error)
	SkipBulkRetry(ctx context.Context, in chat.BulkSkip) error
	BulkProgress(ctx context.Context, in chat.BulkStep) (chat.BulkProgress, error)
	SetBulkState(ctx context.Context, in chat.BulkMove) (chat.BulkRetry, error)
}

// SummaryStore keeps summaries and who asked for them.
type SummaryStore interface {
	RecordActions(ctx context.Context, kind chat.ActionKind, workflowID string, requests ...chat.Request) error
	// BeginSummary plans a run for a model with this capacity, again under the same id when
	// it is repeated.
	BeginSummary(ctx context.Context, in chat.SummaryStart, capacity int) (chat.SummaryPlan, error)
	Reading(ctx context.Context, part chat.SummaryPart) (chat.Reading, error)
	// RecordUsage counts what one step of a run has cost.
	RecordUsage(ctx context.Context, ws chat.WorkspaceID, id chat.ChatID, run chat.SummaryID, u chat.Usage) error
	// RecordModelWait changes only what is running.
	RecordModelWait(ctx context.Context, in chat.SummaryWait) error
	// SaveSummary replaces the summary of its version, or returns CodeConflict.
	SaveSummary(ctx context.Context, in chat.SummaryToSave) error
	// FailSummary ends only what is running.
	FailSummary(ctx context.Context, in chat.SummaryFailure) error
	SummarySettings(ctx context.Context, ws chat.WorkspaceID) (chat.SummarySettings, error)
	SummaryDue(ctx context.Context, in chat.AutoSummary, now time.Time) (chat.SummaryDue, error)
}

// Provider hands one message to the outside world.
type Provider interface {
	// Submit posts at most once and never fails: what is not clearly known is
	// OutcomeUnknown.
	Submit(ctx context.Context, out chat.Outgoing) chat.Submission
}

// Finder is a Provider that can be asked about messages. A web chat has none: what it takes
// is there.
type Finder interface {
	// Find returns the messages that a delivery may have become, oldest first; none when
	// the provider does not show one.
	Find(ctx context.Context, q chat.ProviderQuery) ([]chat.Report, error)
	// Fetch tells where a message stands: CodeNotFound when the provider does not know it.
	Fetch(ctx context.Context, providerMessageID string) (chat.Report, error)
}

// Renderer turns an assistant's markdown into what a provider gets.
type Renderer interface {
	Render(channel chat.Channel, facts *chat.SendFacts, message string, id chat.MessageID) (chat.Payload, error)
}

// Tools run what is outside.
type Tools interface {
	// Call runs a tool once, within its time limit. It never fails: what is not clearly
	// known is ToolUnknown.
	Call(ctx context.Context, d chat.ToolDefinition, in chat.ToolInvocation) chat.ToolOutcome
}

// Model summarizes. A *chat.Error is final, a *chat.RetryLaterError says when to try again,
// anything else is retried.
type Model interface {
	// Summarize tells also what a failure has cost.
	Summarize(ctx context.Context, r chat.Reading) (chat.Summary, chat.Usage, error)
	// Capacity is how many characters of messages it takes at a time; 0 for any number, at no
	// cost.
	Capacity() int
}

// Models finds a model by the name that a workspace has chosen; "" is the service's own
// choice.
type Models interface {
	Model(name string) (Model, error)
}

// Notifier tells workflows to look at their deliveries. One that is closed is no error.
type Notifier interface {
	Notify(ctx context.Context, workflowID string, r chat.DeliverySnapshot) error
}

// Meter counts what the activities do.
type Meter interface {
	// CountAttempt counts a post of a delivery, and what the provider has said at a moment.
	CountAttempt(ws chat.WorkspaceID, d *chat.Delivery, said *chat.Submission, at time.Time)
	// CountReport counts what a look-up has found, CountUnconfirmed that nothing was found in time.
	CountReport(reported *chat.Reported, at time.Time)
	CountUnconfirmed(d *chat.DeliverySnapshot)
	CountToolCall(kind chat.ToolKind, outcome chat.ToolOutcomeKind, took time.Duration)
	CountSummary(succeeded bool)
	CountTokens(u chat.Usage)
	CountWebhookPost(answer *chat.WebhookAnswer)
	// CountFailedNotice counts a notice that has not reached its member.
	CountFailedNotice(channel chat.Channel)
}

// Config is what the activities work with; all of it is required.
type Config struct {
	Store     Store
	Providers map[chat.Provider]Provider
	Renderer  Renderer
	Models    Models
	Tools     Tools
	Notifier  Notifier
	// Webhooks posts to webhook endpoints, EventBase is what their links begin with, see [chat.WebhookBody].
	Webhooks  Webhooks
	EventBase string
	// WebhookWait is how long an event waits after its first post has failed; 0 for [chat.WebhookFirstWait].
	WebhookWait time.Duration
	// NewID makes UUIDv7s.
	NewID func() string
	// Lease is how long a claim lasts; it exceeds every provider's time limit.
	Lease time.Duration
	// ClockSkew is by how much the clocks of providers may differ from ours.
	ClockSkew time.Duration
	// Waits are how long the deliveries of a channel are followed.
	Waits map[chat.Channel]chat.Waits
	// WhenUnknown is the policy of new deliveries.
	WhenUnknown chat.UnknownPolicy
	// ApproveWithin is how long an approval is waited for.
	ApproveWithin time.Duration
	// Now is the time by which webhooks are tried; time.Now without it.
	Now func() time.Time
	// Meter counts what the activities do.
	Meter Meter
	// Logger is told what a step could not do and goes on without.
	Logger *slog.Logger
}

// Activities are the methods. They are safe for concurrent use.
type Activities struct {
	Config
	checks *checks
	// webhookTurns has an entry for each endpoint that is posted to at present.
	webhookTurns chan struct{}
}

// receipt is how a delivery stands, with how long its workflow is to wait.
func (a *Activities) receipt(d *chat.Delivery) chat.DeliverySnapshot {
	r := d.Snapshot()
	r.Waits = a.Waits[d.Channel]

	return r
}

// New makes the activities. It fails only when a built-in tool's schema is not valid.
func New(c Config) (*Activities, error) {
	checks, err := newChecks()
	if err != nil {
		return nil, err
	}

	return &Activities{
		Config:       c,
		checks:       checks,
		webhookTurns: make(chan struct{}, MaxWebhooksTogether),
	}, nil
}
