package engine_test

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	sdkworker "go.temporal.io/sdk/worker"

	"handrail/chat"
	"handrail/engine"
	"handrail/temporaldev"
	"handrail/worker"
	"handrail/workflows"
)

// temporalServer is the one server of this package's tests; each has a task queue and a
// workspace of its own.
var temporalServer = sync.OnceValues(func() (*temporaldev.Server, error) {
	return temporaldev.Start(
		context.Background(),
		temporaldev.Options{Namespace: "default", SearchAttributes: workflows.SearchAttributes()},
	)
})

func TestMain(m *testing.M) {
	status := m.Run()

	if server, err := temporalServer(); err == nil {
		if err := server.Stop(); err != nil {
			slog.Error("embedded Temporal server did not stop", "error", err)
		}
	}

	os.Exit(status)
}

// testClient is a Client with a task queue that nobody works on, until work is called.
type testClient struct {
	*engine.Client
	raw   client.Client
	queue string
	ws    chat.WorkspaceID
}

func newTestClient(t *testing.T) *testClient {
	t.Helper()

	server, err := temporalServer()
	require.NoError(t, err)

	raw, err := client.DialContext(t.Context(), client.Options{
		HostPort: server.Address(), Namespace: "default", Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})

	require.NoError(t, err)
	t.Cleanup(raw.Close)
	require.NoError(t, worker.RegisterSearchAttributes(t.Context(), raw, "default"))
	e := &testClient{raw: raw, queue: uuid.NewString(), ws: chat.WorkspaceID(uuid.NewString())}
	e.Client = engine.NewClient(raw, e.queue, uuid.NewString)

	return e
}

// work carries out workflows with the steps that bind registers, until it is stopped.
func (e *testClient) work(t *testing.T, bind func(sdkworker.Worker)) (stop func()) {
	t.Helper()

	w := sdkworker.New(e.raw, e.queue, sdkworker.Options{})
	worker.RegisterWorkflows(w)
	bind(w)
	require.NoError(t, w.Start())
	stop = sync.OnceFunc(w.Stop)
	t.Cleanup(stop)

	return stop
}

func bindActivity[In, Out any](w sdkworker.Worker, step workflows.Step[In, Out], do func(context.Context, In) (Out, error)) {
	w.RegisterActivityWithOptions(func(ctx context.Context, in In) (Out, error) {
		out, err := do(ctx, in)
		return out, workflows.Failure(err)
	}, activity.RegisterOptions{Name: step.Name})
}

func (e *testClient) send(key, message string) chat.SendAssistantMessage {
	return chat.SendAssistantMessage{Message: message, Request: chat.Request{
		ActionID:       e.ActionID(e.ws, key),
		WorkspaceID:    e.ws,
		ChatID:         7,
		IdempotencyKey: key,
		Fingerprint:    chat.Fingerprint{"message": message},
	}}
}

func (e *testClient) summary(key string) chat.SummarizeChat {
	return chat.SummarizeChat{Request: chat.Request{
		ActionID:       e.ActionID(e.ws, key),
		WorkspaceID:    e.ws,
		ChatID:         7,
		IdempotencyKey: key,
		Fingerprint:    chat.Fingerprint{"key": key},
	}}
}

// refusesSends gives a worker a chat that nothing can be sent in.
func refusesSends(w sdkworker.Worker) {
	bindActivity(
		w,
		workflows.PrepareSend,
		func(context.Context, chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
			return chat.AssistantMessageSent{}, chat.Errorf(chat.CodeNoPhone, "the recipient has no phone number")
		},
	)
}

