package db_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// newManager makes a manager with a key of all scopes, as the operator does, and returns it as who
// acts.
func newManager(t *testing.T, s *db.Store, ws chat.WorkspaceID, name string) chat.Actor {
	t.Helper()

	member, err := s.CreateMember(t.Context(), ws, chat.Actor{}, chat.Member{
		Kind: chat.KindPerson,
		Role: chat.RoleManager,
		Name: name,
	})
	require.NoError(t, err)

	return newKeyOf(t, s, ws, member.ID, chat.AllScopes()...)
}

// newKeyOf makes a key as the operator does, and returns its member as who acts with it.
func newKeyOf(t *testing.T, s *db.Store, ws chat.WorkspaceID, member chat.MemberID, scopes ...chat.Scope) chat.Actor {
	t.Helper()

	secret := chat.NewKeySecret()
	key, err := s.CreateKey(
		t.Context(),
		ws,
		chat.Actor{},
		chat.Key{MemberID: member, Name: "test", Scopes: scopes},
		chat.HashKey(secret),
	)
	require.NoError(t, err)

	return chat.Actor{MemberID: member, KeyID: key.ID}
}

// TestAnApprovalOfWhatWasChangedIsRecordedAsVoid keeps the record although deciding is refused.
func TestAnApprovalOfWhatWasChangedIsRecordedAsVoid(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		asker := newManager(t, s, w.Workspace, "Ivo")
		other := newManager(t, s, w.Workspace, "Noor")
		tool, err := s.CreateTool(t.Context(), w.Workspace, w.By, bookingTool("refund"))
		require.NoError(t, err)

		sent := prepareAs(t, s, w, asker, chat.Tool{
			ID:      tool.ID,
			Name:    "refund",
			Kind:    chat.ToolHTTP,
			Risk:    chat.RiskApproval,
			Version: tool.Version,
		})
		assert.Contains(t, listDeciders(t, s, w.Workspace, sent.ActionID), other.MemberID)

		assert.False(t, isUnapprovable(t, s, w.Workspace, chat.ApprovalID(sent.ActionID)))

		tool.Description = "Pays back"
		_, err = s.UpdateTool(t.Context(), w.Workspace, w.By, tool)
		require.NoError(t, err)

		assert.True(t, isUnapprovable(t, s, w.Workspace, chat.ApprovalID(sent.ActionID)), "it shows before somebody tries")

		decision := chat.ApprovalDecision{
			ID:      chat.ApprovalID(sent.ActionID),
			Approve: true,
			Reason:  "fine",
			By:      other,
			At:      time.Now(),
		}
		_, workflow, err := s.DecideApproval(t.Context(), w.Workspace, decision)
		requireCode(t, chat.CodeApprovalVoid, err)
		assert.NotEmpty(t, workflow, "it is told that it need not wait")

		_, _, err = s.DecideApproval(t.Context(), w.Workspace, decision)
		requireCode(t, chat.CodeApprovalVoid, err)

		stored, err := s.Approval(t.Context(), w.Workspace, decision.ID)
		require.NoError(t, err)
		assert.Equal(t, chat.ApprovalVoid, stored.State)
		assert.Equal(t, "approval.void", auditVerbs(t, s, w.Workspace)[0])
	})
}

// isUnapprovable reports what the store says of an approval that waits, which the list says too.
func isUnapprovable(t *testing.T, s *db.Store, ws chat.WorkspaceID, id chat.ApprovalID) bool {
	t.Helper()

	a, err := s.Approval(t.Context(), ws, id)
	require.NoError(t, err)
	require.Equal(t, chat.ApprovalWaiting, a.State)

	list, err := s.Approvals(t.Context(), ws, []chat.ApprovalState{chat.ApprovalWaiting}, chat.Page{Limit: 100})
	require.NoError(t, err)

	i := slices.IndexFunc(list.Items, func(one chat.Approval) bool { return one.ID == id })
	require.GreaterOrEqual(t, i, 0)
	assert.Equal(t, a.Unapprovable, list.Items[i].Unapprovable)

	return a.Unapprovable
}

func listDeciders(t *testing.T, s *db.Store, ws chat.WorkspaceID, action chat.ActionID) []chat.MemberID {
	t.Helper()

	a, err := s.Approval(t.Context(), ws, chat.ApprovalID(action))
	require.NoError(t, err)

	return a.Deciders
}

