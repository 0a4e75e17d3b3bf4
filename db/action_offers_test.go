package db_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// refund is a send whose only tool call takes a second member's word.
type refund struct {
	t             *testing.T
	s             *db.Store
	w             *dbtest.World
	clock         *clock
	asker, agrees chat.Actor
	// weak is who agrees, with a key that may not decide.
	weak chat.Actor
	sent chat.AssistantMessageSent
}

func newRefund(t *testing.T, s *db.Store) *refund {
	t.Helper()

	f := &refund{t: t, s: s, w: dbtest.Seed(t, s), clock: newClock()}
	f.asker = newManager(t, s, f.w.Workspace, "Ivo")
	f.agrees = newManager(t, s, f.w.Workspace, "Noor")
	f.weak = newKeyOf(t, s, f.w.Workspace, f.agrees.MemberID, chat.ScopeChatsRead)
	f.sent = prepareRefund(t, s, f.w, f.asker)

	return f
}

func (f *refund) view() *chat.ActionView {
	f.t.Helper()

	action, err := f.s.Action(f.t.Context(), f.w.Workspace, f.sent.ActionID)
	require.NoError(f.t, err)

	send, err := f.s.SendView(f.t.Context(), f.w.Workspace, f.sent.ActionID)
	require.NoError(f.t, err)

	d, err := f.s.Delivery(f.t.Context(), f.w.Workspace, send.DeliveryID)
	require.NoError(f.t, err)

	return &chat.ActionView{Action: action, Send: &send, Delivery: &d}
}

func (f *refund) decideApproval(by chat.Actor, isApproved bool) error {
	f.t.Helper()

	_, _, err := f.s.DecideApproval(f.t.Context(), f.w.Workspace, chat.ApprovalDecision{
		ID:      chat.ApprovalID(f.sent.ActionID),
		Approve: isApproved,
		Reason:  "looked at it",
		By:      by,
		At:      time.Now(),
	})

	return err
}

func (f *refund) cancel(by chat.Actor) error {
	f.t.Helper()

	_, _, err := f.s.Decide(f.t.Context(), f.w.Workspace, f.sent.DeliveryID, chat.Decision{
		Verdict:  chat.VerdictCancel,
		Reason:   "not wanted any more",
		ActionID: f.sent.ActionID,
		By:       by,
		At:       f.clock.now,
	})

	return err
}

func (f *refund) resolve(by chat.Actor) error {
	f.t.Helper()

	_, _, err := f.s.ResolveToolCall(
		f.t.Context(),
		f.w.Workspace,
		by,
		chat.ToolCallKey{ActionID: f.sent.ActionID, CallID: f.sent.ToolCalls[0].ID},
		chat.ToolDecision{Verdict: chat.VerdictToolFailed, Reason: "asked them"},
	)

	return err
}

// run approves the call, runs it and records how it ended.
func (f *refund) run(outcome chat.ToolOutcome) {
	f.t.Helper()

	require.NoError(f.t, f.decideApproval(f.agrees, true))

	step := chat.ToolStep{WorkspaceID: f.w.Workspace, ActionID: f.sent.ActionID}
	try, err := f.s.BeginToolCall(f.t.Context(), step, f.clock.now, time.Minute)
	require.NoError(f.t, err)
	require.True(f.t, try.Granted)

	_, err = f.s.RecordToolCall(f.t.Context(), step, try.Fence, outcome, f.clock.now)
	require.NoError(f.t, err)
}

// refundPoints bring it to a point of its life.
var refundPoints = map[string]func(*refund){
	"waits for approval": func(*refund) {},
	"approved":           func(f *refund) { require.NoError(f.t, f.decideApproval(f.agrees, true)) },
	"refused":            func(f *refund) { require.NoError(f.t, f.decideApproval(f.agrees, false)) },
	"canceled":           func(f *refund) { require.NoError(f.t, f.cancel(f.w.By)) },
	"not known":          func(f *refund) { f.run(chat.ToolOutcome{Kind: chat.ToolUnknown, Code: "timeout", Message: "late"}) },
	"succeeded":          func(f *refund) { f.run(chat.ToolOutcome{Kind: chat.ToolSucceeded}) },
	"resolved": func(f *refund) {
		f.run(chat.ToolOutcome{Kind: chat.ToolUnknown, Code: "timeout", Message: "late"})
		require.NoError(f.t, f.resolve(f.agrees))
	},
	"in a chat that is gone": func(f *refund) {
		require.NoError(f.t, errorOf(f.s.DeleteChat(f.t.Context(), f.w.Workspace, f.w.By, f.w.SMS.ID, true)))
	},
	"asked for by who may not any more": func(f *refund) {
		role := chat.RoleUser
		require.NoError(f.t, errorOf(f.s.UpdateMember(
			f.t.Context(),
			f.w.Workspace,
			f.w.By,
			f.asker.MemberID,
			chat.MemberPatch{Role: &role},
		)))
	},
}

// TestWhatAnActionOffersIsAcceptedAndNothingElse tries each command on a send whose tool call needs approval, as each
// of its two people, of whom the second has a key that may not decide too.
func TestWhatAnActionOffersIsAcceptedAndNothingElse(t *testing.T) {
	t.Parallel()

	people := map[string]func(*refund) chat.Actor{
		"who agrees":         func(f *refund) chat.Actor { return f.agrees },
		"who asked":          func(f *refund) chat.Actor { return f.asker },
		"who may not decide": func(f *refund) chat.Actor { return f.weak },
	}

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		for point, lead := range refundPoints {
			for person, find := range people {
				for command, try := range actionTries {
					f := newRefund(t, s)
					lead(f)

					by := find(f)
					view := f.view()
					standing := view.Standing()
					offered := slices.Contains(view.Commands(by.KeyID), command)
					err := try(f, by)

					what := person + ", " + point + ": " + string(command) + " of what is told as: " + standing.Explanation
					requireEnd(t, standing, point)

					if offered {
						require.NoError(t, err, what)
						continue
					}

					require.Error(t, err, what)
					assert.NotEqual(t, chat.CodeInternal, chat.CodeOf(err), what)
				}
			}
		}
	})
}

// actionTries are the commands on the send, as they are tried.
var actionTries = map[chat.ActionCommand]func(*refund, chat.Actor) error{
	chat.CommandApprove:         func(f *refund, by chat.Actor) error { return f.decideApproval(by, true) },
	chat.CommandRefuse:          func(f *refund, by chat.Actor) error { return f.decideApproval(by, false) },
	chat.CommandResolveToolCall: (*refund).resolve,
	chat.CommandCancel:          (*refund).cancel,
}
