package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"

	"handrail/chat"
	"handrail/metrics"
)

// StreamLimits are how many streams of events may be open, and their times. A field that is 0 is as in
// [defaultStreams].
type StreamLimits struct {
	// PerKey is how many streams one key may have open at once, with its sessions.
	PerKey int
	// PerWorkspace is how many streams of this process the keys of one workspace may have open together.
	PerWorkspace int
	// Total is how many streams this process may have open at once.
	Total int
	// Poll is how often streams query for events that they were not notified of, and whether their key still counts.
	Poll time.Duration
	// Heartbeat is how long a stream is silent at most.
	Heartbeat time.Duration
	// Slow is how long a reader may take for what is written to it.
	Slow time.Duration
}

var defaultStreams = StreamLimits{
	PerKey:       20,
	PerWorkspace: 250,
	Total:        1000,
	Poll:         2 * time.Second,
	Heartbeat:    15 * time.Second,
	Slow:         10 * time.Second,
}

const (
	// streamPage is how many events a stream reads at once, which is all that it ever holds.
	streamPage = 100
	// streamReadWithin is how long the store may take to read them.
	streamReadWithin = 10 * time.Second
	// listenPause is how long to wait before listening again after the connection was lost.
	listenPause = time.Second
)

// eventStreams are the open streams of this process. While there is one, this listens for new events.
//
// A stream reads the store from its own position, when it begins and whenever its workspace may have new events.
// Nothing is kept for it. Streams that need the same answer at the same time share one query.
type eventStreams struct {
	store  EventStore
	logger *slog.Logger
	limits StreamLimits
	// stopping ends when the server takes no more requests.
	stopping context.Context //nolint:containedctx // the life of the server
	gauge    prometheus.Gauge

	mutex sync.Mutex
	// open counts the streams, openOf those of each key with its sessions.
	open       int
	openOf     map[chat.Quota]int
	workspaces map[chat.WorkspaceID]*streamedWorkspace
	// stopListening ends listening and polling.
	stopListening context.CancelFunc
}

// streamedWorkspace is a workspace with open streams.
type streamedWorkspace struct {
	streams int
	turn    *eventTurn
}

// eventTurn is the time until a workspace may have new events. A query that is made in a turn sees all that was there
// when the turn began, so that the streams of the workspace can share its answer.
type eventTurn struct {
	// over is closed when the turn ends.
	over    chan struct{}
	queries singleflight.Group
}

func newEventTurn() *eventTurn { return &eventTurn{over: make(chan struct{})} }

func newEventStreams(stopping context.Context, config *Config) *eventStreams {
	return &eventStreams{
		store:      config.Store,
		logger:     config.Logger,
		limits:     config.Streams,
		stopping:   stopping,
		gauge:      metrics.OpenStreams.NewGauge(config.Registry).WithLabelValues(),
		openOf:     map[chat.Quota]int{},
		workspaces: map[chat.WorkspaceID]*streamedWorkspace{},
	}
}

// setDefaults sets the fields that are 0.
func (l *StreamLimits) setDefaults() {
	l.PerKey = cmp.Or(l.PerKey, defaultStreams.PerKey)
	l.PerWorkspace = cmp.Or(l.PerWorkspace, defaultStreams.PerWorkspace)
	l.Total = cmp.Or(l.Total, defaultStreams.Total)
	l.Poll = cmp.Or(l.Poll, defaultStreams.Poll)
	l.Heartbeat = cmp.Or(l.Heartbeat, defaultStreams.Heartbeat)
	l.Slow = cmp.Or(l.Slow, defaultStreams.Slow)
}

// addStream counts a stream of a key, which the caller must remove when it ends. With the first one, listening begins.
// Errors: rate_limited when there are too many.
func (s *eventStreams) addStream(p *chat.Principal) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()

	quota := p.Quota()
	streamed := s.workspaces[p.WorkspaceID]

	switch {
	case s.openOf[quota] >= s.limits.PerKey:
		return tooManyStreams(
			"this key has %d open streams already, with its sessions; close one, or read the list",
			s.limits.PerKey,
		)
	case streamed != nil && streamed.streams >= s.limits.PerWorkspace:
		return tooManyStreams(
			"the keys of this workspace have together %d open streams already; close one, or read the list",
			s.limits.PerWorkspace,
		)
	case s.open >= s.limits.Total:
		return tooManyStreams("this server has %d open streams already; try again, or read the list", s.limits.Total)
	}

	if s.open == 0 {
		var ctx context.Context

		ctx, s.stopListening = context.WithCancel(s.stopping)
		go s.listen(ctx)
		go s.poll(ctx)
	}

	s.open++
	s.gauge.Inc()
	s.openOf[quota]++

	if streamed == nil {
		streamed = &streamedWorkspace{turn: newEventTurn()}
		s.workspaces[p.WorkspaceID] = streamed
	}

	streamed.streams++

	return nil
}

// streamsRetryAfter is when to try again where too many streams are open, in seconds.
const streamsRetryAfter = "15"

func tooManyStreams(format string, most int) error {
	e := chat.Errorf(chat.CodeRateLimited, format, most)
	e.Retryable = true

	return e
}

