package render

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"handrail/chat"
)

const (
	// maxSubject is the most characters of a subject; the first email of a thread may
	// come from outside with any.
	maxSubject = 200
	// maxReferences keeps the header in one line: RFC 5322 2.1.1 allows 998 octets.
	maxReferences = 900
)

var (
	// replyPrefix is what mail programs put before the subject of a reply.
	replyPrefix = regexp.MustCompile(`(?i)^(?:(?:re|aw|sv|antw)(?:\[[0-9]+\])?\s*:\s*)+`)
	// messageID is the form of RFC 5322 3.6.4, without its rarer parts. Ids come from
	// other people's mail and go into headers.
	messageID = regexp.MustCompile(`^<[!-;=?-~]{1,250}>$`)
)

// subjectOf keeps the first subject throughout a thread, because mail programs put emails
// together by it.
func subjectOf(f *chat.SendFacts) string {
	if first := oneLine(replyPrefix.ReplaceAllString(oneLine(f.FirstSubject), "")); first != "" {
		return "Re: " + first
	}

	if title := oneLine(f.Chat.Title); title != "" {
		return title
	}

	if name := senderName(f); name != "" {
		return "Message from " + name
	}

	return "New message"
}

// senderName is whom the email says it is from.
func senderName(f *chat.SendFacts) string {
	if f.Inbox != nil {
		if name := oneLine(f.Inbox.DisplayName); name != "" {
			return name
		}
	}

	if f.Assistant != nil {
		return oneLine(f.Assistant.Name)
	}

	return ""
}

// oneLine makes a text fit for a header: one line, no control characters, not too long.
func oneLine(text string) string {
	printable := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r):
			return -1
		}

		return r
	}, strings.ToValidUTF8(text, ""))

	line := []rune(strings.Join(strings.Fields(printable), " "))

	return strings.TrimSpace(string(line[:min(len(line), maxSubject)]))
}

// threadHeaders tie the email to its chat (RFC 5322 3.6.4). The root is made up from the
// chat, so that the emails of a chat hang together even where ids were changed on the way.
func threadHeaders(f *chat.SendFacts, id chat.MessageID) map[string]string {
	domain := f.Inbox.Address[strings.LastIndexByte(f.Inbox.Address, '@')+1:]

	headers := map[string]string{"Auto-Submitted": autoSubmitted(f)}
	if own := fmt.Sprintf("<%s@%s>", id, domain); messageID.MatchString(own) {
		headers["Message-ID"] = own
	}

	parent := bracketID(f.LastInboundID)
	if parent != "" {
		headers["In-Reply-To"] = parent
	}

	root := chat.ThreadRoot(f.Chat.ID, domain)
	if references := referencesOf(root, append(slices.Clone(f.References), parent)); references != "" {
		headers["References"] = references
	}

	return headers
}

// replyTo is the address that leads an answer back, without the token of the delivery, which the
// store adds ([chat.ReplyToken]); "" when there is no domain for it.
func (r *Renderer) replyTo() string {
	if r.options.ReplyDomain == "" {
		return ""
	}

	return "reply@" + r.options.ReplyDomain
}

// autoSubmitted follows RFC 3834 5: what an assistant says is a program's word, and we
// cannot know whether a person has read it first. Left out, an assistant and somebody's
// vacation notice could answer each other for ever; put in, the worst is that such a
// notice is not sent.
func autoSubmitted(f *chat.SendFacts) string {
	if f.LastInboundID != "" {
		return "auto-replied"
	}

	return "auto-generated"
}

// referencesOf is the root and then the known ids, oldest first; when there are too many,
// the middle goes and the newest stay.
func referencesOf(root string, known []string) string {
	var ids []string
	for _, id := range append([]string{root}, known...) {
		if id = bracketID(id); id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}

	for len(strings.Join(ids, " ")) > maxReferences {
		ids = slices.Delete(ids, 1, 2)
	}

	return strings.Join(ids, " ")
}

// bracketID is the id in the form <left@right>, or "" when it has no such form.
func bracketID(id string) string {
	id = strings.TrimSpace(id)
	if !strings.HasPrefix(id, "<") {
		id = "<" + id + ">"
	}

	if !messageID.MatchString(id) {
		return ""
	}

	return id
}
