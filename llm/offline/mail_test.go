package offline_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

func TestOnlyWhatTheAuthorWroteIsRead(t *testing.T) {
	t.Parallel()
	const own = "The terrace lamp 55-A flickers at night."

	for name, below := range map[string]string{
		"English quote": "On Mon, 5 Oct 2026 at 10:11, Support <s@example.com>\nwrote:\n> Which lamp is it?",
		"German quote":  "Am 5. Oktober 2026 um 10:11 schrieb Support <s@example.com>:\n> Welche Lampe?",
		"Polish quote":  "W dniu 5 października 2026 o 10:11 Support napisał(a):\n> Która lampa?",
		"Russian quote": "пн, 5 окт. 2026 г. в 10:11, Support <s@example.com>:\n> Какая лампа?",
		"Swedish quote": "Den mån 5 okt. 2026 kl 10:11 skrev Support <s@example.com>:\n> Vilken lampa?",
		"Turkish quote": "Support <s@example.com>, 5 Eki 2026 Pzt, 10:11 tarihinde şunu yazdı:\n> Hangi lamba?",
		"Greek quote":   "Στις Δευ, 5 Οκτ 2026 στις 10:11, Support <s@example.com> έγραψε:\n> Ποια λάμπα;",
		"Outlook": "From: Support <s@example.com>\nSent: Monday, October 5, 2026\nTo: Ana\nSubject: " +
			"Lamp\n\nWhich lamp is it?",
		"Outlook German": "Von: Support <s@example.com>\nGesendet: Montag, 5. Oktober 2026\nAn: Ana\nBetreff: " +
			"Lampe\n\nWelche Lampe?",
		"forwarded":      "---------- Forwarded message ---------\nFrom: Support <s@example.com>\nWhich lamp is it?",
		"Apple":          "Begin forwarded message:\n\nWhich lamp is it?",
		"sign-off":       "Kind regards,\nAna Lopez\nLopez & Sons, 12 Mill Lane\nTel. +44 117 496 0123",
		"Polish":         "Z poważaniem\nAna Lopez\nul. Lipowa 3",
		"Turkish":        "Saygılarımla\nAna Lopez\nGül Sokak 14",
		"Russian":        "С уважением,\nАна\nтел. 123-45-67",
		"Swedish":        "Med vänliga hälsningar\nAna Lopez\nStorgatan 21",
		"Greek":          "Με εκτίμηση\nΆνα\nτηλ. 210 1234567",
		"name and title": "Ana\nHead of Lamps | Lopez & Sons\nwww.lopez.example | +44 117 496 0123",
		"telephone":      "Sent from my iPhone",
		"disclaimer": "This e-mail and any attachments are confidential and intended for its addressee.\nIf " +
			"you are not, delete it.",
		"dashes":   "-- \nLopez & Sons, 12 Mill Lane",
		"the wood": "Please consider the environment before printing this e-mail.",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := summarize(t, newDialogue(chat.ChannelEmail, "Ana: "+own+"\n\n"+below))
			assert.Equal(t, "Ana: "+own, s.Summary)
		})
	}
}

func TestWhatLooksLikeMailIsKept(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct{ text, want string }{
		"a form": {"Order: 4711\nProblem: the lamp flickers\nWish: a refund of it", "Ana: Order: 4711"},
		"a name in front": {"Ana\nthe lamp flickers at night, what can I do about that?\nIt has the number 55-A " +
			"and a red cable of its own, and it is new.", "flickers at night"},
		"a list": {"Two things:\n1. The lamp 55-A flickers at night.\n2. The invoice 20455 is wrong by " +
			"ten euros.", "Ana: The invoice 20455 is wrong by ten euros."},
		"a day's end": {"The lamp came between 8 and 10. Please do not send it again.", "Ana: Please do not send it again."},
		"a day of a month": {"Die Lampe 55-A kam am 3. November kaputt an.", "Ana: Die Lampe 55-A kam am 3. " +
			"November kaputt an."},
		"a bare greeting": {"hi my lamp 55-A flickers at night", "Ana: my lamp 55-A flickers at night"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Contains(t, summarize(t, newDialogue(chat.ChannelEmail, "Ana: "+c.text)).Summary, c.want)
		})
	}
}
