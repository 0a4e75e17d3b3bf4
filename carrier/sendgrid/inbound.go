package sendgrid

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"handrail/carrier"
	"handrail/carrier/reply"
	"handrail/chat"
)

const (
	// nearIDs and rootIDs bound the references of one email: the nearest, and those that its
	// thread began with, where ours may be.
	nearIDs = 35
	rootIDs = 15
	// maxIDHeader is the most bytes of references that are read.
	maxIDHeader = 200_000
	// maxSubject is far more than a subject needs, and less than a line of RFC 5322.
	maxSubject = 500
)

// Inbound reads an email that somebody sent us, posted by Inbound Parse
// (https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook),
// parsed or raw. Where it has no text, its text is that of its HTML, or says how many
// files came. The errors are invalid_signature, before anything is read, and
// invalid_request.
func (w *Webhook) Inbound(header http.Header, body []byte) (chat.Inbound, error) {
	if err := w.verify(header, body); err != nil {
		return chat.Inbound{}, err
	}

	return w.ReadInbound(header.Get("Content-Type"), body)
}

// ReadInbound reads a post once more that was verified when it came. The error is invalid_request.
func (*Webhook) ReadInbound(contentType string, body []byte) (chat.Inbound, error) {
	m, err := readForm(contentType, body)
	if err != nil {
		return chat.Inbound{}, err
	}

	author, replaced := m.author()
	answersTo := m.answersTo(author)
	to := m.recipients()
	tokens := readTokens(to)
	text, original := m.said()

	in := chat.Inbound{
		Provider:       chat.ProviderSendGrid,
		Channel:        chat.ChannelEmail,
		Key:            "sendgrid:inbound:" + m.key(author.address),
		From:           author.address,
		FromName:       author.name,
		Via:            replaced,
		AnswersTo:      answersTo.address,
		AnswersToName:  answersTo.name,
		To:             to,
		Text:           text,
		Original:       original,
		Delivered:      m.delivered(),
		LooksAutomatic: m.looksAutomatic(),
		Subject:        carrier.Line(m.subject, maxSubject),
		EmailMessageID: firstOf(messageIDsIn(m.headers.Get("Message-Id"))),
		References:     m.references(),
		ReplyTokens:    tokens,
		Trust:          m.trust(author, replaced),
		Automatic:      m.automatic(),
		PossibleOptOut: mayOptOut(text),
		Files:          m.files,
		Undecoded:      m.undecoded,
		Raw:            body,
	}
	in.LimitText()

	return in, nil
}

// mayOptOut reports whether a person must decide if the email asks for no more messages. In a mail
// that goes for a whole stop word too: the lists of words are those of text messages, and
// "Cancel" may be all that a customer writes about an order. What the email quotes or forwards is
// not read, as newsletters end with such words.
func mayOptOut(text string) bool {
	text = reply.Comment(text)

	return chat.ReadKeyword(text) == chat.KeywordStop || chat.IsPossibleOptOut(text)
}

// said is what the email says, and all of it where something was left out.
func (m *email) said() (text, original string) {
	original = strings.TrimSpace(carrier.Text(m.text))
	if original == "" {
		return carrier.FilesOnly(m.fileCount), ""
	}

	text = strings.TrimSpace(reply.TrimMail(m.subject, original))
	if text == original {
		original = ""
	}

	return text, original
}

// recipients are the addresses that it was delivered to, and then those it names.
func (m *email) recipients() []string {
	var all []string

	for _, list := range append(slices.Clone(m.envelope.To[:min(len(m.envelope.To), maxAddresses)]), m.to, m.cc) {
		for _, box := range m.readAddresses(list) {
			if !slices.Contains(all, box.address) && len(all) < maxAddresses {
				all = append(all, box.address)
			}
		}
	}

	return all
}

// delivered are the addresses that the sending server has given the email to SendGrid for, as its
// envelope says (RFC 5321 3.3); nil if it says none.
func (m *email) delivered() []string {
	var all []string

	for _, address := range m.envelope.To {
		if address = cleanAddress(address); address != "" {
			all = append(all, address)
		}
	}

	return all
}

// readTokens returns the hashes of the reply tokens in the addresses.
func readTokens(to []string) []string {
	var all []string

	for _, address := range to {
		if token := chat.ReadReplyToken(address); token != "" {
			all = append(all, token.Hash())
		}
	}

	return all
}

// references are the ids of the emails that are answered, the nearest first. Of a long chain,
// those in the middle are left out.
func (m *email) references() []string {
	var all []string

	chain := messageIDsIn(m.headers.Get("References"))
	slices.Reverse(chain)

	for _, id := range append(messageIDsIn(m.headers.Get("In-Reply-To")), chain...) {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}

	if len(all) > nearIDs+rootIDs {
		all = slices.Concat(all[:nearIDs], all[len(all)-rootIDs:])
	}

	return all
}

var (
	// bracketed is an id as RFC 5322 3.6.4 has it, or one that a program has folded in two.
	bracketed = regexp.MustCompile(`<[^<>]{1,300}>`)
	// bareID is one without the <>.
	bareID = regexp.MustCompile(`[!-;=?-~]+@[!-;=?-~]+`)
	// wholeID is the form in which ids are kept and compared.
	wholeID = regexp.MustCompile(`^<[!-;=?-~]{1,250}>$`)
)

// messageIDsIn returns the ids in a header, in <> whether it has them or not.
func messageIDsIn(header string) []string {
	if len(header) > maxIDHeader {
		header = header[:maxIDHeader/2] + " " + header[len(header)-maxIDHeader/2:]
	}

	var all []string

	rest := header
	for rest != "" {
		at := bracketed.FindStringIndex(rest)
		if at == nil {
			at = []int{len(rest), len(rest)}
		}

		all = append(all, bareIDsIn(rest[:at[0]])...)

		if id := strings.Join(strings.Fields(rest[at[0]:at[1]]), ""); wholeID.MatchString(id) {
			all = append(all, id)
		}

		rest = rest[at[1]:]
	}

	return all
}

// bareIDsIn returns the ids of a text without <>. A word with a quote is a name's.
func bareIDsIn(text string) []string {
	var all []string

	for _, found := range bareID.FindAllString(text, maxAddresses) {
		id := "<" + strings.Trim(found, `,;"'()`) + ">"
		if wholeID.MatchString(id) {
			all = append(all, id)
		}
	}

	return all
}

func firstOf(all []string) string {
	if len(all) == 0 {
		return ""
	}

	return all[0]
}

// key is the same for the same email, however often it is posted and for whomever: each of its
// recipients takes it once. It is made of what the email says of itself and never of how it was
// posted. Message-IDs are unique only where their senders are careful, so the sender and the date
// belong to it.
func (m *email) key(author string) string {
	identity := []string{
		m.headers.Get("Message-Id"),
		m.headers.Get("Date"),
		author,
		m.readAuthor(m.from).address,
	}

	if identity[0] == "" {
		identity = append(identity, m.subject, m.text)

		// Without a date, two answers "Yes" of one person differ in their way only.
		if m.headers.Get("Date") == "" {
			identity = append(identity, m.headers.Values("Received")...)
		}
	}

	return digestOf([]byte(strings.Join(identity, "\x00")))
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
