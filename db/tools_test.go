package db_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// contextOf is a test's own, if it has one.
func contextOf(t require.TestingT) context.Context {
	if own, ok := t.(interface{ Context() context.Context }); ok {
		return own.Context()
	}

	return context.Background()
}

func TestToolsAreKept(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		d := bookingTool("Book")
		d.Assistants = []chat.MemberID{w.Assistant.ID}
		d.Undo = &chat.Undo{Tool: "cancel", Arguments: []byte(`{"id":"$result.id"}`)}
		made, err := s.CreateTool(t.Context(), w.Workspace, w.By, d)
		require.NoError(t, err)
		found, err := s.Tool(t.Context(), w.Workspace, made.ID)
		require.NoError(t, err)
		assert.Equal(t, made, found)
		assert.Equal(t, d.HTTP, found.HTTP)
		assert.Equal(t, d.Undo, found.Undo)
		assert.Equal(t, 10*time.Second, found.Timeout)

		_, err = s.CreateTool(t.Context(), w.Workspace, w.By, bookingTool("bOOK"))
		requireCode(t, chat.CodeAlreadyExists, err)

		foreign := bookingTool("other")
		foreign.Assistants = []chat.MemberID{w.Customer.ID}
		_, err = s.CreateTool(t.Context(), w.Workspace, w.By, foreign)
		requireCode(t, chat.CodeInvalidRequest, err)

		found.Description = "Books a table"
		changed, err := s.UpdateTool(t.Context(), w.Workspace, w.By, found)
		require.NoError(t, err)
		assert.Equal(t, made.Version+1, changed.Version)
		_, err = s.UpdateTool(t.Context(), w.Workspace, w.By, found)
		requireCode(t, chat.CodeConflict, err)

		require.NoError(t, s.DeleteTool(t.Context(), w.Workspace, w.By, made.ID))
		_, err = s.Tool(t.Context(), w.Workspace, made.ID)
		requireCode(t, chat.CodeToolNotFound, err)
		_, err = s.CreateTool(t.Context(), w.Workspace, w.By, d)
		require.NoError(t, err, "the name is free again")
	})
}

func TestWhatAChatMayUse(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		names := func() []string {
			tools, err := s.ChatTools(t.Context(), w.Workspace, w.SMS.ID)
			require.NoError(t, err)

			var all []string
			for _, tool := range tools {
				all = append(all, tool.Name)
			}

			return all
		}

		create := func(d chat.ToolDefinition) {
			_, err := s.CreateTool(t.Context(), w.Workspace, w.By, d)
			require.NoError(t, err)
		}

		other, err := s.CreateMember(t.Context(), w.Workspace, w.By, chat.Member{
			Kind: chat.KindAssistant,
			Role: chat.RoleUser,
			Name: "Other",
		})
		require.NoError(t, err)

		off := bookingTool("off")
		others := bookingTool("others")
		mine := bookingTool("mine")
		off.Enabled = false
		others.Assistants = []chat.MemberID{other.ID}
		mine.Assistants = []chat.MemberID{w.Assistant.ID}

		create(off)
		create(others)
		create(mine)

		create(chat.ToolDefinition{
			Kind:    chat.ToolMCP,
			Name:    "web",
			Enabled: true,
			Risk:    chat.RiskWrite,
			Timeout: time.Second,
			MCP: &chat.MCPServer{
				URL: "https://mcp.example.com",
				MCPListing: chat.MCPListing{
					Discovered: []chat.MCPTool{{Name: "find", Schema: []byte(`{}`)}},
				},
			},
		})

		assert.Subset(t, names(), []string{"add_label", "mine", "web.find"})
		assert.NotContains(t, names(), "off")
		assert.NotContains(t, names(), "others")

		for allowed, want := range map[string][]string{"web.*": {"web.find"}, "mine": {"mine"}, "mi*": nil} {
			_, err := s.UpdateMember(
				t.Context(),
				w.Workspace,
				w.By,
				w.Assistant.ID,
				chat.MemberPatch{Tools: &[]string{allowed}},
			)

			if want == nil {
				requireCode(t, chat.CodeInvalidRequest, err)
				continue
			}

			require.NoError(t, err)
			assert.Equal(t, want, names())
		}
	})
}

