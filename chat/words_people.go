package chat

// questionWords are the tables of questions to contributors.
var questionWords = []WordTable{
	{
		Title:  "State of a contributor request",
		Fields: "`state` of a contributor request: one question to one or several people",
		Words: []WordText{
			{
				Word:     string(RequestOpen),
				Meaning:  "It waits for an answer.",
				ByItself: "It ends at its `deadline`.",
				Remedy:   "`handrail requests answer`, `extend` or `cancel`.",
			},
			{Word: string(RequestAnswered), Meaning: "The answer is there."},
			{Word: string(RequestDefaulted), Meaning: "Nobody answered in time, so the default answer was taken."},
			{
				Word:    string(RequestExpired),
				Meaning: "Nobody answered in time, and there was no default: the call failed.",
			},
			{Word: string(RequestFailed), Meaning: "Nobody who could answer can be reached. `note` says why."},
			{Word: string(RequestCanceled), Meaning: "A person canceled it."},
		},
	},
	{
		Title:  "State of one person's question",
		Fields: "`state` of each entry of a contributor request's `asks`",
		Words: []WordText{
			{
				Word:     string(QuestionPending),
				Meaning:  "It will be sent. By SMS a person is asked one question at a time.",
				ByItself: "It is sent when the question before it is over.",
			},
			{
				Word:     string(QuestionAsked),
				Meaning:  "It was sent.",
				ByItself: "The person is reminded before the deadline.",
			},
			{
				Word:     string(QuestionReplied),
				Meaning:  "A reply has come and is being read.",
				ByItself: "It is read at once.",
			},
			{
				Word:     string(QuestionUnreadable),
				Meaning:  "A reply has come that is not what was asked for. `why` says what is wrong.",
				ByItself: "The person is asked again.",
				Remedy:   "Read the reply in the chat and enter the answer: `handrail requests answer`.",
			},
			{Word: string(QuestionAnswered), Meaning: "The answer was read."},
			{Word: string(QuestionFailed), Meaning: "The question did not reach the person. `why` says why."},
			{Word: string(QuestionClosed), Meaning: "The answer is not needed any more."},
		},
	},
}

// chatWords are the tables of chats, messages and what comes in.
var chatWords = []WordTable{
	{
		Title:  "State of a chat",
		Fields: "`state` of a chat",
		Words: []WordText{
			{Word: string(StateOpen), Meaning: "The conversation goes on."},
			{Word: string(StateWaiting), Meaning: "It waits for the customer or for something else."},
			{Word: string(StateClosed), Meaning: "It is over. A message of the customer opens it again."},
			{Word: string(StateArchived), Meaning: "It is kept, and nothing is sent in it."},
		},
	},
	{
		Title:  "State of a message",
		Fields: "`state` of a message",
		Words: []WordText{
			{Word: string(MessageReceived), Meaning: "It came in."},
			{
				Word:    string(MessagePending),
				Meaning: "It is on its way to the provider.",
				Remedy:  "Its delivery says more.",
			},
			{Word: string(MessageSent), Meaning: "The provider accepted it."},
			{
				Word:    string(MessageNotSent),
				Meaning: "It has not reached its recipient: its tools failed, or the provider refused or lost it.",
				Remedy:  "Its delivery says more.",
			},
		},
	},
	{
		Title:  "Status of an inbound message",
		Fields: "`status` of an inbound message",
		Words: []WordText{
			{Word: string(InboundTaken), Meaning: "It is a message in a chat."},
			{Word: string(InboundAutomatic), Meaning: "It is in a chat, marked as written by a machine."},
			{
				Word:     string(InboundOrphaned),
				Meaning:  "It was sent to a number or an inbox that no workspace has.",
				ByItself: "It becomes a message in a chat if the number or inbox is entered in time.",
				Remedy:   "Enter the number or inbox, or `handrail inbound replay`.",
			},
			{
				Word:    string(InboundRefused),
				Meaning: "It could not be read. Its bytes are kept.",
				Remedy:  "`handrail inbound show` says why; `replay` reads it again.",
			},
		},
	},
	{
		Title:  "Reason of a suppression",
		Fields: "`reason` of a suppression: an address to which nothing may be sent",
		Words: []WordText{
			{
				Word:     string(SuppressedOptOut),
				Meaning:  "The recipient has answered STOP or a similar word.",
				ByItself: "START ends it.",
			},
			{Word: string(SuppressedCarrier), Meaning: "The provider says that the recipient has opted out there."},
			{Word: string(SuppressedGroup), Meaning: "The recipient has unsubscribed from one group of messages."},
			{Word: string(SuppressedUnsubscribe), Meaning: "The recipient has unsubscribed."},
			{
				Word:    string(SuppressedBounce),
				Meaning: "The recipient's mail server says that there is no such address.",
			},
			{Word: string(SuppressedSpam), Meaning: "The recipient has reported a mail as spam."},
			{Word: string(SuppressedManually), Meaning: "A member has entered the suppression."},
		},
	},
}

// memberWords are the tables of members and their roles.
var memberWords = []WordTable{
	{
		Title:  "Kind of a member",
		Fields: "`kind` of a member",
		Words: []WordText{
			{Word: string(KindPerson), Meaning: "A human: a customer, a colleague, a contributor."},
			{Word: string(KindAssistant), Meaning: "The AI that speaks in chats."},
		},
	},
	{
		Title:  "Role in the workspace",
		Fields: "`role` of a member",
		Words: []WordText{
			{Word: string(RoleManager), Meaning: "May use all scopes that its API keys have."},
			{Word: string(RoleUser), Meaning: "Reaches only the chats in which it takes part, whatever its keys have."},
		},
	},
	{
		Title:  "Role in a chat",
		Fields: "`role` of a participant",
		Words: []WordText{
			{Word: string(ParticipantOwner), Meaning: "Is responsible for the chat: its customer, at first."},
			{Word: string(ParticipantAssistant), Meaning: "The AI that speaks in the chat."},
			{Word: string(ParticipantOperator), Meaning: "A colleague who looks after the chat."},
			{Word: string(ParticipantContributor), Meaning: "Somebody whom the assistant may ask."},
			{Word: string(ParticipantObserver), Meaning: "Somebody who reads along."},
		},
	},
	{
		Title:  "Consent",
		Fields: "`consent` of a member, by channel",
		Words: []WordText{
			{Word: string(ConsentUnknown), Meaning: "The person has neither agreed nor refused."},
			{Word: string(ConsentGranted), Meaning: "The person has agreed to get messages."},
			{Word: string(ConsentRevoked), Meaning: "The person does not want messages. Nothing is sent."},
		},
	},
	{
		Title:  "State of a sender",
		Fields: "`state` of a sender in `GET /health`",
		Words: []WordText{
			{Word: string(SenderReady), Meaning: "Nothing is known that would stop its messages."},
			{
				Word:     string(SenderBlocked),
				Meaning:  "The provider refuses everything from this account or sender.",
				ByItself: "One message is tried every five minutes. When one gets through, all others follow at once.",
				Remedy:   "Fix the account at the provider, then `retry` the delivery in `probe_delivery_id`.",
			},
		},
	},
	{
		Title:  "Trust in what came in",
		Fields: "`level` of a message's `trust`",
		Words: []WordText{
			{Word: string(LevelVerified), Meaning: "It is proven that the named sender wrote it."},
			{Word: string(LevelNumber), Meaning: "Only the phone network names the number."},
			{
				Word:    string(LevelUnverified),
				Meaning: "Nothing proves who wrote it. It answers no question and gives no consent.",
			},
		},
	},
}
