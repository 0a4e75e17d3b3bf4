package chat

import (
	"slices"
	"time"
)

// Matter is a kind of thing that a workspace's status counts. For waiting actions it is their [Waiting].
type Matter string

// The matters that are no [Waiting] of actions.
const (
	// MatterApproval is an approval that waits for a second member, including those of sends.
	MatterApproval = Matter(WaitingApproval)
	// MatterBulkRetry is a bulk retry that is paused.
	MatterBulkRetry Matter = "bulk_retry"
	// MatterInbound is an inbound message that was refused, so that nobody has read it.
	MatterInbound Matter = "inbound"
	// MatterOptOut is a chat whose customer may have asked there not to be written to, which a person must decide.
	MatterOptOut Matter = AttentionPossibleOptOut
	// MatterResponse is a chat whose customer has written and waits for an answer.
	MatterResponse Matter = "response"
	// MatterAttention is a chat that needs a response for another reason, which the chat names, and which is no
	// [MatterOptOut].
	MatterAttention Matter = "attention"
	// MatterWebhook is a webhook endpoint that was disabled because it has failed, or that nothing has reached for
	// [WebhookPatience].
	MatterWebhook Matter = "webhook_endpoint"
	// MatterNotice is a notice that has reached nobody, and no later one of its rule has: see [NoticePatience].
	MatterNotice Matter = "notice"
	// MatterFailed is a message that has not reached its recipient for good, and that nothing has sent again: see
	// [FailedPatience].
	MatterFailed Matter = "failed"
)

const (
	// WebhookPatience is how long an endpoint may fail before its status says that it needs a person.
	WebhookPatience = 10 * time.Minute
	// LateAfter is how long something waits before a status counts it as late.
	LateAfter = 10 * time.Minute
	// LatelyWithin is how far back a status counts what began to wait lately.
	LatelyWithin = time.Hour
	// NoticePatience is how long a status names a notice that has reached nobody.
	NoticePatience = 3 * 24 * time.Hour
	// FailedPatience is how long a status names a message that has not reached its recipient.
	FailedPatience = 24 * time.Hour
)

// mattersForPeople lists the matters that wait for people. An approval does, although it expires by itself.
func mattersForPeople() []Matter {
	return []Matter{
		Matter(WaitingPerson),
		Matter(WaitingToolDecision),
		MatterApproval,
		Matter(WaitingSender),
		MatterBulkRetry,
		MatterInbound,
		MatterOptOut,
		MatterResponse,
		MatterAttention,
		MatterWebhook,
		MatterNotice,
	}
}

// Matters lists all matters, those that wait for people first.
func Matters() []Matter {
	return append(
		mattersForPeople(),
		MatterFailed,
		Matter(WaitingContributor),
		Matter(WaitingAddress),
		Matter(WaitingTool),
		Matter(WaitingModel),
		Matter(WaitingAttempt),
		Matter(WaitingProvider),
	)
}

// FailedStatuses are the statuses of messages that have not reached their recipient for good. A canceled one is such a
// message only with [ErrorToolCallFailed]: people have canceled the others.
func FailedStatuses() []string {
	return []string{
		string(SubmissionRejected),
		string(SubmissionSuppressed),
		string(SubmissionExpired),
		string(SubmissionAbandoned),
		string(StatusUndelivered),
		string(StatusBounced),
		string(StatusFailed),
	}
}

// NeedsPerson reports whether the matter waits for a person.
func (m Matter) NeedsPerson() bool { return slices.Contains(mattersForPeople(), m) }

