package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// TestNothingReachesTheSameWithALowerRisk writes one address in many ways.
func TestNothingReachesTheSameWithALowerRisk(t *testing.T) {
	t.Parallel()

	refund := newHTTPTool("POST", "https://desk.example.com/refunds/{id}/pay", chat.RiskApproval)

	for url, want := range map[string]bool{
		"https://desk.example.com/refunds/{id}/pay":       true,
		"https://DESK.example.com.:443/refunds/7/pay":     true,
		"https://desk.example.com/Refunds/7/PAY/":         true,
		"https://desk.example.com/refunds/7/p%61y?x=1":    true,
		"https://desk.example.com//refunds/./7/x/../pay":  true,
		"https://desk.example.com/{what}":                 true,
		"https://desk.example.com/{a}/{b}/pay":            true,
		"https://desk.example.com/x/.{dot}/refunds/7/pay": true,
		"https://desk.example.com/refunds{rest}":          true,
		"https://desk.example.com/bookings/{id}":          false,
		"https://desk.example.com/refunds/{id}/show":      false,
		"https://desk.example.com:8443/refunds/7/pay":     false,
		"http://desk.example.com/refunds/7/pay":           false,
		"https://other.example.com/refunds/7/pay":         false,
	} {
		d := newHTTPTool("POST", url, chat.RiskWrite)
		assert.Equal(t, want, d.BypassesRisk(refund), url)
		assert.Equal(t, want, chat.SharesDestination(refund, d), url)

		d.Risk = chat.RiskApproval
		assert.False(t, d.BypassesRisk(refund), url)
	}
}

func TestAMethodIsAnotherThingOnlyBelowApproval(t *testing.T) {
	t.Parallel()

	const url = "https://desk.example.com/bookings/{id}"

	read := newHTTPTool("GET", url, chat.RiskRead)
	assert.False(t, read.BypassesRisk(newHTTPTool("DELETE", url, chat.RiskWrite)))
	assert.True(t, read.BypassesRisk(newHTTPTool("GET", url, chat.RiskWrite)))
	assert.True(t, read.BypassesRisk(newHTTPTool("DELETE", url, chat.RiskApproval)))
}

// TestAServerIsReachedByNoOtherKind: a server's tools are called by POST at its URL, which an HTTP tool can do too.
func TestAServerIsReachedByNoOtherKind(t *testing.T) {
	t.Parallel()

	server := func(risk chat.ToolRisk, override chat.ToolRisk) *chat.ToolDefinition {
		return &chat.ToolDefinition{Kind: chat.ToolMCP, Risk: risk, MCP: &chat.MCPServer{
			URL:       "https://mcp.example.com/mcp",
			Overrides: map[string]chat.MCPOverride{"pay": {Risk: &override}},
		}}
	}
	careful := server(chat.RiskWrite, chat.RiskApproval)

	assert.True(t, server(chat.RiskWrite, chat.RiskWrite).BypassesRisk(careful))
	assert.False(t, server(chat.RiskWrite, chat.RiskApproval).BypassesRisk(careful))
	assert.True(t, newHTTPTool("POST", "https://mcp.example.com/mcp", chat.RiskWrite).BypassesRisk(careful))

	command := func(name string, risk chat.ToolRisk) *chat.ToolDefinition {
		return &chat.ToolDefinition{Kind: chat.ToolMCP, Risk: risk, MCP: &chat.MCPServer{Command: name}}
	}

	assert.True(t, command("files", chat.RiskWrite).BypassesRisk(command("files", chat.RiskApproval)))
	assert.False(t, command("mail", chat.RiskWrite).BypassesRisk(command("files", chat.RiskApproval)))
}

func newHTTPTool(method, url string, risk chat.ToolRisk) *chat.ToolDefinition {
	return &chat.ToolDefinition{
		Kind: chat.ToolHTTP,
		Risk: risk,
		HTTP: &chat.HTTPTool{Method: method, URL: url},
	}
}

// TestWhoAskedMustStillBeAllowedTo goes through all kinds of approval.
func TestWhoAskedMustStillBeAllowedTo(t *testing.T) {
	t.Parallel()

	for _, kind := range chat.ApprovalKinds() {
		approval := chat.Approval{Kind: kind, RequestedBy: 1}
		asker := chat.Authority{
			MemberID: 1,
			Role:     chat.RoleManager,
			Scopes:   []chat.Scope{kind.AskingScope()},
		}
		assert.True(t, approval.AskerHolds(asker), kind)

		demoted, revoked, narrowed := asker, asker, asker
		demoted.Role = chat.RoleUser
		revoked.Ended = true
		narrowed.Scopes = []chat.Scope{chat.ScopeChatsRead}

		for _, lost := range []chat.Authority{demoted, revoked, narrowed, {}} {
			assert.False(t, approval.AskerHolds(lost), kind)
		}
	}
}
