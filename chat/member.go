package chat

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MemberKind tells people from assistants.
type MemberKind string

// The kinds of member.
const (
	KindPerson    MemberKind = "person"
	KindAssistant MemberKind = "assistant"
)

// WorkspaceRole is what a member may do in its workspace through an API key.
type WorkspaceRole string

// The roles in a workspace.
const (
	// RoleManager may use every scope its key holds.
	RoleManager WorkspaceRole = "manager"
	// RoleUser has self-access only, whatever scopes its key holds.
	RoleUser WorkspaceRole = "user"
)

// Member is a person or an assistant of a workspace.
type Member struct {
	ID          MemberID
	WorkspaceID WorkspaceID
	Kind        MemberKind
	Role        WorkspaceRole
	Name        string
	// Email is "" or an address in the form local@domain, its domain in ASCII and lower case.
	Email string
	// Phone is "" or an E.164 number. An address belongs to one member of a workspace.
	Phone string
	// SenderName is whom the member's messages come from if that is no address, like "SUPPORT" or
	// a short code; "" for everybody who has one. It cannot be written to.
	SenderName           string
	NotificationsEnabled bool
	Consents             Consents
	// Tools are what an assistant may use: names, "server.*" for all of an MCP server, "*"
	// for everything.
	Tools []string
	// ExternalID is another system's id of the member, unique in the workspace; "" for none.
	ExternalID string
	Metadata   Metadata
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// HasRole reports whether the member may do more in the workspace than what concerns themselves, or
// speaks for it. What is said in their name must be shown to be theirs.
func (m *Member) HasRole() bool { return m.Role != RoleUser || m.Kind == KindAssistant }

// MemberPatch changes the fields that are not nil.
type MemberPatch struct {
	Name, Email, Phone   *string
	ExternalID           *string
	Role                 *WorkspaceRole
	NotificationsEnabled *bool
	// Consents has the channels whose consent changes.
	Consents Consents
	Tools    *[]string
	Metadata MetadataPatch
}

// Apply sets the fields of the member that the patch has.
func (m *Member) Apply(p *MemberPatch) {
	setGiven(&m.Name, p.Name)
	setGiven(&m.Email, p.Email)
	setGiven(&m.Phone, p.Phone)
	setGiven(&m.ExternalID, p.ExternalID)
	setGiven(&m.Role, p.Role)
	setGiven(&m.NotificationsEnabled, p.NotificationsEnabled)
	setGiven(&m.Tools, p.Tools)

	m.Metadata = m.Metadata.Apply(p.Metadata)

	consents := Consents{}
	maps.Copy(consents, m.Consents)
	maps.Copy(consents, p.Consents)
	m.Consents = consents
}

// setGiven sets a field to a value unless it is nil.
func setGiven[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// MemberChanges lists what a patch changes of a member, by field.
func MemberChanges(before *Member, p *MemberPatch) []FieldChange {
	var changes []FieldChange

	add := func(field string, was, is any) {
		if !sameJSON(was, is) {
			changes = append(changes, FieldChange{Field: field, Before: was, After: is})
		}
	}

	if p.Role != nil {
		add("role", before.Role, *p.Role)
	}

	if p.Name != nil {
		add("name", before.Name, *p.Name)
	}

	if p.Email != nil {
		add("email", before.Email, *p.Email)
	}

	if p.Phone != nil {
		add("phone", before.Phone, *p.Phone)
	}

	if p.ExternalID != nil {
		add("external_id", before.ExternalID, *p.ExternalID)
	}

	if len(p.Metadata) > 0 {
		add("metadata", before.Metadata.Apply(nil), before.Metadata.Apply(p.Metadata))
	}

	if p.NotificationsEnabled != nil {
		add("notifications_enabled", before.NotificationsEnabled, *p.NotificationsEnabled)
	}

	if p.Tools != nil {
		add("tools", before.Tools, *p.Tools)
	}

	for _, channel := range Channels() {
		if consent, given := p.Consents[channel]; given {
			add("consent."+string(channel), before.Consents.On(channel), consent)
		}
	}

	return changes
}

// MemberFilter narrows a list of members; zero fields do not.
type MemberFilter struct {
	Kind MemberKind
	// Query matches a part of the name, case-insensitively.
	Query string
	// Phone and Email match the whole address, in its one form.
	Phone, Email string
	ExternalID   string
	// IDs are those of the only members to find, if there are any.
	IDs []MemberID
	// UpdatedSince bounds their last change.
	UpdatedSince *time.Time
	Page
}

// Validate checks a member to be stored: CodeInvalidRequest naming the field.
func (m *Member) Validate() error {
	switch {
	case m.Kind != KindPerson && m.Kind != KindAssistant:
		return Invalid("kind", "must be person or assistant")
	case m.Role != RoleManager && m.Role != RoleUser:
		return Invalid("role", "must be manager or user")
	case strings.TrimSpace(m.Name) == "" || !fitsLine(m.Name, 200):
		return Invalid("name", "must be 1 to 200 characters on one line")
	case m.Phone != "" && !IsE164(m.Phone):
		return Invalid("phone", "must be an E.164 number like +14155550123")
	case m.Email != "" && !IsEmailAddress(m.Email):
		return Invalid("email", "must be an address like ana@example.com")
	case len(m.Tools) > MaxAllowedTools:
		return Invalid("tools", "must have at most %d entries", MaxAllowedTools)
	case slices.ContainsFunc(m.Tools, func(name string) bool { return !allowedTool.MatchString(name) }):
		return Invalid("tools", `must be names of tools, "server.*" for all tools of an MCP server, or "*" for all`)
	}

	if err := CheckExternalID("external_id", m.ExternalID); err != nil {
		return err
	}

	if err := m.Metadata.Validate(); err != nil {
		return err
	}

	return m.Consents.validate()
}

// Address returns where the member is reached, "" for nowhere.
func (m *Member) Address(kind AddressKind) string {
	switch kind {
	case AddressPhone:
		return m.Phone
	case AddressEmail:
		return m.Email
	case AddressNone:
	}

	return ""
}

// SetAddress changes where the member is reached.
func (m *Member) SetAddress(kind AddressKind, address string) {
	switch kind {
	case AddressPhone:
		m.Phone = address
	case AddressEmail:
		m.Email = address
	case AddressNone:
	}
}

// MaxAllowedTools is how many entries a member's list of tools has at most.
const MaxAllowedTools = 100

var allowedTool = regexp.MustCompile(`^(\*|[a-zA-Z0-9_-]{1,64}(\.([a-zA-Z0-9_.-]{1,128}|\*))?)$`)

// AllTools is what an assistant may use unless something else is said.
func AllTools() []string { return []string{"*"} }

// MayUse reports whether the member, as an assistant, may use a tool.
func (m *Member) MayUse(tool string) bool {
	return slices.ContainsFunc(m.Tools, func(allowed string) bool {
		prefix, wild := strings.CutSuffix(allowed, "*")

		return tool == allowed ||
			wild && (prefix == "" || strings.HasSuffix(prefix, ".")) && strings.HasPrefix(tool, prefix)
	})
}

// fitsLine reports whether a name is at most limit characters, and cannot break the line
// of an email's header or of a log that it stands in.
func fitsLine(name string, limit int) bool {
	return utf8.RuneCountInString(name) <= limit && !strings.ContainsFunc(name, unicode.IsControl)
}

// CheckManagersLeft refuses to take the last manager of a workspace away, given how many would be left:
// last_manager naming the field. Nobody could use a scope there any more.
func CheckManagersLeft(field string, left int) error {
	if left > 0 {
		return nil
	}

	return InvalidAs(
		CodeLastManager,
		field,
		"would take the last manager of the workspace away; make another one first",
	)
}
