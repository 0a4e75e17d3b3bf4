package service_test

import (
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/carrier/twilio"
	"handrail/chat"
	"handrail/db/dbtest"
	"handrail/sandbox"
)

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
				l.cancelPrepared()

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
		l.cancelPrepared()

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

// TestCrash12EndedInTemporal: the process that would store the send, and post it, stands still. Meanwhile
// its run is ended, and somebody is told that nothing was sent; then it goes on.
func TestCrash12EndedInTemporal(t *testing.T) {
	t.Parallel()

	eachLane(t, func(l *lane) {
		l.cancelPrepared()
		worker := l.worker(l.store)

		in := l.Send(l.SMS.ID, "Canceled")
		in.Run = chat.Run{ID: "run-1", StartedAt: time.Now()}
		_, err := worker.CloseUnbegun(l.Context(), in.Request)
		require.Equal(l, chat.CodeActionNotFound, chat.CodeOf(err), "nothing was sent")

		_, err = worker.PrepareSend(l.Context(), in)
		require.Equal(l, chat.CodeActionEnded, chat.CodeOf(err))
		assert.Empty(l, l.arrived())

		in.Run = chat.Run{ID: "run-2", StartedAt: time.Now()}
		sent, err := worker.PrepareSend(l.Context(), in)
		require.NoError(l, err)
		assert.Equal(l, chat.SubmissionAccepted, sent.Submission, "it is taken up again")

		found, err := worker.CloseUnbegun(l.Context(), in.Request)
		require.NoError(l, err)
		assert.Equal(l, sent.DeliveryID, found.DeliveryID, "what was sent is not called canceled")
		assert.Len(l, l.arrived(), 1)
	})
}
