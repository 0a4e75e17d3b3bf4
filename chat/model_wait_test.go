package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

func TestPlanModelWait(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	until := now.Add(chat.ModelPatience)

	for name, c := range map[string]struct {
		after   time.Duration
		attempt int
		wait    time.Duration
		again   bool
	}{
		"first":                        {0, 1, 2 * time.Second, true},
		"second":                       {0, 2, 6 * time.Second, true},
		"third":                        {0, 3, 18 * time.Second, true},
		"fourth is the last":           {0, 4, 54 * time.Second, false},
		"as the server asks":           {4 * time.Minute, 1, 4 * time.Minute, true},
		"until the end is too long":    {15 * time.Minute, 1, 15 * time.Minute, false},
		"nearly until the end":         {15*time.Minute - 1, 1, 15*time.Minute - 1, true},
		"a server that asks for less":  {-time.Second, 1, 2 * time.Second, true},
		"as the server asks, too late": {time.Second, 4, time.Second, false},
	} {
		failure := &chat.RetryLaterError{Code: "openai_429", Message: "it is busy", After: c.after}
		wait, again := chat.PlanModelWait(failure, c.attempt, now, until)
		assert.Equal(t, c.again, again, name)
		assert.Equal(t, now.Add(c.wait), wait.NextTry, name)
		assert.Equal(t, until, wait.Until, name)
	}
}

func TestExplainModelWait(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	wait := func(next time.Duration) chat.ModelWait {
		return chat.ModelWait{
			Code:    "openai_429",
			Reason:  "the model's server takes no more requests for now (429)",
			Since:   now,
			NextTry: now.Add(next),
			Until:   now.Add(15 * time.Minute),
			Waiting: 1,
			Parts:   1,
		}
	}

	assert.Nil(t, chat.MergeModelWaits(nil, 5))

	one := wait(270 * time.Second)
	said := "The model's server takes no more requests for now (429). It is asked again at 10:04:30, and until " +
		"10:15:00 UTC at the latest."
	assert.Equal(t, said, one.Explain())

	action := chat.Action{State: chat.ActionRunning, ModelWait: &one, CreatedAt: now}
	assert.Equal(t, said, action.ExplainWaiting())
	assert.Equal(t, said, action.Timeline()[1].What)

	three := chat.MergeModelWaits([]chat.ModelWait{wait(9 * time.Second), wait(5 * time.Second), wait(7 * time.Second)}, 5)
	assert.Equal(t, "3 of 5 parts wait: the model's server takes no more requests for now (429). The next is tried "+
		"again at 10:00:05, and until 10:15:00 UTC at the latest.", three.Explain())
}
