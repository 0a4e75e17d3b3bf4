package chat

import "encoding/json"

// This file holds what workflows hand to activities where the domain has no other type
// for it.

// ToolStep names one tool call of a send.
type ToolStep struct {
	WorkspaceID WorkspaceID `json:"workspace_id"`
	ActionID    ActionID    `json:"action_id"`
	Index       int         `json:"index"`
}

// ToolRun is a tool call to be run.
type ToolRun struct {
	ToolStep
	Name      string          `json:"name"`
	Kind      ToolKind        `json:"kind,omitempty"`
	Arguments json.RawMessage `json:"arguments"`
}

// SendStep names one send.
type SendStep struct {
	WorkspaceID WorkspaceID `json:"workspace_id"`
	ActionID    ActionID    `json:"action_id"`
}

// ContributorStep names one request to contributors, and, where a step needs it, why it is
// to end.
type ContributorStep struct {
	WorkspaceID WorkspaceID             `json:"workspace_id"`
	RequestID   ContributorRequestID    `json:"request_id"`
	State       ContributorRequestState `json:"state,omitempty"`
	Note        string                  `json:"note,omitempty"`
}

// AskFailure is why a contributor could not be asked.
type AskFailure struct {
	WorkspaceID WorkspaceID `json:"workspace_id"`
	AskID       AskID       `json:"ask_id"`
	Why         string      `json:"why"`
}

// SendFailure is why a send is over. Index is the tool call that failed, -1 for none.
type SendFailure struct {
	ToolStep
	Problem Error `json:"problem"`
}

// DeliveryStep names one delivery.
type DeliveryStep struct {
	WorkspaceID WorkspaceID `json:"workspace_id"`
	DeliveryID  DeliveryID  `json:"delivery_id"`
}

// Settlement ends the wait for evidence about a delivery. Sought tells that its carrier was
// asked and did not show it; without that nothing may be concluded from silence.
type Settlement struct {
	DeliveryStep
	Sought bool `json:"sought"`
}

// DeliveryEnd is why a delivery is not to be sent any more.
type DeliveryEnd struct {
	DeliveryStep
	Problem Error `json:"problem"`
}

// BulkStep names a bulk retry and, for the next part of its list, where the last one ended.
type BulkStep struct {
	WorkspaceID WorkspaceID    `json:"workspace_id"`
	ID          ActionID       `json:"id"`
	Filter      DeliveryFilter `json:"filter"`
	After       DeliveryID     `json:"after,omitempty"`
	Limit       int            `json:"limit,omitempty"`
}

// BulkSkip is a delivery that a bulk retry could not retry, and why.
type BulkSkip struct {
	WorkspaceID WorkspaceID `json:"workspace_id"`
	ID          ActionID    `json:"id"`
	DeliveryID  DeliveryID  `json:"delivery_id"`
	Why         string      `json:"why"`
}

// BulkMove puts a bulk retry into another state.
type BulkMove struct {
	WorkspaceID WorkspaceID `json:"workspace_id"`
	ID          ActionID    `json:"id"`
	By          Actor       `json:"by"`
	To          BulkState   `json:"to"`
	Note        string      `json:"note"`
}

// ActionStep is a request to be recorded under the workflow that serves it.
type ActionStep struct {
	Kind       ActionKind `json:"kind"`
	WorkflowID string     `json:"workflow_id"`
	Request    Request    `json:"request"`
}

// SummaryStep names the chat to be summarized.
type SummaryStep struct {
	WorkspaceID  WorkspaceID `json:"workspace_id"`
	ChatID       ChatID      `json:"chat_id"`
	UpdateLabels bool        `json:"update_labels"`
}

// SummaryDraft is a summary with the version of the chat's summary that it replaces.
type SummaryDraft struct {
	Version int64   `json:"version"`
	Summary Summary `json:"summary"`
}

// SummaryToSave is a draft with the requests that it answers.
type SummaryToSave struct {
	SummaryStep
	SummaryDraft
	Requests []Request `json:"requests"`
}

// ActionsFailed are actions with the reason they share.
type ActionsFailed struct {
	WorkspaceID WorkspaceID `json:"workspace_id"`
	ActionIDs   []ActionID  `json:"action_ids"`
	Problem     Error       `json:"problem"`
}
