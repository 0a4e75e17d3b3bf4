package render

import (
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"

	"handrail/chat"
)

// Renderer renders messages. It is safe for concurrent use.
type Renderer struct {
	options  Options
	markdown goldmark.Markdown
	policy   *bluemonday.Policy
}

// Options say what rendered messages depend on beside the message.
type Options struct {
	// ReplyDomain is the domain whose mail comes to us. With it, answers to an email go
	// to an address with a token of the delivery; with "", to the inbox.
	ReplyDomain string
}

// New makes a Renderer.
func New(o Options) *Renderer {
	return &Renderer{options: o, markdown: newMarkdown(), policy: newPolicy()}
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// Render makes the payload of the message on the channel; the id becomes an email's
// Message-ID. The errors are invalid_request and message_too_long for the field message,
// channel_not_supported, and sender_not_configured for an email without an inbox.
func (r *Renderer) Render(
	channel chat.Channel,
	facts *chat.SendFacts,
	message string,
	id chat.MessageID,
) (chat.Payload, error) {
	spec := channel.Spec()
	if err := chat.CheckText("message", message, spec.MaxMessage); err != nil {
		return chat.Payload{}, err
	}

	lines := lineEnds.Replace(message)

	switch spec.Format {
	case chat.FormatText:
		return renderSMS(lines, facts.Code)
	case chat.FormatEmail:
		if facts.Inbox == nil {
			return chat.Payload{}, chat.Errorf(
				chat.CodeSenderNotConfigured,
				"this chat has no inbox to send from; set inbox_id",
			)
		}

		return r.email(facts, lines, id)

	case chat.FormatHTML:
		html, err := r.html(lines)
		if err != nil {
			return chat.Payload{}, err
		}

		return chat.Payload{Text: message, HTML: html}, nil

	case chat.FormatNone:
	}

	return chat.Payload{}, chat.Errorf(
		chat.CodeChannelNotSupported,
		"messages cannot be sent on the channel %s",
		channel,
	)
}

// mailStyle shows a link as "label (address)".
var mailStyle = textStyle{before: " (", after: ")"}

// email is the message as an email in the chat's thread.
func (r *Renderer) email(facts *chat.SendFacts, message string, id chat.MessageID) (chat.Payload, error) {
	html, err := r.html(message)
	if err != nil {
		return chat.Payload{}, err
	}

	subject := subjectOf(facts)

	return chat.Payload{
		Subject:  subject,
		Text:     plainText(message, mailStyle),
		HTML:     layoutPage(subject, html),
		FromName: senderName(facts),
		ReplyTo:  r.replyTo(),
		Headers:  threadHeaders(facts, id),
	}, nil
}

// errNothing says that the message has no content to show, like a link's definition alone.
func errNothing() error {
	return chat.Invalid("message", "must hold something to show: nothing is left of it once its Markdown is rendered")
}
