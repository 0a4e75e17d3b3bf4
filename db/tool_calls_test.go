package db_test

import (
	"context"
	"encoding/json"
	"errors"
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

func TestCompleteToolCall(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		in := w.Send(w.SMS.ID, "hi", chat.ToolCall{ID: "a", Name: "one"}, chat.ToolCall{ID: "b", Name: "two"})
		_, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
		require.NoError(t, err)

		run := func(index int, effect func(context.Context, chat.ChatEditor) error) (chat.ToolCall, error) {
			return s.CompleteToolCall(
				t.Context(),
				w.Workspace,
				in.ActionID,
				index,
				func(ctx context.Context, e chat.ChatEditor) (json.RawMessage, error) {
					return json.RawMessage(`{"done": true}`), effect(ctx, e)
				},
			)
		}

		edit := func(ctx context.Context, e chat.ChatEditor) error {
			return errors.Join(
				e.AddLabel(ctx, "vip"),
				e.AddLabel(ctx, "VIP"),
				e.AddLabel(ctx, "billing"),
				e.RemoveLabel(ctx, "Billing"),
				e.RemoveLabel(ctx, "none"),
				e.SetTitle(ctx, "A title"),
				e.SetState(ctx, chat.StateWaiting),
				e.CallHuman(ctx, "angry"),
			)
		}

		call, err := run(0, edit)
		require.NoError(t, err)
		require.NotNil(t, call.StartedAt)
		require.NotNil(t, call.FinishedAt)

		assert.Equal(t, chat.ToolCall{
			Kind:       chat.ToolBuiltin,
			Risk:       chat.RiskWrite,
			Idempotent: true,
			Attempts:   1,
			StartedAt:  call.StartedAt,
			FinishedAt: call.FinishedAt,
			ID:         "a",
			Name:       "one",
			Arguments:  json.RawMessage(`{}`),
			State:      chat.ToolCallSucceeded,
			Result:     json.RawMessage(`{"done": true}`),
		}, call)

		c, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)

		assert.Equal(
			t,
			[]any{"A title", chat.StateWaiting, true, int64(1)},
			[]any{c.Title, c.State, c.NeedsResponse, c.Attention},
		)

		assert.Equal(t, sources{"VIP": chat.LabelByTool}, labelSources(c))

		again, err := run(0, func(context.Context, chat.ChatEditor) error { return errors.New("not run again") })
		require.NoError(t, err)
		assert.Equal(t, call, again)

		_, err = run(1, func(ctx context.Context, e chat.ChatEditor) error {
			return errors.Join(e.SetTitle(ctx, "Half done"), e.AddLabel(ctx, "no such"))
		})

		requireCode(t, chat.CodeLabelNotFound, err)
		c, err = s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Equal(t, "A title", c.Title, "an effect that failed is undone")
		now, err := s.SentMessage(t.Context(), w.Workspace, in.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ToolCallPending, now.ToolCalls[1].State)

		_, err = run(2, edit)
		requireCode(t, chat.CodeActionNotFound, err)
	})
}

func TestToolCallRunsOnceAtOnce(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		in := w.Send(w.SMS.ID, "hi", chat.ToolCall{ID: "a", Name: "one"})
		_, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
		require.NoError(t, err)
		var all sync.WaitGroup

		errs := make([]error, 6)
		for i := range errs {
			all.Go(func() {
				_, errs[i] = s.CompleteToolCall(
					t.Context(),
					w.Workspace,
					in.ActionID,
					0,
					func(ctx context.Context, e chat.ChatEditor) (json.RawMessage, error) {
						return nil, e.CallHuman(ctx, "once")
					},
				)
			})
		}

		all.Wait()
		require.NoError(t, errors.Join(errs...))
		c, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Equal(t, int64(1), c.Attention)
	})
}

