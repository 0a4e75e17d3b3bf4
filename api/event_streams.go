package api

import (
	"bytes"
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

// StreamLimits are what streams of events may take, and how long they wait for what. What is not given is as in
// [defaultStreams].
type StreamLimits struct {
	// PerKey and Total are how many streams one key, and all keys of this process, may have open at once.
	PerKey, Total int
	// Look is how often streams look for events that nobody has told them of, and whether their key still counts.
	Look time.Duration
	// Heartbeat is how long a stream is silent at most.
	Heartbeat time.Duration
	// Slow is how long a reader may take for what is written to it.
	Slow time.Duration
}

var defaultStreams = StreamLimits{
	PerKey:    20,
	Total:     1000,
	Look:      2 * time.Second,
	Heartbeat: 15 * time.Second,
	Slow:      10 * time.Second,
}

const (
	// streamPage is how many events a stream reads at once, which is all that it ever holds.
	streamPage = 100
	// streamReadWithin is how long the store may take for them.
	streamReadWithin = 10 * time.Second
	// listenPause is how long to wait before listening again after the connection was lost.
	listenPause = time.Second
)

// eventStreams are the open streams of this process. While there is one, they listen for new events.
//
// A stream reads the store from its own position, when it begins and whenever its workspace may have new events.
// Nothing is kept for it. Streams that ask for the same at the same time are served by one question.
type eventStreams struct {
	store  EventStore
	logger *slog.Logger
	limits StreamLimits
	// stopping ends when the server takes no more requests.
	stopping context.Context //nolint:containedctx // the life of the server
	gauge    prometheus.Gauge

	mutex      sync.Mutex
	open       int
	ofKey      map[chat.KeyID]int
	workspaces map[chat.WorkspaceID]*streamedWorkspace
	// unlisten ends the listening.
	unlisten context.CancelFunc
}

// streamedWorkspace is a workspace with open streams.
type streamedWorkspace struct {
	streams int
	turn    *eventTurn
}

// eventTurn lasts until its workspace may have new events. What is asked in a turn sees all that was there when it
// began, so that answers can be shared.
type eventTurn struct {
	over   chan struct{}
	shared singleflight.Group
}

func newEventTurn() *eventTurn { return &eventTurn{over: make(chan struct{})} }

func newEventStreams(stopping context.Context, config *Config) *eventStreams {
	return &eventStreams{
		store:      config.Store,
		logger:     config.Logger,
		limits:     config.Streams,
		stopping:   stopping,
		gauge:      metrics.OpenStreams.NewGauge(config.Registry).WithLabelValues(),
		ofKey:      map[chat.KeyID]int{},
		workspaces: map[chat.WorkspaceID]*streamedWorkspace{},
	}
}

// setDefaults fills in what is not given.
func (l *StreamLimits) setDefaults() {
	l.PerKey = positiveOr(l.PerKey, defaultStreams.PerKey)
	l.Total = positiveOr(l.Total, defaultStreams.Total)
	l.Look = positiveOr(l.Look, defaultStreams.Look)
	l.Heartbeat = positiveOr(l.Heartbeat, defaultStreams.Heartbeat)
	l.Slow = positiveOr(l.Slow, defaultStreams.Slow)
}

func positiveOr[N int | time.Duration](n, otherwise N) N {
	if n > 0 {
		return n
	}

	return otherwise
}

// join counts a stream in, or refuses one too many. Whoever has joined must leave.
func (s *eventStreams) join(p *chat.Principal) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()

	switch {
	case s.ofKey[p.KeyID] >= s.limits.PerKey:
		return tooManyStreams("this key has %d open streams already; close one, or read the list", s.limits.PerKey)
	case s.open >= s.limits.Total:
		return tooManyStreams("this server has %d open streams already; try again, or read the list", s.limits.Total)
	}

	if s.open == 0 {
		var ctx context.Context

		ctx, s.unlisten = context.WithCancel(s.stopping)
		go s.listen(ctx)
		go s.look(ctx)
	}

	s.open++
	s.gauge.Inc()
	s.ofKey[p.KeyID]++

	if s.workspaces[p.WorkspaceID] == nil {
		s.workspaces[p.WorkspaceID] = &streamedWorkspace{turn: newEventTurn()}
	}

	s.workspaces[p.WorkspaceID].streams++

	return nil
}

