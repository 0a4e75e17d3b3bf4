package pgproxy_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/trial/pgproxy"
)

// message returns a message of the protocol; kind 0 is the first message, which has none.
func message(kind byte, body string) []byte {
	var m []byte
	if kind != 0 {
		m = append(m, kind)
	}

	m = binary.BigEndian.AppendUint32(m, uint32(len(body)+4))

	return append(m, body...)
}

func readMessage(in *bufio.Reader) (kind byte, body string, err error) {
	if kind, err = in.ReadByte(); err != nil {
		return 0, "", err
	}

	var length [4]byte
	if _, err := io.ReadFull(in, length[:]); err != nil {
		return 0, "", err
	}

	rest := make([]byte, binary.BigEndian.Uint32(length[:])-4)
	_, err = io.ReadFull(in, rest)

	return kind, string(rest), err
}

// server answers every statement with its own text, and passes on what it was asked.
type server struct {
	net.Listener
	statements chan string
}

func startServer(t *testing.T) *server {
	t.Helper()

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })

	s := &server{Listener: l, statements: make(chan string, 100)}

	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}

			go s.serve(conn)
		}
	}()

	return s
}

func (s *server) serve(conn net.Conn) {
	defer conn.Close()

	in := bufio.NewReader(conn)

	var start [8]byte
	if _, err := io.ReadFull(in, start[:]); err != nil {
		return
	}

	for {
		_, body, err := readMessage(in)
		if err != nil {
			return
		}

		s.statements <- body

		if _, err := conn.Write(append(message('C', body), message('Z', "I")...)); err != nil {
			return
		}
	}
}

// client is a connection through a proxy.
type client struct {
	net.Conn
	in *bufio.Reader
}

func dial(t *testing.T, p *pgproxy.Proxy) *client {
	t.Helper()

	conn, err := net.Dial("tcp", p.Address())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))

	c := &client{Conn: conn, in: bufio.NewReader(conn)}
	_, err = c.Write(message(0, "\x00\x03\x00\x00"))
	require.NoError(t, err)

	return c
}

func (c *client) say(t *testing.T, kind byte, body string) {
	t.Helper()

	_, err := c.Write(message(kind, body))
	require.NoError(t, err)
}

// ask says a statement and returns its answer.
func (c *client) ask(t *testing.T, statement string) string {
	t.Helper()
	c.say(t, 'Q', statement+"\x00")

	_, answer, err := readMessage(c.in)
	require.NoError(t, err)
	_, _, err = readMessage(c.in)
	require.NoError(t, err)

	return answer
}

// requireCut expects that the connection is broken and that no answer came before.
func (c *client) requireCut(t *testing.T) {
	t.Helper()

	_, body, err := readMessage(c.in)
	require.Error(t, err, body)

	timeout, ok := errors.AsType[net.Error](err)
	require.False(t, ok && timeout.Timeout(), "it is still open")
}

func startProxy(t *testing.T, target string) *pgproxy.Proxy {
	t.Helper()

	p, err := pgproxy.Listen(t.Context(), "127.0.0.1:0", target)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })

	return p
}

// arm sets a trap, and returns what Cut returned.
func arm(t *testing.T, p *pgproxy.Proxy, trap pgproxy.Trap) <-chan error {
	t.Helper()

	sprung := make(chan error, 1)
	before := p.Armed()

	go func() { sprung <- p.Cut(t.Context(), trap) }()

	require.Eventually(t, func() bool { return p.Armed() > before }, time.Minute, time.Millisecond)

	return sprung
}

