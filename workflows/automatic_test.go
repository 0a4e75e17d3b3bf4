package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
	"handrail/workflows"
)

// quiet is a world with a chat that is summarized by itself, and the moments at which it was.
type quiet struct {
	*world
	// last is when the last message came, unread how many are not summarized.
	last      time.Time
	unread    int
	settings  chat.SummarySettings
	looks     int
	summaries []time.Time
	asked     []chat.SummarizeChat
	// stuck reports that summaries change nothing.
	stuck bool
}

func newQuiet(t *testing.T, settings chat.SummarySettings) *quiet {
	t.Helper()
	q := &quiet{world: newWorld(t), settings: settings}
	withActivity(q.world, workflows.CheckSummaryDue, func(in chat.AutoSummary) (chat.SummaryDue, error) {
		q.looks++

		due := q.due()
		if due.Newest <= in.Tried {
			return chat.SummaryDue{}, nil
		}

		return due, nil
	})

	q.RegisterWorkflowWithOptions(func(ctx workflow.Context, in chat.SummarizeChat) error {
		q.mu.Lock()
		defer q.mu.Unlock()

		q.asked = append(q.asked, in)

		q.summaries = append(q.summaries, workflow.Now(ctx))
		if !q.stuck {
			q.unread = 0
		}

		return nil
	}, workflow.RegisterOptions{Name: string(chat.ActionSummarizeChat), DisableAlreadyRegisteredCheck: true})

	return q
}

// due is what the store would say.
func (q *quiet) due() chat.SummaryDue {
	if q.unread == 0 {
		return chat.SummaryDue{}
	}

	due := chat.SummaryDue{Newest: int64(q.unread), By: 5, Labels: true}
	if n := q.settings.EveryMessages; n > 0 {
		due.Missing = max(n-q.unread, 0)
		due.Due = due.Missing == 0
	}

	if wait := q.settings.QuietAfter; wait > 0 {
		due.In = max(q.last.Add(wait).Sub(q.Now()), 0)
		due.Due = due.Due || due.In == 0
	}

	return due
}

// message stores a message after a while, and tells the workflow unless its word is lost.
func (q *quiet) message(after time.Duration, told bool) {
	q.at(after, func() {
		q.unread, q.last = q.unread+1, q.Now()
		if told {
			q.SignalWorkflow("Changed", chat.DeliverySnapshot{})
		}
	})
}

func (q *quiet) run() {
	q.ExecuteWorkflow(workflows.WorkflowAutoSummarize, chat.AutoSummary{WorkspaceID: workspace, ChatID: 7})
}

func TestAutoSummarizeWaitsUntilTheChatIsQuiet(t *testing.T) {
	t.Parallel()
	q := newQuiet(t, chat.SummarySettings{QuietAfter: 10 * time.Minute})
	start := q.Now()

	q.unread, q.last = 1, start
	for i := range 30 {
		q.message(time.Duration(i+1)*time.Minute, i%3 != 0)
	}

	q.run()
	require.NoError(t, q.GetWorkflowError())
	require.Len(t, q.summaries, 1, "thirty messages in a row, one summary")
	assert.Equal(t, 40*time.Minute, q.summaries[0].Sub(start).Round(time.Minute), "ten minutes after the last one")
	assert.LessOrEqual(t, q.looks, 8, "a message costs no look")
	in := q.asked[0]
	assert.True(t, in.Automatic)
	assert.True(t, in.UpdateLabels)
	assert.Equal(t, chat.MemberID(5), in.By.MemberID)
}

func TestAutoSummarizeDoesNotWaitForQuietWhenEnoughIsNew(t *testing.T) {
	t.Parallel()
	q := newQuiet(t, chat.SummarySettings{QuietAfter: time.Hour, EveryMessages: 5})
	start := q.Now()

	q.unread, q.last = 1, start
	for i := range 4 {
		q.message(time.Duration(i+1)*time.Minute, true)
	}

	q.run()
	require.NoError(t, q.GetWorkflowError())
	require.Len(t, q.summaries, 1, "at the fifth message")
	assert.Equal(t, 4*time.Minute, q.summaries[0].Sub(start).Round(time.Minute))
}

func TestAutoSummarizeEndsWhenNothingIsWaitedFor(t *testing.T) {
	t.Parallel()

	for name, settings := range map[string]chat.SummarySettings{
		"it is switched off":         {},
		"only numbers of messages":   {EveryMessages: 100},
		"nothing is new in the chat": {QuietAfter: time.Hour},
	} {
		q := newQuiet(t, settings)
		if settings.EveryMessages > 0 {
			q.unread, q.last = 3, q.Now()
		}

		q.run()
		require.NoError(t, q.GetWorkflowError(), name)
		assert.Empty(t, q.summaries, name)
	}
}

// A run that fails before it is noted anywhere leaves the chat as due as it was.
func TestAutoSummarizeBeginsOnceForTheSameMessages(t *testing.T) {
	t.Parallel()
	q := newQuiet(t, chat.SummarySettings{QuietAfter: 10 * time.Minute})
	q.stuck = true
	q.unread = 1
	q.last = q.Now()
	q.message(30*time.Minute, true)
	q.message(31*time.Minute, true)
	q.run()
	require.NoError(t, q.GetWorkflowError())
	assert.Len(t, q.summaries, 1, "the workflow ended before the next message came")
}

func TestAutoSummarizeBeginsItsHistoryAnew(t *testing.T) {
	t.Parallel()
	q := newQuiet(t, chat.SummarySettings{QuietAfter: time.Minute})

	q.unread, q.last = 1, q.Now()
	for i := range 200 {
		q.message(time.Duration(i)*50*time.Second, true)
	}

	q.run()
	assert.True(t, workflow.IsContinueAsNewError(q.GetWorkflowError()))
}
