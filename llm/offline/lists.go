package offline

// The lists are for English, German, Spanish, French, Italian, Portuguese and Dutch.
// Words that are content in one of them are left out of the others' grammar.
var (
	greetings = setOf(
		"hi hello hey heyyy hoi hiya dear greetings good hallo guten moin servus liebe lieber sehr hola buenos buenas "+
			"estimado estimada estimados querido querida bonjour bonsoir salut cher chere ciao buongiorno "+
			"buonasera gentile salve "+
			"ola bom boa caro cara prezado prezada dag goedemorgen goedemiddag goedenavond goedendag beste geachte "+
			"hej hei czesc witam dzien szanowni szanowna szanowny здравствуйте привет добрый доброе доброго "+
			"уважаемый уважаемая "+
			"уважаемые вітаю merhaba selam sayin iyi καλημερα καλησπερα γεια αγαπητοι αγαπητε αγαπητη γειας مرحبا "+
			"أهلا السلام وعليكم",
		" ",
	)

	salutes = setOf(
		"hi hello hey heyyy hiya hallo moin servus hola bonjour salut ciao salve ola hoi hej hei czesc merhaba "+
			"selam привет",
		" ",
	)

	courtesy = setOf(
		"thanks thank thx ty cheers welcome please pls plz sorry apologies pleasure glad happy great perfect awesome "+
			"wonderful fine okay yes yeah yep sure nope bye goodbye morning afternoon evening day weekend nice "+
			"lovely wait moment minute "+
			"second help assist assistance anything else today hope hear soon everyone team there sir madam "+
			"regards sincerely "+
			"appreciate appreciated much lot "+
			"danke dank vielen vielmals bitte gerne gern tschuss tag morgen abend wochenende schonen geehrte "+
			"geehrter damen herren herr "+
			"frau zusammen hilfe helfen super prima alles klar entschuldigung gruß gruße grusse gruesse "+
			"freundliche freundlichen viele "+
			"gracias muchas muchisimas favor dias tardes noches saludos ayuda ayudar senor senora tenga tengan "+
			"buen feliz encantado nada vale claro perfecto "+
			"merci beaucoup madame monsieur cordialement plait aider aide journee bonne soiree parfait accord avance "+
			"grazie mille prego aiuto giornata signora signor saluti obrigado obrigada dia tarde noite ajuda ajudar "+
			"bedankt dank alstublieft groet groeten hulp fijne dag heer mevrouw "+
			"dzieki dziekuje prosze pani panie panstwo dobry milego dnia przepraszamy przykro "+
			"tesekkurler tesekkur ederim lutfen gunler hanim bey tamam sagolun sagol rica kolay gelsin "+
			"спасибо пожалуйста день утро вечер извините хорошо ок всего до свидания "+
			"check checking one docteur doctor doktor dottore "+
			"tack snalla ursakta trevlig toppen bra dag "+
			"ευχαριστω παρακαλω κυριε κυρια κυριοι σας βεβαιως ωραια ημερα "+
			"شكرا لك من فضلك عليكم السلام نعتذر يا",
		" ",
	)

	common = setOf(
		"the and are was were been being have has had having does did will would shall should can could may might "+
			"must not "+
			"don doesn didn isn aren wasn won couldn wouldn you your yours she her hers him his its they them "+
			"their theirs our ours this "+
			"that these those who whom whose which what when where why how all any both each few more most other "+
			"some such only own same "+
			"than too very just now then here also about above after again against before below between down "+
			"during for from further into "+
			"off once out over through under until with while because but let get got may back still yet already "+
			"like know see look tell "+
			"ask say said think want need going really well way thing things something "+
			"der die das den dem des ein eine einer einem einen eines und oder aber nicht kein keine ich wir ihr "+
			"ihnen ihre ihren ihrem "+
			"ihrer mein meine meinen meiner meinem sie mir mich uns euch ist sind war waren wird werden wurde "+
			"haben habe hat hatte hatten "+
			"kann konnen konnte konnten soll muss mussen mochte noch nur auch schon sehr mehr wie wann wer warum "+
			"was welche "+
			"dass wenn weil als bei mit von vom zum zur fur auf aus nach uber unter vor durch ohne gegen dann denn "+
			"doch mal hier heute "+
			"el la los las una unos unas del que con por para como pero sus les este esta esto estos estas ese esa "+
			"eso ella ellos nos "+
			"nosotros usted ustedes muy mas menos sin sobre entre tambien cuando donde quien porque ser son soy "+
			"estoy estan fue era han "+
			"has hay tengo tiene tienen puede pueden puedo quiero necesito mis tus hola todo todos desde hasta "+
			"les des une dans pour avec sans sur sous est sont etait ete etre avoir ont avez avons suis vous nous "+
			"ils elles mon mes ton "+
			"tes son ses notre nos votre vos leur leurs ces cette cet qui que quoi dont mais donc car pas plus "+
			"moins tres aussi tout tous "+
			"toute avant apres peut peux pouvez puis quand comment pourquoi bien fait faire meme aux par chez "+
			"depuis jai "+
			"gli una uno nel nella del della dei delle che chi con per tra fra sono sei siamo ho hai hanno essere "+
			"avere mio mia miei tuo "+
			"suo sua loro questo questa questi queste quello quella non piu come quando dove perche anche ancora "+
			"molto posso puo vorrei "+
			"uma umas dos das nos nas pelo pela com sem seu sua seus suas meu minha voce voces ele ela eles elas "+
			"nao sim mais muito "+
			"tambem quem porque isso esse essa foi estao tem tenho pode posso quero preciso "+
			"het een van zijn was heb hebt heeft hebben niet geen maar ook nog dat dit deze die wat wie waar "+
			"wanneer waarom hoe mijn jouw "+
			"uw ons onze hun naar voor met aan bij door over onder kan kunt kunnen zal zou moet wil graag "+
			"nie jest sie czy dla jak ale juz jeszcze tylko mam moj moja moje mnie pan pani ich jego jej jestem "+
			"byla byl byc "+
			"bir bu ve ile icin ama daha cok gibi mi mu bunu olarak var yok ben biz siz benim "+
			"и в на не с по что это как я мы вы он она они но за из у к от для же бы мне мой моя мои вас вам нас "+
			"нам был была было "+
			"есть или так уже еще до при об а то ваш ваша вашем если "+
			"och att det som en ett jag vi ni den inte har med for pa av till fran om men kan ska vill ha nagot mer ut "+
			"και το η ο τα την τον της του τις οι με σε για από απο να θα που δεν μου σας μας στο στη στην στον "+
			"στις ειναι ενα μια εχει ως "+
			"في من على إلى أن لا ما هذا هذه هو هي كان مع عن لم قد أو بعد عند",
		" ",
	)

	requests = setOf(
		"please pls plz can could would need want help when where why how what bitte kann konnen konnten brauche mochte "+
			"wann wo warum wie puede pueden podria podrian necesito quiero quisiera cuando donde favor pouvez pourriez voudrais besoin "+
			"quand comment pourquoi potete potrebbe posso vorrei quando dove preciso quero gostaria kunt wil wanneer waar hoe "+
			"prefer lieber prefiero prefere prefiro preferisco liever wole chce chcialbym chcialabym prosze potrzebuje kiedy czy "+
			"хочу хотел хотела можно нужно прошу привезите пришлите когда vill skulle behover istiyorum lutfen mumkun θελω μπορω μπορειτε ποτε "+
			"أريد ممكن متى أرجو",
		" ",
	)

	signOffs = setOf(
		"best|best regards|kind regards|warm regards|warmest regards|regards|with regards|best wishes|kindest regards|"+
			"sincerely|yours sincerely|yours faithfully|yours truly|all the best|mit freundlichen grüßen|mit freundlichen grussen|"+
			"mit freundlichen gruessen|mit freundlichem gruß|freundliche grüße|viele grüße|liebe grüße|beste grüße|schöne grüße|"+
			"herzliche grüße|mit besten grüßen|mfg|lg|vg|cordialement|bien cordialement|bien à vous|meilleures salutations|"+
			"sincères salutations|saludos|un saludo|saludos cordiales|un cordial saludo|atentamente|atte|cordiali saluti|"+
			"distinti saluti|saluti|un saluto|atenciosamente|cumprimentos|melhores cumprimentos|abraços|um abraço|groet|groeten|"+
			"met vriendelijke groet|met vriendelijke groeten|vriendelijke groeten|hoogachtend|mvg|"+
			"hochachtungsvoll|mit freundlichen Grüssen|sinceramente|cordialmente|respectueusement|salutations|bien à toi|"+
			"cordialmente|com os melhores cumprimentos|abraço|z poważaniem|pozdrawiam|pozdrawiamy|z pozdrowieniami|serdecznie pozdrawiam|"+
			"saygılarımla|saygılarımızla|iyi çalışmalar|iyi günler dileriz|с уважением|с наилучшими пожеланиями|всего доброго|"+
			"med vänliga hälsningar|vänliga hälsningar|med vänlig hälsning|vänlig hälsning|hälsningar|mvh|med venlig hilsen|"+
			"με εκτίμηση|με φιλικούς χαιρετισμούς|φιλικά|مع خالص التحية|تحياتي|مع التحية|مع أطيب التحيات",
		"|",
	)

	thanks = setOf(
		"thanks|thank you|many thanks|thanks a lot|thanks again|thanks so much|thank you very much|thanks in advance|"+
			"cheers|danke|vielen dank|besten dank|danke im voraus|gracias|muchas gracias|gracias de antemano|merci|merci beaucoup|"+
			"merci d avance|grazie|grazie mille|obrigado|obrigada|bedankt|alvast bedankt|dzięki|dziękuję|teşekkürler|teşekkür ederim|"+
			"спасибо|заранее спасибо|tack|tack på förhand|ευχαριστώ|شكرا",
		"|",
	)

	// abbreviations end in a full stop that ends no sentence; those of beforeNumber
	// only where a number follows.
	abbreviations = setOf(
		"mr mrs ms dr prof st sr sra dra dott sig sig.ra vs e.g i.e z.b d.h u.a bzw ca tel inc ltd gmbh jr approx "+
			"dept ref ggf inkl zzgl evtl str p.ej mme mlle",
		" ",
	)
	beforeNumber = setOf("no nr nos num núm art fig pg p s abs ord order rech bestell", " ")
)

