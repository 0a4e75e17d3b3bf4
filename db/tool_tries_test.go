package db_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// bookingTool is an HTTP tool to be created.
func bookingTool(name string) chat.ToolDefinition {
	return chat.ToolDefinition{
		Kind:        chat.ToolHTTP,
		Name:        name,
		Description: "Books",
		Enabled:     true,
		Risk:        chat.RiskWrite,
		Timeout:     10 * time.Second,
		HTTP: &chat.HTTPTool{
			Method: http.MethodPost,
			URL:    "https://tools.example.com/" + name,
			Schema: json.RawMessage(`{"type":"object"}`),
		},
		Sealed:      []byte("sealed"),
		SecretNames: []string{"KEY"},
	}
}

// prepareWith stores a send in the SMS chat with a call of each tool.
func prepareWith(t require.TestingT, s *db.Store, w *dbtest.World, tools ...chat.Tool) chat.AssistantMessageSent {
	return prepareAs(t, s, w, w.By, tools...)
}

// prepareAs is prepareWith for somebody who asks.
func prepareAs(
	t require.TestingT,
	s *db.Store,
	w *dbtest.World,
	by chat.Actor,
	tools ...chat.Tool,
) chat.AssistantMessageSent {
	in := w.Send(w.SMS.ID, "It is booked.")
	in.By = by

	for i, tool := range tools {
		in.ToolCalls = append(in.ToolCalls, chat.ToolCall{ID: fmt.Sprint("call_", i), Name: tool.Name})
	}

	sent, err := s.PrepareSend(contextOf(t), in, dbtest.SendIDs(), func(facts *chat.SendFacts) (chat.SendPlan, error) {
		plan, err := dbtest.PlanText("It is booked.")(facts)

		plan.Tools = tools
		for _, tool := range tools {
			if tool.Risk == chat.RiskApproval {
				plan.ApproveWithin = time.Hour
			}
		}

		return plan, err
	})
	require.NoError(t, err)

	return sent
}

// outside is one call of a tool outside.
type outside struct {
	*dbtest.World
	s      *db.Store
	action chat.ActionID
	tool   chat.ToolDefinition
	*clock
}

func newOutside(t *testing.T, s *db.Store, idempotent bool) *outside {
	t.Helper()
	o := &outside{World: dbtest.Seed(t, s), s: s, clock: newClock()}
	var err error
	o.tool, err = s.CreateTool(t.Context(), o.Workspace, o.By, bookingTool("book"))
	require.NoError(t, err)
	o.anew(t, idempotent)

	return o
}

// anew makes a call of a new send the one that is tried.
func (o *outside) anew(t require.TestingT, idempotent bool) {
	o.action = prepareWith(t, o.s, o.World, chat.Tool{
		ID:         o.tool.ID,
		Name:       "book",
		Kind:       chat.ToolHTTP,
		Risk:       chat.RiskWrite,
		Idempotent: idempotent,
	}).ActionID
}

const toolLease = 15 * time.Second

// call names the only tool call of the send.
func (o *outside) call() chat.ToolStep {
	return chat.ToolStep{WorkspaceID: o.Workspace, ActionID: o.action}
}

func (o *outside) key() chat.ToolCallKey {
	return chat.ToolCallKey{ActionID: o.action, CallID: "call_0"}
}

func (o *outside) begin(t require.TestingT) chat.ToolTry {
	try, err := o.s.BeginToolCall(contextOf(t), o.call(), o.now, toolLease)
	require.NoError(t, err)

	return try
}

func (o *outside) record(t require.TestingT, fence int, kind chat.ToolOutcomeKind) chat.ToolCall {
	call, err := o.s.RecordToolCall(
		contextOf(t),
		o.call(),
		fence,
		chat.ToolOutcome{Kind: kind, Code: "code", Message: "why"},
		o.now,
	)
	require.NoError(t, err)

	return call
}

func (o *outside) state(t require.TestingT) chat.ActionState {
	action, err := o.s.Action(contextOf(t), o.Workspace, o.action)
	require.NoError(t, err)

	return action.State
}

