package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestBrakesStopTheAssistantAtTheirLimits(t *testing.T) {
	t.Parallel()

	wrote := time.Date(2026, time.November, 22, 9, 30, 0, 0, time.UTC)
	began := time.Date(2026, time.November, 22, 11, 0, 0, 0, time.UTC)

	for name, tt := range map[string]struct {
		pace chat.Pace
		want string
	}{
		"no brake": {
			pace: chat.Pace{Unanswered: 1000, InHour: 1000},
		},
		"below both": {
			pace: chat.Pace{
				Brakes:     chat.Brakes{MaxUnanswered: new(5), MaxPerHour: new(10)},
				Unanswered: 4,
				InHour:     9,
			},
		},
		"in a row": {
			pace: chat.Pace{
				Brakes:     chat.Brakes{MaxUnanswered: new(5)},
				Unanswered: 5,
				LastWrote:  &wrote,
			},
			want: "5 messages of the assistant left since the customer has written last, at 2026-11-22T09:30:00Z; " +
				"the workspace allows 5 in a row",
		},
		"the limit was lowered, and the customer has never written": {
			pace: chat.Pace{
				Brakes:     chat.Brakes{MaxUnanswered: new(1)},
				Unanswered: 7,
			},
			want: "7 messages of the assistant left, and the customer has not written yet; the workspace allows 1 in a row",
		},
		"one in a row": {
			pace: chat.Pace{
				Brakes:     chat.Brakes{MaxUnanswered: new(1)},
				Unanswered: 1,
			},
			want: "1 message of the assistant left, and the customer has not written yet; the workspace allows 1 in a row",
		},
		"in a month": {
			pace: chat.Pace{
				Brakes:          chat.Brakes{MaxSegmentsPerMonth: new(1000)},
				Segments:        3,
				SegmentsInMonth: 998,
				MonthBegan:      chat.BrakeMonth(wrote),
			},
			want: "998 segments of the assistant left in all chats since 2026-11-01T00:00:00Z, and this message has 3; " +
				"the workspace allows 1000 in a month",
		},
		"the last one of a month": {
			pace: chat.Pace{
				Brakes:          chat.Brakes{MaxSegmentsPerMonth: new(1000)},
				Segments:        2,
				SegmentsInMonth: 998,
			},
		},
		"an email when all segments are used": {
			pace: chat.Pace{
				Brakes:          chat.Brakes{MaxSegmentsPerMonth: new(1000)},
				SegmentsInMonth: 1001,
			},
		},
		"in an hour": {
			pace: chat.Pace{
				Brakes:     chat.Brakes{MaxUnanswered: new(5), MaxPerHour: new(10)},
				Unanswered: 4,
				InHour:     10,
				HourBegan:  began,
			},
			want: "10 messages of the assistant left in this chat since 2026-11-22T11:00:00Z; the workspace allows 10 in " +
				"an hour",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, tt.pace.Brake())
		})
	}
}

// TestABrakeAsksAPerson: an assistant must not let itself go on.
func TestABrakeAsksAPerson(t *testing.T) {
	t.Parallel()

	held := chat.Delivery{Submission: chat.SubmissionPending, ErrorCode: chat.ErrorBraked}
	require.NoError(t, held.CheckRetrier(false))
	require.Equal(t, chat.CodeForbidden, chat.CodeOf(held.CheckRetrier(true)))

	other := chat.Delivery{Submission: chat.SubmissionPending, ErrorCode: chat.ErrorTriesExhausted}
	require.NoError(t, other.CheckRetrier(true))

	for _, tt := range []struct {
		retry chat.RetryDelivery
		want  bool
	}{
		{chat.RetryDelivery{}, true},
		{chat.RetryDelivery{ByAssistant: true}, false},
		{chat.RetryDelivery{BulkRetryID: "b"}, false},
	} {
		assert.Equal(t, tt.want, tt.retry.DefiesBrakes())
	}
}