// withModel gives a worker a model that answers once it is let go.
func withModel(recorded *sync.Map, free <-chan struct{}) func(sdkworker.Worker) {
	return func(w sdkworker.Worker) {
		bindActivity(w, workflows.RecordAction, func(_ context.Context, in chat.ActionStep) (struct{}, error) {
			recorded.Store(in.Request.ActionID, true)
			return struct{}{}, nil
		})

		bindActivity(w, workflows.BeginSummary, func(_ context.Context, in chat.SummaryStart) (chat.SummaryPlan, error) {
			return chat.SummaryPlan{ID: in.ID, Mode: chat.ModeFull, Parts: []chat.MessageRange{{From: 1, To: 2}}}, nil
		})

		bindActivity(w, workflows.WriteSummary, func(ctx context.Context, _ chat.SummaryPart) (chat.Summary, error) {
			select {
			case <-free:
			case <-ctx.Done():
			}

			return chat.Summary{Title: "T", Summary: "S", Model: "offline"}, ctx.Err()
		})

		bindActivity(
			w,
			workflows.SaveSummary,
			func(context.Context, chat.SummaryToSave) (struct{}, error) { return struct{}{}, nil },
		)
	}
}

func freedChannel() <-chan struct{} {
	free := make(chan struct{})
	close(free)

	return free
}

func TestARequestIsRecordedWithoutWorkers(t *testing.T) {
	t.Parallel()

	e := newTestClient(t)
	for _, wait := range []time.Duration{time.Millisecond, 0, 50 * time.Millisecond} {
		_, err := e.SendAssistantMessage(t.Context(), e.send("k", "Hello"), wait)
		require.ErrorIs(t, err, chat.ErrStillRunning)
	}

	a, err := e.Action(t.Context(), e.ws, e.ActionID(e.ws, "k"))
	require.NoError(t, err)
	assert.Equal(t, chat.ActionRunning, a.State)
	e.work(t, refusesSends)
	_, err = e.SendAssistantMessage(t.Context(), e.send("k", "Hello"), time.Minute)
	assert.Equal(t, chat.CodeNoPhone, chat.CodeOf(err))
}

// TestARefusalFreesItsKey: what was refused left nothing, and a repetition is judged anew.
func TestARefusalFreesItsKey(t *testing.T) {
	t.Parallel()

	e := newTestClient(t)
	var judged atomic.Int32

	e.work(t, func(w sdkworker.Worker) {
		bindActivity(
			w,
			workflows.PrepareSend,
			func(context.Context, chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
				return chat.AssistantMessageSent{}, chat.Errorf(chat.CodeNoPhone, "judged %d times", judged.Add(1))
			},
		)
	})

	for _, times := range []string{"1", "2", "3", "4"} {
		_, err := e.SendAssistantMessage(t.Context(), e.send("k", "Hello"), time.Minute)
		assert.Equal(t, chat.CodeNoPhone, chat.CodeOf(err))
		require.ErrorContains(t, err, "judged "+times+" times")
	}
}

// TestAnActionThatWasRefusedSaysWhy has a 202 whose send is refused afterwards, with fields.
func TestAnActionThatWasRefusedSaysWhy(t *testing.T) {
	t.Parallel()

	e := newTestClient(t)
	refuse := make(chan struct{})

	e.work(t, func(w sdkworker.Worker) {
		bindActivity(
			w,
			workflows.PrepareSend,
			func(context.Context, chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
				<-refuse

				refused := chat.InvalidAs(chat.CodeInvalidToolArguments, "tool_calls[0].arguments.at", "must be a date")
				refused.Fields = append(refused.Fields, chat.FieldError{
					Field:   "tool_calls[0].arguments.people",
					Message: "is required",
				})

				return chat.AssistantMessageSent{}, refused
			},
		)
	})

	_, err := e.SendAssistantMessage(t.Context(), e.send("k", "Hello"), 10*time.Millisecond)
	require.ErrorIs(t, err, chat.ErrStillRunning)
	close(refuse)

	require.EventuallyWithT(t, func(t *assert.CollectT) {
		_, err := e.Action(context.Background(), e.ws, e.ActionID(e.ws, "k"))
		require.Error(t, err)
		assert.Equal(t, chat.CodeActionNotFound, chat.CodeOf(err))
		assert.ErrorContains(t, err, "was refused (invalid_tool_arguments) and has left nothing: tool_calls[0].arguments.at must be a date")
		assert.Len(t, chat.AsError(err).Fields, 2)
	}, 30*time.Second, 20*time.Millisecond)
}

