package chat

import "time"

// Workspace is a tenant. Nothing is shared between two of them.
type Workspace struct {
	ID        WorkspaceID
	Name      string
	CreatedAt time.Time
}

// Actor is who does something, for the audit log.
type Actor struct {
	MemberID  MemberID `json:"member_id"`
	KeyID     KeyID    `json:"key_id,omitempty"`
	RequestID string   `json:"request_id,omitempty"`
	// Operator is who works on the installation's command line, as the machine names them.
	Operator string `json:"operator,omitempty"`
}

// AuditEntry is one change somebody made.
type AuditEntry struct {
	ID int64
	Actor
	// Verb is what was done, as object.verb: "member.created", "api_key.revoked".
	Verb string
	// Object is the id of what it was done to.
	Object string
	// Detail is a JSON object with what helps to understand the change, as [AuditDetail] makes it; it
	// holds no message text, address or secret.
	Detail []byte
	At     time.Time
}

// AuditFilter narrows the audit log; what is empty narrows nothing.
type AuditFilter struct {
	// Verb is a verb, or the kind of object before its point: "member.updated", "member".
	Verb     string
	Object   string
	MemberID MemberID
	KeyID    KeyID
	// Since and Until bound the time, without Until itself.
	Since, Until *time.Time
}

// Page asks for a part of a list. Cursor is the NextCursor of the part before, or "".
type Page struct {
	// Limit is the most entries, 0 for none.
	Limit  int
	Cursor string
	// Order turns the list's own order; "" leaves it.
	Order SortOrder
	// Sort is the name of a time that the list is sorted by, with "-" before it the newest first; "" is the list's
	// own. It is not given with Order.
	Sort string
	// Total asks how many entries the whole list has.
	Total bool
}

// SortOrder is the direction of a list.
type SortOrder string

// The directions.
const (
	Ascending  SortOrder = "asc"
	Descending SortOrder = "desc"
)

// MaxTotal is how far a list is counted.
const MaxTotal = 10_000

// List is a part of a list in its total order. NextCursor is "" at the end.
type List[T any] struct {
	Items      []T
	NextCursor string
	// Total is how many entries the whole list has, [MaxTotal] for that many or more; nil if it was not asked for.
	Total *int
}
