package offline

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// words are the words of a text, folded, in order.
func words(text string) []string {
	return strings.FieldsFunc(fold(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	})
}

// fold is the form in which words are compared: small letters without accents, since
// people leave those out in an SMS.
func fold(text string) string {
	text = strings.ToLower(text)
	if !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return text
	}
	folded, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), text)
	if err != nil { // the transforms fail for no input; unfolded words still compare
		return text
	}
	return folded
}

// terms are the stems of the words that carry meaning, each once.
func terms(words []string, names map[string]bool) []string {
	var out []string
	seen := map[string]bool{}
	for _, word := range words {
		if !meaningful(word) || names[word] {
			continue
		}
		if s := stem(word); !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// meaningful tells words of content from those of grammar and courtesy. Short words are
// grammar in Latin script, where they have no digit.
func meaningful(word string) bool {
	if common[word] || courtesy[word] || greetings[word] {
		return false
	}
	first, _ := utf8.DecodeRuneInString(word)
	return utf8.RuneCountInString(word) > 2 || !unicode.Is(unicode.Latin, first) || strings.ContainsFunc(word, unicode.IsNumber)
}

// stem cuts the endings by which the forms of one word differ: roughly, in any language
// that puts them last. Six letters tell most words apart.
func stem(word string) string {
	if strings.ContainsFunc(word, unicode.IsNumber) {
		return word
	}
	for _, ending := range []string{"ing", "ed", "es", "s", "e"} {
		if cut, ok := strings.CutSuffix(word, ending); ok && len(cut) >= 3 {
			word = cut
			break
		}
	}
	letters := []rune(word)
	last := len(letters) - 1
	switch {
	case last >= 3 && letters[last] == letters[last-1]:
		letters = letters[:last]
	case last >= 2 && letters[last] == 'y':
		letters[last] = 'i'
	}
	return string(letters[:min(len(letters), 6)])
}

func set(list string, separator string) map[string]bool {
	out := map[string]bool{}
	for item := range strings.SplitSeq(list, separator) {
		if item = strings.Join(strings.Fields(item), " "); item != "" {
			out[fold(item)] = true
		}
	}
	return out
}

// The lists are for English, German, Spanish, French, Italian, Portuguese and Dutch.
// Words that are content in one of them are left out of the others' grammar.
var (
	greetings = set("hi hello hey hiya dear greetings good hallo guten moin servus liebe lieber sehr hola buenos buenas "+
		"estimado estimada estimados querido querida bonjour bonsoir salut cher chere ciao buongiorno buonasera gentile salve "+
		"ola bom boa caro cara prezado prezada goedemorgen goedemiddag goedenavond goedendag beste geachte "+
		"hej hei czesc witam dzien здравствуйте привет добрый доброе вітаю", " ")

	courtesy = set("thanks thank thx ty cheers welcome please pls plz sorry apologies pleasure glad happy great perfect awesome "+
		"wonderful fine okay yes yeah yep sure nope bye goodbye morning afternoon evening day weekend nice lovely wait moment minute "+
		"second help assist assistance anything else today hope hear soon everyone team there sir madam regards sincerely "+
		"appreciate appreciated much lot "+
		"danke dank vielen vielmals bitte gerne gern tschuss tag morgen abend wochenende schonen geehrte geehrter damen herren herr "+
		"frau zusammen hilfe helfen super prima alles klar entschuldigung gruß gruße grusse gruesse freundliche freundlichen viele "+
		"gracias muchas muchisimas favor dias tardes noches saludos ayuda ayudar senor senora tenga tengan buen feliz encantado nada vale claro perfecto "+
		"merci beaucoup madame monsieur cordialement plait aider aide journee bonne soiree parfait accord avance "+
		"grazie mille prego aiuto giornata signora signor saluti obrigado obrigada dia tarde noite ajuda ajudar "+
		"bedankt dank alstublieft groet groeten hulp fijne dag", " ")

	common = set("the and are was were been being have has had having does did will would shall should can could may might must not "+
		"don doesn didn isn aren wasn won couldn wouldn you your yours she her hers him his its they them their theirs our ours this "+
		"that these those who whom whose which what when where why how all any both each few more most other some such only own same "+
		"than too very just now then here also about above after again against before below between down during for from further into "+
		"off once out over through under until with while because but let get got may back still yet already like know see look tell "+
		"ask say said think want need going really well way thing things something "+
		"der die das den dem des ein eine einer einem einen eines und oder aber nicht kein keine ich wir ihr ihnen ihre ihren ihrem "+
		"ihrer mein meine meinen meiner meinem sie mir mich uns euch ist sind war waren wird werden wurde haben habe hat hatte hatten "+
		"kann konnen konnte konnten soll muss mussen mochte noch nur auch schon sehr mehr wie wann wer warum was welche "+
		"dass wenn weil als bei mit von vom zum zur fur auf aus nach uber unter vor durch ohne gegen dann denn doch mal hier heute "+
		"el la los las una unos unas del que con por para como pero sus les este esta esto estos estas ese esa eso ella ellos nos "+
		"nosotros usted ustedes muy mas menos sin sobre entre tambien cuando donde quien porque ser son soy estoy estan fue era han "+
		"has hay tengo tiene tienen puede pueden puedo quiero necesito mis tus hola todo todos desde hasta "+
		"les des une dans pour avec sans sur sous est sont etait ete etre avoir ont avez avons suis vous nous ils elles mon mes ton "+
		"tes son ses notre nos votre vos leur leurs ces cette cet qui que quoi dont mais donc car pas plus moins tres aussi tout tous "+
		"toute avant apres peut peux pouvez puis quand comment pourquoi bien fait faire meme aux par chez depuis jai "+
		"gli una uno nel nella del della dei delle che chi con per tra fra sono sei siamo ho hai hanno essere avere mio mia miei tuo "+
		"suo sua loro questo questa questi queste quello quella non piu come quando dove perche anche ancora molto posso puo vorrei "+
		"uma umas dos das nos nas pelo pela com sem seu sua seus suas meu minha voce voces ele ela eles elas nao sim mais muito "+
		"tambem quem porque isso esse essa foi estao tem tenho pode posso quero preciso "+
		"het een van zijn was heb hebt heeft hebben niet geen maar ook nog dat dit deze die wat wie waar wanneer waarom hoe mijn jouw "+
		"uw ons onze hun naar voor met aan bij door over onder kan kunt kunnen zal zou moet wil graag", " ")

	requests = set("please pls plz can could would need want help when where why how what bitte kann konnen konnten brauche mochte "+
		"wann wo warum wie puede pueden podria podrian necesito quiero quisiera cuando donde favor pouvez pourriez voudrais besoin "+
		"quand comment pourquoi potete potrebbe posso vorrei quando dove preciso quero gostaria kunt wil wanneer waar hoe", " ")

	signOffs = set("best|best regards|kind regards|warm regards|warmest regards|regards|with regards|best wishes|kindest regards|"+
		"sincerely|yours sincerely|yours faithfully|yours truly|all the best|mit freundlichen grüßen|mit freundlichen grussen|"+
		"mit freundlichen gruessen|mit freundlichem gruß|freundliche grüße|viele grüße|liebe grüße|beste grüße|schöne grüße|"+
		"herzliche grüße|mit besten grüßen|mfg|lg|vg|cordialement|bien cordialement|bien à vous|meilleures salutations|"+
		"sincères salutations|saludos|un saludo|saludos cordiales|un cordial saludo|atentamente|atte|cordiali saluti|"+
		"distinti saluti|saluti|un saluto|atenciosamente|cumprimentos|melhores cumprimentos|abraços|um abraço|groet|groeten|"+
		"met vriendelijke groet|met vriendelijke groeten|vriendelijke groeten|mvg", "|")

	thanks = set("thanks|thank you|many thanks|thanks a lot|thanks again|thanks so much|thank you very much|thanks in advance|"+
		"cheers|danke|vielen dank|besten dank|danke im voraus|gracias|muchas gracias|gracias de antemano|merci|merci beaucoup|"+
		"merci d avance|grazie|grazie mille|obrigado|obrigada|bedankt|alvast bedankt", "|")

	// abbreviations end in a full stop that ends no sentence; those of beforeNumber
	// only where a number follows.
	abbreviations = set("mr mrs ms dr prof st sr sra dra dott sig sig.ra vs e.g i.e z.b d.h u.a bzw ca tel inc ltd gmbh jr approx "+
		"dept ref ggf inkl zzgl evtl str p.ej mme mlle", " ")
	beforeNumber = set("no nr nos num núm art fig pg p s abs ord order rech bestell", " ")
)
