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

// changeSend changes a send by the rules of the domain, and posts the text as it is.
func changeSend(
	t *testing.T,
	s *db.Store,
	w *dbtest.World,
	sent *chat.AssistantMessageSent,
	change chat.Change,
) error {
	t.Helper()

	_, err := s.ChangeSend(t.Context(), chat.ChangeSend{
		WorkspaceID: w.Workspace,
		ActionID:    sent.ActionID,
		DeliveryID:  sent.DeliveryID,
		Change:      change,
		Reason:      "they are six",
		By:          w.By,
	}, func(facts *chat.SendFacts, old *chat.Delivery) (chat.SendPlan, error) {
		plan, err := facts.PlanRetry(old, change)
		if change.Body != "" {
			plan.Payload = chat.Payload{Text: change.Body, Segments: 1}
		}

		return plan, err
	})

	return err
}

// TestASendIsChangedOrClaimed: whoever is first has it, and what leaves is what was written last.
func TestASendIsChangedOrClaimed(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		sent := w.Prepare(t, s, w.SMS.ID, "for four")

		change := chat.Change{Body: "for six", To: "+14155550177"}
		require.NoError(t, changeSend(t, s, w, &sent, change))
		require.NoError(t, changeSend(t, s, w, &sent, change), "twice is once")

		claimed := w.Claim(t, s, sent.DeliveryID, time.Now())
		assert.Equal(t, "for six", claimed.Payload.Text)
		assert.Equal(t, "+14155550177", claimed.To)

		view, err := s.SendView(t.Context(), w.Workspace, sent.ActionID)
		require.NoError(t, err)
		assert.Equal(t, "for six", view.Content)

		requireCode(t, chat.CodeAlreadySending, changeSend(t, s, w, &sent, chat.Change{Body: "for eight"}))

		log, err := s.AuditLog(t.Context(), w.Workspace, chat.AuditFilter{Verb: "action.changed"}, pageOfTen())
		require.NoError(t, err)
		require.Len(t, log.Items, 2)
		assert.Contains(t, string(log.Items[0].Detail), "they are six")
		assert.NotContains(t, string(log.Items[1].Detail), "for six")
		assert.NotContains(t, string(log.Items[1].Detail), "4155550177")
	})
}

func TestAChangeThatCannotBeSentIsRefused(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		sent := w.Prepare(t, s, w.SMS.ID, "for four")

		requireCode(t, chat.CodeInvalidRequest, changeSend(t, s, w, &sent, chat.Change{}))
		requireCode(t, chat.CodeInvalidRequest, changeSend(t, s, w, &sent, chat.Change{To: "nobody"}))

		refund := prepareRefund(t, s, w, newManager(t, s, w.Workspace, "Ivo"))
		requireCode(t, chat.CodeConflict, changeSend(t, s, w, &refund, chat.Change{Body: "another text"}))

		_, err := cancelAction(t, s, w, &sent)
		require.NoError(t, err)
		requireCode(t, chat.CodeConflict, changeSend(t, s, w, &sent, chat.Change{Body: "for six"}))
	})
}
