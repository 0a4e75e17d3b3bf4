// Package engine owns the way into Temporal: [Client] starts the workflows of actions, waits
// for their answers, describes them and signals them, and hides Temporal from its callers.
// What a workflow does is in package workflows.
package engine

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"handrail/chat"
	"handrail/workflows"
)

// Client starts actions and waits for their answers. It is safe for concurrent use.
type Client struct {
	temporal  client.Client
	taskQueue string
	newID     func() string
	// converter reads what Temporal keeps, as the one of temporal itself.
	converter converter.DataConverter
	namespace string
	now       func() time.Time
}

// Option changes how a [Client] works.
type Option func(*Client)

// WithConverter sets how payloads of a namespace are read, which must be as c itself reads them; without
// it they are read as they are by default.
func WithConverter(dc converter.DataConverter, namespace string) Option {
	return func(c *Client) {
		c.converter = dc
		c.namespace = namespace
	}
}

// converterOf reads the payloads of one workflow.
//
//nolint:ireturn // the SDK has the interface
func (c *Client) converterOf(workflowID string) converter.DataConverter {
	return converter.WithDataConverterSerializationContext(c.converter, converter.WorkflowSerializationContext{
		Namespace:  c.namespace,
		WorkflowID: workflowID,
	})
}

// WithClock sets what [chat.Request.AcceptedAt] is read from. Without it, that is the process's
// clock less [chat.ClockWarning].
func WithClock(now func() time.Time) Option { return func(c *Client) { c.now = now } }

// NewClient makes a Client that starts workflows on taskQueue. newID makes UUIDv7s.
func NewClient(c client.Client, taskQueue string, newID func() string, options ...Option) *Client {
	made := &Client{
		temporal:  c,
		taskQueue: taskQueue,
		newID:     newID,
		converter: converter.GetDefaultDataConverter(),
		now:       func() time.Time { return time.Now().Add(-chat.ClockWarning) },
	}

	for _, set := range options {
		set(made)
	}

	return made
}

// How long Temporal itself may take, beside the work that is waited for.
const (
	// recordWithin bounds the recording of a request.
	recordWithin = 10 * time.Second
	// askAgainAfter is the pause before an engine that is away is asked again.
	askAgainAfter = 200 * time.Millisecond
)

// ActionID is the id of the action that an idempotency key of a workspace stands for: a
// UUIDv8 (RFC 9562 5.8) of both, so that every API process gives it the same workflow,
// also after a crash. Without a key it is a fresh UUIDv7.
func (c *Client) ActionID(ws chat.WorkspaceID, idempotencyKey string) chat.ActionID {
	if idempotencyKey == "" {
		return chat.ActionID(c.newID())
	}

	return chat.DeriveActionID(string(ws), idempotencyKey)
}

// AddParticipant starts the action, or joins the one that runs under its id, and waits at
// most wait for the answer: [chat.ErrStillRunning] when it runs out, CodeUnavailable when
// Temporal could not be reached, CodeIdempotencyKeyReused, or the action's own error.
func (c *Client) AddParticipant(
	ctx context.Context,
	in chat.AddParticipant,
	wait time.Duration,
) (chat.Answer[chat.ParticipantAdded], error) {
	in.Nonce = c.newID()
	in.AcceptedAt = c.now()

	return askOutcome[chat.ParticipantAdded](ctx, c, addParticipantJob(in), wait)
}

func addParticipantJob(in chat.AddParticipant) job {
	return newJob(chat.ActionAddParticipant, "Add a participant to "+workflows.ChatName(in.ChatID), &in.Request, in)
}

// SendAssistantMessage is [Client.AddParticipant] for a send. An answer whose submission
// is not accepted is of one that is not settled: unknown, blocked or waiting for a person.
func (c *Client) SendAssistantMessage(
	ctx context.Context,
	in chat.SendAssistantMessage,
	wait time.Duration,
) (chat.Answer[chat.AssistantMessageSent], error) {
	in.Nonce = c.newID()
	in.AcceptedAt = c.now()

	return askOutcome[chat.AssistantMessageSent](ctx, c, sendJob(in), wait)
}

func sendJob(in chat.SendAssistantMessage) job {
	return newJob(chat.ActionSendAssistantMessage, "Send a message in "+workflows.ChatName(in.ChatID), &in.Request, in)
}

// SummarizeChat is [Client.AddParticipant] for a summary; it joins one that is being
// written for the same chat.
func (c *Client) SummarizeChat(
	ctx context.Context,
	in chat.SummarizeChat,
	wait time.Duration,
) (chat.Answer[chat.ChatSummarized], error) {
	in.Nonce = c.newID()
	in.AcceptedAt = c.now()

	return askOutcome[chat.ChatSummarized](ctx, c, job{
		kind:    chat.ActionSummarizeChat,
		id:      chat.SummaryWorkflowID(in.WorkspaceID, in.ChatID),
		summary: "Summarize " + workflows.ChatName(in.ChatID),
		request: in.Request,
		in:      in,
		ask:     in,
	}, wait)
}

// RetryDelivery is [Client.AddParticipant] for a retry. An answer whose submission is not
// accepted is of a delivery that goes on.
func (c *Client) RetryDelivery(
	ctx context.Context,
	in chat.RetryDelivery,
	wait time.Duration,
) (chat.Answer[chat.DeliveryRetried], error) {
	in.Nonce = c.newID()
	in.AcceptedAt = c.now()

	return askOutcome[chat.DeliveryRetried](ctx, c, retryJob(in), wait)
}

func retryJob(in chat.RetryDelivery) job {
	return newJob(chat.ActionRetryDelivery, "Retry delivery "+string(in.DeliveryID), &in.Request, in)
}

