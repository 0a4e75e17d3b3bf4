package offline_test

import (
	"strconv"
	"strings"

	"handrail/chat"
)

// newDialogue makes a reading of lines like "Ana: text"; those of Support, Kundendienst
// and so on are the assistant's.
func newDialogue(channel chat.Channel, lines ...string) chat.Reading {
	r := chat.Reading{ChatID: 1, Channel: channel}

	for i, line := range lines {
		speaker, text, _ := strings.Cut(line, ": ")
		role := chat.RoleUserMessage

		switch speaker {
		case "Support", "Soporte", "Kundendienst", "Service client":
			role = chat.RoleAssistantMessage
		}

		r.Messages = append(r.Messages, chat.Line{
			ID:      chat.MessageID("m" + strconv.Itoa(i)),
			Role:    role,
			Speaker: speaker,
			Text:    text,
		})
	}

	return r
}

var smsSupport = newDialogue(
	chat.ChannelSMS,
	"Ana: Hi!",
	"Support: Hello Ana, how can I help you today?",
	"Ana: My order 4711 has not arrived yet. It was promised for last Friday.",
	"Support: I'm sorry to hear that! Let me check.",
	"Support: Order no. 4711 is held at the depot in Leeds because the address has no house number.",
	"Ana: Oh no. It is 12 Mill Lane. Can you send it out again?",
	"Support: Done. The driver will bring it on Tuesday between 9 and 12.",
	"Ana: Great, thanks a lot!",
	"Support: You're welcome. Have a nice day!",
)

var emailWithQuote = newDialogue(
	chat.ChannelEmail,
	`Jonas Weber: Dear Sir or Madam,

I would like to return the espresso machine I bought on 3 October, because the
pump makes a terrible noise and the coffee is barely warm. The invoice number
is INV-20931.

Could you send me a return label?

Kind regards,
Jonas Weber
Weber & Sons Ltd.
14 Harbour Street, Bristol
Tel. +44 117 496 0123`,
	`Support: Hello Jonas,

Thank you for your message. We have opened return R-558 for the espresso machine. You will find the label attached.

Best regards
Support Team`,
	`Jonas Weber: Hi,

the label can not be printed, the PDF is empty.

Sent from my iPhone

On Mon, 5 Oct 2026 at 10:11, Support Team <support@example.com>
wrote:
> Thank you for your message. We have opened return R-558 for the espresso machine.
> You will find the label attached.`,
	`Support: A new label is attached; the courier picks the parcel up on 9 October.

-- 
Support Team
Confidential unless stated otherwise.`,
)

var spanish = newDialogue(
	chat.ChannelSMS,
	"Lucía: Hola, buenos días",
	"Soporte: ¡Buenos días, Lucía! ¿En qué puedo ayudarle?",
	"Lucía: Me han cobrado dos veces la factura de septiembre, número 88-213. ¿Pueden devolverme el importe?",
	"Soporte: Sí, vemos el cargo duplicado de 39,90 €. Le devolveremos el importe en tres días laborables.",
	"Lucía: Muchas gracias",
	"Soporte: De nada. ¡Que tenga un buen día!",
)

var german = newDialogue(
	chat.ChannelEmail,
	`Petra Lang: Sehr geehrte Damen und Herren,

meine Rechnung Nr. 20455 vom 3. November enthält eine Position, die ich nicht bestellt habe. Bitte schicken Sie mir z. B. eine korrigierte Rechnung.

Mit freundlichen Grüßen
Petra Lang`,
	`Kundendienst: Guten Tag Frau Lang,

vielen Dank für Ihre Nachricht. Wir haben die Position 7 storniert und die korrigierte Rechnung an Ihre Adresse geschickt.

Freundliche Grüße
Ihr Kundendienst`,
	`Petra Lang: Danke!

Am 5. November 2026 um 09:12 schrieb Kundendienst <service@example.com>:

> vielen Dank für Ihre Nachricht.`,
)

var french = newDialogue(
	chat.ChannelSMS,
	"Chloé: Bonjour",
	"Service client: Bonjour Chloé, comment puis-je vous aider ?",
	"Chloé: Mon abonnement a été résilié par erreur. Je voudrais le réactiver avant le 15 juin.",
	"Service client: Votre abonnement est réactivé depuis aujourd'hui. La prochaine facture partira le 1er juillet.",
	"Chloé: Merci beaucoup !",
)

var mixed = newDialogue(
	chat.ChannelSMS,
	"Marek: hey",
	"Marek: my card was declined 3 times but the money is gone",
	"Support: Hi Marek! Which order is it about?",
	"Marek: zamówienie 99812, kwota 240 zł",
	"Support: The bank has only reserved the 240 zł. It frees the amount within 5 days.",
	"Marek: ok",
)

func longDialogue() chat.Reading {
	lines := []string{
		"Tom: Good morning",
		"Tom: The heating in flat 3B has been cold since Sunday and we have a newborn. When can somebody repair " +
			"the boiler?",
	}

	small := []string{
		"Support: One moment please.", "Tom: ok", "Support: Is anyone at home in the afternoon?", "Tom: Yes, my wife is.",
		"Support: Is the red lamp of the boiler on?", "Tom: Yes it blinks.", "Support: Thank you!", "Tom: sure",
	}

	for len(lines) < 58 {
		lines = append(lines, small[len(lines)%len(small)])
	}

	return newDialogue(chat.ChannelSMS, append(lines,
		"Support: The plumber, Mr. Hall, comes today at 16:30 and brings a new pump for the boiler.",
		"Tom: Perfect, thank you so much")...)
}
