package workflows

import "handrail/chat"

// The steps, each bound in worker to the activity of the same name.
var (
	// AddMember stores a participant.
	AddMember = Step[chat.AddParticipant, chat.ParticipantAdded]{Name: "AddParticipant", Options: databaseOptions}
	// PrepareSend checks a send and inserts its rows. A send that nothing stands before is
	// also submitted for the first time.
	PrepareSend = Step[chat.SendAssistantMessage, chat.AssistantMessageSent]{
		Name:    "PrepareSend",
		Options: firstTryOptions,
	}
	// LoadSend reads how a send stands.
	LoadSend = Step[chat.SendStep, chat.AssistantMessageSent]{Name: "LookSend", Options: databaseOptions}
	// CloseUnbegun sees to it that a canceled send which its history does not know is stored no more, or
	// finds what was stored before.
	CloseUnbegun = Step[chat.Request, chat.AssistantMessageSent]{Name: "CloseUnbegun", Options: databaseOptions}
	// ExpireApproval ends the wait for an approval.
	ExpireApproval = Step[chat.SendStep, chat.Approval]{Name: "ExpireApproval", Options: databaseOptions}
	// RunTool runs one call of a built-in tool.
	RunTool = Step[chat.ToolRun, chat.ToolCall]{Name: "RunTool", Options: builtinToolOptions}
	// CallTool runs one call of a tool outside, until its outcome is more than "try again".
	CallTool = Step[chat.ToolRun, chat.ToolCall]{Name: "CallTool", Options: externalToolOptions}
	// BeginUndo finds what a send that was not delivered has to take back.
	BeginUndo = Step[chat.SendStep, []chat.ToolRun]{Name: "BeginUndo", Options: databaseOptions}
	// FailUndo records that a call could not be taken back.
	FailUndo = Step[chat.SendFailure, struct{}]{Name: "FailUndo", Options: databaseOptions}
	// OpenRequest stores a question to contributors.
	OpenRequest = Step[chat.ToolRun, chat.ContributorRequest]{Name: "OpenRequest", Options: databaseOptions}
	// ReadReplies reads what contributors have answered.
	ReadReplies = Step[chat.ContributorStep, chat.ContributorRequest]{Name: "ReadReplies", Options: databaseOptions}
	// EndRequest ends a request to contributors that nobody has answered.
	EndRequest = Step[chat.ContributorStep, chat.ContributorRequest]{Name: "EndRequest", Options: databaseOptions}
	// FailQuestion records that a contributor could not be asked.
	FailQuestion = Step[chat.QuestionFailure, chat.ContributorRequest]{Name: "FailAsk", Options: databaseOptions}
	// FailSend records that a send is over before anything was posted.
	FailSend = Step[chat.SendFailure, chat.DeliverySnapshot]{Name: "FailSend", Options: databaseOptions}
	// Submit is one try to hand a delivery to its provider; what comes of it is its
	// result, whatever it is.
	Submit = Step[chat.DeliveryStep, chat.DeliverySnapshot]{Name: "Submit", Options: firstTryOptions}
	// SubmitDelivery is Submit until the outcome is more than "try again".
	SubmitDelivery = Step[chat.DeliveryStep, chat.DeliverySnapshot]{Name: "SubmitDelivery", Options: submissionOptions}
	// MarkExhausted notes that a delivery is not tried again by itself.
	MarkExhausted = Step[chat.DeliveryStep, chat.DeliverySnapshot]{Name: "GiveUp", Options: databaseOptions}
	// LoadDelivery reads how a delivery stands.
	LoadDelivery = Step[chat.DeliveryStep, chat.DeliverySnapshot]{Name: "Look", Options: databaseOptions}
	// QueryProvider asks a delivery's provider for evidence and records it.
	QueryProvider = Step[chat.DeliveryStep, chat.DeliverySnapshot]{Name: "LookUp", Options: lookupOptions}
	// SettleUnknown ends the wait for evidence about an unknown outcome.
	SettleUnknown = Step[chat.Settlement, chat.DeliverySnapshot]{Name: "SettleUnknown", Options: databaseOptions}
	// MarkUnconfirmed ends the wait for a receipt.
	MarkUnconfirmed = Step[chat.UnconfirmedDelivery, chat.DeliverySnapshot]{
		Name:    "Unconfirmed",
		Options: databaseOptions,
	}
	// CancelDelivery cancels a delivery that was not handed over.
	CancelDelivery = Step[chat.DeliveryEnd, chat.DeliverySnapshot]{Name: "EndDelivery", Options: databaseOptions}
	// PrepareRetry checks a retry, and inserts the new delivery or releases the old one.
	PrepareRetry = Step[chat.RetryDelivery, chat.DeliveryRetried]{Name: "PrepareRetry", Options: databaseOptions}
	// BeginBulkRetry stores a bulk retry and counts what it will do.
	BeginBulkRetry = Step[chat.NewBulkRetry, chat.BulkRetry]{Name: "BeginBulkRetry", Options: databaseOptions}
	// SelectRetries finds the next deliveries of a bulk retry.
	SelectRetries = Step[chat.BulkStep, []chat.DeliveryID]{Name: "SelectRetries", Options: databaseOptions}
	// SkipRetry counts a delivery that could not be retried when its turn came.
	SkipRetry = Step[chat.BulkSkip, struct{}]{Name: "SkipRetry", Options: databaseOptions}
	// BulkProgress reads how far a bulk retry has come.
	BulkProgress = Step[chat.BulkStep, chat.BulkProgress]{Name: "BulkProgress", Options: databaseOptions}
	// MoveBulkRetry pauses or finishes a bulk retry.
	MoveBulkRetry = Step[chat.BulkMove, chat.BulkRetry]{Name: "MoveBulkRetry", Options: databaseOptions}
	// RecordAction stores that a summary was asked for.
	RecordAction = Step[chat.ActionStep, struct{}]{Name: "RecordAction", Options: databaseOptions}
	// BeginSummary stores that a run has begun, and says what it is to read.
	BeginSummary = Step[chat.SummaryStart, chat.SummaryPlan]{Name: "BeginSummary", Options: databaseOptions}
	// WriteSummary has a model read one part of a run.
	WriteSummary = Step[chat.SummaryPart, chat.Summary]{Name: "WriteSummary", Options: modelOptions}
	// RecordModelWait stores what a run waits for, or that it does not wait any more.
	RecordModelWait = Step[chat.SummaryWait, struct{}]{Name: "RecordModelWait", Options: databaseOptions}
	// SaveSummary stores what the model wrote, unless the chat was changed meanwhile.
	SaveSummary = Step[chat.SummaryToSave, struct{}]{Name: "SaveSummary", Options: databaseOptions}
	// FailSummary records that a run has failed for good, and the requests with it.
	FailSummary = Step[chat.SummaryFailure, struct{}]{Name: "FailSummary", Options: databaseOptions}
	// CheckSummaryDue reads whether a chat is to be summarized by itself.
	CheckSummaryDue = Step[chat.AutoSummary, chat.SummaryDue]{Name: "LookSummaryDue", Options: databaseOptions}
	// CollectNotices makes the messages that members of a workspace are to be sent about its events.
	CollectNotices = Step[chat.NoticeStep, chat.NoticeProgress]{Name: "CollectNotices", Options: databaseOptions}
	// FailNotice records that a member was not told of events.
	FailNotice = Step[chat.NoticeFailure, struct{}]{Name: "FailNotice", Options: databaseOptions}
	// DrainWebhooks posts what a webhook endpoint is to be told now.
	DrainWebhooks = Step[chat.WebhookStep, chat.WebhookProgress]{Name: "DrainWebhooks", Options: webhookOptions}
)
