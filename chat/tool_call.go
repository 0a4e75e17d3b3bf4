package chat

import (
	"encoding/json"
	"fmt"
	"time"
)

// ToolCallState is where a tool call stands.
type ToolCallState string

// The states of a tool call.
const (
	// ToolCallPending has not run, or is to be tried again.
	ToolCallPending ToolCallState = "pending"
	// ToolCallRunning is with its tool, or was when a worker was lost.
	ToolCallRunning ToolCallState = "running"
	// ToolCallWaiting waits for people: contributors were asked.
	ToolCallWaiting ToolCallState = "waiting"
	// ToolCallUnknown may have had its effect: it is not repeated, and a person must decide.
	ToolCallUnknown   ToolCallState = "unknown"
	ToolCallSucceeded ToolCallState = "succeeded"
	ToolCallFailed    ToolCallState = "failed"
	// ToolCallSkipped never ran, because the send was over before its turn.
	ToolCallSkipped ToolCallState = "skipped"
)

// Settled reports that nothing more happens to the call by itself, and nobody needs to decide.
func (s ToolCallState) Settled() bool {
	return s == ToolCallSucceeded || s == ToolCallFailed || s == ToolCallSkipped
}

// MaxToolCalls is the most tool calls one message may bring.
const MaxToolCalls = 16

// MaxToolResult is the most bytes that a tool may answer with.
const MaxToolResult = 256 << 10

