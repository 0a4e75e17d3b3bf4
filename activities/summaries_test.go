package activities_test

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/activities"
	"handrail/chat"
)

var asked = []chat.Line{{ID: "m", Role: chat.RoleUserMessage, Text: "Where is order 7?"}}

func TestWriteSummaryLetsNothingThroughThatTheMessagesDoNotSupport(t *testing.T) {
	t.Parallel()

	quote := []chat.Quote{{Message: "m", Text: "order 7"}}
	says := chat.Summary{
		Title:   "Order 7",
		Summary: "Ana asks.",
		Model:   "m",
		KeyPoints: []chat.Point{
			{Text: "She waits.", Messages: []chat.MessageID{"m", "other"}},
			{Text: "She is rich.", Messages: []chat.MessageID{"other"}},
		},
		Labels: []chat.LabelChoice{
			{Name: "vip", Confidence: 2, Evidence: quote},
			{Name: "refund-approved", Confidence: 1, Evidence: quote},
		},
	}

	for name, labels := range map[string]bool{"with labels": true, "labels nobody asked for": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := &store{read: func() chat.Reading {
				return chat.Reading{Messages: asked, ChooseLabels: labels, Labels: []chat.Label{{Name: "VIP"}}}
			}}

			acts := newActivities(
				t,
				activities.Config{Store: s, Models: model(func(chat.Reading) (chat.Summary, chat.Usage, error) {
					return says, chat.Usage{Requests: 1, InputTokens: 10}, nil
				})},
			)

			written, err := acts.WriteSummary(t.Context(), chat.SummaryPart{})
			require.NoError(t, err)
			assert.Equal(t, []chat.Point{{Text: "She waits.", Messages: []chat.MessageID{"m"}}}, written.KeyPoints)

			if labels {
				assert.Equal(t, []chat.LabelChoice{{Name: "VIP", Confidence: 1, Evidence: quote}}, written.Labels)
			} else {
				assert.Empty(t, written.Labels)
			}

			assert.Equal(t, []chat.Usage{{Requests: 1, InputTokens: 10}}, s.spent)
		})
	}
}

func TestWriteSummaryCountsWhatAFailureHasCost(t *testing.T) {
	t.Parallel()

	s := &store{read: func() chat.Reading { return chat.Reading{Messages: asked} }}
	acts := newActivities(
		t,
		activities.Config{Store: s, Models: model(func(chat.Reading) (chat.Summary, chat.Usage, error) {
			used := chat.Usage{Requests: 2, InputTokens: 20}
			return chat.Summary{}, used, chat.Errorf(chat.CodeSummarizationFailed, "nonsense")
		})},
	)

	_, err := acts.WriteSummary(t.Context(), chat.SummaryPart{})
	assert.Equal(t, chat.CodeSummarizationFailed, chat.CodeOf(err))
	assert.Equal(t, []chat.Usage{{Requests: 2, InputTokens: 20}}, s.spent)
}

func TestWriteSummaryAsksNoModelOnceTheTokensAreUsed(t *testing.T) {
	t.Parallel()

	s := &store{settings: chat.SummarySettings{TokenBudget: 100, TokensUsed: 100}}
	acts := newActivities(t, activities.Config{Store: s, Models: model(nil)})
	_, err := acts.WriteSummary(t.Context(), chat.SummaryPart{})
	assert.Equal(t, chat.CodeTokenBudget, chat.CodeOf(err))
	assert.Contains(t, err.Error(), time.Now().UTC().AddDate(0, 1, 1-time.Now().UTC().Day()).Format(time.DateOnly))
}

func TestWriteSummaryKeepsAnAnswerThatCouldNotBeCounted(t *testing.T) {
	t.Parallel()

	s := &store{
		read:      func() chat.Reading { return chat.Reading{Messages: asked} },
		uncounted: errors.New("the database is away"),
	}

	var logged bytes.Buffer
	acts := newActivities(
		t,
		activities.Config{
			Store:  s,
			Logger: slog.New(slog.NewTextHandler(&logged, nil)),
			Models: model(func(chat.Reading) (chat.Summary, chat.Usage, error) {
				return chat.Summary{
						Title:     "Order 7",
						Summary:   "Ana asks.",
						KeyPoints: []chat.Point{{Text: "She waits.", Messages: []chat.MessageID{"m"}}},
					},
					chat.Usage{
						Requests:    1,
						InputTokens: 10,
					}, nil
			}),
		},
	)

	written, err := acts.WriteSummary(t.Context(), chat.SummaryPart{})
	require.NoError(t, err, "it is paid for")
	assert.Equal(t, "Order 7", written.Title)
	assert.Contains(t, logged.String(), "input_tokens=10")
}

func TestBeginSummaryKeepsARunWhoseModelIsNotToBeHad(t *testing.T) {
	t.Parallel()

	s := &store{}
	acts := newActivities(t, activities.Config{Store: s, Models: noModels{}})
	in := chat.SummaryStart{SummaryStep: chat.SummaryStep{ID: "s", Automatic: true}}
	_, err := acts.BeginSummary(t.Context(), in)
	assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))
	assert.Equal(t, []chat.SummaryStart{in}, s.begun, "or it would be begun over and over by itself")
}

type noModels struct{}

func (noModels) Model(string) (activities.Model, error) {
	return nil, chat.Invalid("model", "the key was taken away")
}
