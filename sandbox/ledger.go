package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
)

// ledger is everything that arrived. It is kept in memory, and in a journal if there is one.
type ledger struct {
	writing sync.Mutex // one change at a time, journal first
	journal *journal   // nil: memory only
	closed  bool

	mu      sync.RWMutex
	current view
}

// view is the ledger at one moment. Its slices only ever grow, so it may be read
// without a lock.
type view struct {
	messages []Message
	mails    []Mail
	// generation counts how often the ledger was emptied, revision all changes.
	generation, revision int
	// changed is closed by the next change.
	changed chan struct{}
}

func openLedger(path string, logger *slog.Logger) (*ledger, error) {
	l := &ledger{current: view{changed: make(chan struct{})}}
	if path == "" {
		return l, nil
	}
	journal, err := openJournal(path, logger, func(line []byte) error {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}
		return l.apply(r)
	})
	if err != nil {
		return nil, err
	}
	l.journal = journal
	return l, nil
}

// record keeps one arrival. When it returns nil the arrival is on disk, if there is a
// file, and visible; when it fails nothing has been kept.
func (l *ledger) record(r record) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.closed {
		return errors.New("the sandbox is closed")
	}
	if l.journal != nil {
		if err := l.journal.append(r); err != nil {
			return err
		}
	}
	return l.apply(r)
}

func (l *ledger) apply(r record) error {
	switch {
	case r.Message != nil:
		l.change(func(v *view) { v.messages = append(v.messages, *r.Message) })
		return nil
	case r.Send != nil:
		mails, err := r.Send.mails()
		if err != nil {
			return fmt.Errorf("reading a mail: %w", err)
		}
		l.change(func(v *view) { v.mails = append(v.mails, mails...) })
		return nil
	}
	return errors.New("neither a message nor a mail")
}

func (l *ledger) forget() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.closed {
		return errors.New("the sandbox is closed")
	}
	if l.journal != nil {
		if err := l.journal.empty(); err != nil {
			return err
		}
	}
	l.change(func(v *view) {
		v.messages, v.mails = nil, nil
		v.generation++
	})
	return nil
}

func (l *ledger) change(edit func(*view)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	edit(&l.current)
	l.current.revision++
	close(l.current.changed)
	l.current.changed = make(chan struct{})
}

func (l *ledger) look() view {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.current
}

func (l *ledger) close() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	if l.journal == nil {
		return nil
	}
	return l.journal.close()
}

func await[T any](ctx context.Context, l *ledger, of func(view) []T, match func(T) bool) (T, error) {
	seen, generation := 0, 0
	for {
		v := l.look()
		if v.generation != generation {
			seen, generation = 0, v.generation
		}
		for arrived := of(v); seen < len(arrived); {
			item := arrived[seen]
			seen++
			if match(item) {
				return item, nil
			}
		}
		select {
		case <-v.changed:
		case <-ctx.Done():
			var none T
			return none, fmt.Errorf("awaiting an arrival, %d seen: %w", seen, ctx.Err())
		}
	}
}
