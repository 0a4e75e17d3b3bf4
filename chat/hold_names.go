package chat

// NameHold returns in a few words why a delivery that was not sent waits for a person, by its error code. It returns ""
// for the codes of other deliveries, see [LeftAlone].
func NameHold(code string) string {
	return map[string]string{
		ErrorTriesExhausted: "tried in vain",
		ErrorWorkflowGone:   "workflow ended",
		ErrorAddressChanged: "address changed",
		ErrorSenderGone:     "sender removed",
		ErrorPossibleOptOut: "possible opt-out",
		ErrorChatMovedOn:    "customer has written since",
		ErrorTakenOver:      "chat taken over",
		ErrorBraked:         "stopped by a brake",
	}[code]
}
