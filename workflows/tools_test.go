package workflows_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/workflows"
)

// externalToolOptions gives the world a send whose calls are of HTTP tools, each with an undo, that
// LookSend shows as the test has made it.
type externalToolOptions struct {
	*world
	sent chat.AssistantMessageSent
	ran  []int
	// failure is what the send was failed with.
	failure chat.SendFailure
}

func newOutside(t *testing.T, in chat.SendAssistantMessage) *externalToolOptions {
	t.Helper()
	o := &externalToolOptions{world: newWorld(t)}

	o.sent = chat.AssistantMessageSent{ActionID: in.ActionID, DeliverySnapshot: snapshotOf(chat.SubmissionPending)}
	for _, call := range in.ToolCalls {
		call.Kind = chat.ToolHTTP
		call.State = chat.ToolCallPending
		call.UndoTool = "undo_" + call.Name
		o.sent.ToolCalls = append(o.sent.ToolCalls, call)
	}

	withActivity(
		o.world,
		workflows.PrepareSend,
		func(chat.SendAssistantMessage) (chat.AssistantMessageSent, error) { return o.shown(), nil },
	)

	withActivity(o.world, workflows.LoadSend, func(chat.SendStep) (chat.AssistantMessageSent, error) { return o.shown(), nil })

	withActivity(o.world, workflows.FailSend, func(in chat.SendFailure) (chat.DeliverySnapshot, error) {
		o.failure = in
		o.sent.DeliverySnapshot = snapshotOf(chat.SubmissionCanceled)

		return o.sent.DeliverySnapshot, nil
	})

	return o
}

// shown is the send as it stands, which no later change touches.
func (o *externalToolOptions) shown() chat.AssistantMessageSent {
	sent := o.sent

	sent.ToolCalls = slices.Clone(sent.ToolCalls)
	if sent.Approval != nil {
		approval := *sent.Approval
		sent.Approval = &approval
	}

	return sent
}

// calls lets every call end in the state that the test says, by its position and how often
// it has run before.
func (o *externalToolOptions) calls(state func(index, before int) chat.ToolCallState) {
	withActivity(o.world, workflows.CallTool, func(in chat.ToolRun) (chat.ToolCall, error) {
		before := 0

		for _, index := range o.ran {
			if index == in.Index {
				before++
			}
		}

		o.ran = append(o.ran, in.Index)

		if in.Index >= chat.MaxToolCalls {
			return chat.ToolCall{State: chat.ToolCallSucceeded}, nil
		}

		o.sent.ToolCalls[in.Index].State = state(in.Index, before)

		return o.sent.ToolCalls[in.Index], nil
	})
}

// undoes gives the world what is to be taken back.
func (o *externalToolOptions) undoes(indexes ...int) {
	withActivity(o.world, workflows.BeginUndo, func(in chat.SendStep) ([]chat.ToolRun, error) {
		runs := make([]chat.ToolRun, len(indexes))
		for i, index := range indexes {
			runs[i] = chat.ToolRun{
				ToolStep: chat.ToolStep{
					WorkspaceID: in.WorkspaceID,
					ActionID:    in.ActionID,
					Index:       chat.MaxToolCalls + index,
				},
				Name: "undo", Kind: chat.ToolHTTP,
			}
		}

		return runs, nil
	})
}

func succeed(int, int) chat.ToolCallState { return chat.ToolCallSucceeded }

func TestSendWaitsForItsApprovalBeforeAnyToolRuns(t *testing.T) {
	t.Parallel()

	in := sendInput("refund")
	o := newOutside(t, in)
	o.sent.Approval = &chat.Approval{
		State:    chat.ApprovalWaiting,
		Calls:    []string{"refund"},
		Deadline: time.Now().Add(time.Hour),
	}

	o.calls(succeed)
	withSubmit(o.world, chat.SubmissionAccepted)

	o.changes(time.Minute, func() {
		assert.Empty(t, o.ran)
		o.sent.Approval.State = chat.ApprovalApproved
	})

	a := o.run(in)
	require.NoError(t, o.GetWorkflowError())
	require.NoError(t, a.err, "who waits is told that it waits, not that it failed")
	assert.Equal(t, chat.SubmissionPending, a.out.Value.Submission)
	assert.Equal(t, []int{0}, o.ran)
	assert.Equal(t, "Submit", o.said[len(o.said)-1])
}

