package offline

import (
	"strconv"
	"strings"
)

// firstNumber is the first that is read as a word: "one" is an article in many languages.
const firstNumber = 2

// Words of which details are made. Those that mean something common in another of the
// languages are left out, such as the Spanish "once" and the Turkish "on".
var (
	weekdays = dayNumbers(
		"monday montag lunes lundi lunedi segunda-feira maandag poniedzialek mandag pazartesi понедельник δευτερα الاثنين",
		"tuesday dienstag martes mardi martedi terca terca-feira dinsdag wtorek tisdag sali вторник τριτη الثلاثاء",
		"wednesday mittwoch miercoles mercredi mercoledi quarta quarta-feira woensdag sroda srode onsdag carsamba среда среду τεταρτη الأربعاء",
		"thursday donnerstag jueves jeudi giovedi quinta quinta-feira donderdag czwartek torsdag persembe четверг πεμπτη الخميس",
		"friday freitag viernes vendredi venerdi sexta sexta-feira vrijdag piatek piatku fredag cuma пятница пятницу παρασκευη الجمعة",
		"saturday samstag sonnabend sabado samedi sabato zaterdag sobota sobote lordag cumartesi суббота субботу σαββατο السبت",
		"sunday sonntag domingo dimanche domenica zondag niedziela niedziele sondag pazar воскресенье κυριακη الأحد",
	)
	relativeDays = dayNumbers(
		"today tonight heute hoy aujourd'hui oggi hoje vandaag dzis dzisiaj idag bugun сегодня σημερα اليوم",
		"tomorrow morgen manana demain domani amanha jutro imorgon yarin завтра αυριο غدا",
	)

	// ofMorning stands before a "mañana" or "Morgen" that is a morning, not tomorrow.
	ofMorning = setOf("la am guten heute gestern jeden buena montag dienstag mittwoch donnerstag freitag samstag sonntag", " ")

	months = setOf("january february march april may june july august september october november december "+
		"januar februar marz mai juni juli oktober dezember "+
		"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre "+
		"janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre "+
		"gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre "+
		"janeiro fevereiro marco maio junho julho setembro outubro novembro dezembro "+
		"januari februari maart mei augustus "+
		"stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia "+
		"maj augusti ocak subat mart nisan mayis haziran temmuz agustos eylul ekim kasim aralik "+
		"января февраля марта апреля мая июня июля августа сентября октября ноября декабря "+
		"ιανουαριου φεβρουαριου μαρτιου απριλιου μαιου ιουνιου ιουλιου αυγουστου σεπτεμβριου οκτωβριου νοεμβριου "+
		"δεκεμβριου يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر", " ")

	currencies = setOf("euro euros eur dollar dollars usd pound pounds gbp zl zloty zlotych pln kronor kr sek francs franken "+
		"chf reais real lira tl рублей руб ευρω ريال يورو دولار درهم", " ")

	clockWords = setOf("am pm uhr h oclock o'clock heures hrs", " ")
	// hourWords stand before an hour; their accents tell them from other words.
	hourWords = setOfAsWritten("at um gegen alle dalle las à às om kl klockan saat στις الساعة")

	people = setOf("people persons person guests pax adults personen leute gäste personas comensales personnes invités "+
		"persone ospiti pessoas convidados mensen gasten osób osoby osoba gości kişi kişilik kişiyiz personer gäster "+
		"человек человека гостей άτομα ατόμων أشخاص شخصا", " ")
	// forWhom stands before the people that a table or a room is for.
	forWhom = setOf("for für para pour per dla för для voor για ل", " ")

	numberWords = numbersFrom(
		firstNumber,
		"two zwei dos deux due dois duas twee dwie dwa dwoje två iki два две двух двоих δύο اثنين",
		"three drei tres trois tre três drie trzy trzech üç три трех троих τρεις τρία ثلاثة",
		"four vier cuatro quatre quattro quatro cztery czterech fyra dört четыре четырех четверых τέσσερις τέσσερα أربعة",
		"five fünf cinco cinq cinque vijf pięć pięciu fem beş пять пяти пятерых πέντε خمسة",
		"six sechs seis sei zes sześć sześciu sex altı шесть шести шестерых έξι ستة",
		"seven sieben siete sept sette sete zeven siedem siedmiu sju yedi семь семи επτά سبعة",
		"eight acht ocho huit otto oito osiem ośmiu åtta sekiz восемь восьми οκτώ ثمانية",
		"nine neun nueve neuf nove negen dziewięć dziewięciu nio dokuz девять девяти εννέα تسعة",
		"ten zehn diez dix dieci dez tien dziesięć dziesięciu tio десять десяти δέκα عشرة",
		"eleven elf onze undici jedenaście elva одиннадцать έντεκα",
		"twelve zwölf doce douze dodici doze twaalf dwanaście tolv двенадцать δώδεκα",
	)
)

