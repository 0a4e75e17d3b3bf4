package sandbox_test

import (
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

// TestFaultsOfMCPTools plays each fault on a call of a tool, and looks whether it is answered and has had its effect.
func TestFaultsOfMCPTools(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		fault              sandbox.Fault
		isAnswered, isDone bool
	}{
		{fault: sandbox.Fault{Kind: sandbox.FaultCut}, isDone: true},
		{fault: sandbox.Fault{Kind: sandbox.FaultError}, isDone: true},
		{fault: sandbox.Fault{Kind: sandbox.FaultTruncate}, isDone: true},
		{fault: sandbox.Fault{Kind: sandbox.FaultGarbage}, isDone: true},
		{fault: sandbox.Fault{Kind: sandbox.FaultSlow, Delay: time.Millisecond}, isAnswered: true, isDone: true},
		{fault: sandbox.Fault{Kind: sandbox.FaultLate, Delay: time.Millisecond}, isDone: true},
		{fault: sandbox.Fault{Kind: sandbox.FaultRateLimit}},
		{fault: sandbox.Fault{Kind: sandbox.FaultUnavailable}},
		{fault: sandbox.Fault{Kind: sandbox.FaultSuspended}},
		{fault: sandbox.Fault{Kind: sandbox.FaultDown}},
	} {
		t.Run(string(c.fault.Kind), func(t *testing.T) {
			t.Parallel()

			w := setup(t)
			c.fault.Channel = sandbox.ChannelTool
			c.fault.To = "order_taxi"
			require.NoError(t, w.SetFaults(c.fault))

			result, err := w.callTool(t, "order_taxi")
			assert.Equal(t, c.isAnswered, err == nil && !result.IsError, "%v", err)

			if c.isDone {
				require.Eventually(t, func() bool { return len(w.Orders()) == 1 }, 5*time.Second, time.Millisecond)
			} else {
				assert.Empty(t, w.Orders())
			}

			hours, err := w.callTool(t, "opening_hours")
			require.NoError(t, err, "another tool is not meant")
			assert.False(t, hours.IsError)
		})
	}
}

// TestAnMCPToolRefuses has a tool say no, which is an answer.
func TestAnMCPToolRefuses(t *testing.T) {
	t.Parallel()

	w := setup(t)
	require.NoError(t, w.SetFaults(sandbox.Fault{
		Kind:    sandbox.FaultRefuse,
		Channel: sandbox.ChannelTool,
		To:      "order_taxi",
		Times:   1,
	}))

	result, err := w.callTool(t, "order_taxi")
	require.NoError(t, err)
	assert.True(t, result.IsError)
	assert.Empty(t, w.Orders())

	result, err = w.callTool(t, "order_taxi")
	require.NoError(t, err)
	assert.False(t, result.IsError)
	assert.Len(t, w.Orders(), 1)
}

// callTool calls a tool of the concierge in a session of its own.
func (w *world) callTool(t *testing.T, name string) (*mcp.CallToolResult, error) {
	t.Helper()

	session, err := w.dial(t, "")
	require.NoError(t, err)

	defer func() { _ = session.Close() }() // a fault may have ended it

	arguments := map[string]any{}
	if name == "order_taxi" {
		arguments = map[string]any{"to": "Station", "at": "2026-11-27T22:00:00Z"}
	}

	return session.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: arguments})
}
