package sandbox

import (
	"context"
	"sync"
)

// gate holds answers back while at least one hold is in force.
type gate struct {
	mu       sync.Mutex
	holds    int
	released chan struct{} // closed when the last hold goes
	opened   bool          // for good
}

func (g *gate) hold() (release func()) {
	g.mu.Lock()
	defer g.mu.Unlock()

	if g.opened {
		return func() {}
	}

	if g.holds == 0 {
		g.released = make(chan struct{})
	}

	g.holds++

	return sync.OnceFunc(g.release)
}

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()

	if g.holds == 0 {
		return
	}

	g.holds--
	if g.holds == 0 {
		close(g.released)
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()

	g.opened = true
	if g.holds > 0 {
		g.holds = 0
		close(g.released)
	}
}

func (g *gate) wait(ctx context.Context) error {
	g.mu.Lock()
	holds, released := g.holds, g.released
	g.mu.Unlock()

	if holds == 0 {
		return nil
	}

	select {
	case <-released:
		return nil

	case <-ctx.Done():
		return ctx.Err()
	}
}
