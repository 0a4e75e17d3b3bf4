package service_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/sandbox"
)

// member makes a member as the operator does.
func (w *env) member(name string, role chat.WorkspaceRole) chat.MemberID {
	w.Helper()

	made, err := w.store.CreateMember(w.Context(), w.ws, chat.Actor{}, chat.Member{
		Kind: chat.KindPerson,
		Role: role,
		Name: name,
	})
	require.NoError(w, err)

	return made.ID
}

// keyOf makes a key as the operator does, and returns the header that it goes into.
func (w *env) keyOf(member chat.MemberID, scopes ...chat.Scope) []string {
	w.Helper()

	secret := chat.NewKeySecret()
	_, err := w.store.CreateKey(
		w.Context(),
		w.ws,
		chat.Actor{},
		chat.Key{MemberID: member, Name: "test", Scopes: scopes},
		chat.HashKey(secret),
	)
	require.NoError(w, err)

	return bearer(secret)
}

func bearer(secret string) []string { return []string{"Authorization", "Bearer " + secret} }

// decide approves or refuses an approval with somebody's key.
func (w *env) decide(approval, decision string, key []string) response {
	w.Helper()

	return w.call(
		"POST",
		"/approvals/"+approval,
		map[string]any{"decision": decision, "reason": "looked at it"},
		key...)
}

// requireWaiting wants an answer to be an approval of a kind that waits, and returns its id.
func (w *env) requireWaiting(r response, kind chat.ApprovalKind) string {
	w.Helper()
	require.Equal(w, http.StatusAccepted, r.status, r.raw)
	assert.Equal(w, "waiting", r.at("state"), r.raw)
	assert.Equal(w, string(kind), r.at("kind"), r.raw)

	id := r.at("id").(string)
	assert.Equal(w, "/approvals/"+id, w.below(r.header.Get("Location")))

	return id
}

// audited returns the newest audit entry with a verb.
func (w *env) audited(verb string) map[string]any {
	w.Helper()

	r := w.call("GET", "/audit-log?limit=100", nil)
	for _, item := range r.at("items").([]any) {
		entry := item.(map[string]any)
		if entry["verb"] == verb {
			return entry["detail"].(map[string]any)
		}
	}

	require.Fail(w, "no audit entry "+verb, r.raw)

	return nil
}

// askRefund sends a message with a refund, which waits, and returns its action.
func (w *env) askRefund(key ...string) string {
	w.Helper()

	r := w.call(
		"POST",
		sendPath(w.people.sms.ID),
		sendBody("Refunded.", newToolCall("refund", map[string]any{"what": "50"})),
		key...)
	require.Equal(w, http.StatusAccepted, r.status, r.raw)

	return r.at("action_id").(string)
}

