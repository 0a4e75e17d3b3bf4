package workflows_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/workflows"
)

// asked gives the world a store with one request, and notes the questions that are sent.
type asked struct {
	*world
	request chat.ContributorRequest
	put     []chat.QuestionTurn
	texts   []string
}

func newAsked(t *testing.T, contributors int) *asked {
	t.Helper()
	a := &asked{world: newWorld(t)}
	now := a.Now()
	a.request = chat.ContributorRequest{
		ID:          "0199aaaa-0000-7000-8000-0000000000aa",
		WorkspaceID: workspace,
		ChatID:      7,
		Question:    "Can you come?",
		Hint:        "Please answer yes or no.",
		Require:     "any",
		Wait:        true,
		Reminders:   1,
		State:       chat.RequestOpen,
		Deadline:    now.Add(24 * time.Hour),
		CreatedAt:   now,
	}

	for i := range contributors {
		a.request.Questions = append(a.request.Questions, chat.ContributorQuestion{
			ID:         chat.QuestionID(string(rune('a' + i))),
			MemberID:   chat.MemberID(i + 1),
			MemberName: "Priya",
			State:      chat.QuestionPending,
		})
	}

	withActivity(a.world, workflows.ReadReplies, func(chat.ContributorStep) (chat.ContributorRequest, error) {
		a.request.Settle(a.Now())
		return a.shown(), nil
	})

	withActivity(a.world, workflows.EndRequest, func(in chat.ContributorStep) (chat.ContributorRequest, error) {
		if in.Deadline.IsZero() || !a.request.Deadline.After(in.Deadline) {
			a.request.End(in.State, in.Note, a.Now())
		}

		return a.shown(), nil
	})

	withActivity(a.world, workflows.PrepareSend, func(in chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
		a.put, a.texts = append(a.put, in.Question.Turn), append(a.texts, in.Message)
		for i := range a.request.Questions {
			if a.request.Questions[i].ID == in.Question.QuestionID {
				a.request.Questions[i].State = chat.QuestionAsked
			}
		}

		return chat.AssistantMessageSent{ActionID: in.ActionID, DeliverySnapshot: snapshotOf(chat.SubmissionPending)}, nil
	})

	withSubmit(a.world, chat.SubmissionAccepted)

	return a
}

// shown is the request as it stands, which no later change touches.
func (a *asked) shown() chat.ContributorRequest {
	r := a.request
	r.Questions = slices.Clone(r.Questions)

	return r
}

func (a *asked) run() { a.ExecuteWorkflow(workflows.WorkflowAskContributors, a.request) }

func (a *asked) answers(i int) {
	now := a.Now()
	a.request.Questions[i].State = chat.QuestionAnswered
	a.request.Questions[i].Answer = json.RawMessage(`true`)
	a.request.Questions[i].AnsweredAt = &now
}

func TestARequestEndsWithItsAnswer(t *testing.T) {
	t.Parallel()
	a := newAsked(t, 2)
	a.changes(time.Hour, func() { a.answers(1) })
	a.run()
	require.NoError(t, a.GetWorkflowError())
	assert.Equal(t, chat.RequestAnswered, a.request.State)
	assert.Equal(t, []chat.QuestionTurn{chat.TurnQuestion, chat.TurnQuestion}, a.put)
	assert.Equal(t, "Can you come?\n\nPlease answer yes or no.", a.texts[0])
	assert.Equal(t, chat.QuestionClosed, a.request.Questions[0].State)
}

func TestARequestRemindsOnceAndTakesItsDefault(t *testing.T) {
	t.Parallel()
	a := newAsked(t, 1)
	a.request.Default = json.RawMessage(`false`)
	a.run()
	require.NoError(t, a.GetWorkflowError())
	assert.Equal(t, chat.RequestDefaulted, a.request.State)

	assert.JSONEq(
		t,
		`{"contributor_request_id":"0199aaaa-0000-7000-8000-0000000000aa","answer":false,"defaulted":true,`+
			`"answers":[]}`,
		string(a.request.Result),
	)

	assert.Equal(t, []chat.QuestionTurn{chat.TurnQuestion, chat.TurnReminder}, a.put)
	assert.Contains(t, a.texts[1], "A reminder: ")
}

func TestARequestWithoutDefaultExpires(t *testing.T) {
	t.Parallel()
	a := newAsked(t, 1)
	a.request.Reminders = 0
	a.run()
	require.NoError(t, a.GetWorkflowError())
	assert.Equal(t, chat.RequestExpired, a.request.State)
	assert.Equal(t, []chat.QuestionTurn{chat.TurnQuestion}, a.put)
}

// TestARequestThatIsExtendedWaitsLonger extends a request whose workflow is told, and one whose signal is lost.
func TestARequestThatIsExtendedWaitsLonger(t *testing.T) {
	t.Parallel()

	for name, isTold := range map[string]bool{"told": true, "not told": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			a := newAsked(t, 1)
			a.request.Reminders = 0
			begun := a.Now()

			extend := func() { a.request.Deadline = a.request.Deadline.Add(48 * time.Hour) }
			if isTold {
				a.changes(time.Hour, extend)
			} else {
				a.RegisterDelayedCallback(extend, 23*time.Hour+59*time.Minute)
			}

			a.run()
			require.NoError(t, a.GetWorkflowError())
			assert.Equal(t, chat.RequestExpired, a.request.State)
			assert.Equal(t, 72*time.Hour, a.request.UpdatedAt.Sub(begun).Round(time.Minute))
		})
	}
}

