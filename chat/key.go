package chat

import (
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strings"
	"time"
)

// Scope is a permission of an API key: <area>:<level>.
type Scope string

// The areas of scopes, and their levels from weak to strong: admin includes write,
// write includes read.
var (
	scopeAreas  = []string{"chats", "members", "labels", "tools", "deliveries", "webhooks", "keys", "workspace"}
	scopeLevels = []string{"read", "write", "admin"}
)

// The scopes that routes ask for.
const (
	ScopeChatsRead       Scope = "chats:read"
	ScopeChatsWrite      Scope = "chats:write"
	ScopeChatsAdmin      Scope = "chats:admin"
	ScopeMembersRead     Scope = "members:read"
	ScopeMembersWrite    Scope = "members:write"
	ScopeLabelsRead      Scope = "labels:read"
	ScopeDeliveriesRead  Scope = "deliveries:read"
	ScopeDeliveriesWrite Scope = "deliveries:write"
	ScopeDeliveriesAdmin Scope = "deliveries:admin"
	ScopeToolsRead       Scope = "tools:read"
	ScopeToolsWrite      Scope = "tools:write"
	ScopeWebhooksRead    Scope = "webhooks:read"
	ScopeWebhooksWrite   Scope = "webhooks:write"
	ScopeKeysAdmin       Scope = "keys:admin"
	ScopeWorkspaceRead   Scope = "workspace:read"
	ScopeWorkspaceAdmin  Scope = "workspace:admin"
)

// Scopes lists all scopes that exist.
func Scopes() []Scope {
	var all []Scope

	for _, area := range scopeAreas {
		for _, level := range scopeLevels {
			all = append(all, Scope(area+":"+level))
		}
	}

	return all
}

// AllScopes is the admin scope of every area.
func AllScopes() []Scope {
	all := make([]Scope, len(scopeAreas))
	for i, area := range scopeAreas {
		all[i] = Scope(area + ":admin")
	}

	return all
}

// Valid reports whether s is a scope that exists.
func (s Scope) Valid() bool {
	area, level, ok := strings.Cut(string(s), ":")
	return ok && slices.Contains(scopeAreas, area) && slices.Contains(scopeLevels, level)
}

// Includes reports whether holding s grants want.
func (s Scope) Includes(want Scope) bool {
	area, level, _ := strings.Cut(string(s), ":")
	wantArea, wantLevel, _ := strings.Cut(string(want), ":")

	return s.Valid() && want.Valid() && area == wantArea &&
		slices.Index(scopeLevels, level) >= slices.Index(scopeLevels, wantLevel)
}

// KeyPrefix begins every API key, so that leaked ones can be searched for.
const KeyPrefix = "hr_"

// NewKeySecret makes the secret of a new key: 52 random characters, 260 bits, after
// [KeyPrefix].
func NewKeySecret() string { return KeyPrefix + strings.ToLower(rand.Text()+rand.Text()) }

// HashKey is the form in which a secret is stored and looked up. It needs no salt and no
// slow hash: the secret is random, not chosen.
func HashKey(secret string) [32]byte { return sha256.Sum256([]byte(secret)) }

// KeyHint is the end of a secret, which is shown in lists.
func KeyHint(secret string) string { return secret[max(0, len(secret)-4):] }

// Key is an API key without its secret, of which only the SHA-256 is stored.
type Key struct {
	ID          KeyID
	WorkspaceID WorkspaceID
	Kind        KeyKind
	// ParentID is the key that a session or a login link was made with, and with which it ends; 0 for none.
	ParentID KeyID
	// MemberID is whom the key acts as.
	MemberID MemberID
	Name     string
	Scopes   []Scope
	// Hint is the end of the secret, enough to tell two keys apart.
	Hint       string
	CreatedAt  time.Time
	ExpiresAt  *time.Time
	LastUsedAt *time.Time
	RevokedAt  *time.Time
	// Approval is the one that allows a key that takes a second member's word; it is not stored.
	Approval ApprovalID
}

// Request is what is asked for with the key.
func (k *Key) Request() *KeyRequest {
	return &KeyRequest{
		MemberID:  k.MemberID,
		Name:      k.Name,
		Scopes:    k.Scopes,
		ExpiresAt: UTC(k.ExpiresAt),
	}
}

// Validate checks a key to be stored: CodeInvalidRequest naming the field.
func (k *Key) Validate(now time.Time) error {
	if strings.TrimSpace(k.Name) == "" || len(k.Name) > 100 {
		return Invalid("name", "must be 1 to 100 characters")
	}

	if len(k.Scopes) == 0 {
		return Invalid("scopes", "must name at least one scope like chats:write")
	}

	for _, s := range k.Scopes {
		if !s.Valid() {
			return Invalid("scopes", "must be made of %s and %s, like chats:write: %q is not",
				strings.Join(scopeAreas, ", "), strings.Join(scopeLevels, ", "), s)
		}
	}

	if k.ExpiresAt != nil && !k.ExpiresAt.After(now) {
		return Invalid("expires_at", "must be in the future")
	}

	return nil
}

// Principal is who a valid key speaks for.
type Principal struct {
	KeyID   KeyID
	KeyKind KeyKind
	// ParentID is the key that a session or a login link was made with, 0 for none.
	ParentID    KeyID
	WorkspaceID WorkspaceID
	MemberID    MemberID
	// Kind is that of the member.
	Kind   MemberKind
	Role   WorkspaceRole
	Scopes []Scope
}

// May reports whether the principal holds want. A member of RoleUser holds no scope.
func (p *Principal) May(want Scope) bool {
	return p.Role == RoleManager && slices.ContainsFunc(p.Scopes, func(s Scope) bool { return s.Includes(want) })
}
