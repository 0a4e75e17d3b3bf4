package chat

// conflictProblems are the codes of requests that conflict with the current state, and of requests that were sent in a
// wrong way.
var conflictProblems = []ProblemText{
	{
		Code:    CodeMethodNotAllowed,
		Meaning: "The path does not take this method.",
		Cause:   "It is misspelled, or the operation has another method.",
		Remedy:  "The header `Allow` names the methods that it takes.",
	},
	{
		Code:    CodeIdempotencyKeyReused,
		Meaning: "The `Idempotency-Key` was used for another request.",
		Cause:   "The body or the path differs from that of the first request with this key.",
		Remedy:  "Use a new key for a new request. To get the first answer, repeat the first request unchanged.",
	},
	{
		Code:    CodeRequestInProgress,
		Meaning: "The first request with this `Idempotency-Key` is still being carried out.",
		Cause:   "The same request came twice at once, or the server was stopped during the first.",
		Remedy:  "Wait as long as `Retry-After` says, then send it again with the same key.",
	},
	{
		Code:    CodeAnswerLost,
		Meaning: "The request was carried out, and its answer is lost.",
		Cause:   "The server was stopped after it had carried the request out and before it answered.",
		Remedy: "Do not repeat it with a new key. `detail` names the entry of the audit log that says what was " +
			"done.",
	},
	{
		Code:    CodeChatMovedOn,
		Meaning: "The customer has written since the message that `if_last_message` names.",
		Cause:   "What the send answers may be out of date. `messages` has what came, for keys that may read the chat.",
		Remedy:  "Read it, and send again with the newest message, or without `if_last_message`.",
	},
	{
		Code:    CodeTakenOver,
		Meaning: "A person answers in this chat: the assistant does not speak in it.",
		Cause:   "Somebody has taken the chat over, or has sent as a person.",
		Remedy:  "Wait for `POST /chats/{id}/release`, or send with `author_kind` `person`.",
	},
	{
		Code:    CodeExternalIDTaken,
		Meaning: "Another member or chat of the workspace has this external id.",
		Cause:   "External ids are unique. `member_id` or `chat_id` names who has it.",
		Remedy:  "Use that one, or give it another external id first.",
	},
	{
		Code:    CodeAlreadySending,
		Meaning: "It is too late to cancel.",
		Cause:   "An attempt may have left already.",
		Remedy:  "Wait for its outcome. What was sent cannot be taken back.",
	},
	{
		Code:    CodeOpenActions,
		Meaning: "There are unfinished actions in the chat.",
		Cause:   "Something is still being sent or done in it; `detail` names the actions.",
		Remedy:  "Wait until they end, or cancel them first.",
	},
	{
		Code:    CodeAlreadyExists,
		Meaning: "It exists already.",
		Cause:   "The name or the address is taken, whatever its case.",
		Remedy:  "Use what exists, or choose another name.",
	},
	{
		Code:    CodeInUse,
		Meaning: "It is still used.",
		Cause:   "Chats use this sender.",
		Remedy:  "Give those chats another one first.",
	},
	{
		Code:    CodeMemberInUse,
		Meaning: "Other records refer to the member.",
		Cause: "Chats, messages, API keys, the audit log or other records name it: `errors` has each kind and its " +
			"number.",
		Remedy: "Merge it into another member, or remove its addresses. Only a member that was never used can be " +
			"deleted.",
	},
	{
		Code:    CodeAddressTaken,
		Meaning: "Another member has this address.",
		Cause:   "An address belongs to one member of a workspace; `member_id` names that member.",
		Remedy:  "Use that member, or merge the two.",
	},
	{
		Code:    CodeSummaryEdited,
		Meaning: "A person has written this summary.",
		Cause:   "A summary that a person has written is not overwritten automatically.",
		Remedy:  "Repeat the request with `overwrite` to replace it.",
	},
	{
		Code:    CodeDecided,
		Meaning: "It has been decided already.",
		Cause:   "Somebody else has decided, the deadline has passed, or the approval was used.",
		Remedy:  "Read its current state. For another decision, make a new request.",
	},
	{
		Code:    CodeApprovalVoid,
		Meaning: "What was approved has changed since.",
		Cause:   "Something was changed after the approval was asked for.",
		Remedy:  "Ask for a new approval.",
	},
	{
		Code:    CodeTooManyApprovals,
		Meaning: "Too many requests of this member wait for a second member.",
		Cause:   "A member may have 100 waiting requests at a time, not counting sends.",
		Remedy:  "Have some of those decided that `GET /approvals?state=waiting` lists. Each expires after 24 hours.",
	},
	{
		Code:    CodeActionGone,
		Meaning: "The action no longer runs.",
		Cause:   "It was ended in Temporal, or has finished, so a decision has no effect.",
		Remedy:  "Read the action. If it says that it can be resumed, resume it.",
	},
	{
		Code:    CodeBulkOverlap,
		Meaning: "Another bulk retry has some of the same deliveries.",
		Cause:   "Two at once would send the same messages twice.",
		Remedy:  "Wait for the other one, or cancel it; the answer names it.",
	},
	{
		Code:    CodeConflict,
		Meaning: "The request conflicts with the current state.",
		Cause:   "Something has changed since you looked, or what you ask for is not possible in this state.",
		Remedy:  "Read the current state; `detail` says what conflicts with it.",
	},
	{
		Code:    CodeApprovalRefused,
		Meaning: "A person has refused the approval.",
		Cause: "A second member did not agree to the send or to its tool calls. Nothing was sent, and no tool that " +
			"needed the approval has run.",
		Remedy: "Read the approval's reason. Send again if that no longer holds.",
	},
	{
		Code:    CodeApprovalExpired,
		Meaning: "Nobody approved it in time.",
		Cause: "The deadline of the approval has passed. Nothing was sent, and no tool that needed the approval " +
			"has run.",
		Remedy: "Send again, and make sure that somebody decides.",
	},
	{
		Code:    CodeBodyTooLarge,
		Meaning: "The body is too large.",
		Cause:   "It is larger than 1 MiB or, for an inbound mail, than the limit for mails.",
		Remedy:  "Send less at once.",
	},
	{
		Code:    CodeUnsupportedMediaType,
		Meaning: "The body's type is not accepted.",
		Cause:   "Its `Content-Type` is not `application/json`, or it is compressed.",
		Remedy:  "Send JSON in UTF-8, uncompressed.",
	},
	{
		Code:    CodeRateLimited,
		Meaning: "There were too many requests.",
		Cause:   "The key, its workspace or the address has used up its limit.",
		Remedy:  "Wait as long as `Retry-After` says. In every answer, `RateLimit` says how much is left.",
	},
}

