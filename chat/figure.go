package chat

import "time"

// FigureMatter is what a [Figure] counts.
type FigureMatter string

// The matters.
const (
	// FigureDelivery counts deliveries that have not ended: by provider, channel and status.
	FigureDelivery FigureMatter = "delivery"
	// FigurePossibleDuplicate counts deliveries that may have been sent twice: by provider.
	FigurePossibleDuplicate FigureMatter = "possible_duplicate"
	// FigureBreaker counts senders whose account refuses everything: by provider.
	FigureBreaker FigureMatter = "breaker"
	// FigureBulkRetry counts bulk retries that have paused.
	FigureBulkRetry FigureMatter = "bulk_retry"
	// FigureToolCall counts tool calls that have not ended: by state.
	FigureToolCall FigureMatter = "tool_call"
	// FigureApproval counts approvals that wait: by kind.
	FigureApproval FigureMatter = "approval"
	// FigureContributorRequest counts questions to contributors that wait.
	FigureContributorRequest FigureMatter = "contributor_request"
	// FigureEvent counts changes that are still to become events.
	FigureEvent FigureMatter = "event"
	// FigureWebhook counts the events that enabled webhook endpoints are behind with: by the id of the endpoint.
	FigureWebhook FigureMatter = "webhook"
)

// MaxFigure is how many deliveries that only wait for a receipt are counted at most: there may be as many as an
// installation sends in a day.
const MaxFigure = 100_000

// Figure is how many objects of one matter there are at the moment, and how long the oldest has waited.
type Figure struct {
	Matter FigureMatter
	// WorkspaceID is "" if the workspaces are counted together.
	WorkspaceID WorkspaceID
	Provider    Provider
	Channel     Channel
	// State is the status, the state or the kind that the matter is counted by.
	State string
	Count int
	// Oldest is since when the oldest of them has waited.
	Oldest time.Time
}

// OpenStatuses returns the statuses of deliveries that have not ended.
func OpenStatuses() []string {
	return []string{
		string(SubmissionPending),
		string(SubmissionSending),
		string(SubmissionBlocked),
		string(SubmissionUnknown),
		string(SubmissionNeedsReview),
		string(SubmissionAccepted),
	}
}

// OpenToolCallStates returns the states of tool calls that have not ended.
func OpenToolCallStates() []ToolCallState {
	return []ToolCallState{ToolCallUnknown, ToolCallPending, ToolCallRunning, ToolCallWaiting}
}