func TestSendEndsWithoutItsApproval(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		decide bool
		code   chat.Code
	}{
		"refused":        {true, chat.CodeApprovalRefused},
		"nobody in time": {false, chat.CodeApprovalExpired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			in := sendInput("refund")
			o := newOutside(t, in)
			o.sent.Approval = &chat.Approval{
				State:    chat.ApprovalWaiting,
				Deadline: time.Now().Add(time.Hour),
				Reason:   "too much",
			}

			withActivity(o.world, workflows.ExpireApproval, func(chat.SendStep) (chat.Approval, error) {
				o.sent.Approval.State = chat.ApprovalExpired
				return *o.sent.Approval, nil
			})

			// What has had no effect needs no undo: the store says so.
			o.undoes()

			if tt.decide {
				o.changes(time.Minute, func() { o.sent.Approval.State = chat.ApprovalRefused })
			}

			o.run(in)
			require.NoError(t, o.GetWorkflowError())
			assert.Equal(t, tt.code, o.failure.Problem.Code)
			assert.Equal(t, -1, o.failure.Index)
			assert.NotContains(t, o.said, "CallTool")
			assert.NotContains(t, o.said, "Submit")
		})
	}
}

func TestSendParksACallThatMayHaveHadItsEffect(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		verdict   chat.ToolCallState
		ran       []int
		delivered bool
	}{
		"it has":     {chat.ToolCallSucceeded, []int{0, 1}, true},
		"run it":     {chat.ToolCallPending, []int{0, 0, 1}, true},
		"it has not": {chat.ToolCallFailed, []int{0}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			in := sendInput("book", "tell")
			o := newOutside(t, in)
			o.calls(func(index, before int) chat.ToolCallState {
				if index == 0 && before == 0 {
					return chat.ToolCallUnknown
				}

				return chat.ToolCallSucceeded
			})

			o.undoes()
			withSubmit(o.world, chat.SubmissionAccepted)
			o.changes(48*time.Hour, func() { o.sent.ToolCalls[0].State = tt.verdict })
			a := o.run(in)
			require.NoError(t, o.GetWorkflowError())
			require.NoError(t, a.err)
			assert.Equal(t, chat.ToolCallUnknown, a.out.Value.ToolCalls[0].State)
			assert.Equal(t, tt.ran, o.ran)

			if tt.delivered {
				assert.Contains(t, o.said, "Submit")
			} else {
				assert.NotContains(t, o.said, "Submit")
			}
		})
	}
}

func TestACallThatNobodyResolvesFailsInTheEnd(t *testing.T) {
	t.Parallel()

	in := sendInput("book")
	o := newOutside(t, in)
	o.calls(func(int, int) chat.ToolCallState { return chat.ToolCallUnknown })
	o.undoes()
	o.run(in)
	require.NoError(t, o.GetWorkflowError())
	assert.Equal(t, []int{0}, o.ran)
	assert.Contains(t, o.said, "FailSend")
	assert.NotContains(t, o.said, "Submit")
}

func TestSendTakesBackWhatItsToolsHaveDone(t *testing.T) {
	t.Parallel()

	for name, state := range map[string]chat.SubmissionState{
		"refused by the carrier": chat.SubmissionRejected, "opted out": chat.SubmissionSuppressed, "canceled": chat.SubmissionCanceled,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			in := sendInput("book", "pay")
			o := newOutside(t, in)
			o.calls(succeed)
			o.undoes(1, 0)
			withSubmit(o.world, state)
			a := o.run(in)
			require.NoError(t, o.GetWorkflowError())
			assert.Equal(t, string(chat.CodeDeliveryFailed), codeOf(t, a.err))
			assert.Equal(t, []int{0, 1, chat.MaxToolCalls + 1, chat.MaxToolCalls}, o.ran, "the newest first")
		})
	}
}

