package db_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func TestSmoke(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		p, err := s.Authenticate(t.Context(), w.Hash(), time.Now())
		require.NoError(t, err)
		require.Equal(t, w.Manager.ID, p.MemberID)
		m, err := s.AddMessage(t.Context(), w.Workspace, w.SMS.ID, chat.NewMessage{MemberID: w.Customer.ID, Content: "Where is it? %_ 'x'"})
		require.NoError(t, err)
		require.NotZero(t, m.Number)
		sent := w.Prepare(t, s, w.SMS.ID, "It's on its way? {a:?}")
		d := w.Claim(t, s, sent.DeliveryID, time.Now())
		d, err = s.RecordSubmission(t.Context(), w.Workspace, d.ID, d.Fence, chat.Submission{Outcome: chat.OutcomeAccepted, ProviderMessageID: "SM1", Carrier: chat.CarrierQueued}, time.Now())
		require.NoError(t, err)
		require.Equal(t, chat.SubmissionAccepted, d.Submission)
		ms, err := s.Messages(t.Context(), w.Workspace, w.SMS.ID, chat.MessagePage{Page: chat.Page{Limit: 10}})
		require.NoError(t, err)
		require.Len(t, ms.Items, 2)
		require.Equal(t, "It's on its way? {a:?}", ms.Items[0].Content)
		require.Equal(t, chat.MessageSent, ms.Items[0].State)
	})
}
