package chat

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// ThreadRoot is the id of a mail that was never sent: all mails of a chat refer to it, so that they
// hang together where mail servers on the way have given them other ids (RFC 5322 3.6.4).
func ThreadRoot(id ChatID, domain string) string {
	return "<chat-" + strconv.FormatInt(int64(id), 10) + "@" + domain + ">"
}

var threadRoot = regexp.MustCompile(`^<?chat-([0-9]{1,18})@([^<>@\s]+)>?$`)

// ParseThreadRoot reads an id that [ThreadRoot] has made. Ids can be guessed: who refers to one has
// not shown to know the chat.
func ParseThreadRoot(reference string) (id ChatID, domain string, ok bool) {
	parts := threadRoot.FindStringSubmatch(strings.TrimSpace(reference))
	if parts == nil {
		return 0, "", false
	}

	number, err := strconv.ParseInt(parts[1], 10, 64)

	return ChatID(number), strings.ToLower(parts[2]), err == nil && number > 0
}

// subjectPrefixes are what mail programs put before the subject of a reply or a forward, in lower
// case, by https://en.wikipedia.org/wiki/List_of_email_subject_abbreviations and what Outlook, Lotus
// and Gmail are seen to write. RFC 5322 3.6.5 knows "Re: " alone.
var subjectPrefixes = []string{
	// Replies.
	"re", "ré", "res", "resp", "aw", "antw", "antwort", "sv", "svar", "vs", "vá", "vsp", "bls", "ynt", "yan", "cevap",
	"odp", "odpověď", "ris", "rif", "r", "réf", "rép", "réponse", "atb", "ats", "vl", "bal", "на", "отв", "ответ",
	"відп", "απ", "σχετ", "trả lời", "תשובה", "השב", "رد", "回复", "回覆", "答复", "答覆", "返信", "回信", "답장", "회신", "ตอบ",
	// Forwards.
	"forward", "forwarded", "transf", "transféré", "encam", "encaminhado", "encaminhada", "inoltro", "inoltra",
	"doorgestuurd", "vidarebefordrat", "videresendt", "edelleen", "przek", "przekazane", "přep", "předáno",
	"přeposláno", "prep", "továbbítás", "tov", "redir", "redirecționat", "переслано", "пер", "ynl", "προωθ", "轉發",
	"اعادة توجيه", "محول", "הע",
	"fw", "fwd", "wg", "wtr", "weitergeleitet", "doorst", "tr", "i", "enc", "rv", "reenv", "reenviado", "pd", "fs",
	"továbbítva", "vb", "vid", "ilt", "i̇lt", "перенапр", "пересл", "πρθ", "הועבר", "إعادة توجيه", "转发", "轉寄", "転送",
	"전달", "chuyển tiếp", "ส่งต่อ",
}

// subjectTag is what gateways put before a subject: "[EXTERN]", "(fwd)" and the like.
var subjectTag = regexp.MustCompile(`(?i)^[\[(](?:extern(?:al|e|o)?|ext|spam\??|fwd?|re|sec|encrypt(?:ed)?)[\])]\s*`)

// NormalizeSubject is the subject of a conversation, in the form in which subjects are compared:
// without what programs put before it, one space between words, in lower case.
func NormalizeSubject(subject string) string {
	words := strings.Join(strings.FieldsFunc(strings.ToLower(subject), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)
	}), " ")

	for range maxSubjectPrefixes {
		rest := cutSubjectPrefix(subjectTag.ReplaceAllString(words, ""))
		if rest == words {
			break
		}

		words = rest
	}

	return words
}

// maxSubjectPrefixes is more than a conversation collects.
const maxSubjectPrefixes = 100

// replyCount is how some programs count replies: "Re[2]:", "Re(2):", "Re^2:", "Re2:".
var replyCount = regexp.MustCompile(`(?:\[[0-9]+\]|\([0-9]+\)|\^?[0-9]+)$`)

// cutSubjectPrefix returns the subject without one prefix, or as it is.
func cutSubjectPrefix(subject string) string {
	at := strings.IndexAny(subject, ":：")
	if at < 0 {
		return subject
	}

	prefix := strings.TrimSpace(subject[:at])
	prefix = strings.TrimSpace(replyCount.ReplaceAllString(prefix, ""))

	if !slices.Contains(subjectPrefixes, prefix) {
		return subject
	}

	return strings.TrimSpace(strings.TrimLeft(subject[at:], ":："))
}
