package chat_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func webhookOf(position int64) chat.WebhookEndpoint {
	return chat.WebhookEndpoint{
		ID:          3,
		WorkspaceID: "11111111-1111-4111-8111-111111111111",
		URL:         "https://example.com/handrail",
		Payload:     chat.PayloadThin,
		Enabled:     true,
		Lane:        chat.WebhookLane{Position: position},
	}
}

func laneTry(e *chat.WebhookEndpoint, sequence int64) chat.WebhookTry {
	return chat.WebhookTry{
		Event:    chat.Event{ID: "e", Sequence: sequence, Type: chat.EventChatCreated},
		Tries:    e.Lane.Tries,
		Position: e.Lane.Position,
	}
}

func answered(status int) *chat.WebhookAnswer {
	return &chat.WebhookAnswer{Status: status, Fault: chat.WebhookFaultOf(status)}
}

var webhookNoon = time.Date(2026, 11, 29, 10, 2, 0, 0, time.UTC)

// TestAWebhookEventStepsAsideAfterThreeFailures follows one event through its whole schedule: two waits in the lane,
// the others beside it, so that the lane goes on.
func TestAWebhookEventStepsAsideAfterThreeFailures(t *testing.T) {
	t.Parallel()

	e := webhookOf(7)
	now := webhookNoon

	for _, wait := range []time.Duration{5 * time.Second, 30 * time.Second} {
		try := laneTry(&e, 8)
		move := e.TakeOutcome(&try, answered(500), now)

		assert.Equal(t, chat.WebhookMove{}, move)
		assert.Equal(t, int64(7), e.Lane.Position, "the lane waits")
		assert.Equal(t, now.Add(wait), *e.Lane.RetryAt)
		assert.True(t, e.Lane.LaneWaits(now))

		now = *e.Lane.RetryAt
		assert.False(t, e.Lane.LaneWaits(now))
	}

	try := laneTry(&e, 8)
	move := e.TakeOutcome(&try, answered(500), now)
	assert.Equal(t, int64(8), e.Lane.Position, "the lane goes on")
	assert.Nil(t, e.Lane.RetryAt)
	assert.Zero(t, e.Lane.Tries)

	try.Aside = true

	for _, wait := range chat.WebhookWaits()[2:] {
		require.NotNil(t, move.AsideAt)
		assert.Equal(t, now.Add(wait), *move.AsideAt)

		now = *move.AsideAt
		try.Tries = move.Tries
		e.Lane.FailingSince = nil // others arrive
		move = e.TakeOutcome(&try, answered(500), now)
	}

	assert.Equal(t, chat.WebhookMove{Done: true}, move, "it was tried twelve times")
	assert.Equal(t, 75*time.Hour+37*time.Minute+35*time.Second, now.Sub(webhookNoon))
	assert.Equal(t, int64(8), e.Lane.Position)
}

// TestTheWaitsOfAWebhookKeepTheirProportion configures another first wait than five seconds.
func TestTheWaitsOfAWebhookKeepTheirProportion(t *testing.T) {
	t.Parallel()

	e := webhookOf(7)

	var waits []time.Duration

	for tries := range chat.WebhookWaits() {
		try := laneTry(&e, 8)
		try.Aside = true
		try.Tries = tries
		try.FirstWait = time.Second
		e.Lane.FailingSince = nil
		waits = append(waits, e.TakeOutcome(&try, answered(500), webhookNoon).AsideAt.Sub(webhookNoon))
	}

	want := chat.WebhookWaits()
	for i := range want {
		want[i] /= 5
	}

	assert.Equal(t, want, waits)
}

