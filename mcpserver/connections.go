package mcpserver

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// connections accepts a bounded number of connections at once. When there are more, the one that has waited longest
// for a request gives its place to the newcomer: whoever opens many and sends nothing, or sends it slowly, holds up
// nobody else. One whose request is being carried out stays.
type connections struct {
	net.Listener

	most int

	mu  sync.Mutex
	all map[*connection]struct{}
}

func boundConnections(l net.Listener, most int) *connections {
	return &connections{
		Listener: l,
		most:     most,
		all:      map[*connection]struct{}{},
	}
}

// Accept returns the next connection.
func (c *connections) Accept() (net.Conn, error) {
	accepted, err := c.Listener.Accept()
	if err != nil {
		return nil, err //nolint:wrapcheck // http.Server compares it
	}

	added := &connection{
		Conn:      accepted,
		among:     c,
		waitsFrom: time.Now(),
	}

	if given := c.add(added); given != nil {
		_ = given.Close() // whoever is there has sent no request in time
	}

	return added, nil
}

// add notes a connection, and returns the one that gives its place to it, nil if there is room.
func (c *connections) add(added *connection) *connection {
	c.mu.Lock()
	defer c.mu.Unlock()

	var longest *connection

	if len(c.all) >= c.most {
		for one := range c.all {
			if !one.isBusy && (longest == nil || one.waitsFrom.Before(longest.waitsFrom)) {
				longest = one
			}
		}
	}

	c.all[added] = struct{}{}

	return longest
}

// connection is one of several that are bounded.
type connection struct {
	net.Conn

	among *connections

	// These two are guarded by among.
	waitsFrom time.Time
	isBusy    bool
}

// Close closes the connection and gives its place back.
func (c *connection) Close() error {
	c.among.mu.Lock()
	delete(c.among.all, c)
	c.among.mu.Unlock()

	return c.Conn.Close() //nolint:wrapcheck // it stands for the connection itself
}

// setBusy notes that a request of the connection is being carried out, or that it waits for the next one.
func (c *connection) setBusy(isBusy bool) {
	c.among.mu.Lock()
	defer c.among.mu.Unlock()

	c.isBusy = isBusy
	c.waitsFrom = time.Now()
}

// connectionKey is where the context of a request has its connection.
type connectionKey struct{}

// withConnection is [http.Server.ConnContext].
func withConnection(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, conn)
}

// holdConnection keeps the connection of a request while next answers it.
func holdConnection(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, ok := r.Context().Value(connectionKey{}).(*connection); ok {
			conn.setBusy(true)
			defer conn.setBusy(false)
		}

		next.ServeHTTP(w, r)
	})
}
