package chat

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The statuses of sends that wait for people before their delivery begins.
const (
	StatusWaitingForApproval    = "waiting_for_approval"
	StatusWaitingForContributor = "waiting_for_contributor"
	StatusToolCallUnknown       = "tool_call_unknown"
)

// SendView is all that is known of a send beside its delivery.
type SendView struct {
	AssistantMessageSent
	// Requests are the contributor requests of its tool calls, by their ids.
	Requests map[ContributorRequestID]ContributorRequest
}

// ExplainWaiting says what the send waits for beside its delivery, and as which status that
// shows. Both are empty when its tool calls hold nothing up. over reports that the send is
// over: then only a call whose outcome is not known, or an undo, is still waited for.
func (s *SendView) ExplainWaiting(over bool) (sentence, status string) {
	if s.Approval != nil && s.Approval.State == ApprovalWaiting && !over {
		return s.ExplainApproval(), StatusWaitingForApproval
	}

	if sentence := s.explainFirst(explainUnknownCall); sentence != "" {
		return sentence, StatusToolCallUnknown
	}

	if !over {
		if sentence := s.explainFirst(s.explainContributors); sentence != "" {
			return sentence, StatusWaitingForContributor
		}

		if sentence := s.explainFirst(explainRunningCall); sentence != "" {
			return sentence, ""
		}
	}

	return s.explainFirst(explainRunningUndo), ""
}

// ExplainApproval says whose approval a send waits for that needs one.
func (s *SendView) ExplainApproval() string {
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

// explainFirst returns the sentence about the first tool call for which there is one.
func (s *SendView) explainFirst(explain func(*ToolCall) string) string {
	for i := range s.ToolCalls {
		if sentence := explain(&s.ToolCalls[i]); sentence != "" {
			return sentence
		}
	}

	return ""
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

// explainUnknownCall asks for a person when a call or its undo may have had its effect.
func explainUnknownCall(c *ToolCall) string {
	if c.State != ToolCallUnknown && c.Undo != nil {
		c = c.Undo
	}

	if c.State != ToolCallUnknown {
		return ""
	}

	return c.ExplainUnknown(c.Error)
}

// ExplainUnknown says what a person must do about a call that may have had its effect, and why
// that is not known.
func (c *ToolCall) ExplainUnknown(why string) string {
	if why != "" {
		why = " (" + why + ")"
	}

	return fmt.Sprintf(
		"Tool call %s may have had its effect%s; it is not run again by itself. A person must decide: resolve it "+
			"as succeeded, failed or retry.",
		c.label(),
		why,
	)
}

// explainContributors says whose answer a call waits for.
func (s *SendView) explainContributors(c *ToolCall) string {
	if c.State != ToolCallWaiting {
		return ""
	}

	r, ok := s.Requests[c.Request]
	if !ok {
		return "Waits until contributors are asked for tool call " + c.label() + "."
	}

	return r.explainAnswers()
}

// explainAnswers says whose answers a request waits for, by name.
func (r *ContributorRequest) explainAnswers() string {
	var names []string

	for _, a := range r.Questions {
		if a.State.Open() {
			names = append(names, a.MemberName)
		}
	}

	whose, join := "an answer of ", " or "
	if r.Require == ContributorRequireAll && len(names) > 1 {
		whose, join = "answers of ", " and "
	}

	if len(names) == 0 {
		return fmt.Sprintf("Contributor request %s is over, and its outcome is being taken.", r.ID)
	}

	return fmt.Sprintf(
		"Waits for %s%s to contributor request %s, until %s.",
		whose,
		strings.Join(names, join),
		r.ID,
		formatTime(r.Deadline),
	)
}

// explainRunningCall speaks of a call that is with its tool, or is to be tried again.
func explainRunningCall(c *ToolCall) string {
	switch {
	case c.State == ToolCallRunning:
		return fmt.Sprintf("Tool call %s is being run (attempt %d).", c.label(), c.Attempts)
	case c.State == ToolCallPending && c.Attempts > 0 && c.Error != "":
		return fmt.Sprintf(
			"Tool call %s is tried again after attempt %d: %s.",
			c.label(),
			c.Attempts,
			strings.TrimSuffix(c.Error, "."),
		)

	case c.State == ToolCallPending && c.Attempts > 0:
		return fmt.Sprintf("Tool call %s is tried again after attempt %d.", c.label(), c.Attempts)
	}

	return ""
}

func explainRunningUndo(c *ToolCall) string {
	if c.Undo == nil || c.Undo.State.Settled() {
		return ""
	}

	return fmt.Sprintf("Tool call %s takes back what %s has done.", c.Undo.label(), c.label())
}
