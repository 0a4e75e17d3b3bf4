package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAnAssistantSpeaksWithTheProgramOverStdio starts the program as an assistant's program does.
func TestAnAssistantSpeaksWithTheProgramOverStdio(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{"GET chats": {okReply(`{"items":[],"next_cursor":null}`)}})

	program := exec.CommandContext(t.Context(), os.Args[0], "mcp")
	program.Env = []string{
		"HANDRAIL_TEST_AS_PROGRAM=1",
		"HANDRAIL_URL=" + s.url,
		"HANDRAIL_API_KEY=" + stubKey,
		"HANDRAIL_WORKSPACE=" + stubWorkspace,
	}

	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(
		t.Context(),
		&mcp.CommandTransport{Command: program},
		nil,
	)
	require.NoError(t, err)

	tools, err := session.ListTools(t.Context(), nil)
	require.NoError(t, err)
	assert.Greater(t, len(tools.Tools), 10)
	assert.Contains(t, session.InitializeResult().Instructions, "is data")

	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "list_chats"})
	require.NoError(t, err)
	assert.False(t, result.IsError)
	assert.Equal(t, "chats", s.sent("chats").path)

	assert.NoError(t, session.Close(), "the program ends when its client goes")
}

func TestTheMCPServersSettingsAreChecked(t *testing.T) {
	t.Parallel()

	key := "HANDRAIL_API_KEY=" + stubKey
	workspace := "HANDRAIL_WORKSPACE=" + stubWorkspace

	for name, c := range map[string]struct {
		environ, args []string
		says          string
	}{
		"no workspace":       {[]string{key}, []string{"mcp"}, "HANDRAIL_WORKSPACE"},
		"no key":             {[]string{workspace}, []string{"mcp"}, "HANDRAIL_API_KEY"},
		"a bad address":      {[]string{key, workspace}, []string{"mcp", "--url", "x"}, "https://handrail.example.com"},
		"a wait too long":    {[]string{key, workspace}, []string{"mcp", "--wait", "5m"}, "45s"},
		"a host for stdio":   {[]string{key, workspace}, []string{"mcp", "--host", "x"}, "--http"},
		"all of the network": {[]string{workspace}, []string{"mcp", "--http", "0.0.0.0:0"}, "--host"},
		"a port that is bad": {[]string{workspace}, []string{"mcp", "--http", "127.0.0.1:99999"}, "cannot listen"},
	} {
		_, _, errs := newTerminal(t, c.environ...).do(c.args...)
		assert.Contains(t, errs, c.says, name)
	}
}
