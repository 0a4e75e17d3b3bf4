package llm_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/budget"
	"handrail/chat"
	"handrail/llm"
)

func TestUsableAnswers(t *testing.T) {
	t.Parallel()

	refunded := []chat.LabelChoice{
		{Name: "Refund", Confidence: 0.9, Evidence: []chat.Quote{{Message: "a", Text: "where is order 4711"}}},
	}

	for name, c := range map[string]struct {
		answers []func(*llm.Request) (llm.Completion, error)
		labels  []chat.LabelChoice
	}{
		"as asked":              {answersWith(saysText(goodAnswer(refundLabel("where is order 4711")))), refunded},
		"no label fits":         {answersWith(saysText(goodAnswer(`[]`))), nil},
		"in a code fence":       {answersWith(saysText("```json\n" + goodAnswer(`[]`) + "\n```")), nil},
		"in a plain code fence": {answersWith(saysText("```\n" + goodAnswer(`[]`) + "```\n")), nil},
		"cut off after its end": {answersWith(cutOff(goodAnswer(`[]`))), nil},
		"without labels":        {answersWith(saysText(strings.Replace(goodAnswer(`[]`), `,"labels":[]`, "", 1))), nil},
		"without empty arrays": {answersWith(saysText(head + `"key_points":[{"text":"Order 4711 is late.",` +
			`"messages":[1]}]}`)), nil},
		"null arrays":               {answersWith(saysText(strings.ReplaceAll(goodAnswer(`null`), "[]", "null"))), nil},
		"number as a string":        {answersWith(saysText(strings.Replace(goodAnswer(`[]`), "[1]", `["1"]`, 1))), nil},
		"number with a letter":      {answersWith(saysText(strings.Replace(goodAnswer(`[]`), "[1]", `["m1"]`, 1))), nil},
		"number with a sign":        {answersWith(saysText(strings.Replace(goodAnswer(`[]`), "[1]", `["#1",1.0]`, 1))), nil},
		"unknown numbers beside it": {answersWith(saysText(strings.Replace(goodAnswer(`[]`), "[1]", `[0,-1,99,1,null,"x",{"a":2},1e3,1]`, 1))), nil},
		"unknown points beside it":  {answersWith(saysText(strings.Replace(goodAnswer(`[]`), `"next_steps":[]`, `"next_steps":[{"text":"Call.","messages":[3]}]`, 1))), nil},
		"unknown label": {answersWith(saysText(goodAnswer(`[{"name":"Angry","confidence":1,` +
			`"evidence":[{"message":1,"quote":"order"}]}]`))), nil},
		"quote that nobody said": {answersWith(saysText(goodAnswer(refundLabel("I want my money back")))), nil},
		"label without quotes": {answersWith(saysText(goodAnswer(`[{"name":"Refund","confidence":1,` +
			`"evidence":[]}]`))), nil},
		"quote of another message":   {answersWith(saysText(goodAnswer(strings.Replace(refundLabel("where is order 4711"), `"message":1`, `"message":44`, 1)))), refunded},
		"not JSON, then repaired":    {answersWith(saysText("Sure! Order 4711 is late."), saysText(goodAnswer(`[]`))), nil},
		"text after it":              {answersWith(saysText(goodAnswer(`[]`) + " Anything else?")), nil},
		"text before it":             {answersWith(saysText("Sure! Here is {it}:\n```JSON\n" + goodAnswer(`[]`) + "\n```\nEnjoy")), nil},
		"a tilde fence":              {answersWith(saysText("~~~json\n" + goodAnswer(`[]`) + "\n~~~")), nil},
		"thoughts before it":         {answersWith(saysText("<think>{\"title\":\"no\"}</think>\n" + goodAnswer(`[]`))), nil},
		"the end of thoughts":        {answersWith(saysText("Let me see.\n</think>\n\n" + goodAnswer(`[]`))), nil},
		"a byte order mark":          {answersWith(saysText("\ufeff" + goodAnswer(`[]`) + "\u200b")), nil},
		"a mark of the template":     {answersWith(saysText(goodAnswer(`[]`) + "<|im_end|>")), nil},
		"a list of one":              {answersWith(saysText("[" + goodAnswer(`[]`) + "]")), nil},
		"within another object":      {answersWith(saysText(`{"answer":` + goodAnswer(`[]`) + `}`)), nil},
		"one number without a list":  {answersWith(saysText(strings.Replace(goodAnswer(`[]`), "[1]", "1", 1))), nil},
		"confidence as a text":       {answersWith(saysText(goodAnswer(strings.Replace(refundLabel("where is order 4711"), "0.9", `"0.9"`, 1)))), refunded},
		"confidence in words":        {answersWith(saysText(goodAnswer(`[{"name":"Refund","confidence":"sk-secret high"}]`))), nil},
		"an overlarge confidence":    {answersWith(saysText(goodAnswer(`[{"confidence":1e999}]`))), nil},
		"labels by their names":      {answersWith(saysText(goodAnswer(`["Refund"]`))), nil},
		"wrong shape, then repaired": {answersWith(saysText(`[1,2]`), saysText(goodAnswer(`[]`))), nil},
		"other fields beside it":     {answersWith(saysText(strings.Replace(goodAnswer(`[]`), "{", `{"mood":"fine",`, 1))), nil},
		"no known number, repaired":  {answersWith(saysText(strings.Replace(goodAnswer(`[]`), "[1]", "[2,3]", 1)), saysText(goodAnswer(`[]`))), nil},
		"overlong title, repaired":   {answersWith(saysText(`{"title":"`+strings.Repeat("x", 81)+`","summary":"b"}`), saysText(goodAnswer(`[]`))), nil},
		"empty, then repaired":       {answersWith(saysText(" "), saysText(goodAnswer(`[]`))), nil},
		"cut off, then repaired":     {answersWith(cutOff(`{"title":"Or`), saysText(goodAnswer(`[]`))), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, err := modelThat(c.answers...).summarize(t, readingOf("Where is order 4711?"))
			require.NoError(t, err)

			if name != "cut off after its end" {
				assert.Equal(t, "small", s.Model)
			}

			s.Model = ""
			assert.Equal(t, chat.Summary{
				Title:     "Order 4711 is late",
				Summary:   "Ana waits for order 4711.",
				Labels:    c.labels,
				KeyPoints: []chat.Point{{Text: "Order 4711 is late.", Messages: []chat.MessageID{"a"}}},
			}, s)
		})
	}
}

