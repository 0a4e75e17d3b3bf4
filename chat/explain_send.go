package chat

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// SendView is all that is known of a send beside its delivery.
type SendView struct {
	AssistantMessageSent
	// Requests are the contributor requests of its tool calls, by their ids.
	Requests map[ContributorRequestID]ContributorRequest
}

// Standing is what the send waits for beside its delivery. It is a zero one when its tool calls hold nothing up.
// over reports that the send is over: then only a call whose outcome is not known, or an undo, is still waited for.
func (s *SendView) Standing(over bool) Standing {
	if s.Approval != nil && s.Approval.State == ApprovalWaiting && !over {
		return Standing{
			Explanation: s.ExplainApproval(),
			WaitingFor:  WaitingApproval,
			Until:       UTC(&s.Approval.Deadline),
		}
	}

	findUnknown := func(c *ToolCall) Standing { return findUnknownStanding(c, over) }
	if standing := s.findStanding(findUnknown); standing.Explanation != "" {
		return standing
	}

	if !over {
		for _, find := range []func(*ToolCall) Standing{s.findAskedStanding, findRunningStanding, findNextStanding} {
			if standing := s.findStanding(find); standing.Explanation != "" {
				return standing
			}
		}
	}

	return s.findStanding(findUndoStanding)
}

// ExplainApproval says whose approval a send waits for that needs one.
func (s *SendView) ExplainApproval() string {
	if s.Approval.Unapprovable {
		return fmt.Sprintf(
			"Waits for approval of %s, until %s. %s",
			s.approvedCalls(),
			formatTime(s.Approval.Deadline),
			VoidNow,
		)
	}

	if s.Approval.Alone {
		return fmt.Sprintf(
			"Waits for approval of %s, until %s. %s",
			s.approvedCalls(),
			formatTime(s.Approval.Deadline),
			NobodyElse,
		)
	}

	return fmt.Sprintf(
		"Waits for approval of %s by a member with %s other than member %d, until %s.",
		s.approvedCalls(),
		ScopeChatsAdmin,
		s.Approval.RequestedBy,
		formatTime(s.Approval.Deadline),
	)
}

// findStanding returns that of the first tool call that has one.
func (s *SendView) findStanding(find func(*ToolCall) Standing) Standing {
	for i := range s.ToolCalls {
		if standing := find(&s.ToolCalls[i]); standing.Explanation != "" {
			return standing
		}
	}

	return Standing{}
}

// approvedCalls names the calls that need approval: "call_1 (refund) and call_2 (pay)".
func (s *SendView) approvedCalls() string {
	var names []string

	for i := range s.ToolCalls {
		if slices.Contains(s.Approval.Calls, s.ToolCalls[i].ID) {
			names = append(names, s.ToolCalls[i].label())
		}
	}

	if len(names) == 0 {
		return strings.Join(s.Approval.Calls, " and ")
	}

	return strings.Join(names, " and ")
}

// label names a tool call within a sentence: "call_1 (refund)".
func (c *ToolCall) label() string { return c.ID + " (" + c.Name + ")" }

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// findUnknownStanding asks for a person when a call or its undo may have had its effect. Only a send that is not over
// ends the wait by itself.
func findUnknownStanding(c *ToolCall, over bool) Standing {
	isUndo := c.State != ToolCallUnknown && c.Undo != nil
	if isUndo {
		c = c.Undo
	}

	if c.State != ToolCallUnknown {
		return Standing{}
	}

	standing := Standing{WaitingFor: WaitingToolDecision}
	if c.FinishedAt != nil && !isUndo && !over {
		standing.Until = new(c.FinishedAt.UTC().Add(PersonDeadline))
	}

	standing.Explanation = c.ExplainUnknown(c.Error, standing.Until)

	return standing
}

