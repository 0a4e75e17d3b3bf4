package chat

import "regexp"

// optOutPhrases are requests for no more messages, in words as [foldWords] makes them, each between
// spaces. They name what is to end, messages or the writing of them, or whom it is to leave alone.
//
// No list of such phrases is published. The law asks for any reasonable words in the United States
// (47 CFR 64.1200(a)(10), https://www.ecfr.gov/current/title-47/section-64.1200), and for no form at
// all in the European Union (Regulation (EU) 2016/679 Article 7(3) and 21(2),
// https://eur-lex.europa.eu/eli/reg/2016/679/oj). These are our own; the corpus of their test, in
// every language here, says what they take and what they leave.
var optOutPhrases = []*regexp.Regexp{
	// English
	regexp.MustCompile(` (stop|quit|cease|end) (all )?(the |these |those |this |your |any |sending |` +
		`with |further )*` +
		`(texting|messaging|contacting|calling|emailing|mailing|smsing|spamming|bothering|harassing|` +
		`pestering|` +
		`texts|messages|message|msgs|sms|emails|mails|spam|ads|marketing|communications?|contact|` +
		`notifications|` +
		`newsletters?|subscription) `),
	regexp.MustCompile(` (stop|quit|cease) (sending|writing)( to)? (me|us|this number|here) `),
	regexp.MustCompile(` (stop|quit) sending (me |us )?(these|this|texts|messages|sms|emails|stuff|` +
		`anything|any) `),
	regexp.MustCompile(` (do not|dont|never) (ever )?` +
		`(text|message|msg|contact|call|email|mail|sms|write|bother|disturb|spam) ` +
		`(to )?(me|us|this number|this phone|here)( at all)?( (again|anymore|any more|ever|any longer|` +
		`please|thanks))* $`),
	regexp.MustCompile(` (do not|dont|never) (ever )?` +
		`(text|message|msg|contact|call|email|mail|sms|write|bother|disturb|spam) ` +
		`(to )?(me|us|this number|this phone|here) (again|anymore|any more|ever) `),
	regexp.MustCompile(` (do not|dont) send (me |us )?(any ?more|any|more|these|further) `),
	regexp.MustCompile(` (remove|take|delete|drop|get) (me|us|my number|my phone|my name|this number|` +
		`my email|my address)` +
		`( (from|off|out)|( (please|now|thanks))* $)`),
	regexp.MustCompile(` (unsubscribe|opt|sign) (me|us|this number)( out)? `),
	regexp.MustCompile(` (want|like|wish|how do i|how can i|how to|let me|trying) (to )?` +
		`(unsubscribe|opt out|optout|be removed|be taken off|get off) `),
	regexp.MustCompile(` (i am|im) (opting out|unsubscribing) | (please|pls) (unsubscribe|opt me out|` +
		`opt out) `),
	regexp.MustCompile(` no (more|further) (texts?|messages?|msgs?|sms|emails?|mails|calls|spam|` +
		`contact|ads|marketing) `),
	regexp.MustCompile(` (do not|dont|no longer|didnt) (want|wish|need|agree|consent|like)( to)?( (get|` +
		`receive|hear|be|have))?` +
		`( (contacted|texted|messaged|called))?( from)?( (any|more|anymore|your|these|those|this|such|` +
		`further|by|you))*` +
		` (texts?|messages?|msgs?|sms|emails?|mails|calls|spam|contact(ed)?|texted|messaged|called|you|` +
		`communications?) `),
	regexp.MustCompile(` (revoke|withdraw|retract|cancel|rescind)( all)?( my| our)? (consent|` +
		`permission|subscription) `),
	regexp.MustCompile(` (leave me alone|lose (my|this) number|take a hike|block(ing)? (you|this number)) `),

	// German
	regexp.MustCompile(` (keine|keinerlei) (weiteren? )?(sms|nachrichten?|mails?|emails?|werbung|` +
		`anrufe|newsletter)` +
		`( mehr| von ihnen| von euch| bitte| danke)* $`),
	regexp.MustCompile(` (keine|keinerlei) (weiteren? )?(sms|nachrichten?|mails?|emails?|werbung|` +
		`anrufe) mehr `),
	regexp.MustCompile(` (mochte|will|wunsche|brauche) (ich )?(keine|keinerlei) (weiteren? )?` +
		`(sms|nachrichten?|mails?|emails?|werbung|anrufe) `),
	regexp.MustCompile(` (schreiben|schreibt|schreib|kontaktieren|kontaktiert|kontaktier|texten|simsen|` +
		`anschreiben|rufen|ruft)` +
		` (sie )?(mir|mich|uns) (bitte )?(nicht|nie) (mehr|wieder|an) `),
	regexp.MustCompile(` (horen sie auf|hort auf|hor auf|aufhoren) (mir |mich |uns )?(bitte )?(zu |mit )` +
		`|aufhoren mir zu schreiben `),
	regexp.MustCompile(` (nehmen|nehmt|streichen|loschen|entfernen|tragen) (sie )?(mich|` +
		`meine (handy)?nummer|uns) `),
	regexp.MustCompile(` (melde|melden sie|meldet) mich (bitte |hiermit )?ab |` +
		` widerrufe (ich )?(hiermit )?(meine|die) ` +
		`(einwilligung|zustimmung) `),
	regexp.MustCompile(` (lassen sie|lass|lasst) mich (bitte )?in ruhe `),

	// French
	regexp.MustCompile(` ne (me |m)?(contactez|contacte|ecrivez|ecris|envoyez|envoie|appelez|derangez|` +
		`textez)( moi)? (plus|jamais) `),
	regexp.MustCompile(` (arretez|arrete|cessez|stoppez) (de |d)?(me |m)?` +
		`(contacter|ecrire|envoyer|appeler|deranger|texter|menvoyer|mecrire|mappeler|spammer|vos|ces|les) `),
	regexp.MustCompile(` ne (veux|souhaite|desire) (plus|pas) (de |d)?(recevoir|etre contacte|vos|` +
		`messages|sms) `),
	regexp.MustCompile(` (retirez|supprimez|enlevez|effacez|desabonnez|desinscrivez|rayez) (moi|` +
		`mon numero|mes coordonnees) `),
	regexp.MustCompile(` (laissez|laisse) moi tranquille | plus de (sms|messages|textos) (svp|merci|` +
		`sil|de votre) `),

	// Spanish
	regexp.MustCompile(` no me (escriban|escriba|escribas|envien|envie|envies|contacten|contacte|` +
		`manden|mande|llamen|llame|molesten|moleste)` +
		`( (mas|nunca|otra vez|ningun|ninguno|mensajes|sms))+ `),
	regexp.MustCompile(` (dejen|deje|deja|paren|pare) de (escribirme|enviarme|mandarme|contactarme|` +
		`molestarme|llamarme|enviar|mandar) `), //nolint:misspell // Spanish
	regexp.MustCompile(` no (quiero|deseo) (recibir )?(mas )?(sus |tus |estos )?(mensajes|sms|correos|` +
		`llamadas|publicidad) `),
	regexp.MustCompile(` (darme|denme|deme|dame|doy|darse) de baja | (borren|borre|eliminen|elimine|` +
		`quiten|quite) mi numero `),
	regexp.MustCompile(` (saquenme|quitenme|quiteme|saqueme|eliminenme) de `),

	// Italian
	regexp.MustCompile(` non (mi )?(scrivetemi|scrivermi|scriva|contattatemi|contattarmi|inviatemi|` +
		`mandatemi|chiamatemi|` +
		`scrivete|contattate|inviate|mandate|chiamate)( piu| messaggi| sms)+ `),
	regexp.MustCompile(` (smettetela|smettila|smettete|smetta) di | basta (con )?(i )?(messaggi|sms|` +
		`pubblicita|spam) `),
	regexp.MustCompile(` non voglio (piu )?(ricevere|essere contattato|essere contattata|messaggi|sms) `),
	regexp.MustCompile(` (cancellatemi|cancellami|toglietemi|toglimi|rimuovetemi|rimuovimi) (da|dal|` +
		`dalla|dalle) `),

	// Portuguese
	regexp.MustCompile(` nao (me )?(envie|enviem|mande|mandem|escreva|escrevam|contate|contatem|` +
		`contacte|contactem|ligue|liguem)` +
		`( me)?( mais| mensagens| sms)+ `),
	regexp.MustCompile(` (pare|parem) de (me )?(enviar|mandar|escrever|contatar|contactar|ligar|incomodar) `),
	regexp.MustCompile(` nao quero (mais )?(receber|mensagens|sms) | (remova|removam|tire|tirem|exclua|` +
		`retire) (me|meu numero) `),
	regexp.MustCompile(` me (remova|remove|tire|tira|exclua|descadastre) (da|do|dessa|desta) |` +
		` me descadastre `),

	// Dutch
	regexp.MustCompile(` geen (berichten|berichtjes|sms|smsjes|smsen|mails|reclame|appjes)( meer|` +
		` van jullie| aub| graag)+ `),
	regexp.MustCompile(` (stuur|stuurt|sturen) (me|mij|ons) (geen|niets) | stop met (sms|smsen|` +
		`berichten|mailen|appen|bellen|sturen|het sturen) `),
	regexp.MustCompile(` (schrijf|meld|haal) (me|mij) (uit|af|eraf|van) | (laat|laten) (me|` +
		`mij) met rust | wil geen (berichten|sms|smsjes) `),

	// Swedish, Danish, Norwegian
	regexp.MustCompile(` (sluta|slutt|stop|stopp) (med )?(att |at |a )?(skicka|smsa|kontakta|ringa|` +
		`mejla|maila|skriva|messa|` +
		`sende|skrive|kontakte|ringe|sms|smse) `),
	regexp.MustCompile(` (inga|ingen|ingen flere|inga fler|ikke flere) (fler |flere )?(sms|smser|` +
		`meddelanden|meldinger|beskeder|mejl) `),
	regexp.MustCompile(` (kontakta|skriv|send|skicka|ring|kontakt) (mig |meg |til mig |til meg )?(inte|` +
		`ikke)( mig| meg)? (mer|mere|igen|langre|til) `),
	regexp.MustCompile(` (avregistrera|afmeld|frameld|fjern|slet|ta bort|radera) (mig|meg|mitt nummer|` +
		`mit nummer|nummeret mitt) ` +
		`| meld (meg|mig) (av|fra) | la(d)? (mig|meg) va?ere? (i fred )?`),
	regexp.MustCompile(` ikke (send|skriv|kontakt|ring|sms) (til )?(mig|meg) (flere|mer|mere|igjen|igen) `),
	regexp.MustCompile(` vill inte (ha|fa) (fler |mer |nagra )?(sms|meddelanden|mejl) |` +
		` onsker ikke (flere )?(sms|beskeder|meldinger) `),

	// Polish
	regexp.MustCompile(` nie (pisz|piszcie|dzwon|dzwoncie|wysylaj|wysylajcie|kontaktuj|` +
		`kontaktujcie)( sie)?( do mnie| mi| wiecej| juz| ze mna)+ `),
	regexp.MustCompile(` (przestan|przestancie) (pisac|dzwonic|wysylac|do mnie) | (wypisz|wypiszcie|` +
		`wypisac|usun|usuncie|usunac) (mnie|moj numer) `),
	regexp.MustCompile(` nie (chce|zycze sobie) (juz |wiecej )?(otrzymywac|dostawac|wiadomosci|smsow) |` +
		` prosze mnie wypisac `),

	// Turkish
	regexp.MustCompile(` (mesaj|sms)( bir daha| artik)? (atma|atmayin|gonderme|gondermeyin|istemiyorum|` +
		`almak istemiyorum) `),
	regexp.MustCompile(` (listeden|listenizden) (cikar|cikarin|cikartin) | beni (bir daha )?(arama|` +
		`aramayin|rahatsiz etmeyin|cikarin) `),

	// Russian
	regexp.MustCompile(` (не|больше не|прекратите|хватит|перестаньте) (мне )?(больше )?(пишите|писать|` +
		`присылайте|присылать|шлите|слать|звоните|звонить)` +
		` ?(мне|сюда|больше|сообщения|смс|спам)? `),
	regexp.MustCompile(` (отпишите|удалите|уберите) (меня|мой номер) | не (хочу|` +
		`желаю) (больше )?(получать|ваши) `),
}
