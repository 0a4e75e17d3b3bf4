package testcluster

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// postCallback sends a callback and returns the answer's status.
func postCallback(t *testing.T, url string) int {
	t.Helper()

	answer, err := http.Post(url, "application/x-www-form-urlencoded", strings.NewReader("MessageStatus=sent"))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())

	return answer.StatusCode
}

func startProxy(t *testing.T, origins ...string) string {
	t.Helper()

	handler, err := newProxy(origins...)
	require.NoError(t, err)

	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)

	return server.URL
}

func TestTheProxyAsksTheOtherAPIOnlyWhenItCannotConnect(t *testing.T) {
	t.Parallel()
	var got atomic.Int64
	alive := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Equal(t, "MessageStatus=sent", string(body))
		assert.Equal(t, "/webhooks/twilio/status?d=1&a=2", r.URL.String())
		got.Add(1)
		w.WriteHeader(http.StatusNoContent)
	}))

	t.Cleanup(alive.Close)

	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()

	url := startProxy(t, alive.URL, dead.URL) + "/webhooks/twilio/status?d=1&a=2"
	for range 4 {
		assert.Equal(t, http.StatusNoContent, postCallback(t, url))
	}

	assert.Equal(t, int64(4), got.Load())
	assert.Equal(t, http.StatusBadGateway, postCallback(t, startProxy(t, dead.URL)))
}

func TestTheProxyMakesNoRequestTwice(t *testing.T) {
	t.Parallel()
	var got atomic.Int64
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		got.Add(1)
		panic(http.ErrAbortHandler)
	}))

	t.Cleanup(cut.Close)
	assert.Equal(t, http.StatusBadGateway, postCallback(t, startProxy(t, cut.URL, cut.URL)+"/"))
	assert.Equal(t, int64(1), got.Load())
}
