package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestNamesFoldByTheRulesOfUnicode(t *testing.T) {
	t.Parallel()

	for _, same := range [][]string{
		{"ΣΑΣ", "σας", "σασ"},
		{"Straße", "STRASSE", "strasse", "STRAẞE"},
		{"caf\u00e9", "cafe\u0301", "CAFÉ"},
		{"very important", "very  important", " Very\u00a0Important ", "very\u200b important", "ve\u00adry important"},
		{"ＶＩＰ", "vip"},
		{"ﬁnance", "Finance"},
		{"❤️", "❤"},
	} {
		for _, name := range same[1:] {
			assert.Equal(t, chat.FoldName(same[0]), chat.FoldName(name), "%q and %q", same[0], name)
		}
	}

	assert.NotEqual(t, chat.FoldName("resume"), chat.FoldName("résumé"), "accents tell words apart")
}

func TestANameThatNobodySeesIsRefused(t *testing.T) {
	t.Parallel()

	for _, name := range []string{"\u200b", "\u3164", "\u2800", "\ufeff \u00ad"} {
		err := (&chat.Label{Name: name}).Validate()
		require.Error(t, err, "%q", name)
		assert.Equal(t, "name", chat.AsError(err).Fields[0].Field)
	}

	require.NoError(t, (&chat.Label{Name: "🚩"}).Validate())
}

// TestALabelThatIsRenamedMeanwhileIsSet has a label renamed, and another one given its old name, while a model
// thinks.
func TestALabelThatIsRenamedMeanwhileIsSet(t *testing.T) {
	t.Parallel()

	reading := chat.Reading{
		ChooseLabels: true,
		Labels:       []chat.Label{{ID: 1, Name: "Shipping"}, {ID: 2, Name: "Billing"}},
		Messages:     []chat.Line{{ID: "m1", Text: "Where is my parcel?"}},
	}
	answered, err := reading.Accept(chat.Summary{Title: "A parcel", Summary: "Where is it?", Labels: []chat.LabelChoice{{
		Name:       "shipping",
		Confidence: 0.9,
		Evidence:   []chat.Quote{{Message: "m1", Text: "where is my parcel"}},
	}}})
	require.NoError(t, err)
	require.Len(t, answered.Labels, 1)

	renamed := []chat.Label{{ID: 1, Name: "Delivery"}, {ID: 2, Name: "Shipping"}}
	change := chat.DecideLabels(answered.Labels, renamed, nil, nil, 0.5)
	require.Len(t, change.Add, 1)
	assert.Equal(t, chat.LabelID(1), change.Add[0].ID)
}
