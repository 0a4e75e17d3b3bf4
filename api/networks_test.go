package api_test

import (
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/api"
)

// listenerOf has each connection come from the next of several addresses.
type listenerOf struct {
	net.Listener
	addresses []string
}

// Accept returns the next connection.
func (l *listenerOf) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil || len(l.addresses) == 0 {
		return conn, err
	}

	from := &net.TCPAddr{IP: net.ParseIP(l.addresses[0]), Port: 1234}
	l.addresses = l.addresses[1:]

	return &connFrom{Conn: conn, from: from}, nil
}

// connFrom is a connection that says where it comes from.
type connFrom struct {
	net.Conn
	from net.Addr
}

// RemoteAddr returns where the connection comes from.
func (c *connFrom) RemoteAddr() net.Addr { return c.from }

// TestNetworksHaveALimit: whoever has one address of IPv6 has all of its /64, and so no more requests than with one.
func TestNetworksHaveALimit(t *testing.T) {
	t.Parallel()

	w := newWorld(t, func(c *api.Config) { c.AddressLimit = api.RateLimit{PerSecond: 0.01, Burst: 2} })

	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)

	from := map[string]int{}
	order := []string{"2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:3::1", "2001:db8:1:3::1", "192.0.2.7"}
	w.serveAt(t, &listenerOf{Listener: listener, addresses: order})

	ask := "GET " + workspaceURL("/chats/7") + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
		"Authorization: Bearer " + managerKey + "\r\n\r\n"
	for _, address := range order {
		from[address] = exchangeRaw(t, listener.Addr().String(), ask).StatusCode
	}

	assert.Equal(t, map[string]int{
		"2001:db8:1:2::1":   http.StatusOK,
		"2001:db8:1:2::2":   http.StatusOK,
		"2001:db8:1:2:3::1": http.StatusTooManyRequests,
		"2001:db8:1:3::1":   http.StatusOK,
		"192.0.2.7":         http.StatusOK,
	}, from)
}