// ToolCall is one call that runs before its message is delivered.
type ToolCall struct {
	// ID is the caller's, or call_N; unique within the message.
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
	State     ToolCallState   `json:"status"`
	Result    json.RawMessage `json:"result,omitempty"`
	// ErrorCode and Error say why it failed, is unknown, or is tried again.
	ErrorCode string `json:"error_code,omitempty"`
	Error     string `json:"error,omitempty"`

	Kind ToolKind `json:"kind,omitempty"`
	Risk ToolRisk `json:"risk,omitempty"`
	// ToolID is the definition behind the tool, 0 for a built-in one.
	ToolID     ToolID `json:"tool_id,omitempty"`
	Idempotent bool   `json:"idempotent,omitempty"`
	Attempts   int    `json:"attempts,omitempty"`
	// Where is what was called by the last try of a tool outside, as [ToolDefinition.Endpoint] has it; "" before the
	// first one. Key is what each try has given the tool to know the call by; "" for a built-in tool.
	Where string `json:"where,omitempty"`
	Key   string `json:"key,omitempty"`
	// MayHaveRun is set if a try may have had its effect, whatever the last one has come to.
	MayHaveRun bool       `json:"may_have_run,omitempty"`
	StartedAt  *time.Time `json:"started_at,omitempty"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
	// UndoTool is the tool that takes the call back, "" for none; Undo how that went, nil
	// when it was not asked for.
	UndoTool string    `json:"undo_tool,omitempty"`
	Undo     *ToolCall `json:"undo,omitempty"`
	// Request is the contributor request that the call has opened, "" for none.
	Request ContributorRequestID `json:"contributor_request_id,omitempty"`
	// Decision is a person's decision on an outcome that was not known.
	Decision *ToolDecision `json:"decision,omitempty"`
}

// CheckResolvable returns CodeConflict for a call whose outcome is known, with who has decided about it, if somebody
// has.
func (c *ToolCall) CheckResolvable() error {
	if c.State == ToolCallUnknown {
		return nil
	}

	who := ""
	if c.Decision != nil {
		who = fmt.Sprintf(
			"; member %d resolved it as %s, at %s",
			c.Decision.By,
			c.Decision.Verdict,
			formatTime(c.Decision.At),
		)
	}

	return Errorf(
		CodeConflict,
		"this tool call is %s: only one whose outcome is not known can be resolved%s",
		c.State,
		who,
	)
}

// ToolCallFilter chooses tool calls of a workspace; empty fields choose all.
type ToolCallFilter struct {
	States   []ToolCallState
	ActionID ActionID
	ChatID   ChatID
	Page
}

// ListedToolCall is a tool call among those of other messages: without its arguments and its result.
type ListedToolCall struct {
	ToolCall
	ActionID ActionID
	ChatID   ChatID
	// Undoes is the id of the call that this one takes back, "" for any other.
	Undoes    string
	UpdatedAt time.Time
}

// Undo names the tool that takes back what a call has done, and what it is called with.
type Undo struct {
	Tool string `json:"tool"`
	// Arguments are the undo tool's. A string "$arguments.name" or "$result.name", with
	// as many names as needed, stands for that value of the call. Without Arguments it
	// gets those of the call.
	Arguments json.RawMessage `json:"arguments,omitempty"`
}

// ToolOutcomeKind is what is known after one try to run a tool.
type ToolOutcomeKind string

// The outcomes of one try.
const (
	ToolSucceeded ToolOutcomeKind = "succeeded"
	// ToolFailed is for good: the tool has said no, or said nonsense.
	ToolFailed ToolOutcomeKind = "failed"
	// ToolNotRun certainly had no effect, and may be tried again.
	ToolNotRun ToolOutcomeKind = "not_run"
	// ToolUnknown may have had its effect.
	ToolUnknown ToolOutcomeKind = "unknown"
)

// ToolOutcome is what one try to run a tool has come to.
type ToolOutcome struct {
	Kind   ToolOutcomeKind
	Result json.RawMessage
	// Code and Message say what went wrong; they hold no secret.
	Code, Message string
	// RetryAfter is how long the tool wants to be left alone; 0: it does not say.
	RetryAfter time.Duration
	// HTTPStatus is the answer's, 0 for none.
	HTTPStatus int
	// TookEffect reports that the tool has done something although the call has failed.
	TookEffect bool
}

// ToolTry is the right to run a tool call once, or why there is none.
type ToolTry struct {
	Granted bool
	// Call is the call as it stands, Fence the number of this try.
	Call  ToolCall
	Fence int
	// Key is the same for every try of the call, and no other call has it.
	Key string
	// Definition is the tool's, as it is now.
	Definition ToolDefinition
	// ChatID and MessageID are the call's.
	ChatID    ChatID
	MessageID MessageID
	// WaitUntil is when another worker's try is over, nil when there is none.
	WaitUntil *time.Time
}

// ToolInvocation is one run of a tool.
type ToolInvocation struct {
	// Tool is the tool's own name: an MCP tool's without its server.
	Tool      string
	Arguments json.RawMessage
	// Key is the idempotency key; "" for a test.
	Key string
	// WorkspaceID, ChatID and MessageID tell the tool for whom it runs.
	WorkspaceID WorkspaceID
	ChatID      ChatID
	MessageID   MessageID
}

// ToolVerdict is a person's decision on a tool call whose outcome is not known.
type ToolVerdict string

// The verdicts.
const (
	// VerdictToolSucceeded: it has had its effect, and the send goes on.
	VerdictToolSucceeded ToolVerdict = "succeeded"
	// VerdictToolFailed: it has not, and the send is over.
	VerdictToolFailed ToolVerdict = "failed"
	// VerdictToolRetry: it is to be run again.
	VerdictToolRetry ToolVerdict = "retry"
)

// ToolCallKey names a tool call as callers do: by its action and the id that they gave it.
type ToolCallKey struct {
	ActionID ActionID
	CallID   string
}

// ToolDecision is a verdict, with who gave it and why.
type ToolDecision struct {
	Verdict ToolVerdict `json:"verdict"`
	// Result is the call's, with [VerdictToolSucceeded].
	Result json.RawMessage `json:"result,omitempty"`
	Reason string          `json:"reason"`
	By     MemberID        `json:"by"`
	At     time.Time       `json:"at"`
}