// removeStream takes back what addStream has counted. With the last stream, listening ends.
func (s *eventStreams) removeStream(p *chat.Principal) {
	s.mutex.Lock()
	defer s.mutex.Unlock()

	s.open--
	s.gauge.Dec()
	s.openOf[p.Quota()]--
	s.workspaces[p.WorkspaceID].streams--

	if s.openOf[p.Quota()] == 0 {
		delete(s.openOf, p.Quota())
	}

	if s.workspaces[p.WorkspaceID].streams == 0 {
		delete(s.workspaces, p.WorkspaceID)
	}

	if s.open == 0 {
		s.stopListening()
	}
}

// presentTurn returns the present turn of a workspace with open streams. A stream misses nothing if it takes the turn
// first, then reads, and then waits for the turn's end.
func (s *eventStreams) presentTurn(ws chat.WorkspaceID) *eventTurn {
	s.mutex.Lock()
	defer s.mutex.Unlock()

	return s.workspaces[ws].turn
}

// endTurn begins a new turn of a workspace, or of all for "", which wakes their streams.
func (s *eventStreams) endTurn(ws chat.WorkspaceID) {
	s.mutex.Lock()
	defer s.mutex.Unlock()

	for id, streamed := range s.workspaces {
		if ws == "" || ws == id {
			close(streamed.turn.over)
			streamed.turn = newEventTurn()
		}
	}
}

// listen wakes the streams of workspaces that have new events, until ctx ends. When the connection is lost, it begins
// again.
func (s *eventStreams) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.store.ListenEvents(ctx, s.endTurn)
		if ctx.Err() != nil {
			return
		}

		s.logger.WarnContext(ctx, "streams hear of events late: listening for them has failed", "error", err)

		select {
		case <-ctx.Done():
		case <-time.After(listenPause):
		}
	}
}

// poll wakes all streams from time to time, because a notification may be lost, until ctx ends.
func (s *eventStreams) poll(ctx context.Context) {
	ticker := time.NewTicker(s.limits.Poll)
	defer ticker.Stop()

	for {
		select {
		case <-ctx.Done():
			return

		case <-ticker.C:
			s.endTurn("")
		}
	}
}

// eventPage is a part of the log as a stream writes it.
type eventPage struct {
	frames []byte
	// next is the position after the page. more reports whether there are events after it.
	next int64
	more bool
}

// readPage reads the events after the position of a filter.
func (s *eventStreams) readPage(turn *eventTurn, ws chat.WorkspaceID, f chat.EventFilter) (*eventPage, error) {
	return shareQuery(s, turn, fmt.Sprintf("events %+v", f), func(ctx context.Context) (*eventPage, error) {
		list, err := s.store.Events(ctx, ws, f)
		if err != nil {
			return nil, err
		}

		return newEventPage(&list, f.After)
	})
}

// loadPrincipal finds who a key speaks for at present. Errors: unauthenticated when it counts no longer.
func (s *eventStreams) loadPrincipal(turn *eventTurn, p *chat.Principal) (chat.Principal, error) {
	return shareQuery(s, turn, fmt.Sprintf("key %d", p.KeyID), func(ctx context.Context) (chat.Principal, error) {
		return s.store.KeyPrincipal(ctx, p.WorkspaceID, p.KeyID, time.Now())
	})
}

// shareQuery queries the store, or waits for the answer to the same query of another stream in the same turn. The query
// does not end with the stream that has begun it, because others may wait for it.
func shareQuery[T any](
	s *eventStreams,
	turn *eventTurn,
	name string,
	query func(ctx context.Context) (T, error),
) (T, error) {
	answered, err, _ := turn.queries.Do(name, func() (any, error) {
		ctx, cancel := context.WithTimeout(s.stopping, streamReadWithin)
		defer cancel()

		answered, err := query(ctx)
		if err != nil && ctx.Err() == nil && chat.CodeOf(err) != chat.CodeUnauthenticated {
			s.logger.WarnContext(ctx, "streams wait: the store does not answer", "error", err)
		}

		return answered, err
	})

	result, _ := answered.(T)

	return result, err
}

// newEventPage writes a part of the log, which was read after a position, as server-sent events.
func newEventPage(list *chat.EventList, after int64) (*eventPage, error) {
	page := &eventPage{
		next: list.Next,
		more: list.Next < list.Latest,
	}

	var frames bytes.Buffer

	if missed := list.Missed(after); missed != "" {
		// After a failover, the numbers after the log's end are given again: the stream must not wait beyond it, and
		// whoever stores the position must not come back with a lost one.
		page.next = min(page.next, list.Latest)
		if page.next < after {
			fmt.Fprintf(&frames, "id: %d\n", page.next)
		}

		writeNote(&frames, eventMissed, streamNote{Reason: reasonMissed, Detail: missed})
	}

	for i := range list.Items {
		entry, err := json.Marshal(presentLogEntry(&list.Items[i]))
		if err != nil {
			return nil, fmt.Errorf("write event %d: %w", list.Items[i].Sequence, err)
		}

		fmt.Fprintf(&frames, "id: %d\ndata: %s\n\n", list.Items[i].Sequence, entry)
	}

	page.frames = frames.Bytes()

	return page, nil
}
