package chaos

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

// startSandbox is a sandbox on a network of its own.
func startSandbox(t *testing.T) (*sandbox.Sandbox, string) {
	t.Helper()

	b, err := sandbox.New(sandbox.Config{AccountSID: "AC1", AuthToken: "token", SendGridKey: "SG.key"})
	require.NoError(t, err)

	server := httptest.NewServer(b.Handler())

	t.Cleanup(func() {
		server.Close()
		assert.NoError(t, b.Close())
	})

	return b, server.URL
}

func TestTheSandboxKnowsEveryFault(t *testing.T) {
	t.Parallel()
	b, origin := startSandbox(t)
	c := newProviders(origin, 30, Selection{})
	require.NoError(t, c.ensureFaults(t.Context()))

	rules := b.Faults()
	require.Len(t, rules, 2*len(allFaults()))

	first := rules[:len(allFaults())]
	shared := rules[len(allFaults()):]
	var sum float64

	for i, rule := range shared {
		assert.Equal(t, allFaults()[i].Fault, string(rule.Kind))
		assert.Zero(t, rule.Times)
		sum += rule.Rate

		assert.Equal(t, rule.Kind, first[i].Kind)
		assert.Equal(t, 1, first[i].Times, "it strikes once, and soon")
	}

	assert.InDelta(t, 0.3, sum, 1e-9)
}

func TestFaultsCanBeSelected(t *testing.T) {
	t.Parallel()
	b, origin := startSandbox(t)
	require.NoError(t, newProviders(origin, 10, Selection{Only: []string{"cut", "late", "pause"}, Without: []string{"late"}}).
		ensureFaults(t.Context()))
	require.Len(t, b.Faults(), 2)
	assert.Equal(t, sandbox.FaultCut, b.Faults()[0].Kind)
}

func TestFaultsAreSetAgainAndStrikesKept(t *testing.T) {
	t.Parallel()
	b, origin := startSandbox(t)
	c := newProviders(origin, 10, Selection{})
	require.NoError(t, c.ensureFaults(t.Context()))

	struck := b.Faults()
	c.inForce = []fault{{Fault: "cut", Struck: 3}}

	require.NoError(t, b.SetFaults(), "as a sandbox that was killed")
	require.NoError(t, c.ensureFaults(t.Context()))
	assert.Equal(t, struck[1:], b.Faults(), "what has struck need not strike soon")

	c.inForce = []fault{{Fault: "cut", Struck: 2}, {Fault: "late", Struck: 1}}
	assert.Equal(t, map[string]int{"cut": 5, "late": 1}, c.struck())
}

func TestNoFaultsAreNone(t *testing.T) {
	t.Parallel()
	b, origin := startSandbox(t)
	require.NoError(t, newProviders(origin, 0, Selection{}).ensureFaults(t.Context()))
	assert.Empty(t, b.Faults())
}

func TestWhatArrivedIsReadWithWhomItBelongsTo(t *testing.T) {
	t.Parallel()
	b, origin := startSandbox(t)

	for i, text := range []string{"chaos-000001: one", "chaos-000002: two", "STOP"} {
		require.NoError(t, b.SetFaults())

		if i == 1 {
			require.NoError(t, b.SetFaults(
				sandbox.Fault{Kind: sandbox.ListHide},
				sandbox.Fault{Kind: sandbox.CallbackNever},
			))
		}

		form := url.Values{
			"To":             {"+14155550123"},
			"From":           {"+14155550100"},
			"Body":           {text},
			"StatusCallback": {"http://127.0.0.1:1/webhooks/twilio/status?d=d" + strconv.Itoa(i) + "&a=1#rc=5&rp=all"},
		}

		postTo(t, origin+"/2010-04-01/Accounts/AC1/Messages.json", "application/x-www-form-urlencoded", form.Encode())
	}

	postTo(t, origin+"/v3/mail/send", "application/json", `{"from": {"email": "a@example.com"}, "subject": "Order",
		"personalizations": [{"to": [{"email": "b@example.com"}]}], "custom_args": {"delivery_id": "d9"},
		"content": [{"type": "text/plain", "value": "chaos-000009: nine"}]}`)

	all, err := newProviders(origin, 0, Selection{}).arrived(t.Context())
	require.NoError(t, err)

	messages := b.Messages(sandbox.MessageFilter{})
	assert.Equal(t, []received{
		{text: "chaos-000001", delivery: "d0", id: messages[0].SID},
		{
			text:     "chaos-000002",
			delivery: "d1",
			id:       messages[1].SID,
			hidden:   true,
			silent:   true,
		},
		{text: "chaos-000009", delivery: "d9", id: b.Mails()[0].MessageID},
	}, all)

	_, err = newProviders("http://127.0.0.1:1", 0, Selection{}).arrived(t.Context())
	require.ErrorContains(t, err, "ask the sandbox")
}

// postTo posts to the sandbox with the credentials of both providers.
func postTo(t *testing.T, url, contentType, body string) {
	t.Helper()

	request, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", contentType)
	request.SetBasicAuth("AC1", "token")

	if contentType == "application/json" {
		request.Header.Set("Authorization", "Bearer SG.key")
	}

	// Of its own: a test server that is closed beside it closes the connections of the default one.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

	answer, err := client.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Less(t, answer.StatusCode, http.StatusMultipleChoices)
}