// TestAnotherBodyIsNeverTakenForRecorded: without a worker nobody can refuse it, and 202
// would promise a message that nobody has kept.
func TestAnotherBodyIsNeverTakenForRecorded(t *testing.T) {
	t.Parallel()
	e := newTestClient(t)
	_, err := e.SendAssistantMessage(t.Context(), e.send("k", "Hello"), 0)
	require.ErrorIs(t, err, chat.ErrStillRunning)
	_, err = e.SendAssistantMessage(t.Context(), e.send("k", "Goodbye"), 10*time.Millisecond)
	assert.Equal(t, chat.CodeUnavailable, chat.CodeOf(err))

	e.work(t, func(w sdkworker.Worker) {
		bindActivity(
			w,
			workflows.PrepareSend,
			func(ctx context.Context, _ chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
				<-ctx.Done() // ends with the worker
				return chat.AssistantMessageSent{}, ctx.Err()
			},
		)
	})

	for _, wait := range []time.Duration{0, time.Minute} {
		_, err = e.SendAssistantMessage(t.Context(), e.send("k", "Goodbye"), wait)
		assert.Equal(t, chat.CodeIdempotencyKeyReused, chat.CodeOf(err), wait)
	}
}

// TestASummaryIsRecordedOrItIsNotPromised: the workflow has the chat's id, so that there is
// one says nothing about a request.
func TestASummaryIsRecordedOrItIsNotPromised(t *testing.T) {
	t.Parallel()
	e := newTestClient(t)
	var recorded sync.Map
	stop := e.work(t, withModel(&recorded, freedChannel()))
	_, err := e.SummarizeChat(t.Context(), e.summary("a"), time.Minute)
	require.NoError(t, err)
	stop()

	gone, cancel := context.WithCancel(t.Context())
	cancel() // before anything could be asked of Temporal

	_, err = e.SummarizeChat(gone, e.summary("b"), time.Minute)
	require.ErrorIs(t, err, chat.ErrStillRunning)
	_, err = e.SummarizeChat(gone, e.summary("c"), time.Minute)
	require.Equal(t, chat.CodeUnavailable, chat.CodeOf(err), "one that runs must take it, and has no worker")
	e.work(t, withModel(&recorded, freedChannel()))
	answer, err := e.SummarizeChat(t.Context(), e.summary("b"), time.Minute)
	require.NoError(t, err)
	assert.Equal(t, e.ActionID(e.ws, "b"), answer.Value.ActionID)
	_, kept := recorded.Load(e.ActionID(e.ws, "b"))
	assert.True(t, kept)
}

func TestOneWhoDoesNotWaitJoinsTheSummaryUnderWay(t *testing.T) {
	t.Parallel()
	e := newTestClient(t)
	var recorded sync.Map
	free := make(chan struct{})
	e.work(t, withModel(&recorded, free))

	for _, key := range []string{"a", "b"} {
		_, err := e.SummarizeChat(t.Context(), e.summary(key), 0)
		require.ErrorIs(t, err, chat.ErrStillRunning)
	}

	close(free)

	answer, err := e.SummarizeChat(t.Context(), e.summary("b"), time.Minute)
	require.NoError(t, err)
	assert.Equal(t, e.ActionID(e.ws, "b"), answer.Value.ActionID)
}

