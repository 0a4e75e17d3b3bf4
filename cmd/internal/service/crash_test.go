package service_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/activities"
	"handrail/carrier/render"
	"handrail/carrier/twilio"
	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
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
		WhenUnknown: chat.AtMostOnce,
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

// The crash points, each with what the next attempt must find. In all of them nothing may
// be lost, and nothing sent twice.

func TestCrash00BeforeTheIntentIsCommitted(t *testing.T) {
	t.Parallel()

	eachLane(t, func(l *lane) {
		in, ids := l.Send(l.SMS.ID, "Another"), dbtest.SendIDs()
		_, err := l.store.PrepareSend(
			l.Context(),
			in,
			ids,
			func(*chat.SendFacts) (chat.SendPlan, error) { return chat.SendPlan{}, errCrash },
		)

		require.Error(l, err)
		_, err = l.store.FindDelivery(l.Context(), l.Workspace, ids.DeliveryID)
		assert.Equal(l, chat.CodeDeliveryNotFound, chat.CodeOf(err), "nothing is half there")
		sent, err := l.store.PrepareSend(l.Context(), in, ids, dbtest.PlanText("Another"))
		require.NoError(l, err)
		assert.Equal(l, chat.SubmissionPending, sent.Submission)
	})
}

func TestCrash01AfterTheIntentBeforeTheClaim(t *testing.T) {
	t.Parallel()

	eachLane(t, func(l *lane) {
		assert.Equal(l, chat.SubmissionAccepted, l.submits().Submission)
		assert.Len(l, l.arrived(), 1)
	})
}

func TestCrash02AfterTheClaimBeforeTheWrite(t *testing.T) {
	t.Parallel()

	eachLane(t, func(l *lane) {
		l.dies(&crashing{afterClaim: true})
		assert.Equal(l, chat.SubmissionSending, l.submits().Submission, "the claim lasts")
		claim := l.next()
		assert.False(l, claim.Granted, "nobody can tell whether it was written")
		assert.Equal(l, chat.SubmissionUnknown, claim.Delivery.Submission)
		found, err := l.worker(l.store).QueryProvider(l.Context(), l.step)
		require.NoError(l, err)
		assert.Equal(l, chat.SubmissionUnknown, found.Submission, "the provider has nothing")
		assert.Empty(l, l.arrived())
	})
}

// A first try that is made with the preparation has the same crash points: what is repeated
// is the preparation.
func TestCrash02InTheFirstTryOfASend(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		store   crashing
		arrived int
		then    chat.SubmissionState
	}{
		"after the claim":   {crashing{afterClaim: true}, 0, chat.SubmissionSending},
		"after the post":    {crashing{beforeRecord: true}, 1, chat.SubmissionSending},
		"after the outcome": {crashing{afterRecord: true}, 1, chat.SubmissionAccepted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			eachLane(t, func(l *lane) {
				in, store := l.Send(l.SMS.ID, "Another"), tt.store
				store.Store = l.store
				assert.PanicsWithError(
					l,
					errCrash.Error(),
					func() { _, _ = l.worker(&store).PrepareSend(l.Context(), in) },
				)

				sent, err := l.worker(l.store).PrepareSend(l.Context(), in)
				require.NoError(l, err)
				assert.False(l, sent.Submitted, "the repetition hands nothing over")
				l.step = l.delivery(sent)
				assert.Equal(l, tt.then, l.submits().Submission)
				assert.Len(l, l.arrived(), tt.arrived, "it is not posted again")

				if tt.then == chat.SubmissionSending {
					assert.Equal(l, chat.SubmissionUnknown, l.next().Delivery.Submission)
				}
			})
		})
	}
}

func TestCrash03NoConnection(t *testing.T) {
	t.Parallel()

	eachLane(t, func(l *lane) {
		closed, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(l, err)
		require.NoError(l, closed.Close())
		there := l.provider
		l.provider = "http://" + closed.Addr().String()
		snapshot := l.submits()
		assert.Equal(l, chat.SubmissionPending, snapshot.Submission)
		assert.Equal(l, chat.ErrorDialFailed, snapshot.ErrorCode)
		l.provider = there
		assert.Equal(l, chat.SubmissionAccepted, l.submits().Submission, "trying again is safe")
		assert.Len(l, l.arrived(), 1)
	})
}

func TestCrash04ConnectionLostAfterTheWrite(t *testing.T) {
	t.Parallel()

	eachLane(t, func(l *lane) {
		url, taken := startCuttingProvider(t)
		there := l.provider
		l.provider = url
		assert.Equal(l, chat.SubmissionUnknown, l.submits().Submission)
		l.provider = there
		assert.Equal(l, chat.SubmissionUnknown, l.submits().Submission)
		assert.False(l, l.next().Granted)
		assert.Equal(l, int64(1), taken.Load())
		assert.Empty(l, l.arrived(), "it is not posted again")
	})
}

