package api

import (
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"handrail/budget"
)

// How many bytes are still read from a connection that is closed before a body was read, and for how long.
const (
	lingerBytes   = 16 * budget.MaxBody
	lingerTimeout = 5 * time.Second
)

// lingeringListener accepts connections that can linger.
type lingeringListener struct{ net.Listener }

// Accept returns the next connection.
func (l lingeringListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}

	return &lingeringConn{Conn: conn}, nil
}

// lingeringConn is a connection that can read the rest of a request before it is closed. Otherwise the kernel would
// answer further data with a reset, which makes the client lose an answer that it has not read yet.
type lingeringConn struct {
	net.Conn
	lingers atomic.Bool
}

// Close ends the answer, reads what the client still sends, up to lingerBytes, and closes the connection.
func (c *lingeringConn) Close() error {
	if c.lingers.Swap(false) {
		c.drain()
	}

	return c.Conn.Close()
}

// drain closes the connection for writing, and reads until the client stops, or for lingerTimeout.
func (c *lingeringConn) drain() {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.SetReadDeadline(time.Now().Add(lingerTimeout)) != nil {
		return
	}

	// Errors do not matter: the connection is closed in any case.
	_, _ = io.Copy(io.Discard, io.LimitReader(c.Conn, lingerBytes))
}

// closeUnread closes the connection of a request after its answer, because its body was not read and would be taken for
// the next request.
func closeUnread(c *fiber.Ctx) {
	c.Context().SetConnectionClose()

	if conn, ok := c.Context().Conn().(*lingeringConn); ok {
		conn.lingers.Store(true)
	}
}