func TestApprovals(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		tool, err := s.CreateTool(t.Context(), w.Workspace, w.By, bookingTool("refund"))
		require.NoError(t, err)

		asker := newManager(t, s, w.Workspace, "Ivo")
		other := newManager(t, s, w.Workspace, "Noor")

		ask := func() chat.AssistantMessageSent {
			return prepareAs(t, s, w, asker, chat.Tool{
				ID:      tool.ID,
				Name:    "refund",
				Kind:    chat.ToolHTTP,
				Risk:    chat.RiskApproval,
				Version: tool.Version,
			})
		}

		sent := ask()
		require.NotNil(t, sent.Approval)
		assert.Equal(t, []string{"call_0"}, sent.Approval.Calls)
		action, err := s.Action(t.Context(), w.Workspace, sent.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ActionParked, action.State)

		decide := func(by chat.Actor, action chat.ActionID, at time.Time) error {
			_, _, err := s.DecideApproval(t.Context(), w.Workspace, chat.ApprovalDecision{
				ID:      chat.ApprovalID(action),
				Approve: true,
				Reason:  "fine",
				By:      by,
				At:      at,
			})

			return err
		}

		requireCode(t, chat.CodeOwnRequest, decide(asker, sent.ActionID, time.Now()))
		requireCode(t, chat.CodeDecided, decide(other, sent.ActionID, sent.Approval.Deadline))
		require.NoError(t, decide(other, sent.ActionID, time.Now()))
		requireCode(t, chat.CodeDecided, decide(other, sent.ActionID, time.Now()))
		again, err := s.SentMessage(t.Context(), w.Workspace, sent.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ApprovalApproved, again.Approval.State)
		assert.Equal(t, other.MemberID, again.Approval.DecidedBy)

		late := ask()
		decided, err := s.ExpireApproval(t.Context(), w.Workspace, sent.ActionID, clock.now)
		require.NoError(t, err)
		assert.Equal(t, chat.ApprovalApproved, decided.State, "somebody was faster")
		expired, err := s.ExpireApproval(t.Context(), w.Workspace, late.ActionID, clock.now)
		require.NoError(t, err)
		assert.Equal(t, chat.ApprovalExpired, expired.State)
		list, err := s.Approvals(t.Context(), w.Workspace, nil, chat.Page{Limit: 1})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
		assert.Equal(t, late.ActionID, list.Items[0].ActionID)

		rest, err := s.Approvals(
			t.Context(),
			w.Workspace,
			[]chat.ApprovalState{chat.ApprovalApproved},
			chat.Page{Limit: 10, Cursor: list.NextCursor},
		)
		require.NoError(t, err)
		assert.Len(t, rest.Items, 1)

		either := []chat.ApprovalState{chat.ApprovalApproved, chat.ApprovalExpired}
		both, err := s.Approvals(t.Context(), w.Workspace, either, chat.Page{Limit: 10})
		require.NoError(t, err)
		assert.Len(t, both.Items, 2)
	})
}

// callRunner begins and ends tries of an action's tool calls.
type callRunner struct {
	*testing.T

	s      *db.Store
	w      *dbtest.World
	action chat.ActionID
	now    time.Time
}

func (t callRunner) finish(index int, kind chat.ToolOutcomeKind) {
	t.Helper()

	step := chat.ToolStep{WorkspaceID: t.w.Workspace, ActionID: t.action, Index: index}
	try, err := t.s.BeginToolCall(t.Context(), step, t.now, toolLease)
	require.NoError(t, err)
	require.True(t, try.Granted)

	outcome := chat.ToolOutcome{Kind: kind}
	_, err = t.s.RecordToolCall(t.Context(), step, try.Fence, outcome, t.now)
	require.NoError(t, err)
}

