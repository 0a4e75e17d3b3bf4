package chat

import (
	"encoding/json"
	"time"
)

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
	// Deadline is the one at which a request is ended: one that has a later deadline meanwhile is not. Zero ends it
	// whatever its deadline is.
	Deadline time.Time `json:"deadline,omitzero"`
}

// QuestionFailure is why a contributor could not be asked.
type QuestionFailure struct {
	WorkspaceID WorkspaceID `json:"workspace_id"`
	QuestionID  QuestionID  `json:"ask_id"`
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

// Settlement ends the wait for evidence about a delivery. Sought reports that its provider was
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

// UnconfirmedDelivery is an accepted delivery of which no receipt came.
type UnconfirmedDelivery struct {
	DeliveryStep
	// NotShown reports that the provider was asked, and does not know the message.
	NotShown bool `json:"not_shown,omitempty"`
}

// BulkStep names a bulk retry and, for the next part of its list, where the last one ended.
type BulkStep struct {
	WorkspaceID WorkspaceID    `json:"workspace_id"`
	ID          ActionID       `json:"id"`
	Filter      DeliveryFilter `json:"filter"`
	After       DeliveryID     `json:"after,omitempty"`
	Limit       int            `json:"limit,omitempty"`
	// From is the number of the first delivery of the present canary.
	From int `json:"from,omitempty"`
}

// BulkSkip is a delivery that a bulk retry could not retry, and why.
type BulkSkip struct {
	WorkspaceID WorkspaceID `json:"workspace_id"`
	ID          ActionID    `json:"id"`
	DeliveryID  DeliveryID  `json:"delivery_id"`
	Number      int         `json:"number,omitempty"`
	Why         string      `json:"why"`
}

// BulkMove puts a bulk retry into another state, or changes its rate.
type BulkMove struct {
	WorkspaceID WorkspaceID `json:"workspace_id"`
	ID          ActionID    `json:"id"`
	By          Actor       `json:"by"`
	// To is "" for the state that it has.
	To   BulkState `json:"to"`
	Note string    `json:"note"`
	// Rate is how many are begun in a second from now on, 0 for as many as before.
	Rate int `json:"rate,omitempty"`
}

// ActionStep is a request to be recorded under the workflow that serves it.
type ActionStep struct {
	Kind       ActionKind `json:"kind"`
	WorkflowID string     `json:"workflow_id"`
	Request    Request    `json:"request"`
}

// SummaryStep names one run over a chat, and what it is to do.
type SummaryStep struct {
	WorkspaceID  WorkspaceID `json:"workspace_id"`
	ChatID       ChatID      `json:"chat_id"`
	ID           SummaryID   `json:"id"`
	UpdateLabels bool        `json:"update_labels,omitempty"`
	Full         bool        `json:"full,omitempty"`
	Overwrite    bool        `json:"overwrite,omitempty"`
	Automatic    bool        `json:"automatic,omitempty"`
}

// SummaryStart begins a run on behalf of its first request. A Capacity that is not 0 is
// used in place of the model's.
type SummaryStart struct {
	SummaryStep
	ActionID ActionID `json:"action_id"`
	By       Actor    `json:"by"`
	Capacity int      `json:"capacity,omitempty"`
}

// SummaryPart is what one step of a run reads: a version to build on, and messages or the
// summaries of parts.
type SummaryPart struct {
	SummaryStep
	Base     SummaryID    `json:"base,omitempty"`
	Messages MessageRange `json:"messages,omitzero"`
	Parts    []Summary    `json:"parts,omitempty"`
}

// SummaryToSave is what a run has written, with the requests that it answers.
type SummaryToSave struct {
	SummaryStep
	// Version is the chat's summary version that may be replaced.
	Version  int64     `json:"version"`
	Summary  Summary   `json:"summary"`
	Requests []Request `json:"requests"`
}

// SummaryWait is what a run waits for, nil for nothing any more.
type SummaryWait struct {
	WorkspaceID WorkspaceID `json:"workspace_id"`
	ChatID      ChatID      `json:"chat_id"`
	ID          SummaryID   `json:"id"`
	Wait        *ModelWait  `json:"wait,omitempty"`
}

// SummaryFailure is why a run is over. Without an ID none had begun.
type SummaryFailure struct {
	ActionsFailed
	ChatID ChatID    `json:"chat_id"`
	ID     SummaryID `json:"id,omitempty"`
}

// AutoSummary names the chat that is summarized by itself.
type AutoSummary struct {
	WorkspaceID WorkspaceID `json:"workspace_id"`
	ChatID      ChatID      `json:"chat_id"`
	// Tried is the newest message when a summary was last begun for it, whatever came of it.
	Tried int64 `json:"tried,omitempty"`
}

// SummaryDue is whether a chat is to be summarized by itself.
type SummaryDue struct {
	// Due reports that it is to be now, for what has come up to the message Newest.
	Due    bool  `json:"due,omitempty"`
	Newest int64 `json:"newest,omitempty"`
	// In is when to look again, 0 when nothing is waited for.
	In time.Duration `json:"in,omitempty"`
	// Missing is how many more messages make it due at once, 0 for any number.
	Missing int `json:"missing,omitempty"`
	// By is who has switched it on, Labels whether labels are to be chosen.
	By     MemberID `json:"by,omitempty"`
	Labels bool     `json:"labels,omitempty"`
}

// ActionsFailed are actions with the reason they share.
type ActionsFailed struct {
	WorkspaceID WorkspaceID `json:"workspace_id"`
	ActionIDs   []ActionID  `json:"action_ids"`
	Problem     Error       `json:"problem"`
}
