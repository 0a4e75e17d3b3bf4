package sendgrid_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// personPost is a customer's mail.
func personPost(headers ...string) post {
	return post{
		"headers": "Message-ID: <k1@customers.example>\nDate: Sun, 22 Nov 2026 10:00:00 +0000\n" +
			strings.Join(headers, "\n") + "\n",
		"from":     "Selma Berg <selma@customers.example>",
		"to":       "support@handrail.example",
		"subject":  "Kettle",
		"text":     "The kettle leaks. Please send a new one.",
		"envelope": `{"to":["support@handrail.example"],"from":"selma@customers.example"}`,
		"charsets": `{"text":"UTF-8"}`,
	}
}

// raw is the same mail in the raw mode.
func (p post) raw() post {
	return post{
		"email": "From: " + p["from"] + "\r\nTo: " + p["to"] + "\r\nCc: " + p["cc"] + "\r\nSubject: " + p["subject"] + "\r\n" +
			strings.ReplaceAll(p["headers"], "\n", "\r\n") + "\r\n" + p["text"] + "\r\n",
		"envelope": p["envelope"],
	}
}

// A person's mail is a person's, whatever one weak hint says.
func TestPeoplesMailIsNotAutomatic(t *testing.T) {
	t.Parallel()

	for name, headers := range map[string][]string{
		"nothing":                         nil,
		"no":                              {"Auto-Submitted: no"},
		"no with a parameter":             {"Auto-Submitted: No; x=y"},
		"no with a comment":               {"Auto-Submitted: (a person) no"},
		"an empty one":                    {"Auto-Submitted:"},
		"a group":                         {"Precedence: list", "List-ID: Support <support.handrail.example>"},
		"a group's other headers":         {"List-Unsubscribe: <mailto:x@y.example>", "List-Post: <mailto:support@handrail.example>"},
		"bulk alone":                      {"Precedence: bulk"},
		"bulk that says no":               {"Precedence: bulk", "Auto-Submitted: no"},
		"junk alone":                      {"Precedence: junk"},
		"first-class":                     {"Precedence: first-class"},
		"asks for silence":                {"X-Auto-Response-Suppress: DR, OOF, AutoReply"},
		"asks for all silence":            {"X-Auto-Response-Suppress: All"},
		"asks for none":                   {"X-Auto-Response-Suppress: None"},
		"herself in Cc":                   {"Cc: Selma Berg <selma@customers.example>"},
		"a loop that is none":             {"X-Loop: selma@customers.example"},
		"a header that says no":           {"X-Autoreply: no"},
		"a report attached":               {"Content-Type: multipart/mixed; boundary=a"},
		"a header without a colon above":  {"Ohne Doppelpunkt", "Auto-Submitted: no"},
		"automatic in a header's value":   {"X-Mailer: Auto-Submitted: auto-replied"},
		"automatic in a dropped one's":    {"Übel: x", " Auto-Submitted: auto-replied"},
		"feedback of the mail's program":  {"Feedback-ID: 1:2:3"},
		"spam filters":                    {"X-Spam-Status: Yes"},
		"high priority and read receipts": {"Disposition-Notification-To: selma@customers.example"},
	} {
		for mode, p := range map[string]post{"parsed": personPost(headers...), "raw": personPost(headers...).raw()} {
			in := readInbound(t, p)
			assert.Empty(t, in.Automatic, "%s, %s", name, mode)
			assert.Equal(t, "selma@customers.example", in.From, "%s, %s", name, mode)
			assert.Equal(t, "The kettle leaks. Please send a new one.", in.Text, "%s, %s", name, mode)
		}
	}

	for name, change := range map[string]func(post){
		"a null sender":    func(p post) { p["envelope"] = `{"to":["support@handrail.example"],"from":""}` },
		"a <> as sender":   func(p post) { p["envelope"] = `{"to":["support@handrail.example"],"from":"<>"}` },
		"copied to itself": func(p post) { p["cc"] = "selma@customers.example" },
		"sent to itself":   func(p post) { p["to"] = "selma@customers.example, support@handrail.example" },
		"from us to us":    func(p post) { p["from"] = "support@handrail.example" },
		"from nowhere":     func(p post) { p["from"], p["envelope"] = "Selma", "{}" },
	} {
		p := personPost()
		change(p)
		assert.Empty(t, readInbound(t, p).Automatic, name)
		assert.Empty(t, readInbound(t, p.raw()).Automatic, name)
	}
}

