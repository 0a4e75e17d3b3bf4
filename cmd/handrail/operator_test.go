package main

import (
	"encoding/json"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// operatorDesk is a workspace with one manager, who has a key, and the command line beside its database.
type operatorDesk struct {
	*terminal
	store *db.Store
	ws    chat.WorkspaceID
	asker chat.Actor
}

func newOperatorDesk(t *testing.T) *operatorDesk {
	t.Helper()

	url := dbtest.NewPostgresURL(t)
	c := newTerminal(t, "DATABASE_URL="+url, "SUDO_USER=petra")
	c.must("migrate", "up")

	made := c.must("workspaces", "create", "Acme", "--manager", "Mara Feld")
	ws := regexp.MustCompile(`workspace (\S+)`).FindStringSubmatch(made)[1]
	member := regexp.MustCompile(`manager +(\d+)`).FindStringSubmatch(made)[1]

	var key struct {
		ID chat.KeyID `json:"id"`
	}

	out := c.must("keys", "create", "--workspace", ws, "--member", member, "--name", "desk", "--json")
	require.NoError(t, json.Unmarshal([]byte(out), &key))

	store, err := db.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })

	id, err := strconv.ParseInt(member, 10, 64)
	require.NoError(t, err)

	return &operatorDesk{
		terminal: c,
		store:    store,
		ws:       chat.WorkspaceID(ws),
		asker:    chat.Actor{MemberID: chat.MemberID(id), KeyID: key.ID},
	}
}

// askForManager asks as the only manager for another one, and returns the approval that waits.
func (d *operatorDesk) askForManager(name string) string {
	d.Helper()

	asked, err := d.store.RequestApproval(d.Context(), d.ws, d.asker, chat.NewApproval{
		Kind:    chat.ApprovalMemberRole,
		Request: chat.ApprovalRequest{Member: &chat.MemberRequest{Kind: chat.KindPerson, Name: name}},
		Effect: &chat.ApprovalEffect{NewMember: &chat.Member{
			WorkspaceID: d.ws,
			Kind:        chat.KindPerson,
			Role:        chat.RoleManager,
			Name:        name,
			Tools:       chat.AllTools(),
		}},
	})
	require.NoError(d, err)
	assert.True(d, asked.Alone, "there is nobody else")

	return string(asked.ID)
}

// managers are the names of the workspace's managers.
func (d *operatorDesk) managers() []string {
	d.Helper()

	list, err := d.store.Members(d.Context(), d.ws, chat.MemberFilter{Page: chat.Page{Limit: 10}})
	require.NoError(d, err)

	var names []string

	for _, m := range list.Items {
		if m.Role == chat.RoleManager {
			names = append(names, m.Name)
		}
	}

	return names
}

// audited is the detail of the newest audit entry with a verb, which must be the operator's.
func (d *operatorDesk) audited(verb string) map[string]any {
	d.Helper()

	list, err := d.store.AuditLog(d.Context(), d.ws, chat.AuditFilter{Verb: verb}, chat.Page{Limit: 1})
	require.NoError(d, err)
	require.NotEmpty(d, list.Items, verb)

	entry := list.Items[0]
	assert.Zero(d, entry.MemberID, verb)
	assert.Zero(d, entry.KeyID, verb)

	var detail map[string]any

	require.NoError(d, json.Unmarshal(entry.Detail, &detail))
	assert.Equal(d, "petra", detail["operator"], verb)

	return detail
}

