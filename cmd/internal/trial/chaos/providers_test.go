package chaos

import (
	"net/http"
	"net/http/httptest"
	"net/url"
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
	c := newProviders(origin, 30)
	require.NoError(t, c.ensureFaults(t.Context()))

	rules := b.Faults()
	require.Len(t, rules, len(allFaults()))
	var sum float64

	for i, rule := range rules {
		assert.Equal(t, allFaults()[i].Fault, string(rule.Kind))
		sum += rule.Rate
	}

	assert.InDelta(t, 0.3, sum, 1e-9)
}

func TestFaultsAreSetAgainAndStrikesKept(t *testing.T) {
	t.Parallel()
	b, origin := startSandbox(t)
	c := newProviders(origin, 10)
	require.NoError(t, c.ensureFaults(t.Context()))

	struck := b.Faults()
	c.inForce = []fault{{Fault: "cut", Struck: 3}}

	require.NoError(t, b.SetFaults(), "as a sandbox that was killed")
	require.NoError(t, c.ensureFaults(t.Context()))
	assert.Equal(t, struck, b.Faults())

	c.inForce = []fault{{Fault: "cut", Struck: 2}, {Fault: "late", Struck: 1}}
	assert.Equal(t, map[string]int{"cut": 5, "late": 1}, c.struck())
}

func TestNoFaultsAreNone(t *testing.T) {
	t.Parallel()
	b, origin := startSandbox(t)
	require.NoError(t, newProviders(origin, 0).ensureFaults(t.Context()))
	assert.Empty(t, b.Faults())
}

func TestWhatArrivedIsCountedByMarker(t *testing.T) {
	t.Parallel()
	_, origin := startSandbox(t)

	for _, text := range []string{"chaos-000001: one", "chaos-000002: two", "chaos-000002: two"} {
		form := url.Values{"To": {"+14155550123"}, "From": {"+14155550100"}, "Body": {text}}
		request, err := http.NewRequest(
			http.MethodPost,
			origin+"/2010-04-01/Accounts/AC1/Messages.json",
			strings.NewReader(form.Encode()),
		)

		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.SetBasicAuth("AC1", "token")
		answer, err := (&http.Client{}).Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusCreated, answer.StatusCode)
	}

	counts, err := newProviders(origin, 0).arrived(t.Context())
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"chaos-000001": 1, "chaos-000002": 2}, counts)
	_, err = newProviders("http://127.0.0.1:1", 0).arrived(t.Context())
	require.ErrorContains(t, err, "ask the sandbox")
}
