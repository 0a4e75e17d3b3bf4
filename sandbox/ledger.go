package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
)

// ledger is everything that arrived. It is kept in memory, and in a journal if there is one.
type ledger struct {
	queueing sync.Mutex // guards queue alone
	queue    []*entry

	writing sync.Mutex // one change at a time, journal first
	journal *journal   // nil: memory only
	closed  bool

	mu      sync.RWMutex
	current view
	index   index
}

// entry is a record on its way to the disk.
type entry struct {
	line []byte
	edit func()
	done bool
	err  error
}

// kept is something that arrived and may still change; a state once read does not.
type kept[T any] struct{ state atomic.Pointer[T] }

func keepValue[T any](value T) *kept[T] {
	k := new(kept[T])
	k.state.Store(&value)

	return k
}

func (k *kept[T]) now() T { return *k.state.Load() }

// view is the ledger at one moment. Its slices only ever grow, so it may be read
// without a lock.
type view struct {
	messages []*kept[Message]
	mails    []*kept[Mail]
	answers  []*kept[MailAnswer]
	orders   []*kept[Order]
	// generation counts how often the ledger was emptied, revision all changes.
	generation, revision int
	// changed is closed by the next change.
	changed chan struct{}
}

func openLedger(path string, logger *slog.Logger) (*ledger, error) {
	l := &ledger{current: view{changed: make(chan struct{})}, index: newIndex()}
	if path == "" {
		return l, nil
	}

	journal, err := openJournal(path, logger, func(line []byte) error {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}

		edit, err := l.edit(r)
		if err != nil {
			return err
		}

		l.change(edit)

		return nil
	})
	if err != nil {
		return nil, err
	}

	l.journal = journal

	return l, nil
}

// record keeps one record. When it returns nil the record is on disk, if there is a
// file, and visible; when it fails nothing has been kept. Records that come while the
// disk is busy share the next sync: whoever gets to write takes all that wait along.
func (l *ledger) record(r record) error {
	edit, err := l.edit(r)
	if err != nil {
		return err
	}

	line, err := encodeLine(r)
	if err != nil {
		return err
	}

	e := &entry{line: line, edit: edit}

	l.queueing.Lock()
	l.queue = append(l.queue, e)
	l.queueing.Unlock()

	l.writing.Lock()
	defer l.writing.Unlock()

	if !e.done {
		l.commit()
	}

	return e.err
}

func encodeLine(r record) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)

	if err := encoder.Encode(r); err != nil {
		return nil, fmt.Errorf("encoding a line: %w", err)
	}

	return line.Bytes(), nil
}

// commit writes all that wait; the caller holds writing.
func (l *ledger) commit() {
	l.queueing.Lock()
	batch := l.queue
	l.queue = nil
	l.queueing.Unlock()

	err := l.write(batch)
	for _, e := range batch {
		e.done, e.err = true, err
	}

	if err != nil {
		return
	}

	l.change(func() {
		for _, e := range batch {
			e.edit()
		}
	})
}

func (l *ledger) write(batch []*entry) error {
	switch {
	case l.closed:
		return errors.New("the sandbox is closed")
	case l.journal == nil:
		return nil
	}

	var lines bytes.Buffer
	for _, e := range batch {
		lines.Write(e.line)
	}

	return l.journal.append(lines.Bytes())
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

	l.change(func() {
		l.current.messages = nil
		l.current.mails = nil
		l.current.answers = nil
		l.current.orders = nil
		l.index = newIndex()
		l.current.generation++
	})

	return nil
}

// change runs an edit of current and index.
func (l *ledger) change(edit func()) {
	l.mu.Lock()
	defer l.mu.Unlock()

	edit()

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

func awaitMatch[T any](ctx context.Context, l *ledger, of func(view) []*kept[T], match func(T) bool) (T, error) {
	seen, generation := 0, 0

	for {
		v := l.look()
		if v.generation != generation {
			seen, generation = 0, v.generation
		}

		for arrived := of(v); seen < len(arrived); {
			item := arrived[seen].now()
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
