package twilio

import (
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"handrail/carrier"
	"handrail/chat"
)

// maxMedia is the most files that Twilio takes with one message.
const maxMedia = 10

// Inbound reads a text message that somebody sent us. Where it has no text, its text says
// how many files came. The errors are those of [Webhook.Status].
func (w *Webhook) Inbound(target string, header http.Header, body []byte) (chat.Inbound, error) {
	form, err := w.verified(target, header, body)
	if err != nil {
		return chat.Inbound{}, err
	}

	id := form.Get("MessageSid")
	if !sid.MatchString(id) {
		return chat.Inbound{}, chat.Invalid("MessageSid", "must be the id of a message")
	}

	from, to := carrier.Line(form.Get("From"), 100), carrier.Line(form.Get("To"), 100)
	if from == "" || to == "" {
		return chat.Inbound{}, chat.Invalid("From", "and To must be given")
	}

	files, err := strconv.Atoi(form.Get("NumMedia"))
	if err != nil || files < 0 {
		files = 0
	}

	in := chat.Inbound{
		Provider:          chat.ProviderTwilio,
		Channel:           chat.ChannelSMS,
		Key:               "twilio:inbound:" + id,
		From:              from,
		To:                []string{to},
		ProviderMessageID: id,
		ServiceSID:        carrier.Line(form.Get("MessagingServiceSid"), 64),
		Text:              strings.TrimSpace(carrier.Text(form.Get("Body"))),
		Media:             min(files, maxMedia),
		Raw:               body,
	}

	in.Keyword = keywordOf(in.Text, form.Get("OptOutType"))
	if in.Text == "" {
		in.Text = carrier.FilesOnly(in.Media)
	}

	return in, nil
}

// keywords are Twilio's own for long codes
// (https://help.twilio.com/articles/223134027-Twilio-support-for-opt-out-keywords-SMS-STOP-filtering-),
// after which it refuses messages, or takes them again, by itself.
var keywords = map[string]chat.Keyword{
	"STOP":        chat.KeywordStop,
	"STOPALL":     chat.KeywordStop,
	"UNSUBSCRIBE": chat.KeywordStop,
	"END":         chat.KeywordStop,
	"QUIT":        chat.KeywordStop,
	"REVOKE":      chat.KeywordStop,
	"OPTOUT":      chat.KeywordStop,
	"CANCEL":      chat.KeywordStop,
	"START":       chat.KeywordStart,
	"YES":         chat.KeywordStart,
	"UNSTOP":      chat.KeywordStart,
	"HELP":        chat.KeywordHelp,
	"INFO":        chat.KeywordHelp,
}

// keywordOf is what the whole message is, whatever its case and the punctuation around
// it. Advanced Opt-Out has words of the customer's own and tells what it took it for.
func keywordOf(body, optOutType string) chat.Keyword {
	switch k := chat.Keyword(strings.ToLower(optOutType)); k {
	case chat.KeywordStop, chat.KeywordStart, chat.KeywordHelp:
		return k
	}

	return keywords[strings.ToUpper(strings.TrimFunc(body, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r)
	}))]
}
