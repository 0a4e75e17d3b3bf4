package chaos

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// deliveredRow is a delivery as it should end.
func deliveredRow(edits ...func(*row)) row {
	r := row{marker: "chaos-000000", submission: chat.SubmissionAccepted, status: chat.StatusDelivered}
	for _, edit := range edits {
		edit(&r)
	}

	return r
}

func rowIn(state chat.SubmissionState, code string) row {
	return row{marker: "chaos-000000", submission: state, errorCode: code}
}

func TestEverySendHasOneVerdict(t *testing.T) {
	t.Parallel()

	flagged := func(r *row) { r.duplicate = true }
	for name, c := range map[string]struct {
		told     told
		rows     []row
		received int
		want     verdict
	}{
		"accepted":          {toldAccepted, []row{deliveredRow()}, 1, acceptedAtOnce},
		"accepted later":    {toldPending, []row{deliveredRow()}, 1, acceptedLater},
		"unknown and found": {toldUnknown, []row{deliveredRow()}, 1, foundLater},
		"a person says that it was sent": {
			toldUnknown,
			[]row{rowIn(chat.SubmissionConfirmedSent, "")},
			1,
			foundLater,
		},
		"undelivered is the provider's word": {
			toldAccepted,
			[]row{deliveredRow(func(r *row) { r.status = chat.StatusUndelivered })},
			1,
			acceptedAtOnce,
		},
		"refused before anything was kept": {toldRefused, nil, 0, notSentAndTold},
		"refused by the provider": {
			toldFailed,
			[]row{rowIn(chat.SubmissionRejected, "twilio_21614")},
			0,
			notSentAndTold,
		},
		"refused by the provider, later": {
			toldPending,
			[]row{rowIn(chat.SubmissionRejected, "twilio_21614")},
			0,
			endedLater,
		},
		"suppressed while it waited": {
			toldPending,
			[]row{rowIn(chat.SubmissionSuppressed, chat.ErrorOptedOut)},
			0,
			endedLater,
		},
		"held, and the provider has it": {
			toldUnknown,
			[]row{rowIn(chat.SubmissionNeedsReview, "timeout")},
			1,
			heldReceived,
		},
		"held, and nobody has it": {
			toldUnknown,
			[]row{rowIn(chat.SubmissionNeedsReview, "timeout")},
			0,
			heldNotReceived,
		},
		"tries exhausted": {
			toldPending,
			[]row{rowIn(chat.SubmissionPending, chat.ErrorTriesExhausted)},
			0,
			heldNotReceived,
		},
		"blocked": {
			toldPending,
			[]row{rowIn(chat.SubmissionBlocked, "twilio_20003")},
			0,
			heldNotReceived,
		},
		"twice, and flagged": {toldAccepted, []row{deliveredRow(flagged)}, 2, acceptedAtOnce},

		"told accepted, and nobody has it":  {toldAccepted, []row{deliveredRow()}, 0, lost},
		"stored as accepted, nobody has it": {toldPending, []row{deliveredRow()}, 0, lost},
		"promised, and not stored":          {toldPending, nil, 0, lost},
		"told accepted, then rejected": {
			toldAccepted,
			[]row{rowIn(chat.SubmissionRejected, "twilio_21614")},
			0,
			lost,
		},
		"ended, and nothing says why": {toldPending, []row{rowIn(chat.SubmissionCanceled, "")}, 0, lost},
		"twice, and not flagged":      {toldAccepted, []row{deliveredRow()}, 2, sentTwice},
		"two deliveries for one request": {
			toldAccepted,
			[]row{deliveredRow(), rowIn(chat.SubmissionRejected, "x")},
			1,
			sentTwice,
		},
		"told failed, and received": {
			toldFailed,
			[]row{rowIn(chat.SubmissionRejected, "twilio_21614")},
			1,
			denied,
		},
		"told refused, and accepted":        {toldRefused, []row{deliveredRow()}, 1, denied},
		"refused and not stored, yet there": {toldRefused, nil, 1, denied},
		"ended later, and received": {
			toldPending,
			[]row{rowIn(chat.SubmissionExpired, chat.ErrorExpired)},
			1,
			denied,
		},
		"nobody answered":                  {toldNothing, nil, 0, unsettled},
		"nobody answered, and it was sent": {toldNothing, []row{deliveredRow()}, 1, unsettled},
		"still being sent":                 {toldPending, []row{rowIn(chat.SubmissionSending, "")}, 0, unsettled},
		"still unknown": {
			toldUnknown,
			[]row{rowIn(chat.SubmissionUnknown, "timeout")},
			1,
			unsettled,
		},
		"still to be tried": {
			toldPending,
			[]row{rowIn(chat.SubmissionPending, "twilio_429")},
			0,
			unsettled,
		},
		"accepted, and no word of the end": {
			toldAccepted,
			[]row{deliveredRow(func(r *row) { r.status = chat.StatusSent })},
			1,
			unsettled,
		},
		"accepted, and the end never awaited": {
			toldAccepted,
			[]row{deliveredRow(func(r *row) { r.status = chat.StatusNone })},
			1,
			unsettled,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			a := answer{marker: "chaos-000000", told: c.told}
			assert.Equal(t, c.want, classifySend(a, c.rows, c.received))
			o := compareSends([]answer{a}, c.rows, map[string]int{a.marker: c.received})
			assert.Equal(t, map[verdict]int{c.want: 1}, o.Verdicts)
			assert.Equal(t, !c.want.failure(), o.Passed())
			assert.Equal(t, c.want.failure(), len(o.Findings) == 1)
		})
	}
}