// What says that something is not as it was said before.
var (
	// corrections are of anybody.
	corrections = phrasesOf(
		"make it|make that|i meant|i mean|instead|rather|correction|change it to|change that to|changed to|change to|" +
			"changed it to|changed from|moved to|move it to|move to|moved it to|rescheduled|postponed|updated to|" +
			"after all|remains|stays at|" +
			"lieber|statt|stattdessen|sondern|ich meinte|gemeint|korrektur|doch erst|doch schon|doch am|doch zu|doch nur|" +
			"doch um|doch fur|ändern auf|geändert auf|ändern|geändert|verschieben|verschoben|verlegt|verlegen|umgebucht|" +
			"umbuchen|machen sie|mach daraus|machen wir|bleibt bei|" +
			"mejor|en vez de|en lugar de|quise decir|quería decir|cambiarlo|cambiarla|cámbielo|cambiar|cambiado|" +
			"cambiada|que sean|seremos|corrección|sino|al final|pasarlo|aplazado|aplazar|" +
			"plutôt|au lieu|voulais dire|finalement|mettez|changer|changez|modifier|modifié|modifiée|reporté|reportée|" +
			"reporter|décalé|décaler|déplacé|déplacer|nous serons|on sera|" +
			"anzi|piuttosto|invece|al posto|volevo dire|intendevo|facciamo|cambiare|cambiato|spostare|spostato|" +
			"spostata|spostiamo|modificare|modificato|modificata|correzione|saremo|" +
			"afinal|em vez|quis dizer|queria dizer|melhor|mudar|mudou|mudado|alterar|alterado|alterada|alterei|" +
			"passar para|adiado|correção|seremos|" +
			"liever|in plaats|bedoelde|bedoel|maak er|wijzigen|gewijzigd|verzetten|verzet|verplaatsen|verplaatst|correctie|" +
			"jednak|zamiast|miałem na myśli|miałam na myśli|chodziło o|zmienić|zmienione|zmieniono|zmieniliśmy|przełożyć|" +
			"przełożone|przesunąć|poprawka|raczej|" +
			"istället|i stället|menade|hellre|ändra|ändrat|flytta|flyttat|flyttad|rättelse|" +
			"yerine|demek istedim|değiştirin|değiştirdik|değiştirildi|ertelendi|düzeltme|" +
			"вместо|лучше|имел в виду|имела в виду|перенести|перенесли|перенесите|перенесен|изменить|измените|изменили|" +
			"исправление|все таки|" +
			"αντί|καλύτερα|εννοούσα|ήθελα να πω|αλλάξτε|αλλάξουμε|άλλαξε|τελικά|" +
			"بدلا|بل|أقصد|قصدت|تغيير|تعديل",
	)

	// slips are of who said it before, in few words.
	slips = phrasesOf(
		"sorry|oops|no|wrong|typo|mistake|actually|pardon|entschuldigung|verzeihung|nein|falsch|vertippt|tippfehler|" +
			"perdón|perdone|perdona|me equivoqué|error|désolé|désolée|erreur|trompé|trompée|non|en fait|" +
			"scusi|scusa|scusate|errore|sbagliato|desculpe|desculpa|enganei|erro|não|fout|vergist|nee|" +
			"przepraszam|pomyłka|błąd|nie|förlåt|ursäkta|fel|nej|özür|yanlış|hayır|" +
			"извините|ошибка|ошибся|ошиблась|нет|συγγνώμη|λάθος|όχι|عذرا|آسف|خطأ|لا",
	)

	// settlements are of the business: what it has booked holds.
	settlements = setOf("booked confirmed reserved gebucht bestätigt reserviert reservado reservada confirmado confirmada "+
		"réservé réservée confirmé confirmée prenotato prenotata confermato confermata geboekt bevestigd gereserveerd "+
		"zarezerwowano zarezerwowany zarezerwowaliśmy potwierdzamy bokat bokad bekräftat забронировано забронировали "+
		"забронирован подтверждаем", " ")

	// replacers stand before what is no longer wanted.
	replacers = phrasesOf("instead of|rather than|statt|anstatt|anstelle|en vez de|en lugar de|au lieu de|au lieu|plutôt que|" +
		"invece di|al posto|em vez de|in plaats van|zamiast|istället för|i stället för|вместо|αντί|بدلا من")

	// revocations are of what can be taken back; as one is asked for, not as it was done.
	revocations = setOf("cancel cancelling kündigen stornieren absagen kündigung stornierung cancelar cancele cancelen "+
		"anular anule résilier résiliez annuler annulez annullare annulli annullate disdire cancelem annuleren opzeggen "+
		"annuleer anulować anulujcie odwołać avboka säga iptal отменить отменять отменяйте ακυρώσω ακυρώσετε إلغاء", " ")

	negations = setOf("not don dont doesn never nicht kein keine no nunca ne pas plus non não niet geen nie inte не δεν μην لا",
		" ")
)

// dayNumbers gives each word the number of its list.
func dayNumbers(lists ...string) map[string]string {
	out := map[string]string{}

	for i, list := range lists {
		for word := range strings.FieldsSeq(list) {
			out[foldWord(word)] = strconv.Itoa(i)
		}
	}

	return out
}

func setOfAsWritten(list string) map[string]bool {
	out := map[string]bool{}
	for word := range strings.FieldsSeq(list) {
		out[word] = true
	}

	return out
}

// numbersFrom gives the words of each list its number in digits, counting up. Words are as they are written:
// without accents, some are other words in another language.
func numbersFrom(first int, lists ...string) map[string]string {
	out := map[string]string{}

	for i, list := range lists {
		for word := range strings.FieldsSeq(list) {
			out[word] = strconv.Itoa(first + i)
		}
	}

	return out
}
