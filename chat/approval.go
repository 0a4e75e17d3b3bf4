package chat

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// ApprovalState is where an approval stands.
type ApprovalState string

// The states of an approval.
const (
	ApprovalWaiting  ApprovalState = "waiting"
	ApprovalApproved ApprovalState = "approved"
	ApprovalRefused  ApprovalState = "refused"
	// ApprovalExpired: nobody has decided in time.
	ApprovalExpired ApprovalState = "expired"
	// ApprovalVoid: what it is about was changed after it was asked for, or who asked may not ask
	// for it any more.
	ApprovalVoid ApprovalState = "void"
)

// ApprovalStates are all states of approvals.
func ApprovalStates() []ApprovalState {
	return []ApprovalState{ApprovalWaiting, ApprovalApproved, ApprovalRefused, ApprovalExpired, ApprovalVoid}
}

// ApprovalKind is what takes a second member's word.
type ApprovalKind string

// The kinds of approval.
const (
	// ApprovalSend is a send with tool calls of [RiskApproval]. Its workflow waits.
	ApprovalSend ApprovalKind = "send"
	// ApprovalMemberRole makes a manager. It is done with the decision.
	ApprovalMemberRole ApprovalKind = "member_role"
	// ApprovalKey allows one key that reaches further than who asks for it.
	ApprovalKey ApprovalKind = "api_key"
	// ApprovalToolChange changes a tool, or adds one. It is done with the decision.
	ApprovalToolChange ApprovalKind = "tool_change"
	// ApprovalToolTest allows one run of a tool beside any send.
	ApprovalToolTest ApprovalKind = "tool_test"
	// ApprovalToolSecret allows one new signing secret, which is shown to who asked.
	ApprovalToolSecret ApprovalKind = "tool_secret"
)

// ApprovalKinds are all kinds of approvals.
func ApprovalKinds() []ApprovalKind {
	return []ApprovalKind{
		ApprovalSend,
		ApprovalMemberRole,
		ApprovalKey,
		ApprovalToolChange,
		ApprovalToolTest,
		ApprovalToolSecret,
	}
}

// Scopes are those that deciding takes, all of them: who decides could have asked.
func (k ApprovalKind) Scopes() []Scope {
	switch k {
	case ApprovalMemberRole:
		return []Scope{ScopeChatsAdmin, ScopeMembersWrite}
	case ApprovalKey:
		return []Scope{ScopeChatsAdmin, ScopeKeysAdmin}
	case ApprovalToolChange, ApprovalToolTest, ApprovalToolSecret:
		return []Scope{ScopeChatsAdmin, ScopeToolsWrite}
	case ApprovalSend:
	}

	return []Scope{ScopeChatsAdmin}
}

// AskingScope is what asking takes. Who has lost it by the time of the decision has asked for nothing.
func (k ApprovalKind) AskingScope() Scope {
	switch k {
	case ApprovalMemberRole:
		return ScopeMembersWrite
	case ApprovalKey:
		return ScopeKeysAdmin
	case ApprovalToolChange, ApprovalToolTest, ApprovalToolSecret:
		return ScopeToolsWrite
	case ApprovalSend:
	}

	return ScopeChatsAdmin
}

// Allows reports whether an approval of the kind allows something once, which who asked for it
// then does: its outcome is theirs alone to see, and is not kept.
func (k ApprovalKind) Allows() bool {
	return k == ApprovalKey || k == ApprovalToolTest || k == ApprovalToolSecret
}

const (
	// ApprovalDeadline is how long an approval waits that is not a send's.
	ApprovalDeadline = 24 * time.Hour
	// ApprovalUse is how long after the decision what was allowed may be done.
	ApprovalUse = 24 * time.Hour
	// NewAuthority is how long who was made something, or a key that was made, counts as the
	// hand of who made it.
	NewAuthority = 24 * time.Hour
)

// NobodyElse is said where an approval waits that no member can decide.
const NobodyElse = "No other member of this workspace can decide it: the operator can, with " +
	"handrail approvals approve --operator."

