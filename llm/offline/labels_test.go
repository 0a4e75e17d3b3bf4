package offline_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/llm/offline"
)

var workspaceLabels = []chat.Label{
	{Name: "Refund", Description: "The customer wants money back."},
	{Name: "Delivery", Description: "A parcel or shipment is late, lost or damaged; asks where the order is."},
	{Name: "VIP", Description: "Customers with a contract above 100,000 a year."},
	{Name: "Invoice question", Description: "Invoices, double charges and payments."},
	{Name: "Rücksendung", Description: "Retoure, Umtausch, Rücksendeetikett"},
	{Name: "Password", Description: "Cannot log in, lost password, account locked."},
}

func labelNames(choices []chat.LabelChoice) []string {
	var names []string
	for _, c := range choices {
		names = append(names, c.Name)
	}

	return names
}

func TestLabels(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		lines []string
		want  []string
	}{
		"by name, in another form":        {[]string{"Ana: Have you refunded me?"}, []string{"Refund"}},
		"by name without accents":         {[]string{"Ana: Die Rucksendung ist unterwegs"}, []string{"Rücksendung"}},
		"by name but for a filler":        {[]string{"Ana: There is a mistake on the invoice of May."}, []string{"Invoice question"}},
		"by two words of the description": {[]string{"Ana: My parcel came damaged."}, []string{"Delivery"}},
		"not by one word of it":           {[]string{"Ana: My parcel came."}, nil},
		"not by words far apart":          {[]string{"Ana: My parcel came.", "Ana: I like it.", "Ana: The lost cat is back."}, nil},
		"not by a part of a name":         {[]string{"Ana: VIPER is a fine name for a cable."}, nil},
		"not by the assistant alone": {[]string{"Ana: Do you open on Sunday?", "Support: We do. We also " +
			"handle every refund."}, nil},
		"by the assistant and the customer": {[]string{"Ana: I want my money.", "Support: I have sent the refund."}, []string{"Refund"}},
		"not for an unrelated chat":         {[]string{"Ana: Which colours does the tent come in?", "Support: Green and blue."}, nil},
		"not for a greeting":                {[]string{"Ana: Hi"}, nil},
		"several, best first": {
			[]string{"Ana: The parcel is lost, where is the shipment? Is the invoice paid?"}, []string{"Delivery", "Invoice question"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			reading := newDialogue(chat.ChannelSMS, c.lines...)
			reading.Labels = workspaceLabels
			assert.Equal(t, c.want, labelNames(summarize(t, reading).Labels))
		})
	}
}

func TestLabelsAreCappedAndOnlyChosenWhenAsked(t *testing.T) {
	t.Parallel()

	reading := newDialogue(chat.ChannelSMS, "Ana: alpha beta gamma delta epsilon zeta")
	for _, name := range []string{"Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta"} {
		reading.Labels = append(reading.Labels, chat.Label{Name: name})
	}

	assert.Equal(t, []string{"Alpha", "Beta", "Gamma", "Delta", "Epsilon"}, labelNames(summarize(t, reading).Labels))

	s, _, err := offline.Model{}.Summarize(t.Context(), reading)
	require.NoError(t, err)
	assert.Nil(t, s.Labels)
}

func TestLabelsSayHowSureTheyAreAndWhy(t *testing.T) {
	t.Parallel()

	const sure = 0.7
	for name, c := range map[string]struct {
		line string
		sure bool
	}{
		"its name alone":          {"The refund is small.", false},
		"two words of it":         {"My parcel came damaged.", false},
		"its name and a word":     {"I want a refund, give me my money.", true},
		"three words of it":       {"My parcel came late and damaged.", true},
		"German, with its ending": {"Meine Rucksendung ist fertig, ich will Umtausch.", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			reading := newDialogue(chat.ChannelSMS, "Ana: Hello!", "Ana: "+c.line)
			reading.Labels = workspaceLabels
			labels := summarize(t, reading).Labels
			require.Len(t, labels, 1)
			assert.Equal(t, c.sure, labels[0].Confidence >= sure, labels[0].Confidence)
			assert.Equal(t, []chat.Quote{{Message: "m1", Text: c.line}}, labels[0].Evidence)
		})
	}
}

func TestEvidenceIsWordForWordOrNone(t *testing.T) {
	t.Parallel()

	long := newDialogue(
		chat.ChannelSMS,
		"Ana: I want a refund and my money "+strings.Repeat("because of the noise it makes ", 20),
	)

	long.Labels = workspaceLabels
	labels := summarize(t, long).Labels
	require.NotEmpty(t, labels)
	assert.LessOrEqual(t, len(labels[0].Evidence[0].Text), chat.MaxQuote)
	assert.Contains(t, long.Messages[0].Text, labels[0].Evidence[0].Text)

	broken := newDialogue(
		chat.ChannelEmail,
		"Ana: I have asked you before and I ask you again for a refund of the\n> Why?\nmoney.",
	)

	broken.Labels = workspaceLabels[:1]
	assert.Empty(t, summarize(t, broken).Labels, "no sentence of it is in the message word for word")
}
