package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"handrail/chat"
)

// The statuses of sends that wait for people before their delivery begins.
const (
	statusApproval    = "waiting_for_approval"
	statusContributor = "waiting_for_contributor"
	statusUnknownCall = "tool_call_unknown"
)

// sendView is all that is known of a send beside its delivery.
type sendView struct {
	chat.AssistantMessageSent
	// asked are the contributor requests of its tool calls, by their ids.
	asked map[chat.ContributorRequestID]chat.ContributorRequest
}

// findSend is the present state of a send: CodeActionNotFound while it is not prepared.
func (s *service) findSend(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (*sendView, error) {
	sent, err := s.store.SentMessage(ctx, ws, id)
	if err != nil {
		return nil, err
	}

	found := &sendView{AssistantMessageSent: sent, asked: map[chat.ContributorRequestID]chat.ContributorRequest{}}

	needs := func(c chat.ToolCall) bool { return c.Risk == chat.RiskApproval }
	if found.Approval == nil && slices.ContainsFunc(sent.ToolCalls, needs) {
		approval, err := s.store.Approval(ctx, ws, id)
		if err != nil && chat.CodeOf(err) != chat.CodeApprovalNotFound {
			return nil, err
		}

		if err == nil {
			found.Approval = &approval
		}
	}

	for _, c := range sent.ToolCalls {
		if c.Request == "" {
			continue
		}

		if found.asked[c.Request], err = s.store.ContributorRequest(ctx, ws, c.Request); err != nil {
			return nil, err
		}
	}

	return found, nil
}

// waits says what the send waits for beside its delivery, and as which status that shows;
// both are empty when its tool calls hold nothing up. What is not known, or is being taken
// back, stays so when the send is over; nothing else does.
func (s *sendView) waits(over bool) (sentence, status string) {
	if a := s.Approval; a != nil && a.State == chat.ApprovalWaiting && !over {
		return fmt.Sprintf("Waits for approval of %s by a member with %s other than member %d, until %s.",
			s.approvedCalls(), chat.ScopeChatsAdmin, a.RequestedBy, formatTime(a.Deadline)), statusApproval
	}

	if sentence := s.first(unknownCall); sentence != "" {
		return sentence, statusUnknownCall
	}

	if !over {
		if sentence := s.first(s.contributors); sentence != "" {
			return sentence, statusContributor
		}

		if sentence := s.first(runningCall); sentence != "" {
			return sentence, ""
		}
	}

	return s.first(runningUndo), ""
}

// first is what say has to say of the first call of which it says something.
func (s *sendView) first(say func(*chat.ToolCall) string) string {
	for i := range s.ToolCalls {
		if sentence := say(&s.ToolCalls[i]); sentence != "" {
			return sentence
		}
	}

	return ""
}

// approvedCalls names the calls that need approval: "call_1 (refund) and call_2 (pay)".
func (s *sendView) approvedCalls() string {
	var names []string

	for i := range s.ToolCalls {
		if slices.Contains(s.Approval.Calls, s.ToolCalls[i].ID) {
			names = append(names, callName(&s.ToolCalls[i]))
		}
	}

	if len(names) == 0 {
		return strings.Join(s.Approval.Calls, " and ")
	}

	return strings.Join(names, " and ")
}

func callName(c *chat.ToolCall) string { return c.ID + " (" + c.Name + ")" }

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// unknownCall asks for a person, when a call or its undo may have had its effect.
func unknownCall(c *chat.ToolCall) string {
	if c.State != chat.ToolCallUnknown && c.Undo != nil {
		c = c.Undo
	}

	if c.State != chat.ToolCallUnknown {
		return ""
	}

	why := ""
	if c.Error != "" {
		why = " (" + c.Error + ")"
	}

	return fmt.Sprintf(
		"Tool call %s may have had its effect%s; it is not run again by itself. A person must decide: resolve it "+
			"as succeeded, failed or retry.",
		callName(c),
		why,
	)
}

// contributors says whose answer a call waits for.
func (s *sendView) contributors(c *chat.ToolCall) string {
	if c.State != chat.ToolCallWaiting {
		return ""
	}

	r, ok := s.asked[c.Request]
	if !ok {
		return "Waits until contributors are asked for tool call " + callName(c) + "."
	}

	var names []string

	for _, a := range r.Questions {
		if a.State.Open() {
			names = append(names, a.MemberName)
		}
	}

	whose, join := "an answer of ", " or "
	if r.Require == chat.ContributorRequireAll && len(names) > 1 {
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

// runningCall speaks of a call that is with its tool, or is to be tried again.
func runningCall(c *chat.ToolCall) string {
	switch {
	case c.State == chat.ToolCallRunning:
		return fmt.Sprintf("Tool call %s is being run (attempt %d).", callName(c), c.Attempts)
	case c.State == chat.ToolCallPending && c.Attempts > 0 && c.Error != "":
		return fmt.Sprintf(
			"Tool call %s is tried again after attempt %d: %s.",
			callName(c),
			c.Attempts,
			strings.TrimSuffix(c.Error, "."),
		)

	case c.State == chat.ToolCallPending && c.Attempts > 0:
		return fmt.Sprintf("Tool call %s is tried again after attempt %d.", callName(c), c.Attempts)
	}

	return ""
}

func runningUndo(c *chat.ToolCall) string {
	if c.Undo == nil || c.Undo.State.Settled() {
		return ""
	}

	return fmt.Sprintf("Tool call %s takes back what %s has done.", callName(c.Undo), callName(c))
}

// timeline tells of the approval, and of each tool call, its questions and its undo.
func (s *sendView) timeline() []momentJSON {
	var moments []momentJSON
	tell := func(at time.Time, format string, args ...any) {
		moments = append(moments, momentJSON{At: at.UTC(), What: fmt.Sprintf(format, args...)})
	}

	s.tellApproval(tell)

	for i := range s.ToolCalls {
		c := &s.ToolCalls[i]
		tellCall(tell, "Tool call", c)

		if r, ok := s.asked[c.Request]; ok {
			tellRequest(tell, &r)
		}

		if c.Undo != nil {
			tellCall(tell, "Undo", c.Undo)
		}
	}

	return moments
}

type teller func(at time.Time, format string, args ...any)

func (s *sendView) tellApproval(tell teller) {
	a := s.Approval
	if a == nil {
		return
	}

	tell(s.CreatedAt, "Approval of %s was asked for, until %s.", s.approvedCalls(), formatTime(a.Deadline))

	at := a.Deadline
	if a.DecidedAt != nil {
		at = *a.DecidedAt
	}

	switch a.State {
	case chat.ApprovalApproved, chat.ApprovalRefused:
		tell(at, "Member %d %s it: %s", a.DecidedBy, a.State, a.Reason)
	case chat.ApprovalExpired:
		tell(at, "Nobody has approved it in time.")
	case chat.ApprovalWaiting:
	}
}

// tellCall tells of a call; of one that asks people, its request tells.
func tellCall(tell teller, what string, c *chat.ToolCall) {
	if c.StartedAt != nil && c.Request == "" {
		tell(*c.StartedAt, "%s %s began.", what, callName(c))
	}

	if d := c.Decision; d != nil {
		tell(d.At, "Member %d resolved %s as %s: %s", d.By, callName(c), d.Verdict, d.Reason)
	}

	if c.FinishedAt == nil {
		return
	}

	words := ""
	if c.Attempts > 1 {
		words = fmt.Sprintf(" after %d attempts", c.Attempts)
	}

	if c.ErrorCode != "" {
		words += ", " + c.ErrorCode
	}

	tell(*c.FinishedAt, "%s %s: %s%s.", what, callName(c), c.State, words)
}

func tellRequest(tell teller, r *chat.ContributorRequest) {
	names := make([]string, len(r.Questions))
	for i, a := range r.Questions {
		names[i] = a.MemberName
	}

	tell(
		r.CreatedAt,
		"Contributor request %s was opened for %s, until %s.",
		r.ID,
		strings.Join(names, ", "),
		formatTime(r.Deadline),
	)

	for _, a := range r.Questions {
		if a.AnsweredAt != nil {
			tell(*a.AnsweredAt, "%s answered.", a.MemberName)
		}
	}

	if r.State != chat.RequestOpen {
		tell(r.UpdatedAt, "%s", strings.TrimSpace(fmt.Sprintf("Contributor request %s: %s. %s", r.ID, r.State, r.Note)))
	}
}
