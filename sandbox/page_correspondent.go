package sandbox

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// newPhone shows a conversation oldest first, as a phone does.
func newPhone(v view, number string) *phoneView {
	phone := &phoneView{Number: number}

	for i, k := range v.messages {
		m := k.now()
		if m.customer() != number {
			continue
		}

		phone.Messages = append(phone.Messages, messageView{
			Message: m,
			Key:     arrivalKey(v, "sms", i),
			Version: m.Status + versionOf(m.Webhook),
			Media:   m.Form["MediaUrl"],
		})
		if sender := cmp.Or(m.MessagingServiceSID, m.From); m.Direction != Inbound &&
			!slices.Contains(phone.Senders, sender) {
			phone.Senders = append(phone.Senders, sender)
		}
	}

	slices.Reverse(phone.Senders)
	phone.Older = max(len(phone.Messages)-shownMessages, 0)
	phone.Messages = phone.Messages[phone.Older:]

	return phone
}

// versionOf changes with a result, so that a refresh shows it.
func versionOf(result *WebhookResult) string {
	if result == nil {
		return ""
	}

	return " " + strconv.Itoa(result.Status) + result.Error
}

// newMailbox shows mails newest first, as a mail program does.
func newMailbox(v view, address string) *mailboxView {
	mailbox := &mailboxView{Address: address}

	for i, k := range slices.Backward(v.mails) {
		m := k.now()
		if !slices.Contains(m.mailboxes(), strings.ToLower(address)) {
			continue
		}

		if len(mailbox.Mails) == shownMails {
			mailbox.Older++
			continue
		}

		mailbox.Mails = append(mailbox.Mails, mailView{
			Mail:   m,
			Key:    arrivalKey(v, "mail", i),
			Source: sourceText(m.Request),
			SMTPID: m.smtpID(),
		})
	}

	for i, k := range slices.Backward(v.answers) {
		if a := k.now(); strings.EqualFold(a.From, address) && len(mailbox.Answers) < shownMails {
			mailbox.Answers = append(mailbox.Answers, mailAnswerView{
				MailAnswer: a, Key: arrivalKey(v, "answer", i), Version: versionOf(a.Webhook),
			})
		}
	}

	return mailbox
}
