package chat_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// TestWhatKeysAreFor has all kinds of keys and all uses.
func TestWhatKeysAreFor(t *testing.T) {
	t.Parallel()

	for use, allowed := range map[chat.KeyUse][]chat.KeyKind{
		chat.UseAPI:    {chat.KeyLasting, chat.KeySession},
		chat.UseLogin:  {chat.KeyLasting, chat.KeyLogin},
		chat.UseSelf:   {chat.KeyLasting, chat.KeySession},
		chat.UseLogout: {chat.KeySession},
		chat.UseGrant:  {chat.KeyLasting},
	} {
		for _, kind := range chat.KeyKinds() {
			err := kind.CheckUse(use)

			if slices.Contains(allowed, kind) {
				assert.NoError(t, err, "%s for %q", kind, use)
				continue
			}

			assert.Equal(t, chat.CodeForbidden, chat.CodeOf(err), "%s for %q", kind, use)
		}

		assert.Equal(t, chat.KeyLasting.CheckUse(use), chat.KeyKind("").CheckUse(use), "no kind is an API key")
	}
}

func TestWhatIsMadeWithAKeyReachesNoFurther(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

	for name, test := range map[string]struct{ key, session, login time.Duration }{
		"a key without an end": {0, 12 * time.Hour, 10 * time.Minute},
		"a key of a month":     {720 * time.Hour, 12 * time.Hour, 10 * time.Minute},
		"a key of an hour":     {time.Hour, time.Hour, 10 * time.Minute},
		"a key of a minute":    {time.Minute, time.Minute, time.Minute},
	} {
		key := chat.Key{
			ID:       3,
			Kind:     chat.KeyLasting,
			MemberID: 7,
			Scopes:   chat.ReadScopes(),
		}
		if test.key != 0 {
			key.ExpiresAt = new(now.Add(test.key))
		}

		for kind, made := range map[chat.KeyKind]chat.Key{
			chat.KeySession: key.NewSession(now),
			chat.KeyLogin:   key.NewLogin(now),
		} {
			life := map[chat.KeyKind]time.Duration{chat.KeySession: test.session, chat.KeyLogin: test.login}[kind]

			require.NoError(t, made.Validate(now), name)
			assert.Equal(t, kind, made.Kind, name)
			assert.Equal(t, key.ID, made.ParentID, name)
			assert.Equal(t, key.MemberID, made.MemberID, name)
			assert.Equal(t, key.Scopes, made.Scopes, name)
			assert.Equal(t, now.Add(life), *made.ExpiresAt, "%s: %s", name, kind)
			assert.False(t, made.HasEnded(now.Add(life-1)), name)
			assert.True(t, made.HasEnded(now.Add(life)), "%s: at its very end", name)
		}
	}
}

// TestASessionOfALoginLinkBelongsToItsKey: the link is gone when the session is there.
func TestASessionOfALoginLinkBelongsToItsKey(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	key := chat.Key{ID: 3, MemberID: 7, ExpiresAt: new(now.Add(time.Hour))}
	login := key.NewLogin(now)
	login.ID = 4

	session := login.NewSession(now.Add(time.Minute))
	assert.Equal(t, key.ID, session.ParentID)
	assert.Equal(t, now.Add(chat.SessionLife+time.Minute), *session.ExpiresAt, "not with the link")

	session.EndBy(&key)
	assert.Equal(t, *key.ExpiresAt, *session.ExpiresAt)

	byOperator := chat.NewLoginOf(7, chat.ReadScopes(), now)
	assert.Zero(t, byOperator.ParentID)
	assert.Zero(t, new(byOperator.NewSession(now)).ParentID)
}

