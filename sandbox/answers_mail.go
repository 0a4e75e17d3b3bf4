package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

func canonicalHeader(name string) string { return textproto.CanonicalMIMEHeaderKey(name) }

// prepareMail keeps a mail and makes the call that tells of it.
func (s *Sandbox) prepareMail(a Answer) (id string, p posting, with retryPolicy, err error) {
	original, found := s.answered(a)
	if found {
		a = a.to(original)
	}

	if a.To == "" {
		return "", p, with, errors.New("no such mail was sent to that address, so to is needed")
	}

	kept := MailAnswer{MessageID: "<" + newSID("") + "@customer.sandbox>", At: currentTime(), Answer: a}
	if err := s.arrived.record(record{Answer: &kept}); err != nil {
		return "", p, with, fmt.Errorf("keep the answer: %w", err)
	}

	if s.config.MailInboundURL == "" {
		return kept.MessageID, p, with, nil
	}

	body, contentType, err := kept.form(original)
	if err == nil {
		p, err = s.sendGridCall(s.config.MailInboundURL, contentType, body)
	}

	return kept.MessageID, p, s.sendGridRetries(), err
}

// answered is the mail that an answer is to: the one it names, or, when it names
// neither a mail nor an address, the newest to the customer.
func (s *Sandbox) answered(a Answer) (Mail, bool) {
	if a.InReplyTo == "" && a.To != "" {
		return Mail{}, false
	}

	for _, k := range slices.Backward(s.arrived.look().mails) {
		m := k.now()
		if a.InReplyTo == "" && slices.Contains(m.mailboxes(), strings.ToLower(a.From)) ||
			a.InReplyTo != "" && slices.Contains([]string{m.smtpID(), m.MessageID, m.SGMessageID}, a.InReplyTo) {
			return m, true
		}
	}

	return Mail{}, false
}

// to fills in what a mail program would.
func (a Answer) to(m Mail) Answer {
	a.InReplyTo = m.smtpID()
	if len(m.ReplyTo) > 0 && !a.Forged { // whose token only the mailbox's owner has
		a.To = cmp.Or(a.To, m.ReplyTo[0].Email)
	}

	a.To = cmp.Or(a.To, m.From.Email)
	if a.Subject == "" {
		a.Subject = m.Subject
		if !strings.HasPrefix(strings.ToLower(a.Subject), "re:") {
			a.Subject = "Re: " + a.Subject
		}
	}

	return a
}

// head is the mail's own header, with the thread it belongs to.
func (a MailAnswer) head(original Mail) string {
	header := map[string]string{
		"Date":         a.At.Format(time.RFC1123Z),
		"Message-ID":   a.MessageID,
		"From":         a.From,
		"To":           a.To,
		"Subject":      a.Subject,
		"MIME-Version": "1.0",
	}

	if a.InReplyTo != "" {
		header["In-Reply-To"] = a.InReplyTo
		header["References"] = a.InReplyTo

		for name, value := range original.Headers {
			if canonicalHeader(name) == "References" {
				header["References"] = value + " " + a.InReplyTo
			}
		}
	}

	maps.Copy(header, a.Headers)

	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(header)) {
		// A header is one line, whatever was typed into the form.
		lines.WriteString(name + ": " + strings.Join(strings.Fields(header[name]), " ") + "\n")
	}

	return lines.String()
}

func domainOf(address string) string { return address[strings.LastIndex(address, "@")+1:] }
