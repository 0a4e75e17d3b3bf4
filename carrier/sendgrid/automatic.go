package sendgrid

import (
	"regexp"
	"strings"

	"handrail/chat"
)

// automatic returns why it is certain that no person wrote the email, "" where it is not.
//
// What is only likely marks nothing ([email.looksAutomatic]), and neither does a sender who is also
// a recipient.
func (m *email) automatic() chat.AutomaticReason {
	media, _ := parseMediaType(m.headers.Get("Content-Type"))

	switch {
	// RFC 6522, for bounces, receipts and complaints.
	case media == typeReport, m.envelope.isNull() && m.hasReport:
		return chat.AutomaticReport
	// RFC 3834 5: everything but "no" was sent by a program.
	case m.isSubmitted():
		return chat.AutomaticSubmitted
	case m.isResponder():
		return chat.AutomaticResponder
	}

	return ""
}

func (m *email) isSubmitted() bool {
	for _, value := range m.headers.Values("Auto-Submitted") {
		value = blankComments(value)
		value, _, _ = strings.Cut(value, ";")

		if word := strings.Fields(strings.ToLower(value)); len(word) > 0 && word[0] != "no" {
			return true
		}
	}

	return false
}

// isResponder reports what programs older than RFC 3834 write, and some that are not.
func (m *email) isResponder() bool {
	for _, name := range []string{"X-Autorespond", "X-Autoresponse", "X-Autoreply"} {
		for _, value := range m.headers.Values(name) {
			switch strings.ToLower(strings.TrimSpace(value)) {
			case "no", "false", "0", "none":
			default:
				return true
			}
		}
	}

	for _, value := range m.headers.Values("Precedence") {
		switch strings.ToLower(strings.TrimSpace(value)) {
		case "auto_reply", "autoreply", "auto-reply":
			return true
		}
	}

	return false
}

// looksAutomatic reports signs that people's mails have as well, from mailing lists and through
// forwarders: List-Id (RFC 2919), the Precedence of old programs, X-Auto-Response-Suppress, which
// asks others for no automatic answer (MS-OXCMAIL 2.1.3.2.20), and the null sender of RFC 5321 4.5.5.
func (m *email) looksAutomatic() bool {
	switch strings.ToLower(strings.TrimSpace(m.headers.Get("Precedence"))) {
	case "bulk", "list", "junk":
		return true
	}

	return m.headers.Get("List-Id") != "" || m.headers.Get("X-Auto-Response-Suppress") != "" || m.envelope.isNull()
}

// report is how programs begin or end what they write of a delivery: RFC 3464 2, qmail's
// (https://cr.yp.to/proto/qsbmf.txt) and Exim's.
var report = regexp.MustCompile(`(?im)^(?:Reporting-MTA|Final-Recipient|Original-Recipient|Diagnostic-Code)[ \t]*:|` +
	`^Hi\. This is the .{1,100}\bprogram\b|^This message was created automatically by mail delivery software\b`)

// maxReport is how far into a text a report is looked for.
const maxReport = 20_000

// findReport remembers that the text is a program's about a delivery.
func (m *email) findReport() {
	if report.MatchString(m.text[:min(len(m.text), maxReport)]) {
		m.hasReport = true
	}
}
