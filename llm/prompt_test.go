package llm_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/llm"
)

// askAbout is what a model is asked about a reading.
func askAbout(t *testing.T, r chat.Reading) llm.Request {
	t.Helper()

	m := modelThat(saysText(`{"title":"a","summary":"b"}`))
	_, _, err := m.summarize(t, r)
	require.NoError(t, err)

	return m.requests[0]
}

func TestMessagesCarryNumbers(t *testing.T) {
	t.Parallel()

	r := readingOf("Where is <order> 4711?", "On its way.")
	r.Messages[1].Speaker = "Bo"
	request := askAbout(t, r)
	require.Len(t, request.Turns, 1)
	assert.Equal(t, llm.RoleUser, request.Turns[0].Role)

	assert.Equal(t, []string{
		`{"id":1,"by":"customer","text":"Where is \u003corder\u003e 4711?"}`,
		`{"id":2,"by":"business","speaker":"Bo","text":"On its way."}`,
	}, linesInside(request.Turns[0].Text, "transcript"))
}

func TestSchema(t *testing.T) {
	t.Parallel()
	encoded, err := json.Marshal(askAbout(t, readingOf("Hello")).Schema)
	require.NoError(t, err)

	point := `{"type":"array","items":{"type":"object","additionalProperties":false,"required":["text","messages"],
		"properties":{"text":{"type":"string"},"messages":{"type":"array","items":{"type":"integer"}}}}}`

	assert.JSONEq(t, `{"type":"object","additionalProperties":false,
		"required":["title","summary","key_points","open_questions","next_steps","labels"],
		"properties":{"title":{"type":"string"},"summary":{"type":"string"},
			"key_points":`+point+`,"open_questions":`+point+`,"next_steps":`+point+`,
			"labels":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["name","confidence","evidence"],
				"properties":{"name":{"type":"string","enum":["Refund","Late delivery"]},"confidence":{"type":"number"},
					"evidence":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["message","quote"],
						"properties":{"message":{"type":"integer"},"quote":{"type":"string"}}}}}}}}}`, string(encoded))
}

func TestLabelsAreOnlyOfferedWhenAsked(t *testing.T) {
	t.Parallel()
	assert.Contains(t, askAbout(t, readingOf("Hello")).System, `{"name":"Refund","description":"Wants money back"}`)

	for name, change := range map[string]func(*chat.Reading){
		"not asked": func(r *chat.Reading) { r.ChooseLabels = false },
		"none":      func(r *chat.Reading) { r.Labels = nil },
	} {
		r := readingOf("Where is order 4711?")
		change(&r)

		m := modelThat(saysText(goodAnswer(refundLabel("order 4711"))))
		s, _, err := m.summarize(t, r)
		require.NoError(t, err, name)
		assert.Empty(t, s.Labels, name)
		assert.NotContains(t, m.requests[0].System, "labels\"", name)
		assert.NotContains(t, m.requests[0].Schema["properties"], "labels", name)
	}
}

func TestLanguageAndInstructions(t *testing.T) {
	t.Parallel()

	r := readingOf("Hello")
	assert.Contains(t, askAbout(t, r).System, "in the language of the customer's messages")
	r.Language, r.Instructions = "pt-BR", " Name the \"product\".\n- \"labels\": any "
	system := askAbout(t, r).System
	assert.Contains(t, system, "in the language with the tag pt-BR")
	assert.NotContains(t, system, "of the customer's messages")
	assert.Contains(t, system, `"Name the \"product\".\n- \"labels\": any"`, "as one string")
}

// A summary of what is new is to cost little.
func TestPromptIsLean(t *testing.T) {
	t.Parallel()

	r := readingOf("Hello")
	r.Labels, r.Earlier = nil, []chat.Summary{{Title: "a", Summary: "b"}}
	request := askAbout(t, r)
	schema, err := json.Marshal(request.Schema)
	require.NoError(t, err)
	assert.Less(t, utf8.RuneCountInString(request.System)+len(schema), 2_500)
}

func earlierSummary() chat.Summary {
	return chat.Summary{
		Title:         "Order </earlier> 4711",
		Summary:       "Ana waits.",
		Model:         "secret-model",
		KeyPoints:     []chat.Point{{Text: "It is late.", Messages: []chat.MessageID{"x", "a"}}},
		OpenQuestions: []chat.Point{{Text: "When?", Messages: []chat.MessageID{"y"}}},
		Labels: []chat.LabelChoice{
			{Name: "Refund", Confidence: 0.5, Evidence: []chat.Quote{{Message: "x", Text: "money back"}}},
		},
	}
}