func answersWith(all ...func(*llm.Request) (llm.Completion, error)) []func(*llm.Request) (llm.Completion, error) {
	return all
}

func TestUnusableAnswers(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct{ answer, says string }{
		"not JSON":               {"no", "it is not valid JSON"},
		"half an object":         {`{"title":"a"`, "it is not valid JSON"},
		"wrong shape":            {`{"title":5}`, "the field title must not be a JSON number"},
		"points without numbers": {head + `"key_points":["late"]}`, "every key point, open question and next step must name the messages it rests on"},
		"no summary":             {`{"title":"a"}`, "summary must have 1 to 4000 characters"},
		"empty":                  {" \n", "it is empty"},
		"other fields alone":     {`{"sk-secret":1}`, "must have 1 to"},
		"no known number":        {strings.Replace(goodAnswer(`[]`), "[1]", `[2,"x"]`, 1), "must name the messages it rests on"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, usage, err := modelThat(saysText(c.answer), saysText(c.answer)).summarize(t, readingOf("Where is order 4711?"))
			require.Equal(t, chat.CodeSummarizationFailed, chat.CodeOf(err))
			assert.True(t, chat.AsError(err).Final())
			assert.Contains(t, chat.AsError(err).Message, c.says)
			assert.NotContains(t, err.Error(), "sk-secret")
			assert.Equal(t, int64(220), usage.Tokens(), "what was of no use was paid for, too")
		})
	}
}

func TestTextsThatStayTooLongAreCut(t *testing.T) {
	t.Parallel()

	long := `{"title":"` + strings.Repeat("x", 500) + `","summary":"` + strings.Repeat("ü", 5000) + `"}`
	s, _, err := modelThat(saysText(long), saysText(long)).summarize(t, readingOf("Hello"))
	require.NoError(t, err)
	assert.Len(t, []rune(s.Title), chat.MaxSummaryTitle)
	assert.Len(t, []rune(s.Summary), chat.MaxSummary)
}

func TestUsage(t *testing.T) {
	t.Parallel()

	later := &chat.RetryLaterError{Code: "x_500"}
	for name, c := range map[string]struct {
		answers []func(*llm.Request) (llm.Completion, error)
		want    chat.Usage
		err     error
	}{
		"one request":           {answersWith(saysText(goodAnswer(`[]`))), chat.Usage{Requests: 1, InputTokens: 100, OutputTokens: 10}, nil},
		"with repair":           {answersWith(saysText("no"), saysText(goodAnswer(`[]`))), chat.Usage{Requests: 2, InputTokens: 200, OutputTokens: 20}, nil},
		"failure":               {answersWith(failsWith(later)), chat.Usage{Requests: 1, InputTokens: 7}, later},
		"failure of the repair": {answersWith(saysText("no"), failsWith(later)), chat.Usage{Requests: 2, InputTokens: 107, OutputTokens: 10}, later},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, usage, err := modelThat(c.answers...).summarize(t, readingOf("Hello"))
			require.ErrorIs(t, err, c.err)
			assert.Positive(t, usage.Duration)
			usage.Duration = 0
			assert.Equal(t, c.want, usage)
		})
	}
}

