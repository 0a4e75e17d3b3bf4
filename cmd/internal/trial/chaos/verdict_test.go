package chaos

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
		"its workflow was ended in Temporal": {
			toldPending,
			[]row{rowIn(chat.SubmissionPending, chat.ErrorWorkflowGone)},
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

			e := evidence{
				answer: answer{marker: "chaos-000000", told: c.told},
				rows:   c.rows,
				copies: make([]received, c.received),
			}
			assert.Equal(t, c.want, classifySend(&e))
			o := compareSends([]evidence{e})
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
				for copies := range 3 {
					v := classifySend(&evidence{
						answer: answer{told: told},
						rows:   []row{{submission: submission, status: status, errorCode: "why"}},
						copies: make([]received, copies),
					})

					assert.True(t, shown[v], "%s %s %s %d: %q", told, submission, status, copies, v)
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

	waiting := answer{marker: "g", told: toldPending, running: true}
	assert.Equal(t, unsettled, classifySend(&evidence{answer: waiting}), "its action still runs")
	assert.Equal(t, lost, classifySend(&evidence{answer: waiting, copies: make([]received, 1)}), "and nobody knows why it is there")

	assert.Equal(t, endedLater, classifySend(&evidence{answer: answers[5]}))
	assert.Equal(t, denied, classifySend(&evidence{answer: answers[5], copies: make([]received, 1)}))

	rows := []row{
		{marker: "a", workflow: "action:a", submission: chat.SubmissionAccepted, status: chat.StatusSent},
		{marker: "e", submission: chat.SubmissionNeedsReview},
	}

	assert.Equal(
		t,
		2,
		countOpen(answers, rows, nil),
		"a has no final status, b has no row, f was refused when it was asked again",
	)

	assert.Equal(t, 1, countOpen(answers, rows, map[string]bool{"action:a": true}), "nobody follows a")
}

func TestDuplicatesAndReceiptsAreCounted(t *testing.T) {
	t.Parallel()

	one := func(status chat.DeliveryStatus, duplicate bool, copies int) evidence {
		return evidence{
			answer: answer{told: toldAccepted},
			rows: []row{{
				submission: chat.SubmissionAccepted,
				status:     status,
				duplicate:  duplicate,
			}},
			copies: make([]received, copies),
		}
	}

	o := compareSends([]evidence{
		one(chat.StatusDelivered, true, 2),
		one(chat.StatusBounced, true, 1),
		one(chat.StatusUnconfirmed, false, 1),
		{
			answer: answer{told: toldUnknown},
			rows:   []row{{submission: chat.SubmissionNeedsReview}},
		},
	})

	assert.Equal(t, Outcome{
		Requested:         4,
		Verdicts:          map[verdict]int{acceptedAtOnce: 3, heldNotReceived: 1},
		Refusals:          map[string]int{},
		Accepted:          3,
		Receipts:          2,
		Undelivered:       1,
		Unconfirmed:       1,
		DuplicatesFlagged: 1,
		FalseAlarms:       1,
	}, o)

	none := compareSends(nil)
	assert.False(t, none.Passed(), "a run without a send has shown nothing")
}

func TestADuplicateThatNoAPIShowsIsCountedApart(t *testing.T) {
	t.Parallel()

	answered := received{id: "SM1"}
	dark := received{id: "SM2", hidden: true, silent: true}

	for name, c := range map[string]struct {
		copies    []received
		duplicate bool
		want      verdict
	}{
		"the second is never shown":                  {copies: []received{answered, dark}, want: twiceUnknowable},
		"it is hidden, and reported on":              {copies: []received{answered, {id: "SM2", hidden: true}}, want: sentTwice},
		"it is silent, and listed":                   {copies: []received{answered, {id: "SM2", silent: true}}, want: sentTwice},
		"both are dark, and one was answered":        {copies: []received{{id: "SM1", hidden: true, silent: true}, dark}, want: twiceUnknowable},
		"a third one can be known":                   {copies: []received{answered, dark, {id: "SM3"}}, want: sentTwice},
		"it was flagged all the same":                {copies: []received{answered, dark}, duplicate: true, want: acceptedAtOnce},
		"both are dark, and neither answer is known": {copies: []received{{id: "SM3", hidden: true, silent: true}, dark}, want: twiceUnknowable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			r := deliveredRow(func(r *row) {
				r.providerID = "SM1"
				r.duplicate = c.duplicate
			})
			e := evidence{answer: answer{told: toldAccepted}, rows: []row{r}, copies: c.copies}
			assert.Equal(t, c.want, classifySend(&e))

			o := compareSends([]evidence{e})
			assert.Equal(t, c.want != sentTwice, o.Passed())

			if c.want == twiceUnknowable {
				require.Len(t, o.Findings, 1, "with what is known of it")
				assert.Contains(t, o.Findings[0].Copies, "SM2 hidden silent")
			}
		})
	}
}

