package chat

// ChangeSend changes the text or the address of a send before it leaves.
type ChangeSend struct {
	WorkspaceID WorkspaceID
	ActionID    ActionID
	DeliveryID  DeliveryID
	Change      Change
	Reason      string
	By          Actor
}

// Validate returns invalid_request or message_too_long, naming the field, if the change does not fit the delivery's
// channel.
func (c *ChangeSend) Validate(d *Delivery) error {
	if c.Change == (Change{}) {
		return Invalid("message", "or to must be given: there is nothing to change")
	}

	// The text is checked below, because its field has another name than in a retry.
	address := c.Change
	address.Body = ""

	if err := address.Validate(d.Channel); err != nil {
		return err
	}

	if c.Change.Body == "" {
		return nil
	}

	spec := d.Channel.Spec()

	return CheckText("message", c.Change.Body, spec.MaxMessage)
}

// CheckChange returns CodeAlreadySending if an attempt may have left, and CodeConflict if the action has ended, is no
// send to a chat's customer, or has an approval, which is for the text as it was.
func (v *ActionView) CheckChange() error {
	err := v.findChangeRefusal()
	if err != nil {
		err.ActionID = string(v.ID)
		return err
	}

	return nil
}

// findChangeRefusal returns the error of CheckChange, nil if the action can be changed.
func (v *ActionView) findChangeRefusal() *Error {
	if v.Kind != ActionSendAssistantMessage {
		return Errorf(CodeConflict, "only a send can be changed; retry a delivery with another text or address instead")
	}

	if err := v.findCancelRefusal(); err != nil {
		return err
	}

	if v.Delivery.ActionID != v.ID {
		return Errorf(
			CodeConflict,
			"this send was tried again by another action; change that one's delivery by a retry",
		)
	}

	if v.Send != nil && v.Send.Approval != nil {
		return Errorf(
			CodeConflict,
			"this send has an approval, which is for its present text; cancel it, and send another one",
		)
	}

	return nil
}
