package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxPersonalizations = 1000
	maxRecipients       = 1000
	maxAddress          = 320
	maxCustomArgs       = 10_000
	maxCategories       = 10
	maxCategory         = 255
	maxSchedule         = 72 * time.Hour
	errorsPage          = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#message."
	addressExample      = `e.g. {"email" : "example@example.com"}  or {"email" : "example@example.com", "name" : ` +
		`"Example Recipient"}.`
)

// reservedHeaders are set by SendGrid itself.
var reservedHeaders = []string{
	"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding",
	"to", "from", "subject", "reply-to", "cc", "bcc",
}

func fieldProblem(field, message string) mailProblem {
	names := slices.DeleteFunc(strings.Split(field, "."), func(part string) bool {
		_, err := strconv.Atoi(part)
		return err == nil
	})

	return mailProblem{Message: message, Field: &field, Help: new(errorsPage + strings.Join(names, "."))}
}

// problems are all reasons to refuse the request, by the rules of SendGrid's error
// reference; none means it is accepted.
func (m *mailRequest) problems(now time.Time) []mailProblem {
	return slices.Concat(
		m.senderProblems(), m.recipientProblems(), m.subjectProblems(), m.contentProblems(),
		m.headerProblems(), m.customArgsProblems(), m.categoryProblems(), m.scheduleProblems(now),
		m.attachmentProblems(),
	)
}

func (m *mailRequest) senderProblems() (problems []mailProblem) {
	if m.From == nil || m.From.Email == "" {
		problems = append(
			problems,
			fieldProblem("from.email", "The from object must be provided for every email send. "+
				"It is an object that requires the email parameter, but may also contain a name parameter.  "+addressExample),
		)
	} else {
		problems = addressProblems("from", *m.From)
	}

	if m.ReplyTo != nil {
		problems = append(problems, addressProblems("reply_to", *m.ReplyTo)...)
	}

	if m.ReplyTo != nil && len(m.ReplyToList) > 0 {
		problems = append(
			problems,
			fieldProblem("reply_to_list", "Only one of reply_to and reply_to_list may be given."),
		)
	}

	return append(problems, addressListProblems("reply_to_list", m.ReplyToList)...)
}

func addressProblems(field string, address Address) []mailProblem {
	parsed, err := mail.ParseAddress(address.Email)
	switch {
	case len(address.Email) > maxAddress:
		return []mailProblem{fieldProblem(field+".email",
			fmt.Sprintf("The email exceeds the maximum total length of %d characters", maxAddress))}
	case err != nil || parsed.Address != address.Email:
		return []mailProblem{fieldProblem(field+".email", "Does not contain a valid address.")}
	}

	return nil
}

func addressListProblems(field string, addresses []Address) (problems []mailProblem) {
	for i, address := range addresses {
		problems = append(problems, addressProblems(field+"."+strconv.Itoa(i), address)...)
	}

	return problems
}

func (m *mailRequest) recipientProblems() (problems []mailProblem) {
	count := len(m.Personalizations)
	if count == 0 {
		return []mailProblem{fieldProblem("personalizations",
			"The personalizations field is required and must have at least one personalization.")}
	}

	if count > maxPersonalizations {
		return []mailProblem{fieldProblem("personalizations", fmt.Sprintf(
			"The personalization block is limited to %d personalizations per API request. You have provided %d "+
				"personalizations. "+
				"Please consider splitting this into multiple requests and resending your request.",
			maxPersonalizations,
			count,
		))}
	}

	recipients := 0
	for i, p := range m.Personalizations {
		recipients += len(p.To) + len(p.CC) + len(p.BCC)
		problems = append(problems, p.recipientProblems("personalizations."+strconv.Itoa(i))...)
	}

	if recipients > maxRecipients {
		problems = append(problems, fieldProblem("personalizations",
			fmt.Sprintf("There is a limit of %d total recipients (to + cc + bcc) per request.", maxRecipients)))
	}

	return problems
}

func (p personalization) recipientProblems(field string) (problems []mailProblem) {
	if len(p.To) == 0 {
		problems = append(
			problems,
			fieldProblem(field+".to", "The to array is required for all personalization objects, "+
				"and must have at least one email object with a valid email address."),
		)
	}

	if p.From != nil {
		problems = append(problems, addressProblems(field+".from", *p.From)...)
	}

	problems = slices.Concat(problems, addressListProblems(field+".to", p.To),
		addressListProblems(field+".cc", p.CC), addressListProblems(field+".bcc", p.BCC))

	seen := make(map[string]bool)

	for _, address := range slices.Concat(p.To, p.CC, p.BCC) {
		key := strings.ToLower(address.Email)
		if seen[key] {
			problems = append(
				problems,
				fieldProblem(field, fmt.Sprintf("Each email address in the personalization block "+
					"should be unique between to, cc, and bcc. We found the first duplicate instance of [%s].", address.Email)),
			)

			break
		}

		seen[key] = true
	}

	return problems
}

