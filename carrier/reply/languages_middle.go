package reply

// middleLanguages are those of northern and middle Europe.
var middleLanguages = []language{
	{ // Swedish
		introductions: []string{
			"Den … skrev …", // Gmail, Thunderbird, Yahoo
			"Den … skrev",
			"… skrev …", // Apple Mail
			"… skrev",
		},
		own:       []string{"skrev jag", "skrev ni", "skrev du", "skrev vi", "till er", "till mig"},
		originals: []string{"ursprungligt meddelande", "originalmeddelande"},
		forwards: []string{
			"vidarebefordrat meddelande", "vidarebefordrat mail", "vidarebefordrat brev",
			"börjar vidarebefordrat meddelande",
		},
		labels: map[role][]string{
			roleFrom:    {"från", "avsändare"},
			roleSent:    {"skickat", "skickades"},
			roleTo:      {"till"},
			roleCc:      {"kopia"},
			roleSubject: {"ämne"},
			roleOther:   {"svara till", "bifogade filer", "prioritet", "vikt"},
		},
		subjectForwards: []string{"vb", "vidarebefordrat"},
		sentFrom:        []string{"Skickat från min …", "Skickat från Outlook…", "Hämta Outlook för …"},
		below: []string{
			"nedan", "nedanför", "nedanstående", "här under", "i rött", "med rött", "i texten",
			"vidarebefordrar",
		},
	},
	{ // Danish and Norwegian
		introductions: []string{
			"… skrev følgende …",
			"… skrev den …",
		},
		own: []string{
			"skrev jeg", "skrev dere", "til jer", "til dere", "til mig", "til meg", "jeres", "deres",
		},
		originals: []string{
			"oprindelig meddelelse", "original meddelelse", "opprinnelig melding", "original melding",
		},
		forwards: []string{
			"videresendt meddelelse", "videresendt besked", "start på videresendt besked",
			"videresendt melding", "start på videresendt melding", "videresendt e-post",
		},
		labels: map[role][]string{
			roleFrom:    {"fra", "afsender", "avsender"},
			roleSent:    {"sendt"},
			roleDate:    {"dato"},
			roleTo:      {"til"},
			roleCc:      {"kopi"},
			roleSubject: {"emne"},
			roleOther:   {"svar til", "vedhæftede filer", "vedlegg", "prioritet", "vigtighed", "viktighet"},
		},
		subjectForwards: []string{"vs", "videresendt", "vid"},
		sentFrom: []string{
			"Sendt fra min …", "Sendt fra Outlook…", "Hent Outlook til …", "Skaff deg Outlook for …",
			"Få Outlook for …",
		},
		below: []string{
			"nedenfor", "nedenstående", "nedenunder", "herunder", "med rødt", "i rødt", "med blåt",
			"i blått", "i teksten", "videresender", "under her",
		},
	},
	{ // Finnish
		introductions: []string{
			"… kirjoitti",   // Gmail, Yahoo
			"… kirjoitti …", // Thunderbird, Apple Mail
		},
		own:       []string{"kirjoitti minulle", "kirjoitti meille", "teidän"},
		originals: []string{"alkuperäinen viesti"},
		forwards:  []string{"välitetty viesti", "edelleenlähetetty viesti", "välitetty viesti alkaa"},
		labels: map[role][]string{
			roleFrom:    {"lähettäjä"},
			roleSent:    {"lähetetty"},
			roleDate:    {"päiväys", "päivämäärä", "päivä", "pvm"},
			roleTo:      {"vastaanottaja", "vastaanottajat"},
			roleCc:      {"kopio"},
			roleSubject: {"aihe"},
			roleOther:   {"vastausosoite", "liitteet", "tärkeys"},
		},
		subjectForwards: []string{"vl", "edelleen"},
		subjectAnswers:  []string{"vs"},
		sentFrom: []string{
			"Lähetetty iPhonesta…", "Lähetetty iPadista…", "Lähetetty Androidista…", "Lähetetty Galaxy…",
			"Lähetetty Outlook…", "Hanki Outlook …",
		},
		below: []string{
			"alla oleva", "alla olevat", "alla olevassa", "vastaukset alla", "alapuolella", "punaisella",
			"sinisellä", "lihavoituna", "tekstin seassa", "välitän",
		},
	},
	{ // Polish
		introductions: []string{
			"W dniu … napisał",    // Yahoo, Onet
			"W dniu … napisał(a)", // WP, older Gmail
			"W dniu … pisze",      // Thunderbird
			"Dnia … napisał…",     // Interia, Apple Mail
			"… napisał(a)",        // Gmail
			"… napisał…",
		},
		own: []string{
			"napisał do mnie", "napisał mi", "napisał nam", "państwa", "napisałem", "napisałam",
			"napisaliśmy",
		},
		originals: []string{
			"wiadomość oryginalna", "oryginalna wiadomość", "treść oryginalnej wiadomości",
			"oryginalny e-mail",
		},
		forwards: []string{
			"przekazana wiadomość", "wiadomość przekazana", "początek przekazywanej wiadomości",
			"treść przekazanej wiadomości", "przesłana dalej wiadomość",
		},
		labels: map[role][]string{
			roleFrom:    {"od", "nadawca"},
			roleSent:    {"wysłano", "wysłane", "data wysłania"},
			roleTo:      {"do", "adresat", "odbiorca"},
			roleCc:      {"dw", "udw"},
			roleSubject: {"temat"},
			roleOther:   {"odpowiedź do", "załączniki", "ważność"},
		},
		subjectForwards: []string{"pd", "przek", "przekazane"},
		sentFrom: []string{
			"Wysłane z iPhone…", "Wysłane z mojego …", "Wysłano z mojego …", "Wysłane z programu …",
			"Wysłane z aplikacji …", "Wysłane z Outlook…", "Pobierz aplikację Outlook …",
			"Pobierz program Outlook …",
		},
		below: []string{
			"poniżej", "niżej", "na czerwono", "na niebiesko", "w tekście", "w treści", "przesyłam dalej",
			"przekazuję", "pod spodem",
		},
	},
	{ // Czech and Slovak
		introductions: []string{
			"Dne … napsal",    // Seznam
			"Dne … napsal(a)", // Thunderbird
			"Dňa … napísal…",
			"… odesílatel … napsal", // Gmail
			"… napsal/a",
			"… napsal(a)", // Apple Mail
			"… napísal(a)",
			"… napsal",
		},
		own:       []string{"mi napsal", "mi napsala", "nám napsal", "váš", "vaše", "mi napísal"},
		originals: []string{"původní zpráva", "původní e-mail", "pôvodná správa", "pôvodný e-mail"},
		forwards: []string{
			"přeposlaná zpráva", "přeposlaný e-mail", "začátek přeposlané zprávy", "předaná zpráva",
			"preposlaná správa", "začiatok preposlanej správy",
		},
		labels: map[role][]string{
			roleFrom:    {"odesílatel", "odosielateľ"},
			roleSent:    {"odesláno", "odoslané"},
			roleDate:    {"dátum"},
			roleTo:      {"komu", "příjemce", "prijemca"},
			roleCc:      {"kopie", "kópia"},
			roleSubject: {"předmět", "predmet", "věc"},
			roleOther:   {"odpovědět na", "přílohy", "důležitost"},
		},
		subjectForwards: []string{"přep", "předáno", "přeposláno", "prep"},
		sentFrom: []string{
			"Odesláno z iPhonu", "Odesláno z iPadu", "Odesláno z mého …", "Odesláno z aplikace …",
			"Odoslané z môjho …", "Odoslané z iPhonu", "Stáhněte si Outlook …",
		},
		below: []string{"níže", "dole", "červeně", "modře", "v textu", "přeposílám", "nižšie", "preposielam"},
	},
	{ // Hungarian
		introductions: []string{
			"… ezt írta (…)",        // Gmail
			"… keltezéssel, … írta", // Thunderbird
			"… írta",                // Apple Mail
			"… írta (…)",
			"… a következőt írta …",
		},
		own:       []string{"nekem írta", "nekünk írta", "önök", "ezt írták"},
		originals: []string{"eredeti üzenet"},
		forwards:  []string{"továbbított üzenet", "továbbított levél", "továbbított üzenet kezdete"},
		labels: map[role][]string{
			roleFrom:    {"feladó", "küldő"},
			roleSent:    {"elküldve", "küldve", "küldés dátuma"},
			roleDate:    {"dátum"},
			roleTo:      {"címzett", "címzettek"},
			roleCc:      {"másolatot kap", "másolat"},
			roleSubject: {"tárgy"},
			roleOther:   {"válaszcím", "mellékletek", "fontosság"},
		},
		subjectForwards: []string{"továbbítás", "tov", "továbbítva"},
		sentFrom: []string{
			"…iPhone-omról küldve", "…iPademről küldve", "… készülékemről küldve", "… telefonomról küldve",
			"Az Outlook beszerzése …",
		},
		below: []string{"alább", "lejjebb", "alul", "pirossal", "kékkel", "a szövegben", "továbbítom"},
	},
	{ // Romanian
		introductions: []string{
			"În … a scris", // Gmail, Yahoo
			"Pe … a scris", // Apple Mail, Thunderbird
			"La … a scris",
			"… a scris",
			"… a scris …",
		},
		own:       []string{"mi-a scris", "ne-a scris", "v-a scris", "dumneavoastră", "dvs"},
		originals: []string{"mesaj original", "mesajul original", "mesajul inițial"},
		forwards: []string{
			"mesaj redirecționat", "mesaj transmis", "mesaj retrimis", "început mesaj redirecționat",
		},
		labels: map[role][]string{
			roleFrom:    {"de la", "expeditor"},
			roleSent:    {"trimis", "trimis la", "data trimiterii"},
			roleTo:      {"către", "catre", "la"},
			roleSubject: {"subiect", "subiectul"},
			roleOther:   {"răspuns la", "atașamente", "importanță"},
		},
		subjectForwards: []string{"redir", "redirecționat"},
		sentFrom: []string{
			"Trimis de pe iPhone…", "Trimis de pe iPad…", "Trimis de pe telefonul …",
			"Trimis de pe dispozitivul …", "Trimis din Outlook…", "Obțineți Outlook pentru …",
		},
		below: []string{
			"mai jos", "dedesubt", "cu roșu", "cu albastru", "în text", "redirecționez",
			"vă trimit mai departe",
		},
	},
}
