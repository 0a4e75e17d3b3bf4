package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// TestAttemptsAreCountedByWhatTheProviderDid: what a message itself was refused for says nothing of the sender.
func TestAttemptsAreCountedByWhatTheProviderDid(t *testing.T) {
	t.Parallel()

	first := time.Date(2026, time.November, 30, 10, 2, 0, 0, time.UTC)

	var health chat.SenderHealth

	for _, attempts := range []chat.AttemptCount{
		{Minute: first, Outcome: chat.OutcomeAccepted, HTTPStatus: 201, Count: 3},
		{Minute: first, Outcome: chat.OutcomeNotProcessed, HTTPStatus: 429, Count: 5},
		{Minute: first, Outcome: chat.OutcomeRejected, HTTPStatus: 400, Count: 7},
		{Minute: first.Add(time.Minute), Outcome: chat.OutcomeUnknown, HTTPStatus: 500, Count: 1},
		{Minute: first.Add(time.Minute), Outcome: chat.OutcomeUnknown, Count: 1},
		{Minute: first.Add(time.Minute), Outcome: chat.OutcomeNotProcessed, Count: 1},
		{Minute: first.Add(time.Minute), Outcome: "", Count: 9},
	} {
		health.AddAttempts(attempts)
	}

	assert.Equal(t, []chat.SenderMinute{
		{At: first, Accepted: 3, Throttled: 5},
		{At: first.Add(time.Minute), Failed: 3},
	}, health.Minutes)

	health.DropFirstMinute()
	assert.Equal(t, []chat.SenderMinute{{At: first.Add(time.Minute), Failed: 3}}, health.Minutes)
	assert.Equal(t, first.Add(time.Minute), health.Since)

	health.DropFirstMinute()
	assert.Len(t, health.Minutes, 1, "the only minute stays")
	assert.Equal(t, first.Add(time.Minute), health.Since)
}

// TestASenderExplainsItself: what it waits for has its end, and what has failed has its numbers.
func TestASenderExplainsItself(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, time.November, 30, 10, 2, 3, 0, time.UTC)
	blocked := &chat.Breaker{
		ErrorCode:    "twilio_20003",
		ErrorMessage: "the account is suspended.",
		OpenedAt:     now.Add(-9 * time.Minute),
		ProbeAt:      now.Add(time.Minute),
	}

	for want, health := range map[string]chat.SenderHealth{
		"Twilio refuses every message of this sender since 09:53 UTC: the account is suspended. Waiting: 12 messages. " +
			"One is tried at 10:03:03 UTC; when it gets through, the others follow.": {Breaker: blocked, Waiting: 12},
		"Twilio refuses every message of this sender since 09:53 UTC: the account is suspended. None waits; the next " +
			"one is a trial.": {Breaker: blocked},
		"Nothing was tried in the last hour.": {
			Minutes: []chat.SenderMinute{{At: now.Add(-2 * time.Hour), Accepted: 1}},
		},
		"Twilio has refused all that was tried in the last hour.": {
			Minutes: []chat.SenderMinute{{At: now.Add(-20 * time.Minute)}},
		},
		"Twilio has accepted 1 attempt in the last hour.": {
			Minutes: []chat.SenderMinute{{At: now.Add(-20 * time.Minute), Accepted: 1}},
		},
		"In the last 10 minutes Twilio has accepted 4 attempts, answered that there are too many at 2, and failed at 1. " +
			"Those are tried again by themselves, or waited for.": {
			Minutes: []chat.SenderMinute{
				{At: now.Add(-20 * time.Minute), Failed: 50},
				{At: now.Add(-time.Minute), Accepted: 4, Throttled: 2, Failed: 1},
			},
		},
	} {
		health.Provider = chat.ProviderTwilio
		assert.Equal(t, want, health.Explain(now))
	}

	assert.Equal(t, chat.SenderBlocked, (&chat.SenderHealth{Breaker: blocked}).State())
	assert.Equal(t, chat.SenderReady, new(chat.SenderHealth).State())
}

// TestWorkersExplainThemselves: whoever reads that something is wrong reads what it means.
func TestWorkersExplainThemselves(t *testing.T) {
	t.Parallel()

	well := chat.Workers{Reachable: true, Polling: true}
	assert.False(t, well.NeedPerson())
	assert.Contains(t, well.Explain(), "workers poll")

	alone := chat.Workers{Reachable: true}
	assert.True(t, alone.NeedPerson())
	assert.Contains(t, alone.Explain(), "No worker polls Temporal")

	away := chat.Workers{}
	assert.True(t, away.NeedPerson())
	assert.Contains(t, away.Explain(), "Temporal does not answer")
}
