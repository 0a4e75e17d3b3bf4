package chat

// conflictProblems are the codes of requests at odds with how things stand, and of how they were sent.
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
		Remedy: "Use a new key for a new request. To ask for the first answer, repeat the first request as it " +
			"was.",
	},
	{
		Code:    CodeRequestInProgress,
		Meaning: "The first request with this `Idempotency-Key` is still carried out.",
		Cause:   "The same request came twice at once, or the server was stopped during the first.",
		Remedy:  "Wait as long as `Retry-After` says, then send it again with the same key.",
	},
	{
		Code:    CodeAnswerLost,
		Meaning: "The request was carried out, and nobody has its answer.",
		Cause:   "The server was stopped between what was done and its answer.",
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
		Meaning: "Something is still going on in the chat.",
		Cause:   "Actions in it have not ended; `detail` names them.",
		Remedy:  "Wait until they end, or cancel them first.",
	},
	{
		Code:    CodeAlreadyExists,
		Meaning: "Such a thing exists already.",
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
		Meaning: "Something refers to the member.",
		Cause: "Chats, messages, API keys, the audit log or others name it: `errors` has each kind, and how many " +
			"there are.",
		Remedy: "Merge it into another member, or take away its addresses. Only one that was made by mistake, and " +
			"never used, is deleted.",
	},
	{
		Code:    CodeAddressTaken,
		Meaning: "Another member has this address.",
		Cause:   "Addresses belong to one member of a workspace each; `member_id` says to whom.",
		Remedy:  "Use that member, or merge the two.",
	},
	{
		Code:    CodeSummaryEdited,
		Meaning: "A person has written this summary.",
		Cause:   "What people wrote is not overwritten by itself.",
		Remedy:  "Ask with `overwrite` if it is to be written anew.",
	},
	{
		Code:    CodeDecided,
		Meaning: "It is decided already.",
		Cause:   "Somebody was quicker, the deadline has passed, or the approval was used.",
		Remedy:  "Read how it stands. For another decision, ask anew.",
	},
	{
		Code:    CodeApprovalVoid,
		Meaning: "What was approved is not what would be done now.",
		Cause:   "Something was changed after the approval was asked for.",
		Remedy:  "Ask for a new approval.",
	},
	{
		Code:    CodeTooManyApprovals,
		Meaning: "Too much that this member has asked for waits for a second member.",
		Cause:   "A member may have 100 requests waiting at a time, beside sends.",
		Remedy:  "Have some of those decided that `GET /approvals?state=waiting` lists. Each expires after 24 hours.",
	},
	{
		Code:    CodeActionGone,
		Meaning: "The action no longer runs.",
		Cause:   "It was ended in Temporal, or has finished, so that a decision reaches nobody.",
		Remedy:  "Read the action. If it says that it can be resumed, resume it.",
	},
	{
		Code:    CodeBulkOverlap,
		Meaning: "Another bulk retry is to retry some of the same deliveries.",
		Cause:   "Two at once would send the same messages twice.",
		Remedy:  "Wait for the other one, or cancel it; the answer names it.",
	},
	{
		Code:    CodeConflict,
		Meaning: "It is at odds with how things stand now.",
		Cause:   "Something has changed since you looked, or what you ask for is not possible in this state.",
		Remedy:  "Read it again; `detail` says what is in the way.",
	},
	{
		Code:    CodeApprovalRefused,
		Meaning: "A person has refused the approval.",
		Cause: "The send, or what it was to do first, was not agreed to. Nothing was sent, and no tool that " +
			"needed the approval has run.",
		Remedy: "Read the reason at the approval. Ask anew if things have changed.",
	},
	{
		Code:    CodeApprovalExpired,
		Meaning: "Nobody has approved it in time.",
		Cause: "The deadline of the approval has passed. Nothing was sent, and no tool that needed the approval " +
			"has run.",
		Remedy: "Ask anew, and see that somebody decides.",
	},
	{
		Code:    CodeBodyTooLarge,
		Meaning: "The body is too large.",
		Cause:   "It is over the limit of 1 MiB, or, of an inbound mail, over that of mails.",
		Remedy:  "Send less at once.",
	},
	{
		Code:    CodeUnsupportedMediaType,
		Meaning: "The body is not of a type that is taken.",
		Cause:   "Its `Content-Type` is not `application/json`, or it is compressed.",
		Remedy:  "Send JSON in UTF-8, uncompressed.",
	},
	{
		Code:    CodeRateLimited,
		Meaning: "There were too many requests.",
		Cause:   "The key, its workspace or the address has used up its limit.",
		Remedy:  "Wait as long as `Retry-After` says. `RateLimit` tells in every answer what is left.",
	},
}

// failureProblems are the codes of what failed after it was asked for.
var failureProblems = []ProblemText{
	{
		Code:    CodeDeliveryFailed,
		Meaning: "The message was not delivered.",
		Cause:   "Its provider has refused it, or it was given up; `error_code` is the provider's.",
		Remedy:  "Read the delivery that `delivery_id` names: its `explanation` says why, and `advice` what to do.",
	},
	{
		Code:    CodeToolCallFailed,
		Meaning: "A tool call failed, and the message was not sent.",
		Cause: "The tool answered with an error, or could not be reached. What had been done before was taken " +
			"back where that is possible.",
		Remedy: "Read `tool_calls`: each says how it went. Mend the cause, then send again.",
	},
	{
		Code:    CodeSummarizationFailed,
		Meaning: "The chat could not be summarized.",
		Cause:   "The model has refused, or its answer was not usable, more than once.",
		Remedy:  "Ask again later. The summary that was there is kept.",
	},
	{
		Code:    CodeRecordLost,
		Meaning: "The message was handed to its provider, and its record is gone.",
		Cause:   "The delivery was removed while the provider had the message. It may have been sent.",
		Remedy:  "Do not send it again before you have looked at the provider's own log.",
	},
	{
		Code:    CodeTooLongForModel,
		Meaning: "A text does not fit a model at once.",
		Cause:   "It is longer than the model takes.",
		Remedy:  "Nothing: the text is split by itself, and callers do not see this code.",
	},
	{
		Code:    CodeActionEnded,
		Meaning: "The action was ended before it had done anything.",
		Cause:   "Its workflow was ended in Temporal, or has failed there.",
		Remedy:  "Resume the action, or ask again with the same key.",
	},
	{
		Code:    CodeUnavailable,
		Meaning: "A part does not answer now.",
		Cause:   "The database, Temporal or a provider is down or too slow, or the server is about to stop.",
		Remedy:  "Send the same request again later, with the same `Idempotency-Key`.",
	},
	{
		Code:    CodeInternal,
		Meaning: "Something went wrong that should not.",
		Cause:   "It is a fault of the server, not of the request.",
		Remedy: "Send the same request again later. If it stays, tell the operator the end of `instance`, by " +
			"which the logs find it.",
	},
}
