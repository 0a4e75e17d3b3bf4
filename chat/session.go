package chat

import (
	"crypto/rand"
	"slices"
	"strings"
	"time"
)

// KeyKind is what a key is for.
type KeyKind string

// The kinds of keys.
const (
	// KeyLasting is an API key as programs have them.
	KeyLasting KeyKind = "key"
	// KeyLogin is the token of a link that logs in once.
	KeyLogin KeyKind = "login"
	// KeySession is what a browser is logged in with.
	KeySession KeyKind = "session"
)

// KeyKinds are all kinds of keys.
func KeyKinds() []KeyKind { return []KeyKind{KeyLasting, KeyLogin, KeySession} }

const (
	// SessionLife is how long a session lives from its making, whatever is done with it: one working day.
	SessionLife = 12 * time.Hour
	// LoginLife is how long a login link can be used: it is opened at once, or made anew.
	LoginLife = 10 * time.Minute
	// MaxSessions is how many sessions of one key, or of one member without a key, live at once: with one more, the
	// oldest ends. As many login links of it do.
	MaxSessions = 20
	// SessionsKept is how long a session or a login link is kept after its end, unless the audit log names it.
	SessionsKept = 30 * 24 * time.Hour
)

// The beginnings of the secrets of login links and sessions. They begin with [KeyPrefix], so that whatever looks for
// leaked keys, or hides them, knows these too.
const (
	LoginPrefix   = KeyPrefix + "login_"
	SessionPrefix = KeyPrefix + "session_"
)

// NewSecret makes the secret of a new key of a kind.
func (k KeyKind) NewSecret() string {
	switch k {
	case KeyLogin:
		return LoginPrefix + strings.ToLower(rand.Text()+rand.Text())
	case KeySession:
		return SessionPrefix + strings.ToLower(rand.Text()+rand.Text())
	case KeyLasting:
	}

	return NewKeySecret()
}

// KeyEnded returns the error of a secret that opens nothing: unauthenticated. Its form says what it would be, and
// the error says nothing else of it.
func KeyEnded(secret string) *Error {
	switch {
	case strings.HasPrefix(secret, LoginPrefix):
		return LoginUsed()
	case strings.HasPrefix(secret, SessionPrefix):
		return Errorf(CodeUnauthenticated, "this session has ended; log in again")
	}

	return Errorf(CodeUnauthenticated, "this API key is unknown, expired or revoked")
}

// LoginUsed is the error of a login link that is to be used a second time, or too late: unauthenticated.
func LoginUsed() *Error {
	return Errorf(CodeUnauthenticated, "this login link was used already, or has ended; make another one")
}

// KeyUse is what a request wants of its key, beside its scope.
type KeyUse string

// The uses of keys.
const (
	// UseAPI is every request that has no use of its own.
	UseAPI KeyUse = ""
	// UseLogin makes a session.
	UseLogin KeyUse = "login"
	// UseSelf reads whose the key is.
	UseSelf KeyUse = "self"
	// UseLogout ends the session that asks.
	UseLogout KeyUse = "logout"
	// UseGrant makes a key or a login link.
	UseGrant KeyUse = "grant"
)

// keyUses are the kinds of keys for each use. A session makes no authority: whoever has one could otherwise have it for
// ever.
var keyUses = map[KeyUse][]KeyKind{
	UseAPI:    {KeyLasting, KeySession},
	UseLogin:  {KeyLasting, KeyLogin},
	UseSelf:   {KeyLasting, KeySession},
	UseLogout: {KeySession},
	UseGrant:  {KeyLasting},
}

// CheckUse returns why a key of this kind is not for a use: forbidden.
func (k KeyKind) CheckUse(use KeyUse) error {
	if k == "" {
		k = KeyLasting
	}

	switch {
	case slices.Contains(keyUses[use], k):
		return nil
	case k == KeyLogin:
		return Errorf(CodeForbidden, "a login link does one thing: POST /sessions makes a session of it")
	case use == UseLogout:
		return Errorf(CodeForbidden, "this is an API key and no session: DELETE /api-keys/{api_key_id} revokes it")
	}

	return Errorf(
		CodeForbidden,
		"a session makes no keys, login links or sessions: log in with handrail keys login, or ask with an API key",
	)
}

// NewLogin returns a login link's token that is made with the key: of its member, with its scopes, and ending with it
// at the latest.
func (k *Key) NewLogin(now time.Time) Key {
	return k.derive(KeyLogin, "Login link", now.Add(LoginLife))
}

// NewSession returns a session that is made with the key, or with the token of a login link, as NewLogin does.
func (k *Key) NewSession(now time.Time) Key {
	return k.derive(KeySession, "Session", now.Add(SessionLife))
}

// derive returns a key with the member and scopes of k that ends when k does, or at end if that is earlier.
func (k *Key) derive(kind KeyKind, name string, end time.Time) Key {
	made := Key{
		WorkspaceID: k.WorkspaceID,
		Kind:        kind,
		ParentID:    k.ID,
		MemberID:    k.MemberID,
		Name:        name,
		Scopes:      slices.Clone(k.Scopes),
		ExpiresAt:   &end,
	}

	// A login link is no parent: it ends when it is used. What it stands for is.
	if k.Kind == KeyLogin {
		made.ParentID = k.ParentID
	}

	if k.Kind != KeyLogin && k.ExpiresAt != nil && k.ExpiresAt.Before(end) {
		made.ExpiresAt = k.ExpiresAt
	}

	return made
}

