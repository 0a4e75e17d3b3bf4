package chat

import "time"

// SenderGrant says that a sender belongs to a workspace: a number, a messaging service or an inbox's
// address. A sender belongs to one workspace of the installation, also after it was deleted.
type SenderGrant struct {
	// Sender is folded, see [FoldAddress].
	Sender      string
	WorkspaceID WorkspaceID
	GrantedAt   time.Time
	// InUse reports that the workspace has entered the sender.
	InUse bool
}

// EnterSender decides whether a workspace may enter a sender, of whose grant owner is the workspace, ""
// if nobody has it. In an installation with a single workspace, nobody else can lose it, and it need
// not be granted first. The error is sender_not_granted; it is the same whether another workspace has
// the sender or nobody.
func EnterSender(owner, ws WorkspaceID, single bool) error {
	if owner == ws || owner == "" && single {
		return nil
	}

	return Errorf(
		CodeSenderNotGranted,
		"this sender is not granted to the workspace; whoever runs Handrail grants it with 'handrail senders grant'",
	)
}

// GrantSender decides whether a sender may be granted to a workspace: sender_not_granted while it
// belongs to another one, which must lose it first.
func GrantSender(owner, ws WorkspaceID) error {
	if owner == "" || owner == ws {
		return nil
	}

	return Errorf(
		CodeSenderNotGranted,
		"the sender belongs to workspace %s; revoke it there first with 'handrail senders revoke'",
		owner,
	)
}
