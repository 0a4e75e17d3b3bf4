package offline_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// A title whose detail a later message replaces is made of the later one.
func TestTitlesThatALaterMessageContradictsAreChosenAgain(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		lines []string
		title string
	}{
		"more people": {
			[]string{
				"Ana: Hi! I booked a table for four on Friday at 7 pm, the name is Lopez.",
				"Ana: Two more friends want to come along. Can you make it six people?",
			}, "Can you make it six people",
		},
		"more people, and it is done": {
			[]string{
				"Ana: Hi! I booked a table for four on Friday at 7 pm, the name is Lopez.",
				"Ana: Can you make it six people?",
				"Support: Done: your table for six on Friday at 7 pm is booked.",
			}, "Done: your table for six on Friday at 7 pm is booked",
		},
		"the chat of make dev": {
			[]string{
				"Ana: Hi! I booked a table for four on Friday at 7 pm, the name is Lopez.",
				"Ana: Two more friends want to come along. Can you make it six people?",
				"Ana: And is there still a place on the terrace? My mother uses a wheelchair.",
				"Support: Your table is booked. See you on Friday!",
			}, "Can you make it six people",
		},
		"another number": {
			[]string{"Ana: Order 4711 has not arrived yet.", "Support: Let me check.", "Ana: sorry, 4712"},
			"Sorry, 4712",
		},
		"another number, found by the business": {
			[]string{
				"Ana: Order 4711 has not arrived yet.",
				"Ana: Sorry, wrong number. It is 4712.",
				"Support: Order 4712 has left the depot in Leeds today.",
			}, "Order 4712 has left the depot in Leeds today",
		},
		"another weekday": {
			[]string{"Ana: We need the plumber on Tuesday morning.", "Support: He comes at 9.", "Ana: Could we move it to Thursday instead?"},
			"Could we move it to Thursday instead?",
		},
		"the business has no room": {
			[]string{
				"Ana: I would like a double room for Saturday please.", "Support: Saturday is full.",
				"Support: I have booked the double room for Sunday.",
			}, "I have booked the double room for Sunday",
		},
		"not cancelled after all": {
			[]string{"Ana: I want to cancel my subscription.", "Support: We can offer three months for free.", "Ana: Ok, please don't cancel it."},
			"Ok, please don't cancel it",
		},
		"something else instead": {
			[]string{"Ana: I want a refund for the lamp.", "Support: That takes ten days.", "Ana: Then I take a voucher instead of a refund."},
			"Then I take a voucher instead of a refund",
		},
		"changed twice": {
			[]string{
				"Ana: A table for four on Friday please.", "Ana: Make it five people.", "Support: Fine.",
				"Ana: Sorry, make it eight people.",
			}, "Sorry, make it eight people",
		},
		"German number of people": {
			[]string{"Jonas: Ich möchte einen Tisch für vier Personen am Freitag reservieren.", "Jonas: Machen Sie bitte sechs Personen daraus."},
			"Machen Sie bitte sechs Personen daraus",
		},
		"German weekday": {
			[]string{"Jonas: Der Monteur soll am Montag kommen.", "Kundendienst: Geht klar.", "Jonas: Lieber doch erst am Mittwoch."},
			"Lieber doch erst am Mittwoch",
		},
		"German cancellation": {
			[]string{"Jonas: Ich möchte meinen Vertrag kündigen.", "Kundendienst: Schade.", "Jonas: Ich möchte ihn doch nicht kündigen, der neue Tarif passt."},
			"Ich möchte ihn doch nicht kündigen, der neue Tarif passt",
		},
		"Spanish hour": {
			[]string{"Lucía: Quería una mesa a las 20:30 para el cumpleaños.", "Lucía: Mejor a las 21:15, mi hermana llega tarde."},
			"Mejor a las 21:15, mi hermana llega tarde",
		},
		"Spanish date": {
			[]string{"Lucía: Necesito la furgoneta el 3 de mayo.", "Soporte: De acuerdo.", "Lucía: Perdón, quise decir el 5 de mayo."},
			"Perdón, quise decir el 5 de mayo",
		},
		"French weekday": {
			[]string{"Chloé: Je voudrais un rendez-vous mardi pour la chaudière.", "Service client: C'est noté.", "Chloé: Finalement plutôt jeudi, je travaille."},
			"Finalement plutôt jeudi, je travaille",
		},
		"French number": {
			[]string{"Chloé: Ma commande 88213 n'est pas arrivée.", "Chloé: Pardon, 88231."},
			"Pardon, 88231",
		},
		"Italian number of people": {
			[]string{"Marco: Ho prenotato per quattro persone venerdì sera.", "Marco: Facciamo sei persone, vengono anche i nonni."},
			"Facciamo sei persone, vengono anche i nonni",
		},
		"Polish weekday": {
			[]string{"Kuba: Kurier ma przyjechać w piątek po paczkę.", "Kuba: Jednak lepiej w sobotę, w piątek pracuję."},
			"Jednak lepiej w sobotę, w piątek pracuję",
		},
		"Russian hour": {
			[]string{"Ольга: Запишите меня к врачу на пятницу в 15:00.", "Ольга: Лучше в 17:30, раньше не успею."},
			"Лучше в 17:30, раньше не успею",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := summarize(t, newDialogue(chat.ChannelSMS, c.lines...))
			assert.Equal(t, strings.TrimSuffix(c.title, "?"), strings.TrimSuffix(s.Title, "?"))
			assert.Contains(t, strings.ToLower(s.Summary), strings.ToLower(strings.TrimSuffix(c.title, "?")), "the text says it too")
		})
	}
}

