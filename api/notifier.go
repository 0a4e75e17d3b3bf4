package api

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"handrail/chat"
)

// How many notifications are under way and waiting at most, and how long one may take.
const (
	notifiersAtOnce   = 16
	notificationsKept = 1024
	notifyWithin      = 5 * time.Second
)

// Why a notification is not given.
const (
	droppedFull   = "full"
	droppedFailed = "failed"
)

// notification tells a workflow that something has changed.
type notification struct {
	about string
	tell  func(ctx context.Context) error
}

// notifier tells workflows what the store already knows, beside the requests. Nothing is
// lost when it drops one: workflows look at the store themselves, only later.
type notifier struct {
	tell    func(ctx context.Context, workflowID string, r chat.DeliverySnapshot) error
	logger  *slog.Logger
	dropped *prometheus.CounterVec
	// alive ends when no notification may be under way any more.
	alive context.Context //nolint:containedctx // it is the life of the server, not of a call

	mutex   sync.Mutex
	waiting []notification
	workers int
	closed  bool
	running sync.WaitGroup
}

// notify tells a workflow how its delivery stands. It returns at once.
func (n *notifier) notify(workflowID string, receipt chat.DeliverySnapshot) {
	if workflowID == "" {
		return
	}

	n.queue(
		notification{
			about: workflowID,
			tell:  func(ctx context.Context) error { return n.tell(ctx, workflowID, receipt) },
		},
	)
}

// notifyAll has workflows look at what has changed. It returns at once.
func (s *service) notifyAll(workflowIDs []string) {
	for _, id := range workflowIDs {
		s.notifier.notify(id, chat.DeliverySnapshot{})
	}
}

// queue returns at once.
func (n *notifier) queue(next notification) {
	n.mutex.Lock()
	defer n.mutex.Unlock()

	if n.closed || len(n.waiting) >= notificationsKept {
		n.dropped.WithLabelValues(droppedFull).Inc()
		return
	}

	n.waiting = append(n.waiting, next)
	if n.workers < notifiersAtOnce {
		n.workers++
		n.running.Go(n.work)
	}
}

// work ends when nothing waits, so that an idle service has no worker.
func (n *notifier) work() {
	for {
		next, ok := n.next()
		if !ok {
			return
		}

		ctx, cancel := context.WithTimeout(n.alive, notifyWithin)
		if err := next.tell(ctx); err != nil {
			n.dropped.WithLabelValues(droppedFailed).Inc()
			n.logger.Info("a workflow was not notified; it will look for itself", "about", next.about, "error", err)
		}

		cancel()
	}
}

func (n *notifier) next() (notification, bool) {
	n.mutex.Lock()
	defer n.mutex.Unlock()

	if len(n.waiting) == 0 {
		n.workers--
		return notification{}, false
	}

	next := n.waiting[0]
	n.waiting = n.waiting[1:]

	return next, true
}

// close takes no more, and waits until all is told or ctx ends.
func (n *notifier) close(ctx context.Context) {
	n.mutex.Lock()
	n.closed = true
	n.mutex.Unlock()

	told := make(chan struct{})

	go func() {
		n.running.Wait()
		close(told)
	}()

	select {
	case <-told:
	case <-ctx.Done():
	}
}
