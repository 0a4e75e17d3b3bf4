package chat

// ChangeSend asks for the text or the address of a send to be changed before it leaves.
type ChangeSend struct {
	WorkspaceID WorkspaceID
	ActionID    ActionID
	DeliveryID  DeliveryID
	Change      Change
	Reason      string
	By          Actor
}

// Validate holds the change to what the delivery's channel takes: invalid_request and message_too_long naming the
// field.
func (c *ChangeSend) Validate(d *Delivery) error {
	if c.Change == (Change{}) {
		return Invalid("message", "or to must be given: there is nothing to change")
	}

	// The text has another name here than in a retry.
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

// CheckChange says why the action cannot be changed: CodeAlreadySending when an attempt may have left, CodeConflict
// when it has ended, is no send to a chat's customer, or needs approval, which was or is asked for what was written
// then.
func (v *ActionView) CheckChange() error {
	err := v.findChangeRefusal()
	if err != nil {
		err.ActionID = string(v.ID)
		return err
	}

	return nil
}

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
			"this send needs approval, which is asked for what is written now; cancel it, and send another one",
		)
	}

	return nil
}