func TestAConnectionIsCutWhereTold(t *testing.T) {
	t.Parallel()

	commit := regexp.MustCompile(`^COMMIT`)
	claim := regexp.MustCompile(`fence \+ 1`)

	for name, c := range map[string]struct {
		trap     pgproxy.Trap
		passed   []string // before the last one
		last     string
		kind     byte
		executed bool
	}{
		"before the commit":        {trap: pgproxy.Trap{Statement: commit, Side: pgproxy.BeforeServer}, passed: []string{"BEGIN"}, last: "COMMIT"},
		"after the commit":         {trap: pgproxy.Trap{Statement: commit, Side: pgproxy.AfterServer}, passed: []string{"BEGIN"}, last: "COMMIT", executed: true},
		"at a statement":           {trap: pgproxy.Trap{Statement: claim, Side: pgproxy.BeforeServer}, passed: []string{"BEGIN"}, last: "UPDATE d SET fence = fence + 1"},
		"at a prepared statement":  {trap: pgproxy.Trap{Statement: claim, Side: pgproxy.BeforeServer}, last: "name\x00UPDATE d SET fence = fence + 1", kind: 'P'},
		"in a certain transaction": {trap: pgproxy.Trap{Statement: commit, Within: claim, Side: pgproxy.BeforeServer}, passed: []string{"BEGIN", "SELECT 1", "COMMIT", "BEGIN", "UPDATE d SET fence = fence + 1"}, last: "COMMIT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := startServer(t)
			p := startProxy(t, s.Addr().String())
			one := dial(t, p)
			other := dial(t, p)
			sprung := arm(t, p, c.trap)

			for _, statement := range c.passed {
				assert.Equal(t, statement+"\x00", one.ask(t, statement))
				assert.Equal(t, statement+"\x00", <-s.statements)
			}

			if c.kind == 0 {
				c.kind = 'Q'
			}

			one.say(t, c.kind, c.last+"\x00")
			one.requireCut(t)
			require.NoError(t, <-sprung)

			if c.executed {
				assert.Equal(t, c.last+"\x00", <-s.statements)
			}

			assert.Equal(t, "SELECT 2\x00", other.ask(t, "SELECT 2"), "the others stay")
			assert.Equal(t, "SELECT 2\x00", <-s.statements, "and nothing else has reached the server")
			assert.Equal(t, "COMMIT\x00", other.ask(t, "COMMIT"), "a trap catches once")
		})
	}
}

func TestATrapIsTakenAwayInTheEnd(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := startProxy(t, s.Addr().String())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	err := p.Cut(ctx, pgproxy.Trap{Statement: regexp.MustCompile(`COMMIT`), Side: pgproxy.BeforeServer})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, "COMMIT\x00", dial(t, p).ask(t, "COMMIT"))
}

func TestNothingPassesWhileItIsHeld(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := startProxy(t, s.Addr().String())
	before := dial(t, p)
	before.ask(t, "SELECT 1")
	<-s.statements

	first := p.Hold()
	second := p.Hold()
	meanwhile := dial(t, p) // can be made
	before.say(t, 'Q', "SELECT 2\x00")
	meanwhile.say(t, 'Q', "SELECT 2\x00")
	first()
	first() // does nothing more

	select {
	case statement := <-s.statements:
		t.Fatal("it has passed:", statement)
	default:
	}

	second()
	assert.Equal(t, "SELECT 2\x00", <-s.statements)
	assert.Equal(t, "SELECT 2\x00", <-s.statements)
}

func TestEverythingCanBeCutAndSentElsewhere(t *testing.T) {
	t.Parallel()
	old := startServer(t)
	fresh := startServer(t)
	p := startProxy(t, old.Addr().String())
	one := dial(t, p)
	one.ask(t, "SELECT 1")

	release := p.Hold()

	one.say(t, 'Q', "SELECT 2\x00")
	p.SetTarget(fresh.Addr().String())
	assert.Equal(t, 1, p.CutAll())
	one.requireCut(t)
	release()

	assert.Equal(t, "SELECT 3\x00", dial(t, p).ask(t, "SELECT 3"))
	assert.Equal(t, "SELECT 3\x00", <-fresh.statements)
	assert.Equal(t, "SELECT 1\x00", <-old.statements)
	assert.Empty(t, old.statements)
}

func TestDelay(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := startProxy(t, s.Addr().String())
	one := dial(t, p)
	one.ask(t, "SELECT 1")
	p.SetDelay(50 * time.Millisecond)

	began := time.Now()

	one.ask(t, "SELECT 2")
	assert.GreaterOrEqual(t, time.Since(began), 50*time.Millisecond)

	p.SetDelay(time.Hour)
	one.say(t, 'Q', "SELECT 3\x00")
	p.CutAll()
	one.requireCut(t)
}

func TestTLSIsDeclined(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := startProxy(t, s.Addr().String())
	conn, err := net.Dial("tcp", p.Address())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })

	_, err = conn.Write(message(0, "\x04\xd2\x16\x2f"))
	require.NoError(t, err)

	var answer [1]byte
	_, err = io.ReadFull(conn, answer[:])
	require.NoError(t, err)
	assert.Equal(t, "N", string(answer[:]))
}

func TestAServerThatIsAway(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	require.NoError(t, s.Close())
	dial(t, startProxy(t, s.Addr().String())).requireCut(t)
}