// TestASendEndedBeforeItsFirstTask: it was answered 202 while no worker was there, and somebody
// ends it in Temporal. It sends nothing, and is told as what it is.
func TestASendEndedBeforeItsFirstTask(t *testing.T) {
	t.Parallel()

	for want, end := range map[string]func(e *testClient, workflowID string) error{
		"was terminated in Temporal": func(e *testClient, id string) error {
			return e.raw.TerminateWorkflow(context.Background(), id, "", "a test ends it")
		},
		"was canceled in Temporal": func(e *testClient, id string) error {
			return e.raw.CancelWorkflow(context.Background(), id, "")
		},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()

			e := newTestClient(t)
			in := e.send("k", "Hello")
			in.Question = &chat.QuestionStep{RequestID: "r1", QuestionID: "q1", Turn: chat.TurnQuestion}
			_, err := e.SendAssistantMessage(t.Context(), in, 0)
			require.ErrorIs(t, err, chat.ErrStillRunning)
			require.NoError(t, end(e, in.WorkflowID()))

			var (
				prepared, questionFailed atomic.Bool
				closed                   atomic.Value
			)

			e.work(t, func(w sdkworker.Worker) {
				bindActivity(
					w,
					workflows.CloseUnbegun,
					func(_ context.Context, in chat.Request) (chat.AssistantMessageSent, error) {
						closed.Store(in.Run.ID)
						return chat.AssistantMessageSent{}, chat.Errorf(chat.CodeActionNotFound, "nothing is stored")
					},
				)
				bindActivity(
					w,
					workflows.PrepareSend,
					func(context.Context, chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
						prepared.Store(true)
						return chat.AssistantMessageSent{}, chat.Errorf(chat.CodeNoPhone, "no phone")
					},
				)
				bindActivity(
					w,
					workflows.FailQuestion,
					func(context.Context, chat.QuestionFailure) (chat.ContributorRequest, error) {
						questionFailed.Store(true)
						return chat.ContributorRequest{}, nil
					},
				)
			})

			require.Error(t, e.raw.GetWorkflow(t.Context(), in.WorkflowID(), "").Get(t.Context(), nil))
			assert.Equal(t, want == "was canceled in Temporal", questionFailed.Load(), "who waits for it is told")
			assert.False(t, prepared.Load(), "it is neither stored nor posted")

			action, err := e.Action(t.Context(), e.ws, in.ActionID)
			require.NoError(t, err)
			require.Equal(t, chat.ActionFailed, action.State)
			assert.Equal(t, chat.CodeActionEnded, action.Problem.Code)
			assert.Contains(t, action.Problem.Message, want)
			assert.Contains(t, action.Problem.Message, "nothing was sent")
			require.NoError(t, action.Resumable())

			if want == "was canceled in Temporal" {
				assert.Equal(t, action.EndedRun.ID, closed.Load(), "before its caller is told, its run is refused")
			}

			require.Eventually(t, func() bool { return isListedAsEnded(t, e, in.ActionID) }, 30*time.Second, 100*time.Millisecond,
				"a sweep finds it")

			require.NoError(t, e.Resume(t.Context(), action))
			require.NoError(t, e.Resume(t.Context(), action), "asked twice, it is started once")
			require.NoError(t, e.raw.GetWorkflow(t.Context(), in.WorkflowID(), "").Get(t.Context(), nil), "it is carried out")
			assert.True(t, prepared.Load())
		})
	}
}

