package chat_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/chat"
)

var asked = time.Date(2026, time.November, 28, 12, 0, 0, 0, time.UTC)

// manager is an authority that may decide about everything, and that nobody has made lately.
func manager(id chat.MemberID) chat.Authority {
	return chat.Authority{MemberID: id, Role: chat.RoleManager, Scopes: chat.AllScopes()}
}

func madeBy(a chat.Authority, role, key chat.MemberID, at time.Time) chat.Authority {
	a.RoleBy = role
	a.RoleAt = &at
	a.KeyBy = key
	a.KeyAt = &at

	return a
}

func TestOnePersonDoesNotDecide(t *testing.T) {
	t.Parallel()

	today, old := asked.Add(-time.Hour), asked.Add(-25*time.Hour)

	for name, c := range map[string]struct {
		asker, decider chat.Authority
		want           chat.Code
	}{
		"another manager":                {manager(1), manager(2), ""},
		"who asked":                      {manager(1), manager(1), chat.CodeOwnRequest},
		"made a member today":            {manager(1), madeBy(manager(2), 1, 0, today), chat.CodeOwnRequest},
		"with a key made today":          {manager(1), madeBy(manager(2), 0, 1, today), chat.CodeOwnRequest},
		"made the day before":            {manager(1), madeBy(manager(2), 1, 1, old), ""},
		"made by somebody else":          {manager(1), madeBy(manager(2), 3, 3, today), ""},
		"the maker of who asked":         {madeBy(manager(1), 2, 0, today), manager(2), chat.CodeOwnRequest},
		"the maker of the asking key":    {madeBy(manager(1), 0, 2, today), manager(2), chat.CodeOwnRequest},
		"two whom one has made":          {madeBy(manager(1), 3, 0, today), madeBy(manager(2), 0, 3, today), chat.CodeOwnRequest},
		"a key of one's own, made today": {manager(1), madeBy(manager(2), 2, 2, today), ""},
		"no manager": {
			manager(1),
			chat.Authority{MemberID: 2, Role: chat.RoleUser, Scopes: chat.AllScopes()},
			chat.CodeForbidden,
		},
		"a revoked key": {
			manager(1),
			chat.Authority{MemberID: 2, Role: chat.RoleManager, Scopes: chat.AllScopes(), Ended: true},
			chat.CodeForbidden,
		},
		"without the scope": {
			manager(1),
			chat.Authority{MemberID: 2, Role: chat.RoleManager, Scopes: []chat.Scope{chat.ScopeChatsAdmin}},
			chat.CodeForbidden,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			a := chat.Approval{Kind: chat.ApprovalToolChange, CreatedAt: asked, RequestedBy: c.asker.MemberID}
			assert.Equal(t, c.want, chat.CodeOf(a.CheckDecider(c.asker, c.decider, asked.Add(time.Minute))))
		})
	}
}

func TestNobodyApprovesAKeyThatReachesFurther(t *testing.T) {
	t.Parallel()

	a := chat.Approval{
		Kind:      chat.ApprovalKey,
		CreatedAt: asked,
		Request:   chat.ApprovalRequest{Key: &chat.KeyRequest{Scopes: []chat.Scope{chat.ScopeWorkspaceAdmin}}},
	}

	decider := manager(2)
	require.NoError(t, a.CheckDecider(manager(1), decider, asked))

	decider.Scopes = []chat.Scope{chat.ScopeChatsAdmin, chat.ScopeKeysAdmin}
	assert.Equal(t, chat.CodeForbidden, chat.CodeOf(a.CheckDecider(manager(1), decider, asked)))
}

