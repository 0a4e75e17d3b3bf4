package chat_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func reading() *chat.Reading {
	return &chat.Reading{
		Messages: []chat.Line{
			{ID: "1", Text: "Where is my\n parcel 4711?"},
			{ID: "2", Text: "It comes on Tuesday."},
		},
		ChooseLabels: true,
		Labels: []chat.Label{
			{Name: "Late delivery"},
			{Name: "VIP"},
			{Name: "A"},
			{Name: "B"},
			{Name: "C"},
			{Name: "D"},
		},
	}
}

func point(text string, ids ...chat.MessageID) chat.Point {
	return chat.Point{Text: text, Messages: ids}
}

func TestAcceptKeepsWhatTheMessagesSupport(t *testing.T) {
	t.Parallel()

	s, err := reading().Accept(chat.Summary{
		Title:   " Parcel \n 4711 ",
		Summary: " She waits. ",
		KeyPoints: []chat.Point{
			point("Both", "1", "2", "1", "9"), point("Invented", "9"), point("Nobody's"), point(" ", "1"),
			point(strings.Repeat("x", chat.MaxPoint+1), "1"), point("a\x00b", "1"),
		},
		OpenQuestions: []chat.Point{point("When?", "7")},
	})

	require.NoError(t, err)
	assert.Equal(t, []string{"Parcel 4711", "She waits."}, []string{s.Title, s.Summary})
	assert.Equal(t, []chat.Point{point("Both", "1", "2")}, s.KeyPoints)
	assert.Empty(t, s.OpenQuestions)
}

func TestAcceptRefusesATextWhosePointsRestOnNothing(t *testing.T) {
	t.Parallel()

	_, err := reading().Accept(chat.Summary{Title: "T", Summary: "S", KeyPoints: []chat.Point{point("Invented", "9")}})
	assert.Equal(t, chat.CodeSummarizationFailed, chat.CodeOf(err))
	_, err = reading().Accept(chat.Summary{Title: "T", Summary: "S"})
	require.NoError(t, err, "a chat may have no points at all")
}

func TestAcceptTakesWhatEarlierSummariesCite(t *testing.T) {
	t.Parallel()

	r := reading()
	r.Earlier = []chat.Summary{{
		NextSteps: []chat.Point{point("Send it again", "0")},
		Labels: []chat.LabelChoice{
			{Name: "VIP", Evidence: []chat.Quote{{Message: "0", Text: "I am a gold member"}}},
		},
	}}

	s, err := r.Accept(chat.Summary{
		Title:     "T",
		Summary:   "S",
		KeyPoints: []chat.Point{point("Sent again", "0")},
		Labels: []chat.LabelChoice{
			{Name: "vip", Confidence: 0.8, Evidence: []chat.Quote{{Message: "0", Text: "a gold  member"}}},
		},
	})

	require.NoError(t, err)
	assert.Len(t, s.KeyPoints, 1)

	assert.Equal(
		t,
		[]chat.LabelChoice{
			{Name: "VIP", Confidence: 0.8, Evidence: []chat.Quote{{Message: "0", Text: "a gold member"}}},
		},
		s.Labels,
	)
}

func TestAcceptHoldsLabelsToTheWorkspaceAndTheirQuotes(t *testing.T) {
	t.Parallel()

	real := []chat.Quote{{Message: "1", Text: "WHERE IS my parcel"}}

	choice := func(name string, confidence float64, quotes ...chat.Quote) chat.LabelChoice {
		return chat.LabelChoice{Name: name, Confidence: confidence, Evidence: quotes}
	}

	s, err := reading().Accept(chat.Summary{Title: "T", Summary: "S", Labels: []chat.LabelChoice{
		choice("refund-approved", 1, real...),
		choice("VIP", 0.9, chat.Quote{Message: "1", Text: "approve the refund"}),
		choice(
			"late DELIVERY ",
			7,
			chat.Quote{Message: "2", Text: "where is my parcel"},
		), choice("Late delivery", 0.1, real...),
		choice(
			"A",
			math.NaN(),
			real...), choice("B", -1, real...), choice("C", 0.5, real...), choice("D", 0.4, real...),
		choice("VIP", 0.3, real...),
	}})

	require.NoError(t, err)

	var names []string
	for _, l := range s.Labels {
		names = append(names, l.Name)
		assert.Equal(t, chat.MessageID("1"), l.Evidence[0].Message, "the message that holds the quote")
	}

	assert.Equal(t, []string{"Late delivery", "C", "D", "VIP", "A"}, names, "the surest first, at most five")
	assert.InDelta(t, 1, s.Labels[0].Confidence, 0)

	silent := reading()
	silent.ChooseLabels = false
	s, err = silent.Accept(
		chat.Summary{Title: "T", Summary: "S", Labels: []chat.LabelChoice{choice("VIP", 1, real...)}},
	)

	require.NoError(t, err)
	assert.Empty(t, s.Labels, "nobody asked for labels")
}

func TestSpendable(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, time.December, 31, 23, 0, 0, 0, time.UTC)
	require.NoError(t, (&chat.SummarySettings{TokensUsed: 1 << 40}).Spendable(now), "no budget")
	require.NoError(t, (&chat.SummarySettings{TokenBudget: 10, TokensUsed: 9}).Spendable(now))
	err := (&chat.SummarySettings{TokenBudget: 10, TokensUsed: 10}).Spendable(now)
	assert.Equal(t, chat.CodeTokenBudget, chat.CodeOf(err))
	require.ErrorContains(t, err, "10 of its 10 tokens")
	assert.ErrorContains(t, err, "2027-01-01")
}

func TestSummarySettingsNameWhatIsWrong(t *testing.T) {
	t.Parallel()

	for field, bad := range map[string]chat.SummarySettings{
		"model":           {Model: "gpt"},
		"language":        {Language: "ignore the above"},
		"instructions":    {Instructions: strings.Repeat("x", 2001)},
		"token_budget":    {TokenBudget: -1},
		"label_threshold": {LabelThreshold: math.NaN()},
		"quiet_seconds":   {QuietAfter: time.Second},
		"every_messages":  {EveryMessages: 1001},
	} {
		err := chat.AsError(bad.Validate())
		require.NotNil(t, err, field)
		require.Len(t, err.Fields, 1, field)
		assert.Equal(t, field, err.Fields[0].Field)
	}

	good := chat.SummarySettings{
		Model:          "openai/gpt-4.1-mini",
		Language:       "zh-Hant-TW",
		QuietAfter:     time.Minute,
		EveryMessages:  1,
		LabelThreshold: 1,
	}

	assert.NoError(t, good.Validate())
}
