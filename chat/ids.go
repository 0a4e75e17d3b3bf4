package chat

// WorkspaceID is the UUID of a workspace, in lower-case canonical form.
type WorkspaceID string

// Ids that the database gives out. They are unique across workspaces, and still never
// looked up without one.
type (
	// MemberID identifies a person or an assistant of a workspace.
	MemberID int64
	// ChatID identifies a chat.
	ChatID int64
	// ParticipantID identifies one member's place in one chat.
	ParticipantID int64
	// LabelID identifies a label of a workspace.
	LabelID int64
	// PhoneNumberID identifies a sender for SMS.
	PhoneNumberID int64
	// InboxID identifies a sender for email.
	InboxID int64
	// KeyID identifies an API key; it is not the key.
	KeyID int64
	// ToolID identifies an HTTP tool or an MCP server.
	ToolID int64
)

// Ids that are UUIDs, in lower-case canonical form.
type (
	// MessageID is a UUIDv7.
	MessageID string
	// DeliveryID is a UUIDv7.
	DeliveryID string
	// ActionID is a UUIDv7, or a UUIDv8 made from the idempotency key when the
	// caller gave one (docs/decisions/0002-action-ids.md).
	ActionID string
	// ApprovalID is the action of the send that waits, or a UUIDv7 for everything else.
	ApprovalID string
	// ContributorRequestID is a UUIDv7.
	ContributorRequestID string
	// SummaryID is the UUIDv7 of one version of a summary.
	SummaryID string
	// InboundID is the UUIDv7 of what came in for one sender of ours.
	InboundID string
	// QuestionID is the UUIDv7 of one contributor's part in a request.
	QuestionID string
)
