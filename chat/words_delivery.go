package chat

// deliveryWords are the tables of deliveries.
var deliveryWords = []WordTable{
	{
		Title:  "Submission of a delivery",
		Fields: "`submission` of a delivery, and its `status` until the provider has reported a final status",
		Words:  submissionWords,
	},
	{
		Title:  "Delivery status",
		Fields: "`carrier` of a delivery: what the provider says became of it. A final one is its `status` too",
		Words:  deliveryStatusWords,
	},
	{
		Title:  "Duplicate",
		Fields: "`duplicate` of a delivery",
		Words: []WordText{
			{
				Word:    string(DuplicateNone),
				Meaning: "At most one copy can have reached the recipient.",
			},
			{
				Word:     string(DuplicatePossible),
				Meaning:  "One attempt was accepted, and the outcome of another one is unknown.",
				ByItself: "Handrail looks for it in the provider's list for 48 hours.",
				Remedy: "Look for the unknown attempt at the provider: `handrail deliveries show` lists the " +
					"attempts.",
			},
			{
				Word:     string(DuplicateConfirmed),
				Meaning:  "Two copies were found.",
				ByItself: "The chat needs a response, with this as the reason.",
				Remedy:   "Tell the recipient which one counts.",
			},
		},
	},
	{
		Title:  "Outcome of an attempt",
		Fields: "`outcome` of each of a delivery's `attempts`",
		Words: []WordText{
			{Word: string(OutcomeAccepted), Meaning: "The provider accepted the message and gave it an id."},
			{
				Word:     string(OutcomeNotProcessed),
				Meaning:  "The provider certainly did not accept it: there was no connection, or it answered 429.",
				ByItself: "It is tried again.",
			},
			{Word: string(OutcomeRejected), Meaning: "The provider refused this message for good."},
			{Word: string(OutcomeBlocked), Meaning: "The provider refuses every message of this account or sender."},
			{Word: string(OutcomeSuppressed), Meaning: "The recipient has opted out."},
			{
				Word:    string(OutcomeUnknown),
				Meaning: "The request left and no clear answer came: the provider may have accepted it.",
			},
			{
				Word:    string(OutcomeAborted),
				Meaning: "Nothing was sent: the worker's time for this attempt was over.",
			},
		},
	},
	{
		Title:  "Whether an attempt reached the provider",
		Fields: "`reached` of each of a delivery's `attempts`",
		Words:  attemptReachWords,
	},
	{
		Title:  "Advice",
		Fields: "`advice` of a delivery that was refused or did not arrive",
		Words: []WordText{
			{Word: string(AdviceWait), Meaning: "The cause passes by itself.", Remedy: "Wait, then retry."},
			{Word: string(AdviceChangeText), Meaning: "The text was refused.", Remedy: "Retry with another text."},
			{
				Word:    string(AdviceChangeAddress),
				Meaning: "The address cannot be reached.",
				Remedy:  "Retry with another address.",
			},
			{
				Word:    string(AdviceChangeSender),
				Meaning: "The sender cannot write to this address.",
				Remedy:  "Retry with another sender.",
			},
			{
				Word:    string(AdviceMendAccount),
				Meaning: "The account at the provider, or its setup, is wrong.",
				Remedy:  "Fix it there, then retry.",
			},
			{
				Word:    string(AdviceNever),
				Meaning: "The recipient does not want the message, or it was not yours to send.",
				Remedy:  "Do not retry.",
			},
		},
	},
	{
		Title:  "A person's verdict on a delivery",
		Fields: "`verdict` of a delivery's `decision`",
		Words: []WordText{
			{Word: string(VerdictRetry), Meaning: "It is to be tried again."},
			{Word: string(VerdictCancel), Meaning: "It is not to be sent any more."},
			{Word: string(VerdictSent), Meaning: "It was sent: the provider has it, or the recipient does."},
			{Word: string(VerdictNotSent), Meaning: "It was not sent. It may then be retried."},
		},
	},
	{
		Title:  "Policy for unknown outcomes",
		Fields: "the variable `HANDRAIL_WHEN_UNKNOWN`",
		Words: []WordText{
			{Word: string(AtMostOnce), Meaning: "Without evidence a person decides. Nothing is sent again by itself."},
			{Word: string(ExpireUnknown), Meaning: "Without evidence the delivery ends as `expired`."},
			{
				Word:    string(ResendAfterSettle),
				Meaning: "Without evidence the message is posted again, three times at most. It may arrive twice.",
			},
		},
	},
}

