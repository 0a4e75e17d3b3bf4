package db_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// webhookWorld is a workspace with one endpoint that is told of everything, and a receiver that answers as a test says.
type webhookWorld struct {
	*testing.T
	*dbtest.World
	*clock
	store *db.Store
	step  chat.WebhookStep
	// attempts counts those that were recorded.
	attempts int
}

func newWebhookWorld(t *testing.T, s *db.Store, change func(*chat.WebhookEndpoint)) *webhookWorld {
	t.Helper()

	w := &webhookWorld{
		T:     t,
		World: dbtest.Seed(t, s),
		clock: newClock(),
		store: s,
	}

	numberAll(t, s)

	endpoint := chat.WebhookEndpoint{
		URL:     "https://example.com/handrail",
		Payload: chat.PayloadFull,
		Enabled: true,
		Sealed:  []byte("sealed"),
	}

	change(&endpoint)

	made, err := s.CreateWebhookEndpoint(t.Context(), w.Workspace, w.By, endpoint)
	require.NoError(t, err)

	w.step = chat.WebhookStep{WorkspaceID: w.Workspace, EndpointID: made.ID}

	return w
}

func asItIs(*chat.WebhookEndpoint) {}

// happens makes message.created of each text, and chat.needs_response before the first.
func (w *webhookWorld) happens(texts ...string) {
	w.Helper()

	for _, text := range texts {
		addMessage(w.T, w.store, w.World, w.SMS.ID, text)
	}

	numberAll(w.T, w.store)
}

func (w *webhookWorld) batch() chat.WebhookBatch {
	w.Helper()

	batch, err := w.store.WebhookBatch(w.Context(), w.step, w.now, 10)
	require.NoError(w, err)

	return batch
}

func (w *webhookWorld) record(try *chat.WebhookTry, status int) {
	w.Helper()
	w.recordOf(w.endpoint(), try, status)
}

// recordOf records a post to the endpoint as it was, and reports whether its batch goes on.
func (w *webhookWorld) recordOf(posted chat.WebhookEndpoint, try *chat.WebhookTry, status int) bool {
	w.Helper()
	w.attempts++

	goesOn, err := w.store.RecordWebhookAttempt(w.Context(), chat.WebhookResult{
		WebhookStep: w.step,
		Posted:      posted,
		AttemptID:   chat.WebhookAttemptID(fmt.Sprintf("%08d-0000-7000-8000-000000000000", w.attempts)),
		Try:         *try,
		At:          w.now,
		Answer: chat.WebhookAnswer{
			Status:   status,
			Fault:    chat.WebhookFaultOf(status),
			Body:     "answer",
			Duration: 183 * time.Millisecond,
		},
	})
	require.NoError(w, err)

	return goesOn
}

func (w *webhookWorld) endpoint() chat.WebhookEndpoint {
	w.Helper()

	found, err := w.store.WebhookEndpoint(w.Context(), w.Workspace, w.step.EndpointID)
	require.NoError(w, err)

	return found
}

// posts answers all that is to be posted now with 200, and returns the sequences in their order.
func (w *webhookWorld) posts() []int64 {
	w.Helper()

	var sequences []int64

	for {
		batch := w.batch()
		if len(batch.Tries) == 0 {
			return sequences
		}

		for i := range batch.Tries {
			sequences = append(sequences, batch.Tries[i].Event.Sequence)
			w.record(&batch.Tries[i], 200)
		}
	}
}

// upTo are the sequences after one, up to another.
func upTo(after, last int64) []int64 {
	var all []int64
	for n := after + 1; n <= last; n++ {
		all = append(all, n)
	}

	return all
}