func TestAnAnswerThatCanNotBeReadIsAskedForOnceMore(t *testing.T) {
	t.Parallel()
	a := newAsked(t, 1)
	a.request.Reminders = 0
	unreadable := func() { a.request.Questions[0].State = chat.QuestionUnreadable }
	a.changes(time.Hour, unreadable)
	a.changes(2*time.Hour, unreadable)
	a.changes(3*time.Hour, func() { a.answers(0) })
	a.run()
	require.NoError(t, a.GetWorkflowError())
	assert.Equal(t, []chat.QuestionTurn{chat.TurnQuestion, chat.TurnAgain}, a.put)
	assert.Equal(t, chat.RequestAnswered, a.request.State)
}

func TestAQuestionThatCanNotBePutFailsItsAsk(t *testing.T) {
	t.Parallel()

	in := sendInput()
	in.Question = &chat.QuestionStep{RequestID: "0199aaaa-0000-7000-8000-0000000000aa", QuestionID: "a", Turn: chat.TurnQuestion}
	w := newWorld(t)
	withActivity(w, workflows.PrepareSend, func(chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
		return chat.AssistantMessageSent{}, chat.Errorf(
			chat.CodeRecipientOptedOut,
			"the recipient has opted out of this channel",
		)
	})

	var failed chat.QuestionFailure

	withActivity(w, workflows.FailQuestion, func(in chat.QuestionFailure) (chat.ContributorRequest, error) {
		failed = in
		return chat.ContributorRequest{}, nil
	})

	w.OnSignalExternalWorkflow(mock.Anything, "contributors:"+string(workspace)+":0199aaaa-0000-7000-8000-0000000000aa", mock.Anything, "Changed", mock.Anything).
		Return(nil).
		Once()

	w.ExecuteWorkflow(string(chat.ActionSendAssistantMessage), in)
	require.NoError(t, w.GetWorkflowError())
	assert.Equal(t, chat.QuestionID("a"), failed.QuestionID)
	assert.Contains(t, failed.Why, "opted out")
	w.AssertExpectations(t)
}

// TestASendWaitsLongerForAQuestionThatIsExtended has a request whose workflow does not end: the send ends what is overdue
// itself, and nothing that was extended.
func TestASendWaitsLongerForAQuestionThatIsExtended(t *testing.T) {
	t.Parallel()

	for name, isExtended := range map[string]bool{"extended": true, "not extended": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			in := sendInput(chat.ToolAskContributor)
			o := newOutside(t, in)
			o.undoes()
			withSubmit(o.world, chat.SubmissionAccepted)

			request := chat.ContributorRequest{
				ID:         "0199aaaa-0000-7000-8000-0000000000aa",
				ChatID:     7,
				Require:    "any",
				Wait:       true,
				State:      chat.RequestOpen,
				Deadline:   o.Now().Add(24 * time.Hour),
				WorkflowID: "contributors:1",
				CreatedAt:  o.Now(),
			}

			withActivity(o.world, workflows.OpenRequest, func(chat.ToolRun) (chat.ContributorRequest, error) {
				o.sent.ToolCalls[0].State = chat.ToolCallWaiting

				return request, nil
			})

			withActivity(o.world, workflows.EndRequest, func(in chat.ContributorStep) (chat.ContributorRequest, error) {
				if in.Deadline.IsZero() || !request.Deadline.After(in.Deadline) {
					request.End(in.State, in.Note, o.Now())
					o.sent.ToolCalls[0].State = chat.ToolCallFailed
				}

				return request, nil
			})

			withActivity(o.world, workflows.ReadReplies, func(chat.ContributorStep) (chat.ContributorRequest, error) {
				stuck := request
				stuck.Deadline = request.CreatedAt.Add(1000 * time.Hour)

				// In the end it does, or the test would not.
				if o.Now().Before(stuck.Deadline) {
					stuck.State = chat.RequestOpen
				} else {
					stuck.State = chat.RequestCanceled
				}

				return stuck, nil
			})

			o.OnSignalExternalWorkflow(mock.Anything, "contributors:1", mock.Anything, mock.Anything, mock.Anything).
				Return(nil).
				Maybe()

			if isExtended {
				o.RegisterDelayedCallback(func() { request.Deadline = request.Deadline.Add(48 * time.Hour) }, time.Hour)
			}

			o.RegisterDelayedCallback(func() {
				if o.sent.ToolCalls[0].State == chat.ToolCallWaiting {
					o.sent.ToolCalls[0].State = chat.ToolCallSucceeded
				}
			}, 60*time.Hour)

			o.run(in)
			require.NoError(t, o.GetWorkflowError())

			if isExtended {
				assert.Equal(t, chat.ToolCallSucceeded, o.sent.ToolCalls[0].State)
				assert.Contains(t, o.said, "Submit")
			} else {
				assert.Equal(t, chat.RequestCanceled, request.State)
				assert.NotContains(t, o.said, "Submit")
			}
		})
	}
}