// What tells of an answer, of a question, and of what is to come.
var (
	verdicts = setOf(
		"yes no not ja nein nicht si sim nao oui non nee niet tak nie evet hayir да нет не ναι οχι δεν nej inte نعم لا",
		" ",
	)

	// regrets are of a sentence that makes up for something rather than tells it.
	regrets = setOf(
		"sorry apologies apologise apologize regret upset verzeihung entschuldigung entschuldigen bedauern unannehmlichkeiten "+
			"lamentamos lamento disculpe disculpas perdone desole desoles desolee excuses excuser scuso scusiamo scusate spiace dispiace "+
			"desculpe desculpas lamentamos excuses spijt przepraszamy przepraszam przykro ozur uzgunuz извините извинения сожалению "+
			"ursakta beklagar tyvarr ledsen λυπουμαστε συγγνωμη نعتذر عذرا",
		" ",
	)

	interrogatives = setOf(
		"how when where why what which who whose can could do does is are will would wann wo warum wieso wie was wer welche "+
			"kann konnen ist geht cuando donde por que como cual quien puedo puede quand ou pourquoi comment combien quel quelle est "+
			"quando dove perche come quanto posso puo onde porque qual wanneer waar waarom hoe wat kan kunnen czy kiedy gdzie jak ile "+
			"ne nasil neden nerede когда где почему как сколько можно hur nar var vad varfor ποτε που πως γιατι ποσο متى هل كيف أين",
		" ",
	)

	future = setOf("will shall ll please going must need soon shortly once otherwise "+
		"werden wird werde bitte mussen sobald spatestens "+
		"vamos voy favor debe recibira traiga "+
		"allons vais sera seront serez devez veuillez partira arrivera recevrez enverrons rappellerons remboursera livre des "+
		"sara saranno deve prego invieremo "+
		"sera serao vamos traga envie "+
		"zal zullen wordt worden krijgt moet stuur breng uiterlijk sturen zodra "+
		"bedzie beda prosze prosimy wyslemy zwrocimy zostawimy przyslemy "+
		"lutfen "+
		"будет будут сделаем доставим пришлите переведем вернем отправим приедет придет пожалуйста закончат сможете нужно нужна "+
		"ska skall kommer skickar aterkommer behover senast ta "+
		"θα πρεπει παρακαλω μπορειτε "+
		"سوف سيصل سيتم سيصلك ستصل سنرسل سنقوم سيقوم يرجى", " ")

	// deadlines tell of what is to come with a number only.
	deadlines = setOf("within until by innerhalb bis antes dentro dans avant entro fra ate binnen ciagu do icinde kadar "+
		"через до течение inom till εως σε خلال", " ")

	days = setOf("today tomorrow tonight monday tuesday wednesday thursday friday saturday sunday "+
		"heute morgen montag dienstag mittwoch donnerstag freitag samstag sonntag "+
		"hoy manana lunes martes miercoles jueves viernes sabado domingo "+
		"demain lundi mardi mercredi jeudi vendredi samedi dimanche "+
		"oggi domani lunedi martedi mercoledi giovedi venerdi sabato domenica "+
		"hoje amanha segunda terca quarta quinta sexta "+
		"vandaag maandag dinsdag woensdag donderdag vrijdag zaterdag zondag "+
		"dzis dzisiaj jutro poniedzialek wtorek sroda srode czwartek piatek piatku sobota sobote niedziela niedziele "+
		"bugun yarin pazartesi sali carsamba persembe cuma cumartesi pazar "+
		"сегодня завтра понедельник вторник среда среду четверг пятница пятницу суббота субботу воскресенье "+
		"idag imorgon mandag tisdag onsdag torsdag fredag lordag sondag "+
		"σημερα αυριο δευτερα τριτη τεταρτη πεμπτη παρασκευη σαββατο κυριακη "+
		"اليوم غدا الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد", " ")

	futureEndings = []string{"remos", "eremo", "iremo", "ecegiz", "acagiz", "ecektir", "acaktir", "ecek", "acak"}
)
