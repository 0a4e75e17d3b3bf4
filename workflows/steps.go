package workflows

import "handrail/chat"

// The steps, each bound in worker to the activity of the same name.
var (
	// AddMember stores a participant.
	AddMember = Step[chat.AddParticipant, chat.ParticipantAdded]{Name: "AddParticipant", Patience: database}
	// PrepareSend checks a send and inserts its rows.
	PrepareSend = Step[chat.SendAssistantMessage, chat.PreparedSend]{Name: "PrepareSend", Patience: database}
	// RunTool runs one tool call of a send.
	RunTool = Step[ToolStep, chat.ToolCall]{Name: "RunTool", Patience: tool}
	// FailSend records that a send is over before anything was posted.
	FailSend = Step[SendFailure, chat.Receipt]{Name: "FailSend", Patience: database}
	// Submit is one try to hand a delivery to its carrier; what comes of it is its
	// result, whatever it is.
	Submit = Step[DeliveryStep, chat.Receipt]{Name: "Submit", Patience: firstTry}
	// SubmitDelivery is Submit until the outcome is more than "try again".
	SubmitDelivery = Step[DeliveryStep, chat.Receipt]{Name: "SubmitDelivery", Patience: submission}
	// SettleUnknown ends the wait for evidence about an unknown outcome.
	SettleUnknown = Step[DeliveryStep, chat.Receipt]{Name: "SettleUnknown", Patience: database}
	// RecordAction stores that a summary was asked for.
	RecordAction = Step[ActionStep, struct{}]{Name: "RecordAction", Patience: database}
	// WriteSummary has a model read a chat.
	WriteSummary = Step[SummaryStep, SummaryDraft]{Name: "WriteSummary", Patience: model}
	// SaveSummary stores what the model wrote, unless the chat was changed meanwhile.
	SaveSummary = Step[SummaryToSave, struct{}]{Name: "SaveSummary", Patience: database}
	// FailActions records that actions have failed for good.
	FailActions = Step[ActionsFailed, struct{}]{Name: "FailActions", Patience: database}
)

// ToolStep names one tool call of a send.
type ToolStep struct {
	WorkspaceID chat.WorkspaceID `json:"workspace_id"`
	ActionID    chat.ActionID    `json:"action_id"`
	Index       int              `json:"index"`
}

// SendFailure is why a send is over. Index is the tool call that failed, -1 for none.
type SendFailure struct {
	ToolStep
	Problem chat.Error `json:"problem"`
}

// DeliveryStep names one delivery.
type DeliveryStep struct {
	WorkspaceID chat.WorkspaceID `json:"workspace_id"`
	DeliveryID  chat.DeliveryID  `json:"delivery_id"`
}

// ActionStep is a request to be recorded under the workflow that serves it.
type ActionStep struct {
	Kind       chat.ActionKind `json:"kind"`
	WorkflowID string          `json:"workflow_id"`
	Request    chat.Request    `json:"request"`
}

// SummaryStep names the chat to be summarized.
type SummaryStep struct {
	WorkspaceID  chat.WorkspaceID `json:"workspace_id"`
	ChatID       chat.ChatID      `json:"chat_id"`
	UpdateLabels bool             `json:"update_labels"`
}

// SummaryDraft is a summary with the version of the chat's summary that it replaces.
type SummaryDraft struct {
	Version int64        `json:"version"`
	Summary chat.Summary `json:"summary"`
}

// SummaryToSave is a draft with the requests that it answers.
type SummaryToSave struct {
	SummaryStep
	SummaryDraft
	Requests []chat.Request `json:"requests"`
}

// ActionsFailed are actions with the reason they share.
type ActionsFailed struct {
	WorkspaceID chat.WorkspaceID `json:"workspace_id"`
	ActionIDs   []chat.ActionID  `json:"action_ids"`
	Problem     chat.Error       `json:"problem"`
}
