package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ask sends a JSON body to an address of the demo workspace, or of the sandbox.
func (p *testEnv) ask(method, url, key, body string, status int) map[string]any {
	p.Helper()
	request, err := http.NewRequestWithContext(p.Context(), method, url, strings.NewReader(body))
	require.NoError(p, err)
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Prefer", "respond-async")

	return p.do(request, status)
}

func (p *testEnv) workspace() string { return p.api + "/api/v2/w/" + string(demoWorkspace) }

// begin asks for a send with one tool call in the SMS chat, and returns where its action is.
func (p *testEnv) begin(tool, arguments string) (action string) {
	p.Helper()

	body := fmt.Sprintf(`{"message":"It is done","tool_calls":[{"name":"%s","arguments":%s}]}`, tool, arguments)
	begun := p.ask(http.MethodPost, p.workspace()+"/chats/1/send-assistant-message", demoKey, body, http.StatusAccepted)

	return p.workspace() + "/actions/" + begun["action_id"].(string)
}

// texts are what the sandbox has got for a phone.
func (p *testEnv) texts(phone string) []string {
	p.Helper()
	var all []string

	for _, m := range p.get(p.inbox + "/sandbox/messages.json")["messages"].([]any) {
		if one := m.(map[string]any); one["to"] == phone {
			all = append(all, one["body"].(string))
		}
	}

	return all
}

const (
	ana   = "+14155550101"
	priya = "+14155550103"
)

func hasSucceeded(a map[string]any) bool { return a["state"] == "succeeded" }

func TestAContributorAnswersAfterARestart(t *testing.T) {
	t.Parallel()
	p := newTestEnv(t)
	started, _ := p.up()

	action := p.begin(
		"contributor_input_request",
		`{"question":"Is the terrace open on Friday?","expects":{"type":"boolean"}}`,
	)

	require.Eventually(t, func() bool { return len(p.texts(priya)) == 1 }, time.Minute, 50*time.Millisecond)
	assert.Contains(t, p.texts(priya)[0], "Is the terrace open on Friday?")
	started.Kill()
	p.up()
	assert.Empty(t, p.texts(ana), "the message waits for the answer")
	p.ask(http.MethodPost, p.inbox+"/sandbox/answers", "", `{"from":"`+priya+`","text":"Yes!"}`, http.StatusOK)
	done := p.await(action, hasSucceeded)
	assert.Equal(t, "succeeded", done["state"], done)
	assert.Equal(t, []string{"It is done"}, p.texts(ana))

	assert.Contains(
		t,
		fmt.Sprint(p.get(p.workspace()+"/chats/1/messages?limit=5")),
		"Yes!",
		"the answer is in the chat",
	)
}

func TestASecondPersonApproves(t *testing.T) {
	t.Parallel()
	p := newTestEnv(t)
	p.up()
	action := p.begin("refund", `{"amount_cents":1900,"reason":"the terrace was closed"}`)

	require.Eventually(t, func() bool { return p.get(action)["approval"] != nil }, time.Minute, 50*time.Millisecond)

	approve := `{"decision":"approve","reason":"fair"}`
	refused := p.ask(http.MethodPost, action+"/approvals", demoKey, approve, http.StatusForbidden)
	assert.Equal(t, "own_request", refused["code"], "nobody approves what they have asked for")
	assert.Empty(t, p.get(p.inbox + "/sandbox/bookings")["refunds"])
	p.ask(http.MethodPost, action+"/approvals", secondKey, approve, http.StatusOK)
	done := p.await(action, hasSucceeded)
	assert.Equal(t, "succeeded", done["state"], done)
	assert.Len(t, p.get(p.inbox + "/sandbox/bookings")["refunds"], 1)
	assert.Equal(t, []string{"It is done"}, p.texts(ana))
}

func TestTheConciergeIsAsked(t *testing.T) {
	t.Parallel()
	p := newTestEnv(t)
	p.up()
	tools, err := json.Marshal(p.get(p.workspace() + "/chats/1/tools"))
	require.NoError(t, err)

	for _, name := range []string{
		"book_table", "cancel_table", "free_tables", "refund", "concierge.opening_hours",
		"concierge.order_taxi",
	} {
		assert.Contains(t, string(tools), `"`+name+`"`)
	}

	done := p.await(p.begin("concierge.order_taxi", `{"to":"1 Pier","at":"2026-11-27T22:00:00Z"}`), hasSucceeded)
	assert.Equal(t, "succeeded", done["state"], done)
	assert.Len(t, p.get(p.inbox + "/sandbox/bookings")["taxis"], 1)
}

func TestTheSecretKeyIsKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "secrets.key")
	first, err := secretKeyFile(path)
	require.NoError(t, err)
	again, err := secretKeyFile(path)
	require.NoError(t, err)
	assert.Equal(t, first, again)

	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestTheDemoBooksForTheNextFriday(t *testing.T) {
	t.Parallel()

	for day, want := range map[string]string{
		"2026-11-26": "2026-11-27T19:00:00Z", "2026-11-27": "2026-12-04T19:00:00Z", "2026-11-28": "2026-12-04T19:00:00Z",
	} {
		now, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		assert.Equal(t, want, nextFriday(now))
	}
}