func TestAPostAfterTheStopIsFound(t *testing.T) {
	t.Parallel()

	stop := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	at := func(seconds float64) time.Time { return stop.Add(time.Duration(seconds * float64(time.Second))) }
	in := []refusal{{from: stop, until: at(5)}}

	for name, c := range map[string]struct {
		started, finished float64
		want              verdict
	}{
		"it began and ended in between":                  {1, 2, sentAfterStop},
		"it began before":                                {-1, 2, acceptedAtOnce},
		"it began with it":                               {0.05, 2, acceptedAtOnce},
		"it ended when messages could come again":        {4, 6, acceptedAtOnce},
		"it began when messages could come again":        {6, 7, acceptedAtOnce},
		"it ended before the customer had said anything": {-3, -2, acceptedAtOnce},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			r := deliveredRow(func(r *row) { r.attempts = []attempt{{started: at(c.started), finished: at(c.finished)}} })
			e := evidence{
				answer:   answer{told: toldAccepted},
				rows:     []row{r},
				copies:   make([]received, 1),
				refusals: in,
			}
			assert.Equal(t, c.want, classifySend(&e))
		})
	}

	unknown := deliveredRow(func(r *row) { r.attempts = []attempt{{started: at(1)}} })
	assert.Equal(
		t,
		acceptedAtOnce,
		classifySend(&evidence{
			answer:   answer{told: toldAccepted},
			rows:     []row{unknown},
			copies:   make([]received, 1),
			refusals: in,
		}),
		"nobody knows when it ended",
	)
}

func TestAWorkflowThatTheRunHasEnded(t *testing.T) {
	t.Parallel()

	accepted := deliveredRow(func(r *row) { r.status = chat.StatusSent })
	e := evidence{
		answer: answer{told: toldAccepted},
		rows:   []row{accepted},
		copies: make([]received, 1),
		ended:  true,
	}
	assert.Equal(t, notFollowed, classifySend(&e))

	e.copies = nil
	assert.Equal(t, unsettled, classifySend(&e), "nobody has it")

	e.rows = []row{rowIn(chat.SubmissionUnknown, "timeout")}
	assert.Equal(t, unsettled, classifySend(&e), "a sweep must hand it to a person")
}

func TestASendThatAPersonHasTriedAgain(t *testing.T) {
	t.Parallel()

	first := func(edits ...func(*row)) row {
		return deliveredRow(append([]func(*row){func(r *row) {
			r.delivery = "d1"
			r.status = chat.StatusUndelivered
		}}, edits...)...)
	}
	again := func(edits ...func(*row)) row {
		return deliveredRow(append([]func(*row){func(r *row) {
			r.delivery = "d2"
			r.retryOf = "d1"
		}}, edits...)...)
	}
	flagged := func(r *row) { r.duplicate = true }
	inState := func(state chat.SubmissionState, code string) func(*row) {
		return func(r *row) {
			r.submission = state
			r.status = chat.StatusNone
			r.errorCode = code
		}
	}

	one := received{delivery: "d1", id: "SM1"}
	failed := received{delivery: "d1", id: "SM1", undelivered: true}
	two := received{delivery: "d2", id: "SM2"}
	dark := received{
		delivery: "d1",
		id:       "SM1",
		hidden:   true,
		silent:   true,
	}

	for name, c := range map[string]struct {
		rows   []row
		copies []received
		want   verdict
	}{
		"the first did not arrive":             {[]row{first(), again()}, []received{failed, two}, retried},
		"it arrived after all, and is flagged": {[]row{first(flagged), again()}, []received{one, two}, retried},
		"it arrived after all, and is not":     {[]row{first(), again()}, []received{one, two}, sentTwice},
		"it was never taken":                   {[]row{first(inState(chat.SubmissionNeedsReview, "timeout")), again()}, []received{two}, retried},
		"it was taken, and nothing shows it":   {[]row{first(inState(chat.SubmissionNeedsReview, "timeout")), again()}, []received{dark, two}, twiceUnknowable},
		"the retry is refused":                 {[]row{first(), again(inState(chat.SubmissionRejected, "twilio_21614"))}, []received{failed}, endedLater},
		"the retry is refused, yet received":   {[]row{first(), again(inState(chat.SubmissionRejected, "twilio_21614"))}, []received{failed, two}, denied},
		"it arrived, and the retry is canceled": {
			[]row{first(func(r *row) { r.status = chat.StatusDelivered }), again(inState(chat.SubmissionCanceled, "why"))},
			[]received{one},
			retried,
		},
		"the retry waits for a person":            {[]row{first(), again(inState(chat.SubmissionNeedsReview, "timeout"))}, []received{failed}, heldNotReceived},
		"it waits for one, and is there":          {[]row{first(), again(inState(chat.SubmissionNeedsReview, "timeout"))}, []received{failed, two}, heldReceived},
		"the retry counts the first as its own":   {[]row{first(), again()}, []received{failed}, lost},
		"the retry goes on":                       {[]row{first(), again(inState(chat.SubmissionUnknown, "timeout"))}, []received{failed}, unsettled},
		"the retry ended, and nothing says why":   {[]row{first(), again(inState(chat.SubmissionCanceled, ""))}, []received{failed}, lost},
		"there is a third one that nobody wanted": {[]row{first(), first(), again()}, []received{failed, two}, sentTwice},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			e := evidence{answer: answer{told: toldUnknown}, rows: c.rows, copies: c.copies}
			assert.Equal(t, c.want, classifySend(&e))
		})
	}
}