// TestAWebhookIsToldInOrder begins with what happens after it was made, and tells all of it once, with its texts.
func TestAWebhookIsToldInOrder(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newWebhookWorld(t, s, asItIs)
		begin := w.endpoint().Lane.Position
		assert.Empty(t, w.posts(), "what has happened before is not told")

		w.happens("Where is it?", "Hello?", "Anybody?", "It is late.", "Very late.", "Too late.")

		batch := w.batch()
		require.Len(t, batch.Tries, 7)
		require.Equal(t, chat.EventMessageCreated, batch.Tries[1].Event.Type)
		assert.Equal(t, "Where is it?", batch.Tries[1].Texts.Message.Text)

		latest := allEvents(t, s, w.Workspace)
		last := latest[len(latest)-1].Sequence
		assert.Equal(t, int(last-begin), w.endpoint().Lane.Behind)

		waiting, err := s.WaitingWebhooks(t.Context(), nil, w.now)
		require.NoError(t, err)
		assert.Equal(t, []chat.WebhookStep{w.step}, waiting)

		assert.Equal(t, upTo(begin, last), w.posts())
		assert.Empty(t, w.posts())
		assert.Zero(t, w.endpoint().Lane.Behind)

		waiting, err = s.WaitingWebhooks(t.Context(), []chat.WorkspaceID{w.Workspace}, w.now)
		require.NoError(t, err)
		assert.Empty(t, waiting)
	})
}

// TestTheFullPayloadHasTheTextsOfEachEvent adds to each event of a batch what it is about, and nothing to the others.
func TestTheFullPayloadHasTheTextsOfEachEvent(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newWebhookWorld(t, s, asItIs)

		editSMSChat(t, s, w.World, chat.ChatPatch{Summary: new("Wants her parcel.")})
		w.happens("Where is it?", "Hello?")

		var texts []string

		for _, try := range w.batch().Tries {
			switch {
			case try.Texts.Message != nil:
				assert.Equal(t, try.Event.SubjectID, string(try.Texts.Message.ID))
				texts = append(texts, try.Texts.Message.Text)

			case try.Texts.Summary != nil:
				assert.Equal(t, chat.EventSummaryUpdated, try.Event.Type)
				texts = append(texts, try.Texts.Summary.Text)
			}
		}

		assert.Equal(t, []string{"Wants her parcel.", "Where is it?", "Hello?"}, texts)
	})
}

// TestOneBadEventDoesNotHoldAWebhooksLane lets one event fail until it has stepped aside, tells the others meanwhile,
// and then the one by its own schedule.
func TestOneBadEventDoesNotHoldAWebhooksLane(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newWebhookWorld(t, s, asItIs)
		begin := w.endpoint().Lane.Position
		w.happens("Bad.", "Good.")

		for _, wait := range []time.Duration{5 * time.Second, 30 * time.Second, 0} {
			batch := w.batch()
			require.NotEmpty(t, batch.Tries)
			assert.Equal(t, begin+1, batch.Tries[0].Event.Sequence)
			w.record(&batch.Tries[0], 500)

			if wait > 0 {
				assert.Empty(t, w.batch().Tries, "the lane waits")

				waiting, err := s.WaitingWebhooks(t.Context(), nil, w.now)
				require.NoError(t, err)
				assert.Empty(t, waiting, "nobody needs to tell it of new events")
			}

			w.forward(wait)
		}

		others := w.posts()
		assert.Equal(t, begin+2, others[0], "the lane goes on")
		assert.NotContains(t, others, begin+1)

		endpoint := w.endpoint()
		assert.Equal(t, 1, endpoint.Lane.Aside)
		assert.Equal(t, w.now.Add(2*time.Minute), *endpoint.Lane.AsideAt)

		w.forward(2 * time.Minute)

		batch := w.batch()
		require.Len(t, batch.Tries, 1)
		assert.True(t, batch.Tries[0].Aside)
		assert.Equal(t, 3, batch.Tries[0].Tries)
		w.record(&batch.Tries[0], 500)
		assert.Empty(t, w.batch().Tries)

		w.forward(5 * time.Minute)
		assert.Equal(t, []int64{begin + 1}, w.posts())
		assert.Zero(t, w.endpoint().Lane.Aside)

		attempts, err := s.WebhookAttempts(t.Context(), w.Workspace, w.step.EndpointID, chat.WebhookAttemptFilter{
			Failed: true,
			Page:   pageOfTen(),
		})
		require.NoError(t, err)
		require.Len(t, attempts.Items, 4)
		assert.Equal(t, 4, attempts.Items[0].Number)
		assert.Equal(t, 500, attempts.Items[0].Status)
		assert.Equal(t, "answer", attempts.Items[0].Body)
		assert.Equal(t, 183*time.Millisecond, attempts.Items[0].Duration)
	})
}

