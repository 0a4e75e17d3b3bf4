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
		shell := exec.CommandContext(t.Context(), "bash", "-eu")
		shell.Stdin = strings.NewReader(script.String())
		shell.Env = append(
			os.Environ(),
			"HANDRAIL_URL="+p.api,
			"HANDRAIL_WORKSPACE="+string(demoWorkspace),
			"HANDRAIL_API_KEY="+demoKey,
		)

		out, err := shell.CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Equal(t, 2, strings.Count(string(out), `"success":true`), "%s", out)
		assert.NotContains(t, string(out), `"code":`, "%s", out)
	}

	require.Eventually(t, func() bool {
		items := p.get(p.api + "/api/v2/w/" + string(demoWorkspace) + "/deliveries?status=delivered")["items"]
		return len(items.([]any)) == 2
	}, time.Minute, 100*time.Millisecond, "each message is sent once, and reported")

	assert.Equal(t, 0, started.Stop(), started.Output())
}
