package db_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// offersRetry finds in a sentence that a retry which changes nothing is offered.
var offersRetry = regexp.MustCompile(`(?i)retry it[,.]|retry or cancel it|can be retried\.|then retry\.`)

// TestListsOfferOnlyWhatIsAccepted brings a delivery to a point of its life and changes what may forbid a retry, beside
// another delivery of another chat: the lists say of both what is said of each alone, and a retry that a sentence
// offers is accepted.
func TestListsOfferOnlyWhatIsAccepted(t *testing.T) {
	t.Parallel()

	all := allPoints()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		rapid.Check(t, func(r *rapid.T) {
			l := newLife(t, s)
			l.id = l.w.Prepare(t, s, l.w.Email.ID, "hi").DeliveryID
			l.post(chat.Submission{Outcome: chat.OutcomeRejected})

			l.id = l.w.Prepare(t, s, l.chat, "hi").DeliveryID
			point := rapid.SampledFrom(sortedKeys(all)).Draw(r, "point")
			all[point](l)

			changed := rapid.SampledFrom(sortedKeys(changes)).Draw(r, "change")
			changes[changed].do(l)

			listed := l.list()
			what := point + ", then " + changed + ": " + listed[l.id]

			for id, sentence := range listed {
				shown, err := s.Delivery(t.Context(), l.w.Workspace, id)
				require.NoError(t, err)
				require.Equal(t, shown.Explain(), sentence, point+", then "+changed)
			}

			if !offersRetry.MatchString(listed[l.id]) || strings.Contains(listed[l.id], "cannot be tried again") {
				return
			}

			err := l.decideRetry()
			require.True(t, err == nil || slices.Contains(curedByChange, chat.CodeOf(err)), "%s: %v", what, err)
		})
	})
}

// list returns what the list of deliveries says of each, which that of the actions repeats.
func (l *life) list() map[chat.DeliveryID]string {
	l.t.Helper()

	page := chat.Page{Limit: 100}

	deliveries, err := l.s.Deliveries(l.t.Context(), l.w.Workspace, chat.DeliveryFilter{Page: page})
	require.NoError(l.t, err)

	said := map[chat.DeliveryID]string{}
	for i := range deliveries.Items {
		said[deliveries.Items[i].ID] = deliveries.Items[i].Explain()
	}

	actions, err := l.s.Actions(l.t.Context(), l.w.Workspace, chat.ActionFilter{Page: page})
	require.NoError(l.t, err)

	for i := range actions.Items {
		if d := actions.Items[i].Delivery; d != nil {
			require.Equal(l.t, said[d.ID], d.Explain())
		}
	}

	return said
}

// decideRetry tries a retry that changes nothing.
func (l *life) decideRetry() error {
	l.t.Helper()

	return errorOf(prepareRetry(l.t, l.s, l.w.Retry(l.id, chat.Change{})))
}
