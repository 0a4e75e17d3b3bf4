package chat

// requestProblems are the codes of requests that must change before they can succeed.
var requestProblems = []ProblemText{
	{
		Code:    CodeInvalidRequest,
		Field:   "request",
		Meaning: "The request cannot be carried out as it is.",
		Cause: "A field, a parameter or a header is missing, misspelled, of another type or outside its limits, " +
			"or the body is not JSON.",
		Remedy: "Read `errors`: it names each field, as you spelled it, and what would be right. Change those " +
			"and send the request again.",
	},
	{
		Code:    CodeInvalidRole,
		Field:   "role",
		Meaning: "The role does not fit the member or the chat.",
		Cause:   "A person was given the role of an assistant, or the other way round, or a word that is no role.",
		Remedy:  "Use one of the roles that the document lists for this kind of member.",
	},
	{
		Code:    CodeParticipantExists,
		Field:   "member_id",
		Meaning: "The member takes part in this chat already.",
		Cause:   "They were added before, or stand twice in the list of participants.",
		Remedy:  "List the participants of the chat. To change a role, change the participant that is there.",
	},
	{
		Code:    CodeLastOwner,
		Field:   "participant.role",
		Meaning: "The chat would be left without an owner.",
		Cause:   "The participant is its last owner.",
		Remedy:  "Make another participant owner first.",
	},
	{
		Code:    CodeLastManager,
		Field:   "member.role",
		Meaning: "The workspace would be left without a manager.",
		Cause:   "The member is its last manager.",
		Remedy:  "Make another member manager first.",
	},
	{
		Code:    CodeNoPhone,
		Field:   "member.phone",
		Meaning: "The recipient has no phone number.",
		Cause:   "The chat's channel is SMS, and its member has none.",
		Remedy:  "Set the member's `phone`, or use a chat on another channel.",
	},
	{
		Code:    CodeNoEmail,
		Field:   "member.email",
		Meaning: "The recipient has no email address.",
		Cause:   "The chat's channel is email, and its member has none.",
		Remedy:  "Set the member's `email`, or use a chat on another channel.",
	},
	{
		Code:    CodeNotificationsOff,
		Field:   "member.notifications_enabled",
		Meaning: "The recipient does not get messages.",
		Cause:   "The member's notifications are switched off.",
		Remedy:  "Ask the person. If they agree, switch the member's notifications on.",
	},
	{
		Code:    CodeRecipientOptedOut,
		Field:   "member.consent",
		Meaning: "The recipient has opted out.",
		Cause: "They have answered STOP, unsubscribed, or told somebody, who has recorded it. Or, as detail says, " +
			"messages to their address have bounced.",
		Remedy: "Do not write to them. They can opt in again by themselves with START; a manager can record that " +
			"they have done so. If the address has bounced, correct it, or retry the delivery to another one.",
	},
	{
		Code:    CodeSenderNotConfigured,
		Field:   "chat.phone_number_id",
		Meaning: "The chat has no phone number or inbox to send from.",
		Cause:   "None was chosen for it.",
		Remedy:  "Set `phone_number_id` or `inbox_id` of the chat.",
	},
	{
		Code:    CodeChannelNotSupported,
		Field:   "chat.channel",
		Meaning: "Messages cannot be sent on the chat's channel.",
		Cause:   "The channel only records messages.",
		Remedy:  "Use a chat on `phone-sms` or `email`.",
	},
	{
		Code:    CodeChatArchived,
		Field:   "chat.state",
		Meaning: "The chat is archived.",
		Cause:   "Somebody has set its state to `archived`; nothing is sent in such a chat.",
		Remedy:  "Set its state to `open` first.",
	},
	{
		Code:    CodeMessageTooLong,
		Field:   "message",
		Meaning: "The text is too long for its channel.",
		Cause:   "An SMS holds fewer characters than an email, and fewer still of some alphabets.",
		Remedy:  "Shorten it, or send it in parts.",
	},
	{
		Code:    CodeDefaultMissing,
		Field:   "to",
		Meaning: "The message needs a new chat, and the workspace has no default for something that the chat needs.",
		Cause:   "No default assistant, phone number or inbox is set: `detail` says which.",
		Remedy:  "Set it with `PUT /workspace-defaults`, or create the chat with `POST /chats`.",
	},
	{
		Code:    CodeUnknownTool,
		Field:   "tool_calls",
		Meaning: "There is no tool of this name for this chat.",
		Cause:   "It is misspelled, switched off, or not among the tools of the assistant.",
		Remedy:  "List the tools of the chat, and use one of their names.",
	},
	{
		Code:    CodeInvalidToolArguments,
		Field:   "tool_calls",
		Meaning: "The arguments do not fit the tool's schema.",
		Cause:   "A value is missing, of another type, or one that the tool does not accept.",
		Remedy:  "Read `errors`; the tool has the schema. Nothing was run.",
	},
	{
		Code:    CodeNothingToSummarize,
		Field:   "chat.messages",
		Meaning: "The chat has no messages.",
		Cause:   "Nothing was said yet.",
		Remedy:  "Ask again when there are messages.",
	},
	{
		Code:    CodeNotRatable,
		Field:   "path.message_uuid",
		Meaning: "The message cannot be rated.",
		Cause:   "The assistant did not write it.",
		Remedy:  "Rate messages of the role `assistant` only.",
	},
	{
		Code:    CodeTokenBudget,
		Field:   "workspace.token_budget",
		Meaning: "The workspace has used up this month's tokens.",
		Cause:   "Summaries and other uses of models have reached the limit that the operator has set.",
		Remedy:  "Wait for the next month, or ask the operator for a higher limit.",
	},
	{
		Code:    CodeToolUnavailable,
		Field:   "url",
		Meaning: "The tool or MCP server cannot be reached, or its answer makes no sense.",
		Cause: "It is down, its address is wrong, its credentials are refused, or it does not speak the " +
			"protocol.",
		Remedy: "Check its address and its secret, then ask again.",
	},
	{
		Code:    CodeAddressRefused,
		Field:   "url",
		Meaning: "The URL leads to a host that tools must not call.",
		Cause:   "Its host is in a private network, is the server itself, or is not on the list of allowed hosts.",
		Remedy:  "Use a public address, or ask the operator to allow the host.",
	},
	{
		Code:    CodeInvalidAnswer,
		Field:   "answer",
		Meaning: "The answer is not what the contributor was asked for.",
		Cause:   "It is none of the choices, or not a number where one was asked for.",
		Remedy:  "Give an answer that fits the request's `schema` or choices.",
	},
	{
		Code:    CodeEncryptionOff,
		Field:   "secrets",
		Meaning: "A secret was given, and cannot be kept safely.",
		Cause:   "No encryption keys are configured on the server.",
		Remedy:  "Ask the operator to configure them, or leave the secret out.",
	},
}