func TestFailSend(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		in := w.Send(w.SMS.ID, "hi", chat.ToolCall{ID: "a", Name: "one"}, chat.ToolCall{ID: "b", Name: "two"})
		prepared, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
		require.NoError(t, err)

		problem := chat.Errorf(chat.CodeToolCallFailed, "tool call 1 failed")
		failed, err := s.FailSend(t.Context(), w.Workspace, in.ActionID, 0, problem)
		require.NoError(t, err)
		assert.Equal(t, chat.SubmissionCanceled, failed.Submission)
		assert.Equal(t, chat.ErrorToolCallFailed, failed.ErrorCode)
		assert.Equal(t, chat.ToolCallFailed, failed.ToolCalls[0].State)
		assert.Equal(t, "tool call 1 failed", failed.ToolCalls[0].Error)
		assert.Equal(t, chat.ToolCallSkipped, failed.ToolCalls[1].State)
		again, err := s.FailSend(t.Context(), w.Workspace, in.ActionID, 1, problem)
		require.NoError(t, err)
		assert.Equal(t, failed, again)
		action, err := s.Action(t.Context(), w.Workspace, in.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ActionFailed, action.State)
		assert.Equal(t, chat.CodeToolCallFailed, action.Problem.Code)
		assert.Equal(t, string(prepared.DeliveryID), action.Problem.DeliveryID)
		list, err := s.Messages(t.Context(), w.Workspace, w.SMS.ID, chat.MessagePage{Page: pageOfTen()})
		require.NoError(t, err)
		assert.Equal(t, chat.MessageNotSent, list.Items[0].State)
		claim, err := s.Claim(t.Context(), w.Workspace, prepared.DeliveryID, time.Now(), time.Minute)
		require.NoError(t, err)
		assert.False(t, claim.Granted)

		sending := w.Prepare(t, s, w.Email.ID, "hi")
		w.Claim(t, s, sending.DeliveryID, time.Now())
		late, err := s.FailSend(t.Context(), w.Workspace, sending.ActionID, -1, problem)
		require.NoError(t, err)
		assert.Equal(t, chat.SubmissionSending, late.Submission, "the provider may have it")
		_, err = s.FailSend(t.Context(), w.Workspace, "nothing", 0, problem)
		requireCode(t, chat.CodeActionNotFound, err)
	})
}

func TestToolCallsAreListed(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		tool, err := s.CreateTool(t.Context(), w.Workspace, w.By, bookingTool("book"))
		require.NoError(t, err)

		older := prepareWith(t, s, w, chat.Tool{
			ID:   tool.ID,
			Name: "book",
			Kind: chat.ToolHTTP,
			Risk: chat.RiskWrite,
			Undo: &chat.Undo{Tool: "cancel"},
		})
		runner := callRunner{T: t, s: s, w: w, action: older.ActionID, now: clock.now}
		runner.finish(0, chat.ToolSucceeded)

		_, err = s.FailSend(t.Context(), w.Workspace, older.ActionID, 0, chat.Errorf(chat.CodeToolCallFailed, "no"))
		require.NoError(t, err)
		_, err = s.BeginUndo(t.Context(), w.Workspace, older.ActionID,
			func(c chat.ToolCall, _ chat.Undo, _ []chat.Tool) chat.ToolCall {
				c.ID, c.State = "undo_"+c.ID, chat.ToolCallPending
				return c
			}, clock.now)
		require.NoError(t, err)

		newer := prepareWith(t, s, w, chat.Tool{Name: "pay", Kind: chat.ToolBuiltin})

		list := func(f chat.ToolCallFilter) []string {
			f.Limit = 1

			var found []string

			for {
				page, err := s.ToolCalls(t.Context(), w.Workspace, f)
				require.NoError(t, err)

				for _, c := range page.Items {
					assert.Equal(t, w.SMS.ID, c.ChatID)
					assert.Empty(t, c.Arguments, "a list reads no arguments")
					assert.Empty(t, c.Result, "a list reads no results")

					found = append(found, string(c.ActionID)+" "+c.ID+" "+c.Undoes)
				}

				if f.Cursor = page.NextCursor; f.Cursor == "" {
					return found
				}
			}
		}

		pay := string(newer.ActionID) + " " + newer.ToolCalls[0].ID + " "
		undo := string(older.ActionID) + " undo_" + older.ToolCalls[0].ID + " " + older.ToolCalls[0].ID
		book := string(older.ActionID) + " " + older.ToolCalls[0].ID + " "

		assert.ElementsMatch(t, []string{pay, undo, book}, list(chat.ToolCallFilter{}))
		assert.Equal(t, []string{undo, book}, list(chat.ToolCallFilter{ActionID: older.ActionID}))
		assert.Equal(t, []string{book}, list(chat.ToolCallFilter{States: []chat.ToolCallState{chat.ToolCallSucceeded}}))
		assert.ElementsMatch(t, []string{pay, undo},
			list(chat.ToolCallFilter{States: []chat.ToolCallState{chat.ToolCallPending, chat.ToolCallUnknown}}))
		assert.Empty(t, list(chat.ToolCallFilter{ChatID: w.SMS.ID + 1000}))

		turned := list(chat.ToolCallFilter{Page: chat.Page{Order: chat.Ascending}})
		slices.Reverse(turned)
		assert.Equal(t, list(chat.ToolCallFilter{}), turned)

		counted, err := s.ToolCalls(t.Context(), w.Workspace, chat.ToolCallFilter{Page: chat.Page{Total: true}})
		require.NoError(t, err)
		assert.Equal(t, 3, *counted.Total)
		assert.Empty(t, counted.Items)
		assert.Empty(t, counted.NextCursor)

		_, err = s.ToolCalls(t.Context(), w.Workspace, chat.ToolCallFilter{Page: chat.Page{Limit: 1, Cursor: "x"}})
		requireCode(t, chat.CodeInvalidRequest, err)
	})
}
