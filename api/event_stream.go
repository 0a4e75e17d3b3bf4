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

// Events of a stream that are not of the log. They have no id, so that the reader's position stays as it is.
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

// streamNote is the data of an event that is not of the log.
type streamNote struct {
	Reason streamReason `json:"reason"`
	Detail string       `json:"detail"`
}

const (
	// writeChunk is how many bytes are written at once: fasthttp keeps at most four chunks for the connection.
	writeChunk = 4 << 10
	// lastWriteWithin is how long the last event of a stream may take when the server stops.
	lastWriteWithin = 2 * time.Second
	// returnAfter is when readers come back at the earliest after the server has stopped. returnSpread is added at
	// random, so that they do not come all at once.
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
	// written is when something was last written, checked when the key was last found to count.
	written time.Time
	checked time.Time
}

// answer answers a request with the stream, or with the head alone if that is asked for.
func (st *eventStream) answer(to huma.Context) {
	c := humafiber.Unwrap(to)

	to.SetStatus(http.StatusOK)
	to.SetHeader("Content-Type", mediaEvents)
	// A proxy that collects answers would keep events back.
	to.SetHeader("X-Accel-Buffering", "no")

	if c.Response().SkipBody {
		st.removeStream(&st.principal)
		return
	}

	st.conn = c.Context().Conn()
	c.Context().SetConnectionClose()
	c.Context().SetBodyStreamWriter(st.run)
}

// run writes events until the reader closes the connection, or until the server has a reason to end the stream, which
// it then writes.
func (st *eventStream) run(out *bufio.Writer) {
	defer st.removeStream(&st.principal)

	st.out = out
	st.gone = make(chan struct{})
	st.checked = time.Now()

	go st.awaitReaderGone()

	// A write to a slow reader must not hold up the server when it stops.
	defer context.AfterFunc(st.stopping, st.limitLastWrite)()

	reason, ok := st.writeHeartbeat()
	for ok && reason == "" {
		turn := st.presentTurn(st.principal.WorkspaceID)

		reason, ok = st.writeEvents(turn)
		if ok && reason == "" {
			reason, ok = st.awaitTurnEnd(turn)
		}
	}

	if ok {
		st.writeClosed(reason)
	}
}

// awaitReaderGone waits until the reader closes the connection. Readers send nothing, so that whatever is read is the
// end. When the stream ends first, the server closes the connection, and this ends too.
func (st *eventStream) awaitReaderGone() {
	defer close(st.gone)

	if err := st.conn.SetReadDeadline(time.Time{}); err != nil {
		return
	}

	_, _ = st.conn.Read(make([]byte, 1))
}

// limitLastWrite gives the reader little time for what is still to be written.
func (st *eventStream) limitLastWrite() {
	_ = st.conn.SetWriteDeadline(time.Now().Add(lastWriteWithin))
}

// writeEvents writes all events after the position, if the key still counts. It returns a reason to end the stream, if
// there is one, and false when nobody reads any more. A store that does not answer is queried again in the next turn.
func (st *eventStream) writeEvents(turn *eventTurn) (streamReason, bool) {
	for more := true; more; {
		if st.stopping.Err() != nil {
			return reasonShutdown, true
		}

		counts, err := st.checkKey(turn)
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

		if reason, ok := st.writeFrames(page.frames); !ok || reason != "" {
			return reason, ok
		}

		st.filter.After = page.next
		more = page.more
	}

	return "", true
}

// checkKey reports whether the key may still read events. It queries once in each poll.
func (st *eventStream) checkKey(turn *eventTurn) (bool, error) {
	// A poll may come a little before its time: waiting for the whole of it could leave out every second one.
	if time.Since(st.checked) < st.limits.Poll*3/4 {
		return true, nil
	}

	now := time.Now()

	p, err := st.loadPrincipal(turn, &st.principal)
	if chat.CodeOf(err) == chat.CodeUnauthenticated {
		return false, nil
	}

	if err != nil {
		return false, err
	}

	st.checked = now

	return p.May(chat.ScopeChatsRead), nil
}

// awaitTurnEnd waits for the end of the turn, or until a heartbeat is due, which it writes. Its results are those of
// [eventStream.writeEvents].
func (st *eventStream) awaitTurnEnd(turn *eventTurn) (streamReason, bool) {
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
		return st.writeHeartbeat()
	}
}

// writeHeartbeat writes a comment and the position. With the position, a reader of rare types who comes back does not
// have the log searched again.
func (st *eventStream) writeHeartbeat() (streamReason, bool) {
	return st.writeFrames(fmt.Appendf(nil, ": alive\nid: %d\n\n", st.filter.After))
}

// writeFrames writes to the reader. It returns false when nobody reads, and a reason when the reader is too slow.
func (st *eventStream) writeFrames(frames []byte) (streamReason, bool) {
	if len(frames) == 0 {
		return "", true
	}

	began := time.Now()

	// A slow reader is told why the stream ends, in the second half of the deadline. One that does not read at all
	// cannot be told.
	if err := st.conn.SetWriteDeadline(began.Add(2 * st.limits.Slow)); err != nil {
		return "", false
	}

	if st.stopping.Err() != nil {
		st.limitLastWrite()
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

// writeClosed writes why the stream ends.
func (st *eventStream) writeClosed(reason streamReason) {
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

	writeNote(&frames, eventClosed, streamNote{Reason: reason, Detail: details[reason]})
	st.writeFrames(frames.Bytes())
}

// writeNote writes an event that is not of the log.
func writeNote(to *bytes.Buffer, event string, note streamNote) {
	encoded, err := json.Marshal(note)
	if err != nil { // two texts can be written
		return
	}

	fmt.Fprintf(to, "event: %s\ndata: %s\n\n", event, encoded)
}
