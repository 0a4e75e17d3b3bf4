package chaos

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// delivered is a delivery as it should end.
func delivered(edits ...func(*row)) row {
	r := row{marker: "chaos-000000", submission: chat.SubmissionAccepted, carrier: chat.StatusDelivered}
	for _, edit := range edits {
		edit(&r)
	}

	return r
}

func in(state chat.SubmissionState, code string) row {
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
		"accepted":                           {toldAccepted, []row{delivered()}, 1, acceptedAtOnce},
		"accepted later":                     {toldPending, []row{delivered()}, 1, acceptedLater},
		"unknown and found":                  {toldUnknown, []row{delivered()}, 1, foundLater},
		"a person says that it was sent":     {toldUnknown, []row{in(chat.SubmissionConfirmedSent, "")}, 1, foundLater},
		"undelivered is the provider's word": {toldAccepted, []row{delivered(func(r *row) { r.carrier = chat.StatusUndelivered })}, 1, acceptedAtOnce},
		"refused before anything was kept":   {toldRefused, nil, 0, notSentAndTold},
		"refused by the carrier":             {toldFailed, []row{in(chat.SubmissionRejected, "twilio_21614")}, 0, notSentAndTold},
		"refused by the provider, later":     {toldPending, []row{in(chat.SubmissionRejected, "twilio_21614")}, 0, endedLater},
		"suppressed while it waited":         {toldPending, []row{in(chat.SubmissionSuppressed, chat.ErrorOptedOut)}, 0, endedLater},
		"parked, and the provider has it":    {toldUnknown, []row{in(chat.SubmissionNeedsReview, "timeout")}, 1, parkedReceived},
		"parked, and nobody has it":          {toldUnknown, []row{in(chat.SubmissionNeedsReview, "timeout")}, 0, parkedNotReceived},
		"tries exhausted":                    {toldPending, []row{in(chat.SubmissionPending, chat.ErrorTriesExhausted)}, 0, parkedNotReceived},
		"blocked":                            {toldPending, []row{in(chat.SubmissionBlocked, "twilio_20003")}, 0, parkedNotReceived},
		"twice, and flagged":                 {toldAccepted, []row{delivered(flagged)}, 2, acceptedAtOnce},

		"told accepted, and nobody has it":    {toldAccepted, []row{delivered()}, 0, lost},
		"stored as accepted, nobody has it":   {toldPending, []row{delivered()}, 0, lost},
		"promised, and not stored":            {toldPending, nil, 0, lost},
		"told accepted, then rejected":        {toldAccepted, []row{in(chat.SubmissionRejected, "twilio_21614")}, 0, lost},
		"ended, and nothing says why":         {toldPending, []row{in(chat.SubmissionCanceled, "")}, 0, lost},
		"twice, and not flagged":              {toldAccepted, []row{delivered()}, 2, sentTwice},
		"two deliveries for one request":      {toldAccepted, []row{delivered(), in(chat.SubmissionRejected, "x")}, 1, sentTwice},
		"told failed, and received":           {toldFailed, []row{in(chat.SubmissionRejected, "twilio_21614")}, 1, denied},
		"told refused, and accepted":          {toldRefused, []row{delivered()}, 1, denied},
		"refused and not stored, yet there":   {toldRefused, nil, 1, denied},
		"ended later, and received":           {toldPending, []row{in(chat.SubmissionExpired, chat.ErrorExpired)}, 1, denied},
		"nobody answered":                     {toldNothing, nil, 0, unsettled},
		"nobody answered, and it was sent":    {toldNothing, []row{delivered()}, 1, unsettled},
		"still being sent":                    {toldPending, []row{in(chat.SubmissionSending, "")}, 0, unsettled},
		"still unknown":                       {toldUnknown, []row{in(chat.SubmissionUnknown, "timeout")}, 1, unsettled},
		"still to be tried":                   {toldPending, []row{in(chat.SubmissionPending, "twilio_429")}, 0, unsettled},
		"accepted, and no word of the end":    {toldAccepted, []row{delivered(func(r *row) { r.carrier = chat.StatusSent })}, 1, unsettled},
		"accepted, and the end never awaited": {toldAccepted, []row{delivered(func(r *row) { r.carrier = chat.StatusNone })}, 1, unsettled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			a := answer{marker: "chaos-000000", told: c.told}
			assert.Equal(t, c.want, judge(a, c.rows, c.received))
			o := compare([]answer{a}, c.rows, map[string]int{a.marker: c.received})
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
	for _, l := range labels() {
		shown[verdict(l[0])] = true
	}

	for _, told := range []told{toldAccepted, toldPending, toldUnknown, toldFailed, toldRefused, toldNothing} {
		for _, submission := range chat.SubmissionStates() {
			for _, carrier := range chat.DeliveryStatuses() {
				for received := range 3 {
					v := judge(
						answer{told: told},
						[]row{{submission: submission, carrier: carrier, errorCode: "why"}},
						received,
					)

					assert.True(t, shown[v], "%s %s %s %d: %q", told, submission, carrier, received, v)
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

	assert.Equal(t, endedLater, judge(answers[5], nil, 0))
	assert.Equal(t, denied, judge(answers[5], nil, 1))

	rows := []row{
		{marker: "a", submission: chat.SubmissionAccepted, carrier: chat.StatusSent},
		{marker: "e", submission: chat.SubmissionNeedsReview},
	}

	assert.Equal(t, 2, open(answers, rows), "a has no final word, b has no row, f was refused when it was asked again")
}

func TestDuplicatesAndReceiptsAreCounted(t *testing.T) {
	t.Parallel()

	rows := []row{
		{
			marker:     "a",
			submission: chat.SubmissionAccepted,
			carrier:    chat.StatusDelivered,
			duplicate:  true,
		},
		{
			marker:     "b",
			submission: chat.SubmissionAccepted,
			carrier:    chat.StatusBounced,
			duplicate:  true,
		},
		{marker: "c", submission: chat.SubmissionAccepted, carrier: chat.StatusUnconfirmed},
		{marker: "d", submission: chat.SubmissionNeedsReview},
	}

	o := compare(nil, rows, map[string]int{"a": 2, "b": 1, "c": 1})
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
