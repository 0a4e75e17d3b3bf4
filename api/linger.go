package api

import (
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"handrail/budget"
)

// How much a connection is still read of, and for how long, when it is closed before a body was read.
const (
	lingerBytes  = 16 * budget.MaxBody
	lingerWithin = 5 * time.Second
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

// lingeringConn is a connection that may be told to read on before it is closed. The kernel answers what comes
// for a closed socket with a reset, and a reset makes the client forget the answer that it has not read yet.
type lingeringConn struct {
	net.Conn
	lingers atomic.Bool
}

// Close ends the answer, reads what the client still sends, up to a bound, and closes the connection.
func (c *lingeringConn) Close() error {
	if c.lingers.Swap(false) {
		c.readOn()
	}

	return c.Conn.Close()
}

func (c *lingeringConn) readOn() {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.SetReadDeadline(time.Now().Add(lingerWithin)) != nil {
		return
	}

	// Its end, the bound and the deadline are all the same here: it is closed.
	_, _ = io.Copy(io.Discard, io.LimitReader(c.Conn, lingerBytes))
}

// closeUnread closes the connection of a request after its answer, although its body was not read: what is left
// of it would be taken for the next request.
func closeUnread(c *fiber.Ctx) {
	c.Context().SetConnectionClose()

	if conn, ok := c.Context().Conn().(*lingeringConn); ok {
		conn.lingers.Store(true)
	}
}
