package sendgrid

import (
	"regexp"
	"slices"
	"strings"

	"handrail/carrier"
)

// robot is the first part of addresses that programs write from and nobody reads at: those of
// contact forms and shops, in the languages of our users.
//
// RFC 2142 (https://www.rfc-editor.org/rfc/rfc2142) has postmaster and webmaster. No standard has the
// others: they are the senders that the programs and servers named here write from by default, and
// words for "no reply" as shops use them.
var robot = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`.*no[-_.]?reply.*`,
	`.*do[-_.]?not[-_.]?(?:reply|respond|answer).*`,
	`no[-_.]?response`,
	`(?:bitte[-_.]?)?(?:keine?|nicht)[-_.]?(?:antwort(?:en)?|reply)`,
	`ne[-_.]?pas[-_.]?repondre`,
	`pas[-_.]?de[-_.]?repon[cs]e`,
	`n[aã]o[-_.]?responda?`,
	`no[-_.]?(?:responder|responda|contestar)`,
	`non[-_.]?rispondere`,
	`niet[-_.]?(?:be)?antwoorden`,
	`geen[-_.]?antwoord`,
	`(?:notifications?|notify|alerts?|mailer|bounces?|robot|automailer|auto[-_.]?mail)(?:[-_.+].*)?`,
	`(?:mailer-daemon|postmaster|nobody|www-data|apache|httpd|wwwrun|root|daemon)`,
	`(?:wordpress|drupal|joomla|typo3|shopify|webmaster|website|web|cms)`,
	`(?:(?:web|contact|kontakt|online|site)[-_.]?)?(?:forms?|formular|formulaire|formulario)(?:[-_.+].*)?`,
}, "|") + `)@`)

// via is what groups write behind the name of a person whose address they replace.
var via = regexp.MustCompile(`(?i)^\s*['"]*(.*?)['"]*\s+via\s+\S`)

// author returns who wrote the email, and the address of its From where that is not theirs.
//
// The person in Reply-To, or in what groups add, is taken only where From is nobody's who
// writes: an address of programs, one that the email was sent to, or a group's. Whoever can
// write those headers can write any From too, so this makes nobody easier to imitate for us;
// but it takes the author out of what DMARC checks, and so is told.
func (m *email) author() (author mailbox, replaced string) {
	from := m.readAuthor(m.from)
	if from.address == "" {
		return m.senderWithoutFrom(), ""
	}

	isGroup := m.throughGroup(from)
	isOurs := slices.Contains(m.directRecipients(), from.address)

	if !isGroup && !isOurs && !robot.MatchString(from.address) {
		return from, ""
	}

	headers := []string{"Reply-To"}
	if isGroup {
		headers = []string{"X-Original-From", "X-Original-Sender", "Reply-To"}
	}

	for _, header := range headers {
		for _, box := range m.readAddresses(m.headers.Get(header)) {
			if m.isPerson(box.address, from.address) {
				return nameAuthor(box, from), from.address
			}
		}
	}

	return from, ""
}

// answersTo returns whom the email wants to be answered where that is another person than its
// author. Which addresses are ours the store knows: a form of ours may write from any of them.
func (m *email) answersTo(author mailbox) mailbox {
	for _, box := range m.readAddresses(m.headers.Get("Reply-To")) {
		if m.isPerson(box.address, author.address) {
			return box
		}
	}

	return mailbox{}
}

// senderWithoutFrom is the sender of an email whose From has no address: its envelope's.
func (m *email) senderWithoutFrom() mailbox {
	if box := m.readMailbox(m.envelope.sender()); box.address != "" {
		return mailbox{address: box.address}
	}

	return mailbox{name: carrier.Line(m.decodeWords(m.from), maxName)}
}

// throughGroup reports whether a group has put its own address into From: Google Groups says
// whose it was in headers of their own, Mailman and others name the
// list (RFC 2919, RFC 2369).
func (m *email) throughGroup(from mailbox) bool {
	original := m.readAuthor(m.headers.Get("X-Original-Sender")).address

	switch {
	case m.headers.Get("X-Original-From") != "", original != "" && original != from.address:
		return true
	case via.MatchString(from.name):
		return true
	}

	for _, list := range m.readAddresses(m.headers.Get("List-Post")) {
		if list.address == from.address {
			return true
		}
	}

	return false
}

// isPerson reports whether an address may be the author's instead of From's.
func (m *email) isPerson(address, from string) bool {
	return address != from && !robot.MatchString(address) && !slices.Contains(m.directRecipients(), address)
}

// directRecipients are the addresses that the email was delivered and addressed to, without
// copies: people put themselves into those.
func (m *email) directRecipients() []string {
	var all []string

	for _, list := range append(slices.Clone(m.envelope.To), m.to) {
		for _, box := range m.readAddresses(list) {
			all = append(all, box.address)
		}
	}

	return all
}

// nameAuthor gives the author the name that From has for them, if any other header has none.
func nameAuthor(author, from mailbox) mailbox {
	if found := via.FindStringSubmatch(from.name); author.name == "" && found != nil {
		author.name = strings.TrimSpace(found[1])
	}

	return author
}
