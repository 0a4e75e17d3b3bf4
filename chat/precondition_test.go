package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestWhoSpeaksInASend(t *testing.T) {
	t.Parallel()

	for _, member := range []chat.MemberKind{chat.KindPerson, chat.KindAssistant} {
		for _, named := range []chat.AuthorKind{"", chat.AuthorAssistant} {
			author, err := chat.CheckAuthor(named, member)
			require.NoError(t, err)
			assert.Equal(t, chat.AuthorAssistant, author, "whoever's key it is")
		}

		_, err := chat.CheckAuthor("robot", member)
		require.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))
	}

	author, err := chat.CheckAuthor(chat.AuthorPerson, chat.KindPerson)
	require.NoError(t, err)
	assert.Equal(t, chat.AuthorPerson, author)

	_, err = chat.CheckAuthor(chat.AuthorPerson, chat.KindAssistant)
	require.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))

	require.NoError(t, chat.CheckTakeover(chat.KindPerson))
	require.Equal(t, chat.CodeForbidden, chat.CodeOf(chat.CheckTakeover(chat.KindAssistant)))
}

// A retry overrules the precondition that the delivery waits for, and no other.
func TestARetryOverrulesWhatHoldsADelivery(t *testing.T) {
	t.Parallel()

	for code, want := range map[string]chat.Delivery{
		chat.ErrorChatMovedOn:    {},
		chat.ErrorTakenOver:      {SeenMessage: 5, DespiteTakeover: true},
		chat.ErrorBraked:         {SeenMessage: 5, DespiteBrakes: true},
		chat.ErrorTriesExhausted: {SeenMessage: 5},
		"":                       {SeenMessage: 5},
	} {
		d := chat.Delivery{Submission: chat.SubmissionPending, SeenMessage: 5, ErrorCode: code}
		d.Release()
		assert.Equal(t, want.SeenMessage, d.SeenMessage, code)
		assert.Equal(t, want.DespiteTakeover, d.DespiteTakeover, code)
		assert.Equal(t, want.DespiteBrakes, d.DespiteBrakes, code)
	}
}

func TestADeliveryLooksAgainWhetherAnOlderOneHasLeft(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

	for _, tt := range []struct {
		retryIn, want time.Duration
	}{
		{0, time.Second},
		{-time.Hour, time.Second},
		{30 * time.Second, 30 * time.Second},
		{time.Hour, time.Minute},
	} {
		older := &chat.OlderDelivery{ID: "older"}

		if tt.retryIn != 0 {
			at := now.Add(tt.retryIn)
			older.RetryAt = &at
		}

		d := chat.Delivery{Submission: chat.SubmissionPending}
		refusal := d.RefuseClaim(chat.ClaimFacts{Now: now, Older: older})
		require.NotNil(t, refusal.WaitUntil)
		assert.Equal(t, tt.want, refusal.WaitUntil.Sub(now))
		assert.Equal(t, chat.EffectSaved, refusal.Effect)
		assert.Equal(t, chat.ErrorOlderFirst, d.ErrorCode)
		assert.Nil(t, d.RetryAt, "it may leave as soon as the older one has")

		again := d.RefuseClaim(chat.ClaimFacts{Now: now, Older: older})
		assert.Equal(t, chat.EffectNone, again.Effect, "waiting writes nothing")
	}
}
