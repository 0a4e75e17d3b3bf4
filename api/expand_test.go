package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// TestExpandBringsAlongWhatIsNamed asks with expand wherever there is something to bring along, and without it.
func TestExpandBringsAlongWhatIsNamed(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		path  string
		parts []string
	}{
		{"/chats", []string{"member"}},
		{"/chats/7", []string{"member"}},
		{"/chats/7/messages", []string{"member", "delivery"}},
		{"/chats/7/messages", []string{"delivery"}},
		{"/deliveries", []string{"member"}},
	} {
		w := newWorld(t)

		query := "?"
		for _, part := range test.parts {
			query += "&expand=" + part
		}

		shown := firstOf(t, w.do(t, request{method: http.MethodGet, path: workspaceURL(test.path + query)}))
		for _, part := range test.parts {
			require.Contains(t, shown, part, test.path)
			assert.NotEmpty(t, shown[part].(map[string]any)["id"])
		}

		if shown["member"] != nil {
			assert.EqualValues(t, 42, shown["member"].(map[string]any)["id"])
			assert.Equal(t, []chat.MemberID{42}, w.store.memberFilter.IDs, "each is asked for once, in one query")
		}

		plain := firstOf(t, w.do(t, request{method: http.MethodGet, path: workspaceURL(test.path)}))
		assert.NotContains(t, plain, "member", test.path)
		assert.NotContains(t, plain, "delivery", test.path)

		refused := w.do(t, request{method: http.MethodGet, path: workspaceURL(test.path + "?expand=labels")})
		requireProblem(t, refused, 400, "invalid_request", "query.expand")
	}
}

// firstOf returns the first entry of a list, or the only object.
func firstOf(t *testing.T, a answer) map[string]any {
	t.Helper()
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	if items, isList := a.json["items"].([]any); isList {
		return items[0].(map[string]any)
	}

	return a.json
}

// TestExpandGivesNothingThatTheCallerMayNotRead: a user who reads its own chat gets no member and no delivery.
func TestExpandGivesNothingThatTheCallerMayNotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	for path, scope := range map[string]chat.Scope{
		"/chats/7?expand=member":                     chat.ScopeMembersRead,
		"/chats/7/messages?expand=member":            chat.ScopeMembersRead,
		"/chats/7/messages?expand=delivery":          chat.ScopeDeliveriesRead,
		"/chats/7/messages?expand=delivery%2Cmember": chat.ScopeDeliveriesRead,
	} {
		a := w.do(t, request{method: http.MethodGet, path: workspaceURL(path), key: userKey})
		requireProblem(t, a, 403, "forbidden", "")
		assert.Contains(t, a.raw, string(scope), path)
	}
}