// RetryDeliveries is [Client.AddParticipant] for a bulk retry. It answers as soon as the
// run has begun.
func (c *Client) RetryDeliveries(
	ctx context.Context,
	in chat.NewBulkRetry,
	wait time.Duration,
) (chat.Answer[chat.BulkRetry], error) {
	run := workflows.BulkRetryRun{NewBulkRetry: in, Nonce: c.newID()}
	request := run.Request()

	return askOutcome[chat.BulkRetry](
		ctx,
		c,
		newJob(chat.ActionRetryDeliveries, "Retry many deliveries", &request, run),
		wait,
	)
}

// job is one workflow to be started or joined.
type job struct {
	kind    chat.ActionKind
	id      string
	summary string
	request chat.Request
	in, ask any
	// refused is the nonce of an earlier request of the same body, which has failed.
	refused string
}

// newJob is the workflow of an action that nobody else's request joins.
func newJob(kind chat.ActionKind, summary string, request *chat.Request, in any) job {
	return job{
		kind:    kind,
		id:      request.WorkflowID(),
		summary: summary,
		request: *request,
		in:      in,
		ask:     workflows.OutcomeQuery{Fingerprint: request.Fingerprint},
	}
}

func (c *Client) startOptions(j job) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:        j.id,
		TaskQueue: c.taskQueue,
		// A closed workflow may run again: what it did is found in its rows, and
		// what it refused left none.
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes:    workflows.StartAttributes(j.request),
		Memo:                     map[string]any{memoRequest: updateID(j.request)},
		StaticSummary:            j.summary,
		StaticDetails: fmt.Sprintf(
			"Action %s, requested by member %d.",
			j.request.ActionID,
			j.request.By.MemberID,
		),
		Priority: temporal.Priority{
			PriorityKey: workflows.PriorityInteractive,
			FairnessKey: string(j.request.WorkspaceID),
		},
	}
}

func (c *Client) update(j job, stage client.WorkflowUpdateStage) client.UpdateWorkflowOptions {
	return client.UpdateWorkflowOptions{
		WorkflowID:   j.id,
		UpdateID:     updateID(j.request) + j.refused,
		UpdateName:   workflows.UpdateOutcome,
		Args:         []any{j.ask},
		WaitForStage: stage,
	}
}

// updateID joins askers of the same body to one update; another body under the same key
// makes another update, which the workflow refuses.
func updateID(r chat.Request) string {
	digest := sha256.New()
	for _, field := range r.Fingerprint.Fields() {
		fmt.Fprintf(digest, "%s=%s\n", field, r.Fingerprint[field])
	}

	return fmt.Sprintf("%s:%x", r.ActionID, binary.BigEndian.Uint64(digest.Sum(nil)))
}

// askOutcome starts or joins a workflow and waits for its Outcome.
func askOutcome[T any](ctx context.Context, c *Client, j job, wait time.Duration) (chat.Answer[T], error) {
	if wait <= 0 {
		return chat.Answer[T]{}, c.startOnly(ctx, j)
	}

	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()

	out, err := askOnce[T](waiting, c, j)
	if nonce := workflows.FailureNonce(err); nonce != "" && nonce != j.request.Nonce {
		// Temporal keeps the answer of the update that an earlier request has asked with. What it
		// was refused for may be mended since.
		j.refused = ":" + nonce
		out, err = askOnce[T](waiting, c, j)
	}

	if err != nil {
		return chat.Answer[T]{}, c.explain(ctx, waiting, j, err)
	}

	return chat.Answer[T]{Value: out.Value, Replayed: out.Nonce != j.request.Nonce}, nil
}

// askOnce starts or joins a workflow and waits for its outcome, until ctx ends.
func askOnce[T any](ctx context.Context, c *Client, j job) (workflows.Outcome[T], error) {
	var out workflows.Outcome[T]

	err := retryWhileAway(ctx, func() error {
		handle, err := c.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
			StartWorkflowOperation: c.temporal.NewWithStartWorkflowOperation(c.startOptions(j), string(j.kind), j.in),
			UpdateOptions:          c.update(j, client.WorkflowUpdateStageCompleted),
		})
		if err != nil {
			return err
		}

		return handle.Get(ctx, &out)
	})

	return out, err
}

// startOnly records a request and returns [chat.ErrStillRunning].
func (c *Client) startOnly(ctx context.Context, j job) error {
	ctx, cancel := context.WithTimeout(ctx, recordWithin)
	defer cancel()

	if err := c.record(ctx, j); err != nil {
		return c.explain(ctx, ctx, j, err)
	}

	return chat.ErrStillRunning
}

// explain turns what Temporal says into what a caller may know. waiting is the context
// that bounded the wait.
func (c *Client) explain(ctx, waiting context.Context, j job, err error) error {
	if e, ok := workflows.ChatError(err); ok {
		return e
	}

	if isClosed(err) {
		ended := chat.Errorf(
			chat.CodeUnavailable,
			"the action was ended in Temporal before it had an outcome; look at the action",
		)

		ended.ActionID = string(j.request.ActionID)

		return ended.Because(err)
	}

	if waiting.Err() == nil && !isUnreachable(err) {
		return fmt.Errorf("wait for workflow %s: %w", j.id, err)
	}

	// The wait is over, or the server is away: only what is recorded goes on.
	recording, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()

	recordErr := c.record(recording, j)
	if e, ok := workflows.ChatError(recordErr); ok {
		return e
	}

	if recordErr != nil {
		away := chat.Errorf(
			chat.CodeUnavailable,
			"it is not known whether the request was recorded; look at the action, or ask again with the same "+
				"Idempotency-Key",
		)

		away.ActionID, away.Retryable = string(j.request.ActionID), true

		return away.Because(errors.Join(err, recordErr))
	}

	return chat.ErrStillRunning
}