// planCancel plans to take every call back with the tool cancel.
func planCancel(t *testing.T, cancel chat.ToolID) func(chat.ToolCall, chat.Undo, []chat.Tool) chat.ToolCall {
	t.Helper()

	return func(call chat.ToolCall, undo chat.Undo, tools []chat.Tool) chat.ToolCall {
		assert.Equal(t, "cancel", undo.Tool)

		offered := slices.ContainsFunc(tools, func(t chat.Tool) bool { return t.Name == "cancel" })
		assert.True(t, offered, "whoever may use it")

		return chat.ToolCall{
			ID:         "undo_" + call.ID,
			Name:       "cancel",
			Arguments:  []byte(`{}`),
			State:      chat.ToolCallPending,
			Kind:       chat.ToolHTTP,
			Risk:       chat.RiskWrite,
			ToolID:     cancel,
			Idempotent: true,
		}
	}
}

func TestUndoIsBegunOnceAndOnlyForWhatDidNotArrive(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		tool, err := s.CreateTool(t.Context(), w.Workspace, w.By, bookingTool("book"))
		require.NoError(t, err)

		canceling := bookingTool("cancel")
		canceling.Assistants = []chat.MemberID{w.Assistant.ID}
		cancel, err := s.CreateTool(t.Context(), w.Workspace, w.By, canceling)
		require.NoError(t, err)

		undoable := chat.Tool{
			ID:   tool.ID,
			Name: "book",
			Kind: chat.ToolHTTP,
			Risk: chat.RiskWrite,
			Undo: &chat.Undo{Tool: "cancel"},
		}

		sent := prepareWith(t, s, w, undoable, undoable, undoable)
		runner := callRunner{T: t, s: s, w: w, action: sent.ActionID, now: clock.now}

		for index, kind := range []chat.ToolOutcomeKind{chat.ToolSucceeded, chat.ToolUnknown} {
			runner.finish(index, kind)
		}

		plan := planCancel(t, cancel.ID)
		begin := func() []chat.ToolRun {
			runs, err := s.BeginUndo(t.Context(), w.Workspace, sent.ActionID, plan, clock.now)
			require.NoError(t, err)

			return runs
		}

		assert.Empty(t, begin(), "the message may still be delivered")
		_, err = s.FailSend(t.Context(), w.Workspace, sent.ActionID, 1, chat.Errorf(chat.CodeToolCallFailed, "no"))
		require.NoError(t, err)

		runs := begin()
		require.Len(t, runs, 2, "what may have had its effect too, and not what never ran")
		assert.Equal(t, []int{chat.MaxToolCalls + 1, chat.MaxToolCalls}, []int{runs[0].Index, runs[1].Index})
		assert.Equal(t, runs, begin())

		_, err = s.PrepareRetry(
			t.Context(),
			w.Retry(sent.DeliveryID, chat.Change{}),
			dbtest.SendIDs().DeliveryID,
			dbtest.PlanRetry,
		)

		requireCode(t, chat.CodeConflict, err)

		runner.finish(runs[0].Index, chat.ToolSucceeded)

		for range 2 {
			failure := chat.SendFailure{
				ToolStep: runs[1].ToolStep,
				Problem:  *chat.Errorf(chat.CodeToolUnavailable, "away"),
			}
			err := s.FailUndo(t.Context(), failure, clock.now)
			require.NoError(t, err)
		}

		assert.Empty(t, begin())
		shown, err := s.SentMessage(t.Context(), w.Workspace, sent.ActionID)
		require.NoError(t, err)
		require.Len(t, shown.ToolCalls, 3)
		assert.Equal(t, chat.ToolCallFailed, shown.ToolCalls[0].Undo.State)
		assert.Equal(t, "away", shown.ToolCalls[0].Undo.Error)
		assert.Equal(t, chat.ToolCallSucceeded, shown.ToolCalls[1].Undo.State)
		assert.Equal(t, chat.ToolCallSkipped, shown.ToolCalls[2].State)
		assert.Nil(t, shown.ToolCalls[2].Undo)
		c, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Contains(t, c.AttentionReason, "could not be undone")
		assert.EqualValues(t, 1, c.Attention, "called once")
	})
}