// TestTheLastManagerStays: two managers who took each other's role at once both succeeded, and
// nobody could use a scope any more.
func TestTheLastManagerStays(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		person := dbtest.NewPerson("Noor Haddad", "", "")
		person.Role = chat.RoleManager
		noor, err := s.CreateMember(t.Context(), w.Workspace, chat.Actor{}, person)
		require.NoError(t, err)

		demotions := map[chat.MemberID]chat.MemberID{w.Manager.ID: noor.ID, noor.ID: w.Manager.ID}
		refusals := make(chan error, len(demotions))

		var all sync.WaitGroup
		for by, of := range demotions {
			all.Go(func() {
				_, err := s.UpdateMember(
					t.Context(),
					w.Workspace,
					chat.Actor{MemberID: by},
					of,
					chat.MemberPatch{Role: new(chat.RoleUser)},
				)
				refusals <- err
			})
		}

		all.Wait()
		close(refusals)

		var refused []chat.Code

		for err := range refusals {
			if err != nil {
				refused = append(refused, chat.CodeOf(err))
			}
		}

		assert.Equal(t, []chat.Code{chat.CodeLastManager}, refused)
	})
}

// TestTheLastManagerIsNotMergedAway takes the last manager for a duplicate of a user.
func TestTheLastManagerIsNotMergedAway(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		ws := chat.WorkspaceID(uuid.NewString())
		require.NoError(t, s.CreateWorkspace(t.Context(), chat.Workspace{ID: ws, Name: "Test"}))

		person := dbtest.NewPerson("Noor Haddad", "", "")
		person.Role = chat.RoleManager
		noor, err := s.CreateMember(t.Context(), ws, chat.Actor{}, person)
		require.NoError(t, err)
		twin, err := s.CreateMember(t.Context(), ws, chat.Actor{}, dbtest.NewPerson("Noor H.", "", ""))
		require.NoError(t, err)

		merge := chat.MemberMerge{From: noor.ID, Into: twin.ID}
		_, err = s.MergeMembers(t.Context(), ws, chat.Actor{}, merge)
		requireCode(t, chat.CodeLastManager, err)
	})
}

// TestARequestIsVoidWithoutItsRequester: what somebody had asked for was approved after they had lost the role,
// or the key, that asking took.
func TestARequestIsVoidWithoutItsRequester(t *testing.T) {
	t.Parallel()

	losses := map[string]func(t *testing.T, s *db.Store, ws chat.WorkspaceID, asker chat.Actor){
		"the role": func(t *testing.T, s *db.Store, ws chat.WorkspaceID, asker chat.Actor) {
			_, err := s.UpdateMember(t.Context(), ws, chat.Actor{}, asker.MemberID, chat.MemberPatch{Role: new(chat.RoleUser)})
			require.NoError(t, err)
		},
		"the key": func(t *testing.T, s *db.Store, ws chat.WorkspaceID, asker chat.Actor) {
			require.NoError(t, s.RevokeKey(t.Context(), ws, chat.Actor{}, asker.KeyID, time.Now()))
		},
	}

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		for name, lose := range losses {
			w := dbtest.Seed(t, s)
			asker := newManager(t, s, w.Workspace, "Ivo")
			other := newManager(t, s, w.Workspace, "Noor")

			tool, err := s.CreateTool(t.Context(), w.Workspace, w.By, bookingTool("refund"))
			require.NoError(t, err)

			sent := prepareAs(t, s, w, asker, chat.Tool{
				ID:      tool.ID,
				Name:    "refund",
				Kind:    chat.ToolHTTP,
				Risk:    chat.RiskApproval,
				Version: tool.Version,
			})
			role := askForManager(t, s, w, asker)

			for _, id := range []chat.ApprovalID{chat.ApprovalID(sent.ActionID), role} {
				assert.False(t, isUnapprovable(t, s, w.Workspace, id), name)
			}

			lose(t, s, w.Workspace, asker)

			for _, id := range []chat.ApprovalID{chat.ApprovalID(sent.ActionID), role} {
				assert.True(t, isUnapprovable(t, s, w.Workspace, id), name)
			}

			assert.Contains(t, listDeciders(t, s, w.Workspace, sent.ActionID), other.MemberID, "it can be refused")

			// The operator does not either: nobody asks any more.
			for id, by := range map[chat.ApprovalID]chat.Actor{chat.ApprovalID(sent.ActionID): other, role: {}} {
				_, _, err := s.DecideApproval(t.Context(), w.Workspace, chat.ApprovalDecision{
					ID:      id,
					Approve: true,
					Reason:  "fine",
					By:      by,
					At:      time.Now(),
				})
				requireCode(t, chat.CodeApprovalVoid, err)

				stored, err := s.Approval(t.Context(), w.Workspace, id)
				require.NoError(t, err)
				assert.Equal(t, chat.ApprovalVoid, stored.State, name)
			}

			ana, err := s.Member(t.Context(), w.Workspace, w.Customer.ID)
			require.NoError(t, err)
			assert.Equal(t, chat.RoleUser, ana.Role, name)
		}
	})
}

