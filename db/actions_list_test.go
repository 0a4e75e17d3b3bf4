package db_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// requireFoundByWait checks that lists find each action and each delivery by what it waits for, and by nothing else:
// the query says in SQL what its standing says. since leaves out what others have made.
func requireFoundByWait(t require.TestingT, s *db.Store, ws chat.WorkspaceID, since time.Time) {
	list := func(words ...chat.Waiting) []chat.ActionView {
		all, err := s.Actions(contextOf(t), ws, chat.ActionFilter{
			WaitingFor: words,
			Since:      &since,
			Page:       chat.Page{Limit: 100},
		})
		require.NoError(t, err)

		return all.Items
	}

	want := map[chat.Waiting][]chat.ActionID{}

	for _, v := range list() {
		waiting := v.Standing().WaitingFor
		want[waiting] = append(want[waiting], v.ID)
	}

	for _, word := range chat.Waitings() {
		var found []chat.ActionID
		for _, v := range list(word) {
			found = append(found, v.ID)
		}

		require.Equal(t, want[word], found, "what waits for %s", word)
	}

	requireDeliveriesFoundByWait(t, s, ws, since)
}

func requireDeliveriesFoundByWait(t require.TestingT, s *db.Store, ws chat.WorkspaceID, since time.Time) {
	list := func(words ...chat.Waiting) []chat.Delivery {
		all, err := s.Deliveries(contextOf(t), ws, chat.DeliveryFilter{
			Words: &chat.DeliveryWords{WaitingFor: words},
			Since: &since,
			Page:  chat.Page{Limit: 100},
		})
		require.NoError(t, err)

		return all.Items
	}

	want := map[chat.Waiting][]chat.DeliveryID{}

	for _, d := range list() {
		waiting := d.Standing().WaitingFor
		want[waiting] = append(want[waiting], d.ID)
	}

	for _, word := range chat.Waitings() {
		var found []chat.DeliveryID
		for _, d := range list(word) {
			found = append(found, d.ID)
		}

		require.Equal(t, want[word], found, "deliveries that wait for %s", word)
	}
}

// TestListsReadNoTexts: to say in a sentence what each of a hundred sends waits for, all that their tools were given
// and have answered was read, 400 MB at worst.
func TestListsReadNoTexts(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		sent := prepareAs(t, s, w, w.By, chat.Tool{Name: "set_title", Kind: chat.ToolBuiltin})

		list, err := s.Actions(t.Context(), w.Workspace, chat.ActionFilter{Page: chat.Page{Limit: 10}})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
		require.NotNil(t, list.Items[0].Send)
		assert.Empty(t, list.Items[0].Send.Content)
		assert.Empty(t, list.Items[0].Send.ToolCalls[0].Arguments)
		assert.Equal(t, "set_title", list.Items[0].Send.ToolCalls[0].Name)

		view, err := s.SendView(t.Context(), w.Workspace, sent.ActionID)
		require.NoError(t, err)
		assert.Equal(t, "It is booked.", view.Content)
		assert.NotEmpty(t, view.ToolCalls[0].Arguments)
	})
}

func TestActionsAreListed(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		prepare := func(in chat.SendAssistantMessage) chat.ActionID {
			_, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
			require.NoError(t, err)

			return in.ActionID
		}

		first := prepare(w.Send(w.SMS.ID, "one"))
		second := prepare(w.Send(w.Email.ID, "two"))

		list := func(f chat.ActionFilter) []chat.ActionID {
			f.Limit = 10
			all, err := s.Actions(t.Context(), w.Workspace, f)
			require.NoError(t, err)

			var ids []chat.ActionID
			for _, v := range all.Items {
				ids = append(ids, v.ID)
				assert.NotEmpty(t, v.Standing().Explanation, "an open action explains itself")
			}

			return ids
		}

		assert.Equal(t, []chat.ActionID{second, first}, list(chat.ActionFilter{}), "the newest first")
		assert.Equal(t, []chat.ActionID{first}, list(chat.ActionFilter{ChatID: w.SMS.ID}))
		assert.Empty(t, list(chat.ActionFilter{States: []chat.ActionState{chat.ActionFailed}}))
		assert.Empty(t, list(chat.ActionFilter{Kinds: []chat.ActionKind{chat.ActionSummarizeChat}}))
		assert.Len(t, list(chat.ActionFilter{WaitingFor: []chat.Waiting{chat.WaitingAttempt, chat.WaitingPerson}}), 2)
		assert.Empty(t, list(chat.ActionFilter{WaitingFor: []chat.Waiting{chat.WaitingPerson}}))

		page, err := s.Actions(t.Context(), w.Workspace, chat.ActionFilter{Page: chat.Page{Limit: 1}})
		require.NoError(t, err)
		next, err := s.Actions(t.Context(), w.Workspace, chat.ActionFilter{
			Page: chat.Page{Limit: 1, Cursor: page.NextCursor},
		})
		require.NoError(t, err)
		require.Len(t, next.Items, 1)
		assert.Equal(t, first, next.Items[0].ID)
	})
}