// TestAWebhookHeedsWhatItsReceiverAsks is about Retry-After, 410, redirects and what arrives.
func TestAWebhookHeedsWhatItsReceiverAsks(t *testing.T) {
	t.Parallel()

	e := webhookOf(7)
	try := laneTry(&e, 8)
	busy := answered(http.StatusServiceUnavailable)
	busy.RetryAfter = 2 * time.Hour

	e.TakeOutcome(&try, busy, webhookNoon)
	assert.Equal(t, webhookNoon.Add(2*time.Hour), *e.Lane.RetryAt, "later than its schedule")
	assert.True(t, e.Lane.IsQuiet(webhookNoon.Add(time.Hour)), "what is aside waits too")

	busy.RetryAfter = 1000 * time.Hour
	e.TakeOutcome(&try, busy, webhookNoon)
	assert.Equal(t, webhookNoon.Add(chat.MaxWebhookRetryAfter), *e.Lane.QuietUntil, "not for ever")

	try = laneTry(&e, 8)
	assert.Equal(t, chat.WebhookMove{Done: true}, e.TakeOutcome(&try, answered(204), webhookNoon))
	assert.Equal(t, chat.WebhookLane{
		Position: 8,
		Last:     &chat.WebhookLast{Status: 204, At: webhookNoon},
	}, e.Lane, "what arrives ends all waits")

	try = laneTry(&e, 9)
	e.TakeOutcome(&try, answered(302), webhookNoon)
	assert.Equal(t, chat.WebhookRedirectNotTaken, e.Lane.Last.Fault)
	assert.True(t, e.Enabled)

	e.TakeOutcome(&try, answered(http.StatusGone), webhookNoon)
	assert.False(t, e.Enabled)
	assert.Equal(t, chat.WebhookGone, e.DisabledReason)
	assert.Equal(t, int64(8), e.Lane.Position, "the event is the first one when it is enabled again")

	aside := chat.WebhookTry{Aside: true, Tries: 5}
	move := e.TakeOutcome(&aside, answered(http.StatusGone), webhookNoon)
	assert.Equal(t, chat.WebhookMove{AsideAt: &webhookNoon, Tries: 5}, move)
}

// TestAWebhookIsDisabledAfterFiveDaysWithoutSuccess also holds that one success begins the five days anew.
func TestAWebhookIsDisabledAfterFiveDaysWithoutSuccess(t *testing.T) {
	t.Parallel()

	e := webhookOf(0)
	fails := func(after time.Duration, answer *chat.WebhookAnswer) {
		try := laneTry(&e, e.Lane.Position+1)
		e.TakeOutcome(&try, answer, webhookNoon.Add(after))
	}

	fails(0, &chat.WebhookAnswer{Fault: chat.WebhookTimedOut})
	fails(chat.WebhookDisabledAfter-time.Second, answered(500))
	assert.True(t, e.Enabled)

	fails(chat.WebhookDisabledAfter-time.Millisecond, answered(200))
	fails(chat.WebhookDisabledAfter, answered(500))
	assert.True(t, e.Enabled)

	fails(2*chat.WebhookDisabledAfter, answered(500))
	assert.False(t, e.Enabled)
	assert.Equal(t, chat.WebhookFailing, e.DisabledReason)

	position := e.Lane.Position
	require.NoError(t, e.Apply(&chat.WebhookEndpointPatch{Enabled: new(true)}))
	assert.True(t, e.Enabled)
	assert.Empty(t, e.DisabledReason)
	assert.Nil(t, e.Lane.FailingSince)
	assert.Equal(t, position, e.Lane.Position, "it goes on where it has stopped")
}

func TestAWebhookSaysHowItStands(t *testing.T) {
	t.Parallel()

	now := webhookNoon.Add(time.Minute)
	next := time.Date(2026, 11, 29, 10, 7, 0, 0, time.UTC)
	tomorrow := next.Add(24 * time.Hour)

	const (
		aside = "Nothing behind; 2 aside, on their own schedules; no answer within 10s at 10:02 UTC; next try 2026-11-30 10:07 UTC."
		gone  = "Disabled: the receiver has answered 410, which asks for no more; 10000 or more behind; " +
			"last answer 410 at 10:02 UTC."
	)

	cases := map[string]func(e *chat.WebhookEndpoint){
		"Nothing behind.": func(*chat.WebhookEndpoint) {},
		"12 behind; last answer 503 at 10:02 UTC; next try 10:07 UTC.": func(e *chat.WebhookEndpoint) {
			e.Lane.Behind = 12
			e.Lane.RetryAt = &next
			e.Lane.Last = &chat.WebhookLast{Status: 503, Fault: chat.WebhookStatusNotAccepted, At: webhookNoon}
		},
		"1 behind; next try 10:03:30 UTC.": func(e *chat.WebhookEndpoint) {
			e.Lane.Behind = 1
			e.Lane.RetryAt = new(now.Add(30 * time.Second))
		},
		aside: func(e *chat.WebhookEndpoint) {
			e.Lane.Aside = 2
			e.Lane.AsideAt = &tomorrow
			e.Lane.Last = &chat.WebhookLast{Fault: chat.WebhookTimedOut, At: webhookNoon}
		},
		gone: func(e *chat.WebhookEndpoint) {
			e.Enabled = false
			e.DisabledReason = chat.WebhookGone
			e.Lane.Behind = chat.MaxWebhookBehind
			e.Lane.Last = &chat.WebhookLast{Status: 410, At: webhookNoon}
		},
		"Disabled by a member; nothing behind; up to 4 were too old and are not told.": func(e *chat.WebhookEndpoint) {
			e.Enabled = false
			e.DisabledReason = chat.WebhookDisabledByMember
			e.Lane.Missed = 4
		},
	}

	for want, change := range cases {
		e := webhookOf(0)
		change(&e)
		assert.Equal(t, want, e.Explain(now))
	}
}