// TestASendCanceledAfterItsWorkerDied: a worker has stored it and posted it, and died before Temporal
// knew; then somebody cancels it there. Its caller must not hear that it was not sent.
func TestASendCanceledAfterItsWorkerDied(t *testing.T) {
	t.Parallel()

	e := newTestClient(t)
	in := e.send("k", "Hello")
	_, err := e.SendAssistantMessage(t.Context(), in, 0)
	require.ErrorIs(t, err, chat.ErrStillRunning)
	require.NoError(t, e.raw.CancelWorkflow(t.Context(), in.WorkflowID(), ""))

	taken := chat.DeliverySnapshot{
		DeliveryID:     "d",
		Channel:        chat.ChannelSMS,
		Provider:       chat.ProviderTwilio,
		Submission:     chat.SubmissionAccepted,
		DeliveryStatus: chat.StatusSent,
		Status:         "accepted",
	}

	var prepared atomic.Bool

	answered := make(chan error, 1)

	go func() {
		_, err := e.SendAssistantMessage(t.Context(), in, time.Minute)
		answered <- err
	}()

	e.work(t, func(w sdkworker.Worker) {
		bindActivity(
			w,
			workflows.CloseUnbegun,
			func(context.Context, chat.Request) (chat.AssistantMessageSent, error) {
				return chat.AssistantMessageSent{ActionID: in.ActionID, DeliverySnapshot: taken}, nil
			},
		)
		bindActivity(
			w,
			workflows.CancelDelivery,
			func(context.Context, chat.DeliveryEnd) (chat.DeliverySnapshot, error) { return taken, nil },
		)
		bindActivity(
			w,
			workflows.PrepareSend,
			func(context.Context, chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
				prepared.Store(true)
				return chat.AssistantMessageSent{}, chat.Errorf(chat.CodeNoPhone, "no phone")
			},
		)
	})

	require.NoError(t, <-answered, "what the provider has is not called canceled")
	assert.False(t, prepared.Load())
}

// TestASendWhoseRowsAreLostIsNotCalledUnsent: it had begun when its workflow ended, and the database
// has no row of it, as after a failover. Nobody may read that nothing was sent.
func TestASendWhoseRowsAreLostIsNotCalledUnsent(t *testing.T) {
	t.Parallel()

	taken := chat.DeliverySnapshot{
		DeliveryID: "d",
		Channel:    chat.ChannelSMS,
		Provider:   chat.ProviderTwilio,
		Submission: chat.SubmissionAccepted,
		Status:     "accepted",
		Waits:      chat.Waits{Receipt: time.Hour},
	}

	for name, tt := range map[string]struct {
		status chat.DeliveryStatus
		submit error
		end    func(e *testClient, workflowID string) error
	}{
		"completed": {status: chat.StatusDelivered},
		"failed":    {submit: chat.RecordLost("a")},
		"terminated": {end: func(e *testClient, id string) error {
			return e.raw.TerminateWorkflow(context.Background(), id, "", "a test ends it")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			e := newTestClient(t)
			stored := taken
			stored.DeliveryStatus = tt.status

			e.work(t, func(w sdkworker.Worker) {
				bindActivity(
					w,
					workflows.PrepareSend,
					func(_ context.Context, in chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
						sent := chat.AssistantMessageSent{ActionID: in.ActionID, Submitted: tt.submit == nil}
						sent.DeliverySnapshot = stored

						return sent, nil
					},
				)
				bindActivity(
					w,
					workflows.Submit,
					func(context.Context, chat.DeliveryStep) (chat.DeliverySnapshot, error) { return stored, tt.submit },
				)
			})

			in := e.send("k", "Hello")
			_, _ = e.SendAssistantMessage(t.Context(), in, time.Minute) // what it answers is not the point

			if tt.end != nil {
				require.NoError(t, tt.end(e, in.WorkflowID()))
			}

			_ = e.raw.GetWorkflow(t.Context(), in.WorkflowID(), "").Get(t.Context(), nil) // until it has ended

			action, err := e.Action(t.Context(), e.ws, in.ActionID)
			require.NoError(t, err)
			require.Equal(t, chat.ActionFailed, action.State)
			assert.Equal(t, chat.CodeRecordLost, action.Problem.Code)
			assert.NotContains(t, action.Problem.Message, "nothing was sent")
			require.Error(t, action.Resumable())
			assert.Equal(t, in.Fingerprint, action.Fingerprint, "what was asked for is known all the same")
		})
	}
}

