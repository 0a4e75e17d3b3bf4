package chat_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/chat"
)

var (
	taken  = chat.RetryOutcome{Status: "accepted"}
	optOut = chat.RetryOutcome{Status: "suppressed", ErrorCode: "twilio_21610"}
	landed = chat.RetryOutcome{Status: "undelivered", ErrorCode: "twilio_30003"}
)

// manyOutcomes repeats outcomes.
func manyOutcomes(counts map[chat.RetryOutcome]int) []chat.RetryOutcome {
	var all []chat.RetryOutcome

	for outcome, n := range counts {
		all = append(all, slices.Repeat([]chat.RetryOutcome{outcome}, n)...)
	}

	return all
}

func TestWhatAnOutcomeSaysAboutItsRun(t *testing.T) {
	t.Parallel()

	for outcome, want := range map[chat.RetryOutcome]chat.AttemptResult{
		{Status: "accepted"}:       chat.AttemptTaken,
		{Status: "confirmed_sent"}: chat.AttemptTaken,
		{Status: "delivered"}:      chat.AttemptTaken,
		{Status: "read"}:           chat.AttemptTaken,
		{Status: "unconfirmed"}:    chat.AttemptTaken,
		{Status: "rejected"}:       chat.AttemptFailed,
		{Status: "blocked"}:        chat.AttemptFailed,
		{Status: "suppressed"}:     chat.AttemptFailed,
		{Status: "expired"}:        chat.AttemptFailed,
		{Status: "needs_review"}:   chat.AttemptFailed,
		{Status: "undelivered"}:    chat.AttemptFailed,
		{Status: "bounced"}:        chat.AttemptFailed,
		{Status: "failed"}:         chat.AttemptFailed,
		{Status: "pending"}:        chat.AttemptOpen,
		{Status: "sending"}:        chat.AttemptOpen,
		{Status: "unknown"}:        chat.AttemptOpen,
		{Status: "canceled"}:       chat.AttemptNone,
		{Status: "abandoned"}:      chat.AttemptNone,
		{Status: "pending", ErrorCode: chat.ErrorTriesExhausted}: chat.AttemptFailed,
	} {
		assert.Equal(t, want, outcome.Result(), outcome)
	}

	open, ended := chat.StatusesWithoutOutcome()
	assert.Equal(t, []string{"pending", "sending", "unknown"}, open)
	assert.Equal(t, []string{"abandoned", "canceled"}, ended)
}

func TestABulkRetryPausesWhenTooManyOfTheLastFail(t *testing.T) {
	t.Parallel()

	const meaning = "Twilio 21610, the recipient has opted out of messages from this sender"

	for name, tt := range map[string]struct {
		limit    chat.FailureLimit
		outcomes map[chat.RetryOutcome]int
		want     string
	}{
		"nothing was attempted": {20, nil, ""},
		"all were taken":        {20, map[chat.RetryOutcome]int{taken: 50}, ""},
		"one less":              {20, map[chat.RetryOutcome]int{taken: 41, optOut: 9}, ""},
		"a fifth": {
			20,
			map[chat.RetryOutcome]int{taken: 40, optOut: 10},
			"10 of the last 50 attempted failed: " + meaning + ".",
		},
		"before there are 50": {
			20,
			map[chat.RetryOutcome]int{optOut: 10},
			"10 of the last 10 attempted failed: " + meaning + ".",
		},
		"for two reasons": {
			20,
			map[chat.RetryOutcome]int{taken: 30, optOut: 7, landed: 4},
			"11 of the last 41 attempted failed, 7 with " + meaning + ".",
		},
		"of a code that is not known": {
			2,
			map[chat.RetryOutcome]int{{Status: "rejected", ErrorCode: "strange"}: 1},
			"1 of the last 1 attempted failed: strange.",
		},
		"without a code":   {2, map[chat.RetryOutcome]int{{Status: "expired"}: 1}, "1 of the last 1 attempted failed."},
		"only all of them": {100, map[chat.RetryOutcome]int{taken: 1, optOut: 49}, ""},
		"at the first":     {1, map[chat.RetryOutcome]int{taken: 49, {Status: "expired"}: 1}, "1 of the last 50 attempted failed."},
		"what is open or canceled does not count": {
			20,
			map[chat.RetryOutcome]int{{Status: "pending"}: 30, {Status: "canceled"}: 20},
			"",
		},
	} {
		assert.Equal(t, tt.want, tt.limit.Judge(chat.TallyRetries(manyOutcomes(tt.outcomes))), name)
	}
}