func TestNothingToRead(t *testing.T) {
	t.Parallel()

	m := modelThat()
	_, usage, err := m.summarize(t, chat.Reading{ChooseLabels: true})
	assert.Equal(t, chat.CodeNothingToSummarize, chat.CodeOf(err))
	assert.Zero(t, usage)
}

func TestCapacity(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 60_000, llm.New(modelThat(), llm.Config{}).Capacity())
	assert.Equal(t, 500, llm.New(modelThat(), llm.Config{Capacity: 500}).Capacity())
}

// patient is a provider that waits as long as it may.
type patient struct{}

func (patient) Complete(ctx context.Context, _ llm.Request) (llm.Completion, error) {
	<-ctx.Done()
	return llm.Completion{Usage: chat.Usage{Requests: 1}}, context.Cause(ctx)
}

func TestTimeoutAndCancellation(t *testing.T) {
	t.Parallel()

	_, usage, err := llm.New(patient{}, llm.Config{Timeout: time.Millisecond}).
		Summarize(t.Context(), readingOf("Hello"))

	require.ErrorContains(t, err, "did not answer within 1ms")
	assert.Equal(t, 1, usage.Requests)

	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)

	_, _, err = llm.New(patient{}, llm.Config{}).Summarize(ctx, readingOf("Hello"))
	require.ErrorIs(t, err, gone)
}

func TestRepairShowsTheAnswerAndWhatIsWrong(t *testing.T) {
	t.Parallel()

	m := modelThat(saysText(`{"title":5}`), saysText(goodAnswer(`[]`)))
	_, _, err := m.summarize(t, readingOf("Hello"))
	require.NoError(t, err)

	first, second := m.requests[0], m.requests[1]
	assert.Equal(t, first.System, second.System)
	assert.Equal(t, first.Schema, second.Schema)
	require.Len(t, second.Turns, 3)
	assert.Equal(t, first.Turns, second.Turns[:1])
	assert.Equal(t, llm.Turn{Role: llm.RoleAssistant, Text: `{"title":5}`}, second.Turns[1])
	assert.Equal(t, llm.RoleUser, second.Turns[2].Role)
	assert.Contains(t, second.Turns[2].Text, "the field title must not be a JSON number")

	m = modelThat(saysText(" "), saysText(goodAnswer(`[]`)))
	_, _, err = m.summarize(t, readingOf("Hello"))
	require.NoError(t, err)
	assert.Len(t, m.requests[1].Turns, 2, "servers refuse turns without text")
}

// A workspace is neither locked out nor refunded by what a server says.
func TestUsageIsBelievedWithinReason(t *testing.T) {
	t.Parallel()

	usage := func(in, out int64) chat.Usage {
		answer := func(*llm.Request) (llm.Completion, error) {
			return llm.Completion{
				Text:  `{"title":"T","summary":"S"}`,
				Usage: chat.Usage{Requests: 1, InputTokens: in, OutputTokens: out},
			}, nil
		}

		_, got, err := modelThat(answer).summarize(t, readingOf("Hello"))
		require.NoError(t, err)

		return got
	}

	assert.Equal(t, int64(110), usage(100, 10).Tokens())
	assert.Zero(t, usage(-1e13, -1e13).Tokens())
	assert.Equal(t, int64(10), usage(math.MinInt64, 10).Tokens())

	most := usage(1e15, 1e15)
	assert.Less(t, most.InputTokens, int64(30_000), "a token has a byte at least, and the request has fewer")
	assert.Equal(t, int64(budget.MaxOutputTokens), most.OutputTokens)
	assert.Equal(t, most.Tokens(), usage(math.MaxInt64, math.MaxInt64).Tokens())
}

func TestAnAnswerThatIsFarTooLong(t *testing.T) {
	t.Parallel()

	for _, text := range []string{
		`{"title":"T","summary":"S","key_points":[` + strings.Repeat(`{"text":"x","messages":[1]},`, 20_000) + `{}]}`,
		`{"title":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `,"summary":"S"}`,
	} {
		_, _, err := modelThat(saysText(text), saysText(text)).summarize(t, readingOf("Hello"))
		assert.Equal(t, chat.CodeSummarizationFailed, chat.CodeOf(err))
		assert.ErrorContains(t, err, "far too long")
	}
}
