package offline_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/chat"
	"handrail/llm/offline"
)

var pieces = rapid.OneOf(
	rapid.String(),
	rapid.SampledFrom([]string{
		"Hi", "Hi Sam,", "\n", "> quoted", "--", "Best regards", "Thanks", "On 3 Nov Ana wrote:", "order 4711", "?", ".", " ",
		"No. 7", "👍", "。", "\x00", "\xff", "\u200f", "e.g. ", "refund", strings.Repeat("y", 500), "Where is it; ", "What next?",
		"We will call you tomorrow.", "**bold**", strings.Repeat("The parcel is lost and nobody ", 12), "ναι; ", "\u00a0", "<a@b.c>:",
	}))

var ids = rapid.Custom(func(t *rapid.T) chat.MessageID {
	return chat.MessageID("m" + strconv.Itoa(rapid.IntRange(0, 20).Draw(t, "id")))
})

func earlier(names []string) *rapid.Generator[chat.Summary] {
	points := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) chat.Point {
		return chat.Point{
			Text:     strings.Join(rapid.SliceOfN(pieces, 0, 6).Draw(t, "text"), " "),
			Messages: rapid.SliceOfN(ids, 0, 3).Draw(t, "messages"),
		}
	}), 0, 4)

	labels := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) chat.LabelChoice {
		return chat.LabelChoice{
			Name: rapid.SampledFrom(names).Draw(t, "name"), Confidence: rapid.Float64().Draw(t, "confidence"),
			Evidence: []chat.Quote{{Message: ids.Draw(t, "message"), Text: pieces.Draw(t, "quote")}},
		}
	}), 0, 3)

	return rapid.Custom(func(t *rapid.T) chat.Summary {
		return chat.Summary{
			Title:         rapid.String().Draw(t, "title"),
			Summary:       pieces.Draw(t, "summary"),
			KeyPoints:     points.Draw(t, "key points"),
			OpenQuestions: points.Draw(t, "open questions"),
			NextSteps:     points.Draw(t, "next steps"),
			Labels:        labels.Draw(t, "labels"),
		}
	})
}

func TestPropertyWhatItSaysIsAcceptedAsItIs(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		reading := chat.Reading{Title: rapid.String().Draw(t, "title"), ChooseLabels: rapid.Bool().Draw(t, "choose")}

		names := rapid.SliceOfN(
			rapid.OneOf(
				rapid.StringMatching(`[A-Za-z]{1,10}( [a-z]{1,10})?`),
				rapid.SampledFrom([]string{"Refund", "refund", "Parcel lost"}),
			),
			1,
			8,
		).Draw(
			t,
			"labels",
		)

		for _, name := range names {
			reading.Labels = append(reading.Labels, chat.Label{Name: name, Description: pieces.Draw(t, "description")})
		}

		first := rapid.IntRange(0, 10).Draw(t, "first")
		for i := range rapid.IntRange(0, 12).Draw(t, "messages") {
			reading.Messages = append(reading.Messages, chat.Line{
				ID: chat.MessageID("m" + strconv.Itoa(first+i)),
				Role: rapid.SampledFrom([]chat.MessageRole{chat.RoleUserMessage, chat.RoleAssistantMessage}).
					Draw(t, "role"),
				Speaker: rapid.String().Draw(t, "speaker"),
				Text: strings.Join(
					rapid.SliceOfN(pieces, 0, 12).Draw(t, "pieces"),
					rapid.SampledFrom([]string{"", " ", "\n"}).Draw(t, "glue"),
				),
			})
		}

		least := 0
		if len(reading.Messages) == 0 {
			least = 1
		}

		reading.Earlier = rapid.SliceOfN(earlier(names), least, 3).Draw(t, "earlier")

		s, _, err := offline.Model{}.Summarize(context.Background(), reading)
		require.NoError(t, err)
		accepted, err := reading.Accept(s)
		require.NoError(t, err)
		require.Equal(t, s, accepted)
		require.True(t, utf8.ValidString(s.Title+s.Summary))
		require.LessOrEqual(t, strings.Count(s.Summary, "\n"), 4)

		told := map[string]bool{}

		for _, points := range [][]chat.Point{s.KeyPoints, s.OpenQuestions, s.NextSteps} {
			for _, p := range points {
				require.False(t, told[p.Text], "told twice: %s", p.Text)
				told[p.Text] = true
			}
		}
	})
}