// matterWords say what one of a matter is, and what several are.
var matterWords = map[Matter]struct{ one, many string }{
	MatterApproval:  {"request that waits for a second member", "requests that wait for a second member"},
	MatterBulkRetry: {"bulk retry that is paused", "bulk retries that are paused"},
	MatterInbound:   {"inbound message that was refused", "inbound messages that were refused"},
	MatterOptOut: {
		"chat whose customer may have asked not to be written to",
		"chats whose customers may have asked not to be written to",
	},
	MatterResponse: {
		"chat whose customer has written and waits for a response",
		"chats whose customer has written and waits for a response",
	},
	MatterAttention: {
		"chat that needs a person for another reason, like a message that did not arrive",
		"chats that need a person for another reason, like a message that did not arrive",
	},
	MatterWebhook: {
		"webhook endpoint that fails, or was disabled because it has failed",
		"webhook endpoints that fail, or were disabled because they have failed",
	},
	MatterNotice: {
		"message about what needs a person that has not reached its manager",
		"messages about what needs a person that have not reached their manager",
	},
	MatterFailed: {
		"message of the last 24 hours that has not reached its recipient, and that nobody has sent again",
		"messages of the last 24 hours that have not reached their recipient, and that nobody has sent again",
	},
	Matter(WaitingPerson): {"delivery that waits for a decision", "deliveries that wait for a decision"},
	Matter(WaitingToolDecision): {
		"action with a tool call whose outcome is unknown",
		"actions with a tool call whose outcome is unknown",
	},
	Matter(WaitingContributor): {
		"send that waits for a contributor's answer",
		"sends that wait for a contributor's answer",
	},
	Matter(WaitingSender): {
		"send whose sender is refused by its provider: its account must be fixed",
		"sends whose sender is refused by its provider: its account must be fixed",
	},
	Matter(WaitingAddress): {
		"send that waits for another message to the same address",
		"sends that wait for another message to the same address",
	},
	Matter(WaitingTool): {
		"send whose tools run, or are tried again",
		"sends whose tools run, or are tried again",
	},
	Matter(WaitingModel):    {"summary that waits for its model", "summaries that wait for their model"},
	Matter(WaitingAttempt):  {"send that waits for its next attempt", "sends that wait for their next attempt"},
	Matter(WaitingProvider): {"send whose provider has not answered", "sends whose provider has not answered"},
}

// Explain says in a few words what is counted, when there are so many.
func (m Matter) Explain(count int) string {
	switch {
	case count == 1:
		return matterWords[m].one
	case m == MatterFailed && count >= MaxFailed:
		return "or more " + matterWords[m].many
	}

	return matterWords[m].many
}

// How far a status counts: it must be quick when much has gone wrong.
const (
	// MaxMatters is the most actions.
	MaxMatters = 10_000
	// MaxFailed is the most messages of [MatterFailed], the newest.
	MaxFailed = 1000
)

// MatterCount counts a matter.
type MatterCount struct {
	Matter Matter
	Count  int
	// Oldest is the time since which the oldest one waits.
	Oldest time.Time
	// Late are those that have waited for longer than [LateAfter], Lately those that began to wait within
	// [LatelyWithin].
	Late   int
	Lately int
	// WorkflowGone are those whose workflow was ended in Temporal.
	WorkflowGone int
	// Deadline is when the first of them ends by itself, nil if that is not counted.
	Deadline *time.Time
}

// Add counts the same matter found elsewhere.
func (c *MatterCount) Add(other MatterCount) {
	if c.Count == 0 || other.Oldest.Before(c.Oldest) {
		c.Oldest = other.Oldest
	}

	if c.Deadline == nil || other.Deadline != nil && other.Deadline.Before(*c.Deadline) {
		c.Deadline = other.Deadline
	}

	c.Count += other.Count
	c.Late += other.Late
	c.Lately += other.Lately
	c.WorkflowGone += other.WorkflowGone
}

// WorkspaceStatus counts what waits in a workspace, and what needs a person.
type WorkspaceStatus struct {
	Workspace Workspace
	// Counts are the counts above zero, in the order of [Matters].
	Counts []MatterCount
	// IsPartial reports whether more than [MaxMatters] actions wait, of which only the oldest are counted.
	IsPartial bool
}

// NeedPerson returns how many things need a person.
func (s *WorkspaceStatus) NeedPerson() int {
	sum := 0

	for _, c := range s.Counts {
		if c.Matter.NeedsPerson() {
			sum += c.Count
		}
	}

	return sum
}

// Omit removes matters that the caller may not see.
func (s *WorkspaceStatus) Omit(matters ...Matter) {
	s.Counts = slices.DeleteFunc(s.Counts, func(c MatterCount) bool { return slices.Contains(matters, c.Matter) })
}
