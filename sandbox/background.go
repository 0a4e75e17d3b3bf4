package sandbox

import (
	"context"
	"sync"
	"time"
)

// background is what goes on after an answer, until the sandbox is closed.
type background struct {
	ctx    context.Context //nolint:containedctx // it is the life of the sandbox
	cancel context.CancelFunc

	mu      sync.Mutex
	stopped bool
	running sync.WaitGroup
}

func newBackground() *background {
	ctx, cancel := context.WithCancel(context.Background())
	return &background{ctx: ctx, cancel: cancel}
}

// run does nothing any more once stop was called.
func (b *background) run(work func(ctx context.Context)) {
	b.mu.Lock()
	defer b.mu.Unlock()

	if !b.stopped {
		b.running.Go(func() { work(b.ctx) })
	}
}

// stop ends all that runs and waits for it.
func (b *background) stop() {
	b.mu.Lock()
	b.stopped = true
	b.mu.Unlock()
	b.cancel()
	b.running.Wait()
}

// pauseFor reports whether the time has passed before the context ended.
func pauseFor(ctx context.Context, how time.Duration) bool {
	if how <= 0 {
		return ctx.Err() == nil
	}

	timer := time.NewTimer(how)
	defer timer.Stop()

	select {
	case <-timer.C:
		return true

	case <-ctx.Done():
		return false
	}
}