// Approval is a second member's word on what one member may not do alone.
type Approval struct {
	ID       ApprovalID    `json:"id,omitempty"`
	Kind     ApprovalKind  `json:"kind,omitempty"`
	ActionID ActionID      `json:"action_id"`
	ChatID   ChatID        `json:"chat_id"`
	State    ApprovalState `json:"state"`
	// Calls are the ids of the tool calls that need it.
	Calls []string `json:"tool_call_ids"`
	// Request is what is asked for, as it was then. A workflow does not need it.
	Request     ApprovalRequest `json:"-"`
	Deadline    time.Time       `json:"deadline"`
	RequestedBy MemberID        `json:"requested_by"`
	// DecidedBy is 0 when the operator has decided, on the command line.
	DecidedBy  MemberID   `json:"decided_by,omitempty"`
	DecidedAt  *time.Time `json:"decided_at,omitempty"`
	ExecutedAt *time.Time `json:"-"`
	Reason     string     `json:"reason,omitempty"`
	CreatedAt  time.Time  `json:"-"`
	// RequesterName is the name of the requester, Message the text of a send. No workflow needs them.
	RequesterName string `json:"-"`
	Message       string `json:"-"`
	// Deciders are the members who can decide while it waits; Alone reports that there are none. DeciderKeys are the
	// keys with which they can decide, which excludes keys that the requester has made.
	Deciders    []MemberID `json:"-"`
	DeciderKeys []KeyID    `json:"-"`
	Alone       bool       `json:"alone,omitempty"`
	// Unapprovable reports of one that waits that it cannot be approved any more: see IsVoid.
	Unapprovable bool `json:"-"`
}

// ApprovalRequest is what is shown to who decides. It holds no secret.
type ApprovalRequest struct {
	// Calls are a send's.
	Calls []PinnedCall `json:"calls,omitempty"`
	// Member is who becomes a manager; its ID is 0 for one that is yet to be made.
	Member *MemberRequest `json:"member,omitempty"`
	Key    *KeyRequest    `json:"key,omitempty"`
	Tool   *PinnedTool    `json:"tool,omitempty"`
	// Arguments are those of a tool's test.
	Arguments json.RawMessage `json:"arguments,omitempty"`
	Changes   []FieldChange   `json:"changes,omitempty"`
}

// PinnedTool is a tool as it was when its approval was asked for.
type PinnedTool struct {
	ID      ToolID   `json:"id"`
	Name    string   `json:"name"`
	Version int64    `json:"version"`
	Where   string   `json:"where"`
	Risk    ToolRisk `json:"risk"`
}