func TestAWebhookEndpointIsChecked(t *testing.T) {
	t.Parallel()

	cases := map[string]chat.WebhookEndpointPatch{
		"url":     {URL: new("ftp://example.com")},
		"types":   {Types: &[]chat.EventType{"chat.exploded"}},
		"payload": {Payload: new(chat.WebhookPayload("fat"))},
	}

	for field, patch := range cases {
		e := webhookOf(0)
		err := chat.AsError(e.Apply(&patch))
		require.Equal(t, chat.CodeInvalidRequest, err.Code, field)
		assert.Equal(t, field, err.Fields[0].Field)
	}

	e := webhookOf(0)
	require.Error(t, e.Apply(&chat.WebhookEndpointPatch{Types: &[]chat.EventType{chat.EventTestPing}}))

	// A list that repeats itself could be as long as a request.
	twice := []chat.EventType{chat.EventChatCreated, chat.EventChatUpdated, chat.EventChatCreated}
	require.ErrorContains(t, e.Apply(&chat.WebhookEndpointPatch{Types: &twice}), "chat.created is there twice")
	assert.NoError(t, e.Apply(&chat.WebhookEndpointPatch{Types: new(twice[1:])}))
}

// TestAWebhooksBodyTellsTextsOnlyWhenFull also holds where Standard Webhooks wants type, timestamp and data.
func TestAWebhooksBodyTellsTextsOnlyWhenFull(t *testing.T) {
	t.Parallel()

	e := webhookOf(0)
	try := chat.WebhookTry{
		Event: chat.Event{
			ID:           "01983c5e-8b10-7c2d-9e3f-1a2b3c4d5e6f",
			WorkspaceID:  e.WorkspaceID,
			Sequence:     1041,
			ChatID:       7,
			ChatSequence: 12,
			Type:         chat.EventDeliverySettled,
			SubjectID:    "d1",
			At:           webhookNoon,
			Data:         chat.EventData{Status: "delivered", MessageID: "m1"},
		},
		Texts: chat.WebhookTexts{Message: &chat.WebhookMessage{ID: "m1", Role: "user", Text: "Your code is 4711."}},
	}

	read := func() map[string]any {
		encoded, err := chat.WebhookBody(&e, &try, "https://handrail.example/api/v2/w/")
		require.NoError(t, err)

		var body map[string]any
		require.NoError(t, json.Unmarshal(encoded, &body))

		return body
	}

	thin := read()
	assert.Equal(t, "delivery.settled", thin["type"])
	assert.Equal(t, "2026-11-29T10:02:00Z", thin["timestamp"])
	assert.Equal(t, "delivered", thin["data"].(map[string]any)["status"])
	assert.NotEmpty(t, thin["explanation"])
	assert.Equal(t, "https://handrail.example/api/v2/w/"+string(e.WorkspaceID)+"/deliveries/d1", thin["url"])
	assert.NotContains(t, thin, "message")

	e.Payload = chat.PayloadFull

	assert.Equal(t, "Your code is 4711.", read()["message"].(map[string]any)["text"])
}

// TestAReplayOfTheFutureIsRefused allows for a clock that is a little ahead.
func TestAReplayOfTheFutureIsRefused(t *testing.T) {
	t.Parallel()

	require.NoError(t, chat.CheckReplaySince(webhookNoon.Add(-time.Hour), webhookNoon))
	require.NoError(t, chat.CheckReplaySince(webhookNoon.Add(time.Second), webhookNoon))

	err := chat.AsError(chat.CheckReplaySince(webhookNoon.Add(time.Hour), webhookNoon))
	assert.Equal(t, "since", err.Fields[0].Field)
	assert.Contains(t, err.Error(), "2026-11-29T10:02:00Z now")
}