// ExplainUnknown says what a person must do about a call that may have had its effect, why that is
// not known, and until when it is waited for, if that is known.
func (c *ToolCall) ExplainUnknown(why string, until *time.Time) string {
	if why != "" {
		why = " (" + why + ")"
	}

	sentence := fmt.Sprintf(
		"Tool call %s may have had its effect%s; it is not run again by itself. A person must decide: resolve it "+
			"as succeeded, failed or retry.",
		c.label(),
		why,
	)

	if until != nil {
		sentence += fmt.Sprintf(" If nobody does, it counts as failed from %s on.", formatTime(*until))
	}

	return sentence
}

// findAskedStanding says whose answer a call waits for.
func (s *SendView) findAskedStanding(c *ToolCall) Standing {
	if c.State != ToolCallWaiting {
		return Standing{}
	}

	standing := Standing{WaitingFor: WaitingContributor}

	r, ok := s.Requests[c.Request]
	if !ok {
		standing.Explanation = "Waits until contributors are asked for tool call " + c.label() + "."
		return standing
	}

	standing.Explanation = r.explainAnswers()
	standing.Until = UTC(&r.Deadline)

	return standing
}

// explainAnswers says whose answers a request waits for, by name.
func (r *ContributorRequest) explainAnswers() string {
	var names, unasked []string

	for _, a := range r.Questions {
		if a.State.Open() {
			names = append(names, a.MemberName)
		}

		if a.State == QuestionPending {
			unasked = append(unasked, a.MemberName)
		}
	}

	whose, join := "an answer of ", " or "
	if r.Require == ContributorRequireAll && len(names) > 1 {
		whose, join = "answers of ", " and "
	}

	if len(names) == 0 {
		return fmt.Sprintf("Contributor request %s is over, and its outcome is being taken.", r.ID)
	}

	sentence := fmt.Sprintf(
		"Waits for %s%s to contributor request %s, until %s.",
		whose,
		strings.Join(names, join),
		r.ID,
		formatTime(r.Deadline),
	)
	if len(unasked) == 0 {
		return sentence
	}

	return sentence + " Not asked yet: " + strings.Join(unasked, ", ") + ". The question is about to leave; by SMS a " +
		"person " +
		"is asked one thing at a time, so it follows shortly after an earlier one, if there is one, is over."
}

// findRunningStanding speaks of a call that is with its tool, or is to be tried again.
func findRunningStanding(c *ToolCall) Standing {
	sentence := ""

	switch {
	case c.State == ToolCallRunning:
		sentence = fmt.Sprintf("Tool call %s is being run (attempt %d).", c.label(), c.Attempts)
	case c.State == ToolCallPending && c.Attempts > 0 && c.Error != "":
		sentence = fmt.Sprintf(
			"Tool call %s is tried again after attempt %d: %s.",
			c.label(),
			c.Attempts,
			strings.TrimSuffix(c.Error, "."),
		)

	case c.State == ToolCallPending && c.Attempts > 0:
		sentence = fmt.Sprintf("Tool call %s is tried again after attempt %d.", c.label(), c.Attempts)
	default:
		return Standing{}
	}

	if c.StartedAt != nil {
		minutes := int(ToolPatience.Minutes())
		sentence += fmt.Sprintf(" It has at most %d minutes from %s on.", minutes, formatTime(*c.StartedAt))
	}

	return Standing{Explanation: sentence, WaitingFor: WaitingTool}
}

// findNextStanding speaks of a call that has not begun.
func findNextStanding(c *ToolCall) Standing {
	if c.State != ToolCallPending {
		return Standing{}
	}

	return Standing{
		Explanation: "Tool call " + c.label() + " is run next, when a worker is free. Nothing is delivered " +
			"before all have succeeded.",
		WaitingFor: WaitingTool,
	}
}

func findUndoStanding(c *ToolCall) Standing {
	if c.Undo == nil || c.Undo.State.Settled() {
		return Standing{}
	}

	return Standing{
		Explanation: fmt.Sprintf("Tool call %s takes back what %s has done.", c.Undo.label(), c.label()),
		WaitingFor:  WaitingTool,
	}
}
