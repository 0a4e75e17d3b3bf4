package chat

// CheckLookUp returns conflict if the provider cannot be asked about the delivery: nothing was posted, or everything
// that it could report is known.
func (d *Delivery) CheckLookUp() error {
	isAccepted := d.Submission == SubmissionAccepted

	switch {
	case d.Submission == SubmissionUnknown, d.Submission == SubmissionNeedsReview, d.Duplicate == DuplicatePossible:
		return nil
	case isAccepted && !d.DeliveryStatus.Final():
		return nil
	case isAccepted:
		return Errorf(CodeConflict, "the provider has told the final status of this delivery: %s", d.DeliveryStatus)
	case d.Fence == 0:
		return Errorf(CodeConflict, "there is nothing to ask for: no attempt was made")
	}

	return Errorf(CodeConflict, "there is nothing to ask for: the delivery is %s, and its outcome is known", d.Status())
}

// LookUpWorkflowID returns the id of the workflow that asks the provider about a delivery. There is one at a time.
func LookUpWorkflowID(ws WorkspaceID, id DeliveryID) string {
	return "look-up:" + string(ws) + ":" + string(id)
}
