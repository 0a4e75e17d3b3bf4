package offline_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
	"handrail/llm/offline"
)

func pointTexts(points []chat.Point) []string {
	var out []string
	for _, p := range points {
		out = append(out, p.Text)
	}

	return out
}

func TestPointsNameTheMessageTheyAreFrom(t *testing.T) {
	t.Parallel()
	s := summarize(t, smsSupport)
	assert.Contains(
		t,
		s.KeyPoints,
		chat.Point{Text: "Ana: My order 4711 has not arrived yet.", Messages: []chat.MessageID{"m2"}},
	)

	assert.Equal(t, []chat.Point{
		{Text: "Support: The driver will bring it on Tuesday between 9 and 12.", Messages: []chat.MessageID{"m6"}},
	}, s.NextSteps)

	assert.Empty(t, s.OpenQuestions)

	// What the text has no room for.
	assert.Contains(t, pointTexts(summarize(t, emailWithQuote).KeyPoints),
		"Jonas Weber: the label can not be printed, the PDF is empty.")
}

func TestOpenQuestions(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		lines []string
		want  []string
	}{
		"nobody answers":             {[]string{"Ana: Where is my parcel 4711?"}, []string{"Ana: Where is my parcel 4711?"}},
		"answered":                   {[]string{"Ana: Where is my parcel 4711?", "Support: The driver has loaded it."}, nil},
		"answered with yes":          {[]string{"Ana: Do you open on Sunday?", "Support: Yes!"}, nil},
		"a word of patience is none": {[]string{"Ana: Where is my parcel?", "Support: Let me check, one moment please."}, []string{"Ana: Where is my parcel?"}},
		"a question is no answer": {
			[]string{"Ana: Where is my parcel?", "Support: Which order number is it about?", "Ana: 4711"},
			[]string{"Ana: Where is my parcel?"},
		},
		"asked after the last answer": {
			[]string{"Ana: Where is my parcel?", "Support: The driver has loaded it.", "Ana: Can he ring the bell twice?"},
			[]string{"Ana: Can he ring the bell twice?"},
		},
		"one of two": {
			[]string{"Ana: Where is my parcel? Can I have another invoice?", "Support: The parcel is with the driver."},
			[]string{"Ana: Can I have another invoice?"},
		},
		"without a mark":      {[]string{"Ana: when will the driver be here"}, []string{"Ana: when will the driver be here"}},
		"that is no question": {[]string{"Ana: When I came home the door was open."}, nil},
		"by the business":     {[]string{"Support: Has the parcel arrived at your house?"}, nil},
		"Greek": {[]string{"Μαρία: Πού είναι το δέμα μου; Ευχαριστώ."}, []string{"Μαρία: Πού είναι " +
			"το δέμα μου;"}},
		"Arabic":  {[]string{"سارة: متى سيصل طلبي رقم 4711؟"}, []string{"سارة: متى سيصل طلبي رقم 4711؟"}},
		"Russian": {[]string{"Ольга: когда привезут мой заказ"}, []string{"Ольга: когда привезут мой заказ"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, pointTexts(summarize(t, newDialogue(chat.ChannelSMS, c.lines...)).OpenQuestions))
		})
	}
}

func TestNextStepsInManyLanguages(t *testing.T) {
	t.Parallel()

	for name, step := range map[string]string{
		"English":    "We will send the new contract.",
		"request":    "Please restart the router.",
		"short form": "We'll send the new contract.",
		"deadline":   "The repair takes place within 3 days.",
		"German":     "Wir werden den Vertrag zuschicken.",
		"Spanish":    "Le enviaremos el nuevo contrato.",
		"French":     "Veuillez signer le contrat.",
		"Italian":    "Invieremo il nuovo contratto.",
		"Portuguese": "O novo contrato será enviado.",
		"Dutch":      "Wij sturen het nieuwe contract.",
		"Polish":     "Jutro kurier dostarczy umowę.",
		"Turkish":    "Sözleşme adresinize gönderilecek.",
		"Swedish":    "Vi skickar ett nytt avtal.",
		"Russian":    "Мы отправим новый договор.",
		"Greek":      "Το συμβόλαιο θα σταλεί.",
		"Arabic":     "سنرسل العقد الجديد.",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := summarize(
				t,
				newDialogue(
					chat.ChannelSMS,
					"Ana: The contract 4711 is not signed, and the router is broken.",
					"Support: "+step,
				),
			)

			assert.Equal(t, []string{"Support: " + step}, pointTexts(s.NextSteps))
		})
	}

	s := summarize(
		t,
		newDialogue(
			chat.ChannelSMS,
			"Ana: I will go to court with the contract 4711.",
			"Support: The contract was wrong.",
		),
	)

	assert.Empty(t, s.NextSteps, "what the customer will do is none")
}

func TestEarlierSummariesAreBuiltOn(t *testing.T) {
	t.Parallel()

	before := chat.Summary{
		Title:         "Boiler in flat 3B is broken",
		Summary:       "Tom: the boiler in flat 3B is broken.",
		KeyPoints:     []chat.Point{{Text: "Tom: the boiler in flat 3B is broken.", Messages: []chat.MessageID{"a1"}}},
		OpenQuestions: []chat.Point{{Text: "Tom: Who pays for the electric heater?", Messages: []chat.MessageID{"a2"}}},
		NextSteps: []chat.Point{
			{Text: "Office: The plumber will come on Monday.", Messages: []chat.MessageID{"a3"}},
		},
		Labels: []chat.LabelChoice{
			{Name: "Heating", Confidence: 0.9, Evidence: []chat.Quote{{Message: "a1", Text: "the boiler"}}},
		},
	}

	fresh := newDialogue(
		chat.ChannelSMS,
		"Tom: The plumber was here, but the pump 77-B is missing.",
		"Support: The pump will arrive on Thursday.",
	)

	fresh.Earlier, fresh.Labels = []chat.Summary{
		before,
	}, []chat.Label{
		{Name: "Heating", Description: "Cold flats"},
		{Name: "Rent"},
	}

	s := summarize(t, fresh)
	assert.Equal(t, before.Title, s.Title)
	assert.Contains(t, s.KeyPoints, before.KeyPoints[0])
	assert.Equal(t, before.OpenQuestions, s.OpenQuestions, "nobody has answered yet")
	assert.Contains(t, pointTexts(s.NextSteps), "Support: The pump will arrive on Thursday.")
	assert.Equal(t, before.Labels, s.Labels)

	fresh.Messages[1].Text = "We pay for the electric heater. The pump will arrive on Thursday."
	assert.Empty(t, summarize(t, fresh).OpenQuestions, "now somebody has")

	parts := summarize(
		t,
		chat.Reading{Earlier: []chat.Summary{before, {Title: "Pump", Summary: "The pump 77-B is missing."}}},
	)

	assert.Equal(t, before.Title, parts.Title)
	assert.Contains(t, parts.Summary, "The pump 77-B is missing.")
	assert.Contains(t, parts.KeyPoints, before.KeyPoints[0])
	assert.NotContains(t, pointTexts(parts.KeyPoints), "The pump 77-B is missing.", "a text without sources is no point")
}

func TestCapacityHasNoBound(t *testing.T) {
	t.Parallel()
	assert.Zero(t, offline.Model{}.Capacity())
}