// TestAKeyForAnotherMemberTakesASecondMember is the first line of H1: a manager made a key that acts as
// another manager, and approved its own refund with it.
func TestAKeyForAnotherMemberTakesASecondMember(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"}))

		ivo := w.member("Ivo", chat.RoleManager)
		noor := w.keyOf(w.member("Noor", chat.RoleManager), chat.AllScopes()...)

		body := map[string]any{"name": "helper", "scopes": []string{"chats:admin"}, "member_id": ivo}
		asked := w.call("POST", "/api-keys", body)
		id := w.requireWaiting(asked, chat.ApprovalKey)
		assert.EqualValues(t, ivo, asked.at("request", "key", "member_id"), asked.raw)

		body["approval_id"] = id
		early := w.call("POST", "/api-keys", body)
		assert.Equal(t, http.StatusConflict, early.status, early.raw)

		own := w.decide(id, "approve", nil)
		assert.Equal(t, "own_request", own.at("code"), own.raw)

		require.Equal(t, http.StatusOK, w.decide(id, "approve", noor).status)

		foreign := w.call("POST", "/api-keys", body, noor...)
		assert.Equal(t, http.StatusNotFound, foreign.status, "only who asked gets the key")

		body["scopes"] = []string{"chats:admin", "workspace:admin"}
		other := w.call("POST", "/api-keys", body)
		assert.Equal(t, "approval_void", other.at("code"), "another key was approved: %s", other.raw)

		body["scopes"] = []string{"chats:admin"}
		made := w.call("POST", "/api-keys", body)
		require.Equal(t, http.StatusCreated, made.status, made.raw)

		twice := w.call("POST", "/api-keys", body)
		assert.Equal(t, http.StatusConflict, twice.status, twice.raw)

		// The key is its maker's hand for a day.
		action := w.askRefund()
		helper := bearer(made.at("key").(string))
		refused := w.decide(action, "approve", helper)
		assert.Equal(t, "own_request", refused.at("code"), refused.raw)

		// And the other way round: what the key asks for, its maker does not approve.
		action = w.askRefund(helper...)
		refused = w.decide(action, "approve", nil)
		assert.Equal(t, "own_request", refused.at("code"), refused.raw)
		assert.Empty(t, d.calls())

		assert.EqualValues(t, ivo, w.audited("approval.requested")["member_id"])
		assert.Equal(t, id, w.audited("api_key.created")["approval_id"])
	})
}

// TestAWiderKeyTakesASecondMember lets nobody grant what neither of the two holds.
func TestAWiderKeyTakesASecondMember(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	narrow := w.keyOf(w.member("Ivo", chat.RoleManager), chat.ScopeKeysAdmin)
	middle := w.keyOf(w.member("Uma", chat.RoleManager), chat.ScopeKeysAdmin, chat.ScopeChatsAdmin)
	noor := w.keyOf(w.member("Noor", chat.RoleManager), chat.AllScopes()...)

	mine := w.call("POST", "/api-keys", map[string]any{"name": "mine", "scopes": []string{"keys:read"}}, narrow...)
	assert.Equal(t, http.StatusCreated, mine.status, mine.raw)

	wider := map[string]any{"name": "wider", "scopes": []string{"workspace:admin"}}
	id := w.requireWaiting(w.call("POST", "/api-keys", wider, narrow...), chat.ApprovalKey)
	assert.Equal(t, id, w.requireWaiting(w.call("POST", "/api-keys", wider, narrow...), chat.ApprovalKey), "asked once")

	refused := w.decide(id, "approve", middle)
	assert.Equal(t, http.StatusForbidden, refused.status, refused.raw)
	require.Equal(t, http.StatusOK, w.decide(id, "approve", noor).status)
}

// TestAManagerTakesASecondMember is the second line of H1: members:write made a manager.
func TestAManagerTakesASecondMember(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"}))
		noor := w.keyOf(w.member("Noor", chat.RoleManager), chat.AllScopes()...)

		count := func() int { return len(w.call("GET", "/members?limit=100", nil).at("items").([]any)) }
		before := count()
		id := w.requireWaiting(w.call(
			"POST",
			"/members",
			map[string]any{"name": "Mallory", "role": "manager", "email": "m@example.com"},
		), chat.ApprovalMemberRole)

		assert.Equal(t, before, count(), "nobody is made before the decision")
		assert.Equal(t, "own_request", w.decide(id, "approve", nil).at("code"))
		require.Equal(t, http.StatusOK, w.decide(id, "refuse", noor).status)
		assert.Equal(t, before, count())

		path := fmt.Sprintf("/members/%d", w.people.priya.ID)
		id = w.requireWaiting(w.call("PATCH", path, map[string]any{"role": "manager"}), chat.ApprovalMemberRole)
		assert.Equal(t, "user", w.call("GET", path, nil).at("role"))
		require.Equal(t, http.StatusOK, w.decide(id, "approve", noor).status)
		assert.Equal(t, "manager", w.call("GET", path, nil).at("role"), "it is done with the decision")

		again := w.decide(id, "approve", noor)
		assert.Equal(t, "already_decided", again.at("code"), again.raw)

		changes := w.audited("member.updated")["changes"].(map[string]any)
		assert.Equal(t, map[string]any{"old": "user", "new": "manager"}, changes["role"])

		// Who was made a manager today is the hand of who asked for it.
		priya := w.keyOf(w.people.priya.ID, chat.AllScopes()...)
		action := w.askRefund()
		refused := w.decide(action, "approve", priya)
		assert.Equal(t, "own_request", refused.at("code"), refused.raw)
		require.Equal(t, http.StatusOK, w.decide(action, "approve", noor).status)
	})
}