// PinnedCall is a tool call as it was when its approval was asked for.
type PinnedCall struct {
	CallID    string          `json:"id"`
	Tool      PinnedTool      `json:"tool"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
}

// MemberRequest names a member whose role is to change, as the member was when the change was requested.
type MemberRequest struct {
	ID   MemberID   `json:"id,omitempty"`
	Kind MemberKind `json:"kind"`
	Name string     `json:"name"`
	// UpdatedAt is the member's last change. A later one makes the approval void: it may be of another person
	// by then. It is zero for a member who is yet to be made.
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

// Pinned are the current tools and members that approvals are about. Deleted ones are missing.
type Pinned struct {
	Tools   map[ToolID]ToolDefinition
	Members map[MemberID]Member
}

// KeyRequest is a key that is asked for.
type KeyRequest struct {
	MemberID  MemberID   `json:"member_id"`
	Name      string     `json:"name"`
	Scopes    []Scope    `json:"scopes"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// ApprovalEffect is what a decision does at once.
type ApprovalEffect struct {
	NewMember *Member      `json:"new_member,omitempty"`
	MemberID  MemberID     `json:"member_id,omitempty"`
	Patch     *MemberPatch `json:"patch,omitempty"`
	// Tool is what a tool becomes; without an ID it is a new one.
	Tool *ToolDefinition `json:"tool,omitempty"`
}

// NewApproval asks for a second member's word.
type NewApproval struct {
	Kind    ApprovalKind
	Request ApprovalRequest
	Effect  *ApprovalEffect
}

// ApprovalDecision is what is decided about an approval.
type ApprovalDecision struct {
	ID      ApprovalID
	Approve bool
	Reason  string
	// By has no key when it is the operator.
	By Actor
	At time.Time
}

// Authority is what a member may do with a key, and who lately made it so.
type Authority struct {
	MemberID MemberID
	// KeyID is 0 without a key.
	KeyID KeyID
	Role  WorkspaceRole
	// Scopes are those of the key; Ended reports that it is revoked or has expired.
	Scopes []Scope
	Ended  bool
	// RoleBy made the member, or gave it its role, KeyBy the key; 0 is the operator.
	RoleBy MemberID
	RoleAt *time.Time
	KeyBy  MemberID
	KeyAt  *time.Time
}

// Hands are the members who act when this authority is used: its own, and who made its role or
// key within [NewAuthority] before.
func (a *Authority) Hands(at time.Time) []MemberID {
	hands := []MemberID{a.MemberID}

	for _, made := range []struct {
		by MemberID
		at *time.Time
	}{{a.RoleBy, a.RoleAt}, {a.KeyBy, a.KeyAt}} {
		if made.by != 0 && made.at != nil && at.Sub(*made.at) < NewAuthority {
			hands = append(hands, made.by)
		}
	}

	return hands
}

// Maker is whose hand is what the authority makes: its member's, unless its key was made by somebody else within
// [NewAuthority] before, whose hand it still is. Else a second key would make two people of one.
func (a *Authority) Maker(at time.Time) MemberID {
	if a.KeyBy != 0 && a.KeyAt != nil && at.Sub(*a.KeyAt) < NewAuthority {
		return a.KeyBy
	}

	return a.MemberID
}

// May reports whether the authority holds want.
func (a *Authority) May(want Scope) bool {
	p := Principal{Role: a.Role, Scopes: a.Scopes}
	return !a.Ended && p.May(want)
}

// CheckDecider returns why a member cannot decide this approval: own_request when the one who
// asked and the one who decides are one person, or were made by one within [NewAuthority];
// forbidden when a scope is missing, also one that the key asked for would have.
func (a *Approval) CheckDecider(asker, decider Authority, at time.Time) error {
	if decider.MemberID == asker.MemberID {
		return Errorf(
			CodeOwnRequest,
			"nobody approves or refuses what they have asked for; another member with %s must decide",
			ScopeChatsAdmin,
		)
	}

	asked := asker.Hands(a.CreatedAt)
	if slices.ContainsFunc(decider.Hands(at), func(m MemberID) bool { return slices.Contains(asked, m) }) {
		return Errorf(
			CodeOwnRequest,
			"a member or key that was made less than %d hours ago does not decide with who made it; "+
				"another member must decide",
			int(NewAuthority.Hours()),
		)
	}

	needed := a.Kind.Scopes()
	if a.Request.Key != nil {
		needed = append(needed, a.Request.Key.Scopes...)
	}

	for _, scope := range needed {
		if !decider.May(scope) {
			return Errorf(CodeForbidden, "deciding this needs the scope %s, and a member with the role manager", scope)
		}
	}

	return nil
}

// AskerHolds reports whether who asked may still ask for it: the request of a member who is no manager
// any more, or is gone, and of a key that is revoked or has expired, is void.
func (a *Approval) AskerHolds(asker Authority) bool {
	return asker.MemberID != 0 && asker.May(a.Kind.AskingScope())
}

// tellDecision returns who has decided and when, to end a refusal with; "" if nobody has.
func (a *Approval) tellDecision() string {
	switch {
	case a.DecidedAt == nil:
		return ""
	case a.DecidedBy == 0:
		return ": the operator decided, at " + formatTime(*a.DecidedAt)
	}

	return fmt.Sprintf(": member %d decided, at %s", a.DecidedBy, formatTime(*a.DecidedAt))
}

// Decide records a decision of somebody who may: already_decided once it is decided or the deadline
// has passed.
func (a *Approval) Decide(decision ApprovalDecision) error {
	switch {
	case a.State == ApprovalVoid:
		return a.Void()
	case a.State != ApprovalWaiting:
		return Errorf(CodeDecided, "this approval is %s already%s", a.State, a.tellDecision())
	case !decision.At.Before(a.Deadline):
		return Errorf(CodeDecided, "the deadline of this approval has passed")
	}

	a.State = ApprovalRefused
	a.DecidedBy = decision.By.MemberID
	a.DecidedAt = &decision.At
	a.Reason = decision.Reason

	if decision.Approve {
		a.State = ApprovalApproved
	}

	return nil
}

// IsVoid reports whether a waiting approval would be void if somebody approved it now.
func (a *Approval) IsVoid(asker Authority, current *Pinned) bool {
	return a.State == ApprovalWaiting && (!a.AskerHolds(asker) || !a.PinsHold(current))
}

// Tools are the tools that the approval is of, as far as they are there.
func (a *Approval) Tools() []ToolID {
	var all []ToolID

	for _, pin := range a.pins() {
		all = append(all, pin.ID)
	}

	return all
}

// MemberID returns the member that the approval is about, 0 for none and for one that is yet to be created.
func (a *Approval) MemberID() MemberID {
	if a.Request.Member == nil {
		return 0
	}

	return a.Request.Member.ID
}

// pins are the tools that the approval is of as they were. One that is yet to be made has none.
func (a *Approval) pins() []PinnedTool {
	var all []PinnedTool

	for _, call := range a.Request.Calls {
		all = append(all, call.Tool)
	}

	if pin := a.Request.Tool; pin != nil && pin.ID != 0 {
		all = append(all, *pin)
	}

	return all
}

// VoidNow is said where an approval waits that cannot be approved any more.
const VoidNow = "It cannot be approved any more: " + WhyVoid + ". Refuse it, or let it expire, and ask again."

// WhyVoid says in one sentence's part what makes an approval void.
const WhyVoid = "after it was asked for, the tool or the member was changed, who asked lost the right to ask, or " +
	"the send was canceled"

// Void is the error of who decides about what was changed since: approval_void.
func (a *Approval) Void() *Error {
	return Errorf(CodeApprovalVoid, "this approval is void: %s; ask again", WhyVoid)
}

// CheckUse returns why what an approval allows cannot be done: own_request for a member who did not
// ask for it, already_decided unless it is approved, unused and fresh, approval_void when
// something else is asked for now.
func (a *Approval) CheckUse(by MemberID, kind ApprovalKind, request ApprovalRequest, at time.Time) error {
	switch {
	case a.Kind != kind || a.RequestedBy != by:
		return Errorf(CodeApprovalNotFound, "there is no such approval of this kind for this member")
	case a.State != ApprovalApproved:
		return Errorf(CodeDecided, "this approval is %s", a.State)
	case a.ExecutedAt != nil:
		return Errorf(CodeDecided, "this approval was used already")
	case a.DecidedAt == nil || at.Sub(*a.DecidedAt) > ApprovalUse:
		return Errorf(CodeDecided, "this approval was not used within %d hours", int(ApprovalUse.Hours()))
	case !SameRequest(a.Request, request):
		return Errorf(CodeApprovalVoid, "this is not what was approved, or the tool was changed since: ask again")
	}

	return nil
}

// SameRequest reports whether two requests ask for the same.
func SameRequest(a, b ApprovalRequest) bool { return sameJSON(a, b) }

// SameEffect reports whether two decisions would do the same.
func SameEffect(a, b *ApprovalEffect) bool { return sameJSON(a, b) }

// CheckPins returns why a call may not run that takes approval: it was not approved, or its tool is
// not the one that was. The error is approval_void.
func (a *Approval) CheckPins(callID string, d *ToolDefinition) error {
	if a.State != ApprovalApproved {
		return Errorf(CodeApprovalVoid, "this call needs an approval, and has none")
	}

	i := slices.IndexFunc(a.Request.Calls, func(c PinnedCall) bool { return c.CallID == callID })
	if i < 0 || !a.Request.Calls[i].Tool.isStill(d) {
		return Errorf(CodeApprovalVoid, "the tool was changed after its call was approved: send again")
	}

	return nil
}

// isStill reports whether the definition is the one that was pinned.
func (p *PinnedTool) isStill(d *ToolDefinition) bool { return p.ID == d.ID && p.Version == d.Version }

// PinsHold reports whether the tools and the member that the approval is about are unchanged.
func (a *Approval) PinsHold(current *Pinned) bool {
	if id := a.MemberID(); id != 0 {
		member, ok := current.Members[id]
		if !ok || !member.UpdatedAt.Equal(a.Request.Member.UpdatedAt) {
			return false
		}
	}

	return !slices.ContainsFunc(a.pins(), func(pin PinnedTool) bool {
		d, ok := current.Tools[pin.ID]
		return !ok || !pin.isStill(&d)
	})
}

// MakesManager reports whether a change of role takes a second member's word.
func MakesManager(before, after WorkspaceRole) bool {
	return after == RoleManager && before != RoleManager
}

// KeyNeedsSecond reports whether a key takes a second member's word: it is for another member than
// who asks, or holds a scope that the asking key does not.
func KeyNeedsSecond(asker *Authority, key *Key) bool {
	return key.MemberID != asker.MemberID ||
		slices.ContainsFunc(key.Scopes, func(s Scope) bool { return !asker.May(s) })
}