// TestARunawayIsAlwaysStopped: whatever comes in whatever order, a run goes on exactly while fewer than its share
// of the last attempts have failed.
func TestARunawayIsAlwaysStopped(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		percent := rapid.IntRange(1, 100).Draw(t, "percent")
		outcomes := rapid.SliceOfN(rapid.SampledFrom([]chat.RetryOutcome{taken, optOut, landed}), 0, 120).Draw(t, "outcomes")

		for n := range outcomes {
			last := outcomes[max(0, n+1-chat.BulkWindow) : n+1]
			failed := 0

			for _, o := range last {
				if o != taken {
					failed++
				}
			}

			pauses := chat.FailureLimit(percent).Judge(chat.TallyRetries(last)) != ""
			require.Equal(t, failed*100 >= percent*chat.BulkWindow, pauses, "%d of %d failed", failed, len(last))
		}
	})
}

func TestTheStepsOfACanary(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		canary chat.Canary
		want   chat.CanaryStep
		note   string
	}{
		"nothing is begun":    {chat.Canary{Begun: 0}, chat.CanaryBegin, ""},
		"one is open":         {chat.Canary{Begun: 1}, chat.CanaryBegin, ""},
		"all are open":        {chat.Canary{Begun: 3}, chat.CanaryWait, ""},
		"all are taken":       {chat.Canary{Begun: 3, Tally: chat.BulkTally{Attempted: 3}}, chat.CanaryPassed, ""},
		"all were skipped":    {chat.Canary{Begun: 3, Unattempted: 3}, chat.CanaryBegin, ""},
		"some were skipped":   {chat.Canary{Begun: 5, Unattempted: 2, Tally: chat.BulkTally{Attempted: 2}}, chat.CanaryWait, ""},
		"one failed":          {chat.Canary{Begun: 3, Tally: chat.BulkTally{Attempted: 1, Failed: 1}}, chat.CanaryWait, ""},
		"one failed, no more": {chat.Canary{Begun: 2, Unattempted: 1, Tally: chat.BulkTally{Attempted: 1, Failed: 1}}, chat.CanaryFailed, "1 of the 1 tried first failed."},
		"all failed": {
			chat.Canary{Begun: 4, Unattempted: 1, Tally: chat.TallyRetries([]chat.RetryOutcome{optOut, optOut, landed})},
			chat.CanaryFailed,
			"3 of the 3 tried first failed, 2 with Twilio 21610, the recipient has opted out of messages from this sender.",
		},
		"nothing is heard": {chat.Canary{Begun: 3, Waited: true}, chat.CanaryFailed, "There is no outcome of 3 of the first yet."},
		"one failed, the others are not heard of": {
			chat.Canary{Begun: 3, Waited: true, Tally: chat.BulkTally{Attempted: 1, Failed: 1}},
			chat.CanaryFailed,
			"1 of the 3 tried first failed. There is no outcome of 2 of the first yet.",
		},
	} {
		tt.canary.Size = 3
		assert.Equal(t, tt.want, tt.canary.Step(), name)

		if tt.want == chat.CanaryFailed {
			assert.Equal(t, tt.note, tt.canary.Note(), name)
		}
	}

	waits := chat.Canary{Size: 3, Begun: 3, Tally: chat.BulkTally{Attempted: 1}}
	assert.Equal(t, "Waits for the outcome of 2 that are tried first.", waits.Explain())
}

// TestACanaryIsPassedByAttemptsAlone: whatever is skipped, it passes only once so many were attempted and none failed.
func TestACanaryIsPassedByAttemptsAlone(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		canary := chat.Canary{Size: rapid.IntRange(1, 20).Draw(t, "size")}
		results := rapid.SliceOfN(rapid.SampledFrom([]string{"taken", "skipped", "failed"}), 0, 100).Draw(t, "results")

		for _, result := range results {
			require.Equal(t, chat.CanaryBegin, canary.Step(), "%+v", canary)
			canary.Begun++

			switch result {
			case "taken":
				canary.Tally.Attempted++
			case "failed":
				canary.Tally.Attempted++
				canary.Tally.Failed++
			case "skipped":
				canary.Unattempted++
			}

			switch step := canary.Step(); {
			case canary.Tally.Failed > 0:
				require.Equal(t, chat.CanaryFailed, step)
				return
			case canary.Tally.Attempted == canary.Size:
				require.Equal(t, chat.CanaryPassed, step)
				return
			}
		}
	})
}

