package mcpserver

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// connections is a listener that limits how many connections are open at once. If there are more, it closes the one
// that has waited longest for a request, so that clients that open many connections and send nothing, or send slowly,
// do not lock out others. It never closes a connection whose request is being carried out.
type connections struct {
	net.Listener

	most int

	mu  sync.Mutex
	all map[*connection]struct{}
}

// boundConnections limits the connections of a listener.
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
		owner:     c,
		waitsFrom: time.Now(),
	}

	if replaced := c.add(added); replaced != nil {
		_ = replaced.Close() // its client has sent no request in time
	}

	return added, nil
}

// add keeps a connection, and returns the one to close for it, nil if there is room.
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

// connection is a connection of a [connections].
type connection struct {
	net.Conn

	owner *connections

	// owner.mu guards these two.
	waitsFrom time.Time
	isBusy    bool
}

// Close closes the connection and makes room for another one.
func (c *connection) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.all, c)
	c.owner.mu.Unlock()

	return c.Conn.Close() //nolint:wrapcheck // callers expect the connection's own error
}

// setBusy notes that a request of the connection is being carried out, or that it waits for the next one.
func (c *connection) setBusy(isBusy bool) {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()

	c.isBusy = isBusy
	c.waitsFrom = time.Now()
}

// connectionKey is the key of a request's connection in its context.
type connectionKey struct{}

// withConnection is [http.Server.ConnContext].
func withConnection(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, conn)
}

// holdConnection marks the connection of a request as busy while next answers it.
func holdConnection(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, ok := r.Context().Value(connectionKey{}).(*connection); ok {
			conn.setBusy(true)
			defer conn.setBusy(false)
		}

		next.ServeHTTP(w, r)
	})
}