func TestATryIsGrantedOnceAtATime(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		o := newOutside(t, s, false)
		try := o.begin(t)
		require.True(t, try.Granted)
		assert.Equal(t, 1, try.Fence)
		assert.Equal(t, o.tool.HTTP, try.Definition.HTTP)
		assert.Equal(t, []byte("sealed"), try.Definition.Sealed)
		assert.Equal(t, string(try.MessageID)+"-0", try.Key)
		assert.Equal(t, o.SMS.ID, try.ChatID)

		// Who looks for the call at its tool reads the same, also when the tool is defined anew.
		moved := o.tool
		moved.HTTP = &chat.HTTPTool{
			Method: http.MethodPost,
			URL:    "https://elsewhere.example.com/book",
			Schema: json.RawMessage(`{"type":"object"}`),
		}

		_, err := s.UpdateTool(t.Context(), o.Workspace, o.By, moved)
		require.NoError(t, err)

		listed, err := s.ToolCalls(t.Context(), o.Workspace, chat.ToolCallFilter{Page: pageOfTen()})
		require.NoError(t, err)
		assert.Equal(t, try.Key, listed.Items[0].Key)
		assert.Equal(t, "POST https://tools.example.com/book", listed.Items[0].Where)

		second := o.begin(t)
		assert.False(t, second.Granted)
		require.NotNil(t, second.WaitUntil)
		assert.True(t, second.WaitUntil.Equal(o.now.Add(10*time.Second+toolLease)))

		o.now = second.WaitUntil.Add(time.Second)
		lost := o.begin(t)
		assert.False(t, lost.Granted, "nobody knows whether it ran")
		assert.Equal(t, chat.ToolCallUnknown, lost.Call.State)
		assert.Equal(t, "worker_lost", lost.Call.ErrorCode)
		assert.Equal(t, chat.ActionParked, o.state(t))

		late := o.record(t, 1, chat.ToolSucceeded)
		assert.Equal(t, chat.ToolCallSucceeded, late.State, "what comes late is known from then on")
		assert.Equal(t, chat.ActionRunning, o.state(t))
		assert.False(t, o.begin(t).Granted)
	})
}

func TestAnIdempotentCallIsGrantedAgain(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		o := newOutside(t, s, true)
		require.True(t, o.begin(t).Granted)
		again := o.begin(t)
		assert.True(t, again.Granted, "its worker was lost, or is slow")
		assert.Equal(t, chat.ToolCallPending, o.record(t, 2, chat.ToolUnknown).State)
		third := o.begin(t)
		require.True(t, third.Granted)
		assert.Equal(t, chat.ToolCallRunning, o.record(t, 1, chat.ToolFailed).State, "an older try has no say")
		assert.Equal(t, chat.ToolCallSucceeded, o.record(t, third.Fence, chat.ToolSucceeded).State)
	})
}

func TestAToolThatIsGoneFailsItsCall(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		o := newOutside(t, s, false)
		require.NoError(t, s.DeleteTool(t.Context(), o.Workspace, o.By, o.tool.ID))
		try := o.begin(t)
		assert.False(t, try.Granted)
		assert.Equal(t, chat.ToolCallFailed, try.Call.State)
		assert.Equal(t, "tool_not_found", try.Call.ErrorCode)
	})
}

// TestARefusedRepetitionLeavesTheCallUnknown has a tool that is slow at first and then refuses, and one
// that is deleted after a try that may have run.
func TestARefusedRepetitionLeavesTheCallUnknown(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		o := newOutside(t, s, true)
		o.begin(t)
		assert.Equal(t, chat.ToolCallPending, o.record(t, 1, chat.ToolUnknown).State)
		o.begin(t)

		refused := o.record(t, 2, chat.ToolFailed)
		assert.Equal(t, chat.ToolCallUnknown, refused.State)
		assert.True(t, refused.MayHaveRun)
		assert.Equal(t, chat.ActionParked, o.state(t))

		o.anew(t, true)
		o.begin(t)
		require.NoError(t, s.DeleteTool(t.Context(), o.Workspace, o.By, o.tool.ID))
		gone := o.begin(t)
		assert.False(t, gone.Granted)
		assert.Equal(t, chat.ToolCallUnknown, gone.Call.State, "its worker was lost, and may have run it")
		assert.Equal(t, "tool_not_found", gone.Call.ErrorCode)
	})
}

