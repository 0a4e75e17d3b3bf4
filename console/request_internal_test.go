package console

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAPageWaitsForTheAPIForATimeOnly and then says so.
func TestAPageWaitsForTheAPIForATimeOnly(t *testing.T) {
	t.Parallel()

	silent := make(chan struct{})
	api := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-silent }))

	t.Cleanup(api.Close)
	t.Cleanup(func() { close(silent) })

	h, err := New(Config{
		API:    api.URL,
		Doer:   api.Client(),
		Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)

	assert.Equal(t, pageWithin, h.pageWithin)

	h.pageWithin = 50 * time.Millisecond

	const ws = "11111111-1111-4111-8111-111111111111"

	request := httptest.NewRequest(http.MethodGet, Root+"/w/"+ws+"/", nil)
	request.Header.Set("Cookie", cookiePrefix+ws+"=hr_session")

	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)

	assert.Equal(t, http.StatusBadGateway, answer.Code)
	assert.Contains(t, answer.Body.String(), "The API does not answer at the moment")
}

// TestAPanicOfAPageIsLogged once, with the id that the page shows and where it has happened.
func TestAPanicOfAPageIsLogged(t *testing.T) {
	t.Parallel()

	var log strings.Builder

	h, err := New(Config{API: "http://127.0.0.1:1", Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)

	h.serve = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom of a page") })

	request := httptest.NewRequest(http.MethodGet, Root+"/x", nil)
	request.Header.Set("X-Request-Id", "find-me")

	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)

	assert.Equal(t, http.StatusInternalServerError, answer.Code)
	assert.NotContains(t, answer.Body.String(), "boom")
	assert.Contains(t, answer.Body.String(), "find-me")

	for _, part := range []string{"boom of a page", "request_id=find-me", "request_internal_test.go"} {
		assert.Contains(t, log.String(), part)
	}
}
