package service

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestASlowBodyHoldsNoConnection: whoever sends a byte a minute is cut off. An answer may take longer than that, where
// its handler says so.
func TestASlowBodyHoldsNoConnection(t *testing.T) {
	t.Parallel()

	const within = 100 * time.Millisecond

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)

	handler := http.NewServeMux()
	handler.HandleFunc("POST /form", func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		assert.Error(t, err)
		http.Error(w, "too slow", http.StatusRequestTimeout)
	})
	handler.HandleFunc("GET /stream", func(w http.ResponseWriter, r *http.Request) {
		assert.NoError(t, http.NewResponseController(w).SetReadDeadline(time.Time{}))

		select {
		case <-r.Context().Done():
		case <-time.After(4 * within):
			_, _ = io.WriteString(w, "all of it")
		}
	})

	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)

	go func() {
		served <- servePlain(ctx, l, &http.Server{Handler: handler, ReadHeaderTimeout: within, ReadTimeout: within})
	}()

	slow, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)

	_, err = fmt.Fprint(slow, "POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\na")
	require.NoError(t, err)
	require.NoError(t, slow.SetReadDeadline(time.Now().Add(10*time.Second)))

	_, err = io.ReadAll(slow)
	require.NoError(t, err, "the server closes the connection")

	answer, err := http.Get("http://" + l.Addr().String() + "/stream")
	require.NoError(t, err)

	raw, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, "all of it", string(raw))

	stop()
	require.NoError(t, <-served)
}
