package db_test

import (
	"io"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func TestADatabaseThatGoesAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(dbtest.NewPostgresURL(t))
	require.NoError(t, err)

	there := u.Host
	front, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var open []net.Conn

	forwarded := make(chan struct{})
	go func() {
		defer close(forwarded)

		for {
			in, err := front.Accept()
			if err != nil {
				return
			}

			out, err := net.Dial("tcp", there)
			if err != nil {
				_ = in.Close()
				continue
			}

			open = append(open, in, out)
			go func() { _, _ = io.Copy(out, in) }()
			go func() { _, _ = io.Copy(in, out) }()
		}
	}()

	u.Host = front.Addr().String()
	store, err := db.Open(t.Context(), u.String(), db.WithMaxConns(1))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	require.NoError(t, front.Close())
	<-forwarded

	for _, c := range open {
		_ = c.Close()
	}

	_, err = store.Authenticate(t.Context(), [32]byte{}, time.Now())
	assert.Equal(t, chat.CodeUnavailable, chat.CodeOf(err), "%v", err)
	assert.True(t, chat.AsError(err).Retryable)
}
