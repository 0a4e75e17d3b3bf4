package service_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/activities"
	"handrail/carrier/render"
	"handrail/carrier/twilio"
	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
	"handrail/metrics"
	"handrail/sandbox"
)

// lane is one delivery between a real database and a provider on the wire, without the
// engine: the test is the engine, and crashes where it likes.
type lane struct {
	*testing.T
	*dbtest.World
	store *db.Store
	box   *sandbox.Sandbox
	// provider is where Twilio is.
	provider string
	step     chat.DeliveryStep
}

const crashLease = 45 * time.Second

// eachLane runs a test on both databases, with a prepared send.
func eachLane(t *testing.T, test func(l *lane)) {
	t.Helper()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		box, err := sandbox.New(sandbox.Config{AccountSID: account, AuthToken: token, SendGridKey: sendGridKey})
		require.NoError(t, err)

		providers := httptest.NewServer(box.Handler())

		t.Cleanup(func() {
			providers.Close()
			assert.NoError(t, box.Close())
		})

		l := &lane{
			T:        t,
			World:    dbtest.Seed(t, s),
			store:    s,
			box:      box,
			provider: providers.URL,
		}

		l.step = l.delivery(l.prepare())
		test(l)
	})
}

func (l *lane) prepare() chat.AssistantMessageSent {
	l.Helper()
	return l.Prepare(l, l.store, l.SMS.ID, "Hello")
}

func (l *lane) delivery(sent chat.AssistantMessageSent) chat.DeliveryStep {
	return chat.DeliveryStep{WorkspaceID: l.Workspace, DeliveryID: sent.DeliveryID}
}

// cancelPrepared ends the lane's own send, which would go before all that are newer.
func (l *lane) cancelPrepared() {
	l.Helper()

	_, err := l.store.CancelDelivery(l.Context(), l.Workspace, l.step.DeliveryID, chat.SendCanceled())
	require.NoError(l, err)
}

// worker is a process that carries out steps on this store.
func (l *lane) worker(store activities.Store) *activities.Activities {
	l.Helper()

	client, err := twilio.New(twilio.Config{
		AccountSID: account,
		AuthToken:  token,
		BaseURL:    l.provider,
		Timeout:    5 * time.Second,
	})

	require.NoError(l, err)

	acts, err := activities.New(activities.Config{
		Store:       store,
		Providers:   map[chat.Provider]activities.Provider{chat.ProviderTwilio: client},
		Renderer:    render.New(render.Options{}),
		NewID:       uuid.NewString,
		Lease:       crashLease,
		ClockSkew:   chat.ClockSkew,
		WhenUnknown: chat.AtMostOnce,
		Meter:       metrics.NewMeter(prometheus.NewRegistry(), false),
	})

	require.NoError(l, err)

	return acts
}

// next is how the next attempt finds the delivery, after the lease of a claim has ended.
func (l *lane) next() chat.Claim {
	l.Helper()
	claim, err := l.store.Claim(l.Context(), l.Workspace, l.step.DeliveryID, time.Now().Add(2*crashLease), crashLease)
	require.NoError(l, err)

	return claim
}

// row is how the delivery stands.
func (l *lane) row() chat.Delivery {
	l.Helper()
	d, err := l.store.Delivery(l.Context(), l.Workspace, l.step.DeliveryID)
	require.NoError(l, err)

	return d
}

func (l *lane) arrived() []sandbox.Message { return l.box.Messages(sandbox.MessageFilter{}) }

// callback is what Twilio reports of a message it has, naming the claim.
func (l *lane) callback(fence int64, sid string, state chat.DeliveryStatus) chat.Reported {
	l.Helper()

	reported, err := l.store.RecordReport(l.Context(), chat.Report{
		Provider:          chat.ProviderTwilio,
		Key:               sid + string(state),
		DeliveryID:        l.step.DeliveryID,
		Fence:             fence,
		ProviderMessageID: sid,
		Type:              string(state),
		Accepts:           true,
		DeliveryStatus:    state,
		Raw:               []byte("MessageStatus=" + string(state)),
	}, time.Now())

	require.NoError(l, err)

	return reported
}

// errCrash is the end of a process.
var errCrash = errors.New("the process has died")

// crashing is a store whose process dies at a point of a submission.
type crashing struct {
	activities.Store
	afterClaim, beforeRecord, afterRecord bool
}

// Claim claims, and may die after it.
func (c *crashing) Claim(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.DeliveryID,
	now time.Time,
	lease time.Duration,
) (chat.Claim, error) {
	claim, err := c.Store.Claim(ctx, ws, id, now, lease)

	if c.afterClaim {
		panic(errCrash)
	}

	return claim, err
}

// PrepareAndClaim prepares and claims, and may die after it.
func (c *crashing) PrepareAndClaim(
	ctx context.Context,
	in chat.SendAssistantMessage,
	ids chat.SendIDs,
	plan func(*chat.SendFacts) (chat.SendPlan, error),
	now time.Time,
	lease time.Duration,
) (chat.AssistantMessageSent, chat.Claim, error) {
	sent, claim, err := c.Store.PrepareAndClaim(ctx, in, ids, plan, now, lease)

	if c.afterClaim {
		panic(errCrash)
	}

	return sent, claim, err
}

// RecordSubmission records, and may die before or after it.
func (c *crashing) RecordSubmission(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.DeliveryID,
	fence int64,
	submission chat.Submission,
	now time.Time,
) (chat.Delivery, error) {
	if c.beforeRecord {
		panic(errCrash)
	}

	d, err := c.Store.RecordSubmission(ctx, ws, id, fence, submission, now)

	if c.afterRecord {
		panic(errCrash)
	}

	return d, err
}

// dies runs a submission that ends with its process.
func (l *lane) dies(store *crashing) {
	l.Helper()
	store.Store = l.store
	acts := l.worker(store)
	assert.PanicsWithError(l, errCrash.Error(), func() { _, _ = acts.Submit(l.Context(), l.step) })
}

// submits is a submission by a healthy process.
func (l *lane) submits() chat.DeliverySnapshot {
	l.Helper()
	snapshot, err := l.worker(l.store).Submit(l.Context(), l.step)
	require.NoError(l, err)

	return snapshot
}