// accessProblems are the codes of requests that the caller may not make.
var accessProblems = []ProblemText{
	{
		Code:    CodeUnauthenticated,
		Meaning: "The API key is missing or not accepted.",
		Cause:   "There is no `Authorization: Bearer` header, or the key is misspelled, expired or revoked.",
		Remedy:  "Send a valid key. A lost key cannot be shown again: create a new one.",
	},
	{
		Code:    CodeForbidden,
		Meaning: "The key may not do this.",
		Cause:   "It does not have the scope that the operation needs, or its member does not take part in the chat.",
		Remedy:  "Use a key with the scope that `detail` names.",
	},
	{
		Code:    CodeInvalidSignature,
		Meaning: "The webhook was not signed by its provider.",
		Cause:   "The signing secret or the public URL is configured wrongly, or somebody else has called.",
		Remedy:  "Compare the provider's settings with the server's; see the operations guide.",
	},
	{
		Code:    CodeOwnRequest,
		Meaning: "Nobody can approve their own request.",
		Cause:   "It was requested by the same member, or by a member or key that they have made lately.",
		Remedy:  "Let another member decide.",
	},
	{
		Code:    CodeSenderNotGranted,
		Meaning: "The workspace may not use this sender.",
		Cause:   "The operator has not granted this phone number or address to it.",
		Remedy:  "Ask the operator to grant it.",
	},
	{
		Code:    CodeApprovalNeeded,
		Meaning: "A second member must approve it first.",
		Cause:   "It gives more rights than its requester has.",
		Remedy:  "Let another member approve it, then repeat the request with `approval_id`.",
	},
}
