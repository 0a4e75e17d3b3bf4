package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
	"handrail/worker"
)

// countedStore has events to number as often as it says.
type countedStore struct {
	changed chan struct{}
	// more is how often there is more at once; failing how often it fails first.
	more, failing int
	asked         []time.Time
}

func (s *countedStore) NumberEvents(context.Context, int) ([]chat.NumberedEvents, bool, error) {
	s.asked = append(s.asked, time.Now())

	if s.failing > 0 {
		s.failing--
		return nil, false, errors.New("the database does not answer")
	}

	s.more--

	return []chat.NumberedEvents{{WorkspaceID: "w", Latest: int64(len(s.asked))}}, s.more >= 0, nil
}

func (s *countedStore) Changed() <-chan struct{} { return s.changed }

// runSequencer runs one for a while, on a clock of its own.
func runSequencer(t *testing.T, store *countedStore, within time.Duration, during func()) []chat.NumberedEvents {
	t.Helper()

	var told []chat.NumberedEvents

	ctx, stop := context.WithTimeout(t.Context(), within)
	defer stop()

	if during != nil {
		go during()
	}

	sequencer := &worker.Sequencer{
		Store:  store,
		Logger: slog.New(slog.DiscardHandler),
		OnNumbered: func(_ context.Context, numbered []chat.NumberedEvents) {
			told = append(told, numbered...)
		},
	}

	sequencer.Run(ctx)

	return told
}

func TestASequencerNumbersUntilNothingIsLeft(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		store := &countedStore{changed: make(chan struct{}, 1), more: 3}

		told := runSequencer(t, store, 40*time.Millisecond, nil)
		assert.Len(t, store.asked, 4)
		assert.Equal(t, int64(4), told[3].Latest)
	})
}

func TestASequencerLooksEveryTwoSecondsInAnyCase(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		store := &countedStore{changed: make(chan struct{}, 1), failing: 1}

		runSequencer(t, store, 5*time.Second, nil)
		assert.Len(t, store.asked, 3, "also after an error")
	})
}

func TestASequencerIsWokenAndPaced(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		store := &countedStore{changed: make(chan struct{}, 1)}

		runSequencer(t, store, 990*time.Millisecond, func() {
			for range 900 {
				select {
				case store.changed <- struct{}{}:
				default:
				}

				time.Sleep(time.Millisecond)
			}
		})

		assert.InDelta(t, 19, len(store.asked), 2, "one numbering serves all that came within 50 ms")
	})
}
