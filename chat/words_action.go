package chat

// actionWords are the tables of actions, of their tool calls and of approvals.
var actionWords = []WordTable{
	{
		Title:  "What something waits for",
		Fields: "`waiting_for` of actions and deliveries, also as a filter",
		Words:  waitingWords,
	},
	{
		Title:  "State of an action",
		Fields: "`state` of an action",
		Words: []WordText{
			{
				Word:     string(ActionRunning),
				Meaning:  "It is being carried out.",
				ByItself: "It goes on; `waiting_for` says what it waits for.",
			},
			{
				Word:    string(ActionParked),
				Meaning: "It waits for more than a moment: for another try, or for a person.",
				Remedy:  "`explanation` and `next` say what may be done.",
			},
			{Word: string(ActionSucceeded), Meaning: "It is done. Of a send: the provider accepted the message."},
			{Word: string(ActionFailed), Meaning: "It ended without its effect. `problem` says why."},
		},
	},
	{
		Title:  "Status of an action before its delivery begins",
		Fields: "`status` of an action, and `HandrailStatus` in Temporal",
		Words: []WordText{
			{
				Word:     StatusWaitingForApproval,
				Meaning:  "A second member must approve tool calls.",
				ByItself: "It expires after `HANDRAIL_APPROVAL_DEADLINE`, a day.",
				Remedy:   "`handrail approvals list`, then `approve` or `refuse`.",
			},
			{
				Word:     StatusWaitingForContributor,
				Meaning:  "A contributor was asked and has not answered.",
				ByItself: "It ends at the question's deadline.",
				Remedy:   "`handrail requests answer`, `extend` or `cancel`.",
			},
			{
				Word:     StatusToolCallUnknown,
				Meaning:  "A tool call may have had its effect, and nobody knows.",
				ByItself: "After 30 days it counts as failed.",
				Remedy:   "`handrail tool-calls resolve`.",
			},
		},
	},
	{
		Title:  "Status of a tool call",
		Fields: "`status` of a message's `tool_calls`",
		Words: []WordText{
			{
				Word:     string(ToolCallPending),
				Meaning:  "It has not run, or is to be tried again.",
				ByItself: "It is run.",
			},
			{
				Word:     string(ToolCallRunning),
				Meaning:  "Its tool is carrying it out.",
				ByItself: "It ends within 15 minutes of its first try.",
			},
			{
				Word:     string(ToolCallWaiting),
				Meaning:  "Contributors were asked.",
				ByItself: "It ends with their answer, or at the deadline.",
				Remedy:   "`handrail requests show` and `answer`.",
			},
			{
				Word:     string(ToolCallUnknown),
				Meaning:  "It may have had its effect. It is not run again by itself.",
				ByItself: "After 30 days it counts as failed.",
				Remedy:   "`handrail tool-calls resolve` it as succeeded, failed or retry.",
			},
			{Word: string(ToolCallSucceeded), Meaning: "It has had its effect. `result` has its answer."},
			{
				Word:    string(ToolCallFailed),
				Meaning: "It failed for good, so the message is not sent. `error` says why.",
			},
			{Word: string(ToolCallSkipped), Meaning: "It never ran, because the send was over before its turn."},
		},
	},
	{
		Title:  "State of an approval",
		Fields: "`state` of an approval",
		Words: []WordText{
			{
				Word:     string(ApprovalWaiting),
				Meaning:  "A second member must decide.",
				ByItself: "It expires at its `deadline`.",
				Remedy:   "`handrail approvals approve` or `refuse`.",
			},
			{Word: string(ApprovalApproved), Meaning: "A second member has agreed."},
			{Word: string(ApprovalRefused), Meaning: "A second member has refused. Nothing was done."},
			{Word: string(ApprovalExpired), Meaning: "Nobody decided in time. Nothing was done.", Remedy: "Ask again."},
			{
				Word: string(ApprovalVoid),
				Meaning: "What it is about was changed after it was asked for, or who asked may not ask any more. " +
					"Nothing was done.",
				Remedy: "Ask again.",
			},
		},
	},
	{
		Title:  "Kind of an approval",
		Fields: "`kind` of an approval",
		Words: []WordText{
			{Word: string(ApprovalSend), Meaning: "Tool calls of a send that need approval. The send waits."},
			{Word: string(ApprovalMemberRole), Meaning: "A member becomes a manager. The approval carries it out."},
			{
				Word: string(ApprovalKey),
				Meaning: "An API key that may do more than whoever asks for it. The key is made by repeating the " +
					"request.",
			},
			{Word: string(ApprovalToolChange), Meaning: "A tool is changed or added. The approval carries it out."},
			{Word: string(ApprovalToolTest), Meaning: "One run of a tool outside any send."},
			{Word: string(ApprovalToolSecret), Meaning: "One new signing secret of a tool."},
		},
	},
	{
		Title:  "State of a bulk retry",
		Fields: "`state` of a bulk retry",
		Words: []WordText{
			{
				Word:     string(BulkRunning),
				Meaning:  "It retries one delivery after the other.",
				ByItself: "It finishes, or pauses when too many fail.",
				Remedy:   "`handrail bulk-retries pause` or `cancel`.",
			},
			{
				Word:    string(BulkPaused),
				Meaning: "It begins no more deliveries: too many have failed, or a person paused it. `note` says why.",
				Remedy:  "Fix the cause, then `handrail bulk-retries resume`. Or `cancel`.",
			},
			{
				Word:    string(BulkFinished),
				Meaning: "It has retried or skipped every delivery. `by_status` counts the results.",
			},
			{Word: string(BulkCanceled), Meaning: "A person ended it. Deliveries that it had begun continue."},
		},
	},
	{
		Title:  "State of a summary",
		Fields: "`state` of a chat's summaries",
		Words: []WordText{
			{Word: string(SummaryRunning), Meaning: "A model reads the chat.", ByItself: "It succeeds or fails."},
			{Word: string(SummarySucceeded), Meaning: "The summary is written."},
			{
				Word:    string(SummaryFailed),
				Meaning: "It failed. Title, summary and labels are as before. `problem` says why.",
			},
		},
	},
}

