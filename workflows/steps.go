package workflows

import "handrail/chat"

// The steps, each bound in worker to the activity of the same name.
var (
	// AddMember stores a participant.
	AddMember = Step[chat.AddParticipant, chat.ParticipantAdded]{Name: "AddParticipant", Patience: database}
	// PrepareSend checks a send and inserts its rows.
	PrepareSend = Step[chat.SendAssistantMessage, chat.AssistantMessageSent]{Name: "PrepareSend", Patience: database}
	// RunTool runs one tool call of a send.
	RunTool = Step[chat.ToolRun, chat.ToolCall]{Name: "RunTool", Patience: tool}
	// FailSend records that a send is over before anything was posted.
	FailSend = Step[chat.SendFailure, chat.Receipt]{Name: "FailSend", Patience: database}
	// Submit is one try to hand a delivery to its carrier; what comes of it is its
	// result, whatever it is.
	Submit = Step[chat.DeliveryStep, chat.Receipt]{Name: "Submit", Patience: firstTry}
	// SubmitDelivery is Submit until the outcome is more than "try again".
	SubmitDelivery = Step[chat.DeliveryStep, chat.Receipt]{Name: "SubmitDelivery", Patience: submission}
	// GiveUp notes that a delivery is not tried again by itself.
	GiveUp = Step[chat.DeliveryStep, chat.Receipt]{Name: "GiveUp", Patience: database}
	// SettleUnknown ends the wait for evidence about an unknown outcome.
	SettleUnknown = Step[chat.DeliveryStep, chat.Receipt]{Name: "SettleUnknown", Patience: database}
	// RecordAction stores that a summary was asked for.
	RecordAction = Step[chat.ActionStep, struct{}]{Name: "RecordAction", Patience: database}
	// WriteSummary has a model read a chat.
	WriteSummary = Step[chat.SummaryStep, chat.SummaryDraft]{Name: "WriteSummary", Patience: model}
	// SaveSummary stores what the model wrote, unless the chat was changed meanwhile.
	SaveSummary = Step[chat.SummaryToSave, struct{}]{Name: "SaveSummary", Patience: database}
	// FailActions records that actions have failed for good.
	FailActions = Step[chat.ActionsFailed, struct{}]{Name: "FailActions", Patience: database}
)
