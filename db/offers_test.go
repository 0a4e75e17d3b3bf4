package db_test

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// decideDelivery is a person's word on the delivery.
func (l *life) decideDelivery(v chat.Verdict) error {
	l.t.Helper()
	_, _, err := decideDelivery(l.t, l.s, l.w, l.id, v, l.clock.now)

	return err
}

// report is the provider's word on what it accepted.
func (l *life) report(status chat.DeliveryStatus) {
	l.t.Helper()

	require.NoError(l.t, errorOf(l.s.RecordReport(l.t.Context(), chat.Report{
		Provider:          chat.ProviderTwilio,
		DeliveryID:        l.id,
		Fence:             1,
		DeliveryStatus:    status,
		Accepts:           true,
		ProviderMessageID: "SM-" + string(l.id),
		Key:               string(l.id) + string(status),
	}, l.clock.now)))
}

// settle ends the search for evidence of what may have been sent.
func (l *life) settle() {
	l.t.Helper()
	l.post(chat.Submission{Outcome: chat.OutcomeUnknown})
	require.NoError(l.t, errorOf(l.s.SettleUnknown(l.t.Context(), l.w.Workspace, l.id, l.clock.now)))
}

// ends are points of a send's life at which no claim of it is wanted any more.
var ends = map[string]func(*life){
	"with the provider": func(l *life) { require.True(l.t, l.claim().Granted) },
	"may have left":     func(l *life) { l.post(chat.Submission{Outcome: chat.OutcomeUnknown}) },
	"in review":         (*life).settle,
	"refused":           func(l *life) { l.post(chat.Submission{Outcome: chat.OutcomeRejected, ErrorCode: "twilio_21211"}) },
	"suppressed":        func(l *life) { l.post(chat.Submission{Outcome: chat.OutcomeSuppressed}) },
	"accepted":          func(l *life) { l.post(chat.Submission{Outcome: chat.OutcomeAccepted}) },
	"delivered": func(l *life) {
		l.post(chat.Submission{Outcome: chat.OutcomeAccepted})
		l.report(chat.StatusDelivered)
	},
	"undelivered": func(l *life) {
		l.post(chat.Submission{Outcome: chat.OutcomeAccepted})
		l.report(chat.StatusUndelivered)
	},
	"without a receipt": func(l *life) {
		l.post(chat.Submission{Outcome: chat.OutcomeAccepted})
		require.NoError(l.t, errorOf(l.s.MarkUnconfirmed(
			l.t.Context(),
			unconfirmed(l.w.Workspace, l.id),
			l.clock.now,
		)))
	},
	"exhausted": func(l *life) {
		l.post(chat.Submission{Outcome: chat.OutcomeNotProcessed})
		require.NoError(l.t, errorOf(l.s.MarkExhausted(l.t.Context(), l.w.Workspace, l.id, l.clock.now)))
	},
	"without its workflow": func(l *life) {
		require.NoError(l.t, errorOf(l.s.OrphanDelivery(l.t.Context(), l.w.Workspace, l.id, l.clock.now)))
	},
	"canceled": func(l *life) { require.NoError(l.t, l.decideDelivery(chat.VerdictCancel)) },
	"confirmed": func(l *life) {
		l.settle()
		require.NoError(l.t, l.decideDelivery(chat.VerdictSent))
	},
	"abandoned": func(l *life) {
		l.settle()
		require.NoError(l.t, l.decideDelivery(chat.VerdictNotSent))
	},
	"tried again": func(l *life) {
		l.post(chat.Submission{Outcome: chat.OutcomeRejected})
		require.NoError(l.t, errorOf(prepareRetry(l.t, l.s, l.w.Retry(l.id, chat.Change{}))))
	},
}

// allPoints are those at which a claim is still wanted, and the others.
func allPoints() map[string]func(*life) {
	all := maps.Clone(points)
	maps.Copy(all, ends)

	return all
}

// commandTries are the commands on a delivery, as they are tried.
var commandTries = map[chat.Verdict]func(*life) error{
	chat.VerdictCancel:  func(l *life) error { return l.decideDelivery(chat.VerdictCancel) },
	chat.VerdictSent:    func(l *life) error { return l.decideDelivery(chat.VerdictSent) },
	chat.VerdictNotSent: func(l *life) error { return l.decideDelivery(chat.VerdictNotSent) },
	chat.VerdictRetry:   (*life).decideRetry,
}

// curedByChange are the refusals after which a retry is offered all the same, since one to another address, or
// through another sender, may be accepted.
var curedByChange = []chat.Code{
	chat.CodeNoPhone,
	chat.CodeNoEmail,
	chat.CodeSenderNotConfigured,
	chat.CodeSenderNotFound,
}

// namesEnd finds in a sentence when a wait ends: a time, what ends it, or whose decision it needs.
var namesEnd = regexp.MustCompile(`until \d{4}-|from \d{2}:\d{2}| [Ww]hen |A person|by itself`)

// requireEnd holds the sentence of a wait to its end.
func requireEnd(t *testing.T, s chat.Standing, what string) {
	t.Helper()

	if s.WaitingFor != chat.WaitingNothing {
		require.Regexp(t, namesEnd, s.Explanation, what)
	}
}

// TestWhatIsOfferedIsAcceptedAndNothingElse brings deliveries to each point of their life, and changes each thing that
// may forbid a retry: a command is accepted if the delivery offered it, and refused if it did not. The sentence of each
// wait names its end.
func TestWhatIsOfferedIsAcceptedAndNothingElse(t *testing.T) {
	t.Parallel()

	all := allPoints()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		for _, point := range sortedKeys(all) {
			for _, changed := range sortedKeys(changes) {
				lead := func() *life {
					l := newLife(t, s)
					l.id = l.w.Prepare(t, s, l.chat, "hi").DeliveryID
					all[point](l)
					changes[changed].do(l)

					return l
				}

				requireOffersHold(t, lead, point+", then "+changed)
			}
		}
	})
}

// requireOffersHold tries what is not offered, which changes nothing, on one delivery, and each offer on one of its own.
func requireOffersHold(t *testing.T, lead func() *life, what string) {
	t.Helper()

	l := lead()
	d, err := l.s.Delivery(t.Context(), l.w.Workspace, l.id)
	require.NoError(t, err)

	requireEnd(t, d.Standing(), what)

	offers := d.Commands()

	for verdict, try := range commandTries {
		if slices.Contains(offers, verdict) {
			continue
		}

		err := try(l)
		require.Error(t, err, "%s: %s of what is told as: %s", what, verdict, d.Explain())
		assert.NotEqual(t, chat.CodeInternal, chat.CodeOf(err), "%s: %s", what, verdict)
	}

	for i, verdict := range offers {
		if i > 0 {
			l = lead()
		}

		if err := commandTries[verdict](l); !slices.Contains(curedByChange, chat.CodeOf(err)) {
			require.NoError(t, err, "%s: %s of what is told as: %s", what, verdict, d.Explain())
		}
	}
}