func TestCrash05AcceptedAndTheAnswerLost(t *testing.T) {
	t.Parallel()

	for _, fault := range []string{"cut", "error", "truncate"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()

			eachLane(t, func(l *lane) {
				require.NoError(l, l.box.SetFaults(sandbox.Fault{Kind: sandbox.FaultKind(fault)}))
				assert.Equal(l, chat.SubmissionUnknown, l.submits().Submission)
				found, err := l.worker(l.store).QueryProvider(l.Context(), l.step)
				require.NoError(l, err)
				assert.Equal(l, chat.SubmissionAccepted, found.Submission, "the list shows it")
				require.Len(l, l.arrived(), 1)
				assert.Equal(l, l.arrived()[0].SID, found.ProviderMessageID)
				assert.Equal(l, chat.SubmissionAccepted, l.submits().Submission)
				assert.Len(l, l.arrived(), 1)
			})
		})
	}
}

func TestCrash06AnswerReadAndNotRecorded(t *testing.T) {
	t.Parallel()

	eachLane(t, func(l *lane) {
		l.dies(&crashing{beforeRecord: true})
		require.Len(l, l.arrived(), 1)
		assert.Equal(l, chat.SubmissionUnknown, l.next().Delivery.Submission)
		l.callback(1, l.arrived()[0].SID, chat.StatusSent)
		assert.Equal(l, chat.SubmissionAccepted, l.row().Submission)
		assert.Len(l, l.arrived(), 1)
	})
}

func TestCrash07RecordedAndTheStepNotCompleted(t *testing.T) {
	t.Parallel()

	eachLane(t, func(l *lane) {
		l.dies(&crashing{afterRecord: true})
		snapshot := l.submits()
		assert.Equal(l, chat.SubmissionAccepted, snapshot.Submission, "the stored result")
		require.Len(l, l.arrived(), 1)
		assert.Equal(l, l.arrived()[0].SID, snapshot.ProviderMessageID)
	})
}

func TestCrash08CallbackBeforeOurCommit(t *testing.T) {
	t.Parallel()

	eachLane(t, func(l *lane) {
		claimed := l.Claim(l, l.store, l.step.DeliveryID, time.Now())
		l.callback(claimed.Fence, "SM08", chat.StatusDelivered)

		d, err := l.store.RecordSubmission(
			l.Context(),
			l.Workspace,
			claimed.ID,
			claimed.Fence,
			chat.Submission{
				Outcome:           chat.OutcomeAccepted,
				ProviderMessageID: "SM08",
				DeliveryStatus:    chat.StatusQueued,
			},
			time.Now(),
		)

		require.NoError(l, err)
		assert.Equal(l, chat.StatusDelivered, d.DeliveryStatus, "our commit is late and knows less")

		for _, e := range l.row().Events {
			assert.NotEqual(l, chat.EventDuplicate, e.Type)
		}
	})
}

func TestCrash09ZombieAfterItsLease(t *testing.T) {
	t.Parallel()

	eachLane(t, func(l *lane) {
		claimed := l.Claim(l, l.store, l.step.DeliveryID, time.Now())

		client, err := twilio.New(twilio.Config{
			AccountSID: account,
			AuthToken:  token,
			BaseURL:    l.provider,
			Timeout:    5 * time.Second,
		})

		require.NoError(l, err)

		submission := client.Submit(l.Context(), chat.Outgoing{
			WorkspaceID: l.Workspace,
			DeliveryID:  claimed.ID,
			Fence:       claimed.Fence,
			Channel:     claimed.Channel,
			From:        claimed.From,
			To:          claimed.To,
			Payload:     claimed.Payload,
			LeaseUntil:  time.Now().Add(time.Second),
		})

		assert.Equal(l, chat.OutcomeAborted, submission.Outcome, "it writes nothing")
		assert.Empty(l, l.arrived())
	})
}

func TestCrash10WorkerDeployInMidPost(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		server, err := temporal()
		require.NoError(t, err)

		release := w.box.Hold()
		r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"), "Prefer", "respond-async")
		require.Equal(t, http.StatusAccepted, r.status, r.raw)
		_, err = w.box.Await(t.Context(), func(sandbox.Message) bool { return true })
		require.NoError(t, err)
		w.stop()
		release()
		w.stopped()
		s := w.connect(server.Address())
		w.store = s.Store
		w.start(s)
		w.awaitSettled(r.at("action_id"))
		list := w.call("GET", "/deliveries", nil)
		d := w.delivery(list.at("items", 0, "id"))
		assert.Equal(t, "delivered", d.at("status"), d.raw)
		assert.Equal(t, "accepted", d.at("attempts", 0, "outcome"), "a deploy leaves no unknown outcome: %s", d.raw)
		assert.Len(t, d.at("attempts"), 1)
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)
	})
}

func TestCrash11TheSameTriggerTwice(t *testing.T) {
	t.Parallel()

	eachLane(t, func(l *lane) {
		in := l.Send(l.SMS.ID, "Once")
		first, err := l.store.PrepareSend(l.Context(), in, dbtest.SendIDs(), dbtest.PlanText("Once"))
		require.NoError(l, err)
		again, err := l.store.PrepareSend(l.Context(), in, dbtest.SendIDs(), dbtest.PlanText("Once"))
		require.NoError(l, err)
		assert.Equal(l, first.DeliveryID, again.DeliveryID)
		l.step = l.delivery(first)
		l.submits()
		assert.Equal(l, chat.SubmissionAccepted, l.submits().Submission)
		assert.Len(l, l.arrived(), 1)
	})
}
