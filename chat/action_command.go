package chat

import "slices"

// ActionCommand is a command for an action.
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

// Commands returns the commands that a key may use on the action now. The requester of an approval may resolve its call
// only as failed, because the other outcomes need a second member.
func (v *ActionView) Commands(key KeyID) []ActionCommand {
	var all []ActionCommand

	if v.Send != nil && !v.isOver() {
		all = v.Send.listApprovalCommands(key)
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

// listApprovalCommands returns the commands that a key may use on the approval that the send waits for. An approval
// that can no longer be approved can only be refused.
func (s *SendView) listApprovalCommands(key KeyID) []ActionCommand {
	a := s.Approval
	if a == nil || a.State != ApprovalWaiting || !slices.Contains(a.DeciderKeys, key) {
		return nil
	}

	if a.Unapprovable {
		return []ActionCommand{CommandRefuse}
	}

	return []ActionCommand{CommandApprove, CommandRefuse}
}

// hasUnknownCall reports whether a person must resolve a tool call or its undo.
func (s *SendView) hasUnknownCall() bool {
	return slices.ContainsFunc(s.ToolCalls, func(c ToolCall) bool {
		return c.State == ToolCallUnknown || c.Undo != nil && c.Undo.State == ToolCallUnknown
	})
}
