package service

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"handrail/chat"
)

const (
	// workersKept is how long an answer of Temporal about its workers is used again.
	workersKept = 5 * time.Second
	// workersWithin is how long Temporal may take to say who polls it. A page waits for that.
	workersWithin = time.Second
)

// workerWatch knows whether workers run. It asks Temporal at most once in [workersKept], however many ask it.
type workerWatch struct {
	// hasWorkers asks Temporal.
	hasWorkers func(context.Context) (bool, error)
	now        func() time.Time
	logger     *slog.Logger

	mutex sync.Mutex
	last  chat.Workers
}

func (s *Service) newWorkerWatch() *workerWatch {
	return &workerWatch{
		hasWorkers: s.engine().HasWorkers,
		now:        time.Now,
		logger:     s.logger,
	}
}

// Workers reports whether Temporal answers and workers poll it.
func (w *workerWatch) Workers(ctx context.Context) chat.Workers {
	w.mutex.Lock()
	defer w.mutex.Unlock()

	if !w.last.CheckedAt.IsZero() && w.now().Sub(w.last.CheckedAt) < workersKept {
		return w.last
	}

	// Others wait for the answer too: whoever asked first and has gone does not make it wrong.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), workersWithin)
	defer cancel()

	polling, err := w.hasWorkers(ctx)
	if err != nil && (w.last.Reachable || w.last.CheckedAt.IsZero()) {
		w.logger.WarnContext(ctx, "Temporal does not say whether workers poll it", "error", err)
	}

	w.last = chat.Workers{
		Reachable: err == nil,
		Polling:   polling,
		CheckedAt: w.now(),
	}

	return w.last
}
