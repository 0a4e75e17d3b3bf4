package reply

import "strings"

// isForward reports whether the subject marks the mail as a forward: its first prefix
// counts, as "Re: Fwd:" is an answer to one.
//
// "VS:" is a forward in Danish and Norwegian, and an answer in Finnish. It is an answer if
// the headers in the text are Finnish.
func (p *page) isForward(subject string) bool {
	prefix := subjectPrefix(subject)
	if prefix == "" || !words.subjectForwards[prefix] {
		return false
	}

	label, ambiguous := words.subjectAnswers[prefix]
	if !ambiguous {
		return true
	}

	for _, l := range p.lines {
		before, _, found := strings.Cut(strings.ToLower(l.text), ":")
		if found && strings.Trim(before, "*_ ") == label {
			return false
		}
	}

	return true
}

// Comment returns what a mail says above the first line that may be another's: one that is quoted,
// or the beginning of a message that is answered or forwarded. Where [Trim] keeps in doubt, Comment
// leaves out.
func Comment(text string) string {
	p := newPage(text)

	for i := range p.lines {
		line := p.line(i)
		block := p.headersAt(i)

		if line.quoted() || isForwardTitle(line.text) || isOriginalTitle(line.text) || block.isMail() {
			return strings.Join(p.raw[:i], "\n")
		}
	}

	return text
}

// subjectPrefix returns the word before the first colon of a subject, in lower case. Tags
// in brackets, which lists and mail servers put first, are left out.
func subjectPrefix(subject string) string {
	subject = normalizeLine(subject)
	for strings.HasPrefix(subject, "[") {
		_, after, found := strings.Cut(subject, "]")
		if !found {
			return ""
		}

		subject = strings.TrimSpace(after)
	}

	at := strings.IndexAny(subject, ":：")
	if at < 0 || at > maxLabel {
		return ""
	}

	return strings.ToLower(strings.TrimSpace(subject[:at]))
}
