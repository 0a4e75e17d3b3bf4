package sendgrid

import (
	"regexp"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"handrail/chat"
)

// maxEvidence is the most bytes of a field of evidence that are read, and maxSignatures how many
// signatures of one email are.
const (
	maxEvidence   = 8 << 10
	maxSignatures = 50
)

// evidenceFields are those of which an email's author and the evidence for them are read. SendGrid
// posts each once; what has one twice was made to be read in two ways.
var evidenceFields = []string{"headers", "from", "email", "envelope", "SPF", "dkim"}

// signatureEntry is an entry of the field dkim, as in "{@a.example : pass, @b.example : fail}"
// (https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook#default-parameters).
// The domain is the d= of a signature, which its sender has chosen; the words are those of RFC 8601
// 2.7.1.
var signatureEntry = regexp.MustCompile(`^@([^\s@:,{}]{1,253})\s*:\s*([a-z]{1,20})$`)

// readEvidence takes what the post says of the servers that the email came from.
func (m *email) readEvidence(fields map[string][]byte) {
	m.evidence.Signed = readSigned(string(fields["dkim"]))

	// Words of RFC 8601 2.7.2. For a null sender, SPF speaks of the server's name (RFC 7208 2.4).
	if strings.EqualFold(strings.TrimSpace(string(fields["SPF"])), "pass") {
		m.evidence.AllowedBy = domainOf(cleanAddress(m.envelope.sender()))
	}
}

// readSigned returns the domains whose signatures were right. A field in any other form than
// SendGrid's speaks for nobody.
func readSigned(field string) []string {
	list, isOpen := strings.CutPrefix(strings.TrimSpace(field), "{")
	list, isClosed := strings.CutSuffix(list, "}")

	if !isOpen || !isClosed || len(field) > maxEvidence {
		return nil
	}

	var all []string

	entries := strings.Split(list, ",")
	if len(entries) > maxSignatures {
		return nil
	}

	for _, entry := range entries {
		found := signatureEntry.FindStringSubmatch(strings.TrimSpace(entry))
		if found == nil {
			return nil
		}

		if domain := cleanDomain(found[1]); domain != "" && found[2] == "pass" {
			all = append(all, domain)
		}
	}

	return all
}

// trust judges whether the email is by its author. replaced is the From in whose place the author
// was taken, "" for most.
func (m *email) trust(author mailbox, replaced string) chat.Trust {
	m.evidence.Named = replaced != ""
	m.evidence.From = domainOf(author.address)

	var d decoder // of its own: what cannot be decoded here is no part of what is shown

	// RFC 5322 3.6 has one From, and RFC 7489 6.6.1 refuses others.
	lines := m.headers.Values("From")
	if len(lines) > 1 || len(lines) == 1 && d.readAuthor(lines[0]).address != d.readAuthor(m.from).address {
		m.evidence.Doubtful = true
	}

	if named := d.readAddresses(m.from); len(named) != 1 || named[0].address != author.address {
		m.evidence.From = ""
	}

	return m.evidence.Judge(findOrganisation)
}

// findOrganisation returns the organizational domain (RFC 7489 3.2), "" for a public suffix.
func findOrganisation(domain string) string {
	owner, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return ""
	}

	return owner
}

func domainOf(address string) string {
	_, domain, ok := cutLast(address, "@")
	if !ok {
		return ""
	}

	return cleanDomain(domain)
}

// cleanDomain is the domain in ASCII and lower case, "" for what is none.
func cleanDomain(domain string) string {
	clean, err := idna.Lookup.ToASCII(strings.TrimSuffix(domain, "."))
	if err != nil || !strings.Contains(clean, ".") {
		return ""
	}

	return strings.ToLower(clean)
}