// EndBy makes the key end when its parent does, if that is earlier.
func (k *Key) EndBy(parent *Key) {
	if parent.ExpiresAt != nil && (k.ExpiresAt == nil || parent.ExpiresAt.Before(*k.ExpiresAt)) {
		k.ExpiresAt = parent.ExpiresAt
	}
}

// HasEnded reports whether the key is revoked or has expired.
func (k *Key) HasEnded(now time.Time) bool {
	return k.RevokedAt != nil || k.ExpiresAt != nil && !now.Before(*k.ExpiresAt)
}

// NewLoginOf returns the token of a login link for a member, as the operator makes it: the session stands by itself.
func NewLoginOf(member MemberID, scopes []Scope, now time.Time) Key {
	k := Key{MemberID: member, Scopes: scopes}
	return k.NewLogin(now)
}

// ReadScopes is the read scope of every area.
func ReadScopes() []Scope {
	all := make([]Scope, len(scopeAreas))
	for i, area := range scopeAreas {
		all[i] = Scope(area + ":read")
	}

	return all
}

// LoginURL is the address of the console's page that logs in with the token of a login link. An empty origin makes it a
// path.
func LoginURL(origin string, ws WorkspaceID, token string) string {
	return strings.TrimSuffix(origin, "/") + "/console/login?workspace=" + string(ws) + "&token=" + token
}

// LogIn makes a session or a login link. Of its secret only the hash is stored.
type LogIn struct {
	WorkspaceID WorkspaceID
	By          Actor
	Hash        [32]byte
	Hint        string
	At          time.Time
}

// NewLogIn returns what is stored of a secret that somebody makes.
func NewLogIn(ws WorkspaceID, by Actor, secret string, now time.Time) LogIn {
	return LogIn{
		WorkspaceID: ws,
		By:          by,
		Hash:        HashKey(secret),
		Hint:        KeyHint(secret),
		At:          now,
	}
}

// Session is a key, and who it speaks for.
type Session struct {
	Key
	MemberName    string
	Role          WorkspaceRole
	WorkspaceName string
}

// CheckMayLogIn returns why nobody may log in as m, who was found by a verified email address, and is nil if nobody
// was: forbidden, in the same words whatever the reason, since it must not tell whose address exists.
func CheckMayLogIn(m *Member) error {
	if m != nil && m.Kind == KindPerson && m.Role == RoleManager {
		return nil
	}

	return Errorf(
		CodeForbidden,
		"nobody logs in to this workspace with this address: it must be that of a member who is a person and a manager",
	)
}

// NewSessionOf returns a session of a member that may log in: it has all scopes, and stands by itself.
func NewSessionOf(m *Member, now time.Time) Key {
	k := Key{MemberID: m.ID, Scopes: AllScopes()}
	return k.NewSession(now)
}

// KeyFilter narrows a list of keys.
type KeyFilter struct {
	Page
	// Kind is [KeyLasting] when empty: sessions come and go by themselves.
	Kind KeyKind
}

// LogOut ends a session. It is revoked, so that it ends at once whatever clocks say, and that its time is over at the
// same moment says that its member has ended it.
func (k *Key) LogOut(now time.Time) {
	k.RevokedAt = &now
	k.ExpiresAt = &now
}

// HasLoggedOut reports whether the member of a session has ended it, rather than somebody who has revoked it.
func (k *Key) HasLoggedOut() bool {
	return k.Kind == KeySession && k.RevokedAt != nil && k.ExpiresAt != nil && k.RevokedAt.Equal(*k.ExpiresAt)
}

// HasLostRequests reports whether what was asked for with the key cannot be asked for with it any more. A session is
// over when its time is, or its member has logged out, and what was asked for stands; unless somebody has revoked it,
// or the key that it was made with, nil for none, has ended.
func (k *Key) HasLostRequests(parent *Key, now time.Time) bool {
	switch {
	case k.Kind != KeySession:
		return k.HasEnded(now)
	case k.RevokedAt != nil && !k.HasLoggedOut():
		return true
	}

	return parent != nil && parent.HasEnded(now)
}

// Quota is what the limits of a key are counted by: the key, or the member of sessions that stand by themselves.
type Quota struct {
	WorkspaceID WorkspaceID
	KeyID       KeyID
	MemberID    MemberID
}

// Quota returns what the requests of p are counted by. A session has no limits of its own: whoever may make many would
// otherwise have many times those of their key.
func (p *Principal) Quota() Quota {
	quota := Quota{WorkspaceID: p.WorkspaceID}

	switch {
	case p.ParentID != 0:
		quota.KeyID = p.ParentID
	case p.KeyKind == KeySession:
		quota.MemberID = p.MemberID
	default:
		quota.KeyID = p.KeyID
	}

	return quota
}
