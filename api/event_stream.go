package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"

	"handrail/chat"
)

// Events of a stream that are not of the log. They have no id, and leave the reader's position as it is.
const (
	// eventClosed is the last event of a stream that the server ends.
	eventClosed = "stream.closed"
	// eventMissed says that events before the next one cannot be read.
	eventMissed = "stream.missed"
)

// streamReason says why a stream ends, or what it lacks.
type streamReason string

const (
	reasonShutdown streamReason = "shutdown"
	reasonSlow     streamReason = "slow_reader"
	reasonKey      streamReason = "key_ended"
	reasonMissed   streamReason = "missed"
)

// streamNote is what events of a stream say that are not of the log.
type streamNote struct {
	Reason streamReason `json:"reason"`
	Detail string       `json:"detail"`
}

const (
	// writeChunk is how much is written at once: between the stream and its connection lie at most four of them.
	writeChunk = 4 << 10
	// lastWords is how long the last event of a stream may take when the server stops.
	lastWords = 2 * time.Second
	// returnAfter and returnSpread are when readers are to come back after the server has stopped, so that they do not
	// come all at once.
	returnAfter  = time.Second
	returnSpread = 4 * time.Second
)

// eventStream writes the log to one reader, from a position on.
type eventStream struct {
	*eventStreams
	principal chat.Principal
	// filter has the position: the last event that was written, or passed over.
	filter chat.EventFilter
	conn   net.Conn
	out    *bufio.Writer
	// gone is closed when the reader has closed the connection.
	gone chan struct{}
	// written is when something was last written, checked when the key was last looked at.
	written time.Time
	checked time.Time
}

// begin answers with the stream. Who asks for the head alone gets that.
func (st *eventStream) begin(to huma.Context) {
	c := humafiber.Unwrap(to)

	to.SetStatus(http.StatusOK)
	to.SetHeader("Content-Type", mediaEvents)
	// A proxy that collects answers would keep events back.
	to.SetHeader("X-Accel-Buffering", "no")

	if c.Response().SkipBody {
		st.leave(&st.principal)
		return
	}

	st.conn = c.Context().Conn()
	c.Context().SetConnectionClose()
	c.Context().SetBodyStreamWriter(st.run)
}

// run writes until the reader goes, or the server has a reason to end the stream, which is the last that it says.
func (st *eventStream) run(out *bufio.Writer) {
	defer st.leave(&st.principal)

	st.out = out
	st.gone = make(chan struct{})
	st.checked = time.Now()

	go st.awaitEnd()

	// A write that waits for a slow reader does not hold the server for long when it stops.
	defer context.AfterFunc(st.stopping, st.hurry)()

	reason, ok := st.beat()
	for ok && reason == "" {
		turn := st.turn(st.principal.WorkspaceID)

		reason, ok = st.advance(turn)
		if ok && reason == "" {
			reason, ok = st.rest(turn)
		}
	}

	if ok {
		st.close(reason)
	}
}

// awaitEnd waits until the reader closes the connection. It has nothing more to say.
func (st *eventStream) awaitEnd() {
	defer close(st.gone)

	if err := st.conn.SetReadDeadline(time.Time{}); err != nil {
		return
	}

	_, _ = st.conn.Read(make([]byte, 1)) // whatever comes, the stream ends
}

// hurry ends a write soon that waits for the reader.
func (st *eventStream) hurry() { _ = st.conn.SetWriteDeadline(time.Now().Add(lastWords)) }

// advance writes all that is after the position, if the key still counts. The second answer is false when nobody
// reads any more. A store that does not answer is asked again in the next turn.
func (st *eventStream) advance(turn *eventTurn) (streamReason, bool) {
	for more := true; more; {
		if st.stopping.Err() != nil {
			return reasonShutdown, true
		}

		counts, err := st.keyCounts(turn)
		if err != nil {
			return "", true
		}

		if !counts {
			return reasonKey, true
		}

		page, err := st.readPage(turn, st.principal.WorkspaceID, st.filter)
		if err != nil {
			return "", true
		}

		if reason, ok := st.write(page.frames); !ok || reason != "" {
			return reason, ok
		}

		st.filter.After = page.next
		more = page.more
	}

	return "", true
}

// keyCounts reports whether the key may still read events. It looks once in a while.
func (st *eventStream) keyCounts(turn *eventTurn) (bool, error) {
	// A look may come a little before its time.
	if time.Since(st.checked) < st.limits.Look*3/4 {
		return true, nil
	}

	now := time.Now()

	p, err := st.eventStreams.principal(turn, &st.principal)
	if chat.CodeOf(err) == chat.CodeUnauthenticated {
		return false, nil
	}

	if err != nil {
		return false, err
	}

	st.checked = now

	return p.May(chat.ScopeChatsRead), nil
}

// rest waits for the end of the turn, and says now and then that the stream is alive.
func (st *eventStream) rest(turn *eventTurn) (streamReason, bool) {
	timer := time.NewTimer(time.Until(st.written.Add(st.limits.Heartbeat)))
	defer timer.Stop()

	select {
	case <-turn.over:
		return "", true

	case <-st.gone:
		return "", false

	case <-st.stopping.Done():
		return reasonShutdown, true

	case <-timer.C:
		return st.beat()
	}
}

// beat writes a comment, and the position: a reader that wants few types need not look through the log again.
func (st *eventStream) beat() (streamReason, bool) {
	return st.write(fmt.Appendf(nil, ": alive\nid: %d\n\n", st.filter.After))
}

// write writes to the reader. It answers false when nobody reads, and with a reason when the reader is too slow.
func (st *eventStream) write(frames []byte) (streamReason, bool) {
	if len(frames) == 0 {
		return "", true
	}

	began := time.Now()

	// Whoever reads slowly hears why the stream ends. Whoever does not read at all cannot be told.
	if err := st.conn.SetWriteDeadline(began.Add(2 * st.limits.Slow)); err != nil {
		return "", false
	}

	if st.stopping.Err() != nil {
		st.hurry()
	}

	for chunk := range slices.Chunk(frames, writeChunk) {
		if _, err := st.out.Write(chunk); err != nil {
			return "", false
		}

		if err := st.out.Flush(); err != nil {
			return "", false
		}
	}

	st.written = time.Now()

	if st.written.Sub(began) > st.limits.Slow {
		return reasonSlow, true
	}

	return "", true
}

// close says why the stream ends.
func (st *eventStream) close(reason streamReason) {
	var frames bytes.Buffer

	details := map[streamReason]string{
		reasonShutdown: "The server stops. Come back, with the id of the last event.",
		reasonSlow:     "Events were not read as fast as they came. Come back, with the id of the last event.",
		reasonKey:      "The API key has expired, was revoked, or may no longer read events.",
	}

	if reason == reasonShutdown {
		back := returnAfter + rand.N(returnSpread) //nolint:gosec // no secret
		fmt.Fprintf(&frames, "retry: %d\n", back.Milliseconds())
	}

	writeFrame(&frames, eventClosed, streamNote{Reason: reason, Detail: details[reason]})
	st.write(frames.Bytes())
}

// writeFrame writes an event that is not of the log.
func writeFrame(to *bytes.Buffer, event string, note streamNote) {
	encoded, err := json.Marshal(note)
	if err != nil { // two texts can be written
		return
	}

	fmt.Fprintf(to, "event: %s\ndata: %s\n\n", event, encoded)
}
