package chat

import "strings"

// askWords is how a contributor is asked in one language.
type askWords struct {
	// sorry stands before a question that is asked again, reminder before one that is asked for the
	// second time.
	sorry, reminder string
	// didYouMean asks whether %s is meant.
	didYouMean    string
	yesNo, number string
	// choice asks for one of %s, a list with or before its last.
	choice, or   string
	object, list string
}

// askWordsOf is the one table of what contributors are told in their language.
var askWordsOf = map[string]askWords{
	"en": {
		sorry:      "Sorry, your answer could not be read.",
		reminder:   "A reminder:",
		didYouMean: "Did you mean %s? Please answer yes, or again.",
		yesNo:      "Please answer yes or no.",
		number:     "Please answer with a number.",
		choice:     "Please answer with %s.",
		or:         "or",
		object:     "Please answer with a JSON object.",
		list:       "Please answer with a JSON list.",
	},
	"de": {
		sorry:      "Ihre Antwort war leider nicht eindeutig zu lesen.",
		reminder:   "Zur Erinnerung:",
		didYouMean: "Meinten Sie %s? Bitte antworten Sie mit Ja, oder noch einmal.",
		yesNo:      "Bitte antworten Sie mit Ja oder Nein.",
		number:     "Bitte antworten Sie mit einer Zahl.",
		choice:     "Bitte antworten Sie mit %s.",
		or:         "oder",
		object:     "Bitte antworten Sie mit einem JSON-Objekt.",
		list:       "Bitte antworten Sie mit einer JSON-Liste.",
	},
	"fr": {
		sorry:      "Désolé, votre réponse n'a pas pu être lue.",
		reminder:   "Pour rappel :",
		didYouMean: "Vouliez-vous dire %s ? Répondez oui, ou répondez à nouveau.",
		yesNo:      "Répondez par oui ou par non, s'il vous plaît.",
		number:     "Répondez par un nombre, s'il vous plaît.",
		choice:     "Répondez par %s, s'il vous plaît.",
		or:         "ou",
		object:     "Répondez par un objet JSON, s'il vous plaît.",
		list:       "Répondez par une liste JSON, s'il vous plaît.",
	},
	"es": {
		sorry:      "Lo sentimos, no se ha podido leer su respuesta.",
		reminder:   "Le recordamos:",
		didYouMean: "¿Quiso decir %s? Responda sí, o responda de nuevo.",
		yesNo:      "Responda sí o no, por favor.",
		number:     "Responda con un número, por favor.",
		choice:     "Responda con %s, por favor.",
		or:         "o",
		object:     "Responda con un objeto JSON, por favor.",
		list:       "Responda con una lista JSON, por favor.",
	},
	"it": {
		sorry:      "Spiacenti, non è stato possibile leggere la sua risposta.",
		reminder:   "Promemoria:",
		didYouMean: "Intendeva %s? Risponda sì, o risponda di nuovo.",
		yesNo:      "Risponda sì o no, per favore.",
		number:     "Risponda con un numero, per favore.",
		choice:     "Risponda con %s, per favore.",
		or:         "o",
		object:     "Risponda con un oggetto JSON, per favore.",
		list:       "Risponda con una lista JSON, per favore.",
	},
	"pt": {
		sorry:      "Desculpe, não foi possível ler a sua resposta.",
		reminder:   "Lembrete:",
		didYouMean: "Quis dizer %s? Responda sim, ou responda de novo.",
		yesNo:      "Responda sim ou não, por favor.",
		number:     "Responda com um número, por favor.",
		choice:     "Responda com %s, por favor.",
		or:         "ou",
		object:     "Responda com um objeto JSON, por favor.",
		list:       "Responda com uma lista JSON, por favor.",
	},
	"nl": {
		sorry:      "Sorry, uw antwoord kon niet worden gelezen.",
		reminder:   "Een herinnering:",
		didYouMean: "Bedoelde u %s? Antwoord ja, of antwoord opnieuw.",
		yesNo:      "Antwoord alstublieft met ja of nee.",
		number:     "Antwoord alstublieft met een getal.",
		choice:     "Antwoord alstublieft met %s.",
		or:         "of",
		object:     "Antwoord alstublieft met een JSON-object.",
		list:       "Antwoord alstublieft met een JSON-lijst.",
	},
	"pl": {
		sorry:      "Przepraszamy, nie udało się odczytać odpowiedzi.",
		reminder:   "Przypomnienie:",
		didYouMean: "Czy chodziło o %s? Prosimy odpowiedzieć tak albo odpowiedzieć ponownie.",
		yesNo:      "Prosimy odpowiedzieć tak lub nie.",
		number:     "Prosimy odpowiedzieć liczbą.",
		choice:     "Prosimy wybrać odpowiedź: %s.",
		or:         "lub",
		object:     "Prosimy odpowiedzieć obiektem JSON.",
		list:       "Prosimy odpowiedzieć listą JSON.",
	},
	"tr": {
		sorry:      "Üzgünüz, yanıtınız okunamadı.",
		reminder:   "Hatırlatma:",
		didYouMean: "%s mi demek istediniz? Lütfen evet yazın veya yeniden yanıtlayın.",
		yesNo:      "Lütfen evet veya hayır yazın.",
		number:     "Lütfen bir sayı yazın.",
		choice:     "Lütfen şunlardan birini yazın: %s.",
		or:         "veya",
		object:     "Lütfen bir JSON nesnesi yazın.",
		list:       "Lütfen bir JSON listesi yazın.",
	},
	"sv": {
		sorry:      "Ditt svar gick tyvärr inte att läsa.",
		reminder:   "En påminnelse:",
		didYouMean: "Menade du %s? Svara ja, eller svara igen.",
		yesNo:      "Svara ja eller nej.",
		number:     "Svara med ett tal.",
		choice:     "Svara med %s.",
		or:         "eller",
		object:     "Svara med ett JSON-objekt.",
		list:       "Svara med en JSON-lista.",
	},
	"da": {
		sorry:      "Dit svar kunne desværre ikke læses.",
		reminder:   "En påmindelse:",
		didYouMean: "Mente du %s? Svar ja, eller svar igen.",
		yesNo:      "Svar ja eller nej.",
		number:     "Svar med et tal.",
		choice:     "Svar med %s.",
		or:         "eller",
		object:     "Svar med et JSON-objekt.",
		list:       "Svar med en JSON-liste.",
	},
	"nb": {
		sorry:      "Svaret ditt kunne dessverre ikke leses.",
		reminder:   "En påminnelse:",
		didYouMean: "Mente du %s? Svar ja, eller svar igjen.",
		yesNo:      "Svar ja eller nei.",
		number:     "Svar med et tall.",
		choice:     "Svar med %s.",
		or:         "eller",
		object:     "Svar med et JSON-objekt.",
		list:       "Svar med en JSON-liste.",
	},
	"fi": {
		sorry:      "Vastaustasi ei valitettavasti voitu lukea.",
		reminder:   "Muistutus:",
		didYouMean: "Tarkoititko %s? Vastaa kyllä tai vastaa uudelleen.",
		yesNo:      "Vastaa kyllä tai ei.",
		number:     "Vastaa luvulla.",
		choice:     "Vastaa jokin näistä: %s.",
		or:         "tai",
		object:     "Vastaa JSON-objektilla.",
		list:       "Vastaa JSON-listalla.",
	},
	"cs": {
		sorry:      "Vaši odpověď se bohužel nepodařilo přečíst.",
		reminder:   "Připomínka:",
		didYouMean: "Mysleli jste %s? Odpovězte ano, nebo odpovězte znovu.",
		yesNo:      "Odpovězte prosím ano nebo ne.",
		number:     "Odpovězte prosím číslem.",
		choice:     "Vyberte prosím odpověď: %s.",
		or:         "nebo",
		object:     "Odpovězte prosím objektem JSON.",
		list:       "Odpovězte prosím seznamem JSON.",
	},
	"ru": {
		sorry:      "К сожалению, ваш ответ не удалось прочитать.",
		reminder:   "Напоминание:",
		didYouMean: "Вы имели в виду %s? Ответьте «да» или ответьте ещё раз.",
		yesNo:      "Ответьте, пожалуйста, да или нет.",
		number:     "Ответьте, пожалуйста, числом.",
		choice:     "Выберите, пожалуйста, ответ: %s.",
		or:         "или",
		object:     "Ответьте, пожалуйста, объектом JSON.",
		list:       "Ответьте, пожалуйста, списком JSON.",
	},
}

// askWordsIn are the words of a language (BCP 47), in English for one that has none.
func askWordsIn(language string) askWords {
	base, _, _ := strings.Cut(language, "-")
	if words, ok := askWordsOf[strings.ToLower(base)]; ok {
		return words
	}

	return askWordsOf["en"]
}