func TestToolCallMessages(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		for range 3 {
			w.Prepare(
				t,
				s,
				w.SMS.ID,
				"hi",
				chat.ToolCall{ID: "call_1", Name: chat.ToolSetTitle},
				chat.ToolCall{ID: "call_2", Name: chat.ToolSetTitle},
			)
		}

		list, err := s.ToolCallMessages(t.Context(), w.Workspace, w.SMS.ID, "call_2", chat.Page{Limit: 2})
		require.NoError(t, err)
		require.Len(t, list.Items, 2)
		assert.Greater(t, list.Items[0].Number, list.Items[1].Number)
		require.Len(t, list.Items[0].ToolCalls, 1)
		assert.Equal(t, "call_2", list.Items[0].ToolCalls[0].ID)

		upward := chat.Page{Limit: 2, Order: chat.Ascending, Total: true}
		oldest, err := s.ToolCallMessages(t.Context(), w.Workspace, w.SMS.ID, "call_2", upward)
		require.NoError(t, err)
		assert.Less(t, oldest.Items[0].Number, oldest.Items[1].Number)
		assert.Equal(t, new(3), oldest.Total)

		rest, err := s.ToolCallMessages(
			t.Context(),
			w.Workspace,
			w.SMS.ID,
			"call_2",
			chat.Page{Limit: 2, Cursor: list.NextCursor},
		)
		require.NoError(t, err)
		assert.Len(t, rest.Items, 1)
		_, err = s.ToolCallMessages(t.Context(), w.Workspace, w.SMS.ID, "none", pageOfTen())
		requireCode(t, chat.CodeToolCallNotFound, err)
	})
}

func TestARetryAndAnUndoDoNotBothHappen(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		tool, err := s.CreateTool(t.Context(), w.Workspace, w.By, bookingTool("book"))
		require.NoError(t, err)

		for range 10 {
			sent := prepareWith(t, s, w, chat.Tool{
				ID:   tool.ID,
				Name: "book",
				Kind: chat.ToolHTTP,
				Risk: chat.RiskWrite,
				Undo: &chat.Undo{Tool: "book"},
			})

			step := chat.ToolStep{WorkspaceID: w.Workspace, ActionID: sent.ActionID}
			try, err := s.BeginToolCall(t.Context(), step, clock.now, toolLease)
			require.NoError(t, err)

			_, err = s.RecordToolCall(t.Context(), step, try.Fence, chat.ToolOutcome{Kind: chat.ToolSucceeded}, clock.now)
			require.NoError(t, err)
			claimed := w.Claim(t, s, sent.DeliveryID, clock.now)
			_, err = s.RecordSubmission(
				t.Context(),
				w.Workspace,
				claimed.ID,
				claimed.Fence,
				chat.Submission{Outcome: chat.OutcomeRejected},
				clock.now,
			)
			require.NoError(t, err)
			var both sync.WaitGroup
			var runs []chat.ToolRun
			var undoErr, retryErr error

			both.Go(func() {
				runs, undoErr = s.BeginUndo(
					t.Context(),
					w.Workspace,
					sent.ActionID,
					func(c chat.ToolCall, _ chat.Undo, _ []chat.Tool) chat.ToolCall {
						c.ID, c.State = "undo_"+c.ID, chat.ToolCallPending
						return c
					},
					clock.now,
				)
			})

			both.Go(func() {
				_, retryErr = s.PrepareRetry(
					t.Context(),
					w.Retry(sent.DeliveryID, chat.Change{}),
					dbtest.SendIDs().DeliveryID,
					dbtest.PlanRetry,
				)
			})

			both.Wait()
			require.NoError(t, undoErr)
			assert.NotEqual(t, len(runs) > 0, retryErr == nil, "undone and retried, or neither: %v, %v", runs, retryErr)

			if retryErr == nil {
				list, err := s.Deliveries(t.Context(), w.Workspace, chat.DeliveryFilter{Page: chat.Page{Limit: 1}})
				require.NoError(t, err)

				_, err = s.CancelDelivery(
					t.Context(),
					w.Workspace,
					list.Items[0].ID,
					chat.Errorf(chat.CodeDeliveryFailed, "done"),
				)
				require.NoError(t, err)
			}
		}
	})
}
