package bench

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// post sends the body and returns the status of the answer, or 0 when there was none. It may run on a goroutine
// of the test's.
func post(t *testing.T, url, body string) int {
	t.Helper()

	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Error(err)

		return 0
	}

	answer, err := (&http.Client{}).Do(request)
	if err != nil {
		t.Error(err)

		return 0
	}

	assert.NoError(t, answer.Body.Close())

	return answer.StatusCode
}

// TestOneReceiverHangsWhileItIsTo and lets go of what it has held; the other one answers meanwhile.
func TestOneReceiverHangsWhileItIsTo(t *testing.T) {
	t.Parallel()

	rs, err := openReceivers(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, rs.server.Close()) })

	assert.Equal(t, http.StatusNoContent, post(t, rs.origin+"/hangs", "{}"))
	rs.hang(true)

	over := make(chan int)
	go func() { over <- post(t, rs.origin+"/hangs", "{}") }()

	require.Eventually(t, func() bool { return rs.held.Load() == 1 }, 5*time.Second, time.Millisecond)

	body := `{"timestamp":"` + time.Now().Add(-time.Minute).Format(time.RFC3339Nano) + `"}`
	assert.Equal(t, http.StatusNoContent, post(t, rs.origin+"/answers", body))
	assert.GreaterOrEqual(t, <-rs.told, time.Minute)
	assert.Empty(t, over)

	rs.hang(false)
	assert.Equal(t, http.StatusNoContent, <-over)
	rs.hang(false)
	assert.Equal(t, http.StatusNoContent, post(t, rs.origin+"/hangs", "{}"))
}

// TestAnEndpointThatHangsMustNotSlowSends holds the goal against what was measured.
func TestAnEndpointThatHangsMustNotSlowSends(t *testing.T) {
	t.Parallel()

	v := Events{Hanging: Hanging{SendP50: WithAndWithout{With: 56, Without: 50}}}
	assert.Contains(t, missedGoals(v.goals()), "p50 of a send with a webhook endpoint that hangs, to without")

	v.Hanging.SendP50.With = 54
	assert.NotContains(t, missedGoals(v.goals()), "p50 of a send with a webhook endpoint that hangs, to without")
}