// failureProblems are the codes of what failed after the request was accepted.
var failureProblems = []ProblemText{
	{
		Code:    CodeDeliveryFailed,
		Meaning: "The message was not delivered.",
		Cause:   "Its provider refused it, or it was given up; `error_code` is the provider's code.",
		Remedy:  "Read the delivery that `delivery_id` names: its `explanation` says why, and `advice` what to do.",
	},
	{
		Code:    CodeToolCallFailed,
		Meaning: "A tool call failed, and the message was not sent.",
		Cause: "The tool answered with an error, or could not be reached. Earlier calls were undone where that is " +
			"possible.",
		Remedy: "Read the outcome of each call in `tool_calls`. Fix the cause, then send again.",
	},
	{
		Code:    CodeSummarizationFailed,
		Meaning: "The chat could not be summarized.",
		Cause:   "The model has refused, or its answer was not usable, more than once.",
		Remedy:  "Ask again later. The previous summary is kept.",
	},
	{
		Code:    CodeRecordLost,
		Meaning: "The message was handed to its provider, and its record is gone.",
		Cause:   "The delivery was removed while the provider had the message. It may have been sent.",
		Remedy:  "Do not send it again before you have looked at the provider's own log.",
	},
	{
		Code:    CodeTooLongForModel,
		Meaning: "A text is too long for the model.",
		Cause:   "It is longer than the model accepts in one request.",
		Remedy:  "None is needed: the text is split automatically, and callers do not see this code.",
	},
	{
		Code:    CodeActionEnded,
		Meaning: "The action was ended before it had done anything.",
		Cause:   "Its workflow was ended in Temporal, or has failed there.",
		Remedy:  "Resume the action, or ask again with the same key.",
	},
	{
		Code:    CodeUnavailable,
		Meaning: "A part of the service does not answer at the moment.",
		Cause:   "The database, Temporal or a provider is down or too slow, or the server is about to stop.",
		Remedy:  "Send the same request again later, with the same `Idempotency-Key`.",
	},
	{
		Code:    CodeInternal,
		Meaning: "The server has failed.",
		Cause:   "It is a fault of the server, not of the request.",
		Remedy: "Send the same request again later. If it keeps failing, tell the operator the last part of " +
			"`instance`, which identifies the request in the logs.",
	},
}
