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

// describeWait says what the send waits for beside its delivery, and as which status that
// shows; both are empty when its tool calls hold nothing up. Unknown calls and running undos
// are described even when the send is over; nothing else is.
func (s *sendView) describeWait(over bool) (sentence, status string) {
	if a := s.Approval; a != nil && a.State == chat.ApprovalWaiting && !over {
		return fmt.Sprintf("Waits for approval of %s by a member with %s other than member %d, until %s.",
			s.approvedCalls(), chat.ScopeChatsAdmin, a.RequestedBy, formatTime(a.Deadline)), statusApproval
	}

	if sentence := s.findSentence(describeUnknownCall); sentence != "" {
		return sentence, statusUnknownCall
	}

	if !over {
		if sentence := s.findSentence(s.describeContributors); sentence != "" {
			return sentence, statusContributor
		}

		if sentence := s.findSentence(describeRunningCall); sentence != "" {
			return sentence, ""
		}
	}

	return s.findSentence(describeRunningUndo), ""
}

// findSentence returns the sentence about the first call for which describe has one, and an
// empty text without such a call.
func (s *sendView) findSentence(describe func(*chat.ToolCall) string) string {
	for i := range s.ToolCalls {
		if sentence := describe(&s.ToolCalls[i]); sentence != "" {
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

// describeUnknownCall asks for a person, when a call or its undo may have had its effect.
func describeUnknownCall(c *chat.ToolCall) string {
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

// describeContributors says whose answer a call waits for.
func (s *sendView) describeContributors(c *chat.ToolCall) string {
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

	if len(names) == 0 {
		return fmt.Sprintf("Contributor request %s is over, and its outcome is being taken.", r.ID)
	}

	answers := "an answer of " + strings.Join(names, " or ")
	if r.Require == chat.ContributorRequireAll && len(names) > 1 {
		answers = "answers of " + strings.Join(names, " and ")
	}

	return fmt.Sprintf(
		"Waits for %s to contributor request %s, until %s.",
		answers,
		r.ID,
		formatTime(r.Deadline),
	)
}

// describeRunningCall describes a call that is with its tool, or is to be tried again.
func describeRunningCall(c *chat.ToolCall) string {
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

func describeRunningUndo(c *chat.ToolCall) string {
	if c.Undo == nil || c.Undo.State.Settled() {
		return ""
	}

	return fmt.Sprintf("Tool call %s takes back what %s has done.", callName(c.Undo), callName(c))
}

// timeline returns the moments of the approval, and of each tool call with its questions and undo.
func (s *sendView) timeline() []momentJSON {
	var moments []momentJSON

	add := func(at time.Time, format string, args ...any) {
		moments = append(moments, momentJSON{At: at.UTC(), What: fmt.Sprintf(format, args...)})
	}

	s.addApproval(add)

	for i := range s.ToolCalls {
		c := &s.ToolCalls[i]
		addCall(add, "Tool call", c)

		if r, ok := s.asked[c.Request]; ok {
			addRequest(add, &r)
		}

		if c.Undo != nil {
			addCall(add, "Undo", c.Undo)
		}
	}

	return moments
}

// momentAdder adds a moment to a timeline.
type momentAdder func(at time.Time, format string, args ...any)

func (s *sendView) addApproval(add momentAdder) {
	a := s.Approval
	if a == nil {
		return
	}

	add(s.CreatedAt, "Approval of %s was asked for, until %s.", s.approvedCalls(), formatTime(a.Deadline))

	at := a.Deadline
	if a.DecidedAt != nil {
		at = *a.DecidedAt
	}

	switch a.State {
	case chat.ApprovalApproved, chat.ApprovalRefused:
		add(at, "Member %d %s it: %s", a.DecidedBy, a.State, a.Reason)
	case chat.ApprovalExpired:
		add(at, "Nobody has approved it in time.")
	case chat.ApprovalWaiting:
	}
}

// addCall adds the moments of a call. The beginning of one that asks people is its request's.
func addCall(add momentAdder, what string, c *chat.ToolCall) {
	if c.StartedAt != nil && c.Request == "" {
		add(*c.StartedAt, "%s %s began.", what, callName(c))
	}

	if d := c.Decision; d != nil {
		add(d.At, "Member %d resolved %s as %s: %s", d.By, callName(c), d.Verdict, d.Reason)
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

	add(*c.FinishedAt, "%s %s: %s%s.", what, callName(c), c.State, words)
}

func addRequest(add momentAdder, r *chat.ContributorRequest) {
	names := make([]string, len(r.Questions))
	for i, a := range r.Questions {
		names[i] = a.MemberName
	}

	add(
		r.CreatedAt,
		"Contributor request %s was opened for %s, until %s.",
		r.ID,
		strings.Join(names, ", "),
		formatTime(r.Deadline),
	)

	for _, a := range r.Questions {
		if a.AnsweredAt != nil {
			add(*a.AnsweredAt, "%s answered.", a.MemberName)
		}
	}

	if r.State != chat.RequestOpen {
		add(r.UpdatedAt, "%s", strings.TrimSpace(fmt.Sprintf("Contributor request %s: %s. %s", r.ID, r.State, r.Note)))
	}
}
