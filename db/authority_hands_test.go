package db_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// prepareRefund asks for a send with a call that takes a second member's word, which is not idempotent.
func prepareRefund(t *testing.T, s *db.Store, w *dbtest.World, asker chat.Actor) chat.AssistantMessageSent {
	t.Helper()

	tool, err := s.CreateTool(t.Context(), w.Workspace, w.By, bookingTool("refund"))
	require.NoError(t, err)

	return prepareAs(t, s, w, asker, chat.Tool{
		ID:      tool.ID,
		Name:    "refund",
		Kind:    chat.ToolHTTP,
		Risk:    chat.RiskApproval,
		Version: tool.Version,
	})
}

func approve(t *testing.T, s *db.Store, ws chat.WorkspaceID, id chat.ApprovalID, by chat.Actor) error {
	t.Helper()

	_, _, err := s.DecideApproval(t.Context(), ws, chat.ApprovalDecision{
		ID:      id,
		Approve: true,
		Reason:  "fine",
		By:      by,
		At:      time.Now(),
	})

	return err
}

// TestAKeyOfAKeyIsTheSameHand: who had a key made for a colleague made another one with it, which counted as the
// colleague's own at once, and approved with it what they had asked for.
func TestAKeyOfAKeyIsTheSameHand(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		asker := newManager(t, s, w.Workspace, "Ivo")
		colleague := newManager(t, s, w.Workspace, "Noor")
		agrees := newManager(t, s, w.Workspace, "Uma")

		key := chat.Key{MemberID: colleague.MemberID, Name: "for Noor", Scopes: chat.AllScopes()}

		asked, err := s.RequestApproval(t.Context(), w.Workspace, asker, chat.NewApproval{
			Kind:    chat.ApprovalKey,
			Request: chat.ApprovalRequest{Key: key.Request()},
		})
		require.NoError(t, err)
		require.NoError(t, approve(t, s, w.Workspace, asked.ID, agrees))

		make := func(by chat.Actor, approval chat.ApprovalID) chat.Actor {
			key.Approval = approval
			made, err := s.CreateKey(t.Context(), w.Workspace, by, key, chat.HashKey(chat.NewKeySecret()))
			require.NoError(t, err)

			return chat.Actor{MemberID: colleague.MemberID, KeyID: made.ID}
		}

		first := make(asker, asked.ID)
		second := make(first, "")

		sent := prepareRefund(t, s, w, asker)
		for _, hand := range []chat.Actor{first, second} {
			requireCode(t, chat.CodeOwnRequest, approve(t, s, w.Workspace, chat.ApprovalID(sent.ActionID), hand))
		}

		require.NoError(t, approve(t, s, w.Workspace, chat.ApprovalID(sent.ActionID), colleague), "her own old key")
	})
}

// TestWhoAskedDoesNotRunAnApprovedCallAgain: one approval was enough for any number of refunds, when their outcome was
// not known.
func TestWhoAskedDoesNotRunAnApprovedCallAgain(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		asker := newManager(t, s, w.Workspace, "Ivo")
		agrees := newManager(t, s, w.Workspace, "Noor")

		sent := prepareRefund(t, s, w, asker)
		require.NoError(t, approve(t, s, w.Workspace, chat.ApprovalID(sent.ActionID), agrees))

		step := chat.ToolStep{WorkspaceID: w.Workspace, ActionID: sent.ActionID}
		try, err := s.BeginToolCall(t.Context(), step, clock.now, time.Minute)
		require.NoError(t, err)
		require.True(t, try.Granted)

		call, err := s.RecordToolCall(t.Context(), step, try.Fence, chat.ToolOutcome{
			Kind:    chat.ToolUnknown,
			Code:    "timeout",
			Message: "no answer in time",
		}, clock.now)
		require.NoError(t, err)
		require.Equal(t, chat.ToolCallUnknown, call.State)

		key := chat.ToolCallKey{ActionID: sent.ActionID, CallID: call.ID}
		resolve := func(by chat.Actor, d chat.ToolDecision) error {
			d.Reason = "asked them"
			_, _, err := s.ResolveToolCall(t.Context(), w.Workspace, by, key, d)

			return err
		}

		requireCode(t, chat.CodeOwnRequest, resolve(asker, chat.ToolDecision{Verdict: chat.VerdictToolRetry}))
		requireCode(t, chat.CodeOwnRequest, resolve(asker, chat.ToolDecision{
			Verdict: chat.VerdictToolSucceeded,
			Result:  json.RawMessage(`{"id":"invented"}`),
		}))
		require.NoError(t, resolve(agrees, chat.ToolDecision{Verdict: chat.VerdictToolRetry}))

		again, err := s.BeginToolCall(t.Context(), step, clock.now, time.Minute)
		require.NoError(t, err)
		assert.True(t, again.Granted)
	})
}