// TestAToolOfRiskApprovalIsNotTestedByOne is the third line of H1: tools:write paid with a test.
func TestAToolOfRiskApprovalIsNotTestedByOne(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		noor := w.keyOf(w.member("Noor", chat.RoleManager), chat.AllScopes()...)
		refund := w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"})).at("id")
		book := w.defineTool(httpTool(d, "book")).at("id")

		body := map[string]any{"arguments": map[string]any{"what": "50"}}
		path := fmt.Sprintf("/tools/%v/test", refund)
		asked := w.call("POST", path, body)
		id := w.requireWaiting(asked, chat.ApprovalToolTest)
		assert.Equal(t, "50", asked.at("request", "arguments", "what"), asked.raw)
		assert.Equal(t, "POST "+d.URL+"/refund", asked.at("request", "tool", "where"), asked.raw)
		assert.Empty(t, d.calls())

		require.Equal(t, http.StatusOK, w.decide(id, "approve", noor).status)
		assert.Empty(t, d.calls())

		body["approval_id"] = id
		body["arguments"] = map[string]any{"what": "5000"}
		assert.Equal(t, "approval_void", w.call("POST", path, body).at("code"))

		body["arguments"] = map[string]any{"what": "50"}
		assert.Equal(t, "succeeded", w.call("POST", path, body).at("outcome"))
		assert.Equal(t, "already_decided", w.call("POST", path, body).at("code"))
		assert.Len(t, d.calls(), 1)
		assert.Equal(t, id, w.audited("tool.tested")["approval_id"])

		delete(body, "approval_id")
		assert.Equal(t, "succeeded", w.call("POST", fmt.Sprintf("/tools/%v/test", book), body).at("outcome"))
		assert.Equal(t, "book", w.audited("tool.tested")["tool"].(map[string]any)["name"])
	})
}

// TestAnUndoIsNoWayAroundApproval is the fourth line of H1: the undo of a call needed more agreement than
// the call, and ran without it.
func TestAnUndoIsNoWayAroundApproval(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"}))

		refused := w.call("POST", "/tools", httpTool(d, "book", map[string]any{"undo": map[string]any{"tool": "refund"}}))
		assert.Equal(t, http.StatusBadRequest, refused.status, refused.raw)
		assert.Equal(t, "undo.tool", refused.at("errors", 0, "field"), refused.raw)

		// It was harmless when it was stored.
		cancel := w.defineTool(httpTool(d, "cancel")).at("id")
		book := w.defineTool(httpTool(d, "book", map[string]any{"undo": map[string]any{"tool": "cancel"}})).at("id")
		lowered := w.call("PATCH", fmt.Sprintf("/tools/%v", book), map[string]any{"risk": "read"})
		assert.Equal(t, "undo.tool", lowered.at("errors", 0, "field"), lowered.raw)

		raised := w.call("PATCH", fmt.Sprintf("/tools/%v", cancel), map[string]any{"risk": "approval"})
		require.Equal(t, http.StatusOK, raised.status, raised.raw)
		w.setFaults(sandbox.Fault{Kind: "refuse", To: "+14155550101"})

		sent := w.call(
			"POST",
			sendPath(w.people.sms.ID),
			sendBody("Booked.", newToolCall("book", map[string]any{"what": "a"})),
		)
		require.Equal(t, "delivery_failed", sent.at("code"), sent.raw)

		path := "/actions/" + sent.at("action_id").(string)

		w.eventually(func() bool { return w.call("GET", path, nil).at("message", "tool_calls", 0, "undo") != nil })

		shown := w.call("GET", path, nil)
		assert.Equal(t, "failed", shown.at("message", "tool_calls", 0, "undo", "status"), shown.raw)
		assert.Len(t, d.calls(), 1, "the undo has not run")
	})
}