func TestAutomaticMail(t *testing.T) {
	t.Parallel()

	for header, want := range map[string]chat.AutomaticReason{
		"Auto-Submitted: auto-replied":                                                  chat.AutomaticSubmitted,
		"auto-submitted: auto-generated; x=y":                                           chat.AutomaticSubmitted,
		"Auto-Submitted: auto-notified; owner-email=\"a@b.c\"":                          chat.AutomaticSubmitted,
		"Auto-Submitted : Auto-Replied":                                                 chat.AutomaticSubmitted,
		"Auto-Submitted:\n auto-replied":                                                chat.AutomaticSubmitted,
		"Auto-Submitted: (vacation) auto-replied":                                       chat.AutomaticSubmitted,
		"Auto-Submitted: yes":                                                           chat.AutomaticSubmitted,
		"Precedence: bulk\nAuto-Submitted: auto-generated":                              chat.AutomaticSubmitted,
		"Precedence: auto_reply":                                                        chat.AutomaticResponder,
		"Precedence: AutoReply":                                                         chat.AutomaticResponder,
		"Precedence: auto-reply":                                                        chat.AutomaticResponder,
		"X-Autorespond: Out of office":                                                  chat.AutomaticResponder,
		"X-Autoresponse: 1":                                                             chat.AutomaticResponder,
		"X-AutoResponder-Is-No-Name: x\nX-Autoreply: yes":                               chat.AutomaticResponder,
		"Content-Type: multipart/report; report-type=delivery-status; boundary=a":       chat.AutomaticReport,
		"Content-Type: Multipart/Report; boundary=a":                                    chat.AutomaticReport,
		"Content-Type: multipart/report; report-type=disposition-notification":          chat.AutomaticReport,
		"Content-Type: multipart/report; report-type=feedback-report; boundary=\"a b\"": chat.AutomaticReport,
		// What cannot be read costs only itself.
		"Ohne Doppelpunkt\nAuto-Submitted: auto-replied":         chat.AutomaticSubmitted,
		"Ünnamed: x\nAuto-Submitted: auto-replied":               chat.AutomaticSubmitted,
		"X-Bell: a\x07b\nAuto-Submitted: auto-replied":           chat.AutomaticSubmitted,
		"X-Null: a\x00b\nAuto-Submitted: auto-replied":           chat.AutomaticSubmitted,
		"X\x01Name: a\nAuto-Submitted: auto-replied":             chat.AutomaticSubmitted,
		": nameless\nAuto-Submitted: auto-replied":               chat.AutomaticSubmitted,
		"X-Latin: Gr\xfc\xdfe\nAuto-Submitted: auto-replied":     chat.AutomaticSubmitted,
		"Two Words: x\nAuto-Submitted: auto-replied":             chat.AutomaticSubmitted,
		">From a@b.c Sun Nov 22 10:00:00 2026\nX-Autorespond: y": chat.AutomaticResponder,
	} {
		assert.Equal(t, want, readInbound(t, personPost(header)).Automatic, "%q parsed", header)
		assert.Equal(t, want, readInbound(t, personPost(header).raw()).Automatic, "%q raw", header)
	}
}

// A null sender says nothing by itself, and a report body does not either; both do.
func TestReportsWithNullSender(t *testing.T) {
	t.Parallel()

	const null = `{"to":["support@handrail.example"],"from":""}`

	for name, text := range map[string]string{
		"RFC 3464": "Your mail came back.\n\nReporting-MTA: dns; mx.example\nFinal-Recipient: rfc822; a@b.c\nStatus: 5.1.1",
		"qmail":    "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message.",
		"Exim":     "This message was created automatically by mail delivery software.\n\nA message could not be delivered.",
	} {
		p := personPost()
		p["text"] = text
		p["from"] = "Mail Delivery Subsystem <MAILER-DAEMON>"
		assert.Empty(t, readInbound(t, p).Automatic, "%s from a person", name)

		p["envelope"] = null
		in := readInbound(t, p)
		assert.Equal(t, chat.AutomaticReport, in.Automatic, name)
		assert.Empty(t, in.From, name)
		assert.NotEmpty(t, in.FromName, name)
	}

	email := "From: MAILER-DAEMON@mx.example\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nIt came back.\n" +
		"--a\nContent-Type: message/delivery-status\n\nStatus: 5.1.1\n--a--\n"
	in := readInbound(t, post{"email": email, "envelope": null})
	assert.Equal(t, chat.AutomaticReport, in.Automatic)
	assert.Equal(t, "It came back.", in.Text)
	assert.Equal(t, "message/delivery-status", in.Files[0].Type)
}
