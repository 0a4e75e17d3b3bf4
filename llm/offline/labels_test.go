package offline_test

import (
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

func TestLabels(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines []string
		want  []string
	}{
		"by name, in another form":          {[]string{"Ana: Have you refunded me?"}, []string{"Refund"}},
		"by name without accents":           {[]string{"Ana: Die Rucksendung ist unterwegs"}, []string{"Rücksendung"}},
		"by name but for a filler":          {[]string{"Ana: There is a mistake on the invoice of May."}, []string{"Invoice question"}},
		"by two words of the description":   {[]string{"Ana: My parcel came damaged."}, []string{"Delivery"}},
		"not by one word of it":             {[]string{"Ana: My parcel came."}, nil},
		"not by words far apart":            {[]string{"Ana: My parcel came.", "Ana: I like it.", "Ana: The lost cat is back."}, nil},
		"not by a part of a name":           {[]string{"Ana: VIPER is a fine name for a cable."}, nil},
		"not by the assistant alone":        {[]string{"Ana: Do you open on Sunday?", "Support: We do. We also handle every refund."}, nil},
		"by the assistant and the customer": {[]string{"Ana: I want my money.", "Support: I have sent the refund."}, []string{"Refund"}},
		"not for an unrelated chat":         {[]string{"Ana: Which colours does the tent come in?", "Support: Green and blue."}, nil},
		"not for a greeting":                {[]string{"Ana: Hi"}, nil},
		"several, best first": {
			[]string{"Ana: The parcel is lost, where is the shipment? Is the invoice paid?"}, []string{"Delivery", "Invoice question"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transcript := dialogue(chat.ChannelSMS, c.lines...)
			transcript.Labels = workspaceLabels
			assert.Equal(t, c.want, summarize(t, transcript).Labels)
		})
	}
}

func TestLabelsAreCappedAndOnlyChosenWhenAsked(t *testing.T) {
	t.Parallel()
	transcript := dialogue(chat.ChannelSMS, "Ana: alpha beta gamma delta epsilon zeta")
	for _, name := range []string{"Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta"} {
		transcript.Labels = append(transcript.Labels, chat.Label{Name: name})
	}
	assert.Equal(t, []string{"Alpha", "Beta", "Gamma", "Delta", "Epsilon"}, summarize(t, transcript).Labels)

	s, err := offline.Model{}.Summarize(t.Context(), transcript, false)
	require.NoError(t, err)
	assert.Nil(t, s.Labels)
}
