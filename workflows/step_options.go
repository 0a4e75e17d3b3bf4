package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// StepOptions is how long one kind of step is waited for. Call sites name one of those
// below and never a number.
type StepOptions struct {
	// attempt bounds one try, overall all of them together; 0 is no bound.
	attempt, overall time.Duration
	// heartbeat is after how long without one a worker counts as lost and the step is
	// tried elsewhere; 0 leaves it to attempt.
	heartbeat time.Duration
	// finish has a canceled workflow wait for the try that is under way: what it has done
	// must be known.
	finish bool
	retry  temporal.RetryPolicy
}

// heartbeat notices a lost worker soon, and outlasts a pause of a busy one.
const heartbeat = 15 * time.Second

// Lease is how long one claim on a delivery lasts. It is longer than the providers' HTTP
// time limit (30 s), so that a claim never ends while its post may still be written, and
// shorter than the time one attempt has, so that the result can still be recorded.
const Lease = 45 * time.Second

var (
	// databaseOptions: our own store. It comes back, so there is no end to trying.
	databaseOptions = StepOptions{
		attempt: 10 * time.Second,
		retry: temporal.RetryPolicy{
			InitialInterval:    100 * time.Millisecond,
			BackoffCoefficient: 2,
			MaximumInterval:    10 * time.Second,
		},
	}
	// firstTryOptions: the first post to a provider, while the caller waits. Errors are those
	// of our own store: what a provider says is a result.
	firstTryOptions = StepOptions{
		attempt: Lease + 15*time.Second,
		retry: temporal.RetryPolicy{
			InitialInterval:    100 * time.Millisecond,
			BackoffCoefficient: 2,
			MaximumInterval:    10 * time.Second,
		},
	}
	// submissionOptions: the tries after the first. A day of provider trouble is outlasted,
	// then the delivery is left waiting for a person.
	submissionOptions = StepOptions{
		attempt:   Lease + 15*time.Second,
		overall:   24 * time.Hour,
		heartbeat: heartbeat,
		retry: temporal.RetryPolicy{
			InitialInterval:    2 * time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    5 * time.Minute,
		},
	}
	// blockedOptions: the tries while the sender's account refuses everything. People mend
	// accounts in days, and until then nothing fails; one probe in a while is enough.
	blockedOptions = StepOptions{
		attempt:   Lease + 15*time.Second,
		overall:   waitForPerson,
		heartbeat: heartbeat,
		retry: temporal.RetryPolicy{
			InitialInterval:    2 * time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    5 * time.Minute,
		},
	}
	// lookupOptions: reading at a provider, which may be repeated at will.
	lookupOptions = StepOptions{
		attempt: 30 * time.Second,
		overall: 10 * time.Minute,
		retry: temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    time.Minute,
		},
	}
	// builtinToolOptions: a built-in tool, which is database work that can be refused.
	builtinToolOptions = StepOptions{
		attempt: 30 * time.Second,
		retry: temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    10 * time.Second,
			MaximumAttempts:    6,
		},
	}
	// externalToolOptions: a tool outside, which has up to two minutes for one try. A quarter of
	// an hour of trouble is outlasted, then the call has failed.
	externalToolOptions = StepOptions{
		attempt:   chat.MaxToolTimeout + 30*time.Second,
		overall:   chat.ToolPatience,
		heartbeat: heartbeat,
		finish:    true,
		retry: temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    time.Minute,
		},
	}
	// webhookOptions: the posts to one webhook endpoint for a while, each of which is recorded. Errors are
	// those of our own store: what a receiver answers is a result.
	webhookOptions = StepOptions{
		attempt:   2 * time.Minute,
		heartbeat: heartbeat,
		retry: temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    30 * time.Second,
		},
	}
	// modelOptions: one attempt of a language model. The workflow waits itself for the next one, so
	// that it can say what it waits for.
	modelOptions = StepOptions{
		attempt:   2 * time.Minute,
		overall:   chat.ModelPatience,
		heartbeat: heartbeat,
		retry:     temporal.RetryPolicy{MaximumAttempts: 1},
	}
)

// Waits of the workflows themselves; those that are configured come as [chat.Waits].
const (
	// checkSoon, checkLater and checkSeldom are when a workflow that waits for a signal looks
	// at the store, in case that the signal was lost.
	checkSoon   = 2 * time.Minute
	checkLater  = chat.LookAgainAfter
	checkSeldom = chat.LookAgainSeldom
	// Quiet is how long after acceptance the search attributes stay as they are, if the final
	// status comes meanwhile: writing both costs two writes for every message (decision 19).
	Quiet = checkSoon
	// waitForPerson is how long an action waits for an operator before it gives up.
	waitForPerson = chat.PersonDeadline
)

func (p StepOptions) activity(summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		StartToCloseTimeout:    p.attempt,
		ScheduleToCloseTimeout: p.overall,
		HeartbeatTimeout:       p.heartbeat,
		RetryPolicy:            &p.retry,
		Summary:                summary,
		WaitForCancellation:    p.finish,
	}
}

// localTries is how often a step is tried inside a workflow task.
const localTries = 4

func (p StepOptions) local(summary string) workflow.LocalActivityOptions {
	p.retry.MaximumAttempts = localTries

	return workflow.LocalActivityOptions{
		StartToCloseTimeout:    p.attempt,
		ScheduleToCloseTimeout: p.overall,
		RetryPolicy:            &p.retry,
		Summary:                summary,
	}
}