// TestWhoDecidesIsSymmetric holds that it does not matter which of two sides asks, while both are as old.
func TestWhoDecidesIsSymmetric(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) chat.Authority {
			a := manager(chat.MemberID(rapid.IntRange(1, 4).Draw(t, name)))
			at := asked.Add(-time.Duration(rapid.IntRange(0, 48).Draw(t, name+" age")) * time.Hour)
			role := chat.MemberID(rapid.IntRange(0, 4).Draw(t, name+" role by"))
			key := chat.MemberID(rapid.IntRange(0, 4).Draw(t, name+" key by"))

			return madeBy(a, role, key, at)
		}

		a := chat.Approval{Kind: chat.ApprovalSend, CreatedAt: asked}
		one, other := draw("one"), draw("other")

		there := chat.CodeOf(a.CheckDecider(one, other, asked))
		require.Equal(t, there, chat.CodeOf(a.CheckDecider(other, one, asked)))

		if there == "" {
			hands := other.Hands(asked)
			for _, hand := range one.Hands(asked) {
				require.False(t, slices.Contains(hands, hand), "they share a hand")
			}
		}
	})
}

func TestAnApprovalIsUsedOnceByWhoAsked(t *testing.T) {
	t.Parallel()

	request := chat.ApprovalRequest{
		Tool:      &chat.PinnedTool{ID: 4, Name: "refund", Version: 2},
		Arguments: json.RawMessage(`{"amount":50}`),
	}
	decided := asked.Add(time.Hour)
	approved := chat.Approval{
		Kind:        chat.ApprovalToolTest,
		State:       chat.ApprovalApproved,
		RequestedBy: 1,
		DecidedAt:   &decided,
		Request:     request,
	}

	newer := request
	newer.Tool = &chat.PinnedTool{ID: 4, Name: "refund", Version: 3}

	other := request
	other.Arguments = json.RawMessage(`{"amount":5000}`)

	waiting, used := approved, approved
	waiting.State = chat.ApprovalWaiting
	used.ExecutedAt = &decided

	for name, c := range map[string]struct {
		approval chat.Approval
		by       chat.MemberID
		request  chat.ApprovalRequest
		at       time.Time
		want     chat.Code
	}{
		"as approved":     {approved, 1, request, decided, ""},
		"another member":  {approved, 2, request, decided, chat.CodeApprovalNotFound},
		"a newer tool":    {approved, 1, newer, decided, chat.CodeApprovalVoid},
		"other arguments": {approved, 1, other, decided, chat.CodeApprovalVoid},
		"still waiting":   {waiting, 1, request, decided, chat.CodeDecided},
		"used already":    {used, 1, request, decided, chat.CodeDecided},
		"too late":        {approved, 1, request, decided.Add(25 * time.Hour), chat.CodeDecided},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			err := c.approval.CheckUse(c.by, chat.ApprovalToolTest, c.request, c.at)
			assert.Equal(t, c.want, chat.CodeOf(err))
		})
	}
}

func TestACallRunsOnlyAsItWasApproved(t *testing.T) {
	t.Parallel()

	a := chat.Approval{
		State: chat.ApprovalApproved,
		Request: chat.ApprovalRequest{Calls: []chat.PinnedCall{
			{CallID: "call_1", Tool: chat.PinnedTool{ID: 4, Version: 2}},
		}},
	}

	require.NoError(t, a.CheckPins("call_1", &chat.ToolDefinition{ID: 4, Version: 2}))

	for name, err := range map[string]error{
		"a newer version": a.CheckPins("call_1", &chat.ToolDefinition{ID: 4, Version: 3}),
		"another tool":    a.CheckPins("call_1", &chat.ToolDefinition{ID: 5, Version: 2}),
		"another call":    a.CheckPins("call_2", &chat.ToolDefinition{ID: 4, Version: 2}),
		"no approval":     (&chat.Approval{}).CheckPins("call_1", &chat.ToolDefinition{ID: 4, Version: 2}),
	} {
		assert.Equal(t, chat.CodeApprovalVoid, chat.CodeOf(err), name)
	}
}

