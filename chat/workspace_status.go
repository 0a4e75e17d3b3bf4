package chat

import (
	"slices"
	"time"
)

// Matter is what a workspace's status counts, in one word. What actions wait for has the word of its [Waiting].
type Matter string

// What waits for people beside actions.
const (
	// MatterApproval is what one member may not do alone, a send's tool calls among it.
	MatterApproval = Matter(WaitingApproval)
	// MatterBulkRetry is a bulk retry that is paused.
	MatterBulkRetry Matter = "bulk_retry"
	// MatterInbound is a message that came in and that was refused: nobody has read it.
	MatterInbound Matter = "inbound"
	// MatterResponse is a chat whose customer has written and waits for an answer.
	MatterResponse Matter = "response"
	// MatterAttention is a chat that needs a response for another reason, which it names: nobody has written.
	MatterAttention Matter = "attention"
)

// Matters lists what a status may count, what waits for people first.
func Matters() []Matter {
	matters := []Matter{
		Matter(WaitingPerson),
		Matter(WaitingToolDecision),
		MatterApproval,
		Matter(WaitingSender),
		MatterBulkRetry,
		MatterInbound,
		MatterResponse,
		MatterAttention,
	}

	for _, w := range []Waiting{
		WaitingContributor,
		WaitingAddress,
		WaitingTool,
		WaitingModel,
		WaitingAttempt,
		WaitingProvider,
	} {
		matters = append(matters, Matter(w))
	}

	return matters
}

// NeedsPerson reports whether nothing but a person ends the matter. An approval that nobody gives expires, and is a
// person's all the same.
func (m Matter) NeedsPerson() bool {
	others := []Matter{
		MatterBulkRetry,
		MatterInbound,
		MatterResponse,
		MatterAttention,
	}

	return slices.Contains(WaitingsForPeople(), Waiting(m)) || slices.Contains(others, m)
}

// Explain says what is counted, in a few words.
func (m Matter) Explain() string {
	return map[Matter]string{
		MatterApproval:              "requests that wait for a second member",
		MatterBulkRetry:             "bulk retries that are paused",
		MatterInbound:               "messages that came in and were refused",
		MatterResponse:              "chats whose customer has written and waits for a response",
		MatterAttention:             "chats that need a person for another reason, like a message that did not arrive",
		Matter(WaitingPerson):       "deliveries that wait for a decision",
		Matter(WaitingToolDecision): "actions with a tool call whose outcome is unknown",
		Matter(WaitingContributor):  "sends that wait for an answer of a contributor",
		Matter(WaitingSender):       "sends whose sender is refused by its provider: its account is to be mended",
		Matter(WaitingAddress):      "sends that wait for another message to the same address",
		Matter(WaitingTool):         "sends whose tools run, or are tried again",
		Matter(WaitingModel):        "summaries that wait for their model",
		Matter(WaitingAttempt):      "sends that wait for their next attempt",
		Matter(WaitingProvider):     "sends whose provider has not answered",
	}[m]
}

// MaxMatters bounds how many actions a status counts: it says of more only that there are at least as many.
const MaxMatters = 10_000

// MatterCount is how much there is of a matter.
type MatterCount struct {
	Matter Matter
	Count  int
	// Oldest is since when the oldest of them waits.
	Oldest time.Time
}

// WorkspaceStatus is what goes on in a workspace, and what needs a person.
type WorkspaceStatus struct {
	Workspace Workspace
	// Counts are of what there is, in the order of [Matters].
	Counts []MatterCount
	// IsPartial reports that there are more than [MaxMatters] actions that wait: the oldest are counted.
	IsPartial bool
}

// NeedPerson is how many matters need a person.
func (s *WorkspaceStatus) NeedPerson() int {
	sum := 0

	for _, c := range s.Counts {
		if c.Matter.NeedsPerson() {
			sum += c.Count
		}
	}

	return sum
}

// Omit leaves matters out that who asks may not see.
func (s *WorkspaceStatus) Omit(matters ...Matter) {
	s.Counts = slices.DeleteFunc(s.Counts, func(c MatterCount) bool { return slices.Contains(matters, c.Matter) })
}