// TestAChangedMemberVoidsItsApproval: who was shown to the one who decides was given another name and address, and
// so was another person by then.
func TestAChangedMemberVoidsItsApproval(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		asker := newManager(t, s, w.Workspace, "Ivo")
		other := newManager(t, s, w.Workspace, "Noor")

		id := askForManager(t, s, w, asker)
		assert.False(t, isUnapprovable(t, s, w.Workspace, id))

		_, err := s.UpdateMember(t.Context(), w.Workspace, asker, w.Customer.ID, chat.MemberPatch{Name: new("Mallory")})
		require.NoError(t, err)
		assert.True(t, isUnapprovable(t, s, w.Workspace, id))

		_, _, err = s.DecideApproval(t.Context(), w.Workspace, chat.ApprovalDecision{
			ID:      id,
			Approve: true,
			Reason:  "fine",
			By:      other,
			At:      time.Now(),
		})
		requireCode(t, chat.CodeApprovalVoid, err)

		member, err := s.Member(t.Context(), w.Workspace, w.Customer.ID)
		require.NoError(t, err)
		assert.Equal(t, chat.RoleUser, member.Role)
	})
}

// askForManager asks that the customer is made a manager.
func askForManager(t *testing.T, s *db.Store, w *dbtest.World, by chat.Actor) chat.ApprovalID {
	t.Helper()

	asked, err := s.RequestApproval(t.Context(), w.Workspace, by, chat.NewApproval{
		Kind: chat.ApprovalMemberRole,
		Request: chat.ApprovalRequest{
			Member: &chat.MemberRequest{
				ID:        w.Customer.ID,
				Kind:      w.Customer.Kind,
				Name:      w.Customer.Name,
				UpdatedAt: w.Customer.UpdatedAt,
			},
		},
		Effect: &chat.ApprovalEffect{
			MemberID: w.Customer.ID,
			Patch:    &chat.MemberPatch{Role: new(chat.RoleManager)},
		},
	})
	require.NoError(t, err)

	return asked.ID
}

// TestAnApprovedMoveKeepsTheOldAddress: two agree that a tool goes elsewhere, and not that one may then reach its
// old address with a lower risk.
func TestAnApprovedMoveKeepsTheOldAddress(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		alone := newManager(t, s, w.Workspace, "Ivo")
		refund := bookingTool("refund")
		refund.Risk = chat.RiskApproval
		moved, err := s.CreateTool(t.Context(), w.Workspace, chat.Actor{}, refund)
		require.NoError(t, err)

		address := *moved.HTTP
		address.URL = "https://elsewhere.example.com/refund"
		moved.HTTP = &address
		_, err = s.UpdateTool(t.Context(), w.Workspace, chat.Actor{}, moved)
		require.NoError(t, err)

		back := bookingTool("payback")
		back.HTTP.URL = refund.HTTP.URL
		_, err = s.CreateTool(t.Context(), w.Workspace, alone, back)
		requireCode(t, chat.CodeApprovalNeeded, err)

		review, err := s.ReviewTool(t.Context(), w.Workspace, alone, back)
		require.NoError(t, err)
		require.NotNil(t, review.Bypasses)
		assert.Equal(t, "POST "+refund.HTTP.URL, review.Bypasses.Where)

		tools, err := s.Tools(t.Context(), w.Workspace, chat.ToolFilter{Page: chat.Page{Limit: 10}})
		require.NoError(t, err)
		assert.Len(t, tools.Items, 1, "what is kept of it is no tool")

		other := dbtest.Seed(t, s)
		_, err = s.CreateTool(t.Context(), other.Workspace, newManager(t, s, other.Workspace, "Uma"), back)
		require.NoError(t, err, "another workspace's tools are nobody's business")
	})
}

// TestTooManyApprovalsIsItsOwnError: a member with too much that waits was told to come back after a time that
// nobody knows. What helps is that some of it is decided.
func TestTooManyApprovalsIsItsOwnError(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		asker := newManager(t, s, w.Workspace, "Ivo")

		ask := func(n int) (chat.Approval, error) {
			key := chat.Key{MemberID: w.Customer.ID, Name: fmt.Sprintf("key %d", n), Scopes: chat.AllScopes()}

			return s.RequestApproval(t.Context(), w.Workspace, asker, chat.NewApproval{
				Kind:    chat.ApprovalKey,
				Request: chat.ApprovalRequest{Key: key.Request()},
			})
		}

		first, err := ask(0)
		require.NoError(t, err)

		for n := 1; n < 100; n++ {
			_, err := ask(n)
			require.NoError(t, err)
		}

		_, err = ask(100)
		requireCode(t, chat.CodeTooManyApprovals, err)

		same, err := ask(0)
		require.NoError(t, err, "what waits already is found")
		assert.Equal(t, first.ID, same.ID)

		require.NoError(t, approve(t, s, w.Workspace, first.ID, newManager(t, s, w.Workspace, "Uma")))

		_, err = ask(100)
		require.NoError(t, err, "one was decided")
	})
}
