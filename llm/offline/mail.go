package offline

import (
	"regexp"
	"strings"

	"handrail/chat"
)

// maxSignature is the most lines under somebody's name.
const maxSignature = 6

func allLines(_ *chat.Line, text string) []string { return strings.Split(text, "\n") }

// ownLines are the lines its author wrote for this message: without quotes of earlier
// ones, sign-off and signature.
func ownLines(message *chat.Line, text string) []string {
	lines := strings.Split(text, "\n")
	author := phraseOf(message.Speaker)
	var own []string

	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])

		if n := attributionLines(lines[i:]); n > 0 {
			if !quoteFollows(lines[i+n:]) {
				return own
			}

			i += n - 1

			continue
		}

		switch {
		case strings.HasPrefix(line, ">"), deviceLine.MatchString(line):
		case line != "" && len(line) <= maxSignOff && phraseOf(line) == author:
			if len(own) > 0 && isSignature(lines[i+1:]) {
				return own
			}

		case line == "--",
			originalMessage.MatchString(line),
			startsWithHeader(lines[i:]),
			disclaimer.MatchString(line),
			signsOff(line, lines[i+1:]):
			return own

		default:
			own = append(own, line)
		}
	}

	return own
}

var (
	deviceLine = regexp.MustCompile(
		`(?i)^(sent from my |sent from (mail|outlook|yahoo)|get outlook for |gesendet (von|mit) |` +
			`von meinem .{1,30} gesendet|enviado desde |enviado do meu |envoyé (de|depuis) mon |inviato da ` +
			`|verstuurd vanaf |` +
			`wysłane z |skickat från |отправлено (с|из) |.{0,30}(cihazımdan|iphone.umdan) gönderildi|στάλθηκε από |` +
			`please consider the environment|pensez à l.environnement|bitte denken sie an die umwelt|antes de ` +
			`imprimir)`,
	)
	originalMessage = regexp.MustCompile(`(?i)^(-{2,} ?(original message|forwarded message|ursprüngliche nachricht|` +
		`weitergeleitete nachricht|mensaje original|mensaje reenviado|message d'origine|message ` +
		`transféré|messaggio originale|` +
		`messaggio inoltrato|oorspronkelijk bericht|doorgestuurd bericht|mensagem original|mensagem encaminhada|` +
		`oryginalna wiadomość|исходное сообщение|пересылаемое сообщение)|_{10,}$|begin forwarded message:)`)
	// wrote is the line a mail program puts above a quote: it has a date or an address.
	wrote = regexp.MustCompile(`(?i)^(on|am|le|el|il|em|op|den|w dniu)\s.*[\d@].*` +
		`(wrote|schrieb|a écrit|escribió|ha scritto|escreveu|schreef|skrev|napisał).{0,80}:$`)
	// wroteAbroad is that line in any language: it has a number and an address.
	wroteAbroad = regexp.MustCompile(
		`^(.{0,80}\d.{0,120}<[^<>\s@]+@[^<>\s]+>|.{0,80}<[^<>\s@]+@[^<>\s]+>.{0,80}\d).{0,60}:$`,
	)
	// headerLine is a line of the header that mail programs put above a quote or what is
	// forwarded: after who it is from, two more of the kind.
	sentBy     = regexp.MustCompile(`(?i)^\*?(from|von|de|da|van|od|från|от|από|kimden|من)\*? ?:\*? ?\S`)
	headerLine = regexp.MustCompile(`^\*?\p{L}[\p{L} ]{0,20}\*? ?:\*? ?\S`)
	disclaimer = regexp.MustCompile(
		`(?i)^(disclaimer|confidentiality notice|this (e-?mail|message)( and| may| is| contains|,)|` +
			`diese (e-?mail|nachricht) (und|kann|ist|enthält)|este (mensaje|correo)( electrónico)? (y|puede|es|va)|` +
			`ce (message|courriel) (et|peut|est)|questo messaggio (e|è|può)|esta mensagem (e|pode|é)|dit bericht ` +
			`(en|kan|is)|` +
			`ta wiadomość (i|oraz|może)|это (письмо|сообщение) (и|может)).{20,}`,
	)
)

// isSignature reports whether the lines below somebody's name are what stands under a mail:
// few and short, up to the end or a quote.
func isSignature(lines []string) bool {
	few := 0

	for _, line := range lines {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, ">") {
			break
		}

		if line == "" {
			continue
		}

		if few++; few > maxSignature || len(line) > maxSignOff || strings.HasSuffix(line, "?") {
			return false
		}
	}

	return true
}

// startsWithHeader reports whether a header begins with the first of the lines.
func startsWithHeader(lines []string) bool {
	if len(lines) < 3 || !sentBy.MatchString(strings.TrimSpace(lines[0])) {
		return false
	}

	return headerLine.MatchString(strings.TrimSpace(lines[1])) && headerLine.MatchString(strings.TrimSpace(lines[2]))
}

// attributionLines tells how many of the lines introduce a quote: mail programs break that
// line in two when it is long.
func attributionLines(lines []string) int {
	line := strings.TrimSpace(lines[0])
	if isAttribution(line) {
		return 1
	}

	if len(lines) > 1 && isAttribution(line+" "+strings.TrimSpace(lines[1])) {
		return 2
	}

	return 0
}

func isAttribution(line string) bool {
	return strings.HasSuffix(line, ":") && (wrote.MatchString(line) || wroteAbroad.MatchString(line))
}

func quoteFollows(lines []string) bool {
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" {
			return strings.HasPrefix(line, ">")
		}
	}

	return false
}
