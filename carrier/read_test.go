package carrier_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// asker is what both providers are to those who look for evidence.
type asker interface {
	Find(ctx context.Context, q chat.ProviderQuery) ([]chat.Report, error)
	Fetch(ctx context.Context, providerMessageID string) (chat.Report, error)
}

func askQuestions(ctx context.Context, t *testing.T, c submitter) []error {
	t.Helper()

	a, ok := c.(asker)
	require.True(t, ok)

	_, finding := a.Find(ctx, chat.ProviderQuery{DeliveryID: "d", From: "+15550100", To: "+15550199"})

	_, fetching := a.Fetch(ctx, "SM1")
	for _, err := range []error{finding, fetching} {
		require.Error(t, err)
		require.NotContains(t, err.Error(), "5550199")
		require.NotContains(t, err.Error(), secret)
		require.NotContains(t, err.Error(), "127.0.0.1")
		require.NotEqual(t, chat.CodeNotFound, chat.CodeOf(err))
	}

	return []error{finding, fetching}
}

func TestQuestionsEnd(t *testing.T) {
	t.Parallel()

	forEachProvider(t, func(t *testing.T, open func(url string, timeout time.Duration) submitter) {
		ended := make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-ended:
			}
		}))

		t.Cleanup(server.Close)
		t.Cleanup(func() { close(ended) })

		for _, err := range askQuestions(t.Context(), t, open(server.URL, 50*time.Millisecond)) {
			require.ErrorContains(t, err, "in time")
		}

		canceled, cancel := context.WithCancel(t.Context())
		cancel()

		for _, err := range askQuestions(canceled, t, open(server.URL, time.Minute)) {
			require.ErrorIs(t, err, context.Canceled)
		}
	})
}

func TestQuestionsToNobody(t *testing.T) {
	t.Parallel()

	forEachProvider(t, func(t *testing.T, open func(url string, timeout time.Duration) submitter) {
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		askQuestions(t.Context(), t, open(server.URL, 0))
	})
}