// TestAWebhooksOutcomeIsRecordedOnce holds what makes the step idempotent: an attempt that is recorded twice counts
// once, one that comes too late moves nothing, and what was posted and not recorded is posted again.
func TestAWebhooksOutcomeIsRecordedOnce(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newWebhookWorld(t, s, asItIs)
		begin := w.endpoint().Lane.Position
		w.happens("One.", "Two.")

		first := w.batch().Tries[0]
		assert.Equal(t, first.Event.ID, w.batch().Tries[0].Event.ID, "not recorded: posted again, with the same id")

		w.record(&first, 500)
		w.attempts--
		w.record(&first, 500)
		assert.Equal(t, 1, w.endpoint().Lane.Tries)

		w.forward(time.Minute)
		w.posts()

		last := w.endpoint().Lane.Position
		w.record(&first, 500)
		assert.Equal(t, last, w.endpoint().Lane.Position, "another run was faster")
		assert.Zero(t, w.endpoint().Lane.Tries)

		// Somebody sets the lane back while an event is posted.
		w.happens("Three.")

		posted := w.batch().Tries[0]
		_, err := s.ReplayWebhookSince(t.Context(), w.step, w.By, time.Now().Add(-time.Hour))
		require.NoError(t, err)
		w.record(&posted, 200)
		assert.Less(t, w.endpoint().Lane.Position, begin+1)
	})
}

// TestAWebhooksOutcomeCountsWhereItWasPosted changes an endpoint while events are posted: the batch ends, and what
// another URL has answered moves nothing.
func TestAWebhooksOutcomeCountsWhereItWasPosted(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newWebhookWorld(t, s, asItIs)
		w.happens("One.", "Two.", "Three.")

		allow := func(*chat.WebhookEndpoint) error { return nil }
		change := func(p chat.WebhookEndpointPatch) {
			_, err := s.UpdateWebhookEndpoint(t.Context(), w.step, w.By, p, allow)
			require.NoError(t, err)
		}

		batch := w.batch()
		assert.True(t, w.recordOf(batch.Endpoint, &batch.Tries[0], 200))

		change(chat.WebhookEndpointPatch{Payload: new(chat.PayloadThin)})
		assert.False(t, w.recordOf(batch.Endpoint, &batch.Tries[1], 200), "the rest has texts")
		assert.Equal(t, batch.Tries[1].Event.Sequence, w.endpoint().Lane.Position, "it has arrived all the same")

		batch = w.batch()

		change(chat.WebhookEndpointPatch{URL: new("https://example.org/handrail")})
		assert.False(t, w.recordOf(batch.Endpoint, &batch.Tries[0], 410))
		assert.True(t, w.endpoint().Enabled, "the new receiver has not said so")

		batch = w.batch()

		change(chat.WebhookEndpointPatch{Enabled: new(false)})
		assert.False(t, w.recordOf(batch.Endpoint, &batch.Tries[0], 200))
	})
}