func TestResolveToolCall(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		for verdict, want := range map[chat.ToolVerdict]chat.ToolCallState{
			chat.VerdictToolSucceeded: chat.ToolCallSucceeded,
			chat.VerdictToolFailed:    chat.ToolCallFailed,
			chat.VerdictToolRetry:     chat.ToolCallPending,
		} {
			o := newOutside(t, s, false)
			decision := chat.ToolDecision{Verdict: verdict, Result: json.RawMessage(`{"id":1}`), Reason: "asked them"}
			_, _, err := s.ResolveToolCall(t.Context(), o.Workspace, o.By, o.key(), decision)
			requireCode(t, chat.CodeConflict, err)
			o.begin(t)
			require.Equal(t, chat.ToolCallUnknown, o.record(t, 1, chat.ToolUnknown).State)
			call, workflow, err := s.ResolveToolCall(t.Context(), o.Workspace, o.By, o.key(), decision)
			require.NoError(t, err)
			assert.Equal(t, want, call.State)
			assert.Equal(t, chat.ActionWorkflowID(o.Workspace, o.action), workflow)
			assert.Equal(t, chat.ActionRunning, o.state(t))
			_, _, err = s.ResolveToolCall(t.Context(), o.Workspace, o.By, o.key(), decision)
			requireCode(t, chat.CodeConflict, err)

			if verdict != chat.VerdictToolRetry {
				require.ErrorContains(t, err, fmt.Sprintf("member %d resolved it as %s, at ", o.By.MemberID, verdict))
			}

			if verdict == chat.VerdictToolSucceeded {
				assert.JSONEq(t, `{"id":1}`, string(call.Result))
				assert.Equal(t, o.By.MemberID, call.Decision.By)
			}

			assert.Equal(t, want, o.record(t, 1, chat.ToolFailed).State, "a person has decided")
			none := chat.ToolCallKey{ActionID: o.action, CallID: "none"}
			_, _, err = s.ResolveToolCall(t.Context(), o.Workspace, o.By, none, decision)
			requireCode(t, chat.CodeToolCallNotFound, err)
		}
	})
}

// TestToolCallsUnderCrashes lets workers begin, die, come back late and be decided about in
// any order. A tool that is not idempotent runs again only after it was shown not to have
// run, or a person has said so; and what has ended stays.
func TestToolCallsUnderCrashes(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		o := newOutside(t, s, false)
		rapid.Check(t, func(r *rapid.T) {
			since := time.Now()

			o.anew(r, rapid.Bool().Draw(r, "idempotent"))

			defer func() { requireFoundByWait(r, s, o.Workspace, since) }()

			idempotent := o.begin(r).Call.Idempotent
			runs, mayRun := 1, 1
			last := chat.ToolCallRunning

			r.Repeat(map[string]func(*rapid.T){
				"begin": func(r *rapid.T) {
					try := o.begin(r)
					last = try.Call.State

					if try.Granted {
						runs++
					}
				},
				"record": func(r *rapid.T) {
					kind := rapid.SampledFrom(
						[]chat.ToolOutcomeKind{chat.ToolSucceeded, chat.ToolFailed, chat.ToolNotRun, chat.ToolUnknown},
					).Draw(r, "outcome")

					fence := rapid.IntRange(1, runs).Draw(r, "fence")
					before := last

					last = o.record(r, fence, kind).State
					if kind == chat.ToolNotRun && before != last && last == chat.ToolCallPending {
						mayRun++
					}
				},
				"time passes": func(r *rapid.T) {
					o.now = o.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(r, "seconds")) * time.Second)
				},
				"decide": func(r *rapid.T) {
					verdict := rapid.SampledFrom([]chat.ToolVerdict{chat.VerdictToolSucceeded, chat.VerdictToolFailed, chat.VerdictToolRetry}).
						Draw(r, "verdict")

					call, _, err := s.ResolveToolCall(
						t.Context(),
						o.Workspace,
						o.By,
						o.key(),
						chat.ToolDecision{Verdict: verdict, Reason: "x"},
					)
					if err != nil {
						require.Equal(r, chat.CodeConflict, chat.CodeOf(err))
						return
					}

					last = call.State

					if verdict == chat.VerdictToolRetry {
						mayRun++
					}
				},
				"": func(r *rapid.T) {
					if !idempotent {
						require.LessOrEqual(r, runs, mayRun, "it ran again although it may have run before")
					}

					if last == chat.ToolCallSucceeded || last == chat.ToolCallFailed {
						require.False(r, o.begin(r).Granted, "what has ended is not begun again")
					}
				},
			})
		})
	})
}
