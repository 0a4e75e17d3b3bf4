package chat

// Names of fields that several types have.
var (
	deliveryFields = []string{"status", "channel", "provider", "submission", "error_code", "message_id", "action_id"}
	toolCallFields = []string{"status", "error_code", "index", "call_id", "name", "message_id", "action_id"}
)

// Ids in the examples.
const (
	exampleEventMessage = "01983c5e-7a52-7d0e-9b1f-0b6f4a3c2d1e"
	exampleEventAction  = "01983c5e-7a50-7b3c-8f2a-5d4c3b2a1908"
	exampleEventSummary = "01983c60-1c2d-7e3f-8a4b-5c6d7e8f9012"
)

// eventTypes is the one table of all types; docs/events.md is written from it.
var eventTypes = []EventTypeText{
	{
		Type:    EventMessageCreated,
		Meaning: "A message was added to a chat.",
		When: "A customer's message has come in (`role` is `user`), or a message of the assistant's was stored " +
			"that is still to be delivered.",
		Fields: []string{"status", "role", "action_id"},
		Example: EventData{
			Status:   string(MessagePending),
			Role:     RoleAssistantMessage,
			ActionID: exampleEventAction,
		},
	},
	{
		Type:    EventMessageFailed,
		Meaning: "A message of the assistant's was not delivered.",
		When: "Its delivery has ended without being sent, or was lost after the provider took it. If it arrives " +
			"after all, `delivery.delivered` says so.",
		Fields: []string{"status", "role", "action_id"},
		Example: EventData{
			Status:   string(MessageNotSent),
			Role:     RoleAssistantMessage,
			ActionID: exampleEventAction,
		},
	},
	{
		Type:    EventDeliveryAccepted,
		Meaning: "The provider took a message.",
		When:    "It has answered so, or evidence has shown it later.",
		Fields:  deliveryFields,
		Example: deliveryExample(string(SubmissionAccepted), SubmissionAccepted, ""),
	},
	{
		Type:    EventDeliveryDelivered,
		Meaning: "A message has arrived.",
		When: "The provider reports it. It comes a second time, with the status `read`, if the provider reports " +
			"that the message was read.",
		Fields:  deliveryFields,
		Example: deliveryExample(string(StatusDelivered), SubmissionAccepted, ""),
	},
	{
		Type:    EventDeliveryUndelivered,
		Meaning: "A message that the provider took has not arrived.",
		When:    "The provider reports `undelivered`, `failed` or `canceled`.",
		Fields:  deliveryFields,
		Example: deliveryExample(string(StatusUndelivered), SubmissionAccepted, "twilio_30007"),
	},
	{
		Type:    EventDeliveryBounced,
		Meaning: "A message has come back.",
		When:    "The provider reports a bounce. That may be after `delivery.delivered`.",
		Fields:  deliveryFields,
		Example: deliveryExample(string(StatusBounced), SubmissionAccepted, "sendgrid_5.1.1"),
	},
	{
		Type:    EventDeliveryUnknown,
		Meaning: "It is not known whether the provider took a message.",
		When:    "The request has left and no clear answer came. Handrail looks for evidence.",
		Fields:  deliveryFields,
		Example: deliveryExample(string(SubmissionUnknown), SubmissionUnknown, ErrorLeaseExpired),
	},
	{
		Type:    EventDeliveryNeedsReview,
		Meaning: "A delivery waits for a person's decision.",
		When: "No evidence was found in time. Or it was not sent, its status is `pending`, and nothing tries it " +
			"again by itself: all tries are used up, its workflow is gone, a brake has held it, somebody has taken " +
			"the chat over (`error_code`).",
		Fields:  deliveryFields,
		Example: deliveryExample(string(SubmissionNeedsReview), SubmissionNeedsReview, ErrorLeaseExpired),
	},
	{
		Type:    EventDeliveryBlocked,
		Meaning: "A delivery waits for the account or the settings of its sender.",
		When:    "The provider refuses the account, or the sender is blocked already.",
		Fields:  deliveryFields,
		Example: deliveryExample(string(SubmissionBlocked), SubmissionBlocked, "twilio_20003"),
	},
	{
		Type:    EventDeliverySettled,
		Meaning: "A delivery has its final status.",
		When: "Nothing more happens to it by itself. It comes after the event that says what has happened, or " +
			"alone for the statuses `rejected`, `suppressed`, `expired`, `canceled`, `confirmed_sent`, `abandoned` " +
			"and `unconfirmed`. Evidence that comes later can still bring `delivery.accepted` and what follows it.",
		Fields:  deliveryFields,
		Example: deliveryExample(string(SubmissionRejected), SubmissionRejected, "twilio_21211"),
	},
	{
		Type:    EventChatCreated,
		Meaning: "A chat was made.",
		When:    "Somebody has made it, a message to a new customer has, or a message that came in.",
		Fields:  []string{"status", "channel"},
		Example: EventData{
			Status:  string(StateOpen),
			Channel: ChannelSMS,
		},
	},
	{
		Type:    EventChatUpdated,
		Meaning: "A chat was changed.",
		When: "One of `fields` has changed: `title`, `state`, `member_id`, `assistant_member_id`, " +
			"`phone_number_id`, `inbox_id`, `external_id`, `metadata`, `taken_over_by`, `participants`, `labels`, " +
			"`needs_response` (the chat needs no response any more) or `deleted`.",
		Fields: []string{"status", "fields", "channel"},
		Example: EventData{
			Status:  string(StateClosed),
			Fields:  []string{"state", "labels"},
			Channel: ChannelSMS,
		},
	},
	{
		Type:    EventChatNeedsResponse,
		Meaning: "A chat needs a response, and needed none before.",
		When:    "A message has come in, a message was lost, or somebody has said so.",
		Fields:  []string{"status", "channel"},
		Example: EventData{
			Status:  string(StateOpen),
			Channel: ChannelSMS,
		},
	},
	{
		Type:    EventChatEscalated,
		Meaning: "The assistant has asked for a person.",
		When:    "Its tool `talk_to_human` has succeeded.",
		Fields:  []string{"index", "message_id", "action_id"},
		Example: EventData{
			Index:     new(0),
			MessageID: exampleEventMessage,
			ActionID:  exampleEventAction,
		},
	},
	{
		Type:    EventChatPossibleOptOut,
		Meaning: "A customer may have asked for no more messages.",
		When:    "A message that came in reads so and is no keyword. A person decides.",
		Fields:  []string{"status", "channel"},
		Example: EventData{
			Status:  string(StateOpen),
			Channel: ChannelSMS,
		},
	},
	{
		Type:    EventSummaryUpdated,
		Meaning: "A chat shows another summary.",
		When:    "A model has written one, a person has changed it, or an earlier version was restored.",
		Fields:  []string{"channel", "summary_id"},
		Example: EventData{
			Channel:   ChannelSMS,
			SummaryID: exampleEventSummary,
		},
	},
	{
		Type:    EventToolCallSucceeded,
		Meaning: "A tool call has succeeded.",
		When:    "Its tool has done it, or a person has said so.",
		Fields:  toolCallFields,
		Example: toolCallExample(ToolCallSucceeded, ""),
	},
	{
		Type:    EventToolCallFailed,
		Meaning: "A tool call has failed.",
		When:    "Its tool has refused it, or all tries are used up. The message of the call is not delivered.",
		Fields:  toolCallFields,
		Example: toolCallExample(ToolCallFailed, string(CodeToolCallFailed)),
	},
	{
		Type:    EventToolCallUnknown,
		Meaning: "A tool call may have had its effect, and it is not known.",
		When:    "Its tool gave no clear answer, and the call must not be repeated. A person decides.",
		Fields:  toolCallFields,
		Example: toolCallExample(ToolCallUnknown, string(CodeToolCallFailed)),
	},
	{
		Type:    EventApprovalRequested,
		Meaning: "Something waits for a second person's approval.",
		When:    "A tool call of a send, or a change of rights or tools, needs one.",
		Fields:  []string{"status", "kind", "action_id"},
		Example: EventData{
			Status:   string(ApprovalWaiting),
			Kind:     ApprovalSend,
			ActionID: exampleEventAction,
		},
	},
	{
		Type:    EventApprovalDecided,
		Meaning: "An approval waits no longer.",
		When:    "A person has approved or refused it (`status`), it has expired, or what it was for is void.",
		Fields:  []string{"status", "kind", "action_id"},
		Example: EventData{
			Status:   string(ApprovalApproved),
			Kind:     ApprovalSend,
			ActionID: exampleEventAction,
		},
	},
	{
		Type:    EventContributorRequestOpened,
		Meaning: "Contributors of a chat are asked a question.",
		When:    "A tool call `contributor_input_request` has begun.",
		Fields:  []string{"status", "message_id", "action_id"},
		Example: EventData{
			Status:    string(RequestOpen),
			MessageID: exampleEventMessage,
			ActionID:  exampleEventAction,
		},
	},
	{
		Type:    EventContributorRequestAnswered,
		Meaning: "Contributors have answered a question.",
		When:    "Enough of them have. A question that ends otherwise is told by the event of its tool call.",
		Fields:  []string{"status", "message_id", "action_id"},
		Example: EventData{
			Status:    string(RequestAnswered),
			MessageID: exampleEventMessage,
			ActionID:  exampleEventAction,
		},
	},
	{
		Type:    EventContributorRequestExtended,
		Meaning: "Contributors have more time to answer a question.",
		When:    "A person has moved its deadline.",
		Fields:  []string{"status", "message_id", "action_id"},
		Example: EventData{
			Status:    string(RequestOpen),
			MessageID: exampleEventMessage,
			ActionID:  exampleEventAction,
		},
	},
	{
		Type:    EventSuppressionAdded,
		Meaning: "A sender must not write to an address any more.",
		When:    "The recipient has opted out, or the address cannot be reached.",
		Fields:  []string{"channel", "reason"},
		Example: EventData{
			Channel: ChannelSMS,
			Reason:  string(SuppressedOptOut),
		},
	},
	{
		Type:    EventSuppressionLifted,
		Meaning: "A sender may write to an address again.",
		When:    "A person has lifted the suppression, or the recipient has opted in.",
		Fields:  []string{"channel", "reason"},
		Example: EventData{
			Channel: ChannelSMS,
			Reason:  string(SuppressedOptOut),
		},
	},
	{
		Type:    EventSenderBlocked,
		Meaning: "The provider refuses everything of a sender.",
		When:    "It has refused the account. One delivery at a time tries whether it works again.",
		Fields:  []string{"provider", "error_code"},
		Example: EventData{
			Provider:  ProviderTwilio,
			ErrorCode: "twilio_20003",
		},
	},
	{
		Type:    EventSenderRestored,
		Meaning: "A sender that was blocked works again.",
		When:    "The provider has taken a message of it, or has refused one for another reason.",
		Fields:  []string{"provider"},
		Example: EventData{Provider: ProviderTwilio},
	},
	{
		Type:    EventBulkRetryPaused,
		Meaning: "A bulk retry has stopped, and waits for a person.",
		When:    "Too many of its deliveries have failed, or a person has paused it.",
		Fields:  []string{"status"},
		Example: EventData{Status: string(BulkPaused)},
	},
	{
		Type:    EventBulkRetryFinished,
		Meaning: "A bulk retry has ended.",
		When:    "It has tried all deliveries that it selected (`finished`), or was canceled.",
		Fields:  []string{"status"},
		Example: EventData{Status: string(BulkFinished)},
	},
	{
		Type:    EventWebhookEndpointDisabled,
		Meaning: "A webhook endpoint was disabled: it is told of no events.",
		When: "Nothing has arrived there for five days (`reason` is `failing`), it has answered 410 (`gone`), or " +
			"somebody has switched it off (`member`).",
		Fields:  []string{"status", "reason"},
		Example: EventData{Status: webhookDisabled, Reason: string(WebhookFailing)},
	},
}

func deliveryExample(status string, submission SubmissionState, code string) EventData {
	return EventData{
		Status:     status,
		Channel:    ChannelSMS,
		Provider:   ProviderTwilio,
		Submission: string(submission),
		ErrorCode:  code,
		MessageID:  exampleEventMessage,
		ActionID:   exampleEventAction,
	}
}

func toolCallExample(state ToolCallState, code string) EventData {
	return EventData{
		Status:    string(state),
		ErrorCode: code,
		Index:     new(0),
		CallID:    "call_1",
		Name:      "refund",
		MessageID: exampleEventMessage,
		ActionID:  exampleEventAction,
	}
}