// TestTheTextsOfADeletedChatAreToldToNobody also holds it for an event that is told again.
func TestTheTextsOfADeletedChatAreToldToNobody(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newWebhookWorld(t, s, asItIs)
		w.happens("My number is 4711.")

		_, err := s.DeleteChat(t.Context(), w.Workspace, w.By, w.SMS.ID, true)
		require.NoError(t, err)

		batch := w.batch()
		require.NotEmpty(t, batch.Tries)

		for i := range batch.Tries {
			assert.Equal(t, chat.WebhookTexts{}, batch.Tries[i].Texts, batch.Tries[i].Event.Type)
		}

		told := w.posts()
		events := allEvents(t, s, w.Workspace)
		require.NoError(t, s.ReplayWebhookEvent(t.Context(), w.step, w.By, events[told[0]].ID))
		w.forward(24 * time.Hour * 365)

		again := w.batch()
		require.NotEmpty(t, again.Tries)
		assert.Equal(t, chat.EventMessageCreated, again.Tries[len(again.Tries)-1].Event.Type)
		assert.Nil(t, again.Tries[len(again.Tries)-1].Texts.Message)
	})
}

func TestAWebhookIsToldAgain(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newWebhookWorld(t, s, asItIs)
		begin := w.endpoint().Lane.Position

		w.happens("One.", "Two.", "Three.")
		told := w.posts()

		events := allEvents(t, s, w.Workspace)
		one := events[begin]
		require.NoError(t, s.ReplayWebhookEvent(t.Context(), w.step, w.By, one.ID))
		w.forward(24 * time.Hour * 365)
		assert.Equal(t, []int64{one.Sequence}, w.posts())

		err := s.ReplayWebhookEvent(t.Context(), w.step, w.By, "01983c5e-0000-7000-8000-000000000000")
		requireCode(t, chat.CodeEventNotFound, err)

		// From the second message on, and then what is new.
		second := events[begin+1]
		after, err := s.ReplayWebhookSince(t.Context(), w.step, w.By, second.At)
		require.NoError(t, err)
		w.happens("Four.")

		again := w.posts()
		assert.Subset(t, again, told[1:])
		assert.Equal(t, upTo(after.Lane.Position, again[len(again)-1]), again)

		after, err = s.ReplayWebhookSince(t.Context(), w.step, w.By, time.Now().Add(time.Hour))
		require.NoError(t, err)
		assert.Zero(t, after.Lane.Behind, "nothing has happened since then")

		assert.Equal(t, []string{
			"webhook_endpoint.replayed", "webhook_endpoint.replayed", "webhook_endpoint.replayed",
		}, auditVerbs(t, s, w.Workspace)[:3])
	})
}

// TestAWebhookThatIsDisabledGoesOnWhereItStopped also holds the event and the audit entry.
func TestAWebhookThatIsDisabledGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newWebhookWorld(t, s, asItIs)
		w.happens("One.")

		try := w.batch().Tries[0]
		w.record(&try, 410)

		endpoint := w.endpoint()
		assert.False(t, endpoint.Enabled)
		assert.Equal(t, chat.WebhookGone, endpoint.DisabledReason)
		assert.Empty(t, w.batch().Tries)
		assert.True(t, new(w.batch()).Progress(w.now).Ended)
		assert.Equal(t, "webhook_endpoint.disabled", auditVerbs(t, s, w.Workspace)[0])

		events := allEvents(t, s, w.Workspace)
		disabled := events[len(events)-1]
		assert.Equal(t, chat.EventWebhookEndpointDisabled, disabled.Type)
		assert.Equal(t, fmt.Sprint(w.step.EndpointID), disabled.SubjectID)
		assert.Equal(t, "gone", disabled.Data.Reason)

		allow := func(*chat.WebhookEndpoint) error { return nil }
		enable := chat.WebhookEndpointPatch{Enabled: new(true)}
		_, err := s.UpdateWebhookEndpoint(t.Context(), w.step, w.By, enable, allow)
		require.NoError(t, err)

		told := w.posts()
		assert.Equal(t, try.Event.Sequence, told[0])
		assert.Contains(t, told, disabled.Sequence)

		require.NoError(t, s.DeleteWebhookEndpoint(t.Context(), w.Workspace, w.By, w.step.EndpointID))
		_, err = s.WebhookBatch(t.Context(), w.step, w.now, 10)
		requireCode(t, chat.CodeWebhookNotFound, err)
	})
}