// Whatever the three truths are, the verdict is one that is shown.
func TestEveryCombinationIsJudged(t *testing.T) {
	t.Parallel()

	shown := map[verdict]bool{}
	for _, l := range verdictLabels() {
		shown[verdict(l[0])] = true
	}

	for _, told := range []told{toldAccepted, toldPending, toldUnknown, toldFailed, toldRefused, toldNothing} {
		for _, submission := range chat.SubmissionStates() {
			for _, status := range chat.DeliveryStatuses() {
				for received := range 3 {
					v := classifySend(
						answer{told: told},
						[]row{{submission: submission, status: status, errorCode: "why"}},
						received,
					)

					assert.True(t, shown[v], "%s %s %s %d: %q", told, submission, status, received, v)
				}
			}
		}
	}
}

func TestWhatIsPromisedAndNotStoredYetIsOpen(t *testing.T) {
	t.Parallel()

	answers := []answer{
		{marker: "a", told: toldAccepted},
		{marker: "b", told: toldPending},
		{marker: "c", told: toldRefused},
		{marker: "d", told: toldNothing},
		{marker: "e", told: toldUnknown},
	}

	answers = append(answers, answer{
		marker: "f",
		told:   toldPending,
		code:   "recipient_opted_out",
		later:  true,
	})

	assert.Equal(t, endedLater, classifySend(answers[5], nil, 0))
	assert.Equal(t, denied, classifySend(answers[5], nil, 1))

	rows := []row{
		{marker: "a", submission: chat.SubmissionAccepted, status: chat.StatusSent},
		{marker: "e", submission: chat.SubmissionNeedsReview},
	}

	assert.Equal(
		t,
		2,
		countOpen(answers, rows),
		"a has no final status, b has no row, f was refused when it was asked again",
	)
}

func TestDuplicatesAndReceiptsAreCounted(t *testing.T) {
	t.Parallel()

	rows := []row{
		{
			marker:     "a",
			submission: chat.SubmissionAccepted,
			status:     chat.StatusDelivered,
			duplicate:  true,
		},
		{
			marker:     "b",
			submission: chat.SubmissionAccepted,
			status:     chat.StatusBounced,
			duplicate:  true,
		},
		{marker: "c", submission: chat.SubmissionAccepted, status: chat.StatusUnconfirmed},
		{marker: "d", submission: chat.SubmissionNeedsReview},
	}

	o := compareSends(nil, rows, map[string]int{"a": 2, "b": 1, "c": 1})
	assert.Equal(t, Outcome{
		Verdicts:          map[verdict]int{},
		Refusals:          map[string]int{},
		Accepted:          3,
		Receipts:          2,
		Undelivered:       1,
		Unconfirmed:       1,
		DuplicatesFlagged: 1,
		FalseAlarms:       1,
	}, o)

	assert.False(t, o.Passed(), "a run without a send has shown nothing")
}
