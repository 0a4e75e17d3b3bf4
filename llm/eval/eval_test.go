package eval_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/llm/eval"
	"handrail/llm/offline"
)

// everything says the whole chat again.
type everything struct{}

func (everything) Summarize(_ context.Context, r chat.Reading) (chat.Summary, chat.Usage, error) {
	var texts []string
	for _, m := range r.Messages {
		texts = append(texts, m.Text)
	}

	return chat.Summary{Title: "Everything", Summary: strings.Join(texts, "\n")}, chat.Usage{Requests: 1}, nil
}

// saysWord answers every reading with the same.
type saysWord struct {
	summary chat.Summary
	usage   chat.Usage
	err     error
}

func (s saysWord) Summarize(context.Context, chat.Reading) (chat.Summary, chat.Usage, error) {
	return s.summary, s.usage, s.err
}

// parcel is a dialogue to measure summaries by; its labels are those of no set.
var parcel = eval.Dialogue{
	ID:       "en-parcel",
	Language: "en",
	Channel:  chat.ChannelSMS,
	Customer: "Ana",
	Messages: []eval.Message{
		{From: "Ana", Text: "Where is my parcel 4711?"},
		{From: "Shop", Text: "It arrives on Tuesday."},
	},
	Points: []eval.Reference{
		{Text: "parcel 4711", Any: [][]string{{"4711"}}},
		{Text: "on Tuesday", Any: [][]string{{"this", "week"}, {"Túesday"}}},
		{Text: "two words", Any: [][]string{{"parcel", "lost"}}},
	},
}

func runEval(t *testing.T, m eval.Model, dialogues ...eval.Dialogue) eval.Report {
	t.Helper()
	report, err := eval.Run(t.Context(), eval.Provider{Name: "test", Model: m}, dialogues, ignoreProgress)
	require.NoError(t, err)

	return report
}

func TestCoverage(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		says string
		want int
	}{
		"one":                             {"Parcel 4711 is late.", 1},
		"a number is no part of a number": {"Parcel 47110 is late.", 0},
		"a word may go on":                {"4711, on tuesdays.", 2},
		"all words of an alternative":     {"The parcel is lost.", 1},
		"every one":                       {"Parcel 4711 is lost, not there THIS WEEK", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := runEval(t, saysWord{summary: chat.Summary{Title: "x", Summary: c.says}}, parcel)
			assert.Equal(t, eval.Share{Part: c.want, Of: 3}, report.Total.Coverage)
			assert.Len(t, report.Outcomes[0].Missed, 3-c.want)
		})
	}

	report := runEval(t, saysWord{summary: chat.Summary{Title: "x", Summary: "y", NextSteps: []chat.Point{
		{Text: "It comes on Tuesday", Messages: []chat.MessageID{"m2"}},
	}}}, parcel)

	assert.Equal(t, eval.Share{Part: 1, Of: 3}, report.Total.Coverage, "points are read too")
	assert.Equal(t, eval.Share{Part: 0, Of: 3}, report.Total.InText, "but not as text")

	report = runEval(t, saysWord{summary: chat.Summary{Title: "Parcel 4711", Summary: "Shop: it comes on Tuesday."}}, parcel)
	assert.Equal(t, eval.Share{Part: 2, Of: 3}, report.Total.InText, "title and text")
}

func TestWordsOfTheText(t *testing.T) {
	t.Parallel()

	long := saysWord{summary: chat.Summary{Title: "Not counted", Summary: "Ana: Where is it?\nShop: Here.", KeyPoints: []chat.Point{
		{Text: "Nor is this", Messages: []chat.MessageID{"m1"}},
	}}}
	report := runEval(t, long, parcel, parcel)
	assert.Equal(t, 6, report.Outcomes[0].Words, "with the names of who speaks")
	assert.Equal(t, 12, report.Total.Words)

	var out bytes.Buffer
	require.NoError(t, eval.Print(&out, []eval.Report{report}))
	assert.Regexp(t, `(?m)^provider .* words `, out.String())
	assert.Regexp(t, `(?m)^test .* 6\.0 `, out.String())
}

func TestCitationsAndLength(t *testing.T) {
	t.Parallel()

	report := runEval(t, saysWord{summary: chat.Summary{Title: "1234", Summary: "123456", KeyPoints: []chat.Point{
		{Text: "Parcel 4711", Messages: []chat.MessageID{"m1"}},
		{Text: "Tuesday it is", Messages: []chat.MessageID{"m1", "m2"}},
		{Text: "Tuesday it is", Messages: []chat.MessageID{"m1"}},
		{Text: "Tuesday it is", Messages: []chat.MessageID{"m2", "m9"}},
		{Text: "is on", Messages: []chat.MessageID{"m2"}},
		{Text: "Parcel 4711"},
	}}, usage: chat.Usage{InputTokens: 70, OutputTokens: 3}}, parcel, parcel)

	assert.Equal(t, eval.Share{Part: 4, Of: 12}, report.Total.Citations)
	assert.Equal(t, eval.Share{Part: 20, Of: 2 * (24 + 22)}, report.Total.Text)
	assert.Equal(t, int64(140), report.Total.InputTokens)
	assert.Equal(t, int64(6), report.Total.OutputTokens)
	assert.Equal(t, 2, report.Languages["en"].Dialogues)
	assert.Equal(t, 2, report.Channels["phone-sms"].Dialogues)
}

