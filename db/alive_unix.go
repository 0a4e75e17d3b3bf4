//go:build unix

package db

import (
	"context"
	"database/sql/driver"
	"net"
	"syscall"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"
)

// checkAlive returns [driver.ErrBadConn] for a connection that the server has closed since its
// last use, as a restart does, so that another one is used: nothing was sent on it. A server
// that has something to say to an idle connection is about to close it, or its settings have
// changed, and a new connection knows those too.
func checkAlive(_ context.Context, c *pgdriver.Conn) error {
	conn := c.Conn()
	if encrypted, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = encrypted.NetConn()
	}

	socket, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}

	// The deadline of the last read may be over.
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		return driver.ErrBadConn
	}

	raw, err := socket.SyscallConn()
	if err != nil {
		return driver.ErrBadConn
	}

	quiet := false

	err = raw.Read(func(fd uintptr) bool {
		var one [1]byte
		// The socket does not block: it says EAGAIN when there is nothing to read.
		_, err := syscall.Read(int(fd), one[:])
		quiet = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK || err == syscall.EINTR

		return true
	})
	if err != nil || !quiet {
		return driver.ErrBadConn
	}

	return nil
}
