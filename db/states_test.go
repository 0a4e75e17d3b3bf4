package db_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func TestEveryStateIsReached(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		answered := func(o chat.SubmissionOutcome) func(*chat.Delivery) {
			return func(d *chat.Delivery) {
				claimed := w.Claim(t, s, d.ID, clock.now)
				recordSubmission(t, s, w, &claimed, chat.Submission{Outcome: o}, clock.now)
			}
		}

		decided := func(v chat.Verdict) func(*chat.Delivery) {
			return func(d *chat.Delivery) {
				if v != chat.VerdictCancel {
					answered(chat.OutcomeUnknown)(d)
				}

				_, _, err := decideDelivery(t, s, w, d.ID, v, clock.now)
				require.NoError(t, err)
			}
		}

		for state, bring := range map[chat.SubmissionState]func(*chat.Delivery){
			chat.SubmissionPending:       func(*chat.Delivery) {},
			chat.SubmissionSending:       func(d *chat.Delivery) { w.Claim(t, s, d.ID, clock.now) },
			chat.SubmissionAccepted:      answered(chat.OutcomeAccepted),
			chat.SubmissionRejected:      answered(chat.OutcomeRejected),
			chat.SubmissionBlocked:       answered(chat.OutcomeBlocked),
			chat.SubmissionSuppressed:    answered(chat.OutcomeSuppressed),
			chat.SubmissionUnknown:       answered(chat.OutcomeUnknown),
			chat.SubmissionCanceled:      decided(chat.VerdictCancel),
			chat.SubmissionConfirmedSent: decided(chat.VerdictSent),
			chat.SubmissionAbandoned:     decided(chat.VerdictNotSent),
			chat.SubmissionNeedsReview: func(d *chat.Delivery) {
				claimed := w.Claim(t, s, d.ID, clock.now)
				leadToReview(t, s, w, &claimed, clock.now)
			},
			chat.SubmissionExpired: func(d *chat.Delivery) {
				answered(chat.OutcomeUnknown)(d)
				_, err := s.SettleUnknown(t.Context(), w.Workspace, d.ID, clock.now)
				require.NoError(t, err)
			},
		} {
			policy := chat.AtMostOnce
			if state == chat.SubmissionExpired {
				policy = chat.ExpireUnknown
			}

			clock.forward(evidenceHold) // they have the same text

			ids := dbtest.SendIDs()
			m := &machine{sender: "phone:" + string(ids.DeliveryID)}
			_, err := s.PrepareSend(
				t.Context(),
				w.Send(w.SMS.ID, "hi"),
				ids,
				func(f *chat.SendFacts) (chat.SendPlan, error) {
					return m.plan("+1"+string(state), policy)(f, nil) // an address of its own: one is suppressed
				},
			)
			require.NoError(t, err)
			bring(&chat.Delivery{ID: ids.DeliveryID})
			d, err := s.FindDelivery(t.Context(), w.Workspace, ids.DeliveryID)
			require.NoError(t, err)
			assert.Equal(t, state, d.Submission)
		}
	})
}
