package reply

// westernLanguages are the Germanic and Romance ones with the most customers.
var westernLanguages = []language{
	{ // English
		introductions: []string{
			"On … wrote",   // Gmail, Apple Mail, Thunderbird, Yahoo, Proton
			"At … wrote",   // NetEase 163
			"… wrote on …", // Lotus Notes
			"… wrote",      // Lotus Notes iNotes, Roundcube
			"… writes",     // Gnus
		},
		own: []string{
			"you wrote", "I wrote", "we wrote", "they wrote", "wrote to me", "wrote me", "wrote to us",
			"your",
		},
		originals: []string{"original message", "original mail", "original email", "reply message"},
		forwards: []string{
			"forwarded message", "begin forwarded message", "forwarded mail", "forwarded email",
			"forwarded by",
		},
		labels: map[role][]string{
			roleFrom:    {"from"},
			roleSent:    {"sent", "date sent", "sent on"},
			roleDate:    {"date"},
			roleTo:      {"to"},
			roleCc:      {"cc", "bcc"},
			roleSubject: {"subject"},
			roleOther: {
				"reply-to", "reply to", "importance", "priority", "attachments", "sent by", "categories",
			},
		},
		subjectForwards: []string{"fw", "fwd", "forward", "forwarded"},
		sentFrom: []string{
			"Sent from my …", "Sent from Outlook…", "Sent from Yahoo Mail…", "Sent from Mail for Windows…",
			"Sent from Samsung…", "Sent from Proton…", "Sent with Proton…", "Sent with K-9 Mail…",
			"Get Outlook for …", "Virus-free.…", "This email has been checked for viruses by …",
		},
		below: []string{
			"below", "inline", "in-line", "in red", "in blue", "in green", "in bold", "forwarding",
			"forwarded",
		},
	},
	{ // German
		introductions: []string{
			"Am … schrieb",           // Thunderbird, Roundcube
			"Am … schrieb …",         // Gmail, Apple Mail, Thunderbird, Yahoo
			"Am … hat … geschrieben", // Evolution
			"… schrieb am …",         // Lotus Notes, Outlook for Mac
			"… hat am … geschrieben", // Lotus Notes
			"… schrieb",              // Lotus Notes iNotes
		},
		own: []string{
			"schrieb ich", "schrieb mir", "schrieb uns", "schrieben Sie", "schrieb er", "schrieb sie",
			"Ihr", "Ihre", "Ihr Kollege", "mir geschrieben", "Ihnen geschrieben", "Sie geschrieben",
		},
		originals: []string{
			"ursprüngliche nachricht", "originalnachricht", "original-nachricht", "originale nachricht",
		},
		forwards: []string{
			"weitergeleitete nachricht", "anfang der weitergeleiteten nachricht", "weitergeleitete mail",
			"weitergeleitet von",
		},
		labels: map[role][]string{
			roleFrom:    {"von", "absender"},
			roleSent:    {"gesendet", "gesendet am"},
			roleDate:    {"datum"},
			roleTo:      {"an", "empfänger"},
			roleCc:      {"kopie"},
			roleSubject: {"betreff", "betrifft"},
			roleOther:   {"antwort an", "wichtigkeit", "priorität", "anlagen", "anhänge", "gesendet von"},
		},
		subjectForwards: []string{"wg", "weitergeleitet", "wtr"},
		sentFrom: []string{
			"Von meinem … gesendet", "Gesendet von meinem …", "Gesendet von Outlook…",
			"Gesendet von Mail für Windows…", "Gesendet von Yahoo Mail…", "Gesendet mit Proton…",
			"Gesendet mit der GMX …", "Gesendet mit der WEB.DE …",
			"Diese Nachricht wurde von meinem … gesendet.", "Outlook für … beziehen…",
			"Holen Sie sich Outlook …",
		},
		below: []string{
			"unten", "s.u.", "im text", "in rot", "in blau", "in grün", "rot markiert", "weitergeleitet",
			"nachstehend", "untenstehend", "untenstehende", "leite ich", "ich leite",
		},
	},
	{ // French
		introductions: []string{
			"Le … a écrit",   // Gmail, Apple Mail, Thunderbird, Yahoo
			"… a écrit le …", // Lotus Notes
			"… a écrit",      // Lotus Notes iNotes
		},
		own:       []string{"m'a écrit", "m’a écrit", "nous a écrit", "vous a écrit", "votre", "vos"},
		originals: []string{"message d'origine", "message d’origine", "message original", "courriel original"},
		forwards: []string{
			"message transféré", "début du message transféré", "début du message réexpédié",
			"courriel transféré", "transféré par",
		},
		labels: map[role][]string{
			roleFrom:    {"de", "expéditeur"},
			roleSent:    {"envoyé", "envoyé le", "date d'envoi", "date d’envoi"},
			roleTo:      {"à", "destinataire"},
			roleSubject: {"objet", "sujet"},
			roleOther:   {"répondre à", "pièces jointes", "pj", "importance", "cci"},
		},
		subjectForwards: []string{"tr", "transf", "transféré"},
		sentFrom: []string{
			"Envoyé de mon …", "Envoyé depuis mon …", "Envoyé depuis Outlook…",
			"Envoyé depuis l'application …", "Envoyé depuis l’application …",
			"Envoyé à partir de Outlook…", "Envoyé avec Proton…", "Obtenir Outlook pour …",
			"Télécharger Outlook pour …",
		},
		below: []string{
			"ci-dessous", "ci-après", "en rouge", "en bleu", "en vert", "en gras", "plus bas",
			"dans le texte", "transfère", "transféré", "transmets", "fais suivre",
		},
	},
	{ // Spanish
		introductions: []string{
			"El … escribió",   // Gmail, Apple Mail, Thunderbird
			"En … escribió",   // Yahoo
			"… escribió el …", // Lotus Notes
			"… escribió",
		},
		own:       []string{"me escribió", "nos escribió", "les escribió", "usted escribió", "ustedes"},
		originals: []string{"mensaje original", "correo original"},
		forwards: []string{
			"mensaje reenviado", "inicio del mensaje reenviado", "correo reenviado", "reenviado por",
		},
		labels: map[role][]string{
			roleFrom:    {"remitente"},
			roleSent:    {"enviado", "enviado el"},
			roleDate:    {"fecha"},
			roleTo:      {"para"},
			roleSubject: {"asunto"},
			roleOther:   {"responder a", "importancia", "datos adjuntos", "adjuntos", "cco"},
		},
		subjectForwards: []string{"rv", "reenv", "reenviado"},
		sentFrom: []string{
			"Enviado desde mi …", "Enviado desde Outlook…", "Enviado desde Yahoo …", "Enviado con Proton…",
			"Obtener Outlook para …",
		},
		below: []string{
			"abajo", "a continuación", "más abajo", "en rojo", "en azul", "en verde", "en negrita",
			"en el texto", "reenvío", "les reenvío", "debajo",
		},
	},
	{ // Portuguese
		introductions: []string{
			"Em … escreveu",       // Gmail, Yahoo
			"No dia … escreveu",   // Apple Mail
			"A … escreveu",        // Gmail (Portugal)
			"… escreveu (…)",      // Gmail (Portugal)
			"… escreveu no dia …", // Apple Mail
			"… escreveu em …",
			"… escreveu",
		},
		own:       []string{"me escreveu", "escreveu-me", "nos escreveu", "você escreveu", "vosso", "vossa"},
		originals: []string{"mensagem original"},
		forwards: []string{
			"mensagem encaminhada", "mensagem reencaminhada", "início da mensagem encaminhada",
			"início da mensagem reencaminhada",
		},
		labels: map[role][]string{
			roleSent:    {"enviada", "enviada em", "enviado em", "data de envio"},
			roleDate:    {"data"},
			roleSubject: {"assunto"},
			roleOther:   {"responder para", "importância", "anexos", "prioridade"},
		},
		subjectForwards: []string{"enc", "encam", "encaminhado", "encaminhada"},
		sentFrom: []string{
			"Enviado do meu …", "Enviado a partir do meu …", "Enviado a partir do Outlook…",
			"Enviado via Outlook…", "Enviado do Outlook…", "Obter o Outlook para …",
			"Obter Outlook para …",
		},
		below: []string{
			"abaixo", "em baixo", "em vermelho", "a vermelho", "em azul", "a azul", "em negrito",
			"no texto", "encaminho", "reencaminho", "encaminhei",
		},
	},
	{ // Italian
		introductions: []string{
			"Il giorno … ha scritto", // Gmail, Apple Mail
			"Il … ha scritto",        // Thunderbird, Yahoo
			"In data … ha scritto",   // Virgilio, Libero
			"… ha scritto il …",
			"… ha scritto",
		},
		own: []string{
			"mi ha scritto", "ci ha scritto", "le ha scritto", "lei ha scritto", "vostro", "vostra",
		},
		originals: []string{"messaggio originale", "messaggio originario"},
		forwards: []string{
			"messaggio inoltrato", "inizio messaggio inoltrato", "inizio del messaggio inoltrato",
		},
		labels: map[role][]string{
			roleFrom:    {"da", "mittente"},
			roleSent:    {"inviato", "inviata", "inviato il"},
			roleTo:      {"a", "destinatario"},
			roleSubject: {"oggetto"},
			roleOther:   {"rispondi a", "allegati", "importanza", "ccn", "priorità"},
		},
		subjectForwards: []string{"i", "inoltro", "inoltra"},
		sentFrom: []string{
			"Inviato da iPhone", "Inviato da iPad", "Inviato dal mio …", "Inviato da Outlook…",
			"Inviato da Yahoo …", "Inviato da smartphone…", "Scarica Outlook per …",
			"Ottieni Outlook per …",
		},
		below: []string{
			"sotto", "di seguito", "in basso", "in rosso", "in blu", "in verde", "in grassetto",
			"nel testo", "inoltro",
		},
	},
	{ // Dutch
		introductions: []string{
			"Op … schreef …", // Gmail, Thunderbird
			"Op … schreef",
			"Op … heeft … geschreven", // Apple Mail
			"… schreef op …",          // Lotus Notes, Outlook for Mac
			"… heeft op … geschreven",
		},
		own: []string{
			"schreef u", "schreef ik", "schreef je", "schreven wij", "mij geschreven", "schreef mij", "uw",
			"jullie",
		},
		originals: []string{"oorspronkelijk bericht", "origineel bericht", "oorspronkelijke bericht"},
		forwards:  []string{"doorgestuurd bericht", "begin doorgestuurd bericht", "doorgestuurde bericht"},
		labels: map[role][]string{
			roleFrom:    {"van", "afzender"},
			roleSent:    {"verzonden", "verstuurd"},
			roleTo:      {"aan"},
			roleSubject: {"onderwerp"},
			roleOther:   {"antwoord aan", "bijlagen", "urgentie", "prioriteit"},
		},
		subjectForwards: []string{"doorst", "doorgestuurd"},
		sentFrom: []string{
			"Verzonden vanaf mijn …", "Verstuurd vanaf mijn …", "Verzonden vanuit Outlook…",
			"Verzonden met Proton…", "Outlook voor … downloaden…",
		},
		below: []string{
			"hieronder", "onderstaand", "onderstaande", "beneden", "in het rood", "in rood",
			"in het blauw", "in blauw", "in de tekst", "doorgestuurd", "stuur ik door",
		},
	},
}