// TestARiskIsNotLoweredByOne is the fifth line of H1: PATCH the risk, call, PATCH it back.
func TestARiskIsNotLoweredByOne(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		noor := w.keyOf(w.member("Noor", chat.RoleManager), chat.AllScopes()...)
		refund := fmt.Sprintf("/tools/%v", w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"})).at("id"))
		book := fmt.Sprintf("/tools/%v", w.defineTool(httpTool(d, "book")).at("id"))

		asked := w.call("PATCH", refund, map[string]any{"risk": "write"})
		id := w.requireWaiting(asked, chat.ApprovalToolChange)
		assert.Equal(t, "risk", asked.at("request", "changes", 0, "field"), asked.raw)
		assert.Equal(t, "approval", asked.at("request", "changes", 0, "before"), asked.raw)
		assert.Equal(t, "write", asked.at("request", "changes", 0, "after"), asked.raw)
		assert.Equal(t, "approval", w.call("GET", refund, nil).at("risk"))

		w.requireWaiting(w.call("PATCH", book, map[string]any{"risk": "read"}), chat.ApprovalToolChange)

		other := map[string]any{"http": httpTool(d, "elsewhere")["http"]}
		elsewhere := w.requireWaiting(w.call("PATCH", refund, other), chat.ApprovalToolChange)
		w.requireWaiting(w.call("PATCH", refund, map[string]any{"name": "payback"}), chat.ApprovalToolChange)

		require.Equal(t, http.StatusOK, w.decide(elsewhere, "approve", noor).status)
		assert.Equal(t, d.URL+"/elsewhere", w.call("GET", refund, nil).at("http", "url"))
		void := w.decide(id, "approve", noor)
		assert.Equal(t, "approval_void", void.at("code"), "the tool was changed since: %s", void.raw)
		assert.Equal(t, "void", w.call("GET", "/approvals/"+id, nil).at("state"))
		assert.Equal(t, "approval", w.call("GET", refund, nil).at("risk"))

		changes := w.audited("tool.updated")["changes"].(map[string]any)
		assert.Equal(t, map[string]any{"old": d.URL + "/…", "new": d.URL + "/…"}, changes["http.url"])

		off := w.call("PATCH", refund, map[string]any{"enabled": false})
		assert.Equal(t, http.StatusOK, off.status, "switching it off takes nobody: %s", off.raw)
		w.requireWaiting(w.call("PATCH", refund, map[string]any{"enabled": true}), chat.ApprovalToolChange)
	})
}

// TestAChangedToolVoidsItsApproval is the last line of H1: asked for, then another URL, then approved.
func TestAChangedToolVoidsItsApproval(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		noor := w.keyOf(w.member("Noor", chat.RoleManager), chat.AllScopes()...)
		refund := w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"})).at("id")

		action := w.askRefund()
		waiting := w.call("GET", "/approvals/"+action, nil)
		assert.Equal(t, "POST "+d.URL+"/refund", waiting.at("request", "calls", 0, "tool", "where"), waiting.raw)
		assert.EqualValues(t, 1, waiting.at("request", "calls", 0, "tool", "version"), waiting.raw)
		assert.Equal(t, "50", waiting.at("request", "calls", 0, "arguments", "what"), waiting.raw)

		change := map[string]any{"http": httpTool(d, "elsewhere")["http"]}
		asked := w.call("PATCH", fmt.Sprintf("/tools/%v", refund), change)
		id := w.requireWaiting(asked, chat.ApprovalToolChange)
		require.Equal(t, http.StatusOK, w.decide(id, "approve", noor).status)

		void := w.decide(action, "approve", noor)
		assert.Equal(t, http.StatusConflict, void.status, void.raw)
		assert.Equal(t, "approval_void", void.at("code"), void.raw)
		w.awaitSettled(action)

		shown := w.call("GET", "/actions/"+action, nil)
		assert.Equal(t, "approval_void", shown.at("problem", "code"), shown.raw)
		assert.Empty(t, d.calls())
		assert.Empty(t, w.box.Messages(sandbox.MessageFilter{}))
	})
}