func (m *mailRequest) subjectProblems() []mailProblem {
	untitled := func(p personalization) bool { return p.Subject == "" }
	if m.Subject != "" || m.TemplateID != "" ||
		(len(m.Personalizations) > 0 && !slices.ContainsFunc(m.Personalizations, untitled)) {
		return nil
	}

	return []mailProblem{
		fieldProblem("subject", "The subject is required. You can get around this requirement if you use "+
			"a template with a subject defined or if every personalization has a subject defined."),
	}
}

func (m *mailRequest) contentProblems() (problems []mailProblem) {
	if len(m.Content) == 0 && m.TemplateID == "" {
		return []mailProblem{
			fieldProblem("content", "Unless a valid template_id is provided, the content parameter is required. "+
				"There must be at least one defined content block. We typically suggest both text/plain and "+
				"text/html blocks are included, "+
				"but only one block is required."),
		}
	}

	highest := 0

	for i, content := range m.Content {
		field := "content." + strconv.Itoa(i)

		switch {
		case content.Type == "":
			problems = append(
				problems,
				fieldProblem(
					field+".type",
					"Your content type must be a string with length of at least one character.",
				),
			)

		case strings.ContainsAny(content.Type, ";,\r\n"):
			problems = append(problems, fieldProblem(field+".type", "Cannot contain ';', or CRLF characters."))
		}

		if content.Value == "" {
			problems = append(
				problems,
				fieldProblem(field+".value", "The content value must be a string at least one character in length."),
			)
		}

		rank := contentRank(content.Type)
		if rank < highest {
			problems = append(
				problems,
				fieldProblem("content", "Following RFC 1341, section 7.2, if either text/html or text/plain "+
					"are to be sent in your email: text/plain needs to be first, followed by text/html, followed "+
					"by any other content."),
			)
		}

		highest = max(highest, rank)
	}

	return problems
}

func contentRank(mimeType string) int {
	switch strings.ToLower(mimeType) {
	case "text/plain":
		return 0
	case "text/html":
		return 1
	}

	return 2
}

func (m *mailRequest) headerProblems() []mailProblem {
	problems := checkHeaders("headers", m.Headers)
	for i, p := range m.Personalizations {
		problems = append(problems, checkHeaders(fmt.Sprintf("personalizations.%d.headers", i), p.Headers)...)
	}

	return problems
}

func checkHeaders(field string, headers map[string]string) (problems []mailProblem) {
	seen := make(map[string]bool)

	for _, name := range slices.Sorted(maps.Keys(headers)) {
		key := strings.ToLower(name)
		switch {
		case slices.Contains(reservedHeaders, key):
			problems = append(problems, fieldProblem(field+"."+name, "Header can not be one of the reserved keys."))
		case name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }):
			problems = append(
				problems,
				fieldProblem(field, "Header keys cannot contain non-ASCII characters and empty spaces."),
			)

		case seen[key]:
			problems = append(problems, fieldProblem(field, "The headers cannot contain duplicate keys."))
		}

		seen[key] = true
	}

	return problems
}

func (m *mailRequest) customArgsProblems() (problems []mailProblem) {
	for i, p := range m.Personalizations {
		all := mergeArgs(m.CustomArgs, p.CustomArgs)

		encoded, err := json.Marshal(all)
		if err == nil && len(encoded) <= maxCustomArgs {
			continue
		}

		field := "custom_args"
		if len(p.CustomArgs) > 0 {
			field = fmt.Sprintf("personalizations.%d.custom_args", i)
		}

		problems = append(
			problems,
			fieldProblem(field, "The combined size of both global and personalization custom arguments "+
				"may not exceed 10,000 bytes per personalization."),
		)
	}

	return problems
}

func (m *mailRequest) categoryProblems() (problems []mailProblem) {
	if len(m.Categories) > maxCategories {
		problems = append(problems, fieldProblem("categories", fmt.Sprintf(
			"There is a limit of %d categories for each email that is sent. You provided %d categories.",
			maxCategories,
			len(m.Categories),
		)))
	}

	for i, category := range m.Categories {
		if len(category) > maxCategory {
			problems = append(problems, fieldProblem("categories."+strconv.Itoa(i),
				fmt.Sprintf("Each category must not be longer than %d characters.", maxCategory)))
		}
	}

	return problems
}

func (m *mailRequest) scheduleProblems(now time.Time) []mailProblem {
	latest := now.Add(maxSchedule).Unix()

	const message = "Scheduling more than 72 hours in advance is forbidden."
	if m.SendAt > latest {
		return []mailProblem{fieldProblem("send_at", message)}
	}

	for i, p := range m.Personalizations {
		if p.SendAt > latest {
			return []mailProblem{fieldProblem(fmt.Sprintf("personalizations.%d.send_at", i), message)}
		}
	}

	return nil
}

func (m *mailRequest) attachmentProblems() (problems []mailProblem) {
	for i, attachment := range m.Attachments {
		field := "attachments." + strconv.Itoa(i)
		if _, err := base64.StdEncoding.DecodeString(attachment.Content); err != nil || attachment.Content == "" {
			problems = append(
				problems,
				fieldProblem(field+".content", "The attachment content must be base64 encoded."),
			)
		}

		if attachment.Filename == "" {
			problems = append(problems, fieldProblem(field+".filename", "filename is required."))
		}
	}

	return problems
}
