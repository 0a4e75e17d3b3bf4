package chat

import "slices"

// ActionCommand is something that may be done about an action.
type ActionCommand string

// The commands.
const (
	CommandApprove         ActionCommand = "approve"
	CommandRefuse          ActionCommand = "refuse"
	CommandResolveToolCall ActionCommand = "resolve_tool_call"
	CommandResume          ActionCommand = "resume"
	CommandChange          ActionCommand = "change"
	CommandCancel          ActionCommand = "cancel"
)

// Commands are what may be done with a key about the action as it stands. Who has asked for an approval may resolve
// the call only as failed, since the other outcomes take a second member's word.
func (v *ActionView) Commands(key KeyID) []ActionCommand {
	var all []ActionCommand

	if v.Send != nil && !v.isOver() {
		all = v.Send.approvalCommands(key)
	}

	if v.Send != nil && v.Send.hasUnknownCall() {
		all = append(all, CommandResolveToolCall)
	}

	if v.Resumable() == nil {
		all = append(all, CommandResume)
	}

	if v.CheckChange() == nil {
		all = append(all, CommandChange)
	}

	if v.CheckCancel() == nil {
		all = append(all, CommandCancel)
	}

	return all
}

// approvalCommands are what may be done with a key about the approval that the send waits for. One that can lead to
// nothing any more can only be refused.
func (s *SendView) approvalCommands(key KeyID) []ActionCommand {
	a := s.Approval
	if a == nil || a.State != ApprovalWaiting || !slices.Contains(a.DeciderKeys, key) {
		return nil
	}

	if a.Unapprovable {
		return []ActionCommand{CommandRefuse}
	}

	return []ActionCommand{CommandApprove, CommandRefuse}
}

// hasUnknownCall reports whether a person must decide about a tool call, or about what takes it back.
func (s *SendView) hasUnknownCall() bool {
	return slices.ContainsFunc(s.ToolCalls, func(c ToolCall) bool {
		return c.State == ToolCallUnknown || c.Undo != nil && c.Undo.State == ToolCallUnknown
	})
}