func TestSendTakesBackWhatWasDoneBeforeAToolFailed(t *testing.T) {
	t.Parallel()

	in := sendInput("book", "pay")
	o := newOutside(t, in)
	o.calls(func(index, _ int) chat.ToolCallState {
		return []chat.ToolCallState{chat.ToolCallSucceeded, chat.ToolCallFailed}[index]
	})

	o.undoes(0)
	a := o.run(in)
	require.NoError(t, o.GetWorkflowError())
	assert.Equal(t, string(chat.CodeToolCallFailed), codeOf(t, a.err))
	assert.Equal(t, []int{0, 1, chat.MaxToolCalls}, o.ran)
}

func TestWhatCanNotBeTakenBackIsRecorded(t *testing.T) {
	t.Parallel()

	in := sendInput("book")
	o := newOutside(t, in)
	o.undoes(0)

	withActivity(o.world, workflows.CallTool, func(in chat.ToolRun) (chat.ToolCall, error) {
		if in.Index >= chat.MaxToolCalls {
			return chat.ToolCall{}, chat.Errorf(chat.CodeToolUnavailable, "the tool is gone")
		}

		return chat.ToolCall{State: chat.ToolCallSucceeded, UndoTool: "cancel"}, nil
	})

	var failed chat.SendFailure

	withActivity(o.world, workflows.FailUndo, func(in chat.SendFailure) (struct{}, error) {
		failed = in
		return struct{}{}, nil
	})

	withSubmit(o.world, chat.SubmissionRejected)
	o.run(in)
	require.NoError(t, o.GetWorkflowError())
	assert.Equal(t, chat.MaxToolCalls, failed.Index)
	assert.Equal(t, "the tool is gone", failed.Problem.Message)
}

func TestADeliveredMessageTakesNothingBack(t *testing.T) {
	t.Parallel()

	in := sendInput("book")
	o := newOutside(t, in)
	o.calls(succeed)
	withSubmit(o.world, chat.SubmissionAccepted)
	o.run(in)
	require.NoError(t, o.GetWorkflowError())
	assert.NotContains(t, o.said, "BeginUndo")
}

func TestASendThatAPersonEndsWhileItWaitsIsOver(t *testing.T) {
	t.Parallel()

	in := sendInput("book", "tell")
	o := newOutside(t, in)
	o.calls(func(int, int) chat.ToolCallState { return chat.ToolCallUnknown })
	o.undoes()
	o.changes(time.Hour, func() { o.sent.DeliverySnapshot = snapshotOf(chat.SubmissionCanceled) })
	o.run(in)
	require.NoError(t, o.GetWorkflowError())
	assert.Equal(t, []int{0}, o.ran)
	assert.NotContains(t, o.said, "Submit")
	assert.NotContains(t, o.said, "FailSend", "it has ended already")
}

func TestACallThatRunsWhenItsTimeIsOverHasNotFailed(t *testing.T) {
	t.Parallel()

	in := sendInput("book")
	o := newOutside(t, in)
	tries := 0

	withActivity(o.world, workflows.CallTool, func(chat.ToolRun) (chat.ToolCall, error) {
		tries++
		if tries == 1 {
			o.sent.ToolCalls[0].State = chat.ToolCallRunning
			return chat.ToolCall{}, chat.Errorf(chat.CodeToolUnavailable, "the time is over")
		}

		o.sent.ToolCalls[0].State = chat.ToolCallUnknown

		return o.sent.ToolCalls[0], nil
	})

	withSubmit(o.world, chat.SubmissionAccepted)
	o.changes(time.Hour, func() { o.sent.ToolCalls[0].State = chat.ToolCallSucceeded })
	o.run(in)
	require.NoError(t, o.GetWorkflowError())
	assert.Equal(t, 2, tries)
	assert.NotContains(t, o.said, "FailSend")
	assert.Contains(t, o.said, "Submit")
}