// TestAStepNamesTheRunThatIsToldAsEnded: a send is terminated while its first step goes on. What is told of
// it names the run as that step does, so that the step is refused, and the run that takes the action up
// may follow it.
func TestAStepNamesTheRunThatIsToldAsEnded(t *testing.T) {
	t.Parallel()

	e := newTestClient(t)
	steps := make(chan chat.Run, 2)
	goOn := make(chan struct{})

	e.work(t, func(w sdkworker.Worker) {
		bindActivity(
			w,
			workflows.PrepareSend,
			func(_ context.Context, in chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
				steps <- in.Run

				<-goOn

				return chat.AssistantMessageSent{}, chat.Errorf(chat.CodeNoPhone, "no phone")
			},
		)
	})

	in := e.send("k", "Hello")
	_, err := e.SendAssistantMessage(t.Context(), in, 0)
	require.ErrorIs(t, err, chat.ErrStillRunning)

	first := <-steps

	require.NoError(t, e.raw.TerminateWorkflow(t.Context(), in.WorkflowID(), "", "a test ends it"))

	action, err := e.Action(t.Context(), e.ws, in.ActionID)
	require.NoError(t, err)
	require.NoError(t, action.Resumable())
	assert.Equal(t, action.EndedRun.ID, first.ID)
	assert.True(t, action.EndedRun.StartedAt.Equal(first.StartedAt))
	assert.False(t, first.MayFollow(action.EndedRun))

	require.NoError(t, e.Resume(t.Context(), action))

	second := <-steps

	assert.True(t, second.MayFollow(action.EndedRun))
	assert.False(t, first.MayFollow(second), "nor may it follow a later one")
	close(goOn)
}

// TestAnEndedRetryNamesItsDelivery: one of a bulk retry does not name its chat, without which its end
// could not be stored.
func TestAnEndedRetryNamesItsDelivery(t *testing.T) {
	t.Parallel()

	e := newTestClient(t)
	in := chat.RetryDelivery{Request: e.send("k", "").Request, DeliveryID: "d", Reason: "x"}
	_, err := e.RetryDelivery(t.Context(), in, 0)
	require.ErrorIs(t, err, chat.ErrStillRunning)
	require.NoError(t, e.raw.TerminateWorkflow(t.Context(), in.WorkflowID(), "", "a test ends it"))

	action, err := e.Action(t.Context(), e.ws, in.ActionID)
	require.NoError(t, err)
	assert.Equal(t, chat.DeliveryID("d"), action.RetryOf)
}

// isListedAsEnded reports whether an action is among those that were ended in Temporal.
func isListedAsEnded(t *testing.T, e *testClient, id chat.ActionID) bool {
	t.Helper()

	listed := false

	require.NoError(t, e.EndedActions(t.Context(), time.Time{}, func(_ context.Context, a chat.Action) error {
		listed = listed || a.ID == id && a.Problem != nil && a.Problem.Code == chat.CodeActionEnded
		return nil
	}))

	return listed
}

func TestATerminatedActionIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	e := newTestClient(t)
	posting := make(chan struct{})

	e.work(t, func(w sdkworker.Worker) {
		bindActivity(
			w,
			workflows.PrepareSend,
			func(ctx context.Context, _ chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
				close(posting)
				<-ctx.Done()

				return chat.AssistantMessageSent{}, ctx.Err()
			},
		)
	})

	in := e.send("k", "Hello")
	waiting := make(chan error, 2)

	go func() {
		_, err := e.SendAssistantMessage(t.Context(), in, time.Minute)
		waiting <- err
	}()

	<-posting
	require.NoError(t, e.raw.TerminateWorkflow(t.Context(), in.WorkflowID(), "", "a test ends it"))
	assert.Equal(t, chat.CodeUnavailable, chat.CodeOf(<-waiting))

	row := chat.Action{
		ID:          in.ActionID,
		WorkspaceID: e.ws,
		Kind:        chat.ActionSendAssistantMessage,
		ChatID:      7,
		WorkflowID:  in.WorkflowID(),
		Fingerprint: in.Fingerprint,
	}

	assert.NoError(t, e.Await(t.Context(), row, time.Minute), "its row says how it stands")
}
