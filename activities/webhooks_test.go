package activities_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/activities"
	"handrail/chat"
	"handrail/metrics"
)

// laneStore keeps one endpoint and the events that it is to be told of, by the rules of the domain.
type laneStore struct {
	activities.Store

	endpoint chat.WebhookEndpoint
	events   []chat.Event
	asides   map[int64]chat.WebhookMove
	recorded []chat.WebhookResult
	// fail is the error of the next recording.
	fail error
}

func (l *laneStore) WebhookBatch(
	_ context.Context,
	_ chat.WebhookStep,
	now time.Time,
	_ int,
) (chat.WebhookBatch, error) {
	lane := &l.endpoint.Lane
	batch := chat.WebhookBatch{}
	lane.Behind = 0

	for _, e := range l.events {
		if e.Sequence <= lane.Position {
			continue
		}

		lane.Behind++

		if l.endpoint.Enabled && !lane.LaneWaits(now) {
			batch.Tries = append(batch.Tries, chat.WebhookTry{Event: e, Position: e.Sequence - 1})
		}
	}

	if len(batch.Tries) > 0 {
		batch.Tries[0].Tries = lane.Tries
	}

	lane.Aside = len(l.asides)
	lane.AsideAt = nil

	for sequence, move := range l.asides {
		if lane.AsideAt == nil || move.AsideAt.Before(*lane.AsideAt) {
			lane.AsideAt = move.AsideAt
		}

		if !move.AsideAt.After(now) && l.endpoint.Enabled && !lane.IsQuiet(now) {
			batch.Tries = append(
				batch.Tries,
				chat.WebhookTry{Event: l.events[sequence-1], Aside: true, Tries: move.Tries},
			)
		}
	}

	batch.Endpoint = l.endpoint

	return batch, nil
}

func (l *laneStore) RecordWebhookAttempt(_ context.Context, in chat.WebhookResult) error {
	if err := l.fail; err != nil {
		l.fail = nil
		return err
	}

	l.recorded = append(l.recorded, in)
	move := l.endpoint.TakeOutcome(&in.Try, &in.Answer, in.At)

	delete(l.asides, in.Try.Event.Sequence)

	if move.AsideAt != nil {
		l.asides[in.Try.Event.Sequence] = move
	}

	return nil
}

// receiver answers posts, each of which takes a second of the test's clock.
type receiver struct {
	now    time.Time
	posted []chat.EventID
	answer func(id chat.EventID) chat.WebhookAnswer
}

func (r *receiver) PostWebhook(
	_ context.Context,
	_ *chat.WebhookEndpoint,
	id chat.EventID,
	_ []byte,
) chat.WebhookAnswer {
	r.posted = append(r.posted, id)
	r.now = r.now.Add(time.Second)

	return r.answer(id)
}

func newLane(t *testing.T, count int64) (*activities.Activities, *laneStore, *receiver) {
	t.Helper()

	store := &laneStore{
		endpoint: chat.WebhookEndpoint{Payload: chat.PayloadThin, Enabled: true},
		asides:   map[int64]chat.WebhookMove{},
	}
	for n := int64(1); n <= count; n++ {
		store.events = append(store.events, chat.Event{ID: chat.EventID(fmt.Sprintf("e%d", n)), Sequence: n})
	}

	r := &receiver{
		now:    time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC),
		answer: func(chat.EventID) chat.WebhookAnswer { return chat.WebhookAnswer{Status: 200} },
	}

	ids := 0
	acts, err := activities.New(activities.Config{
		Store:    store,
		Webhooks: r,
		Meter:    metrics.NewMeter(prometheus.NewRegistry(), false),
		Now:      func() time.Time { return r.now },
		NewID: func() string {
			ids++
			return strconv.Itoa(ids)
		},
	})
	require.NoError(t, err)

	return acts, store, r
}

func drain(t *testing.T, acts *activities.Activities) chat.WebhookProgress {
	t.Helper()

	progress, err := acts.DrainWebhooks(t.Context(), chat.WebhookStep{EndpointID: 3})
	require.NoError(t, err)

	return progress
}

// TestAWebhookPostedAndNotRecordedIsPostedAgain is a worker that was killed between the post and its recording: the
// event comes again with the same id, and none is left out.
func TestAWebhookPostedAndNotRecordedIsPostedAgain(t *testing.T) {
	t.Parallel()

	acts, store, r := newLane(t, 3)
	store.fail = errors.New("killed")

	_, err := acts.DrainWebhooks(t.Context(), chat.WebhookStep{EndpointID: 3})
	require.Error(t, err)

	progress := drain(t, acts)
	assert.Equal(t, []chat.EventID{"e1", "e1", "e2", "e3"}, r.posted)
	assert.False(t, progress.More)
	assert.Zero(t, progress.In)
	assert.Len(t, store.recorded, 3)
}

// TestAWebhookThatFailsDoesNotHoldTheOthers lets one event fail for ever: the others come in order, and the one by its
// schedule, twelve times in all.
func TestAWebhookThatFailsDoesNotHoldTheOthers(t *testing.T) {
	t.Parallel()

	acts, _, r := newLane(t, 4)
	r.answer = func(id chat.EventID) chat.WebhookAnswer {
		if id == "e2" {
			return chat.WebhookAnswer{Fault: chat.WebhookTimedOut}
		}

		return chat.WebhookAnswer{Status: 204}
	}

	var waits []time.Duration

	for progress := drain(t, acts); progress.In > 0; progress = drain(t, acts) {
		waits = append(waits, progress.In.Round(time.Minute))
		r.now = r.now.Add(progress.In)
	}

	assert.Equal(t, []chat.EventID{"e1", "e2", "e2", "e2", "e3", "e4"}, r.posted[:6])
	assert.Len(t, r.posted, 3+12)
	assert.Equal(t, 24*time.Hour, waits[len(waits)-1])
}

// TestAStepOfAWebhookEndsAfterAWhile begins another step, so that a worker that stops is waited for shortly.
func TestAStepOfAWebhookEndsAfterAWhile(t *testing.T) {
	t.Parallel()

	acts, _, r := newLane(t, 100)

	progress := drain(t, acts)
	assert.True(t, progress.More)
	assert.Less(t, len(r.posted), 40)
	assert.Contains(t, progress.Explanation, "behind")

	r.answer = func(chat.EventID) chat.WebhookAnswer {
		return chat.WebhookAnswer{
			Status:     503,
			Fault:      chat.WebhookStatusNotAccepted,
			RetryAfter: time.Hour,
		}
	}

	progress = drain(t, acts)
	assert.True(t, progress.Retrying)
	assert.Equal(t, time.Hour, progress.In.Round(time.Minute))

	// A worker that stops in the middle of a post says nothing of the receiver.
	ctx, cancel := context.WithCancel(t.Context())
	r.now = r.now.Add(time.Hour)
	r.answer = func(chat.EventID) chat.WebhookAnswer {
		cancel()
		return chat.WebhookAnswer{Fault: chat.WebhookConnectionFailed}
	}

	_, err := acts.DrainWebhooks(ctx, chat.WebhookStep{EndpointID: 3})
	assert.ErrorIs(t, err, context.Canceled)
}