func TestWhatIsNew(t *testing.T) {
	t.Parallel()

	r := readingOf("It came.", "Fine.")
	r.Earlier = []chat.Summary{earlierSummary()}

	m := modelThat(
		saysText(head + `"key_points":[{"text":"It came.","messages":[1]},{"text":"It was late.","messages":[3,"4",5]}],
		"labels":[{"name":"Refund","confidence":0.6,"evidence":[{"message":3,"quote":"Money back"}]}]}`),
	)

	s, _, err := m.summarize(t, r)
	require.NoError(t, err)

	assert.Equal(t, []chat.Point{
		{Text: "It came.", Messages: []chat.MessageID{"a"}},
		{Text: "It was late.", Messages: []chat.MessageID{"x", "y"}},
	}, s.KeyPoints)

	assert.Equal(
		t,
		[]chat.LabelChoice{
			{Name: "Refund", Confidence: 0.6, Evidence: []chat.Quote{{Message: "x", Text: "Money back"}}},
		},
		s.Labels,
	)

	prompt := m.requests[0].Turns[0].Text
	assert.Equal(t, []string{`{"title":"Order \u003c/earlier\u003e 4711","summary":"Ana waits.",` +
		`"key_points":[{"text":"It is late.","messages":[3,1]}],"open_questions":[{"text":"When?","messages":[4]}],` +
		`"labels":[{"name":"Refund","confidence":0.5,"evidence":[{"message":3,"quote":"money back"}]}]}`}, linesInside(prompt, "earlier"))

	assert.Len(t, linesInside(prompt, "transcript"), 2)
	assert.Contains(t, m.requests[0].System, "Write the whole summary anew")
	assert.NotContains(t, m.requests[0].System, "Merge")

	r.ChooseLabels = false
	assert.NotContains(t, askAbout(t, r).Turns[0].Text, "labels")
}

func TestMerge(t *testing.T) {
	t.Parallel()

	second := earlierSummary()
	second.KeyPoints[0].Messages = []chat.MessageID{"z"}
	r := chat.Reading{Earlier: []chat.Summary{earlierSummary(), second}}
	m := modelThat(saysText(head + `"next_steps":[{"text":"Call.","messages":[1,4,5]}]}`))
	s, _, err := m.summarize(t, r)
	require.NoError(t, err)
	assert.Equal(t, []chat.Point{{Text: "Call.", Messages: []chat.MessageID{"x", "z"}}}, s.NextSteps)
	assert.Len(t, linesInside(m.requests[0].Turns[0].Text, "earlier"), 2)
	assert.NotContains(t, m.requests[0].Turns[0].Text, "transcript")
	assert.Contains(t, m.requests[0].System, "Merge them into one")
	assert.NotContains(t, m.requests[0].System, "transcript")
}

func TestLongMessagesAreCutAndNoneIsLeftOut(t *testing.T) {
	t.Parallel()

	r := readingOf(strings.Repeat("<", 9_000), strings.Repeat("ü", 9_000), "end")
	for range 100 {
		r.Messages = append(r.Messages, r.Messages[1])
	}

	lines := linesInside(askAbout(t, r).Turns[0].Text, "transcript")
	require.Len(t, lines, 103)

	for _, line := range lines {
		var m struct{ Text string }
		require.NoError(t, json.Unmarshal([]byte(line), &m)) //nolint:musttag // names match whatever their case
		assert.LessOrEqual(t, utf8.RuneCountInString(m.Text), 8_000)
		assert.True(t, m.Text == "end" || strings.HasSuffix(m.Text, " […]"))
	}
}

func TestManyLabelsAreShortlisted(t *testing.T) {
	t.Parallel()

	r := readingOf("Where is order 4711?")
	for i := range 300 {
		r.Labels = append(r.Labels, chat.Label{Name: fmt.Sprintf("Label %d", i), Description: strings.Repeat("d", 500)})
	}

	r.Earlier = []chat.Summary{
		{Title: "a", Summary: "b", Labels: []chat.LabelChoice{{Name: "label 298"}, {Name: "Gone"}, {Name: "Refund"}}},
	}

	last := func(r chat.Reading, limit int) []chat.Label { return r.Labels[len(r.Labels)-limit:] }
	for name, c := range map[string]struct {
		shortlist func(chat.Reading, int) []chat.Label
		has       string
	}{
		"none":        {nil, "Late delivery"},
		"of the last": {last, "Label 250"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			m := modelThat(saysText(strings.Replace(goodAnswer(refundLabel("order 4711")), `"Refund"`, `"`+c.has+`"`, 1)))
			s, _, err := llm.New(m, llm.Config{Shortlist: c.shortlist}).Summarize(t.Context(), r)
			require.NoError(t, err)
			require.Len(t, s.Labels, 1)
			assert.Equal(t, c.has, s.Labels[0].Name)

			var schema struct {
				Properties struct {
					Labels struct {
						Items struct {
							Properties struct{ Name struct{ Enum []string } }
						}
					}
				}
			}

			encoded, err := json.Marshal(m.requests[0].Schema)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(encoded, &schema)) //nolint:musttag // names match whatever their case
			names := schema.Properties.Labels.Items.Properties.Name.Enum
			assert.Len(t, names, 100)
			assert.Equal(t, []string{"Label 298", "Refund"}, names[:2], "what was chosen stays")
			assert.Contains(t, names, c.has)
			assert.Equal(t, 100, strings.Count(m.requests[0].System, "\n{\"name\":"))
			assert.Less(t, len(m.requests[0].System), 60_000)
		})
	}
}
