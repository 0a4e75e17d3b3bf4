package service_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/config"
	"handrail/cmd/internal/trial/fuzzapi"
	"handrail/sandbox"
)

// fuzzedRequests is how many requests the test makes of each database, each operation several times;
// make fuzz-api makes more.
const fuzzedRequests = 1500

// withFuzzedRates takes as many requests as come.
func withFuzzedRates(c *config.Config) {
	c.AddressRate = 100_000
	c.WorkspaceRate = 100_000
	c.LLM = "offline"
}

// TestTheAPIAnswersAsItsDocumentSays asks for everything that the document has: rightly, at the bounds, and wrongly.
// No answer is a fault of ours, and each is as the document says.
func TestTheAPIAnswersAsItsDocumentSays(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		tools := httptest.NewServer(http.HandlerFunc(fuzzapi.ServeTool))
		t.Cleanup(tools.Close)

		w := newEnv(t, url, allowHost(tools), withShortWaits, withEncryption, withFuzzedRates)

		require.NoError(t, w.box.SetFaults(
			sandbox.Fault{Kind: sandbox.FaultRefuse, Rate: 0.1},
			sandbox.Fault{Kind: sandbox.Undelivered, Rate: 0.2},
			sandbox.Fault{Kind: sandbox.FaultCut, Rate: 0.05},
			sandbox.Fault{Kind: sandbox.FaultRateLimit, To: fuzzapi.StuckNumber, Delay: 30 * time.Second},
			sandbox.Fault{Kind: sandbox.FaultCut, To: fuzzapi.LostNumber},
			sandbox.Fault{Kind: sandbox.ListHide, To: fuzzapi.LostNumber},
		))

		callers, err := fuzzapi.Seed(t.Context(), w.store)
		require.NoError(t, err)

		report, err := fuzzapi.Run(t.Context(), fuzzapi.Options{
			Origin:     w.url,
			Callers:    callers,
			ToolOrigin: tools.URL,
			Twilio: fuzzapi.Twilio{
				Account:   account,
				Token:     token,
				Origin:    w.front.url,
				Number:    callers.Number,
				Customers: callers.Customers,
			},
			SendGrid: w.signing,
			Requests: fuzzedRequests,
			Seed:     19,
		})
		require.NoError(t, err)
		assert.Equal(t, fuzzedRequests, report.Requests)
		assert.Greater(t, len(report.Operations), 90)

		var shown strings.Builder
		require.NoError(t, report.ShowFaults(&shown))
		require.NoError(t, report.Err(), "%s", shown.String())
	})
}