func TestWhyABulkRetryThatOverlapsIsRefused(t *testing.T) {
	t.Parallel()

	require.NoError(t, chat.RefuseOverlap(nil))
	err := chat.RefuseOverlap([]chat.BulkOverlap{{ID: "b1", State: chat.BulkPaused, Count: 147}})
	assert.Equal(t, chat.CodeBulkOverlap, chat.CodeOf(err))
	assert.Equal(t, chat.KindConflict, chat.CodeOf(err).Kind())

	for _, want := range []string{"b1", "paused", "147", "allow_overlap"} {
		assert.ErrorContains(t, err, want)
	}
}

func TestASkipIsExplainedInWordsThatOthersShare(t *testing.T) {
	t.Parallel()

	d := chat.Delivery{ID: "a", RetriedBy: "b", Submission: chat.SubmissionRejected}
	assert.Equal(t, "it has been tried again already", chat.ExplainSkip(chat.AsError(d.CheckRetry())))

	d.Decision = &chat.Decision{Verdict: chat.VerdictRetry, By: chat.Actor{MemberID: 6}}
	assert.Equal(t, "it has been tried again already", chat.ExplainSkip(chat.AsError(d.CheckRetry())), "whoever did it")

	other := chat.Errorf(chat.CodeChatNotFound, "there is no chat %d", 7)
	assert.Equal(t, fmt.Sprintf("there is no chat %d", 7), chat.ExplainSkip(other))
}

func TestABulkRetryCountsItsFailuresAsItsPausesDo(t *testing.T) {
	t.Parallel()

	counts := map[chat.RetryOutcome]int{
		taken:                    6,
		optOut:                   2,
		{Status: "blocked"}:      1,
		{Status: "needs_review"}: 1,
		{Status: "pending"}:      5,
		{Status: "canceled"}:     3,

		{Status: "pending", ErrorCode: chat.ErrorTriesExhausted}: 2,
	}

	tally := chat.TallyCounts(counts)
	assert.Equal(t, chat.TallyRetries(manyOutcomes(counts)), tally)
	assert.Equal(t, []int{12, 6}, []int{tally.Attempted, tally.Failed})
	assert.Equal(t, "6 of 12 with an outcome (50 %)", tally.Explain())
	assert.Equal(t, "there is no outcome yet", new(chat.BulkTally).Explain())
}

// TestTheRuleOfAPauseIsWhatPauses reads the number of the sentence.
func TestTheRuleOfAPauseIsWhatPauses(t *testing.T) {
	t.Parallel()

	for limit, want := range map[chat.FailureLimit]string{
		1:   "one of its last 50 attempts has failed",
		20:  "10 of its last 50 attempts have failed (20 %)",
		25:  "13 of its last 50 attempts have failed (25 %)",
		100: "50 of its last 50 attempts have failed (100 %)",
	} {
		assert.Equal(t, want, limit.Explain())

		failed := 1
		_, _ = fmt.Sscanf(want, "%d", &failed)

		assert.NotEmpty(t, limit.Judge(chat.BulkTally{Attempted: failed, Failed: failed}), "%d", limit)
		assert.Empty(t, limit.Judge(chat.BulkTally{Attempted: failed, Failed: failed - 1}), "%d", limit)
	}

	assert.Equal(t, "none", chat.ExplainCanary(0))
	assert.Equal(t, "5 first; the rest waits for their outcome, and one failure pauses it", chat.ExplainCanary(5))
}

func TestOnlyWhatABulkRetryTakesIsOffered(t *testing.T) {
	t.Parallel()

	for state, want := range map[chat.BulkState][]chat.BulkCommand{
		chat.BulkRunning:  {chat.BulkPause, chat.BulkChangeRate, chat.BulkCancel},
		chat.BulkPaused:   {chat.BulkResume, chat.BulkChangeRate, chat.BulkCancel},
		chat.BulkFinished: {},
		chat.BulkCanceled: {},
	} {
		assert.Equal(t, want, state.Commands(), state)
	}
}

func TestASenderIsNamedAsDeliveriesHaveIt(t *testing.T) {
	t.Parallel()

	for _, sender := range []string{"", "phone:12", "inbox:3", "web"} {
		require.NoError(t, chat.CheckSender("sender", sender), sender)
	}

	for _, sender := range []string{"phone", "phone:0", "phone:012", "+14155550123", "web:1", "fax:1"} {
		require.Error(t, chat.CheckSender("sender", sender), sender)
	}
}
