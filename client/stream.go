package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// mediaEvents is the type of a stream of events.
const mediaEvents = "text/event-stream"

// streamSilence is after how long a stream that says nothing is taken for broken: the server speaks every 15 seconds.
const streamSilence = 45 * time.Second

// errSilent is what is wrong with a stream that says nothing.
var errSilent = errors.New("the stream has said nothing for 45 seconds")

// StreamedEvent is what a stream has brought: an event of the log, or what the server says of the stream itself.
type StreamedEvent struct {
	// Event is nil for what is not of the log.
	Event *LogEntry
	// Raw is the event's JSON as it came.
	Raw json.RawMessage
	// Position is what to give as After to go on behind this event.
	Position int64
	// Notice says in a sentence why the server ends the stream, why there is none at present, or that events are
	// missing; "" for an event of the log.
	Notice string
}

// FollowEvents returns the events of a workspace as they come. It begins after params.After, without it with what comes
// now, and ends when ctx ends. Where a connection breaks, it comes back by itself: nothing is left out, and nothing
// comes twice. Events that cannot be read any more are told of by a Notice.
//
// It ends with the first error that is not over in a moment. A context that has ended is no error.
func (a *API) FollowEvents(
	ctx context.Context,
	workspace string,
	params ListEventsParams,
) iter.Seq2[StreamedEvent, error] {
	return func(yield func(StreamedEvent, error) bool) {
		reader := &streamReader{
			api:       a,
			workspace: workspace,
			params:    params,
			yield:     yield,
		}

		for ctx.Err() == nil {
			pause, err := reader.readOnce(ctx)

			switch {
			case reader.stopped || ctx.Err() != nil:
				return

			case err != nil && !IsTransient(err):
				yield(StreamedEvent{}, err)
				return

			case err != nil && !reader.reportTrouble(err):
				return
			}

			if !waitBetween(ctx, max(a.pause, pause, readRetryAfter(err))) {
				return
			}
		}
	}
}

// streamReader reads one connection after the other.
type streamReader struct {
	api       *API
	workspace string
	params    ListEventsParams
	yield     func(StreamedEvent, error) bool
	// stopped reports that nobody wants more.
	stopped bool
	// retry is how long the server asks to stay away after this connection.
	retry time.Duration
	// troubled reports that the present failure was told of.
	troubled bool
}

// reportTrouble says once that there is no stream at present. It reports whether more is wanted.
func (r *streamReader) reportTrouble(err error) bool {
	if r.troubled {
		return true
	}

	r.troubled = true

	return r.yield(StreamedEvent{Position: r.position(), Notice: err.Error() + "; it is tried again"}, nil)
}

// position is that of the last event that was passed on, or passed over.
func (r *streamReader) position() int64 {
	if r.params.After == nil {
		return 0
	}

	return *r.params.After
}

// readOnce reads a stream until it ends, and returns how long the server asks to stay away.
func (r *streamReader) readOnce(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	silent := time.AfterFunc(streamSilence, func() { cancel(errSilent) })
	defer silent.Stop()

	r.retry = 0

	answer, err := r.api.ListEvents(ctx, r.workspace, &r.params, acceptStream)
	if err == nil {
		defer func() { _ = answer.Body.Close() }() // it was read to its end, or is given up

		err = r.readFrames(answer, func() { silent.Reset(streamSilence) })
	}

	if errors.Is(context.Cause(ctx), errSilent) {
		err = &UnreachableError{Address: r.api.address, Err: errSilent}
	}

	return r.retry, err
}

func acceptStream(_ context.Context, request *http.Request) error {
	request.Header.Set("Accept", mediaEvents)

	return nil
}

// frame is one server-sent event.
type frame struct{ id, event, data string }

// readFrames reads the frames of a stream to its end. alive is called for each.
func (r *streamReader) readFrames(answer *http.Response, alive func()) error {
	lines := bufio.NewReader(answer.Body)

	var f frame

	for {
		line, err := lines.ReadString('\n')

		switch {
		case errors.Is(err, io.EOF): // what is not whole comes again
			return nil
		case err != nil:
			return newUnreachableError(answer.Request, err)
		}

		name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		value = strings.TrimPrefix(value, " ")

		switch {
		case strings.HasPrefix(line, ":"): // a comment
		case name == "event":
			f.event = value
		case name == "data":
			f.data += value
		case name == "id":
			f.id = value
		case name == "retry":
			r.retry = readRetry(value)

		case name == "":
			alive()

			r.troubled = false
			err = r.deliver(f)
			f = frame{}
		}

		if err != nil || r.stopped {
			return err
		}
	}
}

func readRetry(value string) time.Duration {
	milliseconds, err := strconv.ParseInt(value, 10, 64)
	if err != nil || milliseconds < 0 {
		return 0
	}

	return min(time.Duration(milliseconds)*time.Millisecond, maxPause)
}

// deliver takes over the position of a whole frame, and passes the frame on unless it only shows that the stream is
// alive.
func (r *streamReader) deliver(f frame) error {
	if f.id != "" {
		position, err := strconv.ParseInt(f.id, 10, 64)
		if err != nil {
			return &UnexpectedAnswerError{Err: fmt.Errorf("the id of an event is no number: %w", err)}
		}

		r.params.After = &position
	}

	streamed := StreamedEvent{Position: r.position()}

	switch {
	case f.data == "":
		return nil

	case f.event != "":
		streamed.Notice = readNotice(f)

	default:
		streamed.Raw = json.RawMessage(f.data)

		if err := json.Unmarshal(streamed.Raw, &streamed.Event); err != nil {
			return &UnexpectedAnswerError{Err: err}
		}
	}

	r.stopped = !r.yield(streamed, nil)

	return nil
}

// readNotice returns what the server says of the stream itself.
func readNotice(f frame) string {
	var note struct {
		Detail string `json:"detail"`
	}

	if json.Unmarshal([]byte(f.data), &note) != nil || note.Detail == "" {
		return f.event
	}

	return note.Detail
}
