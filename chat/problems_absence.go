package chat

// absenceProblems are the codes of what is not there.
var absenceProblems = []ProblemText{
	{
		Code:    CodeNotFound,
		Meaning: "There is nothing at this path.",
		Cause:   "The path is misspelled, has a slash too many, or belongs to another version.",
		Remedy:  "`GET /openapi.json` lists the paths that there are.",
	},
	{
		Code:    CodeWorkspaceNotFound,
		Meaning: "There is no such workspace for this key.",
		Cause:   "The id in the path is not that of the workspace which the key belongs to.",
		Remedy:  "Use the id of the key's own workspace.",
	},
	{
		Code:    CodeChatNotFound,
		Meaning: "There is no such chat.",
		Cause:   "It was deleted, or belongs to another workspace.",
		Remedy:  "List the chats to find its id.",
	},
	{
		Code:    CodeMemberNotFound,
		Meaning: "There is no such member.",
		Cause: "The id belongs to another workspace, or the member was merged into another one, whom " +
			"`member_id` names.",
		Remedy: "List the members to find the id, or use `member_id` of the answer.",
	},
	{
		Code:    CodeAssistantNotFound,
		Meaning: "The chat has no assistant to speak.",
		Cause:   "No assistant takes part in it.",
		Remedy:  "Add a member of the kind `assistant` to the chat.",
	},
	{
		Code:    CodeParticipantNotFound,
		Meaning: "There is no such participant.",
		Cause:   "They were removed from the chat, or the id is a member's.",
		Remedy:  "List the participants of the chat.",
	},
	{
		Code:    CodeMessageNotFound,
		Meaning: "There is no such message in this chat.",
		Cause:   "The id belongs to another chat, or is the number of a message instead of its uuid.",
		Remedy:  "List the messages of the chat.",
	},
	{
		Code:    CodeLabelNotFound,
		Meaning: "There is no such label.",
		Cause:   "It was deleted, or belongs to another workspace.",
		Remedy:  "List the labels.",
	},
	{
		Code:    CodeSenderNotFound,
		Meaning: "There is no such phone number or inbox.",
		Cause:   "It was deleted, or belongs to another workspace.",
		Remedy:  "List the phone numbers or the inboxes.",
	},
	{
		Code:    CodeDeliveryNotFound,
		Meaning: "There is no such delivery.",
		Cause:   "The id is a message's or an action's, or belongs to another workspace.",
		Remedy:  "List the deliveries.",
	},
	{
		Code:    CodeActionNotFound,
		Meaning: "There is no such action.",
		Cause:   "The id belongs to another workspace, or the action was removed after its time.",
		Remedy:  "List the actions.",
	},
	{
		Code:    CodeKeyNotFound,
		Meaning: "There is no such API key.",
		Cause:   "The id belongs to another workspace.",
		Remedy:  "List the API keys.",
	},
	{
		Code:    CodeSuppressionNotFound,
		Meaning: "There is no such suppression.",
		Cause:   "It was lifted already, or belongs to another workspace.",
		Remedy:  "List the suppressions.",
	},
	{
		Code:    CodeInboundNotFound,
		Meaning: "There is no such inbound message.",
		Cause:   "It was removed after its time, or belongs to another workspace.",
		Remedy:  "List what came in.",
	},
	{
		Code:    CodeBulkRetryNotFound,
		Meaning: "There is no such bulk retry.",
		Cause:   "The id belongs to another workspace, or is another action's.",
		Remedy:  "List the bulk retries.",
	},
	{
		Code:    CodeToolNotFound,
		Meaning: "There is no such tool or MCP server.",
		Cause:   "It was deleted, or belongs to another workspace.",
		Remedy:  "List the tools.",
	},
	{
		Code:    CodeWebhookNotFound,
		Meaning: "There is no such webhook endpoint.",
		Cause:   "It was deleted, or belongs to another workspace.",
		Remedy:  "List the webhook endpoints.",
	},
	{
		Code:    CodeRuleNotFound,
		Meaning: "There is no such notification rule.",
		Cause:   "It was deleted, or belongs to another workspace.",
		Remedy:  "List the notification rules.",
	},
	{
		Code:    CodeEventNotFound,
		Meaning: "There is no such event.",
		Cause:   "It is older than events are kept, or belongs to another workspace.",
		Remedy:  "Read `GET /events`.",
	},
	{
		Code:    CodeToolCallNotFound,
		Meaning: "The message has no such tool call.",
		Cause:   "The id is another message's, or the call is not one that waits for a decision.",
		Remedy:  "Read the calls of the action or of the message.",
	},
	{
		Code:    CodeApprovalNotFound,
		Meaning: "There is no such approval.",
		Cause:   "The id belongs to another workspace, or nothing was to be approved.",
		Remedy:  "List the approvals.",
	},
	{
		Code:    CodeRequestNotFound,
		Meaning: "There is no such request to contributors.",
		Cause:   "The id belongs to another workspace, or you are not among those who were asked.",
		Remedy:  "List the contributor requests.",
	},
	{
		Code:    CodeSummaryNotFound,
		Meaning: "There is no such version of the summary.",
		Cause:   "The id belongs to another chat.",
		Remedy:  "List the summaries of the chat.",
	},
}
