package chat

// NeedsAttention reports whether a person should look at the event soon: something waits for a person, or has not
// reached its recipient. The log tells of such events as warnings. What follows from one of them by itself, and what
// a person has done, is none.
func (e *Event) NeedsAttention() bool {
	switch e.Type {
	case EventDeliveryBlocked:
		// Those that wait for the sender of another one are told of with their sender.
		return e.Data.ErrorCode != ErrorSenderBlocked

	case EventDeliverySettled:
		switch SubmissionState(e.Data.Submission) {
		case SubmissionRejected, SubmissionSuppressed, SubmissionExpired:
			return true
		case SubmissionCanceled:
			// Nobody has canceled it.
			return e.Data.ErrorCode == ErrorWorkflowGone
		default:
			return false
		}

	case EventApprovalDecided:
		return e.Data.Status == string(ApprovalExpired)

	case EventWebhookEndpointDisabled:
		return e.Data.Reason != string(WebhookDisabledByMember)

	case EventDeliveryUnknown, EventDeliveryNeedsReview, EventDeliveryUndelivered, EventDeliveryBounced,
		EventChatEscalated, EventChatPossibleOptOut, EventToolCallFailed, EventToolCallUnknown,
		EventApprovalRequested, EventSenderBlocked, EventBulkRetryPaused:
		return true

	default:
		return false
	}
}