// TestALoneManagerIsToldWhoDecides says openly that nobody else can, and lets the operator.
func TestALoneManagerIsToldWhoDecides(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"}))

		action := w.askRefund()
		shown := w.call("GET", "/actions/"+action, nil)
		assert.Contains(t, shown.at("explanation"), "handrail approvals approve --operator", shown.raw)

		list := w.call("GET", "/approvals?state=waiting", nil)
		assert.Equal(t, chat.NobodyElse, list.at("items", 0, "note"), list.raw)

		_, workflow, err := w.store.DecideApproval(w.Context(), w.ws, chat.ApprovalDecision{
			ID:      chat.ApprovalID(action),
			Approve: true,
			Reason:  "asked on the phone",
			At:      time.Now(),
		})
		require.NoError(t, err)
		assert.NotEmpty(t, workflow)

		decided := w.call("GET", "/approvals/"+action, nil)
		assert.Equal(t, "approved", decided.at("state"))
		assert.Nil(t, decided.at("decided_by"), "the operator is no member")
	})
}

// TestAnotherToolForTheSameAddressTakesASecondMember: one person deleted the refund tool, and made another one for
// its URL with a lower risk; or made it beside.
func TestAnotherToolForTheSameAddressTakesASecondMember(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		noor := w.keyOf(w.member("Noor", chat.RoleManager), chat.AllScopes()...)
		refund := w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"})).at("id")
		book := w.defineTool(httpTool(d, "book")).at("id")

		beside := httpTool(d, "refund")
		beside["name"] = "payback"
		asked := w.call("POST", "/tools", beside)
		w.requireWaiting(asked, chat.ApprovalToolChange)
		assert.Equal(t, "refund", asked.at("request", "changes", 0, "before", "name"), asked.raw)
		assert.Equal(t, "approval", asked.at("request", "changes", 0, "before", "risk"), asked.raw)

		moved := map[string]any{"http": httpTool(d, "refund")["http"]}
		w.requireWaiting(w.call("PATCH", fmt.Sprintf("/tools/%v", book), moved), chat.ApprovalToolChange)

		gone := w.call("DELETE", fmt.Sprintf("/tools/%v", refund), nil)
		require.Equal(t, http.StatusNoContent, gone.status, gone.raw)

		id := w.requireWaiting(w.call("POST", "/tools", httpTool(d, "refund")), chat.ApprovalToolChange)
		assert.Equal(t, "own_request", w.decide(id, "approve", nil).at("code"))
		assert.Len(t, w.call("GET", "/tools", nil).at("items"), 1)

		again := w.call("POST", "/tools", httpTool(d, "refund", map[string]any{"risk": "approval"}))
		require.Equal(t, http.StatusCreated, again.status, "of the same risk it takes nobody: %s", again.raw)
		gone = w.call("DELETE", fmt.Sprintf("/tools/%v", again.at("id")), nil)
		require.Equal(t, http.StatusNoContent, gone.status, gone.raw)

		require.Equal(t, http.StatusOK, w.decide(id, "approve", noor).status)

		made := w.audited("tool.created")
		assert.Equal(t, id, made["approval_id"])
		assert.Equal(t, map[string]any{"new": "write"}, made["changes"].(map[string]any)["risk"])
		assert.Empty(t, d.calls())
	})
}