// TestAWebhookPassesOverWhatItDoesNotWant also holds that events which were too old are counted.
func TestAWebhookPassesOverWhatItDoesNotWant(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newWebhookWorld(t, s, func(e *chat.WebhookEndpoint) {
			e.Payload = chat.PayloadThin
			e.Types = []chat.EventType{chat.EventChatNeedsResponse}
		})
		w.happens("One.")

		batch := w.batch()
		require.Len(t, batch.Tries, 1)
		assert.Equal(t, chat.EventChatNeedsResponse, batch.Tries[0].Event.Type)
		assert.Nil(t, batch.Tries[0].Texts.Message)
		w.posts()

		w.happens("Two.", "Three.") // it needs a response already
		assert.Empty(t, w.batch().Tries)

		events := allEvents(t, s, w.Workspace)
		latest := events[len(events)-1].Sequence
		assert.Equal(t, latest, w.endpoint().Lane.Position)

		w.happens("Four.")

		_, err := s.ForgetEvents(t.Context(), time.Now().Add(24*time.Hour*365), 1000)
		require.NoError(t, err)
		assert.Empty(t, w.batch().Tries)
		assert.Equal(t, int64(1), w.endpoint().Lane.Missed)

		count, err := s.ForgetWebhookAttempts(t.Context(), w.now.Add(time.Second), 100)
		require.NoError(t, err)
		assert.Equal(t, w.attempts, count)
	})
}

// TestTheTriesOfAWebhookAreOfOneEvent begins to count anew when the event that was tried is deleted.
func TestTheTriesOfAWebhookAreOfOneEvent(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newWebhookWorld(t, s, asItIs)
		w.happens("One.")

		try := w.batch().Tries[0]
		w.record(&try, 500)
		w.forward(time.Minute)

		_, err := s.ForgetEvents(t.Context(), time.Now().Add(24*time.Hour*365), 1000)
		require.NoError(t, err)

		w.happens("Two.")

		batch := w.batch()
		require.NotEmpty(t, batch.Tries)
		assert.NotEqual(t, try.Event.ID, batch.Tries[0].Event.ID)
		assert.Zero(t, batch.Tries[0].Tries)
	})
}

func TestAWebhooksSecretIsReplacedOnce(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newWebhookWorld(t, s, asItIs)

		require.NoError(t, s.RotateWebhookSecret(t.Context(), w.step, w.By, []byte("sealed"), []byte("fresh")))
		assert.Equal(t, []byte("fresh"), w.endpoint().Sealed)

		err := s.RotateWebhookSecret(t.Context(), w.step, w.By, []byte("sealed"), []byte("another"))
		requireCode(t, chat.CodeConflict, err)
	})
}

// TestAWorkspaceHasAtMostFiftyWebhooks also holds it when several are made at once.
func TestAWorkspaceHasAtMostFiftyWebhooks(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newWebhookWorld(t, s, asItIs)
		another := w.endpoint()

		for range chat.MaxWebhookEndpoints - 2 {
			_, err := s.CreateWebhookEndpoint(t.Context(), w.Workspace, w.By, another)
			require.NoError(t, err)
		}

		var (
			together sync.WaitGroup
			refused  atomic.Int64
		)

		for range 6 {
			together.Go(func() {
				_, err := s.CreateWebhookEndpoint(t.Context(), w.Workspace, w.By, another)
				if chat.CodeOf(err) == chat.CodeInvalidRequest {
					refused.Add(1)
				}
			})
		}

		together.Wait()
		assert.Equal(t, int64(5), refused.Load())

		all, err := s.WebhookEndpoints(t.Context(), w.Workspace)
		require.NoError(t, err)
		assert.Len(t, all, chat.MaxWebhookEndpoints)
	})
}
