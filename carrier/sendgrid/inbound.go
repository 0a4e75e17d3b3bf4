package sendgrid

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"handrail/carrier"
	"handrail/carrier/reply"
	"handrail/chat"
)

const (
	// maxAddresses and maxIDs bound what is taken of one email.
	maxAddresses = 50
	maxIDs       = 50
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

	m, err := readForm(header.Get("Content-Type"), body)
	if err != nil {
		return chat.Inbound{}, err
	}

	from, name := m.sender()
	to := m.recipients()
	in := chat.Inbound{
		Provider:       chat.ProviderSendGrid,
		Channel:        chat.ChannelEmail,
		Key:            "sendgrid:inbound:" + m.key(body),
		From:           from,
		FromName:       name,
		To:             to,
		Subject:        carrier.Line(m.subject, maxSubject),
		EmailMessageID: firstOf(messageIDsIn(m.headers.Get("Message-Id"))),
		References:     m.references(),
		ReplyTo:        repliesTo(to),
		Automatic:      m.automatic(from, to),
		Media:          m.files,
		Raw:            body,
	}

	in.Text, in.Original = m.said()

	return in, nil
}

// said is what the email says, and all of it where something was left out.
func (m *email) said() (text, original string) {
	original = strings.TrimSpace(carrier.Text(m.text))
	if original == "" {
		original = strings.TrimSpace(carrier.Text(textOf(m.html)))
	}

	if original == "" {
		return carrier.FilesOnly(m.files), ""
	}

	text = strings.TrimSpace(reply.Trim(original))
	if text == original {
		original = ""
	}

	return text, original
}

// sender is whom the email is from: as it says, or else as its envelope does, "" when
// neither is an address.
func (m *email) sender() (address, name string) {
	if from := parseAddresses(m.from); len(from) > 0 {
		return from[0].Address, carrier.Line(from[0].Name, 100)
	}

	if from := parseAddresses(m.envelope.sender()); len(from) > 0 {
		return from[0].Address, ""
	}

	return "", ""
}

// recipients are the addresses that it was delivered to, and then those it names.
func (m *email) recipients() []string {
	var all []string

	for _, list := range append(slices.Clone(m.envelope.To), m.to, m.cc) {
		for _, a := range parseAddresses(list) {
			if !slices.Contains(all, a.Address) && len(all) < maxAddresses {
				all = append(all, a.Address)
			}
		}
	}

	return all
}

// loose is an address in a list that is not written as RFC 5322 has it.
var loose = regexp.MustCompile(`[^\s<>,;:"'()\[\]]+@[^\s<>,;:"'()\[\]]+`)

// parseAddresses are those of a header, in lower case: no server in use tells them apart by it.
func parseAddresses(list string) []*mail.Address {
	list = carrier.Line(list, 10_000)

	found, err := (&mail.AddressParser{WordDecoder: &words}).ParseList(list)
	if err != nil {
		found = nil
		for _, address := range loose.FindAllString(list, maxAddresses) {
			found = append(found, &mail.Address{Address: address})
		}
	}

	for _, a := range found {
		a.Address = strings.ToLower(a.Address)
	}

	return slices.DeleteFunc(found, func(a *mail.Address) bool { return !chat.IsEmailAddress(a.Address) })
}

// token is the address that answers to the email of a message go to.
var token = regexp.MustCompile(`^reply\+([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})@`)

// repliesTo is the message whose address is among those, "" for none.
func repliesTo(to []string) chat.MessageID {
	for _, address := range to {
		if parts := token.FindStringSubmatch(address); parts != nil {
			return chat.MessageID(strings.Join(parts[1:], "-"))
		}
	}

	return ""
}

// references are the ids of the emails that are answered, the nearest first.
func (m *email) references() []string {
	chain := messageIDsIn(m.headers.Get("References"))
	slices.Reverse(chain)

	var all []string
	for _, id := range append(messageIDsIn(m.headers.Get("In-Reply-To")), chain...) {
		if !slices.Contains(all, id) && len(all) < maxIDs {
			all = append(all, id)
		}
	}

	return all
}

// messageIDs are ids in the form of RFC 5322 3.6.4.
var messageIDs = regexp.MustCompile(`<[!-;=?-~]{1,250}>`)

func messageIDsIn(header string) []string { return messageIDs.FindAllString(header, 4*maxIDs) }

func firstOf(all []string) string {
	if len(all) == 0 {
		return ""
	}

	return all[0]
}

// automatic reports that no person wrote it: RFC 3834 2 and 5, RFC 2919 for lists, and what
// programs older than those write. To ourselves, only a loop writes; and nobody answers
// from nowhere.
func (m *email) automatic(from string, to []string) bool {
	h := m.headers
	submitted, _, _ := strings.Cut(strings.ToLower(h.Get("Auto-Submitted")), ";")

	switch strings.ToLower(strings.TrimSpace(h.Get("Precedence"))) {
	case "bulk", "list", "junk", "auto_reply":
		return true
	}

	submitted = strings.TrimSpace(submitted)

	return submitted != "" && submitted != "no" ||
		h.Get("X-Auto-Response-Suppress") != "" || h.Get("List-Id") != "" || h.Get("X-Autoreply") != "" ||
		strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "multipart/report") ||
		m.envelope.From != nil && m.envelope.sender() == "" || from == "" || slices.Contains(to, from)
}

// key is the same for the same email to the same addresses, however often it is posted.
func (m *email) key(body []byte) string {
	id := m.headers.Get("Message-Id")
	if id == "" {
		return digestOf(body)
	}

	return digestOf([]byte(strings.Join([]string{id, strings.Join(m.envelope.To, ","), m.headers.Get("Date")}, "\x00")))
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