var submissionWords = []WordText{
	{
		Word:     string(SubmissionPending),
		Meaning:  "The provider certainly does not have it. `waiting_for` and `explanation` say what it waits for.",
		ByItself: "It is tried for a day after its first attempt. After that it waits for a person for 30 days.",
		Remedy:   "`retry` tries now, `cancel` ends it.",
	},
	{
		Word:     string(SubmissionSending),
		Meaning:  "It is being posted to the provider.",
		ByItself: "It takes another state within about 70 seconds.",
	},
	{
		Word:    string(SubmissionAccepted),
		Meaning: "The provider has it. Its delivery status says whether it arrives.",
		ByItself: "Handrail waits for the final status: an hour for an SMS, a day for an email. Then it asks the " +
			"provider.",
	},
	{
		Word:    string(SubmissionRejected),
		Meaning: "The provider refused this message for good.",
		Remedy:  "`retry` with a change. `advice` says which.",
	},
	{
		Word:     string(SubmissionBlocked),
		Meaning:  "The provider refuses everything from this account or sender.",
		ByItself: "One message is tried every five minutes. When one gets through, all others follow at once.",
		Remedy:   "Fix the account at the provider, then `retry` one. Or `cancel`.",
	},
	{
		Word:    string(SubmissionSuppressed),
		Meaning: "The recipient has opted out, or the address has bounced.",
		Remedy:  "`handrail suppressions list` shows why. Once the recipient has opted in again, `retry`.",
	},
	{
		Word:    string(SubmissionUnknown),
		Meaning: "It may have been sent: the request left, and no clear answer came.",
		ByItself: "Handrail looks for evidence. Without any, it becomes `needs_review` after two minutes " +
			"(`HANDRAIL_SETTLE`), unless `HANDRAIL_WHEN_UNKNOWN` says otherwise.",
		Remedy: "`resolve` it, if you know.",
	},
	{
		Word:     string(SubmissionNeedsReview),
		Meaning:  "It may have been sent, and no evidence was found. A person must decide.",
		ByItself: "Evidence that comes later still resolves it.",
		Remedy:   "`resolve` it as sent or not sent, or `retry` it, which may send it twice.",
	},
	{
		Word:    string(SubmissionExpired),
		Meaning: "It may have been sent, and its time is over.",
		Remedy:  "`retry`, which may send it twice.",
	},
	{
		Word:    string(SubmissionCanceled),
		Meaning: "It was not sent and will not be.",
		Remedy:  "`retry` sends it anew.",
	},
	{
		Word:    string(SubmissionConfirmedSent),
		Meaning: "A person has confirmed that it was sent.",
	},
	{
		Word:    string(SubmissionAbandoned),
		Meaning: "It was given up: a person said that it was not sent, or another delivery took its place.",
		Remedy:  "`retry`, which may send it twice.",
	},
}

var deliveryStatusWords = []WordText{
	{Word: string(StatusScheduled), Meaning: "The provider sends it later.", ByItself: finalComes},
	{
		Word:     string(StatusAccepted),
		Meaning:  "The provider has it and has not chosen a sender yet.",
		ByItself: finalComes,
	},
	{Word: string(StatusQueued), Meaning: "It is in the provider's queue.", ByItself: finalComes},
	{Word: string(StatusSending), Meaning: "The provider is sending it.", ByItself: finalComes},
	{
		Word:     string(StatusSent),
		Meaning:  "The provider has sent it. It may not have arrived.",
		ByItself: finalComes,
	},
	{
		Word:     string(StatusDeferred),
		Meaning:  "The recipient's mail server has asked the provider to try later.",
		ByItself: "The provider tries for up to three days.",
	},
	{
		Word:     string(StatusUnconfirmed),
		Meaning:  "The provider never reported a final status, not even when Handrail asked.",
		ByItself: "A late report still counts.",
		Remedy:   "It most likely arrived. `retry` may send it twice.",
	},
	{
		Word:    string(StatusDelivered),
		Meaning: "It arrived: at the phone, or at the recipient's mail server.",
	},
	{Word: string(StatusRead), Meaning: "The recipient has opened it."},
	{
		Word:     string(StatusUndelivered),
		Meaning:  "It did not arrive.",
		ByItself: respond,
		Remedy:   seeAdvice,
	},
	{
		Word:     string(StatusBounced),
		Meaning:  "The recipient's mail server has refused the address.",
		ByItself: "The chat needs a response again. After a hard bounce the address gets no more.",
		Remedy:   seeAdvice,
	},
	{
		Word:     string(StatusFailed),
		Meaning:  "The provider accepted it and did not send it.",
		ByItself: respond,
		Remedy:   seeAdvice,
	},
	{
		Word:     string(StatusCanceled),
		Meaning:  "It was canceled at the provider before it left.",
		ByItself: respond,
		Remedy:   seeAdvice,
	},
}

// Sentences that several statuses have.
const (
	finalComes = "The provider reports the next status."
	respond    = "The chat needs a response again, with the reason."
	seeAdvice  = "`advice` says what to change before a `retry`; [codes.md](codes.md) explains each code."
)
