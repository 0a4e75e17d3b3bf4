package service

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"handrail/console"
)

// innerListener accepts connections of this very process. By them the console calls the API like any other client,
// through everything that guards it, and without a port.
type innerListener struct {
	accepted chan net.Conn
	closed   chan struct{}
	close    sync.Once
}

func newInnerListener() *innerListener {
	return &innerListener{
		accepted: make(chan net.Conn),
		closed:   make(chan struct{}),
	}
}

// Accept waits for a connection. It returns [net.ErrClosed] once the listener is closed.
func (l *innerListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.accepted:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (l *innerListener) Close() error {
	l.close.Do(func() { close(l.closed) })
	return nil
}

// Addr is no address of a network.
func (l *innerListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// dial connects to the listener. The API sees the address of the browser for which the console asks.
func (l *innerListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	conn := &innerConn{Conn: theirs, remote: browserOf(ctx)}

	select {
	case l.accepted <- conn:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// newDoer returns what makes the console's requests. A connection serves one request, because it has the address of one
// browser.
func (l *innerListener) newDoer() *http.Client {
	return &http.Client{
		Timeout: innerTimeout,
		Transport: &http.Transport{
			DialContext:       l.dial,
			DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// browserOf returns the address of the browser for which a request is made, this machine's if there is none.
func browserOf(ctx context.Context) net.Addr {
	if address, err := netip.ParseAddrPort(console.BrowserAddress(ctx)); err == nil {
		return net.TCPAddrFromAddrPort(address)
	}

	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}
}

// innerConn is the API's end of a connection.
type innerConn struct {
	net.Conn
	remote net.Addr
}

// RemoteAddr returns the address of the browser.
func (c *innerConn) RemoteAddr() net.Addr { return c.remote }
