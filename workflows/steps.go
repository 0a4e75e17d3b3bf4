package workflows

import "handrail/chat"

// The steps, each bound in worker to the activity of the same name.
var (
	// AddMember stores a participant.
	AddMember = Step[chat.AddParticipant, chat.ParticipantAdded]{Name: "AddParticipant", Patience: database}
	// PrepareSend checks a send and inserts its rows. A send that nothing stands before is
	// also submitted for the first time.
	PrepareSend = Step[chat.SendAssistantMessage, chat.AssistantMessageSent]{Name: "PrepareSend", Patience: firstTry}
	// LookSend reads how a send stands.
	LookSend = Step[chat.SendStep, chat.AssistantMessageSent]{Name: "LookSend", Patience: database}
	// ExpireApproval ends the wait for an approval.
	ExpireApproval = Step[chat.SendStep, chat.Approval]{Name: "ExpireApproval", Patience: database}
	// RunTool runs one call of a built-in tool.
	RunTool = Step[chat.ToolRun, chat.ToolCall]{Name: "RunTool", Patience: tool}
	// CallTool runs one call of a tool outside, until its outcome is more than "try again".
	CallTool = Step[chat.ToolRun, chat.ToolCall]{Name: "CallTool", Patience: outside}
	// BeginUndo finds what a send that was not delivered has to take back.
	BeginUndo = Step[chat.SendStep, []chat.ToolRun]{Name: "BeginUndo", Patience: database}
	// FailUndo records that a call could not be taken back.
	FailUndo = Step[chat.SendFailure, struct{}]{Name: "FailUndo", Patience: database}
	// OpenRequest stores a question to contributors.
	OpenRequest = Step[chat.ToolRun, chat.ContributorRequest]{Name: "OpenRequest", Patience: database}
	// ReadReplies reads what contributors have answered.
	ReadReplies = Step[chat.ContributorStep, chat.ContributorRequest]{Name: "ReadReplies", Patience: database}
	// EndRequest ends a request to contributors that nobody has answered.
	EndRequest = Step[chat.ContributorStep, chat.ContributorRequest]{Name: "EndRequest", Patience: database}
	// FailAsk records that a contributor could not be asked.
	FailAsk = Step[chat.AskFailure, chat.ContributorRequest]{Name: "FailAsk", Patience: database}
	// FailSend records that a send is over before anything was posted.
	FailSend = Step[chat.SendFailure, chat.Receipt]{Name: "FailSend", Patience: database}
	// Submit is one try to hand a delivery to its carrier; what comes of it is its
	// result, whatever it is.
	Submit = Step[chat.DeliveryStep, chat.Receipt]{Name: "Submit", Patience: firstTry}
	// SubmitDelivery is Submit until the outcome is more than "try again".
	SubmitDelivery = Step[chat.DeliveryStep, chat.Receipt]{Name: "SubmitDelivery", Patience: submission}
	// GiveUp notes that a delivery is not tried again by itself.
	GiveUp = Step[chat.DeliveryStep, chat.Receipt]{Name: "GiveUp", Patience: database}
	// Look reads how a delivery stands.
	Look = Step[chat.DeliveryStep, chat.Receipt]{Name: "Look", Patience: database}
	// LookUp asks a delivery's carrier for evidence and records it.
	LookUp = Step[chat.DeliveryStep, chat.Receipt]{Name: "LookUp", Patience: lookup}
	// SettleUnknown ends the wait for evidence about an unknown outcome.
	SettleUnknown = Step[chat.Settlement, chat.Receipt]{Name: "SettleUnknown", Patience: database}
	// Unconfirmed ends the wait for a receipt.
	Unconfirmed = Step[chat.DeliveryStep, chat.Receipt]{Name: "Unconfirmed", Patience: database}
	// EndDelivery cancels a delivery that was not handed over.
	EndDelivery = Step[chat.DeliveryEnd, chat.Receipt]{Name: "EndDelivery", Patience: database}
	// PrepareRetry checks a retry, and inserts the new delivery or releases the old one.
	PrepareRetry = Step[chat.RetryDelivery, chat.DeliveryRetried]{Name: "PrepareRetry", Patience: database}
	// BeginBulkRetry stores a bulk retry and counts what it will do.
	BeginBulkRetry = Step[chat.NewBulkRetry, chat.BulkRetry]{Name: "BeginBulkRetry", Patience: database}
	// SelectRetries finds the next deliveries of a bulk retry.
	SelectRetries = Step[chat.BulkStep, []chat.DeliveryID]{Name: "SelectRetries", Patience: database}
	// SkipRetry counts a delivery that could not be retried when its turn came.
	SkipRetry = Step[chat.BulkSkip, struct{}]{Name: "SkipRetry", Patience: database}
	// BulkProgress reads how far a bulk retry has come.
	BulkProgress = Step[chat.BulkStep, chat.BulkRetry]{Name: "BulkProgress", Patience: database}
	// MoveBulkRetry pauses or finishes a bulk retry.
	MoveBulkRetry = Step[chat.BulkMove, chat.BulkRetry]{Name: "MoveBulkRetry", Patience: database}
	// RecordAction stores that a summary was asked for.
	RecordAction = Step[chat.ActionStep, struct{}]{Name: "RecordAction", Patience: database}
	// BeginSummary stores that a run has begun, and says what it is to read.
	BeginSummary = Step[chat.SummaryStart, chat.SummaryPlan]{Name: "BeginSummary", Patience: database}
	// WriteSummary has a model read one part of a run.
	WriteSummary = Step[chat.SummaryPart, chat.Summary]{Name: "WriteSummary", Patience: model}
	// SaveSummary stores what the model wrote, unless the chat was changed meanwhile.
	SaveSummary = Step[chat.SummaryToSave, struct{}]{Name: "SaveSummary", Patience: database}
	// FailSummary records that a run has failed for good, and the requests with it.
	FailSummary = Step[chat.SummaryFailure, struct{}]{Name: "FailSummary", Patience: database}
	// LookSummaryDue reads whether a chat is to be summarized by itself.
	LookSummaryDue = Step[chat.AutoSummary, chat.SummaryDue]{Name: "LookSummaryDue", Patience: database}
)