// TestWhatASessionHasAskedForOutlivesIt unless somebody has taken away what it asked with.
func TestWhatASessionHasAskedForOutlivesIt(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	past := now.Add(-time.Hour)
	over := func(k chat.KeyKind) chat.Key { return chat.Key{Kind: k, ExpiresAt: &past} }
	revoked := func(k chat.KeyKind) chat.Key { return chat.Key{Kind: k, RevokedAt: &past} }

	loggedOut := chat.Key{Kind: chat.KeySession, ExpiresAt: new(now.Add(time.Hour))}
	loggedOut.LogOut(past)
	assert.True(t, loggedOut.HasEnded(past))

	for name, test := range map[string]struct {
		key    chat.Key
		parent *chat.Key
		lost   bool
	}{
		"a key":                            {chat.Key{Kind: chat.KeyLasting}, nil, false},
		"a key that is over":               {over(chat.KeyLasting), nil, true},
		"a key that is revoked":            {revoked(chat.KeyLasting), nil, true},
		"a session":                        {chat.Key{Kind: chat.KeySession}, nil, false},
		"a session that is over":           {over(chat.KeySession), nil, false},
		"a session that is revoked":        {revoked(chat.KeySession), nil, true},
		"a session that has logged out":    {loggedOut, nil, false},
		"of a key that is there":           {over(chat.KeySession), &chat.Key{}, false},
		"of a key that is over":            {over(chat.KeySession), new(over(chat.KeyLasting)), true},
		"of a key that is revoked":         {over(chat.KeySession), new(revoked(chat.KeyLasting)), true},
		"a revoked one of a key that's on": {revoked(chat.KeySession), &chat.Key{}, true},
	} {
		assert.Equal(t, test.lost, test.key.HasLostRequests(test.parent, now), name)
	}
}

func TestWhoMayLogInByAddress(t *testing.T) {
	t.Parallel()

	refusals := map[string]bool{}

	for _, m := range []*chat.Member{
		nil,
		{Kind: chat.KindPerson, Role: chat.RoleUser},
		{Kind: chat.KindAssistant, Role: chat.RoleManager},
	} {
		err := chat.CheckMayLogIn(m)
		assert.Equal(t, chat.CodeForbidden, chat.CodeOf(err))

		refusals[err.Error()] = true
	}

	assert.Len(t, refusals, 1, "it does not tell whose address exists")
	assert.NoError(t, chat.CheckMayLogIn(&chat.Member{Kind: chat.KindPerson, Role: chat.RoleManager}))
}

// TestSessionsHaveNoLimitsOfTheirOwn: they count as what they were made with.
func TestSessionsHaveNoLimitsOfTheirOwn(t *testing.T) {
	t.Parallel()

	key := chat.Principal{WorkspaceID: "w", KeyID: 1, KeyKind: chat.KeyLasting, MemberID: 7}
	session := chat.Principal{WorkspaceID: "w", KeyID: 2, KeyKind: chat.KeySession, ParentID: 1, MemberID: 7}
	alone := chat.Principal{WorkspaceID: "w", KeyID: 3, KeyKind: chat.KeySession, MemberID: 7}
	another := chat.Principal{WorkspaceID: "w", KeyID: 4, KeyKind: chat.KeySession, MemberID: 7}

	assert.Equal(t, key.Quota(), session.Quota())
	assert.Equal(t, alone.Quota(), another.Quota())
	assert.NotEqual(t, key.Quota(), alone.Quota())
	assert.NotZero(t, alone.Quota().MemberID)
}

// TestSecretsHaveAForm: each kind has its own, and what hides API keys hides all.
func TestSecretsHaveAForm(t *testing.T) {
	t.Parallel()

	for kind, prefix := range map[chat.KeyKind]string{
		chat.KeyLasting: chat.KeyPrefix,
		chat.KeyLogin:   chat.LoginPrefix,
		chat.KeySession: chat.SessionPrefix,
	} {
		secret := kind.NewSecret()
		assert.Regexp(t, "^"+prefix+"[0-9a-z]{52}$", secret)
		assert.NotEqual(t, secret, kind.NewSecret())

		hidden := chat.MaskText("it is " + secret)
		assert.NotContains(t, hidden, strings.TrimPrefix(secret, prefix))
	}
}
