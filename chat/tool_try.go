package chat

import "time"

// ToolRepeatWindow is how long a call whose outcome is not known is repeated by itself, from its
// first try on, if its tool is idempotent. After that a person must find out. It is shorter than the
// time in which the workflow tries a call at all, which ends a call that certainly did not run.
const ToolRepeatWindow = 10 * time.Minute

// statusConflict is the status of HTTP for a request that conflicts with what stands (RFC 9110, 15.5.10).
const statusConflict = 409

// ToolProgress is what is known of a tool call when a try of it ends.
type ToolProgress struct {
	Idempotent bool
	// MayHaveRun is set if an earlier try may have had its effect.
	MayHaveRun bool
	// Elapsed is the time since the first try began.
	Elapsed time.Duration
}

// ToolJudgement is where a call stands after a try.
type ToolJudgement struct {
	State ToolCallState
	// MayHaveRun reports whether this try or an earlier one may have had its effect.
	MayHaveRun bool
	// Message says why the call has not succeeded.
	Message string
}

// JudgeTry returns where a call stands after a try. A refusal speaks for its own try only: what an
// earlier one may have done, it may have done, whatever the tool says to its repetition. 409 then says
// that the earlier request is still being worked on, or is done
// (draft-ietf-httpapi-idempotency-key-header-07, 2.6).
func (p ToolProgress) JudgeTry(o ToolOutcome) ToolJudgement {
	judged := ToolJudgement{
		MayHaveRun: p.MayHaveRun || o.TookEffect,
		Message:    o.Message,
	}

	switch o.Kind {
	case ToolSucceeded:
		judged.State = ToolCallSucceeded
		judged.MayHaveRun = true

	case ToolNotRun:
		judged.State = ToolCallPending
		if p.MayHaveRun && p.Elapsed > ToolRepeatWindow {
			judged.State = ToolCallUnknown
		}

	case ToolUnknown:
		judged.State = p.repeatOrAsk()
		judged.MayHaveRun = true

	case ToolFailed:
		judged.State = ToolCallFailed

		if p.MayHaveRun && !o.TookEffect {
			judged.State = ToolCallUnknown
			if o.HTTPStatus == statusConflict {
				judged.State = p.repeatOrAsk()
			}

			judged.Message = "an earlier try may have done it, and its repetition did not: " + o.Message
		}
	}

	return judged
}

// repeatOrAsk returns the state of a call that may have run and whose outcome is not known.
func (p ToolProgress) repeatOrAsk() ToolCallState {
	if p.Idempotent && p.Elapsed <= ToolRepeatWindow {
		return ToolCallPending
	}

	return ToolCallUnknown
}
