package api_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// ofLogin are the routes that need no scope, but keys of some kinds.
var ofLogin = map[string]bool{
	"createSession":   true,
	"getSession":      true,
	"endSession":      true,
	"createLoginLink": true,
}

// TestWhatEachKindOfKeyIsFor asks every route with a key of each kind.
func TestWhatEachKindOfKeyIsFor(t *testing.T) {
	t.Parallel()

	keys := map[chat.KeyKind]string{
		chat.KeyLasting: managerKey,
		chat.KeyLogin:   loginKey,
		chat.KeySession: sessionKey,
	}

	special := map[string][]chat.KeyKind{
		"createSession":   {chat.KeyLasting, chat.KeyLogin},
		"getSession":      {chat.KeyLasting, chat.KeySession},
		"endSession":      {chat.KeySession},
		"createLoginLink": {chat.KeyLasting},
		"createApiKey":    {chat.KeyLasting},
	}

	w := newWorld(t)
	for _, o := range w.workspaceRoutes(t) {
		allowed, isSpecial := special[o.id]
		if !isSpecial {
			allowed = []chat.KeyKind{chat.KeyLasting, chat.KeySession}
		}

		for kind, key := range keys {
			r := o.exampleRequest(t)
			r.key = key
			a := w.do(t, r)

			if slices.Contains(allowed, kind) {
				assert.NotEqual(t, http.StatusForbidden, a.StatusCode, "%s with a %s: %s", o.id, kind, a.raw)
				continue
			}

			requireProblem(t, a, http.StatusForbidden, "forbidden", "")
		}
	}

	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats"), key: loginKey})
	assert.Contains(t, a.raw, "POST /sessions makes a session of it")
	a = w.do(t, newKeyRequest.withKey(sessionKey))
	assert.Contains(t, a.raw, "log in with handrail keys login")
	a = w.do(t, request{method: http.MethodDelete, path: workspaceURL("/session")})
	assert.Contains(t, a.raw, "no session")
}

// withKey is the request with another key.
func (r request) withKey(key string) request {
	r.key = key
	return r
}

// TestALoginsKeyNeedsNoScope: a key without scopes logs in, and can then do nothing else.
func TestALoginsKeyNeedsNoScope(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	for _, key := range []string{noScopeKey, userKey} {
		for _, r := range []request{
			{method: http.MethodPost, path: workspaceURL("/sessions")},
			{method: http.MethodPost, path: workspaceURL("/login-links")},
			{method: http.MethodGet, path: workspaceURL("/session")},
		} {
			a := w.do(t, r.withKey(key))
			assert.Less(t, a.StatusCode, 300, a.raw)
		}
	}
}

// TestSecretsOfLoginsAreShownOnce follows them into the log and the kept answers.
func TestSecretsOfLoginsAreShownOnce(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ path, field, prefix string }{
		{"/sessions", "key", chat.SessionPrefix},
		{"/login-links", "url", chat.LoginPrefix},
	} {
		w := newWorld(t)
		r := request{method: http.MethodPost, path: workspaceURL(test.path)}.with("Idempotency-Key", "once")

		first := w.do(t, r)
		require.Equal(t, http.StatusCreated, first.StatusCode, first.raw)
		shown := first.json[test.field].(string)
		_, random, found := strings.Cut(shown, test.prefix)
		require.True(t, found)

		secret := test.prefix + random
		assert.Equal(t, chat.HashKey(secret), w.store.logIn.Hash)
		assert.Equal(t, secret[len(secret)-4:], w.store.logIn.Hint)

		again := w.do(t, r)
		assert.Equal(t, http.StatusCreated, again.StatusCode, again.raw)
		assert.NotContains(t, again.raw, test.prefix)
		assert.NotContains(t, w.log.String(), secret)

		for _, kept := range w.store.keptRequests() {
			assert.NotContains(t, string(kept.Answer.Body), test.prefix)
		}
	}
}

func TestALoginLinkLeadsToTheConsole(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	before := time.Now()
	a := w.do(t, request{method: http.MethodPost, path: workspaceURL("/login-links")})

	link, err := url.Parse(a.json["url"].(string))
	require.NoError(t, err)
	assert.Equal(t, "https://handrail.example/console/login", link.Scheme+"://"+link.Host+link.Path)
	assert.Equal(t, string(home), link.Query().Get("workspace"))
	assert.True(t, strings.HasPrefix(link.Query().Get("token"), chat.LoginPrefix))

	ends, err := time.Parse(time.RFC3339, a.json["expires_at"].(string))
	require.NoError(t, err)
	assert.WithinRange(t, ends, before.Add(chat.LoginLife-time.Second), time.Now().Add(chat.LoginLife))
}

// TestWhatHasEndedSaysSo: the form of a secret is known, and nothing else is told.
func TestWhatHasEndedSaysSo(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	for secret, says := range map[string]string{
		chat.KeyLogin.NewSecret():   "this login link was used already, or has ended",
		chat.KeySession.NewSecret(): "this session has ended; log in again",
		chat.KeyLasting.NewSecret(): "this API key is unknown, expired or revoked",
	} {
		a := w.do(t, request{method: http.MethodPost, path: workspaceURL("/sessions"), key: secret})
		requireProblem(t, a, http.StatusUnauthorized, "unauthenticated", "")
		assert.Contains(t, a.raw, says)
	}

	w.store.usedUp = true
	a := w.do(t, request{method: http.MethodPost, path: workspaceURL("/sessions"), key: loginKey})
	requireProblem(t, a, http.StatusUnauthorized, "unauthenticated", "")
	assert.Contains(t, a.raw, "was used already")
}

// TestKeysAreListedByKind: sessions come and go, and are shown to who asks for them.
func TestKeysAreListedByKind(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	for query, want := range map[string]string{"": `"kind":"key"`, "?kind=session": `"kind":"session"`} {
		a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/api-keys" + query)})
		assert.Contains(t, a.raw, want)
	}
}
