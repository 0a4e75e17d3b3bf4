package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/temporal"

	"handrail/chat"
)

// busyModel asks to be asked again after a while.
func busyModel(after time.Duration) error {
	return &chat.RetryLaterError{
		After:   after,
		Code:    "openai_429",
		Message: "the model's server takes no more requests for now (429)",
	}
}

// details is what operators read of the workflow now.
func (s *summary) details(t *testing.T) string {
	t.Helper()

	value, err := s.QueryWorkflow("__temporal_workflow_metadata")
	require.NoError(t, err)

	var metadata sdkpb.WorkflowMetadata

	require.NoError(t, value.Get(&metadata))

	return metadata.GetCurrentDetails()
}

func TestASummaryThatWaitsForItsModelSaysSo(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	begun := s.Now().UTC()
	s.reading(func(in chat.SummaryPart) (chat.Summary, error) {
		if len(s.reads) <= 2 {
			return chat.Summary{}, busyModel(5 * time.Minute)
		}

		return writePart(in)
	})

	var during, after string

	s.at(time.Minute, func() { during = s.details(t) })
	s.at(6*time.Minute, func() { after = s.details(t) })

	a := askOutcome[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	require.NoError(t, a.err)

	until := begun.Add(15 * time.Minute).Format(time.TimeOnly)
	assert.Equal(t, "The model's server takes no more requests for now (429). It is asked again at "+
		begun.Add(5*time.Minute).Format(time.TimeOnly)+", and until "+until+" UTC at the latest.", during)
	assert.Contains(t, after, "asked again at "+begun.Add(10*time.Minute).Format(time.TimeOnly))

	require.Len(t, s.waits, 4, "each wait, and its end")
	require.NotNil(t, s.waits[0])
	assert.Equal(t, during, s.waits[0].Explain(), "one voice")
	assert.Nil(t, s.waits[1], "while the model reads nothing is waited for")
	assert.NotNil(t, s.waits[2])
	assert.Nil(t, s.waits[3])
	assert.Len(t, s.reads, 3)
}

func TestAWaitForAModelHasAnEnd(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		err   error
		reads int
		says  string
	}{
		"four attempts": {busyModel(time.Minute), 4, "(openai_429), also when it was tried again"},
		"longer than there is time": {
			busyModel(20 * time.Minute), 1, "(openai_429), and it is not to be asked again within 20m0s",
		},
		"longer than there is time left": {
			busyModel(8 * time.Minute), 2, "(openai_429), and it is not to be asked again within 8m0s",
		},
		"no reason for everybody": {
			errors.New("dial tcp: secret"), 4, "the model could not be asked (internal), also when it was tried again",
		},
		"refused": {chat.Errorf(chat.CodeSummarizationFailed, "the model refuses"), 1, "the model refuses"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSummary(t)
			s.reading(func(chat.SummaryPart) (chat.Summary, error) { return chat.Summary{}, c.err })
			a := askOutcome[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
			s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
			assert.Equal(t, "summarization_failed", codeOf(t, a.err))
			assert.Len(t, s.reads, c.reads)
			require.Len(t, s.fails, 1)
			assert.Contains(t, s.fails[0].Problem.Message, c.says)
			assert.NotContains(t, s.fails[0].Problem.Message, "secret")
		})
	}
}

func TestACancellationEndsTheWaitForAModel(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	s.reading(func(chat.SummaryPart) (chat.Summary, error) { return chat.Summary{}, busyModel(10 * time.Minute) })
	begun := s.Now()
	s.RegisterDelayedCallback(s.CancelWorkflow, time.Minute)
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	assert.True(t, temporal.IsCanceledError(s.GetWorkflowError()))
	assert.Len(t, s.reads, 1)
	assert.Less(t, s.Now().Sub(begun), 2*time.Minute)
	assert.Equal(t, []chat.ActionID{"a"}, s.failed())
}

func TestPartsThatWaitAreCounted(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	s.plan = planParts(5)
	begun := s.Now().UTC()
	tried := map[int64]bool{}

	s.reading(func(in chat.SummaryPart) (chat.Summary, error) {
		from := in.Messages.From
		if busy := from == 1 || from == 21; busy && !tried[from] {
			tried[from] = true
			return chat.Summary{}, busyModel(time.Duration(from) * time.Minute / 3)
		}

		return writePart(in)
	})

	var during, later string

	s.at(10*time.Second, func() { during = s.details(t) })
	s.at(time.Minute, func() { later = s.details(t) })

	a := askOutcome[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	require.NoError(t, a.err)
	assert.Contains(t, during, "Read 3 of 5 parts. 2 of 5 parts wait: the model's server takes no more requests for "+
		"now (429). The next is tried again at "+begun.Add(20*time.Second).Format(time.TimeOnly))
	assert.Contains(t, later, "Read 4 of 5 parts. 1 of 5 parts wait: ")
	require.NotEmpty(t, s.waits)
	assert.Nil(t, s.waits[len(s.waits)-1])
}