// streamsFullFor is when to try again, in seconds, where too many streams are open.
const streamsFullFor = "15"

func tooManyStreams(why string, most int) error {
	e := chat.Errorf(chat.CodeRateLimited, why, most)
	e.Retryable = true

	return e
}

func (s *eventStreams) leave(p *chat.Principal) {
	s.mutex.Lock()
	defer s.mutex.Unlock()

	s.open--
	s.gauge.Dec()
	s.ofKey[p.KeyID]--
	s.workspaces[p.WorkspaceID].streams--

	if s.ofKey[p.KeyID] == 0 {
		delete(s.ofKey, p.KeyID)
	}

	if s.workspaces[p.WorkspaceID].streams == 0 {
		delete(s.workspaces, p.WorkspaceID)
	}

	if s.open == 0 {
		s.unlisten()
	}
}

// turn is the present turn of a workspace with open streams. Who wants to miss nothing takes it first, reads, and
// then waits for its end.
func (s *eventStreams) turn(ws chat.WorkspaceID) *eventTurn {
	s.mutex.Lock()
	defer s.mutex.Unlock()

	return s.workspaces[ws].turn
}

// wake ends the turn of a workspace, or with "" all turns.
func (s *eventStreams) wake(ws chat.WorkspaceID) {
	s.mutex.Lock()
	defer s.mutex.Unlock()

	for id, streamed := range s.workspaces {
		if ws == "" || ws == id {
			close(streamed.turn.over)
			streamed.turn = newEventTurn()
		}
	}
}

// listen wakes the streams of workspaces that have new events, until ctx ends.
func (s *eventStreams) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.store.ListenEvents(ctx, s.wake)
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

// look wakes all streams from time to time, whatever was heard, until ctx ends.
func (s *eventStreams) look(ctx context.Context) {
	ticker := time.NewTicker(s.limits.Look)
	defer ticker.Stop()

	for {
		select {
		case <-ctx.Done():
			return

		case <-ticker.C:
			s.wake("")
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

// readPage reads the events after the position of a stream.
func (s *eventStreams) readPage(turn *eventTurn, ws chat.WorkspaceID, f chat.EventFilter) (*eventPage, error) {
	return shareAnswer(s, turn, fmt.Sprintf("events %+v", f), func(ctx context.Context) (*eventPage, error) {
		list, err := s.store.Events(ctx, ws, f)
		if err != nil {
			return nil, err
		}

		return newEventPage(&list, f.After)
	})
}

// principal asks who a key speaks for at present.
func (s *eventStreams) principal(turn *eventTurn, p *chat.Principal) (chat.Principal, error) {
	return shareAnswer(s, turn, fmt.Sprintf("key %d", p.KeyID), func(ctx context.Context) (chat.Principal, error) {
		return s.store.KeyPrincipal(ctx, p.WorkspaceID, p.KeyID, time.Now())
	})
}

// shareAnswer asks the store, or waits for the answer of who is asking the same in the same turn.
func shareAnswer[T any](
	s *eventStreams,
	turn *eventTurn,
	question string,
	ask func(ctx context.Context) (T, error),
) (T, error) {
	answered, err, _ := turn.shared.Do(question, func() (any, error) {
		ctx, cancel := context.WithTimeout(s.stopping, streamReadWithin)
		defer cancel()

		answered, err := ask(ctx)
		if err != nil && ctx.Err() == nil && chat.CodeOf(err) != chat.CodeUnauthenticated {
			s.logger.WarnContext(ctx, "streams wait: the store does not answer", "error", err)
		}

		return answered, err
	})

	result, _ := answered.(T)

	return result, err
}

// newEventPage writes what comes after a position as server-sent events.
func newEventPage(list *chat.EventList, after int64) (*eventPage, error) {
	page := &eventPage{
		next: list.Next,
		more: list.Next < list.Latest,
	}

	var frames bytes.Buffer

	if missed := list.Missed(after); missed != "" {
		writeFrame(&frames, eventMissed, streamNote{Reason: reasonMissed, Detail: missed})

		// What was lost in a failover is written again from its end on.
		page.next = min(page.next, list.Latest)
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