var waitingWords = []WordText{
	{
		Word:     string(WaitingApproval),
		Meaning:  "A second member must approve tool calls of the message.",
		ByItself: "It expires at the approval's deadline, and nothing is sent.",
		Remedy:   "`handrail approvals approve` or `refuse`.",
	},
	{
		Word:     string(WaitingContributor),
		Meaning:  "Somebody was asked and has not answered.",
		ByItself: "At the deadline the default answer is taken; without one the send ends.",
		Remedy:   "`handrail requests answer`, `extend` or `cancel`.",
	},
	{
		Word:     string(WaitingTool),
		Meaning:  "A tool runs, or will be tried again.",
		ByItself: "It ends within 15 minutes.",
	},
	{
		Word:     string(WaitingToolDecision),
		Meaning:  "A tool call may have had its effect, and nobody knows.",
		ByItself: "After 30 days it counts as failed.",
		Remedy:   "`handrail tool-calls resolve`.",
	},
	{
		Word:     string(WaitingAttempt),
		Meaning:  "The first attempt is still to come, or the next one.",
		ByItself: "It is tried at the time that `waiting_until` names, and for a day at most.",
		Remedy:   "`retry` tries now, `cancel` ends it.",
	},
	{
		Word:     string(WaitingAddress),
		Meaning:  "Another message to the same address must leave first, or its outcome is unknown yet.",
		ByItself: "It leaves when the other one has left, has ended or waits for a person.",
		Remedy:   "`cancel` ends it.",
	},
	{
		Word:     string(WaitingSender),
		Meaning:  "The provider refuses every message of the sender.",
		ByItself: "One message is tried every five minutes. When one gets through, the others follow.",
		Remedy:   "Fix the account at the provider.",
	},
	{
		Word:     string(WaitingProvider),
		Meaning:  "It is being posted to the provider, or Handrail looks for evidence that the provider has it.",
		ByItself: "Its state changes by `waiting_until`.",
	},
	{
		Word:     string(WaitingReceipt),
		Meaning:  "The provider has it, and its final status is still to come.",
		ByItself: "After an hour (SMS) or a day (email) Handrail asks the provider.",
	},
	{
		Word:     string(WaitingModel),
		Meaning:  "The model's server has to be asked again.",
		ByItself: "It is asked again at the time that `waiting_until` names.",
	},
	{
		Word:     string(WaitingPerson),
		Meaning:  "A person must decide about a delivery.",
		ByItself: "After 30 days, what was certainly not sent ends as `canceled`.",
		Remedy:   "`next` lists what may be done, `handrail deliveries show` says why.",
	},
}
