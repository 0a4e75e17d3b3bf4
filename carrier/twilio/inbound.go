package twilio

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

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

	return readInbound(form, body)
}

// ReadInbound reads a post once more that was verified when it came. The error is invalid_request.
func (*Webhook) ReadInbound(_ string, body []byte) (chat.Inbound, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return chat.Inbound{}, chat.Invalid("body", "must be a form")
	}

	if err := checkFields(form); err != nil {
		return chat.Inbound{}, err
	}

	return readInbound(form, body)
}

func readInbound(form url.Values, body []byte) (chat.Inbound, error) {
	id := form.Get("MessageSid")
	if !sid.MatchString(id) {
		return chat.Inbound{}, chat.Invalid("MessageSid", "must be the id of a message")
	}

	from, to := withoutScheme(form.Get("From")), withoutScheme(form.Get("To"))
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
		Files:             mediaOf(form, min(files, maxMedia)),
		Trust:             chat.TrustNumber,
		Raw:               body,
	}

	in.Keyword = keywordOf(in.Text, form.Get("OptOutType"))
	in.PossibleOptOut = in.Keyword == "" && chat.IsPossibleOptOut(in.Text)

	if in.Text == "" {
		in.Text = carrier.FilesOnly(len(in.Files))
	}

	return in, nil
}

// withoutScheme is an address as an SMS names it: over RCS the same person, and the same sender of
// ours, have a scheme before their number (https://www.twilio.com/docs/rcs/send-an-rcs-message).
// WhatsApp's stays: who writes there is not answered by SMS.
func withoutScheme(address string) string {
	line := carrier.Line(address, 100)

	if len(line) >= len(rcs) && strings.EqualFold(line[:len(rcs)], rcs) {
		return strings.TrimSpace(line[len(rcs):])
	}

	return line
}

const rcs = "rcs:"

// mediaOf lists the files of a message (https://www.twilio.com/docs/messaging/guides/webhook-request).
func mediaOf(form url.Values, count int) []chat.File {
	var files []chat.File

	for i := range count {
		number := strconv.Itoa(i)
		files = append(files, chat.File{
			Type: carrier.Line(form.Get("MediaContentType"+number), 100),
			URL:  carrier.Line(form.Get("MediaUrl"+number), 1000),
		})
	}

	return files
}

// keywordOf is what the whole message is. Advanced Opt-Out has words of the customer's own, and
// tells what it took it for (https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out).
func keywordOf(body, optOutType string) chat.Keyword {
	switch k := chat.Keyword(strings.ToLower(optOutType)); k {
	case chat.KeywordStop, chat.KeywordStart, chat.KeywordHelp:
		return k
	}

	return chat.ReadKeyword(body)
}