func TestLabels(t *testing.T) {
	t.Parallel()
	all := loadDialogues(t)

	d := all[0]
	for _, other := range all {
		if len(other.Labels) == 2 {
			d = other
		}
	}

	label := func(name string, confidence float64) chat.LabelChoice {
		return chat.LabelChoice{
			Name:       name,
			Confidence: confidence,
			Evidence:   []chat.Quote{{Text: strings.Fields(d.Messages[0].Text)[0]}},
		}
	}

	wrong := ""

	for _, l := range d.Reading().Labels {
		if l.Name != d.Labels[0] && l.Name != d.Labels[1] {
			wrong = l.Name
		}
	}

	report := runEval(t, saysWord{summary: chat.Summary{Title: "x", Summary: "y", Labels: []chat.LabelChoice{
		label(d.Labels[0], 0.7), label(wrong, 0.8), label(d.Labels[1], 0.5),
	}}}, d)

	assert.Equal(
		t,
		eval.Choice{Precision: eval.Share{Part: 1, Of: 2}, Recall: eval.Share{Part: 1, Of: 2}},
		report.Total.Set,
	)

	assert.Equal(
		t,
		eval.Choice{Precision: eval.Share{Part: 2, Of: 3}, Recall: eval.Share{Part: 2, Of: 2}},
		report.Total.Chosen,
	)
}

func TestFailuresAreCountedAndCoverNothing(t *testing.T) {
	t.Parallel()

	for name, m := range map[string]eval.Model{
		"an error":   saysWord{err: errors.New("no connection")},
		"no summary": saysWord{summary: chat.Summary{Title: "Parcel 4711"}},
	} {
		report := runEval(t, m, parcel)
		assert.Equal(t, 1, report.Total.Failures, name)
		assert.Equal(t, eval.Share{Of: 3}, report.Total.Coverage, name)
		assert.NotEmpty(t, report.Outcomes[0].Error, name)
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()

	_, err := eval.Run(ended, eval.Provider{Model: everything{}}, []eval.Dialogue{parcel}, ignoreProgress)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestTables(t *testing.T) {
	t.Parallel()
	reports := []eval.Report{runEval(t, everything{}, parcel), runEval(t, saysWord{err: errors.New("no connection")}, parcel)}
	var out bytes.Buffer
	require.NoError(t, eval.Print(&out, reports))
	lines := strings.Split(out.String(), "\n")
	assert.Contains(t, lines[1], "66.7 %")
	assert.Contains(t, lines[2], "0.0 %")
	assert.Contains(t, out.String(), "\nen ")
	assert.Contains(t, out.String(), "\nphone-sms ")

	out.Reset()
	require.NoError(t, eval.PrintMissed(&out, &reports[1]))

	assert.Equal(
		t,
		"\ntest, en-parcel: misses parcel 4711; on Tuesday; two words\n  failed: no connection\n",
		out.String(),
	)

	require.NoError(t, eval.Print(&out, nil))
}

// The floors are a little below what was measured: offline gives the same answer each time.
func TestOfflineStaysAsGoodAsItIs(t *testing.T) {
	t.Parallel()
	f := runEval(t, offline.Model{}, loadDialogues(t)...).Total
	share := func(s eval.Share) float64 { return float64(s.Part) / float64(s.Of) }

	assert.Zero(t, f.Failures)
	assert.GreaterOrEqual(t, share(f.Coverage), 0.90)
	assert.GreaterOrEqual(t, share(f.InText), 0.78)
	assert.LessOrEqual(t, float64(f.Words)/float64(f.Dialogues), 42.0)
	assert.InDelta(t, 1, share(f.Citations), 0)
	assert.GreaterOrEqual(t, share(f.Set.Precision), 0.93)
	assert.GreaterOrEqual(t, share(f.Set.Recall), 0.33)
	assert.GreaterOrEqual(t, share(f.Chosen.Precision), 0.73)
	assert.GreaterOrEqual(t, share(f.Chosen.Recall), 0.53)
	assert.LessOrEqual(t, share(f.Text), 0.70)
}

// The chats held out have a floor only so that nobody makes the text longer again unseen.
func TestOfflineTextsOfShortChatsStayShort(t *testing.T) {
	t.Parallel()
	f := runEval(t, offline.Model{}, loadHeldOut(t)...).Total

	assert.Zero(t, f.Failures)
	assert.LessOrEqual(t, float64(f.Words)/float64(f.Dialogues), 45.0)
	assert.GreaterOrEqual(t, float64(f.Coverage.Part)/float64(f.Coverage.Of), 0.74)
}

// ignoreProgress is for those who do not want to hear of progress.
func ignoreProgress(int) {}
