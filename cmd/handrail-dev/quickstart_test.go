package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shellBlock is one block of commands on a page.
var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestTheQuickstartsCallsWork pastes the calls of docs/quickstart.md into a shell, twice. The sandbox is the provider.
func TestTheQuickstartsCallsWork(t *testing.T) {
	t.Parallel()

	page, err := os.ReadFile("../../docs/quickstart.md")
	require.NoError(t, err)

	var script strings.Builder

	for _, block := range shellBlock.FindAllStringSubmatch(string(page), -1) {
		if strings.Contains(block[1], "call ") || strings.Contains(block[1], "export FROM") || strings.Contains(block[1], "export MAIL_") {
			script.WriteString(block[1])
		}
	}

	require.Contains(t, script.String(), "export TO=")

	p := newTestEnv(t)
	started, _ := p.up()

	for range 2 {
		// The demo has the page's number already.
		out := p.paste(strings.ReplaceAll(script.String(), "FROM=+14155550100", "FROM=+14155550177"))
		assert.Equal(t, 2, strings.Count(out, `"success":true`), "%s", out)
		assert.NotContains(t, out, `"code":`, "%s", out)
	}

	require.Eventually(t, func() bool {
		items := p.get(p.api + "/api/v2/w/" + string(demoWorkspace) + "/deliveries?status=delivered")["items"]
		return len(items.([]any)) == 2
	}, time.Minute, 100*time.Millisecond, "each message is sent once, and reported")

	assert.Equal(t, 0, started.Stop(), started.Output())
}

// TestTheReadmesCommandsMayBePastedAgain pastes what README.md shows for `make dev`, twice.
func TestTheReadmesCommandsMayBePastedAgain(t *testing.T) {
	t.Parallel()

	page, err := os.ReadFile("../../README.md")
	require.NoError(t, err)

	_, rest, found := strings.Cut(string(page), "## Send a first message")
	require.True(t, found)

	part, _, found := strings.Cut(rest, "## What happens to a message")
	require.True(t, found)

	p := newTestEnv(t)
	started, _ := p.up()
	addresses := strings.NewReplacer("http://127.0.0.1:8080", p.api, "127.0.0.1:8026", strings.TrimPrefix(p.inbox, "http://"))

	var script strings.Builder
	for _, block := range shellBlock.FindAllStringSubmatch(part, -1) {
		script.WriteString(addresses.Replace(block[1]))
	}

	for range 2 {
		out := p.paste(script.String())
		assert.Equal(t, 2, strings.Count(out, `"success":true`), "%s", out)
		assert.Contains(t, out, `"waiting_for":"contributor"`)
		assert.Contains(t, out, `"state":"approved"`)
		assert.NotContains(t, out, `"type":"/docs/problems`, "%s", out)
	}

	assert.Equal(t, 0, started.Stop(), started.Output())
}

// paste runs commands in a shell that has the demo's key, and returns what they write.
func (p *testEnv) paste(commands string) string {
	p.Helper()

	shell := exec.CommandContext(p.Context(), "bash", "-eu")
	shell.Stdin = strings.NewReader(commands)

	shell.Env = append(
		os.Environ(),
		"HANDRAIL_URL="+p.api,
		"HANDRAIL_WORKSPACE="+string(demoWorkspace),
		"HANDRAIL_API_KEY="+demoKey,
	)

	out, err := shell.CombinedOutput()
	require.NoError(p, err, "%s", out)

	return string(out)
}
