package chat

import (
	"slices"
	"time"
)

// ActionFilter says which actions a list has. What is empty stands for all.
type ActionFilter struct {
	States     []ActionState
	Kinds      []ActionKind
	WaitingFor []Waiting
	ChatID     ChatID
	// Since and Until are about when they were asked for.
	Since, Until *time.Time
	// UpdatedSince bounds their last change.
	UpdatedSince *time.Time
	Page
}

// ActionView is an action with what is known of its message and its delivery.
type ActionView struct {
	Action
	// Send is the message of a send, nil before it is prepared. Delivery is its newest delivery, or that of a
	// retry.
	Send     *SendView
	Delivery *Delivery
}

// isOver reports whether the action has ended. Its delivery may go on, and so may what takes its tool calls back.
func (v *ActionView) isOver() bool { return v.State == ActionSucceeded || v.State == ActionFailed }

// Standing is where the action stands. What its tool calls wait for comes before what the delivery waits for, since
// that has not begun; and what they are taken back by comes after it.
func (v *ActionView) Standing() Standing {
	// Whether the recipient has opted out is decided before tools run for them.
	isLeftAlone := v.Delivery != nil && v.Delivery.waitingFor() == WaitingPerson
	if v.Send != nil && (v.isOver() || !isLeftAlone) {
		if standing := v.Send.Standing(v.isOver()); standing.Explanation != "" {
			return standing
		}
	}

	if v.ModelWait != nil && v.State == ActionRunning {
		return Standing{
			Explanation: v.ModelWait.Explain(),
			WaitingFor:  WaitingModel,
			Until:       UTC(&v.ModelWait.NextTry),
		}
	}

	if v.Delivery == nil || v.isOver() && v.Delivery.Submission.Settled() {
		return Standing{Explanation: v.ExplainWaiting()}
	}

	standing := v.Delivery.Standing()
	if v.isOver() && v.Delivery.ActionID != v.ID {
		// The retry waits, which is an action of its own.
		return Standing{Explanation: standing.Explanation}
	}

	return standing
}

// Status is the one word for where the action stands: what it waits for of people before its delivery, else how
// the delivery stands, else its own state. waiting is that of its standing.
func (v *ActionView) Status(waiting Waiting) string {
	if status := waiting.Status(); status != "" && !v.isOver() {
		return status
	}

	if v.Delivery != nil {
		return v.Delivery.Status()
	}

	return string(v.State)
}

// CheckCancel returns CodeAlreadySending if an attempt may have left, and CodeConflict if the action has ended or is of
// another kind. It returns nil for a send or a retry that certainly has sent nothing, and for a running bulk retry.
func (v *ActionView) CheckCancel() error {
	err := v.findCancelRefusal()
	if err != nil {
		err.ActionID = string(v.ID)
		return err
	}

	return nil
}

func (v *ActionView) findCancelRefusal() *Error {
	switch {
	case v.Kind == ActionRetryDeliveries && !v.isOver():
		return nil
	case v.Kind != ActionSendAssistantMessage && v.Kind != ActionRetryDelivery && !v.isOver():
		return Errorf(CodeConflict, "only a send, a retry and a bulk retry can be canceled; this ends by itself")
	case v.Delivery == nil && !v.isOver():
		return &Error{
			Code:      CodeConflict,
			Message:   "this action is just being stored, and cannot be canceled before it is; ask again",
			Retryable: true,
		}
	case v.Delivery != nil:
		if err := v.Delivery.CheckCancel(); err != nil {
			return AsError(err)
		}
	}

	if v.isOver() {
		return Errorf(CodeConflict, "there is nothing left to cancel: this action has %s", v.State)
	}

	return nil
}

// Timeline is what has happened to the action, its tool calls and its delivery, the oldest first.
func (v *ActionView) Timeline() []Moment {
	moments := v.Action.Timeline()

	var inside []Moment

	if v.Send != nil {
		inside = v.Send.Timeline()
	}

	if v.Delivery != nil {
		inside = append(inside, v.Delivery.Timeline()...)
	}

	// Between its beginning and its end, which may be of the same moment as the last attempt.
	moments = slices.Insert(moments, 1, inside...)
	slices.SortStableFunc(moments, func(a, b Moment) int { return a.At.Compare(b.At) })

	return moments
}
