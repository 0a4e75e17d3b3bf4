package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/trial/programtest"
	"handrail/db/dbtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

// terminal is one person at one command line.
type terminal struct {
	*testing.T
	environ []string
}

// do runs handrail and returns its exit status and what it wrote to out and to errs.
func (c *terminal) do(args ...string) (status int, out, errs string) {
	c.Helper()
	var stdout, stderr bytes.Buffer
	status = newConsole(c.Context(), c.environ, strings.NewReader(""), &stdout, &stderr).run(args)

	return status, stdout.String(), stderr.String()
}

// must is do where nothing may go wrong.
func (c *terminal) must(args ...string) string {
	c.Helper()
	status, out, errs := c.do(args...)
	require.Equal(c, 0, status, "handrail %s: %s", strings.Join(args, " "), errs)

	return out
}

func newTerminal(t *testing.T, environ ...string) *terminal {
	t.Helper()
	return &terminal{T: t, environ: environ}
}

func TestANewInstallationIsSetUpFromTheCommandLine(t *testing.T) {
	t.Parallel()
	c := newTerminal(t, "DATABASE_URL="+dbtest.NewPostgresURL(t))
	assert.Contains(t, c.must("migrate", "status"), "not yet")
	assert.Contains(t, c.must("migrate", "up"), "applied")
	assert.Contains(t, c.must("migrate", "up"), "nothing to do")
	assert.NotContains(t, c.must("migrate", "status"), "not yet")
	assert.Contains(t, c.must("migrate", "unlock"), "unlocked")
	assert.Contains(t, c.must("workspaces", "list"), "no workspaces yet")

	made := c.must("workspaces", "create", "Acme", "--manager", "Mara Feld", "--email", "mara@example.com")
	ws := regexp.MustCompile(`workspace (\S+)`).FindStringSubmatch(made)[1]
	member := regexp.MustCompile(`manager +(\d+)`).FindStringSubmatch(made)[1]

	assert.Contains(t, c.must("workspaces", "list"), "Acme")
	assert.Contains(t, c.must("keys", "list", "--workspace", ws), "no keys yet")

	var key struct {
		ID  int64    `json:"id"`
		Key string   `json:"key"`
		Has []string `json:"scopes"`
	}

	require.NoError(
		t,
		json.Unmarshal(
			[]byte(
				c.must(
					"keys",
					"create",
					"--workspace",
					ws,
					"--member",
					member,
					"--name",
					"bot",
					"--scopes",
					"chats:admin,members:read",
					"--json",
				),
			),
			&key,
		),
	)

	assert.Equal(t, []string{"chats:admin", "members:read"}, key.Has)
	assert.True(t, strings.HasPrefix(key.Key, "hr_"))

	link := c.must("keys", "login", "--workspace", ws, "--member", member, "--read-only", "--url", "https://h.example/")
	assert.Regexp(t, `^https://h\.example/console/login\?workspace=`+ws+`&token=hr_login_[0-9a-z]{52}\n`, link)
	assert.Contains(t, link, "It logs in once, within 10 minutes, for 12 hours.")
	assert.Contains(t, c.must("keys", "list", "--workspace", ws, "--kind", "login"), "chats:read,members:read")

	listed := c.must("keys", "list", "--workspace", ws)
	assert.NotContains(t, listed, "Login link")
	assert.Contains(t, listed, "active")
	assert.NotContains(t, listed, key.Key, "a secret is shown once")
	assert.Contains(t, c.must("keys", "revoke", "--workspace", ws, "1"), "revoked")
	assert.Contains(t, c.must("keys", "list", "--workspace", ws), "revoked")
}