// What only has another number, day or no in it does not contradict.
func TestTitlesThatNothingContradictsStay(t *testing.T) {
	t.Parallel()

	for name, lines := range map[string][]string{
		"a part of it":                       {"Ana: We ordered 3 lamps for the kitchen, order 4711.", "Ana: 2 lamps are broken."},
		"one order more":                     {"Ana: My order 4711 has not arrived yet.", "Ana: And order 4712 is missing as well."},
		"the business is closed":             {"Ana: I want to change the table for four on Friday to the terrace.", "Support: Sorry, we are closed on Saturday."},
		"the business asks":                  {"Ana: My order 4711 has not arrived yet.", "Support: Did you mean order 4712 instead?", "Ana: No, 4711."},
		"the same again":                     {"Ana: I booked a table for four on Friday at 7 pm.", "Support: Confirmed: a table for four on Friday at 7 pm."},
		"other nouns":                        {"Ana: A table for four people on Friday please.", "Ana: We will come with 2 dogs instead of the pram."},
		"an hour is no number":               {"Ana: I need a table for four people on Friday.", "Ana: Make it at 8 pm."},
		"what it costs":                      {"Ana: I want to move my booking of 2 nights.", "Support: The change costs 30 euros."},
		"not done yet":                       {"Ana: Please cancel my order 4711.", "Ana: You have not cancelled it yet!"},
		"no, and cancel":                     {"Ana: I want to cancel my plan, it is too expensive.", "Support: I could offer the Basic plan.", "Ana: no thanks just cancel"},
		"what is not wanted":                 {"Ana: We need the plumber on Tuesday morning.", "Ana: Rather not Thursday, we are away."},
		"German part":                        {"Jonas: Ich habe 3 Lampen bestellt, Bestellung 4711.", "Jonas: 2 Lampen sind kaputt."},
		"German, another invoice":            {"Jonas: Die Bestellung 4711 ist nicht gekommen.", "Kundendienst: Die Rechnung 5512 haben wir geändert."},
		"Spanish, the same day":              {"Lucía: Quería una mesa el viernes para cuatro personas.", "Soporte: El viernes mejor a las nueve."},
		"French, more of it":                 {"Chloé: Je voudrais un rendez-vous mardi pour la chaudière.", "Service client: Mardi ou jeudi ?", "Chloé: Mardi, merci."},
		"Italian, another day":               {"Marco: Ho prenotato per quattro persone venerdì sera.", "Marco: Sabato partiamo per Torino."},
		"Polish, what it costs":              {"Kuba: Kurier ma przyjechać w piątek po paczkę.", "Support: Zmiana kosztuje 15 zł."},
		"a no that is about something else":  {"Ana: Are you coming to the party on Sunday?", "Ana: No, on Saturday she is at her aunt's."},
		"five instead of four, not of eight": {"Ana: Can we move the table from 19:00 to 8 on Friday?", "Ana: We are 5 instead of 4."},
		"Spanish morning":                    {"Lucía: El gato no come desde ayer por la mañana.", "Soporte: A su edad es mejor verlo hoy."},
		"German morning":                     {"Jonas: Die Heizung ist seit gestern Morgen kalt, Wohnung 3B.", "Kundendienst: Lieber komme ich heute."},
		"a phone number is no order":         {"Ana: Order 4711 has not arrived yet.", "Ana: sorry, my phone is 0501234567"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			first := newDialogue(chat.ChannelSMS, lines[0])
			s := summarize(t, newDialogue(chat.ChannelSMS, lines...))
			assert.Equal(t, summarize(t, first).Title, s.Title)
		})
	}
}

// The title of the last summary stands unless a message after it contradicts it.
func TestTheTitleOfAnEarlierSummaryIsChosenAgainToo(t *testing.T) {
	t.Parallel()

	fresh := newDialogue(chat.ChannelSMS, "Ana: Is there a high chair too?", "Support: Yes, we have three.")
	fresh.Earlier = []chat.Summary{{
		Title:     "I booked a table for four on Friday",
		Summary:   "Ana: I booked a table for four on Friday.",
		KeyPoints: []chat.Point{{Text: "Ana: I booked a table for four on Friday.", Messages: []chat.MessageID{"a1"}}},
	}}

	assert.Equal(t, "I booked a table for four on Friday", summarize(t, fresh).Title)

	fresh.Messages[0].Text = "Please make it six people, and bring a high chair."
	assert.Equal(t, "Please make it six people, and bring a high chair", summarize(t, fresh).Title)

	fresh.Messages[1].Text = "Your table is booked for six on Friday."
	assert.Equal(t, "Your table is booked for six on Friday", summarize(t, fresh).Title)
}