// TestTheOperatorDecides lets the command line decide, on the database, where one manager is alone.
func TestTheOperatorDecides(t *testing.T) {
	t.Parallel()

	d := newOperatorDesk(t)
	ws := string(d.ws)
	wanted, unwanted := d.askForManager("Noor Haddad"), d.askForManager("Mallory")

	listed := d.must("approvals", "list", "--operator", "--workspace", ws)
	for _, want := range []string{wanted, unwanted, "member_role", "waiting", "Mallory"} {
		assert.Contains(t, listed, want)
	}

	var all []map[string]any

	out := d.must("approvals", "list", "--operator", "--workspace", ws, "--json")
	require.NoError(t, json.Unmarshal([]byte(out), &all))
	assert.Len(t, all, 2)

	decide := func(decision, id string) []string {
		return []string{"approvals", decision, id, "--operator", "--workspace", ws, "--reason", "asked on the phone"}
	}

	assert.Equal(t, "approval "+wanted+" is approved\n", d.must(decide("approve", wanted)...))
	assert.Equal(t, []string{"Mara Feld", "Noor Haddad"}, d.managers())

	detail := d.audited("approval.approved")
	assert.Equal(t, "asked on the phone", detail["reason"])
	assert.EqualValues(t, d.asker.MemberID, detail["requested_by"])

	assert.Equal(t, "approval "+unwanted+" is refused\n", d.must(decide("refuse", unwanted)...))
	assert.Equal(t, []string{"Mara Feld", "Noor Haddad"}, d.managers())
	assert.Equal(t, "asked on the phone", d.audited("approval.refused")["reason"])

	status, _, errs := d.do(decide("approve", unwanted)...)
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "already_decided")
	assert.Contains(t, d.must("approvals", "list", "--operator", "--workspace", ws, "--state", "all"), "refused")
}

// TestTheOperatorMakesAManagerAndKeys leaves who it was in the audit log.
func TestTheOperatorMakesAManagerAndKeys(t *testing.T) {
	t.Parallel()

	d := newOperatorDesk(t)
	ws := string(d.ws)
	made := d.audited("api_key.created")["changes"].(map[string]any)
	assert.Equal(t, map[string]any{"new": float64(d.asker.MemberID)}, made["member_id"])
	made = d.audited("member.created")["changes"].(map[string]any)
	assert.Equal(t, map[string]any{"new": "manager"}, made["role"])

	noor, err := d.store.CreateMember(t.Context(), d.ws, d.asker, chat.Member{
		Kind: chat.KindPerson,
		Role: chat.RoleUser,
		Name: "Noor Haddad",
	})
	require.NoError(t, err)

	id := strconv.FormatInt(int64(noor.ID), 10)
	out := d.must("workspaces", "make-manager", "--workspace", ws, id)
	assert.Equal(t, "member "+id+" is a manager\n", out)
	assert.Equal(t, []string{"Mara Feld", "Noor Haddad"}, d.managers())

	changes := d.audited("member.updated")["changes"].(map[string]any)
	assert.Equal(t, map[string]any{"old": "user", "new": "manager"}, changes["role"])

	d.must("keys", "create", "--workspace", ws, "--member", id, "--name", "hers", "--scopes", "chats:admin")
	detail := d.audited("api_key.created")
	made = detail["changes"].(map[string]any)
	assert.Equal(t, map[string]any{"new": float64(noor.ID)}, made["member_id"])
	assert.Equal(t, map[string]any{"new": []any{"chats:admin"}}, made["scopes"])

	d.must("keys", "revoke", "--workspace", ws, "1")
	d.audited("api_key.revoked")

	status, _, errs := d.do("workspaces", "make-manager", "--workspace", ws, "999")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "member_not_found")
}

// TestStatusOfAllWorkspacesForTheOperator asks without a key.
func TestStatusOfAllWorkspacesForTheOperator(t *testing.T) {
	t.Parallel()
	d := newOperatorDesk(t)
	d.askForManager("Noor")

	out := d.must("status", "--operator")
	assert.Contains(t, out, string(d.ws))
	assert.Contains(t, out, "request that waits for a second member")

	out = d.must("status", "--operator", "--json")
	assert.Contains(t, out, `"need_person": 1`)

	out = d.must("status", "--operator", "--workspace", "00000000-0000-4000-8000-000000000000")
	assert.Contains(t, out, "no such workspace")
}
