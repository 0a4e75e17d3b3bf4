package chat

// NeedsAttention reports whether a person should look at the event soon, because something waits for a person or has
// not reached its recipient. The process logs such events as warnings. Events that follow from one of them by
// themselves, and those of what a person has done, need none.
func (e *Event) NeedsAttention() bool {
	switch e.Type {
	case EventDeliveryBlocked:
		// A delivery that only waits because its sender is blocked is covered by the event of the sender.
		return e.Data.ErrorCode != ErrorSenderBlocked

	case EventDeliveryNeedsReview:
		// What the customer may have asked for is told of with the chat.
		return e.Data.ErrorCode != ErrorPossibleOptOut

	case EventDeliverySettled:
		switch SubmissionState(e.Data.Submission) {
		case SubmissionRejected, SubmissionSuppressed, SubmissionExpired:
			return true
		case SubmissionCanceled:
			// It has lost its workflow: nobody has canceled it.
			return e.Data.ErrorCode == ErrorWorkflowGone
		default:
			return false
		}

	case EventApprovalDecided:
		return e.Data.Status == string(ApprovalExpired)

	case EventDeliveryUnknown, EventDeliveryUndelivered, EventDeliveryBounced,
		EventChatEscalated, EventChatPossibleOptOut, EventToolCallFailed, EventToolCallUnknown,
		EventApprovalRequested, EventSenderBlocked, EventBulkRetryPaused, EventWebhookEndpointDisabled:
		return true

	default:
		return false
	}
}