func TestWhatOfAToolTakesASecondMember(t *testing.T) {
	t.Parallel()

	tool := func(risk chat.ToolRisk, change func(*chat.ToolDefinition)) *chat.ToolDefinition {
		d := &chat.ToolDefinition{
			Kind:    chat.ToolHTTP,
			Name:    "refund",
			Enabled: true,
			Risk:    risk,
			HTTP:    &chat.HTTPTool{Method: "POST", URL: "https://desk.example.com"},
			Sealed:  []byte("sealed"),
		}
		change(d)

		return d
	}
	server := func(all chat.ToolRisk, overrides map[string]chat.ToolRisk) *chat.ToolDefinition {
		d := &chat.ToolDefinition{Kind: chat.ToolMCP, Risk: all, MCP: &chat.MCPServer{Overrides: map[string]chat.MCPOverride{}}}
		for name, risk := range overrides {
			d.MCP.Overrides[name] = chat.MCPOverride{Risk: &risk}
		}

		return d
	}
	same := func(*chat.ToolDefinition) {}
	moved := func(d *chat.ToolDefinition) { d.HTTP.URL = "https://elsewhere.example.com" }
	off := func(d *chat.ToolDefinition) { d.Enabled = false }

	for name, c := range map[string]struct {
		before, after *chat.ToolDefinition
		want          bool
	}{
		"nothing":                    {tool(chat.RiskApproval, same), tool(chat.RiskApproval, same), false},
		"another URL":                {tool(chat.RiskApproval, same), tool(chat.RiskApproval, moved), true},
		"another URL of a write":     {tool(chat.RiskWrite, same), tool(chat.RiskWrite, moved), false},
		"approval to write":          {tool(chat.RiskApproval, same), tool(chat.RiskWrite, same), true},
		"write to read":              {tool(chat.RiskWrite, same), tool(chat.RiskRead, same), true},
		"write to approval":          {tool(chat.RiskWrite, same), tool(chat.RiskApproval, same), false},
		"switched off":               {tool(chat.RiskApproval, same), tool(chat.RiskApproval, off), false},
		"switched on":                {tool(chat.RiskApproval, off), tool(chat.RiskApproval, same), true},
		"off, and another risk":      {tool(chat.RiskApproval, same), tool(chat.RiskWrite, off), true},
		"other secrets":              {tool(chat.RiskApproval, same), tool(chat.RiskApproval, func(d *chat.ToolDefinition) { d.Sealed = nil }), true},
		"off, and other secrets":     {tool(chat.RiskApproval, same), tool(chat.RiskApproval, func(d *chat.ToolDefinition) { d.Sealed = nil; d.Enabled = false }), true},
		"an override goes":           {server(chat.RiskWrite, map[string]chat.ToolRisk{"pay": chat.RiskApproval}), server(chat.RiskWrite, nil), true},
		"an override lowers":         {server(chat.RiskWrite, nil), server(chat.RiskWrite, map[string]chat.ToolRisk{"pay": chat.RiskRead}), true},
		"an override raises":         {server(chat.RiskWrite, nil), server(chat.RiskWrite, map[string]chat.ToolRisk{"pay": chat.RiskApproval}), false},
		"all others are lowered":     {server(chat.RiskWrite, map[string]chat.ToolRisk{"pay": chat.RiskWrite}), server(chat.RiskRead, map[string]chat.ToolRisk{"pay": chat.RiskWrite}), true},
		"a server with one approval": {server(chat.RiskRead, map[string]chat.ToolRisk{"pay": chat.RiskApproval}), server(chat.RiskWrite, map[string]chat.ToolRisk{"pay": chat.RiskApproval}), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, chat.ToolChangeNeedsSecond(c.before, c.after))
		})
	}
}

func TestAnUndoIsNotRiskierThanItsCall(t *testing.T) {
	t.Parallel()

	risks := []chat.ToolRisk{chat.RiskRead, chat.RiskWrite, chat.RiskApproval}
	for i, call := range risks {
		for j, undo := range risks {
			err := chat.CheckUndoRisk("undo.tool", call, undo)
			assert.Equal(t, j > i, err != nil, "%s for %s", undo, call)
		}
	}

	assert.True(t, chat.ToolRisk("unheard of").Exceeds(chat.RiskWrite))
}
