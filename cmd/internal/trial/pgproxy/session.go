package pgproxy

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// session is one connection of a client, and its own one to the server.
type session struct {
	proxy  *Proxy
	client net.Conn
	server net.Conn
	// withheld is the trap whose statement the server carries out now: its answer must not
	// reach the client.
	withheld atomic.Pointer[armedTrap]

	ending sync.Once
	over   chan struct{} // closed when the session is cut
}

// cut breaks both connections.
func (s *session) cut() {
	s.ending.Do(func() {
		close(s.over)

		_ = s.client.Close()
		_ = s.server.Close()
	})
}

// transaction is what a client has said since its last BEGIN.
type transaction struct{ statements []string }

// follow notes a statement.
func (t *transaction) follow(statement string) {
	switch first, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(statement)), " "); first {
	case "BEGIN", "COMMIT", "ROLLBACK":
		t.statements = nil
	default:
		t.statements = append(t.statements, statement)
	}
}

// The kinds of a client's messages that carry statements, and those of a server that end an
// answer.
const (
	kindQuery = 'Q'
	kindParse = 'P'
	kindReady = 'Z'
)

// Requests of a connection's first message, beside the start itself.
const (
	requestCancel = 80877102
	requestTLS    = 80877103
	requestGSS    = 80877104
)

// passRequests passes on what the client says, statement by statement.
func (s *session) passRequests() {
	defer s.cut()

	in := bufio.NewReader(s.client)
	if err := s.passStart(in); err != nil {
		return
	}

	var said transaction

	for {
		message, err := readMessage(in)
		if err != nil || !s.wait() {
			return
		}

		statement, ok := statementOf(message)
		if ok && !s.permit(&said, statement) {
			return
		}

		if _, err := s.server.Write(message); err != nil {
			return
		}
	}
}

// permit reports whether a statement may go on to the server, as the traps are set.
func (s *session) permit(said *transaction, statement string) bool {
	trap := s.proxy.spring(said, statement)
	said.follow(statement)

	switch {
	case trap == nil:
		return true
	case trap.Side == AfterServer:
		s.withheld.Store(trap)
		return true
	}

	s.cut()
	close(trap.sprung)

	return false
}

// passStart passes on the first message. It has no kind, and TLS is declined.
func (s *session) passStart(in *bufio.Reader) error {
	for {
		start, err := readFrame(in, nil)
		if err != nil {
			return err
		}

		if !s.wait() {
			return net.ErrClosed
		}

		if len(start) < 8 {
			return errors.New("the first message is too short")
		}

		switch binary.BigEndian.Uint32(start[4:]) {
		case requestTLS, requestGSS:
			if _, err := s.client.Write([]byte("N")); err != nil {
				return err
			}

		case requestCancel:
			_, err := s.server.Write(start)
			return errors.Join(err, io.EOF) // nothing follows it

		default:
			_, err := s.server.Write(start)
			return err
		}
	}
}

// passAnswers passes on what the server says.
func (s *session) passAnswers() {
	defer s.cut()

	in := bufio.NewReader(s.server)

	for {
		message, err := readMessage(in)
		if err != nil || !s.waitForGate() {
			return
		}

		trap := s.withheld.Load()

		switch {
		case trap == nil:
			if _, err := s.client.Write(message); err != nil {
				return
			}

		case message[0] == kindReady:
			s.cut()
			close(trap.sprung)

			return
		}
	}
}

// wait holds a client's message back as the proxy is told to. It reports false if the session
// ended meanwhile.
func (s *session) wait() bool {
	if _, delay := s.proxy.conditions(); delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()

		select {
		case <-timer.C:
		case <-s.over:
			return false
		}
	}

	return s.waitForGate()
}

func (s *session) waitForGate() bool {
	gate, _ := s.proxy.conditions()

	select {
	case <-gate:
		return true
	case <-s.over:
		return false
	}
}

// maxMessage is more than any message of a trial holds.
const maxMessage = 64 << 20

// readMessage reads a message with its kind.
func readMessage(in *bufio.Reader) ([]byte, error) {
	kind, err := in.ReadByte()
	if err != nil {
		return nil, err
	}

	return readFrame(in, []byte{kind})
}

// readFrame reads a length and what it counts, and returns it all behind head.
func readFrame(in *bufio.Reader, head []byte) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(in, length[:]); err != nil {
		return nil, err
	}

	size := int(binary.BigEndian.Uint32(length[:]))
	if size < len(length) || size > maxMessage {
		return nil, errors.New("a message has an impossible length")
	}

	message := make([]byte, len(head)+size)
	copy(message, head)
	copy(message[len(head):], length[:])

	_, err := io.ReadFull(in, message[len(head)+len(length):])

	return message, err
}

// statementOf returns the text of the statement that a message carries, if it does.
func statementOf(message []byte) (string, bool) {
	body := message[5:]

	switch message[0] {
	case kindQuery:
	case kindParse: // the name of the prepared statement comes first
		_, body, _ = bytes.Cut(body, []byte{0})
	default:
		return "", false
	}

	text, _, _ := bytes.Cut(body, []byte{0})

	return string(text), true
}