// TestADeliveryTellsWhatItsMessageWaitsFor: it said "Waits for its first attempt" and offered a retry, which was
// refused, while a tool call waited for a person; and it offered one again when the send had ended.
func TestADeliveryTellsWhatItsMessageWaitsFor(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		o := newOutside(t, s, false)
		sent, err := s.SendView(t.Context(), o.Workspace, o.action)
		require.NoError(t, err)

		find := func() chat.Delivery {
			d, err := s.Delivery(t.Context(), o.Workspace, sent.DeliveryID)
			require.NoError(t, err)

			list, err := s.Deliveries(t.Context(), o.Workspace, chat.DeliveryFilter{Page: pageOfTen()})
			require.NoError(t, err)
			require.Equal(t, d.Standing(), list.Items[0].Standing(), "lists tell the same")

			return d
		}

		refused := func() {
			_, err := prepareRetry(t, s, o.Retry(sent.DeliveryID, chat.Change{}))
			requireCode(t, chat.CodeConflict, err)
		}

		d := find()
		assert.Equal(t, chat.WaitingTool, d.Standing().WaitingFor)
		assert.Contains(t, d.Explain(), "call_0 (book) is run next")
		assert.Equal(t, []chat.Verdict{chat.VerdictCancel}, d.Commands())
		refused()

		o.begin(t)
		require.Equal(t, chat.ToolCallUnknown, o.record(t, 1, chat.ToolUnknown).State)

		d = find()
		assert.Equal(t, chat.WaitingToolDecision, d.Standing().WaitingFor)
		assert.Contains(t, d.Explain(), "A person must decide: resolve it as succeeded, failed or retry.")
		assert.Equal(t, []chat.Verdict{chat.VerdictCancel}, d.Commands())
		refused()

		_, err = s.FailSend(
			t.Context(),
			o.Workspace,
			o.action,
			0,
			chat.Errorf(chat.CodeToolCallFailed, "it said no"),
		)
		require.NoError(t, err)

		d = find()
		assert.Empty(t, d.Commands(), "a retry would be refused")
		assert.NotContains(t, d.Explain(), "retried")
		refused()
	})
}

// TestWhatForbidsARetryIsToldBefore: a delivery offered a retry to somebody who had opted out since, or has no number
// any more.
func TestWhatForbidsARetryIsToldBefore(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		ids := dbtest.SendIDs()
		_, err := s.PrepareSend(t.Context(), w.Send(w.SMS.ID, "hi"), ids, dbtest.PlanText("hi"))
		require.NoError(t, err)

		claimed := w.Claim(t, s, ids.DeliveryID, clock.now)
		recordSubmission(t, s, w, &claimed, chat.Submission{Outcome: chat.OutcomeRejected, ErrorCode: "twilio_21211"}, clock.now)

		d, err := s.Delivery(t.Context(), w.Workspace, ids.DeliveryID)
		require.NoError(t, err)
		assert.Equal(t, []chat.Verdict{chat.VerdictRetry}, d.Commands())

		_, err = s.UpdateMember(t.Context(), w.Workspace, w.By, w.SMS.MemberID, chat.MemberPatch{
			NotificationsEnabled: new(false),
		})
		require.NoError(t, err)

		d, err = s.Delivery(t.Context(), w.Workspace, ids.DeliveryID)
		require.NoError(t, err)
		assert.Empty(t, d.Commands())
		assert.Contains(t, d.Explain(), "It cannot be tried again as it is: the recipient has notifications disabled.")

		_, err = prepareRetry(t, s, w.Retry(ids.DeliveryID, chat.Change{}))
		requireCode(t, chat.CodeNotificationsOff, err)
	})
}