func TestWrongUseIsReportedWithWhatWouldBeRight(t *testing.T) {
	t.Parallel()
	database := "DATABASE_URL=" + dbtest.NewPostgresURL(t)
	newTerminal(t, database).must("migrate", "up")
	const nowhere = "00000000-0000-4000-8000-000000000000"
	tests := map[string]struct {
		environ []string
		args    []string
		status  int
		says    string
	}{
		"no command":      {nil, nil, 2, "Begin with handrail status; handrail --help lists all commands"},
		"unknown command": {nil, []string{"serve"}, 2, "unexpected argument serve"},
		"misspelled":      {nil, []string{"deliverie"}, 2, `did you mean "deliveries"? See handrail --help`},
		"no id":           {nil, []string{"deliveries", "show"}, 2, `expected "<id>". See handrail deliveries show --help`},
		"missing flag":    {nil, []string{"keys", "create"}, 2, "--workspace"},
		"no database":     {nil, []string{"migrate", "up"}, 1, "DATABASE_URL"},
		"bad database":    {[]string{"DATABASE_URL=mysql://x"}, []string{"migrate", "up"}, 1, "postgres://"},
		"bad setting":     {[]string{"HANDRAIL_ADDR=8080"}, []string{"config"}, 1, "HANDRAIL_ADDR"},
		"unknown workspace": {
			[]string{database},
			[]string{"keys", "list", "--workspace", nowhere},
			1,
			"workspace_not_found",
		},
		"not a workspace": {[]string{database}, []string{"keys", "list", "--workspace", "acme"}, 1, "workspace"},
		"unknown scope": {
			[]string{database},
			[]string{
				"keys",
				"create",
				"--workspace",
				nowhere,
				"--member",
				"1",
				"--name",
				"a",
				"--scopes",
				"everything",
			},
			1,
			"chats:write",
		},
		"unknown key": {[]string{database}, []string{"keys", "revoke", "--workspace", nowhere, "9"}, 1, "not"},
		"bad manager": {
			[]string{database},
			[]string{"workspaces", "create", "Acme", "--manager", "Mara", "--email", "x"},
			1,
			"email",
		},
		"taken or bad address": {
			[]string{database, "HANDRAIL_ADDR=203.0.113.1:1"},
			[]string{"api"},
			1,
			"HANDRAIL_ADDR",
		},
		"API that is not up": {[]string{"HANDRAIL_ADDR=127.0.0.1:1"}, []string{"health"}, 1, "does not answer"},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, _, errs := newTerminal(t, tt.environ...).do(tt.args...)
			assert.Equal(t, tt.status, status, errs)
			assert.Contains(t, errs, tt.says)
			assert.NotContains(t, errs, "goroutine")
		})
	}
}

func TestAPIAndWorkerRefuseADatabaseThatIsBehind(t *testing.T) {
	t.Parallel()
	server := startTemporal(t)
	c := newTerminal(
		t,
		"DATABASE_URL="+dbtest.NewPostgresURL(t),
		"TEMPORAL_ADDRESS="+server.Address(),
		"HANDRAIL_ADDR=127.0.0.1:0",
	)

	status, _, errs := c.do("all")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "handrail migrate up")
}

func TestHelpConfigAndVersion(t *testing.T) {
	t.Parallel()
	c := newTerminal(t, "DATABASE_URL=postgres://handrail:hunter2@db/handrail")

	help := c.must("--help")
	for _, command := range []string{
		"api", "worker", "all", "migrate", "workspaces", "keys", "deliveries", "bulk-retries",
		"members", "suppressions", "inbound", "tools", "approvals", "tool-calls", "requests", "doctor", "config",
		"health", "version",
	} {
		assert.Contains(t, help, command)
	}

	assert.Contains(t, c.must("keys", "create", "--help"), "--scopes")
	assert.Contains(t, c.must("version"), "handrail dev")
	shown := c.must("config")
	assert.Contains(t, shown, "DATABASE_URL=postgres://handrail:xxxxx@db/handrail")
	assert.NotContains(t, shown, "hunter2")
}

// TestTheFirstScreenHasGroups: the help fits a terminal, with each command on one line below a heading, and the help of
// a command lists those below it.
func TestTheFirstScreenHasGroups(t *testing.T) {
	t.Parallel()

	c := newTerminal(t)
	help := c.must("--help")

	for _, heading := range []string{
		"What needs a person:",
		"Messages:",
		"Chats and people:",
		"Workspaces and their settings:",
		"The server:",
		"More:",
	} {
		assert.Contains(t, help, "\n"+heading+"\n")
	}

	assert.LessOrEqual(t, strings.Count(help, "\n"), 60)
	assert.NotContains(t, help, "deliveries retry-all", "that is in the help of deliveries")
	assert.Len(t, regexp.MustCompile(`(?m)^  [a-z-]+ {2,}[A-Z]`).FindAllString(help, -1), 34)
	assert.NotRegexp(t, `(?m)^ {6,}[a-z]`, strings.Split(help, "Flags:")[0], "a command is one line")

	below := c.must("deliveries", "--help")
	assert.Regexp(t, `(?s)Commands:\n.*deliveries retry-all +Retry all`, below)
	assert.NotContains(t, below, "Messages:")
}

func TestTheVersionIsAFlagToo(t *testing.T) {
	t.Parallel()

	out := newTerminal(t).must("--version")
	assert.Equal(t, newTerminal(t).must("version"), out)
}

func TestCompletionForEachShell(t *testing.T) {
	t.Parallel()

	for _, shell := range []string{"bash", "zsh", "fish"} {
		assert.Contains(t, newTerminal(t).must("completion", shell, "-c"), "complet", shell)
	}
}
